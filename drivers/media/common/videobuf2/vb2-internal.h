/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * videobuf2: what the rooms of the core share
 *
 * Who protects what
 *
 *	member of struct vb2_queue		lock
 *	---------------------------------------------------------------------
 *	set by driver or front-end at init	none, constant afterwards
 *	memory, non_coherent_mem, alloc_devs	lock
 *	queued_list, queued_count		lock
 *	streaming, start_streaming_called	lock; mem2mem and drivers read them
 *						without, each is one byte
 *	is_busy, waiting_for_buffers,		lock
 *	uses_qbuf, uses_requests
 *	waiting_in_dqbuf			lock
 *	error, unplugged			written without; one way until
 *						the next cancel
 *	last_buffer_dequeued			lock; codecs write it without
 *	bufs, num_bufs				written under lock and mmap_lock,
 *						read under either
 *	done_list				done_lock
 *	owned_by_drv_count			atomic
 *	fileio, threadio, keep		lock
 *
 *	member of struct vb2_buffer
 *	---------------------------------------------------------------------
 *	state					its owner's: under lock, but the
 *						step from ACTIVE is taken under
 *						done_lock
 *	planes[].mem_priv, .dbuf, .named	lock; for MMAP constant
 *	queued_entry				lock
 *	done_entry				the driver's while ACTIVE, else
 *						done_lock
 *	synced, prepared, inited		lock
 *
 * Where the driver gave no lock, the caller serialises the verbs by its own.
 *
 * Order: req_queue_mutex of the media device -> lock -> mmap_lock -> locks of
 * the memory allocators. mmap_lock of the process may be held when mmap_lock of
 * the queue is taken (mmap()) and is taken under lock (user pages), so nothing
 * under mmap_lock of the queue may fault or pin pages. done_lock is irq-safe, and
 * never held across a driver's operation; only a media request's lock nests in it.
 */
#ifndef _VB2_INTERNAL_H
#define _VB2_INTERNAL_H

#include <linux/lockdep.h>
#include <linux/mmu_notifier.h>

#include <media/videobuf2-frontend.h>

extern int vb2_debug;

/* Why a caller got its error: parameter "debug" of videobuf2-common, 1 to 4 */
#define vb2_dbg(q, level, fmt, ...)					\
	do {								\
		if (unlikely(vb2_debug >= (level)))			\
			pr_info("vb2: %s: %s: " fmt, (q)->name,		\
				__func__, ##__VA_ARGS__);		\
	} while (0)

static inline void vb2_assert_locked(struct vb2_queue *q)
{
	if (q->lock)
		lockdep_assert_held(q->lock);
}

/* Typed calls of the driver's, front-end's and allocator's operations */

static inline void vb2_count(u32 *ledger, unsigned int op)
{
	if (IS_ENABLED(CONFIG_VIDEO_ADV_DEBUG))
		ledger[op]++;
}

/* vb2-check.c */
__printf(2, 3) void vb2_report_bug(const struct vb2_queue *q, const char *fmt,
				   ...);
void vb2_show_bug(const struct vb2_queue *q, struct va_format *vaf);
void vb2_check_buffer(struct vb2_buffer *vb);
void vb2_check_queue(struct vb2_queue *q);

/* Is @cond true? Then the driver did what it may not: say what, and who. */
#define vb2_driver_bug(q, cond, fmt, ...)				\
({									\
	bool __bug = (cond);						\
									\
	if (unlikely(__bug))						\
		vb2_report_bug(q, fmt, ##__VA_ARGS__);			\
	__bug;								\
})

static inline int vb2_op_queue_setup(struct vb2_queue *q, unsigned int *count,
				     unsigned int *num_planes,
				     unsigned int sizes[])
{
	return q->ops->queue_setup(q, count, num_planes, sizes, q->alloc_devs);
}

/* Give up and take the lock that the verbs run under, to sleep meanwhile */
static inline void vb2_op_wait_prepare(struct vb2_queue *q)
{
	vb2_count(q->ledger, VB2_COUNT_WAIT_PREPARE);
	if (q->ops->wait_prepare)
		q->ops->wait_prepare(q);
	else if (q->lock)
		mutex_unlock(q->lock);
}

static inline void vb2_op_wait_finish(struct vb2_queue *q)
{
	vb2_count(q->ledger, VB2_COUNT_WAIT_FINISH);
	if (q->ops->wait_finish)
		q->ops->wait_finish(q);
	else if (q->lock)
		mutex_lock(q->lock);
}

static inline int vb2_op_prepare_streaming(struct vb2_queue *q)
{
	int ret = 0;

	if (q->ops->prepare_streaming)
		ret = q->ops->prepare_streaming(q);
	if (!ret)
		vb2_count(q->ledger, VB2_COUNT_PREPARE_STREAMING);
	return ret;
}

static inline void vb2_op_unprepare_streaming(struct vb2_queue *q)
{
	vb2_count(q->ledger, VB2_COUNT_UNPREPARE_STREAMING);
	if (q->ops->unprepare_streaming)
		q->ops->unprepare_streaming(q);
}

static inline int vb2_op_start_streaming(struct vb2_queue *q)
{
	int ret = 0;

	if (q->ops->start_streaming)
		ret = q->ops->start_streaming(q,
					atomic_read(&q->owned_by_drv_count));
	if (!ret)
		vb2_count(q->ledger, VB2_COUNT_START_STREAMING);
	return ret;
}

static inline void vb2_op_stop_streaming(struct vb2_queue *q)
{
	vb2_count(q->ledger, VB2_COUNT_STOP_STREAMING);
	if (q->ops->stop_streaming)
		q->ops->stop_streaming(q);
}

static inline int vb2_op_buf_out_validate(struct vb2_buffer *vb)
{
	const struct vb2_ops *ops = vb->vb2_queue->ops;

	return ops->buf_out_validate ? ops->buf_out_validate(vb) : 0;
}

static inline int vb2_op_buf_init(struct vb2_buffer *vb)
{
	const struct vb2_ops *ops = vb->vb2_queue->ops;
	int ret = ops->buf_init ? ops->buf_init(vb) : 0;

	if (!ret) {
		vb->inited = true;
		vb2_count(vb->ledger, VB2_COUNT_BUF_INIT);
	}
	return ret;
}

static inline void vb2_op_buf_cleanup(struct vb2_buffer *vb)
{
	const struct vb2_ops *ops = vb->vb2_queue->ops;

	if (!vb->inited)
		return;
	vb->inited = false;
	vb2_count(vb->ledger, VB2_COUNT_BUF_CLEANUP);
	if (ops->buf_cleanup)
		ops->buf_cleanup(vb);
}

static inline int vb2_op_buf_prepare(struct vb2_buffer *vb)
{
	const struct vb2_ops *ops = vb->vb2_queue->ops;
	int ret = ops->buf_prepare ? ops->buf_prepare(vb) : 0;

	if (!ret)
		vb2_count(vb->ledger, VB2_COUNT_BUF_PREPARE);
	return ret;
}

static inline void vb2_op_buf_finish(struct vb2_buffer *vb)
{
	const struct vb2_ops *ops = vb->vb2_queue->ops;

	vb2_count(vb->ledger, VB2_COUNT_BUF_FINISH);
	if (ops->buf_finish)
		ops->buf_finish(vb);
}

static inline void vb2_op_buf_queue(struct vb2_buffer *vb)
{
	vb->vb2_queue->ops->buf_queue(vb);
}

static inline void vb2_op_buf_request_complete(struct vb2_buffer *vb)
{
	const struct vb2_ops *ops = vb->vb2_queue->ops;

	if (ops->buf_request_complete)
		ops->buf_request_complete(vb);
}

static inline void vb2_op_init_buffer(struct vb2_buffer *vb)
{
	const struct vb2_buf_ops *ops = vb->vb2_queue->buf_ops;

	if (ops->init_buffer)
		ops->init_buffer(vb);
}

static inline void vb2_op_fill_user_buffer(struct vb2_buffer *vb, void *pb)
{
	const struct vb2_buf_ops *ops = vb->vb2_queue->buf_ops;

	if (pb && ops->fill_user_buffer)
		ops->fill_user_buffer(vb, pb);
}

static inline int vb2_op_fill_vb2_buffer(struct vb2_buffer *vb)
{
	const struct vb2_buf_ops *ops = vb->vb2_queue->buf_ops;

	return ops->fill_vb2_buffer ? ops->fill_vb2_buffer(vb, vb->planes) : 0;
}

static inline int vb2_op_verify_planes_array(struct vb2_buffer *vb,
					     const void *pb)
{
	const struct vb2_queue *q = vb->vb2_queue;

	if (!pb || !q->is_multiplanar || !q->buf_ops->verify_planes_array)
		return 0;
	return q->buf_ops->verify_planes_array(vb, pb);
}

static inline void vb2_op_copy_timestamp(struct vb2_buffer *vb, const void *pb)
{
	const struct vb2_queue *q = vb->vb2_queue;

	if (pb && q->is_output && q->buf_ops->copy_timestamp)
		q->buf_ops->copy_timestamp(vb, pb);
}

/* vb2-state.c */
void vb2_state_warn(struct vb2_buffer *vb, enum vb2_buffer_state new);
extern const u8 vb2_state_legal[];

/* The only writer of vb->state in the core */
static inline void vb2_state_set(struct vb2_buffer *vb,
				 enum vb2_buffer_state new)
{
	if (unlikely(!(vb2_state_legal[vb->state] & BIT(new))))
		vb2_state_warn(vb, new);
	vb->state = new;
}

const char *vb2_state_name(enum vb2_buffer_state state);

/* vb2-queue.c */
int vb2_queue_start(struct vb2_queue *q);
void vb2_queue_cancel(struct vb2_queue *q);

/* vb2-alloc.c */
void vb2_alloc_free_all(struct vb2_queue *q);

/*
 * Walk the buffers that exist:
 *
 *	for (i = 0; (vb = vb2_next_buffer(q, &i)); i++)
 */
static inline struct vb2_buffer *vb2_next_buffer(struct vb2_queue *q,
						 unsigned int *i)
{
	for (; q->bufs && *i < q->max_num_buffers; (*i)++)
		if (q->bufs[*i])
			return q->bufs[*i];
	return NULL;
}

/* vb2-flow.c */
int vb2_flow_prepare(struct vb2_buffer *vb);
void vb2_flow_enqueue(struct vb2_buffer *vb);
void vb2_flow_return(struct vb2_buffer *vb);

/* vb2-planes.c */
int vb2_planes_alloc(struct vb2_buffer *vb);
int vb2_planes_acquire(struct vb2_buffer *vb);
void vb2_planes_forget(struct vb2_buffer *vb);
void vb2_planes_release(struct vb2_buffer *vb);
void vb2_planes_prepare(struct vb2_buffer *vb);
void vb2_planes_finish(struct vb2_buffer *vb);

static inline void vb2_planes_sync_for_device(struct vb2_buffer *vb)
{
	vb->synced = true;
	vb2_count(vb->ledger, VB2_COUNT_MEM_PREPARE);
	if (vb->needs_sync)
		vb2_planes_prepare(vb);
}

static inline void vb2_planes_sync_for_cpu(struct vb2_buffer *vb)
{
	if (!vb->synced)
		return;
	vb->synced = false;
	vb2_count(vb->ledger, VB2_COUNT_MEM_FINISH);
	if (vb->needs_sync)
		vb2_planes_finish(vb);
}

/*
 * struct vb2_named - memory that user space named: a plane's, or kept for later
 * @entry: in what is kept
 * @mem_priv: the allocator's handle
 * @dev: the device that it was acquired for
 * @dbuf: DMABUF, with a reference
 * @m: what user space calls it: the address, or the descriptor
 * @length: bytes
 * @watched: is there a watch?
 * @seq: the value of @watch as long as the process does not change the range
 * @keep: what it may be kept in
 * @watch: USERPTR: tells when the process changes the range
 */
struct vb2_named {
	struct list_head		entry;
	void				*mem_priv;
	struct device			*dev;
	struct dma_buf			*dbuf;
	unsigned long			m;
	unsigned int			length;
	bool				watched;
	unsigned long			seq;
	struct vb2_keep			*keep;
	struct mmu_interval_notifier	watch;
};

/* vb2-keep.c */
bool vb2_named_is_current(struct vb2_named *named);
void vb2_named_release(struct vb2_queue *q, struct vb2_named *named);
struct vb2_named *vb2_keep_get(struct vb2_buffer *vb, unsigned int i,
			       struct dma_buf *dbuf);
void vb2_keep_put(struct vb2_queue *q, struct vb2_named *named);
void vb2_keep_end(struct vb2_queue *q);

/*
 * The offset of a plane is its number among all planes that the queue could
 * have, in pages. It says nothing of where the memory is.
 */
static inline unsigned int vb2_map_offset(unsigned int index,
					  unsigned int plane)
{
	return (index * VB2_MAX_PLANES + plane) << PAGE_SHIFT;
}

/* vb2-request.c */
int vb2_request_add(struct vb2_queue *q, struct vb2_buffer *vb,
		    struct media_request *req);
void vb2_request_cancel(struct vb2_buffer *vb);
void vb2_request_drop(struct vb2_buffer *vb);

/* vb2-fileio.c */
int vb2_fileio_init(struct vb2_queue *q, bool read);
void vb2_fileio_cleanup(struct vb2_queue *q);
bool vb2_fileio_ready(struct vb2_queue *q);

#endif /* _VB2_INTERNAL_H */
