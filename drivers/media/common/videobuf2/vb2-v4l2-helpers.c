// SPDX-License-Identifier: GPL-2.0-only
/*
 * videobuf2: ioctl and file operations for drivers with a queue per video node
 *
 * What these add to the verbs is ownership: the file handle that allocates
 * buffers owns the queue until it frees them or is closed. The others may look,
 * and get -EBUSY for everything else.
 */
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/file.h>
#include <linux/mutex.h>

#include <media/v4l2-dev.h>
#include <media/v4l2-device.h>
#include <media/v4l2-fh.h>

#include "vb2-v4l2.h"

static struct vb2_queue *queue_of(struct file *file)
{
	return video_devdata(file)->queue;
}

/* The queue, unless it belongs to somebody else */
static struct vb2_queue *own_queue_of(struct video_device *vdev,
				      struct file *file)
{
	struct vb2_queue *q = vdev->queue;

	if (!vb2_queue_is_busy(q, file))
		return q;
	vb2_v4l2_dbg(q, "another file handle owns the queue\n");
	return ERR_PTR(-EBUSY);
}

static struct vb2_queue *own_queue(struct file *file)
{
	return own_queue_of(video_devdata(file), file);
}

/*
 * Around calls that may allocate, free and sleep: who allocates is the owner, and
 * without buffers there is none. A queue that is busy without an owner is in use
 * by the driver itself, see vb2_thread_start(), and stays so.
 */
static void claim(struct vb2_queue *q, struct file *file)
{
	if (!vb2_is_busy(q))
		q->owner = file->private_data;
}

static void settle(struct vb2_queue *q)
{
	if (!vb2_is_busy(q))
		q->owner = NULL;
}

static struct mutex *lock_of(struct video_device *vdev)
{
	return vdev->queue->lock ?: vdev->lock;
}

/* The ioctl operations. The ioctl core took the queue's lock. */

int vb2_ioctl_reqbufs(struct file *file, void *priv,
		      struct v4l2_requestbuffers *p)
{
	struct vb2_queue *q = queue_of(file);
	int ret = vb2_verify_memory_type(q, p->memory, p->type);

	if (ret)
		return ret;
	if (IS_ERR(own_queue(file)))
		return -EBUSY;
	claim(q, file);
	ret = vb2_reqbufs(q, p);
	settle(q);
	return ret;
}
EXPORT_SYMBOL_GPL(vb2_ioctl_reqbufs);

int vb2_ioctl_create_bufs(struct file *file, void *priv,
			  struct v4l2_create_buffers *p)
{
	struct vb2_queue *q = queue_of(file);
	int ret = vb2_verify_memory_type(q, p->memory, p->format.type);

	/* With count 0 nobody needs to own anything */
	if (!p->count)
		return vb2_create_bufs(q, p);
	if (ret)
		return ret;
	if (IS_ERR(own_queue(file)))
		return -EBUSY;
	claim(q, file);
	ret = vb2_create_bufs(q, p);
	settle(q);
	return ret;
}
EXPORT_SYMBOL_GPL(vb2_ioctl_create_bufs);

int vb2_ioctl_remove_bufs(struct file *file, void *priv,
			  struct v4l2_remove_buffers *p)
{
	struct vb2_queue *q = queue_of(file);

	if (p->type != q->type)
		return -EINVAL;
	if (!p->count)
		return 0;
	if (IS_ERR(own_queue(file)) || vb2_fileio_is_active(q))
		return -EBUSY;
	return vb2_core_remove_bufs(q, p->index, p->count);
}
EXPORT_SYMBOL_GPL(vb2_ioctl_remove_bufs);

int vb2_ioctl_querybuf(struct file *file, void *priv, struct v4l2_buffer *p)
{
	return vb2_querybuf(queue_of(file), p);
}
EXPORT_SYMBOL_GPL(vb2_ioctl_querybuf);

int vb2_ioctl_prepare_buf(struct file *file, void *priv, struct v4l2_buffer *p)
{
	struct video_device *vdev = video_devdata(file);
	struct vb2_queue *q = own_queue_of(vdev, file);

	return IS_ERR(q) ? PTR_ERR(q) : vb2_prepare_buf(q, vdev->v4l2_dev->mdev, p);
}
EXPORT_SYMBOL_GPL(vb2_ioctl_prepare_buf);

int vb2_ioctl_qbuf(struct file *file, void *priv, struct v4l2_buffer *p)
{
	struct video_device *vdev = video_devdata(file);
	struct vb2_queue *q = own_queue_of(vdev, file);

	return IS_ERR(q) ? PTR_ERR(q) : vb2_qbuf(q, vdev->v4l2_dev->mdev, p);
}
EXPORT_SYMBOL_GPL(vb2_ioctl_qbuf);

int vb2_ioctl_dqbuf(struct file *file, void *priv, struct v4l2_buffer *p)
{
	struct vb2_queue *q = own_queue(file);

	if (IS_ERR(q))
		return PTR_ERR(q);
	return vb2_dqbuf(q, p, file->f_flags & O_NONBLOCK);
}
EXPORT_SYMBOL_GPL(vb2_ioctl_dqbuf);

/* Exporting disturbs nobody: it is not only for the owner */
int vb2_ioctl_expbuf(struct file *file, void *priv, struct v4l2_exportbuffer *p)
{
	return vb2_expbuf(queue_of(file), p);
}
EXPORT_SYMBOL_GPL(vb2_ioctl_expbuf);

int vb2_ioctl_streamon(struct file *file, void *priv, enum v4l2_buf_type i)
{
	struct vb2_queue *q = own_queue(file);

	return IS_ERR(q) ? PTR_ERR(q) : vb2_streamon(q, i);
}
EXPORT_SYMBOL_GPL(vb2_ioctl_streamon);

int vb2_ioctl_streamoff(struct file *file, void *priv, enum v4l2_buf_type i)
{
	struct vb2_queue *q = own_queue(file);

	return IS_ERR(q) ? PTR_ERR(q) : vb2_streamoff(q, i);
}
EXPORT_SYMBOL_GPL(vb2_ioctl_streamoff);

/* The file operations, which come without a lock */

int vb2_fop_mmap(struct file *file, struct vm_area_struct *vma)
{
	return vb2_mmap(queue_of(file), vma);
}
EXPORT_SYMBOL_GPL(vb2_fop_mmap);

#ifndef CONFIG_MMU
unsigned long vb2_fop_get_unmapped_area(struct file *file, unsigned long addr,
					unsigned long len, unsigned long pgoff,
					unsigned long flags)
{
	return vb2_get_unmapped_area(queue_of(file), addr, len, pgoff, flags);
}
EXPORT_SYMBOL_GPL(vb2_fop_get_unmapped_area);
#endif

int _vb2_fop_release(struct file *file, struct mutex *lock)
{
	struct vb2_queue *q = queue_of(file);

	if (lock)
		mutex_lock(lock);
	if (q->owner && q->owner == file->private_data) {
		vb2_queue_release(q);
		q->owner = NULL;
	}
	if (lock)
		mutex_unlock(lock);
	return v4l2_fh_release(file);
}
EXPORT_SYMBOL_GPL(_vb2_fop_release);

int vb2_fop_release(struct file *file)
{
	return _vb2_fop_release(file, lock_of(video_devdata(file)));
}
EXPORT_SYMBOL_GPL(vb2_fop_release);

/*
 * Take the lock for a file operation. The node may have been unregistered while
 * we waited for it: then nothing may be started any more.
 */
static int lock_registered(struct video_device *vdev)
{
	struct mutex *lock = lock_of(vdev);

	if (WARN_ON_ONCE(!lock))
		return -EINVAL;
	if (mutex_lock_interruptible(lock))
		return -ERESTARTSYS;
	if (video_is_registered(vdev))
		return 0;
	mutex_unlock(lock);
	return -ENODEV;
}

ssize_t vb2_fop_write(struct file *file, const char __user *buf, size_t count,
		      loff_t *ppos)
{
	struct vb2_queue *q = queue_of(file);
	ssize_t ret;

	if (!(q->io_modes & VB2_WRITE))
		return -EINVAL;
	ret = lock_registered(video_devdata(file));
	if (ret)
		return ret;
	ret = -EBUSY;
	if (!IS_ERR(own_queue(file))) {
		claim(q, file);
		ret = vb2_write(q, buf, count, ppos,
				file->f_flags & O_NONBLOCK);
		settle(q);
	}
	mutex_unlock(lock_of(video_devdata(file)));
	return ret;
}
EXPORT_SYMBOL_GPL(vb2_fop_write);

ssize_t vb2_fop_read(struct file *file, char __user *buf, size_t count,
		     loff_t *ppos)
{
	struct vb2_queue *q = queue_of(file);
	ssize_t ret;

	if (!(q->io_modes & VB2_READ))
		return -EINVAL;
	ret = lock_registered(video_devdata(file));
	if (ret)
		return ret;
	ret = -EBUSY;
	if (!IS_ERR(own_queue(file))) {
		claim(q, file);
		ret = vb2_read(q, buf, count, ppos,
			       file->f_flags & O_NONBLOCK);
		settle(q);
	}
	mutex_unlock(lock_of(video_devdata(file)));
	return ret;
}
EXPORT_SYMBOL_GPL(vb2_fop_read);

__poll_t vb2_fop_poll(struct file *file, poll_table *wait)
{
	struct vb2_queue *q = queue_of(file);
	__poll_t ret;

	if (lock_registered(video_devdata(file)))
		return EPOLLERR;
	/* It may start to read */
	claim(q, file);
	ret = vb2_poll(q, file, wait);
	settle(q);
	mutex_unlock(lock_of(video_devdata(file)));
	return ret;
}
EXPORT_SYMBOL_GPL(vb2_fop_poll);

/*
 * STREAMOFF must not run while a request is validated or queued. The V4L2 core
 * sees to that for ioctls and close().
 */
static struct mutex *request_lock_of(struct video_device *vdev)
{
	if (!v4l2_device_supports_requests(vdev->v4l2_dev))
		return NULL;
	return &vdev->v4l2_dev->mdev->req_queue_mutex;
}

void vb2_video_unregister_device(struct video_device *vdev)
{
	struct mutex *request_lock, *lock;

	if (!vdev || !video_is_registered(vdev))
		return;

	/* Without open files the node would be gone with this */
	get_device(&vdev->dev);
	video_unregister_device(vdev);

	if (vdev->queue) {
		request_lock = request_lock_of(vdev);
		lock = lock_of(vdev);
		if (request_lock)
			mutex_lock(request_lock);
		if (lock)
			mutex_lock(lock);
		vdev->queue->unplugged = true;
		vb2_queue_release(vdev->queue);
		vdev->queue->owner = NULL;
		/* Whoever sleeps in DQBUF or read() */
		wake_up_all(&vdev->queue->done_wq);
		if (lock)
			mutex_unlock(lock);
		if (request_lock)
			mutex_unlock(request_lock);
	}
	put_device(&vdev->dev);
}
EXPORT_SYMBOL_GPL(vb2_video_unregister_device);

/* The vb2_ops with which a driver gives up the queue's lock */

void vb2_ops_wait_prepare(struct vb2_queue *vq)
{
	if (!WARN_ON_ONCE(!vq->lock))
		mutex_unlock(vq->lock);
}
EXPORT_SYMBOL_GPL(vb2_ops_wait_prepare);

void vb2_ops_wait_finish(struct vb2_queue *vq)
{
	if (!WARN_ON_ONCE(!vq->lock))
		mutex_lock(vq->lock);
}
EXPORT_SYMBOL_GPL(vb2_ops_wait_finish);
