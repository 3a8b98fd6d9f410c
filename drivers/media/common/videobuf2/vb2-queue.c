// SPDX-License-Identifier: GPL-2.0-only
/*
 * videobuf2: the life of a queue
 *
 * init -> (allocate -> STREAMON -> start -> ... -> cancel -> free) -> release
 *
 * STREAMON and start are two things: the driver starts when it has
 * min_queued_buffers, which may be in a later QBUF. Cancel is the one way back,
 * whatever was reached; it cannot fail.
 */
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/wait.h>

#include "vb2-internal.h"

int vb2_debug;
module_param_named(debug, vb2_debug, int, 0644);
MODULE_PARM_DESC(debug, "say why calls fail, 0 (off) to 4");

/* What is wrong with a queue, or NULL */
static const char *find_flaw(const struct vb2_queue *q)
{
	if (!q)
		return "no queue";
	if (!q->ops || !q->ops->queue_setup || !q->ops->buf_queue)
		return "queue_setup or buf_queue is missing";
	if (!q->mem_ops)
		return "there is no memory allocator";
	if (!q->buf_ops)
		return "the front-end did not set its operations";
	if (!q->type || !q->io_modes)
		return "type or io_modes is 0";
	if (q->requires_requests && !q->supports_requests)
		return "requests are required and not supported";
	/* Queueing a request must not fail, so no start may wait for it */
	if (q->supports_requests && q->min_queued_buffers)
		return "requests exclude min_queued_buffers";
	if (q->buf_struct_size && q->buf_struct_size < sizeof(struct vb2_buffer))
		return "buf_struct_size is too small";
	if (max(q->min_queued_buffers + 1, q->min_reqbufs_allocation) >
	    (q->max_num_buffers ?: VB2_MAX_FRAME))
		return "more buffers are needed than allowed";
	return NULL;
}

int vb2_core_queue_init(struct vb2_queue *q)
{
	const char *flaw = find_flaw(q);

	if (vb2_driver_bug(q, flaw, "%s", flaw))
		return -EINVAL;

	if (!q->max_num_buffers)
		q->max_num_buffers = VB2_MAX_FRAME;
	/* A plane's offset has 32 bits, half of them mem2mem's other queue */
	q->max_num_buffers = min(q->max_num_buffers,
				 (1U << 30) / (VB2_MAX_PLANES << PAGE_SHIFT));
	/* One is with user space while the driver has its minimum */
	q->min_reqbufs_allocation = max(q->min_reqbufs_allocation,
					q->min_queued_buffers + 1);
	if (!q->buf_struct_size)
		q->buf_struct_size = sizeof(struct vb2_buffer);

	q->memory = VB2_MEMORY_UNKNOWN;
	q->unplugged = false;
	INIT_LIST_HEAD(&q->queued_list);
	INIT_LIST_HEAD(&q->done_list);
	spin_lock_init(&q->done_lock);
	mutex_init(&q->mmap_lock);
	init_waitqueue_head(&q->done_wq);

	if (q->bidirectional)
		q->dma_dir = DMA_BIDIRECTIONAL;
	else
		q->dma_dir = q->is_output ? DMA_TO_DEVICE : DMA_FROM_DEVICE;

	if (!q->name[0])
		snprintf(q->name, sizeof(q->name), "%s-%p",
			 q->is_output ? "out" : "cap", q);
	return 0;
}
EXPORT_SYMBOL_GPL(vb2_core_queue_init);

/*
 * start_streaming failed or stop_streaming returned, and the driver still has
 * buffers. That is its bug. Take them all the same: the queue is no use to
 * anyone as long as they are missing.
 */
static void take_back(struct vb2_queue *q, enum vb2_buffer_state state,
		      const char *op)
{
	struct vb2_buffer *vb;
	unsigned int i;

	if (!vb2_driver_bug(q, atomic_read(&q->owned_by_drv_count),
			    "kept %d buffers after %s",
			    atomic_read(&q->owned_by_drv_count), op))
		return;
	for (i = 0; (vb = vb2_next_buffer(q, &i)); i++)
		if (vb->state == VB2_BUF_STATE_ACTIVE)
			vb2_buffer_done(vb, state);
	atomic_set(&q->owned_by_drv_count, 0);
}

/*
 * Give the driver all that is queued, and start it. On failure the buffers are
 * queued as before.
 */
int vb2_queue_start(struct vb2_queue *q)
{
	/* Codecs (mem2mem) may have finished buffers before */
	bool none_done = list_empty(&q->done_list);
	struct vb2_buffer *vb, *next;
	int ret;

	list_for_each_entry(vb, &q->queued_list, queued_entry)
		vb2_flow_enqueue(vb);

	q->start_streaming_called = true;
	ret = vb2_op_start_streaming(q);
	if (!ret)
		return 0;

	q->start_streaming_called = false;
	vb2_dbg(q, 1, "driver refused to start, %d\n", ret);
	take_back(q, VB2_BUF_STATE_QUEUED, "start_streaming failed");

	/*
	 * Buffers given back as done would reach user space although nothing
	 * streams. They were not taken since, under q->lock: cure it without
	 * done_lock.
	 */
	if (!vb2_driver_bug(q, none_done && !list_empty(&q->done_list),
			    "gave buffers back as done when start_streaming failed"))
		return ret;
	list_for_each_entry_safe(vb, next, &q->done_list, done_entry) {
		list_del(&vb->done_entry);
		vb2_state_set(vb, VB2_BUF_STATE_DEQUEUED);
		vb2_state_set(vb, VB2_BUF_STATE_QUEUED);
	}
	return ret;
}

int vb2_core_streamon(struct vb2_queue *q, unsigned int type)
{
	int ret;

	vb2_assert_locked(q);

	if (type != q->type) {
		vb2_dbg(q, 1, "type %u is not the queue's\n", type);
		return -EINVAL;
	}
	if (q->streaming)
		return 0;
	if (!q->num_bufs || q->num_bufs < q->min_queued_buffers) {
		vb2_dbg(q, 1, "%u buffers, %u are needed\n", q->num_bufs,
			max(q->min_queued_buffers, 1U));
		return -EINVAL;
	}
	if (q->error)
		return -EIO;

	ret = vb2_op_prepare_streaming(q);
	if (ret)
		return ret;

	if (q->queued_count >= q->min_queued_buffers) {
		ret = vb2_queue_start(q);
		if (ret) {
			vb2_op_unprepare_streaming(q);
			return ret;
		}
	}
	/* Only now: drivers ask vb2_is_streaming() in their buf_queue */
	q->streaming = true;
	return 0;
}
EXPORT_SYMBOL_GPL(vb2_core_streamon);

/*
 * Take every buffer away from driver and core, and release what is not the
 * queue's own memory. Also for a queue that does not stream: buffers may be
 * queued or prepared.
 */
void vb2_queue_cancel(struct vb2_queue *q)
{
	struct vb2_buffer *vb;
	unsigned int i;

	if (q->start_streaming_called)
		vb2_op_stop_streaming(q);
	if (q->streaming)
		vb2_op_unprepare_streaming(q);
	take_back(q, VB2_BUF_STATE_ERROR, "stop_streaming");

	q->streaming = false;
	q->start_streaming_called = false;
	q->error = false;
	q->uses_requests = false;
	q->uses_qbuf = false;
	q->last_buffer_dequeued = false;

	/* Whoever sleeps in DQBUF or poll() finds the queue stopped */
	wake_up_all(&q->done_wq);

	/* The driver has nothing left: this cannot race with vb2_buffer_done() */
	INIT_LIST_HEAD(&q->queued_list);
	INIT_LIST_HEAD(&q->done_list);
	q->queued_count = 0;

	for (i = 0; (vb = vb2_next_buffer(q, &i)); i++) {
		/* Most were never used when they are freed */
		if (vb->state != VB2_BUF_STATE_DEQUEUED || vb->prepared) {
			vb2_request_cancel(vb);
			vb2_flow_return(vb);
		}
		if (vb->memory != VB2_MEMORY_MMAP)
			vb2_planes_release(vb);
		vb->copied_timestamp = false;
	}
	vb2_keep_end(q);
}

int vb2_core_streamoff(struct vb2_queue *q, unsigned int type)
{
	if (type != q->type) {
		vb2_dbg(q, 1, "type %u is not the queue's\n", type);
		return -EINVAL;
	}

	vb2_queue_cancel(q);
	q->waiting_for_buffers = !q->is_output;
	return 0;
}
EXPORT_SYMBOL_GPL(vb2_core_streamoff);

void vb2_core_queue_release(struct vb2_queue *q)
{
	vb2_fileio_cleanup(q);
	vb2_queue_cancel(q);
	vb2_alloc_free_all(q);
	q->is_busy = false;
	vb2_check_queue(q);
}
EXPORT_SYMBOL_GPL(vb2_core_queue_release);

void vb2_queue_error(struct vb2_queue *q)
{
	q->error = true;
	wake_up_all(&q->done_wq);
}
EXPORT_SYMBOL_GPL(vb2_queue_error);

MODULE_DESCRIPTION("Buffer queues for media drivers, core");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS(DMA_BUF);
