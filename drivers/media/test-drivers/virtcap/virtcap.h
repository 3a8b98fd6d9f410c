/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * virtcap: virtual capture and output hardware
 *
 * One struct virtcap is one device. It has nodes (video devices with a queue)
 * and pipes (frame clocks). A pipe's thread is the "hardware": once per frame
 * it takes a buffer from each node that streams on it, fills or reads the
 * buffer, and gives it back.
 *
 * Locks, outermost first:
 *
 *  node->lock	    mutex    ioctls of a node, its queue and its settings
 *  pipe->lock	    mutex    pipe->users and pipe->thread
 *  pipe->tick_lock mutex    held for the length of a frame; node->streaming
 *  vc->tpg_lock    mutex    vc->tpg
 *  node->slock	    spinlock node->ready
 */
#ifndef _VIRTCAP_H_
#define _VIRTCAP_H_

#include <linux/mutex.h>
#include <linux/platform_device.h>
#include <linux/wait.h>

#include <media/tpg/v4l2-tpg.h>
#include <media/v4l2-ctrls.h>
#include <media/v4l2-dev.h>
#include <media/v4l2-device.h>
#include <media/videobuf2-v4l2.h>

#define VIRTCAP_NAME		"virtcap"
#define VIRTCAP_MAX_DEVS	64
#define VIRTCAP_MIN_SIZE	16
#define VIRTCAP_MAX_WIDTH	1920
#define VIRTCAP_MAX_HEIGHT	1080
#define VIRTCAP_MAX_FPS		240

struct virtcap;
struct virtcap_pipe;

/**
 * struct virtcap_format - layout of a pixel format in memory
 * @fourcc:	V4L2_PIX_FMT_*
 * @rgb:	RGB, not Y'CbCr
 * @buffers:	number of memory planes
 * @planes:	number of colour planes; more than @buffers if contiguous
 * @bpp:	bytes per sample position of each colour plane
 * @hsub:	horizontal subsampling of colour planes 1 and 2
 * @vsub:	vertical subsampling of colour planes 1 and 2
 */
struct virtcap_format {
	u32 fourcc;
	bool rgb;
	u8 buffers;
	u8 planes;
	u8 bpp[TPG_MAX_PLANES];
	u8 hsub;
	u8 vsub;
};

/**
 * struct virtcap_buf - a buffer as the driver sees it
 * @vb:		must be first
 * @list:	in node->ready while the node owns the buffer
 */
struct virtcap_buf {
	struct vb2_v4l2_buffer vb;
	struct list_head list;
};

/**
 * struct virtcap_pipe - a frame clock and the nodes that follow it
 * @vc:		the device
 * @lock:	serialises start and stop of the thread
 * @users:	nodes that stream on this pipe
 * @thread:	runs while there are users
 * @tick_lock:	held by the thread while it works on a frame
 * @wait:	wakes the thread before its time
 * @period_ns:	time from frame to frame
 * @frame:	frames since the thread was started
 * @tick:	does the work of one frame; called with @tick_lock held
 */
struct virtcap_pipe {
	struct virtcap *vc;
	struct mutex lock;
	unsigned int users;
	struct task_struct *thread;
	struct mutex tick_lock;
	wait_queue_head_t wait;
	u64 period_ns;
	u64 frame;
	void (*tick)(struct virtcap_pipe *pipe);
};

/**
 * struct virtcap_node - a video device and its queue
 * @vc:		the device
 * @pipe:	the clock this node follows
 * @vdev:	the video device
 * @queue:	its buffers
 * @lock:	serialises ioctls
 * @slock:	protects @ready
 * @ready:	buffers given to the node, oldest first
 * @streaming:	between start_streaming and stop_streaming
 * @info:	the selected format's layout
 * @fmt:	the selected format, multi-planar form also on single-planar nodes
 * @interval:	time per frame
 */
struct virtcap_node {
	struct virtcap *vc;
	struct virtcap_pipe *pipe;
	struct video_device vdev;
	struct vb2_queue queue;
	struct mutex lock;
	spinlock_t slock;
	struct list_head ready;
	bool streaming;
	const struct virtcap_format *info;
	struct v4l2_pix_format_mplane fmt;
	struct v4l2_fract interval;
};

/**
 * struct virtcap - one instance
 * @pdev:	the platform device
 * @inst:	its number
 * @v4l2_dev:	its release callback frees this struct
 * @cap:	video capture
 * @cap_pipe:	clock of the capture side
 * @tpg_lock:	protects @tpg
 * @tpg:	draws the pictures
 */
struct virtcap {
	struct platform_device *pdev;
	unsigned int inst;
	struct v4l2_device v4l2_dev;
	struct virtcap_node cap;
	struct virtcap_pipe cap_pipe;
	struct mutex tpg_lock;
	struct tpg_data tpg;
};

static inline struct virtcap_buf *to_virtcap_buf(struct vb2_buffer *vb)
{
	return container_of(to_vb2_v4l2_buffer(vb), struct virtcap_buf, vb);
}

/* virtcap-formats.c */
extern const struct v4l2_fract virtcap_default_interval;

const struct virtcap_format *virtcap_format_at(unsigned int index);
const struct virtcap_format *virtcap_format_find(u32 fourcc);
void virtcap_format_fill(struct v4l2_pix_format_mplane *mp);
int virtcap_enum_fmt(struct file *file, void *priv, struct v4l2_fmtdesc *f);
int virtcap_g_fmt(struct file *file, void *priv, struct v4l2_format *f);
int virtcap_try_fmt(struct file *file, void *priv, struct v4l2_format *f);
int virtcap_s_fmt(struct file *file, void *priv, struct v4l2_format *f);

/* virtcap-queue.c */
int virtcap_queue_init(struct virtcap_node *node, u32 type);
struct virtcap_buf *virtcap_take(struct virtcap_node *node);
void virtcap_give(struct virtcap_node *node, struct virtcap_buf *buf,
		  enum vb2_buffer_state state);

/* virtcap-pace.c */
void virtcap_pipe_init(struct virtcap *vc, struct virtcap_pipe *pipe,
		       void (*tick)(struct virtcap_pipe *pipe));
int virtcap_pipe_start(struct virtcap_node *node);
void virtcap_pipe_stop(struct virtcap_node *node);

/* virtcap-draw.c */
int virtcap_draw_start(struct virtcap *vc);
void virtcap_draw_stop(struct virtcap *vc);
void virtcap_draw(struct virtcap *vc, struct virtcap_buf *buf);

/* virtcap-vid-cap.c */
int virtcap_vid_cap_init(struct virtcap *vc);
void virtcap_vid_cap_tick(struct virtcap_pipe *pipe);

#endif
