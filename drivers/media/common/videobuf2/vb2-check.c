// SPDX-License-Identifier: GPL-2.0-only
/*
 * videobuf2: were operations called in pairs?
 *
 * Only with VIDEO_ADV_DEBUG. Whatever was initialised, prepared or started must
 * have been cleaned up, finished or stopped when its buffer or queue goes. What
 * is reported here is a bug of the core, or of a driver that kept buffers.
 */
#include "vb2-internal.h"

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
	[VB2_COUNT_BUF_QUEUE]		= "buf_queue",
	[VB2_COUNT_BUF_DONE]		= "vb2_buffer_done",
};

static const char * const queue_counts[VB2_QUEUE_COUNTS] = {
	[VB2_COUNT_PREPARE_STREAMING]	= "prepare_streaming",
	[VB2_COUNT_UNPREPARE_STREAMING]	= "unprepare_streaming",
	[VB2_COUNT_START_STREAMING]	= "start_streaming",
	[VB2_COUNT_STOP_STREAMING]	= "stop_streaming",
	[VB2_COUNT_WAIT_PREPARE]	= "wait_prepare",
	[VB2_COUNT_WAIT_FINISH]		= "wait_finish",
};

static void check(struct vb2_queue *q, const char *what, unsigned int number,
		  const u32 *ledger, const char * const *names,
		  unsigned int counts)
{
	unsigned int i;

	for (i = 0; i < counts; i += 2)
		if (ledger[i] != ledger[i + 1])
			pr_warn("vb2: %s: %s %u unbalanced: %u %s, %u %s\n",
				q->name, what, number, ledger[i], names[i],
				ledger[i + 1], names[i + 1]);
}

void vb2_check_buffer(struct vb2_buffer *vb)
{
	check(vb->vb2_queue, "buffer", vb->index, vb->ledger, buffer_counts,
	      VB2_BUFFER_COUNTS);
}

void vb2_check_queue(struct vb2_queue *q)
{
	check(q, "queue of type", q->type, q->ledger, queue_counts,
	      VB2_QUEUE_COUNTS);
}
