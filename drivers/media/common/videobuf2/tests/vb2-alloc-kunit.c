// SPDX-License-Identifier: GPL-2.0-only
/*
 * videobuf2 tests: REQBUFS, CREATE_BUFS, REMOVE_BUFS and their error paths
 */
#include <kunit/test.h>
#include <linux/cleanup.h>

#include "../vb2-internal.h"
#include "vb2-mock.h"

static void vb2_core_reqbufs_counts(struct kunit *test)
{
	struct vb2_mock *mock = vb2_mock_create(test, false);

	mock->q.min_queued_buffers = 2;
	mock->q.max_num_buffers = 40;
	vb2_mock_init_queue(mock);
	KUNIT_EXPECT_EQ(test, vb2_mock_reqbufs(mock, VB2_MEMORY_MMAP, 1), 3);
	KUNIT_EXPECT_TRUE(test, vb2_is_busy(&mock->q));
	KUNIT_EXPECT_EQ(test, vb2_mock_reqbufs(mock, VB2_MEMORY_MMAP, 99), 40);
	KUNIT_EXPECT_EQ(test, vb2_get_num_buffers(&mock->q), 40);
	mock->want_buffers = 5;
	KUNIT_EXPECT_EQ(test, vb2_mock_reqbufs(mock, VB2_MEMORY_MMAP, 4), 5);
	KUNIT_EXPECT_EQ(test, vb2_mock_reqbufs(mock, VB2_MEMORY_MMAP, 0), 0);
	KUNIT_EXPECT_FALSE(test, vb2_is_busy(&mock->q));
	KUNIT_EXPECT_EQ(test, mock->q.memory, VB2_MEMORY_UNKNOWN);
	vb2_mock_expect_balanced(mock);
}

/* The driver insists on more than the table can hold */
static void vb2_core_reqbufs_more_than_table(struct kunit *test)
{
	struct vb2_mock *mock = vb2_mock_capture(test);

	mock->want_buffers = VB2_MAX_FRAME + 1;
	KUNIT_EXPECT_EQ(test, -ENOMEM,
			vb2_mock_reqbufs(mock, VB2_MEMORY_MMAP, 2));
	KUNIT_EXPECT_EQ(test, vb2_get_num_buffers(&mock->q), 0);
	vb2_mock_expect_balanced(mock);
}

static void vb2_core_reqbufs_while_streaming(struct kunit *test)
{
	struct vb2_mock *mock = vb2_mock_capture(test);

	vb2_mock_start(mock, 2);
	KUNIT_EXPECT_EQ(test, -EBUSY,
			vb2_mock_reqbufs(mock, VB2_MEMORY_MMAP, 3));
	KUNIT_EXPECT_EQ(test, vb2_get_num_buffers(&mock->q), 2);
}

/* Any one allocation fails: what can be had is given, nothing is lost */
static void vb2_core_reqbufs_alloc_fails(struct kunit *test)
{
	struct vb2_mock *mock = vb2_mock_capture(test);
	const unsigned int planes = 2, count = 3;
	unsigned int n, got;
	int ret;

	mock->num_planes = planes;
	for (n = 1; n <= planes * count; n++) {
		vb2_mock_fail(mock, MOCK_ALLOC, n, -ENOSPC);
		ret = vb2_mock_reqbufs(mock, VB2_MEMORY_MMAP, count);
		got = (n - 1) / planes;
		KUNIT_EXPECT_EQ_MSG(test, ret, got ?: -ENOSPC,
				    "allocation %u", n);
		KUNIT_EXPECT_EQ(test, vb2_get_num_buffers(&mock->q), got);
		vb2_mock_reqbufs(mock, VB2_MEMORY_MMAP, 0);
		vb2_mock_expect_balanced(mock);
	}
	KUNIT_EXPECT_EQ(test, count,
			vb2_mock_reqbufs(mock, VB2_MEMORY_MMAP, count));
}

static void vb2_core_reqbufs_buf_init_fails(struct kunit *test)
{
	struct vb2_mock *mock = vb2_mock_capture(test);
	unsigned int n;

	for (n = 1; n <= 3; n++) {
		vb2_mock_fail(mock, MOCK_BUF_INIT, n, -EIO);
		KUNIT_EXPECT_EQ(test,
				vb2_mock_reqbufs(mock, VB2_MEMORY_MMAP, 3),
				n > 1 ? n - 1 : -EIO);
		vb2_mock_reqbufs(mock, VB2_MEMORY_MMAP, 0);
		vb2_mock_expect_balanced(mock);
	}
}

/* Less than min_reqbufs_allocation is a failure, of everything */
static void vb2_core_reqbufs_too_few(struct kunit *test)
{
	struct vb2_mock *mock = vb2_mock_create(test, false);

	mock->q.min_reqbufs_allocation = 3;
	vb2_mock_init_queue(mock);
	vb2_mock_fail(mock, MOCK_ALLOC, 3, -ENOMEM);
	KUNIT_EXPECT_EQ(test, vb2_mock_reqbufs(mock, VB2_MEMORY_MMAP, 4),
			-ENOMEM);
	KUNIT_EXPECT_EQ(test, vb2_get_num_buffers(&mock->q), 0);
	KUNIT_EXPECT_FALSE(test, vb2_is_busy(&mock->q));
	vb2_mock_expect_balanced(mock);
}

static void vb2_core_reqbufs_queue_setup_fails(struct kunit *test)
{
	struct vb2_mock *mock = vb2_mock_capture(test);

	vb2_mock_fail(mock, MOCK_QUEUE_SETUP, 1, -EACCES);
	KUNIT_EXPECT_EQ(test, vb2_mock_reqbufs(mock, VB2_MEMORY_MMAP, 2),
			-EACCES);
	KUNIT_EXPECT_EQ(test, mock->calls[MOCK_ALLOC], 0);
	KUNIT_EXPECT_NULL(test, mock->q.bufs);
}

static void vb2_core_reqbufs_bad_queue_setup(struct kunit *test)
{
	struct vb2_mock *mock = vb2_mock_capture(test);

	vb2_mock_expect_bugs(mock);
	mock->num_planes = 0;
	KUNIT_EXPECT_EQ(test, vb2_mock_reqbufs(mock, VB2_MEMORY_MMAP, 2),
			-EINVAL);
	mock->num_planes = VB2_MAX_PLANES + 1;
	KUNIT_EXPECT_EQ(test, vb2_mock_reqbufs(mock, VB2_MEMORY_MMAP, 2),
			-EINVAL);
	mock->num_planes = 2;
	mock->sizes[1] = 0;
	KUNIT_EXPECT_EQ(test, vb2_mock_reqbufs(mock, VB2_MEMORY_MMAP, 2),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, mock->bugs, 3);
	KUNIT_EXPECT_EQ(test, mock->calls[MOCK_ALLOC], 0);
}

static void vb2_verify_memory_type_all(struct kunit *test)
{
	struct vb2_mock *mock = vb2_mock_capture(test);
	struct vb2_queue *q = &mock->q;

	KUNIT_EXPECT_EQ(test, 0, vb2_verify_memory_type(q, VB2_MEMORY_MMAP,
							VB2_MOCK_TYPE));
	KUNIT_EXPECT_EQ(test, 0, vb2_verify_memory_type(q, VB2_MEMORY_USERPTR,
							VB2_MOCK_TYPE));
	KUNIT_EXPECT_EQ(test, 0, vb2_verify_memory_type(q, VB2_MEMORY_DMABUF,
							VB2_MOCK_TYPE));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			vb2_verify_memory_type(q, VB2_MEMORY_MMAP,
					       VB2_MOCK_TYPE + 1));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			vb2_verify_memory_type(q, VB2_MEMORY_UNKNOWN,
					       VB2_MOCK_TYPE));
	/* Neither a mode nor an allocator is enough without the other */
	q->io_modes = VB2_MMAP | VB2_DMABUF;
	KUNIT_EXPECT_EQ(test, -EINVAL,
			vb2_verify_memory_type(q, VB2_MEMORY_USERPTR,
					       VB2_MOCK_TYPE));
	mock->mem_ops.attach_dmabuf = NULL;
	KUNIT_EXPECT_EQ(test, -EINVAL,
			vb2_verify_memory_type(q, VB2_MEMORY_DMABUF,
					       VB2_MOCK_TYPE));
}

static void vb2_core_create_bufs_adds(struct kunit *test)
{
	struct vb2_mock *mock = vb2_mock_capture(test);
	unsigned int first;

	KUNIT_EXPECT_EQ(test, vb2_mock_reqbufs(mock, VB2_MEMORY_MMAP, 2), 2);
	KUNIT_EXPECT_EQ(test, 3,
			vb2_mock_create_bufs(mock, VB2_MEMORY_MMAP, 3,
					     2 * PAGE_SIZE, &first));
	KUNIT_EXPECT_EQ(test, first, 2);
	KUNIT_EXPECT_EQ(test, vb2_get_num_buffers(&mock->q), 5);
	KUNIT_EXPECT_EQ(test, 2 * PAGE_SIZE,
			vb2_plane_size(vb2_get_buffer(&mock->q, 4), 0));
	/* Up to the limit, and not beyond */
	KUNIT_EXPECT_EQ(test, VB2_MAX_FRAME - 5,
			vb2_mock_create_bufs(mock, VB2_MEMORY_MMAP, 99,
					     PAGE_SIZE, &first));
	KUNIT_EXPECT_EQ(test, -ENOBUFS,
			vb2_mock_create_bufs(mock, VB2_MEMORY_MMAP, 1,
					     PAGE_SIZE, &first));
}

static void vb2_core_create_bufs_refused(struct kunit *test)
{
	struct vb2_mock *mock = vb2_mock_capture(test);
	unsigned int first, count = 1;

	KUNIT_EXPECT_EQ(test, vb2_mock_reqbufs(mock, VB2_MEMORY_MMAP, 2), 2);
	KUNIT_EXPECT_EQ(test, -EINVAL,
			vb2_mock_create_bufs(mock, VB2_MEMORY_USERPTR, 1,
					     PAGE_SIZE, &first));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			vb2_mock_create_bufs(mock, VB2_MEMORY_MMAP, 1, 16,
					     &first));
	guard(mutex)(&mock->lock);
	KUNIT_EXPECT_EQ(test, -EINVAL,
			vb2_core_create_bufs(&mock->q, VB2_MEMORY_MMAP,
					     VB2_MEMORY_FLAG_NON_COHERENT,
					     &count, 0, NULL, &first));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			vb2_core_create_bufs(&mock->q, VB2_MEMORY_MMAP, 0,
					     &count, VB2_MAX_PLANES + 1, NULL,
					     &first));
	KUNIT_EXPECT_EQ(test, vb2_get_num_buffers(&mock->q), 2);
}

/* A driver that is asked again must not take it for CREATE_BUFS */
static void vb2_core_reqbufs_asks_again(struct kunit *test)
{
	struct vb2_mock *mock = vb2_mock_capture(test);
	unsigned int first;

	vb2_mock_fail(mock, MOCK_ALLOC, 3, -ENOMEM);
	KUNIT_EXPECT_EQ(test, vb2_mock_reqbufs(mock, VB2_MEMORY_MMAP, 4), 2);
	KUNIT_EXPECT_EQ(test, mock->calls[MOCK_QUEUE_SETUP], 2);
	KUNIT_EXPECT_EQ(test, mock->setup_planes, 0);

	vb2_mock_fail(mock, MOCK_ALLOC, 2, -ENOMEM);
	KUNIT_EXPECT_EQ(test, 1,
			vb2_mock_create_bufs(mock, VB2_MEMORY_MMAP, 3,
					     PAGE_SIZE, &first));
	KUNIT_EXPECT_EQ(test, mock->calls[MOCK_QUEUE_SETUP], 4);
	KUNIT_EXPECT_EQ(test, mock->setup_planes, 1);
}

/*
 * Defect 4: the driver is asked a second time, since there were fewer buffers
 * than it agreed to, and refuses. User space gets the driver's error.
 */
static void vb2_core_create_bufs_late_queue_setup_error(struct kunit *test)
{
	struct vb2_mock *mock = vb2_mock_capture(test);
	unsigned int first;

	KUNIT_EXPECT_EQ(test, vb2_mock_reqbufs(mock, VB2_MEMORY_MMAP, 2), 2);
	vb2_mock_fail(mock, MOCK_ALLOC, 2, -ENOMEM);
	vb2_mock_fail(mock, MOCK_QUEUE_SETUP, 2, -ENODEV);
	KUNIT_EXPECT_EQ(test, -ENODEV,
			vb2_mock_create_bufs(mock, VB2_MEMORY_MMAP, 3,
					     PAGE_SIZE, &first));
	KUNIT_EXPECT_EQ(test, vb2_get_num_buffers(&mock->q), 2);
	KUNIT_EXPECT_EQ(test, atomic_read(&mock->memory), 2);
}

/* Any one allocation fails, with buffers that were there before */
static void vb2_core_create_bufs_alloc_fails(struct kunit *test)
{
	struct vb2_mock *mock = vb2_mock_capture(test);
	unsigned int n, first, got;
	int ret;

	for (n = 1; n <= 3; n++) {
		vb2_mock_reqbufs(mock, VB2_MEMORY_MMAP, 2);
		vb2_mock_fail(mock, MOCK_ALLOC, n, -ENOMEM);
		ret = vb2_mock_create_bufs(mock, VB2_MEMORY_MMAP, 3, PAGE_SIZE,
					   &first);
		got = n - 1;
		KUNIT_EXPECT_EQ(test, ret, got ?: -ENOMEM);
		KUNIT_EXPECT_EQ(test, vb2_get_num_buffers(&mock->q), 2 + got);
	}
}

/* Without the application's planes and sizes the driver's are taken */
static void vb2_core_create_bufs_sizes_of_driver(struct kunit *test)
{
	struct vb2_mock *mock = vb2_mock_capture(test);
	unsigned int first, count = 2;

	guard(mutex)(&mock->lock);
	KUNIT_EXPECT_EQ(test, 0,
			vb2_core_create_bufs(&mock->q, VB2_MEMORY_MMAP, 0,
					     &count, 0, NULL, &first));
	KUNIT_EXPECT_EQ(test, mock->sizes[0],
			vb2_plane_size(vb2_get_buffer(&mock->q, 1), 0));
}

static void vb2_core_remove_bufs_holes(struct kunit *test)
{
	struct vb2_mock_user user = { .index = 4 };
	struct vb2_mock *mock = vb2_mock_create(test, false);
	unsigned int first;

	mock->q.max_num_buffers = 6;
	vb2_mock_init_queue(mock);
	vb2_mock_reqbufs(mock, VB2_MEMORY_MMAP, 6);
	KUNIT_EXPECT_EQ(test, vb2_mock_remove_bufs(mock, 1, 2), 0);
	KUNIT_EXPECT_NULL(test, vb2_get_buffer(&mock->q, 1));
	/* A hole is no buffer to remove */
	KUNIT_EXPECT_EQ(test, vb2_mock_remove_bufs(mock, 0, 2), -EINVAL);
	KUNIT_EXPECT_NOT_NULL(test, vb2_get_buffer(&mock->q, 0));
	KUNIT_EXPECT_EQ(test, vb2_mock_remove_bufs(mock, 5, 2), -EINVAL);
	KUNIT_EXPECT_EQ(test, vb2_mock_remove_bufs(mock, 0, 7), -EINVAL);
	KUNIT_EXPECT_EQ(test, vb2_mock_remove_bufs(mock, UINT_MAX, 2),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, vb2_mock_remove_bufs(mock, 0, 0), 0);
	/* The numbers are used again, in one run */
	KUNIT_EXPECT_EQ(test, 2,
			vb2_mock_create_bufs(mock, VB2_MEMORY_MMAP, 5,
					     PAGE_SIZE, &first));
	KUNIT_EXPECT_EQ(test, first, 1);
	/* A prepared buffer is finished first */
	KUNIT_EXPECT_EQ(test, vb2_mock_prepare_buf(mock, &user), 0);
	KUNIT_EXPECT_EQ(test, vb2_mock_remove_bufs(mock, 4, 1), 0);
	KUNIT_EXPECT_EQ(test, mock->good[MOCK_BUF_FINISH], 1);
	KUNIT_EXPECT_EQ(test, vb2_mock_qbuf_index(mock, 0), 0);
	KUNIT_EXPECT_EQ(test, vb2_mock_remove_bufs(mock, 0, 2), -EBUSY);
	vb2_mock_streamoff(mock);
	/* The last one leaves a queue without memory type */
	KUNIT_EXPECT_EQ(test, vb2_mock_remove_bufs(mock, 0, 4), 0);
	KUNIT_EXPECT_EQ(test, vb2_mock_remove_bufs(mock, 5, 1), 0);
	KUNIT_EXPECT_EQ(test, mock->q.memory, VB2_MEMORY_UNKNOWN);
	vb2_mock_expect_balanced(mock);
}

static struct kunit_case vb2_alloc_cases[] = {
	KUNIT_CASE(vb2_core_reqbufs_counts),
	KUNIT_CASE(vb2_core_reqbufs_more_than_table),
	KUNIT_CASE(vb2_core_reqbufs_while_streaming),
	KUNIT_CASE(vb2_core_reqbufs_alloc_fails),
	KUNIT_CASE(vb2_core_reqbufs_buf_init_fails),
	KUNIT_CASE(vb2_core_reqbufs_too_few),
	KUNIT_CASE(vb2_core_reqbufs_asks_again),
	KUNIT_CASE(vb2_core_reqbufs_queue_setup_fails),
	KUNIT_CASE(vb2_core_reqbufs_bad_queue_setup),
	KUNIT_CASE(vb2_verify_memory_type_all),
	KUNIT_CASE(vb2_core_create_bufs_adds),
	KUNIT_CASE(vb2_core_create_bufs_refused),
	KUNIT_CASE(vb2_core_create_bufs_late_queue_setup_error),
	KUNIT_CASE(vb2_core_create_bufs_alloc_fails),
	KUNIT_CASE(vb2_core_create_bufs_sizes_of_driver),
	KUNIT_CASE(vb2_core_remove_bufs_holes),
	{}
};

static struct kunit_suite vb2_alloc_suite = {
	.name		= "videobuf2_alloc",
	.exit		= vb2_mock_exit,
	.test_cases	= vb2_alloc_cases,
};

kunit_test_suite(vb2_alloc_suite);
