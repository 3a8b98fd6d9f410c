// SPDX-License-Identifier: GPL-2.0-only
/*
 * videobuf2 tests: the mock driver. It checks who owns a buffer at each call,
 * that it has memory, and pairs of calls.
 */
#include <kunit/device.h>
#include <kunit/static_stub.h>
#include <kunit/test-bug.h>
#include <linux/cleanup.h>
#include <linux/file.h>

#include "../vb2-internal.h"
#include "vb2-mock.h"

struct vb2_mock *vb2_mock_of(struct vb2_buffer *vb)
{
	return vb2_get_drv_priv(vb->vb2_queue);
}

/* Count a call of @op; returns the error that it is to fail with */
int vb2_mock_call(struct vb2_mock *mock, enum vb2_mock_op op)
{
	mock->calls[op]++;
	if (mock->fail_at[op] == mock->calls[op])
		return mock->fail_with[op];
	mock->good[op]++;
	return 0;
}

void vb2_mock_fail(struct vb2_mock *mock, enum vb2_mock_op op,
		   unsigned int nth, int error)
{
	mock->fail_at[op] = mock->calls[op] + nth;
	mock->fail_with[op] = error;
}

/* The driver's operations */

static int mock_queue_setup(struct vb2_queue *q, unsigned int *num_buffers,
			    unsigned int *num_planes, unsigned int sizes[],
			    struct device *alloc_devs[])
{
	struct vb2_mock *mock = vb2_get_drv_priv(q);
	unsigned int i;
	int ret;

	mock->setup_for_fileio = vb2_fileio_is_active(q);
	mock->setup_planes = *num_planes;
	ret = vb2_mock_call(mock, MOCK_QUEUE_SETUP);
	if (ret)
		return ret;
	if (*num_planes) {
		if (*num_planes != mock->num_planes)
			return -EINVAL;
		for (i = 0; i < mock->num_planes; i++)
			if (sizes[i] < mock->sizes[i])
				return -EINVAL;
	} else {
		*num_planes = mock->num_planes;
		for (i = 0; i < min(mock->num_planes, VB2_MAX_PLANES); i++)
			sizes[i] = mock->sizes[i];
	}
	*num_buffers = max(*num_buffers, mock->want_buffers);
	return 0;
}

static void mock_wait_prepare(struct vb2_queue *q)
{
	struct vb2_mock *mock = vb2_get_drv_priv(q);

	vb2_mock_call(mock, MOCK_WAIT_PREPARE);
	mutex_unlock(q->lock);
}

static void mock_wait_finish(struct vb2_queue *q)
{
	struct vb2_mock *mock = vb2_get_drv_priv(q);

	mutex_lock(q->lock);
	vb2_mock_call(mock, MOCK_WAIT_FINISH);
}

static int mock_buf_out_validate(struct vb2_buffer *vb)
{
	return vb2_mock_call(vb2_mock_of(vb), MOCK_BUF_OUT_VALIDATE);
}

static void expect_memory(struct vb2_mock *mock, struct vb2_buffer *vb)
{
	unsigned int i;

	for (i = 0; i < vb->num_planes; i++)
		KUNIT_EXPECT_NOT_NULL_MSG(mock->test, vb->planes[i].mem_priv,
					  "buffer %u plane %u without memory",
					  vb->index, i);
}

static int mock_buf_init(struct vb2_buffer *vb)
{
	struct vb2_mock_buffer *buf = to_mock_buffer(vb);
	struct vb2_mock *mock = vb2_mock_of(vb);
	int ret = vb2_mock_call(mock, MOCK_BUF_INIT);

	expect_memory(mock, vb);
	KUNIT_EXPECT_FALSE(mock->test, buf->inited);
	buf->inited = !ret;
	if (!ret)
		vb2_mock_mem_known(vb, true);
	return ret;
}

static int mock_buf_prepare(struct vb2_buffer *vb)
{
	struct vb2_mock_buffer *buf = to_mock_buffer(vb);
	struct vb2_mock *mock = vb2_mock_of(vb);
	int ret = vb2_mock_call(mock, MOCK_BUF_PREPARE);

	expect_memory(mock, vb);
	KUNIT_EXPECT_EQ(mock->test, vb->state, VB2_BUF_STATE_PREPARING);
	KUNIT_EXPECT_TRUE(mock->test, buf->inited);
	KUNIT_EXPECT_FALSE(mock->test, buf->prepared);
	if (mock->in_prepare)
		mock->in_prepare(mock, vb);
	buf->prepared = !ret;
	return ret;
}

static void mock_buf_finish(struct vb2_buffer *vb)
{
	struct vb2_mock_buffer *buf = to_mock_buffer(vb);
	struct vb2_mock *mock = vb2_mock_of(vb);

	vb2_mock_call(mock, MOCK_BUF_FINISH);
	expect_memory(mock, vb);
	KUNIT_EXPECT_TRUE(mock->test, buf->prepared);
	KUNIT_EXPECT_FALSE(mock->test, buf->with_hardware);
	buf->prepared = false;
}

static void mock_buf_cleanup(struct vb2_buffer *vb)
{
	struct vb2_mock_buffer *buf = to_mock_buffer(vb);
	struct vb2_mock *mock = vb2_mock_of(vb);

	vb2_mock_call(mock, MOCK_BUF_CLEANUP);
	expect_memory(mock, vb);
	KUNIT_EXPECT_TRUE(mock->test, buf->inited);
	KUNIT_EXPECT_FALSE(mock->test, buf->prepared);
	KUNIT_EXPECT_FALSE(mock->test, buf->with_hardware);
	buf->inited = false;
	vb2_mock_mem_known(vb, false);
}

static int mock_prepare_streaming(struct vb2_queue *q)
{
	return vb2_mock_call(vb2_get_drv_priv(q), MOCK_PREPARE_STREAMING);
}

static void mock_unprepare_streaming(struct vb2_queue *q)
{
	struct vb2_mock *mock = vb2_get_drv_priv(q);

	KUNIT_EXPECT_FALSE(mock->test, mock->started);
	vb2_mock_call(mock, MOCK_UNPREPARE_STREAMING);
}

/* Take the next buffer from the hardware */
static struct vb2_mock_buffer *hardware_pop(struct vb2_mock *mock)
{
	struct vb2_mock_buffer *buf;

	spin_lock(&mock->hardware_lock);
	buf = list_first_entry_or_null(&mock->hardware, struct vb2_mock_buffer,
				       entry);
	if (buf) {
		list_del(&buf->entry);
		buf->with_hardware = false;
	}
	spin_unlock(&mock->hardware_lock);
	return buf;
}

static void hardware_forget(struct vb2_mock *mock)
{
	while (hardware_pop(mock))
		;
}

static void hardware_give_back(struct vb2_mock *mock,
			       enum vb2_buffer_state state)
{
	struct vb2_mock_buffer *buf;

	while ((buf = hardware_pop(mock)))
		vb2_buffer_done(&buf->vb, state);
}

static int mock_start_streaming(struct vb2_queue *q, unsigned int count)
{
	struct vb2_mock *mock = vb2_get_drv_priv(q);
	int ret = vb2_mock_call(mock, MOCK_START_STREAMING);

	KUNIT_EXPECT_FALSE(mock->test, mock->started);
	KUNIT_EXPECT_EQ(mock->test, count, list_count_nodes(&mock->hardware));
	mock->started = !ret;
	if (ret && mock->keep_on_failed_start)
		hardware_forget(mock);
	else if (ret)
		hardware_give_back(mock, mock->failed_start_state);
	return ret;
}

static void mock_stop_streaming(struct vb2_queue *q)
{
	struct vb2_mock *mock = vb2_get_drv_priv(q);

	vb2_mock_call(mock, MOCK_STOP_STREAMING);
	KUNIT_EXPECT_TRUE(mock->test, mock->started);
	mock->started = false;
	if (mock->keep_on_stop)
		hardware_forget(mock);
	else
		hardware_give_back(mock, VB2_BUF_STATE_ERROR);
}

static void mock_buf_queue(struct vb2_buffer *vb)
{
	struct vb2_mock_buffer *buf = to_mock_buffer(vb);
	struct vb2_mock *mock = vb2_mock_of(vb);

	vb2_mock_call(mock, MOCK_BUF_QUEUE);
	expect_memory(mock, vb);
	KUNIT_EXPECT_EQ(mock->test, vb->state, VB2_BUF_STATE_ACTIVE);
	KUNIT_EXPECT_EQ(mock->test, buf->inited, !mock->minimal);
	KUNIT_EXPECT_EQ(mock->test, buf->prepared, !mock->minimal);
	KUNIT_EXPECT_FALSE(mock->test, buf->with_hardware);
	scoped_guard(spinlock, &mock->hardware_lock) {
		buf->with_hardware = true;
		list_add_tail(&buf->entry, &mock->hardware);
	}
	if (mock->instant)
		vb2_mock_advance(mock, 1);
}

static void mock_buf_request_complete(struct vb2_buffer *vb)
{
	vb2_mock_call(vb2_mock_of(vb), MOCK_BUF_REQUEST_COMPLETE);
}

const struct vb2_ops vb2_mock_ops = {
	.queue_setup		= mock_queue_setup,
	.wait_prepare		= mock_wait_prepare,
	.wait_finish		= mock_wait_finish,
	.buf_out_validate	= mock_buf_out_validate,
	.buf_init		= mock_buf_init,
	.buf_prepare		= mock_buf_prepare,
	.buf_finish		= mock_buf_finish,
	.buf_cleanup		= mock_buf_cleanup,
	.prepare_streaming	= mock_prepare_streaming,
	.unprepare_streaming	= mock_unprepare_streaming,
	.start_streaming	= mock_start_streaming,
	.stop_streaming		= mock_stop_streaming,
	.buf_queue		= mock_buf_queue,
	.buf_request_complete	= mock_buf_request_complete,
};

/* Create and release */

struct vb2_mock *vb2_mock_create(struct kunit *test, bool is_output)
{
	struct vb2_mock *mock = kunit_kzalloc(test, sizeof(*mock), GFP_KERNEL);
	struct vb2_queue *q;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, mock);
	q = &mock->q;
	mock->test = test;
	test->priv = mock;
	mock->dev = kunit_device_register(test, "vb2-mock");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, mock->dev);
	mutex_init(&mock->lock);
	spin_lock_init(&mock->hardware_lock);
	INIT_LIST_HEAD(&mock->hardware);
	mock->num_planes = 1;
	for (i = 0; i < VB2_MAX_PLANES; i++)
		mock->sizes[i] = (i + 1) * PAGE_SIZE - i;
	mock->failed_start_state = VB2_BUF_STATE_QUEUED;
	mock->mem_ops = vb2_mock_mem_ops;
	mock->buf_ops = vb2_mock_buf_ops;

	q->type = VB2_MOCK_TYPE;
	q->is_output = is_output;
	q->io_modes = VB2_MMAP | VB2_USERPTR | VB2_DMABUF | VB2_READ |
		      VB2_WRITE;
	q->dev = mock->dev;
	q->lock = &mock->lock;
	q->ops = &vb2_mock_ops;
	q->mem_ops = &mock->mem_ops;
	q->buf_ops = &mock->buf_ops;
	q->buf_struct_size = sizeof(struct vb2_mock_buffer);
	q->drv_priv = mock;
	return mock;
}

void vb2_mock_init_queue(struct vb2_mock *mock)
{
	KUNIT_ASSERT_EQ(mock->test, vb2_core_queue_init(&mock->q), 0);
	mock->initialised = true;
}

struct vb2_mock *vb2_mock_capture(struct kunit *test)
{
	struct vb2_mock *mock = vb2_mock_create(test, false);

	vb2_mock_init_queue(mock);
	return mock;
}

struct vb2_mock *vb2_mock_output(struct kunit *test)
{
	struct vb2_mock *mock = vb2_mock_create(test, true);

	vb2_mock_init_queue(mock);
	return mock;
}

/* Release the queue: whatever a test left, nothing may remain */
void vb2_mock_exit(struct kunit *test)
{
	struct vb2_mock *mock = test->priv;

	if (!mock || !mock->initialised)
		return;
	scoped_guard(mutex, &mock->lock)
		vb2_core_queue_release(&mock->q);
	flush_delayed_fput();
	KUNIT_EXPECT_EQ(test, vb2_get_num_buffers(&mock->q), 0);
	vb2_mock_expect_balanced(mock);
}

void vb2_mock_expect_balanced(struct vb2_mock *mock)
{
	static const enum vb2_mock_op pairs[][2] = {
		{ MOCK_BUF_INIT, MOCK_BUF_CLEANUP },
		{ MOCK_BUF_PREPARE, MOCK_BUF_FINISH },
		{ MOCK_PREPARE_STREAMING, MOCK_UNPREPARE_STREAMING },
		{ MOCK_START_STREAMING, MOCK_STOP_STREAMING },
		{ MOCK_WAIT_PREPARE, MOCK_WAIT_FINISH },
		{ MOCK_ALLOC, MOCK_PUT },
		{ MOCK_GET_USERPTR, MOCK_PUT_USERPTR },
		{ MOCK_ATTACH_DMABUF, MOCK_DETACH_DMABUF },
		{ MOCK_MEM_PREPARE, MOCK_MEM_FINISH },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(pairs); i++)
		KUNIT_EXPECT_EQ_MSG(mock->test, mock->good[pairs[i][0]],
				    mock->good[pairs[i][1]],
				    "operations %u and %u do not pair up",
				    pairs[i][0], pairs[i][1]);
	KUNIT_EXPECT_EQ(mock->test, atomic_read(&mock->memory), 0);
	KUNIT_EXPECT_TRUE(mock->test, list_empty(&mock->hardware));
	KUNIT_EXPECT_FALSE(mock->test, mock->started);
}

/* Reports of driver bugs */

static void count_bug(const struct vb2_queue *q, struct va_format *vaf)
{
	struct vb2_mock *mock = kunit_get_current_test()->priv;

	mock->bugs++;
}

void vb2_mock_expect_bugs(struct vb2_mock *mock)
{
	kunit_activate_static_stub(mock->test, vb2_show_bug, count_bug);
}

/* The hardware */

static void fill_buffer(struct vb2_mock *mock, struct vb2_buffer *vb)
{
	unsigned int i;
	u8 *data;

	vb->timestamp = ++mock->frame;
	if (mock->q.is_output)
		return;
	for (i = 0; i < vb->num_planes; i++) {
		data = vb2_plane_vaddr(vb, i);
		vb2_set_plane_payload(vb, i, mock->empty ? 0 : mock->payload ?:
				      vb2_plane_size(vb, i));
		if (data)
			memset(data, mock->frame,
			       vb2_get_plane_payload(vb, i));
	}
}

unsigned int vb2_mock_advance_with(struct vb2_mock *mock, unsigned int n,
				   enum vb2_buffer_state state)
{
	struct vb2_mock_buffer *buf;
	unsigned int i;

	for (i = 0; i < n; i++) {
		buf = hardware_pop(mock);
		if (!buf)
			break;
		fill_buffer(mock, &buf->vb);
		vb2_buffer_done(&buf->vb, state);
	}
	return i;
}

unsigned int vb2_mock_advance(struct vb2_mock *mock, unsigned int n)
{
	return vb2_mock_advance_with(mock, n, VB2_BUF_STATE_DONE);
}
