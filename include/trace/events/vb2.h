/* SPDX-License-Identifier: GPL-2.0-only */
/* videobuf2: what happens to a buffer, in this order */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM vb2

#if !defined(_TRACE_EVENTS_VB2_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_EVENTS_VB2_H

#include <linux/tracepoint.h>

#include <media/videobuf2-core.h>

/**
 * DOC: events
 *
 * Four tracepoints of the system ``vb2`` show the way of each buffer, in this
 * order:
 *
 * ``vb2_qbuf``
 *	QBUF took the buffer: it is prepared, and in the queue.
 * ``vb2_buf_queue``
 *	The driver gets it.
 * ``vb2_buf_done``
 *	The driver gives it back. In the context of vb2_buffer_done().
 * ``vb2_dqbuf``
 *	DQBUF takes it out. The payload is known, buf_finish not called yet.
 *
 * All have the same fields: ``owner`` (which file handle, or 0),
 * ``queued_count`` (buffers in the queue), ``owned_by_drv_count`` (those that
 * the driver has), and of the buffer ``index``, ``type``, ``bytesused`` of its
 * first plane and ``timestamp`` in nanoseconds.
 */

/* The fields are read by tools: their names and order stay */
DECLARE_EVENT_CLASS(vb2_event_class,
	TP_PROTO(struct vb2_queue *q, struct vb2_buffer *vb), TP_ARGS(q, vb),
	TP_STRUCT__entry(
		__field(void *, owner)		__field(u32, queued_count)
		__field(int, owned_by_drv_count)
		__field(u32, index)		__field(u32, type)
		__field(u32, bytesused)		__field(u64, timestamp)
	),
	TP_fast_assign(
		const struct vb2_plane *first = vb->planes;

		__entry->index = vb->index;
		__entry->type = vb->type;
		__entry->bytesused = first->bytesused;
		__entry->timestamp = vb->timestamp;
		__entry->owner = q->owner;
		__entry->queued_count = q->queued_count;
		__entry->owned_by_drv_count =
			atomic_read(&q->owned_by_drv_count);
	),
	TP_printk("owner = %p, queued = %u, owned_by_drv = %d, index = %u, type = %u, bytesused = %u, timestamp = %llu",
		  __entry->owner, __entry->queued_count,
		  __entry->owned_by_drv_count, __entry->index,
		  __entry->type, __entry->bytesused, __entry->timestamp)
)

/* QBUF took it; the driver got it; the driver gave it back; DQBUF took it */
DEFINE_EVENT(vb2_event_class, vb2_qbuf,
	     TP_PROTO(struct vb2_queue *q, struct vb2_buffer *vb),
	     TP_ARGS(q, vb));
DEFINE_EVENT(vb2_event_class, vb2_buf_queue,
	     TP_PROTO(struct vb2_queue *q, struct vb2_buffer *vb),
	     TP_ARGS(q, vb));
DEFINE_EVENT(vb2_event_class, vb2_buf_done,
	     TP_PROTO(struct vb2_queue *q, struct vb2_buffer *vb),
	     TP_ARGS(q, vb));
DEFINE_EVENT(vb2_event_class, vb2_dqbuf,
	     TP_PROTO(struct vb2_queue *q, struct vb2_buffer *vb),
	     TP_ARGS(q, vb));

/*
 * A plane gets memory that user space named: found among what was kept, or
 * acquired. What is kept is counted without it.
 */
TRACE_EVENT(vb2_memory,
	TP_PROTO(struct vb2_queue *q, struct vb2_buffer *vb, unsigned int plane,
		 bool found, unsigned int kept),
	TP_ARGS(q, vb, plane, found, kept),
	TP_STRUCT__entry(
		__field(void *, owner)		__field(u32, index)
		__field(u32, plane)		__field(u32, length)
		__field(bool, found)		__field(u32, kept)
	),
	TP_fast_assign(
		__entry->owner = q->owner;
		__entry->index = vb->index;
		__entry->plane = plane;
		__entry->length = vb->planes[plane].length;
		__entry->found = found;
		__entry->kept = kept;
	),
	TP_printk("owner = %p, index = %u, plane = %u, length = %u, found = %d, kept = %u",
		  __entry->owner, __entry->index, __entry->plane,
		  __entry->length, __entry->found, __entry->kept)
);

#endif /* _TRACE_EVENTS_VB2_H */

/* Outside of the guard, as every trace header */
#include <trace/define_trace.h>
