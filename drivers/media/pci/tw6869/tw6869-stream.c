// SPDX-License-Identifier: GPL-2.0-only
/*
 * Streaming: start, stop, completed frames, faults.
 *
 * The chip never waits for the host.  It fills P, B, P, B ... (in field mode
 * P, F2_P, B, F2_B) and goes on with whatever address stands there.  So each
 * slot always holds memory that the chip may write to: a buffer, or the spare
 * when nobody queued one.  A completed slot gets new memory at once, while the
 * chip is busy with the other one.  Before the completed buffer is given away
 * the status is read again: had the chip come back to that slot meanwhile, it
 * could hold either address, and the channel is stopped and started afresh.
 *
 * Frames are counted, not buffers.  The chip's one phase bit tells an odd
 * number of frames from an even one, time tells the rest.
 */

#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>

#include "tw6869.h"

#define STALL_PERIODS	12
#define STALL_LOOKS	3

/* Set bits in DMA_ENABLE and DMA_CMD: channels start.  Under dev->lock. */
void tw6869_run(struct tw6869_dev *dev, u32 bits)
{
	lockdep_assert_held(&dev->lock);
	dev->running |= bits;
	tw_write(dev, TW_DMA_ENABLE, dev->running);
	tw_write(dev, TW_DMA_CMD, TW_CMD_ON | dev->running);
}

/*
 * Channels stop.  The chip knows when this returns, but what is on its way to
 * memory may still arrive.  Under dev->lock.
 */
void tw6869_halt(struct tw6869_dev *dev, u32 bits)
{
	lockdep_assert_held(&dev->lock);
	dev->running &= ~bits;
	if (dev->gone || dev->asleep)
		return;
	tw_write(dev, TW_DMA_ENABLE, dev->running);
	tw_write(dev, TW_DMA_CMD, dev->running ? TW_CMD_ON | dev->running : 0);
	/* Writes are posted; this read waits for them. */
	tw_read(dev, TW_DMA_CMD);
}

/* Slot number of buffer @b (0 P, 1 B) and @field */
static unsigned int slot_index(const struct tw6869_vid *vid, unsigned int b,
			       unsigned int field)
{
	return vid->n_slots == 4 ? 2 * b + field : b;
}

static u64 period_ns(const struct tw6869_vid *vid)
{
	bool is_625 = vid->std & V4L2_STD_625_50;
	u64 ns = is_625 ? 40000000 : 33366667;

	if (vid->rate)
		ns *= 15 / vid->rate;
	return tw6869_is_field_mode(vid) ? ns / 2 : ns;
}

/* Called under dev->lock, with the slots empty. */
static void start_channel(struct tw6869_vid *vid)
{
	unsigned int i;

	lockdep_assert_held(&vid->dev->lock);
	vid->n_slots = tw6869_is_field_mode(vid) ? 4 : 2;
	vid->period_ns = period_ns(vid);
	vid->last_slot = -1;
	vid->damaged = false;
	vid->quiet_looks = 0;
	if (vid->count < 0)
		vid->last_ns = ktime_get_ns();
	vid->state = TW6869_RUNNING;
	tw6869_dma_program(vid);
	for (i = 0; i < vid->n_slots; i++)
		tw6869_dma_refill(vid, i);
	tw6869_run(vid->dev, TW_RUN_VIDEO(vid->ch));
}

/* Called under dev->lock.  The chip may write a little longer. */
static void stop_channel(struct tw6869_vid *vid)
{
	lockdep_assert_held(&vid->dev->lock);
	tw6869_halt(vid->dev, TW_RUN_VIDEO(vid->ch));
	vid->rested_ns = ktime_get_ns() + TW6869_REST_MS * NSEC_PER_MSEC;
}

/*
 * Start the channel as soon as it has rested.  Jiffies may be behind, so that
 * a delayed work can come too soon; it tries again.  Called under dev->lock.
 */
static void start_when_rested(struct tw6869_vid *vid)
{
	u64 now = ktime_get_ns();

	vid->state = TW6869_WAITING;
	if (vid->dev->asleep)
		return;
	if (now >= vid->rested_ns) {
		tw6869_dma_empty(vid);
		start_channel(vid);
		return;
	}
	schedule_delayed_work(&vid->restart_work,
			      nsecs_to_jiffies(vid->rested_ns - now) + 1);
}

/**
 * tw6869_stream_fault - stop a channel at once and start it afresh
 * @vid: the channel
 * @what: what happened, for the log, or NULL
 *
 * The buffer being filled is returned with an error, when the chip has
 * rested; the others stay queued.  Called under dev->lock, from any context.
 */
void tw6869_stream_fault(struct tw6869_vid *vid, const char *what)
{
	lockdep_assert_held(&vid->dev->lock);
	if (vid->state != TW6869_RUNNING && vid->state != TW6869_DRAINING)
		return;
	if (what)
		dev_warn_ratelimited(&vid->dev->pdev->dev,
				     "video%u: %s, restarting the channel\n",
				     vid->ch, what);
	stop_channel(vid);
	vid->damaged = true;
	if (vid->state == TW6869_DRAINING) {
		wake_up(&vid->drained);
		return;
	}
	vid->state = TW6869_WAITING;
	schedule_delayed_work(&vid->restart_work,
			      msecs_to_jiffies(TW6869_REST_MS) + 1);
}

/* ---- completions ---- */

/* How many frames, or fields, ended since the last completion we saw */
static unsigned int completions_since(struct tw6869_vid *vid, unsigned int slot,
				      u64 now)
{
	unsigned int periods = 0;
	unsigned int n;

	/* After a restart the last one is where the lost frame would have been. */
	if (now > vid->last_ns)
		periods = div64_u64(now - vid->last_ns + vid->period_ns / 2,
				    vid->period_ns);
	if (vid->last_slot < 0) {
		/* First one since a start, or since a restart */
		if (vid->count < 0)
			return slot + 1;
		n = max(periods, 1U);
		/* Both fields of a frame have the same sequence number. */
		if (vid->n_slots == 4 && ((vid->count + n) ^ slot) & 1)
			n++;
		return n;
	}
	n = (slot + vid->n_slots - vid->last_slot) % vid->n_slots;
	if (!n)
		n = vid->n_slots;
	if (periods > n)
		n += (periods - n) / vid->n_slots * vid->n_slots;
	return n;
}

static void stamp(struct tw6869_vid *vid, struct tw6869_buf *buf,
		  unsigned int slot, u64 now)
{
	struct vb2_v4l2_buffer *vb = &buf->vb;

	vb->vb2_buf.timestamp = now;
	vb->sequence = vid->n_slots == 4 ? vid->count / 2 : vid->count;
	vb->field = vid->field;
	if (vid->field == V4L2_FIELD_ALTERNATE)
		vb->field = slot & 1 ? V4L2_FIELD_BOTTOM : V4L2_FIELD_TOP;
	vb2_set_plane_payload(&vb->vb2_buf, 0, tw6869_frame_bytes(vid));
}

/* What a slot held when it was completed */
struct completion_of {
	struct tw6869_buf *buf;
	int slot;		/* -1: nothing completed */
};

/* A slot is full: take the buffer out, put the next memory in. */
static void complete_slot(struct tw6869_vid *vid, u32 pb, u64 now,
			  struct completion_of *done)
{
	unsigned int slot = slot_index(vid, !!(pb & TW_PB_VIDEO(vid->ch)),
				       !!(pb & TW_PB_FIELD(vid->ch)));
	int ring = vid->slot[slot].ring;
	struct tw6869_buf *buf = vid->slot[slot].buf;

	vid->count += completions_since(vid, slot, now);
	vid->last_slot = slot;
	vid->last_ns = now;
	vid->quiet_looks = 0;
	done->slot = slot;
	if (ring >= 0) {
		/* vmalloc: the frame is worth a copy if there is a buffer. */
		if (vid->state == TW6869_RUNNING)
			buf = list_first_entry_or_null(&vid->pending,
						       struct tw6869_buf, list);
		if (buf) {
			list_del(&buf->list);
			buf->ring = ring;
		} else {
			__set_bit(ring, &vid->ring_free);
		}
	}
	tw6869_dma_refill(vid, slot);
	if (buf)
		stamp(vid, buf, slot, now);
	done->buf = buf;
}

/* Under dev->lock, as nothing that is newer may overtake it. */
static void deliver(struct tw6869_vid *vid, struct tw6869_buf *buf,
		    enum vb2_buffer_state state)
{
	if (vid->dev->memory == TW6869_VMALLOC) {
		list_add_tail(&buf->list, &vid->copies);
		queue_work(system_highpri_wq, &vid->copy_work);
		return;
	}
	vb2_buffer_done(&buf->vb.vb2_buf, state);
}

/* We were so late that the chip may be writing to the buffer again. */
static void take_back(struct tw6869_vid *vid, struct tw6869_buf *buf)
{
	if (vid->dev->memory == TW6869_VMALLOC)
		__set_bit(buf->ring, &vid->ring_free);
	list_add(&buf->list, &vid->pending);
	tw6869_stream_fault(vid, "interrupt came too late");
}

static void check_fifo(struct tw6869_dev *dev, u32 status, u32 fifo)
{
	bool news = (fifo & TW_FIFO_ERRORS) || (status & TW_INT_FORMATS);
	unsigned int ch;

	for (ch = 0; ch < dev->variant->channels; ch++) {
		struct tw6869_vid *vid = &dev->vid[ch];
		bool lost = fifo & TW_FIFO_NO_SIGNAL(ch);

		if (!news && lost == vid->no_signal)
			continue;
		/* After a loss the fields may be in the wrong order. */
		if (tw6869_decoder_signal(vid, lost))
			tw6869_stream_fault(vid, NULL);
		if (status & TW_INT_FORMAT(ch))
			tw6869_decoder_changed(vid);
		/* Without a signal these mean nothing. */
		if (vid->no_signal)
			continue;
		if (fifo & TW_FIFO_OVERFLOW(ch))
			tw6869_stream_fault(vid, "FIFO overflow");
		else if (fifo & TW_FIFO_POINTER(ch))
			tw6869_stream_fault(vid, "FIFO pointer error");
	}
	/* The watchdog finds the channel that it hit: it makes no progress. */
	if (status & TW_INT_TIMEOUT)
		dev_warn_ratelimited(&dev->pdev->dev, "DMA timeout\n");
}

/*
 * The interrupt's video part, under dev->lock.  @pb was read after @status.
 *
 * When all slots are refilled the status is read again.  A channel that has
 * completed another frame meanwhile may have begun with the slot that we
 * refilled, at its old address or its new one.  Returns that newer status.
 */
u32 tw6869_stream_irq(struct tw6869_dev *dev, u32 status, u32 fifo, u32 pb)
{
	struct completion_of done[TW6869_CHANNELS] = {};
	unsigned int ch, n = dev->variant->channels;
	u64 now = ktime_get_ns();
	u32 newer;

	lockdep_assert_held(&dev->lock);
	for (ch = 0; ch < n; ch++) {
		struct tw6869_vid *vid = &dev->vid[ch];

		done[ch].slot = -1;
		if ((status & TW_INT_VIDEO(ch)) &&
		    (vid->state == TW6869_RUNNING ||
		     vid->state == TW6869_DRAINING))
			complete_slot(vid, pb, now, &done[ch]);
	}
	newer = tw_read(dev, TW_INT_STATUS);
	for (ch = 0; ch < n; ch++) {
		struct tw6869_vid *vid = &dev->vid[ch];

		if (done[ch].slot < 0)
			continue;
		if (done[ch].buf && (newer & TW_INT_VIDEO(ch)))
			take_back(vid, done[ch].buf);
		else if (done[ch].buf)
			deliver(vid, done[ch].buf, VB2_BUF_STATE_DONE);
		if (vid->state == TW6869_DRAINING && tw6869_dma_is_empty(vid))
			wake_up(&vid->drained);
	}
	check_fifo(dev, status, fifo);
	return newer;
}

/* ---- restart, supervision ---- */

/* The buffer whose frame was lost; in vmalloc mode it was not chosen yet. */
static struct tw6869_buf *take_damaged(struct tw6869_vid *vid)
{
	unsigned int next = (vid->last_slot + 1) % (int)max(vid->n_slots, 1u);
	struct tw6869_buf *buf = vid->slot[next].buf;

	if (!vid->damaged)
		return NULL;
	if (vid->slot[next].ring >= 0) {
		buf = list_first_entry_or_null(&vid->pending, struct tw6869_buf,
					       list);
		if (buf) {
			list_del(&buf->list);
			buf->ring = -1;
		}
	}
	if (!buf)
		return NULL;
	vid->slot[next].buf = NULL;
	vid->count++;
	vid->last_ns += vid->period_ns;
	stamp(vid, buf, next, ktime_get_ns());
	return buf;
}

static void restart_work(struct work_struct *work)
{
	struct tw6869_vid *vid = container_of(to_delayed_work(work),
					      struct tw6869_vid, restart_work);
	struct tw6869_buf *lost;
	struct tw6869_dev *dev = vid->dev;

	scoped_guard(spinlock_irqsave, &dev->lock) {
		if (vid->state != TW6869_WAITING || dev->gone || dev->asleep)
			return;
		if (ktime_get_ns() < vid->rested_ns) {
			start_when_rested(vid);
			return;
		}
		/* The chip has rested: now the damaged frame can be returned. */
		lost = take_damaged(vid);
		if (lost)
			deliver(vid, lost, VB2_BUF_STATE_ERROR);
		start_when_rested(vid);
	}
}

/*
 * From the watchdog: restart what makes no progress.  Its looks are counted,
 * as the clock of a virtual machine goes on while nobody runs it.  Two of them
 * may be those before and after such a time.
 */
void tw6869_stream_watch(struct tw6869_dev *dev)
{
	unsigned int ch;

	scoped_guard(spinlock_irqsave, &dev->lock) {
		for (ch = 0; ch < dev->variant->channels; ch++) {
			struct tw6869_vid *vid = &dev->vid[ch];

			if (vid->state == TW6869_RUNNING &&
			    ++vid->quiet_looks >= STALL_LOOKS &&
			    STALL_PERIODS * vid->period_ns <
			    mul_u32_u32(vid->quiet_looks, TW6869_WATCH_MS) *
			    NSEC_PER_MSEC)
				tw6869_stream_fault(vid, "no frames");
		}
	}
}

/**
 * tw6869_stream_stop - end streaming on a channel
 * @vid: the channel
 *
 * Returns when the chip cannot touch a buffer any more: it is given nothing
 * but the spare first, and stopped when it has completed all else.  What it
 * writes on after its stop hits the spare.  May sleep for three frames.
 */
void tw6869_stream_stop(struct tw6869_vid *vid)
{
	struct tw6869_dev *dev = vid->dev;
	unsigned long patience;
	bool quiet;

	scoped_guard(spinlock_irqsave, &dev->lock) {
		patience = nsecs_to_jiffies(4 * vid->period_ns) + HZ / 10;
		if (vid->state == TW6869_RUNNING)
			vid->state = TW6869_DRAINING;
	}
	wait_event_timeout(vid->drained,
			   vid->state != TW6869_DRAINING || dev->gone ||
			   dev->asleep || vid->damaged || tw6869_dma_is_empty(vid),
			   patience);
	scoped_guard(spinlock_irqsave, &dev->lock) {
		quiet = dev->gone ||
			(vid->state == TW6869_DRAINING && !vid->damaged &&
			 tw6869_dma_is_empty(vid));
		if (vid->state == TW6869_DRAINING)
			stop_channel(vid);
		vid->state = TW6869_IDLE;
	}
	cancel_delayed_work_sync(&vid->restart_work);
	if (!quiet)
		msleep(TW6869_REST_MS);
	scoped_guard(spinlock_irqsave, &dev->lock) {
		tw6869_dma_empty(vid);
	}
}

/* Begin streaming; the frames come later if the channel must rest. */
int tw6869_stream_start(struct tw6869_vid *vid)
{
	struct tw6869_dev *dev = vid->dev;

	scoped_guard(spinlock_irqsave, &dev->lock) {
		if (dev->gone)
			return -ENODEV;
		/* What changed while nobody looked is no news any more. */
		if (!dev->asleep)
			vid->no_signal = tw6869_dec_read(vid, TW_DEC_STATUS) &
					 TW_STATUS_NO_VIDEO;
		vid->count = -1;
		vid->n_slots = 0;
		start_when_rested(vid);
	}
	return 0;
}

/* ---- suspend, resume ---- */

/* Stop all channels; they stay streaming as far as the user can see. */
void tw6869_stream_suspend(struct tw6869_dev *dev)
{
	bool stopped = false;
	unsigned int ch;

	scoped_guard(spinlock_irqsave, &dev->lock) {
		for (ch = 0; ch < dev->variant->channels; ch++) {
			struct tw6869_vid *vid = &dev->vid[ch];

			if (vid->state != TW6869_RUNNING &&
			    vid->state != TW6869_DRAINING)
				continue;
			stop_channel(vid);
			vid->damaged = true;
			if (vid->state == TW6869_RUNNING)
				vid->state = TW6869_WAITING;
			stopped = true;
		}
		dev->asleep = true;
	}
	for (ch = 0; ch < dev->variant->channels; ch++) {
		cancel_delayed_work_sync(&dev->vid[ch].restart_work);
		wake_up(&dev->vid[ch].drained);
	}
	if (stopped)
		msleep(TW6869_REST_MS);
}

void tw6869_stream_resume(struct tw6869_dev *dev)
{
	unsigned int ch;

	scoped_guard(spinlock_irqsave, &dev->lock)
		dev->asleep = false;
	for (ch = 0; ch < dev->variant->channels; ch++)
		if (dev->vid[ch].state == TW6869_WAITING)
			schedule_delayed_work(&dev->vid[ch].restart_work, 0);
}

void tw6869_stream_init(struct tw6869_vid *vid)
{
	unsigned int i;

	for (i = 0; i < TW6869_SLOTS; i++)
		vid->slot[i].ring = -1;
	INIT_DELAYED_WORK(&vid->restart_work, restart_work);
	init_waitqueue_head(&vid->drained);
}
