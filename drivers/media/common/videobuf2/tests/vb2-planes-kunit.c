// SPDX-License-Identifier: GPL-2.0-only
/*
 * videobuf2 tests: acquiring and releasing what user space names (USERPTR and
 * DMABUF), plane by plane, and the checks of lengths
 */
#include <kunit/test.h>
#include <linux/cleanup.h>
#include <linux/file.h>
#include <linux/mman.h>

#include "../vb2-internal.h"
#include "vb2-mock.h"

#define PLANES	3

struct dmabufs {
	struct dma_buf *dbuf[PLANES];
	int fd[PLANES];
};

static void make_dmabufs(struct vb2_mock *mock, struct dmabufs *bufs)
{
	unsigned int i;

	for (i = 0; i < PLANES; i++)
		bufs->dbuf[i] = vb2_mock_dmabuf(mock->test,
						PAGE_ALIGN(mock->sizes[i]),
						&bufs->fd[i]);
}

static void name_dmabufs(struct vb2_mock_user *user,
			 const struct dmabufs *bufs)
{
	unsigned int i;

	memset(user, 0, sizeof(*user));
	for (i = 0; i < PLANES; i++)
		user->planes[i].m.fd = bufs->fd[i];
}

static void name_userptrs(struct vb2_mock *mock, struct vb2_mock_user *user,
			  unsigned long start)
{
	unsigned int i;

	memset(user, 0, sizeof(*user));
	for (i = 0; i < mock->num_planes; i++) {
		user->planes[i].m.userptr = start + (i << 20);
		user->planes[i].length = mock->sizes[i];
	}
}

/* The test's reference, and one for each plane that holds it */
static void expect_users(struct kunit *test, const struct dmabufs *bufs,
			 long users)
{
	unsigned int i;

	for (i = 0; i < PLANES; i++)
		KUNIT_EXPECT_EQ_MSG(test, vb2_mock_dmabuf_users(bufs->dbuf[i]),
				    users, "dma-buf %u", i);
}

static struct vb2_mock *planes_mock(struct kunit *test, enum vb2_memory memory)
{
	struct vb2_mock *mock = vb2_mock_capture(test);

	/* Addresses are some process's */
	KUNIT_ASSERT_NE(test, 0, kunit_vm_mmap(test, NULL, 0, PAGE_SIZE,
					       PROT_READ, MAP_ANONYMOUS |
					       MAP_PRIVATE, 0));
	mock->num_planes = PLANES;
	KUNIT_ASSERT_EQ(test, vb2_mock_reqbufs(mock, memory, 2), 2);
	return mock;
}

static void vb2_planes_dmabuf_cycle(struct kunit *test)
{
	struct vb2_mock *mock = planes_mock(test, VB2_MEMORY_DMABUF);
	struct vb2_mock_user user;
	struct dmabufs bufs;

	make_dmabufs(mock, &bufs);
	name_dmabufs(&user, &bufs);
	KUNIT_EXPECT_EQ(test, vb2_mock_qbuf(mock, &user), 0);
	expect_users(test, &bufs, 2);
	KUNIT_EXPECT_EQ(test, vb2_mock_streamon(mock), 0);
	vb2_mock_advance(mock, 1);
	KUNIT_EXPECT_EQ(test, vb2_mock_dqbuf(mock, &user), 0);

	/* The same again costs nothing */
	name_dmabufs(&user, &bufs);
	KUNIT_EXPECT_EQ(test, vb2_mock_qbuf(mock, &user), 0);
	KUNIT_EXPECT_EQ(test, mock->calls[MOCK_ATTACH_DMABUF], PLANES);
	KUNIT_EXPECT_EQ(test, mock->calls[MOCK_BUF_INIT], 1);
	expect_users(test, &bufs, 2);
	KUNIT_EXPECT_EQ(test, vb2_mock_streamoff(mock), 0);
	expect_users(test, &bufs, 1);
	vb2_mock_expect_balanced(mock);
}

/*
 * Defect 1: an attach fails. What was acquired before is given back, and of
 * what comes after no reference is taken.
 */
static void vb2_planes_dmabuf_attach_fails(struct kunit *test)
{
	struct vb2_mock *mock = planes_mock(test, VB2_MEMORY_DMABUF);
	struct vb2_mock_user user;
	struct dmabufs bufs;
	unsigned int n;

	make_dmabufs(mock, &bufs);
	for (n = 1; n <= PLANES; n++) {
		name_dmabufs(&user, &bufs);
		vb2_mock_fail(mock, MOCK_ATTACH_DMABUF, n, -EACCES);
		KUNIT_EXPECT_EQ(test, vb2_mock_qbuf(mock, &user), -EACCES);
		KUNIT_EXPECT_EQ(test, vb2_mock_state(mock, 0),
				VB2_BUF_STATE_DEQUEUED);
		expect_users(test, &bufs, 1);
		vb2_mock_expect_balanced(mock);
	}
	KUNIT_EXPECT_EQ(test, mock->calls[MOCK_BUF_INIT], 0);
}

/* Defect 1 again, with the single plane that leaked as well */
static void vb2_planes_dmabuf_attach_fails_single(struct kunit *test)
{
	struct vb2_mock *mock = vb2_mock_capture(test);
	struct vb2_mock_user user = {};
	struct dma_buf *dbuf;
	int fd;

	dbuf = vb2_mock_dmabuf(test, PAGE_SIZE, &fd);
	vb2_mock_reqbufs(mock, VB2_MEMORY_DMABUF, 1);
	user.planes[0].m.fd = fd;
	vb2_mock_fail(mock, MOCK_ATTACH_DMABUF, 1, -ENOMEM);
	KUNIT_EXPECT_EQ(test, vb2_mock_qbuf(mock, &user), -ENOMEM);
	KUNIT_EXPECT_EQ(test, vb2_mock_dmabuf_users(dbuf), 1);
	vb2_mock_expect_balanced(mock);
}

/*
 * Defect 2: an error in the middle of a change. The buffer keeps what it had;
 * if that has to go, the driver's buf_cleanup comes before (the mock's memory
 * insists on it).
 */
static void vb2_planes_dmabuf_change_fails(struct kunit *test)
{
	struct vb2_mock *mock = planes_mock(test, VB2_MEMORY_DMABUF);
	struct dmabufs bufs, other;
	struct vb2_mock_user user;
	unsigned int n;

	make_dmabufs(mock, &bufs);
	make_dmabufs(mock, &other);
	name_dmabufs(&user, &bufs);
	KUNIT_EXPECT_EQ(test, vb2_mock_prepare_buf(mock, &user), 0);
	vb2_mock_streamoff(mock);
	KUNIT_EXPECT_EQ(test, mock->good[MOCK_BUF_CLEANUP], 1);

	vb2_mock_streamon(mock);
	name_dmabufs(&user, &bufs);
	KUNIT_EXPECT_EQ(test, vb2_mock_qbuf(mock, &user), 0);
	vb2_mock_advance(mock, 1);
	KUNIT_EXPECT_EQ(test, vb2_mock_dqbuf(mock, NULL), 0);
	for (n = 1; n <= PLANES; n++) {
		name_dmabufs(&user, &other);
		vb2_mock_fail(mock, MOCK_ATTACH_DMABUF, n, -EIO);
		KUNIT_EXPECT_EQ(test, vb2_mock_qbuf(mock, &user), -EIO);
		expect_users(test, &other, 1);
		expect_users(test, &bufs, 2);
		KUNIT_EXPECT_EQ(test, mock->good[MOCK_BUF_CLEANUP], 1);
		vb2_core_querybuf(&mock->q, vb2_get_buffer(&mock->q, 0), &user);
		KUNIT_EXPECT_EQ(test, user.planes[0].m.fd, bufs.fd[0]);
	}
	name_dmabufs(&user, &other);
	/* No dma-buf at all */
	user.planes[PLANES - 1].m.fd = -1;
	KUNIT_EXPECT_EQ(test, vb2_mock_qbuf(mock, &user), -EINVAL);
	expect_users(test, &bufs, 2);
	KUNIT_EXPECT_EQ(test, mock->good[MOCK_BUF_CLEANUP], 1);

	/* With buf_init failing neither the old nor the new can be kept */
	name_dmabufs(&user, &other);
	vb2_mock_fail(mock, MOCK_BUF_INIT, 1, -EIO);
	KUNIT_EXPECT_EQ(test, vb2_mock_qbuf(mock, &user), -EIO);
	KUNIT_EXPECT_EQ(test, mock->good[MOCK_BUF_CLEANUP], 2);
	vb2_mock_streamoff(mock);
	expect_users(test, &other, 1);
	expect_users(test, &bufs, 1);
	vb2_mock_expect_balanced(mock);
}

/* The driver refuses: its buf_cleanup is called, then the memory goes */
static void vb2_planes_buf_prepare_fails(struct kunit *test)
{
	struct vb2_mock *mock = planes_mock(test, VB2_MEMORY_USERPTR);
	struct vb2_mock_user user;

	name_userptrs(mock, &user, 0x10000000);
	vb2_mock_fail(mock, MOCK_BUF_PREPARE, 1, -EDOM);
	KUNIT_EXPECT_EQ(test, vb2_mock_qbuf(mock, &user), -EDOM);
	KUNIT_EXPECT_EQ(test, mock->good[MOCK_BUF_CLEANUP], 1);
	vb2_mock_expect_balanced(mock);
	vb2_core_querybuf(&mock->q, vb2_get_buffer(&mock->q, 0), &user);
	KUNIT_EXPECT_EQ(test, user.planes[0].m.userptr, 0);
	name_userptrs(mock, &user, 0x10000000);
	KUNIT_EXPECT_EQ(test, vb2_mock_qbuf(mock, &user), 0);
}

/* Defect 5: one plane changes, and only that one is acquired again */
static void vb2_planes_dmabuf_one_changes(struct kunit *test)
{
	struct vb2_mock *mock = planes_mock(test, VB2_MEMORY_DMABUF);
	struct dmabufs bufs, other;
	struct vb2_mock_user user;

	make_dmabufs(mock, &bufs);
	make_dmabufs(mock, &other);
	name_dmabufs(&user, &bufs);
	KUNIT_EXPECT_EQ(test, vb2_mock_qbuf(mock, &user), 0);
	vb2_mock_streamon(mock);
	vb2_mock_advance(mock, 1);
	KUNIT_EXPECT_EQ(test, vb2_mock_dqbuf(mock, NULL), 0);

	name_dmabufs(&user, &bufs);
	user.planes[1].m.fd = other.fd[1];
	KUNIT_EXPECT_EQ(test, vb2_mock_qbuf(mock, &user), 0);
	KUNIT_EXPECT_EQ(test, mock->calls[MOCK_ATTACH_DMABUF], PLANES + 1);
	KUNIT_EXPECT_EQ(test, vb2_mock_dmabuf_users(bufs.dbuf[0]), 2);
	KUNIT_EXPECT_EQ(test, vb2_mock_dmabuf_users(other.dbuf[1]), 2);
	/* The driver is told of the change */
	KUNIT_EXPECT_EQ(test, mock->good[MOCK_BUF_CLEANUP], 1);
	KUNIT_EXPECT_EQ(test, mock->good[MOCK_BUF_INIT], 2);
}

static void vb2_planes_userptr_one_changes(struct kunit *test)
{
	struct vb2_mock *mock = planes_mock(test, VB2_MEMORY_USERPTR);
	struct vb2_mock_user user;

	VB2_MOCK_NEEDS_PINS_KEPT(test);
	name_userptrs(mock, &user, 0x10000000);
	KUNIT_EXPECT_EQ(test, vb2_mock_qbuf(mock, &user), 0);
	vb2_mock_streamon(mock);
	vb2_mock_advance(mock, 1);
	KUNIT_EXPECT_EQ(test, vb2_mock_dqbuf(mock, &user), 0);
	name_userptrs(mock, &user, 0x10000000);
	user.planes[2].m.userptr += PAGE_SIZE;
	KUNIT_EXPECT_EQ(test, vb2_mock_qbuf(mock, &user), 0);
	KUNIT_EXPECT_EQ(test, mock->calls[MOCK_GET_USERPTR], PLANES + 1);
	/* What it held before is kept, until STREAMOFF, when all goes */
	KUNIT_EXPECT_EQ(test, mock->calls[MOCK_PUT_USERPTR], 0);
	vb2_mock_streamoff(mock);
	KUNIT_EXPECT_EQ(test, mock->calls[MOCK_PUT_USERPTR], PLANES + 1);
}

static void vb2_planes_userptr_fails(struct kunit *test)
{
	struct vb2_mock *mock = planes_mock(test, VB2_MEMORY_USERPTR);
	struct vb2_mock_user user;
	unsigned int n;

	for (n = 1; n <= PLANES; n++) {
		name_userptrs(mock, &user, 0x10000000);
		vb2_mock_fail(mock, MOCK_GET_USERPTR, n, -EFAULT);
		KUNIT_EXPECT_EQ(test, vb2_mock_qbuf(mock, &user), -EFAULT);
		vb2_mock_expect_balanced(mock);
	}
	name_userptrs(mock, &user, 0x10000000);
	user.planes[1].length = mock->sizes[1] - 1;
	KUNIT_EXPECT_EQ(test, vb2_mock_qbuf(mock, &user), -EINVAL);
	vb2_mock_expect_balanced(mock);
}

/* What a refused QBUF named is not what QUERYBUF shows afterwards */
static void vb2_planes_userptr_refused_change(struct kunit *test)
{
	struct vb2_mock *mock = planes_mock(test, VB2_MEMORY_USERPTR);
	struct vb2_mock_user user;

	name_userptrs(mock, &user, 0x10000000);
	KUNIT_EXPECT_EQ(test, vb2_mock_qbuf(mock, &user), 0);
	vb2_mock_streamon(mock);
	vb2_mock_advance(mock, 1);
	KUNIT_EXPECT_EQ(test, vb2_mock_dqbuf(mock, NULL), 0);
	name_userptrs(mock, &user, 0x20000000);
	vb2_mock_fail(mock, MOCK_GET_USERPTR, 2, -EFAULT);
	KUNIT_EXPECT_EQ(test, vb2_mock_qbuf(mock, &user), -EFAULT);
	vb2_core_querybuf(&mock->q, vb2_get_buffer(&mock->q, 0), &user);
	KUNIT_EXPECT_EQ(test, user.planes[0].m.userptr, 0x10000000);

	/* Of a buffer that holds nothing it shows nothing */
	name_userptrs(mock, &user, 0x20000000);
	user.index = 1;
	user.planes[1].length *= 2;
	vb2_mock_fail(mock, MOCK_GET_USERPTR, 2, -EFAULT);
	KUNIT_EXPECT_EQ(test, vb2_mock_qbuf(mock, &user), -EFAULT);
	vb2_core_querybuf(&mock->q, vb2_get_buffer(&mock->q, 1), &user);
	KUNIT_EXPECT_EQ(test, user.planes[0].m.userptr, 0);
	KUNIT_EXPECT_EQ(test, user.planes[1].length, mock->sizes[1]);
}

static void vb2_planes_dmabuf_lengths(struct kunit *test)
{
	struct vb2_mock *mock = planes_mock(test, VB2_MEMORY_DMABUF);
	struct vb2_mock_user user;
	struct dmabufs bufs;
	struct dma_buf *small;
	int small_fd;

	make_dmabufs(mock, &bufs);
	/* More than the dma-buf has */
	name_dmabufs(&user, &bufs);
	user.planes[0].length = 2 * PAGE_SIZE;
	KUNIT_EXPECT_EQ(test, vb2_mock_qbuf(mock, &user), -EINVAL);
	/* Less than the driver needs */
	small = vb2_mock_dmabuf(test, PAGE_SIZE, &small_fd);
	name_dmabufs(&user, &bufs);
	user.planes[1].m.fd = small_fd;
	KUNIT_EXPECT_EQ(test, vb2_mock_qbuf(mock, &user), -EINVAL);
	KUNIT_EXPECT_EQ(test, vb2_mock_dmabuf_users(small), 1);
	expect_users(test, &bufs, 1);
	/* Its size if the user does not say any */
	name_dmabufs(&user, &bufs);
	KUNIT_EXPECT_EQ(test, vb2_mock_qbuf(mock, &user), 0);
	KUNIT_EXPECT_EQ(test, PAGE_ALIGN(mock->sizes[1]),
			vb2_plane_size(vb2_get_buffer(&mock->q, 0), 1));
}

/* Caches are seen to when any plane needs it, and only then */
static void vb2_planes_sync_if_needed(struct kunit *test)
{
	struct vb2_mock *mock = vb2_mock_capture(test);

	mock->num_planes = PLANES;
	mock->mem_ops.needs_sync = vb2_mock_needs_sync;
	mock->sync_size = 3 * PAGE_SIZE;
	vb2_mock_start(mock, 1);
	KUNIT_EXPECT_EQ(test, mock->calls[MOCK_MEM_PREPARE], PLANES);
	vb2_mock_streamoff(mock);
	KUNIT_EXPECT_EQ(test, mock->calls[MOCK_MEM_FINISH], PLANES);

	vb2_mock_reqbufs(mock, VB2_MEMORY_MMAP, 0);
	mock->sync_size = 4 * PAGE_SIZE;
	vb2_mock_start(mock, 1);
	KUNIT_EXPECT_EQ(test, mock->calls[MOCK_MEM_PREPARE], PLANES);
	vb2_mock_streamoff(mock);
	KUNIT_EXPECT_EQ(test, mock->calls[MOCK_MEM_FINISH], PLANES);
}

static int qbuf_output(struct vb2_mock *mock, unsigned int bytesused,
		       unsigned int data_offset)
{
	struct vb2_mock_user user;
	int ret;

	name_userptrs(mock, &user, 0x10000000);
	user.planes[0].bytesused = bytesused;
	user.planes[0].data_offset = data_offset;
	ret = vb2_mock_qbuf(mock, &user);
	vb2_mock_streamoff(mock);
	return ret ?: user.planes[0].bytesused;
}

static void vb2_planes_output_bytesused(struct kunit *test)
{
	struct vb2_mock *mock = vb2_mock_output(test);
	const unsigned int size = mock->sizes[0];

	vb2_mock_reqbufs(mock, VB2_MEMORY_USERPTR, 1);
	KUNIT_EXPECT_EQ(test, qbuf_output(mock, 100, 10), 100);
	KUNIT_EXPECT_EQ(test, qbuf_output(mock, size + 1, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, qbuf_output(mock, 10, 10), -EINVAL);
	/* 0 means all of it, unless the driver has a use for 0 */
	KUNIT_EXPECT_EQ(test, qbuf_output(mock, 0, 0), size);
	mock->q.allow_zero_bytesused = true;
	KUNIT_EXPECT_EQ(test, qbuf_output(mock, 0, 0), 0);
}

static struct kunit_case vb2_planes_cases[] = {
	KUNIT_CASE(vb2_planes_dmabuf_cycle),
	KUNIT_CASE(vb2_planes_dmabuf_attach_fails),
	KUNIT_CASE(vb2_planes_dmabuf_attach_fails_single),
	KUNIT_CASE(vb2_planes_dmabuf_change_fails),
	KUNIT_CASE(vb2_planes_buf_prepare_fails),
	KUNIT_CASE(vb2_planes_dmabuf_one_changes),
	KUNIT_CASE(vb2_planes_userptr_one_changes),
	KUNIT_CASE(vb2_planes_userptr_fails),
	KUNIT_CASE(vb2_planes_userptr_refused_change),
	KUNIT_CASE(vb2_planes_dmabuf_lengths),
	KUNIT_CASE(vb2_planes_sync_if_needed),
	KUNIT_CASE(vb2_planes_output_bytesused),
	{}
};

static struct kunit_suite vb2_planes_suite = {
	.name		= "videobuf2_planes",
	.exit		= vb2_mock_exit,
	.test_cases	= vb2_planes_cases,
};

kunit_test_suite(vb2_planes_suite);
