/* SPDX-License-Identifier: GPL-2.0-only */
/* videobuf2: memory for devices that need one run of bus addresses */
#ifndef _MEDIA_VIDEOBUF2_DMA_CONTIG_H
#define _MEDIA_VIDEOBUF2_DMA_CONTIG_H

#include <linux/dma-mapping.h>

#include <media/videobuf2-v4l2.h>

/**
 * vb2_dma_contig_plane_dma_addr() - where a plane is for the device
 * @vb: the buffer
 * @plane_no: number of the plane, which must have memory
 *
 * Context: any.
 *
 * Return: the bus address of its first byte.
 */
static inline dma_addr_t vb2_dma_contig_plane_dma_addr(struct vb2_buffer *vb,
						       unsigned int plane_no)
{
	const dma_addr_t *addr = vb2_plane_cookie(vb, plane_no);

	return *addr;
}

/**
 * vb2_dma_contig_set_max_seg_size() - allow long segments in mappings
 * @dev: the device
 * @size: bytes; smaller than the present limit has no effect
 *
 * The DMA API cuts mappings at 64 KiB unless the device says otherwise, and a
 * cut mapping is not contiguous. Call it at probe if user pages or dma-bufs
 * are to be imported.
 *
 * Context: any; before memory is mapped for the device.
 *
 * Return: 0, or -ENODEV if the device has no DMA parameters.
 */
int vb2_dma_contig_set_max_seg_size(struct device *dev, unsigned int size);

/**
 * vb2_dma_contig_clear_max_seg_size() - counterpart, for drivers that call it
 * @dev: the device
 *
 * There is nothing to undo: the bus owns the parameters.
 *
 * Context: any.
 */
static inline void vb2_dma_contig_clear_max_seg_size(struct device *dev)
{
}

/* For &vb2_queue.mem_ops; needs &vb2_queue.dev */
extern const struct vb2_mem_ops vb2_dma_contig_memops;

#endif /* _MEDIA_VIDEOBUF2_DMA_CONTIG_H */
