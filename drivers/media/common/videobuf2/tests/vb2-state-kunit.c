// SPDX-License-Identifier: GPL-2.0-only
/*
 * videobuf2 tests: the table of states, and every verb in every state
 */
#include "../vb2-internal.h"

/* Defect 8: the core knows no front-end. Before other headers bring it in. */
#if defined(_UAPI__LINUX_VIDEODEV2_H) || defined(_MEDIA_VIDEOBUF2_V4L2_H)
#error "the core's headers include V4L2's"
#endif

#include <kunit/test.h>
#include <linux/cleanup.h>

#include "vb2-mock.h"

#define DEQUEUED	VB2_BUF_STATE_DEQUEUED
#define IN_REQUEST	VB2_BUF_STATE_IN_REQUEST
#define PREPARING	VB2_BUF_STATE_PREPARING
#define QUEUED		VB2_BUF_STATE_QUEUED
#define ACTIVE		VB2_BUF_STATE_ACTIVE
#define DONE		VB2_BUF_STATE_DONE
#define ERROR		VB2_BUF_STATE_ERROR
#define STATES		7

/* Written from the documentation, not from vb2-state.c */
static const bool legal[STATES][STATES] = {
	[DEQUEUED][PREPARING]	= true,
	[DEQUEUED][IN_REQUEST]	= true,
	[DEQUEUED][QUEUED]	= true,
	[IN_REQUEST][PREPARING]	= true,
	[IN_REQUEST][QUEUED]	= true,
	[IN_REQUEST][DEQUEUED]	= true,
	[PREPARING][DEQUEUED]	= true,
	[PREPARING][IN_REQUEST]	= true,
	[QUEUED][ACTIVE]	= true,
	[QUEUED][DEQUEUED]	= true,
	[QUEUED][IN_REQUEST]	= true,
	[ACTIVE][ACTIVE]	= true,
	[ACTIVE][QUEUED]	= true,
	[ACTIVE][DONE]		= true,
	[ACTIVE][ERROR]		= true,
	[DONE][ERROR]		= true,
	[DONE][DEQUEUED]	= true,
	[ERROR][ERROR]		= true,
	[ERROR][DEQUEUED]	= true,
};

static void vb2_state_set_all_pairs(struct kunit *test)
{
	struct vb2_mock *mock = vb2_mock_capture(test);
	struct vb2_buffer vb = { .vb2_queue = &mock->q };
	unsigned int from, to;

	vb2_mock_expect_bugs(mock);
	for (from = 0; from < STATES; from++) {
		for (to = 0; to < STATES; to++) {
			mock->bugs = 0;
			vb.state = from;
			vb2_state_set(&vb, to);
			KUNIT_EXPECT_EQ_MSG(test, mock->bugs, !legal[from][to],
					    "from %u to %u", from, to);
			/* Reported, and yet carried out */
			KUNIT_EXPECT_EQ(test, vb.state, to);
		}
	}
}

/* What a test may do with buffer 0 */
enum verb {
	PREPARE_BUF,
	QBUF,
	DQBUF,
	REMOVE_BUFS,
	BUFFER_DONE,
	BUFFER_DONE_QUEUED,
	DISCARD_DONE,
	REQBUFS_0,
	STREAMOFF,
	VERBS
};

#define GONE	STATES
#define REPORTED	1	/* a bug of the driver */

struct outcome {
	int ret;
	unsigned int after;
};

/* While the queue streams and the driver was started */
static const struct outcome streaming[STATES][VERBS] = {
	[DEQUEUED] = {
		[PREPARE_BUF]		= { 0, DEQUEUED },
		[QBUF]			= { 0, ACTIVE },
		[DQBUF]			= { -EAGAIN, DEQUEUED },
		[REMOVE_BUFS]		= { 0, GONE },
		[BUFFER_DONE]		= { REPORTED, DEQUEUED },
		[BUFFER_DONE_QUEUED]	= { REPORTED, DEQUEUED },
		[DISCARD_DONE]		= { 0, DEQUEUED },
		[REQBUFS_0]		= { -EBUSY, DEQUEUED },
		[STREAMOFF]		= { 0, DEQUEUED },
	},
	[PREPARING] = {
		[PREPARE_BUF]		= { -EINVAL, PREPARING },
		[QBUF]			= { -EINVAL, PREPARING },
		[DQBUF]			= { -EAGAIN, PREPARING },
		[REMOVE_BUFS]		= { -EBUSY, PREPARING },
		[BUFFER_DONE]		= { REPORTED, PREPARING },
		[BUFFER_DONE_QUEUED]	= { REPORTED, PREPARING },
		[DISCARD_DONE]		= { 0, PREPARING },
		[REQBUFS_0]		= { -EBUSY, PREPARING },
		/* Kept out by the queue's lock, which QBUF holds */
		[STREAMOFF]		= { 0, PREPARING },
	},
	[ACTIVE] = {
		[PREPARE_BUF]		= { -EINVAL, ACTIVE },
		[QBUF]			= { -EINVAL, ACTIVE },
		[DQBUF]			= { -EAGAIN, ACTIVE },
		[REMOVE_BUFS]		= { -EBUSY, ACTIVE },
		[BUFFER_DONE]		= { 0, DONE },
		[BUFFER_DONE_QUEUED]	= { 0, QUEUED },
		[DISCARD_DONE]		= { 0, ACTIVE },
		[REQBUFS_0]		= { -EBUSY, ACTIVE },
		[STREAMOFF]		= { 0, DEQUEUED },
	},
	[DONE] = {
		[PREPARE_BUF]		= { -EINVAL, DONE },
		[QBUF]			= { -EINVAL, DONE },
		[DQBUF]			= { 0, DEQUEUED },
		[REMOVE_BUFS]		= { -EBUSY, DONE },
		[BUFFER_DONE]		= { REPORTED, DONE },
		[BUFFER_DONE_QUEUED]	= { REPORTED, DONE },
		[DISCARD_DONE]		= { 0, ERROR },
		[REQBUFS_0]		= { -EBUSY, DONE },
		[STREAMOFF]		= { 0, DEQUEUED },
	},
	[ERROR] = {
		[PREPARE_BUF]		= { -EINVAL, ERROR },
		[QBUF]			= { -EINVAL, ERROR },
		[DQBUF]			= { 0, DEQUEUED },
		[REMOVE_BUFS]		= { -EBUSY, ERROR },
		[BUFFER_DONE]		= { REPORTED, ERROR },
		[BUFFER_DONE_QUEUED]	= { REPORTED, ERROR },
		[DISCARD_DONE]		= { 0, ERROR },
		[REQBUFS_0]		= { -EBUSY, ERROR },
		[STREAMOFF]		= { 0, DEQUEUED },
	},
};

/* Before STREAMON, where buffers can be DEQUEUED, PREPARING or QUEUED */
static const struct outcome stopped[STATES][VERBS] = {
	[DEQUEUED] = {
		[PREPARE_BUF]		= { 0, DEQUEUED },
		[QBUF]			= { 0, QUEUED },
		[DQBUF]			= { -EINVAL, DEQUEUED },
		[REMOVE_BUFS]		= { 0, GONE },
		[BUFFER_DONE]		= { REPORTED, DEQUEUED },
		[BUFFER_DONE_QUEUED]	= { REPORTED, DEQUEUED },
		[DISCARD_DONE]		= { 0, DEQUEUED },
		[REQBUFS_0]		= { 0, GONE },
		[STREAMOFF]		= { 0, DEQUEUED },
	},
	[QUEUED] = {
		[PREPARE_BUF]		= { -EINVAL, QUEUED },
		[QBUF]			= { -EINVAL, QUEUED },
		[DQBUF]			= { -EINVAL, QUEUED },
		[REMOVE_BUFS]		= { -EBUSY, QUEUED },
		[BUFFER_DONE]		= { REPORTED, QUEUED },
		[BUFFER_DONE_QUEUED]	= { REPORTED, QUEUED },
		[DISCARD_DONE]		= { 0, QUEUED },
		[REQBUFS_0]		= { 0, GONE },
		[STREAMOFF]		= { 0, DEQUEUED },
	},
};

/* Do it, with the queue's lock held */
static int do_verb(struct vb2_mock *mock, struct vb2_buffer *vb, enum verb verb)
{
	unsigned int bugs = mock->bugs, count = 0;
	struct vb2_queue *q = &mock->q;

	switch (verb) {
	case PREPARE_BUF:
		return vb2_core_prepare_buf(q, vb, NULL);
	case QBUF:
		return vb2_core_qbuf(q, vb, NULL, NULL);
	case DQBUF:
		return vb2_core_dqbuf(q, NULL, NULL, true);
	case REMOVE_BUFS:
		return vb2_core_remove_bufs(q, vb->index, 1);
	case BUFFER_DONE:
	case BUFFER_DONE_QUEUED:
		/* If it is the hardware's, the mock is to forget it */
		if (to_mock_buffer(vb)->with_hardware) {
			list_del(&to_mock_buffer(vb)->entry);
			to_mock_buffer(vb)->with_hardware = false;
		}
		vb2_buffer_done(vb, verb == BUFFER_DONE ? DONE : QUEUED);
		return mock->bugs > bugs ? REPORTED : 0;
	case DISCARD_DONE:
		vb2_discard_done(q);
		return 0;
	case REQBUFS_0:
		return vb2_core_reqbufs(q, VB2_MEMORY_MMAP, 0, &count);
	case STREAMOFF:
		return vb2_core_streamoff(q, VB2_MOCK_TYPE);
	default:
		return -ENOTTY;
	}
}

static void expect_outcome(struct vb2_mock *mock, unsigned int state,
			   enum verb verb, const struct outcome *expected)
{
	struct vb2_buffer *vb = vb2_get_buffer(&mock->q, 0);
	int ret;

	KUNIT_ASSERT_NOT_NULL(mock->test, vb);
	KUNIT_ASSERT_EQ(mock->test, vb->state, state);
	ret = do_verb(mock, vb, verb);
	vb = vb2_get_buffer(&mock->q, 0);
	KUNIT_EXPECT_EQ_MSG(mock->test, ret, expected->ret,
			    "verb %u in state %u", verb, state);
	KUNIT_EXPECT_EQ_MSG(mock->test, vb ? vb->state : GONE, expected->after,
			    "verb %u in state %u", verb, state);
}

static void in_prepare_every_verb(struct vb2_mock *mock, struct vb2_buffer *vb)
{
	unsigned int verb;

	for (verb = 0; verb < VERBS; verb++)
		if (verb != STREAMOFF)
			expect_outcome(mock, PREPARING, verb,
				       &streaming[PREPARING][verb]);
}

/* Bring buffer 0 of a queue that streams into a state */
static void reach(struct vb2_mock *mock, unsigned int state)
{
	vb2_mock_start(mock, 3);
	if (state == ACTIVE)
		return;
	vb2_mock_advance_with(mock, 1, state == ERROR ? ERROR : DONE);
	if (state == DEQUEUED || state == PREPARING)
		KUNIT_ASSERT_EQ(mock->test, vb2_mock_dqbuf(mock, NULL), 0);
}

static void clear(struct vb2_mock *mock)
{
	KUNIT_ASSERT_EQ(mock->test, vb2_mock_streamoff(mock), 0);
	KUNIT_ASSERT_EQ(mock->test,
			vb2_mock_reqbufs(mock, VB2_MEMORY_MMAP, 0), 0);
}

static void vb2_state_verbs_while_streaming(struct kunit *test)
{
	static const unsigned int states[] = { DEQUEUED, ACTIVE, DONE, ERROR };
	struct vb2_mock *mock = vb2_mock_capture(test);
	unsigned int i, verb;

	vb2_mock_expect_bugs(mock);
	for (i = 0; i < ARRAY_SIZE(states); i++) {
		for (verb = 0; verb < VERBS; verb++) {
			reach(mock, states[i]);
			scoped_guard(mutex, &mock->lock)
				expect_outcome(mock, states[i], verb,
					       &streaming[states[i]][verb]);
			clear(mock);
		}
	}
}

static void vb2_state_verbs_while_preparing(struct kunit *test)
{
	struct vb2_mock *mock = vb2_mock_capture(test);

	vb2_mock_expect_bugs(mock);
	reach(mock, PREPARING);
	mock->in_prepare = in_prepare_every_verb;
	KUNIT_EXPECT_EQ(test, vb2_mock_qbuf_index(mock, 0), 0);
	KUNIT_EXPECT_EQ(test, vb2_mock_state(mock, 0), ACTIVE);
}

static void vb2_state_verbs_while_stopped(struct kunit *test)
{
	static const unsigned int states[] = { DEQUEUED, QUEUED };
	struct vb2_mock *mock = vb2_mock_capture(test);
	unsigned int i, verb;

	vb2_mock_expect_bugs(mock);
	for (i = 0; i < ARRAY_SIZE(states); i++) {
		for (verb = 0; verb < VERBS; verb++) {
			vb2_mock_reqbufs(mock, VB2_MEMORY_MMAP, 3);
			if (states[i] == QUEUED)
				KUNIT_ASSERT_EQ(test, 0,
						vb2_mock_qbuf_index(mock, 0));
			scoped_guard(mutex, &mock->lock)
				expect_outcome(mock, states[i], verb,
					       &stopped[states[i]][verb]);
			clear(mock);
		}
	}
}

/* mem2mem, zoran, tw686x and omap4iss write ACTIVE into a buffer they have */
static void vb2_state_driver_rewrites_active(struct kunit *test)
{
	struct vb2_mock *mock = vb2_mock_capture(test);

	vb2_mock_start(mock, 2);
	vb2_get_buffer(&mock->q, 0)->state = ACTIVE;
	KUNIT_EXPECT_EQ(test, vb2_mock_advance(mock, 1), 1);
	KUNIT_EXPECT_EQ(test, vb2_mock_dqbuf(mock, NULL), 0);
}

/* A driver gives a buffer back in a state that is not its to give */
static void vb2_state_done_with_wrong_state(struct kunit *test)
{
	static const enum vb2_buffer_state wrong[] = {
		DEQUEUED, IN_REQUEST, PREPARING, ACTIVE,
	};
	struct vb2_mock *mock = vb2_mock_capture(test);
	struct vb2_mock_user user = {};
	unsigned int i;

	vb2_mock_expect_bugs(mock);
	vb2_mock_start(mock, ARRAY_SIZE(wrong));
	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		mock->bugs = 0;
		vb2_mock_advance_with(mock, 1, wrong[i]);
		KUNIT_EXPECT_EQ(test, mock->bugs, 1);
		KUNIT_EXPECT_EQ(test, vb2_mock_dqbuf(mock, &user), 0);
		KUNIT_EXPECT_EQ(test, user.state, ERROR);
	}
}

static struct kunit_case vb2_state_cases[] = {
	KUNIT_CASE(vb2_state_set_all_pairs),
	KUNIT_CASE(vb2_state_verbs_while_streaming),
	KUNIT_CASE(vb2_state_verbs_while_preparing),
	KUNIT_CASE(vb2_state_verbs_while_stopped),
	KUNIT_CASE(vb2_state_driver_rewrites_active),
	KUNIT_CASE(vb2_state_done_with_wrong_state),
	{}
};

static struct kunit_suite vb2_state_suite = {
	.name		= "videobuf2_state",
	.exit		= vb2_mock_exit,
	.test_cases	= vb2_state_cases,
};

kunit_test_suite(vb2_state_suite);

MODULE_DESCRIPTION("KUnit tests of videobuf2");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS(DMA_BUF);
MODULE_IMPORT_NS(EXPORTED_FOR_KUNIT_TESTING);
