// SPDX-License-Identifier: GPL-2.0-only
/*
 * videobuf2: read() and write()
 *
 * A client of the same verbs that user space has: it allocates a few buffers,
 * keeps all but one queued, and moves bytes between that one and the caller.
 * Memory is the queue's own; frames have one plane and a kernel address.
 *
 * While the caller sleeps, the lock is free and the device may be unplugged,
 * which frees all this. So after each call that may sleep, look at q->fileio
 * before touching anything else.
 */
#include <linux/export.h>
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "vb2-internal.h"

/*
 * struct vb2_fileio_data - the state of a queue that is read or written
 * @read: read() and not write()
 * @vb: the buffer that is being read or filled, NULL if none
 * @pos: the next byte in it
 * @size: its end: payload or length
 * @unused: write(): buffers from this number on were not used yet
 */
struct vb2_fileio_data {
	bool			read;
	struct vb2_buffer	*vb;
	unsigned int		pos;
	unsigned int		size;
	unsigned int		unused;
};

static int requeue(struct vb2_queue *q, struct vb2_buffer *vb,
		   unsigned int bytesused)
{
	vb->planes[0].bytesused = bytesused;
	vb->planes[0].data_offset = 0;
	if (q->is_output && q->copy_timestamp)
		vb->timestamp = ktime_get_ns();
	return vb2_core_qbuf(q, vb, NULL, NULL);
}

static int check_buffers(struct vb2_queue *q)
{
	struct vb2_buffer *vb;
	unsigned int i;

	for (i = 0; (vb = vb2_next_buffer(q, &i)); i++) {
		if (vb->num_planes != 1) {
			vb2_dbg(q, 1, "frames have %u planes\n",
				vb->num_planes);
			return -EINVAL;
		}
		/* May sleep: the last chance for interrupt handlers */
		if (!vb2_plane_vaddr(vb, 0)) {
			vb2_dbg(q, 1, "memory has no kernel address\n");
			return q->mem_ops->vaddr ? -ENOMEM : -EINVAL;
		}
	}
	return 0;
}

/* Allocate and start. The caller holds the lock; on failure all is as before. */
int vb2_fileio_init(struct vb2_queue *q, bool read)
{
	struct vb2_fileio_data *fileio;
	unsigned int i, count = max(2U, q->min_queued_buffers + 1);
	struct vb2_buffer *vb;
	int ret;

	if (vb2_is_busy(q) || vb2_get_num_buffers(q)) {
		vb2_dbg(q, 1, "the queue has buffers already\n");
		return -EBUSY;
	}

	fileio = kzalloc(sizeof(*fileio), GFP_KERNEL);
	if (!fileio)
		return -ENOMEM;
	fileio->read = read;
	/* Before queue_setup: vivid has fields that read() could not tell apart */
	q->fileio = fileio;

	ret = vb2_core_reqbufs(q, VB2_MEMORY_MMAP, 0, &count);
	if (!ret)
		ret = check_buffers(q);
	/* A reader's are all free; a writer's are still to be filled */
	for (i = 0; !ret && read && (vb = vb2_next_buffer(q, &i)); i++)
		ret = requeue(q, vb, 0);
	if (!ret)
		ret = vb2_core_streamon(q, q->type);
	if (ret) {
		vb2_dbg(q, 1, "could not start, %d\n", ret);
		count = 0;
		vb2_core_reqbufs(q, VB2_MEMORY_MMAP, 0, &count);
		q->fileio = NULL;
		kfree(fileio);
	}
	return ret;
}

/* Only forgets; whoever calls this stops the queue and frees its buffers */
void vb2_fileio_cleanup(struct vb2_queue *q)
{
	kfree(q->fileio);
	q->fileio = NULL;
}

/* Would read() or write() go on without a done buffer? For poll(). */
bool vb2_fileio_ready(struct vb2_queue *q)
{
	struct vb2_fileio_data *fileio = q->fileio;

	if (fileio->vb && fileio->pos < fileio->size)
		return true;
	return !fileio->read && fileio->unused < q->num_bufs;
}

/* Give the current buffer back to the queue. If that fails it stays current. */
static int finish_buffer(struct vb2_queue *q, struct vb2_fileio_data *fileio)
{
	int ret;

	ret = requeue(q, fileio->vb, fileio->read ? 0 : fileio->pos);
	if (!ret)
		fileio->vb = NULL;
	return ret;
}

/* Make sure that there is a current buffer with something left to do */
static int get_buffer(struct vb2_queue *q, struct vb2_fileio_data *fileio,
		      bool nonblock)
{
	unsigned int index, empty = 0;
	int ret;

	for (;;) {
		/*
		 * A frame without payload is nothing to return from read(). If
		 * all are empty, the driver may give them back at once for ever.
		 */
		if (fileio->vb && fileio->pos >= fileio->size) {
			ret = finish_buffer(q, fileio);
			if (!ret && ++empty > q->num_bufs)
				ret = -EIO;
			if (ret)
				return ret;
		}
		if (fileio->vb)
			return 0;

		if (!fileio->read && fileio->unused < q->num_bufs) {
			index = fileio->unused++;
		} else {
			ret = vb2_core_dqbuf(q, &index, NULL, nonblock);
			if (q->fileio != fileio)
				return ret ?: -ENODEV;
			if (ret)
				return ret;
		}
		/* It is the queue that says which: there is such a buffer */
		fileio->vb = q->bufs[index];
		fileio->pos = 0;
		fileio->size = fileio->read ?
			       vb2_get_plane_payload(fileio->vb, 0) :
			       vb2_plane_size(fileio->vb, 0);
	}
}

/* What read() and write() have in common before they move bytes */
static struct vb2_fileio_data *begin(struct vb2_queue *q, bool read,
				     bool nonblock)
{
	struct vb2_fileio_data *fileio;
	int ret;

	if (!(q->io_modes & (read ? VB2_READ : VB2_WRITE)))
		return ERR_PTR(-EINVAL);
	/* vb2_thread reads for itself */
	if (q->threadio)
		return ERR_PTR(-EBUSY);
	if (!q->fileio) {
		ret = vb2_fileio_init(q, read);
		if (ret)
			return ERR_PTR(ret);
	}

	fileio = q->fileio;
	if (fileio->read != read)
		return ERR_PTR(-EBUSY);
	ret = get_buffer(q, fileio, nonblock);
	return ret ? ERR_PTR(ret) : fileio;
}

/* Bytes moved. A finished buffer that cannot be queued is tried again later. */
static ssize_t end(struct vb2_queue *q, struct vb2_fileio_data *fileio,
		   size_t count, loff_t *ppos)
{
	fileio->pos += count;
	*ppos += count;
	if (fileio->pos == fileio->size)
		finish_buffer(q, fileio);
	return count;
}

ssize_t vb2_read(struct vb2_queue *q, char __user *data, size_t count,
		 loff_t *ppos, int nonblock)
{
	struct vb2_fileio_data *fileio;

	if (!count)
		return 0;
	fileio = begin(q, true, nonblock);
	if (IS_ERR(fileio))
		return PTR_ERR(fileio);

	count = min_t(size_t, count, fileio->size - fileio->pos);
	if (copy_to_user(data, vb2_plane_vaddr(fileio->vb, 0) + fileio->pos,
			 count)) {
		/* After an error the next read() begins a new frame */
		fileio->pos = fileio->size;
		finish_buffer(q, fileio);
		return -EFAULT;
	}
	return end(q, fileio, count, ppos);
}
EXPORT_SYMBOL_GPL(vb2_read);

ssize_t vb2_write(struct vb2_queue *q, const char __user *data, size_t count,
		  loff_t *ppos, int nonblock)
{
	struct vb2_fileio_data *fileio;

	if (!count)
		return 0;
	fileio = begin(q, false, nonblock);
	if (IS_ERR(fileio))
		return PTR_ERR(fileio);

	count = min_t(size_t, count, fileio->size - fileio->pos);
	if (copy_from_user(vb2_plane_vaddr(fileio->vb, 0) + fileio->pos, data,
			   count)) {
		/* After an error the next write() begins a new frame */
		fileio->pos = 0;
		return -EFAULT;
	}
	return end(q, fileio, count, ppos);
}
EXPORT_SYMBOL_GPL(vb2_write);
