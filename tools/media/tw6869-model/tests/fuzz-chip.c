// SPDX-License-Identifier: GPL-2.0-only
/* Fuzz the chip: any register traffic, any faults, on guarded memory. */
#include <errno.h>
#include <string.h>

#include "chip.h"
#include "chip-regs.h"
#include "fuzz.h"

#define MEM 65536

static uint8_t mem[MEM];

static int mem_read(void *ctx, uint64_t addr, void *buf, size_t len)
{
	(void)ctx;
	/* few addresses are in memory; let most of them hit something */
	addr %= MEM;
	if (addr + len > MEM)
		return -EFAULT;
	memcpy(buf, mem + addr, len);
	return 0;
}

static int mem_write(void *ctx, uint64_t addr, const void *buf, size_t len)
{
	(void)ctx;
	addr %= 2 * MEM;
	if (addr + len > MEM)
		return -EFAULT;
	memcpy(mem + addr, buf, len);
	return 0;
}

static void irq(void *ctx, bool level, bool edge)
{
	(void)ctx;
	(void)level;
	(void)edge;
}

static void step(struct chip *c, const uint8_t *p)
{
	static const char *const faults[] = {
		"signal", "inputs", "standard", "overflow", "pointer", "timeout",
		"badformat", "lost", "spurious", "late-stop-us", "removed",
		"reset",
	};
	static const uint16_t hot[] = {
		REG_DMA_CMD, REG_DMA_ENABLE, REG_PHASE_REF, REG_FIELD_CTRL(0),
		REG_CHANNEL_CONFIG(0), REG_VDMA_WHP(0), REG_VDMA_P(0),
		REG_VIDEO_SIZE(0), REG_PAGE_TABLE_P0, REG_AUDIO_CONTROL1,
		REG_AUDIO_CONTROL2, REG_ADMA_P(0), REG_VIDEO_CONTROL1,
		REG_VIDEO_CONTROL2, REG_TIMER_INTERVAL, REG_SOFT_RESET,
	};
	uint32_t v, at = (p[1] | p[2] << 8) & 0xffc;

	memcpy(&v, p + 3, 4);
	switch (p[0] & 7) {
	case 0:
	case 1:
		/* what makes a channel run, more often than by chance */
		chip_write(c, hot[p[1] % 16] + 4 * (p[2] & 3), v);
		break;
	case 2:
		chip_write(c, at, v);
		break;
	case 3:
		chip_read(c, at);
		break;
	case 4:
		memcpy(mem + (at * 16 & (MEM - 8)), p + 1, 6);
		break;
	case 5:
		chip_inject(c, faults[p[1] % 11], p[2], p[3] % 8);
		break;
	default:
		chip_run(c, v % (20 * NSEC_PER_MSEC));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct chip_ops ops = {
		.dma_read = mem_read, .dma_write = mem_write, .irq = irq,
	};
	static struct chip chip;
	struct options o;

	options_default(&o);
	if (size) {
		o.sg_end = data[0] & 1;
		o.latch = (data[0] >> 1) % 3;
		o.pace = data[0] >> 3 & 1;
		o.first_field = (data[0] >> 4) % 3;
		o.sg_writeback = data[0] >> 6 & 1;
		o.sg_fetch_late = data[0] >> 5 & 1;
		o.chip = data[0] & 0x80 ? 6864 : 6869;
	}
	chip_init(&chip, &o, &ops, NULL);
	for (size_t i = 1; i + 7 <= size; i += 7)
		step(&chip, data + i);
	return 0;
}
