// SPDX-License-Identifier: GPL-2.0-only
/* The video decoders: standards, picture controls, what the input sends. */

#include <linux/delay.h>
#include <media/v4l2-event.h>

#include "tw6869.h"

#define DETECT_MS	600

/* By the code in the decoder's standard register */
static const v4l2_std_id standards[] = {
	V4L2_STD_NTSC_M | V4L2_STD_NTSC_M_JP | V4L2_STD_NTSC_M_KR,
	V4L2_STD_PAL,
	V4L2_STD_SECAM,
	V4L2_STD_NTSC_443,
	V4L2_STD_PAL_M,
	V4L2_STD_PAL_Nc,
	V4L2_STD_PAL_60,
};

u32 tw6869_dec_read(struct tw6869_vid *vid, u32 reg)
{
	return tw_read(vid->dev, tw_dec(vid->ch, reg));
}

static void dec_write(struct tw6869_vid *vid, u32 reg, u32 value)
{
	tw_write(vid->dev, tw_dec(vid->ch, reg), value);
}

static unsigned int standard_code(v4l2_std_id std)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(standards); i++)
		if (std & standards[i])
			return i;
	return 0;
}

void tw6869_decoder_set_standard(struct tw6869_vid *vid)
{
	struct tw6869_dev *dev = vid->dev;
	u32 all;

	dec_write(vid, TW_DEC_STANDARD, standard_code(vid->std));
	scoped_guard(spinlock_irqsave, &dev->lock) {
		all = tw_read(dev, TW_VIDEO_CTRL1) & ~TW_VIDEO1_625(vid->ch);
		if (vid->std & V4L2_STD_625_50)
			all |= TW_VIDEO1_625(vid->ch);
		tw_write(dev, TW_VIDEO_CTRL1, all);
	}
}

/* What of @std the chip knows; the first of several systems wins. */
v4l2_std_id tw6869_decoder_standard(v4l2_std_id std)
{
	return standards[standard_code(std)] & std;
}

/* All else in that register waits for the start of the channel. */
void tw6869_decoder_set_input(struct tw6869_vid *vid)
{
	tw_write(vid->dev, TW_CHANNEL(vid->ch), TW_CHANNEL_INPUT(vid->input));
}

/* Bring a channel's decoder to the state we keep; after a chip reset. */
void tw6869_decoder_setup(struct tw6869_vid *vid)
{
	dec_write(vid, TW_DEC_VDELAY, 0x14);
	dec_write(vid, TW_DEC_HACTIVE, TW6869_WIDTH & 0xff);
	tw_write(vid->dev, TW_VIDEO_SIZE(vid->ch), 0);
	tw6869_decoder_set_input(vid);
	tw6869_decoder_set_standard(vid);
	v4l2_ctrl_handler_setup(&vid->ctrls);
}

/* Interrupts, and the watchdog, may come before the node is registered. */
void tw6869_decoder_changed(struct tw6869_vid *vid)
{
	static const struct v4l2_event event = {
		.type = V4L2_EVENT_SOURCE_CHANGE,
		.u.src_change.changes = V4L2_EVENT_SRC_CH_RESOLUTION,
	};

	if (video_is_registered(&vid->vdev))
		v4l2_event_queue(&vid->vdev, &event);
}

/*
 * Note whether there is a signal; true when it has just come back.  From any
 * context, under dev->lock.
 */
bool tw6869_decoder_signal(struct tw6869_vid *vid, bool lost)
{
	if (lost == vid->no_signal)
		return false;
	vid->no_signal = lost;
	dev_info_ratelimited(&vid->dev->pdev->dev, "video%u: signal %s\n",
			     vid->ch, lost ? "lost" : "found");
	tw6869_decoder_changed(vid);
	return !lost;
}

/* Regularly, while somebody has a node open: nobody else sees idle inputs. */
void tw6869_decoder_poll(struct tw6869_vid *vid)
{
	u32 status = tw6869_dec_read(vid, TW_DEC_STATUS);
	bool is_50hz = status & TW_STATUS_50HZ;

	scoped_guard(spinlock_irqsave, &vid->dev->lock) {
		if (vid->state == TW6869_IDLE)
			tw6869_decoder_signal(vid, status & TW_STATUS_NO_VIDEO);
		if (!(status & TW_STATUS_NO_VIDEO) && is_50hz != vid->is_50hz) {
			vid->is_50hz = is_50hz;
			dev_info_ratelimited(&vid->dev->pdev->dev,
					     "video%u: %u Hz signal\n",
					     vid->ch, is_50hz ? 50 : 60);
			tw6869_decoder_changed(vid);
		}
	}
}

/* Takes up to DETECT_MS; V4L2_STD_UNKNOWN without a signal */
int tw6869_decoder_detect(struct tw6869_vid *vid, v4l2_std_id *std)
{
	u32 was = tw6869_dec_read(vid, TW_DEC_STANDARD) & 7, now;
	unsigned long end;

	*std = V4L2_STD_UNKNOWN;
	if (tw6869_dec_read(vid, TW_DEC_STATUS) & TW_STATUS_NO_VIDEO)
		return 0;
	dec_write(vid, TW_DEC_STANDARD, TW_STANDARD_AUTO);
	dec_write(vid, TW_DEC_DETECT, 0xff);
	end = jiffies + msecs_to_jiffies(DETECT_MS);
	do {
		msleep(20);
		now = tw6869_dec_read(vid, TW_DEC_STANDARD);
	} while ((now & TW_STANDARD_BUSY) && time_before(jiffies, end) &&
		 !tw6869_check_gone(vid->dev));
	dec_write(vid, TW_DEC_STANDARD, was);
	if (tw6869_check_gone(vid->dev))
		return -ENODEV;
	if (!(now & TW_STANDARD_BUSY) &&
	    TW_STANDARD_NOW(now) < ARRAY_SIZE(standards))
		*std = standards[TW_STANDARD_NOW(now)];
	return 0;
}

static int set_control(struct v4l2_ctrl *ctrl)
{
	struct tw6869_vid *vid = container_of(ctrl->handler, struct tw6869_vid,
					      ctrls);

	switch (ctrl->id) {
	case V4L2_CID_BRIGHTNESS:
		dec_write(vid, TW_DEC_BRIGHTNESS, ctrl->val & 0xff);
		return 0;
	case V4L2_CID_CONTRAST:
		dec_write(vid, TW_DEC_CONTRAST, ctrl->val);
		return 0;
	case V4L2_CID_SATURATION:
		dec_write(vid, TW_DEC_SATURATION_U, ctrl->val);
		dec_write(vid, TW_DEC_SATURATION_V, ctrl->val);
		return 0;
	case V4L2_CID_HUE:
		dec_write(vid, TW_DEC_HUE, ctrl->val & 0xff);
		return 0;
	case V4L2_CID_SHARPNESS:
		dec_write(vid, TW_DEC_SHARPNESS, 0x10 | ctrl->val);
		return 0;
	}
	return -EINVAL;
}

static const struct v4l2_ctrl_ops control_ops = { .s_ctrl = set_control };

int tw6869_decoder_init(struct tw6869_vid *vid)
{
	struct v4l2_ctrl_handler *h = &vid->ctrls;

	v4l2_ctrl_handler_init(h, 5);
	v4l2_ctrl_new_std(h, &control_ops, V4L2_CID_BRIGHTNESS,
			  -128, 127, 1, 0);
	v4l2_ctrl_new_std(h, &control_ops, V4L2_CID_CONTRAST, 0, 255, 1, 100);
	v4l2_ctrl_new_std(h, &control_ops, V4L2_CID_SATURATION,
			  0, 255, 1, 128);
	v4l2_ctrl_new_std(h, &control_ops, V4L2_CID_HUE, -128, 127, 1, 0);
	v4l2_ctrl_new_std(h, &control_ops, V4L2_CID_SHARPNESS, 0, 15, 1, 1);
	return h->error;
}
