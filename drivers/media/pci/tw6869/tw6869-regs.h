/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Registers of the Intersil/Techwell TW6864, TW6865, TW6868 and TW6869.
 *
 * Offsets are in bytes, all accesses 32 bits wide.  Decoder registers hold
 * eight bits.
 */

#ifndef TW6869_REGS_H
#define TW6869_REGS_H

#include <linux/bits.h>
#include <linux/types.h>

/* What happened; reading it clears it. */
#define TW_INT_STATUS			0x000
#define   TW_INT_VIDEO(ch)		BIT(ch)
#define   TW_INT_AUDIO(ch)		BIT(8 + (ch))
#define   TW_INT_AUDIOS			GENMASK(15, 8)
#define   TW_INT_TIMEOUT		BIT(17)
#define   TW_INT_FORMAT(ch)		BIT(24 + (ch))
#define   TW_INT_FORMATS		GENMASK(31, 24)

/* Which buffer was filled last (0 = P, 1 = B), and which field it holds. */
#define TW_PB_STATUS			0x004
#define   TW_PB_VIDEO(ch)		BIT(ch)
#define   TW_PB_AUDIO(ch)		BIT(8 + (ch))
#define   TW_PB_FIELD(ch)		BIT(24 + (ch))

/* A channel runs while its bit is set in both, and the engine is on. */
#define TW_DMA_CMD			0x008
#define   TW_CMD_ON			BIT(31)
#define TW_DMA_ENABLE			0x028
#define   TW_RUN_VIDEO(ch)		BIT(ch)
#define   TW_RUN_AUDIO(ch)		BIT(8 + (ch))

#define TW_FIFO_STATUS			0x00c
#define   TW_FIFO_NO_SIGNAL(ch)		BIT(ch)
#define   TW_FIFO_POINTER(ch)		BIT(16 + (ch))
#define   TW_FIFO_OVERFLOW(ch)		BIT(24 + (ch))
#define   TW_FIFO_ERRORS		GENMASK(31, 16)

#define TW_SOFT_RESET			0x018
#define TW_DMA_CONFIG			0x02c
#define TW_TIMER_INTERVAL		0x030
#define TW_DMA_TIMEOUT			0x034

/* Descriptor tables of scatter-gather mode */
static inline u32 tw_table(unsigned int ch, unsigned int b)
{
	return (ch ? 0x338 + 8 * ch : 0x020) + 4 * b;
}

#define TW_CHANNEL(ch)			(0x040 + 4 * (ch))
#define   TW_CHANNEL_SG_FIRST(n)	(n)
#define   TW_CHANNEL_SG_LAST(n)		((n) << 10)
#define   TW_CHANNEL_FORMAT(code)	((code) << 20)
#define   TW_CHANNEL_HALF_WIDTH		BIT(23)
#define   TW_CHANNEL_HALF_HEIGHT	BIT(24)
#define   TW_CHANNEL_INPUT(n)		((u32)(n) << 30)

#define TW_FORMAT_UYVY			0
#define TW_FORMAT_RGB555		4
#define TW_FORMAT_RGB565		5
#define TW_FORMAT_YUYV			6

#define TW_AUDIO_ADDR(ch, b)		(0x060 + 8 * (ch) + 4 * (b))
#define TW_AUDIO_CTRL1			0x0b0
#define   TW_AUDIO1_ADC			BIT(0)
#define   TW_AUDIO1_DIVIDER(hz)		((TW_AUDIO_CLOCK / (hz)) << 5)
#define   TW_AUDIO1_PERIOD(bytes)	((u32)(bytes) << 19)
#define TW_AUDIO_CTRL2			0x0b4
#define TW_AUDIO_CLOCK			125000000
#define TW_AUDIO_PERIOD_MAX		4096

#define TW_VIDEO_CTRL1			0x0a8
#define   TW_VIDEO1_625(ch)		BIT(13 + (ch))
#define TW_PHASE_REF			0x0b8
#define   TW_PHASE_DEFAULT		0x1518
#define   TW_PHASE_MODE(ch, mode)	((mode) << (16 + 2 * (ch)))
#define TW_MODE_SG			0u
#define TW_MODE_FRAME			2u
#define TW_MODE_FIELD			3u

/* One bit per incoming field; the pattern repeats after 30, or 25, of them. */
#define TW_FIELD_MASK(ch)		(0x0e4 + 4 * (ch))
#define   TW_FIELD_MASK_ON		BIT(31)
#define TW_VIDEO_SIZE(ch)		(0x128 + 4 * (ch))

/* Buffer addresses: P and B of field 1 (or of the frame), then of field 2 */
#define TW_ADDR(ch, b, field)		\
	(0x200 + 0x20 * (ch) + 8 * (b) + 0x10 * (field))
#define TW_GEOMETRY(ch, field)		(0x204 + 0x20 * (ch) + 0x10 * (field))

/* Lines of a field, bytes from one line to the next, bytes of a line */
static inline u32 tw_geometry_value(u32 bytes, u32 lines)
{
	return lines << 22 | bytes << 11 | bytes;
}

/* Scatter-gather descriptor: control word, then address */
#define TW_SG_READY			BIT(30)
#define TW_SG_DESC_SIZE			8
#define TW_SG_CHUNK			4096u
#define TW_SG_TABLE_MAX			1024u

/* Decoder of one channel */
static inline u32 tw_dec(unsigned int ch, u32 reg)
{
	return 0x400 + 0x40 * (ch & 3) + 0x400 * (ch >> 2) + reg;
}

#define   TW_DEC_STATUS			0x00
#define     TW_STATUS_NO_VIDEO		BIT(7)
#define     TW_STATUS_H_LOCK		BIT(6)
#define     TW_STATUS_COLOUR_LOCK	BIT(5)
#define     TW_STATUS_50HZ		BIT(0)
#define   TW_DEC_BRIGHTNESS		0x04
#define   TW_DEC_CONTRAST		0x08
#define   TW_DEC_SHARPNESS		0x0c
#define   TW_DEC_SATURATION_U		0x10
#define   TW_DEC_SATURATION_V		0x14
#define   TW_DEC_HUE			0x18
#define   TW_DEC_VDELAY			0x20
#define   TW_DEC_HACTIVE		0x2c
#define   TW_DEC_STANDARD		0x38
#define     TW_STANDARD_AUTO		7
#define     TW_STANDARD_NOW(v)		(((v) >> 4) & 7)
#define     TW_STANDARD_BUSY		BIT(7)
#define   TW_DEC_DETECT			0x3c

/* Four decoders each: first and second group */
#define TW_GROUP(g, reg)		(0x400 * (g) + (reg))
#define   TW_GROUP_RESET		0x600
#define   TW_GROUP_VCTRL1		0x63c
#define   TW_GROUP_LOOP			0x654
#define   TW_GROUP_MISC2		0x658

#endif
