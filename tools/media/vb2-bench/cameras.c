// SPDX-License-Identifier: GPL-2.0-only
/*
 * cameras: stream from the first nodes of a real driver, for "profile --driver"
 *
 * usage: cameras COUNT WIDTH HEIGHT FRAMES
 *
 * A mark before and after FRAMES rounds; in each round one frame comes from
 * each node in turn. Setting up, the first frames and stopping are not counted.
 * With COUNT 0 nothing is done, for as many seconds.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

#define BUFFERS		4
#define WARM_UP		12
#define CAMERAS		8

static void camera_start(struct queue *q, unsigned int node,
			 unsigned int width, unsigned int height)
{
	struct v4l2_format format = { .type = V4L2_BUF_TYPE_VIDEO_CAPTURE };
	struct v4l2_pix_format *pix = &format.fmt.pix;
	struct frame f;
	char path[32];
	unsigned int i;

	snprintf(path, sizeof(path), "/dev/video%u", node);
	q->fd = open(path, O_RDWR | O_CLOEXEC);
	if (q->fd < 0)
		fail("%s: %s", path, strerror(errno));
	q->type = format.type;
	q->memory = V4L2_MEMORY_MMAP;
	q->planes = 1;

	IOCTL(q->fd, VIDIOC_G_FMT, &format);
	pix->pixelformat = V4L2_PIX_FMT_UYVY;
	pix->width = width;
	pix->height = height;
	pix->field = V4L2_FIELD_ANY;
	pix->bytesperline = 0;
	IOCTL(q->fd, VIDIOC_S_FMT, &format);
	if (pix->pixelformat != V4L2_PIX_FMT_UYVY || pix->width != width ||
	    pix->height != height)
		fail("%s is %ux%u", path, pix->width, pix->height);
	q->size = pix->sizeimage;

	queue_request(q, BUFFERS);
	for (i = 0; i < BUFFERS; i++) {
		frame_init(q, &f, i);
		IOCTL(q->fd, VIDIOC_QBUF, &f.buf);
	}
	queue_stream(q, true);
}

static void camera_turn(struct queue *q, bool full)
{
	struct frame f;

	frame_init(q, &f, 0);
	IOCTL(q->fd, VIDIOC_DQBUF, &f.buf);
	if (full && (f.buf.flags & V4L2_BUF_FLAG_ERROR ||
		     f.buf.bytesused != q->size))
		fail("a frame of %u bytes, flags %#x", f.buf.bytesused,
		     f.buf.flags);
	IOCTL(q->fd, VIDIOC_QBUF, &f.buf);
}

static void stream(unsigned int count, unsigned int width, unsigned int height,
		   unsigned int frames)
{
	struct queue cameras[CAMERAS];
	unsigned int i, n;

	for (n = 0; n < count; n++)
		camera_start(&cameras[n], n, width, height);
	for (i = 0; i < WARM_UP + frames; i++) {
		if (i == WARM_UP)
			mark();
		for (n = 0; n < count; n++)
			camera_turn(&cameras[n], i >= WARM_UP);
	}
	mark();
	for (n = 0; n < count; n++) {
		queue_stream(&cameras[n], false);
		queue_close(&cameras[n]);
	}
}

int main(int argc, char **argv)
{
	unsigned int count, frames;

	if (argc != 5)
		fail("usage: cameras COUNT WIDTH HEIGHT FRAMES");
	count = atoi(argv[1]);
	frames = atoi(argv[4]);
	if (count > CAMERAS)
		fail("at most %u cameras", CAMERAS);
	if (count) {
		stream(count, atoi(argv[2]), atoi(argv[3]), frames);
	} else {
		mark();
		sleep(frames);
		mark();
	}
	return 0;
}
