// SPDX-License-Identifier: GPL-2.0-only
/* The audio DMA engines: one mono 16 bit stream per channel, shared rate. */
#include <math.h>

#include "chip-internal.h"

#define CHUNKS		8	/* a period goes to memory in so many writes */
#define CLOCK_HZ	125000000ull
#define MAX_PERIOD	4096

static uint64_t rate_hz(const struct chip *c)
{
	uint64_t div = reg(c, REG_AUDIO_CONTROL2);
	uint64_t rate = div ? (CLOCK_HZ << 16) / div : 0;

	return rate < 1000 || rate > 200000 ? 48000 : rate;
}

static unsigned int period_bytes(const struct chip *c)
{
	unsigned int n = reg(c, REG_AUDIO_CONTROL1) >> 19;

	return n >= 2 && n <= MAX_PERIOD ? n & ~1u : MAX_PERIOD;
}

/* Bytes of the period that are there when chunk @i is. */
static unsigned int chunk_end(const struct chip *c, unsigned int i)
{
	return period_bytes(c) / 2 * i / CHUNKS * 2;
}

static void schedule(struct chip *c, unsigned int ch)
{
	struct chip_audio *a = &c->audio[ch];
	unsigned int samples = (chunk_end(c, a->chunk + 1) -
				chunk_end(c, a->chunk)) / 2;

	a->next = c->now + samples * NSEC_PER_SEC / rate_hz(c);
}

void audio_start(struct chip *c, unsigned int ch)
{
	struct chip_audio *a = &c->audio[ch];

	a->running = true;
	a->buf = 0;
	a->chunk = 0;
	a->sample = 0;
	a->base = reg(c, REG_ADMA_P(ch));
	c->pb_status &= ~PB_AUDIO(ch);
	c->int_status &= ~INT_AUDIO(ch);
	c->count[CNT_STARTS]++;
	schedule(c, ch);
	if (c->opts.trace)
		chip_log(c, "start audio=%u t=%llu rate=%llu period=%u P=%08x B=%08x",
			 ch, (unsigned long long)(c->now / NSEC_PER_MSEC),
			 (unsigned long long)rate_hz(c), period_bytes(c),
			 reg(c, REG_ADMA_P(ch)), reg(c, REG_ADMA_B(ch)));
}

void audio_stop(struct chip *c, unsigned int ch)
{
	struct chip_audio *a = &c->audio[ch];

	a->running = false;
	a->stopped_at = c->wall;
	a->next = NEVER;
	c->pb_status &= ~PB_AUDIO(ch);
	c->int_status &= ~INT_AUDIO(ch);
	c->count[CNT_STOPS]++;
}

bool audio_held(const struct chip *c, unsigned int ch)
{
	return c->audio[ch].chunk == 0 && (c->int_status & INT_AUDIO(ch));
}

/* A sine of 400 Hz on channel 0, 100 Hz more on each next one */
static int16_t sample(const struct chip *c, unsigned int ch, uint64_t n)
{
	uint32_t ctl = reg(c, REG_AUDIO_CONTROL1);
	double hz = 400 + 100 * ch;

	if (!(ctl & 1) && (ctl & 1 << 4))
		return n;
	if (ctl & 1 && !c->source[ch].signal)
		return 0;
	return 12000 * sin(6.283185307 * hz * (double)n / (double)rate_hz(c));
}

void audio_event(struct chip *c, unsigned int ch)
{
	struct chip_audio *a = &c->audio[ch];
	unsigned int from = chunk_end(c, a->chunk);
	unsigned int to = chunk_end(c, a->chunk + 1);
	bool is_8bit = reg(c, REG_AUDIO_CONTROL3) & 1 << 8;
	int16_t data[MAX_PERIOD / 2];
	unsigned int n = 0;

	if (a->chunk == 0)
		a->base = reg(c, a->buf ? REG_ADMA_B(ch) : REG_ADMA_P(ch));
	for (unsigned int i = from; i < to; i += 2) {
		if (is_8bit) {
			int8_t *d = (int8_t *)&data[n++];

			d[0] = sample(c, ch, a->sample++) >> 8;
			d[1] = sample(c, ch, a->sample++) >> 8;
		} else {
			data[n++] = sample(c, ch, a->sample++);
		}
	}
	chip_dma_write(c, a->base + from, data, to - from);
	if (++a->chunk == CHUNKS) {
		a->chunk = 0;
		c->pb_status = a->buf ? c->pb_status | PB_AUDIO(ch) :
					c->pb_status & ~PB_AUDIO(ch);
		a->buf ^= 1;
		c->count[CNT_PERIODS]++;
		if (c->int_status & INT_AUDIO(ch))
			c->count[CNT_OVERRUNS]++;
		chip_raise(c, INT_AUDIO(ch));
	}
	schedule(c, ch);
}
