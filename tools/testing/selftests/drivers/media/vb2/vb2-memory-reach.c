// SPDX-License-Identifier: GPL-2.0-only
/*
 * A bus master that does not reach all memory
 *
 * What vb2 allocates for it must lie where it reaches: the device gets it right,
 * and the kernel has nothing to bounce. That the test would see bouncing, user
 * memory shows, which lies where it likes. Wants a machine with more than 4 GiB,
 * or there are no bounce buffers, and "edu" devices with 28 or 32 address bits.
 */
#include "vb2-memory.h"

#include <sys/mount.h>

#include "kselftest.h"
#include "vb2-memory-left.h"

#define OUT	V4L2_BUF_TYPE_VIDEO_OUTPUT
#define CAP	V4L2_BUF_TYPE_VIDEO_CAPTURE
#define TRACING	"/sys/kernel/tracing/"
#define COUNT	32
#define BIG	1024

static unsigned char sent[SIZE], got[SIZE];
static long bits;

/* How often memory was bounced since the last call */
static unsigned int bounced(void)
{
	FILE *trace = fopen(TRACING "trace", "r");
	unsigned int count = 0;
	char line[512];

	while (trace && fgets(line, sizeof(line), trace))
		count += !!strstr(line, "swiotlb_bounced:");
	if (!trace)
		ksft_exit_fail_msg("no trace: %s\n", strerror(errno));
	fclose(trace);
	fclose(fopen(TRACING "trace", "w"));
	return count;
}

/* How many pages of a mapping the device does not reach; -1: cannot be seen */
static int too_far(const unsigned char *map, size_t size)
{
	int fd = open("/proc/self/pagemap", O_RDONLY);
	__u64 entry;
	int found = 0;

	for (size_t i = 0; found >= 0 && i < size; i += 4096) {
		/* So that there is a page */
		asm volatile("" : : "r" (*(volatile unsigned char *)(map + i)));
		if (pread(fd, &entry, 8, ((uintptr_t)map + i) / 4096 * 8) != 8 ||
		    !(entry & (1ULL << 63)) || !(entry & ((1ULL << 55) - 1)))
			found = -1;
		else
			found += (entry & ((1ULL << 55) - 1)) >> (bits - 12) != 0;
	}
	close(fd);
	return found;
}

/* As much as there is, and more than that is asked for */
static void allocate(const char *allocator, const char *device)
{
	struct v4l2_format f = {
		.type = CAP, .fmt.pix.width = BIG, .fmt.pix.height = BIG,
	};
	int ret, count = 0, far = 0, hidden = 0;
	struct path p;

	ret = path_open(&p, device) ?: xioctl(p.cap, VIDIOC_S_FMT, &f);
	if (!ret)
		count = reqbufs(p.cap, CAP, V4L2_MEMORY_MMAP, COUNT);
	for (int i = 0; i < count; i++) {
		unsigned char *map = buffer_map(p.cap, CAP, i);

		ret = map == MAP_FAILED ? -errno : too_far(map, BIG * BIG);
		far += ret > 0;
		hidden += ret < 0;
		munmap(map, BIG * BIG);
	}
	path_close(&p);
	ret = bounced();
	ksft_print_msg("%s: %d of %u buffers of 1 MiB, %d too far, %d not seen, bounced %d times\n",
		       allocator, count, COUNT, far, hidden, ret);
	/* The DMA API's memory need not be seen, but then it is right anyway */
	ksft_test_result(count > 0 && !far && !ret &&
			 (!hidden || !strcmp(allocator, "dma-contig")),
			 "%s: all within reach\n", allocator);
}

static void copy(const char *name, const char *device, unsigned int memory)
{
	struct side from = { .memory = V4L2_MEMORY_MMAP, .data = sent };
	struct side to = { .memory = memory, .data = got };
	bool user = memory == V4L2_MEMORY_USERPTR;
	static unsigned int seed;
	unsigned int bounces;
	struct path p;
	int ret, far = 0;

	picture(sent, ++seed);
	if (user) {
		to.ptr = anonymous(ROOM);
		far = too_far(to.ptr, ROOM);
	}
	bounced();
	ret = path_open(&p, device) ?: path_copy(&p, &from, &to);
	path_close(&p);
	bounces = bounced();
	if (!ret && memcmp(sent, user ? to.ptr : got, SIZE))
		ret = -EBADMSG;
	ksft_print_msg("%s: %s, %d pages too far, bounced %u times\n", name,
		       ret ? strerror(-ret) : "equal", far, bounces);
	ksft_test_result(!ret && !bounces == !far && (!user || far),
			 "%s: copied\n", name);
}

int main(void)
{
	ksft_print_header();
	mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL);
	bits = file_number("/sys/module/vb2_memory_edu/parameters/dma_bits", "");
	if (bits < 0 || bits > 32)
		ksft_exit_skip("no edu device that is limited\n");
	if (file_number("/sys/kernel/debug/swiotlb/io_tlb_nslabs", "") <= 0 ||
	    !file_write(TRACING "events/swiotlb/swiotlb_bounced/enable", "1"))
		ksft_exit_skip("the kernel has no bounce buffers to be seen\n");
	/* Fewer bits do not reach the bounce buffers, and the kernel warns */
	ksft_set_plan(bits == 32 ? 5 : 4);
	bounced();
	allocate("dma-contig", "edu.0");
	allocate("dma-sg", "edu.1");
	copy("dma-contig", "edu.0", V4L2_MEMORY_MMAP);
	copy("dma-sg", "edu.1", V4L2_MEMORY_MMAP);
	if (bits == 32)
		copy("user memory", "edu.1", V4L2_MEMORY_USERPTR);
	file_write(TRACING "events/swiotlb/swiotlb_bounced/enable", "0");
	ksft_finished();
}
