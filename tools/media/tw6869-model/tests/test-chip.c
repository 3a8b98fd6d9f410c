// SPDX-License-Identifier: GPL-2.0-only
/* Unit tests of the chip: registers, video DMA, interrupts. */
#include "harness.h"
#include "board.h"

#define TABLE_P 0x10000u
#define TABLE_B 0x12000u
#define PAGES 0x600000u

/* @n pages each, scattered downwards; entries beyond it are empty */
static void sg_mode(unsigned int n)
{
	uint32_t (*p)[2] = (void *)(bench.mem + TABLE_P);
	uint32_t (*b)[2] = (void *)(bench.mem + TABLE_B);

	memset(bench.mem + TABLE_P, 0, 0x4000);
	for (unsigned int i = 0; i < n; i++) {
		p[i][0] = SG_READY << 30 | 4096;
		p[i][1] = PAGES + (n - 1 - i) * 8192;
		b[i][0] = SG_READY << 30 | 4096;
		b[i][1] = PAGES + (n - 1 - i) * 8192 + 4096;
	}
	set_mode(0, DMA_MODE_SG);
	wr(REG_VDMA_WHP(0), WHP(BYTES, BYTES, 240));
	wr(REG_PAGE_TABLE(0, 0), TABLE_P);
	wr(REG_PAGE_TABLE(0, 1), TABLE_B);
	wr(REG_CHANNEL_CONFIG(0), 255 << 10);
}

TEST(power_up_values)
{
	setup("");
	EXPECT_EQ(rd(REG_INT_STATUS), 0);
	EXPECT_EQ(rd(REG_TIMER_INTERVAL), 0x98968);
	EXPECT_EQ(rd(REG_DMA_TIMEOUT), 0x140c8584);
	EXPECT_EQ(rd(DEC_BASE(5) + DEC_CONTRAST), 0x64);
	EXPECT_EQ(rd(DEC_BASE(7) + DEC_SDT) & 7, SDT_AUTO);
	EXPECT_EQ(rd(REG_FIFO_STATUS), 0);
}

TEST(registers_read_back)
{
	setup("");
	wr(REG_DMA_ENABLE, 0xff);
	EXPECT_EQ(rd(REG_DMA_ENABLE), 0xff);
	wr(REG_DMA_CMD, 1u << 31 | 3);
	EXPECT_EQ(rd(REG_DMA_CMD), 1u << 31 | 3);
	wr(DEC_BASE(4) + DEC_BRIGHT, 0x1234);
	EXPECT_EQ(rd(DEC_BASE(4) + DEC_BRIGHT), 0x34);
	wr(REG_INT_STATUS, 5);
	EXPECT_EQ(rd(REG_INT_STATUS), 0);
}

TEST(four_channels_on_the_small_chips)
{
	setup("chip=6864");
	EXPECT_EQ(rd(REG_FIFO_STATUS), 0xf0);
}

TEST(frame_mode_weaves)
{
	setup("");
	frame_mode();
	start(1);
	EXPECT_TRUE(wait_irq(100));
	EXPECT_EQ(rd(REG_INT_STATUS), INT_VIDEO(0));
	EXPECT_FALSE(bench.line);
	EXPECT_EQ(rd(REG_INT_STATUS), 0);
	EXPECT_EQ(rd(REG_PB_STATUS), 0);
	check_woven(P, 480);
	EXPECT_EQ(bench.mem[B], 0xaa);
	EXPECT_EQ(bench.mem[P + 480 * BYTES], 0xaa);
}

TEST(buffers_alternate_without_the_host)
{
	unsigned int first;

	setup("");
	frame_mode();
	start(1);
	EXPECT_TRUE(wait_irq(100));
	rd(REG_INT_STATUS);
	first = check_woven(P, 480);
	EXPECT_TRUE(wait_irq(100));
	EXPECT_EQ(rd(REG_PB_STATUS), 1);
	EXPECT_EQ(check_woven(B, 480), first + 1);
	run_ns(3 * FRAME_NS);
	EXPECT_EQ(bench.chip.count[CNT_FRAMES], 5);
	EXPECT_EQ(bench.chip.count[CNT_OVERRUNS], 3);
}

TEST(writes_line_by_line_through_the_frame)
{
	struct mark m = { 0 };
	unsigned int n = 0;

	setup("");
	frame_mode();
	start(1);
	run_ns(FRAME_NS / 4);
	for (unsigned int y = 0; y < 480; y++)
		n += mark_at(P + y * BYTES, 0, &m);
	EXPECT_GE(n, 80);
	EXPECT_LE(n, 150);
	EXPECT_FALSE(mark_at(P + BYTES, 0, &m));
	EXPECT_FALSE(bench.line);
}

TEST(start_waits_for_field_1)
{
	setup("");
	frame_mode();
	run_ns(5 * MS);
	start(1);
	EXPECT_TRUE(wait_irq(100));
	EXPECT_EQ(check_woven(P, 480), 1);
}

TEST(pal_has_576_lines)
{
	setup("standard=pal");
	frame_mode();
	wr(REG_VDMA_WHP(0), WHP(BYTES, BYTES, 288));
	wr(REG_VIDEO_CONTROL1, 1 << 13);
	start(1);
	run_ns(400 * MS);
	EXPECT_EQ(bench.chip.count[CNT_FRAMES], 10);
	check_woven(P, 576);
}

TEST(field_mode_has_four_buffers)
{
	static const uint32_t base[4] = { P, F2P, B, F2B };
	struct mark m = { 0 };

	setup("coalesce=off");
	frame_mode();
	set_mode(0, DMA_MODE_FIELD);
	wr(REG_VDMA_F2_P(0), F2P);
	wr(REG_VDMA_F2_B(0), F2B);
	start(1);
	for (unsigned int i = 0; i < 8; i++) {
		uint32_t pb;

		EXPECT_TRUE(wait_irq(50));
		rd(REG_INT_STATUS);
		pb = rd(REG_PB_STATUS);
		EXPECT_EQ(pb & 1, i >> 1 & 1);
		EXPECT_EQ(!!(pb & PB_FIELD(0)), i & 1);
		EXPECT_TRUE(mark_at(base[i & 3], 0, &m));
		EXPECT_EQ(m.field, i & 1);
		EXPECT_EQ(m.frame, i / 2);
		EXPECT_TRUE(mark_at(base[i & 3] + 239 * BYTES, 0, &m));
		EXPECT_EQ(m.line, 239);
	}
}

TEST(field_mode_one_field_alternates)
{
	struct mark m = { 0 };

	setup("coalesce=off");
	frame_mode();
	set_mode(0, DMA_MODE_FIELD);
	wr(REG_CHANNEL_CONFIG(0), CFG_DROP_FIELD);	/* field 1 */
	wr(REG_VDMA_F2_P(0), F2P);
	wr(REG_VDMA_F2_B(0), F2B);
	start(1);
	for (unsigned int i = 0; i < 4; i++) {
		EXPECT_TRUE(wait_irq(50));
		rd(REG_INT_STATUS);
		EXPECT_EQ(rd(REG_PB_STATUS) & 1, i & 1);
		EXPECT_TRUE(mark_at(i & 1 ? F2B : F2P, 0, &m));
		EXPECT_EQ(m.field, 1);
		EXPECT_EQ(m.frame, i);
	}
	EXPECT_EQ(bench.mem[P], 0xaa);
}

TEST(sg_mode_puts_fields_one_after_the_other)
{
	const unsigned int n = 169;

	setup("");
	sg_mode(n);
	start(1);
	EXPECT_TRUE(wait_irq(100));
	for (unsigned int y = 0; y < 480; y++) {
		uint8_t line[BYTES];
		struct mark m = { 0 };

		for (unsigned int i = 0; i < BYTES; i++) {
			unsigned int at = y * BYTES + i;

			line[i] = bench.mem[PAGES + (n - 1 - at / 4096) * 8192 +
					    at % 4096];
		}
		memcpy(bench.mem, line, BYTES);
		EXPECT_TRUE(mark_at(0, 0, &m));
		EXPECT_EQ(m.field, y >= 240);
		EXPECT_EQ(m.line, y % 240);
		if (test_failed)
			break;
	}
	EXPECT_EQ(bench.mem[PAGES + 4096], 0xaa);
	rd(REG_INT_STATUS);
	EXPECT_TRUE(wait_irq(100));
	EXPECT_EQ(rd(REG_PB_STATUS), 1);
	EXPECT_NE(bench.mem[PAGES + 4096], 0xaa);
	EXPECT_EQ(bench.chip.count[CNT_SG_ERRORS], 0);
}

TEST(sg_missing_entry_is_an_error)
{
	setup("");
	sg_mode(100);
	start(1);
	EXPECT_TRUE(wait_irq(100));
	EXPECT_EQ(rd(REG_FIFO_STATUS), FIFO_POINTER(0));
	EXPECT_EQ(bench.chip.count[CNT_SG_ERRORS], 1);
	EXPECT_FALSE(bench.line);
}

TEST(sg_end_entry_is_no_error)
{
	setup("sg-end=entry sg-writeback=status");
	sg_mode(100);
	start(1);
	EXPECT_TRUE(wait_irq(100));
	EXPECT_EQ(rd(REG_FIFO_STATUS), 0);
	EXPECT_EQ(SG_STATUS(*(uint32_t *)(bench.mem + TABLE_P)), SG_DONE);
}

TEST(sg_descriptors_are_fetched_per_frame_or_as_told)
{
	for (unsigned int i = 0; i < 2; i++) {
		setup(i ? "sg-fetch=field" : "sg-fetch=frame");
		sg_mode(169);
		start(1);
		run_ns(FRAME_NS / 4);
		/* the last page of the frame, in the table in use */
		*(uint32_t *)(bench.mem + TABLE_P + 8 * 168 + 4) = F2P;
		EXPECT_TRUE(wait_irq(100));
		EXPECT_EQ(bench.mem[F2P] == 0xaa, !i);
		EXPECT_EQ(bench.mem[PAGES] == 0xaa, i);
		EXPECT_EQ(bench.chip.count[CNT_SG_ERRORS], 0);
	}
}

TEST(sg_shared_table_of_the_first_generation)
{
	setup("chip=6864");
	sg_mode(169);
	/* channel 1 has the second half of the same tables */
	memcpy(bench.mem + TABLE_P + 8 * 256, bench.mem + TABLE_P, 8 * 256);
	memset(bench.mem + TABLE_P, 0, 8 * 256);
	set_mode(1, DMA_MODE_SG);
	wr(REG_VDMA_WHP(1), WHP(BYTES, BYTES, 240));
	wr(REG_CHANNEL_CONFIG(1), 511 << 10 | 256);
	start(2);
	EXPECT_TRUE(wait_irq(100));
	EXPECT_EQ(rd(REG_INT_STATUS), INT_VIDEO(1));
	EXPECT_EQ(bench.chip.count[CNT_SG_ERRORS], 0);
	EXPECT_NE(bench.mem[PAGES], 0xaa);
}

TEST(half_size_in_both_directions)
{
	struct mark m = { 0 };

	setup("");
	frame_mode();
	wr(REG_CHANNEL_CONFIG(0), CFG_HALF_WIDTH | CFG_HALF_HEIGHT);
	wr(REG_VDMA_WHP(0), WHP(720, 720, 120));
	start(1);
	EXPECT_TRUE(wait_irq(100));
	for (unsigned int y = 0; y < 240; y++) {
		EXPECT_TRUE(mark_at(P + y * 720, 1, &m));
		EXPECT_EQ(m.field, y & 1);
		EXPECT_EQ(m.line / 2, y / 2);
	}
	EXPECT_EQ(bench.mem[P + 240 * 720], 0xaa);
}

TEST(pixel_formats)
{
	static const struct {
		unsigned int code;
		uint8_t white[2], black[2];
	} f[] = {
		{ 0, { 128, 235 }, { 128, 16 } },
		{ 6, { 235, 128 }, { 16, 128 } },
		{ 5, { 0xff, 0xff }, { 0, 0 } },
		{ 4, { 0xff, 0x7f }, { 0, 0 } },
	};

	for (unsigned int i = 0; i < 4; i++) {
		setup("");
		frame_mode();
		wr(REG_CHANNEL_CONFIG(0), f[i].code << 20);
		start(1);
		EXPECT_TRUE(wait_irq(100));
		/* the mark begins with 1010 */
		EXPECT_EQ(bench.mem[P], f[i].white[0]);
		EXPECT_EQ(bench.mem[P + 1], f[i].white[1]);
		EXPECT_EQ(bench.mem[P + 8], f[i].black[0]);
		EXPECT_EQ(bench.mem[P + 9], f[i].black[1]);
	}
}

TEST(controls_change_the_picture)
{
	setup("");
	frame_mode();
	wr(DEC_BASE(0) + DEC_BRIGHT, 0x40);
	wr(DEC_BASE(0) + DEC_SAT_U, 0);
	wr(DEC_BASE(0) + DEC_SAT_V, 0);
	start(1);
	EXPECT_TRUE(wait_irq(100));
	EXPECT_EQ(bench.mem[P + 9], 16 + 64);
	EXPECT_EQ(bench.mem[P + 2 * 300], 128);
	EXPECT_EQ(bench.mem[P + 2 * 300 + 2], 128);
}

TEST(field_mask_sets_the_frame_rate)
{
	setup("");
	frame_mode();
	wr(REG_FIELD_CTRL(0), 0x80000006 | 0x00180000);	/* 2 frames of 15 */
	start(1);
	run_ns(10 * 30 * FRAME_NS / 2);
	EXPECT_EQ(bench.chip.count[CNT_FRAMES], 20);
}

TEST(channels_in_step_share_an_interrupt)
{
	setup("");
	for (unsigned int ch = 0; ch < 8; ch++) {
		set_mode(ch, DMA_MODE_FRAME);
		wr(REG_VDMA_WHP(ch), WHP(BYTES, BYTES, 240));
		wr(REG_VDMA_P(ch), P + ch * 0x80000);
		wr(REG_VDMA_B(ch), P + ch * 0x80000);
	}
	start(0xff);
	EXPECT_TRUE(wait_irq(100));
	EXPECT_EQ(rd(REG_INT_STATUS), 0xff);
	EXPECT_EQ(bench.chip.count[CNT_INTERRUPTS], 1);
}

TEST(timer_holds_interrupts_back)
{
	setup("spread=on");
	for (unsigned int ch = 0; ch < 8; ch++) {
		set_mode(ch, DMA_MODE_FRAME);
		wr(REG_VDMA_WHP(ch), WHP(BYTES, BYTES, 240));
		wr(REG_VDMA_P(ch), P + ch * 0x80000);
		wr(REG_VDMA_B(ch), P + ch * 0x80000);
	}
	wr(REG_TIMER_INTERVAL, 1250000);	/* 10 ms */
	start(0xff);
	for (unsigned int i = 0; i < 3000; i++) {
		chip_run(&bench.chip, MS / 10);
		if (bench.line)
			rd(REG_INT_STATUS);
	}
	EXPECT_GE(bench.chip.count[CNT_FRAMES], 56);
	EXPECT_LE(bench.chip.count[CNT_INTERRUPTS], 30);
	EXPECT_GE(bench.chip.count[CNT_INTERRUPTS], 20);
}

TEST(stop_is_at_once_and_silent)
{
	unsigned int n;

	setup("");
	frame_mode();
	start(1);
	run_ns(FRAME_NS + 10 * MS);
	stop(1);
	n = bench.writes;
	EXPECT_EQ(rd(REG_INT_STATUS), 0);
	EXPECT_FALSE(bench.line);
	run_ns(100 * MS);
	EXPECT_EQ(bench.writes, n);
	EXPECT_EQ(bench.chip.count[CNT_WRITES_AFTER_STOP], 0);
}

TEST(late_stop_writes_on_and_is_counted)
{
	setup("late-stop-us=2000");
	frame_mode();
	start(1);
	run_ns(10 * MS);
	stop(1);
	run_ns(100 * MS);
	EXPECT_GE(bench.chip.count[CNT_WRITES_AFTER_STOP], 25);
	EXPECT_LE(bench.chip.count[CNT_WRITES_AFTER_STOP], 35);
	EXPECT_FALSE(bench.line);
}

TEST(restart_begins_with_p)
{
	setup("");
	frame_mode();
	start(1);
	run_ns(FRAME_NS + 5 * MS);
	stop(1);
	memset(bench.mem + P, 0xaa, 480 * BYTES);
	run_ns(200 * MS);
	wr(REG_VDMA_P(0), P);
	start(1);
	EXPECT_TRUE(wait_irq(100));
	EXPECT_EQ(rd(REG_PB_STATUS), 0);
	check_woven(P, 480);
	EXPECT_EQ(bench.chip.count[CNT_EARLY_ENABLES], 0);
	EXPECT_EQ(bench.chip.count[CNT_REVIVED], 0);
}

TEST(hasty_and_thoughtless_starts_are_counted)
{
	setup("");
	frame_mode();
	start(1);
	run_ns(50 * MS);
	stop(1);
	run_ns(50 * MS);
	start(1);
	EXPECT_EQ(bench.chip.count[CNT_EARLY_ENABLES], 1);
	EXPECT_EQ(bench.chip.count[CNT_REVIVED], 1);
}

TEST(rewriting_cmd_disturbs_nobody)
{
	setup("");
	frame_mode();
	start(1);
	run_ns(10 * MS);
	start(2);
	start(1);
	EXPECT_TRUE(wait_irq(100));
	EXPECT_EQ(rd(REG_INT_STATUS) & 1, 1);
	check_woven(P, 480);
	EXPECT_EQ(bench.chip.count[CNT_STARTS], 2);
}

TEST(address_is_latched_per_frame_or_as_told)
{
	struct mark m = { 0 };

	for (unsigned int i = 0; i < 2; i++) {
		setup(i ? "latch=line" : "latch=frame");
		frame_mode();
		start(1);
		run_ns(FRAME_NS / 4);
		wr(REG_VDMA_P(0), F2P);
		EXPECT_TRUE(wait_irq(100));
		EXPECT_EQ(mark_at(F2P + 470 * BYTES, 0, &m), i);
		EXPECT_EQ(mark_at(P + 470 * BYTES, 0, &m), !i);
		EXPECT_EQ(bench.chip.count[CNT_ADDR_WHILE_BUSY], 1);
	}
}

