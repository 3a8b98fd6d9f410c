// SPDX-License-Identifier: GPL-2.0-only
/*
 * virtcap: the video output node, and the loop from there to capture
 *
 * The loop is closed while the capture node's Loop input is selected, both
 * nodes stream, and both have the same format. The capture side then takes one
 * output buffer for each of its frames, so that none is lost or shown twice as
 * long as the capturing application keeps up.
 */
#include <media/v4l2-event.h>
#include <media/v4l2-ioctl.h>

#include "virtcap.h"

static int virtcap_enum_output(struct file *file, void *priv,
			       struct v4l2_output *o)
{
	if (o->index)
		return -EINVAL;
	o->type = V4L2_OUTPUT_TYPE_ANALOG;
	strscpy(o->name, "Display", sizeof(o->name));
	return 0;
}

static int virtcap_g_output(struct file *file, void *priv, unsigned int *o)
{
	*o = 0;
	return 0;
}

static int virtcap_s_output(struct file *file, void *priv, unsigned int o)
{
	return o ? -EINVAL : 0;
}

static const struct v4l2_ioctl_ops virtcap_vid_out_ioctl_ops = {
	.vidioc_enum_fmt_vid_out	= virtcap_enum_fmt,
	.vidioc_g_fmt_vid_out		= virtcap_g_fmt,
	.vidioc_try_fmt_vid_out		= virtcap_try_fmt,
	.vidioc_s_fmt_vid_out		= virtcap_s_fmt,
	.vidioc_g_fmt_vid_out_mplane	= virtcap_g_fmt,
	.vidioc_try_fmt_vid_out_mplane	= virtcap_try_fmt,
	.vidioc_s_fmt_vid_out_mplane	= virtcap_s_fmt,
	.vidioc_enum_framesizes		= virtcap_enum_framesizes,
	.vidioc_enum_frameintervals	= virtcap_enum_frameintervals,
	.vidioc_enum_output		= virtcap_enum_output,
	.vidioc_g_output		= virtcap_g_output,
	.vidioc_s_output		= virtcap_s_output,
	.vidioc_g_parm			= virtcap_g_parm,
	.vidioc_s_parm			= virtcap_s_parm,
	VIRTCAP_COMMON_IOCTLS,
	.vidioc_subscribe_event		= v4l2_ctrl_subscribe_event,
};

static bool virtcap_same_format(const struct v4l2_pix_format_mplane *a,
				const struct v4l2_pix_format_mplane *b)
{
	if (a->width != b->width || a->height != b->height ||
	    a->pixelformat != b->pixelformat || a->field != b->field)
		return false;
	for (unsigned int p = 0; p < a->num_planes; p++)
		if (a->plane_fmt[p].bytesperline != b->plane_fmt[p].bytesperline)
			return false;
	return true;
}

/**
 * virtcap_loop_update() - close or open the loop
 * @vc: the device
 *
 * Context: to be called when a node has started or is about to stop. When this
 * returns after a stop, the other side's thread does not touch the node.
 */
void virtcap_loop_update(struct virtcap *vc)
{
	guard(mutex)(&vc->cap_pipe.tick_lock);
	mutex_lock_nested(&vc->out_pipe.tick_lock, SINGLE_DEPTH_NESTING);
	WRITE_ONCE(vc->loop, vc->input == VIRTCAP_LOOP && vc->cap.streaming &&
		   vc->out.streaming &&
		   virtcap_same_format(&vc->cap.fmt, &vc->out.fmt));
	mutex_unlock(&vc->out_pipe.tick_lock);
	/* Who waited for the other side may go on alone. */
	wake_up_all(&vc->cap_pipe.wait);
	wake_up_all(&vc->out_pipe.wait);
}

static void virtcap_loop_copy(struct virtcap *vc, struct virtcap_buf *dst,
			      struct virtcap_buf *src)
{
	for (unsigned int p = 0; p < vc->out.fmt.num_planes; p++)
		memcpy(vb2_plane_vaddr(&dst->vb.vb2_buf, p),
		       vb2_plane_vaddr(&src->vb.vb2_buf, p) +
		       src->vb.vb2_buf.planes[p].data_offset,
		       vc->out.fmt.plane_fmt[p].sizeimage);
	/* What is in the memory now is not the test pattern. */
	dst->drawn = vc->draw_gen - 1;
}

/**
 * virtcap_loop_take() - take a capture buffer and fill it from the output side
 * @vc:	  the device
 * @bufp: the capture buffer; NULL if there is none and the frame is lost
 *
 * Context: the capture pipe's thread, with tick_lock held.
 * Return: true if there was an output buffer.
 */
bool virtcap_loop_take(struct virtcap *vc, struct virtcap_buf **bufp)
{
	struct virtcap_buf *src;

	mutex_lock_nested(&vc->out_pipe.tick_lock, SINGLE_DEPTH_NESTING);
	virtcap_flush(&vc->out);
	src = virtcap_has_ready(&vc->out) ? virtcap_take(&vc->out) : NULL;
	if (src) {
		*bufp = virtcap_take(&vc->cap);
		if (*bufp) {
			virtcap_stamp_time(&vc->cap, *bufp);
			virtcap_loop_copy(vc, *bufp, src);
		}
		virtcap_stamp_time(&vc->out, src);
		virtcap_give(&vc->out, src);
		vc->out.frame++;
	}
	mutex_unlock(&vc->out_pipe.tick_lock);
	return src;
}

/* The work of one frame on the output side: look at it, give it back. */
void virtcap_vid_out_tick(struct virtcap_pipe *pipe)
{
	struct virtcap *vc = pipe->vc;
	struct virtcap_buf *buf;

	if (vc->loop)
		return;
	/* Without a new one the last frame is shown again; it is not counted. */
	buf = virtcap_take(&vc->out);
	if (!buf)
		return;
	virtcap_stamp_time(&vc->out, buf);
	virtcap_give(&vc->out, buf);
	vc->out.frame++;
}

int virtcap_vid_out_init(struct virtcap *vc)
{
	struct virtcap_node *node = &vc->out;
	struct v4l2_pix_format_mplane mp = { .width = 640, .height = 360 };

	node->interval = (struct v4l2_fract) { 1, 30 };
	virtcap_format_set(node, &mp);
	return virtcap_node_register(node, "output", &virtcap_vid_out_ioctl_ops);
}
