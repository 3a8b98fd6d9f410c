// SPDX-License-Identifier: GPL-2.0-only
/*
 * videobuf2 tests: init, start, stop, cancel and fatal errors of a queue
 */
#include <kunit/test.h>
#include <linux/cleanup.h>

#include "../vb2-internal.h"
#include "vb2-mock.h"

/* A queue that is not fit for use is refused, and said so once */
static void expect_refused(struct vb2_mock *mock)
{
	mock->bugs = 0;
	KUNIT_EXPECT_EQ(mock->test, vb2_core_queue_init(&mock->q), -EINVAL);
	KUNIT_EXPECT_EQ(mock->test, mock->bugs, 1);
}

static void vb2_core_queue_init_without_queue(struct kunit *test)
{
	struct vb2_mock *mock = vb2_mock_create(test, false);

	vb2_mock_expect_bugs(mock);
	KUNIT_EXPECT_EQ(test, vb2_core_queue_init(NULL), -EINVAL);
	KUNIT_EXPECT_EQ(test, mock->bugs, 1);
}

static int minimal_setup(struct vb2_queue *q, unsigned int *num_buffers,
			 unsigned int *num_planes, unsigned int sizes[],
			 struct device *alloc_devs[])
{
	return vb2_mock_ops.queue_setup(q, num_buffers, num_planes, sizes,
					alloc_devs);
}

static void minimal_queue(struct vb2_buffer *vb)
{
	vb2_mock_ops.buf_queue(vb);
}

static const struct vb2_ops only_setup = {
	.queue_setup	= minimal_setup,
};

static const struct vb2_ops only_queue = {
	.buf_queue	= minimal_queue,
};

static const struct vb2_ops minimal_ops = {
	.queue_setup	= minimal_setup,
	.buf_queue	= minimal_queue,
};

static void vb2_core_queue_init_with_flaws(struct kunit *test)
{
	struct vb2_mock *mock = vb2_mock_create(test, false);
	struct vb2_queue *q = &mock->q;
	const struct vb2_queue good = *q;

	vb2_mock_expect_bugs(mock);
	q->ops = NULL;
	expect_refused(mock);
	*q = good;
	q->mem_ops = NULL;
	expect_refused(mock);
	*q = good;
	q->buf_ops = NULL;
	expect_refused(mock);
	*q = good;
	q->type = 0;
	expect_refused(mock);
	*q = good;
	q->io_modes = 0;
	expect_refused(mock);
	*q = good;
	q->requires_requests = true;
	expect_refused(mock);
	*q = good;
	q->supports_requests = true;
	q->min_queued_buffers = 1;
	expect_refused(mock);
	*q = good;
	q->buf_struct_size = sizeof(struct vb2_buffer) - 1;
	expect_refused(mock);
	*q = good;
	q->max_num_buffers = 4;
	q->min_queued_buffers = 4;
	expect_refused(mock);
	*q = good;
	q->ops = &only_setup;
	expect_refused(mock);
	q->ops = &only_queue;
	expect_refused(mock);
	*q = good;
	vb2_mock_init_queue(mock);
}

static void vb2_core_queue_init_defaults(struct kunit *test)
{
	struct vb2_mock *mock = vb2_mock_create(test, true);
	struct vb2_queue *q = &mock->q;

	q->buf_struct_size = 0;
	q->min_queued_buffers = 2;
	vb2_mock_init_queue(mock);
	KUNIT_EXPECT_EQ(test, q->max_num_buffers, VB2_MAX_FRAME);
	KUNIT_EXPECT_EQ(test, q->min_reqbufs_allocation, 3);
	KUNIT_EXPECT_EQ(test, q->buf_struct_size, sizeof(struct vb2_buffer));
	KUNIT_EXPECT_EQ(test, q->dma_dir, DMA_TO_DEVICE);
	KUNIT_EXPECT_NE(test, q->name[0], 0);
}

static void vb2_core_queue_init_directions(struct kunit *test)
{
	struct vb2_mock *mock = vb2_mock_capture(test);

	KUNIT_EXPECT_EQ(test, mock->q.dma_dir, DMA_FROM_DEVICE);
	mock->q.bidirectional = true;
	vb2_mock_init_queue(mock);
	KUNIT_EXPECT_EQ(test, mock->q.dma_dir, DMA_BIDIRECTIONAL);
}

/* Driver without optional operations, queue without lock of its own */
static void vb2_queue_with_minimal_driver(struct kunit *test)
{
	struct vb2_mock *mock = vb2_mock_create(test, false);

	mock->q.ops = &minimal_ops;
	mock->buf_ops = (struct vb2_buf_ops) {};
	mock->minimal = true;
	mock->instant = true;
	vb2_mock_init_queue(mock);
	vb2_mock_start(mock, 2);
	KUNIT_EXPECT_EQ(test, vb2_mock_dqbuf(mock, NULL), 0);
	KUNIT_EXPECT_EQ(test, vb2_mock_qbuf_index(mock, 0), 0);
	KUNIT_EXPECT_EQ(test, vb2_mock_streamoff(mock), 0);
}

static void vb2_core_streamon_refused(struct kunit *test)
{
	struct vb2_mock *mock = vb2_mock_create(test, false);

	mock->q.min_queued_buffers = 2;
	vb2_mock_init_queue(mock);
	KUNIT_EXPECT_EQ(test, vb2_mock_streamon(mock), -EINVAL);
	vb2_mock_reqbufs(mock, VB2_MEMORY_MMAP, 3);
	scoped_guard(mutex, &mock->lock) {
		KUNIT_EXPECT_EQ(test, -EINVAL,
				vb2_core_streamon(&mock->q, VB2_MOCK_TYPE + 1));
		KUNIT_EXPECT_EQ(test, -EINVAL,
				vb2_core_streamoff(&mock->q,
						   VB2_MOCK_TYPE + 1));
	}
	vb2_mock_fail(mock, MOCK_PREPARE_STREAMING, 1, -EPIPE);
	KUNIT_EXPECT_EQ(test, vb2_mock_streamon(mock), -EPIPE);
	KUNIT_EXPECT_FALSE(test, vb2_is_streaming(&mock->q));
	KUNIT_EXPECT_EQ(test, vb2_mock_streamon(mock), 0);
	/* Twice is no error, and nothing is done twice */
	KUNIT_EXPECT_EQ(test, vb2_mock_streamon(mock), 0);
	KUNIT_EXPECT_EQ(test, mock->good[MOCK_PREPARE_STREAMING], 1);
}

static void expect_states(struct vb2_mock *mock, unsigned int count,
			  enum vb2_buffer_state state)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		KUNIT_EXPECT_EQ(mock->test, vb2_mock_state(mock, i), state);
}

/* start_streaming fails in STREAMON: buffers stay queued, a retry works */
static void vb2_queue_start_fails_in_streamon(struct kunit *test)
{
	struct vb2_mock *mock = vb2_mock_capture(test);
	unsigned int i;

	vb2_mock_reqbufs(mock, VB2_MEMORY_MMAP, 3);
	for (i = 0; i < 3; i++)
		vb2_mock_qbuf_index(mock, i);
	vb2_mock_fail(mock, MOCK_START_STREAMING, 1, -EIO);
	KUNIT_EXPECT_EQ(test, vb2_mock_streamon(mock), -EIO);
	KUNIT_EXPECT_FALSE(test, vb2_is_streaming(&mock->q));
	KUNIT_EXPECT_EQ(test, mock->good[MOCK_UNPREPARE_STREAMING], 1);
	expect_states(mock, 3, VB2_BUF_STATE_QUEUED);
	KUNIT_EXPECT_EQ(test, vb2_mock_streamon(mock), 0);
	KUNIT_EXPECT_EQ(test, vb2_mock_advance(mock, 4), 3);
}

/* ... and in the QBUF that brings the last buffer that is needed */
static void vb2_queue_start_fails_in_qbuf(struct kunit *test)
{
	struct vb2_mock *mock = vb2_mock_create(test, false);

	mock->q.min_queued_buffers = 2;
	vb2_mock_init_queue(mock);
	vb2_mock_reqbufs(mock, VB2_MEMORY_MMAP, 3);
	KUNIT_EXPECT_EQ(test, vb2_mock_streamon(mock), 0);
	KUNIT_EXPECT_EQ(test, vb2_mock_qbuf_index(mock, 0), 0);
	KUNIT_EXPECT_FALSE(test, vb2_start_streaming_called(&mock->q));
	vb2_mock_fail(mock, MOCK_START_STREAMING, 1, -ENOMEM);
	KUNIT_EXPECT_EQ(test, vb2_mock_qbuf_index(mock, 1), -ENOMEM);
	KUNIT_EXPECT_EQ(test, vb2_mock_state(mock, 0), VB2_BUF_STATE_QUEUED);
	KUNIT_EXPECT_EQ(test, vb2_mock_state(mock, 1), VB2_BUF_STATE_DEQUEUED);
	KUNIT_EXPECT_EQ(test, mock->q.queued_count, 1);
	KUNIT_EXPECT_EQ(test, vb2_mock_qbuf_index(mock, 1), 0);
	KUNIT_EXPECT_TRUE(test, vb2_start_streaming_called(&mock->q));
	KUNIT_EXPECT_EQ(test, vb2_mock_advance(mock, 3), 2);
}

/*
 * What such a QBUF said and brought is forgotten: the next may bring other
 * memory, and user space may free this. What PREPARE_BUF brought stays.
 */
static void vb2_queue_start_fails_in_qbuf_of_user_memory(struct kunit *test)
{
	struct vb2_mock *mock = vb2_mock_create(test, true);
	struct vb2_mock_user user = {};

	mock->q.min_queued_buffers = 1;
	vb2_mock_init_queue(mock);
	vb2_mock_reqbufs(mock, VB2_MEMORY_USERPTR, 2);
	KUNIT_EXPECT_EQ(test, vb2_mock_streamon(mock), 0);
	user.planes[0].m.userptr = 0x10000000;
	user.planes[0].length = PAGE_SIZE;
	user.planes[0].bytesused = 100;
	vb2_mock_fail(mock, MOCK_START_STREAMING, 1, -EIO);
	KUNIT_EXPECT_EQ(test, vb2_mock_qbuf(mock, &user), -EIO);
	KUNIT_EXPECT_FALSE(test, vb2_get_buffer(&mock->q, 0)->prepared);
	KUNIT_EXPECT_EQ(test, atomic_read(&mock->memory), 0);
	KUNIT_EXPECT_EQ(test, mock->good[MOCK_BUF_FINISH], 1);

	KUNIT_EXPECT_EQ(test, vb2_mock_prepare_buf(mock, &user), 0);
	vb2_mock_fail(mock, MOCK_START_STREAMING, 1, -EIO);
	KUNIT_EXPECT_EQ(test, vb2_mock_qbuf(mock, &user), -EIO);
	KUNIT_EXPECT_TRUE(test, vb2_get_buffer(&mock->q, 0)->prepared);
	KUNIT_EXPECT_EQ(test, vb2_mock_qbuf(mock, &user), 0);
	KUNIT_EXPECT_EQ(test, mock->good[MOCK_GET_USERPTR], 2);
}

static void start_and_fail(struct vb2_mock *mock)
{
	unsigned int i;

	vb2_mock_expect_bugs(mock);
	vb2_mock_reqbufs(mock, VB2_MEMORY_MMAP, 3);
	for (i = 0; i < 3; i++)
		vb2_mock_qbuf_index(mock, i);
	vb2_mock_fail(mock, MOCK_START_STREAMING, 1, -EIO);
	KUNIT_EXPECT_EQ(mock->test, vb2_mock_streamon(mock), -EIO);
	KUNIT_EXPECT_EQ(mock->test, mock->bugs, 1);
	expect_states(mock, 3, VB2_BUF_STATE_QUEUED);
	KUNIT_EXPECT_EQ(mock->test, atomic_read(&mock->q.owned_by_drv_count),
			0);
	KUNIT_EXPECT_EQ(mock->test, vb2_mock_streamon(mock), 0);
	KUNIT_EXPECT_EQ(mock->test, vb2_mock_advance(mock, 4), 3);
}

static void vb2_queue_start_fails_and_keeps_buffers(struct kunit *test)
{
	struct vb2_mock *mock = vb2_mock_capture(test);

	mock->keep_on_failed_start = true;
	start_and_fail(mock);
}

static void vb2_queue_start_fails_with_done_buffers(struct kunit *test)
{
	struct vb2_mock *mock = vb2_mock_capture(test);

	mock->failed_start_state = VB2_BUF_STATE_ERROR;
	start_and_fail(mock);
}

static void vb2_queue_stop_keeps_buffers(struct kunit *test)
{
	struct vb2_mock *mock = vb2_mock_capture(test);

	vb2_mock_expect_bugs(mock);
	mock->keep_on_stop = true;
	vb2_mock_start(mock, 3);
	vb2_mock_advance(mock, 1);
	KUNIT_EXPECT_EQ(test, vb2_mock_streamoff(mock), 0);
	KUNIT_EXPECT_EQ(test, mock->bugs, 1);
	expect_states(mock, 3, VB2_BUF_STATE_DEQUEUED);
	KUNIT_EXPECT_EQ(test, atomic_read(&mock->q.owned_by_drv_count), 0);
}

/* STREAMOFF takes every buffer back, from wherever it is */
static void vb2_queue_cancel_from_everywhere(struct kunit *test)
{
	struct vb2_mock_user user = { .index = 4 };
	struct vb2_mock *mock = vb2_mock_capture(test);

	vb2_mock_start(mock, 5);
	vb2_mock_advance(mock, 1);
	vb2_mock_advance_with(mock, 1, VB2_BUF_STATE_ERROR);
	vb2_mock_advance_with(mock, 1, VB2_BUF_STATE_QUEUED);
	KUNIT_EXPECT_EQ(test, vb2_mock_streamoff(mock), 0);
	expect_states(mock, 5, VB2_BUF_STATE_DEQUEUED);
	KUNIT_EXPECT_EQ(test, mock->good[MOCK_BUF_FINISH], 5);

	/* Without streaming: queued and prepared ones */
	KUNIT_EXPECT_EQ(test, vb2_mock_qbuf_index(mock, 0), 0);
	KUNIT_EXPECT_EQ(test, vb2_mock_prepare_buf(mock, &user), 0);
	KUNIT_EXPECT_EQ(test, vb2_mock_streamoff(mock), 0);
	expect_states(mock, 5, VB2_BUF_STATE_DEQUEUED);
	KUNIT_EXPECT_EQ(test, mock->good[MOCK_BUF_FINISH], 7);
	KUNIT_EXPECT_EQ(test, mock->q.queued_count, 0);
}

static void vb2_queue_error_until_cancel(struct kunit *test)
{
	struct vb2_mock_user user = {};
	struct vb2_mock *mock = vb2_mock_capture(test);

	vb2_mock_start(mock, 2);
	vb2_mock_advance(mock, 1);
	vb2_queue_error(&mock->q);
	KUNIT_EXPECT_EQ(test, vb2_mock_dqbuf(mock, &user), -EIO);
	KUNIT_EXPECT_EQ(test, vb2_mock_poll(mock), MOCK_POLL_ERROR);
	KUNIT_EXPECT_EQ(test, vb2_mock_streamoff(mock), 0);
	/* Over, and everything works again */
	KUNIT_EXPECT_EQ(test, vb2_mock_qbuf_index(mock, 0), 0);
	KUNIT_EXPECT_EQ(test, vb2_mock_streamon(mock), 0);

	vb2_queue_error(&mock->q);
	KUNIT_EXPECT_EQ(test, vb2_mock_qbuf_index(mock, 1), -EIO);
	user.index = 1;
	KUNIT_EXPECT_EQ(test, vb2_mock_prepare_buf(mock, &user), -EIO);
	KUNIT_EXPECT_EQ(test, vb2_mock_streamoff(mock), 0);
	vb2_queue_error(&mock->q);
	KUNIT_EXPECT_EQ(test, vb2_mock_streamon(mock), -EIO);
}

/* The ledger of VIDEO_ADV_DEBUG finds what does not pair up */
static void vb2_check_finds_imbalance(struct kunit *test)
{
	struct vb2_mock *mock = vb2_mock_capture(test);
	struct vb2_buffer *vb;

	if (!IS_ENABLED(CONFIG_VIDEO_ADV_DEBUG))
		kunit_skip(test, "needs CONFIG_VIDEO_ADV_DEBUG");
	vb2_mock_expect_bugs(mock);
	vb2_mock_start(mock, 1);
	vb2_mock_streamoff(mock);
	vb = vb2_get_buffer(&mock->q, 0);

	vb2_count(vb->ledger, VB2_COUNT_BUF_PREPARE);
	vb2_check_buffer(vb);
	KUNIT_EXPECT_GE(test, mock->bugs, 1);
	vb2_count(vb->ledger, VB2_COUNT_BUF_FINISH);

	mock->bugs = 0;
	vb2_count(mock->q.ledger, VB2_COUNT_START_STREAMING);
	vb2_check_queue(&mock->q);
	KUNIT_EXPECT_EQ(test, mock->bugs, 1);
	vb2_count(mock->q.ledger, VB2_COUNT_STOP_STREAMING);
	vb2_check_queue(&mock->q);
	KUNIT_EXPECT_EQ(test, mock->bugs, 1);
}

static struct kunit_case vb2_queue_cases[] = {
	KUNIT_CASE(vb2_core_queue_init_without_queue),
	KUNIT_CASE(vb2_core_queue_init_with_flaws),
	KUNIT_CASE(vb2_core_queue_init_defaults),
	KUNIT_CASE(vb2_core_queue_init_directions),
	KUNIT_CASE(vb2_queue_with_minimal_driver),
	KUNIT_CASE(vb2_core_streamon_refused),
	KUNIT_CASE(vb2_queue_start_fails_in_streamon),
	KUNIT_CASE(vb2_queue_start_fails_in_qbuf),
	KUNIT_CASE(vb2_queue_start_fails_in_qbuf_of_user_memory),
	KUNIT_CASE(vb2_queue_start_fails_and_keeps_buffers),
	KUNIT_CASE(vb2_queue_start_fails_with_done_buffers),
	KUNIT_CASE(vb2_queue_stop_keeps_buffers),
	KUNIT_CASE(vb2_queue_cancel_from_everywhere),
	KUNIT_CASE(vb2_queue_error_until_cancel),
	KUNIT_CASE(vb2_check_finds_imbalance),
	{}
};

static struct kunit_suite vb2_queue_suite = {
	.name		= "videobuf2_queue",
	.exit		= vb2_mock_exit,
	.test_cases	= vb2_queue_cases,
};

kunit_test_suite(vb2_queue_suite);
