/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * virtcap: virtual capture and output hardware
 *
 * One struct virtcap is one device. It has nodes (video devices with a queue)
 * and pipes (frame clocks). A pipe's thread is the "hardware": once per frame
 * it takes a buffer from each node that streams on it, fills or reads the
 * buffer, and gives it back. Who holds a pipe's tick_lock does the same for it.
 *
 * Locks, outermost first:
 *
 *  node->lock       ioctls of a node, its queue, its settings
 *  pipe->lock       pipe->users, pipe->thread
 *  pipe->tick_lock  held by the thread for the length of a frame; protects
 *                   node->streaming, node->held and vc->loop. The capture
 *                   pipe's nests outside the output pipe's.
 *  control handler  of a node
 *  vc->tpg_lock     vc->tpg and what is drawn
 *  node->slock      node->ready
 */
#ifndef _VIRTCAP_H_
#define _VIRTCAP_H_

#include <linux/fault-inject.h>
#include <linux/mutex.h>
#include <linux/platform_device.h>
#include <linux/wait.h>

#include <media/media-device.h>
#include <media/tpg/v4l2-tpg.h>
#include <media/v4l2-ctrls.h>
#include <media/v4l2-dev.h>
#include <media/v4l2-device.h>
#include <media/videobuf2-v4l2.h>

#include <uapi/linux/virtcap.h>

#define VIRTCAP_NAME		"virtcap"
#define VIRTCAP_MAX_DEVS	64
#define VIRTCAP_MIN_SIZE	16
#define VIRTCAP_MAX_WIDTH	7680
#define VIRTCAP_MAX_FPS		240
#define VIRTCAP_MAX_ZOOM	4
#define VIRTCAP_MAX_BUFFERS	64
#define VIRTCAP_EDID_BLOCKS	2

struct virtcap;
struct virtcap_pipe;

enum virtcap_input {
	VIRTCAP_WEBCAM,
	VIRTCAP_TV,
	VIRTCAP_HDMI,
	VIRTCAP_LOOP,
	VIRTCAP_NUM_INPUTS
};

enum virtcap_allocator {
	VIRTCAP_VMALLOC,
	VIRTCAP_DMA_CONTIG,
	VIRTCAP_DMA_SG,
};

enum virtcap_fault_id {
	/* Each occurrence counts the value down. */
	VIRTCAP_FAULT_QUEUE_SETUP,
	VIRTCAP_FAULT_BUF_PREPARE,
	VIRTCAP_FAULT_START,
	VIRTCAP_FAULT_TORN,
	VIRTCAP_FAULT_STALE,
	VIRTCAP_FAULT_REPEAT,
	/* The value is a percentage. */
	VIRTCAP_FAULT_ERROR,
	VIRTCAP_FAULT_DROP,
	/* The value stays in force. */
	VIRTCAP_FAULT_REORDER,
	VIRTCAP_FAULT_LATE,
	VIRTCAP_FAULT_HOLD,
	VIRTCAP_NUM_FAULTS
};

/**
 * struct virtcap_format - layout of a pixel format in memory
 * @fourcc:	V4L2_PIX_FMT_*
 * @draw:	8-bit format that is drawn and then widened to 16 bits, or 0
 * @rgb:	RGB, not Y'CbCr
 * @buffers:	number of memory planes
 * @planes:	number of colour planes; more than @buffers if contiguous
 * @bpp:	bytes per sample position of each colour plane
 * @hsub:	horizontal subsampling of colour planes 1 and 2
 * @vsub:	vertical subsampling of colour planes 1 and 2
 */
struct virtcap_format {
	u32 fourcc;
	u32 draw;
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
 * @list:	in node->ready, or in node->held
 * @drawn:	vc->draw_gen when the picture was drawn into this memory
 * @due:	do not complete before this frame
 * @overtaken:	the next ones need not wait for it
 * @state:	to complete with
 */
struct virtcap_buf {
	struct vb2_v4l2_buffer vb;
	struct list_head list;
	unsigned int drawn;
	u64 due;
	bool overtaken;
	enum vb2_buffer_state state;
};

/**
 * struct virtcap_fault - one fault of one node
 * @node:	the node
 * @value:	what control and debugfs show and change, see enum virtcap_fault_id
 * @attr:	the same by the fault injection framework
 */
struct virtcap_fault {
	struct virtcap_node *node;
	atomic_t value;
	struct fault_attr attr;
};

/**
 * struct virtcap_node - a video device and its queue
 * @vc:		the device
 * @pipe:	the clock this node follows
 * @vdev:	the video device
 * @prio:	the priorities of its users; nodes are independent
 * @pad:	its only pad
 * @queue:	its buffers
 * @hdl:	its controls
 * @lock:	serialises ioctls
 * @slock:	protects @ready
 * @ready:	buffers given to the node, oldest first
 * @held:	finished buffers that a fault keeps back
 * @streaming:	between start_streaming and stop_streaming
 * @info:	the selected format's layout; NULL for metadata
 * @fmt:	the selected format, multi-planar form also on single-planar nodes
 * @interval:	time per frame
 * @frame:	frames since streaming started, with or without a buffer
 * @frames:	buffers completed since streaming started
 * @dropped:	frames that found no buffer since streaming started
 * @faults:	what can go wrong
 */
struct virtcap_node {
	struct virtcap *vc;
	struct virtcap_pipe *pipe;
	struct video_device vdev;
	struct v4l2_prio_state prio;
	struct media_pad pad;
	struct vb2_queue queue;
	struct v4l2_ctrl_handler hdl;
	struct mutex lock;	/* see above */
	spinlock_t slock;	/* see above */
	struct list_head ready;
	struct list_head held;
	bool streaming;
	const struct virtcap_format *info;
	struct v4l2_pix_format_mplane fmt;
	struct v4l2_fract interval;
	u64 frame;
	u32 frames;
	u32 dropped;
	struct virtcap_fault faults[VIRTCAP_NUM_FAULTS];
};

/**
 * struct virtcap_pipe - a frame clock and the nodes that follow it
 * @vc:		the device
 * @nodes:	the nodes; the first one that streams sets the pace
 * @lock:	serialises start and stop of the thread
 * @users:	nodes that stream on this pipe
 * @thread:	runs while there are users
 * @tick_lock:	held by the thread while it works on a frame
 * @wait:	wakes the thread before its time, and writers of "step"
 * @pace:	VIRTCAP_PACE_*
 * @steps:	frames still to do at VIRTCAP_PACE_STEP
 * @period_ns:	time from frame to frame
 * @tick:	does the work of one frame; called with @tick_lock held
 */
struct virtcap_pipe {
	struct virtcap *vc;
	struct virtcap_node *nodes[2];
	struct mutex lock;	/* see above */
	unsigned int users;
	struct task_struct *thread;
	struct mutex tick_lock;	/* see above */
	wait_queue_head_t wait;
	unsigned int pace;
	atomic_t steps;
	u64 period_ns;
	void (*tick)(struct virtcap_pipe *pipe);
};

/**
 * struct virtcap - one instance
 * @pdev:	the platform device
 * @inst:	its number
 * @multiplanar: video nodes use the multi-planar API
 * @allocator:	memory of all queues
 * @faults:	the nodes have controls for faults and pace
 * @v4l2_dev:	its release callback frees this struct
 * @mdev:	media device
 * @hub:	the entity between the nodes
 * @hub_pads:	of @hub: from output, to capture, to metadata
 * @cap:	video capture
 * @out:	video output
 * @meta:	metadata capture
 * @cap_pipe:	clock of @cap and @meta
 * @out_pipe:	clock of @out
 * @loop:	@cap shows what @out is given
 * @input:	selected input
 * @std:	selected standard of the TV input
 * @timings:	selected timings of the HDMI input
 * @tv_signal:	what arrives at the TV input, see virtcap_tv_signals
 * @hdmi_signal: what arrives at the HDMI input, see virtcap_hdmi_signals
 * @edid:	of the HDMI input
 * @edid_blocks: valid blocks in @edid; 0 keeps the hot plug line low
 * @power:	V4L2_CID_DV_RX_POWER_PRESENT
 * @src:	size of the source picture
 * @crop:	part of @src that is shown
 * @compose:	part of the format where it is shown
 * @tpg_lock:	protects what follows
 * @tpg:	draws the pictures
 * @tpg_width:	of the lines that @tpg has
 * @bounce:	what is drawn, for formats that are widened
 * @draw_gen:	changes when the picture does
 * @draw_once:	do not draw a picture that the memory already holds
 * @identity:	VIRTCAP_IDENTITY_*
 * @last_id:	of the last frame that was given one
 * @disconnect:	attribute of the fault that all nodes have in common
 * @debugfs:	directory
 */
struct virtcap {
	struct platform_device *pdev;
	unsigned int inst;
	bool multiplanar;
	enum virtcap_allocator allocator;
	bool faults;
	struct v4l2_device v4l2_dev;
	struct media_device mdev;
	struct media_entity hub;
	struct media_pad hub_pads[3];
	struct virtcap_node cap;
	struct virtcap_node out;
	struct virtcap_node meta;
	struct virtcap_pipe cap_pipe;
	struct virtcap_pipe out_pipe;
	bool loop;
	enum virtcap_input input;
	v4l2_std_id std;
	struct v4l2_dv_timings timings;
	unsigned int tv_signal;
	unsigned int hdmi_signal;
	u8 edid[VIRTCAP_EDID_BLOCKS * 128];
	unsigned int edid_blocks;
	struct v4l2_ctrl *power;
	struct v4l2_rect src;
	struct v4l2_rect crop;
	struct v4l2_rect compose;
	struct mutex tpg_lock;	/* see above */
	struct tpg_data tpg;
	unsigned int tpg_width;
	u8 *bounce;
	unsigned int draw_gen;
	bool draw_once;
	unsigned int identity;
	struct virtcap_frame_id last_id;
	struct fault_attr disconnect;
	struct dentry *debugfs;
};

static inline struct virtcap_buf *to_virtcap_buf(struct vb2_buffer *vb)
{
	return container_of(to_vb2_v4l2_buffer(vb), struct virtcap_buf, vb);
}

/* Does the application want a frame? */
static inline bool virtcap_has_ready(const struct virtcap_node *node)
{
	return !list_empty(&node->ready);
}

/* What a fault is set to */
static inline unsigned int virtcap_fault_value(const struct virtcap_node *node,
					       enum virtcap_fault_id id)
{
	return atomic_read(&node->faults[id].value);
}

/* The ioctls that all nodes have in common */
#define VIRTCAP_COMMON_IOCTLS						\
	.vidioc_querycap = virtcap_querycap,				\
	.vidioc_reqbufs = vb2_ioctl_reqbufs,				\
	.vidioc_create_bufs = vb2_ioctl_create_bufs,			\
	.vidioc_remove_bufs = vb2_ioctl_remove_bufs,			\
	.vidioc_querybuf = vb2_ioctl_querybuf,				\
	.vidioc_prepare_buf = vb2_ioctl_prepare_buf,			\
	.vidioc_expbuf = vb2_ioctl_expbuf,				\
	.vidioc_qbuf = vb2_ioctl_qbuf,					\
	.vidioc_dqbuf = vb2_ioctl_dqbuf,				\
	.vidioc_streamon = vb2_ioctl_streamon,				\
	.vidioc_streamoff = vb2_ioctl_streamoff,			\
	.vidioc_unsubscribe_event = v4l2_event_unsubscribe,		\
	.vidioc_log_status = v4l2_ctrl_log_status

/* virtcap-core.c */
void virtcap_disconnect(struct virtcap *vc);
int virtcap_node_register(struct virtcap_node *node, const char *name,
			  const struct v4l2_ioctl_ops *ops);
int virtcap_querycap(struct file *file, void *priv, struct v4l2_capability *cap);

/* virtcap-ctrls.c */
int virtcap_ctrls_init(struct virtcap_node *node);

/* virtcap-draw.c */
int virtcap_draw_start(struct virtcap *vc);
void virtcap_draw_stop(struct virtcap *vc);
bool virtcap_is_drawn(struct virtcap *vc);
void virtcap_draw(struct virtcap *vc, struct virtcap_buf *buf);

/* virtcap-fault.c */
bool virtcap_fault(struct virtcap_node *node, enum virtcap_fault_id id);
void virtcap_fault_finished(struct virtcap_node *node, struct virtcap_buf *buf);
void virtcap_fault_init(struct virtcap_node *node);
void virtcap_fault_ctrls(struct virtcap_node *node);
void virtcap_debugfs_add(struct virtcap *vc, struct dentry *root);

/* virtcap-formats.c */
void virtcap_format_set(struct virtcap_node *node,
			struct v4l2_pix_format_mplane *mp);
int virtcap_enum_fmt(struct file *file, void *priv, struct v4l2_fmtdesc *f);
int virtcap_g_fmt(struct file *file, void *priv, struct v4l2_format *f);
int virtcap_try_fmt(struct file *file, void *priv, struct v4l2_format *f);
int virtcap_s_fmt(struct file *file, void *priv, struct v4l2_format *f);
int virtcap_enum_framesizes(struct file *file, void *priv,
			    struct v4l2_frmsizeenum *fs);
int virtcap_enum_frameintervals(struct file *file, void *priv,
				struct v4l2_frmivalenum *fi);
int virtcap_g_parm(struct file *file, void *priv, struct v4l2_streamparm *parm);
int virtcap_s_parm(struct file *file, void *priv, struct v4l2_streamparm *parm);

/* virtcap-input.c */
extern const char * const virtcap_tv_signals[];
extern const char * const virtcap_hdmi_signals[];

bool virtcap_interlaced(const struct virtcap *vc);
void virtcap_input_init(struct virtcap *vc);
void virtcap_set_signal(struct virtcap *vc, u32 cid, unsigned int val);
int virtcap_enum_input(struct file *file, void *priv, struct v4l2_input *i);
int virtcap_g_input(struct file *file, void *priv, unsigned int *i);
int virtcap_s_input(struct file *file, void *priv, unsigned int i);
int virtcap_g_std(struct file *file, void *priv, v4l2_std_id *std);
int virtcap_s_std(struct file *file, void *priv, v4l2_std_id std);
int virtcap_querystd(struct file *file, void *priv, v4l2_std_id *std);
int virtcap_g_dv_timings(struct file *file, void *priv, struct v4l2_dv_timings *t);
int virtcap_s_dv_timings(struct file *file, void *priv, struct v4l2_dv_timings *t);
int virtcap_query_dv_timings(struct file *file, void *priv,
			     struct v4l2_dv_timings *t);
int virtcap_enum_dv_timings(struct file *file, void *priv,
			    struct v4l2_enum_dv_timings *t);
int virtcap_dv_timings_cap(struct file *file, void *priv,
			   struct v4l2_dv_timings_cap *cap);
int virtcap_g_edid(struct file *file, void *priv, struct v4l2_edid *edid);
int virtcap_s_edid(struct file *file, void *priv, struct v4l2_edid *edid);

/* virtcap-meta.c */
int virtcap_meta_init(struct virtcap *vc);
void virtcap_meta_tick(struct virtcap *vc, struct virtcap_buf *picture);

/* virtcap-pace.c */
void virtcap_pipe_init(struct virtcap *vc, struct virtcap_pipe *pipe,
		       void (*tick)(struct virtcap_pipe *pipe));
int virtcap_pipe_start(struct virtcap_node *node);
void virtcap_pipe_stop(struct virtcap_node *node);
void virtcap_pipe_queued(struct virtcap_node *node);
void virtcap_pipe_wake(struct virtcap_pipe *pipe);
void virtcap_pipe_set_pace(struct virtcap_pipe *pipe, unsigned int pace);
int virtcap_pipe_step(struct virtcap_pipe *pipe, unsigned int frames);
void virtcap_set_interval(struct virtcap_node *node, struct v4l2_fract t);

/* virtcap-queue.c */
int virtcap_queue_init(struct virtcap_node *node);
struct virtcap_buf *virtcap_take(struct virtcap_node *node);
void virtcap_stamp_time(struct virtcap_node *node, struct virtcap_buf *buf);
void virtcap_give(struct virtcap_node *node, struct virtcap_buf *buf);
void virtcap_flush(struct virtcap_node *node);

/* virtcap-select.c */
void virtcap_select_fit(struct virtcap *vc);
int virtcap_g_selection(struct file *file, void *priv, struct v4l2_selection *s);
int virtcap_s_selection(struct file *file, void *priv, struct v4l2_selection *s);

/* virtcap-stamp.c */
void virtcap_stamp(struct virtcap *vc, struct virtcap_buf *buf);

/* virtcap-vid-cap.c */
int virtcap_vid_cap_init(struct virtcap *vc);
void virtcap_vid_cap_tick(struct virtcap_pipe *pipe);

/* virtcap-vid-out.c */
int virtcap_vid_out_init(struct virtcap *vc);
void virtcap_vid_out_tick(struct virtcap_pipe *pipe);
void virtcap_loop_update(struct virtcap *vc);
bool virtcap_loop_take(struct virtcap *vc, struct virtcap_buf **bufp);

#endif
