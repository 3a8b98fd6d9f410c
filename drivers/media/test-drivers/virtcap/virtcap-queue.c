// SPDX-License-Identifier: GPL-2.0-only
/*
 * virtcap: the queue of a node, from the driver's side
 *
 * A buffer that was queued waits in node->ready. The pipe's thread takes it
 * with virtcap_take() and is then its only owner until virtcap_give(). What
 * was given may be kept back in node->held by a fault. virtcap_return_all()
 * runs when the thread has let go of the node, so that both lists are final.
 */
#include <media/videobuf2-dma-contig.h>
#include <media/videobuf2-dma-sg.h>
#include <media/videobuf2-vmalloc.h>

#include "virtcap.h"

static int virtcap_queue_setup(struct vb2_queue *q, unsigned int *nbuffers,
			       unsigned int *nplanes, unsigned int sizes[],
			       struct device *alloc_devs[])
{
	struct virtcap_node *node = vb2_get_drv_priv(q);
	const struct v4l2_pix_format_mplane *mp = &node->fmt;

	if (virtcap_fault(node, VIRTCAP_FAULT_QUEUE_SETUP))
		return -EINVAL;
	if (*nplanes) {
		if (*nplanes != mp->num_planes)
			return -EINVAL;
		for (unsigned int p = 0; p < *nplanes; p++)
			if (sizes[p] < mp->plane_fmt[p].sizeimage)
				return -EINVAL;
		return 0;
	}
	*nplanes = mp->num_planes;
	for (unsigned int p = 0; p < *nplanes; p++)
		sizes[p] = mp->plane_fmt[p].sizeimage;
	return 0;
}

static int virtcap_buf_out_validate(struct vb2_buffer *vb)
{
	struct virtcap_node *node = vb2_get_drv_priv(vb->vb2_queue);
	struct vb2_v4l2_buffer *vbuf = to_vb2_v4l2_buffer(vb);

	if (node->fmt.field != V4L2_FIELD_ALTERNATE) {
		vbuf->field = node->fmt.field;
		return 0;
	}
	if (vbuf->field == V4L2_FIELD_TOP || vbuf->field == V4L2_FIELD_BOTTOM)
		return 0;
	return -EINVAL;
}

/* New memory: nothing is drawn there yet, and the CPU must be able to. */
static int virtcap_buf_init(struct vb2_buffer *vb)
{
	struct virtcap_node *node = vb2_get_drv_priv(vb->vb2_queue);

	for (unsigned int p = 0; p < vb->num_planes; p++)
		if (!vb2_plane_vaddr(vb, p))
			return vb->memory == VB2_MEMORY_DMABUF ? -EINVAL :
								 -ENOMEM;
	to_virtcap_buf(vb)->drawn = node->vc->draw_gen - 1;
	return 0;
}

static int virtcap_buf_prepare(struct vb2_buffer *vb)
{
	struct virtcap_node *node = vb2_get_drv_priv(vb->vb2_queue);

	if (virtcap_fault(node, VIRTCAP_FAULT_BUF_PREPARE))
		return -EINVAL;
	for (unsigned int p = 0; p < vb->num_planes; p++) {
		u32 size = node->fmt.plane_fmt[p].sizeimage;
		u32 have = vb2_plane_size(vb, p);

		if (V4L2_TYPE_IS_OUTPUT(vb->type)) {
			/* The payload counts from the start of the plane. */
			have = vb2_get_plane_payload(vb, p);
			size += vb->planes[p].data_offset;
		}
		if (have < size)
			return -EINVAL;
		if (V4L2_TYPE_IS_CAPTURE(vb->type))
			vb2_set_plane_payload(vb, p, size);
	}
	return 0;
}

static void virtcap_buf_queue(struct vb2_buffer *vb)
{
	struct virtcap_node *node = vb2_get_drv_priv(vb->vb2_queue);

	scoped_guard(spinlock, &node->slock)
		list_add_tail(&to_virtcap_buf(vb)->list, &node->ready);
	virtcap_pipe_queued(node);
	/* In the loop the capture side waits for output buffers. */
	if (node == &node->vc->out)
		virtcap_pipe_wake(&node->vc->cap_pipe);
}

/* The controls of a request are complete with its last buffer. */
static void virtcap_complete_ctrls(struct virtcap_node *node,
				   struct media_request *req)
{
	if (req && vb2_request_buffer_cnt(req) == 1)
		v4l2_ctrl_request_complete(req, &node->hdl);
}

static void virtcap_complete(struct virtcap_node *node, struct virtcap_buf *buf,
			     enum vb2_buffer_state state)
{
	if (state != VB2_BUF_STATE_QUEUED)
		virtcap_complete_ctrls(node, buf->vb.vb2_buf.req_obj.req);
	vb2_buffer_done(&buf->vb.vb2_buf, state);
}

/* Everything the node holds goes back to the core. */
static void virtcap_return_all(struct virtcap_node *node,
			       enum vb2_buffer_state state)
{
	struct virtcap_buf *buf, *tmp;
	LIST_HEAD(list);

	list_splice_init(&node->held, &list);
	scoped_guard(spinlock, &node->slock)
		list_splice_tail_init(&node->ready, &list);
	list_for_each_entry_safe(buf, tmp, &list, list)
		virtcap_complete(node, buf, state);
}

static int virtcap_start_streaming(struct vb2_queue *q, unsigned int count)
{
	struct virtcap_node *node = vb2_get_drv_priv(q);
	bool draws = node == &node->vc->cap;
	int ret = 0;

	if (virtcap_fault(node, VIRTCAP_FAULT_START))
		ret = -EIO;
	if (!ret && draws)
		ret = virtcap_draw_start(node->vc);
	if (!ret) {
		ret = virtcap_pipe_start(node);
		if (ret && draws)
			virtcap_draw_stop(node->vc);
	}
	if (ret)
		virtcap_return_all(node, VB2_BUF_STATE_QUEUED);
	return ret;
}

static void virtcap_stop_streaming(struct vb2_queue *q)
{
	struct virtcap_node *node = vb2_get_drv_priv(q);

	virtcap_pipe_stop(node);
	virtcap_return_all(node, VB2_BUF_STATE_ERROR);
	if (node == &node->vc->cap)
		virtcap_draw_stop(node->vc);
}

static void virtcap_buf_request_complete(struct vb2_buffer *vb)
{
	virtcap_complete_ctrls(vb2_get_drv_priv(vb->vb2_queue),
			       vb->req_obj.req);
}

static const struct vb2_ops virtcap_queue_ops = {
	.queue_setup		= virtcap_queue_setup,
	.buf_out_validate	= virtcap_buf_out_validate,
	.buf_init		= virtcap_buf_init,
	.buf_prepare		= virtcap_buf_prepare,
	.buf_queue		= virtcap_buf_queue,
	.buf_request_complete	= virtcap_buf_request_complete,
	.start_streaming	= virtcap_start_streaming,
	.stop_streaming		= virtcap_stop_streaming,
	.wait_prepare		= vb2_ops_wait_prepare,
	.wait_finish		= vb2_ops_wait_finish,
};

/**
 * virtcap_take() - take the oldest buffer of a node
 * @node: the node
 *
 * Context: the pipe's thread, with tick_lock held.
 * Return: the buffer, or NULL if the node does not stream, has none, or is to
 * drop this frame.
 */
struct virtcap_buf *virtcap_take(struct virtcap_node *node)
{
	struct virtcap_buf *buf;

	lockdep_assert_held(&node->pipe->tick_lock);
	if (!node->streaming)
		return NULL;
	if (virtcap_fault(node, VIRTCAP_FAULT_DROP)) {
		node->dropped++;
		return NULL;
	}
	scoped_guard(spinlock, &node->slock) {
		buf = list_first_entry_or_null(&node->ready, struct virtcap_buf,
					       list);
		if (buf)
			list_del(&buf->list);
	}
	if (!buf) {
		node->dropped++;
		return NULL;
	}
	if (buf->vb.vb2_buf.req_obj.req)
		v4l2_ctrl_request_setup(buf->vb.vb2_buf.req_obj.req, &node->hdl);
	return buf;
}

/**
 * virtcap_stamp_time() - number and time of a frame
 * @node: the node
 * @buf:  a buffer that was taken from it
 */
void virtcap_stamp_time(struct virtcap_node *node, struct virtcap_buf *buf)
{
	bool alternate = node->fmt.field == V4L2_FIELD_ALTERNATE;

	buf->vb.vb2_buf.timestamp = ktime_get_ns();
	/* Both fields of a frame have its number. */
	buf->vb.sequence = alternate ? node->frame / 2 : node->frame;
	/* The application sets the field of output buffers. */
	if (node == &node->vc->out)
		return;
	buf->vb.field = node->fmt.field;
	if (alternate)
		buf->vb.field = node->frame % 2 ? V4L2_FIELD_BOTTOM :
						  V4L2_FIELD_TOP;
}

/**
 * virtcap_give() - give a buffer back to the application
 * @node: the node it was taken from
 * @buf:  the buffer
 *
 * Context: the pipe's thread, with tick_lock held.
 */
void virtcap_give(struct virtcap_node *node, struct virtcap_buf *buf)
{
	virtcap_fault_finished(node, buf);
	node->frames++;
	list_add_tail(&buf->list, &node->held);
	virtcap_flush(node);
}

/**
 * virtcap_flush() - complete the buffers that no fault keeps back
 * @node: the node
 *
 * Context: the pipe's thread, with tick_lock held.
 */
void virtcap_flush(struct virtcap_node *node)
{
	unsigned int reorder = virtcap_fault_value(node, VIRTCAP_FAULT_REORDER);
	bool starved = node->pipe->pace == VIRTCAP_PACE_FAST &&
		       !virtcap_has_ready(node);
	struct virtcap_buf *buf, *tmp;

	/* What a stopped node holds belongs to whoever stopped it. */
	if (!node->streaming || list_empty(&node->held) ||
	    virtcap_fault_value(node, VIRTCAP_FAULT_HOLD))
		return;
	if (reorder) {
		if (list_count_nodes(&node->held) <= reorder &&
		    virtcap_has_ready(node))
			return;
		list_for_each_entry_safe_reverse(buf, tmp, &node->held, list) {
			list_del(&buf->list);
			virtcap_complete(node, buf, buf->state);
		}
		return;
	}
	list_for_each_entry_safe(buf, tmp, &node->held, list) {
		if (buf->due > node->frame && !starved) {
			if (buf->overtaken)
				continue;
			return;
		}
		list_del(&buf->list);
		virtcap_complete(node, buf, buf->state);
	}
}

/**
 * virtcap_queue_init() - set up the queue of a node
 * @node: the node; its queue has a type
 */
int virtcap_queue_init(struct virtcap_node *node)
{
	struct vb2_queue *q = &node->queue;

	q->io_modes = VB2_MMAP | VB2_DMABUF;
	q->io_modes |= V4L2_TYPE_IS_OUTPUT(q->type) ? VB2_WRITE : VB2_READ;
	switch (node->vc->allocator) {
	case VIRTCAP_DMA_CONTIG:
		/* The application's own memory is not contiguous. */
		q->mem_ops = &vb2_dma_contig_memops;
		break;
	case VIRTCAP_DMA_SG:
		q->mem_ops = &vb2_dma_sg_memops;
		q->io_modes |= VB2_USERPTR;
		break;
	default:
		q->mem_ops = &vb2_vmalloc_memops;
		q->io_modes |= VB2_USERPTR;
		break;
	}
	q->dev = &node->vc->pdev->dev;
	q->lock = &node->lock;
	q->ops = &virtcap_queue_ops;
	q->drv_priv = node;
	q->buf_struct_size = sizeof(struct virtcap_buf);
	q->timestamp_flags = V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
	q->max_num_buffers = VIRTCAP_MAX_BUFFERS;
	q->allow_cache_hints = 1;
	q->supports_requests = node == &node->vc->cap;
	return vb2_queue_init(q);
}
