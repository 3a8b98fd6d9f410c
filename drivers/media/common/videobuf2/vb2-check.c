// SPDX-License-Identifier: GPL-2.0-only
/*
 * videobuf2: reports of what must not happen
 *
 * What a driver did wrong is reported by vb2_driver_bug(), with the driver's
 * name, and never tolerated in silence.
 *
 * With VIDEO_ADV_DEBUG there is a ledger too: whatever was initialised,
 * prepared or started must have been cleaned up, finished or stopped when its
 * buffer or queue goes. What does not balance is a bug of the core, or of a
 * driver that kept buffers.
 */
#include <kunit/static_stub.h>
#include <kunit/visibility.h>

#include "vb2-internal.h"

/* Every report ends here, where KUnit can take it instead */
void vb2_show_bug(const struct vb2_queue *q, struct va_format *vaf)
{
	KUNIT_STATIC_STUB_REDIRECT(vb2_show_bug, q, vaf);

	WARN(1, "vb2: %s (%ps): driver bug: %pV\n", q ? q->name : "?",
	     q && q->ops ? q->ops->buf_queue : NULL, vaf);
}
EXPORT_SYMBOL_IF_KUNIT(vb2_show_bug);

void vb2_report_bug(const struct vb2_queue *q, const char *fmt, ...)
{
	struct va_format vaf = { .fmt = fmt };
	va_list args;

	va_start(args, fmt);
	vaf.va = &args;
	vb2_show_bug(q, &vaf);
	va_end(args);
}

static const char * const buffer_counts[VB2_BUFFER_COUNTS] = {
	[VB2_COUNT_MEM_ALLOC]		= "alloc",
	[VB2_COUNT_MEM_PUT]		= "put",
	[VB2_COUNT_GET_USERPTR]		= "get_userptr",
	[VB2_COUNT_PUT_USERPTR]		= "put_userptr",
	[VB2_COUNT_ATTACH_DMABUF]	= "attach_dmabuf",
	[VB2_COUNT_DETACH_DMABUF]	= "detach_dmabuf",
	[VB2_COUNT_MEM_PREPARE]		= "prepare",
	[VB2_COUNT_MEM_FINISH]		= "finish",
	[VB2_COUNT_BUF_INIT]		= "buf_init",
	[VB2_COUNT_BUF_CLEANUP]		= "buf_cleanup",
	[VB2_COUNT_BUF_PREPARE]		= "buf_prepare",
	[VB2_COUNT_BUF_FINISH]		= "buf_finish",
};

static const char * const queue_counts[VB2_QUEUE_COUNTS] = {
	[VB2_COUNT_PREPARE_STREAMING]	= "prepare_streaming",
	[VB2_COUNT_UNPREPARE_STREAMING]	= "unprepare_streaming",
	[VB2_COUNT_START_STREAMING]	= "start_streaming",
	[VB2_COUNT_STOP_STREAMING]	= "stop_streaming",
	[VB2_COUNT_WAIT_PREPARE]	= "wait_prepare",
	[VB2_COUNT_WAIT_FINISH]		= "wait_finish",
};

static void check(const struct vb2_queue *q, const char *what,
		  unsigned int number, const u32 *ledger,
		  const char * const *names, unsigned int counts)
{
	unsigned int i;

	for (i = 0; i < VB2_COUNTS(counts); i += 2)
		vb2_driver_bug(q, ledger[i] != ledger[i + 1],
			       "%s %u unbalanced: %u %s, %u %s", what, number,
			       ledger[i], names[i], ledger[i + 1],
			       names[i + 1]);
}

void vb2_check_buffer(struct vb2_buffer *vb)
{
	check(vb->vb2_queue, "buffer", vb->index, vb->ledger, buffer_counts,
	      VB2_BUFFER_COUNTS);
}
EXPORT_SYMBOL_IF_KUNIT(vb2_check_buffer);

void vb2_check_queue(struct vb2_queue *q)
{
	/* The last pair is open while somebody sleeps in DQBUF */
	check(q, "queue of type", q->type, q->ledger, queue_counts,
	      q->waiting_in_dqbuf ? VB2_COUNT_WAIT_PREPARE : VB2_QUEUE_COUNTS);
}
EXPORT_SYMBOL_IF_KUNIT(vb2_check_queue);
