/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vb2-bench: what its parts share
 *
 * Every function ends the program with a message if something fails: a
 * benchmark of a call that returned an error is worth nothing.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <linux/videodev2.h>

#define MAX_BUFFERS	1024
#define KIB		1024u
#define MIB		(1024u * KIB)

/* One queue of one node of the null driver */
struct queue {
	int fd;
	unsigned int type;
	unsigned int memory;
	unsigned int planes;
	unsigned int size;
	unsigned int count;
};

/* What QBUF names in turn: addresses or descriptors, one for each plane */
struct supply {
	unsigned int count;
	union {
		unsigned long userptr;
		int fd;
	} item[2 * VIDEO_MAX_FRAME][VIDEO_MAX_PLANES];
};

/* An ioctl's argument and the array it may point at */
struct frame {
	struct v4l2_buffer buf;
	struct v4l2_plane planes[VIDEO_MAX_PLANES];
};

struct samples {
	size_t count;
	uint64_t value[4096];
};

static inline uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

/* count-plugin.c looks for this instruction, which does nothing */
static inline void mark(void)
{
	asm volatile("xchg %%bx, %%bx" : : : "memory");
}

/* bench-null.c: the null driver and its queues */
extern const char *driver_path;

__attribute__((noreturn, format(printf, 1, 2))) void fail(const char *fmt, ...);
void do_ioctl(int fd, unsigned long request, void *arg, const char *name);
#define IOCTL(fd, request, arg) do_ioctl(fd, request, arg, #request)

__attribute__((format(printf, 1, 2))) void driver_load(const char *fmt, ...);
void driver_unload(void);
unsigned int driver_queue_bytes(void);
struct queue queue_open(unsigned int node, unsigned int memory);
void queue_close(struct queue *q);
void queue_request(struct queue *q, unsigned int count);
void queue_stream(struct queue *q, bool on);
void frame_init(const struct queue *q, struct frame *f, unsigned int index);
void frame_set(const struct queue *q, struct frame *f,
	       const struct supply *supply, unsigned int number);
void supply_export(struct supply *s, struct queue *from, unsigned int count);
void supply_scattered(struct supply *s, const struct queue *q,
		      unsigned int count);
void supply_allocate(struct supply *s, const struct queue *q,
		     unsigned int count);
void supply_release(struct supply *s, const struct queue *q);

/* bench-report.c: numbers and what is said of them */
void sample(struct samples *s, uint64_t value);
uint64_t median(struct samples *s);
void report(const char *name, const char *operation, const char *unit,
	    uint64_t value, uint64_t floor);

/* bench-cases.c, bench-wait.c, bench-memory.c, bench-profile.c */
uint64_t floor_ioctl(void);
void run_floor(void);
void run_calls(void);
void run_headline(void);
void run_iommu(void);
void run_allocation(void);
void run_waiting(void);
void run_threads(void);
void run_memory(void);
void run_profile(void);
void run_profile_planes(void);
void run_profile_vmalloc(void);
void run_profile_contig(void);
void run_profile_sg(void);

#endif /* BENCH_H */
