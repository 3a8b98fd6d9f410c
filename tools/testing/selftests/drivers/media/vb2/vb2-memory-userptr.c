// SPDX-License-Identifier: GPL-2.0-only
/*
 * USERPTR over every kind of memory a process can have
 *
 * What is accepted is compared byte for byte. After each test as many pages
 * must have been unpinned as were pinned.
 */
#include "vb2-memory.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include "kselftest_harness.h"
#include "vb2-memory-left.h"

/* A bus master in software, in a guest without KVM, under sanitizers */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 300

#define OUT	V4L2_BUF_TYPE_VIDEO_OUTPUT
#define CAP	V4L2_BUF_TYPE_VIDEO_CAPTURE
#define HUGE	(2UL << 20)
#define KPF_DIRTY	4

static unsigned char sent[SIZE], got[SIZE];

static void *huge_page(void)
{
	void *p = mmap(NULL, HUGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);

	if (p != MAP_FAILED)
		memset(p, 0x55, HUGE);
	return p;
}

struct page {
	uint64_t frame;
	unsigned char *where;
};

static int by_frame(const void *a, const void *b)
{
	const struct page *x = a, *y = b;

	return x->frame < y->frame ? -1 : x->frame > y->frame;
}

/*
 * Memory that also dma-contig takes, in pages of its own: of many pages some
 * are neighbours, and need only be moved into the right order.
 */
static void *one_run(void)
{
	enum { NUM = 4096, WANTED = ROOM / 4096 + 1 };
	static struct page pages[NUM];
	unsigned char *p = mmap(NULL, NUM * 4096, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned char *to = mmap(NULL, WANTED * 4096, PROT_NONE,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = open("/proc/self/pagemap", O_RDONLY);
	unsigned int i, run = 1;

	if (p == MAP_FAILED || to == MAP_FAILED)
		return MAP_FAILED;
	madvise(p, NUM * 4096, MADV_NOHUGEPAGE);
	memset(p, 0x55, NUM * 4096);
	for (i = 0; i < NUM; i++) {
		pages[i].where = p + i * 4096;
		pread(fd, &pages[i].frame, 8, (uintptr_t)pages[i].where / 512);
		pages[i].frame &= (1ULL << 55) - 1;
	}
	close(fd);
	qsort(pages, NUM, sizeof(pages[0]), by_frame);
	for (i = 1; i < NUM && run < WANTED; i++)
		run = pages[i].frame == pages[i - 1].frame + 1 ? run + 1 : 1;
	if (run < WANTED)
		return MAP_FAILED;
	for (unsigned int j = 0; j < WANTED; j++)
		if (mremap(pages[i - WANTED + j].where, 4096, 4096,
			   MREMAP_MAYMOVE | MREMAP_FIXED, to + j * 4096) ==
		    MAP_FAILED)
			return MAP_FAILED;
	return to;
}

FIXTURE(userptr)
{
	struct path p;
	bool contig;
	long pins;
	int result;
};

FIXTURE_VARIANT(userptr)
{
	const char *device;
	bool contig;
};

FIXTURE_VARIANT_ADD(userptr, vmalloc)
{
	.device = "virtcap.3",
};

FIXTURE_VARIANT_ADD(userptr, dma_sg)
{
	.device = "virtcap.5",
};

FIXTURE_VARIANT_ADD(userptr, pci_dma_contig)
{
	.device = "edu.0",
	.contig = true,
};

FIXTURE_VARIANT_ADD(userptr, pci_dma_sg)
{
	.device = "edu.1",
};

FIXTURE_SETUP(userptr)
{
	int ret = path_open(&self->p, variant->device);

	if (ret)
		SKIP(return, "%s: %s", variant->device, strerror(-ret));
	self->contig = variant->contig && !self->p.iommu;
	self->pins = left_pins();
	ASSERT_GE(self->pins, 0);
}

FIXTURE_TEARDOWN(userptr)
{
	path_close(&self->p);
	EXPECT_EQ(self->pins, left_pins());
}

/* What must come of it: dma-contig wants one run of physical memory */
static int expected(bool contig, const void *p)
{
	return contig && layout(p, SIZE) != ONE_RUN ? -EINVAL : 0;
}

static int capture_to(struct path *p, void *ptr, unsigned int seed)
{
	struct side from = { .memory = V4L2_MEMORY_MMAP, .data = sent };
	struct side to = { .memory = V4L2_MEMORY_USERPTR, .ptr = ptr };

	picture(sent, seed);
	return path_copy(p, &from, &to);
}

static int output_from(struct path *p, void *ptr)
{
	struct side from = { .memory = V4L2_MEMORY_USERPTR, .ptr = ptr };
	struct side to = { .memory = V4L2_MEMORY_MMAP, .data = got };

	return path_copy(p, &from, &to);
}

/* Capture into memory and show what is in it; 0 if it is what it must be */
static int both_ways(struct path *p, void *ptr, bool contig)
{
	int want = expected(contig, ptr);
	int ret = capture_to(p, ptr, (unsigned int)(uintptr_t)ptr);

	if (ret != want)
		return ret ?: -EPROTO;
	if (!ret && memcmp(ptr, sent, SIZE))
		return -EBADMSG;
	memset(got, 0, SIZE);
	ret = output_from(p, ptr);
	if (ret != want)
		return ret ?: -EPROTO;
	return !ret && memcmp(got, ptr, SIZE) ? -EBADMSG : 0;
}

TEST_F(userptr, anonymous)
{
	unsigned char *p = anonymous(ROOM);

	ASSERT_NE(MAP_FAILED, p);
	EXPECT_EQ(0, both_ways(&self->p, p, self->contig));
	/* What follows in the last page is not the device's */
	for (unsigned int i = SIZE; i < ROOM; i++)
		ASSERT_EQ(0x55, p[i]);
}

TEST_F(userptr, misaligned)
{
	unsigned char *p = anonymous(2 * ROOM);

	ASSERT_NE(MAP_FAILED, p);
	EXPECT_EQ(0, both_ways(&self->p, p + 1234, self->contig));
	EXPECT_EQ(0x55, p[1233]);
	EXPECT_EQ(0x55, p[1234 + SIZE]);
}

/* One run of physical memory: here dma-contig has no excuse */
TEST_F(userptr, huge_page)
{
	unsigned char *p = huge_page();

	if (access("/proc/sys/vm/nr_hugepages", F_OK))
		SKIP(return, "the kernel has no CONFIG_HUGETLBFS");
	ASSERT_NE(MAP_FAILED, p) {
		TH_LOG("echo 8 > /proc/sys/vm/nr_hugepages");
	}
	ASSERT_EQ(ONE_RUN, layout(p, HUGE));
	EXPECT_EQ(0, both_ways(&self->p, p, self->contig));
	EXPECT_EQ(0, both_ways(&self->p, p + 4096 * 3 + 40, self->contig));
	munmap(p, HUGE);
}

TEST_F(userptr, shared_memory)
{
	int fd = memfd_create("frames", 0);
	unsigned char *p;

	ASSERT_EQ(0, ftruncate(fd, ROOM));
	p = mmap(NULL, ROOM, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, p);
	memset(p, 0x55, ROOM);
	EXPECT_EQ(0, both_ways(&self->p, p, self->contig));
	ASSERT_EQ(SIZE, pread(fd, got, SIZE, 0));
	/* If it was refused it is as it was */
	if (expected(self->contig, p))
		memset(sent, 0x55, SIZE);
	EXPECT_EQ(0, memcmp(got, sent, SIZE));
}

/* A disk's file: may be shown, but not written behind the file system's back */
TEST_F(userptr, shared_file)
{
	const char *dir = getenv("VB2_MEMORY_DISK");
	char name[PATH_MAX];
	unsigned char *p;
	int fd, want;

	if (!dir)
		SKIP(return, "VB2_MEMORY_DISK: a directory on a disk");
	snprintf(name, sizeof(name), "%s/frame", dir);
	fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
	picture(sent, 7);
	ASSERT_EQ(SIZE, write(fd, sent, SIZE));
	ASSERT_EQ(0, fsync(fd));
	p = mmap(NULL, ROOM, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, p);
	want = expected(self->contig, p);
	EXPECT_EQ(want, output_from(&self->p, p));
	EXPECT_EQ(!want, !memcmp(got, p, SIZE));
	EXPECT_EQ(-EFAULT, capture_to(&self->p, p, 8));
	picture(sent, 7);
	EXPECT_EQ(0, memcmp(sent, p, SIZE));
}

/* A private mapping becomes the process's own before the device writes */
TEST_F(userptr, private_file)
{
	int fd = memfd_create("frames", 0);
	unsigned char *p;
	int ret;

	ASSERT_EQ(0, ftruncate(fd, ROOM));
	p = mmap(NULL, ROOM, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	ASSERT_NE(MAP_FAILED, p);
	/* Not touched: copied by the pin itself */
	ret = capture_to(&self->p, p, 9);
	if (!self->contig)
		ret = ret ?: both_ways(&self->p, p, false);
	/* For dma-contig it depends on which pages the copies got */
	if (!self->contig || ret != -EINVAL)
		ASSERT_EQ(0, ret);
	memset(sent, 0, SIZE);
	ASSERT_EQ(SIZE, pread(fd, got, SIZE, 0));
	EXPECT_EQ(0, memcmp(got, sent, SIZE));
}

TEST_F(userptr, read_only)
{
	unsigned char *p = anonymous(ROOM);
	int want = expected(self->contig, p);

	picture(p, 11);
	ASSERT_EQ(0, mprotect(p, ROOM, PROT_READ));
	EXPECT_EQ(want, output_from(&self->p, p));
	EXPECT_EQ(!want, !memcmp(got, p, SIZE));
	EXPECT_EQ(-EFAULT, capture_to(&self->p, p, 12));
	picture(got, 11);
	EXPECT_EQ(0, memcmp(got, p, SIZE));
}

TEST_F(userptr, unmapped)
{
	unsigned char *p = anonymous(2 * ROOM);

	ASSERT_EQ(0, munmap(p + ROOM - 4096, 4096));
	/* All of it, its end, its beginning */
	EXPECT_EQ(-EFAULT, capture_to(&self->p, (void *)4096, 1));
	EXPECT_EQ(-EFAULT, capture_to(&self->p, p, 1));
	EXPECT_EQ(-EFAULT, capture_to(&self->p, p + ROOM - 4096, 1));
	EXPECT_EQ(-EFAULT, output_from(&self->p, p));
	EXPECT_EQ(0x55, p[0]);
	/* Around the end of the address space */
	EXPECT_EQ(-EFAULT, capture_to(&self->p, (void *)-8192L, 1));
	EXPECT_EQ(-EFAULT, capture_to(&self->p, (void *)(1UL << 63), 1));
	EXPECT_EQ(-EFAULT, capture_to(&self->p, NULL, 1));
}

TEST_F(userptr, too_short)
{
	struct side from = { .memory = V4L2_MEMORY_MMAP, .data = sent };
	struct side to = {
		.memory = V4L2_MEMORY_USERPTR, .ptr = anonymous(ROOM),
		.length = SIZE - 1,
	};

	EXPECT_EQ(-EINVAL, path_copy(&self->p, &from, &to));
	to.length = UINT_MAX;
	EXPECT_EQ(-EFAULT, path_copy(&self->p, &from, &to));
}

/* Another device's buffer: with pages it can be pinned, without it cannot */
static void other_device(struct __test_metadata *_metadata, struct path *p,
			 bool contig, const char *device, int refused)
{
	struct path other;
	void *map;

	ASSERT_EQ(0, path_open(&other, device));
	ASSERT_EQ(1, reqbufs(other.cap, CAP, V4L2_MEMORY_MMAP, 1));
	map = buffer_map(other.cap, CAP, 0);
	ASSERT_NE(MAP_FAILED, map);
	EXPECT_EQ(refused, refused ? capture_to(p, map, 1) :
				     both_ways(p, map, contig));
	munmap(map, ROOM);
	path_close(&other);
}

TEST_F(userptr, other_device)
{
	other_device(_metadata, &self->p, self->contig, "virtcap.0", 0);
	other_device(_metadata, &self->p, self->contig, "virtcap.1", -EFAULT);
	other_device(_metadata, &self->p, self->contig, "virtcap.2", 0);
}

/* Both sides stream, and the memory is queued: it waits for a picture */
static int begin(struct path *p, void *ptr)
{
	struct side from = { .memory = V4L2_MEMORY_MMAP, .data = sent };
	struct side to = { .memory = V4L2_MEMORY_USERPTR, .ptr = ptr };
	unsigned int out = OUT, cap = CAP;
	int ret = side_prepare(p->out, OUT, &from);

	if (!ret)
		ret = side_prepare(p->cap, CAP, &to);
	if (!ret)
		ret = xioctl(p->out, VIDIOC_STREAMON, &out);
	if (!ret)
		ret = xioctl(p->cap, VIDIOC_STREAMON, &cap);
	return ret ?: side_queue(p->cap, CAP, &to);
}

/* The picture */
static int finish(struct path *p)
{
	struct side from = { .memory = V4L2_MEMORY_MMAP };
	int ret = side_queue(p->out, OUT, &from);

	if (!ret)
		ret = side_dequeue(p->out, OUT, V4L2_MEMORY_MMAP);
	return ret ?: side_dequeue(p->cap, CAP, V4L2_MEMORY_USERPTR);
}

/* The child gets copies: the parent's pages are the device's */
TEST_F(userptr, forked)
{
	unsigned char *p = one_run();
	int status;
	pid_t child;

	ASSERT_NE(MAP_FAILED, p);
	picture(sent, 20);
	ASSERT_EQ(0, begin(&self->p, p));
	child = fork();
	if (!child) {
		memset(p, 0xaa, SIZE);
		_exit(p[SIZE - 1] != 0xaa);
	}
	p[SIZE] = 0x66;
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	ASSERT_EQ(0, finish(&self->p));
	EXPECT_EQ(0, memcmp(p, sent, SIZE));
	EXPECT_EQ(0x66, p[SIZE]);
}

TEST_F(userptr, unmapped_while_queued)
{
	unsigned int cap = CAP;
	void *p = one_run();

	ASSERT_NE(MAP_FAILED, p);
	ASSERT_EQ(0, begin(&self->p, p));
	EXPECT_LT(self->pins, left_pins());
	ASSERT_EQ(0, munmap(p, ROOM));
	EXPECT_EQ(0, finish(&self->p));
	EXPECT_LT(self->pins, left_pins());
	/* Nothing is pinned after REQBUFS(0), before the file is closed */
	xioctl(self->p.cap, VIDIOC_STREAMOFF, &cap);
	EXPECT_EQ(0, reqbufs(self->p.cap, CAP, V4L2_MEMORY_USERPTR, 0));
	EXPECT_EQ(self->pins, left_pins());
}

/* Pinned once for as long as the address stays, and again for another */
TEST_F(userptr, remapped_when_changed)
{
	struct side to = { .memory = V4L2_MEMORY_USERPTR, .ptr = one_run() };
	long before;

	ASSERT_NE(MAP_FAILED, to.ptr);
	ASSERT_EQ(0, begin(&self->p, to.ptr));
	before = left_vmstat("nr_foll_pin_acquired ");
	for (unsigned int i = 0; i < 2; i++) {
		ASSERT_EQ(0, finish(&self->p));
		ASSERT_EQ(0, side_queue(self->p.cap, CAP, &to));
	}
	if (pins_are_kept())
		EXPECT_EQ(before, left_vmstat("nr_foll_pin_acquired "));
	ASSERT_EQ(0, finish(&self->p));
	to.ptr = one_run();
	ASSERT_NE(MAP_FAILED, to.ptr);
	ASSERT_EQ(0, side_queue(self->p.cap, CAP, &to));
	EXPECT_LT(before, left_vmstat("nr_foll_pin_acquired "));
	picture(sent, 40);
	EXPECT_EQ(0, finish(&self->p));
}

static int page_flag(const void *p, unsigned int flag)
{
	int maps = open("/proc/self/pagemap", O_RDONLY);
	int flags = open("/proc/kpageflags", O_RDONLY);
	uint64_t entry = 0, value = 0;

	pread(maps, &entry, 8, (uintptr_t)p / 4096 * 8);
	pread(flags, &value, 8, (entry & ((1ULL << 55) - 1)) * 8);
	close(maps);
	close(flags);
	return value >> flag & 1;
}

/* The kernel must know that it may not throw the pages away */
TEST_F(userptr, dirty)
{
	unsigned char *p = one_run();

	ASSERT_NE(MAP_FAILED, p);
	ASSERT_EQ(0, page_flag(p, KPF_DIRTY));
	ASSERT_EQ(0, output_from(&self->p, p));
	EXPECT_EQ(0, page_flag(p, KPF_DIRTY));
	ASSERT_EQ(0, capture_to(&self->p, p, 30));
	EXPECT_EQ(1, page_flag(p, KPF_DIRTY));
	EXPECT_EQ(1, page_flag(p + SIZE - 1, KPF_DIRTY));
}

TEST_HARNESS_MAIN
