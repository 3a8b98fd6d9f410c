// SPDX-License-Identifier: GPL-2.0-only
/*
 * videobuf2: who may hand a buffer to whom
 *
 * A buffer has one owner at any time, and its state names the owner. Every
 * change the core makes goes through vb2_state_set(), which compares it with
 * the table below:
 *
 *	            PREPARE_BUF, QBUF          QBUF        buf_queue
 *	DEQUEUED <---> PREPARING     DEQUEUED -----> QUEUED -----> ACTIVE
 *	    ^  \                         ^              |  <-----    |
 *	    |   \ QBUF with request      +--------------+  failed    |
 *	    |    v                          STREAMOFF      start     |
 *	    |  IN_REQUEST ---> QUEUED                                |
 *	    |                                        vb2_buffer_done |
 *	    +------------ DONE, ERROR <------------------------------+
 *	      DQBUF, STREAMOFF
 *
 * Some drivers (mem2mem, zoran, tw686x, omap4iss) write ACTIVE themselves. That
 * does no harm: it only repeats what the core wrote, or takes a queued buffer.
 */
#include <kunit/visibility.h>

#include "vb2-internal.h"

static const char * const names[] = {
	[VB2_BUF_STATE_DEQUEUED]	= "DEQUEUED",
	[VB2_BUF_STATE_IN_REQUEST]	= "IN_REQUEST",
	[VB2_BUF_STATE_PREPARING]	= "PREPARING",
	[VB2_BUF_STATE_QUEUED]		= "QUEUED",
	[VB2_BUF_STATE_ACTIVE]		= "ACTIVE",
	[VB2_BUF_STATE_DONE]		= "DONE",
	[VB2_BUF_STATE_ERROR]		= "ERROR",
};

/* For each state the states that may follow */
const u8 vb2_state_legal[] = {
	[VB2_BUF_STATE_DEQUEUED]	= BIT(VB2_BUF_STATE_PREPARING) |
					  BIT(VB2_BUF_STATE_IN_REQUEST) |
					  BIT(VB2_BUF_STATE_QUEUED),
	[VB2_BUF_STATE_IN_REQUEST]	= BIT(VB2_BUF_STATE_PREPARING) |
					  BIT(VB2_BUF_STATE_QUEUED) |
					  BIT(VB2_BUF_STATE_DEQUEUED),
	[VB2_BUF_STATE_PREPARING]	= BIT(VB2_BUF_STATE_DEQUEUED) |
					  BIT(VB2_BUF_STATE_IN_REQUEST),
	/* Back to a request when its start_streaming failed */
	[VB2_BUF_STATE_QUEUED]		= BIT(VB2_BUF_STATE_ACTIVE) |
					  BIT(VB2_BUF_STATE_DEQUEUED) |
					  BIT(VB2_BUF_STATE_IN_REQUEST),
	[VB2_BUF_STATE_ACTIVE]		= BIT(VB2_BUF_STATE_ACTIVE) |
					  BIT(VB2_BUF_STATE_QUEUED) |
					  BIT(VB2_BUF_STATE_DONE) |
					  BIT(VB2_BUF_STATE_ERROR),
	/* vb2_discard_done() */
	[VB2_BUF_STATE_DONE]		= BIT(VB2_BUF_STATE_ERROR) |
					  BIT(VB2_BUF_STATE_DEQUEUED),
	[VB2_BUF_STATE_ERROR]		= BIT(VB2_BUF_STATE_ERROR) |
					  BIT(VB2_BUF_STATE_DEQUEUED),
};
EXPORT_SYMBOL_IF_KUNIT(vb2_state_legal);

const char *vb2_state_name(enum vb2_buffer_state state)
{
	return state < ARRAY_SIZE(names) ? names[state] : "invalid";
}

void vb2_state_warn(struct vb2_buffer *vb, enum vb2_buffer_state new)
{
	vb2_report_bug(vb->vb2_queue, "buffer %u may not go from %s to %s",
		       vb->index, vb2_state_name(vb->state),
		       vb2_state_name(new));
}
EXPORT_SYMBOL_IF_KUNIT(vb2_state_warn);
