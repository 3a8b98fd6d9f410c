// SPDX-License-Identifier: GPL-2.0-only
/* The chip's registers, its interrupt logic and its clock. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "chip-internal.h"

#define CLOCK_SLICE	(NSEC_PER_MSEC)
#define MAX_CLOCK_STEP	(100 * NSEC_PER_MSEC)

void chip_log(struct chip *c, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (c->ops->log)
		c->ops->log(c->ctx, text);
}

static uint32_t no_signal_bits(const struct chip *c)
{
	uint32_t bits = 0;

	for (unsigned int ch = 0; ch < CHIP_VIDEO; ch++)
		if (!has_signal(c, ch))
			bits |= FIFO_NO_SIGNAL(ch);
	return bits;
}

/*
 * The line follows the two status registers at once when it falls; it rises
 * no sooner than DMA_TIMER_INTERVAL after the last interrupt.
 */
void chip_update_irq(struct chip *c, bool fresh)
{
	bool want = (c->int_status || c->fifo_errors) && !c->removed;
	uint64_t gap = 0;

	if (!want) {
		c->irq_due = NEVER;
		if (c->line) {
			c->line = false;
			c->ops->irq(c->ctx, false, false);
		}
		return;
	}
	if (c->opts.coalesce)
		gap = (uint64_t)reg(c, REG_TIMER_INTERVAL) *
		      c->opts.timer_unit_ns;
	if (!c->line && c->irq_at != NEVER && c->now < c->irq_at + gap) {
		c->irq_due = c->irq_at + gap;
		return;
	}
	c->irq_due = NEVER;
	if (!c->line || fresh) {
		if (!c->line)
			c->count[CNT_INTERRUPTS]++;
		c->line = true;
		c->irq_at = c->now;
		c->ops->irq(c->ctx, true, true);
	}
}

void chip_raise(struct chip *c, uint32_t bits)
{
	bool fresh = bits & ~c->int_status;

	c->int_status |= bits;
	c->settled = false;
	chip_update_irq(c, fresh);
}

void chip_raise_fifo(struct chip *c, uint32_t bits)
{
	bool fresh;

	if (c->opts.dma_config)
		bits &= reg(c, REG_DMA_CONFIG);
	fresh = bits & ~c->fifo_errors;
	c->fifo_errors |= bits;
	chip_update_irq(c, fresh);
}

static void reset_dma(struct chip *c)
{
	for (unsigned int ch = 0; ch < CHIP_VIDEO; ch++)
		if (c->video[ch].running)
			video_stop(c, ch);
	for (unsigned int ch = 0; ch < CHIP_AUDIO; ch++)
		if (c->audio[ch].running)
			audio_stop(c, ch);
	c->regs[REG_DMA_CMD / 4] = 0;
	c->regs[REG_DMA_ENABLE / 4] = 0;
	c->int_status = 0;
	c->pb_status = 0;
	c->fifo_errors = 0;
	c->settled = true;
	c->irq_at = NEVER;
	chip_update_irq(c, false);
}

void chip_reset(struct chip *c)
{
	reset_dma(c);
	memset(c->regs, 0, sizeof(c->regs));
	c->regs[REG_TIMER_INTERVAL / 4] = 0x98968;
	c->regs[REG_DMA_TIMEOUT / 4] = 0x140c8584;
	c->regs[REG_PHASE_REF / 4] = 0x1518;
	c->regs[REG_VIDEO_CONTROL2 / 4] = 0xff;
	decoder_reset(c);
	for (unsigned int ch = 0; ch < CHIP_VIDEO; ch++) {
		c->video[ch].stopped_at = NEVER;
		c->video[ch].late_until = 0;
		c->video[ch].next = NEVER;
		c->video[ch].set_up = false;
		c->audio[ch].stopped_at = NEVER;
		c->detect_until[ch] = 0;
	}
	c->cmd_written_at = NEVER;
}

void chip_init(struct chip *c, const struct options *opts,
	       const struct chip_ops *ops, void *ctx)
{
	unsigned int n = opts->chip == 6869 ? 8 : 4;

	memset(c, 0, sizeof(*c));
	c->opts = *opts;
	c->ops = ops;
	c->ctx = ctx;
	if (opts->channels && (unsigned int)opts->channels < n)
		n = opts->channels;
	for (unsigned int ch = 0; ch < CHIP_VIDEO; ch++) {
		struct source *s = &c->source[ch];

		s->std = opts->standard;
		s->signal = ch < n;
		s->inputs = 0xf;
		s->board = opts->board;
		s->channel = ch;
		if (opts->spread)
			s->origin = source_field_ns(s) * 2 * ch / CHIP_VIDEO;
		c->audio[ch].next = NEVER;
	}
	chip_reset(c);
}

static bool is_started(const struct chip *c, unsigned int bit)
{
	uint32_t cmd = reg(c, REG_DMA_CMD), en = reg(c, REG_DMA_ENABLE);

	return (cmd & CMD_ENGINE_ON) && (cmd & en & 1u << bit);
}

static void count_start(struct chip *c, uint64_t stopped_at, bool set_up)
{
	uint64_t gap = c->opts.enable_gap_ms * NSEC_PER_MSEC;

	c->count[CNT_STARTS]++;
	if (!set_up)
		c->count[CNT_REVIVED]++;
	if (stopped_at != NEVER && c->wall - stopped_at < gap) {
		c->count[CNT_EARLY_ENABLES]++;
		chip_log(c, "early enable: %llu us after the stop",
			 (unsigned long long)(c->wall - stopped_at) / 1000);
	}
	if (c->cmd_written_at != NEVER && c->wall - c->cmd_written_at < gap)
		c->count[CNT_BUSY_BOARD_ENABLES]++;
}

/* CMD or ENABLE was written: whatever changed starts or stops. */
static void update_channels(struct chip *c)
{
	for (unsigned int ch = 0; ch < CHIP_VIDEO; ch++) {
		struct chip_video *v = &c->video[ch];
		bool on = is_started(c, ch);

		if (on && !v->running) {
			count_start(c, v->stopped_at, v->set_up);
			video_start(c, ch);
		} else if (!on && v->running) {
			c->count[CNT_STOPS]++;
			video_stop(c, ch);
		}
	}
	for (unsigned int ch = 0; ch < CHIP_AUDIO; ch++) {
		struct chip_audio *a = &c->audio[ch];
		bool on = is_started(c, 8 + ch);

		if (on && !a->running)
			audio_start(c, ch);
		else if (!on && a->running)
			audio_stop(c, ch);
	}
	chip_update_irq(c, false);
}

static uint32_t read_int_status(struct chip *c)
{
	uint32_t v = c->int_status;

	c->int_status = 0;
	c->held_ns = 0;
	c->settled = !v;
	chip_update_irq(c, false);
	return v;
}

static uint32_t read_fifo_status(struct chip *c)
{
	uint32_t v = c->fifo_errors | no_signal_bits(c);

	if (c->opts.fifo_clear == FIFO_CLEAR_READ) {
		c->fifo_errors = 0;
		chip_update_irq(c, false);
	}
	return v;
}

/* Decoder register blocks: returns false for other addresses. */
static bool decoder_address(uint32_t offset, unsigned int *ch, uint32_t *off)
{
	uint32_t in = offset & 0x3ff;

	if (offset < 0x400 || offset >= 0xc00 || in >= 0x200)
		return false;
	*ch = (offset >= 0x800 ? 4 : 0) + (in >> 6 & 3);
	*off = (in & 0x3f) + (in & 0x100);
	return true;
}

uint32_t chip_read(struct chip *c, uint32_t offset)
{
	unsigned int ch;
	uint32_t off;

	if (c->removed)
		return 0xffffffff;
	if (offset & 3 || offset >= CHIP_BAR_SIZE) {
		c->count[CNT_BAD_ACCESSES]++;
		return 0xffffffff;
	}
	switch (offset) {
	case REG_INT_STATUS:
		return read_int_status(c);
	case REG_PB_STATUS:
		return c->pb_status;
	case REG_FIFO_STATUS:
		return read_fifo_status(c);
	case REG_SOFT_RESET:
		return 0;
	}
	if (decoder_address(offset, &ch, &off))
		return decoder_read(c, ch, off);
	return reg(c, offset);
}

/* A write that a driver makes to prepare channel @ch: note it. */
static void note_setup(struct chip *c, uint32_t offset)
{
	bool shared = c->opts.chip == 6864 || c->opts.chip == 6868;

	for (unsigned int ch = 0; ch < CHIP_VIDEO; ch++) {
		struct chip_video *v = &c->video[ch];
		uint32_t p = REG_VDMA_P(ch);
		bool addr = offset == p || offset == REG_VDMA_B(ch) ||
			    offset == p + 0x10 || offset == p + 0x18;
		uint32_t busy = p + (v->buf ? 8 : 0);

		if (v->mode == DMA_MODE_FIELD && (v->field_no & 1))
			busy += 0x10;

		if (addr || offset == REG_CHANNEL_CONFIG(ch) ||
		    offset == REG_VDMA_WHP(ch) ||
		    offset == REG_FIELD_CTRL(ch) ||
		    offset == REG_PAGE_TABLE(shared ? 0 : ch, 0) ||
		    offset == REG_PAGE_TABLE(shared ? 0 : ch, 1))
			v->set_up = true;
		if (v->running && v->in_frame && offset == busy)
			c->count[CNT_ADDR_WHILE_BUSY]++;
	}
}

void chip_write(struct chip *c, uint32_t offset, uint32_t value)
{
	unsigned int ch;
	uint32_t off;

	if (c->removed)
		return;
	if (offset & 3 || offset >= CHIP_BAR_SIZE) {
		c->count[CNT_BAD_ACCESSES]++;
		return;
	}
	if (decoder_address(offset, &ch, &off)) {
		decoder_write(c, ch, off, value);
		return;
	}
	switch (offset) {
	case REG_INT_STATUS:
	case REG_PB_STATUS:
	case REG_FIFO_STATUS:
	case REG_CHANNEL_ID:
	case REG_PARSER_STATUS:
		return;
	case REG_SOFT_RESET:
		c->count[CNT_RESETS]++;
		reset_dma(c);
		if (c->opts.soft_reset_all)
			decoder_reset(c);
		return;
	case REG_DMA_CMD:
	case REG_DMA_ENABLE:
		c->regs[offset / 4] = value;
		update_channels(c);
		c->cmd_written_at = c->wall;
		return;
	}
	if (offset >= 0x400)
		value &= 0xff;
	c->regs[offset / 4] = value;
	note_setup(c, offset);
	if (c->opts.vctrl1_26 && offset == 0x63c && value == 0x26)
		chip_raise_fifo(c, FIFO_OVERFLOW(0) | FIFO_OVERFLOW(1));
}

/* The earliest thing to happen: 0..7 video, 8..15 audio, 16 interrupt */
static uint64_t next_event(const struct chip *c, unsigned int *which)
{
	uint64_t t = c->irq_due;

	*which = 16;
	for (unsigned int ch = 0; ch < CHIP_VIDEO; ch++) {
		if (c->video[ch].next < t) {
			t = c->video[ch].next;
			*which = ch;
		}
		if (c->audio[ch].next < t) {
			t = c->audio[ch].next;
			*which = 8 + ch;
		}
	}
	return t;
}

/* Lock step: is the event a completion whose predecessor is still unread? */
static bool is_held(struct chip *c, unsigned int which, uint64_t left)
{
	bool held = false;

	if (c->opts.pace == PACE_REAL)
		return false;
	if (which < 8)
		held = video_held(c, which);
	else if (which < 16)
		held = audio_held(c, which - 8);
	if (!held)
		return false;
	if (!c->held_ns)
		c->count[CNT_HOLDS]++;
	c->held_ns += left;
	c->held_total_ns += left;
	c->count[CNT_HELD_MS] = c->held_total_ns / NSEC_PER_MSEC;
	if (c->held_ns < c->opts.hold_timeout_ms * NSEC_PER_MSEC)
		return true;
	c->held_ns = 0;
	c->settled = true;
	c->count[CNT_HOLD_TIMEOUTS]++;
	return false;
}

void chip_run(struct chip *c, uint64_t ns)
{
	uint64_t end = c->now + ns, t;
	unsigned int which;

	while ((t = next_event(c, &which)) <= end) {
		if (t > c->now)
			c->now = t;
		if (is_held(c, which, end - c->now)) {
			/* What the host waits for must not wait for the timer. */
			if (c->irq_due != NEVER) {
				c->irq_at = NEVER;
				chip_update_irq(c, true);
			}
			return;
		}
		if (which < 8)
			video_event(c, which);
		else if (which < 16)
			audio_event(c, which - 8);
		else
			chip_update_irq(c, true);
	}
	c->now = end;
}

/*
 * What a hold costs is made up for.  A clock that has jumped has not been told
 * of for a while: nothing happened meanwhile.
 */
void chip_clock(struct chip *c, uint32_t us)
{
	uint64_t step = (uint32_t)(us - c->clock_us) * 1000ull;

	c->clock_us = us;
	if (c->opts.pace != PACE_GUEST || step > MAX_CLOCK_STEP)
		return;
	c->wall += step;
	c->behind += step;
	while (c->behind) {
		uint64_t before = c->now;
		uint64_t ns = c->behind < CLOCK_SLICE ? c->behind : CLOCK_SLICE;

		chip_run(c, ns);
		c->behind -= c->now - before;
		if (c->now - before < ns)
			break;
	}
}

uint64_t chip_idle_ns(const struct chip *c)
{
	unsigned int which;
	uint64_t t = next_event(c, &which);

	if (t == NEVER)
		return NEVER;
	return t > c->now ? t - c->now : 0;
}
