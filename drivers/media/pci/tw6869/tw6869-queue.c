// SPDX-License-Identifier: GPL-2.0-only
/*
 * The buffers of a node, in three memory models.
 *
 * dma-sg and dma-contig: the chip writes to the user's buffers.  vmalloc: it
 * writes to a small ring of coherent frames, from which a work copies.
 */

#include <linux/iommu.h>
#include <linux/slab.h>
#include <media/v4l2-ioctl.h>
#include <media/videobuf2-dma-contig.h>
#include <media/videobuf2-dma-sg.h>
#include <media/videobuf2-vmalloc.h>

#include "tw6869.h"

static struct tw6869_buf *to_buf(struct vb2_buffer *vb)
{
	return container_of(to_vb2_v4l2_buffer(vb), struct tw6869_buf, vb);
}

static int queue_setup(struct vb2_queue *q, unsigned int *n_buffers,
		       unsigned int *n_planes, unsigned int sizes[],
		       struct device *alloc_devs[])
{
	struct tw6869_vid *vid = vb2_get_drv_priv(q);

	if (*n_planes)
		return *n_planes != 1 || sizes[0] < tw6869_frame_bytes(vid) ?
		       -EINVAL : 0;
	*n_planes = 1;
	sizes[0] = tw6869_frame_bytes(vid);
	return 0;
}

/* The buffer has got memory, for many turns. */
static int buf_init(struct vb2_buffer *vb)
{
	struct tw6869_vid *vid = vb2_get_drv_priv(vb->vb2_queue);

	if (vid->dev->memory == TW6869_DMA_SG)
		return tw6869_dma_describe(vid, to_buf(vb));
	if (vid->dev->memory == TW6869_DMA_CONTIG &&
	    vb2_dma_contig_plane_dma_addr(vb, 0) & 3)
		return -EINVAL;
	return 0;
}

static void buf_cleanup(struct vb2_buffer *vb)
{
	kfree(to_buf(vb)->descs);
	to_buf(vb)->descs = NULL;
}

static int buf_prepare(struct vb2_buffer *vb)
{
	struct tw6869_vid *vid = vb2_get_drv_priv(vb->vb2_queue);

	if (vb2_plane_size(vb, 0) < tw6869_frame_bytes(vid))
		return -EINVAL;
	vb2_set_plane_payload(vb, 0, tw6869_frame_bytes(vid));
	return 0;
}

static void buf_queue(struct vb2_buffer *vb)
{
	struct tw6869_vid *vid = vb2_get_drv_priv(vb->vb2_queue);

	scoped_guard(spinlock_irqsave, &vid->dev->lock) {
		list_add_tail(&to_buf(vb)->list, &vid->pending);
	}
}

/* ---- vmalloc ---- */

static void free_ring(struct tw6869_vid *vid)
{
	unsigned int i;

	for (i = 0; i < TW6869_RING; i++)
		tw6869_block_free(vid->dev, &vid->ring[i]);
	vid->ring_free = 0;
}

static int alloc_ring(struct tw6869_vid *vid)
{
	unsigned int i;

	for (i = 0; i < TW6869_RING; i++) {
		if (tw6869_block_alloc(vid->dev, &vid->ring[i],
				       tw6869_frame_bytes(vid))) {
			free_ring(vid);
			return -ENOMEM;
		}
	}
	vid->ring_free = GENMASK(TW6869_RING - 1, 0);
	return 0;
}

static struct tw6869_buf *next_copy(struct tw6869_vid *vid)
{
	struct tw6869_buf *buf;

	scoped_guard(spinlock_irqsave, &vid->dev->lock) {
		buf = list_first_entry_or_null(&vid->copies, struct tw6869_buf, list);
		if (buf)
			list_del(&buf->list);
	}
	return buf;
}

static void copy_work(struct work_struct *work)
{
	struct tw6869_vid *vid = container_of(work, struct tw6869_vid,
					      copy_work);
	struct tw6869_buf *buf;

	while ((buf = next_copy(vid))) {
		struct vb2_buffer *vb = &buf->vb.vb2_buf;
		void *to = vb2_plane_vaddr(vb, 0);

		/* Of a damaged frame there is nothing to copy. */
		if (buf->ring < 0) {
			vb2_buffer_done(vb, VB2_BUF_STATE_ERROR);
			continue;
		}
		if (to)
			memcpy(to, vid->ring[buf->ring].cpu, tw6869_frame_bytes(vid));
		scoped_guard(spinlock_irqsave, &vid->dev->lock)
			__set_bit(buf->ring, &vid->ring_free);
		vb2_buffer_done(vb, to ? VB2_BUF_STATE_DONE :
					 VB2_BUF_STATE_ERROR);
	}
}

/* ---- streaming ---- */

static void return_buffers(struct tw6869_vid *vid, enum vb2_buffer_state state)
{
	struct tw6869_buf *buf, *tmp;

	scoped_guard(spinlock_irqsave, &vid->dev->lock) {
		list_for_each_entry_safe(buf, tmp, &vid->pending, list) {
			list_del(&buf->list);
			vb2_buffer_done(&buf->vb.vb2_buf, state);
		}
	}
}

static int start_streaming(struct vb2_queue *q, unsigned int count)
{
	struct tw6869_vid *vid = vb2_get_drv_priv(q);
	bool copies = vid->dev->memory == TW6869_VMALLOC;
	int err = 0;

	if (copies)
		err = alloc_ring(vid);
	if (!err)
		err = tw6869_stream_start(vid);
	if (!err)
		return 0;
	if (copies)
		free_ring(vid);
	return_buffers(vid, VB2_BUF_STATE_QUEUED);
	return err;
}

static void stop_streaming(struct vb2_queue *q)
{
	struct tw6869_vid *vid = vb2_get_drv_priv(q);

	tw6869_stream_stop(vid);
	flush_work(&vid->copy_work);
	free_ring(vid);
	return_buffers(vid, VB2_BUF_STATE_ERROR);
}

static const struct vb2_ops queue_ops = {
	.queue_setup = queue_setup,
	.buf_init = buf_init,
	.buf_cleanup = buf_cleanup,
	.buf_prepare = buf_prepare,
	.buf_queue = buf_queue,
	.start_streaming = start_streaming,
	.stop_streaming = stop_streaming,
	.wait_prepare = vb2_ops_wait_prepare,
	.wait_finish = vb2_ops_wait_finish,
};

/* Hardly any user memory is contiguous, but an IOMMU makes it look so. */
static bool user_memory_works(struct tw6869_dev *dev)
{
	struct iommu_domain *domain;

	if (dev->memory != TW6869_DMA_CONTIG)
		return true;
	domain = iommu_get_domain_for_dev(&dev->pdev->dev);
	return domain && domain->type & __IOMMU_DOMAIN_PAGING;
}

int tw6869_queue_init(struct tw6869_vid *vid)
{
	static const struct vb2_mem_ops *const mem_ops[] = {
		[TW6869_DMA_SG] = &vb2_dma_sg_memops,
		[TW6869_DMA_CONTIG] = &vb2_dma_contig_memops,
		[TW6869_VMALLOC] = &vb2_vmalloc_memops,
	};
	struct vb2_queue *q = &vid->queue;

	INIT_LIST_HEAD(&vid->pending);
	INIT_LIST_HEAD(&vid->copies);
	INIT_WORK(&vid->copy_work, copy_work);
	q->type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
	q->io_modes = VB2_MMAP | VB2_DMABUF | VB2_READ;
	if (user_memory_works(vid->dev))
		q->io_modes |= VB2_USERPTR;
	q->drv_priv = vid;
	q->buf_struct_size = sizeof(struct tw6869_buf);
	q->ops = &queue_ops;
	q->mem_ops = mem_ops[vid->dev->memory];
	q->timestamp_flags = V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
	/* Two are with the chip all the time. */
	q->min_reqbufs_allocation = 3;
	q->lock = &vid->lock;
	q->dev = &vid->dev->pdev->dev;
	if (vid->dev->memory != TW6869_VMALLOC)
		q->gfp_flags = GFP_DMA32;
	return vb2_queue_init(q);
}
