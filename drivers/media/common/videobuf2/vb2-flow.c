// SPDX-License-Identifier: GPL-2.0-only
/*
 * videobuf2: the way of a buffer
 *
 * Read from top to bottom, this is what happens to a buffer on its way from
 * user space to the hardware and back:
 *
 *	PREPARE_BUF, QBUF	vb2_flow_prepare()	may fail, undoes itself
 *	QBUF			queue_buffer()		cannot fail
 *	the driver wants it	vb2_flow_enqueue()	cannot fail
 *	the hardware is done	vb2_buffer_done()	any context
 *	DQBUF			wait_for_done()		sleeps without the lock
 *				vb2_flow_return()	cannot fail
 *
 * The one thing that can go wrong after a buffer was queued is that it was the
 * one for which start_streaming waited, and the driver refuses to start. Then
 * unqueue_buffer() takes it back out.
 */
#include <linux/export.h>
#include <linux/sched.h>
#include <linux/wait.h>

#include <trace/events/vb2.h>

#include "vb2-internal.h"

/*
 * Get memory, driver and caches ready. On failure the buffer is in the state it
 * was in. It does not hold memory that the driver refused: user space may free
 * what a failed QBUF named.
 */
int vb2_flow_prepare(struct vb2_buffer *vb)
{
	struct vb2_queue *q = vb->vb2_queue;
	enum vb2_buffer_state before = vb->state;
	int ret;

	if (q->error) {
		vb2_dbg(q, 1, "fatal error before\n");
		ret = -EIO;
		goto refused;
	}
	if (vb->prepared)
		return 0;

	ret = q->is_output ? vb2_op_buf_out_validate(vb) : 0;
	if (ret)
		goto refused;

	vb2_state_set(vb, VB2_BUF_STATE_PREPARING);
	ret = vb2_op_fill_vb2_buffer(vb);
	if (!ret && vb->memory != VB2_MEMORY_MMAP)
		ret = vb2_planes_acquire(vb);
	if (!ret) {
		ret = vb2_op_buf_prepare(vb);
		if (ret && vb->memory != VB2_MEMORY_MMAP)
			vb2_planes_release(vb);
	}
	vb2_state_set(vb, before);
	if (ret) {
		vb2_dbg(q, 1, "buffer %u not prepared, %d\n", vb->index, ret);
		goto refused;
	}

	vb2_planes_sync_for_device(vb);
	vb->prepared = true;
	return 0;

refused:
	/* A request may be queued again */
	if (vb->state == VB2_BUF_STATE_DEQUEUED)
		vb2_planes_forget(vb);
	return ret;
}

static int check_dequeued(struct vb2_buffer *vb)
{
	if (vb->state == VB2_BUF_STATE_DEQUEUED)
		return 0;
	vb2_dbg(vb->vb2_queue, 1, "buffer %u is %s\n", vb->index,
		vb2_state_name(vb->state));
	return -EINVAL;
}

int vb2_core_prepare_buf(struct vb2_queue *q, struct vb2_buffer *vb, void *pb)
{
	int ret;

	vb2_assert_locked(q);

	ret = check_dequeued(vb);
	if (ret)
		return ret;
	if (vb->prepared) {
		vb2_dbg(q, 1, "buffer %u is prepared\n", vb->index);
		return -EINVAL;
	}
	ret = vb2_flow_prepare(vb);
	if (ret)
		return ret;

	vb2_op_fill_user_buffer(vb, pb);
	return 0;
}
EXPORT_SYMBOL_GPL(vb2_core_prepare_buf);

/*
 * The only place where a queued buffer becomes ready for the driver. What must
 * hold a buffer back, such as a fence, goes before the call of this.
 */
void vb2_flow_enqueue(struct vb2_buffer *vb)
{
	struct vb2_queue *q = vb->vb2_queue;

	/* Codecs (mem2mem) took and finished it before streaming started */
	if (vb->state != VB2_BUF_STATE_QUEUED)
		return;
	vb2_state_set(vb, VB2_BUF_STATE_ACTIVE);
	atomic_inc(&q->owned_by_drv_count);
	trace_vb2_buf_queue(q, vb);
	vb2_op_buf_queue(vb);
}

static void queue_buffer(struct vb2_queue *q, struct vb2_buffer *vb, void *pb)
{
	list_add_tail(&vb->queued_entry, &q->queued_list);
	q->queued_count++;
	q->waiting_for_buffers = false;
	vb2_state_set(vb, VB2_BUF_STATE_QUEUED);
	vb2_op_copy_timestamp(vb, pb);
	trace_vb2_qbuf(q, vb);
	/* Before the driver has it, which may be done in no time */
	vb2_op_fill_user_buffer(vb, pb);
}

/* What user space shall see is what the driver's buf_finish leaves */
static void finish_buffer(struct vb2_buffer *vb)
{
	vb2_planes_sync_for_cpu(vb);
	if (vb->prepared) {
		vb->prepared = false;
		vb2_op_buf_finish(vb);
	}
}

/*
 * The driver refused to start: the buffer is user space's, or the request's, and
 * as it was. What this QBUF said of it does not count for the next.
 */
static void unqueue_buffer(struct vb2_queue *q, struct vb2_buffer *vb,
			   enum vb2_buffer_state before, bool was_prepared)
{
	list_del(&vb->queued_entry);
	q->queued_count--;
	if (!was_prepared) {
		finish_buffer(vb);
		if (vb->memory != VB2_MEMORY_MMAP)
			vb2_planes_release(vb);
	}
	vb2_state_set(vb, before);
}

int vb2_core_qbuf(struct vb2_queue *q, struct vb2_buffer *vb, void *pb,
		  struct media_request *req)
{
	enum vb2_buffer_state before = vb->state;
	bool was_prepared = vb->prepared;
	int ret;

	vb2_assert_locked(q);

	if (q->error) {
		vb2_dbg(q, 1, "fatal error before\n");
		return -EIO;
	}
	if (req) {
		ret = vb2_request_add(q, vb, req);
		if (ret)
			return ret;
		/* User space is not there when the request is queued */
		vb2_op_copy_timestamp(vb, pb);
		vb2_op_fill_user_buffer(vb, pb);
		return 0;
	}

	if (before != VB2_BUF_STATE_IN_REQUEST) {
		ret = check_dequeued(vb);
		if (ret)
			return ret;
		if (q->requires_requests) {
			vb2_dbg(q, 1, "a request is required\n");
			return -EBADR;
		}
		if (q->uses_requests) {
			vb2_dbg(q, 1, "requests were used before\n");
			return -EBUSY;
		}
	}
	ret = vb2_flow_prepare(vb);
	if (ret)
		return ret;
	if (before != VB2_BUF_STATE_IN_REQUEST)
		q->uses_qbuf = true;

	queue_buffer(q, vb, pb);
	if (q->start_streaming_called) {
		vb2_flow_enqueue(vb);
	} else if (q->streaming && q->queued_count >= q->min_queued_buffers) {
		ret = vb2_queue_start(q);
		if (ret) {
			unqueue_buffer(q, vb, before, was_prepared);
			return ret;
		}
	}
	return 0;
}
EXPORT_SYMBOL_GPL(vb2_core_qbuf);

void vb2_buffer_done(struct vb2_buffer *vb, enum vb2_buffer_state state)
{
	struct vb2_queue *q = vb->vb2_queue;
	unsigned long flags;

	if (vb2_driver_bug(q, vb->state != VB2_BUF_STATE_ACTIVE,
			   "gives back buffer %u, which is %s", vb->index,
			   vb2_state_name(vb->state)))
		return;
	if (vb2_driver_bug(q, state != VB2_BUF_STATE_DONE &&
			   state != VB2_BUF_STATE_ERROR &&
			   state != VB2_BUF_STATE_QUEUED,
			   "gives back buffer %u as %s", vb->index,
			   vb2_state_name(state)))
		state = VB2_BUF_STATE_ERROR;

	/* Before anyone can dequeue it and queue it again */
	trace_vb2_buf_done(q, vb);

	spin_lock_irqsave(&q->done_lock, flags);
	vb2_state_set(vb, state);
	if (state != VB2_BUF_STATE_QUEUED) {
		list_add_tail(&vb->done_entry, &q->done_list);
		if (vb->req_obj.req) {
			media_request_object_unbind(&vb->req_obj);
			media_request_object_put(&vb->req_obj);
		}
	}
	atomic_dec(&q->owned_by_drv_count);
	spin_unlock_irqrestore(&q->done_lock, flags);

	/* Also for QUEUED: vb2_wait_for_all_buffers() counts */
	if (wq_has_sleeper(&q->done_wq))
		wake_up(&q->done_wq);
}
EXPORT_SYMBOL_GPL(vb2_buffer_done);

void vb2_discard_done(struct vb2_queue *q)
{
	struct vb2_buffer *done;
	unsigned long irqs;

	spin_lock_irqsave(&q->done_lock, irqs);
	list_for_each_entry(done, &q->done_list, done_entry)
		vb2_state_set(done, VB2_BUF_STATE_ERROR);
	spin_unlock_irqrestore(&q->done_lock, irqs);
}
EXPORT_SYMBOL_GPL(vb2_discard_done);

int vb2_wait_for_all_buffers(struct vb2_queue *q)
{
	if (!q->streaming) {
		vb2_dbg(q, 1, "not streaming\n");
		return -EINVAL;
	}
	if (q->start_streaming_called)
		wait_event(q->done_wq, !atomic_read(&q->owned_by_drv_count));
	return 0;
}
EXPORT_SYMBOL_GPL(vb2_wait_for_all_buffers);

/* May DQBUF wait for a buffer, or will there be none? */
static int check_waitable(struct vb2_queue *q)
{
	if (q->unplugged)
		return -ENODEV;
	if (!q->streaming)
		return -EINVAL;
	if (q->error)
		return -EIO;
	if (q->last_buffer_dequeued)
		return -EPIPE;
	return 0;
}

static int wait_for_done(struct vb2_queue *q, bool nonblocking)
{
	int ret;

	for (;;) {
		/* The sleeper will take the next buffer */
		if (q->waiting_in_dqbuf) {
			vb2_dbg(q, 1, "somebody sleeps in DQBUF\n");
			return -EBUSY;
		}
		ret = check_waitable(q);
		if (ret) {
			vb2_dbg(q, 1, "nothing to wait for, %d\n", ret);
			return ret;
		}
		if (!list_empty_careful(&q->done_list))
			return 0;
		if (nonblocking)
			return -EAGAIN;

		/*
		 * Without the lock anything may happen to the queue but one:
		 * waiting_in_dqbuf keeps REQBUFS from replacing the buffers.
		 */
		q->waiting_in_dqbuf = true;
		vb2_op_wait_prepare(q);
		ret = wait_event_interruptible(q->done_wq,
					       !list_empty(&q->done_list) ||
					       check_waitable(q));
		vb2_op_wait_finish(q);
		q->waiting_in_dqbuf = false;
		if (ret)
			return ret;
	}
}

/* The first done buffer, if user space's struct can take it */
static struct vb2_buffer *take_done(struct vb2_queue *q, const void *pb)
{
	struct vb2_buffer *vb;
	int ret;

	spin_lock_irq(&q->done_lock);
	vb = list_first_entry(&q->done_list, struct vb2_buffer, done_entry);
	ret = vb2_op_verify_planes_array(vb, pb);
	if (!ret)
		list_del(&vb->done_entry);
	spin_unlock_irq(&q->done_lock);
	return ret ? ERR_PTR(ret) : vb;
}

static void give_back(struct vb2_buffer *vb)
{
	if (vb->request || vb->req_obj.req)
		vb2_request_drop(vb);
	if (vb->state == VB2_BUF_STATE_DEQUEUED)
		return;
	vb2_state_set(vb, VB2_BUF_STATE_DEQUEUED);
	vb2_op_init_buffer(vb);
}

/*
 * Back to user space, because streaming stops. The caller took the buffer off
 * the lists.
 */
void vb2_flow_return(struct vb2_buffer *vb)
{
	finish_buffer(vb);
	give_back(vb);
}

int vb2_core_dqbuf(struct vb2_queue *q, unsigned int *pindex, void *pb,
		   bool nonblocking)
{
	struct vb2_buffer *vb;
	int ret;

	ret = wait_for_done(q, nonblocking);
	if (ret)
		return ret;
	vb = take_done(q, pb);
	if (IS_ERR(vb))
		return PTR_ERR(vb);

	list_del(&vb->queued_entry);
	q->queued_count--;
	trace_vb2_dqbuf(q, vb);

	finish_buffer(vb);
	if (pindex)
		*pindex = vb->index;
	vb2_op_fill_user_buffer(vb, pb);
	give_back(vb);
	return 0;
}
EXPORT_SYMBOL_GPL(vb2_core_dqbuf);

/* The events that a stream which is running may report */
static __poll_t poll_done(struct vb2_queue *q)
{
	const __poll_t ready = q->is_output ? EPOLLOUT | EPOLLWRNORM :
					      EPOLLIN | EPOLLRDNORM;

	if (!list_empty_careful(&q->done_list))
		return ready;
	/* DQBUF will not sleep either, but return -EPIPE */
	if (q->last_buffer_dequeued)
		return EPOLLIN | EPOLLRDNORM;
	if (vb2_fileio_is_active(q))
		return vb2_fileio_ready(q) ? ready : 0;
	/* The specification: there is room for a frame, so do not wait */
	if (q->is_output && !q->queued_count)
		return ready;
	return 0;
}

__poll_t vb2_core_poll(struct vb2_queue *q, struct file *file,
		       poll_table *wait)
{
	const __poll_t wanted = q->is_output ? EPOLLOUT | EPOLLWRNORM :
					       EPOLLIN | EPOLLRDNORM;

	/* Also when there is nothing to wait for yet: epoll asks only once */
	poll_wait(file, &q->done_wq, wait);

	if (!(poll_requested_events(wait) & wanted))
		return 0;

	/* Nobody streams: let read() and write() work */
	if (!q->num_bufs && !vb2_fileio_is_active(q)) {
		if (!q->is_output && (q->io_modes & VB2_READ) &&
		    vb2_fileio_init(q, true))
			return EPOLLERR;
		if (q->is_output && (q->io_modes & VB2_WRITE)) {
			if (vb2_fileio_init(q, false))
				return EPOLLERR;
			return EPOLLOUT | EPOLLWRNORM;
		}
	}

	if (!q->streaming || q->error)
		return EPOLLERR;
	/* V4L2: waiting for a capture that cannot happen is an error */
	if (q->quirk_poll_must_check_waiting_for_buffers &&
	    q->waiting_for_buffers)
		return EPOLLERR;
	return poll_done(q);
}
EXPORT_SYMBOL_GPL(vb2_core_poll);
