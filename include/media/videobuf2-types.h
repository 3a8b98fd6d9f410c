/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * videobuf2: the structures of queue, buffer, plane, and their operations
 *
 * Do not include this: videobuf2-core.h does.
 */
#ifndef _MEDIA_VIDEOBUF2_TYPES_H
#define _MEDIA_VIDEOBUF2_TYPES_H

#include <linux/bitops.h>
#include <linux/dma-buf.h>
#include <linux/mm_types.h>
#include <linux/mutex.h>
#include <linux/poll.h>

#include <media/frame_vector.h>
#include <media/media-request.h>

/* Buffers a queue holds unless the driver asks for more, see max_num_buffers */
#define VB2_MAX_FRAME	(32)
/* Planes a buffer can have */
#define VB2_MAX_PLANES	(8)

struct vb2_buffer;
struct vb2_fileio_data;
struct vb2_keep;
struct vb2_named;
struct vb2_queue;
struct vb2_threadio_data;

/**
 * enum vb2_memory - who provides the memory of a queue's buffers
 * @VB2_MEMORY_UNKNOWN: nothing is allocated
 * @VB2_MEMORY_MMAP: the queue's allocator; user space maps it
 * @VB2_MEMORY_USERPTR: user space passes an address in its own memory
 * @VB2_MEMORY_DMABUF: user space passes the descriptor of a dma-buf
 *
 * The values are those of &enum v4l2_memory; 3 was an overlay and is not used.
 */
enum vb2_memory {
	VB2_MEMORY_UNKNOWN = 0x0,
	VB2_MEMORY_MMAP = 0x1,
	VB2_MEMORY_USERPTR = 0x2,
	VB2_MEMORY_DMABUF = 0x4,
};

/**
 * enum vb2_io_modes - ways of moving data that a queue's driver allows
 * @VB2_MMAP: streaming with memory of the queue
 * @VB2_USERPTR: streaming with memory of the application
 * @VB2_READ: read()
 * @VB2_WRITE: write()
 * @VB2_DMABUF: streaming with imported dma-bufs
 */
enum vb2_io_modes {
	VB2_MMAP = 0x01,
	VB2_USERPTR = 0x02,
	VB2_READ = 0x04,
	VB2_WRITE = 0x08,
	VB2_DMABUF = 0x10,
};

/**
 * enum vb2_buffer_state - who owns a buffer
 * @VB2_BUF_STATE_DEQUEUED: user space
 * @VB2_BUF_STATE_IN_REQUEST: a media request that is not queued yet
 * @VB2_BUF_STATE_PREPARING: the core, inside QBUF or PREPARE_BUF
 * @VB2_BUF_STATE_QUEUED: the core, waiting for the driver to want it
 * @VB2_BUF_STATE_ACTIVE: the driver, between its buf_queue operation and
 *	vb2_buffer_done()
 * @VB2_BUF_STATE_DONE: the core again, filled, waiting for DQBUF
 * @VB2_BUF_STATE_ERROR: as DONE, but the payload is damaged
 *
 * vb2-state.c has the table of the legal ways between them.
 */
enum vb2_buffer_state {
	VB2_BUF_STATE_DEQUEUED = 0,
	VB2_BUF_STATE_IN_REQUEST = 1,
	VB2_BUF_STATE_PREPARING = 2,
	VB2_BUF_STATE_QUEUED = 3,
	VB2_BUF_STATE_ACTIVE = 4,
	VB2_BUF_STATE_DONE = 5,
	VB2_BUF_STATE_ERROR = 6,
};

/**
 * struct vb2_mem_ops - what a memory allocator does for the core
 * @alloc: Get @size bytes (a multiple of PAGE_SIZE) for a plane of @vb that
 *	@dev can reach, zeroed. Returns the allocator's private pointer with one
 *	reference, or an ERR_PTR(), never NULL. Needed for MMAP.
 * @put: Drop the reference that @alloc returned. Memory goes when user
 *	mappings and exported dma-bufs are gone as well.
 * @num_users: References to the memory: 1 means that only the queue holds it.
 *	Any context. Needed for MMAP.
 * @mmap: Map the whole memory into @vma, whose vm_pgoff is 0. The mapping
 *	takes a reference. Called with mmap_lock of the process and of the queue
 *	held. Needed for MMAP.
 * @get_dmabuf: Export: make a dma-buf that holds a reference; @flags are the
 *	access mode bits of open(). NULL or an ERR_PTR() on failure.
 * @get_userptr: Pin @size bytes of the calling process from address @vaddr and
 *	make them reachable for @dev. An ERR_PTR() on failure, with nothing
 *	pinned. Needed for USERPTR, with @put_userptr.
 * @put_userptr: Undo @get_userptr; pages that the device wrote are marked
 *	dirty.
 * @attach_dmabuf: Import: attach @dev to @dbuf and map at least @size bytes of
 *	it. The caller keeps its reference to @dbuf until after @detach_dmabuf.
 *	An ERR_PTR() on failure, with nothing attached. Needed for DMABUF, with
 *	@detach_dmabuf.
 * @detach_dmabuf: Unmap and detach.
 * @prepare: Hand the memory over to the device: write back what the CPU
 *	cached. Optional.
 * @finish: Hand the memory over to the CPU: drop what the CPU cached. Optional.
 * @needs_sync: Does the memory need @prepare and @finish? Asked once when a
 *	plane gets memory. NULL: always.
 * @vaddr: Kernel address of the memory, mapped on first use; NULL if it has
 *	none. Optional.
 * @cookie: What a driver programs its hardware with: a &dma_addr_t pointer
 *	(dma-contig), a &struct sg_table pointer (dma-sg). Any context.
 *	Optional.
 *
 * Which one is called where: @alloc, @get_userptr and @attach_dmabuf when a
 * plane gets memory, their counterparts when it loses it; @prepare after the
 * driver's buf_prepare, @finish before its buf_finish. All may sleep unless
 * said otherwise, and are called under the lock of the queue if it has one.
 * Exceptions: @vaddr and @cookie are called for drivers in whatever context
 * they are; @detach_dmabuf and @put_userptr also by a work of the core's, without
 * the lock, for memory that no buffer has any more.
 */
struct vb2_mem_ops {
	void *(*alloc)(struct vb2_buffer *vb, struct device *dev,
		       unsigned long size);
	void (*put)(void *buf_priv);
	unsigned int (*num_users)(void *buf_priv);
	int (*mmap)(void *buf_priv, struct vm_area_struct *vma);
	struct dma_buf *(*get_dmabuf)(struct vb2_buffer *vb, void *buf_priv,
				      unsigned long flags);

	void *(*get_userptr)(struct vb2_buffer *vb, struct device *dev,
			     unsigned long vaddr, unsigned long size);
	void (*put_userptr)(void *buf_priv);

	void *(*attach_dmabuf)(struct vb2_buffer *vb, struct device *dev,
			       struct dma_buf *dbuf, unsigned long size);
	void (*detach_dmabuf)(void *buf_priv);

	void (*prepare)(void *buf_priv);
	void (*finish)(void *buf_priv);
	bool (*needs_sync)(void *buf_priv);

	void *(*vaddr)(struct vb2_buffer *vb, void *buf_priv);
	void *(*cookie)(struct vb2_buffer *vb, void *buf_priv);
};

/**
 * struct vb2_plane - one plane of a buffer
 * @bytesused: payload in bytes, including @data_offset
 * @length: size in bytes that user space may use
 * @data_offset: bytes before the image data starts
 * @m: what user space calls the memory
 * @m.offset: MMAP: the offset to give to mmap()
 * @m.userptr: USERPTR: the address
 * @m.fd: DMABUF: the descriptor
 * @dbuf: the imported dma-buf (DMABUF), with a reference
 */
struct vb2_plane {
	/* private: the driver's size from queue_setup(), the least @length */
	unsigned int		min_length;
	/* public: */
	unsigned int		bytesused;
	unsigned int		length;
	unsigned int		data_offset;
	union {
		unsigned int	offset;
		unsigned long	userptr;
		int		fd;
	} m;
	struct dma_buf		*dbuf;
	/* private: the core's */
	/* The allocator's handle; NULL while the plane has no memory */
	void			*mem_priv;
	/* USERPTR, DMABUF: what mem_priv belongs to */
	struct vb2_named	*named;
};

/*
 * With VIDEO_ADV_DEBUG the core counts its calls of operations that belong in
 * pairs, see vb2-check.c. An even number and the next one are a pair.
 */
enum vb2_buffer_count {
	VB2_COUNT_MEM_ALLOC,
	VB2_COUNT_MEM_PUT,
	VB2_COUNT_GET_USERPTR,
	VB2_COUNT_PUT_USERPTR,
	VB2_COUNT_ATTACH_DMABUF,
	VB2_COUNT_DETACH_DMABUF,
	VB2_COUNT_MEM_PREPARE,
	VB2_COUNT_MEM_FINISH,
	VB2_COUNT_BUF_INIT,
	VB2_COUNT_BUF_CLEANUP,
	VB2_COUNT_BUF_PREPARE,
	VB2_COUNT_BUF_FINISH,
	VB2_BUFFER_COUNTS
};

enum vb2_queue_count {
	VB2_COUNT_PREPARE_STREAMING,
	VB2_COUNT_UNPREPARE_STREAMING,
	VB2_COUNT_START_STREAMING,
	VB2_COUNT_STOP_STREAMING,
	VB2_COUNT_WAIT_PREPARE,
	VB2_COUNT_WAIT_FINISH,
	VB2_QUEUE_COUNTS
};

#define VB2_COUNTS(n) (IS_ENABLED(CONFIG_VIDEO_ADV_DEBUG) ? (n) : 0)

/**
 * struct vb2_buffer - a video buffer
 * @vb2_queue: the queue it belongs to
 * @index: its number in that queue
 * @type: the queue's type when it was allocated
 * @memory: where its memory comes from, &enum vb2_memory
 * @num_planes: how many elements @planes has
 * @timestamp: when the frame was taken or is to be shown, in nanoseconds;
 *	drivers of capture devices set it before vb2_buffer_done()
 * @request: the media request it was queued with, with a reference
 * @req_obj: its part in that request
 * @state: who owns it. Read it, do not write it.
 * @planes: its planes
 *
 * Allocated by the core with vb2_queue.buf_struct_size, so that a driver
 * appends members of its own. It lives from REQBUFS or CREATE_BUFS until
 * REQBUFS(0), REMOVE_BUFS or the release of the queue; user mappings and
 * exported dma-bufs keep its memory alive for longer, not this struct.
 */
struct vb2_buffer {
	struct vb2_queue	*vb2_queue;
	enum vb2_buffer_state	state;
	unsigned int		index;
	struct vb2_plane	*planes;
	unsigned int		num_planes;
	unsigned int		memory;
	u64			timestamp;
	struct media_request_object	req_obj;
	struct media_request	*request;
	unsigned int		type;

	/* private: one byte each, because drivers write some of them */
	/* The device has the memory: prepare was called, finish not yet */
	bool			synced;
	/* The allocator's prepare and finish have something to do */
	bool			needs_sync;
	/* The driver's buf_prepare was called, its buf_finish not yet */
	bool			prepared;
	/* The driver's buf_init was called, its buf_cleanup not yet */
	bool			inited;
	/* The timestamp came from an OUTPUT buffer (mem2mem) */
	bool			copied_timestamp;
	/* User space said that it does not look at the memory */
	bool			skip_cache_sync_on_prepare;
	bool			skip_cache_sync_on_finish;

	/* In vb2_queue.queued_list from QBUF until DQBUF */
	struct list_head	queued_entry;
	/* In vb2_queue.done_list while DONE or ERROR; the driver's in ACTIVE */
	struct list_head	done_entry;
	u32			ledger[VB2_COUNTS(VB2_BUFFER_COUNTS)];
};

/**
 * struct vb2_ops - what a driver does for the core
 * @queue_setup: Called by REQBUFS with *@num_planes 0: say how many planes and
 *	how many bytes each needs, and raise *@num_buffers if too few. Called by
 *	CREATE_BUFS with what the application wants: return -EINVAL if it cannot
 *	be used. @alloc_devs may name another device for each plane. Called
 *	again if fewer buffers could be allocated. Needed.
 * @wait_prepare: Give up the lock under which the ioctls run, because the core
 *	is about to sleep. May be left out if &vb2_queue.lock is that lock.
 * @wait_finish: Take it again.
 * @buf_out_validate: Check what user space says of an OUTPUT buffer, before
 *	anything else; called even if the buffer goes into a request, for which
 *	it must at least set the field. Optional, needed for requests.
 * @buf_init: Memory was acquired. May fail. Optional.
 * @buf_prepare: Called at each QBUF: check the sizes, set the payload, build
 *	descriptors. May fail. Optional.
 * @buf_finish: Called before the buffer goes back to user space, from DQBUF
 *	and also when streaming is stopped. Optional.
 * @buf_cleanup: Memory is about to be released. Optional.
 * @prepare_streaming: STREAMON was called; buffers may be missing still.
 *	Optional.
 * @start_streaming: There are at least min_queued_buffers, already given to
 *	@buf_queue; @count says how many. On failure every buffer must be given
 *	back with vb2_buffer_done() and VB2_BUF_STATE_QUEUED. Optional.
 * @stop_streaming: Stop the hardware, wait until it is quiet, then give back
 *	every buffer with VB2_BUF_STATE_ERROR or DONE. Optional only for drivers
 *	that complete buffers inside @buf_queue.
 * @unprepare_streaming: Counterpart of @prepare_streaming, after
 *	@stop_streaming. Optional.
 * @buf_queue: The driver owns the buffer now, until vb2_buffer_done(), which
 *	it may call at once. Cannot fail. Needed.
 * @buf_request_complete: The buffer's request was queued but is cancelled
 *	before the driver saw it: complete the request's controls. Needed if
 *	requests are supported.
 *
 * All are called in process context, under &vb2_queue.lock if that is set, and
 * may sleep.
 */
struct vb2_ops {
	/* Sizes, and what the hardware is told of a buffer */
	int (*queue_setup)(struct vb2_queue *q, unsigned int *num_buffers,
			   unsigned int *num_planes, unsigned int sizes[],
			   struct device *alloc_devs[]);
	int (*buf_init)(struct vb2_buffer *vb);
	void (*buf_cleanup)(struct vb2_buffer *vb);
	int (*buf_out_validate)(struct vb2_buffer *vb);
	int (*buf_prepare)(struct vb2_buffer *vb);
	void (*buf_finish)(struct vb2_buffer *vb);

	/* The stream */
	int (*prepare_streaming)(struct vb2_queue *q);
	void (*unprepare_streaming)(struct vb2_queue *q);
	int (*start_streaming)(struct vb2_queue *q, unsigned int count);
	void (*buf_queue)(struct vb2_buffer *vb);
	void (*stop_streaming)(struct vb2_queue *q);

	/* Locks and requests */
	void (*wait_finish)(struct vb2_queue *q);
	void (*wait_prepare)(struct vb2_queue *q);
	void (*buf_request_complete)(struct vb2_buffer *vb);
};

/**
 * struct vb2_buf_ops - how a front-end's buffer struct and a buffer translate
 * @verify_planes_array: Can @pb take the planes of @vb, if the queue is
 *	multi-planar? Called with done_lock held: no sleeping. 0 or a negative
 *	error code.
 * @init_buffer: Reset the front-end's part of a buffer: it was allocated, or
 *	goes back to user space.
 * @fill_user_buffer: Describe @vb in @pb.
 * @fill_vb2_buffer: The buffer is about to be prepared; @planes are its own.
 *	The front-end has checked and stored what user space gave before.
 * @copy_timestamp: Take the timestamp of an OUTPUT buffer from @pb.
 *
 * @pb is the front-end's struct, as it was given to the vb2_core functions.
 * All are optional.
 */
struct vb2_buf_ops {
	void (*init_buffer)(struct vb2_buffer *vb);
	int (*fill_vb2_buffer)(struct vb2_buffer *vb, struct vb2_plane *planes);
	void (*copy_timestamp)(struct vb2_buffer *vb, const void *pb);
	int (*verify_planes_array)(struct vb2_buffer *vb, const void *pb);
	void (*fill_user_buffer)(struct vb2_buffer *vb, void *pb);
};

/**
 * struct vb2_queue - a queue of buffers between user space and a driver
 * @type: the front-end's buffer type. Set by the driver.
 * @io_modes: mask of &enum vb2_io_modes. Set by the driver.
 * @dev: device that the memory is for; vmalloc needs none. Set by the driver.
 * @dma_attrs: DMA_ATTR_* for allocation and mapping. Set by the driver.
 * @bidirectional: the device reads and writes its buffers: map them for both.
 *	Set by the driver.
 * @allow_zero_bytesused: an OUTPUT buffer with bytesused 0 is empty, not full.
 *	Set by the driver.
 * @supports_requests: buffers may be queued with a media request. Set by the
 *	driver.
 * @requires_requests: and only so. Set by the driver.
 * @allow_cache_hints: user space may ask for non-coherent memory and skip cache
 *	maintenance. Set by the driver.
 * @lock: mutex that serialises the streaming calls of the queue; the V4L2 core
 *	takes it for the ioctls. Set by the driver; NULL if it locks by itself.
 * @owner: the file handle that allocated the buffers; the others get -EBUSY.
 *	Kept by the vb2_ioctl_* and vb2_fop_* helpers.
 * @ops: the driver's operations. Set by the driver.
 * @mem_ops: the memory allocator. Set by the driver.
 * @buf_ops: the front-end's operations. Set by the front-end.
 * @drv_priv: for the driver's use. Set by the driver.
 * @subsystem_flags: flags of the front-end or of mem2mem.
 * @buf_struct_size: size of the driver's buffer struct, which begins with the
 *	front-end's; 0 means that the driver has none of its own. Set by the
 *	driver.
 * @timestamp_flags: V4L2_BUF_FLAG_TIMESTAMP_* and TSTAMP_SRC_*. Set by the
 *	driver.
 * @gfp_flags: added for allocations of memory, as __GFP_DMA32. Set by the
 *	driver.
 * @min_queued_buffers: @ops->start_streaming is not called with fewer. Set by
 *	the driver.
 * @min_reqbufs_allocation: REQBUFS raises smaller counts to this. Set by the
 *	driver.
 * @alloc_devs: device for each plane, NULL for @dev; see queue_setup().
 * @done_wq: woken when a buffer is done, and when streaming ends for whatever
 *	reason.
 * @max_num_buffers: limit for the number of buffers, VB2_MAX_FRAME if 0. Set
 *	by the driver.
 *
 * The queue lives inside a struct of the driver's, initialised once by
 * vb2_queue_init() before the device node is registered, and released by
 * vb2_queue_release() (called by vb2_fop_release() when the owner closes, and
 * by vb2_video_unregister_device() when the hardware is gone). The struct
 * around it must stay until the last file handle is closed: free it in the
 * release function of the v4l2_device or video_device, not in the driver's
 * disconnect or remove.
 *
 * The table of locks and of what they protect is in vb2-internal.h.
 */
struct vb2_queue {
	/* What each verb reads */
	const struct vb2_ops		*ops;
	const struct vb2_mem_ops	*mem_ops;
	const struct vb2_buf_ops	*buf_ops;
	/* Serialises the verbs; the ioctls run under it */
	struct mutex			*lock;
	void				*drv_priv;
	void				*owner;

	unsigned int			type;
	unsigned int			io_modes;
	u32				min_queued_buffers;
	u32				timestamp_flags;
	u32				subsystem_flags;
	bool				allow_zero_bytesused;
	bool				allow_cache_hints;
	bool				supports_requests;
	bool				requires_requests;

	/* What only allocation reads */
	bool				bidirectional;
	gfp_t				gfp_flags;
	struct device			*dev;
	unsigned long			dma_attrs;
	unsigned int			buf_struct_size;
	u32				min_reqbufs_allocation;
	struct device			*alloc_devs[VB2_MAX_PLANES];

	wait_queue_head_t		done_wq;
	unsigned int			max_num_buffers;

	/* private: under lock */
	unsigned int			memory;
	enum dma_data_direction		dma_dir;
	unsigned int			queued_count;
	struct list_head		queued_list;
	bool				streaming;
	bool				start_streaming_called;
	/* Buffers were allocated and not given up since */
	bool				is_busy;
	/* Nothing was queued since allocation or STREAMOFF: poll() would hang */
	bool				waiting_for_buffers;
	bool				uses_qbuf;
	bool				uses_requests;
	bool				non_coherent_mem;
	bool				is_multiplanar;
	bool				is_output;
	bool				copy_timestamp;
	/* Front-end's wish, see vb2_core_poll() */
	bool				quirk_poll_must_check_waiting_for_buffers;

	/* private: one byte each, since others write them without the lock */
	bool				error;
	bool				unplugged;
	bool				waiting_in_dqbuf;
	bool				last_buffer_dequeued;

	/* private: the buffer table, changed under lock and mmap_lock */
	struct mutex			mmap_lock;
	struct vb2_buffer		**bufs;
	unsigned int			num_bufs;

	/* private: shared with the driver's interrupt, under done_lock */
	spinlock_t			done_lock;
	struct list_head		done_list;
	atomic_t			owned_by_drv_count;

	/* private: clients of the queue inside the core */
	struct vb2_fileio_data		*fileio;
	struct vb2_threadio_data	*threadio;
	/* What user space named once and may name again */
	struct vb2_keep			*keep;

	char				name[32];
	u32				ledger[VB2_COUNTS(VB2_QUEUE_COUNTS)];
};

#endif /* _MEDIA_VIDEOBUF2_TYPES_H */
