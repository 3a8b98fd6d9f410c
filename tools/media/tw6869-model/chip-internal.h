/* SPDX-License-Identifier: GPL-2.0-only */
/* What the rooms of the chip share; nobody else includes this. */
#ifndef CHIP_INTERNAL_H
#define CHIP_INTERNAL_H

#include "chip.h"
#include "chip-regs.h"

static inline uint32_t reg(const struct chip *c, uint32_t offset)
{
	return c->regs[offset / 4];
}

static inline uint32_t dec(const struct chip *c, unsigned int ch, uint32_t off)
{
	return c->regs[(DEC_BASE(ch) + off) / 4];
}

/* Is there a signal at the input that the host chose? */
static inline bool has_signal(const struct chip *c, unsigned int ch)
{
	const struct source *s = &c->source[ch];

	return s->signal &&
	       s->inputs >> CFG_INPUT(reg(c, REG_CHANNEL_CONFIG(ch))) & 1;
}

void chip_log(struct chip *c, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* chip.c: time and interrupts */
void chip_raise(struct chip *c, uint32_t bits);
void chip_raise_fifo(struct chip *c, uint32_t bits);
void chip_update_irq(struct chip *c, bool fresh);

/* chip-dma.c: the bus */
int chip_dma_write(struct chip *c, uint32_t addr, const void *buf, size_t len);
int chip_sg_fetch(struct chip *c, unsigned int ch, unsigned int need,
		  bool again);
int chip_sg_write(struct chip *c, unsigned int ch, const uint8_t *data,
		  size_t len);
void chip_sg_done(struct chip *c, unsigned int ch);

/* chip-video.c, chip-audio.c: the engines */
void video_start(struct chip *c, unsigned int ch);
void video_stop(struct chip *c, unsigned int ch);
void video_event(struct chip *c, unsigned int ch);
bool video_held(const struct chip *c, unsigned int ch);
void video_retime(struct chip *c, unsigned int ch);
void audio_start(struct chip *c, unsigned int ch);
void audio_stop(struct chip *c, unsigned int ch);
void audio_event(struct chip *c, unsigned int ch);
bool audio_held(const struct chip *c, unsigned int ch);

/* chip-decoder.c: standard, controls, scaling */
void decoder_reset(struct chip *c);
uint32_t decoder_read(struct chip *c, unsigned int ch, uint32_t off);
void decoder_write(struct chip *c, unsigned int ch, uint32_t off, uint32_t val);
bool decoder_format_bad(const struct chip *c, unsigned int ch);
void decoder_line(struct chip *c, unsigned int ch, unsigned int field,
		  unsigned int y, uint64_t frame, uint8_t *out, size_t bytes);

#endif
