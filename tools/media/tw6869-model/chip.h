/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The chip: registers, decoder, DMA engines, interrupt logic.
 *
 * It knows neither sockets nor clocks.  The host gives it time with chip_run()
 * and it answers through struct chip_ops, so it runs under QEMU and in a unit
 * test alike.  Nothing here is thread safe: one thread owns a chip.
 *
 *	struct chip c;
 *
 *	chip_init(&c, &opts, &ops, ctx);
 *	chip_write(&c, REG_DMA_CMD, ...);	an access of the guest
 *	chip_run(&c, 1000000);			1 ms passes
 */
#ifndef CHIP_H
#define CHIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "options.h"
#include "source.h"

#define CHIP_BAR_SIZE	4096
#define CHIP_VIDEO	8
#define CHIP_AUDIO	8
#define CHIP_SG_MAX	1024
#define NSEC_PER_MSEC	1000000ull
#define NSEC_PER_SEC	1000000000ull
#define NEVER		UINT64_MAX

struct chip_ops {
	/* 0, or a negative errno when the bus refused the access */
	int (*dma_read)(void *ctx, uint64_t addr, void *buf, size_t len);
	int (*dma_write)(void *ctx, uint64_t addr, const void *buf, size_t len);
	/* the interrupt line; edge: something new became pending */
	void (*irq)(void *ctx, bool level, bool edge);
	void (*log)(void *ctx, const char *text);
};

/* What the board saw the driver do; printed at exit, one line each. */
enum chip_counter {
	CNT_FRAMES,		/* frames (field mode: fields) completed */
	CNT_PERIODS,		/* audio periods completed */
	CNT_INTERRUPTS,		/* rising edges of the interrupt line */
	CNT_STARTS,		/* channel starts */
	CNT_STOPS,		/* channel stops */
	CNT_REVIVED,		/* starts without any set-up since the stop */
	CNT_EARLY_ENABLES,	/* starts too soon after the channel's stop */
	CNT_BUSY_BOARD_ENABLES,	/* starts too soon after any CMD/ENABLE write */
	CNT_WRITES_AFTER_STOP,	/* DMA writes after the stop of the channel */
	CNT_REFUSED_WRITES,	/* DMA writes that hit nothing */
	CNT_REFUSED_READS,	/* descriptor fetches that hit nothing */
	CNT_SG_ERRORS,		/* descriptor not ready while data remained */
	CNT_MISALIGNED,		/* DMA addresses that break the alignment */
	CNT_ADDR_WHILE_BUSY,	/* address written for the buffer being filled */
	CNT_OVERRUNS,		/* completions on top of one not yet read */
	CNT_LOST_IRQS,		/* interrupts suppressed on request */
	CNT_HOLDS,		/* lock step: times the clock was held */
	CNT_HELD_MS,		/* lock step: milliseconds it was held */
	CNT_HOLD_TIMEOUTS,	/* lock step: holds given up */
	CNT_RESETS,		/* soft resets */
	CNT_BAD_ACCESSES,	/* not 32 bits, or not aligned */
	CNT_MAX
};

struct chip_sg {
	uint32_t addr[CHIP_SG_MAX];
	uint16_t len[CHIP_SG_MAX];
	unsigned int count;	/* entries fetched */
	unsigned int pos;	/* entry being filled */
	unsigned int used;	/* bytes of it that are filled */
	bool ended;		/* no room left, or an error */
};

struct chip_video {
	bool running;		/* as CMD and ENABLE say */
	bool set_up;		/* a register of it was written since stop */
	uint64_t stopped_at;	/* NEVER: not since reset */
	uint64_t late_until;	/* late stop: still writing until then */

	/* raster of the source */
	uint64_t next;		/* time of the next line, NEVER when idle */
	uint64_t field_start;
	uint64_t field_no;	/* even: field 1 */
	unsigned int line;	/* 0 ... lines - 1 */

	/* the frame being written, latched at its start */
	bool in_frame;		/* field 1 is there or under way */
	bool keep;		/* the present field is wanted */
	bool first;		/* no field taken since the start */
	unsigned int buf;	/* 0 = P, 1 = B */
	unsigned int opener;	/* field that the frame began with */
	unsigned int mode;
	uint32_t cfg, whp, base[2];
	struct chip_sg sg;
	unsigned int refused;	/* lines lost in this frame */
	unsigned int last_parity;	/* of the last field taken */
	uint32_t table;			/* descriptors' address */

	unsigned int lose_irqs;	/* injected */
};

struct chip_audio {
	bool running;
	uint64_t stopped_at;
	uint64_t next;
	unsigned int buf;
	unsigned int chunk;	/* part of the period that comes next */
	uint32_t base;
	uint64_t sample;	/* samples since the start */
};

struct chip {
	const struct chip_ops *ops;
	void *ctx;
	struct options opts;
	uint64_t now;		/* ns since power-up */
	uint64_t wall;		/* of the host, who alone advances it */
	uint64_t behind;	/* of @wall: what was not lived through yet */
	uint32_t clock_us;	/* pace=guest: what the guest's clock showed */
	uint32_t regs[CHIP_BAR_SIZE / 4];
	uint32_t int_status, pb_status, fifo_errors;
	uint64_t cmd_written_at;
	bool line;		/* interrupt line */
	uint64_t irq_at;	/* time of the last interrupt */
	uint64_t irq_due;	/* NEVER, or when the timer lets it out */
	uint64_t held_ns;	/* lock step: length of the present hold */
	uint64_t held_total_ns;
	bool settled;		/* INT_STATUS read as 0 since the last event */
	bool removed;		/* link down */
	struct chip_video video[CHIP_VIDEO];
	struct chip_audio audio[CHIP_AUDIO];
	struct source source[CHIP_VIDEO];
	uint64_t detect_until[CHIP_VIDEO];
	uint64_t count[CNT_MAX];
	uint64_t ch_frames[CHIP_VIDEO];
	/* number in the picture of the first of these */
	uint64_t ch_first[CHIP_VIDEO];
};

void chip_init(struct chip *c, const struct options *opts,
	       const struct chip_ops *ops, void *ctx);
void chip_reset(struct chip *c);
uint32_t chip_read(struct chip *c, uint32_t offset);
void chip_write(struct chip *c, uint32_t offset, uint32_t value);

/* Let @ns pass.  Lock step: may stop earlier; the rest of @ns is lost. */
void chip_run(struct chip *c, uint64_t ns);
/* pace=guest: the guest's clock shows @us; live until then. */
void chip_clock(struct chip *c, uint32_t us);
/* Nanoseconds until something happens by itself, or NEVER. */
uint64_t chip_idle_ns(const struct chip *c);

/* Faults; return 0 or -EINVAL.  @ch is ignored where it means nothing. */
int chip_inject(struct chip *c, const char *fault, unsigned int ch, long arg);
const char *chip_counter_name(enum chip_counter n);

#endif
