/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vb2-frames: tell lost, repeated, torn and stale frames
 */
#ifndef VB2_FRAMES_H
#define VB2_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdnoreturn.h>

#include <linux/videodev2.h>

#define MAX_BUFFERS	64
#define MAX_PLANES	3
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* One memory plane of a frame */
struct plane {
	uint8_t *mem;
	size_t size;		/* of the memory */
	uint32_t image;		/* bytes of the picture */
	uint32_t bpl;		/* bytes per line */
};

struct frame {
	struct plane planes[MAX_PLANES];
	unsigned int num_planes;
};

/* device.c: a video node and its buffers */
struct device {
	const char *path;
	int fd;
	enum v4l2_buf_type type;
	enum v4l2_memory memory;
	bool mplane;
	bool uses_read;
	struct v4l2_format fmt;
	unsigned int num_buffers;
	struct frame buffers[MAX_BUFFERS];
	int dmabuf[MAX_BUFFERS][MAX_PLANES];	/* exported or imported, or -1 */
};

struct done {
	unsigned int index;
	uint32_t sequence;
	uint64_t timestamp;	/* nanoseconds */
	bool error;
};

noreturn void die(const char *fmt, ...);
void device_open(struct device *dev, const char *path, bool output);
void device_set_input(struct device *dev, const char *name);
void device_set_format(struct device *dev, uint32_t width, uint32_t height,
		       uint32_t fourcc, uint32_t stride);
void device_set_control(struct device *dev, uint32_t id, int32_t value,
			const char *what);
void device_alloc(struct device *dev, unsigned int count, enum v4l2_memory memory,
		  struct device *exporter);
void device_queue(struct device *dev, unsigned int index);
/* false: nothing yet (only with O_NONBLOCK), or the end after a signal */
bool device_dequeue(struct device *dev, struct done *done);
void device_stream(struct device *dev, bool on);
bool device_read(struct device *dev, struct frame *frame);

/* identity.c: what is written in a frame */
enum verdict {
	GOOD,
	LOST,
	REPEATED,
	DISORDER,
	TORN,
	STALE,
	CORRUPT,
	BUFFER_ERROR,
	NUM_VERDICTS
};

extern const char *const verdict_names[NUM_VERDICTS];

struct checker {
	bool foreign;		/* frames come from elsewhere: other numbers */
	bool started;
	uint32_t last;		/* frame number seen before */
	int instance;		/* -1: not known yet */
	unsigned long frames;
	unsigned long count[NUM_VERDICTS];
};

bool identity_present(const struct frame *frame);
void identity_poison(struct frame *frame);
void identity_write(struct frame *frame, uint16_t instance, uint32_t number,
		    bool checksum);
/* done is NULL if the frame was read() */
enum verdict identity_check(struct checker *checker, const struct frame *frame,
			    const struct done *done);

#endif
