// SPDX-License-Identifier: GPL-2.0-only
/*
 * virtcap: the metadata node, statistics of captured frames
 */
#include <media/v4l2-event.h>
#include <media/v4l2-ioctl.h>

#include "virtcap.h"

#define VIRTCAP_META_STEP	251	/* look at one byte in so many */

static int virtcap_meta_enum_fmt(struct file *file, void *priv,
				 struct v4l2_fmtdesc *f)
{
	if (f->index)
		return -EINVAL;
	f->pixelformat = V4L2_META_FMT_VIRTCAP;
	strscpy(f->description, "Virtcap Frame Statistics",
		sizeof(f->description));
	return 0;
}

static int virtcap_meta_g_fmt(struct file *file, void *priv,
			      struct v4l2_format *f)
{
	f->fmt.meta = (struct v4l2_meta_format) {
		.dataformat = V4L2_META_FMT_VIRTCAP,
		.buffersize = sizeof(struct virtcap_meta),
	};
	return 0;
}

static const struct v4l2_ioctl_ops virtcap_meta_ioctl_ops = {
	.vidioc_enum_fmt_meta_cap	= virtcap_meta_enum_fmt,
	.vidioc_g_fmt_meta_cap		= virtcap_meta_g_fmt,
	.vidioc_try_fmt_meta_cap	= virtcap_meta_g_fmt,
	.vidioc_s_fmt_meta_cap		= virtcap_meta_g_fmt,
	VIRTCAP_COMMON_IOCTLS,
	.vidioc_subscribe_event		= v4l2_ctrl_subscribe_event,
};

static void virtcap_meta_stats(struct virtcap *vc, struct virtcap_meta *meta,
			       struct virtcap_buf *picture)
{
	const struct v4l2_pix_format_mplane *mp = &vc->cap.fmt;
	const u8 *mem = vb2_plane_vaddr(&picture->vb.vb2_buf, 0);
	u32 size = mp->plane_fmt[0].sizeimage, sum = 0, samples = 0;
	/* At most as many samples as the counter holds */
	u32 step = max(VIRTCAP_META_STEP, size / U16_MAX + 1);
	u8 min = 255, max = 0;

	for (u32 i = 0; i < size; i += step) {
		min = min(min, mem[i]);
		max = max(max, mem[i]);
		sum += mem[i];
		samples++;
	}
	meta->samples = cpu_to_le16(samples);
	meta->min = min;
	meta->max = max;
	meta->mean = sum / samples;
	meta->width = cpu_to_le32(mp->width);
	meta->height = cpu_to_le32(mp->height);
	meta->pixelformat = cpu_to_le32(mp->pixelformat);
	meta->field = cpu_to_le32(picture->vb.field);
}

/**
 * virtcap_meta_tick() - the metadata node's part of a frame
 * @vc:	     the device
 * @picture: what was captured, NULL if nothing
 *
 * Context: the capture pipe's thread, with tick_lock held.
 */
void virtcap_meta_tick(struct virtcap *vc, struct virtcap_buf *picture)
{
	struct virtcap_buf *buf = virtcap_take(&vc->meta);
	struct virtcap_meta *meta;

	if (!buf)
		return;
	virtcap_stamp_time(&vc->meta, buf);
	if (picture)
		buf->vb.vb2_buf.timestamp = picture->vb.vb2_buf.timestamp;
	meta = vb2_plane_vaddr(&buf->vb.vb2_buf, 0);
	*meta = (struct virtcap_meta) {
		.magic = cpu_to_le32(V4L2_META_FMT_VIRTCAP),
		.instance = cpu_to_le16(vc->inst),
		.sequence = cpu_to_le32(picture ? picture->vb.sequence :
						  buf->vb.sequence),
		.timestamp = cpu_to_le64(buf->vb.vb2_buf.timestamp),
		.dropped = cpu_to_le32(vc->cap.dropped),
	};
	if (picture)
		virtcap_meta_stats(vc, meta, picture);
	virtcap_give(&vc->meta, buf);
}

int virtcap_meta_init(struct virtcap *vc)
{
	/* The queue knows sizes from here, whatever a node carries. */
	vc->meta.fmt.num_planes = 1;
	vc->meta.fmt.field = V4L2_FIELD_NONE;
	vc->meta.fmt.plane_fmt[0].sizeimage = sizeof(struct virtcap_meta);
	return virtcap_node_register(&vc->meta, "metadata",
				     &virtcap_meta_ioctl_ops);
}
