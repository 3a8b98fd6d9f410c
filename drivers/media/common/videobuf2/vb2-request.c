// SPDX-License-Identifier: GPL-2.0-only
/*
 * videobuf2: buffers as parts of media requests
 *
 * A buffer is bound to a request by QBUF (state IN_REQUEST), prepared when the
 * request is validated, and goes the normal way when the request is queued.
 *
 * Two references hold things together. The request's list holds the buffer's
 * req_obj until the buffer is done, or the request is cleaned. vb->request
 * holds the request until user space has the buffer back. The latter means that
 * a request with buffers is never freed: where it is cleaned, that is by
 * MEDIA_REQUEST_IOC_REINIT, in process context, without the queue's lock.
 *
 * vb2_buffer_done() unbinds in whatever context it runs, with done_lock held.
 * What is called from there does nothing for a buffer that is not IN_REQUEST.
 */
#include <linux/cleanup.h>
#include <linux/export.h>

#include "vb2-internal.h"

static struct vb2_buffer *to_buffer(struct media_request_object *obj)
{
	return container_of(obj, struct vb2_buffer, req_obj);
}

/* The request will not queue the buffer any more: it is user space's again */
static void leave_request(struct vb2_buffer *vb)
{
	struct media_request *req = vb->request;

	vb->request = NULL;
	vb2_state_set(vb, VB2_BUF_STATE_DEQUEUED);
	vb2_op_init_buffer(vb);
	if (req)
		media_request_put(req);
}

static int prepare(struct media_request_object *obj)
{
	struct vb2_buffer *vb = to_buffer(obj);

	guard(mutex)(vb->vb2_queue->lock);
	return vb2_flow_prepare(vb);
}

static void unprepare(struct media_request_object *obj)
{
	struct vb2_buffer *vb = to_buffer(obj);

	guard(mutex)(vb->vb2_queue->lock);
	vb2_planes_sync_for_cpu(vb);
	if (!vb->prepared)
		return;
	vb->prepared = false;
	vb2_op_buf_finish(vb);
}

/*
 * Nobody can be told of an error here. It comes from vb2_queue_error(), or from
 * a driver that does not start; the buffer waits for STREAMOFF then, which ends
 * the request as well.
 */
static void queue(struct media_request_object *obj)
{
	struct vb2_buffer *vb = to_buffer(obj);
	struct vb2_queue *q = vb->vb2_queue;
	int ret;

	guard(mutex)(q->lock);
	ret = vb2_core_qbuf(q, vb, NULL, NULL);
	if (ret)
		vb2_dbg(q, 1, "buffer %u not queued, %d\n", vb->index, ret);
}

static void release(struct media_request_object *obj)
{
	struct vb2_buffer *vb = to_buffer(obj);

	/* Not IN_REQUEST: done, or vb2_request_drop() is at work */
	if (vb->state != VB2_BUF_STATE_IN_REQUEST)
		return;
	guard(mutex)(vb->vb2_queue->lock);
	if (vb->state == VB2_BUF_STATE_IN_REQUEST)
		leave_request(vb);
}

static const struct media_request_object_ops buffer_ops = {
	.prepare	= prepare,
	.unprepare	= unprepare,
	.queue		= queue,
	.release	= release,
};

bool vb2_request_object_is_buffer(struct media_request_object *obj)
{
	return obj->ops == &buffer_ops;
}
EXPORT_SYMBOL_GPL(vb2_request_object_is_buffer);

unsigned int vb2_request_buffer_cnt(struct media_request *req)
{
	struct media_request_object *obj;
	unsigned long flags;
	unsigned int n = 0;

	spin_lock_irqsave(&req->lock, flags);
	list_for_each_entry(obj, &req->objects, list)
		n += vb2_request_object_is_buffer(obj);
	spin_unlock_irqrestore(&req->lock, flags);
	return n;
}
EXPORT_SYMBOL_GPL(vb2_request_buffer_cnt);

/* QBUF with a request: on failure nothing has changed */
int vb2_request_add(struct vb2_queue *q, struct vb2_buffer *vb,
		    struct media_request *req)
{
	int ret;

	if (vb->state != VB2_BUF_STATE_DEQUEUED)
		return -EINVAL;
	if (q->uses_qbuf) {
		vb2_dbg(q, 1, "earlier buffers had no requests\n");
		return -EBUSY;
	}
	/* Its field decides which buffers it goes with, so set it now */
	if (q->is_output && !vb->prepared) {
		ret = vb2_op_buf_out_validate(vb);
		if (ret)
			goto refused;
	}

	media_request_object_init(&vb->req_obj);
	ret = media_request_lock_for_update(req);
	if (ret) {
		vb2_dbg(q, 1, "the request cannot be changed any more\n");
		goto refused;
	}
	ret = media_request_object_bind(req, &buffer_ops, q, true,
					&vb->req_obj);
	media_request_unlock_for_update(req);
	if (ret)
		goto refused;

	/* Its other users want the queue's lock, which we hold */
	media_request_get(req);
	vb->request = req;
	q->uses_requests = true;
	vb2_state_set(vb, VB2_BUF_STATE_IN_REQUEST);
	return 0;

refused:
	vb2_planes_forget(vb);
	return ret;
}

/*
 * STREAMOFF: if the request was queued, the driver will not see this buffer of
 * it, so it must complete the rest of the request by other means.
 */
void vb2_request_cancel(struct vb2_buffer *vb)
{
	struct media_request *req = vb->req_obj.req;

	if (req && READ_ONCE(req->state) == MEDIA_REQUEST_STATE_QUEUED)
		vb2_op_buf_request_complete(vb);
}

/* The buffer goes back to user space: it has no more to do with its request */
void vb2_request_drop(struct vb2_buffer *vb)
{
	struct media_request *req = vb->request;

	/* Keep the request while the buffer is taken out of it */
	vb->request = NULL;
	if (vb->state == VB2_BUF_STATE_IN_REQUEST)
		leave_request(vb);
	if (vb->req_obj.req) {
		media_request_object_unbind(&vb->req_obj);
		media_request_object_put(&vb->req_obj);
	}
	if (req)
		media_request_put(req);
}
