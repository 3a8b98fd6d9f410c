// SPDX-License-Identifier: GPL-2.0-only
/*
 * A whole stream, with every allocation failing in turn
 *
 * A scenario opens its nodes, streams one picture in one of the ways that there
 * are, and closes them. It is repeated with the nth allocation failing, until
 * it ran through without that n being reached. Each time it must say ENOMEM, or
 * make up for what it did not get; then the same scenario works, and nothing is
 * left of either. Wants a kernel with CONFIG_FAULT_INJECTION, CONFIG_FAILSLAB
 * and CONFIG_FAIL_PAGE_ALLOC.
 *
 * usage: vb2-memory-nth [--driver NAME] [ALLOCATOR | SCENARIO]...
 *
 * --driver is for another one than virtcap, which has a capture node.
 */
#include "vb2-memory.h"

#include <linux/media.h>

#include "kselftest.h"
#include "vb2-memory-fail.h"
#include "vb2-memory-left.h"

#define ENDLESS		3000
#define PLANES		2
/* More than the count of pages may be wrong by */
#define MAX_SIZE	0x100000
#define POISON		0xee

struct device {
	const char *allocator;
	unsigned int nr;
	bool mplane;
	bool userptr;
	/* not virtcap */
	bool driver;
	unsigned int width, height;
	char cap[32];
	char out[32];
	char media[32];
};

/* What a scenario took and has to give back: a file or a mapping */
struct thing {
	int fd;
	unsigned char *ptr;
	size_t size;
};

struct stream {
	const struct device *dev;
	unsigned int planes;
	unsigned int size[PLANES];
	/* Where the picture will be seen */
	unsigned char *map[PLANES];
	int dmabuf[PLANES];
	struct thing things[16];
	unsigned int nr;
};

struct buffer {
	struct v4l2_buffer b;
	struct v4l2_plane planes[PLANES];
};

static unsigned char *plain;

static int keep_fd(struct stream *s, int fd)
{
	if (fd >= 0)
		s->things[s->nr++] = (struct thing) { .fd = fd };
	return fd;
}

/* A plane's memory in this process, with what no picture has */
static int keep_map(struct stream *s, unsigned int plane, int fd, off_t offset)
{
	size_t size = (s->size[plane] + 4095UL) & ~4095UL;
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED, fd,
		       offset);

	if (p == MAP_FAILED)
		return -errno;
	s->things[s->nr++] = (struct thing) { .fd = -1, .ptr = p, .size = size };
	s->map[plane] = p;
	/* User memory gets its pages when it is pinned: more that can fail */
	if (fd >= 0)
		memset(p, POISON, s->size[plane]);
	return 0;
}

/* Even munmap() can be short of memory, and is tried again */
static int give_back(struct stream *s)
{
	while (s->nr) {
		struct thing *t = &s->things[s->nr - 1];

		if (t->ptr && munmap(t->ptr, t->size))
			return -errno;
		if (!t->ptr)
			close(t->fd);
		s->nr--;
	}
	return 0;
}

static unsigned int type_of(const struct stream *s, bool out)
{
	if (s->dev->mplane)
		return out ? V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE :
			     V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE;
	return out ? V4L2_BUF_TYPE_VIDEO_OUTPUT : V4L2_BUF_TYPE_VIDEO_CAPTURE;
}

static int open_node(struct stream *s, bool out)
{
	int fd = keep_fd(s, open(out ? s->dev->out : s->dev->cap,
				 O_RDWR | O_NONBLOCK));
	struct v4l2_format f = { .type = type_of(s, out) };
	int ret;

	if (fd < 0)
		return -errno;
	/* These have the same place in f.fmt.pix_mp */
	f.fmt.pix.width = s->dev->width;
	f.fmt.pix.height = s->dev->height;
	f.fmt.pix.pixelformat = s->dev->mplane ? V4L2_PIX_FMT_NV16M :
						 V4L2_PIX_FMT_GREY;
	ret = xioctl(fd, VIDIOC_S_FMT, &f);
	s->planes = s->dev->mplane ? PLANES : 1;
	for (unsigned int p = 0; p < s->planes; p++)
		s->size[p] = s->dev->mplane ? f.fmt.pix.width * f.fmt.pix.height :
					      f.fmt.pix.sizeimage;
	return ret ?: fd;
}

static void buffer_init(struct buffer *buf, const struct stream *s, bool out,
			unsigned int memory, unsigned int index)
{
	memset(buf, 0, sizeof(*buf));
	buf->b.type = type_of(s, out);
	buf->b.memory = memory;
	buf->b.index = index;
	if (s->dev->mplane) {
		buf->b.m.planes = buf->planes;
		buf->b.length = s->planes;
	}
}

/* A buffer's planes, seen through the queue or through dma-bufs of them */
static int map_planes(struct stream *s, int fd, bool out, unsigned int index,
		      bool export)
{
	struct buffer buf;
	int ret;

	buffer_init(&buf, s, out, V4L2_MEMORY_MMAP, index);
	ret = xioctl(fd, VIDIOC_QUERYBUF, &buf.b);
	for (unsigned int p = 0; !ret && p < s->planes; p++) {
		struct v4l2_exportbuffer exp = {
			.type = buf.b.type, .index = index, .plane = p,
			.flags = O_RDWR | O_CLOEXEC,
		};

		if (!export) {
			ret = keep_map(s, p, fd, s->dev->mplane ?
				       buf.planes[p].m.mem_offset :
				       buf.b.m.offset);
			continue;
		}
		ret = xioctl(fd, VIDIOC_EXPBUF, &exp);
		if (ret)
			break;
		s->dmabuf[p] = keep_fd(s, exp.fd);
		ret = cpu_access(exp.fd, DMA_BUF_SYNC_RW | DMA_BUF_SYNC_START) ?:
		      keep_map(s, p, exp.fd, 0) ?:
		      cpu_access(exp.fd, DMA_BUF_SYNC_RW | DMA_BUF_SYNC_END);
	}
	return ret;
}

static int queue(struct stream *s, int fd, unsigned int memory,
		 unsigned int index, int request)
{
	struct buffer buf;

	buffer_init(&buf, s, false, memory, index);
	if (request >= 0) {
		buf.b.flags = V4L2_BUF_FLAG_REQUEST_FD;
		buf.b.request_fd = request;
	}
	for (unsigned int p = 0; p < s->planes; p++) {
		struct v4l2_plane *plane = &buf.planes[p];

		if (memory == V4L2_MEMORY_USERPTR) {
			plane->length = s->size[p];
			plane->m.userptr = (unsigned long)s->map[p];
		} else if (memory == V4L2_MEMORY_DMABUF) {
			plane->m.fd = s->dmabuf[p];
		}
		if (!s->dev->mplane && memory != V4L2_MEMORY_MMAP) {
			buf.b.length = plane->length;
			buf.b.m.userptr = plane->m.userptr;
		}
	}
	return xioctl(fd, VIDIOC_QBUF, &buf.b);
}

static int wait_for(int fd, short events)
{
	struct pollfd pfd = { .fd = fd, .events = events };
	int ret = poll(&pfd, 1, 20000);

	if (ret < 0)
		return -errno;
	return !ret ? -ETIMEDOUT : pfd.revents & events ? 0 : -EIO;
}

/* Something else than before must be in every plane */
static int look_at(const unsigned char *data, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (data[i] != POISON && data[i])
			return 0;
	return -EBADMSG;
}

/* All that is queued, once round; the picture is looked at in the last */
static int frames(struct stream *s, int fd, unsigned int memory,
		  unsigned int count)
{
	unsigned int type = type_of(s, false);
	int ret = xioctl(fd, VIDIOC_STREAMON, &type);
	struct buffer buf;

	for (unsigned int i = 0; !ret && i < count; i++) {
		buffer_init(&buf, s, false, memory, 0);
		ret = wait_for(fd, POLLIN) ?: xioctl(fd, VIDIOC_DQBUF, &buf.b);
		if (!ret && (buf.b.flags & V4L2_BUF_FLAG_ERROR))
			ret = -EIO;
	}
	for (unsigned int p = 0; !ret && p < s->planes; p++)
		ret = look_at(s->map[p], s->size[p]);
	return ret ?: xioctl(fd, VIDIOC_STREAMOFF, &type);
}

/* A node with a queue of one buffer */
static int open_queue(struct stream *s, bool out, unsigned int memory)
{
	int fd = open_node(s, out), ret;

	if (fd < 0)
		return fd;
	ret = reqbufs(fd, type_of(s, out), memory, 1);
	return ret < 0 ? ret : fd;
}

static int run_mmap(struct stream *s)
{
	struct v4l2_create_buffers create = {
		.count = 1, .memory = V4L2_MEMORY_MMAP,
		.format.type = type_of(s, false),
	};
	int fd = open_queue(s, false, V4L2_MEMORY_MMAP), ret;

	if (fd < 0)
		return fd;
	ret = xioctl(fd, VIDIOC_G_FMT, &create.format) ?:
	      xioctl(fd, VIDIOC_CREATE_BUFS, &create);
	for (unsigned int i = 0; !ret && i < 2; i++)
		ret = map_planes(s, fd, false, i, false) ?:
		      queue(s, fd, V4L2_MEMORY_MMAP, i, -1);
	return ret ?: frames(s, fd, V4L2_MEMORY_MMAP, 2);
}

static int run_userptr(struct stream *s)
{
	int fd = open_queue(s, false, V4L2_MEMORY_USERPTR), ret = 0;

	if (fd < 0)
		return fd;
	for (unsigned int p = 0; !ret && p < s->planes; p++)
		ret = keep_map(s, p, -1, 0);
	return ret ?: queue(s, fd, V4L2_MEMORY_USERPTR, 0, -1) ?:
	       frames(s, fd, V4L2_MEMORY_USERPTR, 1);
}

/* From the output node's memory to the capture node's queue */
static int run_import(struct stream *s)
{
	int owner = open_queue(s, true, V4L2_MEMORY_MMAP), fd, ret;

	if (owner < 0)
		return owner;
	ret = map_planes(s, owner, true, 0, true);
	if (ret)
		return ret;
	fd = open_queue(s, false, V4L2_MEMORY_DMABUF);
	if (fd < 0)
		return fd;
	return queue(s, fd, V4L2_MEMORY_DMABUF, 0, -1) ?:
	       frames(s, fd, V4L2_MEMORY_DMABUF, 1);
}

static int run_export(struct stream *s)
{
	int fd = open_queue(s, false, V4L2_MEMORY_MMAP);

	if (fd < 0)
		return fd;
	return map_planes(s, fd, false, 0, true) ?:
	       queue(s, fd, V4L2_MEMORY_MMAP, 0, -1) ?:
	       frames(s, fd, V4L2_MEMORY_MMAP, 1);
}

static int run_request(struct stream *s)
{
	int media = keep_fd(s, open(s->dev->media, O_RDWR));
	int fd, request, ret;

	if (media < 0)
		return -errno;
	fd = open_node(s, false);
	if (fd < 0)
		return fd;
	ret = xioctl(media, MEDIA_IOC_REQUEST_ALLOC, &request);
	if (ret)
		return ret;
	keep_fd(s, request);
	ret = reqbufs(fd, type_of(s, false), V4L2_MEMORY_MMAP, 1);
	if (ret < 0)
		return ret;
	return map_planes(s, fd, false, 0, false) ?:
	       queue(s, fd, V4L2_MEMORY_MMAP, 0, request) ?:
	       xioctl(request, MEDIA_REQUEST_IOC_QUEUE, NULL) ?:
	       frames(s, fd, V4L2_MEMORY_MMAP, 1) ?:
	       xioctl(request, MEDIA_REQUEST_IOC_REINIT, NULL);
}

static int run_read(struct stream *s)
{
	int fd = open_node(s, false), ret;
	ssize_t n;

	if (fd < 0)
		return fd;
	memset(plain, POISON, s->size[0]);
	ret = wait_for(fd, POLLIN);
	/* poll() cannot say why it did not start */
	if (ret == -EIO)
		ret = wait_for(fd, POLLIN);
	if (ret)
		return ret;
	n = read(fd, plain, s->size[0]);
	if (n != s->size[0])
		return n < 0 ? -errno : -ENODATA;
	return look_at(plain, s->size[0]);
}

static int run_write(struct stream *s)
{
	int fd = open_node(s, true);
	ssize_t n;

	if (fd < 0)
		return fd;
	n = write(fd, plain, s->size[0]);
	if (n != s->size[0])
		return n < 0 ? -errno : -ENODATA;
	return wait_for(fd, POLLOUT);
}

struct scenario {
	const char *name;
	int (*run)(struct stream *s);
	bool userptr;
	bool single;
	/* Wants more than a capture node */
	bool virtcap;
};

static const struct scenario scenarios[] = {
	{ .name = "MMAP", .run = run_mmap },
	{ .name = "USERPTR", .run = run_userptr, .userptr = true },
	{ .name = "DMABUF", .run = run_import, .virtcap = true },
	{ .name = "export", .run = run_export },
	{ .name = "request", .run = run_request, .virtcap = true },
	{ .name = "read()", .run = run_read, .single = true },
	{ .name = "write()", .run = run_write, .single = true, .virtcap = true },
};

static struct device devices[] = {
	{ "vmalloc", 0, false, true },
	{ "dma-contig", 1, false, false },
	{ "dma-sg", 2, false, true },
	{ "vmalloc", 6, true, true },
	{ "dma-contig", 7, true, false },
	{ "dma-sg", 8, true, true },
};

/* Whether the nth allocation was reached is told in @failed */
static int attempt(const struct device *dev, const struct scenario *sc,
		   unsigned int nth, bool *failed)
{
	struct stream s = { .dev = dev };
	int ret, end;

	fail_at(nth);
	ret = sc->run(&s);
	end = give_back(&s);
	*failed = has_failed();
	fail_at(0);
	give_back(&s);
	return ret ?: end;
}

static void sweep(const struct device *dev, const struct scenario *sc)
{
	unsigned int nth, refused = 0, survived = 0;
	struct left before, now;
	const char *what = "";
	bool failed, unused;
	int ret;

	/* What is made once and kept */
	ret = attempt(dev, sc, 0, &unused);
	left_look(&before);
	for (nth = 1; !ret && nth < ENDLESS; nth++) {
		ret = attempt(dev, sc, nth, &failed);
		if (!failed)
			break;
		refused += !!ret;
		survived += !ret;
		if (ret && ret != -ENOMEM && ret != -EAGAIN) {
			what = "says: ";
			break;
		}
		ret = attempt(dev, sc, 0, &unused);
		what = ret ? "then: " : "";
		if (!ret && !left_nothing(&before, &now)) {
			left_print(&before, &now);
			what = "left: ";
			ret = -EUCLEAN;
		}
	}
	ksft_print_msg("%s%s: %s: %u sites survived, %u refused, %u made up for\n",
		       dev->allocator, dev->mplane ? ", planes" : "", sc->name,
		       refused + survived, refused, survived);
	if (ret)
		ksft_print_msg("the %uth failed: %s%s\n", nth, what,
			       strerror(-ret));
	ksft_test_result(!ret && nth < ENDLESS && refused, "%s%s: %s\n",
			 dev->allocator, dev->mplane ? ", planes" : "",
			 sc->name);
}

static bool media_find(struct device *dev)
{
	struct media_device_info info = {};
	bool found = false;
	char want[32];

	snprintf(want, sizeof(want), "platform:virtcap.%u", dev->nr);
	for (unsigned int i = 0; !found && i < 64; i++) {
		int fd;

		snprintf(dev->media, sizeof(dev->media), "/dev/media%u", i);
		fd = open(dev->media, O_RDWR);
		if (fd < 0)
			continue;
		found = !ioctl(fd, MEDIA_IOC_DEVICE_INFO, &info) &&
			!strcmp(info.bus_info, want);
		close(fd);
	}
	return found;
}

static bool device_find(struct device *dev)
{
	for (unsigned int out = 0; out < 2; out++) {
		char name[32], path[32], *node = out ? dev->out : dev->cap;
		struct v4l2_format f = {
			.type = dev->mplane ? V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE :
					      V4L2_BUF_TYPE_VIDEO_CAPTURE,
			.fmt.pix.width = 320, .fmt.pix.height = 180,
		};
		unsigned int camera = 0;
		ssize_t n;
		int fd;

		snprintf(name, sizeof(name), "virtcap.%u %s", dev->nr,
			 out ? "output" : "capture");
		fd = node_open(name, 0, NULL);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		n = readlink(path, node, sizeof(dev->cap) - 1);
		/* Other tests may have left the loop */
		if (!out) {
			xioctl(fd, VIDIOC_S_INPUT, &camera);
			xioctl(fd, VIDIOC_S_FMT, &f);
			dev->width = f.fmt.pix.width;
			dev->height = f.fmt.pix.height;
		}
		close(fd);
		if (n < 0 || dev->width * dev->height > MAX_SIZE)
			return false;
	}
	return media_find(dev);
}

/* The first capture node of a driver that the machine has a device for */
static bool driver_find(struct device *dev, const char *driver)
{
	struct v4l2_format f = {
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
		.fmt.pix.width = 320, .fmt.pix.height = 180,
	};
	struct v4l2_capability cap = {};
	char command[64];
	int found = -1;

	snprintf(command, sizeof(command), "modprobe -q %s", driver);
	if (system(command))
		return false;
	for (unsigned int i = 0; found && i < 64; i++) {
		int fd;

		snprintf(dev->cap, sizeof(dev->cap), "/dev/video%u", i);
		fd = open(dev->cap, O_RDWR | O_NONBLOCK);
		if (fd < 0)
			continue;
		if (!xioctl(fd, VIDIOC_QUERYCAP, &cap) &&
		    !strcmp((char *)cap.driver, driver))
			found = xioctl(fd, VIDIOC_S_FMT, &f);
		close(fd);
	}
	dev->allocator = driver;
	dev->driver = true;
	dev->userptr = true;
	dev->mplane = false;
	dev->width = f.fmt.pix.width;
	dev->height = f.fmt.pix.height;
	return !found && f.fmt.pix.sizeimage <= MAX_SIZE;
}

/* Possible, and asked for if anything is */
static bool wanted(const struct device *dev, const struct scenario *sc,
		   int argc, char **argv)
{
	bool found = argc < 2;

	for (int i = 1; i < argc; i++)
		found |= !strcmp(argv[i], dev->allocator) ||
			 !strcmp(argv[i], sc->name);
	return found && (dev->userptr || !sc->userptr) &&
	       (!dev->driver || !sc->virtcap) &&
	       (!dev->mplane || !sc->single);
}

int main(int argc, char **argv)
{
	unsigned int tests = 0, n_devices = ARRAY_SIZE(devices);

	ksft_print_header();
	fail_begin();
	plain = anonymous(MAX_SIZE);
	if (argc > 2 && !strcmp(argv[1], "--driver")) {
		if (!driver_find(&devices[0], argv[2]))
			ksft_exit_skip("no capture node of %s\n", argv[2]);
		n_devices = 1;
		argc -= 2;
		argv += 2;
	}
	for (unsigned int d = 0; d < n_devices; d++) {
		if (!devices[d].driver && !device_find(&devices[d]))
			ksft_exit_skip("load virtcap: vb2-memory.sh does it\n");
		for (unsigned int i = 0; i < ARRAY_SIZE(scenarios); i++)
			tests += wanted(&devices[d], &scenarios[i], argc, argv);
	}
	ksft_set_plan(tests + 2);
	left_begin();
	kernel_complained();
	for (unsigned int d = 0; d < n_devices; d++)
		for (unsigned int i = 0; i < ARRAY_SIZE(scenarios); i++)
			if (wanted(&devices[d], &scenarios[i], argc, argv))
				sweep(&devices[d], &scenarios[i]);
	left_report();
	ksft_finished();
}
