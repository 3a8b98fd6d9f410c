/* SPDX-License-Identifier: GPL-2.0-only */
/* videobuf2: memory for devices that can scatter and gather */
#ifndef _MEDIA_VIDEOBUF2_DMA_SG_H
#define _MEDIA_VIDEOBUF2_DMA_SG_H

#include <media/videobuf2-v4l2.h>

/**
 * vb2_dma_sg_plane_desc() - where a plane is for the device
 * @vb: the buffer
 * @plane_no: number of the plane
 *
 * Context: any.
 *
 * Return: its mapped scatter list, to be walked with for_each_sgtable_dma_sg().
 */
static inline struct sg_table *vb2_dma_sg_plane_desc(struct vb2_buffer *vb,
						     unsigned int plane_no)
{
	return vb2_plane_cookie(vb, plane_no);
}

/* For &vb2_queue.mem_ops; needs &vb2_queue.dev with a DMA mask */
extern const struct vb2_mem_ops vb2_dma_sg_memops;

#endif /* _MEDIA_VIDEOBUF2_DMA_SG_H */
