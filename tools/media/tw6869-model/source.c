// SPDX-License-Identifier: GPL-2.0-only
/* The camera: colour bars with a mark in each line, or a Y4M file. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mark.h"
#include "source.h"

#define BOX_WIDTH	32
#define BAND_WIDTH	(SOURCE_WIDTH - 2 * MARK_WIDTH)

static void put_pair(uint8_t *uyvy, unsigned int x, const uint8_t yuv[3])
{
	uint8_t *p = uyvy + x / 2 * 4;

	p[0] = yuv[1];
	p[1] = yuv[0];
	p[2] = yuv[2];
	p[3] = yuv[0];
}

static void put_mark(uint8_t *uyvy, unsigned int x, uint64_t bits)
{
	static const uint8_t white[3] = { 235, 128, 128 };
	static const uint8_t black[3] = { 16, 128, 128 };

	for (int b = MARK_BITS - 1; b >= 0; b--)
		for (int i = 0; i < MARK_BIT_WIDTH; i += 2, x += 2)
			put_pair(uyvy, x, bits >> b & 1 ? white : black);
}

static void generate(const struct source *s, unsigned int field, unsigned int y,
		     uint64_t frame, uint8_t *uyvy)
{
	/* 75 % bars: white yellow cyan green magenta red blue black */
	static const uint8_t bars[8][3] = {
		{ 180, 128, 128 }, { 162, 44, 142 }, { 131, 156, 44 },
		{ 112, 72, 58 }, { 84, 184, 198 }, { 65, 100, 212 },
		{ 35, 212, 114 }, { 16, 128, 128 },
	};
	static const uint8_t box[3] = { 235, 128, 128 };
	struct mark m = {
		.board = s->board, .channel = s->channel, .field = field,
		.line = y, .frame = frame % MARK_FRAMES,
	};
	uint64_t bits = mark_encode(&m);
	unsigned int box_x = frame * 4 % (BAND_WIDTH - BOX_WIDTH);

	put_mark(uyvy, 0, bits);
	for (unsigned int x = 0; x < BAND_WIDTH; x += 2) {
		bool in_box = y % 120 < 16 && x >= box_x &&
			      x < box_x + BOX_WIDTH;

		put_pair(uyvy, MARK_WIDTH + x,
			 in_box ? box : bars[x * 8 / BAND_WIDTH]);
	}
	put_mark(uyvy, SOURCE_WIDTH - MARK_WIDTH, bits);
}

static void from_file(const struct source *s, unsigned int field,
		      unsigned int y, uint64_t frame, uint8_t *uyvy)
{
	const uint8_t *luma = s->frames + frame % s->n_frames * s->frame_size;
	const uint8_t *u = luma + (size_t)s->width * s->height;
	const uint8_t *v = u + (size_t)s->chroma_w * s->chroma_h;
	unsigned int row = (2 * y + field) * s->height /
			   (2 * source_lines(s));
	size_t crow = s->chroma_h ? (size_t)row * s->chroma_h / s->height : 0;

	for (unsigned int x = 0; x < SOURCE_WIDTH; x += 2) {
		unsigned int x0 = x * s->width / SOURCE_WIDTH;
		unsigned int x1 = (x + 1) * s->width / SOURCE_WIDTH;
		size_t c = crow * s->chroma_w;
		uint8_t *p = uyvy + 2 * x;

		if (s->chroma_w)
			c += (size_t)x0 * s->chroma_w / s->width;
		p[0] = s->chroma_w ? u[c] : 128;
		p[1] = luma[(size_t)row * s->width + x0];
		p[2] = s->chroma_w ? v[c] : 128;
		p[3] = luma[(size_t)row * s->width + x1];
	}
}

void source_line(const struct source *s, unsigned int field, unsigned int y,
		 uint64_t frame, uint8_t *uyvy)
{
	if (s->frames)
		from_file(s, field, y, frame, uyvy);
	else
		generate(s, field, y, frame, uyvy);
}

/* "YUV4MPEG2 W720 H576 C420jpeg ...\n", then "FRAME...\n" and planes each */
static int parse_y4m(struct source *s)
{
	static const char magic[] = "YUV4MPEG2 ", frame[] = "FRAME";
	const char *p = (const char *)s->file;
	const char *end = memchr(p, '\n', s->file_size);
	char head[256], *save = NULL, colour[32] = "420";
	size_t skip;

	if (!end || (size_t)(end - p) >= sizeof(head) ||
	    strncmp(p, magic, sizeof(magic) - 1))
		return -EINVAL;
	memcpy(head, p, end - p);
	head[end - p] = 0;
	for (char *w = strtok_r(head, " ", &save); w;
	     w = strtok_r(NULL, " ", &save)) {
		if (*w == 'W')
			s->width = strtoul(w + 1, NULL, 10);
		else if (*w == 'H')
			s->height = strtoul(w + 1, NULL, 10);
		else if (*w == 'C')
			snprintf(colour, sizeof(colour), "%s", w + 1);
	}
	if (!s->width || s->width > 8192 || !s->height || s->height > 8192 ||
	    strstr(colour, "p1") || (s->width | s->height) & 1)
		return -EINVAL;
	if (!strncmp(colour, "mono", 4)) {
		s->chroma_w = 0;
		s->chroma_h = 0;
	} else {
		s->chroma_w = strncmp(colour, "444", 3) ? s->width / 2 :
							  s->width;
		s->chroma_h = strncmp(colour, "420", 3) ? s->height :
							  s->height / 2;
	}
	/* Plain "FRAME\n" headers only: then the file is an array of frames. */
	skip = sizeof(frame);
	s->frame_size = (size_t)s->width * s->height +
			2 * (size_t)s->chroma_w * s->chroma_h + skip;
	s->n_frames = (s->file_size - (end + 1 - p)) / s->frame_size;
	if (!s->n_frames)
		return -EINVAL;
	for (size_t i = 0; i < s->n_frames; i++)
		if (strncmp(end + 1 + i * s->frame_size, "FRAME\n", skip))
			return -EINVAL;
	s->frames = (const uint8_t *)end + 1 + skip;
	return 0;
}

int source_open_y4m(struct source *s, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *map;
	int err;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0 || st.st_size < 16) {
		close(fd);
		return -EINVAL;
	}
	map = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (map == MAP_FAILED)
		return -errno;
	s->file = map;
	s->file_size = st.st_size;
	err = parse_y4m(s);
	if (err)
		source_close(s);
	return err;
}

void source_close(struct source *s)
{
	if (s->file)
		munmap(s->file, s->file_size);
	s->file = NULL;
	s->frames = NULL;
}
