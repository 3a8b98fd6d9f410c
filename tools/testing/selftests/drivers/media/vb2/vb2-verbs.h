/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of vb2's verbs share
 *
 * They talk to two devices of virtcap, the first single-planar, the second
 * multi-planar. A program that finds the module loaded in another way loads it
 * anew, so it needs to be root and alone.
 *
 * vb2_call() returns 0 or a negative error code, so that a test reads
 *
 *	EXPECT_EQ(-EBUSY, vb2_call(fd, VIDIOC_STREAMON, &type));
 */
#ifndef VB2_VERBS_H
#define VB2_VERBS_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <linux/media.h>
#include <linux/videodev2.h>

#include "kselftest_harness.h"

/* Controls of virtcap, see include/uapi/linux/virtcap.h */
#define CID_PACE		0x00f21000
#define CID_FAIL_BUF_PREPARE	0x00f31001
#define CID_FAIL_START		0x00f31002
#define CID_ERROR_PERCENT	0x00f31006
#define CID_HOLD		0x00f3100a
#define CID_DISCONNECT		0x00f31080
#define PACE_FAST		1

#define COUNT			4
#define BAD_POINTER		((void *)16UL)

/* A struct v4l2_buffer and room for its planes */
struct vb2_arg {
	struct v4l2_buffer b;
	struct v4l2_plane planes[VIDEO_MAX_PLANES];
};

struct vb2_node {
	int fd;
	unsigned int type;
};

/* All that QUERYBUF tells of a queue */
struct vb2_snapshot {
	struct vb2_arg buf[VIDEO_MAX_FRAME];
	int ret[VIDEO_MAX_FRAME];
};

static inline int vb2_call(int fd, unsigned long request, void *arg)
{
	return ioctl(fd, request, arg) < 0 ? -errno : 0;
}

static inline bool vb2_is_output(unsigned int type)
{
	return V4L2_TYPE_IS_OUTPUT(type);
}

static inline bool vb2_is_mplane(unsigned int type)
{
	return V4L2_TYPE_IS_MULTIPLANAR(type);
}

/* The other direction, which the ioctl core refuses for most nodes */
static inline unsigned int vb2_wrong_type(unsigned int type)
{
	return vb2_is_output(type) ? V4L2_BUF_TYPE_VIDEO_CAPTURE :
				     V4L2_BUF_TYPE_VIDEO_OUTPUT;
}

/*
 * The single-planar type on a multi-planar node, which the ioctl core lets
 * through, and the reverse. Metadata has no other.
 */
static inline unsigned int vb2_other_api(unsigned int type)
{
	switch (type) {
	case V4L2_BUF_TYPE_VIDEO_CAPTURE:
		return V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE;
	case V4L2_BUF_TYPE_VIDEO_OUTPUT:
		return V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE;
	case V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE:
		return V4L2_BUF_TYPE_VIDEO_CAPTURE;
	case V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE:
		return V4L2_BUF_TYPE_VIDEO_OUTPUT;
	default:
		return V4L2_BUF_TYPE_VIDEO_CAPTURE;
	}
}

static inline unsigned int vb2_type_of(unsigned int device, const char *role)
{
	if (!strcmp(role, "metadata"))
		return V4L2_BUF_TYPE_META_CAPTURE;
	if (!strcmp(role, "output"))
		return device ? V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE :
				V4L2_BUF_TYPE_VIDEO_OUTPUT;
	return device ? V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE :
			V4L2_BUF_TYPE_VIDEO_CAPTURE;
}

/* Opens virtcap.DEVICE's node of that role; fd < 0 on failure */
static inline struct vb2_node vb2_open(unsigned int device, const char *role,
				       int flags)
{
	struct vb2_node node = { .fd = -1, .type = vb2_type_of(device, role) };
	char path[64], want[64], name[64];

	snprintf(want, sizeof(want), "virtcap.%u %s\n", device, role);
	for (unsigned int i = 0; i < 64 && node.fd < 0; i++) {
		FILE *f;

		snprintf(path, sizeof(path),
			 "/sys/class/video4linux/video%u/name", i);
		f = fopen(path, "r");
		if (!f)
			continue;
		if (fgets(name, sizeof(name), f) && !strcmp(name, want)) {
			snprintf(path, sizeof(path), "/dev/video%u", i);
			node.fd = open(path, O_RDWR | O_CLOEXEC | flags);
		}
		fclose(f);
	}
	return node;
}

static inline int vb2_set_ctrl(struct vb2_node *node, unsigned int id, int val)
{
	struct v4l2_control ctrl = { .id = id, .value = val };

	return vb2_call(node->fd, VIDIOC_S_CTRL, &ctrl);
}

/* Frames as fast as there are buffers. The clock belongs to the device. */
static inline int vb2_set_fast(unsigned int device)
{
	struct vb2_node node = vb2_open(device, "capture", 0);
	int ret = vb2_set_ctrl(&node, CID_PACE, PACE_FAST);

	close(node.fd);
	return ret;
}

/* Formats with two planes where there may be two: more can go wrong */
static inline int vb2_set_format(struct vb2_node *node)
{
	struct v4l2_format f = { .type = node->type };

	if (node->type == V4L2_BUF_TYPE_META_CAPTURE)
		return 0;
	if (vb2_is_mplane(node->type)) {
		f.fmt.pix_mp.width = 64;
		f.fmt.pix_mp.height = 64;
		f.fmt.pix_mp.pixelformat = V4L2_PIX_FMT_NV16M;
	} else {
		f.fmt.pix.width = 64;
		f.fmt.pix.height = 64;
		f.fmt.pix.pixelformat = V4L2_PIX_FMT_YUYV;
	}
	return vb2_call(node->fd, VIDIOC_S_FMT, &f);
}

static inline int vb2_reqbufs(struct vb2_node *node, unsigned int memory,
			      unsigned int count)
{
	struct v4l2_requestbuffers req = {
		.count = count, .type = node->type, .memory = memory,
	};
	int ret = vb2_call(node->fd, VIDIOC_REQBUFS, &req);

	return ret ?: (int)req.count;
}

static inline void vb2_arg_init(struct vb2_arg *arg, struct vb2_node *node,
				unsigned int memory, unsigned int index)
{
	memset(arg, 0, sizeof(*arg));
	arg->b.type = node->type;
	arg->b.memory = memory;
	arg->b.index = index;
	if (vb2_is_output(node->type))
		arg->b.field = V4L2_FIELD_NONE;
	if (vb2_is_mplane(node->type)) {
		arg->b.m.planes = arg->planes;
		arg->b.length = VIDEO_MAX_PLANES;
	}
}

static inline int vb2_qbuf(struct vb2_node *node, unsigned int index)
{
	struct vb2_arg arg;

	vb2_arg_init(&arg, node, V4L2_MEMORY_MMAP, index);
	return vb2_call(node->fd, VIDIOC_QBUF, &arg.b);
}

/* Returns the flags of the buffer, or a negative error code */
static inline int vb2_flags(struct vb2_node *node, unsigned int index)
{
	struct vb2_arg arg;
	int ret;

	vb2_arg_init(&arg, node, V4L2_MEMORY_MMAP, index);
	ret = vb2_call(node->fd, VIDIOC_QUERYBUF, &arg.b);
	return ret ?: (int)arg.b.flags;
}

/* Returns the index, or a negative error code */
static inline int vb2_dqbuf(struct vb2_node *node)
{
	struct vb2_arg arg;
	int ret;

	vb2_arg_init(&arg, node, V4L2_MEMORY_MMAP, 0);
	ret = vb2_call(node->fd, VIDIOC_DQBUF, &arg.b);
	return ret ?: (int)arg.b.index;
}

static inline int vb2_streamon(struct vb2_node *node)
{
	return vb2_call(node->fd, VIDIOC_STREAMON, &node->type);
}

static inline int vb2_streamoff(struct vb2_node *node)
{
	return vb2_call(node->fd, VIDIOC_STREAMOFF, &node->type);
}

static inline void vb2_look(struct vb2_node *node, struct vb2_snapshot *s)
{
	memset(s, 0, sizeof(*s));
	for (unsigned int i = 0; i < VIDEO_MAX_FRAME; i++) {
		vb2_arg_init(&s->buf[i], node, V4L2_MEMORY_MMAP, i);
		s->ret[i] = vb2_call(node->fd, VIDIOC_QUERYBUF, &s->buf[i].b);
		/* It points into the snapshot itself */
		if (vb2_is_mplane(node->type))
			s->buf[i].b.m.planes = NULL;
	}
}

/* What must not have changed has not? */
static inline bool vb2_same(struct vb2_node *node,
			    const struct vb2_snapshot *before)
{
	struct vb2_snapshot *now = malloc(sizeof(*now));
	bool same;

	vb2_look(node, now);
	same = !memcmp(now, before, sizeof(*now));
	free(now);
	return same;
}

static inline short vb2_poll(struct vb2_node *node, short events, int ms)
{
	struct pollfd p = { .fd = node->fd, .events = events };

	poll(&p, 1, ms);
	return p.revents;
}

static inline void vb2_sleep_ms(unsigned int ms)
{
	struct timespec t = { ms / 1000, (ms % 1000) * 1000000L };

	nanosleep(&t, NULL);
}

/* A call in a thread of its own, to see it sleep and be woken */
struct vb2_sleeper {
	pthread_t thread;
	struct vb2_node *node;
	int (*call)(struct vb2_node *node);
	int ret;
	bool done;
};

static inline void *vb2_sleeper_run(void *arg)
{
	struct vb2_sleeper *s = arg;

	s->ret = s->call(s->node);
	__atomic_store_n(&s->done, true, __ATOMIC_RELEASE);
	return NULL;
}

static inline void vb2_sleeper_start(struct vb2_sleeper *s,
				     struct vb2_node *node,
				     int (*call)(struct vb2_node *node))
{
	*s = (struct vb2_sleeper) { .node = node, .call = call };
	pthread_create(&s->thread, NULL, vb2_sleeper_run, s);
}

/* Does it sleep still, after as long as it would have needed to return? */
static inline bool vb2_sleeper_sleeps(struct vb2_sleeper *s)
{
	vb2_sleep_ms(300);
	return !__atomic_load_n(&s->done, __ATOMIC_ACQUIRE);
}

/* What it returned; -ETIME if it does not return for ten seconds */
static inline int vb2_sleeper_end(struct vb2_sleeper *s)
{
	for (int i = 0; i < 1000; i++) {
		if (__atomic_load_n(&s->done, __ATOMIC_ACQUIRE)) {
			pthread_join(s->thread, NULL);
			return s->ret;
		}
		vb2_sleep_ms(10);
	}
	pthread_detach(s->thread);
	return -ETIME;
}

static inline int vb2_parameter(const char *name, char *text, int size)
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/sys/module/virtcap/parameters/%s", name);
	f = fopen(path, "r");
	if (!f)
		return -errno;
	text[0] = 0;
	if (!fgets(text, size, f))
		text[0] = 0;
	fclose(f);
	return 0;
}

/* Before main(): the devices that all tests want */
static inline __attribute__((constructor)) void vb2_load(void)
{
	char n_devs[32] = "", faults[32] = "", planes[256] = "";

	if (!vb2_parameter("n_devs", n_devs, sizeof(n_devs)) &&
	    !vb2_parameter("faults", faults, sizeof(faults)) &&
	    !vb2_parameter("multiplanar", planes, sizeof(planes)) &&
	    atoi(n_devs) >= 2 && faults[0] == 'Y' && !strncmp(planes, "0,1", 3))
		return;
	if (system("modprobe -q -r virtcap; modprobe virtcap n_devs=2 multiplanar=0,1 faults=1")) {
		printf("1..0 # SKIP no virtcap: build it, install it, be root\n");
		exit(KSFT_SKIP);
	}
}

#endif /* VB2_VERBS_H */
