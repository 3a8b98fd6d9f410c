// SPDX-License-Identifier: GPL-2.0-only
/*
 * virtcap: the video capture node
 */
#include <media/v4l2-event.h>
#include <media/v4l2-ioctl.h>

#include "virtcap.h"

const struct v4l2_frmsize_discrete virtcap_webcam_sizes[] = {
	{ 160, 120 }, { 320, 180 }, { 640, 360 }, { 640, 480 }, { 1280, 720 },
	{ 1920, 1080 }, { 3840, 2160 }, { 7680, 4320 },
};

const unsigned int virtcap_num_webcam_sizes = ARRAY_SIZE(virtcap_webcam_sizes);

/* Frames a second; the larger sizes do not reach the higher rates. */
static const unsigned int virtcap_rates[] = { 1, 5, 15, 25, 30, 60, 120, 240 };

static unsigned int virtcap_num_rates(u32 width, u32 height)
{
	unsigned int n = ARRAY_SIZE(virtcap_rates);

	while ((u64)width * height * virtcap_rates[n - 1] > 7680ULL * 4320 * 30)
		n--;
	return n;
}

static int virtcap_enum_framesizes(struct file *file, void *priv,
				   struct v4l2_frmsizeenum *fs)
{
	struct virtcap_node *node = video_drvdata(file);

	if (node->vc->input != VIRTCAP_WEBCAM)
		return virtcap_enum_any_size(file, priv, fs);
	if (!virtcap_format_find(node, fs->pixel_format) ||
	    fs->index >= ARRAY_SIZE(virtcap_webcam_sizes))
		return -EINVAL;
	fs->type = V4L2_FRMSIZE_TYPE_DISCRETE;
	fs->discrete = virtcap_webcam_sizes[fs->index];
	return 0;
}

static int virtcap_enum_frameintervals(struct file *file, void *priv,
				       struct v4l2_frmivalenum *fi)
{
	struct virtcap_node *node = video_drvdata(file);
	unsigned int i, num;

	if (node->vc->input != VIRTCAP_WEBCAM) {
		int ret = virtcap_enum_any_interval(file, priv, fi);

		if (ret || node->vc->input == VIRTCAP_LOOP)
			return ret;
		/* The source decides. */
		fi->type = V4L2_FRMIVAL_TYPE_DISCRETE;
		fi->discrete = node->interval;
		return 0;
	}
	if (!virtcap_format_find(node, fi->pixel_format))
		return -EINVAL;
	for (i = 0; i < ARRAY_SIZE(virtcap_webcam_sizes); i++)
		if (fi->width == virtcap_webcam_sizes[i].width &&
		    fi->height == virtcap_webcam_sizes[i].height)
			break;
	num = virtcap_num_rates(fi->width, fi->height);
	if (i == ARRAY_SIZE(virtcap_webcam_sizes) || fi->index >= num)
		return -EINVAL;
	fi->type = V4L2_FRMIVAL_TYPE_DISCRETE;
	fi->discrete = (struct v4l2_fract) {
		1, virtcap_rates[num - 1 - fi->index] };
	return 0;
}

/* For capture and output: struct v4l2_outputparm has the same layout. */
int virtcap_g_parm(struct file *file, void *priv, struct v4l2_streamparm *parm)
{
	struct virtcap_node *node = video_drvdata(file);

	if (parm->type != node->queue.type)
		return -EINVAL;
	parm->parm.capture = (struct v4l2_captureparm) {
		.capability = V4L2_CAP_TIMEPERFRAME,
		.timeperframe = node->interval,
		.readbuffers = 2,
	};
	return 0;
}

/* The webcam has certain rates; at TV and HDMI the source decides. */
int virtcap_s_parm(struct file *file, void *priv, struct v4l2_streamparm *parm)
{
	struct virtcap_node *node = video_drvdata(file);
	struct v4l2_fract t = parm->parm.capture.timeperframe;
	unsigned int num = virtcap_num_rates(node->fmt.width, node->fmt.height);
	enum virtcap_input input = node->vc->input;
	bool cap = node == &node->vc->cap;
	unsigned int i = 0;

	if (parm->type != node->queue.type)
		return -EINVAL;
	if (cap && input == VIRTCAP_WEBCAM) {
		if (!t.numerator || !t.denominator)
			t = (struct v4l2_fract) { 1, 30 };
		/* The slowest rate that is not below the wanted one */
		while (i < num - 1 &&
		       (u64)virtcap_rates[i] * t.numerator < t.denominator)
			i++;
		t = (struct v4l2_fract) { 1, virtcap_rates[i] };
	}
	if (!cap || input == VIRTCAP_WEBCAM || input == VIRTCAP_LOOP)
		virtcap_set_interval(node, t);
	return virtcap_g_parm(file, priv, parm);
}

static int virtcap_subscribe_event(struct v4l2_fh *fh,
				   const struct v4l2_event_subscription *sub)
{
	if (sub->type == V4L2_EVENT_SOURCE_CHANGE)
		return v4l2_src_change_event_subscribe(fh, sub);
	return v4l2_ctrl_subscribe_event(fh, sub);
}

static const struct v4l2_ioctl_ops virtcap_vid_cap_ioctl_ops = {
	.vidioc_enum_fmt_vid_cap	= virtcap_enum_fmt,
	.vidioc_g_fmt_vid_cap		= virtcap_g_fmt,
	.vidioc_try_fmt_vid_cap		= virtcap_try_fmt,
	.vidioc_s_fmt_vid_cap		= virtcap_s_fmt,
	.vidioc_g_fmt_vid_cap_mplane	= virtcap_g_fmt,
	.vidioc_try_fmt_vid_cap_mplane	= virtcap_try_fmt,
	.vidioc_s_fmt_vid_cap_mplane	= virtcap_s_fmt,
	.vidioc_enum_framesizes		= virtcap_enum_framesizes,
	.vidioc_enum_frameintervals	= virtcap_enum_frameintervals,
	.vidioc_enum_input		= virtcap_enum_input,
	.vidioc_g_input			= virtcap_g_input,
	.vidioc_s_input			= virtcap_s_input,
	.vidioc_g_std			= virtcap_g_std,
	.vidioc_s_std			= virtcap_s_std,
	.vidioc_querystd		= virtcap_querystd,
	.vidioc_g_dv_timings		= virtcap_g_dv_timings,
	.vidioc_s_dv_timings		= virtcap_s_dv_timings,
	.vidioc_query_dv_timings	= virtcap_query_dv_timings,
	.vidioc_enum_dv_timings		= virtcap_enum_dv_timings,
	.vidioc_dv_timings_cap		= virtcap_dv_timings_cap,
	.vidioc_g_edid			= virtcap_g_edid,
	.vidioc_s_edid			= virtcap_s_edid,
	.vidioc_g_selection		= virtcap_g_selection,
	.vidioc_s_selection		= virtcap_s_selection,
	.vidioc_g_parm			= virtcap_g_parm,
	.vidioc_s_parm			= virtcap_s_parm,
	VIRTCAP_COMMON_IOCTLS,
	.vidioc_subscribe_event		= virtcap_subscribe_event,
};

static void virtcap_picture(struct virtcap *vc, struct virtcap_buf *buf)
{
	virtcap_stamp_time(&vc->cap, buf);
	if (virtcap_fault(&vc->cap, VIRTCAP_FAULT_STALE))
		return;
	virtcap_draw(vc, buf);
	if (vc->identity != VIRTCAP_IDENTITY_OFF)
		virtcap_stamp(vc, buf);
}

/* The work of one frame on the capture side */
void virtcap_vid_cap_tick(struct virtcap_pipe *pipe)
{
	struct virtcap *vc = pipe->vc;
	struct virtcap_buf *buf;

	if (vc->loop) {
		/* Nothing comes from the output side: nothing is lost here. */
		if (!virtcap_loop_take(vc, &buf))
			return;
	} else {
		buf = virtcap_take(&vc->cap);
		if (buf)
			virtcap_picture(vc, buf);
	}
	virtcap_meta_tick(vc, buf);
	if (buf)
		virtcap_give(&vc->cap, buf);
	vc->cap.frame++;
	vc->meta.frame++;
}

int virtcap_vid_cap_init(struct virtcap *vc)
{
	virtcap_input_init(vc);
	return virtcap_node_register(&vc->cap, "capture", &virtcap_vid_cap_ioctl_ops,
				     vc->multiplanar ?
				     V4L2_CAP_VIDEO_CAPTURE_MPLANE :
				     V4L2_CAP_VIDEO_CAPTURE);
}
