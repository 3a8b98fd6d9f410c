// SPDX-License-Identifier: GPL-2.0-only
/*
 * videobuf2: the V4L2 verbs
 *
 * The door between user space and the core: everything that the application
 * says is checked here, against the queue and against the buffer, before the
 * core or the buffer see any of it. Who may call is checked one room further
 * out, in vb2-v4l2-helpers.c.
 */
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/module.h>
#include <linux/overflow.h>
#include <linux/string.h>

#include <media/media-request.h>
#include <media/v4l2-common.h>
#include <media/v4l2-dev.h>
#include <media/v4l2-event.h>
#include <media/v4l2-fh.h>

#include "vb2-v4l2.h"

int vb2_v4l2_debug;
module_param_named(debug, vb2_v4l2_debug, int, 0644);
MODULE_PARM_DESC(debug, "say why ioctls fail, 0 (off) or 1");

/* Is the queue in the hands of read(), write() or a thread? */
static bool refuse_fileio(struct vb2_queue *q)
{
	if (!vb2_fileio_is_active(q))
		return false;
	vb2_v4l2_dbg(q, "read() or write() use the queue\n");
	return true;
}

struct vb2_buffer *vb2_find_buffer(struct vb2_queue *q, u64 timestamp)
{
	unsigned int i;

	for (i = 0; i < q->max_num_buffers; i++) {
		struct vb2_buffer *vb = vb2_get_buffer(q, i);

		if (vb && vb->copied_timestamp && vb->timestamp == timestamp)
			return vb;
	}
	return NULL;
}
EXPORT_SYMBOL_GPL(vb2_find_buffer);

/* Adds to what the ioctl core knows */
static u32 capabilities(const struct vb2_queue *q)
{
	u32 caps = V4L2_BUF_CAP_SUPPORTS_ORPHANED_BUFS;

	if (q->io_modes & VB2_MMAP)
		caps |= V4L2_BUF_CAP_SUPPORTS_MMAP;
	if (q->io_modes & VB2_USERPTR)
		caps |= V4L2_BUF_CAP_SUPPORTS_USERPTR;
	if (q->io_modes & VB2_DMABUF)
		caps |= V4L2_BUF_CAP_SUPPORTS_DMABUF;
	if (q->supports_requests)
		caps |= V4L2_BUF_CAP_SUPPORTS_REQUESTS;
	if (q->subsystem_flags & VB2_V4L2_FL_SUPPORTS_M2M_HOLD_CAPTURE_BUF)
		caps |= V4L2_BUF_CAP_SUPPORTS_M2M_HOLD_CAPTURE_BUF;
	if (q->allow_cache_hints && (q->io_modes & VB2_MMAP))
		caps |= V4L2_BUF_CAP_SUPPORTS_MMAP_CACHE_HINTS;
	return caps;
}

/* What of the memory flags has an effect. User space sees it in the result. */
static u32 memory_flags(const struct vb2_queue *q, u32 memory, u32 flags)
{
	if (!q->allow_cache_hints || memory != V4L2_MEMORY_MMAP)
		return 0;
	return flags & V4L2_MEMORY_FLAG_NON_COHERENT;
}

int vb2_reqbufs(struct vb2_queue *q, struct v4l2_requestbuffers *req)
{
	int ret = vb2_verify_memory_type(q, req->memory, req->type);

	req->capabilities |= capabilities(q);
	req->flags = memory_flags(q, req->memory, req->flags);
	if (ret)
		return ret;
	return vb2_core_reqbufs(q, req->memory, req->flags, &req->count);
}
EXPORT_SYMBOL_GPL(vb2_reqbufs);

/* Bytes of each plane that the format needs. Returns how many planes. */
static int format_sizes(const struct v4l2_format *f, u32 sizes[])
{
	const struct v4l2_vbi_format *vbi = &f->fmt.vbi;
	int i, n = 1;

	switch (f->type) {
	case V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE:
	case V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE:
		n = f->fmt.pix_mp.num_planes;
		if (!n || n > VIDEO_MAX_PLANES)
			return -EINVAL;
		for (i = 0; i < n; i++)
			sizes[i] = f->fmt.pix_mp.plane_fmt[i].sizeimage;
		break;
	case V4L2_BUF_TYPE_VIDEO_CAPTURE:
	case V4L2_BUF_TYPE_VIDEO_OUTPUT:
		sizes[0] = f->fmt.pix.sizeimage;
		break;
	case V4L2_BUF_TYPE_VBI_CAPTURE:
	case V4L2_BUF_TYPE_VBI_OUTPUT:
		if (check_add_overflow(vbi->count[0], vbi->count[1],
				       &sizes[0]) ||
		    check_mul_overflow(vbi->samples_per_line, sizes[0],
				       &sizes[0]))
			return -EINVAL;
		break;
	case V4L2_BUF_TYPE_SLICED_VBI_CAPTURE:
	case V4L2_BUF_TYPE_SLICED_VBI_OUTPUT:
		sizes[0] = f->fmt.sliced.io_size;
		break;
	case V4L2_BUF_TYPE_SDR_CAPTURE:
	case V4L2_BUF_TYPE_SDR_OUTPUT:
		sizes[0] = f->fmt.sdr.buffersize;
		break;
	case V4L2_BUF_TYPE_META_CAPTURE:
	case V4L2_BUF_TYPE_META_OUTPUT:
		sizes[0] = f->fmt.meta.buffersize;
		break;
	default:
		return -EINVAL;
	}

	for (i = 0; i < n; i++)
		if (!sizes[i])
			return -EINVAL;
	return n;
}

int vb2_create_bufs(struct vb2_queue *q, struct v4l2_create_buffers *create)
{
	u32 sizes[VIDEO_MAX_PLANES];
	int planes;
	int ret;

	ret = vb2_verify_memory_type(q, create->memory, create->format.type);
	create->capabilities |= capabilities(q) |
				V4L2_BUF_CAP_SUPPORTS_MAX_NUM_BUFFERS;
	create->flags = memory_flags(q, create->memory, create->flags);
	create->max_num_buffers = q->max_num_buffers;
	create->index = vb2_get_num_buffers(q);

	/* A question, not a request: answered whoever uses the queue */
	if (!create->count)
		return ret == -EBUSY ? 0 : ret;
	if (ret)
		return ret;

	planes = format_sizes(&create->format, sizes);
	if (planes < 0) {
		vb2_v4l2_dbg(q, "the format lacks sizes\n");
		return planes;
	}
	return vb2_core_create_bufs(q, create->memory, create->flags,
				    &create->count, planes, sizes,
				    &create->index);
}
EXPORT_SYMBOL_GPL(vb2_create_bufs);

int vb2_querybuf(struct vb2_queue *q, struct v4l2_buffer *b)
{
	struct vb2_buffer *vb = vb2_v4l2_find(q, b);

	if (IS_ERR(vb))
		return PTR_ERR(vb);
	vb2_core_querybuf(q, vb, b);
	return 0;
}
EXPORT_SYMBOL(vb2_querybuf);

/* What a refused call said shall not show. The planes are the core's to undo. */
static int undo_if(int ret, struct vb2_buffer *vb, u32 field, u32 flags)
{
	if (ret) {
		to_vb2_v4l2_buffer(vb)->field = field;
		to_vb2_v4l2_buffer(vb)->flags = flags;
	}
	return ret;
}

int vb2_prepare_buf(struct vb2_queue *q, struct media_device *mdev,
		    struct v4l2_buffer *b)
{
	struct vb2_buffer *vb;
	u32 field, flags;
	int ret;

	if (refuse_fileio(q))
		return -EBUSY;
	/*
	 * The specification says that the flag is ignored here; v4l2-compliance
	 * wants an error.
	 */
	if (b->flags & V4L2_BUF_FLAG_REQUEST_FD) {
		vb2_v4l2_dbg(q, "requests are for QBUF\n");
		return -EINVAL;
	}
	vb = vb2_v4l2_find(q, b);
	if (IS_ERR(vb))
		return PTR_ERR(vb);
	ret = vb2_v4l2_check(vb, b);
	if (ret)
		return ret;

	field = to_vb2_v4l2_buffer(vb)->field;
	flags = to_vb2_v4l2_buffer(vb)->flags;
	vb2_v4l2_store(vb, b);
	return undo_if(vb2_core_prepare_buf(q, vb, b), vb, field, flags);
}
EXPORT_SYMBOL_GPL(vb2_prepare_buf);

/*
 * Operations without which a request could never be queued or completed. The
 * one that sets the field is needed only where there are fields.
 */
static bool can_do_requests(struct vb2_queue *q)
{
	bool has_field = q->type == V4L2_BUF_TYPE_VIDEO_OUTPUT ||
			 q->type == V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE;

	return !WARN(!q->lock || !q->ops->buf_request_complete ||
		     (has_field && !q->ops->buf_out_validate),
		     "vb2-v4l2: %s: driver bug: %ps supports requests, but lacks lock, buf_request_complete or buf_out_validate\n",
		     q->name, q->ops->buf_queue);
}

/* The request that the buffer is for, with a reference; NULL if for none */
static struct media_request *find_request(struct vb2_queue *q,
					  struct media_device *mdev,
					  const struct v4l2_buffer *b)
{
	struct media_request *req;

	if (!(b->flags & V4L2_BUF_FLAG_REQUEST_FD)) {
		if (q->requires_requests) {
			vb2_v4l2_dbg(q, "the queue wants a request\n");
			return ERR_PTR(-EBADR);
		}
		if (q->uses_requests) {
			vb2_v4l2_dbg(q, "earlier buffers had requests\n");
			return ERR_PTR(-EBUSY);
		}
		return NULL;
	}

	if (!q->supports_requests) {
		vb2_v4l2_dbg(q, "no requests here\n");
		return ERR_PTR(-EBADR);
	}
	if (q->uses_qbuf) {
		vb2_v4l2_dbg(q, "earlier buffers had no requests\n");
		return ERR_PTR(-EBUSY);
	}
	if (!can_do_requests(q))
		return ERR_PTR(-EINVAL);

	req = media_request_get_by_fd(mdev, b->request_fd);
	if (IS_ERR(req)) {
		vb2_v4l2_dbg(q, "%d is no request\n", b->request_fd);
		return req;
	}
	/* For a clear answer; binding checks again, under the request's lock */
	if (req->state != MEDIA_REQUEST_STATE_IDLE &&
	    req->state != MEDIA_REQUEST_STATE_UPDATING) {
		vb2_v4l2_dbg(q, "the request cannot be changed any more\n");
		media_request_put(req);
		return ERR_PTR(-EBUSY);
	}
	return req;
}

int vb2_qbuf(struct vb2_queue *q, struct media_device *mdev,
	     struct v4l2_buffer *b)
{
	struct media_request *req;
	struct vb2_buffer *vb;
	u32 field, flags;
	int ret;

	if (refuse_fileio(q))
		return -EBUSY;
	vb = vb2_v4l2_find(q, b);
	if (IS_ERR(vb))
		return PTR_ERR(vb);
	ret = vb2_v4l2_check(vb, b);
	if (ret)
		return ret;
	req = find_request(q, mdev, b);
	if (IS_ERR(req))
		return PTR_ERR(req);

	field = to_vb2_v4l2_buffer(vb)->field;
	flags = to_vb2_v4l2_buffer(vb)->flags;
	vb2_v4l2_store(vb, b);
	if (!req)
		return undo_if(vb2_core_qbuf(q, vb, b, NULL), vb, field, flags);

	to_vb2_v4l2_buffer(vb)->request_fd = b->request_fd;
	ret = vb2_core_qbuf(q, vb, b, req);
	if (ret)
		to_vb2_v4l2_buffer(vb)->request_fd = -1;
	media_request_put(req);
	return undo_if(ret, vb, field, flags);
}
EXPORT_SYMBOL_GPL(vb2_qbuf);

int vb2_dqbuf(struct vb2_queue *q, struct v4l2_buffer *b, bool nonblocking)
{
	int ret;

	if (refuse_fileio(q))
		return -EBUSY;
	if (b->type != q->type) {
		vb2_v4l2_dbg(q, "type %u, the queue has %u\n", b->type,
			     q->type);
		return -EINVAL;
	}
	ret = vb2_core_dqbuf(q, NULL, b, nonblocking);
	if (ret)
		return ret;

	if (!q->is_output && (b->flags & V4L2_BUF_FLAG_LAST))
		q->last_buffer_dequeued = true;
	/* It was done until just now; ERROR stays, it is about the payload */
	b->flags &= ~V4L2_BUF_FLAG_DONE;
	return 0;
}
EXPORT_SYMBOL_GPL(vb2_dqbuf);

int vb2_expbuf(struct vb2_queue *q, struct v4l2_exportbuffer *eb)
{
	struct vb2_buffer *vb = vb2_get_buffer(q, eb->index);

	if (!vb) {
		vb2_v4l2_dbg(q, "there is no buffer %u\n", eb->index);
		return -EINVAL;
	}
	return vb2_core_expbuf(q, &eb->fd, eb->type, vb, eb->plane, eb->flags);
}
EXPORT_SYMBOL_GPL(vb2_expbuf);

int vb2_streamon(struct vb2_queue *q, enum v4l2_buf_type type)
{
	return refuse_fileio(q) ? -EBUSY : vb2_core_streamon(q, type);
}
EXPORT_SYMBOL_GPL(vb2_streamon);

int vb2_streamoff(struct vb2_queue *q, enum v4l2_buf_type type)
{
	return refuse_fileio(q) ? -EBUSY : vb2_core_streamoff(q, type);
}
EXPORT_SYMBOL_GPL(vb2_streamoff);

void vb2_queue_release(struct vb2_queue *q)
{
	vb2_core_queue_release(q);
}
EXPORT_SYMBOL_GPL(vb2_queue_release);

static void set_type(struct vb2_queue *q, unsigned int type)
{
	q->type = type;
	q->is_output = V4L2_TYPE_IS_OUTPUT(type);
	q->is_multiplanar = V4L2_TYPE_IS_MULTIPLANAR(type);
}

int vb2_queue_init_name(struct vb2_queue *q, const char *name)
{
	const u32 known = V4L2_BUF_FLAG_TIMESTAMP_MASK |
			  V4L2_BUF_FLAG_TSTAMP_SRC_MASK;
	u32 clock;

	if (WARN_ON(!q) || WARN_ON(q->timestamp_flags & ~known))
		return -EINVAL;
	clock = q->timestamp_flags & V4L2_BUF_FLAG_TIMESTAMP_MASK;
	/* Not fatal: user space only does not learn which clock it was */
	WARN_ON(clock == V4L2_BUF_FLAG_TIMESTAMP_UNKNOWN);
	q->copy_timestamp = clock == V4L2_BUF_FLAG_TIMESTAMP_COPY;

	/* atmel_mxt_ts gives the size of a struct vb2_buffer */
	q->buf_struct_size = max_t(unsigned int, q->buf_struct_size,
				   sizeof(struct vb2_v4l2_buffer));
	q->buf_ops = &vb2_v4l2_buf_ops;
	q->quirk_poll_must_check_waiting_for_buffers = true;
	set_type(q, q->type);
	if (name)
		strscpy(q->name, name, sizeof(q->name));
	else
		q->name[0] = '\0';
	return vb2_core_queue_init(q);
}
EXPORT_SYMBOL_GPL(vb2_queue_init_name);

int vb2_queue_change_type(struct vb2_queue *q, unsigned int type)
{
	if (type != q->type && vb2_is_busy(q))
		return -EBUSY;
	set_type(q, type);
	return 0;
}
EXPORT_SYMBOL_GPL(vb2_queue_change_type);

int vb2_queue_init(struct vb2_queue *q)
{
	return vb2_queue_init_name(q, NULL);
}
EXPORT_SYMBOL_GPL(vb2_queue_init);

__poll_t vb2_poll(struct vb2_queue *q, struct file *file, poll_table *wait)
{
	__poll_t events = vb2_core_poll(q, file, wait);

	if (test_bit(V4L2_FL_USES_V4L2_FH, &video_devdata(file)->flags)) {
		struct v4l2_fh *fh = file->private_data;

		poll_wait(file, &fh->wait, wait);
		if (v4l2_event_pending(fh))
			events |= EPOLLPRI;
	}
	return events;
}
EXPORT_SYMBOL_GPL(vb2_poll);

int vb2_request_validate(struct media_request *req)
{
	struct media_request_object *failed = NULL, *obj;
	int ret = 0;

	if (!vb2_request_buffer_cnt(req))
		return -ENOENT;

	list_for_each_entry(obj, &req->objects, list) {
		ret = obj->ops->prepare ? obj->ops->prepare(obj) : 0;
		if (ret) {
			failed = obj;
			break;
		}
	}
	/* Undo what went well before it */
	if (failed)
		list_for_each_entry_continue_reverse(failed, &req->objects,
						     list)
			if (failed->ops->unprepare)
				failed->ops->unprepare(failed);
	return ret;
}
EXPORT_SYMBOL_GPL(vb2_request_validate);

void vb2_request_queue(struct media_request *req)
{
	struct media_request_object *obj, *next;

	/*
	 * Buffers come last. A driver may finish one, and so take it off the
	 * list, before its queue operation returns.
	 */
	list_for_each_entry_safe(obj, next, &req->objects, list) {
		if (obj->ops->queue)
			obj->ops->queue(obj);
	}
}
EXPORT_SYMBOL_GPL(vb2_request_queue);

MODULE_DESCRIPTION("Buffer queues for media drivers, V4L2 front-end");
MODULE_LICENSE("GPL");
