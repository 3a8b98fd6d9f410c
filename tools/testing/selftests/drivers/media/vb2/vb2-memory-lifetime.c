// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that several parties hold goes with the last of them
 *
 * A buffer is allocated, mapped, exported, mapped through the dma-buf, imported
 * by another device and queued there. Then each party lets go, in every order,
 * with the exporter's driver unbound somewhere between. As long as a mapping is
 * there the picture must be in it, and in the end nothing may be left.
 */
#include "vb2-memory.h"

#include <sys/mount.h>

#include "kselftest.h"

/* Large enough that a leak in each round cannot be overlooked */
#define BIG_WIDTH	1280
#define BIG_HEIGHT	720
#define BIG_SIZE	(BIG_WIDTH * BIG_HEIGHT)
#define BIG_ROOM	((BIG_SIZE + 4095UL) & ~4095UL)

#define OUT	V4L2_BUF_TYPE_VIDEO_OUTPUT
#define CAP	V4L2_BUF_TYPE_VIDEO_CAPTURE

enum party {
	QUEUE,
	MAPPING,
	DESCRIPTOR,
	DMABUF_MAPPING,
	IMPORTER,
	DRIVER,
	PARTIES
};

static const char * const names[] = {
	"queue", "mapping", "descriptor", "dma-buf's mapping", "importer",
	"driver",
};

struct scene {
	unsigned int exporter;
	int queue;
	unsigned char *map;
	int fd;
	unsigned char *view;
	int importer;
	/* Vary how a party leaves */
	bool politely;
	bool unbound;
};

static unsigned char *expected;

static int bind_driver(unsigned int instance, const char *how)
{
	char name[64];
	int fd, ret;

	snprintf(name, sizeof(name), "/sys/bus/platform/drivers/virtcap/%s", how);
	fd = open(name, O_WRONLY);
	if (fd < 0)
		return -errno;
	snprintf(name, sizeof(name), "virtcap.%u", instance);
	ret = write(fd, name, strlen(name)) < 0 ? -errno : 0;
	close(fd);
	return ret;
}

static int big_format(int fd, unsigned int type)
{
	struct v4l2_format f = { .type = type };

	f.fmt.pix.width = BIG_WIDTH;
	f.fmt.pix.height = BIG_HEIGHT;
	f.fmt.pix.pixelformat = V4L2_PIX_FMT_GREY;
	return xioctl(fd, VIDIOC_S_FMT, &f) ?:
	       f.fmt.pix.sizeimage == BIG_SIZE ? 0 : -ERANGE;
}

static int setup(struct scene *s, unsigned int exporter, unsigned int importer)
{
	unsigned int out = OUT;
	char name[64];
	int ret;

	s->exporter = exporter;
	snprintf(name, sizeof(name), "virtcap.%u capture", exporter);
	s->queue = node_open(name, 0, NULL);
	snprintf(name, sizeof(name), "virtcap.%u output", importer);
	s->importer = node_open(name, 0, NULL);
	if (s->queue < 0 || s->importer < 0)
		return -errno;
	ret = big_format(s->queue, CAP) ?: big_format(s->importer, OUT);
	if (ret)
		return ret;
	ret = reqbufs(s->queue, CAP, V4L2_MEMORY_MMAP, 1);
	if (ret != 1)
		return ret ?: -ENOMEM;
	s->map = buffer_map(s->queue, CAP, 0);
	s->fd = buffer_export(s->queue, CAP, 0, O_RDWR | O_CLOEXEC);
	if (s->map == MAP_FAILED || s->fd < 0)
		return -errno;
	memcpy(s->map, expected, BIG_SIZE);
	s->view = mmap(NULL, BIG_ROOM, PROT_READ | PROT_WRITE, MAP_SHARED, s->fd,
		       0);
	if (s->view == MAP_FAILED)
		return -errno;

	ret = reqbufs(s->importer, OUT, V4L2_MEMORY_DMABUF, 2);
	if (ret != 2)
		return ret ?: -ENOMEM;
	/* One index is queued, the other prepared and then forgotten */
	ret = xioctl(s->importer, VIDIOC_STREAMON, &out);
	for (unsigned int i = 0; !ret && i < 2; i++) {
		struct v4l2_buffer buf = {
			.type = OUT, .memory = V4L2_MEMORY_DMABUF, .index = i,
			.m.fd = s->fd, .bytesused = BIG_SIZE,
			.field = V4L2_FIELD_NONE,
		};

		ret = xioctl(s->importer, i ? VIDIOC_PREPARE_BUF : VIDIOC_QBUF,
			     &buf);
	}
	return ret;
}

static int leave(struct scene *s, enum party party)
{
	unsigned int out = OUT;
	int ret = 0;

	switch (party) {
	case QUEUE:
		if (s->politely && !s->unbound)
			ret = reqbufs(s->queue, CAP, V4L2_MEMORY_MMAP, 0);
		close(s->queue);
		break;
	case MAPPING:
		munmap(s->map, BIG_ROOM);
		s->map = NULL;
		break;
	case DESCRIPTOR:
		close(s->fd);
		break;
	case DMABUF_MAPPING:
		munmap(s->view, BIG_ROOM);
		s->view = NULL;
		break;
	case IMPORTER:
		if (s->politely) {
			xioctl(s->importer, VIDIOC_STREAMOFF, &out);
			ret = reqbufs(s->importer, OUT, V4L2_MEMORY_DMABUF, 0);
		}
		close(s->importer);
		break;
	case DRIVER:
		s->unbound = true;
		ret = bind_driver(s->exporter, "unbind");
		break;
	default:
		break;
	}
	if (!ret && s->map && memcmp(s->map, expected, BIG_SIZE))
		ret = -EBADMSG;
	if (!ret && s->view && memcmp(s->view, expected, BIG_SIZE))
		ret = -EBADMSG;
	return ret;
}

static long free_memory(void)
{
	FILE *f = fopen("/proc/meminfo", "r");
	char line[128];
	long value = -1;

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, "MemFree:", 8))
			value = strtol(line + 8, NULL, 10);
	if (f)
		fclose(f);
	return value;
}

/* How many dma-bufs vb2 has out there; the last are released by a task work */
static int dma_bufs(void)
{
	FILE *f = fopen("/sys/kernel/debug/dma_buf/bufinfo", "r");
	char line[256];
	int found = 0;

	if (!f)
		return -errno;
	while (fgets(line, sizeof(line), f))
		found += !!strstr(line, "videobuf2");
	fclose(f);
	return found;
}

static bool next_order(int *order)
{
	int i = PARTIES - 2, j = PARTIES - 1, swap;

	while (i >= 0 && order[i] > order[i + 1])
		i--;
	if (i < 0)
		return false;
	while (order[j] < order[i])
		j--;
	swap = order[i], order[i] = order[j], order[j] = swap;
	for (i++, j = PARTIES - 1; i < j; i++, j--)
		swap = order[i], order[i] = order[j], order[j] = swap;
	return true;
}

/*
 * What dma-contig allocates belongs to the DMA API, which complains, if it is
 * made to look, about memory that is still there when a driver is unbound.
 */
static bool driver_last(const char *allocator)
{
	return !strcmp(allocator, "dma-contig") &&
	       !access("/sys/kernel/debug/dma-api", F_OK);
}

static void round_trip(const char *allocator, unsigned int exporter,
		       unsigned int importer, unsigned int step)
{
	int order[PARTIES] = { 0, 1, 2, 3, 4, 5 };
	unsigned int rounds = 0, all = 0;
	long before = 0, after;
	int ret = 0, left;

	do {
		struct scene s = { .politely = rounds % 2 };
		unsigned int i = 0;

		if (all++ % step ||
		    (driver_last(allocator) && order[PARTIES - 1] != DRIVER))
			continue;
		ret = setup(&s, exporter, importer);
		if (ret)
			ksft_print_msg("setup: %s\n", strerror(-ret));
		for (; !ret && i < PARTIES; i++) {
			ret = leave(&s, order[i]);
			if (ret)
				ksft_print_msg("%s left: %s\n", names[order[i]],
					       strerror(-ret));
		}
		if (s.unbound)
			bind_driver(exporter, "bind");
		if (ret) {
			ksft_print_msg("order: %s, %s, %s, %s, %s, %s\n",
				       names[order[0]], names[order[1]],
				       names[order[2]], names[order[3]],
				       names[order[4]], names[order[5]]);
			break;
		}
		/* The first rounds fill caches */
		if (rounds++ == 4)
			before = free_memory();
	} while (next_order(order));

	after = free_memory();
	left = dma_bufs();
	ksft_print_msg("%s: %u orders, free memory %+ld KiB, %d dma-bufs left\n",
		       allocator, rounds, after - before, left);
	/* A third of what would be lost if every round lost its buffer */
	ksft_test_result(!ret && !left && before - after <
			 (long)(rounds * (BIG_ROOM / 1024) / 3),
			 "%s: every order\n", allocator);
}

int main(int argc, char **argv)
{
	/* 1: all orders; n: every nth, for slow machines */
	unsigned int step = argc > 1 ? atoi(argv[1]) : 7;

	ksft_print_header();
	mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL);
	expected = malloc(BIG_SIZE);
	if (!expected || !step)
		ksft_exit_fail_msg("usage: vb2-memory-lifetime [STEP]\n");
	for (unsigned int i = 0; i < BIG_SIZE; i++)
		expected[i] = i * 2654435761u >> 24;
	if (access("/sys/bus/platform/drivers/virtcap/virtcap.5", F_OK))
		ksft_exit_skip("load virtcap: vb2-memory.sh does it\n");
	ksft_set_plan(3);
	round_trip("vmalloc", 0, 3, step);
	round_trip("dma-contig", 1, 4, step);
	round_trip("dma-sg", 2, 5, step);
	ksft_finished();
}
