// SPDX-License-Identifier: GPL-2.0-only
/*
 * videobuf2 tests: buffers in media requests
 *
 * The requests are made by hand and taken through their states as the media
 * controller does it.
 */
#include <kunit/test.h>
#include <linux/cleanup.h>
#include <media/media-device.h>
#include <media/media-request.h>

#include "../vb2-internal.h"
#include "vb2-mock.h"

struct mock_request {
	struct media_request req;
	bool *freed;
};

static void mock_req_free(struct media_request *req)
{
	struct mock_request *mock_req = container_of(req, struct mock_request,
						     req);

	*mock_req->freed = true;
	kfree(mock_req);
}

static const struct media_device_ops mock_mdev_ops = {
	.req_free = mock_req_free,
};

static struct media_request *request_create(struct vb2_mock *mock, bool *freed)
{
	struct mock_request *mock_req = kzalloc(sizeof(*mock_req), GFP_KERNEL);
	struct media_device *mdev = kunit_kzalloc(mock->test, sizeof(*mdev),
						  GFP_KERNEL);
	struct media_request *req = &mock_req->req;

	KUNIT_ASSERT_NOT_NULL(mock->test, mdev);
	KUNIT_ASSERT_NOT_NULL(mock->test, mock_req);
	mdev->dev = mock->dev;
	mdev->ops = &mock_mdev_ops;
	mock_req->freed = freed;
	*freed = false;
	req->mdev = mdev;
	kref_init(&req->kref);
	INIT_LIST_HEAD(&req->objects);
	spin_lock_init(&req->lock);
	init_waitqueue_head(&req->poll_wait);
	return req;
}

static struct vb2_mock *request_mock(struct kunit *test, bool is_output)
{
	struct vb2_mock *mock = vb2_mock_create(test, is_output);

	mock->q.supports_requests = true;
	vb2_mock_init_queue(mock);
	vb2_mock_reqbufs(mock, VB2_MEMORY_MMAP, 3);
	return mock;
}

static int qbuf(struct vb2_mock *mock, unsigned int index,
		struct media_request *req)
{
	struct vb2_mock_user user = { .timestamp = 77 };

	guard(mutex)(&mock->lock);
	return vb2_core_qbuf(&mock->q, vb2_get_buffer(&mock->q, index), &user,
			     req);
}

/* MEDIA_REQUEST_IOC_QUEUE */
static int request_queue(struct media_request *req)
{
	struct media_request_object *obj, *next;
	int ret = 0;

	req->state = MEDIA_REQUEST_STATE_VALIDATING;
	list_for_each_entry(obj, &req->objects, list) {
		ret = obj->ops->prepare(obj);
		if (ret)
			break;
	}
	if (ret) {
		list_for_each_entry_continue_reverse(obj, &req->objects, list)
			obj->ops->unprepare(obj);
		req->state = MEDIA_REQUEST_STATE_IDLE;
		return ret;
	}
	/* The reference of a queued request, dropped when it completes */
	media_request_get(req);
	req->state = MEDIA_REQUEST_STATE_QUEUED;
	list_for_each_entry_safe(obj, next, &req->objects, list)
		obj->ops->queue(obj);
	return 0;
}

static void vb2_request_cycle(struct kunit *test)
{
	struct vb2_mock *mock = request_mock(test, true);
	struct vb2_buffer *vb = vb2_get_buffer(&mock->q, 0);
	struct media_request *req;
	bool freed;

	req = request_create(mock, &freed);
	KUNIT_EXPECT_EQ(test, qbuf(mock, 0, req), 0);
	KUNIT_EXPECT_EQ(test, vb->state, VB2_BUF_STATE_IN_REQUEST);
	KUNIT_EXPECT_EQ(test, mock->calls[MOCK_BUF_OUT_VALIDATE], 1);
	KUNIT_EXPECT_EQ(test, vb->timestamp, 77);
	KUNIT_EXPECT_EQ(test, vb2_request_buffer_cnt(req), 1);
	KUNIT_EXPECT_TRUE(test, vb2_request_object_is_buffer(&vb->req_obj));
	KUNIT_EXPECT_EQ(test, vb2_mock_streamon(mock), 0);

	KUNIT_EXPECT_EQ(test, request_queue(req), 0);
	KUNIT_EXPECT_EQ(test, vb->state, VB2_BUF_STATE_ACTIVE);
	KUNIT_EXPECT_EQ(test, vb2_mock_advance(mock, 1), 1);
	KUNIT_EXPECT_EQ(test, req->state, MEDIA_REQUEST_STATE_COMPLETE);
	KUNIT_EXPECT_EQ(test, vb2_request_buffer_cnt(req), 0);
	media_request_put(req);
	KUNIT_EXPECT_FALSE(test, freed);
	/* The buffer's reference was the last */
	KUNIT_EXPECT_EQ(test, vb2_mock_dqbuf(mock, NULL), 0);
	KUNIT_EXPECT_TRUE(test, freed);
}

static void vb2_request_add_refused(struct kunit *test)
{
	struct vb2_mock *mock = request_mock(test, true);
	struct media_request *req;
	bool freed;

	req = request_create(mock, &freed);
	vb2_mock_fail(mock, MOCK_BUF_OUT_VALIDATE, 1, -EDOM);
	KUNIT_EXPECT_EQ(test, qbuf(mock, 0, req), -EDOM);
	req->state = MEDIA_REQUEST_STATE_QUEUED;
	KUNIT_EXPECT_EQ(test, qbuf(mock, 0, req), -EBUSY);
	req->state = MEDIA_REQUEST_STATE_IDLE;
	KUNIT_EXPECT_EQ(test, vb2_mock_state(mock, 0), VB2_BUF_STATE_DEQUEUED);
	KUNIT_EXPECT_EQ(test, vb2_request_buffer_cnt(req), 0);

	/* Once with requests, always with requests, until STREAMOFF */
	KUNIT_EXPECT_EQ(test, qbuf(mock, 0, req), 0);
	KUNIT_EXPECT_EQ(test, qbuf(mock, 0, req), -EINVAL);
	KUNIT_EXPECT_EQ(test, qbuf(mock, 1, NULL), -EBUSY);
	KUNIT_EXPECT_EQ(test, vb2_mock_streamoff(mock), 0);
	KUNIT_EXPECT_EQ(test, vb2_request_buffer_cnt(req), 0);
	KUNIT_EXPECT_EQ(test, qbuf(mock, 1, NULL), 0);
	KUNIT_EXPECT_EQ(test, qbuf(mock, 0, req), -EBUSY);
	media_request_put(req);
	KUNIT_EXPECT_TRUE(test, freed);
}

static void vb2_request_required(struct kunit *test)
{
	struct vb2_mock *mock = vb2_mock_create(test, false);

	mock->q.supports_requests = true;
	mock->q.requires_requests = true;
	vb2_mock_init_queue(mock);
	vb2_mock_reqbufs(mock, VB2_MEMORY_MMAP, 1);
	KUNIT_EXPECT_EQ(test, qbuf(mock, 0, NULL), -EBADR);
}

/* Validation fails at the second of two buffers, and the first is unprepared */
static void vb2_request_prepare_fails(struct kunit *test)
{
	struct vb2_mock *mock = request_mock(test, false);
	struct media_request *req;
	bool freed;

	req = request_create(mock, &freed);
	KUNIT_EXPECT_EQ(test, qbuf(mock, 0, req), 0);
	KUNIT_EXPECT_EQ(test, qbuf(mock, 1, req), 0);
	vb2_mock_fail(mock, MOCK_BUF_PREPARE, 2, -EDOM);
	KUNIT_EXPECT_EQ(test, request_queue(req), -EDOM);
	KUNIT_EXPECT_EQ(test, vb2_mock_state(mock, 0),
			VB2_BUF_STATE_IN_REQUEST);
	KUNIT_EXPECT_EQ(test, vb2_mock_state(mock, 1),
			VB2_BUF_STATE_IN_REQUEST);
	KUNIT_EXPECT_EQ(test, mock->good[MOCK_BUF_FINISH], 1);
	KUNIT_EXPECT_EQ(test, mock->good[MOCK_MEM_FINISH], 1);
	KUNIT_EXPECT_EQ(test, request_queue(req), 0);
	KUNIT_EXPECT_EQ(test, vb2_mock_streamoff(mock), 0);
	media_request_put(req);
	KUNIT_EXPECT_TRUE(test, freed);
}

/* MEDIA_REQUEST_IOC_REINIT takes the buffer out of its request */
static void vb2_request_cleaned(struct kunit *test)
{
	struct vb2_mock *mock = request_mock(test, false);
	struct media_request_object *obj, *next;
	struct media_request *req;
	bool freed;

	req = request_create(mock, &freed);
	KUNIT_EXPECT_EQ(test, qbuf(mock, 0, req), 0);
	req->state = MEDIA_REQUEST_STATE_CLEANING;
	list_for_each_entry_safe(obj, next, &req->objects, list) {
		media_request_object_unbind(obj);
		media_request_object_put(obj);
	}
	req->state = MEDIA_REQUEST_STATE_IDLE;
	KUNIT_EXPECT_EQ(test, vb2_mock_state(mock, 0), VB2_BUF_STATE_DEQUEUED);
	KUNIT_EXPECT_FALSE(test, freed);
	media_request_put(req);
	KUNIT_EXPECT_TRUE(test, freed);
}

/* STREAMOFF of a queued request completes it by way of the driver */
static void vb2_request_cancel_queued(struct kunit *test)
{
	struct vb2_mock *mock = request_mock(test, false);
	struct media_request *req;
	bool freed;

	req = request_create(mock, &freed);
	KUNIT_EXPECT_EQ(test, qbuf(mock, 0, req), 0);
	KUNIT_EXPECT_EQ(test, request_queue(req), 0);
	KUNIT_EXPECT_EQ(test, vb2_mock_state(mock, 0), VB2_BUF_STATE_QUEUED);
	KUNIT_EXPECT_EQ(test, vb2_mock_streamoff(mock), 0);
	KUNIT_EXPECT_EQ(test, mock->calls[MOCK_BUF_REQUEST_COMPLETE], 1);
	KUNIT_EXPECT_EQ(test, vb2_mock_state(mock, 0), VB2_BUF_STATE_DEQUEUED);
	KUNIT_EXPECT_EQ(test, req->state, MEDIA_REQUEST_STATE_COMPLETE);
	media_request_put(req);
	KUNIT_EXPECT_TRUE(test, freed);
}

/* Buffers are freed under a request that still waits */
static void vb2_request_buffers_freed(struct kunit *test)
{
	struct vb2_mock *mock = request_mock(test, false);
	struct media_request *req;
	bool freed;

	req = request_create(mock, &freed);
	KUNIT_EXPECT_EQ(test, qbuf(mock, 0, req), 0);
	KUNIT_EXPECT_EQ(test, vb2_mock_reqbufs(mock, VB2_MEMORY_MMAP, 0), 0);
	KUNIT_EXPECT_EQ(test, vb2_request_buffer_cnt(req), 0);
	KUNIT_EXPECT_EQ(test, mock->calls[MOCK_BUF_REQUEST_COMPLETE], 0);
	media_request_put(req);
	KUNIT_EXPECT_TRUE(test, freed);
}

static void error_in_prepare(struct vb2_mock *mock, struct vb2_buffer *vb)
{
	vb2_queue_error(&mock->q);
}

/* Too late to tell anybody: the request waits for STREAMOFF */
static void vb2_request_error_after_validation(struct kunit *test)
{
	struct vb2_mock *mock = request_mock(test, false);
	struct media_request *req;
	bool freed;

	req = request_create(mock, &freed);
	KUNIT_EXPECT_EQ(test, vb2_mock_streamon(mock), 0);
	KUNIT_EXPECT_EQ(test, qbuf(mock, 0, req), 0);
	mock->in_prepare = error_in_prepare;
	KUNIT_EXPECT_EQ(test, request_queue(req), 0);
	KUNIT_EXPECT_EQ(test, vb2_mock_state(mock, 0),
			VB2_BUF_STATE_IN_REQUEST);
	KUNIT_EXPECT_EQ(test, vb2_mock_streamoff(mock), 0);
	KUNIT_EXPECT_EQ(test, mock->calls[MOCK_BUF_REQUEST_COMPLETE], 1);
	KUNIT_EXPECT_EQ(test, vb2_mock_state(mock, 0), VB2_BUF_STATE_DEQUEUED);
	KUNIT_EXPECT_EQ(test, req->state, MEDIA_REQUEST_STATE_COMPLETE);
	media_request_put(req);
	KUNIT_EXPECT_TRUE(test, freed);
}

static void vb2_request_queue_after_error(struct kunit *test)
{
	struct vb2_mock *mock = request_mock(test, false);
	struct media_request *req;
	bool freed;

	req = request_create(mock, &freed);
	KUNIT_EXPECT_EQ(test, vb2_mock_streamon(mock), 0);
	KUNIT_EXPECT_EQ(test, qbuf(mock, 0, req), 0);
	vb2_queue_error(&mock->q);
	KUNIT_EXPECT_EQ(test, request_queue(req), -EIO);
	KUNIT_EXPECT_EQ(test, vb2_mock_streamoff(mock), 0);
	media_request_put(req);
	KUNIT_EXPECT_TRUE(test, freed);
}

static struct kunit_case vb2_request_cases[] = {
	KUNIT_CASE(vb2_request_cycle),
	KUNIT_CASE(vb2_request_add_refused),
	KUNIT_CASE(vb2_request_required),
	KUNIT_CASE(vb2_request_prepare_fails),
	KUNIT_CASE(vb2_request_cleaned),
	KUNIT_CASE(vb2_request_cancel_queued),
	KUNIT_CASE(vb2_request_buffers_freed),
	KUNIT_CASE(vb2_request_error_after_validation),
	KUNIT_CASE(vb2_request_queue_after_error),
	{}
};

static struct kunit_suite vb2_request_suite = {
	.name		= "videobuf2_request",
	.exit		= vb2_mock_exit,
	.test_cases	= vb2_request_cases,
};

kunit_test_suite(vb2_request_suite);
