// SPDX-License-Identifier: GPL-2.0-only
/* Memory of somebody else, as dma-bufs. */
#include <drm/drm.h>
#include <drm/drm_mode.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/udmabuf.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check-memory.h"

int vgem_open(void)
{
	char path[32], name[16];

	for (unsigned int i = 0; i < 16; i++) {
		struct drm_version v = { .name = name, .name_len = 15 };
		int fd;

		snprintf(path, sizeof(path), "/dev/dri/card%u", i);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			continue;
		memset(name, 0, sizeof(name));
		if (!ioctl(fd, DRM_IOCTL_VERSION, &v) && !strcmp(name, "vgem"))
			return fd;
		close(fd);
	}
	errno = ENODEV;
	return -1;
}

/* A node's own buffers, in the same format */
static int open_node(struct exporter *e, unsigned int count,
		     const struct v4l2_pix_format *pix)
{
	struct v4l2_format f = { .type = V4L2_BUF_TYPE_VIDEO_CAPTURE };
	struct v4l2_requestbuffers rb = {
		.count = count, .memory = V4L2_MEMORY_MMAP, .type = f.type,
	};

	e->fd = open(e->name, O_RDWR | O_CLOEXEC);
	if (e->fd < 0 || ioctl(e->fd, VIDIOC_G_FMT, &f))
		return -1;
	f.fmt.pix.width = pix->width;
	f.fmt.pix.height = pix->height;
	f.fmt.pix.pixelformat = pix->pixelformat;
	f.fmt.pix.bytesperline = 0;
	if (ioctl(e->fd, VIDIOC_S_FMT, &f) || ioctl(e->fd, VIDIOC_REQBUFS, &rb))
		return -1;
	errno = ENOSPC;
	return f.fmt.pix.sizeimage < pix->sizeimage || rb.count < count ? -1 : 0;
}

int exporter_open(struct exporter *e, const char *name, unsigned int count,
		  const struct v4l2_pix_format *pix)
{
	e->name = name;
	if (name[0] == '/')
		return open_node(e, count, pix);
	e->fd = strcmp(name, "vgem") ? open("/dev/udmabuf", O_RDWR | O_CLOEXEC) :
				       vgem_open();
	return e->fd < 0 ? -1 : 0;
}

void exporter_close(struct exporter *e)
{
	if (e->name && e->fd >= 0)
		close(e->fd);
	e->name = NULL;
}

static int node_buffer(struct exporter *e, unsigned int i, size_t len,
		       uint8_t **mem)
{
	struct v4l2_buffer vb = {
		.index = i, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
		.memory = V4L2_MEMORY_MMAP,
	};
	struct v4l2_exportbuffer exp = {
		.index = i, .type = vb.type, .flags = O_RDWR | O_CLOEXEC,
	};

	if (ioctl(e->fd, VIDIOC_QUERYBUF, &vb) ||
	    ioctl(e->fd, VIDIOC_EXPBUF, &exp))
		return -1;
	*mem = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, e->fd,
		    vb.m.offset);
	return exp.fd;
}

static int vgem_buffer(struct exporter *e, size_t len, uint8_t **mem)
{
	struct drm_mode_create_dumb dumb = {
		.width = len / 4, .height = 1, .bpp = 32,
	};
	struct drm_prime_handle prime = { .flags = DRM_CLOEXEC | DRM_RDWR };
	struct drm_mode_map_dumb map = { 0 };

	if (ioctl(e->fd, DRM_IOCTL_MODE_CREATE_DUMB, &dumb))
		return -1;
	map.handle = dumb.handle;
	prime.handle = dumb.handle;
	if (ioctl(e->fd, DRM_IOCTL_MODE_MAP_DUMB, &map) ||
	    ioctl(e->fd, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime))
		return -1;
	*mem = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, e->fd,
		    map.offset);
	return prime.fd;
}

/* Pages of a file in memory */
static int udmabuf_buffer(struct exporter *e, size_t len, uint8_t **mem)
{
	struct udmabuf_create c = { .flags = UDMABUF_FLAGS_CLOEXEC };
	int file = memfd_create("frame", MFD_CLOEXEC | MFD_ALLOW_SEALING), fd;

	if (file < 0)
		return -1;
	if (ftruncate(file, len) || fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK)) {
		close(file);
		return -1;
	}
	*mem = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	c.memfd = file;
	c.size = len;
	fd = ioctl(e->fd, UDMABUF_CREATE, &c);
	close(file);
	return fd;
}

int exporter_buffer(struct exporter *e, unsigned int i, size_t len,
		    uint8_t **mem)
{
	if (e->name[0] == '/')
		return node_buffer(e, i, len, mem);
	if (!strcmp(e->name, "vgem"))
		return vgem_buffer(e, len, mem);
	return udmabuf_buffer(e, len, mem);
}
