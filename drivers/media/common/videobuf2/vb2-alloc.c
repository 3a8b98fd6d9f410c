// SPDX-License-Identifier: GPL-2.0-only
/*
 * videobuf2: the buffer table
 *
 * One allocator, add_buffers(), stands behind REQBUFS and CREATE_BUFS, which
 * differ in what they ask of it: REQBUFS frees what there is and lets the
 * driver choose planes and sizes, CREATE_BUFS adds to it with sizes of the
 * application's.
 *
 * The table is written under mmap_lock as well as under the queue's lock, since
 * mmap() cannot take the latter.
 */
#include <linux/cleanup.h>
#include <linux/export.h>
#include <linux/slab.h>

#include "vb2-internal.h"

/* What add_buffers() is asked for */
struct vb2_alloc_request {
	enum vb2_memory memory;
	bool non_coherent;
	unsigned int count;
	/* Fewer are a failure */
	unsigned int min_count;
	unsigned int num_planes;
	unsigned int sizes[VB2_MAX_PLANES];
};

int vb2_verify_memory_type(struct vb2_queue *q, enum vb2_memory memory,
			   unsigned int type)
{
	const struct vb2_mem_ops *mem = q->mem_ops;
	bool ok;

	if (type != q->type) {
		vb2_dbg(q, 1, "type %u is not the queue's\n", type);
		return -EINVAL;
	}

	switch (memory) {
	case VB2_MEMORY_MMAP:
		ok = (q->io_modes & VB2_MMAP) && mem->alloc && mem->put &&
		     mem->mmap && mem->num_users;
		break;
	case VB2_MEMORY_USERPTR:
		ok = (q->io_modes & VB2_USERPTR) && mem->get_userptr &&
		     mem->put_userptr;
		break;
	case VB2_MEMORY_DMABUF:
		ok = (q->io_modes & VB2_DMABUF) && mem->attach_dmabuf &&
		     mem->detach_dmabuf;
		break;
	default:
		ok = false;
	}
	if (!ok) {
		vb2_dbg(q, 1, "memory %u is not supported\n", memory);
		return -EINVAL;
	}

	/* Last, because CREATE_BUFS with count 0 wants all else checked */
	if (vb2_fileio_is_active(q)) {
		vb2_dbg(q, 1, "read() or write() use the queue\n");
		return -EBUSY;
	}
	return 0;
}
EXPORT_SYMBOL(vb2_verify_memory_type);

/* A buffer that is not in the table yet, with its memory if that is MMAP */
static struct vb2_buffer *new_buffer(struct vb2_queue *q,
				     const struct vb2_alloc_request *req,
				     unsigned int index)
{
	size_t head = ALIGN(q->buf_struct_size, __alignof__(struct vb2_plane));
	struct vb2_buffer *vb;
	unsigned int i;
	int ret;

	vb = kzalloc(head + req->num_planes * sizeof(*vb->planes),
		     GFP_KERNEL_ACCOUNT);
	if (!vb)
		return ERR_PTR(-ENOMEM);

	vb->vb2_queue = q;
	vb->index = index;
	vb->type = q->type;
	vb->memory = req->memory;
	vb->num_planes = req->num_planes;
	vb->planes = (void *)vb + head;
	for (i = 0; i < req->num_planes; i++) {
		vb->planes[i].length = req->sizes[i];
		vb->planes[i].min_length = req->sizes[i];
		if (req->memory == VB2_MEMORY_MMAP)
			vb->planes[i].m.offset = vb2_map_offset(index, i);
	}
	vb2_op_init_buffer(vb);

	ret = req->memory == VB2_MEMORY_MMAP ? vb2_planes_alloc(vb) : 0;
	if (ret) {
		kfree(vb);
		return ERR_PTR(ret);
	}
	return vb;
}

static void insert_buffer(struct vb2_queue *q, struct vb2_buffer *vb)
{
	guard(mutex)(&q->mmap_lock);
	q->bufs[vb->index] = vb;
	q->num_bufs++;
}

/* The buffer is not in the table any more */
static void free_buffer(struct vb2_buffer *vb)
{
	vb2_planes_release(vb);
	vb2_check_buffer(vb);
	kfree(vb);
}

static void remove_buffer(struct vb2_queue *q, struct vb2_buffer *vb)
{
	scoped_guard(mutex, &q->mmap_lock) {
		q->bufs[vb->index] = NULL;
		q->num_bufs--;
	}
	free_buffer(vb);
}

/* The table exists as long as there are buffers */
static int get_table(struct vb2_queue *q)
{
	struct vb2_buffer **bufs;

	if (q->bufs)
		return 0;
	bufs = kcalloc(q->max_num_buffers, sizeof(*bufs), GFP_KERNEL_ACCOUNT);
	if (!bufs)
		return -ENOMEM;
	scoped_guard(mutex, &q->mmap_lock)
		q->bufs = bufs;
	return 0;
}

/* Nobody finds the buffers any more */
static struct vb2_buffer **take_table(struct vb2_queue *q)
{
	struct vb2_buffer **bufs;

	scoped_guard(mutex, &q->mmap_lock) {
		bufs = q->bufs;
		q->bufs = NULL;
		q->num_bufs = 0;
	}
	q->memory = VB2_MEMORY_UNKNOWN;
	return bufs;
}

static void put_table_if_empty(struct vb2_queue *q)
{
	if (!q->num_bufs)
		kfree(take_table(q));
}

static void free_range(struct vb2_queue *q, unsigned int start,
		       unsigned int count)
{
	unsigned int i;

	for (i = start; i < start + count; i++)
		if (q->bufs[i])
			remove_buffer(q, q->bufs[i]);
}

void vb2_alloc_free_all(struct vb2_queue *q)
{
	struct vb2_buffer **bufs = take_table(q);
	unsigned int i;

	for (i = 0; bufs && i < q->max_num_buffers; i++)
		if (bufs[i])
			free_buffer(bufs[i]);
	kfree(bufs);
}

/* The longest free run of at most *count numbers; *count is what it has */
static unsigned int find_room(struct vb2_queue *q, unsigned int *count)
{
	unsigned int i, run = 0, longest = 0, first = 0;

	for (i = 0; i < q->max_num_buffers && longest < *count; i++) {
		run = q->bufs[i] ? 0 : run + 1;
		if (run > longest) {
			longest = run;
			first = i + 1 - run;
		}
	}
	*count = longest;
	return first;
}

/* As many buffers as memory allows. Returns how many, or why not even one. */
static int new_buffers(struct vb2_queue *q, const struct vb2_alloc_request *req,
		       unsigned int first)
{
	struct vb2_buffer *vb;
	unsigned int i;
	int ret = 0;

	for (i = 0; i < req->count; i++) {
		vb = new_buffer(q, req, first + i);
		if (IS_ERR(vb)) {
			ret = PTR_ERR(vb);
			break;
		}
		insert_buffer(q, vb);
		/* User memory is not there yet: its buf_init comes at QBUF */
		if (vb->memory != VB2_MEMORY_MMAP)
			continue;
		ret = vb2_op_buf_init(vb);
		if (ret) {
			remove_buffer(q, vb);
			break;
		}
	}
	if (i < req->count)
		vb2_dbg(q, 1, "got %u buffers of %u, error %d\n", i, req->count,
			ret);
	return i ?: ret;
}

static int check_sizes(struct vb2_queue *q, const struct vb2_alloc_request *req)
{
	unsigned int i;

	if (vb2_driver_bug(q, !req->num_planes ||
			   req->num_planes > VB2_MAX_PLANES,
			   "queue_setup wants %u planes", req->num_planes))
		return -EINVAL;
	for (i = 0; i < req->num_planes; i++)
		if (vb2_driver_bug(q, !req->sizes[i],
				   "queue_setup left plane %u without a size",
				   i))
			return -EINVAL;
	return 0;
}

/*
 * Ask the driver, then allocate. Returns 0 with req->count and *first_index, or
 * an error with the table as it was.
 */
static int add_buffers(struct vb2_queue *q, struct vb2_alloc_request *req,
		       unsigned int *first_index)
{
	unsigned int given = req->num_planes, first, wanted;
	int got, ret;

	ret = get_table(q);
	if (ret)
		goto err_table;
	if (!q->num_bufs) {
		q->memory = req->memory;
		q->non_coherent_mem = req->non_coherent;
		q->waiting_for_buffers = !q->is_output;
		memset(q->alloc_devs, 0, sizeof(q->alloc_devs));
	}

	ret = vb2_op_queue_setup(q, &req->count, &req->num_planes, req->sizes);
	if (ret) {
		vb2_dbg(q, 1, "driver refused, %d\n", ret);
		goto err_table;
	}
	ret = check_sizes(q, req);
	if (ret)
		goto err_table;

	wanted = req->count;
	first = find_room(q, &req->count);
	ret = req->count ? new_buffers(q, req, first) : -ENOBUFS;
	if (ret < 0)
		goto err_table;

	/* Fewer than the driver agreed to: it must agree again */
	got = ret;
	if (got < wanted) {
		req->count = got;
		/* Sizes are given to drivers by CREATE_BUFS only */
		req->num_planes = given;
		ret = vb2_op_queue_setup(q, &req->count, &req->num_planes,
					 req->sizes);
		if (!ret && (req->count > got || got < req->min_count))
			ret = -ENOMEM;
		req->count = got;
		if (ret)
			goto err_buffers;
	}

	*first_index = first;
	/* A driver may register the node of an unplugged device again */
	q->unplugged = false;
	q->is_busy = true;
	return 0;

err_buffers:
	free_range(q, first, got);
err_table:
	put_table_if_empty(q);
	return ret;
}

int vb2_core_reqbufs(struct vb2_queue *q, enum vb2_memory memory,
		     unsigned int flags, unsigned int *count)
{
	struct vb2_alloc_request req = {
		.memory = memory,
		.non_coherent = flags & VB2_MEMORY_FLAG_NON_COHERENT,
		.min_count = q->min_reqbufs_allocation,
	};
	unsigned int first;
	int ret;

	vb2_assert_locked(q);

	if (q->streaming) {
		vb2_dbg(q, 1, "streaming\n");
		return -EBUSY;
	}
	if (q->waiting_in_dqbuf && *count) {
		vb2_dbg(q, 1, "somebody sleeps in DQBUF\n");
		return -EBUSY;
	}

	/* Memory that is mapped or exported outlives its buffer */
	vb2_queue_cancel(q);
	vb2_alloc_free_all(q);
	q->is_busy = false;
	if (!*count)
		return 0;

	req.count = clamp(*count, q->min_reqbufs_allocation,
			  q->max_num_buffers);
	ret = add_buffers(q, &req, &first);
	if (ret)
		return ret;
	*count = req.count;
	return 0;
}
EXPORT_SYMBOL_GPL(vb2_core_reqbufs);

int vb2_core_create_bufs(struct vb2_queue *q, enum vb2_memory memory,
			 unsigned int flags, unsigned int *count,
			 unsigned int num_planes, const unsigned int sizes[],
			 unsigned int *first_index)
{
	struct vb2_alloc_request req = {
		.memory = memory,
		.non_coherent = flags & VB2_MEMORY_FLAG_NON_COHERENT,
		.min_count = 1,
		.num_planes = num_planes,
	};
	int ret;

	vb2_assert_locked(q);

	if (q->num_bufs >= q->max_num_buffers) {
		vb2_dbg(q, 1, "all %u numbers are taken\n", q->max_num_buffers);
		return -ENOBUFS;
	}
	if (!q->num_bufs && q->waiting_in_dqbuf && *count) {
		vb2_dbg(q, 1, "somebody sleeps in DQBUF\n");
		return -EBUSY;
	}
	if (q->num_bufs && (q->memory != memory ||
			    q->non_coherent_mem != req.non_coherent)) {
		vb2_dbg(q, 1, "memory differs from that of the others\n");
		return -EINVAL;
	}
	if (num_planes > VB2_MAX_PLANES)
		return -EINVAL;

	req.count = min(*count, q->max_num_buffers - q->num_bufs);
	if (num_planes)
		memcpy(req.sizes, sizes, num_planes * sizeof(req.sizes[0]));
	ret = add_buffers(q, &req, first_index);
	if (ret)
		return ret;
	*count = req.count;
	return 0;
}
EXPORT_SYMBOL_GPL(vb2_core_create_bufs);

int vb2_core_remove_bufs(struct vb2_queue *q, unsigned int start,
			 unsigned int count)
{
	struct vb2_buffer *vb;
	unsigned int i;

	vb2_assert_locked(q);

	if (!count)
		return 0;
	if (count > q->num_bufs || start > q->max_num_buffers - count)
		return -EINVAL;
	for (i = start; i < start + count; i++) {
		vb = vb2_get_buffer(q, i);
		if (!vb) {
			vb2_dbg(q, 1, "there is no buffer %u\n", i);
			return -EINVAL;
		}
		if (vb->state != VB2_BUF_STATE_DEQUEUED) {
			vb2_dbg(q, 1, "buffer %u is %s\n", i,
				vb2_state_name(vb->state));
			return -EBUSY;
		}
	}

	for (i = start; i < start + count; i++)
		vb2_flow_return(q->bufs[i]);
	free_range(q, start, count);
	put_table_if_empty(q);
	return 0;
}
EXPORT_SYMBOL_GPL(vb2_core_remove_bufs);
