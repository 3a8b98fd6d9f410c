/* SPDX-License-Identifier: GPL-2.0-only */
/* Pages of a process, pinned for a device */
#ifndef _MEDIA_FRAME_VECTOR_H
#define _MEDIA_FRAME_VECTOR_H

#include <linux/err.h>
#include <linux/stddef.h>
#include <linux/types.h>

struct page;

/**
 * struct frame_vector - a run of user pages
 * @nr_allocated: how many entries there is room for
 * @nr_frames: how many are in use
 * @write: pinned for writing: they are dirty when they are given back
 * @is_pfns: @pfns is valid instead of @pages
 * @pages: the pages
 * @pfns: their frame numbers
 */
struct frame_vector {
	unsigned int	nr_allocated;
	unsigned int	nr_frames;
	bool		write;
	bool		is_pfns;
	union {
		DECLARE_FLEX_ARRAY(struct page *, pages);
		DECLARE_FLEX_ARRAY(unsigned long, pfns);
	};
};

/**
 * frame_vector_create() - make an empty vector
 * @nr_frames: how many pages it can take
 *
 * Context: process, may sleep.
 *
 * Return: the vector, NULL if there is no memory or @nr_frames is 0.
 */
struct frame_vector *frame_vector_create(unsigned int nr_frames);

/**
 * frame_vector_to_pages() - let frame_vector_pages() work
 * @vec: the vector
 *
 * Context: any.
 *
 * Return: 0; pinned memory always has pages.
 */
int frame_vector_to_pages(struct frame_vector *vec);

/**
 * get_vaddr_frames() - pin pages of the calling process
 * @start: address of the first; its offset in the page does not matter
 * @nr_pfns: how many pages, not more than the vector has room for
 * @write: the device will write to them
 * @vec: an empty vector
 *
 * The pin is a long-term one: pages are moved out of memory that must stay
 * movable, and file mappings that a device cannot write to safely are refused.
 * Mappings without struct page (VM_PFNMAP, VM_IO) are refused as well: nothing
 * would keep the memory behind them alive.
 *
 * Context: process, may sleep. Takes the mmap_lock.
 *
 * Return: how many pages were pinned, which may be fewer than asked for, or a
 * negative error code: -EFAULT if @start is not mapped, or is read-only and
 * @write is set; -EINVAL if the vector is too small.
 */
int get_vaddr_frames(unsigned long start, unsigned int nr_pfns, bool write,
		     struct frame_vector *vec);

/**
 * put_vaddr_frames() - unpin the pages of a vector
 * @vec: the vector; empty afterwards
 *
 * Context: process, may sleep.
 */
void put_vaddr_frames(struct frame_vector *vec);

/**
 * frame_vector_destroy() - free a vector
 * @vec: the vector; its pages were given back by put_vaddr_frames()
 *
 * Context: process, may sleep.
 */
void frame_vector_destroy(struct frame_vector *vec);

/**
 * frame_vector_count() - how many pages a vector holds
 * @vec: the vector
 *
 * Context: any.
 *
 * Return: the number.
 */
static inline unsigned int frame_vector_count(struct frame_vector *vec)
{
	return vec->nr_frames;
}

/**
 * frame_vector_pages() - the pages of a vector
 * @vec: the vector
 *
 * Context: any.
 *
 * Return: an array of frame_vector_count() pages, or an ERR_PTR().
 */
static inline struct page **frame_vector_pages(struct frame_vector *vec)
{
	int ret = frame_vector_to_pages(vec);

	return ret ? ERR_PTR(ret) : vec->pages;
}

/**
 * frame_vector_to_pfns() - let frame_vector_pfns() work
 * @vec: the vector
 *
 * Context: any.
 */
void frame_vector_to_pfns(struct frame_vector *vec);

/**
 * frame_vector_pfns() - the page frame numbers of a vector
 * @vec: the vector
 *
 * Context: any.
 *
 * Return: an array of frame_vector_count() numbers.
 */
static inline unsigned long *frame_vector_pfns(struct frame_vector *vec)
{
	frame_vector_to_pfns(vec);
	return vec->pfns;
}

#endif /* _MEDIA_FRAME_VECTOR_H */
