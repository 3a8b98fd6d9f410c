// SPDX-License-Identifier: GPL-2.0-only
/*
 * virtcap: pixel formats, and the format ioctls of the video nodes
 */
#include <linux/module.h>

#include <media/v4l2-common.h>
#include <media/v4l2-ioctl.h>

#include "virtcap.h"

static unsigned int max_width = VIRTCAP_MAX_WIDTH;

/* Such that the height is a whole number of steps too */
static int virtcap_set_max_width(const char *val, const struct kernel_param *kp)
{
	int ret = param_set_uint_minmax(val, kp, 320, VIRTCAP_MAX_WIDTH);

	max_width = ALIGN_DOWN(max_width, 64);
	return ret;
}

static const struct kernel_param_ops virtcap_max_width_ops = {
	.set = virtcap_set_max_width,
	.get = param_get_uint,
};
module_param_cb(max_width, &virtcap_max_width_ops, &max_width, 0444);
MODULE_PARM_DESC(max_width,
		 "width of the largest frame, 320 to 7680 in steps of 64 (default 7680); the height is 9/16 of it");

#define PACKED(_fourcc, _bpp, _rgb, _draw) {				\
	.fourcc = V4L2_PIX_FMT_##_fourcc, .draw = _draw, .rgb = _rgb,	\
	.buffers = 1, .planes = 1, .bpp = { _bpp }, .hsub = 1, .vsub = 1 }
#define YUV(_fourcc, _bpp)	PACKED(_fourcc, _bpp, false, 0)
#define RGB(_fourcc, _bpp)	PACKED(_fourcc, _bpp, true, 0)
/* Y' and interleaved CbCr; Y', Cb and Cr */
#define NV(_fourcc, _buffers, _hsub, _vsub) {				\
	.fourcc = V4L2_PIX_FMT_##_fourcc, .buffers = _buffers,		\
	.planes = 2, .bpp = { 1, 2 }, .hsub = _hsub, .vsub = _vsub }
#define PLANAR(_fourcc, _buffers, _hsub, _vsub) {			\
	.fourcc = V4L2_PIX_FMT_##_fourcc, .buffers = _buffers,		\
	.planes = 3, .bpp = { 1, 1, 1 }, .hsub = _hsub, .vsub = _vsub }

static const struct virtcap_format virtcap_formats[] = {
	YUV(YUYV, 2), YUV(UYVY, 2), YUV(YVYU, 2), YUV(VYUY, 2),
	YUV(YUV565, 2), YUV(AYUV32, 4), YUV(XYUV32, 4), YUV(VUYX32, 4),
	PACKED(Y210, 4, false, V4L2_PIX_FMT_YUYV),
	PACKED(Y212, 4, false, V4L2_PIX_FMT_YUYV),
	YUV(GREY, 1), YUV(Y10, 2), YUV(Y12, 2), YUV(Y16, 2),
	NV(NV12, 1, 2, 2), NV(NV21, 1, 2, 2), NV(NV16, 1, 2, 1),
	NV(NV61, 1, 2, 1), NV(NV24, 1, 1, 1), NV(NV42, 1, 1, 1),
	PLANAR(YUV420, 1, 2, 2), PLANAR(YVU420, 1, 2, 2),
	PLANAR(YUV422P, 1, 2, 1),
	RGB(RGB332, 1), RGB(RGB565, 2), RGB(RGB565X, 2), RGB(XRGB555, 2),
	RGB(RGB24, 3), RGB(BGR24, 3), RGB(XRGB32, 4), RGB(XBGR32, 4),
	RGB(ARGB32, 4), RGB(ABGR32, 4), RGB(RGBX32, 4),
	PACKED(BGR48_12, 6, true, V4L2_PIX_FMT_BGR24),
	PACKED(ABGR64_12, 8, true, V4L2_PIX_FMT_ABGR32),
	RGB(SBGGR8, 1), RGB(SGBRG8, 1), RGB(SGRBG8, 1), RGB(SRGGB8, 1),
	RGB(SBGGR10, 2), RGB(SGBRG10, 2), RGB(SGRBG10, 2), RGB(SRGGB10, 2),
	RGB(SBGGR12, 2), RGB(SGBRG12, 2), RGB(SGRBG12, 2), RGB(SRGGB12, 2),
	/* More than one memory plane: only for the multi-planar API */
	NV(NV12M, 2, 2, 2), NV(NV21M, 2, 2, 2), NV(NV16M, 2, 2, 1),
	NV(NV61M, 2, 2, 1),
	PLANAR(YUV420M, 3, 2, 2), PLANAR(YVU420M, 3, 2, 2),
	PLANAR(YUV422M, 3, 2, 1), PLANAR(YVU422M, 3, 2, 1),
	PLANAR(YUV444M, 3, 1, 1), PLANAR(YVU444M, 3, 1, 1),
};

static const struct v4l2_frmsize_discrete virtcap_webcam_sizes[] = {
	{ 160, 120 }, { 320, 180 }, { 640, 360 }, { 640, 480 }, { 1280, 720 },
	{ 1920, 1080 }, { 3840, 2160 }, { 7680, 4320 },
};

/* Frames a second; the larger sizes do not reach the higher rates. */
static const unsigned int virtcap_rates[] = { 1, 5, 15, 25, 30, 60, 120, 240 };

static unsigned int virtcap_num_sizes(void)
{
	unsigned int n = ARRAY_SIZE(virtcap_webcam_sizes);

	while (virtcap_webcam_sizes[n - 1].width > max_width ||
	       virtcap_webcam_sizes[n - 1].height > max_width / 16 * 9)
		n--;
	return n;
}

static unsigned int virtcap_num_rates(u32 width, u32 height)
{
	unsigned int n = ARRAY_SIZE(virtcap_rates);

	while (n && (u64)width * height * virtcap_rates[n - 1] >
		    7680ULL * 4320 * 30)
		n--;
	return n;
}

static bool virtcap_webcam(const struct virtcap_node *node)
{
	return node == &node->vc->cap && node->vc->input == VIRTCAP_WEBCAM;
}

static bool virtcap_any_rate(const struct virtcap_node *node)
{
	return node == &node->vc->out || node->vc->input == VIRTCAP_LOOP;
}

/* What the source of TV and HDMI sends is always possible. */
static u32 virtcap_max_width(const struct virtcap_node *node)
{
	return virtcap_any_rate(node) ? max_width :
	       max_t(u32, max_width, ALIGN(node->vc->src.width, 2));
}

static u32 virtcap_max_height(const struct virtcap_node *node)
{
	return virtcap_any_rate(node) ? max_width / 16 * 9 :
	       max_t(u32, max_width / 16 * 9, ALIGN(node->vc->src.height, 4));
}

static bool virtcap_format_ok(const struct virtcap_node *node,
			      const struct virtcap_format *info)
{
	return node->vc->multiplanar || info->buffers == 1;
}

static const struct virtcap_format *
virtcap_format_find(const struct virtcap_node *node, u32 fourcc)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(virtcap_formats); i++)
		if (virtcap_formats[i].fourcc == fourcc)
			return virtcap_format_ok(node, &virtcap_formats[i]) ?
				&virtcap_formats[i] : NULL;
	return NULL;
}

static void virtcap_fill_planes(const struct virtcap_format *info,
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
		plane->sizeimage = bpl * (mp->height / v);
		memset(plane->reserved, 0, sizeof(plane->reserved));
	}
	/* Colour planes that follow the first one in the same memory */
	for (unsigned int p = 1; info->buffers == 1 && p < info->planes; p++)
		mp->plane_fmt[0].sizeimage +=
			mp->plane_fmt[0].bytesperline * info->bpp[p] /
			info->bpp[0] / info->hsub * (mp->height / info->vsub);
}

static u32 virtcap_fill_field(struct virtcap_node *node, u32 field)
{
	bool cap = node == &node->vc->cap;

	if (cap && !virtcap_interlaced(node->vc))
		return V4L2_FIELD_NONE;
	switch (field) {
	case V4L2_FIELD_INTERLACED:
	case V4L2_FIELD_ALTERNATE:
	case V4L2_FIELD_SEQ_TB:
	case V4L2_FIELD_SEQ_BT:
		return field;
	case V4L2_FIELD_TOP:
	case V4L2_FIELD_BOTTOM:
		return cap ? field : V4L2_FIELD_NONE;
	default:
		return cap ? V4L2_FIELD_INTERLACED : V4L2_FIELD_NONE;
	}
}

static u32 virtcap_source_colorspace(const struct virtcap *vc)
{
	if (vc->input == VIRTCAP_TV)
		return V4L2_COLORSPACE_SMPTE170M;
	if (vc->input == VIRTCAP_HDMI)
		return vc->src.height > 576 ? V4L2_COLORSPACE_REC709 :
					      V4L2_COLORSPACE_SMPTE170M;
	return V4L2_COLORSPACE_SRGB;
}

/*
 * Capture: the source decides unless the application asks for a conversion.
 * Output: the application decides, the source's values stand in for nonsense.
 */
static void virtcap_fill_colors(struct virtcap_node *node,
				const struct virtcap_format *info,
				struct v4l2_pix_format_mplane *mp)
{
	bool csc = node == &node->vc->out ||
		   mp->flags & V4L2_PIX_FMT_FLAG_SET_CSC;

	mp->flags &= V4L2_PIX_FMT_FLAG_PREMUL_ALPHA | V4L2_PIX_FMT_FLAG_SET_CSC;
	if (node == &node->vc->cap)
		mp->flags &= V4L2_PIX_FMT_FLAG_SET_CSC;
	if (!csc || !v4l2_is_colorspace_valid(mp->colorspace))
		mp->colorspace = virtcap_source_colorspace(node->vc);
	if (!csc || !v4l2_is_xfer_func_valid(mp->xfer_func))
		mp->xfer_func = V4L2_XFER_FUNC_DEFAULT;
	if (!csc || info->rgb || !v4l2_is_ycbcr_enc_valid(mp->ycbcr_enc))
		mp->ycbcr_enc = V4L2_YCBCR_ENC_DEFAULT;
	if (!csc || !v4l2_is_quant_valid(mp->quantization))
		mp->quantization = V4L2_QUANTIZATION_DEFAULT;
}

/* Make a format one that the node can do; strides that are large enough stay. */
static void virtcap_fill_fmt(struct virtcap_node *node,
			     struct v4l2_pix_format_mplane *mp)
{
	const struct virtcap_format *info;
	const struct v4l2_frmsize_discrete *size;

	info = virtcap_format_find(node, mp->pixelformat) ?: &virtcap_formats[0];
	mp->pixelformat = info->fourcc;
	mp->num_planes = info->buffers;
	mp->field = virtcap_fill_field(node, mp->field);
	if (virtcap_webcam(node)) {
		size = v4l2_find_nearest_size(virtcap_webcam_sizes,
					      virtcap_num_sizes(), width,
					      height, mp->width, mp->height);
		mp->width = size->width;
		mp->height = size->height;
	} else {
		v4l_bound_align_image(&mp->width, VIRTCAP_MIN_SIZE,
				      virtcap_max_width(node), 1,
				      &mp->height, VIRTCAP_MIN_SIZE,
				      virtcap_max_height(node), 2, 0);
	}
	virtcap_fill_planes(info, mp);
	virtcap_fill_colors(node, info, mp);
	memset(mp->reserved, 0, sizeof(mp->reserved));
}

/* The webcam has certain rates: the slowest one that is not below the wanted */
static struct v4l2_fract virtcap_fit_interval(const struct virtcap_node *node,
					      struct v4l2_fract t)
{
	unsigned int num = virtcap_num_rates(node->fmt.width, node->fmt.height);
	unsigned int i = 0;

	if (!virtcap_webcam(node))
		return t;
	if (!t.numerator || !t.denominator)
		t = (struct v4l2_fract) { 1, 30 };
	while (i < num - 1 &&
	       (u64)virtcap_rates[i] * t.numerator < t.denominator)
		i++;
	return (struct v4l2_fract) { 1, virtcap_rates[i] };
}

/**
 * virtcap_format_set() - select a format
 * @node: the node
 * @mp:   what is wanted; made possible
 *
 * Context: node->lock held, no buffers allocated.
 */
void virtcap_format_set(struct virtcap_node *node,
			struct v4l2_pix_format_mplane *mp)
{
	struct virtcap *vc = node->vc;

	virtcap_fill_fmt(node, mp);
	node->fmt = *mp;
	node->fmt.flags &= ~V4L2_PIX_FMT_FLAG_SET_CSC;
	node->info = virtcap_format_find(node, mp->pixelformat);
	if (node == &vc->cap) {
		if (vc->input == VIRTCAP_WEBCAM || vc->input == VIRTCAP_LOOP) {
			vc->src = (struct v4l2_rect) { 0, 0, mp->width, mp->height };
			vc->crop = vc->src;
		}
		vc->compose = (struct v4l2_rect) { 0, 0, mp->width, mp->height };
		virtcap_select_fit(vc);
	}
	virtcap_set_interval(node, virtcap_fit_interval(node, node->interval));
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
	unsigned int index = f->index;

	if (f->type != node->queue.type)
		return -EINVAL;
	for (unsigned int i = 0; i < ARRAY_SIZE(virtcap_formats); i++) {
		const struct virtcap_format *info = &virtcap_formats[i];

		if (!virtcap_format_ok(node, info) || index--)
			continue;
		f->pixelformat = info->fourcc;
		if (node == &node->vc->out)
			return 0;
		f->flags = V4L2_FMT_FLAG_CSC_COLORSPACE |
			   V4L2_FMT_FLAG_CSC_XFER_FUNC |
			   V4L2_FMT_FLAG_CSC_QUANTIZATION;
		if (!info->rgb)
			f->flags |= V4L2_FMT_FLAG_CSC_YCBCR_ENC;
		return 0;
	}
	return -EINVAL;
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
	virtcap_fill_fmt(node, &mp);
	virtcap_fmt_to_user(f, &mp);
	return 0;
}

int virtcap_s_fmt(struct file *file, void *priv, struct v4l2_format *f)
{
	struct virtcap_node *node = video_drvdata(file);
	struct v4l2_pix_format_mplane mp;

	if (f->type != node->queue.type)
		return -EINVAL;
	if (vb2_is_busy(&node->queue))
		return -EBUSY;
	virtcap_fmt_from_user(&mp, f);
	virtcap_format_set(node, &mp);
	virtcap_fmt_to_user(f, &mp);
	return 0;
}

int virtcap_enum_framesizes(struct file *file, void *priv,
			    struct v4l2_frmsizeenum *fs)
{
	struct virtcap_node *node = video_drvdata(file);
	unsigned int num = virtcap_webcam(node) ? virtcap_num_sizes() : 1;

	if (fs->index >= num || !virtcap_format_find(node, fs->pixel_format))
		return -EINVAL;
	if (virtcap_webcam(node)) {
		fs->type = V4L2_FRMSIZE_TYPE_DISCRETE;
		fs->discrete = virtcap_webcam_sizes[fs->index];
		return 0;
	}
	fs->type = V4L2_FRMSIZE_TYPE_STEPWISE;
	fs->stepwise = (struct v4l2_frmsize_stepwise) {
		VIRTCAP_MIN_SIZE, virtcap_max_width(node), 2,
		VIRTCAP_MIN_SIZE, virtcap_max_height(node), 4,
	};
	return 0;
}

/* The webcam has certain rates; at TV and HDMI the source decides. */
int virtcap_enum_frameintervals(struct file *file, void *priv,
				struct v4l2_frmivalenum *fi)
{
	struct virtcap_node *node = video_drvdata(file);
	unsigned int num = virtcap_num_rates(fi->width, fi->height);
	struct v4l2_pix_format_mplane mp = {
		.width = fi->width, .height = fi->height,
		.pixelformat = fi->pixel_format };

	if (fi->index >= (virtcap_webcam(node) ? num : 1))
		return -EINVAL;
	/* Only what the node would take as it is has intervals. */
	virtcap_fill_fmt(node, &mp);
	if (mp.width != fi->width || mp.height != fi->height ||
	    mp.pixelformat != fi->pixel_format)
		return -EINVAL;
	fi->type = V4L2_FRMIVAL_TYPE_DISCRETE;
	fi->discrete = node->interval;
	if (virtcap_webcam(node))
		fi->discrete = (struct v4l2_fract) {
			1, virtcap_rates[num - 1 - fi->index] };
	if (!virtcap_any_rate(node))
		return 0;
	fi->type = V4L2_FRMIVAL_TYPE_CONTINUOUS;
	fi->stepwise.min = (struct v4l2_fract) { 1, VIRTCAP_MAX_FPS };
	fi->stepwise.max = (struct v4l2_fract) { 1, 1 };
	fi->stepwise.step = (struct v4l2_fract) { 1, 1 };
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

int virtcap_s_parm(struct file *file, void *priv, struct v4l2_streamparm *parm)
{
	struct virtcap_node *node = video_drvdata(file);
	struct v4l2_fract t = parm->parm.capture.timeperframe;

	if (parm->type != node->queue.type)
		return -EINVAL;
	if (virtcap_webcam(node) || virtcap_any_rate(node))
		virtcap_set_interval(node, virtcap_fit_interval(node, t));
	return virtcap_g_parm(file, priv, parm);
}
