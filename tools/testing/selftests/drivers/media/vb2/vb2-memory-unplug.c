// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that is mapped, exported or imported while its device is unplugged
 *
 * An IOMMU forgets the device then. What was allocated for it must be freed
 * neither too early nor by an address that means something else by now.
 */
#include "vb2-memory.h"

#include "kselftest_harness.h"
#include "vb2-memory-left.h"

/* Guests without KVM are slow */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 300

#define CAP	V4L2_BUF_TYPE_VIDEO_CAPTURE

FIXTURE(unplug)
{
	struct path p;
	struct path other;
	char remove[PATH_MAX];
	unsigned char *map;
	int dmabuf;
};

FIXTURE_VARIANT(unplug)
{
	const char *device;
	/* takes any memory, and without a device of its own */
	const char *importer;
	unsigned int flags;
};

FIXTURE_VARIANT_ADD(unplug, coherent)
{
	.device = "edu.0", .importer = "virtcap.3",
};

FIXTURE_VARIANT_ADD(unplug, noncoherent)
{
	.device = "edu.0", .importer = "virtcap.3",
	.flags = V4L2_MEMORY_FLAG_NON_COHERENT,
};

FIXTURE_VARIANT_ADD(unplug, dma_sg)
{
	.device = "edu.1", .importer = "virtcap.3",
};

/* Where to write 1 so that the device of a node goes */
static bool find_remove(int fd, char *path)
{
	char node[PATH_MAX], link[PATH_MAX];
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, node, sizeof(node) - 1);
	if (len < 0)
		return false;
	node[len] = 0;
	snprintf(link, sizeof(link), "/sys/class/video4linux/%s/device",
		 strrchr(node, '/') + 1);
	if (!realpath(link, path))
		return false;
	strcat(path, "/remove");
	return true;
}

FIXTURE_SETUP(unplug)
{
	int ret = path_open(&self->p, variant->device);

	if (!ret)
		ret = path_open(&self->other, variant->importer);
	if (ret)
		SKIP(return, "%s: %s", variant->device, strerror(-ret));
	kernel_complained();
	ASSERT_TRUE(find_remove(self->p.cap, self->remove));
	ASSERT_EQ(1, reqbufs_flags(self->p.cap, CAP, V4L2_MEMORY_MMAP, 1,
				   variant->flags));
	self->map = buffer_map(self->p.cap, CAP, 0);
	ASSERT_NE(MAP_FAILED, self->map);
	self->dmabuf = buffer_export(self->p.cap, CAP, 0, O_RDWR);
	ASSERT_LE(0, self->dmabuf);
}

FIXTURE_TEARDOWN(unplug)
{
	struct side from = { .memory = V4L2_MEMORY_MMAP };
	struct side to = { .memory = V4L2_MEMORY_MMAP };
	static unsigned char sent[SIZE], got[SIZE];
	int ret = -ENODEV;

	path_close(&self->p);
	path_close(&self->other);
	EXPECT_TRUE(file_write("/sys/bus/pci/rescan", "1"));
	for (unsigned int i = 0; i < 50 && ret; i++) {
		usleep(100000);
		path_close(&self->p);
		ret = path_open(&self->p, variant->device);
	}
	ASSERT_EQ(0, ret);
	picture(sent, 1);
	from.data = sent;
	to.data = got;
	EXPECT_EQ(0, path_copy(&self->p, &from, &to));
	EXPECT_EQ(0, memcmp(sent, got, SIZE));
	path_close(&self->p);
	EXPECT_FALSE(kernel_complained());
}

/* What is mapped stays what it was, also when it is the last that is left */
TEST_F(unplug, mapped)
{
	unsigned char now[SIZE];

	picture(self->map, 2);
	ASSERT_TRUE(file_write(self->remove, "1"));
	path_close(&self->p);
	close(self->dmabuf);
	picture(now, 2);
	EXPECT_EQ(0, memcmp(self->map, now, SIZE));
	EXPECT_EQ(0, munmap(self->map, ROOM));
}

/* Another mapping is right or refused, never somebody else's memory */
TEST_F(unplug, mapped_again)
{
	unsigned char now[SIZE], *again;

	picture(self->map, 3);
	ASSERT_TRUE(file_write(self->remove, "1"));
	path_close(&self->p);
	again = mmap(NULL, ROOM, PROT_READ, MAP_SHARED, self->dmabuf, 0);
	picture(now, 3);
	if (again != MAP_FAILED) {
		EXPECT_EQ(0, memcmp(again, now, SIZE));
		munmap(again, ROOM);
	} else {
		EXPECT_EQ(ENODEV, errno);
		EXPECT_TRUE(self->p.iommu);
	}
	munmap(self->map, ROOM);
	close(self->dmabuf);
}

/* The same of somebody who imports it */
TEST_F(unplug, imported)
{
	struct side from = { .memory = V4L2_MEMORY_DMABUF, .fd = self->dmabuf };
	struct side to = { .memory = V4L2_MEMORY_MMAP };
	static unsigned char sent[SIZE], got[SIZE];
	int ret;

	picture(self->map, 4);
	ASSERT_TRUE(file_write(self->remove, "1"));
	path_close(&self->p);
	picture(sent, 4);
	to.data = got;
	ret = path_copy(&self->other, &from, &to);
	EXPECT_TRUE(!ret || self->p.iommu);
	if (!ret)
		EXPECT_EQ(0, memcmp(sent, got, SIZE));
	munmap(self->map, ROOM);
	close(self->dmabuf);
}

TEST_HARNESS_MAIN
