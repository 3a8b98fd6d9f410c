/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Intersil/Techwell TW6864, TW6865, TW6868 and TW6869
 *
 * Rooms: tw6869-core.c the PCI device, its interrupt and its health;
 * tw6869-video.c the V4L2 nodes; tw6869-queue.c their buffers;
 * tw6869-decoder.c standards and picture controls; tw6869-dma.c where the chip
 * writes; tw6869-stream.c start, stop, frames, faults; tw6869-audio.c ALSA.
 *
 * Locks, from the outside in:
 *
 *	tw6869_vid.lock	(mutex)		ioctls and the vb2 queue of one node
 *	tw6869_dev.lock	(spinlock)	DMA_CMD, DMA_ENABLE and PHASE_REF, the
 *					buffers that the chip knows, and every
 *					member below "under tw6869_dev.lock"
 *
 * The interrupt handler takes only the spinlock.
 */

#ifndef TW6869_H
#define TW6869_H

#include <linux/io.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <media/v4l2-ctrls.h>
#include <media/v4l2-device.h>
#include <media/videobuf2-v4l2.h>

#include "tw6869-regs.h"

#define TW6869_CHANNELS		8
#define TW6869_SLOTS		4	/* P, F2_P, B, F2_B */
#define TW6869_RING		6	/* vmalloc: the slots, two to copy from */
#define TW6869_WIDTH		720
#define TW6869_FRAME_SIZE	(TW6869_WIDTH * 576 * 2)
/* The chip must rest this long between the stop and the start of a channel. */
#define TW6869_REST_MS		100
/* Each look wakes the processor up: it must be seldom beside the frames. */
#define TW6869_WATCH_MS		200
/* Jiffies without an interrupt after which the board is asked for */
#define TW6869_SILENCE		msecs_to_jiffies(60)

enum tw6869_memory {
	TW6869_DMA_SG,
	TW6869_DMA_CONTIG,
	TW6869_VMALLOC,
};

struct tw6869_variant {
	const char *name;
	u8 channels;
	bool shared_tables;	/* one pair of descriptor tables for all */
};

/* Coherent memory that the chip may write to */
struct tw6869_block {
	void *cpu;
	dma_addr_t dma;
	size_t size;
};

struct tw6869_buf {
	struct vb2_v4l2_buffer vb;	/* must be first */
	struct list_head list;
	int ring;			/* vmalloc: where the frame is */
	__le32 *descs;			/* dma-sg: what a table says of it */
	unsigned int n_descs;
};

/* What one of the chip's addresses, or tables, points to; none: the spare */
struct tw6869_slot {
	struct tw6869_buf *buf;		/* dma-sg and dma-contig */
	int ring;			/* vmalloc, or -1 */
	unsigned int n_descs;		/* in the table */
};

enum tw6869_state {
	TW6869_IDLE,		/* the chip does not know the channel */
	TW6869_WAITING,		/* stopped; restart_work will start it */
	TW6869_RUNNING,
	TW6869_DRAINING,	/* running, but gets only the spare */
};

struct tw6869_format {
	u32 fourcc;
	u32 code;		/* the chip's */
};

struct tw6869_vid {
	struct tw6869_dev *dev;
	unsigned int ch;
	struct mutex lock;		/* ioctls and queue */
	struct video_device vdev;
	struct v4l2_prio_state prio;	/* the channels are independent */
	struct vb2_queue queue;
	struct v4l2_ctrl_handler ctrls;

	/* under lock; constant while the queue has buffers */
	const struct tw6869_format *format;
	unsigned int width, height, field;
	v4l2_std_id std;
	unsigned int input;
	unsigned int rate;		/* kept frames, 0 = all */

	/* under tw6869_dev.lock */
	enum tw6869_state state;
	struct list_head pending;	/* buffers for the chip */
	struct list_head copies;	/* vmalloc: frames to copy */
	struct tw6869_slot slot[TW6869_SLOTS];
	unsigned long ring_free;	/* bits of ring[] */
	unsigned int n_slots;		/* 2 frame or sg, 4 field mode */
	int last_slot;			/* completed last, -1 after a start */
	u64 last_ns;			/* when, by ktime_get_ns() */
	u64 period_ns;			/* of a frame, or field */
	s64 count;			/* completions so far, lost ones too */
	unsigned int quiet_looks;	/* of the watchdog since then */
	u64 rested_ns;			/* the chip may start it from then on */
	bool damaged;			/* the frame in the works is lost */

	bool no_signal;
	bool is_50hz;			/* what comes in */
	struct tw6869_block ring[TW6869_RING];
	struct work_struct copy_work;
	struct delayed_work restart_work;
	wait_queue_head_t drained;
};

struct tw6869_audio;

struct tw6869_dev {
	struct pci_dev *pdev;
	void __iomem *mmio;
	const struct tw6869_variant *variant;
	int index;
	int irq;		/* 0: none */
	enum tw6869_memory memory;
	struct v4l2_device v4l2;

	spinlock_t lock;	/* registers and buffers, see above */
	/* under lock */
	u32 running;		/* bits of DMA_CMD and DMA_ENABLE */
	u32 phase_ref;
	bool asleep;		/* registers must not be touched */
	bool gone;		/* the device does not answer any more */
	bool use_intx;		/* MSI did not work */
	unsigned int irqs;

	struct tw6869_block spare;	/* takes frames that nobody wants */
	struct tw6869_block table[2];	/* descriptors: P, B */
	unsigned int table_entries;	/* of one channel */
	struct delayed_work watchdog;
	struct timer_list silence;
	unsigned long heard;	/* jiffies of an interrupt */
	unsigned int silent_ticks;
	atomic_t users;

	struct tw6869_vid vid[TW6869_CHANNELS];
	struct tw6869_audio *audio;
};

static inline u32 tw_read(struct tw6869_dev *dev, u32 reg)
{
	return readl(dev->mmio + reg);
}

static inline void tw_write(struct tw6869_dev *dev, u32 reg, u32 value)
{
	writel(value, dev->mmio + reg);
}

/* tw6869-core.c */
bool tw6869_check_gone(struct tw6869_dev *dev);
int tw6869_get(struct tw6869_dev *dev);
void tw6869_put(struct tw6869_dev *dev);

/* tw6869-video.c */
#define TW6869_STANDARDS \
	(V4L2_STD_NTSC | V4L2_STD_PAL | V4L2_STD_SECAM | V4L2_STD_NTSC_443 | \
	 V4L2_STD_PAL_M | V4L2_STD_PAL_Nc | V4L2_STD_PAL_60)

int tw6869_video_init(struct tw6869_dev *dev);
int tw6869_video_register(struct tw6869_dev *dev);
void tw6869_video_unregister(struct tw6869_dev *dev);

static inline bool tw6869_is_field_mode(const struct tw6869_vid *vid)
{
	return !V4L2_FIELD_HAS_BOTH(vid->field);
}

static inline unsigned int tw6869_std_lines(v4l2_std_id std)
{
	return std & V4L2_STD_625_50 ? 576 : 480;
}

static inline unsigned int tw6869_frame_bytes(const struct tw6869_vid *vid)
{
	return vid->width * vid->height * 2;
}

/* tw6869-decoder.c */
u32 tw6869_dec_read(struct tw6869_vid *vid, u32 reg);
int tw6869_decoder_init(struct tw6869_vid *vid);
void tw6869_decoder_set_input(struct tw6869_vid *vid);
void tw6869_decoder_setup(struct tw6869_vid *vid);
v4l2_std_id tw6869_decoder_standard(v4l2_std_id std);
void tw6869_decoder_set_standard(struct tw6869_vid *vid);
int tw6869_decoder_detect(struct tw6869_vid *vid, v4l2_std_id *std);
bool tw6869_decoder_signal(struct tw6869_vid *vid, bool lost);
void tw6869_decoder_changed(struct tw6869_vid *vid);
void tw6869_decoder_poll(struct tw6869_vid *vid);

/* tw6869-dma.c */
int tw6869_block_alloc(struct tw6869_dev *dev, struct tw6869_block *block,
		       size_t size);
void tw6869_block_free(struct tw6869_dev *dev, struct tw6869_block *block);
int tw6869_dma_init(struct tw6869_dev *dev);
void tw6869_dma_free(struct tw6869_dev *dev);
void tw6869_dma_setup(struct tw6869_dev *dev);
void tw6869_dma_program(struct tw6869_vid *vid);
int tw6869_dma_describe(struct tw6869_vid *vid, struct tw6869_buf *buf);
void tw6869_dma_refill(struct tw6869_vid *vid, unsigned int i);
void tw6869_dma_empty(struct tw6869_vid *vid);
bool tw6869_dma_is_empty(const struct tw6869_vid *vid);

/* tw6869-stream.c */
void tw6869_run(struct tw6869_dev *dev, u32 bits);
void tw6869_halt(struct tw6869_dev *dev, u32 bits);
void tw6869_stream_init(struct tw6869_vid *vid);
int tw6869_stream_start(struct tw6869_vid *vid);
void tw6869_stream_stop(struct tw6869_vid *vid);
u32 tw6869_stream_irq(struct tw6869_dev *dev, u32 status, u32 fifo, u32 pb);
void tw6869_stream_fault(struct tw6869_vid *vid, const char *what);
void tw6869_stream_watch(struct tw6869_dev *dev);
void tw6869_stream_suspend(struct tw6869_dev *dev);
void tw6869_stream_resume(struct tw6869_dev *dev);

/* tw6869-queue.c */
int tw6869_queue_init(struct tw6869_vid *vid);

/* tw6869-audio.c */
int tw6869_audio_init(struct tw6869_dev *dev);
void tw6869_audio_free(struct tw6869_dev *dev);
u32 tw6869_audio_irq(struct tw6869_dev *dev, u32 status, u32 pb);
void tw6869_audio_elapsed(struct tw6869_dev *dev, u32 ready);
void tw6869_audio_suspend(struct tw6869_dev *dev);
void tw6869_audio_gone(struct tw6869_dev *dev);

#endif
