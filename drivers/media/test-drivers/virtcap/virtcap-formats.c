// SPDX-License-Identifier: GPL-2.0-only
/*
 * virtcap: pixel formats, and the format ioctls of the video nodes
 */
#include <media/v4l2-common.h>
#include <media/v4l2-ioctl.h>

#include "virtcap.h"

#define PACKED(_fourcc, _bpp, _rgb) {					\
	.fourcc = _fourcc, .rgb = _rgb, .buffers = 1, .planes = 1,	\
	.bpp = { _bpp }, .hsub = 1, .vsub = 1 }

static const struct virtcap_format virtcap_formats[] = {
	PACKED(V4L2_PIX_FMT_YUYV, 2, false),
	PACKED(V4L2_PIX_FMT_RGB24, 3, true),
};

const struct v4l2_fract virtcap_default_interval = { 1, 30 };

const struct virtcap_format *virtcap_format_at(unsigned int index)
{
	return index < ARRAY_SIZE(virtcap_formats) ? &virtcap_formats[index] : NULL;
}

const struct virtcap_format *virtcap_format_find(u32 fourcc)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(virtcap_formats); i++)
		if (virtcap_formats[i].fourcc == fourcc)
			return &virtcap_formats[i];
	return NULL;
}

static void virtcap_format_planes(const struct virtcap_format *info,
				  struct v4l2_pix_format_mplane *mp)
{
	for (unsigned int p = 0; p < info->buffers; p++) {
		struct v4l2_plane_pix_format *plane = &mp->plane_fmt[p];
		unsigned int h = p ? info->hsub : 1, v = p ? info->vsub : 1;
		u32 min = mp->width * info->bpp[p] / h;
		u32 max = VIRTCAP_MAX_WIDTH * info->bpp[p] / h;
		u32 bpl = clamp(plane->bytesperline, min, max);

		/* Each line of every plane starts at a whole sample. */
		bpl = roundup(bpl, info->bpp[p] * info->hsub);
		plane->bytesperline = bpl;
		plane->sizeimage = bpl * mp->height / v;
		memset(plane->reserved, 0, sizeof(plane->reserved));
	}
	/* Colour planes that follow the first one in the same memory */
	if (info->buffers == 1)
		for (unsigned int p = 1; p < info->planes; p++)
			mp->plane_fmt[0].sizeimage +=
				mp->plane_fmt[0].bytesperline * info->bpp[p] /
				info->bpp[0] / info->hsub * mp->height / info->vsub;
}

/**
 * virtcap_format_fill() - make a format one that the hardware can do
 * @mp: what the application asked for; what it gets
 *
 * Strides larger than needed are kept.
 */
void virtcap_format_fill(struct v4l2_pix_format_mplane *mp)
{
	const struct virtcap_format *info = virtcap_format_find(mp->pixelformat);

	if (!info)
		info = &virtcap_formats[0];
	mp->pixelformat = info->fourcc;
	v4l_bound_align_image(&mp->width, VIRTCAP_MIN_SIZE, VIRTCAP_MAX_WIDTH, 3,
			      &mp->height, VIRTCAP_MIN_SIZE, VIRTCAP_MAX_HEIGHT, 2, 0);
	mp->field = V4L2_FIELD_NONE;
	mp->num_planes = info->buffers;
	virtcap_format_planes(info, mp);
	mp->colorspace = info->rgb ? V4L2_COLORSPACE_SRGB : V4L2_COLORSPACE_REC709;
	mp->xfer_func = V4L2_XFER_FUNC_DEFAULT;
	mp->ycbcr_enc = V4L2_YCBCR_ENC_DEFAULT;
	mp->quantization = V4L2_QUANTIZATION_DEFAULT;
	mp->flags = 0;
	memset(mp->reserved, 0, sizeof(mp->reserved));
}

/* The driver keeps one form of the format; these two translate. */
static void virtcap_fmt_to_user(struct v4l2_format *f,
				const struct v4l2_pix_format_mplane *mp)
{
	struct v4l2_pix_format *pix = &f->fmt.pix;

	if (V4L2_TYPE_IS_MULTIPLANAR(f->type)) {
		f->fmt.pix_mp = *mp;
		return;
	}
	*pix = (struct v4l2_pix_format) {
		.width = mp->width,
		.height = mp->height,
		.pixelformat = mp->pixelformat,
		.field = mp->field,
		.bytesperline = mp->plane_fmt[0].bytesperline,
		.sizeimage = mp->plane_fmt[0].sizeimage,
		.colorspace = mp->colorspace,
		.priv = V4L2_PIX_FMT_PRIV_MAGIC,
		.flags = mp->flags,
		.ycbcr_enc = mp->ycbcr_enc,
		.quantization = mp->quantization,
		.xfer_func = mp->xfer_func,
	};
}

static void virtcap_fmt_from_user(struct v4l2_pix_format_mplane *mp,
				  const struct v4l2_format *f)
{
	const struct v4l2_pix_format *pix = &f->fmt.pix;

	if (V4L2_TYPE_IS_MULTIPLANAR(f->type)) {
		*mp = f->fmt.pix_mp;
		return;
	}
	*mp = (struct v4l2_pix_format_mplane) {
		.width = pix->width,
		.height = pix->height,
		.pixelformat = pix->pixelformat,
		.field = pix->field,
		.plane_fmt[0].bytesperline = pix->bytesperline,
		.num_planes = 1,
		.colorspace = pix->colorspace,
		.flags = pix->flags,
		.ycbcr_enc = pix->ycbcr_enc,
		.quantization = pix->quantization,
		.xfer_func = pix->xfer_func,
	};
}

int virtcap_enum_fmt(struct file *file, void *priv, struct v4l2_fmtdesc *f)
{
	struct virtcap_node *node = video_drvdata(file);
	const struct virtcap_format *info = virtcap_format_at(f->index);

	if (f->type != node->queue.type || !info)
		return -EINVAL;
	f->pixelformat = info->fourcc;
	return 0;
}

int virtcap_g_fmt(struct file *file, void *priv, struct v4l2_format *f)
{
	struct virtcap_node *node = video_drvdata(file);

	if (f->type != node->queue.type)
		return -EINVAL;
	virtcap_fmt_to_user(f, &node->fmt);
	return 0;
}

int virtcap_try_fmt(struct file *file, void *priv, struct v4l2_format *f)
{
	struct virtcap_node *node = video_drvdata(file);
	struct v4l2_pix_format_mplane mp;

	if (f->type != node->queue.type)
		return -EINVAL;
	virtcap_fmt_from_user(&mp, f);
	virtcap_format_fill(&mp);
	virtcap_fmt_to_user(f, &mp);
	return 0;
}

int virtcap_s_fmt(struct file *file, void *priv, struct v4l2_format *f)
{
	struct virtcap_node *node = video_drvdata(file);
	int ret;

	if (f->type == node->queue.type && vb2_is_busy(&node->queue))
		return -EBUSY;
	ret = virtcap_try_fmt(file, priv, f);
	if (ret)
		return ret;
	virtcap_fmt_from_user(&node->fmt, f);
	if (!V4L2_TYPE_IS_MULTIPLANAR(f->type))
		virtcap_format_fill(&node->fmt);
	node->info = virtcap_format_find(node->fmt.pixelformat);
	return 0;
}
