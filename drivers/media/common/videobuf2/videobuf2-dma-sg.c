// SPDX-License-Identifier: GPL-2.0-only
/*
 * videobuf2: memory for devices that can scatter and gather
 *
 * Pages are allocated in chunks, as large as the device and the page allocator
 * allow, and only where the device can reach them: a page that the DMA API had
 * to bounce would cost a copy of each frame and the scarce bounce memory.
 */
#include <linux/dma-direct.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>

#include <media/videobuf2-dma-sg.h>

#include "vb2-dmabuf.h"

/* Where the next chunk comes from */
struct vb2_sg_source {
	struct device	*dev;
	gfp_t		gfp;
	unsigned int	order;
	/* No IOMMU is between the device and the memory */
	bool		direct;
};

static void vb2_sg_free(struct vb2_mem *mem)
{
	struct scatterlist *sg;
	unsigned int i;

	for_each_sgtable_sg(&mem->table, sg, i)
		__free_pages(sg_page(sg), get_order(sg->length));
	sg_free_table(&mem->table);
}

static int vb2_sg_get_pages(struct vb2_mem *mem)
{
	return vb2_mem_pages_of(mem, &mem->table);
}

static const struct vb2_mem_kind vb2_sg_kind = {
	.owner		= THIS_MODULE,
	.free		= vb2_sg_free,
	.get_pages	= vb2_sg_get_pages,
};

static void vb2_sg_open_source(struct vb2_sg_source *src, struct device *dev,
			       gfp_t gfp)
{
	unsigned long boundary = dma_get_seg_boundary(dev);
	size_t max = min_t(size_t, dma_get_max_seg_size(dev),
			   dma_max_mapping_size(dev));

	/* A chunk is aligned to its size: it cannot cross a larger boundary */
	if (boundary < max)
		max = boundary + 1;
	src->dev = dev;
	src->gfp = gfp;
	src->order = 0;
	if (max >= PAGE_SIZE)
		src->order = min(ilog2(max) - PAGE_SHIFT, MAX_PAGE_ORDER);
	src->direct = !vb2_mem_translates(dev);
}

static bool vb2_sg_reaches(struct vb2_sg_source *src, struct page *page)
{
	dma_addr_t addr = phys_to_dma(src->dev, page_to_phys(page));

	return !src->direct ||
	       dma_capable(src->dev, addr, PAGE_SIZE << src->order, true) ||
	       /* Encrypted memory is bounced, wherever it is */
	       !dma_addressing_limited(src->dev);
}

/* Try nearer memory; false if there is none */
static bool vb2_sg_narrow(struct vb2_sg_source *src)
{
	gfp_t zone = src->gfp & GFP_ZONEMASK;

	src->gfp &= ~GFP_ZONEMASK;
	if (zone & __GFP_DMA)
		return false;
	src->gfp |= zone & __GFP_DMA32 ? __GFP_DMA : __GFP_DMA32;
	return true;
}

static struct page *vb2_sg_get_chunk(struct vb2_sg_source *src)
{
	for (;;) {
		gfp_t gfp = src->gfp;
		struct page *page;

		/* Large chunks are welcome, but not worth much trouble */
		if (src->order)
			gfp = (gfp & ~__GFP_RETRY_MAYFAIL) | __GFP_NORETRY |
			      __GFP_COMP;
		page = alloc_pages_node(dev_to_node(src->dev), gfp, src->order);
		if (page && vb2_sg_reaches(src, page))
			return page;

		if (page) {
			__free_pages(page, src->order);
			if (!vb2_sg_narrow(src))
				return NULL;
		} else if (src->order) {
			src->order--;
		} else {
			return NULL;
		}
	}
}

/* Returns how many chunks it took, or an error */
static int vb2_sg_fill(struct vb2_sg_source *src, unsigned long left,
		       struct list_head *chunks)
{
	int n;

	/* vmalloc and the DMA API refuse at once what cannot be; so do we */
	if (left > totalram_pages())
		return -ENOMEM;

	for (n = 0; left; n++) {
		struct page *page;

		src->order = min_t(unsigned int, src->order, ilog2(left));
		page = vb2_sg_get_chunk(src);
		if (!page)
			return -ENOMEM;
		list_add_tail(&page->lru, chunks);
		left -= 1 << src->order;
	}
	return n;
}

static int vb2_sg_make_table(struct vb2_mem *mem, struct vb2_sg_source *src)
{
	struct page *page, *next;
	struct scatterlist *sg;
	LIST_HEAD(chunks);
	int ret;

	ret = vb2_sg_fill(src, mem->size >> PAGE_SHIFT, &chunks);
	if (ret > 0)
		ret = sg_alloc_table(&mem->table, ret, GFP_KERNEL_ACCOUNT);
	sg = mem->table.sgl;
	list_for_each_entry_safe(page, next, &chunks, lru) {
		if (ret) {
			__free_pages(page, compound_order(page));
			continue;
		}
		sg_set_page(sg, page, page_size(page), 0);
		sg = sg_next(sg);
	}
	return ret;
}

static void *vb2_sg_alloc(struct vb2_buffer *vb, struct device *dev,
			  unsigned long size)
{
	struct vb2_sg_source src;
	struct vb2_mem *mem;
	int ret;

	if (WARN_ON(!dev || !dev->dma_mask))
		return ERR_PTR(-EINVAL);
	mem = vb2_mem_create(vb, dev, size, &vb2_sg_kind);
	if (IS_ERR(mem))
		return mem;

	vb2_sg_open_source(&src, dev, VB2_MEM_GFP | vb->vb2_queue->gfp_flags);
	ret = vb2_sg_make_table(mem, &src);
	if (!ret)
		ret = vb2_mem_map_table(mem);
	if (!ret)
		return mem;
	vb2_mem_put(mem);
	return ERR_PTR(ret);
}

static void *vb2_sg_get_userptr(struct vb2_buffer *vb, struct device *dev,
				unsigned long vaddr, unsigned long size)
{
	if (WARN_ON(!dev))
		return ERR_PTR(-EINVAL);
	return vb2_mem_get_userptr(vb, dev, vaddr, size, &vb2_sg_kind);
}

static void *vb2_sg_attach_dmabuf(struct vb2_buffer *vb, struct device *dev,
				  struct dma_buf *dbuf, unsigned long size)
{
	if (WARN_ON(!dev))
		return ERR_PTR(-EINVAL);
	return vb2_mem_attach_dmabuf(vb, dev, dbuf, size, &vb2_sg_kind);
}

static void *vb2_sg_cookie(struct vb2_buffer *vb, void *buf_priv)
{
	struct vb2_mem *mem = buf_priv;

	return mem->sgt;
}

const struct vb2_mem_ops vb2_dma_sg_memops = {
	VB2_MEM_SHARED_OPS,
	.alloc		= vb2_sg_alloc,
	.get_userptr	= vb2_sg_get_userptr,
	.attach_dmabuf	= vb2_sg_attach_dmabuf,
	.cookie		= vb2_sg_cookie,
};
EXPORT_SYMBOL_GPL(vb2_dma_sg_memops);

MODULE_DESCRIPTION("videobuf2: memory for devices that can scatter and gather");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS(DMA_BUF);
MODULE_IMPORT_NS(VB2_MEMOPS);
