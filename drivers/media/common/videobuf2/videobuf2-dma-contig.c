// SPDX-License-Identifier: GPL-2.0-only
/*
 * videobuf2: memory for devices that need one run of bus addresses
 *
 * Allocated memory comes from the DMA API: coherent, or, if user space asked
 * for it, non-coherent with cache maintenance. Pinned and imported memory must
 * turn out to be one run for the device, which an IOMMU can make of anything.
 */
#include <linux/module.h>
#include <linux/slab.h>

#include <media/videobuf2-dma-contig.h>

#include "vb2-dmabuf.h"

/*
 * An IOMMU forgets a device that is unplugged. Then the DMA API would take the
 * bus address of what somebody still has mapped for a physical one.
 */
static bool vb2_dc_lost(struct vb2_mem *mem)
{
	return mem->translated && !vb2_mem_translates(mem->dev);
}

static void vb2_dc_free(struct vb2_mem *mem)
{
	if (vb2_dc_lost(mem)) {
		dev_err(mem->dev,
			"unplugged before its memory was free: %lu bytes are lost\n",
			mem->size);
		return;
	}
	if (mem->cpu_handle)
		dma_free_attrs(mem->dev, mem->size, mem->cpu_handle,
			       mem->dma_addr, mem->attrs);
	if (mem->sgt)
		dma_free_noncontiguous(mem->dev, mem->size, mem->sgt, mem->dir);
}

static int vb2_dc_get_pages(struct vb2_mem *mem)
{
	struct sg_table sgt;
	int ret;

	if (mem->sgt)
		return vb2_mem_pages_of(mem, mem->sgt);

	if (vb2_dc_lost(mem))
		return -ENODEV;
	ret = dma_get_sgtable_attrs(mem->dev, &sgt, mem->cpu_handle,
				    mem->dma_addr, mem->size, mem->attrs);
	if (ret)
		return ret;
	ret = vb2_mem_pages_of(mem, &sgt);
	sg_free_table(&sgt);
	return ret;
}

static int vb2_dc_mmap(struct vb2_mem *mem, struct vm_area_struct *vma)
{
	if (vb2_dc_lost(mem))
		return -ENODEV;
	if (mem->sgt)
		return dma_mmap_noncontiguous(mem->dev, vma, mem->size,
					      mem->sgt);
	return dma_mmap_attrs(mem->dev, vma, mem->cpu_handle, mem->dma_addr,
			      mem->size, mem->attrs);
}

static int vb2_dc_mapped(struct vb2_mem *mem)
{
	dma_addr_t start = sg_dma_address(mem->sgt->sgl);
	unsigned long run = 0;
	struct scatterlist *sg;
	unsigned int i;

	for_each_sgtable_dma_sg(mem->sgt, sg, i) {
		if (sg_dma_address(sg) != start + run)
			break;
		run += sg_dma_len(sg);
	}
	if (run < mem->size) {
		dev_dbg(mem->dev,
			"memory is scattered: %lu of %lu bytes in one run\n",
			run, mem->size);
		return -EINVAL;
	}
	mem->dma_addr = start;
	return 0;
}

static const struct vb2_mem_kind vb2_dc_kind = {
	.owner		= THIS_MODULE,
	.free		= vb2_dc_free,
	.get_pages	= vb2_dc_get_pages,
	.mmap		= vb2_dc_mmap,
	.mapped		= vb2_dc_mapped,
};

static int vb2_dc_fill_coherent(struct vb2_mem *mem, gfp_t gfp)
{
	mem->cpu_handle = dma_alloc_attrs(mem->dev, mem->size, &mem->dma_addr,
					  gfp, mem->attrs);
	if (!mem->cpu_handle)
		return -ENOMEM;
	if (!(mem->attrs & DMA_ATTR_NO_KERNEL_MAPPING))
		mem->vaddr = mem->cpu_handle;
	return 0;
}

static int vb2_dc_fill_noncoherent(struct vb2_mem *mem, gfp_t gfp)
{
	/* The other attributes mean nothing here and the DMA API objects */
	mem->sgt = dma_alloc_noncontiguous(mem->dev, mem->size, mem->dir, gfp,
					   mem->attrs &
					   DMA_ATTR_ALLOC_SINGLE_PAGES);
	if (!mem->sgt)
		return -ENOMEM;
	mem->dma_addr = sg_dma_address(mem->sgt->sgl);
	mem->needs_sync = true;
	return 0;
}

static void *vb2_dc_alloc(struct vb2_buffer *vb, struct device *dev,
			  unsigned long size)
{
	struct vb2_queue *q = vb->vb2_queue;
	gfp_t gfp = VB2_MEM_GFP | q->gfp_flags;
	struct vb2_mem *mem;
	int ret;

	if (WARN_ON(!dev))
		return ERR_PTR(-EINVAL);
	mem = vb2_mem_create(vb, dev, size, &vb2_dc_kind);
	if (IS_ERR(mem))
		return mem;
	mem->translated = vb2_mem_translates(dev);
	ret = q->non_coherent_mem ? vb2_dc_fill_noncoherent(mem, gfp) :
				    vb2_dc_fill_coherent(mem, gfp);
	if (!ret)
		return mem;
	vb2_mem_put(mem);
	return ERR_PTR(ret);
}

static void *vb2_dc_get_userptr(struct vb2_buffer *vb, struct device *dev,
				unsigned long vaddr, unsigned long size)
{
	if (WARN_ON(!dev))
		return ERR_PTR(-EINVAL);
	return vb2_mem_get_userptr(vb, dev, vaddr, size, &vb2_dc_kind);
}

static void *vb2_dc_attach_dmabuf(struct vb2_buffer *vb, struct device *dev,
				  struct dma_buf *dbuf, unsigned long size)
{
	if (WARN_ON(!dev))
		return ERR_PTR(-EINVAL);
	return vb2_mem_attach_dmabuf(vb, dev, dbuf, size, &vb2_dc_kind);
}

static void *vb2_dc_cookie(struct vb2_buffer *vb, void *buf_priv)
{
	struct vb2_mem *mem = buf_priv;

	return &mem->dma_addr;
}

const struct vb2_mem_ops vb2_dma_contig_memops = {
	VB2_MEM_SHARED_OPS,
	.alloc		= vb2_dc_alloc,
	.get_userptr	= vb2_dc_get_userptr,
	.attach_dmabuf	= vb2_dc_attach_dmabuf,
	.cookie		= vb2_dc_cookie,
};
EXPORT_SYMBOL_GPL(vb2_dma_contig_memops);

int vb2_dma_contig_set_max_seg_size(struct device *dev, unsigned int size)
{
	if (!dev->dma_parms)
		return -ENODEV;
	if (dma_get_max_seg_size(dev) < size)
		dma_set_max_seg_size(dev, size);
	return 0;
}
EXPORT_SYMBOL_GPL(vb2_dma_contig_set_max_seg_size);

MODULE_DESCRIPTION("videobuf2: memory for devices that need one run of bus addresses");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS(DMA_BUF);
MODULE_IMPORT_NS(VB2_MEMOPS);
