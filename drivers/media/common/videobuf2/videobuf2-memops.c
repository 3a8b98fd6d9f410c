// SPDX-License-Identifier: GPL-2.0-only
/*
 * videobuf2: what allocators share: mappings, user pages, dma-bufs both ways
 *
 * Lifetime: the queue, each user mapping and each exported dma-buf hold a
 * reference to a struct vb2_mem. With the queue's goes the mapping for its
 * device, so that a driver can be unbound while others hold the memory. (What
 * dma-contig allocates is the DMA API's and stays with the device. If that is
 * unplugged as well, and was behind an IOMMU, such memory is lost.)
 */
#include <linux/cleanup.h>
#include <linux/dma-resv.h>
#include <linux/highmem.h>
#include <linux/iosys-map.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include <media/frame_vector.h>

#include "vb2-dmabuf.h"

/* Where a struct vb2_mem ends */

static void vb2_mem_release_import(struct vb2_mem *mem)
{
	struct iosys_map map = IOSYS_MAP_INIT_VADDR(mem->vaddr);

	if (mem->in_cpu_access)
		vb2_mem_finish(mem);
	if (mem->vaddr)
		dma_buf_vunmap_unlocked(mem->dbuf, &map);
	if (mem->sgt)
		dma_buf_unmap_attachment_unlocked(mem->attach, mem->sgt,
						  mem->dir);
	if (mem->attach)
		dma_buf_detach(mem->dbuf, mem->attach);
}

static void vb2_mem_unref(struct vb2_mem *mem)
{
	if (!refcount_dec_and_test(&mem->refcount))
		return;

	if (mem->vmapped)
		vunmap(mem->vaddr - mem->offset);
	if (mem->dbuf) {
		vb2_mem_release_import(mem);
	} else if (mem->vec) {
		sg_free_table(&mem->table);
		vb2_destroy_framevec(mem->vec);
	} else {
		mem->kind->free(mem);
		kvfree(mem->pages);
	}
	put_device(mem->dev);
	mutex_destroy(&mem->lock);
	kfree(mem);
}

/* User mappings */

/* Also when a mapping is split, and copied by fork */
static void vb2_vm_open(struct vm_area_struct *vma)
{
	struct vb2_mem *mem = vma->vm_private_data;

	refcount_inc(&mem->refcount);
}

static void vb2_vm_close(struct vm_area_struct *vma)
{
	vb2_mem_unref(vma->vm_private_data);
}

static const struct vm_operations_struct vb2_vm_ops = {
	.open	= vb2_vm_open,
	.close	= vb2_vm_close,
};

/* Under mem->lock */
static int vb2_mem_get_pages(struct vb2_mem *mem)
{
	return mem->pages ? 0 : mem->kind->get_pages(mem);
}

static int vb2_mem_mmap_pages(struct vb2_mem *mem, struct vm_area_struct *vma)
{
	guard(mutex)(&mem->lock);
	return vb2_mem_get_pages(mem) ?:
	       vm_map_pages(vma, mem->pages, mem->num_pages);
}

/* From vma->vm_pgoff on, which can be other than 0 for an exported dma-buf */
int vb2_mem_mmap(void *buf_priv, struct vm_area_struct *vma)
{
	struct vb2_mem *mem = buf_priv;
	int ret;

	vm_flags_set(vma, VM_DONTEXPAND | VM_DONTDUMP);
	ret = mem->kind->mmap ? mem->kind->mmap(mem, vma) :
				vb2_mem_mmap_pages(mem, vma);
	if (ret)
		return ret;
	vma->vm_private_data = mem;
	vma->vm_ops = &vb2_vm_ops;
	vb2_vm_open(vma);
	return 0;
}
EXPORT_SYMBOL_NS_GPL(vb2_mem_mmap, VB2_MEMOPS);

/* Kernel address */

static void *vb2_mem_vmap_import(struct vb2_mem *mem)
{
	struct iosys_map map;
	int ret = dma_buf_vmap_unlocked(mem->dbuf, &map);

	if (ret)
		return ERR_PTR(ret);
	/* Drivers use what we return as plain memory */
	if (!map.is_iomem && !cmpxchg(&mem->vaddr, NULL, map.vaddr))
		return map.vaddr;
	dma_buf_vunmap_unlocked(mem->dbuf, &map);
	return mem->vaddr ?: ERR_PTR(-EINVAL);
}

static void *vb2_mem_vmap_own(struct vb2_mem *mem)
{
	void *vaddr;
	int ret;

	guard(mutex)(&mem->lock);
	if (mem->vaddr)
		return mem->vaddr;
	/* Coherent memory has its address from the beginning, or never */
	if (mem->cpu_handle)
		return ERR_PTR(-EOPNOTSUPP);

	ret = vb2_mem_get_pages(mem);
	if (ret)
		return ERR_PTR(ret);
	vaddr = vmap(mem->pages, mem->num_pages, VM_MAP, PAGE_KERNEL);
	if (!vaddr)
		return ERR_PTR(-ENOMEM);
	vaddr += mem->offset;
	mem->vmapped = true;
	/* vb2_mem_kaddr() reads it without the lock */
	smp_store_release(&mem->vaddr, vaddr);
	return vaddr;
}

static void *vb2_mem_kaddr(struct vb2_mem *mem)
{
	/* Pairs with the release in vb2_mem_vmap_own() */
	void *vaddr = smp_load_acquire(&mem->vaddr);

	if (vaddr)
		return vaddr;
	return mem->dbuf ? vb2_mem_vmap_import(mem) : vb2_mem_vmap_own(mem);
}

void *vb2_mem_vaddr(struct vb2_buffer *vb, void *buf_priv)
{
	void *vaddr = vb2_mem_kaddr(buf_priv);

	return IS_ERR(vaddr) ? NULL : vaddr;
}
EXPORT_SYMBOL_NS_GPL(vb2_mem_vaddr, VB2_MEMOPS);

/* Where a struct vb2_mem begins */

struct vb2_mem *vb2_mem_create(struct vb2_buffer *vb, struct device *dev,
			       unsigned long size,
			       const struct vb2_mem_kind *kind)
{
	struct vb2_mem *mem = kzalloc(sizeof(*mem), GFP_KERNEL_ACCOUNT);

	if (!mem)
		return ERR_PTR(-ENOMEM);
	mem->kind = kind;
	mem->dev = get_device(dev);
	mem->size = size;
	mem->attrs = vb->vb2_queue->dma_attrs;
	mem->dir = vb->vb2_queue->dma_dir;
	mutex_init(&mem->lock);
	refcount_set(&mem->refcount, 1);
	INIT_LIST_HEAD(&mem->exports);
	return mem;
}
EXPORT_SYMBOL_NS_GPL(vb2_mem_create, VB2_MEMOPS);

/* The queue's reference, whatever the memory is */
void vb2_mem_put(void *buf_priv)
{
	struct vb2_mem *mem = buf_priv;

	if (mem->needs_sync) {
		guard(mutex)(&mem->lock);
		/* The device is done; finish() brought the data to the CPU */
		mem->needs_sync = false;
		if (mem->sgt == &mem->table)
			dma_unmap_sgtable(mem->dev, mem->sgt, mem->dir,
					  DMA_ATTR_SKIP_CPU_SYNC);
	}
	vb2_mem_unref(mem);
}
EXPORT_SYMBOL_NS_GPL(vb2_mem_put, VB2_MEMOPS);

unsigned int vb2_mem_num_users(void *buf_priv)
{
	return refcount_read(&((struct vb2_mem *)buf_priv)->refcount);
}
EXPORT_SYMBOL_NS_GPL(vb2_mem_num_users, VB2_MEMOPS);

/* Memory and devices */

int vb2_mem_pages_of(struct vb2_mem *mem, struct sg_table *sgt)
{
	unsigned int n = 0, nr = mem->size >> PAGE_SHIFT;
	struct sg_page_iter iter;
	struct page **pages;

	pages = kvmalloc_array(nr, sizeof(*pages), GFP_KERNEL_ACCOUNT);
	if (!pages)
		return -ENOMEM;
	for_each_sgtable_page(sgt, &iter, 0)
		if (n < nr)
			pages[n++] = sg_page_iter_page(&iter);
	/* A DMA API that does not tell of all the memory it gave */
	if (n < nr) {
		kvfree(pages);
		return -EINVAL;
	}
	mem->pages = pages;
	mem->num_pages = n;
	return 0;
}
EXPORT_SYMBOL_NS_GPL(vb2_mem_pages_of, VB2_MEMOPS);

/* In segments that @dev takes; a single page never crosses a boundary */
static int vb2_mem_fill_table(struct vb2_mem *mem, struct device *dev,
			      struct sg_table *sgt)
{
	size_t max = clamp_t(size_t, dma_max_mapping_size(dev), PAGE_SIZE,
			     max(dma_get_max_seg_size(dev), PAGE_SIZE));
	unsigned int i;

	for (i = 1; i < mem->num_pages; i++)
		if (!(page_to_phys(mem->pages[i]) & dma_get_seg_boundary(dev)) &&
		    mem->pages[i] == nth_page(mem->pages[i - 1], 1))
			max = PAGE_SIZE;
	return sg_alloc_table_from_pages_segment(sgt, mem->pages, mem->num_pages,
						 mem->offset, mem->size, max,
						 GFP_KERNEL_ACCOUNT);
}

/* Synchronised apart, since several devices may have the same memory mapped */
static int vb2_dma_map(struct device *dev, struct sg_table *sgt,
		       enum dma_data_direction dir, unsigned long attrs)
{
	int ret = dma_map_sgtable(dev, sgt, dir, attrs | DMA_ATTR_SKIP_CPU_SYNC);

	if (!ret)
		dma_sync_sgtable_for_device(dev, sgt, dir);
	return ret;
}

int vb2_mem_map_table(struct vb2_mem *mem)
{
	int ret = vb2_dma_map(mem->dev, &mem->table, mem->dir, mem->attrs);

	if (ret)
		return ret;
	mem->sgt = &mem->table;
	mem->needs_sync = true;
	return 0;
}
EXPORT_SYMBOL_NS_GPL(vb2_mem_map_table, VB2_MEMOPS);

/* The memory goes to the CPU or to the device */
static void vb2_dma_sync(struct device *dev, struct sg_table *sgt,
			 enum dma_data_direction dir, bool for_cpu)
{
	if (for_cpu)
		dma_sync_sgtable_for_cpu(dev, sgt, dir);
	else
		dma_sync_sgtable_for_device(dev, sgt, dir);
}

static void vb2_mem_sync(struct vb2_mem *mem, bool for_cpu)
{
	if (mem->vmapped && !for_cpu)
		flush_kernel_vmap_range(mem->vaddr, mem->size);
	vb2_dma_sync(mem->dev, mem->sgt, mem->dir, for_cpu);
	if (mem->vmapped && for_cpu)
		invalidate_kernel_vmap_range(mem->vaddr, mem->size);
}

/* Seen from the exporter the CPU reads what a device would be given */
static enum dma_data_direction vb2_mem_cpu_dir(struct vb2_mem *mem)
{
	if (mem->dir == DMA_BIDIRECTIONAL)
		return DMA_BIDIRECTIONAL;
	return mem->dir == DMA_TO_DEVICE ? DMA_FROM_DEVICE : DMA_TO_DEVICE;
}

static void vb2_mem_begin_cpu_access(struct vb2_mem *mem)
{
	/* A signal would make dma_buf_begin_cpu_access() give up on fences */
	dma_resv_wait_timeout(mem->dbuf->resv,
			      dma_resv_usage_rw(mem->dir != DMA_TO_DEVICE),
			      false, MAX_SCHEDULE_TIMEOUT);
	mem->in_cpu_access = !dma_buf_begin_cpu_access(mem->dbuf,
						       vb2_mem_cpu_dir(mem));
}

/*
 * Of imported memory a device has a mapping, and cache maintenance is between
 * the exporter and whoever uses the CPU. If that is the driver, it is us.
 */
void vb2_mem_prepare(void *buf_priv)
{
	struct vb2_mem *mem = buf_priv;

	if (mem->needs_sync)
		vb2_mem_sync(mem, false);
	else if (mem->dbuf && !mem->dev && !mem->in_cpu_access)
		vb2_mem_begin_cpu_access(mem);
}
EXPORT_SYMBOL_NS_GPL(vb2_mem_prepare, VB2_MEMOPS);

void vb2_mem_finish(void *buf_priv)
{
	struct vb2_mem *mem = buf_priv;

	if (mem->needs_sync)
		vb2_mem_sync(mem, true);
	else if (mem->in_cpu_access)
		dma_buf_end_cpu_access(mem->dbuf, vb2_mem_cpu_dir(mem));
	mem->in_cpu_access = false;
}
EXPORT_SYMBOL_NS_GPL(vb2_mem_finish, VB2_MEMOPS);

bool vb2_mem_needs_sync(void *buf_priv)
{
	struct vb2_mem *mem = buf_priv;

	return mem->needs_sync || (mem->dbuf && !mem->dev);
}
EXPORT_SYMBOL_NS_GPL(vb2_mem_needs_sync, VB2_MEMOPS);

/* Memory is pinned or imported: check it, or give it up */
static void *vb2_mem_done(struct vb2_mem *mem, int ret)
{
	if (!ret && !mem->dev)
		ret = PTR_ERR_OR_ZERO(vb2_mem_kaddr(mem));
	else if (!ret && mem->kind->mapped)
		ret = mem->kind->mapped(mem);
	if (!ret)
		return mem;
	vb2_mem_put(mem);
	return ERR_PTR(ret);
}

static int vb2_mem_pin(struct vb2_mem *mem, unsigned long vaddr)
{
	struct frame_vector *vec;
	int ret;

	vec = vb2_create_framevec(vaddr, mem->size, mem->dir != DMA_TO_DEVICE);
	if (IS_ERR(vec))
		return PTR_ERR(vec);
	mem->vec = vec;
	mem->pages = frame_vector_pages(vec);
	mem->num_pages = frame_vector_count(vec);
	mem->offset = offset_in_page(vaddr);
	if (!mem->dev)
		return 0;

	ret = vb2_mem_fill_table(mem, mem->dev, &mem->table);
	return ret ?: vb2_mem_map_table(mem);
}

void *vb2_mem_get_userptr(struct vb2_buffer *vb, struct device *dev,
			  unsigned long vaddr, unsigned long size,
			  const struct vb2_mem_kind *kind)
{
	struct vb2_mem *mem;

	/* Cache lines shared with other data would lose what is written there */
	if (dev && !dev_is_dma_coherent(dev) &&
	    !IS_ALIGNED(vaddr | size, dma_get_cache_alignment()))
		return ERR_PTR(-EINVAL);

	mem = vb2_mem_create(vb, dev, size, kind);
	return IS_ERR(mem) ? mem : vb2_mem_done(mem, vb2_mem_pin(mem, vaddr));
}
EXPORT_SYMBOL_NS_GPL(vb2_mem_get_userptr, VB2_MEMOPS);

/* The dma-buf importer */

static int vb2_mem_import(struct vb2_mem *mem, struct dma_buf *dbuf)
{
	struct dma_buf_attachment *attach;
	struct sg_table *sgt;

	mem->dbuf = dbuf;
	if (!mem->dev)
		return 0;

	attach = dma_buf_attach(dbuf, mem->dev);
	if (IS_ERR(attach))
		return PTR_ERR(attach);
	mem->attach = attach;
	sgt = dma_buf_map_attachment_unlocked(attach, mem->dir);
	if (IS_ERR(sgt))
		return PTR_ERR(sgt);
	mem->sgt = sgt;
	return 0;
}

void *vb2_mem_attach_dmabuf(struct vb2_buffer *vb, struct device *dev,
			    struct dma_buf *dbuf, unsigned long size,
			    const struct vb2_mem_kind *kind)
{
	struct vb2_mem *mem;

	if (dbuf->size < size)
		return ERR_PTR(-EINVAL);
	mem = vb2_mem_create(vb, dev, size, kind);
	return IS_ERR(mem) ? mem : vb2_mem_done(mem, vb2_mem_import(mem, dbuf));
}
EXPORT_SYMBOL_NS_GPL(vb2_mem_attach_dmabuf, VB2_MEMOPS);

/*
 * The dma-buf exporter
 *
 * The dma-buf core keeps the mapping of an attachment until it is detached
 * (cache_sgt_mapping), so mapping again does not bring caches up to date. begin
 * and end_cpu_access do, for every device that has the memory mapped.
 */

struct vb2_export {
	struct list_head	entry;
	struct device		*dev;
	struct sg_table		table;
	/* DMA_NONE while not mapped; under the lock of the memory */
	enum dma_data_direction	dir;
};

static int vb2_export_attach(struct dma_buf *dbuf,
			     struct dma_buf_attachment *attach)
{
	struct vb2_export *export __free(kfree) =
		kzalloc(sizeof(*export), GFP_KERNEL);
	struct vb2_mem *mem = dbuf->priv;
	int ret;

	if (!export)
		return -ENOMEM;
	export->dev = attach->dev;
	export->dir = DMA_NONE;

	guard(mutex)(&mem->lock);
	ret = vb2_mem_get_pages(mem);
	if (!ret)
		ret = vb2_mem_fill_table(mem, export->dev, &export->table);
	if (ret)
		return ret;
	list_add(&export->entry, &mem->exports);
	attach->priv = no_free_ptr(export);
	return 0;
}

static void vb2_export_detach(struct dma_buf *dbuf,
			      struct dma_buf_attachment *attach)
{
	struct vb2_export *export = attach->priv;
	struct vb2_mem *mem = dbuf->priv;

	scoped_guard(mutex, &mem->lock)
		list_del(&export->entry);
	sg_free_table(&export->table);
	kfree(export);
}

static struct sg_table *vb2_export_map(struct dma_buf_attachment *attach,
				       enum dma_data_direction dir)
{
	struct vb2_export *export = attach->priv;
	struct vb2_mem *mem = attach->dmabuf->priv;
	int ret;

	guard(mutex)(&mem->lock);
	ret = vb2_dma_map(export->dev, &export->table, dir, 0);
	if (ret)
		return ERR_PTR(ret);
	export->dir = dir;
	return &export->table;
}

static void vb2_export_unmap(struct dma_buf_attachment *attach,
			     struct sg_table *sgt, enum dma_data_direction dir)
{
	struct vb2_export *export = attach->priv;
	struct vb2_mem *mem = attach->dmabuf->priv;

	guard(mutex)(&mem->lock);
	export->dir = DMA_NONE;
	dma_sync_sgtable_for_cpu(export->dev, sgt, dir);
	dma_unmap_sgtable(export->dev, sgt, dir, DMA_ATTR_SKIP_CPU_SYNC);
}

/* Each mapping with its own direction: that is what its device does */
static void vb2_export_sync(struct vb2_mem *mem, bool for_cpu)
{
	struct vb2_export *export;

	guard(mutex)(&mem->lock);
	if (mem->needs_sync)
		vb2_mem_sync(mem, for_cpu);
	list_for_each_entry(export, &mem->exports, entry)
		if (export->dir != DMA_NONE)
			vb2_dma_sync(export->dev, &export->table, export->dir,
				     for_cpu);
}

static int vb2_export_begin_cpu_access(struct dma_buf *dbuf,
				       enum dma_data_direction dir)
{
	vb2_export_sync(dbuf->priv, true);
	return 0;
}

static int vb2_export_end_cpu_access(struct dma_buf *dbuf,
				     enum dma_data_direction dir)
{
	vb2_export_sync(dbuf->priv, false);
	return 0;
}

static int vb2_export_vmap(struct dma_buf *dbuf, struct iosys_map *map)
{
	void *vaddr = vb2_mem_kaddr(dbuf->priv);

	if (IS_ERR(vaddr))
		return PTR_ERR(vaddr);
	iosys_map_set_vaddr(map, vaddr);
	return 0;
}

static int vb2_export_mmap(struct dma_buf *dbuf, struct vm_area_struct *vma)
{
	return vb2_mem_mmap(dbuf->priv, vma);
}

static void vb2_export_release(struct dma_buf *dbuf)
{
	vb2_mem_unref(dbuf->priv);
}

static const struct dma_buf_ops vb2_export_ops = {
	.cache_sgt_mapping	= true,
	.attach			= vb2_export_attach,
	.detach			= vb2_export_detach,
	.map_dma_buf		= vb2_export_map,
	.unmap_dma_buf		= vb2_export_unmap,
	.begin_cpu_access	= vb2_export_begin_cpu_access,
	.end_cpu_access		= vb2_export_end_cpu_access,
	.vmap			= vb2_export_vmap,
	.mmap			= vb2_export_mmap,
	.release		= vb2_export_release,
};

struct dma_buf *vb2_mem_get_dmabuf(struct vb2_buffer *vb, void *buf_priv,
				   unsigned long flags)
{
	struct vb2_mem *mem = buf_priv;
	struct dma_buf_export_info info = {
		.exp_name = module_name(mem->kind->owner),
		.owner = mem->kind->owner,
		.ops = &vb2_export_ops,
		.size = mem->size,
		.flags = flags,
		.priv = mem,
	};
	struct dma_buf *dbuf;

	refcount_inc(&mem->refcount);
	dbuf = dma_buf_export(&info);
	if (IS_ERR(dbuf))
		vb2_mem_unref(mem);
	return dbuf;
}
EXPORT_SYMBOL_NS_GPL(vb2_mem_get_dmabuf, VB2_MEMOPS);

MODULE_DESCRIPTION("videobuf2: user mappings, user memory and dma-bufs");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS(DMA_BUF);
