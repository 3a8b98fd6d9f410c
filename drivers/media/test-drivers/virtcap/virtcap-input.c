// SPDX-License-Identifier: GPL-2.0-only
/*
 * virtcap: what is connected to the capture node
 *
 * What is selected (standard, timings) is one thing, what arrives is another:
 * the signal controls say what does. By default it is what is selected.
 */
#include <linux/v4l2-dv-timings.h>

#include <media/v4l2-dv-timings.h>
#include <media/v4l2-event.h>

#include "virtcap.h"

static const char * const virtcap_input_names[VIRTCAP_NUM_INPUTS] = {
	[VIRTCAP_WEBCAM] = "Webcam",
	[VIRTCAP_TV] = "TV",
	[VIRTCAP_HDMI] = "HDMI",
	[VIRTCAP_LOOP] = "Loop",
};

enum { SIGNAL_AS_SELECTED, SIGNAL_NONE, SIGNAL_NO_CABLE };

const char * const virtcap_tv_signals[] = {
	"As Selected", "None", "NTSC", "PAL", "SECAM", NULL };

static const v4l2_std_id virtcap_tv_stds[] = {
	0, V4L2_STD_UNKNOWN, V4L2_STD_NTSC, V4L2_STD_PAL, V4L2_STD_SECAM };

const char * const virtcap_hdmi_signals[] = {
	"As Selected", "None", "No Cable", "1280x720p60", "1920x1080p60",
	"1920x1080i60", NULL };

static const struct v4l2_dv_timings virtcap_hdmi_timings[] = {
	[3] = V4L2_DV_BT_CEA_1280X720P60,
	[4] = V4L2_DV_BT_CEA_1920X1080P60,
	[5] = V4L2_DV_BT_CEA_1920X1080I60,
};

static const struct v4l2_dv_timings_cap virtcap_timings_cap = {
	.type = V4L2_DV_BT_656_1120,
	V4L2_INIT_BT_TIMINGS(16, 4096, 16, 2304, 14000000, 775000000,
			     V4L2_DV_BT_STD_CEA861 | V4L2_DV_BT_STD_DMT |
			     V4L2_DV_BT_STD_CVT | V4L2_DV_BT_STD_GTF,
			     V4L2_DV_BT_CAP_PROGRESSIVE |
			     V4L2_DV_BT_CAP_INTERLACED)
};

/* One block: 1280x720p60, no extension; the checksum is computed. */
static const u8 virtcap_edid[127] = {
	0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00, /* header */
	0x31, 0xd8, 0x01, 0x00, 0x01, 0x00, 0x00, 0x00, /* LNX */
	0x01, 0x22, 0x01, 0x03, 0x80, 0x60, 0x36, 0x78, /* digital, 96x54 cm */
	0x0e, 0x23, 0xad, 0xa4, 0x54, 0x4d, 0x99, 0x26, /* colour space */
	0x0f, 0x47, 0x4a, 0x00, 0x00, 0x00, 0x01, 0x01,
	0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, /* no standard timings */
	0x01, 0x01, 0x01, 0x01, 0x01, 0x01,
	0x01, 0x1d, 0x00, 0x72, 0x51, 0xd0, 0x1e, 0x20, /* 1280x720p60 */
	0x6e, 0x28, 0x55, 0x00, 0xc0, 0x1c, 0x32, 0x00, 0x00, 0x1e,
	0x00, 0x00, 0x00, 0xfd, 0x00, 0x17, 0xf0, 0x0f, /* range limits */
	0x8c, 0x3c, 0x00, 0x0a, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20,
	0x00, 0x00, 0x00, 0xfc, 0x00, 'v', 'i', 'r',    /* name */
	't', 'c', 'a', 'p', 0x0a, 0x20, 0x20, 0x20, 0x20, 0x20,
	0x00, 0x00, 0x00, 0x10, 0x00, 0x00, 0x00, 0x00, /* dummy */
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00,						/* no extension */
};

/**
 * virtcap_interlaced() - does the source send fields?
 * @vc: the device
 */
bool virtcap_interlaced(const struct virtcap *vc)
{
	return vc->input == VIRTCAP_TV ||
	       (vc->input == VIRTCAP_HDMI && vc->timings.bt.interlaced);
}

/* The source has changed: all that depends on it goes back to its default. */
static void virtcap_new_source(struct virtcap *vc)
{
	struct v4l2_pix_format_mplane mp = {
		.width = 640,
		.height = 360,
		.pixelformat = vc->cap.fmt.pixelformat,
	};
	struct v4l2_fract interval = { 1, 30 };

	if (vc->input == VIRTCAP_TV) {
		bool ntsc = vc->std & V4L2_STD_525_60;

		mp.width = 720;
		mp.height = ntsc ? 480 : 576;
		interval = ntsc ? (struct v4l2_fract) { 1001, 30000 } :
				  (struct v4l2_fract) { 1, 25 };
	} else if (vc->input == VIRTCAP_HDMI) {
		mp.width = vc->timings.bt.width;
		mp.height = vc->timings.bt.height;
		interval = v4l2_calc_timeperframe(&vc->timings);
	}
	vc->cap.vdev.tvnorms = vc->input == VIRTCAP_TV ? V4L2_STD_ALL : 0;
	vc->src = (struct v4l2_rect) { 0, 0, mp.width, mp.height };
	vc->crop = vc->src;
	vc->cap.interval = interval;
	virtcap_format_set(&vc->cap, &mp);
}

void virtcap_input_init(struct virtcap *vc)
{
	u8 sum = 0;

	memcpy(vc->edid, virtcap_edid, sizeof(virtcap_edid));
	for (unsigned int i = 0; i < 127; i++)
		sum += vc->edid[i];
	vc->edid[127] = -sum;
	vc->edid_blocks = 1;
	vc->std = V4L2_STD_PAL;
	vc->timings = virtcap_hdmi_timings[3];
	virtcap_new_source(vc);
}

/* Does the source see that somebody is there to listen? */
static bool virtcap_hdmi_connected(struct virtcap *vc)
{
	return READ_ONCE(vc->hdmi_signal) != SIGNAL_NO_CABLE && vc->edid_blocks;
}

static bool virtcap_no_signal(struct virtcap *vc, enum virtcap_input input)
{
	if (input == VIRTCAP_TV)
		return READ_ONCE(vc->tv_signal) == SIGNAL_NONE;
	if (input == VIRTCAP_HDMI)
		return READ_ONCE(vc->hdmi_signal) == SIGNAL_NONE ||
		       !virtcap_hdmi_connected(vc);
	return false;
}

static void virtcap_source_event(struct virtcap *vc, enum virtcap_input input)
{
	struct v4l2_event ev = {
		.type = V4L2_EVENT_SOURCE_CHANGE,
		.id = input,
		.u.src_change.changes = V4L2_EVENT_SRC_CH_RESOLUTION,
	};

	v4l2_event_queue(&vc->cap.vdev, &ev);
}

/**
 * virtcap_set_signal() - something else arrives at an input
 * @vc:  the device
 * @cid: VIRTCAP_CID_TV_SIGNAL or VIRTCAP_CID_HDMI_SIGNAL
 * @val: its new value
 *
 * Context: lock of the capture node's control handler held.
 */
void virtcap_set_signal(struct virtcap *vc, u32 cid, unsigned int val)
{
	bool hdmi = cid == VIRTCAP_CID_HDMI_SIGNAL;
	unsigned int *signal = hdmi ? &vc->hdmi_signal : &vc->tv_signal;

	if (*signal == val)
		return;
	WRITE_ONCE(*signal, val);
	if (hdmi)
		__v4l2_ctrl_s_ctrl(vc->power, val != SIGNAL_NO_CABLE);
	virtcap_source_event(vc, hdmi ? VIRTCAP_HDMI : VIRTCAP_TV);
}

int virtcap_enum_input(struct file *file, void *priv, struct v4l2_input *i)
{
	struct virtcap_node *node = video_drvdata(file);

	if (i->index >= VIRTCAP_NUM_INPUTS)
		return -EINVAL;
	strscpy(i->name, virtcap_input_names[i->index], sizeof(i->name));
	i->type = V4L2_INPUT_TYPE_CAMERA;
	/* The V4L2 core presets what any of the inputs can do. */
	i->capabilities = 0;
	if (i->index == VIRTCAP_TV) {
		i->std = V4L2_STD_ALL;
		i->capabilities = V4L2_IN_CAP_STD;
	} else if (i->index == VIRTCAP_HDMI) {
		i->capabilities = V4L2_IN_CAP_DV_TIMINGS;
	}
	if (virtcap_no_signal(node->vc, i->index))
		i->status = V4L2_IN_ST_NO_SIGNAL;
	return 0;
}

int virtcap_g_input(struct file *file, void *priv, unsigned int *i)
{
	struct virtcap_node *node = video_drvdata(file);

	*i = node->vc->input;
	return 0;
}

int virtcap_s_input(struct file *file, void *priv, unsigned int i)
{
	struct virtcap_node *node = video_drvdata(file);

	if (i >= VIRTCAP_NUM_INPUTS)
		return -EINVAL;
	if (i == node->vc->input)
		return 0;
	if (vb2_is_busy(&node->queue))
		return -EBUSY;
	node->vc->input = i;
	virtcap_new_source(node->vc);
	return 0;
}

int virtcap_g_std(struct file *file, void *priv, v4l2_std_id *std)
{
	struct virtcap_node *node = video_drvdata(file);

	if (node->vc->input != VIRTCAP_TV)
		return -ENODATA;
	*std = node->vc->std;
	return 0;
}

int virtcap_s_std(struct file *file, void *priv, v4l2_std_id std)
{
	struct virtcap_node *node = video_drvdata(file);

	if (node->vc->input != VIRTCAP_TV)
		return -ENODATA;
	if (std == node->vc->std)
		return 0;
	if (vb2_is_busy(&node->queue))
		return -EBUSY;
	node->vc->std = std;
	virtcap_new_source(node->vc);
	return 0;
}

int virtcap_querystd(struct file *file, void *priv, v4l2_std_id *std)
{
	struct virtcap_node *node = video_drvdata(file);
	unsigned int signal = READ_ONCE(node->vc->tv_signal);

	if (node->vc->input != VIRTCAP_TV)
		return -ENODATA;
	*std = signal == SIGNAL_AS_SELECTED ? node->vc->std :
					      virtcap_tv_stds[signal];
	return 0;
}

int virtcap_g_dv_timings(struct file *file, void *priv, struct v4l2_dv_timings *t)
{
	struct virtcap_node *node = video_drvdata(file);

	if (node->vc->input != VIRTCAP_HDMI)
		return -ENODATA;
	*t = node->vc->timings;
	return 0;
}

int virtcap_s_dv_timings(struct file *file, void *priv, struct v4l2_dv_timings *t)
{
	struct virtcap_node *node = video_drvdata(file);

	if (node->vc->input != VIRTCAP_HDMI)
		return -ENODATA;
	if (!v4l2_find_dv_timings_cap(t, &virtcap_timings_cap, 0, NULL, NULL) &&
	    !v4l2_valid_dv_timings(t, &virtcap_timings_cap, NULL, NULL))
		return -EINVAL;
	if (v4l2_match_dv_timings(t, &node->vc->timings, 0, false))
		return 0;
	if (vb2_is_busy(&node->queue))
		return -EBUSY;
	node->vc->timings = *t;
	virtcap_new_source(node->vc);
	return 0;
}

int virtcap_query_dv_timings(struct file *file, void *priv,
			     struct v4l2_dv_timings *t)
{
	struct virtcap_node *node = video_drvdata(file);
	unsigned int signal = READ_ONCE(node->vc->hdmi_signal);

	if (node->vc->input != VIRTCAP_HDMI)
		return -ENODATA;
	if (virtcap_no_signal(node->vc, VIRTCAP_HDMI))
		return -ENOLINK;
	*t = signal == SIGNAL_AS_SELECTED ? node->vc->timings :
					    virtcap_hdmi_timings[signal];
	return 0;
}

int virtcap_enum_dv_timings(struct file *file, void *priv,
			    struct v4l2_enum_dv_timings *t)
{
	struct virtcap_node *node = video_drvdata(file);

	if (node->vc->input != VIRTCAP_HDMI)
		return -ENODATA;
	return v4l2_enum_dv_timings_cap(t, &virtcap_timings_cap, NULL, NULL);
}

int virtcap_dv_timings_cap(struct file *file, void *priv,
			   struct v4l2_dv_timings_cap *cap)
{
	struct virtcap_node *node = video_drvdata(file);

	if (node->vc->input != VIRTCAP_HDMI)
		return -ENODATA;
	*cap = virtcap_timings_cap;
	return 0;
}

int virtcap_g_edid(struct file *file, void *priv, struct v4l2_edid *edid)
{
	struct virtcap_node *node = video_drvdata(file);
	unsigned int have = node->vc->edid_blocks;

	memset(edid->reserved, 0, sizeof(edid->reserved));
	if (edid->pad != VIRTCAP_HDMI)
		return -EINVAL;
	if (!edid->start_block && !edid->blocks) {
		edid->blocks = have;
		return 0;
	}
	if (!have)
		return -ENODATA;
	if (edid->start_block >= have)
		return -EINVAL;
	edid->blocks = min(edid->blocks, have - edid->start_block);
	memcpy(edid->edid, node->vc->edid + edid->start_block * 128,
	       edid->blocks * 128);
	return 0;
}

int virtcap_s_edid(struct file *file, void *priv, struct v4l2_edid *edid)
{
	struct virtcap_node *node = video_drvdata(file);
	struct virtcap *vc = node->vc;

	memset(edid->reserved, 0, sizeof(edid->reserved));
	if (edid->pad != VIRTCAP_HDMI || edid->start_block)
		return -EINVAL;
	if (edid->blocks > VIRTCAP_EDID_BLOCKS) {
		edid->blocks = VIRTCAP_EDID_BLOCKS;
		return -E2BIG;
	}
	/* The hot plug line goes low while the EDID changes. */
	vc->edid_blocks = 0;
	virtcap_source_event(vc, VIRTCAP_HDMI);
	if (!edid->blocks)
		return 0;
	memcpy(vc->edid, edid->edid, edid->blocks * 128);
	vc->edid_blocks = edid->blocks;
	virtcap_source_event(vc, VIRTCAP_HDMI);
	return 0;
}
