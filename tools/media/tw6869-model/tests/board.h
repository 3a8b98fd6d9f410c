/* SPDX-License-Identifier: GPL-2.0-only */
/* A chip on a bench: 16 MiB of memory at address 0, and an interrupt line. */
#ifndef BOARD_H
#define BOARD_H

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "chip.h"
#include "chip-regs.h"
#include "mark.h"

#define MEM_SIZE	(16u << 20)
#define BYTES		1440
#define FRAME_NS	33366666ull
#define MS		NSEC_PER_MSEC

struct bench {
	struct chip chip;
	struct options opts;
	uint8_t *mem;
	uint32_t hole, hole_end;	/* nothing is mapped there */
	unsigned int writes, edges;
	bool line;
};

static struct bench bench;

static int bench_read(void *ctx, uint64_t addr, void *buf, size_t len)
{
	(void)ctx;
	if (addr + len > MEM_SIZE)
		return -EFAULT;
	memcpy(buf, bench.mem + addr, len);
	return 0;
}

static int bench_write(void *ctx, uint64_t addr, const void *buf, size_t len)
{
	(void)ctx;
	bench.writes++;
	if (addr + len > MEM_SIZE ||
	    (addr < bench.hole_end && addr + len > bench.hole))
		return -EFAULT;
	memcpy(bench.mem + addr, buf, len);
	return 0;
}

static void bench_irq(void *ctx, bool level, bool edge)
{
	(void)ctx;
	bench.line = level;
	bench.edges += edge;
}

/* "key=value key=value", real pace unless said otherwise */
static inline void setup(const char *options)
{
	static const struct chip_ops ops = {
		.dma_read = bench_read, .dma_write = bench_write,
		.irq = bench_irq,
	};
	char text[256], why[128], *save = NULL;

	if (!bench.mem)
		bench.mem = malloc(MEM_SIZE);
	memset(bench.mem, 0xaa, MEM_SIZE);
	bench.hole = 0;
	bench.hole_end = 0;
	bench.writes = 0;
	bench.edges = 0;
	bench.line = false;
	options_default(&bench.opts);
	options_set(&bench.opts, "pace=real", why, sizeof(why));
	snprintf(text, sizeof(text), "%s", options);
	for (char *w = strtok_r(text, " ", &save); w;
	     w = strtok_r(NULL, " ", &save)) {
		if (options_set(&bench.opts, w, why, sizeof(why))) {
			fprintf(stderr, "bench: %s\n", why);
			abort();
		}
	}
	chip_init(&bench.chip, &bench.opts, &ops, NULL);
}

static inline uint32_t rd(uint32_t offset)
{
	return chip_read(&bench.chip, offset);
}

static inline void wr(uint32_t offset, uint32_t value)
{
	chip_write(&bench.chip, offset, value);
}

static inline void run_ns(uint64_t ns)
{
	while (ns) {
		uint64_t slice = ns < MS ? ns : MS;

		bench.chip.wall += slice;
		chip_run(&bench.chip, slice);
		ns -= slice;
	}
}

/* Let time pass until the line rises; false when it did not in @ms. */
static inline bool wait_irq(unsigned int ms)
{
	for (uint64_t t = 0; t < ms * 10ull && !bench.line; t++)
		run_ns(MS / 10);
	return bench.line;
}

static inline void set_mode(unsigned int ch, unsigned int mode)
{
	uint32_t v = rd(REG_PHASE_REF);

	v &= ~(3u << (16 + 2 * ch));
	wr(REG_PHASE_REF, v | mode << (16 + 2 * ch));
}

static inline void start(unsigned int mask)
{
	wr(REG_DMA_ENABLE, rd(REG_DMA_ENABLE) | mask);
	wr(REG_DMA_CMD, rd(REG_DMA_CMD) | mask | CMD_ENGINE_ON);
}

static inline void stop(unsigned int mask)
{
	wr(REG_DMA_ENABLE, rd(REG_DMA_ENABLE) & ~mask);
	wr(REG_DMA_CMD, rd(REG_DMA_CMD) & ~mask);
}

/* The mark of a line in memory, UYVY; @half: every second pixel is there */
static inline bool mark_at(uint32_t addr, unsigned int half, struct mark *m)
{
	uint64_t bits = 0;

	for (unsigned int b = 0; b < MARK_BITS; b++) {
		unsigned int x = (b * MARK_BIT_WIDTH + 1) / (half ? 2 : 1);

		bits = bits << 1 | (bench.mem[addr + 2 * x + 1] > 128);
	}
	return mark_decode(bits, m);
}

#define WHP(bytes, pitch, lines) ((lines) << 22 | (pitch) << 11 | (bytes))
#define P 0x100000u
#define B 0x200000u
#define F2P 0x300000u
#define F2B 0x400000u

static inline void frame_mode(void)
{
	set_mode(0, DMA_MODE_FRAME);
	wr(REG_VDMA_WHP(0), WHP(BYTES, BYTES, 240));
	wr(REG_VDMA_P(0), P);
	wr(REG_VDMA_B(0), B);
}

/* Every line of a woven frame is there, once, from one frame. */
static inline unsigned int check_woven(uint32_t base, unsigned int lines)
{
	struct mark m = { 0 };
	unsigned int frame = 0;

	for (unsigned int y = 0; y < lines; y++) {
		EXPECT_TRUE(mark_at(base + y * BYTES, 0, &m));
		if (!y)
			frame = m.frame;
		EXPECT_EQ(m.line, y / 2);
		EXPECT_EQ(m.field, y & 1);
		EXPECT_EQ(m.frame, frame);
		if (test_failed)
			break;
	}
	return frame;
}

#endif
