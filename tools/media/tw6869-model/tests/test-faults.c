// SPDX-License-Identifier: GPL-2.0-only
/* Unit tests of the chip: errors, signal, standards, pace, removal. */
#include "harness.h"
#include "board.h"

TEST(refused_writes_are_dropped_and_reported)
{
	setup("");
	frame_mode();
	bench.hole = P;
	bench.hole_end = P + 0x100000;
	start(1);
	EXPECT_TRUE(wait_irq(100));
	EXPECT_EQ(rd(REG_FIFO_STATUS), FIFO_OVERFLOW(0));
	EXPECT_GE(bench.chip.count[CNT_REFUSED_WRITES], 8);
}

TEST(fifo_errors_interrupt_without_int_status)
{
	setup("");
	EXPECT_EQ(chip_inject(&bench.chip, "overflow", 3, 0), 0);
	EXPECT_TRUE(bench.line);
	EXPECT_EQ(rd(REG_INT_STATUS), 0);
	EXPECT_TRUE(bench.line);
	EXPECT_EQ(rd(REG_FIFO_STATUS), FIFO_OVERFLOW(3));
	EXPECT_FALSE(bench.line);
	EXPECT_EQ(rd(REG_FIFO_STATUS), 0);
}

TEST(fifo_errors_may_wait_for_the_channel_reset)
{
	setup("fifo-clear=reset");
	frame_mode();
	start(1);
	chip_inject(&bench.chip, "pointer", 0, 0);
	EXPECT_EQ(rd(REG_FIFO_STATUS), FIFO_POINTER(0));
	EXPECT_EQ(rd(REG_FIFO_STATUS), FIFO_POINTER(0));
	stop(1);
	EXPECT_EQ(rd(REG_FIFO_STATUS), 0);
	EXPECT_FALSE(bench.line);
}

TEST(no_signal_goes_on_in_blue)
{
	setup("");
	frame_mode();
	wr(DEC_MISC2, 0xe7);
	chip_inject(&bench.chip, "signal", 0, 0);
	start(1);
	EXPECT_TRUE(wait_irq(100));
	EXPECT_EQ(rd(REG_FIFO_STATUS), FIFO_NO_SIGNAL(0));
	EXPECT_EQ(rd(DEC_BASE(0)) & 0xc0, 0x80);
	EXPECT_EQ(bench.mem[P], 240);
	chip_inject(&bench.chip, "signal", 0, 1);
	EXPECT_EQ(rd(REG_FIFO_STATUS), 0);
	EXPECT_EQ(rd(DEC_BASE(0)) & 0xc0, 0x40);
}

TEST(the_chosen_input_has_the_signal)
{
	setup("");
	chip_inject(&bench.chip, "inputs", 1, 0x4);
	EXPECT_EQ(rd(REG_FIFO_STATUS), FIFO_NO_SIGNAL(1));
	EXPECT_EQ(rd(DEC_BASE(1)), VIDSTAT_NO_VIDEO);
	wr(REG_CHANNEL_CONFIG(1), 2u << 30);
	EXPECT_EQ(rd(REG_FIFO_STATUS), 0);
	EXPECT_EQ(rd(DEC_BASE(1)) & 0xc0, 0x40);
}

TEST(detection_takes_time_and_tells_the_standard)
{
	uint32_t d = DEC_BASE(2);

	setup("standard=secam detect-ms=40");
	wr(d + DEC_SDT, SDT_AUTO);
	wr(d + DEC_SDT_EN, 0xff);
	EXPECT_TRUE(rd(d + DEC_SDT) & SDT_BUSY);
	run_ns(41 * MS);
	EXPECT_EQ(rd(d + DEC_SDT), STD_SECAM << 4 | SDT_AUTO);
	EXPECT_EQ(rd(d) & 1, 1);
	wr(d + DEC_SDT, STD_PAL);
	EXPECT_EQ(rd(d + DEC_SDT), STD_PAL << 4 | STD_PAL);
}

TEST(standard_change_is_bad_format_until_set)
{
	setup("");
	frame_mode();
	start(1);
	run_ns(5 * MS);
	chip_inject(&bench.chip, "standard", 0, STD_PAL);
	EXPECT_EQ(rd(REG_INT_STATUS), INT_BAD_FORMAT(0));
	stop(1);
	wr(REG_VIDEO_CONTROL1, 1 << 13);
	wr(REG_VDMA_WHP(0), WHP(BYTES, BYTES, 288));
	start(1);
	EXPECT_TRUE(wait_irq(100));
	EXPECT_EQ(rd(REG_INT_STATUS), INT_VIDEO(0));
	check_woven(P, 576);
}

TEST(lost_interrupt_flips_the_buffer_silently)
{
	setup("");
	frame_mode();
	start(1);
	chip_inject(&bench.chip, "lost", 0, 1);
	run_ns(FRAME_NS + MS);
	EXPECT_FALSE(bench.line);
	EXPECT_EQ(bench.chip.count[CNT_FRAMES], 1);
	EXPECT_TRUE(wait_irq(100));
	EXPECT_EQ(rd(REG_PB_STATUS), 1);
}

TEST(lock_step_waits_for_the_host)
{
	setup("pace=lockstep hold-timeout-ms=10000");
	frame_mode();
	start(1);
	EXPECT_TRUE(wait_irq(100));
	run_ns(300 * MS);
	EXPECT_EQ(bench.chip.count[CNT_FRAMES], 1);
	EXPECT_EQ(bench.mem[B], 0xaa);
	EXPECT_EQ(bench.chip.count[CNT_HOLDS], 1);
	rd(REG_INT_STATUS);
	run_ns(FRAME_NS);
	EXPECT_EQ(bench.chip.count[CNT_FRAMES], 2);
	EXPECT_EQ(check_woven(B, 480), check_woven(P, 480) + 1);
}

TEST(strict_lock_step_waits_until_nothing_is_left_to_read)
{
	setup("pace=strict hold-timeout-ms=10000");
	frame_mode();
	start(1);
	EXPECT_TRUE(wait_irq(100));
	EXPECT_EQ(rd(REG_INT_STATUS), INT_VIDEO(0));
	run_ns(300 * MS);
	EXPECT_EQ(bench.chip.count[CNT_FRAMES], 1);
	EXPECT_EQ(bench.mem[B], 0xaa);
	EXPECT_EQ(rd(REG_INT_STATUS), 0);
	run_ns(FRAME_NS);
	EXPECT_EQ(bench.chip.count[CNT_FRAMES], 2);
}

/* Frames that began while the guest's clock went on from @from to @to */
static unsigned int frames_until(uint32_t from, uint32_t to, bool read)
{
	unsigned int frames = 0;

	for (; from != to; from += 2000) {
		chip_clock(&bench.chip, from + 2000);
		if (bench.line && read) {
			rd(REG_INT_STATUS);
			frames++;
		}
	}
	return frames;
}

TEST(time_is_the_guests)
{
	uint32_t t = -300000;	/* it goes past the end of its 32 bits */

	setup("pace=guest hold-timeout-ms=10000");
	frame_mode();
	start(1);
	chip_clock(&bench.chip, t);
	EXPECT_EQ(bench.chip.now, 0);
	EXPECT_EQ(frames_until(t, t + 1000000, true), 29);
	EXPECT_EQ(bench.chip.now, 1000 * MS);
	/* What was waited for is made up for. */
	EXPECT_EQ(frames_until(t + 1000000, t + 1080000, false), 0);
	EXPECT_TRUE(bench.chip.now < 1040 * MS);
	EXPECT_EQ(frames_until(t + 1080000, t + 2000000, true), 30);
	EXPECT_EQ(bench.chip.now, 2000 * MS);
	/* Nobody told it for a second. */
	chip_clock(&bench.chip, t + 3000000);
	EXPECT_EQ(bench.chip.now, 2000 * MS);
	chip_clock(&bench.chip, t + 3002000);
	EXPECT_EQ(bench.chip.now, 2002 * MS);
	stop(1);
}

TEST(lock_step_does_not_wait_for_ever)
{
	setup("pace=lockstep hold-timeout-ms=100");
	frame_mode();
	start(1);
	run_ns(500 * MS);
	EXPECT_GE(bench.chip.count[CNT_HOLD_TIMEOUTS], 1);
	EXPECT_GE(bench.chip.count[CNT_FRAMES], 2);
}

TEST(removal_reads_all_ones_and_stops_dma)
{
	unsigned int n;

	setup("");
	frame_mode();
	start(1);
	run_ns(10 * MS);
	chip_inject(&bench.chip, "removed", 0, 1);
	n = bench.writes;
	run_ns(100 * MS);
	EXPECT_EQ(bench.writes, n);
	EXPECT_EQ(rd(REG_INT_STATUS), 0xffffffff);
	EXPECT_FALSE(bench.line);
	chip_inject(&bench.chip, "removed", 0, 0);
	EXPECT_EQ(rd(REG_DMA_CMD), 0);
}

TEST(soft_reset_stops_dma_and_keeps_the_decoder)
{
	setup("");
	frame_mode();
	wr(DEC_BASE(0) + DEC_BRIGHT, 5);
	start(1);
	run_ns(10 * MS);
	wr(REG_SOFT_RESET, 0xf);
	EXPECT_EQ(rd(REG_DMA_CMD), 0);
	EXPECT_EQ(rd(REG_DMA_ENABLE), 0);
	EXPECT_EQ(rd(DEC_BASE(0) + DEC_BRIGHT), 5);
	run_ns(100 * MS);
	EXPECT_FALSE(bench.line);
}

TEST(test_generator_replaces_the_source)
{
	setup("");
	frame_mode();
	wr(REG_VIDEO_CONTROL2, 0xfe | 0x100);
	start(1);
	EXPECT_TRUE(wait_irq(100));
	EXPECT_EQ(bench.mem[P + 1], 1);
	EXPECT_EQ(bench.mem[P + 100], 100);
}

TEST(bad_faults_are_refused)
{
	setup("");
	EXPECT_EQ(chip_inject(&bench.chip, "nonsense", 0, 0), -EINVAL);
	EXPECT_EQ(chip_inject(&bench.chip, "signal", 8, 0), -EINVAL);
	EXPECT_EQ(chip_inject(&bench.chip, "standard", 0, 99), -EINVAL);
	EXPECT_EQ(chip_inject(&bench.chip, "standard", 0, -1), -EINVAL);
}
