// SPDX-License-Identifier: GPL-2.0-only
/*
 * The video DMA engines.
 *
 * A channel's source never stops; its raster is computed from the clock when
 * the channel starts.  While it runs there is one event per visible line,
 * which writes the line; the last line of a field ends the field.
 */
#include <string.h>

#include "chip-internal.h"

#define MAX_LINE	2048
#define REFUSED_LIMIT	8

static uint64_t line_time(const struct chip *c, unsigned int ch)
{
	const struct chip_video *v = &c->video[ch];
	const struct source *s = &c->source[ch];

	return v->field_start +
	       (SOURCE_BLANK_LINES + v->line + 1) * source_line_ns(s);
}

/* Go to the first field that begins at or after @t. */
static void seek_field(struct chip *c, unsigned int ch, uint64_t t)
{
	struct chip_video *v = &c->video[ch];
	const struct source *s = &c->source[ch];
	uint64_t ft = source_field_ns(s), n = 0;

	if (t > s->origin)
		n = (t - s->origin + ft - 1) / ft;
	v->field_no = s->origin_field + n;
	v->field_start = s->origin + n * ft;
	v->line = 0;
	v->next = line_time(c, ch);
}

/* The source changed its standard: its raster begins anew, now. */
void video_retime(struct chip *c, unsigned int ch)
{
	struct chip_video *v = &c->video[ch];
	struct source *s = &c->source[ch];
	uint64_t fields = 0;

	if (c->now > s->origin)
		fields = (c->now - s->origin) / source_field_ns(s);
	s->origin_field = (s->origin_field + fields + 2) & ~1ull;
	s->origin = c->now;
	if (v->next != NEVER) {
		v->in_frame = false;
		seek_field(c, ch, c->now);
	}
}

static void log_start(struct chip *c, unsigned int ch)
{
	chip_log(c, "start ch=%u t=%llu mode=%u cfg=%08x size=%08x mask=%08x",
		 ch, (unsigned long long)(c->now / NSEC_PER_MSEC),
		 DMA_MODE(reg(c, REG_PHASE_REF), ch),
		 reg(c, REG_CHANNEL_CONFIG(ch)), reg(c, REG_VIDEO_SIZE(ch)),
		 reg(c, REG_FIELD_CTRL(ch)));
	chip_log(c, "  whp=%08x f2whp=%08x P=%08x B=%08x F2P=%08x F2B=%08x",
		 reg(c, REG_VDMA_WHP(ch)), reg(c, REG_VDMA_F2_WHP(ch)),
		 reg(c, REG_VDMA_P(ch)), reg(c, REG_VDMA_B(ch)),
		 reg(c, REG_VDMA_F2_P(ch)), reg(c, REG_VDMA_F2_B(ch)));
}

void video_start(struct chip *c, unsigned int ch)
{
	struct chip_video *v = &c->video[ch];

	v->running = true;
	v->late_until = 0;
	v->in_frame = false;
	v->first = true;
	v->buf = 0;
	v->last_parity = 1;
	c->pb_status &= ~(PB_VIDEO(ch) | PB_FIELD(ch));
	c->fifo_errors &= ~(FIFO_POINTER(ch) | FIFO_OVERFLOW(ch));
	c->int_status &= ~(INT_VIDEO(ch) | INT_BAD_FORMAT(ch));
	seek_field(c, ch, c->now);
	if (c->opts.trace)
		log_start(c, ch);
}

void video_stop(struct chip *c, unsigned int ch)
{
	struct chip_video *v = &c->video[ch];

	v->running = false;
	v->set_up = false;
	v->stopped_at = c->wall;
	c->int_status &= ~(INT_VIDEO(ch) | INT_BAD_FORMAT(ch));
	c->pb_status &= ~(PB_VIDEO(ch) | PB_FIELD(ch));
	c->fifo_errors &= ~(FIFO_POINTER(ch) | FIFO_OVERFLOW(ch));
	if (c->opts.late_stop_us && v->in_frame)
		v->late_until = c->now + c->opts.late_stop_us * 1000ull;
	else
		v->next = NEVER;
}

static bool field_kept(const struct chip *c, unsigned int ch, unsigned int f)
{
	const struct chip_video *v = &c->video[ch];
	uint32_t mask = reg(c, REG_FIELD_CTRL(ch));
	uint32_t cfg = reg(c, REG_CHANNEL_CONFIG(ch));
	unsigned int period = std_is_50hz(c->source[ch].std) ? 25 : 30;

	if ((cfg & CFG_DROP_FIELD) && f == !!(cfg & CFG_DROP_FIELD_2))
		return false;
	if (!(mask & FIELD_MASK_IN_USE))
		return true;
	return mask >> ((v->field_no + c->opts.mask_origin) % period) & 1;
}

static void latch_addresses(struct chip *c, unsigned int ch)
{
	struct chip_video *v = &c->video[ch];

	v->base[0] = reg(c, v->buf ? REG_VDMA_B(ch) : REG_VDMA_P(ch));
	v->base[1] = v->mode == DMA_MODE_FIELD ?
		     reg(c, v->buf ? REG_VDMA_F2_B(ch) : REG_VDMA_F2_P(ch)) :
		     v->base[0];
}

static unsigned int lines_per_field(const struct chip *c, unsigned int ch)
{
	const struct chip_video *v = &c->video[ch];
	unsigned int n = source_lines(&c->source[ch]);
	uint32_t size = reg(c, REG_VIDEO_SIZE(ch));

	if (size & OUT_IN_USE)
		n = OUT_LINES(size) < n ? OUT_LINES(size) : n;
	else if (v->cfg & CFG_HALF_HEIGHT)
		n /= 2;
	return WHP_LINES(v->whp) < n ? WHP_LINES(v->whp) : n;
}

static void fetch_descriptors(struct chip *c, unsigned int ch, bool again)
{
	struct chip_video *v = &c->video[ch];
	unsigned int lines = 2 * lines_per_field(c, ch);

	if (v->mode == DMA_MODE_SG && v->running)
		chip_sg_fetch(c, ch, lines * WHP_BYTES(v->whp), again);
}

static void begin_frame(struct chip *c, unsigned int ch)
{
	struct chip_video *v = &c->video[ch];

	v->mode = DMA_MODE(reg(c, REG_PHASE_REF), ch);
	v->cfg = reg(c, REG_CHANNEL_CONFIG(ch));
	v->whp = reg(c, REG_VDMA_WHP(ch));
	v->refused = 0;
	v->in_frame = true;
	v->opener = v->field_no & 1;
	latch_addresses(c, ch);
	fetch_descriptors(c, ch, false);
	if (v->first && decoder_format_bad(c, ch))
		chip_raise(c, INT_BAD_FORMAT(ch));
	v->first = false;
}

/* First line of a field: is it wanted, and does a frame begin with it? */
static void begin_field(struct chip *c, unsigned int ch)
{
	struct chip_video *v = &c->video[ch];
	unsigned int f = v->field_no & 1;
	unsigned int opener = c->opts.first_field == FIRST_FIELD_2;

	v->keep = field_kept(c, ch, f);
	if (!v->keep)
		return;
	if (v->first && c->opts.first_field != FIRST_FIELD_ANY && f != opener &&
	    !(reg(c, REG_CHANNEL_CONFIG(ch)) & CFG_DROP_FIELD)) {
		v->keep = false;
		return;
	}
	if (DMA_MODE(reg(c, REG_PHASE_REF), ch) == DMA_MODE_FIELD) {
		/* P, F2_P, B, F2_B; with one field dropped P, B or F2_P, F2_B */
		if (!v->first && (f == 0 || f == v->last_parity))
			v->buf ^= 1;
		begin_frame(c, ch);
	} else if (v->in_frame && f != v->last_parity) {
		if (c->opts.latch >= LATCH_FIELD && v->mode != DMA_MODE_SG)
			latch_addresses(c, ch);
		if (c->opts.sg_fetch_late)
			fetch_descriptors(c, ch, true);
	} else if (v->first || f == opener) {
		begin_frame(c, ch);
	} else {
		v->keep = false;
		return;
	}
	v->last_parity = f;
}

static void write_line(struct chip *c, unsigned int ch)
{
	struct chip_video *v = &c->video[ch];
	unsigned int f = v->field_no & 1, n = lines_per_field(c, ch), y;
	unsigned int total = source_lines(&c->source[ch]);
	size_t bytes = WHP_BYTES(v->whp), pitch = WHP_PITCH(v->whp);
	uint8_t data[MAX_LINE];
	int err;

	/* Output lines are spread evenly over the source's. */
	y = v->line * n / total;
	if (!n || (v->line && y == (v->line - 1) * n / total))
		return;
	if (!v->running) {
		if (c->now > v->late_until)
			return;
		c->count[CNT_WRITES_AFTER_STOP]++;
	}
	decoder_line(c, ch, f, v->line, v->field_no / 2, data, bytes);
	if (c->opts.latch == LATCH_LINE && v->mode != DMA_MODE_SG)
		latch_addresses(c, ch);
	if (v->mode == DMA_MODE_SG)
		err = chip_sg_write(c, ch, data, bytes);
	else if (v->mode == DMA_MODE_FIELD)
		err = chip_dma_write(c, v->base[f] + y * pitch, data, bytes);
	else
		err = chip_dma_write(c, v->base[0] + (2 * y + f) * pitch, data,
				     bytes);
	if (!err || ++v->refused != REFUSED_LIMIT)
		return;
	if (c->opts.refused == REFUSED_OVERFLOW)
		chip_raise_fifo(c, FIFO_OVERFLOW(ch));
	else if (c->opts.refused == REFUSED_TIMEOUT)
		chip_raise(c, INT_DMA_TIMEOUT);
}

static void set_bit(uint32_t *word, uint32_t bit, bool on)
{
	*word = on ? *word | bit : *word & ~bit;
}

static void complete(struct chip *c, unsigned int ch)
{
	struct chip_video *v = &c->video[ch];
	unsigned int f = v->field_no & 1;

	if (v->mode == DMA_MODE_SG)
		chip_sg_done(c, ch);
	set_bit(&c->pb_status, PB_VIDEO(ch), v->buf);
	set_bit(&c->pb_status, PB_FIELD(ch), v->mode == DMA_MODE_FIELD && f);
	c->count[CNT_FRAMES]++;
	if (!c->ch_frames[ch]++)
		c->ch_first[ch] = v->field_no / 2;
	v->in_frame = false;
	if (v->mode != DMA_MODE_FIELD)
		v->buf ^= 1;
	if (v->lose_irqs) {
		v->lose_irqs--;
		c->count[CNT_LOST_IRQS]++;
		return;
	}
	if (c->int_status & INT_VIDEO(ch))
		c->count[CNT_OVERRUNS]++;
	chip_raise(c, INT_VIDEO(ch));
}

static bool is_completion(const struct chip *c, unsigned int ch)
{
	const struct chip_video *v = &c->video[ch];

	if (!v->running || !v->in_frame || !v->keep ||
	    v->line + 1 != source_lines(&c->source[ch]))
		return false;
	return v->mode == DMA_MODE_FIELD || (v->field_no & 1) != v->opener;
}

/*
 * In lock step the next frame is not even begun before the last one was
 * read: the driver has the whole frame time to change an address.
 */
bool video_held(const struct chip *c, unsigned int ch)
{
	const struct chip_video *v = &c->video[ch];

	return v->running && !v->in_frame && v->line == 0 &&
	       ((c->int_status & INT_VIDEO(ch)) ||
		(c->opts.pace == PACE_STRICT && !c->settled));
}

void video_event(struct chip *c, unsigned int ch)
{
	struct chip_video *v = &c->video[ch];

	/* A late stop ends with the frame at the latest. */
	if (!v->running && (c->now > v->late_until || !v->in_frame ||
			    (v->line == 0 && v->mode == DMA_MODE_FIELD))) {
		v->next = NEVER;
		v->in_frame = false;
		return;
	}
	if (v->line == 0)
		begin_field(c, ch);
	if (v->keep && v->in_frame) {
		write_line(c, ch);
		if (is_completion(c, ch))
			complete(c, ch);
		else if (!v->running && v->line + 1 ==
			 source_lines(&c->source[ch]) &&
			 (v->field_no & 1) != v->opener)
			v->in_frame = false;
	}
	if (++v->line == source_lines(&c->source[ch])) {
		v->line = 0;
		v->field_no++;
		v->field_start += source_field_ns(&c->source[ch]);
	}
	v->next = line_time(c, ch);
}
