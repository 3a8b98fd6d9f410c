// SPDX-License-Identifier: GPL-2.0-only
/*
 * USERPTR: pages that stay pinned while the application names others
 *
 * Whatever the process does to its addresses between two QBUFs, a picture must
 * land where the address leads at the second; and pages that it gave up must
 * not stay pinned.
 */
#include "vb2-memory.h"

#include <sys/wait.h>

#include "kselftest_harness.h"
#include "vb2-memory-left.h"

/* A bus master in software, in a guest without KVM, under sanitizers */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 300

#define OUT	V4L2_BUF_TYPE_VIDEO_OUTPUT
#define CAP	V4L2_BUF_TYPE_VIDEO_CAPTURE
#define TRACING	"/sys/kernel/tracing/"
#define AREAS	4

static unsigned char sent[SIZE];

static int write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_TRUNC);
	ssize_t n = write(fd, text, strlen(text));

	close(fd);
	return n == (ssize_t)strlen(text) ? 0 : -1;
}

/* How often the trace says so of the memory of a plane */
static int traced(const char *what)
{
	FILE *trace = fopen(TRACING "trace", "r");
	char line[512];
	int count = 0;

	if (!trace)
		return -1;
	while (fgets(line, sizeof(line), trace))
		if (strstr(line, "vb2_memory:") && strstr(line, what))
			count++;
	fclose(trace);
	return count;
}

static int hits(void)
{
	return traced("found = 1");
}

static int misses(void)
{
	return traced("found = 0");
}

FIXTURE(keep)
{
	struct path p;
	long pins;
	bool kept;
	unsigned char *area[AREAS];
};

FIXTURE_VARIANT(keep)
{
	const char *device;
};

FIXTURE_VARIANT_ADD(keep, vmalloc)
{
	.device = "virtcap.3",
};

FIXTURE_VARIANT_ADD(keep, dma_sg)
{
	.device = "virtcap.5",
};

FIXTURE_VARIANT_ADD(keep, pci_dma_sg)
{
	.device = "edu.1",
};

/* Huge pages are split and made as the kernel pleases: a change, for pins */
static void *area_map(void *where)
{
	void *p = mmap(where, ROOM, PROT_READ | PROT_WRITE, MAP_PRIVATE |
		       MAP_ANONYMOUS | (where ? MAP_FIXED : 0), -1, 0);

	if (p == MAP_FAILED)
		return p;
	madvise(p, ROOM, MADV_NOHUGEPAGE);
	memset(p, 0x55, ROOM);
	return p;
}

/* Both sides stream with one buffer each */
FIXTURE_SETUP(keep)
{
	struct side from = { .memory = V4L2_MEMORY_MMAP, .data = sent };
	int ret = path_open(&self->p, variant->device);
	unsigned int out = OUT, cap = CAP;

	if (ret)
		SKIP(return, "%s: %s", variant->device, strerror(-ret));
	self->kept = pins_are_kept();
	self->pins = left_pins();
	for (unsigned int i = 0; i < AREAS; i++) {
		self->area[i] = area_map(NULL);
		ASSERT_NE(MAP_FAILED, self->area[i]);
	}
	ASSERT_EQ(0, side_prepare(self->p.out, OUT, &from));
	ASSERT_EQ(1, reqbufs(self->p.cap, CAP, V4L2_MEMORY_USERPTR, 1));
	ASSERT_EQ(0, xioctl(self->p.out, VIDIOC_STREAMON, &out));
	ASSERT_EQ(0, xioctl(self->p.cap, VIDIOC_STREAMON, &cap));
	ASSERT_EQ(0, write_text(TRACING "events/vb2/vb2_memory/enable", "1"));
	ASSERT_EQ(0, write_text(TRACING "trace", " "));
}

FIXTURE_TEARDOWN(keep)
{
	write_text(TRACING "events/vb2/vb2_memory/enable", "0");
	path_close(&self->p);
	EXPECT_EQ(self->pins, left_pins());
}

/* A picture to an address; 0 if it is there afterwards */
static int shoot(struct path *p, unsigned char *where)
{
	struct side from = { .memory = V4L2_MEMORY_MMAP };
	struct side to = { .memory = V4L2_MEMORY_USERPTR, .ptr = where };
	static unsigned int seed;
	unsigned char *map = buffer_map(p->out, OUT, 0);
	int ret;

	if (map == MAP_FAILED)
		return -errno;
	picture(sent, ++seed);
	memcpy(map, sent, SIZE);
	munmap(map, SIZE);
	ret = side_queue(p->cap, CAP, &to);
	if (!ret)
		ret = side_queue(p->out, OUT, &from);
	if (!ret)
		ret = side_dequeue(p->out, OUT, V4L2_MEMORY_MMAP);
	if (!ret)
		ret = side_dequeue(p->cap, CAP, V4L2_MEMORY_USERPTR);
	return ret ?: (memcmp(where, sent, SIZE) ? -EBADMSG : 0);
}

/* Waits until @count pages more are pinned than at the beginning */
static long pins_settle(long before, long count)
{
	for (unsigned int i = 0; i < 1000 && left_pins() - before != count; i++)
		usleep(10000);
	return left_pins() - before;
}

#define PAGES	((long)(ROOM / 4096))

TEST_F(keep, addresses_in_turn)
{
	if (!self->kept)
		SKIP(return, "the kernel has no CONFIG_MMU_NOTIFIER");
	for (unsigned int i = 0; i < 5 * AREAS; i++)
		ASSERT_EQ(0, shoot(&self->p, self->area[i % AREAS]));
	EXPECT_EQ(AREAS, misses());
	EXPECT_EQ(4 * AREAS, hits());
	EXPECT_EQ(AREAS * PAGES, left_pins() - self->pins);
}

/* The address of the turn before, and one that is kept */
TEST_F(keep, unmapped_and_mapped)
{
	for (unsigned int i = 0; i < 2; i++) {
		ASSERT_EQ(0, shoot(&self->p, self->area[0]));
		ASSERT_EQ(0, munmap(self->area[0], ROOM));
		ASSERT_EQ(self->area[0], area_map(self->area[0]));
		ASSERT_EQ(0, shoot(&self->p, self->area[0]));
	}
	for (unsigned int i = 0; i < 2; i++) {
		ASSERT_EQ(0, shoot(&self->p, self->area[1]));
		ASSERT_EQ(self->area[0], area_map(self->area[0]));
		ASSERT_EQ(0, shoot(&self->p, self->area[0]));
	}
	EXPECT_EQ(self->kept, hits());
}

/* Only one page of it, in the middle */
TEST_F(keep, page_replaced)
{
	unsigned char *page = self->area[0] + 4096;

	ASSERT_EQ(0, shoot(&self->p, self->area[0]));
	ASSERT_EQ(page, mmap(page, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE |
			     MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	EXPECT_EQ(0, shoot(&self->p, self->area[0]));
	ASSERT_EQ(0, shoot(&self->p, self->area[1]));
	ASSERT_EQ(page, mmap(page, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE |
			     MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	EXPECT_EQ(0, shoot(&self->p, self->area[0]));
}

TEST_F(keep, moved)
{
	ASSERT_EQ(0, shoot(&self->p, self->area[0]));
	ASSERT_EQ(0, shoot(&self->p, self->area[1]));
	ASSERT_EQ(self->area[0],
		  mremap(self->area[1], ROOM, ROOM, MREMAP_MAYMOVE |
			 MREMAP_FIXED, self->area[0]));
	EXPECT_EQ(0, shoot(&self->p, self->area[0]));
	EXPECT_EQ(-EFAULT, shoot(&self->p, self->area[1]));
}

TEST_F(keep, not_needed)
{
	for (unsigned int i = 0; i < 2; i++) {
		ASSERT_EQ(0, shoot(&self->p, self->area[0]));
		ASSERT_EQ(0, madvise(self->area[0], ROOM, MADV_DONTNEED));
		ASSERT_EQ(0, shoot(&self->p, self->area[0]));
		ASSERT_EQ(0, shoot(&self->p, self->area[1]));
		ASSERT_EQ(0, madvise(self->area[0], ROOM, MADV_DONTNEED));
	}
	EXPECT_EQ(0, self->area[0][0]);
	EXPECT_EQ(0, shoot(&self->p, self->area[0]));
}

TEST_F(keep, protected)
{
	ASSERT_EQ(0, shoot(&self->p, self->area[0]));
	ASSERT_EQ(0, mprotect(self->area[0], ROOM, PROT_READ));
	EXPECT_EQ(-EFAULT, shoot(&self->p, self->area[0]));
	ASSERT_EQ(0, shoot(&self->p, self->area[1]));
	ASSERT_EQ(0, mprotect(self->area[0], ROOM, PROT_READ | PROT_WRITE));
	EXPECT_EQ(0, shoot(&self->p, self->area[0]));
}

/*
 * The child has the same addresses, and pages of its own there: it may write
 * to them, and queue them, and the parent does not see it; nor the other way
 * round.
 */
TEST_F(keep, forked)
{
	int status, turn[2];
	unsigned char go;
	pid_t child;

	for (unsigned int i = 0; i < 4; i++)
		ASSERT_EQ(0, shoot(&self->p, self->area[i % 2]));
	memset(self->area[0], 0x11, ROOM);
	ASSERT_EQ(0, pipe(turn));
	child = fork();
	if (!child) {
		close(turn[1]);
		memset(self->area[1], 0x22, ROOM);
		if (read(turn[0], &go, 1) != 1)
			_exit(1);
		if (self->area[0][0] != 0x11 || self->area[1][0] != 0x22)
			_exit(2);
		if (shoot(&self->p, self->area[0]) ||
		    shoot(&self->p, self->area[1]) ||
		    shoot(&self->p, self->area[0]))
			_exit(3);
		_exit(0);
	}
	/* While the child shares what it did not write */
	EXPECT_EQ(0, shoot(&self->p, self->area[0]));
	EXPECT_EQ(0, shoot(&self->p, self->area[1]));
	memset(self->area[0], 0x33, ROOM);
	memset(self->area[1], 0x44, ROOM);
	ASSERT_EQ(1, write(turn[1], "", 1));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	for (unsigned int i = 0; i < ROOM; i++) {
		ASSERT_EQ(0x33, self->area[0][i]);
		ASSERT_EQ(0x44, self->area[1][i]);
	}
	/* What the child left in the buffer is not the parent's */
	EXPECT_EQ(0, shoot(&self->p, self->area[0]));
	/* What was kept of the child went with it */
	ASSERT_EQ(0, shoot(&self->p, self->area[1]));
	EXPECT_EQ(2 * PAGES, pins_settle(self->pins, 2 * PAGES));
}

/* Pages that the process gives up are free, although the stream goes on */
TEST_F(keep, given_up)
{
	if (!self->kept)
		SKIP(return, "the kernel has no CONFIG_MMU_NOTIFIER");
	for (unsigned int i = 0; i < AREAS; i++)
		ASSERT_EQ(0, shoot(&self->p, self->area[i]));
	EXPECT_EQ(AREAS * PAGES, left_pins() - self->pins);
	ASSERT_EQ(0, munmap(self->area[0], ROOM));
	EXPECT_EQ(3 * PAGES, pins_settle(self->pins, 3 * PAGES));
	ASSERT_EQ(0, munmap(self->area[2] + ROOM - 4096, 4096));
	EXPECT_EQ(2 * PAGES, pins_settle(self->pins, 2 * PAGES));
	/* That of the buffer stays until the buffer has another */
	ASSERT_EQ(0, munmap(self->area[3], ROOM));
	EXPECT_EQ(0, shoot(&self->p, self->area[1]));
	EXPECT_EQ(PAGES, pins_settle(self->pins, PAGES));
}

/* When memory is scarce nothing is kept */
TEST_F(keep, scarce)
{
	for (unsigned int i = 0; i < AREAS; i++)
		ASSERT_EQ(0, shoot(&self->p, self->area[i]));
	ASSERT_EQ(0, write_text("/proc/sys/vm/drop_caches", "2"));
	EXPECT_EQ(PAGES, pins_settle(self->pins, PAGES));
	EXPECT_EQ(0, shoot(&self->p, self->area[0]));
	EXPECT_EQ(0, hits());
}

TEST_F(keep, stream_off)
{
	unsigned int cap = CAP;

	for (unsigned int i = 0; i < AREAS; i++)
		ASSERT_EQ(0, shoot(&self->p, self->area[i]));
	ASSERT_EQ(0, xioctl(self->p.cap, VIDIOC_STREAMOFF, &cap));
	EXPECT_EQ(0, left_pins() - self->pins);
}

TEST_HARNESS_MAIN
