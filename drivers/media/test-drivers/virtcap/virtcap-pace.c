// SPDX-License-Identifier: GPL-2.0-only
/*
 * virtcap: the frame clock
 *
 * A pipe's thread runs while at least one of its nodes streams. It sleeps until
 * the next frame is due and then does that frame's work:
 *
 *  clock: at the set rate. A captured frame for which no buffer is there is
 *         lost, as with real hardware: there is a gap in the sequence. On the
 *         output side the frame before it is shown again.
 *  fast:  as soon as the node that sets the pace has a buffer. Nothing is lost.
 *         A frame that nobody has to draw is made by who queues the buffer.
 *  step:  when told to by the debugfs file "step". A frame without a buffer is
 *         lost.
 */
#include <linux/kthread.h>

#include "virtcap.h"

/* The first node that streams sets the pace. */
static struct virtcap_node *virtcap_leader(struct virtcap_pipe *pipe)
{
	struct virtcap_node *second = pipe->nodes[1];

	if (second && !READ_ONCE(pipe->nodes[0]->streaming))
		return second;
	return pipe->nodes[0];
}

/* Is there anything to do for a thread that does not look at the time? */
static bool virtcap_work(struct virtcap_pipe *pipe)
{
	struct virtcap *vc = pipe->vc;
	struct virtcap_node *node = virtcap_leader(pipe);

	if (pipe == &vc->out_pipe && READ_ONCE(vc->loop))
		return false;
	if (pipe->pace == VIRTCAP_PACE_STEP)
		return atomic_read(&pipe->steps);
	if (!list_empty(&node->held) &&
	    !virtcap_fault_value(node, VIRTCAP_FAULT_HOLD) &&
	    !virtcap_fault_value(node, VIRTCAP_FAULT_REORDER))
		return true;
	if (node == &vc->cap && READ_ONCE(vc->loop) &&
	    !virtcap_has_ready(&vc->out))
		return false;
	return virtcap_has_ready(node);
}

/*
 * Wait for the next frame, or until the pace changes or the thread is to stop.
 * Returns true if a frame is due; *due is then the time of the one after it.
 */
static bool virtcap_wait_frame(struct virtcap_pipe *pipe, u64 *due)
{
	unsigned int pace = READ_ONCE(pipe->pace);
	u64 now = ktime_get_ns(), period = READ_ONCE(pipe->period_ns);

	if (pace != VIRTCAP_PACE_CLOCK) {
		wait_event_idle(pipe->wait, kthread_should_stop() ||
				READ_ONCE(pipe->pace) != pace ||
				virtcap_work(pipe));
		*due = ktime_get_ns() + period;
		return virtcap_work(pipe);
	}
	if (*due > now) {
		wait_event_interruptible_hrtimeout(pipe->wait,
						   kthread_should_stop() ||
						   READ_ONCE(pipe->pace) != pace,
						   ns_to_ktime(*due - now));
	} else if (now - *due > period) {
		/* Too slow for this rate: slow down, do not run after it. */
		*due = now;
	}
	if (READ_ONCE(pipe->pace) != pace)
		return false;
	*due += period;
	return true;
}

static int virtcap_pipe_thread(void *data)
{
	struct virtcap_pipe *pipe = data;
	u64 due = ktime_get_ns() + pipe->period_ns;

	while (!kthread_should_stop()) {
		bool frame = virtcap_wait_frame(pipe, &due);

		if (kthread_should_stop() || !frame)
			continue;
		scoped_guard(mutex, &pipe->tick_lock) {
			for (unsigned int i = 0; i < ARRAY_SIZE(pipe->nodes); i++)
				if (pipe->nodes[i])
					virtcap_flush(pipe->nodes[i]);
			if (pipe->pace != VIRTCAP_PACE_FAST || virtcap_work(pipe))
				pipe->tick(pipe);
		}
		if (pipe->pace == VIRTCAP_PACE_STEP &&
		    !atomic_dec_if_positive(&pipe->steps))
			wake_up_all(&pipe->wait);
		cond_resched();
	}
	return 0;
}

/**
 * virtcap_pipe_start() - let a node follow its pipe's clock
 * @node: the node
 *
 * Context: node->lock held; may sleep.
 * Return: 0 or a negative error code.
 */
int virtcap_pipe_start(struct virtcap_node *node)
{
	struct virtcap_pipe *pipe = node->pipe;

	guard(mutex)(&pipe->lock);
	if (!pipe->users) {
		struct task_struct *thread;

		thread = kthread_create(virtcap_pipe_thread, pipe, "virtcap.%u-%s",
					pipe->vc->inst,
					video_device_node_name(&node->vdev));
		if (IS_ERR(thread))
			return PTR_ERR(thread);
		pipe->thread = thread;
	}
	scoped_guard(mutex, &pipe->tick_lock) {
		node->frame = 0;
		node->frames = 0;
		node->dropped = 0;
		WRITE_ONCE(node->streaming, true);
	}
	virtcap_loop_update(node->vc);
	if (!pipe->users++)
		wake_up_process(pipe->thread);
	return 0;
}

/**
 * virtcap_pipe_stop() - the node no longer follows the clock
 * @node: the node
 *
 * When this returns the thread does not own any buffer of @node.
 *
 * Context: node->lock held; may sleep.
 */
void virtcap_pipe_stop(struct virtcap_node *node)
{
	struct virtcap_pipe *pipe = node->pipe;

	guard(mutex)(&pipe->lock);
	scoped_guard(mutex, &pipe->tick_lock)
		WRITE_ONCE(node->streaming, false);
	virtcap_loop_update(node->vc);
	if (!--pipe->users) {
		kthread_stop(pipe->thread);
		pipe->thread = NULL;
		atomic_set(&pipe->steps, 0);
		wake_up_all(&pipe->wait);
	}
}

/* Is giving the buffer back all that there is to do? */
static bool virtcap_at_once(struct virtcap_node *node)
{
	struct virtcap *vc = node->vc;

	return node->streaming &&
	       !virtcap_fault_value(node, VIRTCAP_FAULT_REORDER) &&
	       !virtcap_fault_value(node, VIRTCAP_FAULT_LATE) &&
	       (node == &vc->out || (node == &vc->cap && virtcap_is_drawn(vc)));
}

/**
 * virtcap_pipe_queued() - a node has got a buffer
 * @node: the node
 *
 * To wake the thread takes longer than a frame that is at hand.
 *
 * Context: node->lock held; may sleep.
 */
void virtcap_pipe_queued(struct virtcap_node *node)
{
	struct virtcap_pipe *pipe = node->pipe;

	if (READ_ONCE(pipe->pace) == VIRTCAP_PACE_FAST &&
	    mutex_trylock(&pipe->tick_lock)) {
		if (virtcap_at_once(node) && virtcap_work(pipe))
			pipe->tick(pipe);
		mutex_unlock(&pipe->tick_lock);
		if (!virtcap_work(pipe))
			return;
	}
	virtcap_pipe_wake(pipe);
}

/**
 * virtcap_pipe_wake() - there may be something to do
 * @pipe: the pipe
 *
 * Context: any that allows spinlocks.
 */
void virtcap_pipe_wake(struct virtcap_pipe *pipe)
{
	if (READ_ONCE(pipe->pace) != VIRTCAP_PACE_CLOCK)
		wake_up_all(&pipe->wait);
}

/**
 * virtcap_pipe_set_pace() - change what the frame clock follows
 * @pipe: the pipe
 * @pace: VIRTCAP_PACE_*
 */
void virtcap_pipe_set_pace(struct virtcap_pipe *pipe, unsigned int pace)
{
	WRITE_ONCE(pipe->pace, pace);
	wake_up_all(&pipe->wait);
}

/**
 * virtcap_pipe_step() - do a number of frames and wait until they are done
 * @pipe:   the pipe
 * @frames: how many
 *
 * Context: process context, may sleep.
 * Return: 0, -EINVAL if the pipe is not at VIRTCAP_PACE_STEP or nothing streams,
 * -ERESTARTSYS after a signal (the frames that were asked for are not undone).
 */
int virtcap_pipe_step(struct virtcap_pipe *pipe, unsigned int frames)
{
	scoped_guard(mutex, &pipe->lock) {
		if (pipe->pace != VIRTCAP_PACE_STEP || !pipe->users)
			return -EINVAL;
		atomic_add(frames, &pipe->steps);
		wake_up_all(&pipe->wait);
	}
	return wait_event_interruptible(pipe->wait,
					!atomic_read(&pipe->steps) ||
					READ_ONCE(pipe->pace) != VIRTCAP_PACE_STEP);
}

/**
 * virtcap_set_interval() - set the time per frame
 * @node: the node
 * @t:    seconds; brought into the range of 1 to 240 frames a second
 *
 * Context: node->lock held.
 */
void virtcap_set_interval(struct virtcap_node *node, struct v4l2_fract t)
{
	u64 period;

	if (!t.numerator || !t.denominator)
		t = (struct v4l2_fract) { 1, 30 };
	else if ((u64)t.numerator * VIRTCAP_MAX_FPS < t.denominator)
		t = (struct v4l2_fract) { 1, VIRTCAP_MAX_FPS };
	else if (t.numerator > t.denominator)
		t = (struct v4l2_fract) { 1, 1 };
	node->interval = t;
	period = div_u64((u64)t.numerator * NSEC_PER_SEC, t.denominator);
	/* The time is that of a frame; here each field is one buffer. */
	if (node->fmt.field == V4L2_FIELD_ALTERNATE)
		period /= 2;
	WRITE_ONCE(node->pipe->period_ns, period);
}

/**
 * virtcap_pipe_init() - set up a pipe
 * @vc:   the device
 * @pipe: the pipe
 * @tick: does the work of a frame
 */
void virtcap_pipe_init(struct virtcap *vc, struct virtcap_pipe *pipe,
		       void (*tick)(struct virtcap_pipe *pipe))
{
	pipe->vc = vc;
	pipe->tick = tick;
	mutex_init(&pipe->lock);
	mutex_init(&pipe->tick_lock);
	init_waitqueue_head(&pipe->wait);
	pipe->period_ns = NSEC_PER_SEC / 30;
}
