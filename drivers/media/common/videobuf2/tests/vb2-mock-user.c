// SPDX-License-Identifier: GPL-2.0-only
/*
 * videobuf2 tests: the mock front-end, and the verbs that a user calls
 */
#include <linux/cleanup.h>
#include <linux/delay.h>

#include "../vb2-internal.h"
#include "vb2-mock.h"

/* The front-end's operations */

static int mock_verify_planes(struct vb2_buffer *vb, const void *pb)
{
	return vb2_mock_call(vb2_mock_of(vb), MOCK_VERIFY_PLANES);
}

static void mock_init_buffer(struct vb2_buffer *vb)
{
	vb2_mock_call(vb2_mock_of(vb), MOCK_INIT_BUFFER);
}

static void mock_fill_user(struct vb2_buffer *vb, void *pb)
{
	struct vb2_mock_user *user = pb;

	vb2_mock_call(vb2_mock_of(vb), MOCK_FILL_USER);
	user->index = vb->index;
	user->state = vb->state;
	user->timestamp = vb->timestamp;
	memcpy(user->planes, vb->planes, vb->num_planes * sizeof(*vb->planes));
}

static int mock_fill_vb2(struct vb2_buffer *vb, struct vb2_plane *planes)
{
	struct vb2_mock_user *user = &to_mock_buffer(vb)->user;
	unsigned int i;
	int ret;

	ret = vb2_mock_call(vb2_mock_of(vb), MOCK_FILL_VB2);
	if (ret)
		return ret;
	for (i = 0; i < vb->num_planes; i++) {
		planes[i].bytesused = user->planes[i].bytesused;
		planes[i].data_offset = user->planes[i].data_offset;
		if (vb->memory == VB2_MEMORY_MMAP)
			continue;
		planes[i].length = user->planes[i].length;
		planes[i].m = user->planes[i].m;
	}
	return 0;
}

static void mock_copy_timestamp(struct vb2_buffer *vb, const void *pb)
{
	const struct vb2_mock_user *user = pb;

	vb2_mock_call(vb2_mock_of(vb), MOCK_COPY_TIMESTAMP);
	vb->timestamp = user->timestamp;
}

const struct vb2_buf_ops vb2_mock_buf_ops = {
	.verify_planes_array	= mock_verify_planes,
	.init_buffer		= mock_init_buffer,
	.fill_user_buffer	= mock_fill_user,
	.fill_vb2_buffer	= mock_fill_vb2,
	.copy_timestamp		= mock_copy_timestamp,
};

/* The verbs */

int vb2_mock_reqbufs(struct vb2_mock *mock, enum vb2_memory memory,
		     unsigned int count)
{
	int ret;

	guard(mutex)(&mock->lock);
	ret = vb2_core_reqbufs(&mock->q, memory, 0, &count);
	return ret ?: count;
}

int vb2_mock_create_bufs(struct vb2_mock *mock, enum vb2_memory memory,
			 unsigned int count, unsigned int size,
			 unsigned int *first)
{
	unsigned int sizes[VB2_MAX_PLANES];
	unsigned int i;
	int ret;

	for (i = 0; i < VB2_MAX_PLANES; i++)
		sizes[i] = size;
	guard(mutex)(&mock->lock);
	ret = vb2_core_create_bufs(&mock->q, memory, 0, &count,
				   mock->num_planes, sizes, first);
	return ret ?: count;
}

int vb2_mock_remove_bufs(struct vb2_mock *mock, unsigned int start,
			 unsigned int count)
{
	guard(mutex)(&mock->lock);
	return vb2_core_remove_bufs(&mock->q, start, count);
}

static struct vb2_buffer *get_buffer(struct vb2_mock *mock, unsigned int index)
{
	struct vb2_buffer *vb = vb2_get_buffer(&mock->q, index);

	KUNIT_ASSERT_NOT_NULL_MSG(mock->test, vb, "no buffer %u", index);
	return vb;
}

int vb2_mock_prepare_buf(struct vb2_mock *mock, struct vb2_mock_user *user)
{
	struct vb2_buffer *vb = get_buffer(mock, user->index);

	guard(mutex)(&mock->lock);
	to_mock_buffer(vb)->user = *user;
	return vb2_core_prepare_buf(&mock->q, vb, user);
}

int vb2_mock_qbuf(struct vb2_mock *mock, struct vb2_mock_user *user)
{
	struct vb2_buffer *vb = get_buffer(mock, user->index);

	guard(mutex)(&mock->lock);
	to_mock_buffer(vb)->user = *user;
	return vb2_core_qbuf(&mock->q, vb, user, NULL);
}

int vb2_mock_qbuf_index(struct vb2_mock *mock, unsigned int index)
{
	struct vb2_mock_user user = { .index = index };

	return vb2_mock_qbuf(mock, &user);
}

/* Does not sleep */
int vb2_mock_dqbuf(struct vb2_mock *mock, struct vb2_mock_user *user)
{
	guard(mutex)(&mock->lock);
	return vb2_core_dqbuf(&mock->q, NULL, user, true);
}

int vb2_mock_streamon(struct vb2_mock *mock)
{
	guard(mutex)(&mock->lock);
	return vb2_core_streamon(&mock->q, VB2_MOCK_TYPE);
}

int vb2_mock_streamoff(struct vb2_mock *mock)
{
	guard(mutex)(&mock->lock);
	return vb2_core_streamoff(&mock->q, VB2_MOCK_TYPE);
}

u32 vb2_mock_poll_for(struct vb2_mock *mock, __poll_t events)
{
	poll_table wait = { ._key = events };

	guard(mutex)(&mock->lock);
	return (__force u32)vb2_core_poll(&mock->q, NULL, &wait);
}

u32 vb2_mock_poll(struct vb2_mock *mock)
{
	return vb2_mock_poll_for(mock, ~(__poll_t)0);
}

void vb2_mock_start(struct vb2_mock *mock, unsigned int count)
{
	unsigned int i;

	KUNIT_ASSERT_EQ(mock->test,
			vb2_mock_reqbufs(mock, VB2_MEMORY_MMAP, count), count);
	for (i = 0; i < count; i++)
		KUNIT_ASSERT_EQ(mock->test, vb2_mock_qbuf_index(mock, i), 0);
	KUNIT_ASSERT_EQ(mock->test, vb2_mock_streamon(mock), 0);
}

enum vb2_buffer_state vb2_mock_state(struct vb2_mock *mock, unsigned int index)
{
	return get_buffer(mock, index)->state;
}

void vb2_mock_wait_for_sleeper(struct vb2_mock *mock)
{
	/* Only asks again and again: no order with anything is needed */
	while (!waitqueue_active(&mock->q.done_wq))
		usleep_range(100, 1000);
}
