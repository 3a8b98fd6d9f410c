// SPDX-License-Identifier: GPL-2.0-only
/*
 * A memory-to-memory device that really is a bus master: QEMU's "edu"
 *
 * What is queued to OUTPUT appears in the buffer queued to CAPTURE, read and
 * written by the device, page by page, at bus addresses and through the IOMMU
 * if there is one. So a test sees whether memory that vb2 allocated, pinned,
 * imported or exported is where the device was told. A page takes the model
 * 0.1 s each way: keep the pictures small.
 */
#include <linux/dma-mapping.h>
#include <linux/idr.h>
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/iopoll.h>
#include <linux/module.h>
#include <linux/pci.h>

#include <media/v4l2-device.h>
#include <media/v4l2-ioctl.h>
#include <media/v4l2-mem2mem.h>
#include <media/videobuf2-dma-contig.h>
#include <media/videobuf2-dma-sg.h>

#define EDU_DMA_SRC		0x80
#define EDU_DMA_DST		0x88
#define EDU_DMA_COUNT		0x90
#define EDU_DMA_CMD		0x98
#define EDU_DMA_START		BIT(0)
#define EDU_DMA_TO_MEMORY	BIT(1)
#define EDU_BUFFER		0x40000
#define EDU_BUFFER_SIZE		4096

static unsigned int allocators[8];
module_param_array(allocators, uint, NULL, 0444);
MODULE_PARM_DESC(allocators, "per device: 0 for dma-contig (default), 1 for dma-sg");

static unsigned int dma_bits = 64;
module_param(dma_bits, uint, 0444);
MODULE_PARM_DESC(dma_bits, "bus address bits; give the model the same dma_mask");

/* What is plugged in again is what it was before */
static DEFINE_IDA(edu_ida);

struct edu {
	int nr;
	struct pci_dev *pdev;
	void __iomem *regs;
	const struct vb2_mem_ops *mem_ops;
	struct v4l2_device v4l2_dev;
	struct video_device vdev;
	struct v4l2_m2m_dev *m2m;
	struct mutex lock; /* ioctls */
	struct work_struct work;
	struct v4l2_pix_format fmt;
};

struct edu_file {
	struct v4l2_fh fh;
	struct edu *edu;
};

static struct edu_file *to_edu_file(struct file *file)
{
	return container_of(file->private_data, struct edu_file, fh);
}

static int edu_dma(struct edu *edu, dma_addr_t addr, unsigned int len, bool in)
{
	u64 cmd;

	writeq(in ? addr : EDU_BUFFER, edu->regs + EDU_DMA_SRC);
	writeq(in ? EDU_BUFFER : addr, edu->regs + EDU_DMA_DST);
	writeq(len, edu->regs + EDU_DMA_COUNT);
	writeq(EDU_DMA_START | (in ? 0 : EDU_DMA_TO_MEMORY),
	       edu->regs + EDU_DMA_CMD);
	return readq_poll_timeout(edu->regs + EDU_DMA_CMD, cmd,
				  !(cmd & EDU_DMA_START), 5000, 5000000);
}

/* Bus address of a byte, and how many bytes from there are in one piece */
static dma_addr_t edu_addr(struct edu *edu, struct vb2_buffer *vb,
			   unsigned long offset, unsigned long *run)
{
	struct scatterlist *sg;
	unsigned int i;

	if (edu->mem_ops == &vb2_dma_contig_memops) {
		*run = vb2_plane_size(vb, 0) - offset;
		return vb2_dma_contig_plane_dma_addr(vb, 0) + offset;
	}
	for_each_sgtable_dma_sg(vb2_dma_sg_plane_desc(vb, 0), sg, i) {
		if (offset < sg_dma_len(sg)) {
			*run = sg_dma_len(sg) - offset;
			return sg_dma_address(sg) + offset;
		}
		offset -= sg_dma_len(sg);
	}
	return DMA_MAPPING_ERROR;
}

static int edu_copy(struct edu *edu, struct vb2_buffer *src,
		    struct vb2_buffer *dst)
{
	unsigned long size = vb2_get_plane_payload(dst, 0);
	unsigned long done = 0, len, run;
	dma_addr_t from, to;
	int ret = 0;

	while (!ret && done < size) {
		from = edu_addr(edu, src, done, &run);
		len = min3(size - done, run, (unsigned long)EDU_BUFFER_SIZE);
		to = edu_addr(edu, dst, done, &run);
		len = min(len, run);
		if (from == DMA_MAPPING_ERROR || to == DMA_MAPPING_ERROR)
			return -EFAULT;
		ret = edu_dma(edu, from, len, true);
		if (!ret)
			ret = edu_dma(edu, to, len, false);
		done += len;
	}
	return ret;
}

static void edu_work(struct work_struct *work)
{
	struct edu *edu = container_of(work, struct edu, work);
	struct edu_file *ef = v4l2_m2m_get_curr_priv(edu->m2m);
	struct vb2_v4l2_buffer *src = v4l2_m2m_src_buf_remove(ef->fh.m2m_ctx);
	struct vb2_v4l2_buffer *dst = v4l2_m2m_dst_buf_remove(ef->fh.m2m_ctx);
	int ret = edu_copy(edu, &src->vb2_buf, &dst->vb2_buf);
	enum vb2_buffer_state state = ret ? VB2_BUF_STATE_ERROR :
					    VB2_BUF_STATE_DONE;

	v4l2_m2m_buf_copy_metadata(src, dst, false);
	v4l2_m2m_buf_done(src, state);
	v4l2_m2m_buf_done(dst, state);
	v4l2_m2m_job_finish(edu->m2m, ef->fh.m2m_ctx);
}

static void edu_run(void *priv)
{
	struct edu_file *ef = priv;

	queue_work(system_unbound_wq, &ef->edu->work);
}

static const struct v4l2_m2m_ops edu_m2m_ops = {
	.device_run	= edu_run,
};

static int edu_queue_setup(struct vb2_queue *q, unsigned int *count,
			   unsigned int *planes, unsigned int sizes[],
			   struct device *devs[])
{
	struct edu_file *ef = vb2_get_drv_priv(q);
	u32 need = ef->edu->fmt.sizeimage;

	if (*planes)
		return *planes != 1 || sizes[0] < need ? -EINVAL : 0;
	*planes = 1;
	sizes[0] = need;
	return 0;
}

static int edu_buf_prepare(struct vb2_buffer *vb)
{
	struct edu_file *ef = vb2_get_drv_priv(vb->vb2_queue);
	u32 need = ef->edu->fmt.sizeimage;

	if (V4L2_TYPE_IS_CAPTURE(vb->type))
		vb2_set_plane_payload(vb, 0, need);
	to_vb2_v4l2_buffer(vb)->field = V4L2_FIELD_NONE;
	return vb2_plane_size(vb, 0) < need ? -EINVAL : 0;
}

static void edu_buf_queue(struct vb2_buffer *vb)
{
	struct edu_file *ef = vb2_get_drv_priv(vb->vb2_queue);

	v4l2_m2m_buf_queue(ef->fh.m2m_ctx, to_vb2_v4l2_buffer(vb));
}

/* v4l2_m2m_streamoff() has waited for the job */
static void edu_stop_streaming(struct vb2_queue *q)
{
	struct edu_file *ef = vb2_get_drv_priv(q);
	struct vb2_v4l2_buffer *buf;

	for (;;) {
		buf = V4L2_TYPE_IS_OUTPUT(q->type) ?
			v4l2_m2m_src_buf_remove(ef->fh.m2m_ctx) :
			v4l2_m2m_dst_buf_remove(ef->fh.m2m_ctx);
		if (!buf)
			return;
		v4l2_m2m_buf_done(buf, VB2_BUF_STATE_ERROR);
	}
}

static const struct vb2_ops edu_queue_ops = {
	.queue_setup	= edu_queue_setup,
	.buf_prepare	= edu_buf_prepare,
	.buf_queue	= edu_buf_queue,
	.stop_streaming	= edu_stop_streaming,
	.wait_prepare	= vb2_ops_wait_prepare,
	.wait_finish	= vb2_ops_wait_finish,
};

static int edu_queue_init(void *priv, struct vb2_queue *src,
			  struct vb2_queue *dst)
{
	struct vb2_queue *queues[] = { src, dst };
	struct edu_file *ef = priv;
	int ret = 0;

	for (unsigned int i = 0; !ret && i < ARRAY_SIZE(queues); i++) {
		struct vb2_queue *q = queues[i];

		q->type = i ? V4L2_BUF_TYPE_VIDEO_CAPTURE :
			      V4L2_BUF_TYPE_VIDEO_OUTPUT;
		q->io_modes = VB2_MMAP | VB2_USERPTR | VB2_DMABUF;
		q->dev = &ef->edu->pdev->dev;
		q->mem_ops = ef->edu->mem_ops;
		q->ops = &edu_queue_ops;
		q->lock = &ef->edu->lock;
		q->drv_priv = ef;
		q->buf_struct_size = sizeof(struct v4l2_m2m_buffer);
		q->timestamp_flags = V4L2_BUF_FLAG_TIMESTAMP_COPY;
		q->allow_cache_hints = 1;
		ret = vb2_queue_init(q);
	}
	return ret;
}

static int edu_open(struct file *file)
{
	struct edu *edu = video_drvdata(file);
	struct edu_file *ef = kzalloc(sizeof(*ef), GFP_KERNEL);
	int ret;

	if (!ef)
		return -ENOMEM;
	ef->edu = edu;
	v4l2_fh_init(&ef->fh, &edu->vdev);
	ef->fh.m2m_ctx = v4l2_m2m_ctx_init(edu->m2m, ef, edu_queue_init);
	if (IS_ERR(ef->fh.m2m_ctx)) {
		ret = PTR_ERR(ef->fh.m2m_ctx);
		v4l2_fh_exit(&ef->fh);
		kfree(ef);
		return ret;
	}
	file->private_data = &ef->fh;
	v4l2_fh_add(&ef->fh);
	return 0;
}

static int edu_release(struct file *file)
{
	struct edu_file *ef = to_edu_file(file);

	mutex_lock(&ef->edu->lock);
	v4l2_m2m_ctx_release(ef->fh.m2m_ctx);
	mutex_unlock(&ef->edu->lock);
	v4l2_fh_del(&ef->fh);
	v4l2_fh_exit(&ef->fh);
	kfree(ef);
	return 0;
}

static const struct v4l2_file_operations edu_fops = {
	.owner		= THIS_MODULE,
	.open		= edu_open,
	.release	= edu_release,
	.poll		= v4l2_m2m_fop_poll,
	.mmap		= v4l2_m2m_fop_mmap,
	.unlocked_ioctl	= video_ioctl2,
};

static int edu_querycap(struct file *file, void *priv,
			struct v4l2_capability *cap)
{
	strscpy(cap->driver, KBUILD_MODNAME, sizeof(cap->driver));
	strscpy(cap->card, "edu", sizeof(cap->card));
	return 0;
}

static int edu_enum_fmt(struct file *file, void *priv, struct v4l2_fmtdesc *f)
{
	if (f->index)
		return -EINVAL;
	f->pixelformat = V4L2_PIX_FMT_GREY;
	return 0;
}

static void edu_fit(struct v4l2_pix_format *pix)
{
	*pix = (struct v4l2_pix_format) {
		.width = clamp(pix->width, 16, 4096),
		.height = clamp(pix->height, 1, 4096),
		.pixelformat = V4L2_PIX_FMT_GREY,
		.field = V4L2_FIELD_NONE,
		.colorspace = V4L2_COLORSPACE_RAW,
	};
	pix->bytesperline = pix->width;
	pix->sizeimage = pix->width * pix->height;
}

static int edu_try_fmt(struct file *file, void *priv, struct v4l2_format *f)
{
	edu_fit(&f->fmt.pix);
	return 0;
}

static int edu_g_fmt(struct file *file, void *priv, struct v4l2_format *f)
{
	f->fmt.pix = to_edu_file(file)->edu->fmt;
	return 0;
}

/* Both sides have one format: nothing is converted here */
static int edu_s_fmt(struct file *file, void *priv, struct v4l2_format *f)
{
	struct edu_file *ef = to_edu_file(file);
	struct v4l2_m2m_ctx *ctx = ef->fh.m2m_ctx;

	if (vb2_is_busy(v4l2_m2m_get_src_vq(ctx)) ||
	    vb2_is_busy(v4l2_m2m_get_dst_vq(ctx)))
		return -EBUSY;
	edu_fit(&f->fmt.pix);
	ef->edu->fmt = f->fmt.pix;
	return 0;
}

static const struct v4l2_ioctl_ops edu_ioctl_ops = {
	.vidioc_querycap		= edu_querycap,
	.vidioc_enum_fmt_vid_cap	= edu_enum_fmt,
	.vidioc_enum_fmt_vid_out	= edu_enum_fmt,
	.vidioc_g_fmt_vid_out		= edu_g_fmt,
	.vidioc_g_fmt_vid_cap		= edu_g_fmt,
	.vidioc_s_fmt_vid_out		= edu_s_fmt,
	.vidioc_s_fmt_vid_cap		= edu_s_fmt,
	.vidioc_try_fmt_vid_out		= edu_try_fmt,
	.vidioc_try_fmt_vid_cap		= edu_try_fmt,
	.vidioc_streamon		= v4l2_m2m_ioctl_streamon,
	.vidioc_streamoff		= v4l2_m2m_ioctl_streamoff,
	.vidioc_dqbuf			= v4l2_m2m_ioctl_dqbuf,
	.vidioc_expbuf			= v4l2_m2m_ioctl_expbuf,
	.vidioc_qbuf			= v4l2_m2m_ioctl_qbuf,
	.vidioc_querybuf		= v4l2_m2m_ioctl_querybuf,
	.vidioc_reqbufs			= v4l2_m2m_ioctl_reqbufs,
};

static int edu_register(struct edu *edu)
{
	struct video_device *vdev = &edu->vdev;

	strscpy(vdev->name, "edu", sizeof(vdev->name));
	vdev->fops = &edu_fops;
	vdev->ioctl_ops = &edu_ioctl_ops;
	vdev->device_caps = V4L2_CAP_VIDEO_M2M | V4L2_CAP_STREAMING;
	vdev->vfl_dir = VFL_DIR_M2M;
	vdev->release = video_device_release_empty;
	vdev->v4l2_dev = &edu->v4l2_dev;
	vdev->lock = &edu->lock;
	video_set_drvdata(vdev, edu);
	return video_register_device(vdev, VFL_TYPE_VIDEO, -1);
}

/* Runs when the last file is closed, maybe after remove */
static void edu_free(struct v4l2_device *v4l2_dev)
{
	struct edu *edu = container_of(v4l2_dev, struct edu, v4l2_dev);

	v4l2_m2m_release(edu->m2m);
	v4l2_device_unregister(v4l2_dev);
	pci_dev_put(edu->pdev);
	ida_free(&edu_ida, edu->nr);
	kfree(edu);
}

static int edu_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct edu *edu;
	int ret;

	ret = pcim_enable_device(pdev);
	if (!ret)
		ret = pcim_iomap_regions(pdev, BIT(0), KBUILD_MODNAME);
	if (!ret)
		ret = dma_set_mask_and_coherent(&pdev->dev,
						DMA_BIT_MASK(dma_bits));
	if (ret)
		return ret;
	pci_set_master(pdev);
	vb2_dma_contig_set_max_seg_size(&pdev->dev, UINT_MAX);

	edu = kzalloc(sizeof(*edu), GFP_KERNEL);
	if (!edu)
		return -ENOMEM;
	edu->nr = ida_alloc_max(&edu_ida, ARRAY_SIZE(allocators) - 1,
				GFP_KERNEL);
	if (edu->nr < 0) {
		ret = edu->nr;
		goto free;
	}
	edu->regs = pcim_iomap_table(pdev)[0];
	edu->mem_ops = allocators[edu->nr] ? &vb2_dma_sg_memops :
					     &vb2_dma_contig_memops;
	edu->fmt.width = 160;
	edu->fmt.height = 128;
	edu_fit(&edu->fmt);
	mutex_init(&edu->lock);
	INIT_WORK(&edu->work, edu_work);
	edu->m2m = v4l2_m2m_init(&edu_m2m_ops);
	ret = PTR_ERR_OR_ZERO(edu->m2m);
	if (!ret)
		ret = v4l2_device_register(&pdev->dev, &edu->v4l2_dev);
	if (ret)
		goto free_nr;
	edu->pdev = pci_dev_get(pdev);
	edu->v4l2_dev.release = edu_free;
	pci_set_drvdata(pdev, edu);
	ret = edu_register(edu);
	if (ret)
		v4l2_device_put(&edu->v4l2_dev);
	return ret;

free_nr:
	ida_free(&edu_ida, edu->nr);
free:
	kfree(edu);
	return ret;
}

static void edu_remove(struct pci_dev *pdev)
{
	struct edu *edu = pci_get_drvdata(pdev);

	video_unregister_device(&edu->vdev);
	v4l2_device_disconnect(&edu->v4l2_dev);
	v4l2_device_put(&edu->v4l2_dev);
}

static const struct pci_device_id edu_ids[] = {
	{ PCI_DEVICE(0x1234, 0x11e8) },
	{ }
};
MODULE_DEVICE_TABLE(pci, edu_ids);

static struct pci_driver edu_driver = {
	.name		= KBUILD_MODNAME,
	.id_table	= edu_ids,
	.probe		= edu_probe,
	.remove		= edu_remove,
	/* Contexts that are still open would use the registers */
	.driver.suppress_bind_attrs = true,
};
module_pci_driver(edu_driver);

MODULE_DESCRIPTION("vb2 memory tests: QEMU's edu device copies buffers");
MODULE_LICENSE("GPL");
