// SPDX-License-Identifier: GPL-2.0-only
/* Unit tests of the audio engines. */
#include "harness.h"
#include "board.h"

#define P 0x100000u
#define B 0x200000u

static void audio(unsigned int bytes, unsigned int rate)
{
	wr(REG_AUDIO_CONTROL1, bytes << 19 | 125000000 / rate << 5 | 1);
	wr(REG_AUDIO_CONTROL2, (125000000ull << 16) / rate);
	wr(REG_ADMA_P(0), P);
	wr(REG_ADMA_B(0), B);
}

TEST(periods_alternate_at_the_rate)
{
	setup("coalesce=off");
	audio(2048, 8000);
	start(1 << 8);
	for (unsigned int i = 0; i < 4; i++) {
		uint64_t t = bench.chip.now;

		EXPECT_TRUE(wait_irq(200));
		EXPECT_EQ(rd(REG_INT_STATUS), INT_AUDIO(0));
		EXPECT_EQ(!!(rd(REG_PB_STATUS) & PB_AUDIO(0)), i & 1);
		/* 1024 samples at 8 kHz */
		EXPECT_LE(bench.chip.now - t, 129 * MS);
		EXPECT_GE(bench.chip.now - t, 127 * MS);
	}
	EXPECT_EQ(bench.mem[P + 2048], 0xaa);
	EXPECT_EQ(bench.mem[B + 2048], 0xaa);
}

TEST(wave_is_a_sine_without_gaps)
{
	const int16_t *p, *b;
	unsigned int crossings = 0;

	setup("");
	audio(4096 & ~1, 48000);
	start(1 << 8);
	run_ns(90 * MS);
	p = (const int16_t *)(bench.mem + P);
	b = (const int16_t *)(bench.mem + B);
	for (unsigned int i = 1; i < 2048; i++)
		crossings += (p[i - 1] < 0) != (p[i] < 0);
	/* 42.7 ms of 400 Hz */
	EXPECT_GE(crossings, 33);
	EXPECT_LE(crossings, 35);
	EXPECT_LE(abs(b[0] - p[2047]), 800);
}

TEST(stop_ends_it)
{
	unsigned int n;

	setup("");
	audio(1024, 48000);
	start(1 << 8);
	run_ns(50 * MS);
	stop(1 << 8);
	n = bench.writes;
	run_ns(50 * MS);
	EXPECT_EQ(bench.writes, n);
	EXPECT_FALSE(bench.line);
	EXPECT_EQ(rd(REG_INT_STATUS), 0);
}

TEST(sequence_generator_counts)
{
	const int16_t *p;

	setup("");
	audio(1024, 48000);
	wr(REG_AUDIO_CONTROL1, 1024u << 19 | 1 << 4);
	start(1 << 8);
	EXPECT_TRUE(wait_irq(100));
	p = (const int16_t *)(bench.mem + P);
	for (int i = 0; i < 512; i++)
		EXPECT_EQ(p[i], i);
}

TEST(video_and_audio_of_a_channel_are_independent)
{
	setup("");
	audio(1024, 48000);
	start(1 << 8);
	run_ns(20 * MS);
	EXPECT_FALSE(bench.chip.video[0].running);
	EXPECT_GE(bench.chip.count[CNT_PERIODS], 1);
	EXPECT_EQ(bench.chip.count[CNT_FRAMES], 0);
}

TEST(impossible_periods_take_time_too)
{
	for (unsigned int bytes = 0; bytes < 3; bytes++) {
		setup("");
		audio(bytes, 48000);
		start(1 << 8);
		run_ns(10 * MS);
		EXPECT_LE(bench.chip.count[CNT_PERIODS], 500);
	}
}
