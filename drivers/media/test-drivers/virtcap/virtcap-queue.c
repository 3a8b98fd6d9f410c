// SPDX-License-Identifier: GPL-2.0-only
/*
 * virtcap: the queue of a node, from the driver's side
 *
 * A buffer that was queued waits in node->ready. The pipe's thread takes it
 * with virtcap_take() and is then its only owner until virtcap_give().
 */
#include <media/videobuf2-vmalloc.h>

#include "virtcap.h"

static int virtcap_queue_setup(struct vb2_queue *q, unsigned int *nbuffers,
			       unsigned int *nplanes, unsigned int sizes[],
			       struct device *alloc_devs[])
{
	struct virtcap_node *node = vb2_get_drv_priv(q);
	const struct v4l2_pix_format_mplane *mp = &node->fmt;

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

static int virtcap_buf_prepare(struct vb2_buffer *vb)
{
	struct virtcap_node *node = vb2_get_drv_priv(vb->vb2_queue);

	for (unsigned int p = 0; p < vb->num_planes; p++) {
		u32 size = node->fmt.plane_fmt[p].sizeimage;

		if (vb2_plane_size(vb, p) < size)
			return -EINVAL;
		vb2_set_plane_payload(vb, p, size);
	}
	return 0;
}

static void virtcap_buf_queue(struct vb2_buffer *vb)
{
	struct virtcap_node *node = vb2_get_drv_priv(vb->vb2_queue);

	scoped_guard(spinlock, &node->slock)
		list_add_tail(&to_virtcap_buf(vb)->list, &node->ready);
}

/* Everything the node holds goes back to the core. */
static void virtcap_return_all(struct virtcap_node *node,
			       enum vb2_buffer_state state)
{
	struct virtcap_buf *buf, *tmp;
	LIST_HEAD(list);

	scoped_guard(spinlock, &node->slock)
		list_splice_init(&node->ready, &list);
	list_for_each_entry_safe(buf, tmp, &list, list)
		vb2_buffer_done(&buf->vb.vb2_buf, state);
}

static int virtcap_start_streaming(struct vb2_queue *q, unsigned int count)
{
	struct virtcap_node *node = vb2_get_drv_priv(q);
	int ret;

	ret = virtcap_draw_start(node->vc);
	if (!ret)
		ret = virtcap_pipe_start(node);
	if (ret) {
		virtcap_draw_stop(node->vc);
		virtcap_return_all(node, VB2_BUF_STATE_QUEUED);
	}
	return ret;
}

static void virtcap_stop_streaming(struct vb2_queue *q)
{
	struct virtcap_node *node = vb2_get_drv_priv(q);

	virtcap_pipe_stop(node);
	virtcap_return_all(node, VB2_BUF_STATE_ERROR);
	virtcap_draw_stop(node->vc);
}

static const struct vb2_ops virtcap_queue_ops = {
	.queue_setup		= virtcap_queue_setup,
	.buf_prepare		= virtcap_buf_prepare,
	.buf_queue		= virtcap_buf_queue,
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
 * Return: the buffer, or NULL if the node does not stream or has none.
 */
struct virtcap_buf *virtcap_take(struct virtcap_node *node)
{
	struct virtcap_buf *buf;

	lockdep_assert_held(&node->pipe->tick_lock);
	if (!node->streaming)
		return NULL;

	guard(spinlock)(&node->slock);
	buf = list_first_entry_or_null(&node->ready, struct virtcap_buf, list);
	if (buf)
		list_del(&buf->list);
	return buf;
}

/**
 * virtcap_give() - give a buffer back to the application
 * @node:  the node it was taken from
 * @buf:   the buffer
 * @state: VB2_BUF_STATE_DONE or VB2_BUF_STATE_ERROR
 *
 * Context: the pipe's thread, with tick_lock held.
 */
void virtcap_give(struct virtcap_node *node, struct virtcap_buf *buf,
		  enum vb2_buffer_state state)
{
	buf->vb.sequence = node->pipe->frame;
	buf->vb.field = node->fmt.field;
	buf->vb.vb2_buf.timestamp = ktime_get_ns();
	vb2_buffer_done(&buf->vb.vb2_buf, state);
}

/**
 * virtcap_queue_init() - set up the queue of a node
 * @node: the node
 * @type: V4L2_BUF_TYPE_*
 */
int virtcap_queue_init(struct virtcap_node *node, u32 type)
{
	struct vb2_queue *q = &node->queue;

	mutex_init(&node->lock);
	spin_lock_init(&node->slock);
	INIT_LIST_HEAD(&node->ready);

	q->type = type;
	q->io_modes = VB2_MMAP;
	q->dev = &node->vc->pdev->dev;
	q->lock = &node->lock;
	q->ops = &virtcap_queue_ops;
	q->mem_ops = &vb2_vmalloc_memops;
	q->drv_priv = node;
	q->buf_struct_size = sizeof(struct virtcap_buf);
	q->timestamp_flags = V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
	return vb2_queue_init(q);
}
