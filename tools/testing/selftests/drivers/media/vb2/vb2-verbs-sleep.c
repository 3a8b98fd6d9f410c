// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who sleeps in DQBUF, read() or poll(), and what wakes them
 *
 * virtcap holds all buffers back, so nothing but what a test does ends a sleep.
 */
#include "vb2-verbs.h"

FIXTURE(sleep)
{
	struct vb2_node node;
	struct vb2_node other;
};

FIXTURE_VARIANT(sleep)
{
	unsigned int device;
	const char *role;
};

FIXTURE_VARIANT_ADD(sleep, capture) { 0, "capture" };
FIXTURE_VARIANT_ADD(sleep, output) { 0, "output" };
FIXTURE_VARIANT_ADD(sleep, metadata) { 0, "metadata" };
FIXTURE_VARIANT_ADD(sleep, capture_mplane) { 1, "capture" };

FIXTURE_SETUP(sleep)
{
	self->node = vb2_open(variant->device, variant->role, 0);
	self->other = vb2_open(variant->device, variant->role, O_NONBLOCK);
	ASSERT_LE(0, self->node.fd);
	ASSERT_LE(0, self->other.fd);
	ASSERT_EQ(0, vb2_set_format(&self->node));
	ASSERT_EQ(0, vb2_set_fast(variant->device));
	ASSERT_EQ(COUNT, vb2_reqbufs(&self->node, V4L2_MEMORY_MMAP, COUNT));
	ASSERT_EQ(0, vb2_qbuf(&self->node, 0));
	ASSERT_EQ(0, vb2_qbuf(&self->node, 1));
	ASSERT_EQ(0, vb2_set_ctrl(&self->node, CID_HOLD, 1));
}

/* Some tests unplug the device */
static void plug_in(unsigned int device)
{
	const char *name = device ? "virtcap.1" : "virtcap.0";
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/platform/devices/%s/driver", name);
	if (!access(path, F_OK))
		return;
	fd = open("/sys/bus/platform/drivers/virtcap/bind", O_WRONLY);
	if (fd < 0 || write(fd, name, strlen(name)) < 0)
		perror("bind virtcap");
	close(fd);
}

FIXTURE_TEARDOWN(sleep)
{
	vb2_set_ctrl(&self->node, CID_HOLD, 0);
	close(self->other.fd);
	close(self->node.fd);
	plug_in(variant->device);
}

TEST_F(sleep, a_buffer_wakes)
{
	struct vb2_sleeper s;

	ASSERT_EQ(0, vb2_streamon(&self->node));
	vb2_sleeper_start(&s, &self->node, vb2_dqbuf);
	EXPECT_TRUE(vb2_sleeper_sleeps(&s));
	/* The lock is free meanwhile, but there is only one sleeper */
	EXPECT_EQ(-EBUSY, vb2_dqbuf(&self->node));
	EXPECT_EQ(0, vb2_qbuf(&self->node, 2));
	EXPECT_EQ(-EBUSY, vb2_reqbufs(&self->node, V4L2_MEMORY_MMAP, 1));
	EXPECT_EQ(0, vb2_set_ctrl(&self->other, CID_HOLD, 0));
	EXPECT_EQ(0, vb2_sleeper_end(&s));
}

TEST_F(sleep, streamoff_wakes)
{
	struct vb2_sleeper s;

	ASSERT_EQ(0, vb2_streamon(&self->node));
	vb2_sleeper_start(&s, &self->node, vb2_dqbuf);
	EXPECT_TRUE(vb2_sleeper_sleeps(&s));
	EXPECT_EQ(0, vb2_streamoff(&self->node));
	EXPECT_EQ(-EINVAL, vb2_sleeper_end(&s));
	EXPECT_EQ(0, vb2_flags(&self->node, 0) & V4L2_BUF_FLAG_QUEUED);
}

static void ignore(int sig)
{
}

TEST_F(sleep, a_signal_wakes)
{
	struct sigaction action = { .sa_handler = ignore };
	struct vb2_sleeper s;

	/* Without SA_RESTART */
	ASSERT_EQ(0, sigaction(SIGUSR1, &action, NULL));
	ASSERT_EQ(0, vb2_streamon(&self->node));
	vb2_sleeper_start(&s, &self->node, vb2_dqbuf);
	EXPECT_TRUE(vb2_sleeper_sleeps(&s));
	pthread_kill(s.thread, SIGUSR1);
	EXPECT_EQ(-EINTR, vb2_sleeper_end(&s));
	/* Nothing was lost */
	EXPECT_NE(0, vb2_flags(&self->node, 0) & V4L2_BUF_FLAG_QUEUED);
	EXPECT_EQ(0, vb2_set_ctrl(&self->node, CID_HOLD, 0));
	EXPECT_EQ(0, vb2_dqbuf(&self->node));
}

TEST_F(sleep, unplugging_wakes)
{
	struct vb2_sleeper s;

	ASSERT_EQ(0, vb2_streamon(&self->node));
	vb2_sleeper_start(&s, &self->node, vb2_dqbuf);
	EXPECT_TRUE(vb2_sleeper_sleeps(&s));
	EXPECT_EQ(0, vb2_set_ctrl(&self->other, CID_DISCONNECT, 1));
	EXPECT_EQ(-ENODEV, vb2_sleeper_end(&s));
	EXPECT_EQ(-ENODEV, vb2_dqbuf(&self->node));
	EXPECT_EQ(-ENODEV, vb2_streamoff(&self->node));
	EXPECT_NE(0, vb2_poll(&self->node, POLLIN | POLLOUT, 1000) & POLLERR);
}

/* A writer sleeps only when all buffers are full */
static int read_or_write(struct vb2_node *node)
{
	char buf[512] = "";
	ssize_t ret;

	do {
		ret = vb2_is_output(node->type) ?
		      write(node->fd, buf, sizeof(buf)) :
		      read(node->fd, buf, sizeof(buf));
	} while (vb2_is_output(node->type) && ret > 0);
	return ret < 0 ? -errno : ret;
}

TEST_F(sleep, unplugging_wakes_readers)
{
	struct v4l2_format f = { .type = self->node.type };
	struct vb2_sleeper s;

	ASSERT_EQ(0, vb2_reqbufs(&self->node, V4L2_MEMORY_MMAP, 0));
	/* Frames of one plane */
	if (vb2_is_mplane(self->node.type)) {
		f.fmt.pix_mp.pixelformat = V4L2_PIX_FMT_YUYV;
		ASSERT_EQ(0, vb2_call(self->node.fd, VIDIOC_S_FMT, &f));
	}
	vb2_sleeper_start(&s, &self->node, read_or_write);
	EXPECT_TRUE(vb2_sleeper_sleeps(&s));
	/* It is one at a time, and nobody else's */
	EXPECT_EQ(-EBUSY, read_or_write(&self->node));
	EXPECT_EQ(-EBUSY, read_or_write(&self->other));
	EXPECT_EQ(-EBUSY, vb2_streamoff(&self->node));
	EXPECT_EQ(-EBUSY, vb2_reqbufs(&self->node, V4L2_MEMORY_MMAP, 0));
	EXPECT_EQ(0, vb2_set_ctrl(&self->other, CID_DISCONNECT, 1));
	EXPECT_EQ(-ENODEV, vb2_sleeper_end(&s));
	EXPECT_EQ(-ENODEV, read_or_write(&self->node));
}

TEST_F(sleep, poll)
{
	const bool out = vb2_is_output(self->node.type);
	const short ready = out ? POLLOUT : POLLIN;
	struct vb2_node *node = &self->node;
	struct v4l2_create_buffers c = {
		.count = 1, .memory = V4L2_MEMORY_MMAP,
		.format.type = node->type,
	};

	/* Not streaming; and events are another matter */
	EXPECT_EQ(POLLERR, vb2_poll(node, ready, 0));
	EXPECT_EQ(0, vb2_poll(node, POLLPRI, 0));

	ASSERT_EQ(0, vb2_streamon(node));
	EXPECT_EQ(0, vb2_poll(node, ready, 100));
	/* More buffers make no difference to those that are queued */
	EXPECT_EQ(0, vb2_call(node->fd, VIDIOC_G_FMT, &c.format));
	EXPECT_EQ(0, vb2_call(node->fd, VIDIOC_CREATE_BUFS, &c));
	EXPECT_EQ(0, vb2_poll(node, ready, 0));
	EXPECT_EQ(0, vb2_set_ctrl(node, CID_HOLD, 0));
	EXPECT_EQ(ready, vb2_poll(node, ready, 5000));
	/* The other direction never becomes ready */
	EXPECT_EQ(0, vb2_poll(node, out ? POLLIN : POLLOUT, 0));
	EXPECT_EQ(0, vb2_dqbuf(node));
	EXPECT_EQ(1, vb2_dqbuf(node));

	/* Nothing queued since STREAMON: an error, or room for a frame */
	EXPECT_EQ(0, vb2_streamoff(node));
	EXPECT_EQ(POLLERR, vb2_poll(node, ready, 0));
	EXPECT_EQ(0, vb2_streamon(node));
	EXPECT_EQ(out ? POLLOUT : POLLERR, vb2_poll(node, ready, 0));
}

static int poll_forever(struct vb2_node *node)
{
	return vb2_poll(node, vb2_is_output(node->type) ? POLLOUT : POLLIN, -1);
}

TEST_F(sleep, streamoff_wakes_poll)
{
	struct vb2_sleeper s;

	ASSERT_EQ(0, vb2_streamon(&self->node));
	vb2_sleeper_start(&s, &self->node, poll_forever);
	EXPECT_TRUE(vb2_sleeper_sleeps(&s));
	EXPECT_EQ(0, vb2_streamoff(&self->node));
	EXPECT_EQ(POLLERR, vb2_sleeper_end(&s));
}

TEST_F(sleep, unplugging_wakes_poll)
{
	struct vb2_sleeper s;

	ASSERT_EQ(0, vb2_streamon(&self->node));
	vb2_sleeper_start(&s, &self->node, poll_forever);
	EXPECT_TRUE(vb2_sleeper_sleeps(&s));
	EXPECT_EQ(0, vb2_set_ctrl(&self->other, CID_DISCONNECT, 1));
	EXPECT_NE(0, vb2_sleeper_end(&s) & POLLERR);
}

TEST_HARNESS_MAIN
