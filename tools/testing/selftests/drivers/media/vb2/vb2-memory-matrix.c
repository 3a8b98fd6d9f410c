// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every exporter of dma-bufs with every importer
 *
 * A pair either moves a picture in both directions, compared byte for byte on
 * both sides, or is refused: dma-contig takes memory that is scattered only
 * behind an IOMMU. With that exception nothing is refused. The test looks at
 * the physical addresses itself, where they can be seen.
 */
#include "vb2-memory.h"

#include <linux/dma-heap.h>
#include <linux/udmabuf.h>
#include <drm/drm.h>
#include <drm/drm_mode.h>

#include "kselftest.h"

struct memory {
	/* The dma-buf and, mapped by other means than through it, its memory */
	int fd;
	unsigned char *map;
	/* Kept until memory_close() */
	int keep[2];
};

struct exporter {
	const char *name;
	const char *device;
	unsigned int flags;
	int (*open)(struct memory *m, const struct exporter *e);
};

struct importer {
	const char *name;
	const char *device;
	bool contiguous;
};

static int done(struct memory *m)
{
	return m->fd < 0 || m->map == MAP_FAILED ? -errno : 0;
}

static int v4l2_export(struct memory *m, const struct exporter *e)
{
	unsigned int cap = V4L2_BUF_TYPE_VIDEO_CAPTURE;
	struct path p;
	int ret = path_open(&p, e->device);

	m->keep[0] = p.out;
	m->keep[1] = p.cap;
	if (ret)
		return ret;
	ret = reqbufs_flags(p.cap, cap, V4L2_MEMORY_MMAP, 1, e->flags);
	if (ret < 0)
		return ret;
	m->map = buffer_map(p.cap, cap, 0);
	m->fd = buffer_export(p.cap, cap, 0, O_RDWR | O_CLOEXEC);
	return m->fd < 0 ? m->fd : done(m);
}

/* Every second page of a file, so that they do not follow each other */
static int udmabuf_export(struct memory *m, const struct exporter *e)
{
	unsigned int nr = ROOM / 4096;
	struct udmabuf_create_list *list;
	int dev = open("/dev/udmabuf", O_RDWR);
	int mem = memfd_create("pages", MFD_ALLOW_SEALING);

	m->keep[0] = dev;
	m->keep[1] = mem;
	list = calloc(1, sizeof(*list) + nr * sizeof(list->list[0]));
	m->map = mmap(NULL, ROOM, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (dev < 0 || mem < 0 || !list || ftruncate(mem, 2 * ROOM) ||
	    fallocate(mem, 0, 0, 2 * ROOM) ||
	    fcntl(mem, F_ADD_SEALS, F_SEAL_SHRINK))
		return -errno;
	list->count = nr;
	for (unsigned int i = 0; i < nr; i++) {
		list->list[i].memfd = mem;
		list->list[i].offset = 2 * i * 4096;
		list->list[i].size = 4096;
		if (mmap(m->map + i * 4096, 4096, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_FIXED, mem, 2 * i * 4096) == MAP_FAILED)
			return -errno;
	}
	m->fd = ioctl(dev, UDMABUF_CREATE_LIST, list);
	free(list);
	return done(m);
}

static int heap_export(struct memory *m, const struct exporter *e)
{
	struct dma_heap_allocation_data data = {
		.len = ROOM, .fd_flags = O_RDWR | O_CLOEXEC,
	};
	int dev = open("/dev/dma_heap/system", O_RDWR);

	m->keep[0] = dev;
	if (dev < 0 || ioctl(dev, DMA_HEAP_IOCTL_ALLOC, &data))
		return -errno;
	m->fd = data.fd;
	m->map = mmap(NULL, ROOM, PROT_READ | PROT_WRITE, MAP_SHARED, m->fd, 0);
	return done(m);
}

static int vgem_open(void)
{
	char path[32], name[16];

	for (unsigned int i = 0; i < 16; i++) {
		struct drm_version v = { .name = name, .name_len = 15 };
		int fd;

		snprintf(path, sizeof(path), "/dev/dri/card%u", i);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			continue;
		memset(name, 0, sizeof(name));
		if (!ioctl(fd, DRM_IOCTL_VERSION, &v) && !strcmp(name, "vgem"))
			return fd;
		close(fd);
	}
	errno = ENODEV;
	return -1;
}

static int vgem_export(struct memory *m, const struct exporter *e)
{
	struct drm_mode_create_dumb dumb = {
		.width = ROOM / 4, .height = 1, .bpp = 32,
	};
	struct drm_prime_handle prime = { .flags = DRM_CLOEXEC | DRM_RDWR };
	struct drm_mode_map_dumb map = {};
	int dev = vgem_open();

	m->keep[0] = dev;
	if (dev < 0 || ioctl(dev, DRM_IOCTL_MODE_CREATE_DUMB, &dumb))
		return -errno;
	map.handle = dumb.handle;
	prime.handle = dumb.handle;
	if (ioctl(dev, DRM_IOCTL_MODE_MAP_DUMB, &map) ||
	    ioctl(dev, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime))
		return -errno;
	m->fd = prime.fd;
	m->map = mmap(NULL, ROOM, PROT_READ | PROT_WRITE, MAP_SHARED, dev,
		      map.offset);
	return done(m);
}

static int memory_open(struct memory *m, const struct exporter *e)
{
	*m = (struct memory) {
		.fd = -1, .map = MAP_FAILED, .keep = { -1, -1 },
	};
	return e->open(m, e);
}

static void memory_close(struct memory *m)
{
	if (m->map != MAP_FAILED)
		munmap(m->map, ROOM);
	if (m->fd >= 0)
		close(m->fd);
	for (unsigned int i = 0; i < 2; i++)
		if (m->keep[i] >= 0)
			close(m->keep[i]);
}

static const struct exporter exporters[] = {
	{ "vmalloc", "virtcap.0", 0, v4l2_export },
	{ "dma-contig", "virtcap.1", 0, v4l2_export },
	{ "dma-sg", "virtcap.2", 0, v4l2_export },
	{ "dma-contig nc", "virtcap.1", V4L2_MEMORY_FLAG_NON_COHERENT,
	  v4l2_export },
	{ "PCI dma-contig", "edu.0", 0, v4l2_export },
	{ "PCI dma-sg", "edu.1", 0, v4l2_export },
	{ "PCI contig nc", "edu.0", V4L2_MEMORY_FLAG_NON_COHERENT, v4l2_export },
	{ "udmabuf", NULL, 0, udmabuf_export },
	{ "system heap", NULL, 0, heap_export },
	{ "vgem", NULL, 0, vgem_export },
};

static const struct importer importers[] = {
	{ "vmalloc", "virtcap.3", false },
	{ "dma-contig", "virtcap.4", true },
	{ "dma-sg", "virtcap.5", false },
	{ "PCI contig", "edu.0", true },
	{ "PCI sg", "edu.1", false },
	{ "vgem", NULL, false },
};

#define EXPORTERS	ARRAY_SIZE(exporters)
#define IMPORTERS	ARRAY_SIZE(importers)

static unsigned char sent[SIZE], got[SIZE];
static char table[EXPORTERS][IMPORTERS][16];

/* The exporter's memory as source, then as destination */
static int move(struct path *p, struct memory *m)
{
	struct side shared = { .memory = V4L2_MEMORY_DMABUF, .fd = m->fd };
	struct side local = { .memory = V4L2_MEMORY_MMAP, .data = got };
	static unsigned int seed;
	unsigned char *view;
	int ret;

	picture(sent, ++seed);
	cpu_access(m->fd, DMA_BUF_SYNC_WRITE | DMA_BUF_SYNC_START);
	memcpy(m->map, sent, SIZE);
	cpu_access(m->fd, DMA_BUF_SYNC_WRITE | DMA_BUF_SYNC_END);
	ret = path_copy(p, &shared, &local);
	if (ret)
		return ret;
	if (memcmp(sent, got, SIZE))
		return -EBADMSG;

	picture(sent, ++seed);
	local.data = sent;
	ret = path_copy(p, &local, &shared);
	if (ret)
		return ret;
	cpu_access(m->fd, DMA_BUF_SYNC_READ | DMA_BUF_SYNC_START);
	ret = memcmp(sent, m->map, SIZE) ? -EBADMSG : 0;
	view = mmap(NULL, ROOM, PROT_READ, MAP_SHARED, m->fd, 0);
	if (view == MAP_FAILED || memcmp(sent, view, SIZE))
		ret = -EBADMSG;
	if (view != MAP_FAILED)
		munmap(view, ROOM);
	cpu_access(m->fd, DMA_BUF_SYNC_READ | DMA_BUF_SYNC_END);
	return ret;
}

/* A DRM device that cannot draw: attached, and the same memory it is */
static int import_drm(struct memory *m)
{
	struct drm_prime_handle prime = { .fd = m->fd };
	int dev = vgem_open();
	unsigned char *view;
	int ret = -EBADMSG;

	if (dev < 0 || ioctl(dev, DRM_IOCTL_PRIME_FD_TO_HANDLE, &prime))
		return -errno;
	picture(sent, 1000);
	memcpy(m->map, sent, SIZE);
	prime.flags = DRM_CLOEXEC | DRM_RDWR;
	if (ioctl(dev, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime))
		return -errno;
	view = mmap(NULL, ROOM, PROT_READ, MAP_SHARED, prime.fd, 0);
	if (view != MAP_FAILED && !memcmp(view, sent, SIZE))
		ret = 0;
	if (view != MAP_FAILED)
		munmap(view, ROOM);
	close(prime.fd);
	close(dev);
	return ret;
}

static void cell(unsigned int x, unsigned int y)
{
	const struct exporter *e = &exporters[y];
	const struct importer *i = &importers[x];
	struct path p = { .out = -1, .cap = -1 };
	int ret, expected = 0;
	bool either = false;
	struct memory m;

	ret = memory_open(&m, e);
	if (!ret && i->device)
		ret = path_open(&p, i->device);
	if (ret) {
		ksft_test_result_fail("%s -> %s: cannot open: %s\n", e->name,
				      i->name, strerror(-ret));
		goto out;
	}
	if (i->contiguous && !p.iommu)
		switch (layout(m.map, SIZE)) {
		case SCATTERED:
			expected = -EINVAL;
			break;
		case HIDDEN:
			/* Only of the DMA API we know that it is one run */
			either = !strstr(e->name, "contig");
			break;
		default:
			break;
		}
	ret = i->device ? move(&p, &m) : import_drm(&m);
	snprintf(table[y][x], sizeof(table[y][x]), "%s",
		 ret == -EINVAL ? "scattered" : ret ? "FAILED" : "equal");
	if (either && ret == -EINVAL)
		expected = ret;
	ksft_test_result(ret == expected, "%s -> %s: %s\n", e->name, i->name,
			 ret ? strerror(-ret) : "equal");
	if (ret != expected)
		ksft_print_msg("expected: %s\n",
			       expected ? strerror(-expected) : "equal");
out:
	path_close(&p);
	memory_close(&m);
}

static bool present(const char *device)
{
	struct path p;
	bool there = !device || !path_open(&p, device);

	if (device)
		path_close(&p);
	return there;
}

static void print_table(void)
{
	char line[256];
	int len = snprintf(line, sizeof(line), "%-16s", "from \\ to");

	for (unsigned int x = 0; x < IMPORTERS; x++)
		len += snprintf(line + len, sizeof(line) - len, "%-12s",
				importers[x].name);
	ksft_print_msg("%s\n", line);
	for (unsigned int y = 0; y < EXPORTERS; y++) {
		len = snprintf(line, sizeof(line), "%-16s", exporters[y].name);
		for (unsigned int x = 0; x < IMPORTERS; x++)
			len += snprintf(line + len, sizeof(line) - len, "%-12s",
					table[y][x]);
		ksft_print_msg("%s\n", line);
	}
}

int main(void)
{
	bool edu = present("edu.0") && present("edu.1");
	unsigned int x, y;

	ksft_print_header();
	if (!present("virtcap.5"))
		ksft_exit_skip("load virtcap: vb2-memory.sh does it\n");
	ksft_set_plan(EXPORTERS * IMPORTERS);
	for (y = 0; y < EXPORTERS; y++)
		for (x = 0; x < IMPORTERS; x++) {
			const char *a = exporters[y].device;
			const char *b = importers[x].device;

			if (edu || ((!a || strncmp(a, "edu", 3)) &&
				    (!b || strncmp(b, "edu", 3)))) {
				cell(x, y);
				continue;
			}
			snprintf(table[y][x], sizeof(table[y][x]), "no device");
			ksft_test_result_skip("%s -> %s: no edu device\n",
					      exporters[y].name,
					      importers[x].name);
		}
	print_table();
	ksft_finished();
}
