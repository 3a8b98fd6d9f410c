// SPDX-License-Identifier: GPL-2.0-only
/*
 * videobuf2 tests: what user space named is kept for when it is named again,
 * as long as it is the same memory
 */
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/sizes.h>

#include "../vb2-internal.h"
#include "vb2-mock.h"

#define AREAS	3

static struct vb2_mock *keep_mock(struct kunit *test, enum vb2_memory memory)
{
	struct vb2_mock *mock = vb2_mock_capture(test);

	KUNIT_ASSERT_EQ(test, vb2_mock_reqbufs(mock, memory, 1), 1);
	KUNIT_ASSERT_EQ(test, vb2_mock_streamon(mock), 0);
	return mock;
}

/* A turn of buffer 0 with what @user names */
static void turn(struct vb2_mock *mock, struct vb2_mock_user *user)
{
	KUNIT_EXPECT_EQ(mock->test, vb2_mock_qbuf(mock, user), 0);
	vb2_mock_advance(mock, 1);
	KUNIT_EXPECT_EQ(mock->test, vb2_mock_dqbuf(mock, NULL), 0);
}

static void turn_dmabuf(struct vb2_mock *mock, int fd, unsigned int length)
{
	struct vb2_mock_user user = {};

	user.planes[0].m.fd = fd;
	user.planes[0].length = length;
	turn(mock, &user);
}

static void turn_userptr(struct vb2_mock *mock, unsigned long address)
{
	struct vb2_mock_user user = {};

	user.planes[0].m.userptr = address;
	user.planes[0].length = mock->sizes[0];
	turn(mock, &user);
}

/* Dma-bufs that take turns at one index are attached once, until STREAMOFF */
static void vb2_keep_dmabufs(struct kunit *test)
{
	struct vb2_mock *mock = keep_mock(test, VB2_MEMORY_DMABUF);
	struct dma_buf *dbuf[AREAS];
	int fd[AREAS];
	unsigned int i;

	for (i = 0; i < AREAS; i++)
		dbuf[i] = vb2_mock_dmabuf(test, SZ_16K, &fd[i]);
	for (i = 0; i < 4 * AREAS; i++)
		turn_dmabuf(mock, fd[i % AREAS], 0);
	KUNIT_EXPECT_EQ(test, mock->calls[MOCK_ATTACH_DMABUF], AREAS);
	for (i = 0; i < AREAS; i++)
		KUNIT_EXPECT_EQ(test, vb2_mock_dmabuf_users(dbuf[i]), 2);
	/* Other length: another attachment */
	turn_dmabuf(mock, fd[0], mock->sizes[0]);
	KUNIT_EXPECT_EQ(test, mock->calls[MOCK_ATTACH_DMABUF], AREAS + 1);

	vb2_mock_streamoff(mock);
	for (i = 0; i < AREAS; i++)
		KUNIT_EXPECT_EQ(test, vb2_mock_dmabuf_users(dbuf[i]), 1);
	vb2_mock_expect_balanced(mock);
}

/* What has no other user left cannot be named again */
static void vb2_keep_not_what_nobody_has(struct kunit *test)
{
	struct vb2_mock *mock = keep_mock(test, VB2_MEMORY_DMABUF);
	int fd[AREAS];
	unsigned int i;

	for (i = 0; i < AREAS; i++)
		vb2_mock_dmabuf(test, SZ_16K, &fd[i]);
	turn_dmabuf(mock, fd[0], 0);
	turn_dmabuf(mock, fd[1], 0);
	/* The first is kept, the second is what the buffer holds */
	vb2_mock_dmabuf_close(test, fd[0]);
	vb2_mock_dmabuf_close(test, fd[1]);
	KUNIT_EXPECT_EQ(test, mock->calls[MOCK_DETACH_DMABUF], 0);
	turn_dmabuf(mock, fd[2], 0);
	KUNIT_EXPECT_EQ(test, mock->calls[MOCK_DETACH_DMABUF], 2);
}

/* How many of @count dma-bufs are held when each was named once */
static unsigned int held_of(struct vb2_mock *mock, size_t size,
			    unsigned int count)
{
	struct dma_buf *dbuf[40];
	unsigned int i, held = 0;
	int fd;

	for (i = 0; i < count; i++) {
		dbuf[i] = vb2_mock_dmabuf(mock->test, size, &fd);
		turn_dmabuf(mock, fd, 0);
	}
	/* The first ones go first */
	for (i = 0; i < count; i++) {
		bool holds = vb2_mock_dmabuf_users(dbuf[i]) > 1;

		KUNIT_EXPECT_TRUE(mock->test, holds || !held);
		held += holds;
	}
	return held;
}

/* More than is kept: the oldest goes first, nothing is lost */
static void vb2_keep_bounded_by_count(struct kunit *test)
{
	struct vb2_mock *mock = keep_mock(test, VB2_MEMORY_DMABUF);

	KUNIT_EXPECT_EQ(test, held_of(mock, SZ_4K, 40), 32 + 1);
	vb2_mock_streamoff(mock);
	vb2_mock_expect_balanced(mock);
}

static void vb2_keep_bounded_by_bytes(struct kunit *test)
{
	struct vb2_mock *mock = keep_mock(test, VB2_MEMORY_DMABUF);

	KUNIT_EXPECT_EQ(test, held_of(mock, SZ_64M + SZ_32M, 4), 2 + 1);
	vb2_mock_streamoff(mock);
	vb2_mock_expect_balanced(mock);
}

static unsigned long map_area(struct kunit *test)
{
	unsigned long address;

	address = kunit_vm_mmap(test, NULL, 0, SZ_16K, PROT_READ | PROT_WRITE,
				MAP_ANONYMOUS | MAP_PRIVATE, 0);
	KUNIT_ASSERT_NE(test, address, 0);
	return address;
}

/* The process unmaps an area and has other memory there */
static void map_other(struct kunit *test, unsigned long address)
{
	KUNIT_ASSERT_EQ(test, vm_munmap(address, SZ_16K), 0);
	KUNIT_ASSERT_EQ(test, address,
			vm_mmap(NULL, address, SZ_16K, PROT_READ | PROT_WRITE,
				MAP_ANONYMOUS | MAP_PRIVATE | MAP_FIXED, 0));
}

/* Addresses that take turns are pinned once */
static void vb2_keep_addresses(struct kunit *test)
{
	struct vb2_mock *mock = keep_mock(test, VB2_MEMORY_USERPTR);
	unsigned long area[AREAS];
	unsigned int i;

	VB2_MOCK_NEEDS_PINS_KEPT(test);
	for (i = 0; i < AREAS; i++)
		area[i] = map_area(test);
	for (i = 0; i < 4 * AREAS; i++)
		turn_userptr(mock, area[i % AREAS]);
	KUNIT_EXPECT_EQ(test, mock->calls[MOCK_GET_USERPTR], AREAS);
	KUNIT_EXPECT_EQ(test, mock->calls[MOCK_PUT_USERPTR], 0);
	vb2_mock_streamoff(mock);
	vb2_mock_expect_balanced(mock);
}

/* The address that the buffer has leads to other memory now */
static void vb2_keep_same_address_remapped(struct kunit *test)
{
	struct vb2_mock *mock = keep_mock(test, VB2_MEMORY_USERPTR);
	unsigned long area = map_area(test);

	VB2_MOCK_NEEDS_PINS_KEPT(test);
	turn_userptr(mock, area);
	turn_userptr(mock, area);
	KUNIT_EXPECT_EQ(test, mock->calls[MOCK_GET_USERPTR], 1);
	map_other(test, area);
	turn_userptr(mock, area);
	KUNIT_EXPECT_EQ(test, mock->calls[MOCK_GET_USERPTR], 2);
	KUNIT_EXPECT_EQ(test, mock->calls[MOCK_PUT_USERPTR], 1);
	/* And the driver knows */
	KUNIT_EXPECT_EQ(test, mock->good[MOCK_BUF_INIT], 2);
	turn_userptr(mock, area);
	KUNIT_EXPECT_EQ(test, mock->calls[MOCK_GET_USERPTR], 2);
}

/* What is kept goes at once when the process unmaps it; the rest stays */
static void vb2_keep_unmapped_goes(struct kunit *test)
{
	struct vb2_mock *mock = keep_mock(test, VB2_MEMORY_USERPTR);
	unsigned long area[AREAS];
	unsigned int i;

	VB2_MOCK_NEEDS_PINS_KEPT(test);
	for (i = 0; i < AREAS; i++)
		area[i] = map_area(test);
	for (i = 0; i < AREAS; i++)
		turn_userptr(mock, area[i]);
	map_other(test, area[0]);
	/* A worker does it */
	for (i = 0; i < 500 && !READ_ONCE(mock->calls[MOCK_PUT_USERPTR]); i++)
		msleep(20);
	KUNIT_EXPECT_EQ(test, mock->calls[MOCK_PUT_USERPTR], 1);
	for (i = 0; i < AREAS; i++)
		turn_userptr(mock, area[i]);
	KUNIT_EXPECT_EQ(test, mock->calls[MOCK_GET_USERPTR], AREAS + 1);
}

/* Nothing is known of memory that changes while it is looked up */
static void vb2_keep_not_what_changed_meanwhile(struct kunit *test)
{
	struct vb2_mock *mock = keep_mock(test, VB2_MEMORY_USERPTR);
	unsigned long area = map_area(test);

	mock->unmap_in_get_userptr = area;
	turn_userptr(mock, area);
	turn_userptr(mock, area);
	KUNIT_EXPECT_EQ(test, mock->calls[MOCK_GET_USERPTR], 2);
}

/* Without a process there is nobody to tell of changes */
static void vb2_keep_no_process(struct kunit *test)
{
	struct vb2_mock *mock = keep_mock(test, VB2_MEMORY_USERPTR);

	turn_userptr(mock, SZ_1M);
	turn_userptr(mock, SZ_1M);
	turn_userptr(mock, SZ_2M);
	KUNIT_EXPECT_EQ(test, mock->calls[MOCK_GET_USERPTR], 3);
	KUNIT_EXPECT_EQ(test, mock->calls[MOCK_PUT_USERPTR], 2);
	vb2_mock_streamoff(mock);
	vb2_mock_expect_balanced(mock);
}

static struct kunit_case vb2_keep_cases[] = {
	KUNIT_CASE(vb2_keep_dmabufs),
	KUNIT_CASE(vb2_keep_not_what_nobody_has),
	KUNIT_CASE(vb2_keep_bounded_by_count),
	KUNIT_CASE(vb2_keep_bounded_by_bytes),
	KUNIT_CASE(vb2_keep_addresses),
	KUNIT_CASE(vb2_keep_same_address_remapped),
	KUNIT_CASE(vb2_keep_unmapped_goes),
	KUNIT_CASE(vb2_keep_not_what_changed_meanwhile),
	KUNIT_CASE(vb2_keep_no_process),
	{}
};

static struct kunit_suite vb2_keep_suite = {
	.name		= "videobuf2_keep",
	.exit		= vb2_mock_exit,
	.test_cases	= vb2_keep_cases,
};

kunit_test_suite(vb2_keep_suite);
