// SPDX-License-Identifier: GPL-2.0-only
/* Bus mastering: plain writes and scatter-gather descriptor tables. */
#include <errno.h>
#include <string.h>

#include "chip-internal.h"

int chip_dma_write(struct chip *c, uint32_t addr, const void *buf, size_t len)
{
	int err;

	if (c->removed)
		return -ENODEV;
	if (addr % c->opts.align)
		c->count[CNT_MISALIGNED]++;
	err = c->ops->dma_write(c->ctx, addr, buf, len);
	if (err)
		c->count[CNT_REFUSED_WRITES]++;
	return err;
}

static uint32_t table_address(const struct chip *c, unsigned int ch)
{
	bool shared = c->opts.chip == 6864 || c->opts.chip == 6868;

	return reg(c, REG_PAGE_TABLE(shared ? 0 : ch, c->video[ch].buf));
}

static void sg_error(struct chip *c, unsigned int ch)
{
	c->video[ch].sg.ended = true;
	c->count[CNT_SG_ERRORS]++;
	chip_raise_fifo(c, FIFO_POINTER(ch));
}

/*
 * Read descriptors for @need bytes of the frame in one go; @again: once more,
 * with part of the frame written.  Returns 0, or -EIO when the table cannot be
 * read; errors are reported to the host here.
 */
int chip_sg_fetch(struct chip *c, unsigned int ch, unsigned int need,
		  bool again)
{
	struct chip_video *v = &c->video[ch];
	unsigned int start = CFG_SG_START(v->cfg), end = CFG_SG_END(v->cfg);
	uint32_t table = table_address(c, ch);
	uint32_t raw[CHIP_SG_MAX][2];
	struct chip_sg *sg = &v->sg;
	unsigned int total = 0, n;

	if (!again)
		memset(sg, 0, sizeof(*sg));
	sg->count = 0;
	v->table = table;
	if (end < start)
		return 0;
	n = end - start + 1;
	if (c->removed ||
	    c->ops->dma_read(c->ctx, table + 8 * start, raw, n * 8)) {
		c->count[CNT_REFUSED_READS]++;
		sg_error(c, ch);
		return -EIO;
	}
	while (sg->count < n && total < need) {
		uint32_t d0 = raw[sg->count][0];

		if (SG_STATUS(d0) != SG_READY || !SG_LENGTH(d0))
			break;
		sg->addr[sg->count] = raw[sg->count][1];
		sg->len[sg->count] = SG_LENGTH(d0);
		if (sg->addr[sg->count] % c->opts.align)
			c->count[CNT_MISALIGNED]++;
		total += sg->len[sg->count++];
	}
	return 0;
}

/* Append to the scattered buffer; 0, or -EIO when part of it was lost. */
int chip_sg_write(struct chip *c, unsigned int ch, const uint8_t *data,
		  size_t len)
{
	struct chip_sg *sg = &c->video[ch].sg;
	int ret = 0;

	while (len && !sg->ended) {
		size_t room;

		if (sg->pos == sg->count) {
			if (c->opts.sg_end == SG_END_BYTES)
				sg_error(c, ch);
			sg->ended = true;
			break;
		}
		room = sg->len[sg->pos] - sg->used;
		if (room > len)
			room = len;
		if (c->removed ||
		    c->ops->dma_write(c->ctx, sg->addr[sg->pos] + sg->used,
				      data, room)) {
			c->count[CNT_REFUSED_WRITES]++;
			ret = -EIO;
		}
		data += room;
		len -= room;
		sg->used += room;
		if (sg->used == sg->len[sg->pos]) {
			sg->pos++;
			sg->used = 0;
		}
	}
	return ret;
}

/* The frame is complete: tell the table, if this silicon does. */
void chip_sg_done(struct chip *c, unsigned int ch)
{
	struct chip_video *v = &c->video[ch];
	unsigned int start = CFG_SG_START(v->cfg);

	if (!c->opts.sg_writeback)
		return;
	for (unsigned int i = 0; i < v->sg.pos; i++) {
		uint32_t d0 = (uint32_t)SG_DONE << 30 | v->sg.len[i];

		chip_dma_write(c, v->table + 8 * (start + i), &d0, sizeof(d0));
	}
}
