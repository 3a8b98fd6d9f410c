// SPDX-License-Identifier: GPL-2.0-only
/* vb2-bench: the null driver and its queues */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/udmabuf.h>

#include "bench.h"

#define PARAMETERS "/sys/module/vb2_null/parameters/"

const char *driver_path;

void fail(const char *fmt, ...)
{
	va_list args;

	fflush(stdout);
	fputs("vb2-bench: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

void do_ioctl(int fd, unsigned long request, void *arg, const char *name)
{
	if (ioctl(fd, request, arg))
		fail("%s: %s", name, strerror(errno));
}

void driver_unload(void)
{
	if (syscall(SYS_delete_module, "vb2_null", O_NONBLOCK) &&
	    errno != ENOENT)
		fail("unloading the driver: %s", strerror(errno));
}

void driver_load(const char *fmt, ...)
{
	char parameters[256];
	va_list args;
	int fd;

	driver_unload();
	va_start(args, fmt);
	vsnprintf(parameters, sizeof(parameters), fmt, args);
	va_end(args);

	fd = open(driver_path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		fail("%s: %s", driver_path, strerror(errno));
	if (syscall(SYS_finit_module, fd, parameters, 0))
		fail("%s %s: %s (see the kernel log)", driver_path, parameters,
		     strerror(errno));
	close(fd);
}

unsigned int driver_queue_bytes(void)
{
	FILE *file = fopen(PARAMETERS "queue_bytes", "r");
	unsigned int bytes;

	if (!file || fscanf(file, "%u", &bytes) != 1)
		fail("no " PARAMETERS "queue_bytes");
	fclose(file);
	return bytes;
}

/* Node 0 or 1 of the driver, which is the only video driver of the guest */
struct queue queue_open(unsigned int node, unsigned int memory)
{
	struct queue q = { .memory = memory };
	struct v4l2_capability cap;
	struct v4l2_format format;
	char path[32];

	snprintf(path, sizeof(path), "/dev/video%u", node);
	q.fd = open(path, O_RDWR | O_CLOEXEC);
	if (q.fd < 0)
		fail("%s: %s", path, strerror(errno));
	IOCTL(q.fd, VIDIOC_QUERYCAP, &cap);
	if (strcmp((char *)cap.driver, "vb2_null"))
		fail("%s belongs to %s", path, cap.driver);

	memset(&format, 0, sizeof(format));
	q.type = cap.device_caps & V4L2_CAP_VIDEO_CAPTURE ?
		V4L2_BUF_TYPE_VIDEO_CAPTURE : V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE;
	format.type = q.type;
	IOCTL(q.fd, VIDIOC_G_FMT, &format);
	if (q.type == V4L2_BUF_TYPE_VIDEO_CAPTURE) {
		q.planes = 1;
		q.size = format.fmt.pix.sizeimage;
	} else {
		q.planes = format.fmt.pix_mp.num_planes;
		q.size = format.fmt.pix_mp.plane_fmt[0].sizeimage;
	}
	return q;
}

void queue_close(struct queue *q)
{
	close(q->fd);
}

/* REQBUFS that must give as many as asked for */
void queue_request(struct queue *q, unsigned int count)
{
	struct v4l2_requestbuffers req = {
		.type = q->type, .memory = q->memory, .count = count,
	};

	IOCTL(q->fd, VIDIOC_REQBUFS, &req);
	if (req.count != count)
		fail("%u buffers instead of %u", req.count, count);
	q->count = count;
}

void queue_stream(struct queue *q, bool on)
{
	if (on)
		IOCTL(q->fd, VIDIOC_STREAMON, &q->type);
	else
		IOCTL(q->fd, VIDIOC_STREAMOFF, &q->type);
}

void frame_init(const struct queue *q, struct frame *f, unsigned int index)
{
	unsigned int i;

	memset(f, 0, sizeof(*f));
	f->buf.type = q->type;
	f->buf.memory = q->memory;
	f->buf.index = index;
	if (q->type == V4L2_BUF_TYPE_VIDEO_CAPTURE) {
		f->buf.length = q->size;
		return;
	}
	f->buf.length = q->planes;
	f->buf.m.planes = f->planes;
	for (i = 0; i < q->planes; i++)
		f->planes[i].length = q->size;
}

/* Name the memory of an item of the supply; NULL for MMAP */
void frame_set(const struct queue *q, struct frame *f,
	       const struct supply *supply, unsigned int number)
{
	unsigned int i;

	if (!supply)
		return;
	number %= supply->count;
	if (q->type == V4L2_BUF_TYPE_VIDEO_CAPTURE) {
		f->buf.m.userptr = supply->item[number][0].userptr;
		return;
	}
	for (i = 0; i < q->planes; i++)
		f->planes[i].m.userptr = supply->item[number][i].userptr;
}

/* Let @from have @count buffers and export them all */
void supply_export(struct supply *s, struct queue *from, unsigned int count)
{
	unsigned int n, i;

	memset(s, 0, sizeof(*s));
	s->count = count;
	queue_request(from, count);
	for (n = 0; n < count; n++) {
		for (i = 0; i < from->planes; i++) {
			struct v4l2_exportbuffer exp = {
				.type = from->type, .index = n, .plane = i,
				.flags = O_RDWR | O_CLOEXEC,
			};

			IOCTL(from->fd, VIDIOC_EXPBUF, &exp);
			s->item[n][i].fd = exp.fd;
		}
	}
}

/* The same of scattered pages, as other drivers' buffers may be */
void supply_scattered(struct supply *s, const struct queue *q,
		      unsigned int count)
{
	int device = open("/dev/udmabuf", O_RDWR | O_CLOEXEC);
	unsigned int n, i;

	if (device < 0)
		fail("/dev/udmabuf: %s", strerror(errno));
	memset(s, 0, sizeof(*s));
	s->count = count;
	for (n = 0; n < count; n++) {
		for (i = 0; i < q->planes; i++) {
			struct udmabuf_create create = { .size = q->size };
			int fd = memfd_create("plane", MFD_ALLOW_SEALING);

			if (fd < 0 || ftruncate(fd, q->size) ||
			    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK))
				fail("no memory for a dma-buf");
			create.memfd = fd;
			s->item[n][i].fd = ioctl(device, UDMABUF_CREATE,
						 &create);
			if (s->item[n][i].fd < 0)
				fail("UDMABUF_CREATE: %s", strerror(errno));
			close(fd);
		}
	}
	close(device);
}

void supply_allocate(struct supply *s, const struct queue *q,
		     unsigned int count)
{
	unsigned int n, i;
	void *addr;

	memset(s, 0, sizeof(*s));
	s->count = count;
	for (n = 0; n < count; n++) {
		for (i = 0; i < q->planes; i++) {
			addr = mmap(NULL, q->size, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
			if (addr == MAP_FAILED)
				fail("no memory for the application's buffers");
			/* Huge pages are there or not, as it happens */
			madvise(addr, q->size, MADV_NOHUGEPAGE);
			memset(addr, 1, q->size);
			s->item[n][i].userptr = (unsigned long)addr;
		}
	}
}

void supply_release(struct supply *s, const struct queue *q)
{
	unsigned int n, i;

	for (n = 0; n < s->count; n++) {
		for (i = 0; i < q->planes; i++) {
			if (q->memory == V4L2_MEMORY_DMABUF)
				close(s->item[n][i].fd);
			else
				munmap((void *)s->item[n][i].userptr, q->size);
		}
	}
}
