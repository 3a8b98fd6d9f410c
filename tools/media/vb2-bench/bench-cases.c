// SPDX-License-Identifier: GPL-2.0-only
/* vb2-bench: what a call costs that does not sleep */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/media.h>

#include "bench.h"

#define ROUNDS		301
/* Enough that every buffer has met every item of the supply */
#define WARM_UP		(4 * VIDEO_MAX_FRAME)
#define BUFFERS		4

#define PER_CALL	"instructions"
#define PER_BUFFER	"instructions per buffer"

static struct samples first, second;

/* What an ioctl that the file does not know costs */
static uint64_t unknown_ioctl(int fd)
{
	unsigned int i;
	uint64_t start;
	int ret;

	first.count = 0;
	for (i = 0; i < ROUNDS; i++) {
		start = now();
		ret = ioctl(fd, _IO('V', BASE_VIDIOC_PRIVATE + 60));
		sample(&first, now() - start);
		if (!ret || errno != ENOTTY)
			fail("an unknown ioctl did not say ENOTTY");
	}
	return median(&first);
}

/* What a video ioctl costs before and after the code that does the work */
uint64_t floor_ioctl(void)
{
	static uint64_t value;
	struct queue q;

	if (value)
		return value;
	driver_load("allocator=vmalloc");
	q = queue_open(0, V4L2_MEMORY_MMAP);
	value = unknown_ioctl(q.fd);
	queue_close(&q);
	return value;
}

void run_floor(void)
{
	struct frame f;
	struct queue q;
	unsigned int i;
	uint64_t start;

	report("unknown ioctl", "ioctl", PER_CALL, floor_ioctl(), 0);

	q = queue_open(0, V4L2_MEMORY_MMAP);
	queue_request(&q, BUFFERS);
	first.count = 0;
	for (i = 0; i < ROUNDS; i++) {
		frame_init(&q, &f, 0);
		f.buf.type = V4L2_BUF_TYPE_VIDEO_OUTPUT;
		start = now();
		if (!ioctl(q.fd, VIDIOC_DQBUF, &f.buf))
			fail("DQBUF of a wrong type succeeded");
		sample(&first, now() - start);
	}
	report("wrong type", "DQBUF", PER_CALL, median(&first), 0);
	queue_close(&q);
}

/*
 * Let all but one buffer be queued all the time and time each call. With a
 * supply that has one item more than there are buffers, each buffer gets
 * another one every time.
 */
static void cycle(struct queue *q, const struct supply *supply)
{
	unsigned int i, rounds = WARM_UP + 2 * q->count + ROUNDS;
	uint64_t start, middle, end;
	struct frame f;

	first.count = 0;
	second.count = 0;
	for (i = 0; i < q->count - 1; i++) {
		frame_init(q, &f, i);
		frame_set(q, &f, supply, i);
		IOCTL(q->fd, VIDIOC_QBUF, &f.buf);
	}
	queue_stream(q, true);
	for (; rounds; rounds--, i++) {
		struct frame out;

		frame_init(q, &f, i % q->count);
		frame_set(q, &f, supply, i);
		frame_init(q, &out, 0);
		start = now();
		IOCTL(q->fd, VIDIOC_QBUF, &f.buf);
		middle = now();
		IOCTL(q->fd, VIDIOC_DQBUF, &out.buf);
		end = now();
		if (out.buf.index != (i + 1) % q->count)
			fail("DQBUF gave buffer %u", out.buf.index);
		if (rounds > ROUNDS)
			continue;
		sample(&first, middle - start);
		sample(&second, end - middle);
	}
	queue_stream(q, false);
}

static void report_cycle(const char *name)
{
	report(name, "QBUF", PER_CALL, median(&first), floor_ioctl());
	report(name, "DQBUF", PER_CALL, median(&second), floor_ioctl());
}

static void run_mmap(const char *name, unsigned int planes, bool multiplanar,
		     unsigned int buffers)
{
	struct frame f;
	struct queue q;
	unsigned int i;
	uint64_t start;

	driver_load("planes=%u multiplanar=%d max_buffers=%u", planes,
		    multiplanar, buffers > VIDEO_MAX_FRAME ? MAX_BUFFERS :
		    VIDEO_MAX_FRAME);
	q = queue_open(0, V4L2_MEMORY_MMAP);
	queue_request(&q, buffers);
	cycle(&q, NULL);
	report_cycle(name);

	first.count = 0;
	for (i = 0; i < ROUNDS; i++) {
		frame_init(&q, &f, i % buffers);
		start = now();
		IOCTL(q.fd, VIDIOC_QUERYBUF, &f.buf);
		sample(&first, now() - start);
	}
	report(name, "QUERYBUF", PER_CALL, median(&first), floor_ioctl());
	queue_close(&q);
}

static void run_userptr(const char *name, const char *allocator,
			unsigned int planes, unsigned int items)
{
	static struct supply supply;
	struct queue q;

	driver_load("allocator=%s planes=%u size=%u", allocator, planes,
		    4 * MIB);
	q = queue_open(0, V4L2_MEMORY_USERPTR);
	supply_allocate(&supply, &q, items);
	queue_request(&q, BUFFERS);
	cycle(&q, &supply);
	report_cycle(name);
	queue_close(&q);
	supply_release(&supply, &q);
}

/* Import what the other node exports, or scattered pages */
static void run_dmabuf(const char *name, const char *allocator,
		       unsigned int planes, unsigned int items, bool scattered)
{
	static struct supply supply;
	struct queue q, exporter;

	driver_load("allocator=%s planes=%u size=%u", allocator, planes,
		    4 * MIB);
	exporter = queue_open(1, V4L2_MEMORY_MMAP);
	q = queue_open(0, V4L2_MEMORY_DMABUF);
	if (scattered)
		supply_scattered(&supply, &q, items);
	else
		supply_export(&supply, &exporter, items);
	queue_request(&q, BUFFERS);
	cycle(&q, &supply);
	report_cycle(name);
	queue_close(&q);
	supply_release(&supply, &q);
	queue_close(&exporter);
}

/* poll() that finds a buffer, then DQBUF; and read() of a small frame */
static void run_poll_and_read(void)
{
	struct pollfd pfd = { .events = POLLIN };
	struct frame f;
	struct queue q;
	unsigned int i;
	uint64_t start;
	char frame[64];

	driver_load("size=%zu", sizeof(frame));
	q = queue_open(0, V4L2_MEMORY_MMAP);
	pfd.fd = q.fd;
	queue_request(&q, BUFFERS);
	queue_stream(&q, true);
	first.count = 0;
	for (i = 0; i < ROUNDS; i++) {
		frame_init(&q, &f, i % BUFFERS);
		IOCTL(q.fd, VIDIOC_QBUF, &f.buf);
		start = now();
		if (poll(&pfd, 1, -1) != 1 || pfd.revents & POLLERR)
			fail("poll() found no buffer");
		IOCTL(q.fd, VIDIOC_DQBUF, &f.buf);
		sample(&first, now() - start);
	}
	report("MMAP, 1 plane", "poll + DQBUF", PER_CALL, median(&first),
	       2 * floor_ioctl());
	queue_close(&q);

	q = queue_open(0, V4L2_MEMORY_MMAP);
	first.count = 0;
	for (i = 0; i < ROUNDS; i++) {
		start = now();
		if (read(q.fd, frame, sizeof(frame)) != sizeof(frame))
			fail("read(): %s", strerror(errno));
		sample(&first, now() - start);
	}
	report("frames of 64 bytes", "read", PER_CALL, median(&first),
	       floor_ioctl());
	queue_close(&q);
}

static void run_requests(void)
{
	struct samples *queue = &first, *dequeue = &second;
	static struct samples add, again;
	int media = open("/dev/media0", O_RDWR | O_CLOEXEC);
	int request[BUFFERS];
	struct frame f, out;
	struct queue q;
	unsigned int i;
	uint64_t t[5], floor;

	if (media < 0)
		fail("/dev/media0: %s", strerror(errno));
	q = queue_open(0, V4L2_MEMORY_MMAP);
	queue_request(&q, BUFFERS);
	queue_stream(&q, true);
	for (i = 0; i < BUFFERS; i++)
		IOCTL(media, MEDIA_IOC_REQUEST_ALLOC, &request[i]);
	floor = unknown_ioctl(request[0]);

	first.count = 0;
	second.count = 0;
	for (i = 0; i < ROUNDS; i++) {
		int fd = request[i % BUFFERS];

		frame_init(&q, &f, i % BUFFERS);
		frame_init(&q, &out, 0);
		f.buf.flags = V4L2_BUF_FLAG_REQUEST_FD;
		f.buf.request_fd = fd;
		t[0] = now();
		IOCTL(q.fd, VIDIOC_QBUF, &f.buf);
		t[1] = now();
		IOCTL(fd, MEDIA_REQUEST_IOC_QUEUE, NULL);
		t[2] = now();
		IOCTL(q.fd, VIDIOC_DQBUF, &out.buf);
		t[3] = now();
		IOCTL(fd, MEDIA_REQUEST_IOC_REINIT, NULL);
		t[4] = now();
		sample(&add, t[1] - t[0]);
		sample(queue, t[2] - t[1]);
		sample(dequeue, t[3] - t[2]);
		sample(&again, t[4] - t[3]);
	}
	report("request", "QBUF", PER_CALL, median(&add), floor_ioctl());
	report("request", "REQUEST_IOC_QUEUE", PER_CALL, median(queue), floor);
	report("request", "DQBUF", PER_CALL, median(dequeue), floor_ioctl());
	report("request", "REQUEST_IOC_REINIT", PER_CALL, median(&again),
	       floor);
	for (i = 0; i < BUFFERS; i++)
		close(request[i]);
	queue_close(&q);
	close(media);
}

void run_calls(void)
{
	static const unsigned int buffers[] = { 4, 32, 256 };
	char name[64];
	unsigned int i;

	run_mmap("MMAP, 1 plane", 1, false, BUFFERS);
	for (i = 1; i <= VIDEO_MAX_PLANES; i++) {
		snprintf(name, sizeof(name), "MMAP, multi-planar, %u plane%s", i,
			 i > 1 ? "s" : "");
		run_mmap(name, i, true, BUFFERS);
	}
	for (i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "MMAP, %u buffers", buffers[i]);
		run_mmap(name, 1, false, buffers[i]);
	}
	run_userptr("USERPTR, same address", "vmalloc", 1, BUFFERS);
	run_userptr("USERPTR, another address, vmalloc, 4 MB", "vmalloc", 1,
		    BUFFERS + 1);
	run_userptr("USERPTR, another address, dma-sg, 4 MB", "dma-sg", 1,
		    BUFFERS + 1);
	run_dmabuf("DMABUF, same descriptor", "dma-contig", 1, BUFFERS, false);
	run_dmabuf("DMABUF, same descriptors, 4 planes", "dma-contig", 4,
		   BUFFERS, false);
	run_dmabuf("DMABUF, another descriptor, dma-contig, 4 MB",
		   "dma-contig", 1, BUFFERS + 1, false);
	run_dmabuf("DMABUF, another descriptor, dma-sg, 4 MB", "dma-sg", 1,
		   BUFFERS + 1, false);
	run_poll_and_read();
	run_requests();
}

/* The few that tell whether something got worse */
void run_headline(void)
{
	run_mmap("MMAP, 1 plane", 1, false, BUFFERS);
	run_mmap("MMAP, multi-planar, 4 planes", 4, true, BUFFERS);
	run_userptr("USERPTR, another address, dma-sg, 4 MB", "dma-sg", 1,
		    BUFFERS + 1);
	run_dmabuf("DMABUF, same descriptor", "dma-contig", 1, BUFFERS, false);
	run_dmabuf("DMABUF, another descriptor, dma-contig, 4 MB",
		   "dma-contig", 1, BUFFERS + 1, false);
}

void run_iommu(void)
{
	run_dmabuf("IOMMU, DMABUF, same descriptor, dma-contig, 4 MB",
		   "dma-contig", 1, BUFFERS, false);
	run_dmabuf("IOMMU, DMABUF, another descriptor, dma-contig, 4 MB",
		   "dma-contig", 1, BUFFERS + 1, false);
	run_dmabuf("IOMMU, DMABUF, another descriptor, dma-sg, 4 MB",
		   "dma-sg", 1, BUFFERS + 1, false);
	run_dmabuf("IOMMU, DMABUF, another descriptor, dma-contig, 1024 pages",
		   "dma-contig", 1, BUFFERS + 1, true);
	run_dmabuf("IOMMU, DMABUF, another descriptor, dma-sg, 1024 pages",
		   "dma-sg", 1, BUFFERS + 1, true);
	run_userptr("IOMMU, USERPTR, another address, dma-contig, 4 MB",
		    "dma-contig", 1, BUFFERS + 1);
	run_userptr("IOMMU, USERPTR, another address, dma-sg, 4 MB", "dma-sg",
		    1, BUFFERS + 1);
}

/*
 * What a buffer costs when it is made and freed, 64 at a time. The floor is
 * what as many pages again cost: getting, clearing and freeing them is not
 * vb2's work.
 */
static void measure_allocation(const char *allocator, unsigned int pages,
			       uint64_t cost[3])
{
	const unsigned int count = 64;
	struct v4l2_create_buffers create;
	struct samples s[3];
	unsigned int i;
	struct queue q;
	uint64_t t[4];

	driver_load("allocator=%s size=%u max_buffers=%u", allocator,
		    pages * 4 * KIB, count);
	q = queue_open(0, V4L2_MEMORY_MMAP);
	memset(&create, 0, sizeof(create));
	create.memory = q.memory;
	create.format.type = q.type;
	IOCTL(q.fd, VIDIOC_G_FMT, &create.format);
	memset(s, 0, sizeof(s));
	for (i = 0; i < 31; i++) {
		t[0] = now();
		queue_request(&q, count);
		t[1] = now();
		queue_request(&q, 0);
		t[2] = now();
		create.count = count;
		IOCTL(q.fd, VIDIOC_CREATE_BUFS, &create);
		t[3] = now();
		if (create.count != count)
			fail("CREATE_BUFS made %u", create.count);
		queue_request(&q, 0);
		sample(&s[0], t[1] - t[0]);
		sample(&s[1], t[2] - t[1]);
		sample(&s[2], t[3] - t[2]);
	}
	for (i = 0; i < 3; i++)
		cost[i] = median(&s[i]) / count;
	queue_close(&q);
}

static void run_allocator(const char *allocator, unsigned int pages)
{
	static const char * const operations[] = {
		"REQBUFS", "REQBUFS(0)", "CREATE_BUFS"
	};
	uint64_t once[3], twice[3];
	unsigned int i;
	char name[64];

	measure_allocation(allocator, pages, once);
	measure_allocation(allocator, 2 * pages, twice);
	snprintf(name, sizeof(name), "allocation, %s, %u page%s", allocator,
		 pages, pages > 1 ? "s" : "");
	for (i = 0; i < 3; i++)
		report(name, operations[i], PER_BUFFER, once[i],
		       twice[i] > once[i] ? twice[i] - once[i] : 0);
}

void run_allocation(void)
{
	run_allocator("vmalloc", 1);
	/* Too much for one piece */
	run_allocator("vmalloc", 64);
	run_allocator("dma-contig", 1);
	run_allocator("dma-sg", 1);
}
