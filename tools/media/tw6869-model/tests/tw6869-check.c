// SPDX-License-Identifier: GPL-2.0-only
/*
 * tw6869-check: capture from TW6869 nodes and read the marks that the model
 * puts into each line.  Runs in the guest; one thread per node.
 *
 * Prints one line per node and exits with 1 if anything was wrong with one.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "check-memory.h"
#include "check-options.h"
#include "check-picture.h"
#include "mark.h"

#define MAX_BUFFERS	32
#define MAX_GAP		1000

struct buffer {
	uint8_t *mem;
	size_t len;
	int fd;
	uint32_t sum;
	bool held;
};

struct node {
	const char *path;
	unsigned int index;
	int fd;
	struct v4l2_pix_format pix;
	struct buffer buf[MAX_BUFFERS];
	struct exporter exporter;
	unsigned int n_buf, source_lines, wanted;
	/* results */
	unsigned int frames, bad_lines, bad_frames, wrong_channel, mixed;
	unsigned int gaps, lost, span, bad_sequence, errors, late, changed;
	uint64_t period_ns;
	char why[160];
	int gone_ms;
	/* of the last frame */
	unsigned int last_mark, last_seq;
	uint64_t last_ns;
	bool have_last;
	/* of the first one, of a round */
	unsigned int first_seq;
	uint64_t first_ns;
};

static void complain(struct node *n, const char *what)
{
	if (!n->why[0])
		snprintf(n->why, sizeof(n->why), "%s: %s", what,
			 strerror(errno));
}

static void check_frame(struct node *n, const uint8_t *mem, unsigned int field,
			unsigned int *frame)
{
	struct picture p;

	picture_check(&n->pix, n->source_lines, mem, field,
		      opt.board + n->index / 8, opt.channel + n->index % 8, &p);
	n->bad_lines += p.bad_lines;
	n->bad_frames += p.bad_lines || p.mixed || p.wrong;
	n->mixed += p.mixed;
	n->wrong_channel += p.wrong;
	if (p.good_lines)
		*frame = p.frame;
}

/*
 * The picture's frame number must have advanced as the sequence did.  After a
 * pause of more than two periods nobody can tell a lost frame from a source
 * that was held (the model's lock step): that is counted apart.
 */
static void check_sequence(struct node *n, const struct v4l2_buffer *b,
			   unsigned int frame)
{
	uint64_t ns = b->timestamp.tv_sec * 1000000000ull +
		      b->timestamp.tv_usec * 1000ull;
	unsigned int dm = (frame - n->last_mark) % MARK_FRAMES;
	unsigned int ds = b->sequence - n->last_seq;
	bool same_frame_ok = n->pix.field == V4L2_FIELD_ALTERNATE;

	if (n->have_last) {
		if (ds > 1) {
			n->gaps++;
			n->lost += ds - 1;
		}
		if (ds != dm || (!ds && !same_frame_ok)) {
			if (ns - n->last_ns > 2 * n->period_ns && ds)
				n->late++;
			else
				n->bad_sequence++;
		}
	}
	if (!n->have_last) {
		n->first_seq = b->sequence;
		n->first_ns = ns;
	}
	n->have_last = true;
	n->span = b->sequence + 1;
	n->last_mark = frame;
	n->last_seq = b->sequence;
	n->last_ns = ns;
}

/* Whatever is in the pictures: the sequence goes on, and not far at a time. */
static void check_order(struct node *n, const struct v4l2_buffer *b)
{
	unsigned int ds = b->sequence - n->last_seq;

	if (n->have_last ? !ds || ds > MAX_GAP : b->sequence > MAX_GAP)
		n->bad_sequence++;
	n->have_last = true;
	n->last_seq = b->sequence;
}

/* What an error hit was in the works when the last frame had been taken. */
static void check_error(struct node *n, const struct v4l2_buffer *b)
{
	n->errors++;
	if (n->have_last && n->pix.field != V4L2_FIELD_ALTERNATE &&
	    b->sequence != n->last_seq + 1)
		n->bad_sequence++;
}

static int xioctl(struct node *n, unsigned long req, void *arg,
		  const char *name)
{
	int ret;

	do
		ret = ioctl(n->fd, req, arg);
	while (ret < 0 && errno == EINTR);
	if (ret < 0 && name)
		complain(n, name);
	return ret;
}

static int set_format(struct node *n)
{
	struct v4l2_format f = { .type = V4L2_BUF_TYPE_VIDEO_CAPTURE };
	v4l2_std_id std = 0;

	if (xioctl(n, VIDIOC_G_FMT, &f, "G_FMT"))
		return -1;
	if (opt.width)
		f.fmt.pix.width = opt.width;
	if (opt.height)
		f.fmt.pix.height = opt.height;
	if (opt.format)
		f.fmt.pix.pixelformat = opt.format;
	if (opt.field)
		f.fmt.pix.field = opt.field;
	f.fmt.pix.bytesperline = 0;
	if (xioctl(n, VIDIOC_S_FMT, &f, "S_FMT"))
		return -1;
	n->pix = f.fmt.pix;
	xioctl(n, VIDIOC_G_STD, &std, NULL);
	n->period_ns = std & V4L2_STD_625_50 ? 40000000 : 33366667;
	n->source_lines = std & V4L2_STD_625_50 ? 288 : 240;
	n->wanted = opt.seconds ? opt.seconds * 1000000000ull / n->period_ns :
				  opt.frames;
	if ((opt.format && n->pix.pixelformat != opt.format) ||
	    (opt.field && n->pix.field != opt.field) ||
	    (opt.width && n->pix.width != opt.width) ||
	    (opt.height && n->pix.height != opt.height)) {
		errno = EINVAL;
		complain(n, "the node gave another format");
		return -1;
	}
	return 0;
}

static int make_buffer(struct node *n, unsigned int i)
{
	struct v4l2_buffer vb = {
		.index = i, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
		.memory = opt.memory,
	};
	struct buffer *b = &n->buf[i];

	b->fd = -1;
	b->len = (n->pix.sizeimage + 4095) & ~4095u;
	switch (opt.memory) {
	case V4L2_MEMORY_USERPTR:
		b->mem = mmap(NULL, b->len, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		break;
	case V4L2_MEMORY_DMABUF:
		b->fd = exporter_buffer(&n->exporter, i, b->len, &b->mem);
		if (b->fd < 0) {
			complain(n, "exporter");
			return -1;
		}
		break;
	default:
		if (xioctl(n, VIDIOC_QUERYBUF, &vb, "QUERYBUF"))
			return -1;
		b->len = vb.length;
		b->mem = mmap(NULL, b->len, PROT_READ | PROT_WRITE, MAP_SHARED,
			      n->fd, vb.m.offset);
	}
	if (b->mem == MAP_FAILED) {
		complain(n, "mmap");
		return -1;
	}
	return 0;
}

static int queue(struct node *n, unsigned int i)
{
	struct buffer *b = &n->buf[i];
	struct v4l2_buffer vb = {
		.index = i, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
		.memory = opt.memory, .length = b->len,
	};

	if (opt.memory == V4L2_MEMORY_USERPTR)
		vb.m.userptr = (unsigned long)b->mem;
	else if (opt.memory == V4L2_MEMORY_DMABUF)
		vb.m.fd = b->fd;
	/* What the device does not fill must not look like a good frame. */
	for (unsigned int y = 0; y < n->pix.height; y++)
		memset(b->mem + y * n->pix.bytesperline, 0x55, 16);
	b->held = false;
	return xioctl(n, VIDIOC_QBUF, &vb, opt.until_gone ? NULL : "QBUF");
}

static int dequeue(struct node *n, struct v4l2_buffer *vb)
{
	struct pollfd p = { .fd = n->fd, .events = POLLIN };
	int ret;

	*vb = (struct v4l2_buffer){
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = opt.memory };
	/* DQBUF blocks, so that a wake-up that never comes is found. */
	ret = poll(&p, 1, opt.timeout_ms);
	if (!ret) {
		errno = ETIMEDOUT;
		complain(n, "no frame");
		return -1;
	}
	return xioctl(n, VIDIOC_DQBUF, vb, opt.until_gone ? NULL : "DQBUF");
}

static uint32_t checksum(const struct node *n, const struct buffer *b)
{
	const uint32_t *p = (const uint32_t *)b->mem;
	uint32_t sum = 1;

	for (size_t i = 0; i < n->pix.sizeimage / 4; i++)
		sum = sum * 31 + p[i];
	return sum;
}

/* Keep every buffer for a while: the device must leave all of them alone. */
static int hold_all(struct node *n)
{
	struct v4l2_buffer vb;

	for (unsigned int i = 0; i < n->n_buf; i++) {
		if (dequeue(n, &vb))
			return -1;
		n->buf[vb.index].held = true;
		n->buf[vb.index].sum = checksum(n, &n->buf[vb.index]);
	}
	usleep(opt.hold_ms * 1000);
	for (unsigned int i = 0; i < n->n_buf; i++)
		n->changed += n->buf[i].sum != checksum(n, &n->buf[i]);
	for (unsigned int i = 0; i < n->n_buf; i++)
		if (queue(n, i))
			return -1;
	return 0;
}

/* An ioctl failed: when, and was it with ENODEV? */
static void note_gone(struct node *n)
{
	struct timespec ts;

	if (!opt.until_gone)
		return;
	if (errno != ENODEV)
		complain(n, "not ENODEV");
	clock_gettime(CLOCK_MONOTONIC, &ts);
	n->gone_ms = ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void capture(struct node *n)
{
	bool any_frame = opt.any_frame || n->index == opt.blind;
	unsigned int seen = 0, frame = 0;
	struct v4l2_buffer vb;

	while (n->frames < n->wanted || opt.until_gone) {
		if (dequeue(n, &vb)) {
			note_gone(n);
			return;
		}
		if (vb.flags & V4L2_BUF_FLAG_ERROR) {
			check_error(n, &vb);
		} else if (seen++ >= opt.skip) {
			n->frames++;
			if (!any_frame)
				check_frame(n, n->buf[vb.index].mem, vb.field,
					    &frame);
			if (any_frame)
				check_order(n, &vb);
			else if (!opt.no_sequence)
				check_sequence(n, &vb, frame);
		}
		if (opt.slow_ms)
			usleep(opt.slow_ms * 1000);
		if (queue(n, vb.index)) {
			note_gone(n);
			return;
		}
	}
	if (opt.hold_ms)
		hold_all(n);
}

static int stop(struct node *n)
{
	static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
	int type = V4L2_BUF_TYPE_VIDEO_CAPTURE, ret;

	if (!opt.stop_in_turn)
		return xioctl(n, VIDIOC_STREAMOFF, &type, "STREAMOFF");
	pthread_mutex_lock(&turn);
	ret = xioctl(n, VIDIOC_STREAMOFF, &type, "STREAMOFF");
	pthread_mutex_unlock(&turn);
	return ret;
}

static int round_of(struct node *n)
{
	struct v4l2_requestbuffers rb = {
		.count = opt.buffers, .memory = opt.memory,
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
	};
	int type = rb.type;

	if (xioctl(n, VIDIOC_REQBUFS, &rb, "REQBUFS"))
		return -1;
	n->n_buf = rb.count < MAX_BUFFERS ? rb.count : MAX_BUFFERS;
	if (opt.memory == V4L2_MEMORY_DMABUF &&
	    exporter_open(&n->exporter, opt.exporter, n->n_buf, &n->pix)) {
		complain(n, "exporter");
		return -1;
	}
	for (unsigned int i = 0; i < n->n_buf; i++)
		if (make_buffer(n, i) || queue(n, i))
			return -1;
	if (xioctl(n, VIDIOC_STREAMON, &type, "STREAMON"))
		return -1;
	n->have_last = false;
	capture(n);
	if (opt.until_gone)
		return 0;
	if (stop(n))
		return -1;
	for (unsigned int i = 0; i < n->n_buf; i++) {
		munmap(n->buf[i].mem, n->buf[i].len);
		if (n->buf[i].fd >= 0)
			close(n->buf[i].fd);
	}
	rb.count = 0;
	if (xioctl(n, VIDIOC_REQBUFS, &rb, "REQBUFS 0"))
		return -1;
	exporter_close(&n->exporter);
	return 0;
}

static void *run_node(void *arg)
{
	struct node *n = arg;

	n->fd = open(n->path, O_RDWR | O_CLOEXEC);
	if (n->fd < 0) {
		complain(n, "open");
		return NULL;
	}
	if (!set_format(n)) {
		for (unsigned int i = 0; i < opt.rounds && !n->why[0]; i++) {
			unsigned int before = n->frames;

			n->frames = 0;
			round_of(n);
			n->frames += before;
		}
	}
	close(n->fd);
	return NULL;
}

/* From one number to the next, on average */
static unsigned int interval_us(const struct node *n)
{
	unsigned int numbers = n->last_seq - n->first_seq;

	return numbers ? (n->last_ns - n->first_ns) / numbers / 1000 : 0;
}

static bool report(const struct node *n)
{
	bool bad = n->bad_frames || n->bad_sequence || n->changed ||
		   n->why[0] || (!n->frames && !opt.until_gone);

	printf("%s: %s frames %u bad %u lines %u mixed %u channel %u",
	       n->path, bad ? "BAD" : "good", n->frames, n->bad_frames,
	       n->bad_lines, n->mixed, n->wrong_channel);
	printf(" gaps %u lost %u sequence %u late %u errors %u changed %u",
	       n->gaps, n->lost, n->bad_sequence, n->late, n->errors,
	       n->changed);
	printf(" span %u last %u interval_us %u", n->span, n->last_mark,
	       interval_us(n));
	if (opt.until_gone)
		printf(" gone_ms %d", n->gone_ms);
	printf("%s%s\n", n->why[0] ? " " : "", n->why);
	return !bad;
}

int main(int argc, char **argv)
{
	static struct node node[MAX_NODES];
	pthread_t thread[MAX_NODES];
	bool good = true;
	int n;

	n = parse_options(argc, argv);
	for (int i = 0; i < n; i++) {
		node[i].path = argv[argc - n + i];
		node[i].index = i;
		if (pthread_create(&thread[i], NULL, run_node, &node[i]))
			return 1;
	}
	for (int i = 0; i < n; i++) {
		pthread_join(thread[i], NULL);
		good &= report(&node[i]);
	}
	return !good;
}
