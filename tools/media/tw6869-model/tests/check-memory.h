/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory of somebody else, as dma-bufs. */
#ifndef CHECK_MEMORY_H
#define CHECK_MEMORY_H

#include <linux/videodev2.h>
#include <stddef.h>
#include <stdint.h>

struct exporter {
	const char *name;	/* udmabuf, vgem, or the path of a V4L2 node */
	int fd;
};

/* For @count buffers of @pix; 0, or -1 with errno */
int exporter_open(struct exporter *e, const char *name, unsigned int count,
		  const struct v4l2_pix_format *pix);
void exporter_close(struct exporter *e);
/* The dma-buf's descriptor, or -1; @mem: mapped, not through the dma-buf */
int exporter_buffer(struct exporter *e, unsigned int i, size_t len,
		    uint8_t **mem);

/* A DRM device that has no hardware: a descriptor, or -1 */
int vgem_open(void);

#endif
