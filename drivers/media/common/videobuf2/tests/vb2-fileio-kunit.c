// SPDX-License-Identifier: GPL-2.0-only
/*
 * videobuf2 tests: read(), write() and the thread inside the kernel
 */
#include <kunit/test.h>
#include <linux/cleanup.h>
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/mman.h>
#include <linux/uaccess.h>

#include "../vb2-internal.h"
#include "vb2-mock.h"

#define FRAME	100

static void __user *user_memory(struct kunit *test, unsigned long size)
{
	long addr = kunit_vm_mmap(test, NULL, 0, size, PROT_READ | PROT_WRITE,
				  MAP_ANONYMOUS | MAP_PRIVATE, 0);

	KUNIT_ASSERT_FALSE(test, !addr || IS_ERR_VALUE(addr));
	return (void __user *)addr;
}

static ssize_t do_read(struct vb2_mock *mock, void __user *data, size_t count)
{
	loff_t pos = 0;

	guard(mutex)(&mock->lock);
	return vb2_read(&mock->q, data, count, &pos, true);
}

static ssize_t do_write(struct vb2_mock *mock, const void __user *data,
			size_t count)
{
	loff_t pos = 0;

	guard(mutex)(&mock->lock);
	return vb2_write(&mock->q, data, count, &pos, true);
}

static void vb2_read_frames(struct kunit *test)
{
	struct vb2_mock *mock = vb2_mock_capture(test);
	u8 __user *data = user_memory(test, PAGE_SIZE);
	unsigned int i;
	u8 byte;

	mock->payload = FRAME;
	KUNIT_EXPECT_EQ(test, do_read(mock, data, 0), 0);
	KUNIT_EXPECT_FALSE(test, vb2_fileio_is_active(&mock->q));
	KUNIT_EXPECT_EQ(test, do_read(mock, data, FRAME), -EAGAIN);
	KUNIT_EXPECT_TRUE(test, vb2_fileio_is_active(&mock->q));
	/* A driver may have formats that it does not want to be read */
	KUNIT_EXPECT_TRUE(test, mock->setup_for_fileio);
	for (i = 1; i < 5; i++) {
		KUNIT_EXPECT_EQ(test, vb2_mock_poll(mock), 0);
		KUNIT_EXPECT_EQ(test, vb2_mock_advance(mock, 1), 1);
		KUNIT_EXPECT_EQ(test, vb2_mock_poll(mock), MOCK_POLL_READ);
		/* In two parts: a read() does not go beyond a frame */
		KUNIT_EXPECT_EQ(test, do_read(mock, data, 40), 40);
		KUNIT_EXPECT_EQ(test, vb2_mock_poll(mock), MOCK_POLL_READ);
		KUNIT_EXPECT_EQ(test, do_read(mock, data, PAGE_SIZE), 60);
		KUNIT_EXPECT_EQ(test, 0, get_user(byte, data + 59));
		KUNIT_EXPECT_EQ(test, byte, i);
		KUNIT_EXPECT_EQ(test, do_read(mock, data, 1), -EAGAIN);
	}
}

/* A queue that is read refuses all else, and the other way round */
static void vb2_read_excludes_streaming(struct kunit *test)
{
	struct vb2_mock *mock = vb2_mock_capture(test);
	u8 __user *data = user_memory(test, PAGE_SIZE);
	struct vb2_buffer *vb;
	int fd;

	KUNIT_EXPECT_EQ(test, do_read(mock, data, 1), -EAGAIN);
	KUNIT_EXPECT_EQ(test, -EBUSY,
			vb2_verify_memory_type(&mock->q, VB2_MEMORY_MMAP,
					       VB2_MOCK_TYPE));
	KUNIT_EXPECT_EQ(test, do_write(mock, data, 1), -EBUSY);
	vb = vb2_get_buffer(&mock->q, 0);
	KUNIT_EXPECT_EQ(test, -EBUSY, vb2_core_expbuf(&mock->q, &fd,
						      VB2_MOCK_TYPE, vb, 0, 0));
	scoped_guard(mutex, &mock->lock)
		vb2_core_queue_release(&mock->q);
	KUNIT_EXPECT_FALSE(test, vb2_fileio_is_active(&mock->q));

	vb2_mock_reqbufs(mock, VB2_MEMORY_MMAP, 2);
	KUNIT_EXPECT_EQ(test, do_read(mock, data, 1), -EBUSY);
	mock->q.io_modes = VB2_MMAP;
	KUNIT_EXPECT_EQ(test, do_read(mock, data, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, do_write(mock, data, 1), -EINVAL);
	mock->q.io_modes |= VB2_READ;
	mock->q.waiting_in_dqbuf = true;
	KUNIT_EXPECT_EQ(test, do_read(mock, data, 1), -EBUSY);
	mock->q.waiting_in_dqbuf = false;
}

/* A device that is gone gives each buffer back at once and empty, for ever */
static void vb2_read_nothing_but_empty_frames(struct kunit *test)
{
	struct vb2_mock *mock = vb2_mock_capture(test);
	u8 __user *data = user_memory(test, PAGE_SIZE);

	KUNIT_EXPECT_EQ(test, do_read(mock, data, 1), -EAGAIN);
	mock->instant = true;
	mock->empty = true;
	vb2_mock_advance(mock, 1);
	KUNIT_EXPECT_EQ(test, do_read(mock, data, 1), -EIO);
	KUNIT_EXPECT_EQ(test, do_read(mock, data, 1), -EIO);
	mock->empty = false;
	KUNIT_EXPECT_EQ(test, do_read(mock, data, 1), 1);
}

/* Each step of the start fails, and the queue is as free as before */
static void vb2_read_start_fails(struct kunit *test)
{
	struct vb2_mock *mock = vb2_mock_capture(test);
	u8 __user *data = user_memory(test, PAGE_SIZE);
	static const enum vb2_mock_op steps[] = {
		MOCK_QUEUE_SETUP, MOCK_ALLOC, MOCK_BUF_PREPARE,
		MOCK_PREPARE_STREAMING, MOCK_START_STREAMING,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		vb2_mock_fail(mock, steps[i], 1, -EDOM);
		KUNIT_EXPECT_EQ_MSG(test, do_read(mock, data, 1), -EDOM,
				    "step %u", i);
		KUNIT_EXPECT_FALSE(test, vb2_is_busy(&mock->q));
		KUNIT_EXPECT_FALSE(test, vb2_fileio_is_active(&mock->q));
		KUNIT_EXPECT_EQ(test, vb2_get_num_buffers(&mock->q), 0);
		vb2_mock_expect_balanced(mock);
	}
	/* Frames of several planes, or without a kernel address */
	mock->num_planes = 2;
	KUNIT_EXPECT_EQ(test, do_read(mock, data, 1), -EINVAL);
	mock->num_planes = 1;
	mock->mem_ops.vaddr = NULL;
	KUNIT_EXPECT_EQ(test, do_read(mock, data, 1), -EINVAL);
	KUNIT_EXPECT_FALSE(test, vb2_is_busy(&mock->q));
	/* poll() tells of it as well */
	KUNIT_EXPECT_EQ(test, vb2_mock_poll(mock), MOCK_POLL_ERROR);
}

static void vb2_read_bad_pointer(struct kunit *test)
{
	struct vb2_mock *mock = vb2_mock_capture(test);
	u8 __user *data = user_memory(test, PAGE_SIZE);

	mock->payload = FRAME;
	/* poll() on an idle queue starts reading */
	KUNIT_EXPECT_EQ(test, vb2_mock_poll(mock), 0);
	KUNIT_EXPECT_TRUE(test, vb2_fileio_is_active(&mock->q));
	vb2_mock_advance(mock, 2);
	KUNIT_EXPECT_EQ(test, do_read(mock, (void __user *)16, FRAME),
			-EFAULT);
	/* The next frame is read from its start */
	KUNIT_EXPECT_EQ(test, do_read(mock, data, PAGE_SIZE), FRAME);
}

static void vb2_read_skips_empty_frames(struct kunit *test)
{
	struct vb2_mock *mock = vb2_mock_capture(test);
	u8 __user *data = user_memory(test, PAGE_SIZE);
	struct vb2_buffer *vb;

	mock->payload = FRAME;
	KUNIT_EXPECT_EQ(test, do_read(mock, data, 1), -EAGAIN);
	vb2_mock_advance(mock, 1);
	vb = list_first_entry(&mock->q.done_list, struct vb2_buffer,
			      done_entry);
	vb->planes[0].bytesused = 0;
	KUNIT_EXPECT_EQ(test, do_read(mock, data, 1), -EAGAIN);
	vb2_mock_advance(mock, 1);
	KUNIT_EXPECT_EQ(test, do_read(mock, data, PAGE_SIZE), FRAME);
}

static void vb2_write_frames(struct kunit *test)
{
	struct vb2_mock *mock = vb2_mock_output(test);
	u8 __user *data = user_memory(test, PAGE_SIZE);
	const unsigned int size = mock->sizes[0];
	struct vb2_buffer *vb;

	mock->q.copy_timestamp = true;
	KUNIT_EXPECT_EQ(test, vb2_mock_poll(mock), MOCK_POLL_WRITE);
	KUNIT_EXPECT_EQ(test, put_user(0x55, data + 9), 0);
	KUNIT_EXPECT_EQ(test, do_write(mock, (void __user *)16, 10), -EFAULT);
	KUNIT_EXPECT_EQ(test, do_write(mock, data, 0), 0);
	KUNIT_EXPECT_EQ(test, do_write(mock, data, 10), 10);
	KUNIT_EXPECT_EQ(test, mock->calls[MOCK_BUF_QUEUE], 0);
	KUNIT_EXPECT_EQ(test, do_write(mock, data, size), size - 10);
	KUNIT_EXPECT_EQ(test, mock->calls[MOCK_BUF_QUEUE], 1);
	vb = vb2_get_buffer(&mock->q, 0);
	KUNIT_EXPECT_EQ(test, ((u8 *)vb2_plane_vaddr(vb, 0))[9], 0x55);
	KUNIT_EXPECT_GT(test, vb->timestamp, 0);
	KUNIT_EXPECT_EQ(test, do_write(mock, data, size), size);
	/* Both are with the hardware */
	KUNIT_EXPECT_EQ(test, vb2_mock_poll(mock), 0);
	KUNIT_EXPECT_EQ(test, do_write(mock, data, 1), -EAGAIN);
	vb2_mock_advance(mock, 1);
	KUNIT_EXPECT_EQ(test, vb2_mock_poll(mock), MOCK_POLL_WRITE);
	KUNIT_EXPECT_EQ(test, do_write(mock, data, 1), 1);
	KUNIT_EXPECT_EQ(test, do_read(mock, data, 1), -EBUSY);
}

/* A full buffer that cannot be queued is tried again */
static void vb2_write_queue_fails(struct kunit *test)
{
	struct vb2_mock *mock = vb2_mock_output(test);
	u8 __user *data = user_memory(test, PAGE_SIZE);
	const unsigned int size = mock->sizes[0];

	vb2_mock_fail(mock, MOCK_BUF_PREPARE, 1, -EDOM);
	KUNIT_EXPECT_EQ(test, do_write(mock, data, size), size);
	KUNIT_EXPECT_EQ(test, mock->calls[MOCK_BUF_QUEUE], 0);
	vb2_mock_fail(mock, MOCK_BUF_PREPARE, 1, -EDOM);
	KUNIT_EXPECT_EQ(test, do_write(mock, data, 1), -EDOM);
	KUNIT_EXPECT_EQ(test, do_write(mock, data, 1), 1);
	KUNIT_EXPECT_EQ(test, mock->calls[MOCK_BUF_QUEUE], 1);
}

struct reader {
	struct vb2_mock *mock;
	struct completion done;
	ssize_t ret;
};

/* Never gets as far as the memory */
static int sleep_in_read(void *data)
{
	struct reader *reader = data;
	struct vb2_mock *mock = reader->mock;
	loff_t pos = 0;

	mutex_lock(&mock->lock);
	reader->ret = vb2_read(&mock->q, NULL, 1, &pos, false);
	mutex_unlock(&mock->lock);
	complete(&reader->done);
	return 0;
}

/* All that read() knew is freed while it sleeps */
static void vb2_read_released_while_sleeping(struct kunit *test)
{
	struct vb2_mock *mock = vb2_mock_capture(test);
	struct reader reader = { .mock = mock };

	init_completion(&reader.done);
	KUNIT_ASSERT_FALSE(test, IS_ERR(kthread_run(sleep_in_read, &reader,
						    "vb2-reader")));
	vb2_mock_wait_for_sleeper(mock);
	scoped_guard(mutex, &mock->lock)
		vb2_core_queue_release(&mock->q);
	KUNIT_ASSERT_NE(test, 0, wait_for_completion_timeout(&reader.done,
							     60 * HZ));
	KUNIT_EXPECT_LT(test, reader.ret, 0);
	KUNIT_EXPECT_FALSE(test, mock->q.waiting_in_dqbuf);
	KUNIT_EXPECT_FALSE(test, vb2_fileio_is_active(&mock->q));
}

/* The consumer thread */

struct consumer {
	struct completion enough;
	unsigned int frames;
	unsigned int stop_after;
	int ret;
};

static int consume(struct vb2_buffer *vb, void *priv)
{
	struct consumer *consumer = priv;

	if (++consumer->frames == consumer->stop_after)
		complete(&consumer->enough);
	return consumer->frames >= consumer->stop_after ? consumer->ret : 0;
}

static void run_thread(struct kunit *test, struct vb2_mock *mock, int ret)
{
	struct consumer consumer = { .stop_after = 6, .ret = ret };

	init_completion(&consumer.enough);
	KUNIT_ASSERT_EQ(test, 0, vb2_thread_start(&mock->q, consume, &consumer,
						  "mock"));
	KUNIT_EXPECT_EQ(test, -EBUSY,
			vb2_thread_start(&mock->q, consume, &consumer,
					 "mock"));
	while (!try_wait_for_completion(&consumer.enough)) {
		vb2_mock_advance(mock, 1);
		schedule_timeout_uninterruptible(1);
	}
	KUNIT_EXPECT_EQ(test, vb2_thread_stop(&mock->q), 0);
	KUNIT_EXPECT_FALSE(test, vb2_is_busy(&mock->q));
	KUNIT_EXPECT_FALSE(test, vb2_fileio_is_active(&mock->q));
	KUNIT_EXPECT_GE(test, consumer.frames, 6);
	/* Twice is no error */
	KUNIT_EXPECT_EQ(test, vb2_thread_stop(&mock->q), 0);
}

static void vb2_thread_consumes(struct kunit *test)
{
	run_thread(test, vb2_mock_capture(test), 0);
}

/* It ends by itself, and is stopped all the same */
static void vb2_thread_ends(struct kunit *test)
{
	run_thread(test, vb2_mock_capture(test), -EPIPE);
}

static void vb2_thread_fills_output(struct kunit *test)
{
	struct vb2_mock *mock = vb2_mock_output(test);

	mock->q.copy_timestamp = true;
	run_thread(test, mock, 0);
}

/* Defect 3: stopped while it sleeps, or is about to, it must wake up */
static void vb2_thread_stop_while_sleeping(struct kunit *test)
{
	struct vb2_mock *mock = vb2_mock_capture(test);
	struct consumer consumer = {};
	unsigned int i;

	for (i = 0; i < 20; i++) {
		KUNIT_ASSERT_EQ(test, 0, vb2_thread_start(&mock->q, consume,
							  &consumer, "mock"));
		if (i % 2)
			schedule_timeout_uninterruptible(1);
		KUNIT_EXPECT_EQ(test, vb2_thread_stop(&mock->q), 0);
	}
}

static void vb2_thread_start_fails(struct kunit *test)
{
	struct vb2_mock *mock = vb2_mock_capture(test);
	struct consumer consumer = {};

	vb2_mock_fail(mock, MOCK_START_STREAMING, 1, -EDOM);
	KUNIT_EXPECT_EQ(test, -EDOM, vb2_thread_start(&mock->q, consume,
						      &consumer, "mock"));
	KUNIT_EXPECT_FALSE(test, vb2_is_busy(&mock->q));
	vb2_mock_reqbufs(mock, VB2_MEMORY_MMAP, 1);
	KUNIT_EXPECT_EQ(test, -EBUSY, vb2_thread_start(&mock->q, consume,
						       &consumer, "mock"));
}

static struct kunit_case vb2_fileio_cases[] = {
	KUNIT_CASE(vb2_read_frames),
	KUNIT_CASE(vb2_read_excludes_streaming),
	KUNIT_CASE(vb2_read_start_fails),
	KUNIT_CASE(vb2_read_bad_pointer),
	KUNIT_CASE(vb2_read_skips_empty_frames),
	KUNIT_CASE(vb2_read_nothing_but_empty_frames),
	KUNIT_CASE(vb2_read_released_while_sleeping),
	KUNIT_CASE(vb2_write_frames),
	KUNIT_CASE(vb2_write_queue_fails),
	{}
};

static struct kunit_suite vb2_fileio_suite = {
	.name		= "videobuf2_fileio",
	.exit		= vb2_mock_exit,
	.test_cases	= vb2_fileio_cases,
};

static struct kunit_case vb2_thread_cases[] = {
	KUNIT_CASE(vb2_thread_consumes),
	KUNIT_CASE(vb2_thread_ends),
	KUNIT_CASE(vb2_thread_fills_output),
	KUNIT_CASE(vb2_thread_stop_while_sleeping),
	KUNIT_CASE(vb2_thread_start_fails),
	{}
};

static struct kunit_suite vb2_thread_suite = {
	.name		= "videobuf2_thread",
	.exit		= vb2_mock_exit,
	.test_cases	= vb2_thread_cases,
};

kunit_test_suites(&vb2_fileio_suite, &vb2_thread_suite);
