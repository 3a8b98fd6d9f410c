// SPDX-License-Identifier: GPL-2.0-only
/*
 * vb2-null: a capture driver that does nothing, to measure what vb2 costs
 *
 * The same source is compiled against the kernel's own vb2 and against this
 * project's. A buffer is complete as soon as the driver gets it or, with
 * delay_us, after a timer interrupt, which leaves the time at which it was
 * completed in the buffer's sequence (low 32 bits of the monotonic clock, ns).
 *
 * It binds to QEMU's "edu" device because an IOMMU stands only in front of a
 * PCI device. It registers two nodes, so that one can import what the other
 * exports.
 */
#include <linux/dma-mapping.h>
#include <linux/hrtimer.h>
#include <linux/module.h>
#include <linux/pci.h>

#include <media/media-device.h>
#include <media/v4l2-dev.h>
#include <media/v4l2-device.h>
#include <media/v4l2-ioctl.h>
#include <media/videobuf2-dma-contig.h>
#include <media/videobuf2-dma-sg.h>
#include <media/videobuf2-v4l2.h>
#include <media/videobuf2-vmalloc.h>

#define NULL_NODES	2
/* The device "edu", see docs/specs/edu.rst of QEMU */
#define NULL_VENDOR_ID	0x1234
#define NULL_DEVICE_ID	0x11e8

static char *allocator = "vmalloc";
module_param(allocator, charp, 0444);
MODULE_PARM_DESC(allocator, "vmalloc, dma-contig or dma-sg");

static unsigned int planes = 1;
module_param(planes, uint, 0444);
MODULE_PARM_DESC(planes, "planes of a buffer, 1 to 8");

static bool multiplanar;
module_param(multiplanar, bool, 0444);
MODULE_PARM_DESC(multiplanar, "use the multi-planar API for one plane too");

static unsigned int size = PAGE_SIZE;
module_param(size, uint, 0444);
MODULE_PARM_DESC(size, "bytes of a plane");

static unsigned int max_buffers = VIDEO_MAX_FRAME;
module_param(max_buffers, uint, 0444);
MODULE_PARM_DESC(max_buffers, "how many buffers a queue takes, 32 to 1024");

static unsigned int min_queued;
module_param(min_queued, uint, 0444);
MODULE_PARM_DESC(min_queued, "buffers needed before streaming starts");

static unsigned int delay_us;
module_param(delay_us, uint, 0444);
MODULE_PARM_DESC(delay_us, "complete buffers by a timer, in microseconds");

static unsigned int queue_bytes = sizeof(struct vb2_queue);
module_param(queue_bytes, uint, 0444);
MODULE_PARM_DESC(queue_bytes, "(read only) what struct vb2_queue takes");

struct null_buffer {
	struct vb2_v4l2_buffer vb;
	struct list_head list;
};

struct null_node {
	struct video_device vdev;
	struct vb2_queue queue;
	/* Serialises the ioctls and protects the queue */
	struct mutex lock;
	struct hrtimer timer;
	/* Protects pending */
	spinlock_t slock;
	struct list_head pending;
};

struct null_device {
	struct v4l2_device v4l2_dev;
	struct media_device mdev;
	struct null_node nodes[NULL_NODES];
};

static int null_queue_setup(struct vb2_queue *q, unsigned int *num_buffers,
			    unsigned int *num_planes, unsigned int sizes[],
			    struct device *alloc_devs[])
{
	unsigned int i;

	if (*num_planes) {
		if (*num_planes != planes)
			return -EINVAL;
		for (i = 0; i < planes; i++)
			if (sizes[i] < size)
				return -EINVAL;
		return 0;
	}
	*num_planes = planes;
	for (i = 0; i < planes; i++)
		sizes[i] = size;
	return 0;
}

static int null_buf_prepare(struct vb2_buffer *vb)
{
	unsigned int i;

	for (i = 0; i < vb->num_planes; i++)
		vb2_set_plane_payload(vb, i, size);
	return 0;
}

static enum hrtimer_restart null_timer(struct hrtimer *timer)
{
	struct null_node *node = container_of(timer, struct null_node, timer);
	struct null_buffer *buf;

	scoped_guard(spinlock_irqsave, &node->slock) {
		buf = list_first_entry_or_null(&node->pending,
					       struct null_buffer, list);
		if (!buf)
			return HRTIMER_NORESTART;
		list_del(&buf->list);
	}
	buf->vb.sequence = lower_32_bits(ktime_get_ns());
	vb2_buffer_done(&buf->vb.vb2_buf, VB2_BUF_STATE_DONE);
	return HRTIMER_NORESTART;
}

static void null_buf_queue(struct vb2_buffer *vb)
{
	struct null_buffer *buf = container_of(to_vb2_v4l2_buffer(vb),
					       struct null_buffer, vb);
	struct null_node *node = vb2_get_drv_priv(vb->vb2_queue);

	if (!delay_us) {
		vb2_buffer_done(vb, VB2_BUF_STATE_DONE);
		return;
	}
	scoped_guard(spinlock_irqsave, &node->slock)
		list_add_tail(&buf->list, &node->pending);
	hrtimer_start(&node->timer, ns_to_ktime(delay_us * NSEC_PER_USEC), HRTIMER_MODE_REL);
}

static void null_stop_streaming(struct vb2_queue *q)
{
	struct null_node *node = vb2_get_drv_priv(q);
	struct null_buffer *buf, *next;

	hrtimer_cancel(&node->timer);
	list_for_each_entry_safe(buf, next, &node->pending, list) {
		list_del(&buf->list);
		vb2_buffer_done(&buf->vb.vb2_buf, VB2_BUF_STATE_ERROR);
	}
}

/* There are no controls in a request that would have to be completed */
static void null_buf_request_complete(struct vb2_buffer *vb)
{
}

static const struct vb2_ops null_queue_ops = {
	.queue_setup = null_queue_setup,
	.buf_prepare = null_buf_prepare,
	.buf_queue = null_buf_queue,
	.stop_streaming = null_stop_streaming,
	.buf_request_complete = null_buf_request_complete,
	.wait_prepare = vb2_ops_wait_prepare,
	.wait_finish = vb2_ops_wait_finish,
};

static int null_querycap(struct file *file, void *priv,
			 struct v4l2_capability *cap)
{
	strscpy(cap->driver, KBUILD_MODNAME);
	strscpy(cap->card, "nothing");
	return 0;
}

/* There is one format; size and planes are the module's parameters */
static int null_get_format(struct file *file, void *priv,
			   struct v4l2_format *f)
{
	unsigned int i;

	if (f->type == V4L2_BUF_TYPE_VIDEO_CAPTURE) {
		f->fmt.pix.pixelformat = V4L2_PIX_FMT_GREY;
		f->fmt.pix.field = V4L2_FIELD_NONE;
		f->fmt.pix.sizeimage = size;
		return 0;
	}
	f->fmt.pix_mp.pixelformat = V4L2_PIX_FMT_GREY;
	f->fmt.pix_mp.field = V4L2_FIELD_NONE;
	f->fmt.pix_mp.num_planes = planes;
	for (i = 0; i < planes; i++)
		f->fmt.pix_mp.plane_fmt[i].sizeimage = size;
	return 0;
}

static const struct v4l2_ioctl_ops null_ioctl_ops = {
	.vidioc_create_bufs = vb2_ioctl_create_bufs,
	.vidioc_dqbuf = vb2_ioctl_dqbuf,
	.vidioc_expbuf = vb2_ioctl_expbuf,
	.vidioc_g_fmt_vid_cap = null_get_format,
	.vidioc_g_fmt_vid_cap_mplane = null_get_format,
	.vidioc_qbuf = vb2_ioctl_qbuf,
	.vidioc_querybuf = vb2_ioctl_querybuf,
	.vidioc_querycap = null_querycap,
	.vidioc_reqbufs = vb2_ioctl_reqbufs,
	.vidioc_streamoff = vb2_ioctl_streamoff,
	.vidioc_streamon = vb2_ioctl_streamon,
};

static const struct v4l2_file_operations null_fops = {
	.mmap = vb2_fop_mmap,
	.open = v4l2_fh_open,
	.owner = THIS_MODULE,
	.poll = vb2_fop_poll,
	.read = vb2_fop_read,
	.release = vb2_fop_release,
	.unlocked_ioctl = video_ioctl2,
};

static const struct media_device_ops null_media_ops = {
	.req_validate = vb2_request_validate,
	.req_queue = vb2_request_queue,
};

static const struct vb2_mem_ops *null_mem_ops(void)
{
	if (!strcmp(allocator, "vmalloc"))
		return &vb2_vmalloc_memops;
	if (!strcmp(allocator, "dma-contig"))
		return &vb2_dma_contig_memops;
	if (!strcmp(allocator, "dma-sg"))
		return &vb2_dma_sg_memops;
	return NULL;
}

static int null_add_node(struct null_device *null, struct null_node *node,
			 struct device *dev)
{
	bool mplane = multiplanar || planes > 1;
	struct video_device *vdev = &node->vdev;
	struct vb2_queue *q = &node->queue;
	int ret;

	mutex_init(&node->lock);
	spin_lock_init(&node->slock);
	INIT_LIST_HEAD(&node->pending);
	hrtimer_init(&node->timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	node->timer.function = null_timer;

	q->type = mplane ? V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE :
			   V4L2_BUF_TYPE_VIDEO_CAPTURE;
	q->io_modes = VB2_MMAP | VB2_DMABUF | VB2_USERPTR | VB2_READ;
	q->dev = dev;
	q->drv_priv = node;
	q->buf_struct_size = sizeof(struct null_buffer);
	q->ops = &null_queue_ops;
	q->mem_ops = null_mem_ops();
	q->timestamp_flags = V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
	q->lock = &node->lock;
	q->max_num_buffers = max_buffers;
	q->min_queued_buffers = min_queued;
	q->supports_requests = !min_queued;
	ret = vb2_queue_init(q);
	if (ret)
		return ret;

	strscpy(vdev->name, KBUILD_MODNAME);
	vdev->device_caps = V4L2_CAP_STREAMING | V4L2_CAP_READWRITE |
		(mplane ? V4L2_CAP_VIDEO_CAPTURE_MPLANE :
			  V4L2_CAP_VIDEO_CAPTURE);
	vdev->fops = &null_fops;
	vdev->ioctl_ops = &null_ioctl_ops;
	vdev->release = video_device_release_empty;
	vdev->v4l2_dev = &null->v4l2_dev;
	vdev->queue = q;
	vdev->lock = &node->lock;
	return video_register_device(vdev, VFL_TYPE_VIDEO, -1);
}

static void null_remove(struct pci_dev *pdev)
{
	struct null_device *null = pci_get_drvdata(pdev);
	unsigned int i;

	media_device_unregister(&null->mdev);
	for (i = 0; i < NULL_NODES; i++)
		if (video_is_registered(&null->nodes[i].vdev))
			vb2_video_unregister_device(&null->nodes[i].vdev);
	v4l2_device_unregister(&null->v4l2_dev);
	media_device_cleanup(&null->mdev);
	kfree(null);
}

static int null_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct device *dev = &pdev->dev;
	struct null_device *null;
	unsigned int i;
	int ret;

	if (!null_mem_ops() || !planes || planes > VIDEO_MAX_PLANES || !size) {
		dev_err(dev, "modinfo tells what the parameters may be\n");
		return -EINVAL;
	}
	ret = dma_set_mask_and_coherent(dev, DMA_BIT_MASK(64));
	if (ret)
		return ret;
	dma_set_max_seg_size(dev, UINT_MAX);

	null = kzalloc(sizeof(*null), GFP_KERNEL);
	if (!null)
		return -ENOMEM;
	pci_set_drvdata(pdev, null);
	null->mdev.dev = dev;
	null->mdev.ops = &null_media_ops;
	strscpy(null->mdev.model, KBUILD_MODNAME);
	media_device_init(&null->mdev);
	null->v4l2_dev.mdev = &null->mdev;
	ret = v4l2_device_register(dev, &null->v4l2_dev);
	if (ret) {
		media_device_cleanup(&null->mdev);
		kfree(null);
		return ret;
	}

	for (i = 0; i < NULL_NODES && !ret; i++)
		ret = null_add_node(null, &null->nodes[i], dev);
	if (!ret)
		ret = media_device_register(&null->mdev);
	if (ret)
		null_remove(pdev);
	return ret;
}

static const struct pci_device_id null_ids[] = {
	{ PCI_DEVICE(NULL_VENDOR_ID, NULL_DEVICE_ID) },
	{ }
};
MODULE_DEVICE_TABLE(pci, null_ids);

static struct pci_driver null_driver = {
	.name = KBUILD_MODNAME,
	.id_table = null_ids,
	.probe = null_probe,
	.remove = null_remove,
};
module_pci_driver(null_driver);

MODULE_DESCRIPTION("Capture driver without hardware for the vb2 benchmark");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS(DMA_BUF);
