/* SPDX-License-Identifier: GPL-2.0-only */
/* videobuf2: memory for drivers that fill it with the CPU */
#ifndef _MEDIA_VIDEOBUF2_VMALLOC_H
#define _MEDIA_VIDEOBUF2_VMALLOC_H

#include <media/videobuf2-v4l2.h>

/* For &vb2_queue.mem_ops; needs no device */
extern const struct vb2_mem_ops vb2_vmalloc_memops;

#endif /* _MEDIA_VIDEOBUF2_VMALLOC_H */
