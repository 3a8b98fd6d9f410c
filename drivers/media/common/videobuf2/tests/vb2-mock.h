/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * videobuf2 tests: a driver, its memory and its user, all under control
 *
 * Nothing here happens by itself: hardware that was started completes a buffer
 * when a test calls vb2_mock_advance(). Every operation that the core calls is
 * counted, and any call of any operation can be made to fail.
 */
#ifndef _VB2_MOCK_H
#define _VB2_MOCK_H

#include <kunit/test.h>
#include <media/videobuf2-v4l2.h>

/* Any type will do: the core compares it, and only front-ends know more */
#define VB2_MOCK_TYPE	1

/* The operations of driver, allocator and front-end */
enum vb2_mock_op {
	MOCK_QUEUE_SETUP,
	MOCK_WAIT_PREPARE,
	MOCK_WAIT_FINISH,
	MOCK_BUF_OUT_VALIDATE,
	MOCK_BUF_INIT,
	MOCK_BUF_PREPARE,
	MOCK_BUF_FINISH,
	MOCK_BUF_CLEANUP,
	MOCK_PREPARE_STREAMING,
	MOCK_UNPREPARE_STREAMING,
	MOCK_START_STREAMING,
	MOCK_STOP_STREAMING,
	MOCK_BUF_QUEUE,
	MOCK_BUF_REQUEST_COMPLETE,

	MOCK_ALLOC,
	MOCK_PUT,
	MOCK_GET_USERPTR,
	MOCK_PUT_USERPTR,
	MOCK_ATTACH_DMABUF,
	MOCK_DETACH_DMABUF,
	MOCK_GET_DMABUF,
	MOCK_MEM_PREPARE,
	MOCK_MEM_FINISH,
	MOCK_MMAP,

	MOCK_VERIFY_PLANES,
	MOCK_INIT_BUFFER,
	MOCK_FILL_USER,
	MOCK_FILL_VB2,
	MOCK_COPY_TIMESTAMP,

	MOCK_OPS
};

/* What a user of the queue gives and gets, in place of struct v4l2_buffer */
struct vb2_mock_user {
	unsigned int index;
	enum vb2_buffer_state state;
	u64 timestamp;
	struct vb2_plane planes[VB2_MAX_PLANES];
};

/* The driver's buffer; V4L2's is for the tests of that front-end */
struct vb2_mock_buffer {
	union {
		struct vb2_buffer vb;
		struct vb2_v4l2_buffer vbuf;
	};
	struct list_head entry;
	/* What the user named with the last QBUF or PREPARE_BUF */
	struct vb2_mock_user user;
	bool inited;
	bool prepared;
	/* Between buf_queue and vb2_buffer_done() */
	bool with_hardware;
};

#define to_mock_buffer(b) container_of(b, struct vb2_mock_buffer, vb)

struct vb2_mock {
	struct kunit *test;
	bool initialised;
	struct device *dev;
	struct mutex lock;	/* the queue's */
	struct vb2_queue q;
	struct vb2_mem_ops mem_ops;
	struct vb2_buf_ops buf_ops;

	/* What queue_setup answers */
	unsigned int num_planes;
	unsigned int sizes[VB2_MAX_PLANES];
	unsigned int want_buffers;
	/* Was it called for read() or write()? And with how many planes? */
	bool setup_for_fileio;
	unsigned int setup_planes;

	/* Calls so far, and which of them fails with what; 0 for none */
	unsigned int calls[MOCK_OPS];
	unsigned int good[MOCK_OPS];
	unsigned int fail_at[MOCK_OPS];
	int fail_with[MOCK_OPS];

	/* Has only the operations that it must have */
	bool minimal;
	/* Called inside buf_prepare if set, with the queue's lock held */
	void (*in_prepare)(struct vb2_mock *mock, struct vb2_buffer *vb);

	/* The process unmaps this while it is pinned, once */
	unsigned long unmap_in_get_userptr;

	/* The hardware: buffers in the order of buf_queue */
	spinlock_t hardware_lock;
	struct list_head hardware;
	u64 frame;
	bool started;
	/* Finishes each buffer inside buf_queue */
	bool instant;
	/* Bytes of each frame, 0 for as much as there is room */
	unsigned int payload;
	/* Frames have no bytes at all */
	bool empty;
	/* Bad manners, for the tests of what the core makes of them */
	bool keep_on_stop;
	bool keep_on_failed_start;
	enum vb2_buffer_state failed_start_state;

	/* Memory that was handed to the core and did not come back */
	atomic_t memory;
	/* Memory of this size or more needs prepare and finish */
	unsigned long sync_size;
	/* Reports of driver bugs by the core, see vb2_mock_expect_bugs() */
	unsigned int bugs;
};

/*
 * A mock whose queue is not initialised yet, one for capture, one for output.
 * It becomes the test's priv; suites release it with vb2_mock_exit().
 */
struct vb2_mock *vb2_mock_create(struct kunit *test, bool is_output);
struct vb2_mock *vb2_mock_capture(struct kunit *test);
struct vb2_mock *vb2_mock_output(struct kunit *test);
void vb2_mock_init_queue(struct vb2_mock *mock);
void vb2_mock_exit(struct kunit *test);

/* Let call number @nth, from now on, of @op fail with @error */
void vb2_mock_fail(struct vb2_mock *mock, enum vb2_mock_op op,
		   unsigned int nth, int error);
/* Let the core report driver bugs without a WARN, and count them */
void vb2_mock_expect_bugs(struct vb2_mock *mock);

/* The hardware finishes @n buffers, in order; returns how many it had */
unsigned int vb2_mock_advance(struct vb2_mock *mock, unsigned int n);
unsigned int vb2_mock_advance_with(struct vb2_mock *mock, unsigned int n,
				   enum vb2_buffer_state state);

/* The verbs, under the queue's lock */
int vb2_mock_reqbufs(struct vb2_mock *mock, enum vb2_memory memory,
		     unsigned int count);
int vb2_mock_create_bufs(struct vb2_mock *mock, enum vb2_memory memory,
			 unsigned int count, unsigned int size,
			 unsigned int *first);
int vb2_mock_remove_bufs(struct vb2_mock *mock, unsigned int start,
			 unsigned int count);
int vb2_mock_prepare_buf(struct vb2_mock *mock, struct vb2_mock_user *user);
int vb2_mock_qbuf(struct vb2_mock *mock, struct vb2_mock_user *user);
int vb2_mock_dqbuf(struct vb2_mock *mock, struct vb2_mock_user *user);
int vb2_mock_streamon(struct vb2_mock *mock);
int vb2_mock_streamoff(struct vb2_mock *mock);
/* poll() for @events, without sleeping */
u32 vb2_mock_poll_for(struct vb2_mock *mock, __poll_t events);
u32 vb2_mock_poll(struct vb2_mock *mock);

/* What it answers; plain numbers, for KUNIT_EXPECT_EQ() */
#define MOCK_POLL_READ	((__force u32)(EPOLLIN | EPOLLRDNORM))
#define MOCK_POLL_WRITE	((__force u32)(EPOLLOUT | EPOLLWRNORM))
#define MOCK_POLL_ERROR	((__force u32)EPOLLERR)

/* QBUF of an MMAP buffer of which nothing need be said */
int vb2_mock_qbuf_index(struct vb2_mock *mock, unsigned int index);
/* REQBUFS(MMAP), QBUF of all, STREAMON */
void vb2_mock_start(struct vb2_mock *mock, unsigned int count);

/* Returns when somebody sleeps in DQBUF */
void vb2_mock_wait_for_sleeper(struct vb2_mock *mock);
enum vb2_buffer_state vb2_mock_state(struct vb2_mock *mock, unsigned int index);

/* A dma-buf of @size bytes and its descriptor; freed with the test */
struct dma_buf *vb2_mock_dmabuf(struct kunit *test, size_t size, int *fd);
void vb2_mock_dmabuf_close(struct kunit *test, int fd);
/* No pin outlives its turn in kernels that do not tell when a process changes */
#define VB2_MOCK_NEEDS_PINS_KEPT(test)					\
	do {								\
		if (!IS_ENABLED(CONFIG_MMU_NOTIFIER))			\
			kunit_skip(test, "no CONFIG_MMU_NOTIFIER");	\
	} while (0)
/* References to it, the test's included */
long vb2_mock_dmabuf_users(struct dma_buf *dbuf);

/* A buffer of a capture queue, and devices that do DMA, for the allocators */
struct vb2_mem_env {
	struct device *dev;
	struct device *other;
	struct vb2_buffer vb;
};

struct vb2_mem_env *vb2_mem_env(struct kunit *test);
struct device *vb2_mock_dma_device(struct kunit *test, const char *name,
				   u64 mask, unsigned int max_segment);

/* All that was begun was ended, all that was taken was given back */
void vb2_mock_expect_balanced(struct vb2_mock *mock);

extern const struct vb2_ops vb2_mock_ops;
/* vb2-mock-user.c */
extern const struct vb2_buf_ops vb2_mock_buf_ops;
/* vb2-mock-mem.c */
extern const struct vb2_mem_ops vb2_mock_mem_ops;
bool vb2_mock_needs_sync(void *buf_priv);
void vb2_mock_mem_known(struct vb2_buffer *vb, bool known);
int vb2_mock_call(struct vb2_mock *mock, enum vb2_mock_op op);
struct vb2_mock *vb2_mock_of(struct vb2_buffer *vb);

#endif /* _VB2_MOCK_H */
