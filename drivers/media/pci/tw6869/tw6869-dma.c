// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where the chip writes frames: its addresses and descriptor tables.
 *
 * A slot is one of the places where the chip looks for memory: P and B, in
 * field mode P, F2_P, B and F2_B.  It holds a buffer, in vmalloc mode a frame
 * of the ring, or else the spare.  Everything here is called under
 * tw6869_dev.lock, unless it says otherwise.
 */

#include <linux/dma-mapping.h>
#include <linux/slab.h>
#include <media/videobuf2-dma-contig.h>
#include <media/videobuf2-dma-sg.h>

#include "tw6869.h"

/* May sleep, without the lock, as the next does */
int tw6869_block_alloc(struct tw6869_dev *dev, struct tw6869_block *block,
		       size_t size)
{
	block->cpu = dma_alloc_coherent(&dev->pdev->dev, size, &block->dma,
					GFP_KERNEL);
	block->size = size;
	return block->cpu ? 0 : -ENOMEM;
}

void tw6869_block_free(struct tw6869_dev *dev, struct tw6869_block *block)
{
	if (block->cpu)
		dma_free_coherent(&dev->pdev->dev, block->size, block->cpu,
				  block->dma);
	block->cpu = NULL;
}

/* A field that the user did not ask for goes to the spare. */
static bool slot_is_wanted(const struct tw6869_vid *vid, unsigned int i)
{
	if (vid->field == V4L2_FIELD_TOP)
		return !(i & 1);
	if (vid->field == V4L2_FIELD_BOTTOM)
		return i & 1;
	return true;
}

static __le32 *slot_table(struct tw6869_vid *vid, unsigned int i)
{
	struct tw6869_dev *dev = vid->dev;
	size_t channel = dev->table_entries * TW_SG_DESC_SIZE;

	return dev->table[i].cpu + vid->ch * channel;
}

static void set_desc(__le32 *table, unsigned int n, dma_addr_t addr,
		     unsigned int len)
{
	table[2 * n] = cpu_to_le32(TW_SG_READY | len);
	table[2 * n + 1] = cpu_to_le32(addr);
}

static int count_descs(struct tw6869_vid *vid, struct sg_table *sgt)
{
	unsigned int left = tw6869_frame_bytes(vid), n = 0, i;
	struct device *dev = &vid->dev->pdev->dev;
	struct scatterlist *sg;

	for_each_sgtable_dma_sg(sgt, sg, i) {
		unsigned int len = min(sg_dma_len(sg), left);

		if (!len)
			break;
		if ((sg_dma_address(sg) | len) & 3) {
			dev_dbg(dev, "video%u: memory is not aligned to 4 bytes\n",
				vid->ch);
			return -EINVAL;
		}
		n += DIV_ROUND_UP(len, TW_SG_CHUNK);
		left -= len;
	}
	if (left || n > vid->dev->table_entries) {
		dev_dbg(dev, "video%u: memory is in more than %u pieces\n",
			vid->ch, vid->dev->table_entries);
		return -EINVAL;
	}
	return n;
}

/*
 * Write down once what a table is to say whenever it leads to @buf, if the
 * chip's descriptors can say where that memory is.  Without the lock.
 */
int tw6869_dma_describe(struct tw6869_vid *vid, struct tw6869_buf *buf)
{
	struct sg_table *sgt = vb2_dma_sg_plane_desc(&buf->vb.vb2_buf, 0);
	int count = count_descs(vid, sgt);
	unsigned int n = 0, left = tw6869_frame_bytes(vid), i;
	struct scatterlist *sg;

	if (count < 0)
		return count;
	buf->descs = kmalloc_array(count, TW_SG_DESC_SIZE, GFP_KERNEL);
	if (!buf->descs)
		return -ENOMEM;
	buf->n_descs = count;
	for_each_sgtable_dma_sg(sgt, sg, i) {
		dma_addr_t addr = sg_dma_address(sg);
		unsigned int part = min(sg_dma_len(sg), left);

		for (left -= part; part; n++) {
			unsigned int len = min(part, TW_SG_CHUNK);

			set_desc(buf->descs, n, addr, len);
			addr += len;
			part -= len;
		}
	}
	return 0;
}

/*
 * The chip may take the number of bytes or the first empty entry for the end
 * of a table: make both true.  It may also have marked what it filled, so that
 * a buffer's descriptors are written anew each time.
 */
static void fill_table(struct tw6869_vid *vid, unsigned int i)
{
	struct tw6869_slot *slot = &vid->slot[i];
	unsigned int left = tw6869_frame_bytes(vid), n;
	__le32 *table = slot_table(vid, i);

	if (slot->buf) {
		n = slot->buf->n_descs;
		memcpy(table, slot->buf->descs, n * TW_SG_DESC_SIZE);
	} else {
		for (n = 0; left; n++) {
			unsigned int len = min(left, TW_SG_CHUNK);

			set_desc(table, n, vid->dev->spare.dma, len);
			left -= len;
		}
	}
	if (n < slot->n_descs)
		memset(&table[2 * n], 0, (slot->n_descs - n) * TW_SG_DESC_SIZE);
	slot->n_descs = n;
	/* The table must be in memory before the chip is told anything. */
	wmb();
}

static void write_slot(struct tw6869_vid *vid, unsigned int i)
{
	struct tw6869_slot *slot = &vid->slot[i];
	struct tw6869_dev *dev = vid->dev;
	dma_addr_t addr = dev->spare.dma;
	bool is_field = vid->n_slots == 4;

	if (dev->memory == TW6869_DMA_SG) {
		fill_table(vid, i);
		return;
	}
	if (slot->buf)
		addr = vb2_dma_contig_plane_dma_addr(&slot->buf->vb.vb2_buf, 0);
	else if (slot->ring >= 0)
		addr = vid->ring[slot->ring].dma;
	tw_write(dev, TW_ADDR(vid->ch, is_field ? i / 2 : i,
			      is_field ? i & 1 : 0), addr);
}

/* Give slot @i the next memory to write to. */
void tw6869_dma_refill(struct tw6869_vid *vid, unsigned int i)
{
	struct tw6869_slot *slot = &vid->slot[i];

	slot->buf = NULL;
	slot->ring = -1;
	if (vid->state == TW6869_DRAINING || !slot_is_wanted(vid, i)) {
		;
	} else if (vid->dev->memory == TW6869_VMALLOC) {
		if (vid->ring_free) {
			slot->ring = __ffs(vid->ring_free);
			__clear_bit(slot->ring, &vid->ring_free);
		}
	} else {
		slot->buf = list_first_entry_or_null(&vid->pending,
						     struct tw6869_buf, list);
		if (slot->buf)
			list_del(&slot->buf->list);
	}
	write_slot(vid, i);
}

/* Take the memory of all slots back; the chip has stopped. */
void tw6869_dma_empty(struct tw6869_vid *vid)
{
	int i;

	for (i = vid->n_slots - 1; i >= 0; i--) {
		/* In the order in which they would have been filled */
		int at = (vid->last_slot + 1 + i) % (int)vid->n_slots;
		struct tw6869_slot *slot = &vid->slot[at];

		if (slot->buf)
			list_add(&slot->buf->list, &vid->pending);
		if (slot->ring >= 0)
			__set_bit(slot->ring, &vid->ring_free);
		slot->buf = NULL;
		slot->ring = -1;
	}
}

bool tw6869_dma_is_empty(const struct tw6869_vid *vid)
{
	unsigned int i;

	for (i = 0; i < vid->n_slots; i++)
		if (vid->slot[i].buf || vid->slot[i].ring >= 0)
			return false;
	return true;
}

static u32 keep_mask(const struct tw6869_vid *vid)
{
	u32 mask = TW_FIELD_MASK_ON;
	unsigned int i;

	if (!vid->rate)
		return 0;
	/* Whole frames, spread evenly; the first field has bit 1. */
	for (i = 0; i < 15; i += 15 / vid->rate)
		mask |= BIT(2 * i + 1) | BIT(2 * i + 2);
	return mask;
}

/* Format, geometry, rate and mode of a channel that does not run */
void tw6869_dma_program(struct tw6869_vid *vid)
{
	bool is_half = vid->height <= tw6869_std_lines(vid->std) / 2;
	bool is_field = tw6869_is_field_mode(vid);
	struct tw6869_dev *dev = vid->dev;
	unsigned int first, lines, mode;
	u32 cfg;

	if (is_field)
		is_half = vid->height <= tw6869_std_lines(vid->std) / 4;
	lines = is_field ? vid->height : vid->height / 2;
	cfg = TW_CHANNEL_FORMAT(vid->format->code) |
	      TW_CHANNEL_INPUT(vid->input);
	if (dev->memory == TW6869_DMA_SG) {
		first = dev->variant->shared_tables ?
			vid->ch * dev->table_entries : 0;
		cfg |= TW_CHANNEL_SG_FIRST(first) |
		       TW_CHANNEL_SG_LAST(first + dev->table_entries - 1);
	}
	if (vid->width <= TW6869_WIDTH / 2)
		cfg |= TW_CHANNEL_HALF_WIDTH;
	if (is_half)
		cfg |= TW_CHANNEL_HALF_HEIGHT;
	tw_write(dev, TW_CHANNEL(vid->ch), cfg);
	tw_write(dev, TW_GEOMETRY(vid->ch, 0),
		 tw_geometry_value(vid->width * 2, lines));
	tw_write(dev, TW_GEOMETRY(vid->ch, 1),
		 tw_geometry_value(vid->width * 2, lines));
	tw_write(dev, TW_FIELD_MASK(vid->ch), keep_mask(vid));
	if (is_field)
		mode = TW_MODE_FIELD;
	else
		mode = dev->memory == TW6869_DMA_SG ? TW_MODE_SG : TW_MODE_FRAME;
	dev->phase_ref &= ~TW_PHASE_MODE(vid->ch, 3u);
	dev->phase_ref |= TW_PHASE_MODE(vid->ch, mode);
	tw_write(dev, TW_PHASE_REF, dev->phase_ref);
}

/* Write what all channels share, after a reset.  Without the lock. */
void tw6869_dma_setup(struct tw6869_dev *dev)
{
	unsigned int ch, b;

	tw_write(dev, TW_PHASE_REF, dev->phase_ref);
	if (dev->memory != TW6869_DMA_SG)
		return;
	for (b = 0; b < 2; b++) {
		for (ch = 0; ch < dev->variant->channels; ch++) {
			size_t offset = ch * dev->table_entries *
					TW_SG_DESC_SIZE;

			if (dev->variant->shared_tables)
				offset = 0;
			tw_write(dev, tw_table(ch, b),
				 dev->table[b].dma + offset);
		}
	}
}

int tw6869_dma_init(struct tw6869_dev *dev)
{
	size_t tables;
	int b, err;

	dev->phase_ref = TW_PHASE_DEFAULT;
	if (dev->memory != TW6869_DMA_SG)
		return tw6869_block_alloc(dev, &dev->spare, TW6869_FRAME_SIZE);
	dev->table_entries = TW_SG_TABLE_MAX;
	if (dev->variant->shared_tables)
		dev->table_entries /= dev->variant->channels;
	tables = dev->table_entries * dev->variant->channels * TW_SG_DESC_SIZE;
	err = tw6869_block_alloc(dev, &dev->spare, PAGE_SIZE);
	for (b = 0; b < 2 && !err; b++)
		err = tw6869_block_alloc(dev, &dev->table[b], tables);
	return err;
}

void tw6869_dma_free(struct tw6869_dev *dev)
{
	tw6869_block_free(dev, &dev->table[0]);
	tw6869_block_free(dev, &dev->table[1]);
	tw6869_block_free(dev, &dev->spare);
}
