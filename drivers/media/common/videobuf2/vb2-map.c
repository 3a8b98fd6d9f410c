// SPDX-License-Identifier: GPL-2.0-only
/*
 * videobuf2: ways to reach the memory of a buffer
 *
 * From user space: offsets and mmap(), export as dma-buf. From the driver: the
 * kernel's address, and the cookie that tells the hardware's.
 */
#include <linux/cleanup.h>
#include <linux/dma-buf.h>
#include <linux/export.h>
#include <linux/fcntl.h>
#include <linux/mm.h>

#include "vb2-internal.h"

/* The plane with that vb2_map_offset(), in pages */
static struct vb2_buffer *find_plane(struct vb2_queue *q, unsigned long pgoff,
				     unsigned int *plane)
{
	struct vb2_buffer *vb = NULL;

	lockdep_assert_held(&q->mmap_lock);

	if (pgoff / VB2_MAX_PLANES < q->max_num_buffers)
		vb = vb2_get_buffer(q, pgoff / VB2_MAX_PLANES);
	*plane = pgoff % VB2_MAX_PLANES;
	if (!vb || *plane >= vb->num_planes) {
		vb2_dbg(q, 1, "no plane has offset %#lx pages\n", pgoff);
		return NULL;
	}
	return vb;
}

int vb2_mmap(struct vb2_queue *q, struct vm_area_struct *vma)
{
	const vm_flags_t access = q->is_output ? VM_WRITE : VM_READ;
	struct vb2_buffer *vb;
	unsigned int plane;

	if (!(vma->vm_flags & VM_SHARED) || !(vma->vm_flags & access)) {
		vb2_dbg(q, 1, "must be shared, and %s\n",
			q->is_output ? "writable" : "readable");
		return -EINVAL;
	}

	guard(mutex)(&q->mmap_lock);
	if (q->memory != VB2_MEMORY_MMAP) {
		vb2_dbg(q, 1, "the queue has no memory of its own\n");
		return -EINVAL;
	}
	if (vb2_fileio_is_active(q)) {
		vb2_dbg(q, 1, "read() or write() use the queue\n");
		return -EBUSY;
	}
	vb = find_plane(q, vma->vm_pgoff, &plane);
	if (!vb)
		return -EINVAL;
	if (vma->vm_end - vma->vm_start > PAGE_ALIGN(vb->planes[plane].length)) {
		vb2_dbg(q, 1, "longer than the plane, %u bytes\n",
			vb->planes[plane].length);
		return -EINVAL;
	}

	/* The offset named the plane; inside it the mapping starts at 0 */
	vma->vm_pgoff = 0;
	return q->mem_ops->mmap(vb->planes[plane].mem_priv, vma);
}
EXPORT_SYMBOL_GPL(vb2_mmap);

#ifndef CONFIG_MMU
unsigned long vb2_get_unmapped_area(struct vb2_queue *q, unsigned long addr,
				    unsigned long len, unsigned long pgoff,
				    unsigned long flags)
{
	struct vb2_buffer *vb;
	unsigned int plane;
	void *vaddr;

	guard(mutex)(&q->mmap_lock);
	if (q->memory != VB2_MEMORY_MMAP)
		return -EINVAL;
	vb = find_plane(q, pgoff, &plane);
	if (!vb)
		return -EINVAL;
	vaddr = vb2_plane_vaddr(vb, plane);
	return vaddr ? (unsigned long)vaddr : -EINVAL;
}
EXPORT_SYMBOL_GPL(vb2_get_unmapped_area);
#endif

int vb2_core_expbuf(struct vb2_queue *q, int *fd, unsigned int type,
		    struct vb2_buffer *vb, unsigned int plane,
		    unsigned int flags)
{
	struct dma_buf *dbuf;
	int ret;

	if (q->memory != VB2_MEMORY_MMAP || !q->mem_ops->get_dmabuf) {
		vb2_dbg(q, 1, "the queue has no memory to export\n");
		return -EINVAL;
	}
	if (flags & ~(O_CLOEXEC | O_ACCMODE)) {
		vb2_dbg(q, 1, "flags %#x: only O_CLOEXEC and access modes\n",
			flags);
		return -EINVAL;
	}
	if (type != q->type || plane >= vb->num_planes) {
		vb2_dbg(q, 1, "no plane %u of type %u\n", plane, type);
		return -EINVAL;
	}
	if (vb2_fileio_is_active(q)) {
		vb2_dbg(q, 1, "read() or write() use the queue\n");
		return -EBUSY;
	}

	dbuf = q->mem_ops->get_dmabuf(vb, vb->planes[plane].mem_priv,
				      flags & O_ACCMODE);
	if (IS_ERR_OR_NULL(dbuf)) {
		vb2_dbg(q, 1, "buffer %u plane %u cannot be exported\n",
			vb->index, plane);
		return dbuf ? PTR_ERR(dbuf) : -EINVAL;
	}
	ret = dma_buf_fd(dbuf, flags & ~O_ACCMODE);
	if (ret < 0) {
		dma_buf_put(dbuf);
		return ret;
	}
	*fd = ret;
	return 0;
}
EXPORT_SYMBOL_GPL(vb2_core_expbuf);

void vb2_core_querybuf(struct vb2_queue *q, struct vb2_buffer *vb, void *pb)
{
	vb2_op_fill_user_buffer(vb, pb);
}
EXPORT_SYMBOL_GPL(vb2_core_querybuf);

bool vb2_buffer_in_use(struct vb2_queue *q, struct vb2_buffer *vb)
{
	unsigned int i;

	if (vb->memory != VB2_MEMORY_MMAP)
		return false;
	for (i = 0; i < vb->num_planes; i++)
		if (q->mem_ops->num_users(vb->planes[i].mem_priv) > 1)
			return true;
	return false;
}
EXPORT_SYMBOL(vb2_buffer_in_use);

void *vb2_plane_vaddr(struct vb2_buffer *vb, unsigned int plane_no)
{
	const struct vb2_mem_ops *mem = vb->vb2_queue->mem_ops;

	if (plane_no >= vb->num_planes || !vb->planes[plane_no].mem_priv ||
	    !mem->vaddr)
		return NULL;
	return mem->vaddr(vb, vb->planes[plane_no].mem_priv);
}
EXPORT_SYMBOL_GPL(vb2_plane_vaddr);

void *vb2_plane_cookie(struct vb2_buffer *vb, unsigned int plane_no)
{
	const struct vb2_mem_ops *mem = vb->vb2_queue->mem_ops;

	if (plane_no >= vb->num_planes || !vb->planes[plane_no].mem_priv ||
	    !mem->cookie)
		return NULL;
	return mem->cookie(vb, vb->planes[plane_no].mem_priv);
}
EXPORT_SYMBOL_GPL(vb2_plane_cookie);
