// SPDX-License-Identifier: GPL-2.0-only
/*
 * REQBUFS, CREATE_BUFS, REMOVE_BUFS, QUERYBUF, EXPBUF, mmap(): what they refuse,
 * with which error, and that what they refuse changes nothing
 */
#include "vb2-verbs.h"

FIXTURE(buffers)
{
	struct vb2_node node;
	struct vb2_node other;
	struct vb2_snapshot before;
};

FIXTURE_VARIANT(buffers)
{
	unsigned int device;
	const char *role;
};

FIXTURE_VARIANT_ADD(buffers, capture) { 0, "capture" };
FIXTURE_VARIANT_ADD(buffers, output) { 0, "output" };
FIXTURE_VARIANT_ADD(buffers, metadata) { 0, "metadata" };
FIXTURE_VARIANT_ADD(buffers, capture_mplane) { 1, "capture" };
FIXTURE_VARIANT_ADD(buffers, output_mplane) { 1, "output" };

FIXTURE_SETUP(buffers)
{
	self->node = vb2_open(variant->device, variant->role, O_NONBLOCK);
	self->other = vb2_open(variant->device, variant->role, O_NONBLOCK);
	ASSERT_LE(0, self->node.fd);
	ASSERT_LE(0, self->other.fd);
	ASSERT_EQ(0, vb2_set_format(&self->node));
	ASSERT_EQ(COUNT, vb2_reqbufs(&self->node, V4L2_MEMORY_MMAP, COUNT));
	vb2_look(&self->node, &self->before);
}

FIXTURE_TEARDOWN(buffers)
{
	close(self->other.fd);
	close(self->node.fd);
}

TEST_F(buffers, reqbufs_refuses)
{
	struct v4l2_requestbuffers good = {
		.count = 2, .type = self->node.type, .memory = V4L2_MEMORY_MMAP,
	}, req;
	const unsigned int types[] = {
		0, V4L2_BUF_TYPE_VBI_CAPTURE, 99, ~0U,
		vb2_wrong_type(self->node.type), vb2_other_api(self->node.type),
	};
	const unsigned int memories[] = { 0, V4L2_MEMORY_OVERLAY, 5, ~0U };

	for (unsigned int i = 0; i < ARRAY_SIZE(types); i++) {
		req = good;
		req.type = types[i];
		EXPECT_EQ(-EINVAL, vb2_call(self->node.fd, VIDIOC_REQBUFS, &req))
			TH_LOG("type %u", types[i]);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(memories); i++) {
		req = good;
		req.memory = memories[i];
		EXPECT_EQ(-EINVAL, vb2_call(self->node.fd, VIDIOC_REQBUFS, &req))
			TH_LOG("memory %u", memories[i]);
		/* Also where nothing would be allocated */
		req.count = 0;
		EXPECT_EQ(-EINVAL, vb2_call(self->node.fd, VIDIOC_REQBUFS, &req))
			TH_LOG("memory %u", memories[i]);
	}
	EXPECT_EQ(-EFAULT, vb2_call(self->node.fd, VIDIOC_REQBUFS, BAD_POINTER));

	/* Another file handle, whatever it asks for */
	for (req = good; req.count; req.count--)
		EXPECT_EQ(-EBUSY, vb2_call(self->other.fd, VIDIOC_REQBUFS, &req));
	EXPECT_EQ(-EBUSY, vb2_call(self->other.fd, VIDIOC_REQBUFS, &req));
	EXPECT_TRUE(vb2_same(&self->node, &self->before));

	/* While streaming, even to free */
	ASSERT_EQ(0, vb2_qbuf(&self->node, 0));
	ASSERT_EQ(0, vb2_streamon(&self->node));
	EXPECT_EQ(-EBUSY, vb2_reqbufs(&self->node, V4L2_MEMORY_MMAP, 2));
	EXPECT_EQ(-EBUSY, vb2_reqbufs(&self->node, V4L2_MEMORY_MMAP, 0));
	EXPECT_EQ(0, vb2_streamoff(&self->node));
	for (unsigned int i = 0; i < COUNT; i++)
		EXPECT_EQ(self->before.buf[i].b.flags,
			  vb2_flags(&self->node, i));
	EXPECT_EQ(-EINVAL, vb2_flags(&self->node, COUNT));
}

TEST_F(buffers, reqbufs_bends_counts_and_flags)
{
	struct v4l2_requestbuffers req = {
		.count = 100000, .type = self->node.type,
		.memory = V4L2_MEMORY_MMAP, .flags = 0xff,
	};

	EXPECT_EQ(0, vb2_call(self->node.fd, VIDIOC_REQBUFS, &req));
	EXPECT_LE(VIDEO_MAX_FRAME, req.count);
	EXPECT_GT(100000, req.count);
	EXPECT_EQ(V4L2_MEMORY_FLAG_NON_COHERENT, req.flags);
	EXPECT_EQ(V4L2_BUF_CAP_SUPPORTS_MMAP,
		  req.capabilities & V4L2_BUF_CAP_SUPPORTS_MMAP);

	/* Nothing owns an empty queue */
	EXPECT_EQ(0, vb2_reqbufs(&self->node, V4L2_MEMORY_MMAP, 0));
	EXPECT_EQ(-EINVAL, vb2_flags(&self->node, 0));
	EXPECT_EQ(2, vb2_reqbufs(&self->other, V4L2_MEMORY_MMAP, 2));
	EXPECT_EQ(-EBUSY, vb2_reqbufs(&self->node, V4L2_MEMORY_MMAP, 2));
	/* close() frees as well */
	close(self->other.fd);
	self->other.fd = -1;
	EXPECT_EQ(2, vb2_reqbufs(&self->node, V4L2_MEMORY_MMAP, 2));
}

static int create(struct vb2_node *node, struct v4l2_create_buffers *c)
{
	return vb2_call(node->fd, VIDIOC_CREATE_BUFS, c);
}

static void create_init(struct vb2_node *node, struct v4l2_create_buffers *c)
{
	memset(c, 0, sizeof(*c));
	c->count = 1;
	c->memory = V4L2_MEMORY_MMAP;
	c->format.type = node->type;
	vb2_call(node->fd, VIDIOC_G_FMT, &c->format);
}

static void set_size(struct v4l2_create_buffers *c, unsigned int size)
{
	if (c->format.type == V4L2_BUF_TYPE_META_CAPTURE)
		c->format.fmt.meta.buffersize = size;
	else if (vb2_is_mplane(c->format.type))
		c->format.fmt.pix_mp.plane_fmt[0].sizeimage = size;
	else
		c->format.fmt.pix.sizeimage = size;
}

TEST_F(buffers, create_bufs_refuses)
{
	struct v4l2_create_buffers c;

	for (unsigned int count = 0; count < 2; count++) {
		create_init(&self->node, &c);
		c.count = count;
		c.format.type = vb2_wrong_type(self->node.type);
		EXPECT_EQ(-EINVAL, create(&self->node, &c));
		c.format.type = vb2_other_api(self->node.type);
		EXPECT_EQ(-EINVAL, create(&self->node, &c));
		c.format.type = 99;
		EXPECT_EQ(-EINVAL, create(&self->node, &c));
		create_init(&self->node, &c);
		c.count = count;
		c.memory = V4L2_MEMORY_OVERLAY;
		EXPECT_EQ(-EINVAL, create(&self->node, &c));
		c.memory = 99;
		EXPECT_EQ(-EINVAL, create(&self->node, &c));
	}

	/* Not as the buffers that exist */
	create_init(&self->node, &c);
	c.memory = V4L2_MEMORY_DMABUF;
	EXPECT_EQ(-EINVAL, create(&self->node, &c));
	create_init(&self->node, &c);
	c.flags = V4L2_MEMORY_FLAG_NON_COHERENT;
	EXPECT_EQ(-EINVAL, create(&self->node, &c));

	/* A format that cannot be */
	create_init(&self->node, &c);
	set_size(&c, 0);
	EXPECT_EQ(-EINVAL, create(&self->node, &c));
	set_size(&c, 1);
	EXPECT_EQ(-EINVAL, create(&self->node, &c));
	if (vb2_is_mplane(self->node.type)) {
		create_init(&self->node, &c);
		c.format.fmt.pix_mp.num_planes = 0;
		EXPECT_EQ(-EINVAL, create(&self->node, &c));
		c.format.fmt.pix_mp.num_planes = VIDEO_MAX_PLANES + 1;
		EXPECT_EQ(-EINVAL, create(&self->node, &c));
		c.format.fmt.pix_mp.num_planes = 255;
		EXPECT_EQ(-EINVAL, create(&self->node, &c));
	}

	create_init(&self->node, &c);
	EXPECT_EQ(-EBUSY, create(&self->other, &c));
	EXPECT_EQ(-EFAULT, vb2_call(self->node.fd, VIDIOC_CREATE_BUFS,
				    BAD_POINTER));
	EXPECT_TRUE(vb2_same(&self->node, &self->before));
}

TEST_F(buffers, create_bufs_probes_and_fills)
{
	struct v4l2_create_buffers c;
	unsigned int max;

	/* Count 0 is a question that anybody may ask */
	create_init(&self->node, &c);
	c.count = 0;
	EXPECT_EQ(0, create(&self->other, &c));
	EXPECT_EQ(COUNT, c.index);
	EXPECT_NE(0, c.capabilities & V4L2_BUF_CAP_SUPPORTS_MAX_NUM_BUFFERS);
	max = c.max_num_buffers;
	EXPECT_LE(VIDEO_MAX_FRAME, max);
	EXPECT_TRUE(vb2_same(&self->node, &self->before));

	/* Flags that mean nothing have no effect, and do not come back */
	create_init(&self->node, &c);
	c.count = max;
	c.flags = ~V4L2_MEMORY_FLAG_NON_COHERENT;
	EXPECT_EQ(0, create(&self->node, &c));
	EXPECT_EQ(0, c.flags);
	EXPECT_EQ(COUNT, c.index);
	EXPECT_EQ(max - COUNT, c.count);
	create_init(&self->node, &c);
	EXPECT_EQ(-ENOBUFS, create(&self->node, &c));
}

static int remove_bufs(struct vb2_node *node, unsigned int type,
		       unsigned int index, unsigned int count)
{
	struct v4l2_remove_buffers r = {
		.index = index, .count = count, .type = type,
	};

	return vb2_call(node->fd, VIDIOC_REMOVE_BUFS, &r);
}

TEST_F(buffers, remove_bufs_refuses)
{
	struct vb2_node *node = &self->node;
	unsigned int wrong = vb2_wrong_type(node->type);

	EXPECT_EQ(-EINVAL, remove_bufs(node, wrong, 0, 1));
	EXPECT_EQ(-EINVAL, remove_bufs(node, wrong, 0, 0));
	wrong = vb2_other_api(node->type);
	EXPECT_EQ(-EINVAL, remove_bufs(node, wrong, 0, 1));
	EXPECT_EQ(-EINVAL, remove_bufs(node, wrong, 0, 0));
	EXPECT_EQ(-EINVAL, remove_bufs(node, 99, 0, 1));
	EXPECT_EQ(-EINVAL, remove_bufs(node, node->type, COUNT, 1));
	EXPECT_EQ(-EINVAL, remove_bufs(node, node->type, COUNT - 1, 2));
	EXPECT_EQ(-EINVAL, remove_bufs(node, node->type, 0, COUNT + 1));
	EXPECT_EQ(-EINVAL, remove_bufs(node, node->type, ~0U, 1));
	EXPECT_EQ(-EINVAL, remove_bufs(node, node->type, ~0U, 2));
	EXPECT_EQ(-EINVAL, remove_bufs(node, node->type, 1, ~0U));
	EXPECT_EQ(-EBUSY, remove_bufs(&self->other, node->type, 0, 1));
	EXPECT_EQ(-EFAULT, vb2_call(node->fd, VIDIOC_REMOVE_BUFS, BAD_POINTER));
	/* Nothing to do: always fine */
	EXPECT_EQ(0, remove_bufs(node, node->type, 99, 0));
	EXPECT_EQ(0, remove_bufs(&self->other, node->type, 0, 0));
	EXPECT_TRUE(vb2_same(node, &self->before));

	/* One of them is queued: none is removed */
	ASSERT_EQ(0, vb2_qbuf(node, 2));
	vb2_look(node, &self->before);
	EXPECT_EQ(-EBUSY, remove_bufs(node, node->type, 0, COUNT));
	EXPECT_TRUE(vb2_same(node, &self->before));
}

TEST_F(buffers, remove_bufs_leaves_holes)
{
	struct vb2_node *node = &self->node;
	struct v4l2_create_buffers c;

	ASSERT_EQ(0, remove_bufs(node, node->type, 1, 2));
	EXPECT_EQ(-EINVAL, vb2_flags(node, 1));
	EXPECT_EQ(-EINVAL, vb2_qbuf(node, 1));
	EXPECT_EQ(-EINVAL, remove_bufs(node, node->type, 1, 1));
	EXPECT_EQ(-EINVAL, remove_bufs(node, node->type, 0, COUNT));
	EXPECT_LE(0, vb2_flags(node, 0));
	EXPECT_LE(0, vb2_flags(node, 3));

	/* Three do not fit into the hole, two do */
	create_init(node, &c);
	c.count = 3;
	EXPECT_EQ(0, create(node, &c));
	EXPECT_EQ(COUNT, c.index);
	create_init(node, &c);
	c.count = 2;
	EXPECT_EQ(0, create(node, &c));
	EXPECT_EQ(1, c.index);
	EXPECT_LE(0, vb2_flags(node, 1));
}

TEST_F(buffers, querybuf_refuses)
{
	struct vb2_node *node = &self->node;
	struct vb2_arg arg;

	vb2_arg_init(&arg, node, 0, COUNT);
	EXPECT_EQ(-EINVAL, vb2_call(node->fd, VIDIOC_QUERYBUF, &arg.b));
	arg.b.index = ~0U;
	EXPECT_EQ(-EINVAL, vb2_call(node->fd, VIDIOC_QUERYBUF, &arg.b));
	vb2_arg_init(&arg, node, 0, 0);
	arg.b.type = vb2_wrong_type(node->type);
	EXPECT_EQ(-EINVAL, vb2_call(node->fd, VIDIOC_QUERYBUF, &arg.b));
	arg.b.type = vb2_other_api(node->type);
	EXPECT_EQ(-EINVAL, vb2_call(node->fd, VIDIOC_QUERYBUF, &arg.b));
	EXPECT_EQ(-EFAULT, vb2_call(node->fd, VIDIOC_QUERYBUF, BAD_POINTER));
	/* Everybody may look */
	vb2_arg_init(&arg, node, 0, 0);
	EXPECT_EQ(0, vb2_call(self->other.fd, VIDIOC_QUERYBUF, &arg.b));

	if (!vb2_is_mplane(node->type))
		return;
	vb2_arg_init(&arg, node, 0, 0);
	for (unsigned int planes = 0; planes < 2; planes++) {
		arg.b.length = planes;
		EXPECT_EQ(-EINVAL, vb2_call(node->fd, VIDIOC_QUERYBUF, &arg.b));
	}
	arg.b.length = VIDEO_MAX_PLANES + 1;
	EXPECT_EQ(-EINVAL, vb2_call(node->fd, VIDIOC_QUERYBUF, &arg.b));
	vb2_arg_init(&arg, node, 0, 0);
	arg.b.m.planes = BAD_POINTER;
	EXPECT_EQ(-EFAULT, vb2_call(node->fd, VIDIOC_QUERYBUF, &arg.b));
	arg.b.m.planes = NULL;
	EXPECT_NE(0, vb2_call(node->fd, VIDIOC_QUERYBUF, &arg.b));
}

/* What cannot be done to a queue that has no buffers, by whoever tries */
TEST_F(buffers, without_buffers)
{
	struct vb2_node *nodes[] = { &self->node, &self->other };
	struct v4l2_exportbuffer eb = { .type = self->node.type };
	struct vb2_arg arg;

	ASSERT_EQ(0, vb2_reqbufs(&self->node, V4L2_MEMORY_MMAP, 0));
	for (int i = 0; i < 2; i++) {
		struct vb2_node *n = nodes[i];

		EXPECT_EQ(-EINVAL, vb2_flags(n, 0));
		EXPECT_EQ(-EINVAL, vb2_qbuf(n, 0));
		vb2_arg_init(&arg, n, V4L2_MEMORY_MMAP, 0);
		EXPECT_EQ(-EINVAL, vb2_call(n->fd, VIDIOC_PREPARE_BUF, &arg.b));
		EXPECT_EQ(-EINVAL, vb2_dqbuf(n));
		EXPECT_EQ(-EINVAL, vb2_call(n->fd, VIDIOC_EXPBUF, &eb));
		EXPECT_EQ(-EINVAL, remove_bufs(n, n->type, 0, 1));
		EXPECT_EQ(-EINVAL, vb2_streamon(n));
		EXPECT_EQ(0, vb2_streamoff(n));
		EXPECT_EQ(MAP_FAILED, mmap(NULL, 4096, PROT_READ | PROT_WRITE,
					   MAP_SHARED, n->fd, 0));
		EXPECT_EQ(EINVAL, errno);
	}
}

TEST_F(buffers, expbuf_refuses)
{
	struct v4l2_exportbuffer good = {
		.type = self->node.type, .flags = O_CLOEXEC | O_RDWR,
	}, eb;
	int fd = self->node.fd;

	eb = good;
	eb.type = vb2_wrong_type(self->node.type);
	EXPECT_EQ(-EINVAL, vb2_call(fd, VIDIOC_EXPBUF, &eb));
	eb.type = vb2_other_api(self->node.type);
	EXPECT_EQ(-EINVAL, vb2_call(fd, VIDIOC_EXPBUF, &eb));
	eb = good;
	eb.index = COUNT;
	EXPECT_EQ(-EINVAL, vb2_call(fd, VIDIOC_EXPBUF, &eb));
	eb = good;
	eb.plane = VIDEO_MAX_PLANES;
	EXPECT_EQ(-EINVAL, vb2_call(fd, VIDIOC_EXPBUF, &eb));
	eb = good;
	eb.plane = vb2_is_mplane(self->node.type) ? 2 : 1;
	EXPECT_EQ(-EINVAL, vb2_call(fd, VIDIOC_EXPBUF, &eb));
	eb = good;
	eb.flags = O_NONBLOCK;
	EXPECT_EQ(-EINVAL, vb2_call(fd, VIDIOC_EXPBUF, &eb));
	EXPECT_EQ(-EFAULT, vb2_call(fd, VIDIOC_EXPBUF, BAD_POINTER));
	EXPECT_TRUE(vb2_same(&self->node, &self->before));

	/* Everybody may; it counts as mapped, and outlives the buffer */
	eb = good;
	ASSERT_EQ(0, vb2_call(self->other.fd, VIDIOC_EXPBUF, &eb));
	EXPECT_NE(0, vb2_flags(&self->node, 0) & V4L2_BUF_FLAG_MAPPED);
	EXPECT_EQ(0, vb2_reqbufs(&self->node, V4L2_MEMORY_MMAP, 0));
	EXPECT_LT(0, lseek(eb.fd, 0, SEEK_END));
	close(eb.fd);
}

TEST_F(buffers, mmap_refuses)
{
	struct vb2_arg arg;
	unsigned int length, offset;
	int fd = self->node.fd;
	int prot = vb2_is_output(self->node.type) ? PROT_READ : PROT_WRITE;
	void *p;

	vb2_arg_init(&arg, &self->node, 0, 0);
	ASSERT_EQ(0, vb2_call(fd, VIDIOC_QUERYBUF, &arg.b));
	length = vb2_is_mplane(self->node.type) ? arg.planes[0].length :
						  arg.b.length;
	offset = vb2_is_mplane(self->node.type) ? arg.planes[0].m.mem_offset :
						  arg.b.m.offset;

	EXPECT_EQ(MAP_FAILED, mmap(NULL, length, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE, fd, offset));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, length, prot, MAP_SHARED, fd, offset));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, length + 4096, PROT_READ | PROT_WRITE,
				   MAP_SHARED, fd, offset));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, length, PROT_READ | PROT_WRITE,
				   MAP_SHARED, fd, 0x3ffff000));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, length, PROT_READ | PROT_WRITE,
				   MAP_SHARED, fd, 0x7ffffffff000));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_TRUE(vb2_same(&self->node, &self->before));

	/* Everybody may */
	p = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED,
		 self->other.fd, offset);
	ASSERT_NE(MAP_FAILED, p);
	EXPECT_NE(0, vb2_flags(&self->node, 0) & V4L2_BUF_FLAG_MAPPED);
	EXPECT_EQ(0, vb2_flags(&self->node, 1) & V4L2_BUF_FLAG_MAPPED);
	/* The memory stays as long as it is mapped */
	EXPECT_EQ(0, vb2_reqbufs(&self->node, V4L2_MEMORY_MMAP, 0));
	memset(p, 1, length);
	munmap(p, length);
}

TEST_HARNESS_MAIN
