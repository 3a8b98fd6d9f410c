// SPDX-License-Identifier: GPL-2.0-only
/*
 * A video node: format, buffers of every memory model, streaming
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vb2-frames.h"

void die(const char *fmt, ...)
{
	va_list args;

	fflush(stdout);
	va_start(args, fmt);
	fprintf(stderr, "vb2-frames: ");
	vfprintf(stderr, fmt, args);
	fprintf(stderr, "\n");
	va_end(args);
	exit(2);
}

static int xioctl(struct device *dev, unsigned long request, void *arg)
{
	int ret;

	do
		ret = ioctl(dev->fd, request, arg);
	while (ret < 0 && errno == EINTR);
	return ret;
}

static void must_ioctl(struct device *dev, unsigned long request,
		       const char *name, void *arg)
{
	if (xioctl(dev, request, arg) < 0)
		die("%s: %s: %s", dev->path, name, strerror(errno));
}

#define must(dev, request, arg)	must_ioctl(dev, request, #request, arg)

void device_open(struct device *dev, const char *path, bool output)
{
	struct v4l2_capability cap;
	uint32_t sp = output ? V4L2_CAP_VIDEO_OUTPUT : V4L2_CAP_VIDEO_CAPTURE;
	uint32_t mp = output ? V4L2_CAP_VIDEO_OUTPUT_MPLANE :
			       V4L2_CAP_VIDEO_CAPTURE_MPLANE;

	dev->path = path;
	dev->fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (dev->fd < 0)
		die("%s: %s", path, strerror(errno));
	must(dev, VIDIOC_QUERYCAP, &cap);
	if (!(cap.device_caps & (sp | mp)))
		die("%s: not a node for video %s", path,
		    output ? "output" : "capture");
	dev->mplane = cap.device_caps & mp;
	if (output)
		dev->type = dev->mplane ? V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE :
					  V4L2_BUF_TYPE_VIDEO_OUTPUT;
	else
		dev->type = dev->mplane ? V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE :
					  V4L2_BUF_TYPE_VIDEO_CAPTURE;
}

void device_set_input(struct device *dev, const char *name)
{
	struct v4l2_input input = { 0 };
	int index;

	while (!xioctl(dev, VIDIOC_ENUMINPUT, &input)) {
		if (!strcmp((char *)input.name, name)) {
			index = input.index;
			must(dev, VIDIOC_S_INPUT, &index);
			return;
		}
		input.index++;
	}
	die("%s: no input named %s; v4l2-ctl --list-inputs shows them", dev->path,
	    name);
}

static void plane_layout(struct device *dev, unsigned int p, struct plane *plane)
{
	if (dev->mplane) {
		plane->image = dev->fmt.fmt.pix_mp.plane_fmt[p].sizeimage;
		plane->bpl = dev->fmt.fmt.pix_mp.plane_fmt[p].bytesperline;
	} else {
		plane->image = dev->fmt.fmt.pix.sizeimage;
		plane->bpl = dev->fmt.fmt.pix.bytesperline;
	}
}

/* Zero or no fourcc: leave as it is; no stride: the smallest */
void device_set_format(struct device *dev, uint32_t width, uint32_t height,
		       uint32_t fourcc, uint32_t stride)
{
	struct v4l2_format *f = &dev->fmt;
	struct plane first;

	f->type = dev->type;
	must(dev, VIDIOC_G_FMT, f);
	/* Width, height, pixelformat are at the same place in both forms. */
	if (width)
		f->fmt.pix.width = width;
	if (height)
		f->fmt.pix.height = height;
	if (fourcc)
		f->fmt.pix.pixelformat = fourcc;
	for (unsigned int p = 0; dev->mplane && p < MAX_PLANES; p++)
		f->fmt.pix_mp.plane_fmt[p].bytesperline = stride;
	if (!dev->mplane)
		f->fmt.pix.bytesperline = stride;
	must(dev, VIDIOC_S_FMT, f);
	if ((width && f->fmt.pix.width != width) ||
	    (height && f->fmt.pix.height != height) ||
	    (fourcc && f->fmt.pix.pixelformat != fourcc))
		die("%s: cannot do %ux%u in that format", dev->path, width, height);
	plane_layout(dev, 0, &first);
	if (stride && first.bpl != stride)
		die("%s: made %u bytes per line of %u", dev->path, first.bpl,
		    stride);
}

void device_set_control(struct device *dev, uint32_t id, int32_t value,
			const char *what)
{
	struct v4l2_control ctrl = { .id = id, .value = value };

	if (xioctl(dev, VIDIOC_S_CTRL, &ctrl) < 0)
		die("%s: %s: %s (is this virtcap's capture node?)", dev->path, what,
		    strerror(errno));
}

static unsigned int planes_of(struct device *dev)
{
	return dev->mplane ? dev->fmt.fmt.pix_mp.num_planes : 1;
}

static void init_buffer(struct device *dev, struct v4l2_buffer *buf,
			struct v4l2_plane *planes, unsigned int index)
{
	memset(buf, 0, sizeof(*buf));
	memset(planes, 0, sizeof(*planes) * MAX_PLANES);
	buf->type = dev->type;
	buf->memory = dev->memory;
	buf->index = index;
	if (dev->mplane) {
		buf->m.planes = planes;
		buf->length = MAX_PLANES;
	}
}

static void map_plane(struct device *dev, unsigned int index, unsigned int p,
		      struct v4l2_buffer *buf, int fd)
{
	struct plane *plane = &dev->buffers[index].planes[p];
	off_t offset = 0;

	if (fd < 0) {
		fd = dev->fd;
		offset = dev->mplane ? buf->m.planes[p].m.mem_offset :
				       buf->m.offset;
	}
	plane->mem = mmap(NULL, plane->size, PROT_READ | PROT_WRITE, MAP_SHARED,
			  fd, offset);
	if (plane->mem == MAP_FAILED)
		die("%s: mmap of buffer %u: %s", dev->path, index, strerror(errno));
}

static void alloc_plane(struct device *dev, unsigned int index, unsigned int p,
			struct v4l2_buffer *buf)
{
	struct plane *plane = &dev->buffers[index].planes[p];

	plane->size = dev->mplane ? buf->m.planes[p].length : buf->length;
	dev->dmabuf[index][p] = -1;
	if (dev->memory == V4L2_MEMORY_MMAP) {
		map_plane(dev, index, p, buf, -1);
	} else if (dev->memory == V4L2_MEMORY_USERPTR) {
		plane->mem = mmap(NULL, plane->size, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (plane->mem == MAP_FAILED)
			die("out of memory for buffer %u", index);
	}
}

/* Buffers of the exporter, seen through their file descriptors */
static void import_plane(struct device *dev, struct device *exporter,
			 unsigned int index, unsigned int p)
{
	struct plane *plane = &dev->buffers[index].planes[p];
	struct v4l2_exportbuffer exp = {
		.type = exporter->type,
		.index = index,
		.plane = p,
		.flags = O_RDWR | O_CLOEXEC,
	};

	must(exporter, VIDIOC_EXPBUF, &exp);
	dev->dmabuf[index][p] = exp.fd;
	if (exporter->buffers[index].planes[p].size < plane->image)
		die("%s: its buffers are too small; set a larger format there",
		    exporter->path);
	plane->size = exporter->buffers[index].planes[p].size;
	map_plane(dev, index, p, NULL, exp.fd);
}

void device_alloc(struct device *dev, unsigned int count, enum v4l2_memory memory,
		  struct device *exporter)
{
	struct v4l2_requestbuffers req = {
		.count = count, .type = dev->type, .memory = memory,
	};
	struct v4l2_plane planes[MAX_PLANES];
	struct v4l2_buffer buf;

	if (planes_of(dev) > MAX_PLANES)
		die("%s: more than %u planes", dev->path, MAX_PLANES);
	must(dev, VIDIOC_REQBUFS, &req);
	if (req.count < count || req.count > MAX_BUFFERS)
		die("%s: gave %u buffers for %u", dev->path, req.count, count);
	dev->memory = memory;
	dev->num_buffers = req.count;
	if (exporter) {
		device_alloc(exporter, req.count, V4L2_MEMORY_MMAP, NULL);
		if (exporter->num_buffers < req.count)
			die("%s: too few buffers to export", exporter->path);
	}
	for (unsigned int i = 0; i < req.count; i++) {
		dev->buffers[i].num_planes = planes_of(dev);
		init_buffer(dev, &buf, planes, i);
		must(dev, VIDIOC_QUERYBUF, &buf);
		for (unsigned int p = 0; p < planes_of(dev); p++) {
			plane_layout(dev, p, &dev->buffers[i].planes[p]);
			alloc_plane(dev, i, p, &buf);
			if (memory == V4L2_MEMORY_DMABUF)
				import_plane(dev, exporter, i, p);
		}
	}
}

void device_queue(struct device *dev, unsigned int index)
{
	struct frame *frame = &dev->buffers[index];
	struct v4l2_plane planes[MAX_PLANES];
	struct v4l2_buffer buf;

	init_buffer(dev, &buf, planes, index);
	for (unsigned int p = 0; p < frame->num_planes; p++) {
		struct plane *plane = &frame->planes[p];

		planes[p].length = plane->size;
		planes[p].bytesused = plane->image;
		if (dev->memory == V4L2_MEMORY_USERPTR)
			planes[p].m.userptr = (unsigned long)plane->mem;
		else if (dev->memory == V4L2_MEMORY_DMABUF)
			planes[p].m.fd = dev->dmabuf[index][p];
	}
	if (dev->mplane) {
		buf.length = frame->num_planes;
	} else {
		buf.length = planes[0].length;
		buf.bytesused = planes[0].bytesused;
		if (dev->memory == V4L2_MEMORY_USERPTR)
			buf.m.userptr = planes[0].m.userptr;
		else if (dev->memory == V4L2_MEMORY_DMABUF)
			buf.m.fd = planes[0].m.fd;
	}
	must(dev, VIDIOC_QBUF, &buf);
}

bool device_dequeue(struct device *dev, struct done *done)
{
	struct v4l2_plane planes[MAX_PLANES];
	struct v4l2_buffer buf;

	init_buffer(dev, &buf, planes, 0);
	if (xioctl(dev, VIDIOC_DQBUF, &buf) < 0) {
		if (errno == EAGAIN)
			return false;
		die("%s: VIDIOC_DQBUF: %s", dev->path, strerror(errno));
	}
	if (buf.index >= dev->num_buffers)
		die("%s: returned buffer %u of %u", dev->path, buf.index,
		    dev->num_buffers);
	*done = (struct done) {
		.index = buf.index,
		.sequence = buf.sequence,
		.timestamp = buf.timestamp.tv_sec * 1000000000ULL +
			     buf.timestamp.tv_usec * 1000ULL,
		.error = buf.flags & V4L2_BUF_FLAG_ERROR,
	};
	return true;
}

void device_stream(struct device *dev, bool on)
{
	int type = dev->type;

	if (on)
		must(dev, VIDIOC_STREAMON, &type);
	else
		must(dev, VIDIOC_STREAMOFF, &type);
}

/* A whole frame with read(); the buffer is allocated with the first one. */
bool device_read(struct device *dev, struct frame *frame)
{
	struct plane *plane = &frame->planes[0];
	ssize_t n;

	if (!plane->mem) {
		frame->num_planes = 1;
		plane_layout(dev, 0, plane);
		plane->size = plane->image;
		plane->mem = malloc(plane->size);
		if (!plane->mem)
			die("out of memory for a frame");
	}
	n = read(dev->fd, plane->mem, plane->size);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n < 0)
		die("%s: read: %s", dev->path, strerror(errno));
	if ((size_t)n != plane->image)
		die("%s: read gave %zd bytes of a frame of %u", dev->path, n,
		    plane->image);
	return true;
}
