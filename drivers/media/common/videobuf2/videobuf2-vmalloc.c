// SPDX-License-Identifier: GPL-2.0-only
/* videobuf2: memory for drivers that fill it with the CPU */
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include <media/videobuf2-vmalloc.h>

#include "vb2-dmabuf.h"

static void vb2_vmalloc_free(struct vb2_mem *mem)
{
	vfree(mem->vaddr);
}

static const struct vb2_mem_kind vb2_vmalloc_kind = {
	.owner	= THIS_MODULE,
	.free	= vb2_vmalloc_free,
};

/* User mappings and exports want the pages; the driver wants the address */
static int vb2_vmalloc_fill(struct vb2_mem *mem, gfp_t gfp)
{
	unsigned int i;

	mem->vaddr = __vmalloc(mem->size, gfp);
	if (!mem->vaddr)
		return -ENOMEM;
	mem->num_pages = mem->size >> PAGE_SHIFT;
	mem->pages = kvmalloc_array(mem->num_pages, sizeof(*mem->pages),
				    GFP_KERNEL_ACCOUNT);
	if (!mem->pages)
		return -ENOMEM;
	for (i = 0; i < mem->num_pages; i++)
		mem->pages[i] = vmalloc_to_page(mem->vaddr + i * PAGE_SIZE);
	return 0;
}

static void *vb2_vmalloc_alloc(struct vb2_buffer *vb, struct device *dev,
			       unsigned long size)
{
	struct vb2_mem *mem = vb2_mem_create(vb, NULL, size, &vb2_vmalloc_kind);
	int ret;

	if (IS_ERR(mem))
		return mem;
	ret = vb2_vmalloc_fill(mem, VB2_MEM_GFP | vb->vb2_queue->gfp_flags);
	if (!ret)
		return mem;
	vb2_mem_put(mem);
	return ERR_PTR(ret);
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
