// SPDX-License-Identifier: GPL-2.0-only
/*
 * virtcap: the video capture node
 */
#include <media/v4l2-event.h>
#include <media/v4l2-ioctl.h>

#include "virtcap.h"

static int virtcap_querycap(struct file *file, void *priv,
			    struct v4l2_capability *cap)
{
	strscpy(cap->driver, VIRTCAP_NAME, sizeof(cap->driver));
	strscpy(cap->card, VIRTCAP_NAME, sizeof(cap->card));
	return 0;
}

static int virtcap_enum_input(struct file *file, void *priv,
			      struct v4l2_input *i)
{
	if (i->index)
		return -EINVAL;
	i->type = V4L2_INPUT_TYPE_CAMERA;
	strscpy(i->name, "Webcam", sizeof(i->name));
	return 0;
}

static int virtcap_g_input(struct file *file, void *priv, unsigned int *i)
{
	*i = 0;
	return 0;
}

static int virtcap_s_input(struct file *file, void *priv, unsigned int i)
{
	return i ? -EINVAL : 0;
}

static int virtcap_enum_framesizes(struct file *file, void *priv,
				   struct v4l2_frmsizeenum *fs)
{
	if (fs->index || !virtcap_format_find(fs->pixel_format))
		return -EINVAL;
	fs->type = V4L2_FRMSIZE_TYPE_STEPWISE;
	fs->stepwise = (struct v4l2_frmsize_stepwise) {
		VIRTCAP_MIN_SIZE, VIRTCAP_MAX_WIDTH, 8,
		VIRTCAP_MIN_SIZE, VIRTCAP_MAX_HEIGHT, 4,
	};
	return 0;
}

static int virtcap_enum_frameintervals(struct file *file, void *priv,
				       struct v4l2_frmivalenum *fi)
{
	if (fi->index || !virtcap_format_find(fi->pixel_format))
		return -EINVAL;
	if (fi->width < VIRTCAP_MIN_SIZE || fi->width > VIRTCAP_MAX_WIDTH ||
	    fi->height < VIRTCAP_MIN_SIZE || fi->height > VIRTCAP_MAX_HEIGHT ||
	    fi->width % 8 || fi->height % 4)
		return -EINVAL;
	fi->type = V4L2_FRMIVAL_TYPE_CONTINUOUS;
	fi->stepwise.min = (struct v4l2_fract) { 1, VIRTCAP_MAX_FPS };
	fi->stepwise.max = (struct v4l2_fract) { 1, 1 };
	fi->stepwise.step = (struct v4l2_fract) { 1, 1 };
	return 0;
}

static int virtcap_g_parm(struct file *file, void *priv,
			  struct v4l2_streamparm *parm)
{
	struct virtcap_node *node = video_drvdata(file);

	if (parm->type != node->queue.type)
		return -EINVAL;
	parm->parm.capture = (struct v4l2_captureparm) {
		.capability = V4L2_CAP_TIMEPERFRAME,
		.timeperframe = node->interval,
	};
	return 0;
}

static int virtcap_s_parm(struct file *file, void *priv,
			  struct v4l2_streamparm *parm)
{
	struct virtcap_node *node = video_drvdata(file);
	struct v4l2_fract t = parm->parm.capture.timeperframe;

	if (parm->type != node->queue.type)
		return -EINVAL;
	if (!t.numerator || !t.denominator)
		t = virtcap_default_interval;
	else if ((u64)t.numerator * VIRTCAP_MAX_FPS < t.denominator)
		t = (struct v4l2_fract) { 1, VIRTCAP_MAX_FPS };
	else if (t.numerator > t.denominator)
		t = (struct v4l2_fract) { 1, 1 };
	node->interval = t;
	WRITE_ONCE(node->pipe->period_ns,
		   div_u64((u64)t.numerator * NSEC_PER_SEC, t.denominator));
	return virtcap_g_parm(file, priv, parm);
}

static const struct v4l2_ioctl_ops virtcap_vid_cap_ioctl_ops = {
	.vidioc_querycap		= virtcap_querycap,
	.vidioc_enum_fmt_vid_cap	= virtcap_enum_fmt,
	.vidioc_g_fmt_vid_cap		= virtcap_g_fmt,
	.vidioc_try_fmt_vid_cap		= virtcap_try_fmt,
	.vidioc_s_fmt_vid_cap		= virtcap_s_fmt,
	.vidioc_enum_framesizes		= virtcap_enum_framesizes,
	.vidioc_enum_frameintervals	= virtcap_enum_frameintervals,
	.vidioc_enum_input		= virtcap_enum_input,
	.vidioc_g_input			= virtcap_g_input,
	.vidioc_s_input			= virtcap_s_input,
	.vidioc_g_parm			= virtcap_g_parm,
	.vidioc_s_parm			= virtcap_s_parm,
	.vidioc_reqbufs			= vb2_ioctl_reqbufs,
	.vidioc_create_bufs		= vb2_ioctl_create_bufs,
	.vidioc_prepare_buf		= vb2_ioctl_prepare_buf,
	.vidioc_querybuf		= vb2_ioctl_querybuf,
	.vidioc_qbuf			= vb2_ioctl_qbuf,
	.vidioc_dqbuf			= vb2_ioctl_dqbuf,
	.vidioc_expbuf			= vb2_ioctl_expbuf,
	.vidioc_streamon		= vb2_ioctl_streamon,
	.vidioc_streamoff		= vb2_ioctl_streamoff,
	.vidioc_log_status		= v4l2_ctrl_log_status,
	.vidioc_subscribe_event		= v4l2_ctrl_subscribe_event,
	.vidioc_unsubscribe_event	= v4l2_event_unsubscribe,
};

static const struct v4l2_file_operations virtcap_vid_cap_fops = {
	.owner		= THIS_MODULE,
	.open		= v4l2_fh_open,
	.release	= vb2_fop_release,
	.poll		= vb2_fop_poll,
	.mmap		= vb2_fop_mmap,
	.unlocked_ioctl	= video_ioctl2,
};

/* The work of one frame on the capture side */
void virtcap_vid_cap_tick(struct virtcap_pipe *pipe)
{
	struct virtcap *vc = pipe->vc;
	struct virtcap_buf *buf = virtcap_take(&vc->cap);

	if (!buf)
		return;
	virtcap_draw(vc, buf);
	virtcap_give(&vc->cap, buf, VB2_BUF_STATE_DONE);
}

int virtcap_vid_cap_init(struct virtcap *vc)
{
	struct virtcap_node *node = &vc->cap;
	struct video_device *vdev = &node->vdev;
	int ret;

	node->vc = vc;
	node->pipe = &vc->cap_pipe;
	node->interval = virtcap_default_interval;
	node->fmt = (struct v4l2_pix_format_mplane) { .width = 640, .height = 480 };
	virtcap_format_fill(&node->fmt);
	node->info = virtcap_format_find(node->fmt.pixelformat);
	ret = virtcap_queue_init(node, V4L2_BUF_TYPE_VIDEO_CAPTURE);
	if (ret)
		return ret;

	snprintf(vdev->name, sizeof(vdev->name), "%s.%u capture",
		 VIRTCAP_NAME, vc->inst);
	vdev->fops = &virtcap_vid_cap_fops;
	vdev->ioctl_ops = &virtcap_vid_cap_ioctl_ops;
	vdev->device_caps = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING;
	vdev->release = video_device_release_empty;
	vdev->v4l2_dev = &vc->v4l2_dev;
	vdev->queue = &node->queue;
	vdev->lock = &node->lock;
	video_set_drvdata(vdev, node);
	return video_register_device(vdev, VFL_TYPE_VIDEO, -1);
}
