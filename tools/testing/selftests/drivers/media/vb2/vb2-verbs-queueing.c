// SPDX-License-Identifier: GPL-2.0-only
/*
 * PREPARE_BUF, QBUF, DQBUF, STREAMON, STREAMOFF: what they refuse, with which
 * error, and that what they refuse changes nothing
 *
 * VIDIOC_QBUF and VIDIOC_PREPARE_BUF are given the same bad arguments. After
 * each test the queue must still stream.
 */
#include "vb2-verbs.h"

FIXTURE(queueing)
{
	struct vb2_node node;
	struct vb2_node other;
	struct vb2_snapshot before;
};

FIXTURE_VARIANT(queueing)
{
	unsigned int device;
	const char *role;
};

FIXTURE_VARIANT_ADD(queueing, capture) { 0, "capture" };
FIXTURE_VARIANT_ADD(queueing, output) { 0, "output" };
FIXTURE_VARIANT_ADD(queueing, metadata) { 0, "metadata" };
FIXTURE_VARIANT_ADD(queueing, capture_mplane) { 1, "capture" };
FIXTURE_VARIANT_ADD(queueing, output_mplane) { 1, "output" };

FIXTURE_SETUP(queueing)
{
	self->node = vb2_open(variant->device, variant->role, O_NONBLOCK);
	self->other = vb2_open(variant->device, variant->role, O_NONBLOCK);
	ASSERT_LE(0, self->node.fd);
	ASSERT_LE(0, self->other.fd);
	ASSERT_EQ(0, vb2_set_format(&self->node));
	ASSERT_EQ(0, vb2_set_fast(variant->device));
	ASSERT_EQ(COUNT, vb2_reqbufs(&self->node, V4L2_MEMORY_MMAP, COUNT));
	vb2_look(&self->node, &self->before);
}

/* Whatever was done to it, the queue works */
FIXTURE_TEARDOWN(queueing)
{
	short ready = vb2_is_output(self->node.type) ? POLLOUT : POLLIN;

	EXPECT_EQ(0, vb2_streamoff(&self->node));
	if (vb2_flags(&self->node, 0) >= 0) {
		EXPECT_EQ(0, vb2_qbuf(&self->node, 0));
		EXPECT_EQ(0, vb2_qbuf(&self->node, 1));
		EXPECT_EQ(0, vb2_streamon(&self->node));
		for (int i = 0; i < 2; i++) {
			EXPECT_NE(0, vb2_poll(&self->node, ready, 5000) & ready);
			EXPECT_EQ(i, vb2_dqbuf(&self->node));
		}
	}
	close(self->other.fd);
	close(self->node.fd);
}

static const unsigned long verbs[] = { VIDIOC_QBUF, VIDIOC_PREPARE_BUF };

struct bad {
	const char *what;
	void (*spoil)(struct vb2_arg *arg);
	int ret;
	/* Where it applies: 0 everywhere, or a mask of these */
	unsigned int where;
};

#define ONLY_MPLANE	1
#define ONLY_OUTPUT	2

static void bad_type(struct vb2_arg *a)
{
	a->b.type = vb2_wrong_type(a->b.type);
}

static void other_api(struct vb2_arg *a)
{
	a->b.type = vb2_other_api(a->b.type);
	/* What the other API has there means something else here */
	if (!vb2_is_mplane(a->b.type))
		a->b.length = 1 << 20;
}

static void bad_index(struct vb2_arg *a)
{
	a->b.index = COUNT;
}

static void huge_index(struct vb2_arg *a)
{
	a->b.index = ~0U;
}

static void no_memory(struct vb2_arg *a)
{
	a->b.memory = 0;
}

static void other_memory(struct vb2_arg *a)
{
	a->b.memory = V4L2_MEMORY_DMABUF;
}

static void unknown_memory(struct vb2_arg *a)
{
	a->b.memory = 99;
}

static void no_planes(struct vb2_arg *a)
{
	a->b.length = 0;
}

static void few_planes(struct vb2_arg *a)
{
	a->b.length = 1;
}

static void many_planes(struct vb2_arg *a)
{
	a->b.length = VIDEO_MAX_PLANES + 1;
}

static void bad_planes(struct vb2_arg *a)
{
	a->b.m.planes = BAD_POINTER;
}

static void long_payload(struct vb2_arg *a)
{
	a->b.bytesused = 0x7fffffff;
	a->planes[0].bytesused = 0x7fffffff;
}

static void long_second_payload(struct vb2_arg *a)
{
	a->planes[1].bytesused = ~0U;
}

static void data_beyond_payload(struct vb2_arg *a)
{
	a->planes[0].bytesused = 4096;
	a->planes[0].data_offset = 4096;
}

static void data_beyond_plane(struct vb2_arg *a)
{
	a->planes[1].data_offset = ~0U;
}

static void alternate(struct vb2_arg *a)
{
	a->b.field = V4L2_FIELD_ALTERNATE;
}

static const struct bad bad[] = {
	{ "type", bad_type, -EINVAL },
	{ "other API", other_api, -EINVAL },
	{ "index", bad_index, -EINVAL },
	{ "huge index", huge_index, -EINVAL },
	{ "no memory", no_memory, -EINVAL },
	{ "other memory", other_memory, -EINVAL },
	{ "unknown memory", unknown_memory, -EINVAL },
	{ "no planes", no_planes, -EINVAL, ONLY_MPLANE },
	{ "few planes", few_planes, -EINVAL, ONLY_MPLANE },
	{ "many planes", many_planes, -EINVAL, ONLY_MPLANE },
	{ "planes pointer", bad_planes, -EFAULT, ONLY_MPLANE },
	{ "payload", long_payload, -EINVAL, ONLY_OUTPUT },
	{ "payload of plane 1", long_second_payload, -EINVAL,
	  ONLY_OUTPUT | ONLY_MPLANE },
	{ "data beyond payload", data_beyond_payload, -EINVAL,
	  ONLY_OUTPUT | ONLY_MPLANE },
	{ "data beyond plane", data_beyond_plane, -EINVAL,
	  ONLY_OUTPUT | ONLY_MPLANE },
	{ "field", alternate, -EINVAL, ONLY_OUTPUT },
};

static bool applies(const struct bad *b, unsigned int type)
{
	return (!(b->where & ONLY_MPLANE) || vb2_is_mplane(type)) &&
	       (!(b->where & ONLY_OUTPUT) || vb2_is_output(type));
}

TEST_F(queueing, bad_arguments)
{
	struct vb2_arg arg;

	for (unsigned int v = 0; v < ARRAY_SIZE(verbs); v++) {
		for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
			if (!applies(&bad[i], self->node.type))
				continue;
			vb2_arg_init(&arg, &self->node, V4L2_MEMORY_MMAP, 1);
			bad[i].spoil(&arg);
			EXPECT_EQ(bad[i].ret, vb2_call(self->node.fd, verbs[v],
						       &arg.b))
				TH_LOG("%s, verb %u", bad[i].what, v);
			EXPECT_TRUE(vb2_same(&self->node, &self->before))
				TH_LOG("%s, verb %u", bad[i].what, v);
		}
		EXPECT_EQ(-EFAULT, vb2_call(self->node.fd, verbs[v],
					    BAD_POINTER));
	}
}

TEST_F(queueing, foreign_handle)
{
	struct vb2_arg arg;
	int fd = self->other.fd;

	for (unsigned int v = 0; v < ARRAY_SIZE(verbs); v++) {
		vb2_arg_init(&arg, &self->node, V4L2_MEMORY_MMAP, 0);
		EXPECT_EQ(-EBUSY, vb2_call(fd, verbs[v], &arg.b));
	}
	EXPECT_EQ(-EBUSY, vb2_dqbuf(&self->other));
	EXPECT_EQ(-EBUSY, vb2_streamon(&self->other));
	EXPECT_EQ(-EBUSY, vb2_streamoff(&self->other));
	EXPECT_TRUE(vb2_same(&self->node, &self->before));
}

/* Flags that are not for the application, and unknown ones, are ignored */
TEST_F(queueing, flags)
{
	struct vb2_arg arg;
	unsigned int flags;

	vb2_arg_init(&arg, &self->node, V4L2_MEMORY_MMAP, 0);
	arg.b.flags = ~(unsigned int)V4L2_BUF_FLAG_REQUEST_FD;
	ASSERT_EQ(0, vb2_call(self->node.fd, VIDIOC_QBUF, &arg.b));
	EXPECT_EQ(V4L2_BUF_FLAG_QUEUED,
		  arg.b.flags & (V4L2_BUF_FLAG_QUEUED | V4L2_BUF_FLAG_DONE |
				 V4L2_BUF_FLAG_ERROR | V4L2_BUF_FLAG_PREPARED |
				 V4L2_BUF_FLAG_IN_REQUEST |
				 V4L2_BUF_FLAG_MAPPED));
	EXPECT_EQ(V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC,
		  arg.b.flags & V4L2_BUF_FLAG_TIMESTAMP_MASK);
	/* What describes the payload comes from who fills it */
	flags = arg.b.flags & (V4L2_BUF_FLAG_KEYFRAME | V4L2_BUF_FLAG_TIMECODE);
	EXPECT_EQ(vb2_is_output(self->node.type) ?
		  V4L2_BUF_FLAG_KEYFRAME | V4L2_BUF_FLAG_TIMECODE : 0, flags);
	EXPECT_EQ(0, vb2_streamoff(&self->node));
}

TEST_F(queueing, prepared)
{
	struct vb2_node *node = &self->node;
	struct vb2_arg arg;

	vb2_arg_init(&arg, node, V4L2_MEMORY_MMAP, 0);
	ASSERT_EQ(0, vb2_call(node->fd, VIDIOC_PREPARE_BUF, &arg.b));
	EXPECT_EQ(V4L2_BUF_FLAG_PREPARED,
		  arg.b.flags & (V4L2_BUF_FLAG_PREPARED | V4L2_BUF_FLAG_QUEUED));
	EXPECT_NE(0, vb2_flags(node, 0) & V4L2_BUF_FLAG_PREPARED);
	vb2_look(node, &self->before);
	vb2_arg_init(&arg, node, V4L2_MEMORY_MMAP, 0);
	EXPECT_EQ(-EINVAL, vb2_call(node->fd, VIDIOC_PREPARE_BUF, &arg.b));
	EXPECT_TRUE(vb2_same(node, &self->before));

	/* QBUF ends it, STREAMOFF without QBUF as well */
	EXPECT_EQ(0, vb2_qbuf(node, 0));
	EXPECT_EQ(V4L2_BUF_FLAG_QUEUED,
		  vb2_flags(node, 0) &
		  (V4L2_BUF_FLAG_PREPARED | V4L2_BUF_FLAG_QUEUED));
	vb2_arg_init(&arg, node, V4L2_MEMORY_MMAP, 1);
	EXPECT_EQ(0, vb2_call(node->fd, VIDIOC_PREPARE_BUF, &arg.b));
	EXPECT_EQ(0, vb2_streamoff(node));
	EXPECT_EQ(0, vb2_flags(node, 1) & V4L2_BUF_FLAG_PREPARED);
}

TEST_F(queueing, wrong_state)
{
	struct vb2_node *node = &self->node;
	struct vb2_arg arg;

	ASSERT_EQ(0, vb2_qbuf(node, 0));
	vb2_look(node, &self->before);
	for (unsigned int v = 0; v < ARRAY_SIZE(verbs); v++) {
		vb2_arg_init(&arg, node, V4L2_MEMORY_MMAP, 0);
		EXPECT_EQ(-EINVAL, vb2_call(node->fd, verbs[v], &arg.b));
	}
	EXPECT_TRUE(vb2_same(node, &self->before));

	/* With the driver, which keeps it */
	ASSERT_EQ(0, vb2_set_ctrl(node, CID_HOLD, 1));
	ASSERT_EQ(0, vb2_streamon(node));
	EXPECT_EQ(-EINVAL, vb2_qbuf(node, 0));
	/* Done and not dequeued */
	ASSERT_EQ(0, vb2_set_ctrl(node, CID_HOLD, 0));
	EXPECT_NE(0, vb2_poll(node, POLLIN | POLLOUT, 5000));
	EXPECT_EQ(V4L2_BUF_FLAG_DONE,
		  vb2_flags(node, 0) & (V4L2_BUF_FLAG_DONE |
					V4L2_BUF_FLAG_QUEUED));
	EXPECT_EQ(-EINVAL, vb2_qbuf(node, 0));
	vb2_arg_init(&arg, node, V4L2_MEMORY_MMAP, 0);
	EXPECT_EQ(0, vb2_call(node->fd, VIDIOC_DQBUF, &arg.b));
	EXPECT_EQ(0, arg.b.flags & (V4L2_BUF_FLAG_DONE | V4L2_BUF_FLAG_QUEUED));
	EXPECT_EQ(0, vb2_qbuf(node, 0));
}

TEST_F(queueing, driver_refuses)
{
	struct vb2_node *node = &self->node;

	ASSERT_EQ(0, vb2_set_ctrl(node, CID_FAIL_BUF_PREPARE, 1));
	EXPECT_EQ(-EINVAL, vb2_qbuf(node, 0));
	/* The driver saw the payload, so that may show */
	EXPECT_EQ(self->before.buf[0].b.flags, vb2_flags(node, 0));

	/* STREAMON fails: what is queued remains queued */
	ASSERT_EQ(0, vb2_qbuf(node, 0));
	vb2_look(node, &self->before);
	ASSERT_EQ(0, vb2_set_ctrl(node, CID_FAIL_START, 1));
	EXPECT_EQ(-EIO, vb2_streamon(node));
	EXPECT_TRUE(vb2_same(node, &self->before));
	EXPECT_EQ(-EINVAL, vb2_dqbuf(node));
	EXPECT_EQ(0, vb2_streamon(node));
	EXPECT_NE(0, vb2_poll(node, POLLIN | POLLOUT, 5000));
	EXPECT_EQ(0, vb2_dqbuf(node));
}

TEST_F(queueing, dqbuf_refuses)
{
	struct vb2_node *node = &self->node;
	struct vb2_arg arg;

	/* Not streaming, with and without a buffer */
	EXPECT_EQ(-EINVAL, vb2_dqbuf(node));
	ASSERT_EQ(0, vb2_qbuf(node, 0));
	EXPECT_EQ(-EINVAL, vb2_dqbuf(node));

	ASSERT_EQ(0, vb2_set_ctrl(node, CID_HOLD, 1));
	ASSERT_EQ(0, vb2_streamon(node));
	EXPECT_EQ(-EAGAIN, vb2_dqbuf(node));
	ASSERT_EQ(0, vb2_set_ctrl(node, CID_HOLD, 0));
	EXPECT_NE(0, vb2_poll(node, POLLIN | POLLOUT, 5000));

	/* A refused call leaves the buffer where it is */
	vb2_arg_init(&arg, node, V4L2_MEMORY_MMAP, 0);
	arg.b.type = vb2_wrong_type(node->type);
	EXPECT_EQ(-EINVAL, vb2_call(node->fd, VIDIOC_DQBUF, &arg.b));
	arg.b.type = vb2_other_api(node->type);
	EXPECT_EQ(-EINVAL, vb2_call(node->fd, VIDIOC_DQBUF, &arg.b));
	EXPECT_EQ(-EFAULT, vb2_call(node->fd, VIDIOC_DQBUF, BAD_POINTER));
	if (vb2_is_mplane(node->type)) {
		vb2_arg_init(&arg, node, V4L2_MEMORY_MMAP, 0);
		for (arg.b.length = 0; arg.b.length < 2; arg.b.length++)
			EXPECT_EQ(-EINVAL, vb2_call(node->fd, VIDIOC_DQBUF,
						    &arg.b));
		arg.b.length = VIDEO_MAX_PLANES + 1;
		EXPECT_EQ(-EINVAL, vb2_call(node->fd, VIDIOC_DQBUF, &arg.b));
		vb2_arg_init(&arg, node, V4L2_MEMORY_MMAP, 0);
		arg.b.m.planes = BAD_POINTER;
		EXPECT_EQ(-EFAULT, vb2_call(node->fd, VIDIOC_DQBUF, &arg.b));
	}
	EXPECT_NE(0, vb2_flags(node, 0) & V4L2_BUF_FLAG_DONE);
	/* The queue knows which buffer, and all else of it */
	vb2_arg_init(&arg, node, 99, ~0U);
	arg.b.flags = ~0U;
	EXPECT_EQ(0, vb2_call(node->fd, VIDIOC_DQBUF, &arg.b));
	EXPECT_EQ(0, arg.b.index);
	EXPECT_EQ(V4L2_MEMORY_MMAP, arg.b.memory);
	EXPECT_EQ(-EAGAIN, vb2_dqbuf(node));
}

TEST_F(queueing, stream_refuses)
{
	struct vb2_node *node = &self->node;
	unsigned int types[] = {
		0, 99, vb2_wrong_type(node->type), vb2_other_api(node->type),
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(types); i++) {
		EXPECT_EQ(-EINVAL, vb2_call(node->fd, VIDIOC_STREAMON,
					    &types[i]));
		EXPECT_EQ(-EINVAL, vb2_call(node->fd, VIDIOC_STREAMOFF,
					    &types[i]));
	}
	EXPECT_EQ(-EFAULT, vb2_call(node->fd, VIDIOC_STREAMON, BAD_POINTER));
	EXPECT_EQ(-EFAULT, vb2_call(node->fd, VIDIOC_STREAMOFF, BAD_POINTER));

	/* Twice is fine; and STREAMOFF takes back what is queued */
	EXPECT_EQ(0, vb2_streamon(node));
	EXPECT_EQ(0, vb2_streamon(node));
	EXPECT_EQ(0, vb2_streamoff(node));
	EXPECT_EQ(0, vb2_streamoff(node));
	ASSERT_EQ(0, vb2_qbuf(node, 0));
	EXPECT_EQ(0, vb2_streamoff(node));
	EXPECT_EQ(0, vb2_flags(node, 0) & V4L2_BUF_FLAG_QUEUED);

	EXPECT_EQ(0, vb2_reqbufs(node, V4L2_MEMORY_MMAP, 0));
	EXPECT_EQ(-EINVAL, vb2_streamon(node));
	EXPECT_EQ(0, vb2_streamoff(node));
}

/* Sets the memory of all planes; length 0 is what the application does not know */
static void name_memory(struct vb2_arg *arg, struct vb2_node *node,
			unsigned long ptr, int fd, unsigned int length)
{
	if (!vb2_is_mplane(node->type)) {
		arg->b.length = length;
		if (arg->b.memory == V4L2_MEMORY_USERPTR)
			arg->b.m.userptr = ptr;
		else
			arg->b.m.fd = fd;
		return;
	}
	for (int i = 0; i < 2; i++) {
		arg->planes[i].length = length;
		if (arg->b.memory == V4L2_MEMORY_USERPTR)
			arg->planes[i].m.userptr = ptr;
		else
			arg->planes[i].m.fd = fd;
	}
}

static int call_with(struct vb2_node *node, unsigned long verb,
		     unsigned int memory, unsigned long ptr, int fd,
		     unsigned int length)
{
	struct vb2_arg arg;

	vb2_arg_init(&arg, node, memory, 0);
	name_memory(&arg, node, ptr, fd, length);
	return vb2_call(node->fd, verb, &arg.b);
}

TEST_F(queueing, bad_userptr)
{
	struct vb2_node *node = &self->node;
	void *p = mmap(NULL, 1 << 22, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
		       -1, 0);
	unsigned long ptr = (unsigned long)p;

	ASSERT_NE(MAP_FAILED, p);
	ASSERT_EQ(0, mprotect(p, 1 << 20, PROT_READ | PROT_WRITE));
	ASSERT_EQ(COUNT, vb2_reqbufs(node, V4L2_MEMORY_USERPTR, COUNT));
	vb2_look(node, &self->before);
	for (unsigned int v = 0; v < ARRAY_SIZE(verbs); v++) {
		const struct {
			unsigned long ptr;
			unsigned int length;
			int ret;
		} bad_memory[] = {
			/* Too short, nothing */
			{ ptr, 16, -EINVAL },
			{ ptr, 0, -EINVAL },
			/* NULL, the kernel's, wraps, ends beyond what is there */
			{ 0, 1 << 20, -EFAULT },
			{ ~0UL << 20, 1 << 20, -EFAULT },
			{ ~4095UL, 1 << 20, -EFAULT },
			{ ptr + (1 << 20) - 4096, 1 << 21, -EFAULT },
		};

		for (unsigned int i = 0; i < ARRAY_SIZE(bad_memory); i++) {
			EXPECT_EQ(bad_memory[i].ret,
				  call_with(node, verbs[v], V4L2_MEMORY_USERPTR,
					    bad_memory[i].ptr, 0,
					    bad_memory[i].length))
				TH_LOG("memory %u, verb %u", i, v);
			EXPECT_TRUE(vb2_same(node, &self->before))
				TH_LOG("memory %u, verb %u", i, v);
		}
	}
	/* Then the right one */
	EXPECT_EQ(0, call_with(node, VIDIOC_QBUF, V4L2_MEMORY_USERPTR, ptr, 0,
			       1 << 20));
	EXPECT_EQ(COUNT, vb2_reqbufs(node, V4L2_MEMORY_MMAP, COUNT));
	munmap(p, 1 << 22);
}

TEST_F(queueing, bad_dmabuf)
{
	struct vb2_node *node = &self->node;
	struct v4l2_exportbuffer eb = { .type = node->type, .flags = O_RDWR };
	struct v4l2_exportbuffer eb2 = eb;
	int file = open("/proc/self/exe", O_RDONLY);
	struct vb2_arg arg;
	unsigned int size;

	ASSERT_EQ(0, vb2_call(node->fd, VIDIOC_EXPBUF, &eb));
	size = lseek(eb.fd, 0, SEEK_END);
	ASSERT_EQ(COUNT, vb2_reqbufs(node, V4L2_MEMORY_DMABUF, COUNT));
	vb2_look(node, &self->before);
	for (unsigned int v = 0; v < ARRAY_SIZE(verbs); v++) {
		const struct {
			int fd;
			unsigned int length;
		} bad_memory[] = {
			/* No descriptor, nobody's, of no dma-buf */
			{ -1, 0 }, { 9999, 0 }, { file, 0 }, { node->fd, 0 },
			/* Less than an image, more than there is */
			{ eb.fd, 16 }, { eb.fd, size + 1 },
		};

		for (unsigned int i = 0; i < ARRAY_SIZE(bad_memory); i++) {
			EXPECT_EQ(-EINVAL,
				  call_with(node, verbs[v], V4L2_MEMORY_DMABUF,
					    0, bad_memory[i].fd,
					    bad_memory[i].length))
				TH_LOG("memory %u, verb %u", i, v);
			EXPECT_TRUE(vb2_same(node, &self->before))
				TH_LOG("memory %u, verb %u", i, v);
		}
		/* The first plane is good, the second not */
		if (!vb2_is_mplane(node->type))
			continue;
		vb2_arg_init(&arg, node, V4L2_MEMORY_DMABUF, 0);
		arg.planes[0].m.fd = eb.fd;
		arg.planes[1].m.fd = -1;
		EXPECT_EQ(-EINVAL, vb2_call(node->fd, verbs[v], &arg.b));
		EXPECT_TRUE(vb2_same(node, &self->before));
	}
	/* Memory that is not the queue's cannot be mapped or exported */
	EXPECT_EQ(-EINVAL, vb2_call(node->fd, VIDIOC_EXPBUF, &eb2));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				   MAP_SHARED, node->fd, 0));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(0, call_with(node, VIDIOC_QBUF, V4L2_MEMORY_DMABUF, 0, eb.fd,
			       0));
	EXPECT_EQ(COUNT, vb2_reqbufs(node, V4L2_MEMORY_MMAP, COUNT));
	close(eb.fd);
	close(file);
}

TEST_HARNESS_MAIN
