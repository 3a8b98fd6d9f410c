/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of vb2's memory share
 *
 * A "path" is a device, or pair of device nodes, that copies what is queued to
 * OUTPUT into what is queued to CAPTURE: virtcap's loop (by the CPU) or
 * vb2-memory-edu (by bus master DMA). Pictures are small, because the latter is
 * slow, and end in the middle of a page.
 */
#ifndef VB2_MEMORY_H
#define VB2_MEMORY_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/dma-buf.h>
#include <linux/videodev2.h>

#define WIDTH	160
#define HEIGHT	124
#define SIZE	(WIDTH * HEIGHT)
/* What the allocators make of it */
#define ROOM	((SIZE + 4095UL) & ~4095UL)
#define LOOP_INPUT	3

/* A picture: what holds it and what is in it */
struct side {
	unsigned int memory;
	/* V4L2_MEMORY_DMABUF */
	int fd;
	/* V4L2_MEMORY_USERPTR */
	void *ptr;
	/* of the memory; 0 for SIZE */
	unsigned int length;
	/* V4L2_MEMORY_MMAP: what to put there, or where to put it */
	unsigned char *data;
	/* V4L2_MEMORY_FLAG_* */
	unsigned int flags;
};

struct path {
	int out;
	int cap;
	bool iommu;
};

static inline int xioctl(int fd, unsigned long request, void *arg)
{
	int ret;

	do {
		ret = ioctl(fd, request, arg);
	} while (ret < 0 && errno == EINTR);
	return ret < 0 ? -errno : ret;
}

/* The nth video node of that name, and whether an IOMMU is before it */
static inline int node_open(const char *name, unsigned int nth, bool *iommu)
{
	char path[PATH_MAX], text[64] = "";

	for (unsigned int i = 0; i < 256; i++) {
		FILE *f;

		snprintf(path, sizeof(path),
			 "/sys/class/video4linux/video%u/name", i);
		f = fopen(path, "r");
		if (!f)
			continue;
		if (!fgets(text, sizeof(text), f))
			text[0] = 0;
		fclose(f);
		text[strcspn(text, "\n")] = 0;
		if (strcmp(text, name) || nth--)
			continue;

		snprintf(path, sizeof(path),
			 "/sys/class/video4linux/video%u/device/iommu_group/type",
			 i);
		f = fopen(path, "r");
		text[0] = 0;
		if (f && !fgets(text, sizeof(text), f))
			text[0] = 0;
		if (f)
			fclose(f);
		if (iommu)
			*iommu = !strncmp(text, "DMA", 3);
		snprintf(path, sizeof(path), "/dev/video%u", i);
		return open(path, O_RDWR | O_NONBLOCK);
	}
	errno = ENODEV;
	return -1;
}

static inline int format_set(int fd, unsigned int type)
{
	struct v4l2_format f = { .type = type };
	int ret;

	f.fmt.pix.width = WIDTH;
	f.fmt.pix.height = HEIGHT;
	f.fmt.pix.pixelformat = V4L2_PIX_FMT_GREY;
	f.fmt.pix.field = V4L2_FIELD_NONE;
	ret = xioctl(fd, VIDIOC_S_FMT, &f);
	if (ret)
		return ret;
	return f.fmt.pix.sizeimage == SIZE ? 0 : -ERANGE;
}

/* "virtcap.N" or "edu.N" */
static inline int path_open(struct path *p, const char *device)
{
	unsigned int nr = atoi(strchr(device, '.') + 1);
	unsigned int loop = LOOP_INPUT;
	char name[64];
	int ret = 0;

	*p = (struct path) { .out = -1, .cap = -1 };
	if (!strncmp(device, "edu", 3)) {
		p->out = node_open("edu", nr, &p->iommu);
		p->cap = p->out < 0 ? -1 : dup(p->out);
	} else {
		snprintf(name, sizeof(name), "virtcap.%u capture", nr);
		p->cap = node_open(name, 0, &p->iommu);
		snprintf(name, sizeof(name), "virtcap.%u output", nr);
		p->out = node_open(name, 0, NULL);
		if (p->cap >= 0)
			ret = xioctl(p->cap, VIDIOC_S_INPUT, &loop);
	}
	if (p->out < 0 || p->cap < 0)
		return -errno;
	if (!ret)
		ret = format_set(p->out, V4L2_BUF_TYPE_VIDEO_OUTPUT);
	if (!ret)
		ret = format_set(p->cap, V4L2_BUF_TYPE_VIDEO_CAPTURE);
	return ret;
}

static inline void path_close(struct path *p)
{
	if (p->out >= 0)
		close(p->out);
	if (p->cap >= 0)
		close(p->cap);
	p->out = -1;
	p->cap = -1;
}

static inline int reqbufs_flags(int fd, unsigned int type, unsigned int memory,
				unsigned int count, unsigned int flags)
{
	struct v4l2_requestbuffers req = {
		.type = type, .memory = memory, .count = count, .flags = flags,
	};
	int ret = xioctl(fd, VIDIOC_REQBUFS, &req);

	return ret ?: (int)req.count;
}

static inline int reqbufs(int fd, unsigned int type, unsigned int memory,
			  unsigned int count)
{
	return reqbufs_flags(fd, type, memory, count, 0);
}

static inline void *buffer_map(int fd, unsigned int type, unsigned int index)
{
	struct v4l2_buffer buf = {
		.type = type, .memory = V4L2_MEMORY_MMAP, .index = index,
	};
	int ret = xioctl(fd, VIDIOC_QUERYBUF, &buf);

	if (ret) {
		errno = -ret;
		return MAP_FAILED;
	}
	return mmap(NULL, buf.length, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		    buf.m.offset);
}

static inline int buffer_export(int fd, unsigned int type, unsigned int index,
				int flags)
{
	struct v4l2_exportbuffer exp = {
		.type = type, .index = index, .flags = flags,
	};
	int ret = xioctl(fd, VIDIOC_EXPBUF, &exp);

	return ret ?: exp.fd;
}

static inline int side_queue_index(int fd, unsigned int type,
				   const struct side *s, unsigned int index)
{
	struct v4l2_buffer buf = {
		.type = type, .memory = s->memory, .index = index,
		.field = V4L2_FIELD_NONE, .length = s->length ?: SIZE,
	};

	if (type == V4L2_BUF_TYPE_VIDEO_OUTPUT)
		buf.bytesused = SIZE;
	if (s->memory == V4L2_MEMORY_DMABUF) {
		buf.m.fd = s->fd;
		/* 0: as long as the dma-buf is */
		buf.length = s->length;
	}
	if (s->memory == V4L2_MEMORY_USERPTR)
		buf.m.userptr = (unsigned long)s->ptr;
	return xioctl(fd, VIDIOC_QBUF, &buf);
}

static inline int side_queue(int fd, unsigned int type, const struct side *s)
{
	return side_queue_index(fd, type, s, 0);
}

static inline int side_dequeue(int fd, unsigned int type, unsigned int memory)
{
	short events = type == V4L2_BUF_TYPE_VIDEO_OUTPUT ? POLLOUT : POLLIN;
	struct pollfd pfd = { .fd = fd, .events = events };
	struct v4l2_buffer buf = { .type = type, .memory = memory };
	int ret;

	if (poll(&pfd, 1, 20000) <= 0)
		return -ETIMEDOUT;
	ret = xioctl(fd, VIDIOC_DQBUF, &buf);
	if (!ret && (buf.flags & V4L2_BUF_FLAG_ERROR))
		ret = -EIO;
	return ret;
}

static inline int side_prepare(int fd, unsigned int type, struct side *s)
{
	unsigned char *map;
	int ret = reqbufs_flags(fd, type, s->memory, 1, s->flags);

	if (ret < 0 || s->memory != V4L2_MEMORY_MMAP ||
	    type != V4L2_BUF_TYPE_VIDEO_OUTPUT)
		return ret < 0 ? ret : 0;
	map = buffer_map(fd, type, 0);
	if (map == MAP_FAILED)
		return -errno;
	memcpy(map, s->data, SIZE);
	munmap(map, SIZE);
	return 0;
}

static inline int side_result(int fd, unsigned int type, struct side *s)
{
	unsigned char *map;
	int ret = side_dequeue(fd, type, s->memory);

	if (!ret && s->memory == V4L2_MEMORY_MMAP &&
	    type == V4L2_BUF_TYPE_VIDEO_CAPTURE) {
		map = buffer_map(fd, type, 0);
		if (map == MAP_FAILED)
			return -errno;
		memcpy(s->data, map, SIZE);
		munmap(map, SIZE);
	}
	return ret;
}

/* One picture from here to there; the first error as a negative number */
static inline int path_copy(struct path *p, struct side *from, struct side *to)
{
	unsigned int out = V4L2_BUF_TYPE_VIDEO_OUTPUT;
	unsigned int cap = V4L2_BUF_TYPE_VIDEO_CAPTURE;
	int ret = side_prepare(p->out, out, from);

	if (!ret)
		ret = side_prepare(p->cap, cap, to);
	if (!ret)
		ret = xioctl(p->out, VIDIOC_STREAMON, &out);
	if (!ret)
		ret = xioctl(p->cap, VIDIOC_STREAMON, &cap);
	/* Not before both sides stream, or they would not belong together */
	if (!ret)
		ret = side_queue(p->cap, cap, to);
	if (!ret)
		ret = side_queue(p->out, out, from);
	if (!ret)
		ret = side_result(p->out, out, from);
	if (!ret)
		ret = side_result(p->cap, cap, to);
	xioctl(p->cap, VIDIOC_STREAMOFF, &cap);
	xioctl(p->out, VIDIOC_STREAMOFF, &out);
	reqbufs(p->out, out, from->memory, 0);
	reqbufs(p->cap, cap, to->memory, 0);
	return ret;
}

/* Bytes that no other picture has */
static inline void picture(unsigned char *data, unsigned int seed)
{
	uint32_t x = seed * 2654435761u + 1;

	for (unsigned int i = 0; i < SIZE; i++) {
		x = x * 1664525 + 1013904223;
		data[i] = x >> 24;
	}
}

enum layout {
	ONE_RUN,
	SCATTERED,
	/* The mapping has no pages that user space could see */
	HIDDEN,
};

/* Do the pages of a mapping follow each other in physical memory? */
static inline enum layout layout(const void *map, size_t size)
{
	int fd = open("/proc/self/pagemap", O_RDONLY);
	size_t pages = ((uintptr_t)map % 4096 + size + 4095) / 4096;
	const char *bytes = map;
	enum layout found = ONE_RUN;
	uint64_t entry, first = 0;

	for (size_t i = 0; i < pages; i++) {
		off_t where = ((uintptr_t)map / 4096 + i) * sizeof(entry);

		/* So that there is a page */
		asm volatile("" : : "r" (bytes[i * 4096]));
		if (pread(fd, &entry, sizeof(entry), where) != sizeof(entry) ||
		    !(entry & (1ULL << 63))) {
			found = HIDDEN;
			break;
		}
		entry &= (1ULL << 55) - 1;
		if (!i)
			first = entry;
		if (entry != first + i)
			found = SCATTERED;
	}
	close(fd);
	return found;
}

/*
 * Without CONFIG_MMU_NOTIFIER, which the debug kernel may lack, the kernel does
 * not tell when a process changes its memory: no pin is kept, but all is right.
 */
static inline bool pins_are_kept(void)
{
	FILE *f = fopen("/proc/kallsyms", "r");
	bool found = false;
	char line[512];

	while (f && !found && fgets(line, sizeof(line), f))
		found = strstr(line, " mmu_interval_notifier_insert\n");
	if (f)
		fclose(f);
	return found;
}

static inline void *anonymous(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p != MAP_FAILED)
		memset(p, 0x55, size);
	return p;
}

static inline int cpu_access(int fd, unsigned long flags)
{
	struct dma_buf_sync sync = { .flags = flags };

	return xioctl(fd, DMA_BUF_IOCTL_SYNC, &sync);
}

#endif
