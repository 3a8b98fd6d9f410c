// SPDX-License-Identifier: GPL-2.0-only
/* vb2-bench: calls between marks, for the script "profile" */
#include <sys/ioctl.h>

#include "bench.h"

#define ROUNDS	1000

static void turns(unsigned int planes)
{
	struct frame f, out;
	struct queue q;
	unsigned int i;

	driver_load("planes=%u", planes);
	q = queue_open(0, V4L2_MEMORY_MMAP);
	queue_request(&q, 4);
	queue_stream(&q, true);
	for (i = 0; i < ROUNDS; i++) {
		frame_init(&q, &f, i % q.count);
		frame_init(&q, &out, 0);
		mark();
		IOCTL(q.fd, VIDIOC_QBUF, &f.buf);
		mark();
		IOCTL(q.fd, VIDIOC_DQBUF, &out.buf);
		mark();
	}
	queue_close(&q);
}

/* QBUF and DQBUF of one plane */
void run_profile(void)
{
	turns(1);
}

void run_profile_planes(void)
{
	turns(4);
}

/* REQBUFS and REQBUFS(0), for each of 1000 buffers */
static void allocate(const char *allocator)
{
	struct queue q;
	unsigned int i;

	driver_load("allocator=%s max_buffers=100", allocator);
	q = queue_open(0, V4L2_MEMORY_MMAP);
	for (i = 0; i < ROUNDS / 100; i++) {
		mark();
		queue_request(&q, 100);
		mark();
		queue_request(&q, 0);
		mark();
	}
	queue_close(&q);
}

void run_profile_vmalloc(void)
{
	allocate("vmalloc");
}

void run_profile_contig(void)
{
	allocate("dma-contig");
}

void run_profile_sg(void)
{
	allocate("dma-sg");
}
