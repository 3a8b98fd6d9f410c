// SPDX-License-Identifier: GPL-2.0-only
/* Unit tests of the picture sources: Y4M files, and the generator's marks. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"
#include "mark.h"
#include "source.h"

#define WIDTH	16
#define HEIGHT	8

static uint8_t line[2 * SOURCE_WIDTH];

/*
 * A file with @frames frames, planes of @cw x @ch samples; a sample of Y is
 * 10 * row + frame, of U 100 + row, of V 200 + row, then @cut bytes are missing.
 */
static int open_file(struct source *s, const char *head, unsigned int frames,
		     unsigned int cw, unsigned int ch, unsigned int cut)
{
	char path[] = "/tmp/test-source-XXXXXX";
	FILE *f = fdopen(mkstemp(path), "w+");
	int err;

	if (!f)
		abort();
	fprintf(f, "%s\n", head);
	for (unsigned int n = 0; n < frames; n++) {
		fputs("FRAME\n", f);
		for (unsigned int i = 0; i < WIDTH * HEIGHT; i++)
			fputc(10 * (i / WIDTH) + n, f);
		for (unsigned int i = 0; i < 2 * cw * ch; i++)
			fputc(i < cw * ch ? 100 + i / cw :
					    200 + (i - cw * ch) / cw, f);
	}
	fflush(f);
	if (ftruncate(fileno(f), ftell(f) - cut))
		abort();
	memset(s, 0, sizeof(*s));
	err = source_open_y4m(s, path);
	fclose(f);
	unlink(path);
	return err;
}

/* Line @y of field @field of frame @frame is the file's row @row. */
static void expect_row(const struct source *s, unsigned int field,
		       unsigned int y, unsigned int frame, unsigned int row,
		       int u, int v)
{
	source_line(s, field, y, frame, line);
	for (unsigned int x = 0; x < SOURCE_WIDTH; x += 2) {
		const uint8_t *p = line + 2 * x;

		EXPECT_EQ(p[0], u);
		EXPECT_EQ(p[1], 10 * row + frame % s->n_frames);
		EXPECT_EQ(p[2], v);
		EXPECT_EQ(p[3], 10 * row + frame % s->n_frames);
		if (test_failed)
			return;
	}
}

TEST(y4m_is_scaled_and_repeated)
{
	struct source s;

	EXPECT_EQ(open_file(&s, "YUV4MPEG2 W16 H8 F25:1 It", 3, 8, 4, 0), 0);
	EXPECT_EQ(s.n_frames, 3);
	expect_row(&s, 0, 0, 0, 0, 100, 200);
	/* 480 lines from 8 rows: 60 lines, 30 of a field, show one row */
	expect_row(&s, 1, 29, 1, 0, 100, 200);
	expect_row(&s, 0, 30, 2, 1, 100, 200);
	expect_row(&s, 1, 239, 4, 7, 103, 203);
	s.std = STD_PAL;
	expect_row(&s, 1, 287, 5, 7, 103, 203);
	source_close(&s);
}

TEST(y4m_samplings)
{
	struct source s;

	EXPECT_EQ(open_file(&s, "YUV4MPEG2 W16 H8 C422", 2, 8, 8, 0), 0);
	expect_row(&s, 0, 90, 1, 3, 103, 203);
	source_close(&s);
	EXPECT_EQ(open_file(&s, "YUV4MPEG2 W16 H8 C444", 2, 16, 8, 0), 0);
	expect_row(&s, 0, 90, 1, 3, 103, 203);
	source_close(&s);
	EXPECT_EQ(open_file(&s, "YUV4MPEG2 W16 H8 Cmono", 2, 0, 0, 0), 0);
	expect_row(&s, 0, 90, 1, 3, 128, 128);
	source_close(&s);
}

TEST(y4m_that_is_none)
{
	struct source s;

	EXPECT_NE(source_open_y4m(&s, "/nonexistent.y4m"), 0);
	EXPECT_NE(open_file(&s, "YUV4MPEG1 W16 H8", 2, 8, 4, 0), 0);
	EXPECT_NE(open_file(&s, "YUV4MPEG2 W16 H8 C420p10", 2, 8, 4, 0), 0);
	EXPECT_NE(open_file(&s, "YUV4MPEG2 W16", 2, 8, 4, 0), 0);
	EXPECT_NE(open_file(&s, "YUV4MPEG2 W15 H8", 2, 8, 4, 0), 0);
	EXPECT_NE(open_file(&s, "YUV4MPEG2 W9999 H8", 2, 8, 4, 0), 0);
	/* no whole frame; frames of another size than the head says */
	EXPECT_NE(open_file(&s, "YUV4MPEG2 W16 H8", 1, 8, 4, 1), 0);
	EXPECT_NE(open_file(&s, "YUV4MPEG2 W16 H8", 3, 8, 8, 0), 0);
	/* what is cut off of the last frame costs that one only */
	EXPECT_EQ(open_file(&s, "YUV4MPEG2 W16 H8", 3, 8, 4, 1), 0);
	EXPECT_EQ(s.n_frames, 2);
	source_close(&s);
}

TEST(marks_survive_and_find_damage)
{
	struct mark m = { 3, 7, 1, 287, 9999 }, got = { 0 };
	uint64_t bits = mark_encode(&m);

	EXPECT_TRUE(mark_decode(bits, &got));
	EXPECT_EQ(memcmp(&m, &got, sizeof(m)), 0);
	for (unsigned int i = 0; i < MARK_BITS; i++)
		EXPECT_FALSE(mark_decode(bits ^ 1ull << i, &got));
}
