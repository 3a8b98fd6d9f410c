// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every allocation fails in turn
 *
 * Each operation is repeated, with the nth allocation of memory failing, until
 * it runs through without that n being reached. What failed must have left
 * nothing behind: no pinned page, no dma-buf, no memory, and the same operation
 * works right afterwards. Wants a kernel with CONFIG_FAULT_INJECTION,
 * CONFIG_FAILSLAB and CONFIG_FAIL_PAGE_ALLOC.
 */
#include "vb2-memory.h"

#include <sys/mount.h>

#include "kselftest.h"

#define OUT	V4L2_BUF_TYPE_VIDEO_OUTPUT
#define CAP	V4L2_BUF_TYPE_VIDEO_CAPTURE
#define ENDLESS	2000

struct scene {
	/* Allocates, exports */
	struct path owner;
	int fd;
	/* Imports, pins */
	struct path user;
	void *ptr;
	bool contig;
};

static int fail_nth = -1;

static void setting(const char *name, const char *value)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "/sys/kernel/debug/%s", name);
	fd = open(path, O_WRONLY);
	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		ksft_exit_skip("%s: %s\n", path, strerror(errno));
	close(fd);
}

/* 0: none */
static void fail_at(unsigned int nth)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", nth);

	if (pwrite(fail_nth, text, len, 0) != len)
		ksft_exit_fail_msg("fail-nth: %s\n", strerror(errno));
}

static bool has_failed(void)
{
	char text[16] = "";

	if (pread(fail_nth, text, sizeof(text) - 1, 0) < 0)
		ksft_exit_fail_msg("fail-nth: %s\n", strerror(errno));
	return !atoi(text);
}

static int allocate(struct scene *s)
{
	int ret = reqbufs(s->owner.cap, CAP, V4L2_MEMORY_MMAP, 2);

	return ret < 0 ? ret : 0;
}

static void unallocate(struct scene *s)
{
	reqbufs(s->owner.cap, CAP, V4L2_MEMORY_MMAP, 0);
}

static int allocate_non_coherent(struct scene *s)
{
	int ret = reqbufs_flags(s->owner.cap, CAP, V4L2_MEMORY_MMAP, 2,
				V4L2_MEMORY_FLAG_NON_COHERENT);

	return ret < 0 ? ret : 0;
}

static int map(struct scene *s)
{
	void *p = buffer_map(s->owner.cap, CAP, 0);

	if (p == MAP_FAILED)
		return -errno;
	munmap(p, ROOM);
	return 0;
}

static int export(struct scene *s)
{
	int fd = buffer_export(s->owner.cap, CAP, 0, O_RDWR);

	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

static int map_export(struct scene *s)
{
	void *p = mmap(NULL, ROOM, PROT_READ, MAP_SHARED, s->fd, 0);

	if (p == MAP_FAILED)
		return -errno;
	munmap(p, ROOM);
	return 0;
}

static int queue(struct scene *s, unsigned int memory, void *ptr)
{
	struct v4l2_buffer buf = {
		.type = OUT, .memory = memory, .field = V4L2_FIELD_NONE,
		.bytesused = SIZE, .length = SIZE,
	};

	if (memory == V4L2_MEMORY_USERPTR)
		buf.m.userptr = (unsigned long)ptr;
	else
		buf.m.fd = s->fd;
	return xioctl(s->user.out, VIDIOC_QBUF, &buf);
}

static int import(struct scene *s)
{
	return queue(s, V4L2_MEMORY_DMABUF, NULL);
}

static int pin(struct scene *s)
{
	return queue(s, V4L2_MEMORY_USERPTR, s->ptr);
}

static int want_import(struct scene *s)
{
	int ret = reqbufs(s->user.out, OUT, V4L2_MEMORY_DMABUF, 1);

	return ret < 0 ? ret : 0;
}

static int want_userptr(struct scene *s)
{
	int ret = reqbufs(s->user.out, OUT, V4L2_MEMORY_USERPTR, 1);

	return ret < 0 ? ret : 0;
}

/* STREAMOFF gives the buffer back also if it was not streaming */
static void unqueue(struct scene *s)
{
	unsigned int out = OUT;

	xioctl(s->user.out, VIDIOC_STREAMOFF, &out);
}

struct operation {
	const char *name;
	/* Around all attempts */
	int (*before)(struct scene *s);
	/* What may fail, and what takes it back if it did not */
	int (*run)(struct scene *s);
	void (*undo)(struct scene *s);
	/* The owner's buffers have to be there, the user's have not */
	bool exported;
	bool not_contig;
};

static const struct operation operations[] = {
	{ .name = "REQBUFS", .run = allocate, .undo = unallocate },
	{ .name = "REQBUFS, non-coherent", .run = allocate_non_coherent,
	  .undo = unallocate },
	{ .name = "mmap", .run = map, .exported = true },
	{ .name = "EXPBUF", .run = export, .exported = true },
	{ .name = "mmap of the dma-buf", .run = map_export, .exported = true },
	{ .name = "QBUF of a dma-buf", .before = want_import, .run = import,
	  .undo = unqueue, .exported = true },
	{ .name = "QBUF of user memory", .before = want_userptr, .run = pin,
	  .undo = unqueue, .not_contig = true },
};

static int prepare(struct scene *s, const struct operation *op,
		   const char *owner, const char *user)
{
	int ret = path_open(&s->owner, owner) ?: path_open(&s->user, user);

	s->fd = -1;
	s->ptr = mmap(NULL, ROOM, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (!ret && op->exported) {
		ret = allocate(s);
		if (!ret) {
			s->fd = buffer_export(s->owner.cap, CAP, 0, O_RDWR);
			ret = s->fd < 0 ? s->fd : 0;
		}
	}
	return ret ?: op->before ? op->before(s) : 0;
}

static void finish(struct scene *s)
{
	if (s->fd >= 0)
		close(s->fd);
	munmap(s->ptr, ROOM);
	path_close(&s->user);
	path_close(&s->owner);
}

static void sweep(const struct operation *op, const char *allocator,
		  const char *owner, const char *user)
{
	unsigned int nth, refused = 0, survived = 0;
	struct scene s;
	int ret = prepare(&s, op, owner, user);
	bool failed = true;

	for (nth = 1; !ret && failed && nth < ENDLESS; nth++) {
		fail_at(nth);
		ret = op->run(&s);
		failed = has_failed();
		fail_at(0);
		if (!ret && op->undo)
			op->undo(&s);
		if (!failed)
			break;
		/* Some failures are made up for: smaller chunks, fewer buffers */
		refused += !!ret;
		survived += !ret;
		/* Only this may be the reason */
		if (ret == -ENOMEM || ret == -EFAULT || ret == -EINVAL ||
		    ret == -EAGAIN)
			ret = 0;
		if (!ret) {
			ret = op->run(&s);
			if (!ret && op->undo)
				op->undo(&s);
		}
	}
	finish(&s);
	ksft_print_msg("%s: %s: %u refused, %u made up for\n", allocator,
		       op->name, refused, survived);
	ksft_test_result(!ret && !failed && refused, "%s: %s%s%s\n", allocator,
			 op->name, ret ? ": " : "", ret ? strerror(-ret) : "");
}

static long counter(const char *file, const char *name)
{
	FILE *f = fopen(file, "r");
	long value, found = 0;
	char line[256];

	while (f && fgets(line, sizeof(line), f)) {
		if (!strncmp(line, name, strlen(name)) &&
		    sscanf(line + strlen(name), "%ld", &value) == 1)
			found = value;
		else if (!strchr(name, ':') && strstr(line, name))
			found++;
	}
	if (f)
		fclose(f);
	return found;
}

static long pinned(void)
{
	return counter("/proc/vmstat", "nr_foll_pin_acquired") -
	       counter("/proc/vmstat", "nr_foll_pin_released");
}

int main(void)
{
	static const char * const allocators[] = {
		"vmalloc", "dma-contig", "dma-sg",
	};
	unsigned int a, i, tests = 0;
	char owner[16], user[16];
	long pins, bufs;

	ksft_print_header();
	mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL);
	fail_nth = open("/proc/self/fail-nth", O_RDWR);
	if (fail_nth < 0)
		ksft_exit_skip("the kernel has no fault injection\n");
	if (access("/sys/bus/platform/drivers/virtcap/virtcap.5", F_OK))
		ksft_exit_skip("load virtcap: vb2-memory.sh does it\n");
	/* Any allocation, also those that may sleep */
	setting("failslab/ignore-gfp-wait", "N");
	setting("fail_page_alloc/ignore-gfp-wait", "N");
	setting("fail_page_alloc/min-order", "0");
	setting("failslab/verbose", "0");
	setting("fail_page_alloc/verbose", "0");

	for (a = 0; a < 3; a++)
		for (i = 0; i < ARRAY_SIZE(operations); i++)
			tests += a != 1 || !operations[i].not_contig;
	ksft_set_plan(tests + 1);
	pins = pinned();
	for (a = 0; a < 3; a++) {
		snprintf(owner, sizeof(owner), "virtcap.%u", a);
		snprintf(user, sizeof(user), "virtcap.%u", a + 3);
		for (i = 0; i < ARRAY_SIZE(operations); i++)
			/* virtcap does not take USERPTR for dma-contig */
			if (a != 1 || !operations[i].not_contig)
				sweep(&operations[i], allocators[a], owner, user);
	}
	/* The counters are added up once a second */
	sleep(3);
	pins = pinned() - pins;
	bufs = counter("/sys/kernel/debug/dma_buf/bufinfo", "videobuf2");
	ksft_test_result(!pins && !bufs,
			 "%ld pages pinned and %ld dma-bufs left\n", pins, bufs);
	ksft_finished();
}
