// SPDX-License-Identifier: GPL-2.0-only
/* videobuf2: memory for drivers that fill it with the CPU */
#include <linux/gfp.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>

#include <media/videobuf2-vmalloc.h>

#include "vb2-dmabuf.h"

/*
 * Statistics and parameters are a few pages. Where these are to be had in one
 * piece, page tables of their own would cost more than all the rest.
 */
#define VB2_VMALLOC_DIRECT	(PAGE_SIZE << PAGE_ALLOC_COSTLY_ORDER)

static void vb2_vmalloc_free(struct vb2_mem *mem)
{
	unsigned int i, order;

	if (mem->vaddr && !mem->vmapped) {
		free_pages_exact(mem->vaddr, mem->size);
		return;
	}
	for (i = 0; i < mem->num_pages; i += 1 << order) {
		order = compound_order(mem->pages[i]);
		__free_pages(mem->pages[i], order);
	}
}

static int vb2_vmalloc_make_array(struct vb2_mem *mem)
{
	mem->pages = kvmalloc_array(mem->size >> PAGE_SHIFT,
				    sizeof(*mem->pages), GFP_KERNEL_ACCOUNT);
	return mem->pages ? 0 : -ENOMEM;
}

/* Of memory in one piece; what is mapped has its pages */
static int vb2_vmalloc_get_pages(struct vb2_mem *mem)
{
	unsigned int i;

	if (vb2_vmalloc_make_array(mem))
		return -ENOMEM;
	mem->num_pages = mem->size >> PAGE_SHIFT;
	for (i = 0; i < mem->num_pages; i++)
		mem->pages[i] = virt_to_page(mem->vaddr + i * PAGE_SIZE);
	return 0;
}

static const struct vb2_mem_kind vb2_vmalloc_kind = {
	.owner		= THIS_MODULE,
	.free		= vb2_vmalloc_free,
	.get_pages	= vb2_vmalloc_get_pages,
};

/* Large chunks are cheaper than single pages, but not worth much trouble */
static gfp_t vb2_vmalloc_easily(gfp_t gfp)
{
	return (gfp & ~__GFP_RETRY_MAYFAIL) | __GFP_NORETRY;
}

/* vmalloc() would charge page by page, and not take large ones */
static int vb2_vmalloc_fill(struct vb2_mem *mem, gfp_t gfp)
{
	unsigned int n = mem->size >> PAGE_SHIFT, order = MAX_PAGE_ORDER, i;

	/* What cannot be is refused before memory is looked for */
	if (n > totalram_pages() || vb2_vmalloc_make_array(mem))
		return -ENOMEM;
	if (!(gfp & GFP_ZONEMASK))
		gfp |= __GFP_HIGHMEM;
	while (mem->num_pages < n) {
		struct page *page;

		order = min_t(unsigned int, order, ilog2(n - mem->num_pages));
		if (order)
			page = alloc_pages(vb2_vmalloc_easily(gfp) | __GFP_COMP,
					   order);
		else
			page = alloc_page(gfp);
		for (i = 0; page && i < 1 << order; i++)
			mem->pages[mem->num_pages++] = page + i;
		if (!page && !order)
			return -ENOMEM;
		if (!page)
			order--;
	}
	return 0;
}

static void *vb2_vmalloc_alloc(struct vb2_buffer *vb, struct device *dev,
			       unsigned long size)
{
	struct vb2_mem *mem = vb2_mem_create(vb, NULL, size, &vb2_vmalloc_kind);
	gfp_t gfp = VB2_MEM_GFP | vb->vb2_queue->gfp_flags;

	if (IS_ERR(mem))
		return mem;
	if (size <= VB2_VMALLOC_DIRECT)
		mem->vaddr = alloc_pages_exact(size, vb2_vmalloc_easily(gfp));
	if (mem->vaddr)
		return mem;
	if (!vb2_vmalloc_fill(mem, gfp) && vb2_mem_vaddr(vb, mem))
		return mem;
	vb2_mem_put(mem);
	return ERR_PTR(-ENOMEM);
}

static void *vb2_vmalloc_get_userptr(struct vb2_buffer *vb, struct device *dev,
				     unsigned long vaddr, unsigned long size)
{
	return vb2_mem_get_userptr(vb, NULL, vaddr, size, &vb2_vmalloc_kind);
}

static void *vb2_vmalloc_attach_dmabuf(struct vb2_buffer *vb,
				       struct device *dev, struct dma_buf *dbuf,
				       unsigned long size)
{
	return vb2_mem_attach_dmabuf(vb, NULL, dbuf, size, &vb2_vmalloc_kind);
}

const struct vb2_mem_ops vb2_vmalloc_memops = {
	VB2_MEM_SHARED_OPS,
	.alloc		= vb2_vmalloc_alloc,
	.get_userptr	= vb2_vmalloc_get_userptr,
	.attach_dmabuf	= vb2_vmalloc_attach_dmabuf,
};
EXPORT_SYMBOL_GPL(vb2_vmalloc_memops);

MODULE_DESCRIPTION("videobuf2: memory for drivers that fill it with the CPU");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS(DMA_BUF);
MODULE_IMPORT_NS(VB2_MEMOPS);
