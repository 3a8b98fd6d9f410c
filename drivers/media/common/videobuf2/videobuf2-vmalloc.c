// SPDX-License-Identifier: GPL-2.0-only
/* videobuf2: memory for drivers that fill it with the CPU */
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include <media/videobuf2-vmalloc.h>

#include "vb2-dmabuf.h"

static void vb2_vmalloc_free(struct vb2_mem *mem)
{
	vfree(mem->vaddr);
}

/* Only devices that attach to the exported memory want all pages at once */
static int vb2_vmalloc_get_pages(struct vb2_mem *mem)
{
	unsigned int i, n = mem->size >> PAGE_SHIFT;

	mem->pages = kvmalloc_array(n, sizeof(*mem->pages), GFP_KERNEL_ACCOUNT);
	if (!mem->pages)
		return -ENOMEM;
	for (i = 0; i < n; i++)
		mem->pages[i] = vmalloc_to_page(mem->vaddr + i * PAGE_SIZE);
	mem->num_pages = n;
	return 0;
}

/* remap_vmalloc_range() wants vmalloc_user(), which takes no gfp flags */
static int vb2_vmalloc_mmap(struct vb2_mem *mem, struct vm_area_struct *vma)
{
	unsigned long size = vma->vm_end - vma->vm_start, start, i;
	int ret = 0;

	if (check_shl_overflow(vma->vm_pgoff, PAGE_SHIFT, &start) ||
	    start > mem->size || size > mem->size - start)
		return -ENXIO;
	for (i = 0; i < size && !ret; i += PAGE_SIZE)
		ret = vm_insert_page(vma, vma->vm_start + i,
				     vmalloc_to_page(mem->vaddr + start + i));
	return ret;
}

static const struct vb2_mem_kind vb2_vmalloc_kind = {
	.owner		= THIS_MODULE,
	.free		= vb2_vmalloc_free,
	.get_pages	= vb2_vmalloc_get_pages,
	.mmap		= vb2_vmalloc_mmap,
};

static void *vb2_vmalloc_alloc(struct vb2_buffer *vb, struct device *dev,
			       unsigned long size)
{
	struct vb2_mem *mem = vb2_mem_create(vb, NULL, size, &vb2_vmalloc_kind);

	if (IS_ERR(mem))
		return mem;
	mem->vaddr = __vmalloc(size, VB2_MEM_GFP | vb->vb2_queue->gfp_flags);
	if (mem->vaddr)
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
