// SPDX-License-Identifier: GPL-2.0-only
/*
 * videobuf2 tests: offsets, mmap, export and addresses of planes
 */
#include <kunit/test.h>
#include <linux/anon_inodes.h>
#include <linux/cleanup.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/mman.h>

#include "../vb2-internal.h"
#include "vb2-mock.h"

static int mock_file_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct vb2_mock *mock = file->private_data;

	return vb2_mmap(&mock->q, vma);
}

static const struct file_operations mock_fops = {
	.owner	= THIS_MODULE,
	.mmap	= mock_file_mmap,
};

static void put_file(void *file)
{
	fput(file);
	flush_delayed_fput();
}

static struct file *mock_file(struct vb2_mock *mock)
{
	struct file *file = anon_inode_getfile("vb2-mock", &mock_fops, mock,
					       O_RDWR);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(mock->test, file);
	KUNIT_ASSERT_EQ(mock->test, 0,
			kunit_add_action_or_reset(mock->test, put_file, file));
	return file;
}

/* As an application would; the address or an error code */
static long map(struct vb2_mock *mock, struct file *file, unsigned long offset,
		unsigned long length, unsigned long prot, unsigned long flags)
{
	return kunit_vm_mmap(mock->test, file, 0, length, prot, flags, offset);
}

static void vb2_mmap_reaches_each_plane(struct kunit *test)
{
	struct vb2_mock *mock = vb2_mock_capture(test);
	struct vb2_buffer *vb;
	struct file *file;
	unsigned int i;
	u8 *data, byte;
	long addr;

	mock->num_planes = 2;
	vb2_mock_reqbufs(mock, VB2_MEMORY_MMAP, 3);
	file = mock_file(mock);
	vb = vb2_get_buffer(&mock->q, 2);
	for (i = 0; i < 2; i++) {
		data = vb2_plane_vaddr(vb, i);
		data[PAGE_SIZE / 2] = 0x40 + i;
		KUNIT_EXPECT_FALSE(test, i == 0 &&
				   vb2_buffer_in_use(&mock->q, vb));
		addr = map(mock, file, vb->planes[i].m.offset,
			   vb->planes[i].length, PROT_READ, MAP_SHARED);
		KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
		KUNIT_EXPECT_EQ(test, 0,
				get_user(byte, (u8 __user *)addr +
					 PAGE_SIZE / 2));
		KUNIT_EXPECT_EQ(test, byte, 0x40 + i);
		KUNIT_EXPECT_TRUE(test, vb2_buffer_in_use(&mock->q, vb));
		KUNIT_EXPECT_EQ(test, vm_munmap(addr, vb->planes[i].length),
				0);
		KUNIT_EXPECT_FALSE(test, vb2_buffer_in_use(&mock->q, vb));
	}
}

/* Mapped memory stays when its buffer goes */
static void vb2_mmap_outlives_buffer(struct kunit *test)
{
	struct vb2_mock *mock = vb2_mock_capture(test);
	struct file *file;
	long addr;

	vb2_mock_reqbufs(mock, VB2_MEMORY_MMAP, 1);
	file = mock_file(mock);
	addr = map(mock, file, 0, PAGE_SIZE, PROT_READ, MAP_SHARED);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	KUNIT_EXPECT_EQ(test, vb2_mock_reqbufs(mock, VB2_MEMORY_MMAP, 0), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&mock->memory), 1);
	KUNIT_EXPECT_EQ(test, vm_munmap(addr, PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&mock->memory), 0);
}

static void vb2_mmap_refused(struct kunit *test)
{
	struct vb2_mock *mock = vb2_mock_capture(test);
	struct file *file = mock_file(mock);
	struct vb2_buffer *vb;

	/* No buffers yet */
	KUNIT_EXPECT_EQ(test, -EINVAL, map(mock, file, 0, PAGE_SIZE, PROT_READ,
					   MAP_SHARED));
	vb2_mock_reqbufs(mock, VB2_MEMORY_MMAP, 2);
	KUNIT_EXPECT_EQ(test, -EINVAL, map(mock, file, 0, PAGE_SIZE, PROT_READ,
					   MAP_PRIVATE));
	KUNIT_EXPECT_EQ(test, -EINVAL, map(mock, file, 0, PAGE_SIZE, PROT_WRITE,
					   MAP_SHARED));
	KUNIT_EXPECT_EQ(test, -EINVAL, map(mock, file, 0, 2 * PAGE_SIZE,
					   PROT_READ, MAP_SHARED));
	/* The second plane of two that do not have one, no such buffer */
	KUNIT_EXPECT_EQ(test, -EINVAL, map(mock, file, PAGE_SIZE, PAGE_SIZE,
					   PROT_READ, MAP_SHARED));
	KUNIT_EXPECT_EQ(test, -EINVAL, map(mock, file, 2ULL * VB2_MAX_PLANES
					   << PAGE_SHIFT, PAGE_SIZE, PROT_READ,
					   MAP_SHARED));
	KUNIT_EXPECT_EQ(test, -EINVAL, map(mock, file, BIT(BITS_PER_LONG - 2),
					   PAGE_SIZE, PROT_READ, MAP_SHARED));
	vb2_mock_fail(mock, MOCK_MMAP, 1, -ENXIO);
	KUNIT_EXPECT_EQ(test, -ENXIO, map(mock, file, 0, PAGE_SIZE, PROT_READ,
					  MAP_SHARED));
	vb2_mock_reqbufs(mock, VB2_MEMORY_USERPTR, 1);
	KUNIT_EXPECT_EQ(test, -EINVAL, map(mock, file, 0, PAGE_SIZE, PROT_READ,
					   MAP_SHARED));
	vb = vb2_get_buffer(&mock->q, 0);
	KUNIT_EXPECT_FALSE(test, vb2_buffer_in_use(&mock->q, vb));
}

/* The memory of a queue that is read is its own affair */
static void vb2_mmap_while_reading(struct kunit *test)
{
	struct vb2_mock *mock = vb2_mock_capture(test);
	struct file *file = mock_file(mock);

	vb2_mock_poll(mock);
	KUNIT_ASSERT_TRUE(test, vb2_fileio_is_active(&mock->q));
	KUNIT_EXPECT_EQ(test, -EBUSY, map(mock, file, 0, PAGE_SIZE, PROT_READ,
					  MAP_SHARED));
}

static int expbuf(struct vb2_mock *mock, unsigned int type, unsigned int plane,
		  unsigned int flags)
{
	struct vb2_buffer *vb = vb2_get_buffer(&mock->q, 0);
	int fd = -1, ret;

	guard(mutex)(&mock->lock);
	ret = vb2_core_expbuf(&mock->q, &fd, type, vb, plane, flags);
	return ret ?: fd;
}

static void vb2_core_expbuf_exports(struct kunit *test)
{
	struct vb2_mock *mock = vb2_mock_capture(test);
	struct vb2_buffer *vb;
	struct dma_buf *dbuf;
	int fd;

	vb2_mock_reqbufs(mock, VB2_MEMORY_MMAP, 1);
	fd = expbuf(mock, VB2_MOCK_TYPE, 0, O_CLOEXEC | O_RDWR);
	KUNIT_ASSERT_GE(test, fd, 0);
	dbuf = dma_buf_get(fd);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dbuf);
	KUNIT_EXPECT_EQ(test, dbuf->size, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, dbuf->file->f_flags & O_ACCMODE, O_RDWR);
	vb = vb2_get_buffer(&mock->q, 0);
	KUNIT_EXPECT_TRUE(test, vb2_buffer_in_use(&mock->q, vb));
	close_fd(fd);
	/* The buffer goes, the export keeps its memory */
	vb2_mock_reqbufs(mock, VB2_MEMORY_MMAP, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&mock->memory), 1);
	dma_buf_put(dbuf);
	flush_delayed_fput();
	KUNIT_EXPECT_EQ(test, atomic_read(&mock->memory), 0);
}

static void vb2_core_expbuf_refused(struct kunit *test)
{
	struct vb2_mock *mock = vb2_mock_capture(test);

	vb2_mock_reqbufs(mock, VB2_MEMORY_MMAP, 1);
	KUNIT_EXPECT_EQ(test, expbuf(mock, VB2_MOCK_TYPE + 1, 0, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, expbuf(mock, VB2_MOCK_TYPE, 1, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, expbuf(mock, VB2_MOCK_TYPE, 0, O_TRUNC),
			-EINVAL);
	vb2_mock_fail(mock, MOCK_GET_DMABUF, 1, -ENOMEM);
	KUNIT_EXPECT_EQ(test, expbuf(mock, VB2_MOCK_TYPE, 0, 0), -ENOMEM);
	mock->mem_ops.get_dmabuf = NULL;
	KUNIT_EXPECT_EQ(test, expbuf(mock, VB2_MOCK_TYPE, 0, 0), -EINVAL);
	vb2_mock_reqbufs(mock, VB2_MEMORY_USERPTR, 1);
	KUNIT_EXPECT_EQ(test, expbuf(mock, VB2_MOCK_TYPE, 0, 0), -EINVAL);
}

static void vb2_plane_addresses(struct kunit *test)
{
	struct vb2_mock *mock = vb2_mock_capture(test);
	struct vb2_buffer *vb;
	unsigned long *cookie;

	vb2_mock_reqbufs(mock, VB2_MEMORY_MMAP, 1);
	vb = vb2_get_buffer(&mock->q, 0);
	KUNIT_EXPECT_NOT_NULL(test, vb2_plane_vaddr(vb, 0));
	cookie = vb2_plane_cookie(vb, 0);
	KUNIT_ASSERT_NOT_NULL(test, cookie);
	KUNIT_EXPECT_EQ(test, *cookie, PAGE_SIZE);
	KUNIT_EXPECT_NULL(test, vb2_plane_vaddr(vb, 1));
	KUNIT_EXPECT_NULL(test, vb2_plane_cookie(vb, 1));
	KUNIT_EXPECT_EQ(test, vb2_plane_size(vb, 1), 0);
	KUNIT_EXPECT_EQ(test, vb2_get_plane_payload(vb, 1), 0);
	vb2_set_plane_payload(vb, 1, 1);
	/* No memory yet, or an allocator without */
	vb2_mock_reqbufs(mock, VB2_MEMORY_USERPTR, 1);
	vb = vb2_get_buffer(&mock->q, 0);
	KUNIT_EXPECT_NULL(test, vb2_plane_vaddr(vb, 0));
	KUNIT_EXPECT_NULL(test, vb2_plane_cookie(vb, 0));
	vb2_mock_reqbufs(mock, VB2_MEMORY_MMAP, 1);
	vb = vb2_get_buffer(&mock->q, 0);
	mock->mem_ops.vaddr = NULL;
	mock->mem_ops.cookie = NULL;
	KUNIT_EXPECT_NULL(test, vb2_plane_vaddr(vb, 0));
	KUNIT_EXPECT_NULL(test, vb2_plane_cookie(vb, 0));
}

static struct kunit_case vb2_map_cases[] = {
	KUNIT_CASE(vb2_mmap_reaches_each_plane),
	KUNIT_CASE(vb2_mmap_outlives_buffer),
	KUNIT_CASE(vb2_mmap_refused),
	KUNIT_CASE(vb2_mmap_while_reading),
	KUNIT_CASE(vb2_core_expbuf_exports),
	KUNIT_CASE(vb2_core_expbuf_refused),
	KUNIT_CASE(vb2_plane_addresses),
	{}
};

static struct kunit_suite vb2_map_suite = {
	.name		= "videobuf2_map",
	.exit		= vb2_mock_exit,
	.test_cases	= vb2_map_cases,
};

kunit_test_suite(vb2_map_suite);
