/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * videobuf2: what a front-end (V4L2, DVB) needs, beside videobuf2-core.h
 *
 * The vb2_core functions are the streaming verbs without any user-space struct:
 * @pb is the front-end's own struct, handed back to its &struct vb2_buf_ops.
 * Unless said otherwise all run in process context, may sleep, and want
 * &vb2_queue.lock to be held if the queue has one.
 */
#ifndef _MEDIA_VIDEOBUF2_FRONTEND_H
#define _MEDIA_VIDEOBUF2_FRONTEND_H

#include <media/videobuf2-core.h>

/* A flag of vb2_core_reqbufs() and vb2_core_create_bufs(), as V4L2 has it */
#define VB2_MEMORY_FLAG_NON_COHERENT	BIT(0)

/**
 * vb2_core_queue_init() - make a queue usable
 * @q: the queue, zeroed but for what driver and front-end set
 *
 * Context: any; takes nothing.
 *
 * Return: 0, or -EINVAL with a WARN if a needed member is missing or senseless.
 */
int vb2_core_queue_init(struct vb2_queue *q);

/**
 * vb2_verify_memory_type() - may buffers of this memory be allocated now?
 * @q: the queue
 * @memory: the memory
 * @type: must be the queue's
 *
 * Context: any. &vb2_queue.lock held.
 *
 * Return: 0; -EINVAL if type or memory are not supported; -EBUSY, checked last,
 * while read() or write() use the queue.
 */
int vb2_verify_memory_type(struct vb2_queue *q, enum vb2_memory memory,
			   unsigned int type);

/**
 * vb2_core_reqbufs() - free all buffers and allocate new ones
 * @q: the queue
 * @memory: where their memory comes from
 * @flags: VB2_MEMORY_FLAG_NON_COHERENT or 0
 * @count: in: how many, 0 to only free; out: how many there are
 *
 * Context: process, may sleep. &vb2_queue.lock held.
 *
 * Return: 0; -EBUSY while streaming or while another thread sleeps in DQBUF;
 * -ENOMEM; -EINVAL; or what the driver's queue_setup returned. On failure the
 * queue has no buffers.
 */
int vb2_core_reqbufs(struct vb2_queue *q, enum vb2_memory memory,
		     unsigned int flags, unsigned int *count);

/**
 * vb2_core_remove_bufs() - free some buffers
 * @q: the queue
 * @start: number of the first
 * @count: how many
 *
 * Context: process, may sleep. &vb2_queue.lock held.
 *
 * Return: 0; -EINVAL if one of them does not exist; -EBUSY if one of them is
 * not dequeued. On failure nothing is freed.
 */
int vb2_core_remove_bufs(struct vb2_queue *q, unsigned int start,
			 unsigned int count);

/**
 * vb2_core_create_bufs() - add buffers to those that exist
 * @q: the queue
 * @memory: where their memory comes from, as for those that exist
 * @flags: VB2_MEMORY_FLAG_NON_COHERENT or 0, as for those that exist
 * @count: in: how many; out: how many were added
 * @num_planes: number of planes, 0 to leave it to the driver
 * @sizes: bytes of each of those
 * @first_index: out: number of the first; the others follow without a gap
 *
 * Context: process, may sleep. &vb2_queue.lock held.
 *
 * Return: 0; -ENOBUFS if the table is full; -EINVAL if memory or flags differ;
 * -EBUSY; -ENOMEM; or what the driver's queue_setup returned. On failure the
 * buffers that existed are untouched.
 */
int vb2_core_create_bufs(struct vb2_queue *q, enum vb2_memory memory,
			 unsigned int flags, unsigned int *count,
			 unsigned int num_planes, const unsigned int sizes[],
			 unsigned int *first_index);

/**
 * vb2_core_querybuf() - describe a buffer
 * @q: the queue
 * @vb: its buffer
 * @pb: out: the front-end's struct
 *
 * Context: any. &vb2_queue.lock held.
 */
void vb2_core_querybuf(struct vb2_queue *q, struct vb2_buffer *vb, void *pb);

/**
 * vb2_buffer_in_use() - does anyone but the queue hold the memory?
 * @q: the queue
 * @vb: its buffer
 *
 * Context: any. &vb2_queue.lock held.
 *
 * Return: true if a plane is mapped or exported.
 */
bool vb2_buffer_in_use(struct vb2_queue *q, struct vb2_buffer *vb);

/**
 * vb2_mmap() - map a plane into user space
 * @q: the queue
 * @vma: the mapping; its offset names the plane
 *
 * Context: mmap_lock of the process held; &vb2_queue.lock must not be needed.
 *
 * Return: 0; -EINVAL if not MMAP, private, without the right access, beyond the
 * plane, or for a wrong offset; -EBUSY while read() or write() use the queue.
 */
int vb2_mmap(struct vb2_queue *q, struct vm_area_struct *vma);

/**
 * vb2_get_unmapped_area() - where a plane is, without an MMU
 * @q: the queue
 * @addr: not used
 * @len: not used
 * @pgoff: names the plane, in pages
 * @flags: not used
 *
 * Context: process, may sleep.
 *
 * Return: the address or an error code. Only without CONFIG_MMU.
 */
unsigned long vb2_get_unmapped_area(struct vb2_queue *q, unsigned long addr,
				    unsigned long len, unsigned long pgoff,
				    unsigned long flags);

/**
 * vb2_core_expbuf() - export a plane as a dma-buf
 * @q: the queue
 * @fd: out: its descriptor
 * @type: must be the queue's
 * @vb: its buffer
 * @plane: number of the plane
 * @flags: O_CLOEXEC and an access mode
 *
 * Context: process, may sleep. &vb2_queue.lock held.
 *
 * Return: 0; -EINVAL for wrong arguments, or if the memory is not the queue's;
 * or why the descriptor could not be made.
 */
int vb2_core_expbuf(struct vb2_queue *q, int *fd, unsigned int type,
		    struct vb2_buffer *vb, unsigned int plane,
		    unsigned int flags);

/**
 * vb2_queue_allows_cache_hints() - may user space skip cache maintenance?
 * @q: the queue
 *
 * Context: any. &vb2_queue.lock held.
 *
 * Return: true for MMAP buffers of a driver that allows it.
 */
static inline bool vb2_queue_allows_cache_hints(struct vb2_queue *q)
{
	return q->allow_cache_hints && q->memory == VB2_MEMORY_MMAP;
}

/**
 * vb2_core_streamon() - start
 * @q: the queue
 * @type: must be the queue's
 *
 * The driver starts now, or with the QBUF that brings min_queued_buffers.
 *
 * Context: process, may sleep. &vb2_queue.lock held.
 *
 * Return: 0, also if it streams already; -EINVAL for a wrong type or too few
 * buffers; or what the driver's prepare_streaming or start_streaming returned.
 */
int vb2_core_streamon(struct vb2_queue *q, unsigned int type);

/**
 * vb2_core_qbuf() - give a buffer to the queue, or put it into a request
 * @q: the queue
 * @vb: its buffer, whose planes the front-end has filled in
 * @pb: in, out: the front-end's struct, or NULL
 * @req: the request, or NULL
 *
 * Context: process, may sleep. &vb2_queue.lock held.
 *
 * Return: 0; -EINVAL if the buffer is not dequeued; -EIO after
 * vb2_queue_error(); -EBADR or -EBUSY if use with and without requests clash;
 * why its memory or the driver refused it; or the error of a start_streaming
 * that waited for this buffer. On failure the buffer stays dequeued.
 */
int vb2_core_qbuf(struct vb2_queue *q, struct vb2_buffer *vb, void *pb,
		  struct media_request *req);

/**
 * vb2_core_prepare_buf() - do what QBUF does, short of queueing
 * @q: the queue
 * @vb: its buffer
 * @pb: out: the front-end's struct
 *
 * Context: process, may sleep. &vb2_queue.lock held.
 *
 * Return: 0; -EINVAL if the buffer is not dequeued or already prepared; -EIO
 * after vb2_queue_error(); or why its memory or the driver refused it. On
 * failure the buffer stays dequeued.
 */
int vb2_core_prepare_buf(struct vb2_queue *q, struct vb2_buffer *vb, void *pb);

/**
 * vb2_core_poll() - poll() of a queue
 * @q: the queue
 * @file: the file
 * @wait: the poll table
 *
 * Starts reading if nothing was allocated and read() is supported; only then
 * is &vb2_queue.lock needed.
 *
 * Context: process, may sleep. &vb2_queue.lock held.
 *
 * Return: events of EPOLLIN, EPOLLOUT and the like; EPOLLERR if there is nothing
 * to wait for.
 */
__poll_t vb2_core_poll(struct vb2_queue *q, struct file *file,
		       poll_table *wait);

/**
 * vb2_core_dqbuf() - take the next finished buffer out
 * @q: the queue
 * @pindex: out: its number; may be NULL
 * @pb: in, out: the front-end's struct, or NULL
 * @nonblocking: do not sleep
 *
 * Sleeps without &vb2_queue.lock.
 *
 * Context: process, sleeps. &vb2_queue.lock held, and released to sleep.
 *
 * Return: 0; -EAGAIN if there is none and @nonblocking; -EINVAL if not
 * streaming, or streaming ended; -EIO after vb2_queue_error(); -EPIPE after the
 * LAST buffer; -EBUSY if another thread sleeps here; -ENODEV if the device went
 * away; -ERESTARTSYS.
 */
int vb2_core_dqbuf(struct vb2_queue *q, unsigned int *pindex, void *pb,
		   bool nonblocking);

/**
 * vb2_core_streamoff() - stop, and give every buffer back to user space
 * @q: the queue
 * @type: must be the queue's
 *
 * Works on a queue that does not stream as well. User memory and imported
 * dma-bufs are released.
 *
 * Context: process, may sleep. &vb2_queue.lock held.
 *
 * Return: 0, or -EINVAL for a wrong type.
 */
int vb2_core_streamoff(struct vb2_queue *q, unsigned int type);

/**
 * typedef vb2_thread_fnc - what the consumer thread does with each buffer
 * @vb: the buffer, which goes back to the queue afterwards
 * @priv: what vb2_thread_start() was given
 *
 * Context: the thread, without &vb2_queue.lock.
 *
 * Return: 0, or anything else to end the thread's work.
 */
typedef int (*vb2_thread_fnc)(struct vb2_buffer *vb, void *priv);

/**
 * vb2_thread_start() - stream inside the kernel
 * @q: the queue, which nobody uses
 * @fnc: called with each buffer, in the thread
 * @priv: for @fnc
 * @thread_name: name of the thread, with "vb2-" before it
 *
 * Context: process, without &vb2_queue.lock, which is taken here.
 *
 * Return: 0; -EBUSY if the queue is in use; or why it could not start.
 */
int vb2_thread_start(struct vb2_queue *q, vb2_thread_fnc fnc, void *priv,
		     const char *thread_name);

/**
 * vb2_thread_stop() - end what vb2_thread_start() began
 * @q: the queue
 *
 * Context: process, without &vb2_queue.lock.
 *
 * Return: 0.
 */
int vb2_thread_stop(struct vb2_queue *q);

/**
 * vb2_read() - read() of a queue
 * @q: the queue
 * @data: user memory
 * @count: bytes of it
 * @ppos: file position, moved
 * @nonblock: do not sleep
 *
 * Context: process, sleeps. &vb2_queue.lock held, and released to sleep.
 *
 * Return: bytes read, or an error code.
 */
ssize_t vb2_read(struct vb2_queue *q, char __user *data, size_t count,
		 loff_t *ppos, int nonblock);

/**
 * vb2_write() - write() of a queue
 * @q: the queue
 * @data: user memory
 * @count: bytes of it
 * @ppos: file position, moved
 * @nonblock: do not sleep
 *
 * Context: process, sleeps. &vb2_queue.lock held, and released to sleep.
 *
 * Return: bytes written, or an error code.
 */
ssize_t vb2_write(struct vb2_queue *q, const char __user *data, size_t count,
		  loff_t *ppos, int nonblock);

/**
 * vb2_core_queue_release() - stop everything and free all buffers
 * @q: the queue, which may be used again afterwards
 *
 * Cannot fail. Memory that is still mapped or exported lives on by itself. The
 * caller makes sure that nobody else uses the queue (mem2mem calls this with
 * locks of its own, so &vb2_queue.lock is not asserted).
 *
 * Context: process, may sleep.
 */
void vb2_core_queue_release(struct vb2_queue *q);

#endif /* _MEDIA_VIDEOBUF2_FRONTEND_H */
