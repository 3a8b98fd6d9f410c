/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * videobuf2: the V4L2 front-end
 *
 * Most drivers put vb2_ioctl_* and vb2_fop_* into their tables and set
 * &video_device.queue; that is all. Drivers with a queue per file handle, or
 * with locks of their own, call the functions without "ioctl" in their name.
 */
#ifndef _MEDIA_VIDEOBUF2_V4L2_H
#define _MEDIA_VIDEOBUF2_V4L2_H

#include <linux/videodev2.h>

#include <media/videobuf2-core.h>
#include <media/videobuf2-frontend.h>

#if VB2_MAX_PLANES != VIDEO_MAX_PLANES || VB2_MAX_FRAME != VIDEO_MAX_FRAME
#error The limits of videobuf2 and of videodev2.h differ
#endif

struct media_device;
struct media_request;
struct video_device;

/**
 * struct vb2_v4l2_buffer - a buffer as V4L2 drivers see it
 * @vb2_buf: the core's part, first
 * @flags: V4L2_BUF_FLAG_* that travel between user space and driver
 * @field: &enum v4l2_field of the image
 * @timecode: valid with V4L2_BUF_FLAG_TIMECODE
 * @sequence: number of the frame, set by drivers of capture devices
 * @request_fd: the request's descriptor as user space gave it, or -1
 * @is_held: mem2mem: the capture buffer is kept for the next slice
 * @planes: the same as those of @vb2_buf
 *
 * A driver's own buffer struct begins with this one.
 */
struct vb2_v4l2_buffer {
	struct vb2_buffer	vb2_buf;

	struct vb2_plane	*planes;
	__u32			sequence;
	__u32			field;
	__u32			flags;
	__s32			request_fd;
	bool			is_held;
	struct v4l2_timecode	timecode;
};

/* vb2_queue.subsystem_flags: mem2mem can hold capture buffers */
#define VB2_V4L2_FL_SUPPORTS_M2M_HOLD_CAPTURE_BUF	BIT(0)

/**
 * to_vb2_v4l2_buffer() - the V4L2 buffer around a vb2 buffer
 * @vb: the buffer, of a V4L2 queue
 *
 * Context: any.
 *
 * Return: the &struct vb2_v4l2_buffer.
 */
#define to_vb2_v4l2_buffer(vb) \
	container_of(vb, struct vb2_v4l2_buffer, vb2_buf)

/**
 * vb2_queue_init() - make a V4L2 queue usable
 * @q: the queue, zeroed but for what the driver set
 *
 * See &struct vb2_queue for where it may live and when it is released.
 *
 * Context: process; takes nothing.
 *
 * Return: 0, or -EINVAL with a WARN if a needed member is missing or senseless.
 */
int __must_check vb2_queue_init(struct vb2_queue *q);

/**
 * vb2_queue_init_name() - the same, with a name for messages
 * @q: the queue, zeroed but for what the driver set
 * @name: the name, cut to 31 characters
 *
 * Context: process; takes nothing.
 *
 * Return: as vb2_queue_init().
 */
int __must_check vb2_queue_init_name(struct vb2_queue *q, const char *name);

/**
 * vb2_queue_change_type() - use the queue for another buffer type
 * @q: the queue
 * @type: the new type
 *
 * Context: any. &vb2_queue.lock held.
 *
 * Return: 0, or -EBUSY if the queue is in use.
 */
int vb2_queue_change_type(struct vb2_queue *q, unsigned int type);

/**
 * vb2_queue_release() - stop everything and free all buffers
 * @q: the queue
 *
 * Cannot fail. Drivers that use vb2_fop_release() do not call it.
 *
 * Context: process, may sleep. &vb2_queue.lock held.
 */
void vb2_queue_release(struct vb2_queue *q);

/**
 * vb2_queue_is_busy() - does another file handle own the queue?
 * @q: the queue
 * @file: the file that asks
 *
 * Context: any. &vb2_queue.lock held.
 *
 * Return: true if so.
 */
static inline bool vb2_queue_is_busy(struct vb2_queue *q, struct file *file)
{
	return q->owner && q->owner != file->private_data;
}

/**
 * vb2_reqbufs() - VIDIOC_REQBUFS
 * @q: the queue
 * @req: from and for user space
 *
 * Context: process, may sleep. &vb2_queue.lock held.
 *
 * Return: as vb2_core_reqbufs(); -EINVAL for an unsupported type or memory.
 */
int vb2_reqbufs(struct vb2_queue *q, struct v4l2_requestbuffers *req);

/**
 * vb2_create_bufs() - VIDIOC_CREATE_BUFS
 * @q: the queue
 * @create: from and for user space; with count 0 nothing is allocated
 *
 * Context: process, may sleep. &vb2_queue.lock held.
 *
 * Return: as vb2_core_create_bufs(); -EINVAL for an unsupported type, memory or
 * a format without sizes.
 */
int vb2_create_bufs(struct vb2_queue *q, struct v4l2_create_buffers *create);

/**
 * vb2_querybuf() - VIDIOC_QUERYBUF
 * @q: the queue
 * @b: from and for user space; a multi-planar one points at an array of planes
 *
 * Context: any. &vb2_queue.lock held.
 *
 * Return: 0, or -EINVAL for a wrong type, index or array of planes.
 */
int vb2_querybuf(struct vb2_queue *q, struct v4l2_buffer *b);

/**
 * vb2_expbuf() - VIDIOC_EXPBUF
 * @q: the queue
 * @eb: from and for user space
 *
 * Context: process, may sleep. &vb2_queue.lock held.
 *
 * Return: as vb2_core_expbuf(); -EINVAL for a wrong type or index.
 */
int vb2_expbuf(struct vb2_queue *q, struct v4l2_exportbuffer *eb);

/**
 * vb2_streamon() - VIDIOC_STREAMON
 * @q: the queue
 * @type: the type that user space gave
 *
 * Context: process, may sleep. &vb2_queue.lock held.
 *
 * Return: as vb2_core_streamon(); -EBUSY while read() or write() use the queue.
 */
int vb2_streamon(struct vb2_queue *q, enum v4l2_buf_type type);

/**
 * vb2_prepare_buf() - VIDIOC_PREPARE_BUF
 * @q: the queue
 * @mdev: the media device of requests, or NULL
 * @b: from and for user space
 *
 * Context: process, may sleep. &vb2_queue.lock held.
 *
 * Return: as vb2_core_prepare_buf(); -EINVAL for a wrong type, index, memory or
 * planes; -EBUSY while read() or write() use the queue.
 */
int vb2_prepare_buf(struct vb2_queue *q, struct media_device *mdev,
		    struct v4l2_buffer *b);

/**
 * vb2_qbuf() - VIDIOC_QBUF
 * @q: the queue
 * @mdev: the media device of requests, or NULL
 * @b: from and for user space
 *
 * Context: process, may sleep. &vb2_queue.lock held.
 *
 * Return: as vb2_core_qbuf(); -EINVAL for a wrong type, index, memory, planes
 * or field; -EBADR or -EBUSY if @b has or lacks a request and must not;
 * -EBUSY while read() or write() use the queue.
 */
int vb2_qbuf(struct vb2_queue *q, struct media_device *mdev,
	     struct v4l2_buffer *b);

/**
 * vb2_dqbuf() - VIDIOC_DQBUF
 * @q: the queue
 * @b: from and for user space
 * @nonblocking: do not sleep
 *
 * Context: process, sleeps. &vb2_queue.lock held, and released to sleep.
 *
 * Return: as vb2_core_dqbuf(); -EINVAL for a wrong type; -EBUSY while read() or
 * write() use the queue.
 */
int vb2_dqbuf(struct vb2_queue *q, struct v4l2_buffer *b, bool nonblocking);

/**
 * vb2_streamoff() - VIDIOC_STREAMOFF
 * @q: the queue
 * @type: the type that user space gave
 *
 * Context: process, may sleep. &vb2_queue.lock held.
 *
 * Return: as vb2_core_streamoff(); -EBUSY while read() or write() use the
 * queue.
 */
int vb2_streamoff(struct vb2_queue *q, enum v4l2_buf_type type);

/**
 * vb2_poll() - poll() of a V4L2 queue
 * @q: the queue
 * @file: the file, whose &struct v4l2_fh has the events
 * @wait: the poll table
 *
 * Context: process, may sleep. &vb2_queue.lock held.
 *
 * Return: as vb2_core_poll(), and EPOLLPRI if an event of V4L2 is pending.
 */
__poll_t vb2_poll(struct vb2_queue *q, struct file *file, poll_table *wait);

/**
 * vb2_find_buffer() - find the buffer that got a certain timestamp
 * @q: the queue
 * @timestamp: in nanoseconds; only timestamps copied from an OUTPUT buffer count
 *
 * For codecs, whose controls name reference frames this way.
 *
 * Context: any. The queue streams, or &vb2_queue.lock is held.
 *
 * Return: the first such buffer, or NULL.
 */
struct vb2_buffer *vb2_find_buffer(struct vb2_queue *q, u64 timestamp);

/*
 * The verbs as members of &struct v4l2_ioctl_ops. They work on
 * &video_device.queue, keep its owner, and return -EBUSY to other file handles
 * where that matters. All run in process context, may sleep, and want
 * &vb2_queue.lock to be held, which the V4L2 core does for them.
 */

/**
 * vb2_ioctl_reqbufs() - VIDIOC_REQBUFS
 * @file: the file
 * @priv: its private data
 * @p: from and for user space
 *
 * The file handle owns the queue afterwards, unless no buffers are left.
 *
 * Context: process, may sleep. &vb2_queue.lock held.
 *
 * Return: as vb2_reqbufs(); -EBUSY if another file handle owns the queue.
 */
int vb2_ioctl_reqbufs(struct file *file, void *priv,
		      struct v4l2_requestbuffers *p);

/**
 * vb2_ioctl_remove_bufs() - VIDIOC_REMOVE_BUFS
 * @file: the file
 * @priv: its private data
 * @p: from user space
 *
 * The owner stays the owner, even if it removes the last buffer.
 *
 * Context: process, may sleep. &vb2_queue.lock held.
 *
 * Return: as vb2_core_remove_bufs(); -EINVAL for a wrong type; -EBUSY if another
 * file handle owns the queue, or while read() or write() use it.
 */
int vb2_ioctl_remove_bufs(struct file *file, void *priv,
			  struct v4l2_remove_buffers *p);

/**
 * vb2_ioctl_create_bufs() - VIDIOC_CREATE_BUFS
 * @file: the file
 * @priv: its private data
 * @p: from and for user space
 *
 * The file handle owns the queue afterwards, unless the count is 0.
 *
 * Context: process, may sleep. &vb2_queue.lock held.
 *
 * Return: as vb2_create_bufs(); -EBUSY if another file handle owns the queue,
 * unless the count is 0.
 */
int vb2_ioctl_create_bufs(struct file *file, void *priv,
			  struct v4l2_create_buffers *p);

/**
 * vb2_ioctl_expbuf() - VIDIOC_EXPBUF, for any file handle
 * @file: the file
 * @priv: its private data
 * @p: from and for user space
 *
 * Context: process, may sleep. &vb2_queue.lock held.
 *
 * Return: as vb2_expbuf().
 */
int vb2_ioctl_expbuf(struct file *file, void *priv,
		     struct v4l2_exportbuffer *p);

/**
 * vb2_ioctl_querybuf() - VIDIOC_QUERYBUF, for any file handle
 * @file: the file
 * @priv: its private data
 * @p: from and for user space
 *
 * Context: process, may sleep. &vb2_queue.lock held.
 *
 * Return: as vb2_querybuf().
 */
int vb2_ioctl_querybuf(struct file *file, void *priv, struct v4l2_buffer *p);

/**
 * vb2_ioctl_streamon() - VIDIOC_STREAMON
 * @file: the file
 * @priv: its private data
 * @i: the type that user space gave
 *
 * Context: process, may sleep. &vb2_queue.lock held.
 *
 * Return: as vb2_streamon(); -EBUSY if another file handle owns the queue.
 */
int vb2_ioctl_streamon(struct file *file, void *priv, enum v4l2_buf_type i);

/**
 * vb2_ioctl_qbuf() - VIDIOC_QBUF
 * @file: the file
 * @priv: its private data
 * @p: from and for user space
 *
 * Context: process, may sleep. &vb2_queue.lock held.
 *
 * Return: as vb2_qbuf(); -EBUSY if another file handle owns the queue.
 */
int vb2_ioctl_qbuf(struct file *file, void *priv, struct v4l2_buffer *p);

/**
 * vb2_ioctl_prepare_buf() - VIDIOC_PREPARE_BUF
 * @file: the file
 * @priv: its private data
 * @p: from and for user space
 *
 * Context: process, may sleep. &vb2_queue.lock held.
 *
 * Return: as vb2_prepare_buf(); -EBUSY if another file handle owns the queue.
 */
int vb2_ioctl_prepare_buf(struct file *file, void *priv,
			  struct v4l2_buffer *p);

/**
 * vb2_ioctl_dqbuf() - VIDIOC_DQBUF
 * @file: the file
 * @priv: its private data
 * @p: from and for user space
 *
 * Does not sleep if the file was opened with O_NONBLOCK.
 *
 * Context: process, sleeps. &vb2_queue.lock held, and released to sleep.
 *
 * Return: as vb2_dqbuf(); -EBUSY if another file handle owns the queue.
 */
int vb2_ioctl_dqbuf(struct file *file, void *priv, struct v4l2_buffer *p);

/**
 * vb2_ioctl_streamoff() - VIDIOC_STREAMOFF
 * @file: the file
 * @priv: its private data
 * @i: the type that user space gave
 *
 * Context: process, may sleep. &vb2_queue.lock held.
 *
 * Return: as vb2_streamoff(); -EBUSY if another file handle owns the queue.
 */
int vb2_ioctl_streamoff(struct file *file, void *priv, enum v4l2_buf_type i);

/*
 * Members of struct v4l2_file_operations, for the same queue. All run in
 * process context, may sleep, and but for vb2_fop_mmap() take &vb2_queue.lock,
 * or &video_device.lock if there is none.
 */

/**
 * vb2_fop_read() - read(); the file handle owns the queue from then on
 * @file: the file
 * @buf: user memory
 * @count: bytes of it
 * @ppos: file position, moved
 *
 * Context: process, sleeps. Takes &vb2_queue.lock, or &video_device.lock.
 *
 * Return: as vb2_read(); -EBUSY if another file handle owns the queue; -ENODEV
 * if the node is gone; -ERESTARTSYS.
 */
ssize_t vb2_fop_read(struct file *file, char __user *buf, size_t count,
		     loff_t *ppos);

/**
 * vb2_fop_write() - write(); the file handle owns the queue from then on
 * @file: the file
 * @buf: user memory
 * @count: bytes of it
 * @ppos: file position, moved
 *
 * Context: process, sleeps. Takes &vb2_queue.lock, or &video_device.lock.
 *
 * Return: as vb2_write(); -EBUSY if another file handle owns the queue; -ENODEV
 * if the node is gone; -ERESTARTSYS.
 */
ssize_t vb2_fop_write(struct file *file, const char __user *buf, size_t count,
		      loff_t *ppos);

/**
 * vb2_fop_poll() - poll(), for any file handle
 * @file: the file
 * @wait: the poll table
 *
 * If it starts read() or write() on an idle queue the file handle owns that
 * from then on.
 *
 * Context: process, may sleep. Takes &vb2_queue.lock, or &video_device.lock.
 *
 * Return: as vb2_poll(); EPOLLERR if the node is gone.
 */
__poll_t vb2_fop_poll(struct file *file, poll_table *wait);

/**
 * vb2_fop_mmap() - mmap(), for any file handle
 * @file: the file
 * @vma: the mapping
 *
 * Context: process, may sleep. mmap_lock of the process held.
 *
 * Return: as vb2_mmap().
 */
int vb2_fop_mmap(struct file *file, struct vm_area_struct *vma);

/**
 * vb2_fop_get_unmapped_area() - where a plane is, without an MMU
 * @file: the file
 * @addr: not used
 * @len: not used
 * @pgoff: names the plane, in pages
 * @flags: not used
 *
 * Context: process, may sleep.
 *
 * Return: as vb2_get_unmapped_area(). Only without CONFIG_MMU.
 */
unsigned long vb2_fop_get_unmapped_area(struct file *file, unsigned long addr,
					unsigned long len, unsigned long pgoff,
					unsigned long flags);

/**
 * vb2_fop_release() - release(): what the file handle owns is freed
 * @file: the file, with a &struct v4l2_fh, which is freed as well
 *
 * Context: process, may sleep. Takes &vb2_queue.lock, or &video_device.lock.
 *
 * Return: 0.
 */
int vb2_fop_release(struct file *file);

/**
 * _vb2_fop_release() - vb2_fop_release() for drivers with more to do
 * @file: the file
 * @lock: taken around the release of the queue; NULL if the caller holds it
 *
 * Context: process, may sleep.
 *
 * Return: 0.
 */
int _vb2_fop_release(struct file *file, struct mutex *lock);

/**
 * vb2_video_unregister_device() - unregister a video node and stop its queue
 * @vdev: the node, whose &video_device.queue is used
 *
 * For disconnect and remove functions: no new ioctl comes in, sleepers in DQBUF
 * return -ENODEV, the driver's stop_streaming was called and all buffers are
 * free when this returns. File handles that are still open may be closed later.
 *
 * Context: process; takes the lock of the queue or of the node.
 */
void vb2_video_unregister_device(struct video_device *vdev);

/**
 * vb2_ops_wait_finish() - a wait_finish operation that locks
 * @vq: the queue, with &vb2_queue.lock
 *
 * Context: process, may sleep.
 */
void vb2_ops_wait_finish(struct vb2_queue *vq);

/**
 * vb2_ops_wait_prepare() - a wait_prepare operation that unlocks
 * @vq: the queue, with &vb2_queue.lock
 *
 * Context: process.
 */
void vb2_ops_wait_prepare(struct vb2_queue *vq);

/**
 * vb2_request_queue() - a req_queue operation
 * @req: the request, validated
 *
 * Context: process, may sleep. The media device's req_queue_mutex held; takes
 * &vb2_queue.lock.
 */
void vb2_request_queue(struct media_request *req);

/**
 * vb2_request_validate() - a req_validate operation
 * @req: the request
 *
 * Prepares its objects, buffers last.
 *
 * Context: process, may sleep. The media device's req_queue_mutex held; takes
 * &vb2_queue.lock.
 *
 * Return: 0; -ENOENT if it has no buffer; or why an object refused.
 */
int vb2_request_validate(struct media_request *req);

#endif /* _MEDIA_VIDEOBUF2_V4L2_H */
