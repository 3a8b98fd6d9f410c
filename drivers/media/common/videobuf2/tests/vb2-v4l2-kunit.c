// SPDX-License-Identifier: GPL-2.0-only
/*
 * videobuf2 tests: the V4L2 front-end, as far as user space cannot test it
 */
#include <kunit/test.h>
#include <linux/cleanup.h>
#include <linux/completion.h>
#include <media/v4l2-dev.h>
#include <media/v4l2-device.h>

#include "vb2-mock.h"

static struct vb2_mock *v4l2_mock(struct kunit *test, unsigned int type)
{
	struct vb2_mock *mock = vb2_mock_create(test, false);

	mock->q.type = type;
	mock->q.timestamp_flags = V4L2_TYPE_IS_OUTPUT(type) ?
				  V4L2_BUF_FLAG_TIMESTAMP_COPY :
				  V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
	KUNIT_ASSERT_EQ(test, vb2_queue_init(&mock->q), 0);
	mock->initialised = true;
	return mock;
}

static int qbuf(struct vb2_mock *mock, unsigned int bytesused)
{
	struct v4l2_buffer b = {
		.type = mock->q.type,
		.memory = V4L2_MEMORY_MMAP,
		.bytesused = bytesused,
		.field = V4L2_FIELD_NONE,
	};

	guard(mutex)(&mock->lock);
	return vb2_qbuf(&mock->q, NULL, &b);
}

static unsigned int bytesused(struct vb2_mock *mock)
{
	struct v4l2_buffer b = { .type = mock->q.type };

	guard(mutex)(&mock->lock);
	KUNIT_EXPECT_EQ(mock->test, vb2_querybuf(&mock->q, &b), 0);
	return b.bytesused;
}

/* What a refused QBUF said of the payload is not what QUERYBUF shows */
static void vb2_qbuf_after_error(struct kunit *test)
{
	struct vb2_mock *mock = v4l2_mock(test, V4L2_BUF_TYPE_VIDEO_OUTPUT);

	vb2_mock_reqbufs(mock, VB2_MEMORY_MMAP, 2);
	KUNIT_EXPECT_EQ(test, qbuf(mock, 100), 0);
	scoped_guard(mutex, &mock->lock)
		vb2_streamoff(&mock->q, mock->q.type);
	vb2_queue_error(&mock->q);
	KUNIT_EXPECT_EQ(test, qbuf(mock, 50), -EIO);
	KUNIT_EXPECT_EQ(test, bytesused(mock), 100);
}

/* A codec looks for the frame that a timestamp named, while it streams */
static void vb2_find_buffer_by_timestamp(struct kunit *test)
{
	struct vb2_mock *mock = v4l2_mock(test, V4L2_BUF_TYPE_VIDEO_CAPTURE);
	struct vb2_buffer *vb;

	vb2_mock_reqbufs(mock, VB2_MEMORY_MMAP, 3);
	vb = vb2_get_buffer(&mock->q, 1);
	vb->timestamp = 7000;
	KUNIT_EXPECT_NULL(test, vb2_find_buffer(&mock->q, 7000));
	/* As v4l2_m2m_buf_copy_metadata() does */
	vb->copied_timestamp = true;
	KUNIT_EXPECT_PTR_EQ(test, vb2_find_buffer(&mock->q, 7000), vb);
	KUNIT_EXPECT_NULL(test, vb2_find_buffer(&mock->q, 7001));
	scoped_guard(mutex, &mock->lock)
		vb2_streamoff(&mock->q, mock->q.type);
	KUNIT_EXPECT_NULL(test, vb2_find_buffer(&mock->q, 7000));
}

/* A video node for the queue, and an open file */

static const struct v4l2_file_operations node_fops = {
	.owner	= THIS_MODULE,
	.read	= vb2_fop_read,
};

static void close_node(void *vdev)
{
	vb2_video_unregister_device(vdev);
}

static void close_v4l2(void *v4l2_dev)
{
	v4l2_device_unregister(v4l2_dev);
}

static struct file *open_node(struct vb2_mock *mock)
{
	struct kunit *test = mock->test;
	struct v4l2_device *v4l2_dev;
	struct video_device *vdev;
	struct inode *inode;
	struct file *file;

	v4l2_dev = kunit_kzalloc(test, sizeof(*v4l2_dev), GFP_KERNEL);
	inode = kunit_kzalloc(test, sizeof(*inode), GFP_KERNEL);
	file = kunit_kzalloc(test, sizeof(*file), GFP_KERNEL);
	KUNIT_ASSERT_TRUE(test, v4l2_dev && inode && file);
	KUNIT_ASSERT_EQ(test, v4l2_device_register(mock->dev, v4l2_dev), 0);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, close_v4l2,
							   v4l2_dev));
	vdev = video_device_alloc();
	KUNIT_ASSERT_NOT_NULL(test, vdev);
	vdev->v4l2_dev = v4l2_dev;
	vdev->queue = &mock->q;
	vdev->fops = &node_fops;
	vdev->release = video_device_release;
	vdev->device_caps = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_READWRITE;
	KUNIT_ASSERT_EQ(test, 0, video_register_device(vdev, VFL_TYPE_VIDEO,
						       -1));
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, close_node,
							   vdev));
	inode->i_rdev = vdev->dev.devt;
	file->f_inode = inode;
	file->f_flags = O_NONBLOCK;
	file->private_data = file;
	return file;
}

static int consume(struct vb2_buffer *vb, void *priv)
{
	complete(priv);
	return 0;
}

/* read() of a queue that a thread of the driver's uses does not get it */
static void vb2_fop_read_beside_thread(struct kunit *test)
{
	struct vb2_mock *mock = v4l2_mock(test, V4L2_BUF_TYPE_VIDEO_CAPTURE);
	struct file *file = open_node(mock);
	struct completion consumed;
	loff_t pos = 0;

	init_completion(&consumed);
	KUNIT_ASSERT_EQ(test, 0, vb2_thread_start(&mock->q, consume, &consumed,
						  "mock"));
	KUNIT_EXPECT_EQ(test, vb2_fop_read(file, NULL, 1, &pos), -EBUSY);
	KUNIT_EXPECT_NULL(test, mock->q.owner);
	vb2_mock_advance(mock, 1);
	KUNIT_EXPECT_NE(test, 0, wait_for_completion_timeout(&consumed,
							     60 * HZ));
	KUNIT_EXPECT_EQ(test, vb2_thread_stop(&mock->q), 0);

	/* Without the thread the same call starts to read */
	KUNIT_EXPECT_EQ(test, vb2_fop_read(file, NULL, 1, &pos), -EAGAIN);
	KUNIT_EXPECT_PTR_EQ(test, mock->q.owner, file->private_data);
}

static struct kunit_case vb2_v4l2_cases[] = {
	KUNIT_CASE(vb2_qbuf_after_error),
	KUNIT_CASE(vb2_find_buffer_by_timestamp),
	KUNIT_CASE(vb2_fop_read_beside_thread),
	{}
};

static struct kunit_suite vb2_v4l2_suite = {
	.name		= "videobuf2_v4l2",
	.exit		= vb2_mock_exit,
	.test_cases	= vb2_v4l2_cases,
};

kunit_test_suite(vb2_v4l2_suite);
