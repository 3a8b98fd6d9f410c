/* SPDX-License-Identifier: GPL-2.0-only */
/* Read the marks in a captured picture. */
#ifndef CHECK_PICTURE_H
#define CHECK_PICTURE_H

#include <linux/videodev2.h>
#include <stdbool.h>
#include <stdint.h>

struct picture {
	unsigned int frame, good_lines, bad_lines;
	bool mixed;		/* lines of more than one frame */
	bool wrong;		/* of another channel or board */
};

/* @field: the buffer's, where the format says ALTERNATE */
void picture_check(const struct v4l2_pix_format *pix, unsigned int source_lines,
		   const uint8_t *mem, unsigned int field, unsigned int board,
		   unsigned int channel, struct picture *p);

#endif
