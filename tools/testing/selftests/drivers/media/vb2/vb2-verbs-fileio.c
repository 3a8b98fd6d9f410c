// SPDX-License-Identifier: GPL-2.0-only
/*
 * read() and write(), who may use a queue that way, and what it excludes
 */
#include "vb2-verbs.h"

FIXTURE(fileio)
{
	struct vb2_node node;
	struct vb2_node other;
	char *buf;
	unsigned int size;
};

FIXTURE_VARIANT(fileio)
{
	unsigned int device;
	const char *role;
};

FIXTURE_VARIANT_ADD(fileio, capture) { 0, "capture" };
FIXTURE_VARIANT_ADD(fileio, output) { 0, "output" };
FIXTURE_VARIANT_ADD(fileio, metadata) { 0, "metadata" };

FIXTURE_SETUP(fileio)
{
	struct v4l2_format f;

	self->node = vb2_open(variant->device, variant->role, O_NONBLOCK);
	self->other = vb2_open(variant->device, variant->role, O_NONBLOCK);
	ASSERT_LE(0, self->node.fd);
	ASSERT_LE(0, self->other.fd);
	ASSERT_EQ(0, vb2_set_format(&self->node));
	ASSERT_EQ(0, vb2_set_fast(variant->device));
	f.type = self->node.type;
	ASSERT_EQ(0, vb2_call(self->node.fd, VIDIOC_G_FMT, &f));
	self->size = f.type == V4L2_BUF_TYPE_META_CAPTURE ?
		     f.fmt.meta.buffersize : f.fmt.pix.sizeimage;
	self->buf = calloc(3, self->size);
	ASSERT_NE(NULL, self->buf);
}

FIXTURE_TEARDOWN(fileio)
{
	vb2_set_ctrl(&self->node, CID_HOLD, 0);
	vb2_set_ctrl(&self->node, CID_FAIL_BUF_PREPARE, 0);
	free(self->buf);
	close(self->other.fd);
	close(self->node.fd);
}

static int move_bytes(struct vb2_node *node, void *buf, size_t count)
{
	ssize_t ret = vb2_is_output(node->type) ? write(node->fd, buf, count) :
						  read(node->fd, buf, count);

	return ret < 0 ? -errno : ret;
}

/* The same, but waits for its turn; a frame is never far away */
static int move_or_wait(struct vb2_node *node, void *buf, size_t count)
{
	short ready = vb2_is_output(node->type) ? POLLOUT : POLLIN;
	int ret = move_bytes(node, buf, count);

	if (ret != -EAGAIN)
		return ret;
	if (!(vb2_poll(node, ready, 5000) & ready))
		return -ETIME;
	return move_bytes(node, buf, count);
}

TEST_F(fileio, moves_frames)
{
	unsigned int half = self->size / 2;

	/* Never more than the rest of the frame */
	for (int i = 0; i < 5; i++) {
		EXPECT_EQ(half, move_or_wait(&self->node, self->buf, half));
		EXPECT_EQ(self->size - half,
			  move_or_wait(&self->node, self->buf, self->size));
		EXPECT_EQ(self->size,
			  move_or_wait(&self->node, self->buf, 3 * self->size));
	}
	EXPECT_EQ(0, move_bytes(&self->node, self->buf, 0));
}

TEST_F(fileio, no_bytes_no_effect)
{
	EXPECT_EQ(0, move_bytes(&self->node, self->buf, 0));
	EXPECT_EQ(COUNT, vb2_reqbufs(&self->other, V4L2_MEMORY_MMAP, COUNT));
}

/* After an error the next call begins a new frame */
TEST_F(fileio, bad_pointer)
{
	struct v4l2_format f = { .type = self->node.type };

	for (int i = 0; i < 5; i++) {
		EXPECT_EQ(10, move_or_wait(&self->node, self->buf, 10));
		EXPECT_EQ(-EFAULT, move_or_wait(&self->node, BAD_POINTER,
						self->size));
		EXPECT_EQ(self->size, move_or_wait(&self->node, self->buf,
						   self->size));
	}
	EXPECT_EQ(0, vb2_call(self->node.fd, VIDIOC_G_FMT, &f));
}

TEST_F(fileio, nonblocking)
{
	const bool out = vb2_is_output(self->node.type);
	int ret = 0;

	ASSERT_EQ(0, vb2_set_ctrl(&self->node, CID_HOLD, 1));
	/* A writer can fill a buffer or two before it would wait */
	for (int i = 0; out && i < VIDEO_MAX_FRAME && ret >= 0; i++)
		ret = move_bytes(&self->node, self->buf, self->size);
	EXPECT_EQ(-EAGAIN, move_bytes(&self->node, self->buf, self->size));
	EXPECT_EQ(0, vb2_poll(&self->node, POLLIN | POLLOUT, 100));
	ASSERT_EQ(0, vb2_set_ctrl(&self->node, CID_HOLD, 0));
	EXPECT_EQ(self->size, move_or_wait(&self->node, self->buf, self->size));
}

TEST_F(fileio, poll_starts)
{
	const short ready = vb2_is_output(self->node.type) ? POLLOUT : POLLIN;

	/* Not who only waits for events */
	EXPECT_EQ(0, vb2_poll(&self->node, POLLPRI, 0));
	EXPECT_EQ(COUNT, vb2_reqbufs(&self->other, V4L2_MEMORY_MMAP, COUNT));
	EXPECT_EQ(0, vb2_reqbufs(&self->other, V4L2_MEMORY_MMAP, 0));

	EXPECT_EQ(ready, vb2_poll(&self->node, ready, 5000));
	EXPECT_EQ(-EBUSY, vb2_reqbufs(&self->other, V4L2_MEMORY_MMAP, COUNT));
	EXPECT_EQ(1, move_bytes(&self->node, self->buf, 1));
}

/* The rest of a frame can be moved without waiting for another */
TEST_F(fileio, poll_knows_of_half_a_frame)
{
	const short ready = vb2_is_output(self->node.type) ? POLLOUT : POLLIN;
	struct v4l2_create_buffers c = {
		.memory = V4L2_MEMORY_MMAP, .format.type = self->node.type,
	};
	unsigned int i;

	/* Let all buffers be done, and use them up but for the last */
	EXPECT_EQ(1, move_or_wait(&self->node, self->buf, 1));
	ASSERT_EQ(0, vb2_call(self->node.fd, VIDIOC_CREATE_BUFS, &c));
	vb2_sleep_ms(500);
	ASSERT_EQ(0, vb2_set_ctrl(&self->node, CID_HOLD, 1));
	EXPECT_EQ(self->size - 1,
		  move_bytes(&self->node, self->buf, self->size));
	for (i = 2; i < c.index; i++)
		EXPECT_EQ(self->size,
			  move_bytes(&self->node, self->buf, self->size));
	EXPECT_EQ(1, move_bytes(&self->node, self->buf, 1));

	EXPECT_EQ(ready, vb2_poll(&self->node, ready, 0));
	EXPECT_EQ(self->size - 1,
		  move_bytes(&self->node, self->buf, self->size));
	EXPECT_EQ(0, vb2_poll(&self->node, ready, 100));
	EXPECT_EQ(-EAGAIN, move_bytes(&self->node, self->buf, 1));
}

TEST_F(fileio, poll_fails_to_start)
{
	const short ready = vb2_is_output(self->node.type) ? POLLOUT : POLLIN;

	ASSERT_EQ(0, vb2_set_ctrl(&self->node, CID_FAIL_BUF_PREPARE, 1));
	if (vb2_is_output(self->node.type)) {
		EXPECT_EQ(ready, vb2_poll(&self->node, ready, 0));
		EXPECT_EQ(1, move_bytes(&self->node, self->buf, 1));
		return;
	}
	EXPECT_EQ(POLLERR, vb2_poll(&self->node, ready, 0));
	/* It left nothing behind, and nobody owns the queue */
	EXPECT_EQ(COUNT, vb2_reqbufs(&self->other, V4L2_MEMORY_MMAP, COUNT));
}

/* While it reads or writes, even the owner may not stream */
TEST_F(fileio, excludes_streaming)
{
	struct v4l2_create_buffers c = {
		.count = 1, .memory = V4L2_MEMORY_MMAP,
		.format.type = self->node.type,
	};
	struct v4l2_exportbuffer eb = { .type = self->node.type };
	struct v4l2_remove_buffers r = { .type = self->node.type, .count = 1 };
	struct vb2_node *nodes[] = { &self->node, &self->other };
	struct vb2_arg arg;

	EXPECT_EQ(1, move_or_wait(&self->node, self->buf, 1));
	for (int i = 0; i < 2; i++) {
		struct vb2_node *n = nodes[i];

		EXPECT_EQ(-EBUSY, vb2_reqbufs(n, V4L2_MEMORY_MMAP, 1));
		EXPECT_EQ(-EBUSY, vb2_reqbufs(n, V4L2_MEMORY_MMAP, 0));
		c.count = 1;
		EXPECT_EQ(-EBUSY, vb2_call(n->fd, VIDIOC_CREATE_BUFS, &c));
		c.count = 0;
		EXPECT_EQ(0, vb2_call(n->fd, VIDIOC_CREATE_BUFS, &c));
		EXPECT_EQ(-EBUSY, vb2_call(n->fd, VIDIOC_REMOVE_BUFS, &r));
		EXPECT_EQ(-EBUSY, vb2_call(n->fd, VIDIOC_EXPBUF, &eb));
		EXPECT_EQ(-EBUSY, vb2_qbuf(n, 0));
		vb2_arg_init(&arg, n, V4L2_MEMORY_MMAP, 0);
		EXPECT_EQ(-EBUSY, vb2_call(n->fd, VIDIOC_PREPARE_BUF, &arg.b));
		EXPECT_EQ(-EBUSY, vb2_dqbuf(n));
		EXPECT_EQ(-EBUSY, vb2_streamon(n));
		EXPECT_EQ(-EBUSY, vb2_streamoff(n));
		EXPECT_EQ(MAP_FAILED, mmap(NULL, self->size,
					   PROT_READ | PROT_WRITE, MAP_SHARED,
					   n->fd, 0));
		EXPECT_EQ(EBUSY, errno);
	}
	EXPECT_EQ(-EBUSY, move_bytes(&self->other, self->buf, 1));
	EXPECT_EQ(1, move_or_wait(&self->node, self->buf, 1));

	/* Only close() ends it */
	close(self->node.fd);
	self->node.fd = -1;
	EXPECT_EQ(COUNT, vb2_reqbufs(&self->other, V4L2_MEMORY_MMAP, COUNT));
}

TEST_F(fileio, excluded_by_streaming)
{
	struct vb2_snapshot before;

	ASSERT_EQ(COUNT, vb2_reqbufs(&self->node, V4L2_MEMORY_MMAP, COUNT));
	vb2_look(&self->node, &before);
	EXPECT_EQ(-EBUSY, move_bytes(&self->node, self->buf, 1));
	EXPECT_EQ(-EBUSY, move_bytes(&self->other, self->buf, 1));
	EXPECT_TRUE(vb2_same(&self->node, &before));
	/* The refused read() did not cost the owner its queue */
	EXPECT_EQ(-EBUSY, vb2_reqbufs(&self->other, V4L2_MEMORY_MMAP, COUNT));
	EXPECT_EQ(0, vb2_qbuf(&self->node, 0));
}

TEST(frames_of_two_planes)
{
	struct vb2_node node = vb2_open(1, "capture", O_NONBLOCK);
	struct vb2_node other = vb2_open(1, "capture", O_NONBLOCK);
	char buf[16];

	ASSERT_LE(0, node.fd);
	ASSERT_LE(0, other.fd);
	ASSERT_EQ(0, vb2_set_format(&node));
	EXPECT_EQ(-EINVAL, move_bytes(&node, buf, sizeof(buf)));
	EXPECT_EQ(POLLERR, vb2_poll(&node, POLLIN, 0));
	EXPECT_EQ(COUNT, vb2_reqbufs(&other, V4L2_MEMORY_MMAP, COUNT));
	close(other.fd);
	close(node.fd);
}

TEST(wrong_direction)
{
	struct vb2_node in = vb2_open(0, "capture", O_NONBLOCK);
	struct vb2_node out = vb2_open(0, "output", O_NONBLOCK);
	char buf[16] = "";

	EXPECT_EQ(-1, write(in.fd, buf, sizeof(buf)));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, read(out.fd, buf, sizeof(buf)));
	EXPECT_EQ(EINVAL, errno);
	close(in.fd);
	close(out.fd);
}

TEST_HARNESS_MAIN
