/* SPDX-License-Identifier: GPL-2.0-only */
/* Register map of the TW6864/TW6865/TW6868/TW6869 (byte offsets in BAR 0). */
#ifndef CHIP_REGS_H
#define CHIP_REGS_H

#include <stdint.h>

#define REG_INT_STATUS		0x000
#define REG_PB_STATUS		0x004
#define REG_DMA_CMD		0x008
#define REG_FIFO_STATUS		0x00c
#define REG_CHANNEL_ID		0x010
#define REG_PARSER_STATUS	0x014
#define REG_SOFT_RESET		0x018
#define REG_PAGE_TABLE_P0	0x020
#define REG_PAGE_TABLE_B0	0x024
#define REG_DMA_ENABLE		0x028
#define REG_DMA_CONFIG		0x02c
#define REG_TIMER_INTERVAL	0x030
#define REG_DMA_TIMEOUT		0x034
#define REG_CHANNEL_CONFIG(ch)	(0x040 + 4 * (ch))
#define REG_ADMA_P(ch)		(0x060 + 8 * (ch))
#define REG_ADMA_B(ch)		(0x064 + 8 * (ch))
#define REG_VIDEO_CONTROL1	0x0a8
#define REG_VIDEO_CONTROL2	0x0ac
#define REG_AUDIO_CONTROL1	0x0b0
#define REG_AUDIO_CONTROL2	0x0b4
#define REG_PHASE_REF		0x0b8
#define REG_AUDIO_CONTROL3	0x0e0
#define REG_FIELD_CTRL(ch)	(0x0e4 + 4 * (ch))
#define REG_VIDEO_SIZE(ch)	(0x128 + 4 * (ch))
#define REG_VDMA_P(ch)		(0x200 + 0x20 * (ch))
#define REG_VDMA_WHP(ch)	(0x204 + 0x20 * (ch))
#define REG_VDMA_B(ch)		(0x208 + 0x20 * (ch))
#define REG_VDMA_F2_P(ch)	(0x210 + 0x20 * (ch))
#define REG_VDMA_F2_WHP(ch)	(0x214 + 0x20 * (ch))
#define REG_VDMA_F2_B(ch)	(0x218 + 0x20 * (ch))

static inline uint32_t REG_PAGE_TABLE(unsigned int ch, unsigned int b)
{
	return (ch ? 0x340 + 8 * (ch - 1) : REG_PAGE_TABLE_P0) + 4 * b;
}

/* INT_STATUS, PB_STATUS, DMA_CMD, FIFO_STATUS */
#define INT_VIDEO(ch)		(1u << (ch))
#define INT_AUDIO(ch)		(1u << (8 + (ch)))
#define INT_DMA_TIMEOUT		(1u << 17)
#define INT_BAD_FORMAT(ch)	(1u << (24 + (ch)))
#define PB_VIDEO(ch)		(1u << (ch))
#define PB_AUDIO(ch)		(1u << (8 + (ch)))
#define PB_FIELD(ch)		(1u << (24 + (ch)))
#define CMD_ENGINE_ON		(1u << 31)
#define FIFO_NO_SIGNAL(ch)	(1u << (ch))
#define FIFO_POINTER(ch)	(1u << (16 + (ch)))
#define FIFO_OVERFLOW(ch)	(1u << (24 + (ch)))
#define FIFO_ERRORS		0xffff0000u

/* VDMA_CHANNEL_CONFIG */
#define CFG_SG_START(v)		((v) & 0x3ff)
#define CFG_SG_END(v)		((v) >> 10 & 0x3ff)
#define CFG_FORMAT(v)		((v) >> 20 & 7)
#define CFG_HALF_WIDTH		(1u << 23)
#define CFG_HALF_HEIGHT		(1u << 24)
#define CFG_DROP_FIELD		(1u << 28)
#define CFG_DROP_FIELD_2	(1u << 29)
#define CFG_INPUT(v)		((v) >> 30)

/* VDMA_WHP */
#define WHP_BYTES(v)		((v) & 0x7ff)
#define WHP_PITCH(v)		((v) >> 11 & 0x7ff)
#define WHP_LINES(v)		((v) >> 22)

/* VIDEO_SIZE, VIDEO_FIELD_CTRL */
#define OUT_IN_USE		(1u << 31)
#define OUT_WIDTH(v)		((v) & 0x7ff)
#define OUT_LINES(v)		((v) >> 16 & 0x7ff)
#define FIELD_MASK_IN_USE	(1u << 31)

/* DMA mode of a channel in PHASE_REF */
#define DMA_MODE(v, ch)		((v) >> (16 + 2 * (ch)) & 3)
#define DMA_MODE_SG		0
#define DMA_MODE_FRAME		2
#define DMA_MODE_FIELD		3

/* SG descriptor, first word */
#define SG_LENGTH(v)		((v) & 0x1fff)
#define SG_STATUS(v)		((v) >> 30)
#define SG_READY		1
#define SG_DONE			2

/* Decoder registers: offset within a channel's block */
static inline uint32_t DEC_BASE(unsigned int ch)
{
	return 0x400 + 0x40 * (ch & 3) + 0x400 * (ch >> 2);
}

#define DEC_VIDSTAT		0x00
#define DEC_BRIGHT		0x04
#define DEC_CONTRAST		0x08
#define DEC_SHARPNESS		0x0c
#define DEC_SAT_U		0x10
#define DEC_SAT_V		0x14
#define DEC_HUE			0x18
#define DEC_CROP_HI		0x1c
#define DEC_VDELAY		0x20
#define DEC_VACTIVE		0x24
#define DEC_HDELAY		0x28
#define DEC_HACTIVE		0x2c
#define DEC_STATUS2		0x34
#define DEC_SDT			0x38
#define DEC_SDT_EN		0x3c
#define DEC_VSCALE		0x110
#define DEC_SCALE_HI		0x114
#define DEC_HSCALE		0x118
#define DEC_MISC2		0x658	/* of the group */

#define VIDSTAT_NO_VIDEO	0x80
#define VIDSTAT_LOCKED		0x68
#define VIDSTAT_FIELD_2		0x10
#define VIDSTAT_50HZ		0x01
#define SDT_AUTO		7
#define SDT_BUSY		0x80
#define SDT_EN_START		0x80
#define MISC2_BLUE		0x04

#endif
