// SPDX-License-Identifier: GPL-2.0-only
/* Read the marks in a captured picture. */
#include <string.h>

#include "check-picture.h"
#include "mark.h"

#define FULL_WIDTH	720
#define SECOND_MARK	(FULL_WIDTH - MARK_WIDTH)

static bool pixel_is_white(const struct v4l2_pix_format *pix, const uint8_t *line,
			   unsigned int x)
{
	switch (pix->pixelformat) {
	case V4L2_PIX_FMT_YUYV:
		return line[2 * x] > 128;
	case V4L2_PIX_FMT_RGB565:
		return line[2 * x + 1] & 0x80;
	case V4L2_PIX_FMT_RGB555:
	case V4L2_PIX_FMT_XRGB555:
		return line[2 * x + 1] & 0x40;
	default:
		return line[2 * x + 1] > 128;
	}
}

static bool read_mark(const struct v4l2_pix_format *pix, const uint8_t *line,
		      unsigned int start, struct mark *m)
{
	uint64_t bits = 0;

	for (unsigned int b = 0; b < MARK_BITS; b++) {
		unsigned int x = start + b * MARK_BIT_WIDTH + 1;

		bits = bits << 1 |
		       pixel_is_white(pix, line, x * pix->width / FULL_WIDTH);
	}
	return mark_decode(bits, m);
}

/* Where line @y of the buffer comes from */
static void expected(const struct v4l2_pix_format *pix, unsigned int buf_field,
		     unsigned int y, unsigned int *field, unsigned int *line,
		     unsigned int *lines)
{
	unsigned int h = pix->height;

	switch (pix->field) {
	case V4L2_FIELD_SEQ_TB:
		*lines = h / 2;
		*field = y >= h / 2;
		*line = y % (h / 2);
		break;
	case V4L2_FIELD_TOP:
	case V4L2_FIELD_BOTTOM:
	case V4L2_FIELD_ALTERNATE:
		*lines = h;
		*field = buf_field == V4L2_FIELD_BOTTOM;
		*line = y;
		break;
	default:
		*lines = h / 2;
		*field = y & 1;
		*line = y / 2;
	}
}

void picture_check(const struct v4l2_pix_format *pix, unsigned int source_lines,
		   const uint8_t *mem, unsigned int field, unsigned int board,
		   unsigned int channel, struct picture *p)
{
	memset(p, 0, sizeof(*p));
	for (unsigned int y = 0; y < pix->height; y++) {
		const uint8_t *line = mem + y * pix->bytesperline;
		unsigned int f, l, lines;
		struct mark a, b;

		expected(pix, field, y, &f, &l, &lines);
		if (!read_mark(pix, line, 0, &a) ||
		    !read_mark(pix, line, SECOND_MARK, &b) ||
		    memcmp(&a, &b, sizeof(a)) || a.field != f ||
		    a.line * lines / source_lines != l) {
			p->bad_lines++;
			continue;
		}
		p->wrong |= a.board != board || a.channel != channel;
		if (!p->good_lines++)
			p->frame = a.frame;
		else
			p->mixed |= a.frame != p->frame;
	}
}
