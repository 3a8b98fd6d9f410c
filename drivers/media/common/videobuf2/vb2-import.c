// SPDX-License-Identifier: GPL-2.0-only
/*
 * videobuf2: dma-bufs that were imported and will be wanted again
 *
 * Applications cycle a set of dma-bufs through the indices of a queue, and
 * attaching and mapping one costs a hundred times what queueing does. So when a
 * plane gets another dma-buf, the attachment of the one before is not undone but
 * kept here, until the application names that dma-buf again.
 *
 * What is kept is bounded by count and by bytes; the least recently used goes
 * first. Everything goes at STREAMOFF, when buffers are freed, and when memory
 * gets scarce. As long as an attachment is kept, so is the dma-buf: an
 * application that closes its descriptors while it streams gives the memory
 * free at STREAMOFF.
 */
#include <linux/cleanup.h>
#include <linux/dma-buf.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/shrinker.h>
#include <linux/slab.h>
#include <linux/sizes.h>
#include <linux/workqueue.h>

#include "vb2-internal.h"

#define MAX_KEPT	32
#define MAX_KEPT_BYTES	SZ_256M

struct vb2_import {
	struct list_head entry;
	struct dma_buf	*dbuf;
	struct device	*dev;
	void		*mem_priv;
	unsigned int	length;
};

/*
 * struct vb2_import_cache - attachments that no plane holds
 * @lock: protects what follows against the shrinker's work; innermost but for
 *	the locks of the exporter
 * @kept: in the order in which they were kept
 * @spare: slots without an attachment
 * @bytes: sum of all lengths
 * @hits: attachments that were found here
 * @misses: attachments that had to be made
 */
struct vb2_import_cache {
	struct vb2_queue	*q;
	struct mutex		lock;		/* see above */
	struct list_head	kept;
	struct list_head	spare;
	u64			bytes;
	unsigned int		count;
	unsigned int		hits;
	unsigned int		misses;
	struct vb2_import	slots[MAX_KEPT];
	struct shrinker		*shrinker;
	struct work_struct	work;
};

static void forget(struct vb2_import_cache *cache, struct vb2_import *import)
{
	list_move(&import->entry, &cache->spare);
	cache->bytes -= import->length;
	cache->count--;
}

static void drop(struct vb2_import_cache *cache, struct vb2_import *import)
{
	cache->q->mem_ops->detach_dmabuf(import->mem_priv);
	dma_buf_put(import->dbuf);
	forget(cache, import);
}

static void drop_all(struct vb2_import_cache *cache)
{
	struct vb2_import *import, *next;

	guard(mutex)(&cache->lock);
	list_for_each_entry_safe(import, next, &cache->kept, entry)
		drop(cache, import);
}

static void work(struct work_struct *work)
{
	drop_all(container_of(work, struct vb2_import_cache, work));
}

static unsigned long shrink_count(struct shrinker *shrinker,
				  struct shrink_control *sc)
{
	struct vb2_import_cache *cache = shrinker->private_data;

	return READ_ONCE(cache->bytes) >> PAGE_SHIFT;
}

/* Exporters take locks under which they allocate: not from here */
static unsigned long shrink_scan(struct shrinker *shrinker,
				 struct shrink_control *sc)
{
	struct vb2_import_cache *cache = shrinker->private_data;

	schedule_work(&cache->work);
	return SHRINK_STOP;
}

/* NULL if there is no memory: then nothing is kept, and all works as well */
static struct vb2_import_cache *create(struct vb2_queue *q)
{
	struct vb2_import_cache *cache = kzalloc(sizeof(*cache), GFP_KERNEL);
	unsigned int i;

	if (!cache)
		return NULL;
	cache->shrinker = shrinker_alloc(0, "vb2-imports");
	if (!cache->shrinker) {
		kfree(cache);
		return NULL;
	}
	cache->q = q;
	mutex_init(&cache->lock);
	INIT_WORK(&cache->work, work);
	INIT_LIST_HEAD(&cache->kept);
	INIT_LIST_HEAD(&cache->spare);
	for (i = 0; i < MAX_KEPT; i++)
		list_add(&cache->slots[i].entry, &cache->spare);
	cache->shrinker->count_objects = shrink_count;
	cache->shrinker->scan_objects = shrink_scan;
	cache->shrinker->private_data = cache;
	shrinker_register(cache->shrinker);
	return cache;
}

/* A spare slot for @length bytes, for which the first kept may have to go */
static struct vb2_import *make_room(struct vb2_import_cache *cache,
				    unsigned int length)
{
	if (length > MAX_KEPT_BYTES)
		return NULL;
	while (cache->bytes + length > MAX_KEPT_BYTES ||
	       list_empty(&cache->spare))
		drop(cache, list_first_entry(&cache->kept, struct vb2_import,
					     entry));
	return list_first_entry(&cache->spare, struct vb2_import, entry);
}

/* Takes over attachment and reference to the dma-buf; false if it does not */
bool vb2_import_keep(struct vb2_queue *q, struct device *dev,
		     struct dma_buf *dbuf, unsigned int length, void *mem_priv)
{
	struct vb2_import *import;

	if (!q->imports)
		q->imports = create(q);
	if (!q->imports)
		return false;

	guard(mutex)(&q->imports->lock);
	import = make_room(q->imports, length);
	if (!import)
		return false;
	import->dbuf = dbuf;
	import->dev = dev;
	import->length = length;
	import->mem_priv = mem_priv;
	list_move_tail(&import->entry, &q->imports->kept);
	q->imports->bytes += length;
	q->imports->count++;
	return true;
}

/*
 * The attachment of a dma-buf, if it was kept: the caller's now, with the
 * reference to the dma-buf. NULL if not.
 */
void *vb2_import_take(struct vb2_queue *q, struct device *dev,
		      struct dma_buf *dbuf, unsigned int length)
{
	struct vb2_import_cache *cache = q->imports;
	struct vb2_import *import;

	if (!cache)
		return NULL;

	guard(mutex)(&cache->lock);
	list_for_each_entry(import, &cache->kept, entry) {
		if (import->dbuf != dbuf || import->dev != dev ||
		    import->length != length)
			continue;
		forget(cache, import);
		cache->hits++;
		return import->mem_priv;
	}
	cache->misses++;
	return NULL;
}

void vb2_import_drop_all(struct vb2_queue *q)
{
	struct vb2_import_cache *cache = q->imports;

	if (!cache)
		return;
	q->imports = NULL;
	vb2_dbg(q, 1, "dma-bufs: %u were kept, %u times found, %u times not\n",
		cache->count, cache->hits, cache->misses);
	shrinker_free(cache->shrinker);
	cancel_work_sync(&cache->work);
	drop_all(cache);
	mutex_destroy(&cache->lock);
	kfree(cache);
}
