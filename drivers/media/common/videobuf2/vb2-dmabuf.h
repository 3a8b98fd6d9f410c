/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * videobuf2-memops for the three allocators
 *
 * Memory of a plane is a struct vb2_mem wherever it comes from: allocated,
 * pinned (USERPTR) or imported (DMABUF). Everything that can be said of pages
 * and scatter lists is done once, in videobuf2-memops; an allocator adds what
 * is in its struct vb2_mem_kind.
 */
#ifndef _VB2_DMABUF_H
#define _VB2_DMABUF_H

#include <linux/dma-buf.h>
#include <linux/dma-map-ops.h>
#include <linux/iommu.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/scatterlist.h>

#include <media/videobuf2-core.h>
#include <media/videobuf2-memops.h>

struct vb2_mem;

/*
 * How allocators ask for memory: charged to the caller's memory cgroup, and
 * failing instead of waking the OOM killer, since user space can ask again for
 * fewer or smaller buffers.
 */
#define VB2_MEM_GFP	(GFP_KERNEL_ACCOUNT | __GFP_ZERO | __GFP_NOWARN | \
			 __GFP_RETRY_MAYFAIL)

/**
 * struct vb2_mem_kind - what an allocator knows that videobuf2-memops does not
 * @owner: the allocator's module; exported dma-bufs keep it
 * @free: Give allocated memory back. It may be incomplete, if alloc failed.
 *	Not called for pinned and imported memory.
 * @get_pages: Fill &vb2_mem.pages and num_pages of allocated memory. Called
 *	under &vb2_mem.lock when all pages are first wanted at once, until it
 *	succeeds.
 * @mmap: Map into user space. NULL: insert &vb2_mem.pages.
 * @mapped: The device can reach the memory through &vb2_mem.sgt: is it as it
 *	must be? For pinned and imported memory. NULL: always.
 */
struct vb2_mem_kind {
	struct module *owner;
	void (*free)(struct vb2_mem *mem);
	int (*get_pages)(struct vb2_mem *mem);
	int (*mmap)(struct vb2_mem *mem, struct vm_area_struct *vma);
	int (*mapped)(struct vb2_mem *mem);
};

/**
 * struct vb2_mem - memory of a plane
 * @kind: its allocator
 * @dev: the device that uses it, with a reference; NULL: only the CPU does
 * @size: bytes
 * @attrs: DMA_ATTR_* of the queue
 * @dir: what @dev does with it
 * @refcount: the queue, each user mapping and each exported dma-buf
 * @lock: protects @exports, @pages and @vaddr while they are made on demand,
 *	and the owner's mapping against its end. Nests inside the reservation
 *	lock of dma-bufs exported from this memory. Not taken for imported
 *	memory, whose exporter has one of the same class.
 * @pages: the pages; of allocated memory not before somebody wants them
 * @num_pages: how many
 * @offset: where the memory starts in the first page
 * @vaddr: kernel address or NULL
 * @table: scatter list, if mapped here for @dev
 * @sgt: mapping for @dev or NULL: @table, the allocator's, or the exporter's
 * @exports: attachments of other devices to dma-bufs exported from this
 * @vec: pinned pages (USERPTR)
 * @dbuf: where it was imported from (DMABUF)
 * @attach: the attachment of @dev to @dbuf
 * @cpu_handle: dma-contig: what dma_alloc_attrs() returned
 * @dma_addr: dma-contig: where the memory is for @dev
 * @translated: dma-contig: @dma_addr is an IOMMU's
 * @vmapped: @vaddr was made here and not by the allocator
 * @needs_sync: @sgt wants cache maintenance when its owner changes
 * @in_cpu_access: dma_buf_begin_cpu_access() was called
 */
struct vb2_mem {
	const struct vb2_mem_kind	*kind;
	struct device			*dev;
	unsigned long			size;
	unsigned long			attrs;
	enum dma_data_direction		dir;
	refcount_t			refcount;
	struct mutex			lock; /* see above */

	struct page			**pages;
	unsigned int			num_pages;
	unsigned int			offset;
	void				*vaddr;

	struct sg_table			table;
	struct sg_table			*sgt;
	struct list_head		exports;

	struct frame_vector		*vec;

	struct dma_buf			*dbuf;
	struct dma_buf_attachment	*attach;

	void				*cpu_handle;
	dma_addr_t			dma_addr;

	bool				translated;
	bool				vmapped;
	bool				needs_sync;
	bool				in_cpu_access;
};

/* Is what the device asks for translated by an IOMMU? */
static inline bool vb2_mem_translates(struct device *dev)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(dev);

	return domain && domain->type != IOMMU_DOMAIN_IDENTITY;
}

/*
 * For the alloc operation: a struct with one reference and no memory, or an
 * ERR_PTR(). If the allocator then fails it calls vb2_mem_put().
 */
struct vb2_mem *vb2_mem_create(struct vb2_buffer *vb, struct device *dev,
			       unsigned long size,
			       const struct vb2_mem_kind *kind);
/* Get mem->pages from a scatter list, which may have more */
int vb2_mem_pages_of(struct vb2_mem *mem, struct sg_table *sgt);
/* Map mem->table for mem->dev, until the queue drops its reference */
int vb2_mem_map_table(struct vb2_mem *mem);

/* For the operations of that name; @dev is NULL if only the CPU has access */
void *vb2_mem_get_userptr(struct vb2_buffer *vb, struct device *dev,
			  unsigned long vaddr, unsigned long size,
			  const struct vb2_mem_kind *kind);
void *vb2_mem_attach_dmabuf(struct vb2_buffer *vb, struct device *dev,
			    struct dma_buf *dbuf, unsigned long size,
			    const struct vb2_mem_kind *kind);

/* The operations that all allocators share */
void vb2_mem_put(void *buf_priv);
unsigned int vb2_mem_num_users(void *buf_priv);
int vb2_mem_mmap(void *buf_priv, struct vm_area_struct *vma);
struct dma_buf *vb2_mem_get_dmabuf(struct vb2_buffer *vb, void *buf_priv,
				   unsigned long flags);
void vb2_mem_prepare(void *buf_priv);
void vb2_mem_finish(void *buf_priv);
bool vb2_mem_needs_sync(void *buf_priv);
void *vb2_mem_vaddr(struct vb2_buffer *vb, void *buf_priv);

#define VB2_MEM_SHARED_OPS			\
	.put		= vb2_mem_put,		\
	.put_userptr	= vb2_mem_put,		\
	.detach_dmabuf	= vb2_mem_put,		\
	.num_users	= vb2_mem_num_users,	\
	.mmap		= vb2_mem_mmap,		\
	.get_dmabuf	= vb2_mem_get_dmabuf,	\
	.prepare	= vb2_mem_prepare,	\
	.finish		= vb2_mem_finish,	\
	.needs_sync	= vb2_mem_needs_sync,	\
	.vaddr		= vb2_mem_vaddr

#endif /* _VB2_DMABUF_H */
