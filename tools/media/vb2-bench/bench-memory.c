// SPDX-License-Identifier: GPL-2.0-only
/*
 * vb2-bench: memory of the kernel for buffers and queues
 *
 * The kernel's trace of kmalloc() and kfree() during REQBUFS tells what stays
 * allocated. Pages, that is the buffers' own memory, are not counted.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

#define TRACING "/sys/kernel/tracing/"

static void tracing_set(const char *file, const char *value)
{
	char path[128];
	FILE *stream;

	snprintf(path, sizeof(path), TRACING "%s", file);
	stream = fopen(path, "w");
	if (!stream || fputs(value, stream) < 0 || fclose(stream))
		fail("%s: %s", path, strerror(errno));
}

/* Kept open, because opening a file allocates */
static int tracing_on;

struct object {
	uint64_t address;
	unsigned int bytes;
};

/* Sum up what was allocated and not freed according to the trace */
static unsigned int allocated(void)
{
	static struct object objects[65536];
	FILE *trace = fopen(TRACING "trace", "r");
	unsigned int count = 0, sum = 0, i;
	char line[512];

	if (!trace)
		fail(TRACING "trace: %s", strerror(errno));
	while (fgets(line, sizeof(line), trace)) {
		const char *ptr = strstr(line, " ptr=");
		const char *bytes = strstr(line, " bytes_alloc=");
		uint64_t address;

		if (strstr(line, "LOST"))
			fail("the trace buffer is too small");
		if (line[0] == '#' || !ptr)
			continue;
		address = strtoull(ptr + 5, NULL, 16);
		if (!address && bytes)
			fail("the trace hides addresses: %s", line);
		if (bytes) {
			if (count == sizeof(objects) / sizeof(objects[0]))
				fail("too many allocations");
			objects[count].address = address;
			objects[count++].bytes = strtoul(bytes + 13, NULL, 10);
			continue;
		}
		for (i = count; i--;) {
			if (objects[i].address == address) {
				objects[i] = objects[--count];
				break;
			}
		}
	}
	fclose(trace);
	for (i = 0; i < count; i++)
		sum += objects[i].bytes;
	return sum;
}

/* Bytes for that many buffers, with a driver that had none before */
static unsigned int bytes_of(const char *allocator, unsigned int planes,
			     unsigned int max_buffers, unsigned int buffers)
{
	struct queue q;

	driver_load("allocator=%s planes=%u max_buffers=%u", allocator, planes,
		    max_buffers);
	q = queue_open(0, V4L2_MEMORY_MMAP);
	tracing_set("trace", "");
	if (write(tracing_on, "1", 1) != 1)
		fail(TRACING "tracing_on: %s", strerror(errno));
	queue_request(&q, buffers);
	if (write(tracing_on, "0", 1) != 1)
		fail(TRACING "tracing_on: %s", strerror(errno));
	queue_close(&q);
	return allocated();
}

static void measure_buffer(const char *allocator, unsigned int planes)
{
	unsigned int few, many;
	char name[64];

	/* Caches that are made at the first use are not counted */
	bytes_of(allocator, planes, VIDEO_MAX_FRAME, 32);
	few = bytes_of(allocator, planes, VIDEO_MAX_FRAME, 16);
	many = bytes_of(allocator, planes, VIDEO_MAX_FRAME, 32);
	snprintf(name, sizeof(name), "memory, %s, %u plane%s", allocator,
		 planes, planes > 1 ? "s" : "");
	report(name, "buffer", "bytes", (many - few) / 16, 0);
}

static void measure_queue(unsigned int max_buffers)
{
	unsigned int few, many;
	char name[64];

	few = bytes_of("dma-contig", 1, max_buffers, 16);
	many = bytes_of("dma-contig", 1, max_buffers, 32);
	snprintf(name, sizeof(name), "memory, at most %u buffers", max_buffers);
	report(name, "queue", "bytes", driver_queue_bytes() + 2 * few - many,
	       0);
}

void run_memory(void)
{
	static const char * const allocators[] = {
		"vmalloc", "dma-contig", "dma-sg"
	};
	unsigned int i;
	char pid[16];

	tracing_set("tracing_on", "0");
	tracing_on = open(TRACING "tracing_on", O_WRONLY | O_CLOEXEC);
	if (tracing_on < 0)
		fail(TRACING "tracing_on: %s", strerror(errno));
	tracing_set("buffer_size_kb", "4096");
	tracing_set("options/hash-ptr", "0");
	snprintf(pid, sizeof(pid), "%d", getpid());
	tracing_set("set_event_pid", pid);
	tracing_set("events/kmem/kmalloc/enable", "1");
	tracing_set("events/kmem/kfree/enable", "1");
	tracing_set("events/kmem/kmem_cache_alloc/enable", "1");
	tracing_set("events/kmem/kmem_cache_free/enable", "1");
	for (i = 0; i < 3; i++) {
		measure_buffer(allocators[i], 1);
		measure_buffer(allocators[i], 4);
	}
	measure_queue(VIDEO_MAX_FRAME);
	measure_queue(MAX_BUFFERS);
	tracing_set("events/kmem/enable", "0");
	close(tracing_on);
}
