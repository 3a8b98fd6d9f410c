// SPDX-License-Identifier: GPL-2.0-only
/*
 * videobuf2 tests: from QBUF to DQBUF, waiting, and poll()
 */
#include <kunit/test.h>
#include <linux/cleanup.h>
#include <linux/delay.h>
#include <linux/kthread.h>

#include "../vb2-internal.h"
#include "vb2-mock.h"

/* Buffers come back in the order in which the hardware finished them */
static void vb2_core_dqbuf_order(struct kunit *test)
{
	struct vb2_mock *mock = vb2_mock_capture(test);
	struct vb2_mock_user user = {};
	unsigned int i;

	vb2_mock_start(mock, 4);
	KUNIT_EXPECT_EQ(test, vb2_mock_advance(mock, 3), 3);
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, vb2_mock_dqbuf(mock, &user), 0);
		KUNIT_EXPECT_EQ(test, user.index, i);
		KUNIT_EXPECT_EQ(test, user.state, VB2_BUF_STATE_DONE);
		KUNIT_EXPECT_EQ(test, user.timestamp, i + 1);
		KUNIT_EXPECT_EQ(test, user.planes[0].bytesused,
				mock->sizes[0]);
	}
	KUNIT_EXPECT_EQ(test, vb2_mock_dqbuf(mock, &user), -EAGAIN);
}

static void vb2_core_dqbuf_not_taken(struct kunit *test)
{
	struct vb2_mock *mock = vb2_mock_capture(test);
	struct vb2_mock_user user = {};

	mock->q.is_multiplanar = true;
	vb2_mock_start(mock, 2);
	vb2_mock_advance(mock, 1);
	/* The user's struct cannot take it: it stays for the next try */
	vb2_mock_fail(mock, MOCK_VERIFY_PLANES, 1, -EINVAL);
	KUNIT_EXPECT_EQ(test, vb2_mock_dqbuf(mock, &user), -EINVAL);
	KUNIT_EXPECT_EQ(test, vb2_mock_state(mock, 0), VB2_BUF_STATE_DONE);
	KUNIT_EXPECT_EQ(test, vb2_mock_dqbuf(mock, &user), 0);
}

static void vb2_core_dqbuf_after_last(struct kunit *test)
{
	struct vb2_mock *mock = vb2_mock_capture(test);

	vb2_mock_start(mock, 2);
	mock->q.last_buffer_dequeued = true;
	KUNIT_EXPECT_EQ(test, vb2_mock_dqbuf(mock, NULL), -EPIPE);
	KUNIT_EXPECT_EQ(test, vb2_mock_poll(mock),
			MOCK_POLL_READ);
	vb2_clear_last_buffer_dequeued(&mock->q);
	KUNIT_EXPECT_EQ(test, vb2_mock_dqbuf(mock, NULL), -EAGAIN);
	/* A new stream has a new end */
	mock->q.last_buffer_dequeued = true;
	vb2_mock_streamoff(mock);
	vb2_mock_streamon(mock);
	KUNIT_EXPECT_EQ(test, vb2_mock_dqbuf(mock, NULL), -EAGAIN);
}

static void vb2_core_prepare_buf_then_qbuf(struct kunit *test)
{
	struct vb2_mock *mock = vb2_mock_output(test);
	struct vb2_mock_user user = { .timestamp = 1234 };

	vb2_mock_reqbufs(mock, VB2_MEMORY_MMAP, 2);
	KUNIT_EXPECT_EQ(test, vb2_mock_prepare_buf(mock, &user), 0);
	KUNIT_EXPECT_EQ(test, vb2_mock_prepare_buf(mock, &user), -EINVAL);
	KUNIT_EXPECT_EQ(test, mock->good[MOCK_MEM_PREPARE], 1);
	user.timestamp = 1234;
	KUNIT_EXPECT_EQ(test, vb2_mock_qbuf(mock, &user), 0);
	/* Once is enough */
	KUNIT_EXPECT_EQ(test, mock->calls[MOCK_BUF_PREPARE], 1);
	KUNIT_EXPECT_EQ(test, mock->good[MOCK_MEM_PREPARE], 1);
	KUNIT_EXPECT_EQ(test, vb2_get_buffer(&mock->q, 0)->timestamp, 1234);
}

/* Also if the hardware is done before QBUF is */
static void vb2_core_qbuf_returns_queued(struct kunit *test)
{
	struct vb2_mock *mock = vb2_mock_capture(test);
	struct vb2_mock_user user = {};

	vb2_mock_start(mock, 1);
	vb2_mock_advance(mock, 1);
	KUNIT_ASSERT_EQ(test, vb2_mock_dqbuf(mock, &user), 0);
	mock->instant = true;
	KUNIT_EXPECT_EQ(test, vb2_mock_qbuf(mock, &user), 0);
	KUNIT_EXPECT_EQ(test, vb2_mock_state(mock, 0), VB2_BUF_STATE_DONE);
	KUNIT_EXPECT_EQ(test, user.state, VB2_BUF_STATE_QUEUED);
}

/* Each step of prepare fails in turn and leaves the buffer as it was */
static void vb2_core_qbuf_prepare_fails(struct kunit *test)
{
	static const enum vb2_mock_op steps[] = {
		MOCK_BUF_OUT_VALIDATE, MOCK_FILL_VB2, MOCK_BUF_PREPARE,
	};
	struct vb2_mock *mock = vb2_mock_output(test);
	unsigned int i;

	vb2_mock_start(mock, 1);
	vb2_mock_advance(mock, 1);
	KUNIT_ASSERT_EQ(test, vb2_mock_dqbuf(mock, NULL), 0);
	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		vb2_mock_fail(mock, steps[i], 1, -EDOM);
		KUNIT_EXPECT_EQ(test, vb2_mock_qbuf_index(mock, 0), -EDOM);
		KUNIT_EXPECT_EQ(test, vb2_mock_state(mock, 0),
				VB2_BUF_STATE_DEQUEUED);
		KUNIT_EXPECT_EQ(test, mock->good[MOCK_MEM_PREPARE], 1);
		KUNIT_EXPECT_EQ(test, mock->q.queued_count, 0);
	}
	KUNIT_EXPECT_EQ(test, vb2_mock_qbuf_index(mock, 0), 0);
}

static void vb2_core_qbuf_cache_hints(struct kunit *test)
{
	struct vb2_mock *mock = vb2_mock_capture(test);
	struct vb2_buffer *vb;

	vb2_mock_reqbufs(mock, VB2_MEMORY_MMAP, 1);
	vb = vb2_get_buffer(&mock->q, 0);
	vb->skip_cache_sync_on_prepare = true;
	vb->skip_cache_sync_on_finish = true;
	KUNIT_EXPECT_EQ(test, vb2_mock_qbuf_index(mock, 0), 0);
	KUNIT_EXPECT_EQ(test, vb2_mock_streamoff(mock), 0);
	KUNIT_EXPECT_EQ(test, mock->calls[MOCK_MEM_PREPARE], 0);
	KUNIT_EXPECT_EQ(test, mock->calls[MOCK_MEM_FINISH], 0);
}

static void vb2_wait_for_all_buffers_returns(struct kunit *test)
{
	struct vb2_mock *mock = vb2_mock_capture(test);

	KUNIT_EXPECT_EQ(test, vb2_wait_for_all_buffers(&mock->q), -EINVAL);
	vb2_mock_start(mock, 2);
	vb2_mock_advance(mock, 2);
	KUNIT_EXPECT_EQ(test, vb2_wait_for_all_buffers(&mock->q), 0);
}

static void vb2_discard_done_makes_errors(struct kunit *test)
{
	struct vb2_mock *mock = vb2_mock_capture(test);
	struct vb2_mock_user user = {};

	vb2_mock_start(mock, 3);
	vb2_mock_advance(mock, 2);
	vb2_discard_done(&mock->q);
	KUNIT_EXPECT_EQ(test, vb2_mock_dqbuf(mock, &user), 0);
	KUNIT_EXPECT_EQ(test, user.state, VB2_BUF_STATE_ERROR);
	KUNIT_EXPECT_EQ(test, vb2_mock_dqbuf(mock, &user), 0);
	KUNIT_EXPECT_EQ(test, user.state, VB2_BUF_STATE_ERROR);
}

/* A user that sleeps in DQBUF, in a thread of its own */
struct sleeper {
	struct vb2_mock *mock;
	struct task_struct *task;
	int ret;
	struct completion done;
};

static int sleep_in_dqbuf(void *data)
{
	struct sleeper *sleeper = data;
	struct vb2_mock *mock = sleeper->mock;

	mutex_lock(&mock->lock);
	sleeper->ret = vb2_core_dqbuf(&mock->q, NULL, NULL, false);
	mutex_unlock(&mock->lock);
	complete(&sleeper->done);
	return 0;
}

/* Returns when it sleeps */
static void sleeper_start(struct kunit *test, struct sleeper *sleeper,
			  struct vb2_mock *mock)
{
	sleeper->mock = mock;
	init_completion(&sleeper->done);
	sleeper->task = kthread_run(sleep_in_dqbuf, sleeper, "vb2-sleeper");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sleeper->task);
	vb2_mock_wait_for_sleeper(mock);
}

static int sleeper_result(struct kunit *test, struct sleeper *sleeper)
{
	KUNIT_ASSERT_NE(test, 0, wait_for_completion_timeout(&sleeper->done,
							     60 * HZ));
	return sleeper->ret;
}

static void vb2_core_dqbuf_sleeps_until_done(struct kunit *test)
{
	struct vb2_mock *mock = vb2_mock_capture(test);
	struct sleeper sleeper;

	vb2_mock_start(mock, 3);
	sleeper_start(test, &sleeper, mock);
	/* Meanwhile the lock is free, but the buffers must not go */
	KUNIT_EXPECT_EQ(test, vb2_mock_dqbuf(mock, NULL), -EBUSY);
	KUNIT_EXPECT_EQ(test, vb2_mock_advance(mock, 1), 1);
	KUNIT_EXPECT_EQ(test, sleeper_result(test, &sleeper), 0);
	KUNIT_EXPECT_EQ(test, vb2_mock_dqbuf(mock, NULL), -EAGAIN);
}

static int setup_only(struct vb2_queue *q, unsigned int *num_buffers,
		      unsigned int *num_planes, unsigned int sizes[],
		      struct device *alloc_devs[])
{
	return vb2_mock_ops.queue_setup(q, num_buffers, num_planes, sizes,
					alloc_devs);
}

static void queue_only(struct vb2_buffer *vb)
{
	vb2_mock_ops.buf_queue(vb);
}

static const struct vb2_ops ops_without_wait = {
	.queue_setup	= setup_only,
	.buf_queue	= queue_only,
};

/* Without wait_prepare and wait_finish it is the queue's lock that is free */
static void vb2_core_dqbuf_sleeps_without_wait_ops(struct kunit *test)
{
	struct vb2_mock *mock = vb2_mock_create(test, false);
	struct sleeper sleeper;

	mock->q.ops = &ops_without_wait;
	mock->minimal = true;
	vb2_mock_init_queue(mock);
	vb2_mock_start(mock, 1);
	sleeper_start(test, &sleeper, mock);
	KUNIT_EXPECT_EQ(test, vb2_mock_dqbuf(mock, NULL), -EBUSY);
	vb2_mock_advance(mock, 1);
	KUNIT_EXPECT_EQ(test, sleeper_result(test, &sleeper), 0);
}

static void vb2_core_dqbuf_woken_by_streamoff(struct kunit *test)
{
	struct vb2_mock *mock = vb2_mock_capture(test);
	struct sleeper sleeper;

	vb2_mock_start(mock, 2);
	sleeper_start(test, &sleeper, mock);
	KUNIT_EXPECT_EQ(test, vb2_mock_streamoff(mock), 0);
	KUNIT_EXPECT_EQ(test, sleeper_result(test, &sleeper), -EINVAL);
}

static void vb2_core_dqbuf_woken_by_unplug(struct kunit *test)
{
	struct vb2_mock *mock = vb2_mock_capture(test);
	struct sleeper sleeper;

	vb2_mock_start(mock, 2);
	sleeper_start(test, &sleeper, mock);
	mock->q.unplugged = true;
	wake_up_all(&mock->q.done_wq);
	KUNIT_EXPECT_EQ(test, sleeper_result(test, &sleeper), -ENODEV);
	/* Plugged in again */
	scoped_guard(mutex, &mock->lock)
		vb2_core_queue_release(&mock->q);
	vb2_mock_start(mock, 2);
	KUNIT_EXPECT_EQ(test, vb2_mock_dqbuf(mock, NULL), -EAGAIN);
}

/* While it sleeps, REQBUFS must not replace the buffers */
static void vb2_core_reqbufs_with_sleeper(struct kunit *test)
{
	struct vb2_mock *mock = vb2_mock_capture(test);
	struct sleeper sleeper;
	unsigned int first;

	vb2_mock_start(mock, 2);
	sleeper_start(test, &sleeper, mock);
	mutex_lock(&mock->lock);
	vb2_core_streamoff(&mock->q, VB2_MOCK_TYPE);
	mutex_unlock(&mock->lock);
	sleeper_result(test, &sleeper);

	/* The same, seen before the sleeper got the lock again */
	mock->q.waiting_in_dqbuf = true;
	KUNIT_EXPECT_EQ(test, vb2_mock_reqbufs(mock, VB2_MEMORY_MMAP, 2),
			-EBUSY);
	KUNIT_EXPECT_EQ(test, vb2_mock_reqbufs(mock, VB2_MEMORY_MMAP, 0), 0);
	KUNIT_EXPECT_EQ(test, -EBUSY,
			vb2_mock_create_bufs(mock, VB2_MEMORY_MMAP, 1,
					     PAGE_SIZE, &first));
	mock->q.waiting_in_dqbuf = false;
}

/*
 * Defect 3: a fatal error and a sleeper that comes or goes write their flags
 * without a common lock, so that neither may be lost. Members in one word
 * would be: this holds them apart, and tries it out.
 */
static void vb2_queue_error_while_waiting(struct kunit *test)
{
	struct vb2_mock *mock = vb2_mock_capture(test);
	struct sleeper sleeper;
	unsigned int i;

	BUILD_BUG_ON(offsetof(struct vb2_queue, error) ==
		     offsetof(struct vb2_queue, waiting_in_dqbuf));
	BUILD_BUG_ON(offsetof(struct vb2_queue, error) ==
		     offsetof(struct vb2_queue, streaming));

	for (i = 0; i < 20; i++) {
		vb2_mock_start(mock, 2);
		sleeper_start(test, &sleeper, mock);
		vb2_queue_error(&mock->q);
		KUNIT_EXPECT_EQ(test, sleeper_result(test, &sleeper), -EIO);
		KUNIT_EXPECT_TRUE(test, mock->q.error);
		KUNIT_EXPECT_FALSE(test, mock->q.waiting_in_dqbuf);
		vb2_mock_streamoff(mock);
	}
}

static int finish_later(void *data)
{
	struct vb2_mock *mock = data;

	vb2_mock_wait_for_sleeper(mock);
	vb2_mock_advance(mock, 1);
	vb2_mock_advance_with(mock, 1, VB2_BUF_STATE_QUEUED);
	return 0;
}

/* A driver waits in stop_streaming for hardware that finishes by itself */
static void vb2_wait_for_all_buffers_sleeps(struct kunit *test)
{
	struct vb2_mock *mock = vb2_mock_capture(test);
	struct task_struct *task;

	vb2_mock_start(mock, 2);
	task = kthread_run(finish_later, mock, "vb2-finisher");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, task);
	KUNIT_EXPECT_EQ(test, vb2_wait_for_all_buffers(&mock->q), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&mock->q.owned_by_drv_count), 0);
}

/* The hardware in a thread of its own */
struct hardware {
	struct vb2_mock *mock;
	struct task_struct *task;
	bool ready;
	bool go;
};

static void hardware_start(struct kunit *test, struct hardware *hardware,
			   int (*fn)(void *hardware))
{
	hardware->task = kthread_create(fn, hardware, "vb2-hardware");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, hardware->task);
	/* It may end before it is stopped */
	get_task_struct(hardware->task);
	wake_up_process(hardware->task);
}

static int finish_when_told(void *data)
{
	struct hardware *hardware = data;

	WRITE_ONCE(hardware->ready, true);
	while (!READ_ONCE(hardware->go))
		cpu_relax();
	vb2_mock_advance(hardware->mock, 1);
	return 0;
}

/* Who holds done_lock (s5p-mfc, coda, mem2mem) finds the list standing still */
static void vb2_buffer_done_takes_done_lock(struct kunit *test)
{
	struct vb2_mock *mock = vb2_mock_capture(test);
	struct hardware hardware = { .mock = mock };

	vb2_mock_start(mock, 1);
	hardware_start(test, &hardware, finish_when_told);
	while (!READ_ONCE(hardware.ready))
		schedule_timeout_uninterruptible(1);
	scoped_guard(spinlock_irq, &mock->q.done_lock) {
		WRITE_ONCE(hardware.go, true);
		mdelay(20);
		KUNIT_EXPECT_TRUE(test, list_empty(&mock->q.done_list));
		KUNIT_EXPECT_EQ(test, vb2_mock_state(mock, 0),
				VB2_BUF_STATE_ACTIVE);
	}
	kthread_stop_put(hardware.task);
	KUNIT_EXPECT_EQ(test, vb2_mock_state(mock, 0), VB2_BUF_STATE_DONE);
}

static int finish_all(void *data)
{
	struct hardware *hardware = data;

	while (!kthread_should_stop()) {
		vb2_mock_advance(hardware->mock, 1);
		cond_resched();
	}
	return 0;
}

/* Buffers go round while the hardware finishes them: none lost, none passed */
static void vb2_buffer_done_beside_dqbuf(struct kunit *test)
{
	struct vb2_mock *mock = vb2_mock_capture(test);
	struct hardware hardware = { .mock = mock };
	unsigned int i, index;
	int ret;

	vb2_mock_start(mock, 3);
	hardware_start(test, &hardware, finish_all);
	for (i = 0; i < 300; i++) {
		mutex_lock(&mock->lock);
		ret = vb2_core_dqbuf(&mock->q, &index, NULL, false);
		mutex_unlock(&mock->lock);
		if (ret || index != i % 3 || vb2_mock_qbuf_index(mock, index))
			break;
	}
	KUNIT_EXPECT_EQ(test, i, 300);
	kthread_stop_put(hardware.task);
}

static void vb2_core_poll_streaming(struct kunit *test)
{
	struct vb2_mock *mock = vb2_mock_capture(test);
	unsigned int first;

	vb2_mock_reqbufs(mock, VB2_MEMORY_MMAP, 2);
	KUNIT_EXPECT_EQ(test, vb2_mock_poll(mock), MOCK_POLL_ERROR);
	/* Not what was asked for */
	KUNIT_EXPECT_EQ(test, vb2_mock_poll_for(mock, EPOLLOUT), 0);
	KUNIT_EXPECT_EQ(test, vb2_mock_streamon(mock), 0);
	KUNIT_EXPECT_EQ(test, vb2_mock_poll(mock), 0);
	/* As V4L2 wants it: waiting for nothing is an error */
	mock->q.quirk_poll_must_check_waiting_for_buffers = true;
	KUNIT_EXPECT_EQ(test, vb2_mock_poll(mock), MOCK_POLL_ERROR);
	KUNIT_EXPECT_EQ(test, vb2_mock_qbuf_index(mock, 0), 0);
	KUNIT_EXPECT_EQ(test, vb2_mock_poll(mock), 0);
	/* More buffers do not make the queued one go away */
	KUNIT_EXPECT_EQ(test, 1, vb2_mock_create_bufs(mock, VB2_MEMORY_MMAP, 1,
						      PAGE_SIZE, &first));
	KUNIT_EXPECT_EQ(test, vb2_mock_poll(mock), 0);
	vb2_mock_advance(mock, 1);
	KUNIT_EXPECT_EQ(test, vb2_mock_poll(mock), MOCK_POLL_READ);
	KUNIT_EXPECT_EQ(test, vb2_mock_dqbuf(mock, NULL), 0);
	KUNIT_EXPECT_EQ(test, vb2_mock_poll(mock), 0);
}

static void vb2_core_poll_output(struct kunit *test)
{
	struct vb2_mock *mock = vb2_mock_output(test);

	vb2_mock_start(mock, 2);
	KUNIT_EXPECT_EQ(test, vb2_mock_poll(mock), 0);
	vb2_mock_advance(mock, 1);
	KUNIT_EXPECT_EQ(test, vb2_mock_poll(mock), MOCK_POLL_WRITE);
}

/* Codecs take a queued buffer before the driver starts, and finish it */
static void vb2_flow_codec_takes_queued_buffer(struct kunit *test)
{
	struct vb2_mock *mock = vb2_mock_create(test, false);
	struct vb2_buffer *vb;

	mock->q.min_queued_buffers = 2;
	vb2_mock_init_queue(mock);
	vb2_mock_reqbufs(mock, VB2_MEMORY_MMAP, 3);
	vb2_mock_streamon(mock);
	vb2_mock_qbuf_index(mock, 0);
	vb = list_first_entry(&mock->q.queued_list, struct vb2_buffer,
			      queued_entry);
	vb->state = VB2_BUF_STATE_ACTIVE;
	atomic_inc(&mock->q.owned_by_drv_count);
	vb2_buffer_done(vb, VB2_BUF_STATE_DONE);
	/* The start that follows must not hand it to the driver again */
	KUNIT_EXPECT_EQ(test, vb2_mock_qbuf_index(mock, 1), 0);
	KUNIT_EXPECT_EQ(test, mock->calls[MOCK_BUF_QUEUE], 1);
	KUNIT_EXPECT_EQ(test, vb2_mock_state(mock, 0), VB2_BUF_STATE_DONE);
}

static struct kunit_case vb2_flow_cases[] = {
	KUNIT_CASE(vb2_core_dqbuf_order),
	KUNIT_CASE(vb2_core_dqbuf_not_taken),
	KUNIT_CASE(vb2_core_dqbuf_after_last),
	KUNIT_CASE(vb2_core_prepare_buf_then_qbuf),
	KUNIT_CASE(vb2_core_qbuf_returns_queued),
	KUNIT_CASE(vb2_core_qbuf_prepare_fails),
	KUNIT_CASE(vb2_core_qbuf_cache_hints),
	KUNIT_CASE(vb2_wait_for_all_buffers_returns),
	KUNIT_CASE(vb2_discard_done_makes_errors),
	KUNIT_CASE(vb2_core_dqbuf_sleeps_until_done),
	KUNIT_CASE(vb2_core_dqbuf_sleeps_without_wait_ops),
	KUNIT_CASE(vb2_core_dqbuf_woken_by_streamoff),
	KUNIT_CASE(vb2_core_dqbuf_woken_by_unplug),
	KUNIT_CASE(vb2_core_reqbufs_with_sleeper),
	KUNIT_CASE(vb2_queue_error_while_waiting),
	KUNIT_CASE(vb2_wait_for_all_buffers_sleeps),
	KUNIT_CASE(vb2_buffer_done_takes_done_lock),
	KUNIT_CASE(vb2_buffer_done_beside_dqbuf),
	KUNIT_CASE(vb2_core_poll_streaming),
	KUNIT_CASE(vb2_core_poll_output),
	KUNIT_CASE(vb2_flow_codec_takes_queued_buffer),
	{}
};

static struct kunit_suite vb2_flow_suite = {
	.name		= "videobuf2_flow",
	.exit		= vb2_mock_exit,
	.test_cases	= vb2_flow_cases,
};

kunit_test_suite(vb2_flow_suite);
