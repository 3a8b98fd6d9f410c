/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which guest memory the device may reach: DMA_MAP and DMA_UNMAP.
 *
 * With a vIOMMU there is one range per page, thousands of them, all in the
 * same file: each file is mapped once, ranges only point into it.
 */
#ifndef VFU_MAP_H
#define VFU_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct map_file;

struct map_range {
	uint64_t first, last;		/* I/O addresses, both included */
	uint64_t offset;		/* of first, in the file */
	struct map_file *file;		/* NULL: reachable by message only */
	uint32_t flags;			/* VFU_MAP_READ, VFU_MAP_WRITE */
};

struct map_table {
	struct map_range *range;	/* sorted, no overlap */
	size_t count, room;
	size_t last_hit;
	struct map_file *files;
};

void map_init(struct map_table *t);
void map_free(struct map_table *t);

/*
 * Takes over @fd (-1: none) whatever the result.  0, -EEXIST, -EINVAL,
 * -ENOMEM or what mmap says.
 */
int map_add(struct map_table *t, uint64_t iova, uint64_t size, uint64_t offset,
	    uint32_t flags, int fd);

/*
 * Forget everything from @iova for @size bytes, which may reach beyond 2^64
 * and may cut ranges.  Returns the number of ranges touched.
 */
size_t map_remove(struct map_table *t, uint64_t iova, uint64_t size);
void map_remove_all(struct map_table *t);

enum map_hit { MAP_NONE, MAP_MEMORY, MAP_MESSAGE };

/*
 * Where @iova is.  @len: bytes wanted, then bytes to be had in one piece from
 * there (for MAP_NONE: bytes until the next range).  MAP_MEMORY sets @ptr.
 */
enum map_hit map_find(struct map_table *t, uint64_t iova, uint32_t need,
		      size_t *len, uint8_t **ptr);

#endif
