/* SPDX-License-Identifier: GPL-2.0-only */
/* videobuf2: what memory allocators have in common */
#ifndef _MEDIA_VIDEOBUF2_MEMOPS_H
#define _MEDIA_VIDEOBUF2_MEMOPS_H

#include <linux/mm.h>

#include <media/videobuf2-v4l2.h>

struct frame_vector;

/**
 * vb2_destroy_framevec() - unpin memory
 * @vec: what vb2_create_framevec() returned
 *
 * Pages that were pinned for writing are marked dirty.
 *
 * Context: process, may sleep.
 */
void vb2_destroy_framevec(struct frame_vector *vec);

/**
 * vb2_create_framevec() - pin memory of the calling process
 * @start: its address
 * @length: its length in bytes
 * @write: the device will write to it
 *
 * Context: process, may sleep. Takes the mmap_lock.
 *
 * Return: all pages that the range touches. An ERR_PTR() if one of them cannot
 * be pinned, and then none is: -EFAULT if it is not mapped, or is read-only
 * and @write is set, or has no struct page; -EINVAL if there is no such range;
 * -ENOMEM.
 */
struct frame_vector *vb2_create_framevec(unsigned long start,
					 unsigned long length, bool write);

#endif /* _MEDIA_VIDEOBUF2_MEMOPS_H */
