// SPDX-License-Identifier: GPL-2.0-only
/* Which guest memory the device may reach: DMA_MAP and DMA_UNMAP. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vfu-map.h"

struct map_file {
	struct map_file *next;
	dev_t dev;
	ino_t ino;
	uint8_t *base;
	size_t size;
};

void map_init(struct map_table *t)
{
	memset(t, 0, sizeof(*t));
}

void map_free(struct map_table *t)
{
	while (t->files) {
		struct map_file *f = t->files;

		t->files = f->next;
		munmap(f->base, f->size);
		free(f);
	}
	free(t->range);
	map_init(t);
}

/* The descriptor number is new each time; device and inode tell the file. */
static int file_get(struct map_table *t, int fd, struct map_file **out)
{
	struct map_file *f;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_size <= 0)
		return -EINVAL;
	for (f = t->files; f; f = f->next) {
		if (f->dev == st.st_dev && f->ino == st.st_ino) {
			*out = f;
			return 0;
		}
	}
	f = calloc(1, sizeof(*f));
	if (!f)
		return -ENOMEM;
	f->dev = st.st_dev;
	f->ino = st.st_ino;
	f->size = st.st_size;
	f->base = mmap(NULL, f->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (f->base == MAP_FAILED) {
		free(f);
		return -errno;
	}
	f->next = t->files;
	t->files = f;
	*out = f;
	return 0;
}

/* Index of the first range that ends at or after @iova */
static size_t lower_bound(const struct map_table *t, uint64_t iova)
{
	size_t lo = 0, hi = t->count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (t->range[mid].last < iova)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static int make_room(struct map_table *t)
{
	size_t room = t->room ? 2 * t->room : 64;
	struct map_range *r;

	if (t->count < t->room)
		return 0;
	r = realloc(t->range, room * sizeof(*r));
	if (!r)
		return -ENOMEM;
	t->range = r;
	t->room = room;
	return 0;
}

static void insert_at(struct map_table *t, size_t i, const struct map_range *r)
{
	memmove(&t->range[i + 1], &t->range[i],
		(t->count - i) * sizeof(*t->range));
	t->range[i] = *r;
	t->count++;
}

int map_add(struct map_table *t, uint64_t iova, uint64_t size, uint64_t offset,
	    uint32_t flags, int fd)
{
	struct map_range r = {
		.first = iova, .last = iova + size - 1, .offset = offset,
		.flags = flags,
	};
	size_t i = lower_bound(t, iova);
	int err = 0;

	if (!size || r.last < r.first)
		err = -EINVAL;
	else if (i < t->count && t->range[i].first <= r.last)
		err = -EEXIST;
	else if (fd >= 0)
		err = file_get(t, fd, &r.file);
	if (fd >= 0)
		close(fd);
	if (!err && r.file &&
	    (offset > r.file->size || size > r.file->size - offset))
		err = -EINVAL;
	if (!err)
		err = make_room(t);
	if (!err)
		insert_at(t, i, &r);
	return err;
}

/* Take [first, last] out of range @i, which it meets; true: nothing is left */
static bool cut(struct map_table *t, size_t i, uint64_t first, uint64_t last)
{
	struct map_range *r = &t->range[i];

	if (first <= r->first && last >= r->last)
		return true;
	if (first > r->first && last < r->last && !make_room(t)) {
		struct map_range tail = t->range[i];

		tail.offset += last + 1 - tail.first;
		tail.first = last + 1;
		t->range[i].last = first - 1;
		insert_at(t, i + 1, &tail);
	} else if (first > r->first) {
		/* Without room the tail goes too: safe, and never seen. */
		r->last = first - 1;
	} else {
		r->offset += last + 1 - r->first;
		r->first = last + 1;
	}
	return false;
}

size_t map_remove(struct map_table *t, uint64_t iova, uint64_t size)
{
	uint64_t last = iova + size - 1;
	size_t from, to, touched = 0;

	if (!size)
		return 0;
	if (last < iova)
		last = UINT64_MAX;
	t->last_hit = 0;
	from = lower_bound(t, iova);
	if (from < t->count && t->range[from].first < iova &&
	    t->range[from].first <= last) {
		cut(t, from, iova, last);
		touched++;
		from++;
	}
	for (to = from; to < t->count && t->range[to].first <= last; to++) {
		touched++;
		if (!cut(t, to, iova, last))
			break;
	}
	if (to > from)
		memmove(&t->range[from], &t->range[to],
			(t->count - to) * sizeof(*t->range));
	t->count -= to - from;
	return touched;
}

void map_remove_all(struct map_table *t)
{
	t->count = 0;
	t->last_hit = 0;
}

enum map_hit map_find(struct map_table *t, uint64_t iova, uint32_t need,
		      size_t *len, uint8_t **ptr)
{
	size_t i = t->last_hit;
	const struct map_range *r;
	uint64_t room;

	if (i >= t->count || iova < t->range[i].first ||
	    iova > t->range[i].last)
		i = lower_bound(t, iova);
	if (i == t->count)
		return MAP_NONE;
	r = &t->range[i];
	if (r->first > iova) {
		room = r->first - iova;
		if (room < *len)
			*len = room;
		return MAP_NONE;
	}
	t->last_hit = i;
	room = r->last - iova + 1;
	if (room && room < *len)
		*len = room;
	if ((r->flags & need) != need)
		return MAP_NONE;
	if (!r->file)
		return MAP_MESSAGE;
	*ptr = r->file->base + r->offset + (iova - r->first);
	return MAP_MEMORY;
}
