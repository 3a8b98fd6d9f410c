// SPDX-License-Identifier: GPL-2.0-only
/*
 * virtcap: faults on demand, and debugfs
 *
 * Each node has one value per fault. Files in debugfs and, if the module was
 * loaded with faults=1, controls show and change the same value. Kernels with
 * fault injection have, in addition, a standard fault attribute for each.
 */
#include <linux/debugfs.h>
#include <linux/random.h>

#include "virtcap.h"

static const struct virtcap_fault_desc {
	const char *ctrl;
	const char *file;
	unsigned int max;
} virtcap_faults[VIRTCAP_NUM_FAULTS] = {
	[VIRTCAP_FAULT_QUEUE_SETUP] = {
		"Fail Queue Setup", "fail_queue_setup", INT_MAX },
	[VIRTCAP_FAULT_BUF_PREPARE] = {
		"Fail Buffer Prepare", "fail_buf_prepare", INT_MAX },
	[VIRTCAP_FAULT_START] = {
		"Fail Start Streaming", "fail_start_streaming", INT_MAX },
	[VIRTCAP_FAULT_TORN] = { "Torn Frames", "torn_frames", INT_MAX },
	[VIRTCAP_FAULT_STALE] = { "Stale Frames", "stale_frames", INT_MAX },
	[VIRTCAP_FAULT_REPEAT] = { "Repeated Frames", "repeated_frames", INT_MAX },
	[VIRTCAP_FAULT_ERROR] = { "Percentage of Errors", "error_percent", 100 },
	[VIRTCAP_FAULT_DROP] = { "Percentage of Drops", "drop_percent", 100 },
	[VIRTCAP_FAULT_REORDER] = {
		"Complete out of Order", "reorder", VIRTCAP_MAX_BUFFERS },
	[VIRTCAP_FAULT_LATE] = {
		"Complete Late", "complete_late", VIRTCAP_MAX_BUFFERS },
	[VIRTCAP_FAULT_HOLD] = { "Hold all Buffers", "hold", 1 },
};

static DECLARE_FAULT_ATTR(virtcap_fault_attr);

/* An attribute that nobody has set must not count for /proc/PID/fail-nth. */
static bool virtcap_attr_fails(struct fault_attr *attr)
{
#ifdef CONFIG_FAULT_INJECTION
	if (!attr->probability)
		return false;
#endif
	return should_fail(attr, 1);
}

/**
 * virtcap_fault() - is this the occasion for a fault?
 * @node: the node
 * @id:	  which fault; one that counts down or is a percentage
 *
 * Context: any.
 * Return: true if the caller is to fail.
 */
bool virtcap_fault(struct virtcap_node *node, enum virtcap_fault_id id)
{
	struct virtcap_fault *fault = &node->faults[id];

	if (virtcap_attr_fails(&fault->attr))
		return true;
	if (!atomic_read(&fault->value))
		return false;
	if (id == VIRTCAP_FAULT_ERROR || id == VIRTCAP_FAULT_DROP)
		return get_random_u32_below(100) < atomic_read(&fault->value);
	return atomic_dec_if_positive(&fault->value) >= 0;
}

/**
 * virtcap_fault_finished() - what goes wrong with a finished buffer
 * @node: the node
 * @buf:  the buffer; its state and when it may go are set
 *
 * Context: the pipe's thread, with tick_lock held; may sleep.
 */
void virtcap_fault_finished(struct virtcap_node *node, struct virtcap_buf *buf)
{
	struct virtcap_fault *hold = &node->faults[VIRTCAP_FAULT_HOLD];

	buf->state = virtcap_fault(node, VIRTCAP_FAULT_ERROR) ?
			VB2_BUF_STATE_ERROR : VB2_BUF_STATE_DONE;
	buf->due = node->frame + virtcap_fault_value(node, VIRTCAP_FAULT_LATE) +
		   virtcap_attr_fails(&node->faults[VIRTCAP_FAULT_LATE].attr);
	buf->overtaken =
		virtcap_attr_fails(&node->faults[VIRTCAP_FAULT_REORDER].attr);
	/* The next one goes before what is due with the one after that. */
	if (buf->overtaken)
		buf->due = node->frame + 2;
	if (virtcap_attr_fails(&hold->attr))
		atomic_set(&hold->value, 1);
	if (virtcap_attr_fails(&node->vc->disconnect))
		virtcap_disconnect(node->vc);
}

static void virtcap_fault_set(struct virtcap_fault *fault, unsigned int value)
{
	atomic_set(&fault->value, value);
	/* What was held back may go now. */
	virtcap_pipe_wake(fault->node->pipe);
}

static int virtcap_fault_g_ctrl(struct v4l2_ctrl *ctrl)
{
	struct virtcap_fault *fault = ctrl->priv;

	ctrl->val = atomic_read(&fault->value);
	return 0;
}

static int virtcap_fault_s_ctrl(struct v4l2_ctrl *ctrl)
{
	virtcap_fault_set(ctrl->priv, ctrl->val);
	return 0;
}

static const struct v4l2_ctrl_ops virtcap_fault_ops = {
	.g_volatile_ctrl = virtcap_fault_g_ctrl,
	.s_ctrl = virtcap_fault_s_ctrl,
};

static int virtcap_disconnect_s_ctrl(struct v4l2_ctrl *ctrl)
{
	virtcap_disconnect(ctrl->priv);
	return 0;
}

static const struct v4l2_ctrl_ops virtcap_disconnect_ops = {
	.s_ctrl = virtcap_disconnect_s_ctrl,
};

void virtcap_fault_init(struct virtcap_node *node)
{
	for (unsigned int i = 0; i < VIRTCAP_NUM_FAULTS; i++) {
		node->faults[i].node = node;
		node->faults[i].attr = virtcap_fault_attr;
	}
}

/**
 * virtcap_fault_ctrls() - add the fault class to a node's controls
 * @node: the node
 */
void virtcap_fault_ctrls(struct virtcap_node *node)
{
	struct v4l2_ctrl_config cfg = {
		.id = VIRTCAP_CID_FAULT_CLASS,
		.name = "Virtcap Faults",
		.type = V4L2_CTRL_TYPE_CTRL_CLASS,
		.flags = V4L2_CTRL_FLAG_READ_ONLY | V4L2_CTRL_FLAG_WRITE_ONLY,
	};

	v4l2_ctrl_new_custom(&node->hdl, &cfg, NULL);
	cfg.ops = &virtcap_fault_ops;
	for (unsigned int i = 0; i < VIRTCAP_NUM_FAULTS; i++) {
		cfg.id = VIRTCAP_CID_FAULT_BASE + i;
		cfg.name = virtcap_faults[i].ctrl;
		cfg.type = V4L2_CTRL_TYPE_INTEGER;
		if (virtcap_faults[i].max == 1)
			cfg.type = V4L2_CTRL_TYPE_BOOLEAN;
		cfg.max = virtcap_faults[i].max;
		cfg.step = 1;
		cfg.flags = V4L2_CTRL_FLAG_VOLATILE |
			    V4L2_CTRL_FLAG_EXECUTE_ON_WRITE;
		v4l2_ctrl_new_custom(&node->hdl, &cfg, &node->faults[i]);
	}
	cfg = (struct v4l2_ctrl_config) {
		.ops = &virtcap_disconnect_ops,
		.id = VIRTCAP_CID_DISCONNECT,
		.name = "Disconnect",
		.type = V4L2_CTRL_TYPE_BUTTON,
	};
	v4l2_ctrl_new_custom(&node->hdl, &cfg, node->vc);
}

static int virtcap_fault_file_get(void *data, u64 *val)
{
	struct virtcap_fault *fault = data;

	*val = atomic_read(&fault->value);
	return 0;
}

static int virtcap_fault_file_set(void *data, u64 val)
{
	struct virtcap_fault *fault = data;

	if (val > virtcap_faults[fault - fault->node->faults].max)
		return -ERANGE;
	virtcap_fault_set(fault, val);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(virtcap_fault_fops, virtcap_fault_file_get,
			 virtcap_fault_file_set, "%llu\n");

static int virtcap_disconnect_set(void *data, u64 val)
{
	virtcap_disconnect(data);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(virtcap_disconnect_fops, NULL, virtcap_disconnect_set,
			 "%llu\n");

static int virtcap_step_get(void *data, u64 *val)
{
	struct virtcap_pipe *pipe = data;

	*val = atomic_read(&pipe->steps);
	return 0;
}

static int virtcap_step_set(void *data, u64 val)
{
	return val && val <= INT_MAX / 2 ? virtcap_pipe_step(data, val) : -EINVAL;
}
DEFINE_DEBUGFS_ATTRIBUTE(virtcap_step_fops, virtcap_step_get, virtcap_step_set,
			 "%llu\n");

static int virtcap_pace_get(void *data, u64 *val)
{
	struct virtcap_pipe *pipe = data;

	*val = READ_ONCE(pipe->pace);
	return 0;
}

static int virtcap_pace_set(void *data, u64 val)
{
	if (val > VIRTCAP_PACE_STEP)
		return -EINVAL;
	virtcap_pipe_set_pace(data, val);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(virtcap_pace_fops, virtcap_pace_get, virtcap_pace_set,
			 "%llu\n");

static void virtcap_debugfs_node(struct virtcap_node *node, const char *name)
{
	struct dentry *dir = debugfs_create_dir(name, node->vc->debugfs);
	char attr[40];

	for (unsigned int i = 0; i < VIRTCAP_NUM_FAULTS; i++) {
		debugfs_create_file_unsafe(virtcap_faults[i].file, 0600, dir,
					   &node->faults[i], &virtcap_fault_fops);
		snprintf(attr, sizeof(attr), "fault_%s", virtcap_faults[i].file);
		fault_create_debugfs_attr(attr, dir, &node->faults[i].attr);
	}
	debugfs_create_u32("frames", 0400, dir, &node->frames);
	debugfs_create_u32("dropped", 0400, dir, &node->dropped);
	debugfs_create_file_unsafe("pace", 0600, dir, node->pipe,
				   &virtcap_pace_fops);
	debugfs_create_file_unsafe("step", 0600, dir, node->pipe,
				   &virtcap_step_fops);
}

/**
 * virtcap_debugfs_add() - files of an instance
 * @vc:	  the device
 * @root: the folder of all instances
 */
void virtcap_debugfs_add(struct virtcap *vc, struct dentry *root)
{
	vc->debugfs = debugfs_create_dir(dev_name(&vc->pdev->dev), root);
	debugfs_create_file_unsafe("disconnect", 0200, vc->debugfs, vc,
				   &virtcap_disconnect_fops);
	vc->disconnect = virtcap_fault_attr;
	fault_create_debugfs_attr("fault_disconnect", vc->debugfs,
				  &vc->disconnect);
	virtcap_debugfs_node(&vc->cap, "capture");
	virtcap_debugfs_node(&vc->out, "output");
	virtcap_debugfs_node(&vc->meta, "metadata");
}
