/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The mark in each line of a generated picture.
 *
 * 40 bits, most significant first, each four pixels wide, white = 1:
 *
 *	39:36 1010 (found it)	35:32 board	31:28 channel
 *	27 field		26:18 line	17:4 frame	3:0 check
 *
 * It starts at pixel 0 and again at pixel 560 of 720, survives halving in
 * either direction, and can be read from YUV and RGB alike.
 */
#ifndef MARK_H
#define MARK_H

#include <stdbool.h>
#include <stdint.h>

#define MARK_BITS	40
#define MARK_BIT_WIDTH	4
#define MARK_WIDTH	(MARK_BITS * MARK_BIT_WIDTH)
#define MARK_FRAMES	(1u << 14)

struct mark {
	unsigned int board, channel, field, line, frame;
};

static inline unsigned int mark_check(uint64_t v)
{
	unsigned int sum = 5;

	for (v >>= 4; v; v >>= 4)
		sum = (sum * 3 + (v & 15)) & 15;
	return sum;
}

static inline uint64_t mark_encode(const struct mark *m)
{
	uint64_t v = 10ull << 36 | (uint64_t)(m->board & 15) << 32 |
		     (uint64_t)(m->channel & 15) << 28 |
		     (uint64_t)(m->field & 1) << 27 |
		     (uint64_t)(m->line & 511) << 18 |
		     (uint64_t)(m->frame & (MARK_FRAMES - 1)) << 4;

	return v | mark_check(v);
}

static inline bool mark_decode(uint64_t v, struct mark *m)
{
	if (v >> 36 != 10 || mark_check(v) != (v & 15))
		return false;
	m->board = v >> 32 & 15;
	m->channel = v >> 28 & 15;
	m->field = v >> 27 & 1;
	m->line = v >> 18 & 511;
	m->frame = v >> 4 & (MARK_FRAMES - 1);
	return true;
}

#endif
