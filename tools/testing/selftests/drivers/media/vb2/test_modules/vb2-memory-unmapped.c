// SPDX-License-Identifier: GPL-2.0-only
/*
 * dma-bufs of which the CPU gets no address: they have no vmap operation
 *
 * An ioctl() on the device file, whatever its number, takes a size and returns
 * a dma-buf's descriptor. The memory is in one piece, for importers that want it so.
 */
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/fcntl.h>
#include <linux/gfp.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/slab.h>

static struct sg_table *unmapped_map(struct dma_buf_attachment *att,
				     enum dma_data_direction dir)
{
	struct sg_table *sgt = kzalloc(sizeof(*sgt), GFP_KERNEL);
	int ret;

	if (!sgt)
		return ERR_PTR(-ENOMEM);
	ret = sg_alloc_table(sgt, 1, GFP_KERNEL);
	if (ret)
		goto err;
	sg_set_buf(sgt->sgl, att->dmabuf->priv, att->dmabuf->size);
	ret = dma_map_sgtable(att->dev, sgt, dir, 0);
	if (!ret)
		return sgt;
	sg_free_table(sgt);
err:
	kfree(sgt);
	return ERR_PTR(ret);
}

static void unmapped_unmap(struct dma_buf_attachment *att, struct sg_table *sgt,
			   enum dma_data_direction dir)
{
	dma_unmap_sgtable(att->dev, sgt, dir, 0);
	sg_free_table(sgt);
	kfree(sgt);
}

static void unmapped_release(struct dma_buf *dbuf)
{
	free_pages_exact(dbuf->priv, dbuf->size);
}

static const struct dma_buf_ops unmapped_ops = {
	.map_dma_buf	= unmapped_map,
	.unmap_dma_buf	= unmapped_unmap,
	.release	= unmapped_release,
};

static long unmapped_ioctl(struct file *file, unsigned int cmd,
			   unsigned long size)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	struct dma_buf *dbuf;
	int fd;

	info.ops = &unmapped_ops;
	info.size = PAGE_ALIGN(size);
	info.flags = O_RDWR;
	info.priv = alloc_pages_exact(info.size, GFP_KERNEL | __GFP_ZERO);
	if (!info.priv)
		return -ENOMEM;
	dbuf = dma_buf_export(&info);
	if (IS_ERR(dbuf)) {
		free_pages_exact(info.priv, info.size);
		return PTR_ERR(dbuf);
	}
	fd = dma_buf_fd(dbuf, O_CLOEXEC);
	if (fd < 0)
		dma_buf_put(dbuf);
	return fd;
}

static const struct file_operations unmapped_fops = {
	.owner		= THIS_MODULE,
	.unlocked_ioctl	= unmapped_ioctl,
};

static struct miscdevice unmapped_dev = {
	.minor		= MISC_DYNAMIC_MINOR,
	.name		= KBUILD_MODNAME,
	.fops		= &unmapped_fops,
};
module_misc_device(unmapped_dev);

MODULE_DESCRIPTION("vb2 memory tests: dma-bufs without a kernel address");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS(DMA_BUF);
