// SPDX-License-Identifier: GPL-2.0-only
/* vb2-bench: sleeping, waking and threads */
#include <pthread.h>
#include <semaphore.h>
#include <stddef.h>

#include "bench.h"

#define BUFFERS 4

/*
 * The driver completes a buffer in a timer interrupt, 100 us after it got it,
 * while DQBUF sleeps. Its sequence tells when.
 */
void run_waiting(void)
{
	static struct samples s;
	struct frame f;
	struct queue q;
	unsigned int i;

	driver_load("delay_us=100");
	q = queue_open(0, V4L2_MEMORY_MMAP);
	queue_request(&q, BUFFERS);
	queue_stream(&q, true);
	s.count = 0;
	for (i = 0; i < 301; i++) {
		frame_init(&q, &f, i % BUFFERS);
		IOCTL(q.fd, VIDIOC_QBUF, &f.buf);
		IOCTL(q.fd, VIDIOC_DQBUF, &f.buf);
		sample(&s, (uint32_t)((uint32_t)now() - f.buf.sequence));
	}
	report("wake-up", "interrupt to DQBUF", "instructions", median(&s), 0);
	queue_stream(&q, false);
	queue_close(&q);
}

struct stream {
	struct queue q;
	/* Buffers that the program owns */
	sem_t free;
	unsigned int frames;
};

static void *dequeue(void *arg)
{
	struct stream *s = arg;
	struct frame f;
	unsigned int i;

	for (i = 0; i < s->frames; i++) {
		frame_init(&s->q, &f, 0);
		IOCTL(s->q.fd, VIDIOC_DQBUF, &f.buf);
		sem_post(&s->free);
	}
	return NULL;
}

/*
 * One thread queues, another dequeues: real time for a frame. It depends on
 * what else the host does, so that the best of many short runs is taken.
 */
void run_threads(void)
{
	struct stream s = { .frames = 2000 };
	uint64_t best = UINT64_MAX;
	unsigned int i, run;
	pthread_t thread;
	struct frame f;
	uint64_t start;

	driver_load("max_buffers=32");
	s.q = queue_open(0, V4L2_MEMORY_MMAP);
	for (run = 0; run < 31; run++) {
		queue_request(&s.q, 8);
		queue_stream(&s.q, true);
		sem_init(&s.free, 0, 8);
		start = now();
		if (pthread_create(&thread, NULL, dequeue, &s))
			fail("no thread");
		/* The queue is first in, first out */
		for (i = 0; i < s.frames; i++) {
			while (sem_wait(&s.free))
				;
			frame_init(&s.q, &f, i % 8);
			IOCTL(s.q.fd, VIDIOC_QBUF, &f.buf);
		}
		pthread_join(thread, NULL);
		start = (now() - start) / s.frames;
		best = start < best ? start : best;
		queue_stream(&s.q, false);
		sem_destroy(&s.free);
	}
	report("two threads, 2 CPUs", "QBUF and DQBUF",
	       "nanoseconds per frame", best, 0);
	queue_close(&s.q);
}
