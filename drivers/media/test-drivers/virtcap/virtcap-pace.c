// SPDX-License-Identifier: GPL-2.0-only
/*
 * virtcap: the frame clock
 *
 * A pipe's thread runs while at least one of its nodes streams. It sleeps until
 * the next frame is due and then does that frame's work. A frame for which no
 * buffer is there is lost, as with real hardware: its sequence number is not
 * seen by the application.
 */
#include <linux/kthread.h>

#include "virtcap.h"

/* Returns the time at which the frame that follows is due. */
static u64 virtcap_wait_frame(struct virtcap_pipe *pipe, u64 due)
{
	u64 now = ktime_get_ns();

	if (due > now)
		wait_event_hrtimeout(pipe->wait, kthread_should_stop(),
				     ns_to_ktime(due - now));
	else if (now - due > READ_ONCE(pipe->period_ns))
		/* Too slow for this rate: slow down, do not run after it. */
		due = now;
	return due + READ_ONCE(pipe->period_ns);
}

static int virtcap_pipe_thread(void *data)
{
	struct virtcap_pipe *pipe = data;
	u64 due = ktime_get_ns() + pipe->period_ns;

	for (;;) {
		due = virtcap_wait_frame(pipe, due);
		if (kthread_should_stop())
			break;
		scoped_guard(mutex, &pipe->tick_lock) {
			pipe->tick(pipe);
			pipe->frame++;
		}
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
		pipe->frame = 0;
		pipe->thread = kthread_run(virtcap_pipe_thread, pipe, "%s",
					   video_device_node_name(&node->vdev));
		if (IS_ERR(pipe->thread))
			return PTR_ERR(pipe->thread);
	}
	pipe->users++;
	scoped_guard(mutex, &pipe->tick_lock)
		node->streaming = true;
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
		node->streaming = false;
	if (!--pipe->users)
		kthread_stop(pipe->thread);
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
