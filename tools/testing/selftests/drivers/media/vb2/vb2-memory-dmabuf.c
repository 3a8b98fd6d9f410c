// SPDX-License-Identifier: GPL-2.0-only
/*
 * What dma-bufs may be asked for, exported and imported
 *
 * The pairs of exporters and importers are in vb2-memory-matrix.c.
 */
#include "vb2-memory.h"

#include <linux/dma-heap.h>
#include <sys/wait.h>

#include "kselftest_harness.h"

/* Guests without KVM are slow */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 300

#define OUT	V4L2_BUF_TYPE_VIDEO_OUTPUT
#define CAP	V4L2_BUF_TYPE_VIDEO_CAPTURE

static unsigned char sent[SIZE], got[SIZE];

static int heap_alloc(size_t size)
{
	struct dma_heap_allocation_data data = {
		.len = size, .fd_flags = O_RDWR | O_CLOEXEC,
	};
	int dev = open("/dev/dma_heap/system", O_RDWR);
	int ret = ioctl(dev, DMA_HEAP_IOCTL_ALLOC, &data);

	close(dev);
	return ret ? -1 : (int)data.fd;
}

/*
 * Import: OUTPUT queues of all allocators. dma-contig gets dma-contig's memory,
 * the others what a heap has.
 */
FIXTURE(import)
{
	struct path p;
	struct path owner;
	int fd[2];
	unsigned char *map[2];
};

FIXTURE_VARIANT(import)
{
	const char *device;
	const char *exporter;
};

FIXTURE_VARIANT_ADD(import, vmalloc)
{
	.device = "virtcap.3", .exporter = "virtcap.0",
};

FIXTURE_VARIANT_ADD(import, dma_contig)
{
	.device = "virtcap.4", .exporter = "virtcap.1",
};

FIXTURE_VARIANT_ADD(import, dma_sg)
{
	.device = "virtcap.5", .exporter = "virtcap.2",
};

FIXTURE_SETUP(import)
{
	int ret = path_open(&self->p, variant->device);

	if (!ret)
		ret = path_open(&self->owner, variant->exporter);
	if (ret)
		SKIP(return, "%s: %s", variant->device, strerror(-ret));
	ASSERT_EQ(2, reqbufs(self->owner.cap, CAP, V4L2_MEMORY_MMAP, 2));
	for (unsigned int i = 0; i < 2; i++) {
		self->fd[i] = buffer_export(self->owner.cap, CAP, i, O_RDWR);
		ASSERT_LE(0, self->fd[i]);
		self->map[i] = buffer_map(self->owner.cap, CAP, i);
		ASSERT_NE(MAP_FAILED, self->map[i]);
	}
}

FIXTURE_TEARDOWN(import)
{
	for (unsigned int i = 0; i < 2; i++) {
		munmap(self->map[i], ROOM);
		close(self->fd[i]);
	}
	path_close(&self->owner);
	path_close(&self->p);
}

static int output_from(struct path *p, int fd, unsigned int length)
{
	struct side from = {
		.memory = V4L2_MEMORY_DMABUF, .fd = fd, .length = length,
	};
	struct side to = { .memory = V4L2_MEMORY_MMAP, .data = got };

	return path_copy(p, &from, &to);
}

TEST_F(import, no_dma_buf)
{
	EXPECT_EQ(-EINVAL, output_from(&self->p, -1, 0));
	EXPECT_EQ(-EINVAL, output_from(&self->p, 1000, 0));
	EXPECT_EQ(-EINVAL, output_from(&self->p, self->p.out, 0));
	EXPECT_EQ(-EINVAL, output_from(&self->p, memfd_create("no", 0), 0));
}

TEST_F(import, lengths)
{
	int small = heap_alloc(ROOM - 4096);

	ASSERT_LE(0, small);
	EXPECT_EQ(-EINVAL, output_from(&self->p, small, 0));
	EXPECT_EQ(-EINVAL, output_from(&self->p, small, SIZE));
	EXPECT_EQ(-EINVAL, output_from(&self->p, self->fd[0], SIZE - 1));
	EXPECT_EQ(-EINVAL, output_from(&self->p, self->fd[0], ROOM + 1));
	EXPECT_EQ(-EINVAL, output_from(&self->p, self->fd[0], UINT_MAX));
	EXPECT_EQ(0, output_from(&self->p, self->fd[0], 0));
	EXPECT_EQ(0, output_from(&self->p, self->fd[0], SIZE));
	EXPECT_EQ(0, output_from(&self->p, self->fd[0], ROOM));
	close(small);
}

/* virtcap works with the CPU: it refuses what that cannot reach, in time */
TEST_F(import, no_kernel_address)
{
	int dev = open("/dev/vb2_memory_unmapped", O_RDWR | O_CLOEXEC);
	struct side from = { .memory = V4L2_MEMORY_MMAP, .data = sent };
	struct side to = { .memory = V4L2_MEMORY_DMABUF };
	unsigned int type = V4L2_BUF_TYPE_META_CAPTURE;
	char name[64];
	int fd;

	if (dev < 0)
		SKIP(return, "no module vb2-memory-unmapped");
	to.fd = ioctl(dev, 0x1000, SIZE);
	ASSERT_LE(0, to.fd);
	EXPECT_EQ(-EINVAL, output_from(&self->p, to.fd, 0));
	EXPECT_EQ(-EINVAL, path_copy(&self->p, &from, &to));

	snprintf(name, sizeof(name), "%s metadata", variant->device);
	fd = node_open(name, 0, NULL);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, side_prepare(fd, type, &to));
	EXPECT_EQ(-EINVAL, side_queue(fd, type, &to));
	close(fd);
	close(to.fd);
	close(dev);
	EXPECT_EQ(0, output_from(&self->p, self->fd[0], 0));
}

/* One index, streaming all the time, and the descriptors come and go */
TEST_F(import, another_at_every_qbuf)
{
	struct side to = { .memory = V4L2_MEMORY_MMAP, .data = got };
	struct side from = { .memory = V4L2_MEMORY_DMABUF };
	unsigned int out = OUT, cap = CAP;

	ASSERT_EQ(0, side_prepare(self->p.out, OUT, &from));
	ASSERT_EQ(0, side_prepare(self->p.cap, CAP, &to));
	ASSERT_EQ(0, xioctl(self->p.out, VIDIOC_STREAMON, &out));
	ASSERT_EQ(0, xioctl(self->p.cap, VIDIOC_STREAMON, &cap));
	for (unsigned int i = 0; i < 8; i++) {
		picture(sent, i);
		memcpy(self->map[i % 2], sent, SIZE);
		/* A number of its own each time, closed while it is queued */
		from.fd = dup(self->fd[i % 2]);
		ASSERT_EQ(0, side_queue(self->p.out, OUT, &from));
		close(from.fd);
		ASSERT_EQ(0, side_queue(self->p.cap, CAP, &to));
		ASSERT_EQ(0, side_result(self->p.out, OUT, &from));
		ASSERT_EQ(0, side_result(self->p.cap, CAP, &to));
		ASSERT_EQ(0, memcmp(sent, got, SIZE));
	}
}

/* What is refused does not disturb what the buffer had */
TEST_F(import, refused_in_between)
{
	struct side to = { .memory = V4L2_MEMORY_MMAP, .data = got };
	struct side from = { .memory = V4L2_MEMORY_DMABUF, .fd = self->fd[0] };
	unsigned int out = OUT, cap = CAP;

	ASSERT_EQ(0, side_prepare(self->p.out, OUT, &from));
	ASSERT_EQ(0, side_prepare(self->p.cap, CAP, &to));
	ASSERT_EQ(0, xioctl(self->p.out, VIDIOC_STREAMON, &out));
	ASSERT_EQ(0, xioctl(self->p.cap, VIDIOC_STREAMON, &cap));
	for (unsigned int i = 0; i < 3; i++) {
		picture(sent, 100 + i);
		memcpy(self->map[0], sent, SIZE);
		from.fd = self->p.out;
		ASSERT_EQ(-EINVAL, side_queue(self->p.out, OUT, &from));
		from.fd = self->fd[0];
		ASSERT_EQ(0, side_queue(self->p.out, OUT, &from));
		ASSERT_EQ(0, side_queue(self->p.cap, CAP, &to));
		ASSERT_EQ(0, side_result(self->p.out, OUT, &from));
		ASSERT_EQ(0, side_result(self->p.cap, CAP, &to));
		ASSERT_EQ(0, memcmp(sent, got, SIZE));
	}
}

FIXTURE(export)
{
	struct path p;
};

FIXTURE_VARIANT(export)
{
	const char *device;
	unsigned int flags;
};

FIXTURE_VARIANT_ADD(export, vmalloc)
{
	.device = "virtcap.0",
};

FIXTURE_VARIANT_ADD(export, dma_contig)
{
	.device = "virtcap.1",
};

FIXTURE_VARIANT_ADD(export, dma_contig_non_coherent)
{
	.device = "virtcap.1", .flags = V4L2_MEMORY_FLAG_NON_COHERENT,
};

FIXTURE_VARIANT_ADD(export, dma_sg)
{
	.device = "virtcap.2",
};

FIXTURE_SETUP(export)
{
	int ret = path_open(&self->p, variant->device);

	if (ret)
		SKIP(return, "%s: %s", variant->device, strerror(-ret));
	ASSERT_EQ(1, reqbufs_flags(self->p.cap, CAP, V4L2_MEMORY_MMAP, 1,
				   variant->flags));
}

FIXTURE_TEARDOWN(export)
{
	path_close(&self->p);
}

static void *view(int fd, int prot)
{
	return mmap(NULL, ROOM, prot, MAP_SHARED, fd, 0);
}

TEST_F(export, flags)
{
	int fd = buffer_export(self->p.cap, CAP, 0, O_RDONLY);

	ASSERT_LE(0, fd);
	EXPECT_EQ(0, fcntl(fd, F_GETFD));
	EXPECT_EQ(O_RDONLY, fcntl(fd, F_GETFL) & O_ACCMODE);
	EXPECT_NE(MAP_FAILED, view(fd, PROT_READ));
	EXPECT_EQ(MAP_FAILED, view(fd, PROT_READ | PROT_WRITE));
	EXPECT_EQ(EACCES, errno);
	close(fd);

	fd = buffer_export(self->p.cap, CAP, 0, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, fd);
	EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
	EXPECT_EQ(O_RDWR, fcntl(fd, F_GETFL) & O_ACCMODE);
	EXPECT_NE(MAP_FAILED, view(fd, PROT_READ | PROT_WRITE));
	EXPECT_EQ(ROOM, lseek(fd, 0, SEEK_END));
	close(fd);

	EXPECT_EQ(-EINVAL, buffer_export(self->p.cap, CAP, 0, O_APPEND));
	EXPECT_EQ(-EINVAL, buffer_export(self->p.cap, CAP, 1, O_RDWR));
	EXPECT_EQ(-EINVAL, buffer_export(self->p.cap, OUT, 0, O_RDWR));
}

/* Parts of it, from the middle, too much of it, and twice */
TEST_F(export, mmap)
{
	int fd = buffer_export(self->p.cap, CAP, 0, O_RDWR);
	int other = buffer_export(self->p.cap, CAP, 0, O_RDWR);
	unsigned char *all, *part, *twin;

	ASSERT_LE(0, fd);
	ASSERT_LE(0, other);
	all = view(fd, PROT_READ | PROT_WRITE);
	twin = view(other, PROT_READ);
	part = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 2 * 4096);
	ASSERT_NE(MAP_FAILED, all);
	ASSERT_NE(MAP_FAILED, twin);
	ASSERT_NE(MAP_FAILED, part);
	picture(all, 5);
	EXPECT_EQ(0, cpu_access(fd, DMA_BUF_SYNC_RW | DMA_BUF_SYNC_START));
	EXPECT_EQ(0, cpu_access(fd, DMA_BUF_SYNC_RW | DMA_BUF_SYNC_END));
	EXPECT_EQ(0, memcmp(all, twin, SIZE));
	EXPECT_EQ(0, memcmp(all + 2 * 4096, part, 4096));

	EXPECT_EQ(MAP_FAILED, mmap(NULL, ROOM + 4096, PROT_READ, MAP_SHARED, fd,
				   0));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, ROOM, PROT_READ, MAP_SHARED, fd, 4096));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, ROOM));
}

/* New memory must not show what was in it before */
TEST_F(export, zeroed)
{
	int fd = buffer_export(self->p.cap, CAP, 0, O_RDWR);
	unsigned char *all = view(fd, PROT_READ);

	ASSERT_NE(MAP_FAILED, all);
	for (unsigned int i = 0; i < ROOM; i++)
		ASSERT_EQ(0, all[i]);
}

/* Mappings are counted when they are split, moved and copied, and never grow */
TEST_F(export, mappings)
{
	unsigned char *map = buffer_map(self->p.cap, CAP, 0), *moved;
	int status;
	pid_t child;

	ASSERT_NE(MAP_FAILED, map);
	picture(map, 6);
	picture(sent, 6);
	EXPECT_EQ(MAP_FAILED, mremap(map, SIZE, 4 * ROOM, MREMAP_MAYMOVE));
	/* A page out of the middle */
	ASSERT_EQ(0, munmap(map + 4096, 4096));
	moved = mmap(NULL, ROOM, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	moved = mremap(map + 2 * 4096, ROOM - 2 * 4096, ROOM - 2 * 4096,
		       MREMAP_MAYMOVE | MREMAP_FIXED, moved);
	ASSERT_NE(MAP_FAILED, moved);

	child = fork();
	if (!child) {
		/* The last one who knows the memory */
		sleep(1);
		_exit(memcmp(map, sent, 4096) ||
		      memcmp(moved, sent + 2 * 4096, SIZE - 2 * 4096));
	}
	EXPECT_EQ(0, reqbufs(self->p.cap, CAP, V4L2_MEMORY_MMAP, 0));
	munmap(map, 4096);
	munmap(moved, ROOM - 2 * 4096);
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
}

TEST_HARNESS_MAIN
