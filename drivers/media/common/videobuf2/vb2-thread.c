// SPDX-License-Identifier: GPL-2.0-only
/*
 * videobuf2: a thread in the kernel as the queue's user
 *
 * It takes the place of an application that dequeues a buffer, looks at it and
 * queues it again. The queue is set up as for read() or write(), so that the
 * streaming verbs refuse everybody else.
 *
 * Its end: vb2_thread_stop() sets a flag under the lock and makes DQBUF fail.
 * The thread looks at the flag under the same lock before it calls DQBUF, so it
 * either sees the flag or is already sleeping, and woken.
 */
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/freezer.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#include "vb2-internal.h"

struct vb2_threadio_data {
	struct task_struct	*thread;
	vb2_thread_fnc		fnc;
	void			*priv;
	bool			stop;		/* under the lock */
};

static struct vb2_buffer *next_buffer(struct vb2_queue *q,
				      struct vb2_threadio_data *threadio)
{
	struct vb2_buffer *vb = NULL;
	unsigned int index;

	vb2_op_wait_finish(q);
	if (!threadio->stop && !vb2_core_dqbuf(q, &index, NULL, false))
		vb = vb2_get_buffer(q, index);
	vb2_op_wait_prepare(q);
	return vb;
}

static bool queue_again(struct vb2_queue *q, struct vb2_threadio_data *threadio,
			struct vb2_buffer *vb)
{
	bool ok;

	vb2_op_wait_finish(q);
	if (q->is_output && q->copy_timestamp)
		vb->timestamp = ktime_get_ns();
	ok = !threadio->stop && !vb2_core_qbuf(q, vb, NULL, NULL);
	vb2_op_wait_prepare(q);
	return ok;
}

static int run(void *data)
{
	struct vb2_queue *q = data;
	struct vb2_threadio_data *threadio = q->threadio;
	/* With OUTPUT fnc fills buffers, and nobody queued the first ones */
	unsigned int unused = q->is_output ? 0 : q->num_bufs;
	struct vb2_buffer *vb;

	set_freezable();
	do {
		if (unused < q->num_bufs)
			vb = vb2_get_buffer(q, unused++);
		else
			vb = next_buffer(q, threadio);
		if (!vb)
			break;
		try_to_freeze();
	} while (!threadio->fnc(vb, threadio->priv) &&
		 queue_again(q, threadio, vb));
	return 0;
}

/* Under the lock */
static int start(struct vb2_queue *q, struct vb2_threadio_data *threadio,
		 const char *thread_name)
{
	struct task_struct *thread;
	int ret;

	if (q->threadio || vb2_is_busy(q) || vb2_fileio_is_active(q)) {
		vb2_dbg(q, 1, "the queue is in use\n");
		return -EBUSY;
	}
	thread = kthread_create(run, q, "vb2-%s", thread_name);
	if (IS_ERR(thread))
		return PTR_ERR(thread);
	ret = vb2_fileio_init(q, !q->is_output);
	if (ret) {
		kthread_stop(thread);
		return ret;
	}
	/* It may end by itself, and is waited for all the same */
	threadio->thread = get_task_struct(thread);
	q->threadio = threadio;
	wake_up_process(thread);
	return 0;
}

int vb2_thread_start(struct vb2_queue *q, vb2_thread_fnc fnc, void *priv,
		     const char *thread_name)
{
	struct vb2_threadio_data *threadio;
	int ret;

	threadio = kzalloc(sizeof(*threadio), GFP_KERNEL);
	if (!threadio)
		return -ENOMEM;
	threadio->fnc = fnc;
	threadio->priv = priv;

	vb2_op_wait_finish(q);
	ret = start(q, threadio, thread_name);
	vb2_op_wait_prepare(q);
	if (ret)
		kfree(threadio);
	return ret;
}
EXPORT_SYMBOL_GPL(vb2_thread_start);

int vb2_thread_stop(struct vb2_queue *q)
{
	struct vb2_threadio_data *threadio;
	unsigned int none = 0;

	vb2_op_wait_finish(q);
	threadio = q->threadio;
	if (threadio) {
		threadio->stop = true;
		vb2_queue_error(q);
	}
	vb2_op_wait_prepare(q);
	if (!threadio)
		return 0;

	/* Without the lock, which the thread needs to get out of DQBUF */
	kthread_stop_put(threadio->thread);

	vb2_op_wait_finish(q);
	vb2_fileio_cleanup(q);
	vb2_core_streamoff(q, q->type);
	vb2_core_reqbufs(q, VB2_MEMORY_MMAP, 0, &none);
	q->threadio = NULL;
	vb2_op_wait_prepare(q);
	kfree(threadio);
	return 0;
}
EXPORT_SYMBOL_GPL(vb2_thread_stop);
