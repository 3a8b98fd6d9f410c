// SPDX-License-Identifier: GPL-2.0-only
/* Pages of a process, pinned for a device */
#include <linux/export.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/slab.h>

#include <media/frame_vector.h>
#include <media/videobuf2-memops.h>

struct frame_vector *frame_vector_create(unsigned int nr_frames)
{
	struct frame_vector *vec;

	if (!nr_frames || nr_frames > INT_MAX)
		return NULL;
	vec = kvzalloc(struct_size(vec, pages, nr_frames), GFP_KERNEL_ACCOUNT);
	if (vec)
		vec->nr_allocated = nr_frames;
	return vec;
}
EXPORT_SYMBOL(frame_vector_create);

void frame_vector_destroy(struct frame_vector *vec)
{
	WARN_ON_ONCE(vec->nr_frames);
	kvfree(vec);
}
EXPORT_SYMBOL(frame_vector_destroy);

int get_vaddr_frames(unsigned long start, unsigned int nr_pfns, bool write,
		     struct frame_vector *vec)
{
	unsigned int flags = FOLL_LONGTERM | (write ? FOLL_WRITE : 0);
	int pinned;

	if (!nr_pfns || nr_pfns > vec->nr_allocated || vec->nr_frames)
		return -EINVAL;

	pinned = pin_user_pages_fast(start, nr_pfns, flags, vec->pages);
	if (pinned <= 0)
		return pinned ?: -EFAULT;

	vec->nr_frames = pinned;
	vec->write = write;
	vec->is_pfns = false;
	return pinned;
}
EXPORT_SYMBOL(get_vaddr_frames);

void put_vaddr_frames(struct frame_vector *vec)
{
	frame_vector_to_pages(vec);
	unpin_user_pages_dirty_lock(vec->pages, vec->nr_frames, vec->write);
	vec->nr_frames = 0;
}
EXPORT_SYMBOL(put_vaddr_frames);

int frame_vector_to_pages(struct frame_vector *vec)
{
	unsigned int i;

	for (i = 0; vec->is_pfns && i < vec->nr_frames; i++)
		vec->pages[i] = pfn_to_page(vec->pfns[i]);
	vec->is_pfns = false;
	return 0;
}
EXPORT_SYMBOL(frame_vector_to_pages);

void frame_vector_to_pfns(struct frame_vector *vec)
{
	unsigned int i;

	for (i = 0; !vec->is_pfns && i < vec->nr_frames; i++)
		vec->pfns[i] = page_to_pfn(vec->pages[i]);
	vec->is_pfns = true;
}
EXPORT_SYMBOL(frame_vector_to_pfns);

void vb2_destroy_framevec(struct frame_vector *vec)
{
	put_vaddr_frames(vec);
	frame_vector_destroy(vec);
}
EXPORT_SYMBOL(vb2_destroy_framevec);

struct frame_vector *vb2_create_framevec(unsigned long start,
					 unsigned long length, bool write)
{
	unsigned long last, nr;
	struct frame_vector *vec;
	int pinned;

	if (!length || check_add_overflow(start, length - 1, &last))
		return ERR_PTR(-EINVAL);
	nr = (last >> PAGE_SHIFT) - (start >> PAGE_SHIFT) + 1;
	if (nr > INT_MAX)
		return ERR_PTR(-EINVAL);
	vec = frame_vector_create(nr);
	if (!vec)
		return ERR_PTR(-ENOMEM);
	pinned = get_vaddr_frames(start, nr, write, vec);
	if (pinned == nr)
		return vec;
	vb2_destroy_framevec(vec);
	return ERR_PTR(pinned < 0 ? pinned : -EFAULT);
}
EXPORT_SYMBOL(vb2_create_framevec);
