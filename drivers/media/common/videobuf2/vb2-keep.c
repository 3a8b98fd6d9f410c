// SPDX-License-Identifier: GPL-2.0-only
/*
 * videobuf2: memory that user space named, kept for when it is named again
 *
 * Applications cycle a set of dma-bufs or of user addresses through the indices
 * of a queue, and attaching or pinning one costs a hundred times what queueing
 * does. So when a plane gets other memory, that of before is not given up but
 * kept here, until the application names it again.
 *
 * It is bounded by count and by bytes; what was kept first goes first.
 * Everything goes at STREAMOFF, when buffers are freed, and when memory gets
 * scarce. As long as an attachment is kept, so is the dma-buf, but one that has
 * no descriptor, mapping or other user left goes when the next is kept.
 *
 * An address is another matter: the process may have mapped something else
 * there. Each pin watches its range of addresses from before the pages were
 * looked up, and is of no use any more as soon as the process changed anything
 * in it, or wants to: it unmapped or moved it, protected it, or forked. Then
 * the next QBUF pins again, also where the address is the one that the buffer
 * has; and what was kept is unpinned at once.
 */
#include <linux/cleanup.h>
#include <linux/dma-buf.h>
#include <linux/list.h>
#include <linux/mm_types.h>
#include <linux/mmu_notifier.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/shrinker.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/workqueue.h>

#include <trace/events/vb2.h>

#include "vb2-internal.h"

#define MAX_KEPT	32
#define MAX_KEPT_BYTES	SZ_256M

/*
 * struct vb2_keep - memory that no plane holds
 * @lock: protects what follows against the work; innermost but for the locks
 *	of exporters and of the memory management
 * @kept: in the order in which it was kept
 * @bytes: sum of all lengths
 * @count: how many
 * @shrinker: tells that memory is scarce
 * @scarce: it was
 * @work: drops what is of no use, or everything. Neither the shrinker nor the
 *	watch of a range may do that itself: they are called under locks of the
 *	memory management.
 */
struct vb2_keep {
	struct vb2_queue	*q;
	struct mutex		lock;		/* see above */
	struct list_head	kept;
	u64			bytes;
	unsigned int		count;
	struct shrinker		*shrinker;
	bool			scarce;
	struct work_struct	work;
};

#ifdef CONFIG_MMU_NOTIFIER
/* The process changes something in the range; called under its locks */
static bool range_changes(struct mmu_interval_notifier *watch,
			  const struct mmu_notifier_range *range,
			  unsigned long seq)
{
	struct vb2_named *named = container_of(watch, struct vb2_named, watch);

	mmu_interval_set_seq(watch, seq);
	schedule_work(&named->keep->work);
	return true;
}

static const struct mmu_interval_notifier_ops watch_ops = {
	.invalidate = range_changes,
};

/* Before the pages are looked up. If it fails, the pin is good for one turn. */
static void watch_range(struct vb2_named *named)
{
	if (!current->mm ||
	    mmu_interval_notifier_insert(&named->watch, current->mm,
					 untagged_addr(named->m), named->length,
					 &watch_ops))
		return;
	named->watched = true;
	/* Sleeps while a change is under way that nobody told us of */
	named->seq = mmu_interval_read_begin(&named->watch);
}

static void unwatch_range(struct vb2_named *named)
{
	if (named->watched)
		mmu_interval_notifier_remove(&named->watch);
}

/* Without a lock: who changed the range and then queues it knows that it did */
static bool range_changed(struct vb2_named *named)
{
	return !named->watched ||
	       mmu_interval_check_retry(&named->watch, named->seq);
}
#else
static void watch_range(struct vb2_named *named)
{
}

static void unwatch_range(struct vb2_named *named)
{
}

static bool range_changed(struct vb2_named *named)
{
	return true;
}
#endif

/* It cannot be named again: the address has other pages, or we are the last */
static bool is_useless(struct vb2_named *named)
{
	return named->dbuf ? file_count(named->dbuf->file) == 1 :
			     range_changed(named);
}

/* Is this what the calling process means when it names the same again? */
bool vb2_named_is_current(struct vb2_named *named)
{
	return !is_useless(named) &&
	       (named->dbuf || named->watch.mm == current->mm);
}

void vb2_named_release(struct vb2_queue *q, struct vb2_named *named)
{
	if (named->dbuf) {
		q->mem_ops->detach_dmabuf(named->mem_priv);
		dma_buf_put(named->dbuf);
	} else {
		q->mem_ops->put_userptr(named->mem_priv);
		unwatch_range(named);
	}
	kfree(named);
}

static void unlink(struct vb2_keep *keep, struct vb2_named *named)
{
	list_del(&named->entry);
	keep->bytes -= named->length;
	keep->count--;
}

static void drop(struct vb2_keep *keep, struct vb2_named *named)
{
	unlink(keep, named);
	vb2_named_release(keep->q, named);
}

/* Under keep->lock */
static void drop_useless(struct vb2_keep *keep, bool all)
{
	struct vb2_named *named, *next;

	list_for_each_entry_safe(named, next, &keep->kept, entry)
		if (all || is_useless(named))
			drop(keep, named);
}

static void work(struct work_struct *work)
{
	struct vb2_keep *keep = container_of(work, struct vb2_keep, work);

	guard(mutex)(&keep->lock);
	drop_useless(keep, xchg(&keep->scarce, false));
}

static unsigned long shrink_count(struct shrinker *shrinker,
				  struct shrink_control *sc)
{
	struct vb2_keep *keep = shrinker->private_data;

	return READ_ONCE(keep->bytes) >> PAGE_SHIFT;
}

static unsigned long shrink_scan(struct shrinker *shrinker,
				 struct shrink_control *sc)
{
	struct vb2_keep *keep = shrinker->private_data;

	WRITE_ONCE(keep->scarce, true);
	schedule_work(&keep->work);
	return SHRINK_STOP;
}

static struct vb2_keep *create(struct vb2_queue *q)
{
	struct vb2_keep *keep = kzalloc(sizeof(*keep), GFP_KERNEL);

	if (!keep)
		return NULL;
	keep->shrinker = shrinker_alloc(0, "vb2-kept");
	if (!keep->shrinker) {
		kfree(keep);
		return NULL;
	}
	keep->q = q;
	mutex_init(&keep->lock);
	INIT_WORK(&keep->work, work);
	INIT_LIST_HEAD(&keep->kept);
	keep->shrinker->count_objects = shrink_count;
	keep->shrinker->scan_objects = shrink_scan;
	keep->shrinker->private_data = keep;
	shrinker_register(keep->shrinker);
	return keep;
}

/* The memory that is wanted, if it was kept, with its reference to a dma-buf */
static struct vb2_named *take(struct vb2_keep *keep, struct device *dev,
			      struct dma_buf *dbuf, unsigned long userptr,
			      unsigned int length)
{
	struct vb2_named *named;

	guard(mutex)(&keep->lock);
	list_for_each_entry(named, &keep->kept, entry) {
		if (named->dbuf != dbuf || (!dbuf && named->m != userptr) ||
		    named->length != length || named->dev != dev ||
		    !vb2_named_is_current(named))
			continue;
		unlink(keep, named);
		return named;
	}
	return NULL;
}

static struct vb2_named *acquire(struct vb2_buffer *vb, struct device *dev,
				 struct dma_buf *dbuf, unsigned long userptr,
				 unsigned int length)
{
	const struct vb2_mem_ops *mem = vb->vb2_queue->mem_ops;
	struct vb2_named *named = kzalloc(sizeof(*named), GFP_KERNEL);
	void *priv;

	if (!named)
		return ERR_PTR(-ENOMEM);
	named->keep = vb->vb2_queue->keep;
	named->dev = dev;
	named->dbuf = dbuf;
	named->m = userptr;
	named->length = length;
	if (dbuf) {
		priv = mem->attach_dmabuf(vb, dev, dbuf, length);
	} else {
		watch_range(named);
		priv = mem->get_userptr(vb, dev, userptr, length);
	}
	if (!IS_ERR(priv)) {
		named->mem_priv = priv;
		return named;
	}
	unwatch_range(named);
	kfree(named);
	return priv;
}

/*
 * What user space named for plane @i of @vb: @dbuf, of which this takes over
 * the reference unless it fails, or its m.userptr if that is NULL.
 */
struct vb2_named *vb2_keep_get(struct vb2_buffer *vb, unsigned int i,
			       struct dma_buf *dbuf)
{
	struct vb2_queue *q = vb->vb2_queue;
	const struct vb2_plane *plane = &vb->planes[i];
	unsigned long userptr = dbuf ? 0 : plane->m.userptr;
	struct device *dev = q->alloc_devs[i] ?: q->dev;
	struct vb2_named *named;
	bool kept;

	if (!q->keep)
		q->keep = create(q);
	if (!q->keep)
		return ERR_PTR(-ENOMEM);

	named = take(q->keep, dev, dbuf, userptr, plane->length);
	kept = named;
	if (!kept)
		named = acquire(vb, dev, dbuf, userptr, plane->length);
	else if (dbuf)
		/* It has a reference of its own */
		dma_buf_put(dbuf);
	if (!IS_ERR(named))
		trace_vb2_memory(q, vb, i, kept, q->keep->count);
	return named;
}

/* No plane has it any more, but user space may name it again */
void vb2_keep_put(struct vb2_queue *q, struct vb2_named *named)
{
	struct vb2_keep *keep = q->keep;

	guard(mutex)(&keep->lock);
	drop_useless(keep, false);
	if (named->length > MAX_KEPT_BYTES || is_useless(named)) {
		vb2_named_release(q, named);
		return;
	}
	while (keep->bytes + named->length > MAX_KEPT_BYTES ||
	       keep->count == MAX_KEPT)
		drop(keep, list_first_entry(&keep->kept, struct vb2_named,
					    entry));
	list_add_tail(&named->entry, &keep->kept);
	keep->bytes += named->length;
	keep->count++;
}

/* No plane has memory that user space named */
void vb2_keep_end(struct vb2_queue *q)
{
	struct vb2_keep *keep = q->keep;

	if (!keep)
		return;
	q->keep = NULL;
	shrinker_free(keep->shrinker);
	scoped_guard(mutex, &keep->lock)
		drop_useless(keep, true);
	cancel_work_sync(&keep->work);
	mutex_destroy(&keep->lock);
	kfree(keep);
}
