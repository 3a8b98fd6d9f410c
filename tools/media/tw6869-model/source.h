/* SPDX-License-Identifier: GPL-2.0-only */
/* The camera at a channel's connector: a generator, or a Y4M file. */
#ifndef SOURCE_H
#define SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SOURCE_WIDTH	720

/* Codes of the chip's standard register; keep in step with STD_CHOICES. */
enum source_std {
	STD_NTSC_M, STD_PAL, STD_SECAM, STD_NTSC_443, STD_PAL_M, STD_PAL_CN,
	STD_PAL_60, STD_MAX
};

#define STD_CHOICES "ntsc|pal|secam|ntsc443|palm|palnc|pal60"

struct source {
	enum source_std std;
	bool signal;
	unsigned int inputs;	/* bits: which of them carry it */
	unsigned int board, channel;
	uint64_t origin;	/* time of field number origin_field */
	uint64_t origin_field;
	/* Y4M, mapped */
	uint8_t *file;
	size_t file_size;
	const uint8_t *frames;
	size_t frame_size, n_frames;
	unsigned int width, height, chroma_w, chroma_h;
};

static inline bool std_is_50hz(enum source_std std)
{
	return std == STD_PAL || std == STD_SECAM || std == STD_PAL_CN;
}

static inline unsigned int source_lines(const struct source *s)
{
	return std_is_50hz(s->std) ? 288 : 240;
}

static inline uint64_t source_field_ns(const struct source *s)
{
	return std_is_50hz(s->std) ? 20000000 : 16683333;
}

/* Length of a line; lines before the first visible one. */
static inline uint64_t source_line_ns(const struct source *s)
{
	return source_field_ns(s) * 2 / (std_is_50hz(s->std) ? 625 : 525);
}

#define SOURCE_BLANK_LINES	21

/*
 * One line of field @field (0 or 1) as 720 pixels UYVY, 1440 bytes.
 * The generator puts struct mark into its first and last 160 pixels.
 */
void source_line(const struct source *s, unsigned int field, unsigned int y,
		 uint64_t frame, uint8_t *uyvy);

/* Returns 0 or a negative errno; -EINVAL: no Y4M with 8 bit samples. */
int source_open_y4m(struct source *s, const char *path);
void source_close(struct source *s);

int choice_index(const char *choices, const char *value);

#endif
