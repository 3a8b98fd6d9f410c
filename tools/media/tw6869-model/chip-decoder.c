// SPDX-License-Identifier: GPL-2.0-only
/* The video decoders: standards, picture controls, scaling, formats. */
#include <string.h>

#include "chip-internal.h"

void decoder_reset(struct chip *c)
{
	memset(&c->regs[0x400 / 4], 0, 0x800);
	for (unsigned int ch = 0; ch < CHIP_VIDEO; ch++) {
		uint32_t *r = &c->regs[DEC_BASE(ch) / 4];

		r[DEC_CONTRAST / 4] = 0x64;
		r[DEC_SHARPNESS / 4] = 0x11;
		r[DEC_SAT_U / 4] = 0x80;
		r[DEC_SAT_V / 4] = 0x80;
		r[DEC_CROP_HI / 4] = 0x02;
		r[DEC_VDELAY / 4] = 0x14;
		r[DEC_VACTIVE / 4] = 0xf0;
		r[DEC_HDELAY / 4] = 0x0a;
		r[DEC_HACTIVE / 4] = 0xd0;
		r[DEC_SDT / 4] = SDT_AUTO;
		r[DEC_SDT_EN / 4] = 0x7f;
		r[DEC_SCALE_HI / 4] = 0x11;
	}
}

static uint32_t read_vidstat(const struct chip *c, unsigned int ch)
{
	const struct source *s = &c->source[ch];
	uint64_t fields = (c->now - s->origin) / source_field_ns(s);
	uint32_t v;

	if (!has_signal(c, ch))
		return VIDSTAT_NO_VIDEO;
	v = VIDSTAT_LOCKED;
	if ((s->origin_field + fields) & 1)
		v |= VIDSTAT_FIELD_2;
	if (std_is_50hz(s->std))
		v |= VIDSTAT_50HZ;
	return v;
}

static uint32_t read_sdt(const struct chip *c, unsigned int ch)
{
	uint32_t v = dec(c, ch, DEC_SDT) & 0x0f, now = v & 7;

	if (now == SDT_AUTO && has_signal(c, ch))
		now = c->source[ch].std;
	v |= now << 4;
	if (c->now < c->detect_until[ch])
		v |= SDT_BUSY;
	return v;
}

uint32_t decoder_read(struct chip *c, unsigned int ch, uint32_t off)
{
	switch (off) {
	case DEC_VIDSTAT:
		return read_vidstat(c, ch);
	case DEC_SDT:
		return read_sdt(c, ch);
	}
	return dec(c, ch, off);
}

void decoder_write(struct chip *c, unsigned int ch, uint32_t off, uint32_t val)
{
	val &= 0xff;
	if (off == DEC_VIDSTAT || off == DEC_STATUS2 || off == 0x30)
		return;
	if (off == DEC_SDT_EN) {
		if (val & SDT_EN_START)
			c->detect_until[ch] = c->now +
					      c->opts.detect_ms * NSEC_PER_MSEC;
		val &= ~SDT_EN_START;
	}
	c->regs[(DEC_BASE(ch) + off) / 4] = val;
}

/* The field rate that the driver set does not fit the source. */
bool decoder_format_bad(const struct chip *c, unsigned int ch)
{
	bool set_50 = reg(c, REG_VIDEO_CONTROL1) >> (13 + ch) & 1;

	return has_signal(c, ch) &&
	       set_50 != std_is_50hz(c->source[ch].std);
}

static uint8_t clamp8(int v)
{
	return v < 0 ? 0 : v > 255 ? 255 : v;
}

/* cos and sin of hue: +-36 degrees, scaled by 256, by a short series */
static void hue_rotation(int hue, int *cosine, int *sine)
{
	int a = hue * 161 / 128;	/* radians * 256: 0.628 * 256 = 161 */

	*sine = a - a * a / 256 * a / 256 / 6;
	*cosine = 256 - a * a / 512;
}

static void apply_controls(const struct chip *c, unsigned int ch, uint8_t *line)
{
	int bright = (int8_t)dec(c, ch, DEC_BRIGHT);
	int contrast = dec(c, ch, DEC_CONTRAST);
	int sat_u = dec(c, ch, DEC_SAT_U), sat_v = dec(c, ch, DEC_SAT_V);
	int hue = (int8_t)dec(c, ch, DEC_HUE), cosine, sine;

	if (std_is_50hz(c->source[ch].std))
		hue = 0;
	if (!bright && contrast == 0x64 && sat_u == 0x80 && sat_v == 0x80 &&
	    !hue)
		return;
	hue_rotation(hue, &cosine, &sine);
	for (unsigned int i = 0; i < 2 * SOURCE_WIDTH; i += 4) {
		int u = (line[i] - 128) * sat_u / 128;
		int v = (line[i + 2] - 128) * sat_v / 128;

		line[i] = clamp8((u * cosine - v * sine) / 256 + 128);
		line[i + 2] = clamp8((v * cosine + u * sine) / 256 + 128);
		line[i + 1] = clamp8(line[i + 1] * contrast / 0x64 + bright);
		line[i + 3] = clamp8(line[i + 3] * contrast / 0x64 + bright);
	}
}

/* 720 pixels of what the channel's connector, or generator, delivers */
static void full_line(const struct chip *c, unsigned int ch, unsigned int field,
		      unsigned int y, uint64_t frame, uint8_t *line)
{
	static const uint8_t blue[4] = { 240, 41, 110, 41 };
	static const uint8_t black[4] = { 128, 16, 128, 16 };
	uint32_t ctl = reg(c, REG_VIDEO_CONTROL2);
	bool is_blue = reg(c, DEC_MISC2 + 0x400 * (ch >> 2)) & MISC2_BLUE;

	if (!(ctl >> ch & 1)) {
		struct source bars = {
			.board = c->source[ch].board, .channel = ch,
			.std = c->source[ch].std,
		};

		if (!(ctl >> (8 + ch) & 1)) {
			source_line(&bars, field, y, frame, line);
			return;
		}
		for (unsigned int i = 0; i < 2 * SOURCE_WIDTH; i++)
			line[i] = y + i;
		return;
	}
	if (!has_signal(c, ch)) {
		for (unsigned int i = 0; i < 2 * SOURCE_WIDTH; i += 4)
			memcpy(line + i, is_blue ? blue : black, 4);
		return;
	}
	source_line(&c->source[ch], field, y, frame, line);
	apply_controls(c, ch, line);
}

static unsigned int output_width(const struct chip *c, unsigned int ch)
{
	uint32_t size = reg(c, REG_VIDEO_SIZE(ch));
	unsigned int scale = (dec(c, ch, DEC_SCALE_HI) & 0x0f) << 8 |
			     dec(c, ch, DEC_HSCALE);
	unsigned int width = SOURCE_WIDTH;

	if (scale > 0x100)
		width = width * 0x100 / scale;
	if (size & OUT_IN_USE)
		return OUT_WIDTH(size) < width ? OUT_WIDTH(size) : width;
	if (reg(c, REG_CHANNEL_CONFIG(ch)) & CFG_HALF_WIDTH)
		width /= 2;
	return width;
}

static uint16_t to_rgb(const uint8_t *uyvy, unsigned int x, bool is_565)
{
	const uint8_t *p = uyvy + x / 2 * 4;
	int y = 298 * (p[1 + 2 * (x & 1)] - 16);
	int u = p[0] - 128, v = p[2] - 128;
	int r = clamp8((y + 409 * v + 128) >> 8);
	int g = clamp8((y - 100 * u - 208 * v + 128) >> 8);
	int b = clamp8((y + 516 * u + 128) >> 8);

	if (is_565)
		return r >> 3 << 11 | g >> 2 << 5 | b >> 3;
	return r >> 3 << 10 | g >> 3 << 5 | b >> 3;
}

/*
 * One line as it goes to memory: scaled, in the channel's pixel format,
 * black beyond the picture.  The 12 bit formats have no packing that anybody
 * could describe; they come out as zeroes.
 */
void decoder_line(struct chip *c, unsigned int ch, unsigned int field,
		  unsigned int y, uint64_t frame, uint8_t *out, size_t bytes)
{
	unsigned int format = CFG_FORMAT(reg(c, REG_CHANNEL_CONFIG(ch)));
	unsigned int width = output_width(c, ch);
	uint8_t line[2 * SOURCE_WIDTH];

	full_line(c, ch, field, y, frame, line);
	if (format == 0 && width == SOURCE_WIDTH && bytes == sizeof(line)) {
		memcpy(out, line, bytes);
		return;
	}
	memset(out, 0, bytes);
	if (format >= 1 && format <= 3)
		return;
	if (2 * width > bytes)
		width = bytes / 2;
	if (!width)
		return;
	for (unsigned int i = 0; i < width; i++) {
		unsigned int full = output_width(c, ch);
		unsigned int x = i * SOURCE_WIDTH / full;
		const uint8_t *p = line + x / 2 * 4;
		uint8_t luma = p[1 + 2 * (x & 1)];
		uint8_t chroma = p[i & 1 ? 2 : 0];
		uint16_t rgb;

		switch (format) {
		case 0:
			out[2 * i] = chroma;
			out[2 * i + 1] = luma;
			break;
		case 6:
			out[2 * i] = luma;
			out[2 * i + 1] = chroma;
			break;
		default:
			rgb = to_rgb(line, x, format == 5);
			out[2 * i] = rgb;
			out[2 * i + 1] = rgb >> 8;
		}
	}
}
