// SPDX-License-Identifier: GPL-2.0-only
/*
 * videobuf2: struct v4l2_buffer on one side, struct vb2_buffer on the other
 *
 * What user space gives at QBUF and PREPARE_BUF is first checked, without a
 * trace in the buffer, and then stored straight in the buffer's own planes.
 * The second step cannot fail, so nothing is ever copied back.
 */
#include <linux/build_bug.h>
#include <linux/err.h>
#include <linux/string.h>

#include <media/v4l2-common.h>

#include "vb2-v4l2.h"

/* What an OUTPUT buffer brings along from user space */
#define OUTPUT_FLAGS	(V4L2_BUF_FLAG_KEYFRAME | V4L2_BUF_FLAG_PFRAME | \
			 V4L2_BUF_FLAG_BFRAME | V4L2_BUF_FLAG_LAST)
#define CACHE_FLAGS	(V4L2_BUF_FLAG_NO_CACHE_INVALIDATE | \
			 V4L2_BUF_FLAG_NO_CACHE_CLEAN)
/* What is made up for each struct v4l2_buffer, whatever the driver left */
#define COMPUTED_FLAGS	(V4L2_BUF_FLAG_MAPPED | V4L2_BUF_FLAG_QUEUED | \
			 V4L2_BUF_FLAG_DONE | V4L2_BUF_FLAG_ERROR | \
			 V4L2_BUF_FLAG_PREPARED | V4L2_BUF_FLAG_IN_REQUEST | \
			 V4L2_BUF_FLAG_REQUEST_FD | \
			 V4L2_BUF_FLAG_TIMESTAMP_MASK)

static_assert((int)VB2_MEMORY_MMAP == (int)V4L2_MEMORY_MMAP);
static_assert((int)VB2_MEMORY_USERPTR == (int)V4L2_MEMORY_USERPTR);
static_assert((int)VB2_MEMORY_DMABUF == (int)V4L2_MEMORY_DMABUF);

/* The planes were copied in by the ioctl core, if there are any */
static int verify_planes_array(struct vb2_buffer *vb, const void *pb)
{
	const struct v4l2_buffer *b = pb;

	if (!vb->vb2_queue->is_multiplanar)
		return 0;
	if (b->m.planes && b->length >= vb->num_planes &&
	    b->length <= VIDEO_MAX_PLANES)
		return 0;
	vb2_v4l2_dbg(vb->vb2_queue, "room for %u planes, there are %u\n",
		     b->m.planes ? b->length : 0, vb->num_planes);
	return -EINVAL;
}

/* The buffer that user space means, for verbs that name one */
struct vb2_buffer *vb2_v4l2_find(struct vb2_queue *q,
				 const struct v4l2_buffer *b)
{
	struct vb2_buffer *vb;
	int ret;

	if (b->type != q->type) {
		vb2_v4l2_dbg(q, "type %u, the queue has %u\n", b->type,
			     q->type);
		return ERR_PTR(-EINVAL);
	}
	vb = vb2_get_buffer(q, b->index);
	if (!vb) {
		vb2_v4l2_dbg(q, "there is no buffer %u\n", b->index);
		return ERR_PTR(-EINVAL);
	}
	ret = verify_planes_array(vb, b);
	return ret ? ERR_PTR(ret) : vb;
}

/* A length of 0 is up to the core: it knows the size of the dma-buf */
static int check_payload(const struct vb2_buffer *vb, unsigned int i,
			 u32 length, u32 bytesused, u32 data_offset)
{
	if (vb->memory == VB2_MEMORY_MMAP)
		length = vb->planes[i].length;
	if (!length)
		return 0;
	if (bytesused <= length &&
	    (!data_offset || data_offset < (bytesused ?: length)))
		return 0;
	vb2_v4l2_dbg(vb->vb2_queue, "plane %u: %u of %u bytes used, data at %u\n",
		     i, bytesused, length, data_offset);
	return -EINVAL;
}

/* May the buffer be queued or prepared with what user space says of it? */
int vb2_v4l2_check(const struct vb2_buffer *vb, const struct v4l2_buffer *b)
{
	struct vb2_queue *q = vb->vb2_queue;
	unsigned int i;
	int ret = 0;

	if (b->memory != vb->memory) {
		vb2_v4l2_dbg(q, "memory %u, the buffer has %u\n", b->memory,
			     vb->memory);
		return -EINVAL;
	}
	if (vb->state != VB2_BUF_STATE_DEQUEUED) {
		vb2_v4l2_dbg(q, "buffer %u is not dequeued\n", vb->index);
		return -EINVAL;
	}
	if (q->error) {
		vb2_v4l2_dbg(q, "fatal error before\n");
		return -EIO;
	}
	if (!q->is_output || vb->prepared)
		return 0;

	/* A buffer holds one field or both, it does not alternate by itself */
	if (b->field == V4L2_FIELD_ALTERNATE) {
		vb2_v4l2_dbg(q, "field must be the one in the buffer\n");
		return -EINVAL;
	}
	if (!q->is_multiplanar)
		return check_payload(vb, 0, b->length, b->bytesused, 0);
	for (i = 0; i < vb->num_planes && !ret; i++) {
		const struct v4l2_plane *plane = &b->m.planes[i];

		ret = check_payload(vb, i, plane->length, plane->bytesused,
				    plane->data_offset);
	}
	return ret;
}

/*
 * Address, descriptor and offset of a plane's memory are members of unions that
 * are laid out alike, which are therefore copied as their largest member.
 */
static_assert(sizeof_field(struct vb2_plane, m) == sizeof(unsigned long));
static_assert(sizeof_field(struct v4l2_plane, m) == sizeof(unsigned long));
static_assert(sizeof_field(struct v4l2_buffer, m) == sizeof(unsigned long));

/* The planes of a queue are alike: what is so of all is asked once, not of each */
struct store_how {
	bool named;
	bool is_output;
	bool zero_is_full;
};

static inline void store_plane(const struct store_how how,
			       struct vb2_plane *plane, unsigned long m,
			       u32 length, u32 bytesused, u32 data_offset)
{
	if (how.named) {
		plane->m.userptr = m;
		plane->length = length;
	}
	if (!how.is_output) {
		plane->bytesused = 0;
		plane->data_offset = 0;
		return;
	}
	/* If length is 0 as well (DMABUF) the core knows later what full is */
	if (!bytesused && how.zero_is_full)
		bytesused = plane->length;
	plane->bytesused = bytesused;
	plane->data_offset = data_offset;
}

static void store_planes(struct vb2_buffer *vb, const struct v4l2_buffer *b)
{
	const struct vb2_queue *q = vb->vb2_queue;
	const struct store_how how = {
		.named = vb->memory != VB2_MEMORY_MMAP,
		.is_output = q->is_output,
		.zero_is_full = !q->allow_zero_bytesused,
	};
	struct vb2_plane *plane = vb->planes;
	struct vb2_plane *end = plane + vb->num_planes;
	const struct v4l2_plane *from;

	if (!q->is_multiplanar) {
		store_plane(how, plane, b->m.userptr, b->length, b->bytesused,
			    0);
		return;
	}
	for (from = b->m.planes; plane < end; from++, plane++)
		store_plane(how, plane, from->m.userptr, from->length,
			    from->bytesused, from->data_offset);
}

/* Cannot fail: vb2_v4l2_check() has seen it all */
void vb2_v4l2_store(struct vb2_buffer *vb, const struct v4l2_buffer *b)
{
	struct vb2_v4l2_buffer *vbuf = to_vb2_v4l2_buffer(vb);
	struct vb2_queue *q = vb->vb2_queue;
	u32 keep = 0;

	/* Of a prepared buffer only the timestamp may still change */
	if (vb->prepared)
		return;

	store_planes(vb, b);

	if (vb2_queue_allows_cache_hints(q))
		keep = CACHE_FLAGS;
	if (q->is_output) {
		vbuf->field = b->field;
		keep |= OUTPUT_FLAGS;
		if (q->copy_timestamp)
			keep |= V4L2_BUF_FLAG_TSTAMP_SRC_MASK;
		if (q->subsystem_flags &
		    VB2_V4L2_FL_SUPPORTS_M2M_HOLD_CAPTURE_BUF)
			keep |= V4L2_BUF_FLAG_M2M_HOLD_CAPTURE_BUF;
	}
	vbuf->flags = b->flags & keep;

	vb->skip_cache_sync_on_prepare =
		vbuf->flags & V4L2_BUF_FLAG_NO_CACHE_CLEAN;
	vb->skip_cache_sync_on_finish =
		vbuf->flags & V4L2_BUF_FLAG_NO_CACHE_INVALIDATE;
}

static void init_buffer(struct vb2_buffer *vb)
{
	struct vb2_v4l2_buffer *vbuf = to_vb2_v4l2_buffer(vb);

	vbuf->planes = vb->planes;
	vbuf->flags = 0;
	vbuf->request_fd = -1;
}

/*
 * The buffer starts a new turn. The timestamp of an OUTPUT buffer that is
 * copied came with QBUF, maybe into a request which is prepared only now.
 */
static int fill_vb2_buffer(struct vb2_buffer *vb, struct vb2_plane *planes)
{
	struct vb2_queue *q = vb->vb2_queue;

	if (!q->is_output || !q->copy_timestamp) {
		vb->timestamp = 0;
		vb->copied_timestamp = false;
	}
	to_vb2_v4l2_buffer(vb)->sequence = 0;
	return 0;
}

static void copy_timestamp(struct vb2_buffer *vb, const void *pb)
{
	struct vb2_v4l2_buffer *vbuf = to_vb2_v4l2_buffer(vb);
	const struct v4l2_buffer *b = pb;

	if (vb->vb2_queue->copy_timestamp)
		vb->timestamp = v4l2_buffer_get_timestamp(b);
	vbuf->flags &= ~V4L2_BUF_FLAG_TIMECODE;
	if (b->flags & V4L2_BUF_FLAG_TIMECODE) {
		vbuf->flags |= V4L2_BUF_FLAG_TIMECODE;
		vbuf->timecode = b->timecode;
	}
}

static u32 describe_flags(struct vb2_buffer *vb)
{
	static const u32 of_state[] = {
		[VB2_BUF_STATE_DEQUEUED]	= 0,
		[VB2_BUF_STATE_IN_REQUEST]	= V4L2_BUF_FLAG_IN_REQUEST,
		[VB2_BUF_STATE_PREPARING]	= 0,
		[VB2_BUF_STATE_QUEUED]		= V4L2_BUF_FLAG_QUEUED,
		[VB2_BUF_STATE_ACTIVE]		= V4L2_BUF_FLAG_QUEUED,
		[VB2_BUF_STATE_DONE]		= V4L2_BUF_FLAG_DONE,
		[VB2_BUF_STATE_ERROR]		= V4L2_BUF_FLAG_DONE |
						  V4L2_BUF_FLAG_ERROR,
	};
	struct vb2_v4l2_buffer *vbuf = to_vb2_v4l2_buffer(vb);
	struct vb2_queue *q = vb->vb2_queue;
	const enum vb2_buffer_state state = READ_ONCE(vb->state);
	u32 flags = vbuf->flags & ~COMPUTED_FLAGS;

	/* Where a copied timestamp was taken came with it, in vbuf->flags */
	if (!q->copy_timestamp)
		flags &= ~V4L2_BUF_FLAG_TSTAMP_SRC_MASK;
	flags |= q->timestamp_flags | of_state[state];

	if (vb->prepared && vb->synced &&
	    (state == VB2_BUF_STATE_DEQUEUED ||
	     state == VB2_BUF_STATE_IN_REQUEST))
		flags |= V4L2_BUF_FLAG_PREPARED;
	if (vbuf->request_fd >= 0)
		flags |= V4L2_BUF_FLAG_REQUEST_FD;
	if (vb->memory == VB2_MEMORY_MMAP && vb2_buffer_in_use(q, vb))
		flags |= V4L2_BUF_FLAG_MAPPED;
	return flags;
}

static void describe_planes(const struct vb2_buffer *vb, struct v4l2_buffer *b)
{
	const struct vb2_plane *plane = vb->planes;
	struct v4l2_plane *to = b->m.planes;
	unsigned int i;

	b->bytesused = 0;
	b->length = vb->num_planes;
	for (i = vb->num_planes; i; i--, plane++, to++)
		*to = (struct v4l2_plane) {
			.bytesused = plane->bytesused,
			.length = plane->length,
			.m.userptr = plane->m.userptr,
			.data_offset = plane->data_offset,
		};
}

static void fill_user_buffer(struct vb2_buffer *vb, void *pb)
{
	struct vb2_v4l2_buffer *vbuf = to_vb2_v4l2_buffer(vb);
	const struct vb2_plane *plane = vb->planes;
	struct v4l2_buffer *b = pb;

	b->index = vb->index;
	b->type = vb->type;
	b->memory = vb->memory;
	b->flags = describe_flags(vb);
	b->field = vbuf->field;
	v4l2_buffer_set_timestamp(b, vb->timestamp);
	b->timecode = vbuf->timecode;
	b->sequence = vbuf->sequence;
	b->reserved2 = 0;
	b->request_fd = max(vbuf->request_fd, 0);

	if (vb->vb2_queue->is_multiplanar) {
		describe_planes(vb, b);
		return;
	}
	b->bytesused = plane->bytesused;
	b->length = plane->length;
	b->m.userptr = plane->m.userptr;
}

const struct vb2_buf_ops vb2_v4l2_buf_ops = {
	.verify_planes_array	= verify_planes_array,
	.init_buffer		= init_buffer,
	.fill_user_buffer	= fill_user_buffer,
	.fill_vb2_buffer	= fill_vb2_buffer,
	.copy_timestamp		= copy_timestamp,
};
