// SPDX-License-Identifier: GPL-2.0-only
/*
 * virtcap: the video capture node
 */
#include <media/v4l2-event.h>
#include <media/v4l2-ioctl.h>

#include "virtcap.h"

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
	return virtcap_node_register(&vc->cap, "capture",
				     &virtcap_vid_cap_ioctl_ops);
}
