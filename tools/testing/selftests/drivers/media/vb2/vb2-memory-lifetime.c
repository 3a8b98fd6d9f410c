// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that several parties hold goes with the last of them
 *
 * A buffer is allocated, mapped, exported, mapped through the dma-buf, imported
 * by another device and queued there. Then each party lets go, in every order,
 * and somewhere between the driver of one of the devices is unbound. As long as
 * a mapping is there the picture must be in it, and in the end nothing may be
 * left: no page, no mapping for DMA, no dma-buf, no object.
 *
 * usage: vb2-memory-lifetime [PLACES [STEP]]
 *
 * In how many places of each order the driver is unbound: all 6; or 1, which is
 * another one for each order, where the kernel is slow because it debugs itself.
 * Each STEPth order is tried: each, or each fifth where kmemleak makes a round
 * take seconds.
 */
#include "vb2-memory.h"

#include <sys/mount.h>

#include "kselftest.h"
#include "vb2-memory-left.h"

/* So many pages that one that is lost is more than caches make of it */
#define BIG_WIDTH	640
#define BIG_HEIGHT	360
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
	PARTIES,
	ORDERED = DRIVER
};

static const char * const names[] = {
	"queue", "mapping", "descriptor", "dma-buf's mapping", "importer",
	"driver",
};

struct scene {
	unsigned int exporting;
	unsigned int importing;
	int queue;
	unsigned char *map;
	int fd;
	unsigned char *view;
	int importer;
	/* Vary how a party leaves: it frees its buffers before it closes */
	bool queue_frees;
	bool importer_frees;
	/* The device whose driver is unbound, and whether it is now */
	unsigned int device;
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

static int setup(struct scene *s)
{
	unsigned int out = OUT;
	char name[64];
	int ret;

	snprintf(name, sizeof(name), "virtcap.%u capture", s->exporting);
	s->queue = node_open(name, 0, NULL);
	snprintf(name, sizeof(name), "virtcap.%u output", s->importing);
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

/* Of a device without a driver nothing can be had, and nothing need be */
static int end_queue(struct scene *s, unsigned int device, int fd,
		     unsigned int type, unsigned int memory)
{
	int ret = xioctl(fd, VIDIOC_STREAMOFF, &type) ?:
		  reqbufs(fd, type, memory, 0);

	if (!s->unbound || s->device != device)
		return ret;
	return ret == -ENODEV ? 0 : -EPROTO;
}

static int leave(struct scene *s, enum party party)
{
	int ret = 0;

	switch (party) {
	case QUEUE:
		if (s->queue_frees)
			ret = end_queue(s, s->exporting, s->queue, CAP,
					V4L2_MEMORY_MMAP);
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
		if (s->importer_frees)
			ret = end_queue(s, s->importing, s->importer, OUT,
					V4L2_MEMORY_DMABUF);
		close(s->importer);
		break;
	case DRIVER:
		s->unbound = true;
		ret = bind_driver(s->device, "unbind");
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

static bool next_order(int *order)
{
	int i = ORDERED - 2, j = ORDERED - 1, swap;

	while (i >= 0 && order[i] > order[i + 1])
		i--;
	if (i < 0)
		return false;
	while (order[j] < order[i])
		j--;
	swap = order[i], order[i] = order[j], order[j] = swap;
	for (i++, j = ORDERED - 1; i < j; i++, j--)
		swap = order[i], order[i] = order[j], order[j] = swap;
	return true;
}

static bool dma_is_watched(void)
{
	return !access("/sys/kernel/debug/dma-api", F_OK);
}

/*
 * What dma-contig allocates belongs to the DMA API, which complains, if it is
 * made to look, about memory that others still hold when a driver is unbound.
 */
static bool memory_stays(const char *allocator, const int *order)
{
	if (strcmp(allocator, "dma-contig") || !dma_is_watched())
		return false;
	for (unsigned int i = PARTIES; order[--i] != DRIVER; )
		if (order[i] != QUEUE)
			return true;
	return false;
}

static int play(struct scene *s, const int *order)
{
	int ret = setup(s);

	if (ret)
		ksft_print_msg("setup: %s\n", strerror(-ret));
	for (unsigned int i = 0; !ret && i < PARTIES; i++) {
		ret = leave(s, order[i]);
		if (ret)
			ksft_print_msg("%s left: %s\n", names[order[i]],
				       strerror(-ret));
	}
	if (s->unbound)
		ret = bind_driver(s->device, "bind") ?: ret;
	if (!ret)
		return 0;
	ksft_print_msg("driver of %s, order: %s, %s, %s, %s, %s, %s\n",
		       s->device == s->exporting ? "exporter" : "importer",
		       names[order[0]], names[order[1]], names[order[2]],
		       names[order[3]], names[order[4]], names[order[5]]);
	return ret;
}

/*
 * What only caches hold does not count. What was used of it is spared at first.
 */
static void drop_unused(void)
{
	for (unsigned int i = 0; i < 4; i++)
		file_write("/proc/sys/vm/drop_caches", "2");
}

/* The others' order is @ordered, and the driver goes before number @place */
static int act(const char *allocator, struct scene *s, const int *ordered,
	       unsigned int place)
{
	int order[PARTIES];

	memcpy(order, ordered, place * sizeof(int));
	order[place] = DRIVER;
	memcpy(order + place + 1, ordered + place,
	       (ORDERED - place) * sizeof(int));
	if (memory_stays(allocator, order))
		s->device = s->importing;
	return play(s, order);
}

static int round_trip(const char *allocator, struct scene *s,
		      const int *order, unsigned int place)
{
	static unsigned int rounds;
	/* Neither this nor the place goes with the order */
	unsigned int vary = ++rounds * 2654435761u >> 29;

	s->queue_frees = vary & 1;
	s->importer_frees = vary & 2;
	s->device = vary & 4 ? s->importing : s->exporting;
	s->unbound = false;
	return act(allocator, s, order, place % PARTIES);
}

static int bind_again(unsigned int device)
{
	return bind_driver(device, "unbind") ?: bind_driver(device, "bind");
}

static void every_order(const char *allocator, unsigned int exporter,
			unsigned int importer, unsigned int places,
			unsigned int step)
{
	struct scene s = { .exporting = exporter, .importing = importer };
	unsigned int orders = 0, rounds = 0, exporters = 0, skip;
	int order[ORDERED] = { 0, 1, 2, 3, 4 };
	struct left before = {}, now = {};
	int ret;

	/* What binding makes is charged to who binds: from now on that is us */
	ret = bind_again(exporter) ?: bind_again(importer);
	/* What is made once and kept */
	for (unsigned int i = 0; !ret && i < 2 * PARTIES; i++)
		ret = round_trip(allocator, &s, order, i);
	drop_unused();
	left_look(&before);
	do {
		for (unsigned int i = 0; !ret && i < places; i++) {
			ret = round_trip(allocator, &s, order,
					 orders + orders / PARTIES + i);
			exporters += s.device == exporter;
			rounds++;
		}
		orders++;
		for (skip = step; skip && next_order(order); skip--)
			;
	} while (!ret && !skip);

	drop_unused();
	ksft_test_result(!ret && left_nothing(&before, &now),
			 "%s: %u orders, %u rounds, %u without the exporter's driver\n",
			 allocator, orders, rounds, exporters);
	left_print(&before, &now);
}

int main(int argc, char **argv)
{
	unsigned int places, step;

	ksft_print_header();
	mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL);
	places = argc > 1 ? atoi(argv[1]) : dma_is_watched() ? 1 : PARTIES;
	step = argc > 2 ? atoi(argv[2]) : left_kmemleak() ? 5 : 1;
	expected = malloc(BIG_SIZE);
	if (!expected || !places || places > PARTIES || !step)
		ksft_exit_fail_msg("usage: vb2-memory-lifetime [PLACES [STEP]]\n");
	for (unsigned int i = 0; i < BIG_SIZE; i++)
		expected[i] = i * 2654435761u >> 24;
	if (access("/sys/bus/platform/drivers/virtcap/virtcap.5", F_OK))
		ksft_exit_skip("load virtcap: vb2-memory.sh does it\n");
	ksft_set_plan(5);
	left_begin();
	kernel_complained();
	every_order("vmalloc", 0, 3, places, step);
	every_order("dma-contig", 1, 4, places, step);
	every_order("dma-sg", 2, 5, places, step);
	left_report();
	ksft_finished();
}
