/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the threads of vb2-stress share, and what they can do
 *
 * Descriptors are in tables, from which any thread takes and closes any. What is
 * in the same slot of several tables fits, mostly: it is one device's. What the
 * kernel is told to read, write or pin lies in a window of addresses where nothing else
 * is, so that a wrong pointer hits nothing of the program's own.
 */
#ifndef VB2_STRESS_H
#define VB2_STRESS_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/dma-buf.h>
#include <linux/media.h>
#include <linux/videodev2.h>

#define DEVICES		4
#define SLOTS		12
#define MAX_THREADS	64

/* What ioctls are given pointers to */
#define ARGUMENTS	0x20000ff00000UL
/* Memory of any kind, in pieces that are mapped and unmapped as wholes */
#define WINDOW		0x200010000000UL
#define PIECES		48
#define PIECE		(64UL << 10)

enum table {
	NODES,
	MEDIA,
	REQUESTS,
	DMA_BUFS,
	TABLES
};

/* What the kernel is given a pointer to */
struct arguments {
	union {
		struct v4l2_format format;
		struct v4l2_requestbuffers reqbufs;
		struct v4l2_create_buffers create;
		struct v4l2_remove_buffers remove;
		struct v4l2_exportbuffer expbuf;
		struct v4l2_control control;
		struct v4l2_event_subscription subscription;
		struct v4l2_event event;
		struct dma_buf_sync sync;
		struct {
			struct v4l2_buffer buf;
			struct v4l2_plane planes[VIDEO_MAX_PLANES];
		};
		unsigned int number;
	};
};

struct op;

struct thread {
	pthread_t id;
	uint64_t random;
	struct arguments *args;
	/* What it is doing, for the report of a hang */
	const struct op *op;
	bool ended;
	/* fork()ed: does not fork again */
	bool child;
};

struct op {
	const char *name;
	int (*run)(struct thread *t);
	/* How often, compared with the others */
	unsigned int weight;
};

static int tables[TABLES][SLOTS];
/* A file of a piece's size, to touch memory without a signal */
static int scratch = -1;

static inline unsigned int below(struct thread *t, unsigned int n)
{
	t->random ^= t->random << 13;
	t->random ^= t->random >> 7;
	t->random ^= t->random << 17;
	return (t->random >> 11) % n;
}

static inline bool chance(struct thread *t, unsigned int one_in)
{
	return !below(t, one_in);
}

static inline int peek(struct thread *t, enum table which)
{
	return __atomic_load_n(&tables[which][below(t, SLOTS)],
			       __ATOMIC_RELAXED);
}

/* Another descriptor takes the place of one, which is closed; -1 for none */
static inline void replace_at(enum table which, unsigned int slot, int fd)
{
	fd = __atomic_exchange_n(&tables[which][slot], fd, __ATOMIC_RELAXED);
	if (fd >= 0)
		close(fd);
}

static inline void replace(struct thread *t, enum table which, int fd)
{
	replace_at(which, below(t, SLOTS), fd);
}

static inline void *piece(struct thread *t)
{
	return (void *)(WINDOW + below(t, PIECES) * PIECE);
}

static inline unsigned int odd_number(struct thread *t)
{
	static const unsigned int numbers[] = {
		0, 1, 2, 3, 7, 8, 63, 64, 4095, 4096, 4097, 1 << 20, INT_MAX,
		1U << 31, UINT_MAX - 1, UINT_MAX,
	};

	return numbers[below(t, 16)];
}

/* One in a dozen is not as it should be */
static inline int call(struct thread *t, int fd, unsigned long request,
		       size_t size)
{
	void *arg = t->args;

	if (chance(t, 12))
		((unsigned int *)arg)[below(t, size / 4)] = odd_number(t);
	if (chance(t, 200))
		arg = chance(t, 2) ? (void *)8 : piece(t);
	return ioctl(fd, request, arg) < 0 ? -errno : 0;
}

/* The node's own type as a rule */
static inline unsigned int type_of(struct thread *t, int fd)
{
	static const struct {
		unsigned int cap, type;
	} types[] = {
		{ V4L2_CAP_VIDEO_CAPTURE, V4L2_BUF_TYPE_VIDEO_CAPTURE },
		{ V4L2_CAP_VIDEO_OUTPUT, V4L2_BUF_TYPE_VIDEO_OUTPUT },
		{ V4L2_CAP_VIDEO_CAPTURE_MPLANE,
		  V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE },
		{ V4L2_CAP_VIDEO_OUTPUT_MPLANE,
		  V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE },
		{ V4L2_CAP_META_CAPTURE, V4L2_BUF_TYPE_META_CAPTURE },
	};
	struct v4l2_capability caps;

	if (!chance(t, 50) && !ioctl(fd, VIDIOC_QUERYCAP, &caps))
		for (unsigned int i = 0; i < 5; i++)
			if (caps.device_caps & types[i].cap)
				return types[i].type;
	return types[below(t, 5)].type;
}

/* What is queued on the node now, else anything */
static inline unsigned int memory_of(struct thread *t, int fd,
				     unsigned int type)
{
	struct v4l2_buffer b = { .type = type };
	struct v4l2_plane planes[VIDEO_MAX_PLANES] = {};

	if (V4L2_TYPE_IS_MULTIPLANAR(type)) {
		b.m.planes = planes;
		b.length = VIDEO_MAX_PLANES;
	}
	if (!chance(t, 20) && !ioctl(fd, VIDIOC_QUERYBUF, &b))
		return b.memory;
	return below(t, 5);
}

/* Descriptors */

/* The node of that name, of which there is one however often it was unplugged */
static inline int node_number(const char *name)
{
	char path[64], found[32];
	ssize_t len;
	int fd;

	for (unsigned int i = 0; i < 64; i++) {
		snprintf(path, sizeof(path),
			 "/sys/class/video4linux/video%u/name", i);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		len = read(fd, found, sizeof(found) - 1);
		close(fd);
		if (len < 1)
			continue;
		/* Without the end of the line */
		found[len - 1] = 0;
		if (!strcmp(name, found))
			return i;
	}
	return -1;
}

static const char * const roles[] = { "capture", "output", "metadata" };

static inline int node_open(unsigned int device, unsigned int role, int flags)
{
	char path[32];

	snprintf(path, sizeof(path), "virtcap.%u %s", device, roles[role]);
	snprintf(path, sizeof(path), "/dev/video%d", node_number(path));
	return open(path, O_RDWR | O_CLOEXEC | flags);
}

static inline int op_open(struct thread *t)
{
	unsigned int slot = below(t, SLOTS), role = below(t, 3);
	int fd = node_open(slot % DEVICES, role, chance(t, 6) ? 0 : O_NONBLOCK);

	if (fd < 0)
		return -errno;
	replace_at(NODES, slot, fd);
	return 0;
}

/* The media device of the nodes in the same slot */
static inline int op_open_media(struct thread *t)
{
	unsigned int slot = below(t, SLOTS);
	struct media_device_info info;
	char path[32], want[32];
	int fd;

	snprintf(want, sizeof(want), "platform:virtcap.%u", slot % DEVICES);
	for (unsigned int i = 0; i < 2 * DEVICES; i++) {
		snprintf(path, sizeof(path), "/dev/media%u", i);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (!ioctl(fd, MEDIA_IOC_DEVICE_INFO, &info) &&
		    !strcmp(info.bus_info, want)) {
			replace_at(MEDIA, slot, fd);
			return 0;
		}
		close(fd);
	}
	return -ENODEV;
}

static inline int op_close(struct thread *t)
{
	replace(t, below(t, TABLES), -1);
	return 0;
}

static inline int op_dup(struct thread *t)
{
	enum table which = below(t, TABLES);
	int fd = fcntl(peek(t, which), F_DUPFD_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	replace(t, which, fd);
	return 0;
}

/* Buffers */

static inline int op_s_fmt(struct thread *t)
{
	static const unsigned int formats[] = {
		V4L2_PIX_FMT_YUYV, V4L2_PIX_FMT_GREY, V4L2_PIX_FMT_NV12,
		V4L2_PIX_FMT_NV16M, V4L2_PIX_FMT_RGB24,
	};
	struct v4l2_format *f = &t->args->format;
	int fd = peek(t, NODES), ret;

	memset(f, 0, sizeof(*f));
	f->type = type_of(t, fd);
	/* Both kinds of struct begin with these */
	f->fmt.pix.width = 16 + below(t, 120);
	f->fmt.pix.height = 16 + below(t, 120);
	f->fmt.pix.pixelformat = formats[below(t, 5)];
	ret = call(t, fd, VIDIOC_TRY_FMT, sizeof(t->args->format));
	/* Not so large that there is no memory left for the others */
	if (ret || f->fmt.pix.width > 640 || f->fmt.pix.height > 480)
		return ret;
	return ioctl(fd, VIDIOC_S_FMT, f) ? -errno : 0;
}

static inline int op_reqbufs(struct thread *t)
{
	struct v4l2_requestbuffers *req = &t->args->reqbufs;
	int fd = peek(t, NODES);

	*req = (struct v4l2_requestbuffers) {
		.type = type_of(t, fd), .memory = 1 + below(t, 4),
		.count = below(t, 6),
		.flags = chance(t, 4) ? V4L2_MEMORY_FLAG_NON_COHERENT : 0,
	};
	return call(t, fd, VIDIOC_REQBUFS, sizeof(t->args->reqbufs));
}

static inline int op_create(struct thread *t)
{
	struct v4l2_create_buffers *create = &t->args->create;
	int fd = peek(t, NODES);

	memset(create, 0, sizeof(*create));
	create->format.type = type_of(t, fd);
	create->count = below(t, 4);
	create->memory = memory_of(t, fd, create->format.type);
	ioctl(fd, VIDIOC_G_FMT, &create->format);
	return call(t, fd, VIDIOC_CREATE_BUFS, sizeof(t->args->create));
}

static inline int op_remove(struct thread *t)
{
	struct v4l2_remove_buffers *rm = &t->args->remove;
	int fd = peek(t, NODES);

	*rm = (struct v4l2_remove_buffers) {
		.type = type_of(t, fd), .index = below(t, 8),
		.count = below(t, 3),
	};
	return call(t, fd, VIDIOC_REMOVE_BUFS, sizeof(t->args->remove));
}

/* Planes with memory of any kind, and a request of the same device or not */
static inline void fill_buffer(struct thread *t, int fd, int request)
{
	struct v4l2_buffer *b = &t->args->buf;
	struct v4l2_plane *planes = t->args->planes;
	unsigned int type = type_of(t, fd);

	memset(b, 0, sizeof(*b));
	memset(planes, 0, sizeof(t->args->planes));
	b->type = type;
	b->index = below(t, 6);
	b->memory = memory_of(t, fd, type);
	b->field = V4L2_FIELD_NONE;
	b->length = PIECE;
	for (unsigned int i = 0; i < VIDEO_MAX_PLANES; i++) {
		planes[i].length = chance(t, 4) ? 0 : PIECE;
		planes[i].bytesused = V4L2_TYPE_IS_OUTPUT(type) ? PIECE : 0;
		if (b->memory == V4L2_MEMORY_USERPTR)
			planes[i].m.userptr = (unsigned long)piece(t);
		else
			planes[i].m.fd = peek(t, DMA_BUFS);
	}
	b->bytesused = planes[0].bytesused;
	if (V4L2_TYPE_IS_MULTIPLANAR(type)) {
		b->m.planes = planes;
		b->length = 1 + below(t, VIDEO_MAX_PLANES);
	} else if (b->memory == V4L2_MEMORY_USERPTR) {
		b->m.userptr = planes[0].m.userptr;
	} else {
		b->m.fd = planes[0].m.fd;
		b->length = planes[0].length;
	}
	if (request >= 0) {
		b->flags |= V4L2_BUF_FLAG_REQUEST_FD;
		b->request_fd = request;
	}
	if (chance(t, 8))
		b->flags |= V4L2_BUF_FLAG_NO_CACHE_CLEAN |
			    V4L2_BUF_FLAG_NO_CACHE_INVALIDATE;
}

static inline int buffer_call(struct thread *t, unsigned long request)
{
	int fd = peek(t, NODES);

	fill_buffer(t, fd, chance(t, 20) ? peek(t, REQUESTS) : -1);
	return call(t, fd, request, sizeof(t->args->buf));
}

static inline int op_querybuf(struct thread *t)
{
	return buffer_call(t, VIDIOC_QUERYBUF);
}

static inline int op_prepare(struct thread *t)
{
	return buffer_call(t, VIDIOC_PREPARE_BUF);
}

static inline int op_qbuf(struct thread *t)
{
	return buffer_call(t, VIDIOC_QBUF);
}

static inline int op_dqbuf(struct thread *t)
{
	return buffer_call(t, VIDIOC_DQBUF);
}

static inline int op_expbuf(struct thread *t)
{
	struct v4l2_exportbuffer *exp = &t->args->expbuf;
	int fd = peek(t, NODES), ret;

	*exp = (struct v4l2_exportbuffer) {
		.type = type_of(t, fd), .index = below(t, 6),
		.plane = chance(t, 4), .flags = O_RDWR | O_CLOEXEC,
	};
	ret = call(t, fd, VIDIOC_EXPBUF, sizeof(t->args->expbuf));
	if (!ret)
		replace(t, DMA_BUFS, exp->fd);
	return ret;
}

static inline int op_streamon(struct thread *t)
{
	int fd = peek(t, NODES);

	t->args->number = type_of(t, fd);
	return call(t, fd, VIDIOC_STREAMON, sizeof(t->args->number));
}

/*
 * What an application does first, for calls that want a stream. With a media
 * device each buffer has a request, of which half are queued; returns how many.
 */
static inline int start(struct thread *t, int fd, int media)
{
	static const unsigned int memories[] = {
		V4L2_MEMORY_MMAP, V4L2_MEMORY_USERPTR, V4L2_MEMORY_DMABUF,
	};
	struct v4l2_requestbuffers req = {
		.type = type_of(t, fd), .memory = memories[below(t, 3)],
		.count = 1 + below(t, 6),
	};
	int queued = 0;

	if (ioctl(fd, VIDIOC_REQBUFS, &req))
		return -errno;
	for (unsigned int i = 0; i < req.count; i++) {
		int request = -1;

		ioctl(media, MEDIA_IOC_REQUEST_ALLOC, &request);
		fill_buffer(t, fd, request);
		t->args->buf.index = i;
		ioctl(fd, VIDIOC_QBUF, &t->args->buf);
		if (request < 0)
			continue;
		if (chance(t, 2))
			queued += !ioctl(request, MEDIA_REQUEST_IOC_QUEUE);
		replace(t, REQUESTS, request);
	}
	if (ioctl(fd, VIDIOC_STREAMON, &req.type) && !queued)
		return -errno;
	return queued;
}

static inline int op_start(struct thread *t)
{
	return start(t, peek(t, NODES), -1);
}

static inline int op_streamoff(struct thread *t)
{
	int fd = peek(t, NODES);

	t->args->number = type_of(t, fd);
	return call(t, fd, VIDIOC_STREAMOFF, sizeof(t->args->number));
}

/* Memory and bytes */

static inline int map_piece(struct thread *t, int fd, off_t offset, int flags)
{
	int prot = chance(t, 4) ? PROT_READ : PROT_READ | PROT_WRITE;
	size_t size = PIECE;

	/* A frame is shorter */
	if (fd >= 0 && fd != scratch)
		size = (1 + below(t, 8)) << 12;
	return mmap(piece(t), size, prot, flags | MAP_FIXED, fd, offset) ==
	       MAP_FAILED ? -errno : 0;
}

static inline int op_mmap(struct thread *t)
{
	/* As videobuf2 numbers them: 8 planes a buffer */
	off_t offset = (below(t, 6) * 8 + chance(t, 4)) << 12;

	return map_piece(t, peek(t, NODES), offset, MAP_SHARED);
}

static inline int op_mmap_dmabuf(struct thread *t)
{
	return map_piece(t, peek(t, DMA_BUFS), 0, MAP_SHARED);
}

static inline int op_mmap_other(struct thread *t)
{
	if (chance(t, 2))
		return map_piece(t, scratch, 0, MAP_SHARED);
	return map_piece(t, -1, 0, MAP_PRIVATE | MAP_ANONYMOUS);
}

/* Its place is kept, so that nothing else comes there */
static inline int op_munmap(struct thread *t)
{
	return mmap(piece(t), PIECE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS |
		    MAP_NORESERVE | MAP_FIXED, -1, 0) == MAP_FAILED ? -errno : 0;
}

static inline int op_touch(struct thread *t)
{
	ssize_t ret = chance(t, 2) ? pread(scratch, piece(t), 8192, 0) :
				     pwrite(scratch, piece(t), 8192, 0);

	return ret < 0 ? -errno : 0;
}

static inline int op_read(struct thread *t)
{
	ssize_t ret = read(peek(t, NODES), piece(t), below(t, PIECE));

	return ret < 0 ? -errno : 0;
}

static inline int op_write(struct thread *t)
{
	ssize_t ret = write(peek(t, NODES), piece(t), below(t, PIECE));

	return ret < 0 ? -errno : 0;
}

static inline int op_poll(struct thread *t)
{
	struct pollfd p[3] = {
		{ peek(t, NODES), POLLIN | POLLOUT | POLLPRI },
		{ peek(t, NODES), below(t, 256) },
		{ peek(t, REQUESTS), POLLPRI },
	};
	int ret = poll(p, 3, below(t, 20));

	return ret < 0 ? -errno : 0;
}

static inline int op_epoll(struct thread *t)
{
	struct epoll_event e = { .events = EPOLLIN | EPOLLOUT | EPOLLET };
	int fd = epoll_create1(EPOLL_CLOEXEC);
	int ret = epoll_ctl(fd, EPOLL_CTL_ADD, peek(t, NODES), &e);

	if (!ret)
		ret = epoll_wait(fd, &e, 1, below(t, 10));
	ret = ret < 0 ? -errno : 0;
	close(fd);
	return ret;
}

static inline int op_sync(struct thread *t)
{
	t->args->sync.flags = below(t, 8);
	return call(t, peek(t, DMA_BUFS), DMA_BUF_IOCTL_SYNC, sizeof(t->args->sync));
}

#endif /* VB2_STRESS_H */
