/* SPDX-License-Identifier: GPL-2.0-only */
/* videobuf2: what the rooms of the V4L2 front-end share */
#ifndef _VB2_V4L2_H
#define _VB2_V4L2_H

#include <linux/printk.h>

#include <media/videobuf2-v4l2.h>

extern int vb2_v4l2_debug;

/* Why a caller got its error: parameter "debug" of videobuf2-v4l2 */
#define vb2_v4l2_dbg(q, fmt, ...)					\
	do {								\
		if (unlikely(vb2_v4l2_debug > 0))			\
			pr_info("vb2-v4l2: %s: %s: " fmt, (q)->name,	\
				__func__, ##__VA_ARGS__);		\
	} while (0)

/* vb2-v4l2-buffer.c */
extern const struct vb2_buf_ops vb2_v4l2_buf_ops;
struct vb2_buffer *vb2_v4l2_find(struct vb2_queue *q,
				 const struct v4l2_buffer *b);
int vb2_v4l2_check(const struct vb2_buffer *vb, const struct v4l2_buffer *b);
void vb2_v4l2_store(struct vb2_buffer *vb, const struct v4l2_buffer *b);

#endif /* _VB2_V4L2_H */
