/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * videobuf2: what a driver needs to know of the buffer core
 *
 * A driver embeds &struct vb2_queue, fills the members listed as "set by the
 * driver", gives it operations and a memory allocator, and from then on sees
 * buffers only through &struct vb2_ops and vb2_buffer_done(). The structures
 * are in videobuf2-types.h, what a driver can call is here.
 *
 * Front-ends (V4L2, DVB) use videobuf2-frontend.h on top of this header. The
 * core itself knows no front-end.
 */
#ifndef _MEDIA_VIDEOBUF2_CORE_H
#define _MEDIA_VIDEOBUF2_CORE_H

#include <media/videobuf2-types.h>

/**
 * vb2_plane_vaddr() - the kernel's address of a plane
 * @vb: the buffer
 * @plane_no: number of the plane
 *
 * Memory that has no kernel mapping yet gets one, which may sleep: call it in
 * buf_init or buf_prepare first if you need it in interrupt context later.
 *
 * Context: any, but the first call for a plane's memory may sleep.
 *
 * Return: the address, or NULL if the plane does not exist, has no memory, or
 * its memory cannot be mapped (DMA_ATTR_NO_KERNEL_MAPPING).
 */
void *vb2_plane_vaddr(struct vb2_buffer *vb, unsigned int plane_no);

/**
 * vb2_plane_cookie() - the allocator's description of a plane for the hardware
 * @vb: the buffer
 * @plane_no: number of the plane
 *
 * Use the typed vb2_dma_contig_plane_dma_addr() or vb2_dma_sg_plane_desc().
 *
 * Context: any.
 *
 * Return: what &vb2_mem_ops.cookie gives, or NULL if there is none.
 */
void *vb2_plane_cookie(struct vb2_buffer *vb, unsigned int plane_no);

/**
 * vb2_buffer_done() - the driver gives a buffer back
 * @vb: a buffer that the driver got by its buf_queue operation
 * @state: VB2_BUF_STATE_DONE, VB2_BUF_STATE_ERROR for damaged payload, or
 *	VB2_BUF_STATE_QUEUED from a start_streaming operation that fails
 *
 * The hardware must not touch the memory any more. Set timestamp, sequence,
 * field and payload before. Wrong states, and buffers that the driver does not
 * own, are driver bugs and WARN.
 *
 * Context: any, also hard interrupts. Takes &vb2_queue.done_lock.
 */
void vb2_buffer_done(struct vb2_buffer *vb, enum vb2_buffer_state state);

/**
 * vb2_discard_done() - turn everything that waits for DQBUF into errors
 * @q: the queue
 *
 * For drivers that lost their hardware's state, as after a suspend.
 *
 * Context: any. Takes &vb2_queue.done_lock.
 */
void vb2_discard_done(struct vb2_queue *q);

/**
 * vb2_wait_for_all_buffers() - wait until the driver has given all buffers back
 * @q: the queue
 *
 * For stop_streaming operations whose hardware finishes by itself.
 *
 * Context: process, sleeps until the last vb2_buffer_done().
 *
 * Return: 0, or -EINVAL if the queue does not stream.
 */
int vb2_wait_for_all_buffers(struct vb2_queue *q);

/**
 * vb2_queue_error() - nothing will come out of this queue any more
 * @q: the queue
 *
 * QBUF, PREPARE_BUF, STREAMON and DQBUF return -EIO and poll() says EPOLLERR
 * until streaming is stopped. Sleepers are woken.
 *
 * Context: any.
 */
void vb2_queue_error(struct vb2_queue *q);

/**
 * vb2_is_streaming() - was STREAMON called?
 * @q: the queue
 *
 * The driver's start_streaming may not have been called yet, for lack of
 * buffers; see vb2_start_streaming_called().
 *
 * Context: any.
 *
 * Return: true from STREAMON until STREAMOFF.
 */
static inline bool vb2_is_streaming(struct vb2_queue *q)
{
	return q->streaming;
}

/**
 * vb2_start_streaming_called() - is the driver between start and stop?
 * @q: the queue
 *
 * Context: any.
 *
 * Return: true while the stream runs.
 */
static inline bool vb2_start_streaming_called(struct vb2_queue *q)
{
	return q->start_streaming_called;
}

/**
 * vb2_fileio_is_active() - is the queue used by read() or write()?
 * @q: the queue
 *
 * Already true inside the queue_setup() of that use, which may refuse.
 *
 * Context: any.
 *
 * Return: true if so. The thread of vb2_thread_start() counts too.
 */
static inline bool vb2_fileio_is_active(struct vb2_queue *q)
{
	return q->fileio;
}

/**
 * vb2_get_num_buffers() - how many buffers there are
 * @q: the queue
 *
 * Context: any.
 *
 * Return: how many.
 */
static inline unsigned int vb2_get_num_buffers(struct vb2_queue *q)
{
	return q->num_bufs;
}

/**
 * vb2_is_busy() - is somebody using the queue?
 * @q: the queue
 *
 * From the first allocation until REQBUFS(0) or release. Formats must not
 * change meanwhile.
 *
 * Context: any.
 *
 * Return: true if so.
 */
static inline bool vb2_is_busy(struct vb2_queue *q)
{
	return q->is_busy;
}

/**
 * vb2_get_drv_priv() - the driver's pointer
 * @q: the queue
 *
 * Context: any.
 *
 * Return: &vb2_queue.drv_priv.
 */
static inline void *vb2_get_drv_priv(struct vb2_queue *q)
{
	return q->drv_priv;
}

/**
 * vb2_get_buffer() - the buffer with a number
 * @q: the queue
 * @index: the number
 *
 * Context: any.
 *
 * Return: the buffer or NULL. It stays as long as the queue streams or the
 * caller holds &vb2_queue.lock.
 */
static inline struct vb2_buffer *vb2_get_buffer(struct vb2_queue *q,
						unsigned int index)
{
	if (!q->bufs || index >= q->max_num_buffers)
		return NULL;
	return q->bufs[index];
}

/**
 * vb2_plane_size() - size of a plane
 * @vb: the buffer
 * @plane_no: number of the plane
 *
 * Context: any.
 *
 * Return: bytes, 0 if there is no such plane.
 */
static inline unsigned long vb2_plane_size(struct vb2_buffer *vb,
					   unsigned int plane_no)
{
	return plane_no < vb->num_planes ? vb->planes[plane_no].length : 0;
}

/**
 * vb2_get_plane_payload() - bytes of a plane that are in use
 * @vb: the buffer
 * @plane_no: number of the plane
 *
 * Context: any.
 *
 * Return: bytes, 0 if there is no such plane.
 */
static inline unsigned long vb2_get_plane_payload(struct vb2_buffer *vb,
						  unsigned int plane_no)
{
	return plane_no < vb->num_planes ? vb->planes[plane_no].bytesused : 0;
}

/**
 * vb2_set_plane_payload() - say how many bytes of a plane are in use
 * @vb: the buffer
 * @plane_no: number of the plane
 * @size: the bytes; more than the plane has is a driver bug and is cut down
 *
 * Context: any. The driver owns the buffer, or prepares it.
 */
static inline void vb2_set_plane_payload(struct vb2_buffer *vb,
					 unsigned int plane_no,
					 unsigned long size)
{
	struct vb2_plane *plane;

	if (plane_no >= vb->num_planes)
		return;
	plane = &vb->planes[plane_no];
	plane->bytesused = size;
	if (WARN_ON_ONCE(size > plane->length))
		plane->bytesused = plane->length;
}

/**
 * vb2_clear_last_buffer_dequeued() - let DQBUF sleep again
 * @q: the queue
 *
 * Once the buffer that is marked LAST has been dequeued, DQBUF returns -EPIPE.
 * A codec that starts over calls this.
 *
 * Context: any.
 */
static inline void vb2_clear_last_buffer_dequeued(struct vb2_queue *q)
{
	q->last_buffer_dequeued = false;
}

/**
 * vb2_request_object_is_buffer() - is this part of a request a buffer?
 * @obj: the request's object
 *
 * Context: any.
 *
 * Return: true if so.
 */
bool vb2_request_object_is_buffer(struct media_request_object *obj);

/**
 * vb2_request_buffer_cnt() - how many buffers a request has
 * @req: the request
 *
 * Context: process or interrupt; takes the request's spinlock.
 *
 * Return: how many.
 */
unsigned int vb2_request_buffer_cnt(struct media_request *req);

#endif /* _MEDIA_VIDEOBUF2_CORE_H */
