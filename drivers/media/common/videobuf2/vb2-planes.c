// SPDX-License-Identifier: GPL-2.0-only
/*
 * videobuf2: the memory behind the planes of a buffer
 *
 * A plane's memory comes from the queue's allocator once (MMAP), or is named by
 * user space at each QBUF (USERPTR, DMABUF). In the latter case only planes for
 * which user space names other memory than before are touched, and the new is
 * acquired before the old is released: a QBUF that fails leaves the buffer with
 * what it had.
 */
#include <linux/dma-buf.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/uaccess.h>

#include "vb2-internal.h"

static struct device *plane_dev(struct vb2_buffer *vb, unsigned int i)
{
	return vb->vb2_queue->alloc_devs[i] ?: vb->vb2_queue->dev;
}

static void give_named(struct vb2_buffer *vb, struct vb2_plane *plane,
		       struct vb2_named *named)
{
	vb2_count(vb->ledger, named->dbuf ? VB2_COUNT_ATTACH_DMABUF :
					    VB2_COUNT_GET_USERPTR);
	/* The whole union, in which the descriptor is */
	named->m = plane->m.userptr;
	plane->named = named;
	plane->mem_priv = named->mem_priv;
	plane->dbuf = named->dbuf;
}

static struct vb2_named *take_named(struct vb2_buffer *vb,
				    struct vb2_plane *plane)
{
	struct vb2_named *named = plane->named;

	vb2_count(vb->ledger, named->dbuf ? VB2_COUNT_DETACH_DMABUF :
					    VB2_COUNT_PUT_USERPTR);
	plane->named = NULL;
	plane->mem_priv = NULL;
	plane->dbuf = NULL;
	return named;
}

/* Every way to release a plane's memory ends here */
static void release_plane(struct vb2_buffer *vb, struct vb2_plane *plane)
{
	if (plane->named) {
		vb2_named_release(vb->vb2_queue, take_named(vb, plane));
	} else if (plane->mem_priv) {
		vb2_count(vb->ledger, VB2_COUNT_MEM_PUT);
		vb->vb2_queue->mem_ops->put(plane->mem_priv);
		plane->mem_priv = NULL;
	}
}

/* Release all memory of a buffer; the driver is told before */
void vb2_planes_release(struct vb2_buffer *vb)
{
	unsigned int i;

	vb2_op_buf_cleanup(vb);
	for (i = vb->num_planes; i--; )
		release_plane(vb, &vb->planes[i]);
}

/* Found out when memory changes, so that a turn with none to sync is cheap */
static void note_needs_sync(struct vb2_buffer *vb)
{
	const struct vb2_mem_ops *mem = vb->vb2_queue->mem_ops;
	unsigned int i;

	vb->needs_sync = !mem->needs_sync;
	for (i = 0; i < vb->num_planes && !vb->needs_sync; i++)
		vb->needs_sync = mem->needs_sync(vb->planes[i].mem_priv);
}

/* MMAP: get memory of the queue's allocator for all planes, or for none */
int vb2_planes_alloc(struct vb2_buffer *vb)
{
	unsigned int i;
	void *priv;

	for (i = 0; i < vb->num_planes; i++) {
		unsigned long length = vb->planes[i].length;
		unsigned long size = PAGE_ALIGN(length);

		/* With 32 bits the size may wrap */
		priv = size < length ? ERR_PTR(-ENOMEM) :
			vb->vb2_queue->mem_ops->alloc(vb, plane_dev(vb, i),
						      size);
		if (IS_ERR_OR_NULL(priv)) {
			vb2_planes_release(vb);
			return priv ? PTR_ERR(priv) : -ENOMEM;
		}
		vb2_count(vb->ledger, VB2_COUNT_MEM_ALLOC);
		vb->planes[i].mem_priv = priv;
	}
	note_needs_sync(vb);
	return 0;
}

static int check_length(struct vb2_buffer *vb, unsigned int i)
{
	struct vb2_queue *q = vb->vb2_queue;
	struct vb2_plane *plane = &vb->planes[i];

	if (plane->length < plane->min_length) {
		vb2_dbg(q, 1, "plane %u has %u bytes, %u are needed\n", i,
			plane->length, plane->min_length);
		return -EINVAL;
	}
	if (!q->is_output)
		return 0;
	if (!plane->bytesused && !q->allow_zero_bytesused)
		plane->bytesused = plane->length;
	if (plane->bytesused > plane->length ||
	    (plane->data_offset &&
	     plane->data_offset >= (plane->bytesused ?: plane->length))) {
		vb2_dbg(q, 1, "plane %u: %u of %u bytes used, data at %u\n", i,
			plane->bytesused, plane->length, plane->data_offset);
		return -EINVAL;
	}
	return 0;
}

/* Does a plane hold what user space names? Most do, from the turn before. */
static bool holds_named(const struct vb2_buffer *vb,
			const struct vb2_plane *plane)
{
	struct vb2_named *named = plane->named;

	if (!named || named->length != plane->length)
		return false;
	if (vb->memory == VB2_MEMORY_USERPTR)
		return named->m == plane->m.userptr &&
		       vb2_named_is_current(named);

	CLASS(fd, f)(plane->m.fd);
	return fd_file(f) == named->dbuf->file;
}

/*
 * The functions below get the memory that user space names for one plane. They
 * return NULL if the plane has that already.
 */
static struct vb2_named *get_userptr(struct vb2_buffer *vb, unsigned int i)
{
	struct vb2_plane *plane = &vb->planes[i];
	int ret = check_length(vb, i);

	if (ret)
		return ERR_PTR(ret);
	if (holds_named(vb, plane))
		return NULL;
	if (!access_ok((void __user *)plane->m.userptr, plane->length)) {
		vb2_dbg(vb->vb2_queue, 1, "plane %u: not user space\n", i);
		return ERR_PTR(-EFAULT);
	}
	return vb2_keep_get(vb, i, NULL);
}

static struct vb2_named *get_dmabuf(struct vb2_buffer *vb, unsigned int i)
{
	struct vb2_queue *q = vb->vb2_queue;
	struct vb2_plane *plane = &vb->planes[i];
	struct dma_buf *dbuf = dma_buf_get(plane->m.fd);
	struct vb2_named *named;
	int ret;

	if (IS_ERR(dbuf)) {
		vb2_dbg(q, 1, "plane %u: %d is no dma-buf\n", i, plane->m.fd);
		return ERR_PTR(-EINVAL);
	}
	if (!plane->length)
		plane->length = min_t(size_t, dbuf->size, U32_MAX);
	ret = check_length(vb, i);
	if (!ret && plane->length > dbuf->size) {
		vb2_dbg(q, 1, "plane %u: %u bytes wanted, the dma-buf has %zu\n",
			i, plane->length, dbuf->size);
		ret = -EINVAL;
	}
	if (ret || (plane->dbuf == dbuf &&
		    plane->named->length == plane->length)) {
		dma_buf_put(dbuf);
		return ERR_PTR(ret);
	}

	named = vb2_keep_get(vb, i, dbuf);
	if (IS_ERR(named)) {
		vb2_dbg(q, 1, "plane %u: not attached, %ld\n", i,
			PTR_ERR(named));
		dma_buf_put(dbuf);
	}
	return named;
}

/* Let new memory take the place of what the planes hold */
static int install(struct vb2_buffer *vb, struct vb2_named **fresh)
{
	unsigned int i;
	int ret;

	vb2_op_buf_cleanup(vb);
	for (i = 0; i < vb->num_planes; i++) {
		struct vb2_plane *plane = &vb->planes[i];

		if (!fresh[i])
			continue;
		if (plane->named)
			vb2_keep_put(vb->vb2_queue, take_named(vb, plane));
		give_named(vb, plane, fresh[i]);
	}
	note_needs_sync(vb);
	ret = vb2_op_buf_init(vb);
	if (ret)
		vb2_planes_release(vb);
	return ret;
}

static int acquire_changed(struct vb2_buffer *vb)
{
	struct vb2_named *fresh[VB2_MAX_PLANES] = {};
	bool changed = false;
	unsigned int i;
	int ret;

	for (i = 0; i < vb->num_planes; i++) {
		fresh[i] = vb->memory == VB2_MEMORY_USERPTR ?
			get_userptr(vb, i) : get_dmabuf(vb, i);
		if (IS_ERR(fresh[i]))
			goto err;
		if (fresh[i])
			changed = true;
	}
	return changed ? install(vb, fresh) : 0;

err:
	ret = PTR_ERR(fresh[i]);
	while (i--)
		if (fresh[i])
			vb2_named_release(vb->vb2_queue, fresh[i]);
	return ret;
}

/* QUERYBUF shall not show what was refused, but what the planes hold */
void vb2_planes_forget(struct vb2_buffer *vb)
{
	struct vb2_plane *plane;

	if (vb->memory == VB2_MEMORY_MMAP)
		return;
	for (plane = vb->planes; plane < vb->planes + vb->num_planes; plane++) {
		if (plane->named) {
			plane->length = plane->named->length;
			plane->m.userptr = plane->named->m;
			continue;
		}
		plane->length = plane->min_length;
		plane->m.userptr = 0;
		plane->bytesused = 0;
		plane->data_offset = 0;
	}
}

/*
 * USERPTR, DMABUF: make the buffer hold what user space named. The driver's
 * buf_init was called with it when this succeeds.
 */
int vb2_planes_acquire(struct vb2_buffer *vb)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < vb->num_planes && !ret; i++) {
		if (!holds_named(vb, &vb->planes[i]))
			return acquire_changed(vb);
		ret = check_length(vb, i);
	}
	return ret;
}

void vb2_planes_prepare(struct vb2_buffer *vb)
{
	const struct vb2_mem_ops *mem = vb->vb2_queue->mem_ops;
	unsigned int i;

	if (!mem->prepare || vb->skip_cache_sync_on_prepare)
		return;
	for (i = 0; i < vb->num_planes; i++)
		mem->prepare(vb->planes[i].mem_priv);
}

void vb2_planes_finish(struct vb2_buffer *vb)
{
	const struct vb2_mem_ops *mem = vb->vb2_queue->mem_ops;
	unsigned int i;

	if (!mem->finish || vb->skip_cache_sync_on_finish)
		return;
	for (i = 0; i < vb->num_planes; i++)
		mem->finish(vb->planes[i].mem_priv);
}
