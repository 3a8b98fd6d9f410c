// SPDX-License-Identifier: GPL-2.0-only
/* The V4L2 capture nodes: standards, formats, inputs, controls, events. */

#include <media/v4l2-common.h>
#include <media/v4l2-event.h>
#include <media/v4l2-fh.h>
#include <media/v4l2-ioctl.h>

#include "tw6869.h"

#define INPUTS		4

static const struct tw6869_format formats[] = {
	{ V4L2_PIX_FMT_UYVY, TW_FORMAT_UYVY },
	{ V4L2_PIX_FMT_YUYV, TW_FORMAT_YUYV },
	{ V4L2_PIX_FMT_RGB565, TW_FORMAT_RGB565 },
	{ V4L2_PIX_FMT_RGB555, TW_FORMAT_RGB555 },
};

/* ---- formats ---- */

static int querycap(struct file *file, void *fh, struct v4l2_capability *cap)
{
	struct tw6869_vid *vid = video_drvdata(file);

	strscpy(cap->driver, "tw6869", sizeof(cap->driver));
	snprintf(cap->card, sizeof(cap->card), "%s video %u",
		 vid->dev->variant->name, vid->ch);
	return 0;
}

static int enum_fmt(struct file *file, void *fh, struct v4l2_fmtdesc *f)
{
	if (f->index >= ARRAY_SIZE(formats))
		return -EINVAL;
	f->pixelformat = formats[f->index].fourcc;
	return 0;
}

static const struct tw6869_format *find_format(u32 fourcc)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(formats); i++)
		if (formats[i].fourcc == fourcc)
			return &formats[i];
	return NULL;
}

/* The fields that the memory model can deliver: tables cannot weave. */
static u32 nearest_field(const struct tw6869_vid *vid, u32 field)
{
	if (vid->dev->memory == TW6869_DMA_SG)
		return V4L2_FIELD_SEQ_TB;
	switch (field) {
	case V4L2_FIELD_TOP:
	case V4L2_FIELD_BOTTOM:
	case V4L2_FIELD_ALTERNATE:
		return field;
	}
	return V4L2_FIELD_INTERLACED;
}

static void fill_pix(const struct tw6869_vid *vid, struct v4l2_pix_format *pix)
{
	pix->width = vid->width;
	pix->height = vid->height;
	pix->field = vid->field;
	pix->pixelformat = vid->format->fourcc;
	pix->bytesperline = 2 * vid->width;
	pix->sizeimage = pix->bytesperline * vid->height;
	pix->colorspace = V4L2_COLORSPACE_SMPTE170M;
	pix->xfer_func = V4L2_XFER_FUNC_DEFAULT;
	pix->ycbcr_enc = V4L2_YCBCR_ENC_DEFAULT;
	pix->quantization = V4L2_QUANTIZATION_DEFAULT;
}

static int g_fmt(struct file *file, void *fh, struct v4l2_format *f)
{
	fill_pix(video_drvdata(file), &f->fmt.pix);
	return 0;
}

static int try_fmt(struct file *file, void *fh, struct v4l2_format *f)
{
	struct tw6869_vid *vid = video_drvdata(file), now = {
		.format = find_format(f->fmt.pix.pixelformat),
		.field = nearest_field(vid, f->fmt.pix.field),
	};
	unsigned int full = tw6869_std_lines(vid->std);

	if (!now.format)
		now.format = &formats[0];
	if (tw6869_is_field_mode(&now))
		full /= 2;
	/* All of it, or half of it: the nearer one */
	now.width = f->fmt.pix.width <= TW6869_WIDTH * 3 / 4 ?
		    TW6869_WIDTH / 2 : TW6869_WIDTH;
	now.height = f->fmt.pix.height <= full * 3 / 4 ? full / 2 : full;
	fill_pix(&now, &f->fmt.pix);
	return 0;
}

static int s_fmt(struct file *file, void *fh, struct v4l2_format *f)
{
	struct tw6869_vid *vid = video_drvdata(file);

	if (vb2_is_busy(&vid->queue))
		return -EBUSY;
	try_fmt(file, fh, f);
	vid->format = find_format(f->fmt.pix.pixelformat);
	vid->field = f->fmt.pix.field;
	vid->width = f->fmt.pix.width;
	vid->height = f->fmt.pix.height;
	return 0;
}

static int enum_framesizes(struct file *file, void *fh,
			   struct v4l2_frmsizeenum *f)
{
	struct tw6869_vid *vid = video_drvdata(file);

	if (f->index > 3 || !find_format(f->pixel_format))
		return -EINVAL;
	f->type = V4L2_FRMSIZE_TYPE_DISCRETE;
	f->discrete.width = TW6869_WIDTH >> (f->index & 1);
	f->discrete.height = tw6869_std_lines(vid->std) >> (f->index >> 1);
	return 0;
}

/* ---- frame rate ---- */

/*
 * How many frames to keep of 15; 0 is all of them.  At these rates the frames
 * are evenly spaced.  At 50 Hz there is only the full one: the mask of fields
 * repeats after 25, so that every other time it would pair the second field of
 * one frame with the first of another.
 */
static const u8 rates[] = { 0, 5, 3, 1 };

static unsigned int n_rates(const struct tw6869_vid *vid)
{
	return vid->std & V4L2_STD_625_50 ? 1 : ARRAY_SIZE(rates);
}

static void interval_of(const struct tw6869_vid *vid, unsigned int rate,
			struct v4l2_fract *tpf)
{
	if (vid->std & V4L2_STD_625_50)
		*tpf = (struct v4l2_fract){ 1, 25 };
	else
		*tpf = (struct v4l2_fract){ 1001, rate ? 2000 * rate : 30000 };
}

static int enum_frameintervals(struct file *file, void *fh,
			       struct v4l2_frmivalenum *f)
{
	struct tw6869_vid *vid = video_drvdata(file);
	unsigned int lines = tw6869_std_lines(vid->std);

	if (f->index >= n_rates(vid) || !find_format(f->pixel_format) ||
	    (f->width != TW6869_WIDTH && f->width != TW6869_WIDTH / 2) ||
	    (f->height != lines && f->height != lines / 2))
		return -EINVAL;
	f->type = V4L2_FRMIVAL_TYPE_DISCRETE;
	interval_of(vid, rates[f->index], &f->discrete);
	return 0;
}

static int g_parm(struct file *file, void *fh, struct v4l2_streamparm *p)
{
	struct tw6869_vid *vid = video_drvdata(file);

	if (p->type != V4L2_BUF_TYPE_VIDEO_CAPTURE)
		return -EINVAL;
	memset(&p->parm.capture, 0, sizeof(p->parm.capture));
	p->parm.capture.capability = V4L2_CAP_TIMEPERFRAME;
	p->parm.capture.readbuffers = 3;
	interval_of(vid, vid->rate, &p->parm.capture.timeperframe);
	return 0;
}

static int s_parm(struct file *file, void *fh, struct v4l2_streamparm *p)
{
	struct v4l2_fract want = p->parm.capture.timeperframe;
	struct tw6869_vid *vid = video_drvdata(file);
	unsigned int fps = 30, i;

	if (p->type != V4L2_BUF_TYPE_VIDEO_CAPTURE)
		return -EINVAL;
	if (vb2_is_streaming(&vid->queue))
		return -EBUSY;
	if (want.numerator && want.denominator)
		fps = DIV_ROUND_CLOSEST_ULL(want.denominator, want.numerator);
	/* The slowest that is fast enough, but for rounding */
	for (i = n_rates(vid) - 1; i && 2 * rates[i] < fps; i--)
		;
	vid->rate = rates[i];
	return g_parm(file, fh, p);
}

/* ---- standards and inputs ---- */

static int g_std(struct file *file, void *fh, v4l2_std_id *std)
{
	struct tw6869_vid *vid = video_drvdata(file);

	*std = vid->std;
	return 0;
}

static void set_full_size(struct tw6869_vid *vid)
{
	vid->width = TW6869_WIDTH;
	vid->height = tw6869_std_lines(vid->std);
	if (tw6869_is_field_mode(vid))
		vid->height /= 2;
	vid->rate = 0;
}

static int s_std(struct file *file, void *fh, v4l2_std_id std)
{
	struct tw6869_vid *vid = video_drvdata(file);
	v4l2_std_id same = tw6869_decoder_standard(std);

	if (!same)
		return -EINVAL;
	if (same == vid->std)
		return 0;
	if (vb2_is_busy(&vid->queue))
		return -EBUSY;
	vid->std = same;
	vid->is_50hz = same & V4L2_STD_625_50;
	set_full_size(vid);
	tw6869_decoder_set_standard(vid);
	return 0;
}

static int querystd(struct file *file, void *fh, v4l2_std_id *std)
{
	return tw6869_decoder_detect(video_drvdata(file), std);
}

static int enum_input(struct file *file, void *fh, struct v4l2_input *inp)
{
	struct tw6869_vid *vid = video_drvdata(file);
	u32 status;

	if (inp->index >= INPUTS)
		return -EINVAL;
	snprintf(inp->name, sizeof(inp->name), "Composite %u", inp->index);
	inp->type = V4L2_INPUT_TYPE_CAMERA;
	inp->std = TW6869_STANDARDS;
	inp->capabilities = V4L2_IN_CAP_STD;
	if (inp->index != vid->input)
		return 0;
	status = tw6869_dec_read(vid, TW_DEC_STATUS);
	if (status & TW_STATUS_NO_VIDEO)
		inp->status |= V4L2_IN_ST_NO_SIGNAL;
	else if (!(status & TW_STATUS_H_LOCK))
		inp->status |= V4L2_IN_ST_NO_H_LOCK;
	else if (!(status & TW_STATUS_COLOUR_LOCK))
		inp->status |= V4L2_IN_ST_NO_COLOR;
	return 0;
}

static int g_input(struct file *file, void *fh, unsigned int *i)
{
	struct tw6869_vid *vid = video_drvdata(file);

	*i = vid->input;
	return 0;
}

static int s_input(struct file *file, void *fh, unsigned int i)
{
	struct tw6869_vid *vid = video_drvdata(file);

	if (i >= INPUTS)
		return -EINVAL;
	if (i == vid->input)
		return 0;
	if (vb2_is_busy(&vid->queue))
		return -EBUSY;
	vid->input = i;
	tw6869_decoder_set_input(vid);
	return 0;
}

static int subscribe_event(struct v4l2_fh *fh,
			   const struct v4l2_event_subscription *sub)
{
	if (sub->type == V4L2_EVENT_SOURCE_CHANGE)
		return v4l2_src_change_event_subscribe(fh, sub);
	return v4l2_ctrl_subscribe_event(fh, sub);
}

static int log_status(struct file *file, void *fh)
{
	struct tw6869_vid *vid = video_drvdata(file);

	v4l2_info(&vid->dev->v4l2, "video%u: status %02x, %ux%u, %s\n", vid->ch,
		  tw6869_dec_read(vid, TW_DEC_STATUS), vid->width, vid->height,
		  vid->no_signal ? "no signal" : "signal");
	return v4l2_ctrl_log_status(file, fh);
}

static const struct v4l2_ioctl_ops ioctl_ops = {
	.vidioc_querycap = querycap,
	.vidioc_enum_fmt_vid_cap = enum_fmt,
	.vidioc_g_fmt_vid_cap = g_fmt,
	.vidioc_try_fmt_vid_cap = try_fmt,
	.vidioc_s_fmt_vid_cap = s_fmt,
	.vidioc_enum_framesizes = enum_framesizes,
	.vidioc_enum_frameintervals = enum_frameintervals,
	.vidioc_g_parm = g_parm,
	.vidioc_s_parm = s_parm,
	.vidioc_g_std = g_std,
	.vidioc_s_std = s_std,
	.vidioc_querystd = querystd,
	.vidioc_enum_input = enum_input,
	.vidioc_g_input = g_input,
	.vidioc_s_input = s_input,
	.vidioc_qbuf = vb2_ioctl_qbuf,
	.vidioc_dqbuf = vb2_ioctl_dqbuf,
	.vidioc_streamon = vb2_ioctl_streamon,
	.vidioc_streamoff = vb2_ioctl_streamoff,
	.vidioc_reqbufs = vb2_ioctl_reqbufs,
	.vidioc_querybuf = vb2_ioctl_querybuf,
	.vidioc_expbuf = vb2_ioctl_expbuf,
	.vidioc_create_bufs = vb2_ioctl_create_bufs,
	.vidioc_prepare_buf = vb2_ioctl_prepare_buf,
	.vidioc_remove_bufs = vb2_ioctl_remove_bufs,
	.vidioc_subscribe_event = subscribe_event,
	.vidioc_unsubscribe_event = v4l2_event_unsubscribe,
	.vidioc_log_status = log_status,
};

/* ---- the node ---- */

static int node_open(struct file *file)
{
	struct tw6869_vid *vid = video_drvdata(file);
	int err = tw6869_get(vid->dev);

	if (err)
		return err;
	err = v4l2_fh_open(file);
	if (err)
		tw6869_put(vid->dev);
	return err;
}

static int node_release(struct file *file)
{
	struct tw6869_vid *vid = video_drvdata(file);
	struct tw6869_dev *dev = vid->dev;
	int err = vb2_fop_release(file);

	tw6869_put(dev);
	return err;
}

static const struct v4l2_file_operations file_ops = {
	.owner = THIS_MODULE,
	.open = node_open,
	.release = node_release,
	.read = vb2_fop_read,
	.poll = vb2_fop_poll,
	.mmap = vb2_fop_mmap,
	.unlocked_ioctl = video_ioctl2,
};

static int register_node(struct tw6869_dev *dev, unsigned int ch)
{
	struct tw6869_vid *vid = &dev->vid[ch];
	struct video_device *vdev = &vid->vdev;

	snprintf(vdev->name, sizeof(vdev->name), "tw6869 video %u", ch);
	vdev->fops = &file_ops;
	vdev->ioctl_ops = &ioctl_ops;
	vdev->release = video_device_release_empty;
	vdev->v4l2_dev = &dev->v4l2;
	vdev->ctrl_handler = &vid->ctrls;
	vdev->prio = &vid->prio;
	vdev->queue = &vid->queue;
	vdev->lock = &vid->lock;
	vdev->tvnorms = TW6869_STANDARDS;
	vdev->device_caps = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING |
			    V4L2_CAP_READWRITE;
	video_set_drvdata(vdev, vid);
	return video_register_device(vdev, VFL_TYPE_VIDEO, -1);
}

static int init_state(struct tw6869_dev *dev, unsigned int ch)
{
	struct tw6869_vid *vid = &dev->vid[ch];
	u32 status;
	int err;

	vid->dev = dev;
	vid->ch = ch;
	vid->format = &formats[0];
	vid->field = nearest_field(vid, V4L2_FIELD_ANY);
	vid->std = tw6869_decoder_standard(V4L2_STD_NTSC);
	set_full_size(vid);
	tw6869_stream_init(vid);
	mutex_init(&vid->lock);
	v4l2_prio_init(&vid->prio);
	err = tw6869_decoder_init(vid);
	if (!err)
		err = tw6869_queue_init(vid);
	if (err)
		return err;
	tw6869_decoder_setup(vid);
	status = tw6869_dec_read(vid, TW_DEC_STATUS);
	vid->no_signal = status & TW_STATUS_NO_VIDEO;
	vid->is_50hz = status & TW_STATUS_50HZ;
	return 0;
}

/* The channels, before anything can look at them: interrupts, the watchdog */
int tw6869_video_init(struct tw6869_dev *dev)
{
	unsigned int ch;
	int err = 0;

	for (ch = 0; ch < dev->variant->channels && !err; ch++)
		err = init_state(dev, ch);
	return err;
}

/* In case of an error the caller unregisters those that are. */
int tw6869_video_register(struct tw6869_dev *dev)
{
	unsigned int ch;
	int err = 0;

	for (ch = 0; ch < dev->variant->channels && !err; ch++)
		err = register_node(dev, ch);
	return err;
}

void tw6869_video_unregister(struct tw6869_dev *dev)
{
	unsigned int ch;

	for (ch = 0; ch < dev->variant->channels; ch++)
		vb2_video_unregister_device(&dev->vid[ch].vdev);
}
