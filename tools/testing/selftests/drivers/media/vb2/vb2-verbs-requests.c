// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buffers in media requests
 *
 * virtcap supports requests for video capture, and for nothing else.
 */
#include "vb2-verbs.h"

#include <sys/resource.h>

FIXTURE(requests)
{
	struct vb2_node node;
	int media;
	int req[2];
	struct vb2_snapshot before;
};

static int media_open(unsigned int device)
{
	char want[64], path[64];
	struct media_device_info info;

	snprintf(want, sizeof(want), "platform:virtcap.%u", device);
	for (int i = 0; i < 16; i++) {
		int fd;

		snprintf(path, sizeof(path), "/dev/media%d", i);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (!ioctl(fd, MEDIA_IOC_DEVICE_INFO, &info) &&
		    !strcmp(info.bus_info, want))
			return fd;
		close(fd);
	}
	return -1;
}

FIXTURE_SETUP(requests)
{
	self->node = vb2_open(0, "capture", O_NONBLOCK);
	self->media = media_open(0);
	ASSERT_LE(0, self->node.fd);
	ASSERT_LE(0, self->media);
	ASSERT_EQ(0, vb2_set_format(&self->node));
	ASSERT_EQ(0, vb2_set_fast(0));
	for (int i = 0; i < 2; i++)
		ASSERT_EQ(0, vb2_call(self->media, MEDIA_IOC_REQUEST_ALLOC,
				      &self->req[i]));
	ASSERT_EQ(COUNT, vb2_reqbufs(&self->node, V4L2_MEMORY_MMAP, COUNT));
	vb2_look(&self->node, &self->before);
}

FIXTURE_TEARDOWN(requests)
{
	vb2_set_ctrl(&self->node, CID_HOLD, 0);
	close(self->node.fd);
	close(self->req[0]);
	close(self->req[1]);
	close(self->media);
}

static int qbuf_req(struct vb2_node *node, unsigned int index, int req)
{
	struct vb2_arg arg;

	vb2_arg_init(&arg, node, V4L2_MEMORY_MMAP, index);
	arg.b.flags = V4L2_BUF_FLAG_REQUEST_FD;
	arg.b.request_fd = req;
	return vb2_call(node->fd, VIDIOC_QBUF, &arg.b);
}

static int queue(int req)
{
	return vb2_call(req, MEDIA_REQUEST_IOC_QUEUE, NULL);
}

static int reinit(int req)
{
	return vb2_call(req, MEDIA_REQUEST_IOC_REINIT, NULL);
}

static bool completed(int req, int ms)
{
	struct pollfd p = { .fd = req, .events = POLLPRI };

	poll(&p, 1, ms);
	return p.revents & POLLPRI;
}

TEST_F(requests, a_frame)
{
	struct vb2_node *node = &self->node;
	struct vb2_arg arg;

	ASSERT_EQ(0, qbuf_req(node, 0, self->req[0]));
	EXPECT_EQ(V4L2_BUF_FLAG_IN_REQUEST | V4L2_BUF_FLAG_REQUEST_FD,
		  vb2_flags(node, 0) &
		  (V4L2_BUF_FLAG_IN_REQUEST | V4L2_BUF_FLAG_REQUEST_FD |
		   V4L2_BUF_FLAG_QUEUED));
	ASSERT_EQ(0, vb2_streamon(node));
	ASSERT_EQ(0, vb2_set_ctrl(node, CID_HOLD, 1));
	ASSERT_EQ(0, queue(self->req[0]));
	EXPECT_EQ(V4L2_BUF_FLAG_QUEUED,
		  vb2_flags(node, 0) &
		  (V4L2_BUF_FLAG_IN_REQUEST | V4L2_BUF_FLAG_QUEUED));
	EXPECT_FALSE(completed(self->req[0], 100));
	ASSERT_EQ(0, vb2_set_ctrl(node, CID_HOLD, 0));
	EXPECT_TRUE(completed(self->req[0], 5000));

	vb2_arg_init(&arg, node, V4L2_MEMORY_MMAP, 0);
	ASSERT_EQ(0, vb2_call(node->fd, VIDIOC_DQBUF, &arg.b));
	EXPECT_NE(0, arg.b.flags & V4L2_BUF_FLAG_REQUEST_FD);
	EXPECT_EQ(self->req[0], arg.b.request_fd);
	EXPECT_EQ(0, vb2_flags(node, 0) & V4L2_BUF_FLAG_REQUEST_FD);

	/* A request is used once, and then again */
	EXPECT_EQ(-EBUSY, qbuf_req(node, 0, self->req[0]));
	EXPECT_EQ(-EBUSY, queue(self->req[0]));
	EXPECT_EQ(0, reinit(self->req[0]));
	EXPECT_EQ(0, qbuf_req(node, 0, self->req[0]));
	EXPECT_EQ(0, queue(self->req[0]));
	EXPECT_TRUE(completed(self->req[0], 5000));
}

TEST_F(requests, bad_arguments)
{
	struct vb2_node *node = &self->node;
	struct vb2_arg arg;

	EXPECT_EQ(-EINVAL, qbuf_req(node, 0, -1));
	EXPECT_EQ(-EINVAL, qbuf_req(node, 0, 9999));
	EXPECT_EQ(-EINVAL, qbuf_req(node, 0, node->fd));
	EXPECT_EQ(-EINVAL, qbuf_req(node, 0, self->media));
	EXPECT_EQ(-EINVAL, qbuf_req(node, COUNT, self->req[0]));
	/* Requests are for QBUF */
	vb2_arg_init(&arg, node, V4L2_MEMORY_MMAP, 0);
	arg.b.flags = V4L2_BUF_FLAG_REQUEST_FD;
	arg.b.request_fd = self->req[0];
	EXPECT_EQ(-EINVAL, vb2_call(node->fd, VIDIOC_PREPARE_BUF, &arg.b));
	EXPECT_TRUE(vb2_same(node, &self->before));

	/* Without a buffer there is nothing to do */
	EXPECT_EQ(-ENOENT, queue(self->req[0]));
	/* None of this counts as the first use: both ways are still open */
	EXPECT_EQ(0, vb2_qbuf(node, 0));
}

TEST_F(requests, another_device)
{
	int media = media_open(1);
	int req = -1;

	ASSERT_LE(0, media);
	ASSERT_EQ(0, vb2_call(media, MEDIA_IOC_REQUEST_ALLOC, &req));
	EXPECT_EQ(-EINVAL, qbuf_req(&self->node, 0, req));
	EXPECT_TRUE(vb2_same(&self->node, &self->before));
	close(req);
	close(media);
}

TEST_F(requests, not_supported)
{
	struct vb2_node out = vb2_open(0, "output", O_NONBLOCK);
	struct vb2_node meta = vb2_open(0, "metadata", O_NONBLOCK);

	ASSERT_EQ(COUNT, vb2_reqbufs(&out, V4L2_MEMORY_MMAP, COUNT));
	ASSERT_EQ(COUNT, vb2_reqbufs(&meta, V4L2_MEMORY_MMAP, COUNT));
	EXPECT_EQ(-EBADR, qbuf_req(&out, 0, self->req[0]));
	EXPECT_EQ(-EBADR, qbuf_req(&meta, 0, self->req[0]));
	EXPECT_EQ(-EBADR, qbuf_req(&out, 0, -1));
	close(meta.fd);
	close(out.fd);
}

TEST_F(requests, do_not_mix)
{
	struct vb2_node *node = &self->node;

	/* Directly, then with a request */
	ASSERT_EQ(0, vb2_qbuf(node, 0));
	vb2_look(node, &self->before);
	EXPECT_EQ(-EBUSY, qbuf_req(node, 1, self->req[0]));
	EXPECT_TRUE(vb2_same(node, &self->before));
	/* STREAMOFF resets that */
	EXPECT_EQ(0, vb2_streamoff(node));
	ASSERT_EQ(0, qbuf_req(node, 1, self->req[0]));
	vb2_look(node, &self->before);
	EXPECT_EQ(-EBUSY, vb2_qbuf(node, 0));
	EXPECT_TRUE(vb2_same(node, &self->before));
	/* REQBUFS as well */
	EXPECT_EQ(COUNT, vb2_reqbufs(node, V4L2_MEMORY_MMAP, COUNT));
	EXPECT_EQ(0, vb2_qbuf(node, 0));
}

TEST_F(requests, wrong_state)
{
	struct vb2_node *node = &self->node;
	struct v4l2_remove_buffers r = { .type = node->type, .count = 1 };

	ASSERT_EQ(0, qbuf_req(node, 0, self->req[0]));
	vb2_look(node, &self->before);
	EXPECT_EQ(-EINVAL, qbuf_req(node, 0, self->req[0]));
	EXPECT_EQ(-EINVAL, qbuf_req(node, 0, self->req[1]));
	EXPECT_EQ(-EBUSY, vb2_call(node->fd, VIDIOC_REMOVE_BUFS, &r));
	EXPECT_TRUE(vb2_same(node, &self->before));

	/* Queued: nothing can be added */
	ASSERT_EQ(0, queue(self->req[0]));
	EXPECT_EQ(-EBUSY, qbuf_req(node, 1, self->req[0]));
	EXPECT_EQ(-EBUSY, reinit(self->req[0]));
	EXPECT_EQ(-EBUSY, queue(self->req[0]));
}

TEST_F(requests, reinit_gives_buffers_back)
{
	struct vb2_node *node = &self->node;

	ASSERT_EQ(0, qbuf_req(node, 0, self->req[0]));
	ASSERT_EQ(0, qbuf_req(node, 1, self->req[0]));
	EXPECT_EQ(0, reinit(self->req[0]));
	EXPECT_TRUE(vb2_same(node, &self->before));
	EXPECT_EQ(0, qbuf_req(node, 0, self->req[1]));
}

TEST_F(requests, refused_by_the_driver)
{
	struct vb2_node *node = &self->node;

	ASSERT_EQ(0, qbuf_req(node, 0, self->req[0]));
	ASSERT_EQ(0, qbuf_req(node, 1, self->req[0]));
	vb2_look(node, &self->before);
	ASSERT_EQ(0, vb2_set_ctrl(node, CID_FAIL_BUF_PREPARE, 1));
	EXPECT_EQ(-EINVAL, queue(self->req[0]));
	EXPECT_TRUE(vb2_same(node, &self->before));
	/* It can be tried again */
	EXPECT_EQ(0, queue(self->req[0]));
	EXPECT_EQ(0, vb2_streamon(node));
	EXPECT_TRUE(completed(self->req[0], 5000));
}

static int qbuf_dmabuf(struct vb2_node *node, unsigned int index, int fd,
		       int req)
{
	struct vb2_arg arg;

	vb2_arg_init(&arg, node, V4L2_MEMORY_DMABUF, index);
	arg.b.m.fd = fd;
	arg.b.flags = V4L2_BUF_FLAG_REQUEST_FD;
	arg.b.request_fd = req;
	return vb2_call(node->fd, VIDIOC_QBUF, &arg.b);
}

/* The second buffer is bad: what was done for the first is undone */
TEST_F(requests, half_prepared)
{
	struct vb2_node out = vb2_open(0, "output", O_NONBLOCK);
	struct vb2_node *node = &self->node;
	struct v4l2_exportbuffer eb = { .type = out.type, .flags = O_RDWR };
	struct v4l2_format f = { .type = node->type };

	/* The picture that is captured, which may not have the size we set */
	ASSERT_EQ(0, vb2_call(node->fd, VIDIOC_G_FMT, &f));
	f.type = out.type;
	ASSERT_EQ(0, vb2_call(out.fd, VIDIOC_S_FMT, &f));
	ASSERT_EQ(COUNT, vb2_reqbufs(&out, V4L2_MEMORY_MMAP, COUNT));
	ASSERT_EQ(0, vb2_call(out.fd, VIDIOC_EXPBUF, &eb));
	ASSERT_EQ(COUNT, vb2_reqbufs(node, V4L2_MEMORY_DMABUF, COUNT));
	ASSERT_EQ(0, qbuf_dmabuf(node, 0, eb.fd, self->req[0]));
	ASSERT_EQ(0, qbuf_dmabuf(node, 1, -1, self->req[0]));
	EXPECT_EQ(-EINVAL, queue(self->req[0]));
	for (int i = 0; i < 2; i++)
		EXPECT_EQ(V4L2_BUF_FLAG_IN_REQUEST,
			  vb2_flags(node, i) & (V4L2_BUF_FLAG_IN_REQUEST |
						V4L2_BUF_FLAG_QUEUED |
						V4L2_BUF_FLAG_PREPARED));
	/* Without the bad one it works */
	EXPECT_EQ(0, reinit(self->req[0]));
	ASSERT_EQ(0, qbuf_dmabuf(node, 0, eb.fd, self->req[0]));
	EXPECT_EQ(0, queue(self->req[0]));
	EXPECT_EQ(0, vb2_streamon(node));
	EXPECT_TRUE(completed(self->req[0], 5000));
	close(eb.fd);
	close(out.fd);
}

TEST_F(requests, streamoff_ends_them)
{
	struct vb2_node *node = &self->node;

	ASSERT_EQ(0, qbuf_req(node, 0, self->req[0]));
	ASSERT_EQ(0, qbuf_req(node, 1, self->req[1]));
	ASSERT_EQ(0, queue(self->req[0]));
	EXPECT_EQ(0, vb2_streamoff(node));
	EXPECT_TRUE(completed(self->req[0], 1000));
	for (int i = 0; i < 2; i++)
		EXPECT_EQ(self->before.buf[i].b.flags, vb2_flags(node, i));
	EXPECT_EQ(-ENOENT, queue(self->req[1]));

	/* With the driver */
	ASSERT_EQ(0, reinit(self->req[0]));
	ASSERT_EQ(0, vb2_set_ctrl(node, CID_HOLD, 1));
	ASSERT_EQ(0, vb2_streamon(node));
	ASSERT_EQ(0, qbuf_req(node, 0, self->req[0]));
	ASSERT_EQ(0, queue(self->req[0]));
	EXPECT_FALSE(completed(self->req[0], 100));
	EXPECT_EQ(0, vb2_streamoff(node));
	EXPECT_TRUE(completed(self->req[0], 1000));
}

/* The descriptors are closed in any order while a buffer is in a request */
TEST_F(requests, close_in_any_order)
{
	struct vb2_node *node = &self->node;
	struct vb2_node another;

	ASSERT_EQ(0, qbuf_req(node, 0, self->req[0]));
	ASSERT_EQ(0, qbuf_req(node, 1, self->req[1]));
	ASSERT_EQ(0, queue(self->req[1]));
	close(self->req[0]);
	close(self->req[1]);
	EXPECT_NE(0, vb2_flags(node, 0) & V4L2_BUF_FLAG_IN_REQUEST);
	close(node->fd);

	another = vb2_open(0, "capture", O_NONBLOCK);
	ASSERT_EQ(0, vb2_call(self->media, MEDIA_IOC_REQUEST_ALLOC,
			      &self->req[0]));
	ASSERT_EQ(COUNT, vb2_reqbufs(&another, V4L2_MEMORY_MMAP, COUNT));
	ASSERT_EQ(0, qbuf_req(&another, 0, self->req[0]));
	ASSERT_EQ(0, queue(self->req[0]));
	close(another.fd);
	EXPECT_TRUE(completed(self->req[0], 1000));
	node->fd = -1;
	self->req[1] = -1;
}

TEST_F(requests, a_bad_start)
{
	struct vb2_node *node = &self->node;

	/* The request is what starts the driver, which refuses */
	ASSERT_EQ(0, vb2_set_ctrl(node, CID_FAIL_START, 1));
	ASSERT_EQ(0, qbuf_req(node, 0, self->req[0]));
	ASSERT_EQ(0, queue(self->req[0]));
	EXPECT_EQ(-EIO, vb2_streamon(node));
	EXPECT_EQ(0, vb2_streamon(node));
	EXPECT_TRUE(completed(self->req[0], 5000));
	EXPECT_EQ(0, vb2_dqbuf(node));
}

/* The media core frees what the driver allocated */
TEST_F(requests, no_descriptor_left)
{
	struct rlimit limit, none = {};
	int req, ret;

	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &limit));
	none.rlim_max = limit.rlim_max;
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &none));
	ret = vb2_call(self->media, MEDIA_IOC_REQUEST_ALLOC, &req);
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	EXPECT_EQ(-EMFILE, ret);
	ASSERT_EQ(0, vb2_call(self->media, MEDIA_IOC_REQUEST_ALLOC, &req));
	close(req);
}

TEST_HARNESS_MAIN
