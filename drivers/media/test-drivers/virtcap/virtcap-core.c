// SPDX-License-Identifier: GPL-2.0-only
/*
 * virtcap: module, devices, life and death of an instance
 *
 * struct virtcap lives until the last file is closed, the last request freed
 * and the device unbound, in whatever order that happens: each of them holds a
 * reference of vc->v4l2_dev.
 */
#include <linux/debugfs.h>
#include <linux/dma-mapping.h>
#include <linux/font.h>
#include <linux/module.h>
#include <linux/workqueue.h>

#include <media/v4l2-ioctl.h>

#include "virtcap.h"

static unsigned int n_devs = 1;
module_param(n_devs, uint, 0444);
MODULE_PARM_DESC(n_devs, "number of devices, 1 to 64 (default 1)");

static unsigned int multiplanar[VIRTCAP_MAX_DEVS];
module_param_array(multiplanar, uint, NULL, 0444);
MODULE_PARM_DESC(multiplanar,
		 "per device: 1 for the multi-planar API, 0 for the single-planar one (default)");

static unsigned int allocators[VIRTCAP_MAX_DEVS];
module_param_array(allocators, uint, NULL, 0444);
MODULE_PARM_DESC(allocators,
		 "per device: 0 for vmalloc (default), 1 for dma-contig, 2 for dma-sg");

static unsigned int pace[VIRTCAP_MAX_DEVS];
module_param_array(pace, uint, NULL, 0444);
MODULE_PARM_DESC(pace,
		 "per device: 0 for the clock (default), 1 for as fast as buffers come, 2 for frame by frame");

static unsigned int draw[VIRTCAP_MAX_DEVS];
module_param_array(draw, uint, NULL, 0444);
MODULE_PARM_DESC(draw,
		 "per device: default of the control Draw: 0 for every frame (default), 1 for once per buffer");

static bool faults;
module_param(faults, bool, 0444);
MODULE_PARM_DESC(faults,
		 "controls that make things go wrong, and for the pace; without them an application may safely try every control (default 0)");

static struct platform_device *virtcap_pdevs[VIRTCAP_MAX_DEVS];
static struct workqueue_struct *virtcap_wq;
static struct dentry *virtcap_debugfs;

struct virtcap_disconnect {
	struct work_struct work;
	struct device *dev;
};

static void virtcap_disconnect_work(struct work_struct *work)
{
	struct virtcap_disconnect *d =
		container_of(work, struct virtcap_disconnect, work);

	device_release_driver(d->dev);
	put_device(d->dev);
	kfree(d);
}

/**
 * virtcap_disconnect() - unplug a device
 * @vc: the device
 *
 * Happens soon after, since the caller holds locks of what goes away.
 */
void virtcap_disconnect(struct virtcap *vc)
{
	struct virtcap_disconnect *d = kzalloc(sizeof(*d), GFP_KERNEL);

	if (!d)
		return;
	INIT_WORK(&d->work, virtcap_disconnect_work);
	d->dev = get_device(&vc->pdev->dev);
	queue_work(virtcap_wq, &d->work);
}

static const struct v4l2_file_operations virtcap_fops = {
	.owner		= THIS_MODULE,
	.open		= v4l2_fh_open,
	.release	= vb2_fop_release,
	.read		= vb2_fop_read,
	.write		= vb2_fop_write,
	.poll		= vb2_fop_poll,
	.mmap		= vb2_fop_mmap,
	.unlocked_ioctl	= video_ioctl2,
};

int virtcap_querycap(struct file *file, void *priv, struct v4l2_capability *cap)
{
	strscpy(cap->driver, VIRTCAP_NAME, sizeof(cap->driver));
	strscpy(cap->card, VIRTCAP_NAME, sizeof(cap->card));
	return 0;
}

/**
 * virtcap_node_register() - create the queue and the video device of a node
 * @node: the node; its format is set
 * @name: what it is
 * @ops:  its ioctls
 *
 * Return: 0 or a negative error code.
 */
int virtcap_node_register(struct virtcap_node *node, const char *name,
			  const struct v4l2_ioctl_ops *ops)
{
	static const u32 caps[] = {
		[V4L2_BUF_TYPE_VIDEO_CAPTURE] = V4L2_CAP_VIDEO_CAPTURE,
		[V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE] = V4L2_CAP_VIDEO_CAPTURE_MPLANE,
		[V4L2_BUF_TYPE_VIDEO_OUTPUT] = V4L2_CAP_VIDEO_OUTPUT,
		[V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE] = V4L2_CAP_VIDEO_OUTPUT_MPLANE,
		[V4L2_BUF_TYPE_META_CAPTURE] = V4L2_CAP_META_CAPTURE,
	};
	bool output = V4L2_TYPE_IS_OUTPUT(node->queue.type);
	struct video_device *vdev = &node->vdev;
	int ret;

	ret = virtcap_queue_init(node);
	if (ret)
		return ret;
	snprintf(vdev->name, sizeof(vdev->name), "%s.%u %s", VIRTCAP_NAME,
		 node->vc->inst, name);
	vdev->fops = &virtcap_fops;
	vdev->ioctl_ops = ops;
	vdev->device_caps = caps[node->queue.type] | V4L2_CAP_STREAMING |
			    V4L2_CAP_READWRITE;
	vdev->vfl_dir = output ? VFL_DIR_TX : VFL_DIR_RX;
	vdev->release = video_device_release_empty;
	vdev->v4l2_dev = &node->vc->v4l2_dev;
	vdev->ctrl_handler = &node->hdl;
	vdev->prio = &node->prio;
	vdev->queue = &node->queue;
	vdev->lock = &node->lock;
	video_set_drvdata(vdev, node);
	node->pad.flags = output ? MEDIA_PAD_FL_SOURCE : MEDIA_PAD_FL_SINK;
	ret = media_entity_pads_init(&vdev->entity, 1, &node->pad);
	if (ret)
		return ret;
	return video_register_device(vdev, VFL_TYPE_VIDEO, -1);
}

/* A request keeps instance and module, or its release would find neither. */
static struct media_request *virtcap_req_alloc(struct media_device *mdev)
{
	struct virtcap *vc = container_of(mdev, struct virtcap, mdev);
	struct media_request *req = kzalloc(sizeof(*req), GFP_KERNEL);

	if (req) {
		/* If the rest fails, it is freed before anybody else sets this */
		req->mdev = mdev;
		__module_get(THIS_MODULE);
		v4l2_device_get(&vc->v4l2_dev);
	}
	return req;
}

static void virtcap_req_free(struct media_request *req)
{
	struct virtcap *vc = container_of(req->mdev, struct virtcap, mdev);

	kfree(req);
	v4l2_device_put(&vc->v4l2_dev);
	module_put(THIS_MODULE);
}

static const struct media_device_ops virtcap_media_ops = {
	.req_alloc = virtcap_req_alloc,
	.req_free = virtcap_req_free,
	.req_validate = vb2_request_validate,
	.req_queue = vb2_request_queue,
};

/* Output -> hub -> capture, metadata */
static int virtcap_media_register(struct virtcap *vc)
{
	const u32 flags = MEDIA_LNK_FL_ENABLED | MEDIA_LNK_FL_IMMUTABLE;
	struct media_entity *hub = &vc->hub;
	int ret;

	hub->name = "hub";
	hub->function = MEDIA_ENT_F_PROC_VIDEO_COMPOSER;
	vc->hub_pads[0].flags = MEDIA_PAD_FL_SINK;
	vc->hub_pads[1].flags = MEDIA_PAD_FL_SOURCE;
	vc->hub_pads[2].flags = MEDIA_PAD_FL_SOURCE;
	ret = media_entity_pads_init(hub, ARRAY_SIZE(vc->hub_pads), vc->hub_pads);
	if (!ret)
		ret = media_device_register_entity(&vc->mdev, hub);
	if (!ret)
		ret = media_create_pad_link(&vc->out.vdev.entity, 0, hub, 0, flags);
	if (!ret)
		ret = media_create_pad_link(hub, 1, &vc->cap.vdev.entity, 0, flags);
	if (!ret)
		ret = media_create_pad_link(hub, 2, &vc->meta.vdev.entity, 0, flags);
	return ret ?: media_device_register(&vc->mdev);
}

static void virtcap_free(struct virtcap *vc)
{
	struct device *dev = &vc->pdev->dev;

	v4l2_ctrl_handler_free(&vc->cap.hdl);
	v4l2_ctrl_handler_free(&vc->out.hdl);
	v4l2_ctrl_handler_free(&vc->meta.hdl);
	media_device_cleanup(&vc->mdev);
	tpg_free(&vc->tpg);
	kfree(vc);
	put_device(dev);
}

/* The last reference is gone. */
static void virtcap_release(struct v4l2_device *v4l2_dev)
{
	struct virtcap *vc = container_of(v4l2_dev, struct virtcap, v4l2_dev);

	v4l2_device_unregister(v4l2_dev);
	virtcap_free(vc);
}

static int virtcap_node_init(struct virtcap *vc, struct virtcap_node *node,
			     struct virtcap_pipe *pipe, u32 type)
{
	node->vc = vc;
	node->pipe = pipe;
	node->queue.type = type;
	mutex_init(&node->lock);
	v4l2_prio_init(&node->prio);
	spin_lock_init(&node->slock);
	INIT_LIST_HEAD(&node->ready);
	INIT_LIST_HEAD(&node->held);
	virtcap_fault_init(node);
	return virtcap_ctrls_init(node);
}

static int virtcap_init_instance(struct virtcap *vc)
{
	bool mp = vc->multiplanar;
	int ret;

	mutex_init(&vc->tpg_lock);
	tpg_init(&vc->tpg, 640, 360);
	virtcap_pipe_init(vc, &vc->cap_pipe, virtcap_vid_cap_tick);
	virtcap_pipe_init(vc, &vc->out_pipe, virtcap_vid_out_tick);
	vc->draw_once = draw[vc->inst];
	vc->cap_pipe.pace = pace[vc->inst];
	vc->out_pipe.pace = pace[vc->inst];
	vc->cap_pipe.nodes[0] = &vc->cap;
	vc->cap_pipe.nodes[1] = &vc->meta;
	vc->out_pipe.nodes[0] = &vc->out;

	ret = virtcap_node_init(vc, &vc->cap, &vc->cap_pipe,
				mp ? V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE :
				     V4L2_BUF_TYPE_VIDEO_CAPTURE);
	ret = virtcap_node_init(vc, &vc->out, &vc->out_pipe,
				mp ? V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE :
				     V4L2_BUF_TYPE_VIDEO_OUTPUT) ?: ret;
	ret = virtcap_node_init(vc, &vc->meta, &vc->cap_pipe,
				V4L2_BUF_TYPE_META_CAPTURE) ?: ret;

	vc->mdev.dev = &vc->pdev->dev;
	vc->mdev.ops = &virtcap_media_ops;
	strscpy(vc->mdev.model, VIRTCAP_NAME, sizeof(vc->mdev.model));
	snprintf(vc->mdev.bus_info, sizeof(vc->mdev.bus_info), "platform:%s",
		 dev_name(&vc->pdev->dev));
	media_device_init(&vc->mdev);
	vc->v4l2_dev.mdev = &vc->mdev;
	return ret;
}

static void virtcap_unregister_nodes(struct virtcap *vc)
{
	struct virtcap_node *nodes[] = { &vc->meta, &vc->out, &vc->cap };

	for (unsigned int i = 0; i < ARRAY_SIZE(nodes); i++)
		if (video_is_registered(&nodes[i]->vdev))
			vb2_video_unregister_device(&nodes[i]->vdev);
}

static int virtcap_probe(struct platform_device *pdev)
{
	struct virtcap *vc;
	int ret;

	vc = kzalloc(sizeof(*vc), GFP_KERNEL);
	if (!vc)
		return -ENOMEM;
	get_device(&pdev->dev);
	vc->pdev = pdev;
	vc->inst = pdev->id;
	vc->multiplanar = multiplanar[vc->inst];
	vc->allocator = allocators[vc->inst];
	vc->faults = faults;
	dma_set_max_seg_size(&pdev->dev, UINT_MAX);

	ret = virtcap_init_instance(vc);
	if (!ret)
		ret = v4l2_device_register(&pdev->dev, &vc->v4l2_dev);
	if (ret) {
		virtcap_free(vc);
		return ret;
	}
	vc->v4l2_dev.release = virtcap_release;
	platform_set_drvdata(pdev, vc);

	ret = virtcap_vid_cap_init(vc);
	if (!ret)
		ret = virtcap_vid_out_init(vc);
	if (!ret)
		ret = virtcap_meta_init(vc);
	if (!ret)
		ret = virtcap_media_register(vc);
	if (ret) {
		virtcap_unregister_nodes(vc);
		v4l2_device_put(&vc->v4l2_dev);
		return dev_err_probe(&pdev->dev, ret, "cannot register\n");
	}
	virtcap_debugfs_add(vc, virtcap_debugfs);
	return 0;
}

static void virtcap_remove(struct platform_device *pdev)
{
	struct virtcap *vc = platform_get_drvdata(pdev);

	/*
	 * The last close() of a node takes it out of the media device, which
	 * goes wrong when the media device is taken apart at that moment. So
	 * the nodes stay until that is done.
	 */
	get_device(&vc->cap.vdev.dev);
	get_device(&vc->out.vdev.dev);
	get_device(&vc->meta.vdev.dev);
	virtcap_unregister_nodes(vc);
	/* After the streams, for which a writer of "step" may wait. */
	debugfs_remove(vc->debugfs);
	media_device_unregister(&vc->mdev);
	put_device(&vc->meta.vdev.dev);
	put_device(&vc->out.vdev.dev);
	put_device(&vc->cap.vdev.dev);
	v4l2_device_disconnect(&vc->v4l2_dev);
	v4l2_device_put(&vc->v4l2_dev);
}

static struct platform_driver virtcap_driver = {
	.probe		= virtcap_probe,
	.remove		= virtcap_remove,
	.driver.name	= VIRTCAP_NAME,
};

static void virtcap_unregister_devices(void)
{
	for (unsigned int i = 0; i < n_devs; i++)
		platform_device_unregister(virtcap_pdevs[i]);
}

static int virtcap_register_devices(void)
{
	for (unsigned int i = 0; i < n_devs; i++) {
		struct platform_device *pdev;

		pdev = platform_device_register_full(&(struct platform_device_info) {
			.name = VIRTCAP_NAME,
			.id = i,
			.dma_mask = DMA_BIT_MASK(32),
		});
		if (IS_ERR(pdev)) {
			virtcap_unregister_devices();
			return PTR_ERR(pdev);
		}
		virtcap_pdevs[i] = pdev;
	}
	return 0;
}

static int __init virtcap_check_params(void)
{
	if (!n_devs || n_devs > VIRTCAP_MAX_DEVS) {
		pr_err("%s: n_devs=%u: must be 1 to %u\n", VIRTCAP_NAME, n_devs,
		       VIRTCAP_MAX_DEVS);
		return -EINVAL;
	}
	for (unsigned int i = 0; i < n_devs; i++)
		if (multiplanar[i] > 1 || draw[i] > 1 ||
		    allocators[i] > VIRTCAP_DMA_SG ||
		    pace[i] > VIRTCAP_PACE_STEP) {
			pr_err("%s: device %u: multiplanar and draw must be 0 or 1, allocators and pace 0 to 2\n",
			       VIRTCAP_NAME, i);
			return -EINVAL;
		}
	return 0;
}

static int __init virtcap_init(void)
{
	const struct font_desc *font = find_font("VGA8x16");
	int ret = virtcap_check_params();

	if (ret)
		return ret;
	if (font)
		tpg_set_font(font->data);
	virtcap_wq = alloc_workqueue(VIRTCAP_NAME, WQ_UNBOUND, 0);
	if (!virtcap_wq)
		return -ENOMEM;
	virtcap_debugfs = debugfs_create_dir(VIRTCAP_NAME, NULL);
	ret = virtcap_register_devices();
	if (ret)
		goto err_wq;
	ret = platform_driver_register(&virtcap_driver);
	if (!ret)
		return 0;

	virtcap_unregister_devices();
err_wq:
	debugfs_remove(virtcap_debugfs);
	destroy_workqueue(virtcap_wq);
	return ret;
}
module_init(virtcap_init);

static void __exit virtcap_exit(void)
{
	platform_driver_unregister(&virtcap_driver);
	virtcap_unregister_devices();
	debugfs_remove(virtcap_debugfs);
	destroy_workqueue(virtcap_wq);
}
module_exit(virtcap_exit);

MODULE_DESCRIPTION("Virtual capture and output driver");
MODULE_LICENSE("GPL");
