// SPDX-License-Identifier: GPL-2.0-only
/*
 * tw6869-pipe: frames of a TW6869 node go to another device, without a copy.
 *
 * usage: tw6869-pipe FRAMES CAPTURE vgem
 *        tw6869-pipe FRAMES CAPTURE OUTPUT LOOP
 *
 * CAPTURE exports its buffers as dma-bufs.  The DRM device vgem imports them
 * and hands out what it imported; or the V4L2 output node OUTPUT imports them,
 * and what it showed is captured from LOOP, virtcap's loop.  On the far side
 * the marks of the model are read.  Runs in the guest.
 */
#include <drm/drm.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check-memory.h"
#include "check-picture.h"

#define BUFFERS		6
#define CAPTURE		V4L2_BUF_TYPE_VIDEO_CAPTURE
#define OUTPUT		V4L2_BUF_TYPE_VIDEO_OUTPUT
#define TIMEOUT_MS	10000

struct node {
	const char *path;
	int fd;
	unsigned int type, memory;
	size_t len;
	int dmabuf[BUFFERS];
	uint8_t *mem[BUFFERS];
};

static struct v4l2_pix_format pix;
static unsigned int seen, bad, last_frame;

static void die(const char *path, const char *what)
{
	fprintf(stderr, "tw6869-pipe: %s: %s: %s\n", path, what,
		strerror(errno));
	exit(1);
}

static void must(struct node *n, unsigned long request, void *arg,
		 const char *name)
{
	if (ioctl(n->fd, request, arg))
		die(n->path, name);
}

/* @pix: as it is, or, when it is set, to that */
static void node_open(struct node *n, const char *path, unsigned int type,
		      unsigned int memory)
{
	struct v4l2_format f = { .type = type };
	struct v4l2_requestbuffers rb = {
		.count = BUFFERS, .type = type, .memory = memory,
	};

	*n = (struct node){ .path = path, .type = type, .memory = memory };
	n->fd = open(path, O_RDWR | O_CLOEXEC);
	if (n->fd < 0)
		die(path, "open");
	must(n, VIDIOC_G_FMT, &f, "G_FMT");
	if (pix.width) {
		f.fmt.pix.width = pix.width;
		f.fmt.pix.height = pix.height;
		f.fmt.pix.pixelformat = pix.pixelformat;
		f.fmt.pix.bytesperline = 0;
		must(n, VIDIOC_S_FMT, &f, "S_FMT");
		errno = EINVAL;
		if (f.fmt.pix.sizeimage != pix.sizeimage)
			die(path, "another format");
	} else {
		pix = f.fmt.pix;
	}
	must(n, VIDIOC_REQBUFS, &rb, "REQBUFS");
}

static void queue(struct node *n, unsigned int i)
{
	struct v4l2_buffer vb = {
		.index = i, .type = n->type, .memory = n->memory,
		.length = n->len, .bytesused = pix.sizeimage,
	};

	if (n->memory == V4L2_MEMORY_DMABUF)
		vb.m.fd = n->dmabuf[i];
	must(n, VIDIOC_QBUF, &vb, "QBUF");
}

static unsigned int dequeue(struct node *n)
{
	struct pollfd p = { .fd = n->fd,
		.events = n->type == OUTPUT ? POLLOUT : POLLIN };
	struct v4l2_buffer vb = { .type = n->type, .memory = n->memory };

	errno = ETIMEDOUT;
	if (poll(&p, 1, TIMEOUT_MS) != 1)
		die(n->path, "no buffer");
	must(n, VIDIOC_DQBUF, &vb, "DQBUF");
	return vb.index;
}

static void map_buffers(struct node *n)
{
	for (unsigned int i = 0; i < BUFFERS; i++) {
		struct v4l2_buffer vb = {
			.index = i, .type = n->type, .memory = n->memory };

		must(n, VIDIOC_QUERYBUF, &vb, "QUERYBUF");
		n->len = vb.length;
		n->mem[i] = mmap(NULL, vb.length, PROT_READ, MAP_SHARED, n->fd,
				 vb.m.offset);
		if (n->mem[i] == MAP_FAILED)
			die(n->path, "mmap");
	}
}

static void export_buffers(struct node *n)
{
	for (unsigned int i = 0; i < BUFFERS; i++) {
		struct v4l2_exportbuffer exp = {
			.index = i, .type = n->type,
			.flags = O_RDWR | O_CLOEXEC };

		must(n, VIDIOC_EXPBUF, &exp, "EXPBUF");
		n->dmabuf[i] = exp.fd;
	}
}

static void stream(struct node *n)
{
	int type = n->type;

	must(n, VIDIOC_STREAMON, &type, "STREAMON");
}

/* Whole, and newer than the one before */
static void check(const uint8_t *mem)
{
	struct picture p;

	picture_check(&pix, 240, mem, pix.field, 0, 0, &p);
	if (p.bad_lines || p.mixed || p.wrong || (seen && p.frame <= last_frame))
		bad++;
	last_frame = p.frame;
	seen++;
}

/* The DRM device holds the memory, and gives it to whoever asks. */
static void through_drm(struct node *cap, unsigned int frames)
{
	int dev = vgem_open();
	uint8_t *view[BUFFERS];

	if (dev < 0)
		die("vgem", "open");
	for (unsigned int i = 0; i < BUFFERS; i++) {
		struct drm_prime_handle prime = { .fd = cap->dmabuf[i] };

		if (ioctl(dev, DRM_IOCTL_PRIME_FD_TO_HANDLE, &prime))
			die("vgem", "import");
		close(cap->dmabuf[i]);
		prime.flags = DRM_CLOEXEC | DRM_RDWR;
		if (ioctl(dev, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime))
			die("vgem", "export");
		view[i] = mmap(NULL, cap->len, PROT_READ, MAP_SHARED, prime.fd,
			       0);
		if (view[i] == MAP_FAILED)
			die("vgem", "mmap");
		queue(cap, i);
	}
	stream(cap);
	while (seen < frames) {
		unsigned int i = dequeue(cap);

		check(view[i]);
		queue(cap, i);
	}
}

static void set_loop(const char *path)
{
	struct v4l2_input input = { 0 };
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		die(path, "open");
	while (!ioctl(fd, VIDIOC_ENUMINPUT, &input)) {
		if (!strcmp((char *)input.name, "Loop")) {
			if (ioctl(fd, VIDIOC_S_INPUT, &input.index))
				die(path, "S_INPUT");
			close(fd);
			return;
		}
		input.index++;
	}
	die(path, "no input Loop");
}

static void through_output(struct node *cap, const char *output,
			   const char *loop, unsigned int frames)
{
	struct node out, back;

	set_loop(loop);
	node_open(&out, output, OUTPUT, V4L2_MEMORY_DMABUF);
	node_open(&back, loop, CAPTURE, V4L2_MEMORY_MMAP);
	map_buffers(&back);
	out.len = cap->len;
	memcpy(out.dmabuf, cap->dmabuf, sizeof(out.dmabuf));
	for (unsigned int i = 0; i < BUFFERS; i++) {
		queue(cap, i);
		queue(&back, i);
	}
	stream(cap);
	/* The loop must not show a picture of its own: closed before it runs. */
	for (unsigned int i = 0; i < 2; i++)
		queue(&out, dequeue(cap));
	stream(&out);
	stream(&back);
	while (seen < frames) {
		unsigned int i = dequeue(&back);

		check(back.mem[i]);
		queue(&back, i);
		queue(cap, dequeue(&out));
		queue(&out, dequeue(cap));
	}
}

int main(int argc, char **argv)
{
	struct node cap;

	if (argc != 4 && argc != 5) {
		fputs("usage: tw6869-pipe FRAMES CAPTURE vgem|OUTPUT [LOOP]\n",
		      stderr);
		return 2;
	}
	node_open(&cap, argv[2], CAPTURE, V4L2_MEMORY_MMAP);
	map_buffers(&cap);
	export_buffers(&cap);
	if (argc == 4)
		through_drm(&cap, atoi(argv[1]));
	else
		through_output(&cap, argv[3], argv[4], atoi(argv[1]));
	printf("%u frames, %u bad\n", seen, bad);
	return bad || !seen;
}
