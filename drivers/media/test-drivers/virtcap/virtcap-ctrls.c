// SPDX-License-Identifier: GPL-2.0-only
/*
 * virtcap: controls
 *
 * Three groups: the picture, how the driver runs, and one control of every type
 * that does nothing, for applications to test against. Faults have a class of
 * their own in virtcap-fault.c.
 */
#include "virtcap.h"

static const char * const virtcap_pace_menu[] = {
	"Clock", "As Fast as Buffers Come", "Frame by Frame", NULL };
static const char * const virtcap_draw_menu[] = {
	"Every Frame", "Once per Buffer", NULL };
static const char * const virtcap_identity_menu[] = {
	"Off", "Stamp", "Stamp and Checksum", NULL };
static const char * const virtcap_move_menu[] = {
	"Left Fast", "Left", "Left Slow", "None", "Right Slow", "Right",
	"Right Fast", NULL };
static const char * const virtcap_test_menu[] = {
	"Item 0", "Not There", "Item 2", "Item 3", NULL };
static const s64 virtcap_test_intmenu[] = { 1, 2, 4, 8, 1LL << 40 };

/* Picture controls and those of the input; vc->tpg_lock is held. */
static void virtcap_set_picture(struct virtcap *vc, struct v4l2_ctrl *ctrl)
{
	struct tpg_data *tpg = &vc->tpg;

	switch (ctrl->id) {
	case V4L2_CID_BRIGHTNESS:
		tpg_s_brightness(tpg, ctrl->val);
		break;
	case V4L2_CID_CONTRAST:
		tpg_s_contrast(tpg, ctrl->val);
		break;
	case V4L2_CID_SATURATION:
		tpg_s_saturation(tpg, ctrl->val);
		break;
	case V4L2_CID_HUE:
		tpg_s_hue(tpg, ctrl->val);
		break;
	case V4L2_CID_HFLIP:
		tpg_s_hflip(tpg, ctrl->val);
		break;
	case V4L2_CID_VFLIP:
		tpg_s_vflip(tpg, ctrl->val);
		break;
	case V4L2_CID_ALPHA_COMPONENT:
		tpg_s_alpha_component(tpg, ctrl->val);
		break;
	case V4L2_CID_TEST_PATTERN:
		tpg_s_pattern(tpg, ctrl->val);
		break;
	case VIRTCAP_CID_MOVE:
		tpg_s_mv_hor_mode(tpg, ctrl->val);
		break;
	case VIRTCAP_CID_DRAW:
		vc->draw_once = ctrl->val;
		break;
	case VIRTCAP_CID_IDENTITY:
		vc->identity = ctrl->val;
		break;
	}
	vc->draw_gen++;
}

static int virtcap_s_ctrl(struct v4l2_ctrl *ctrl)
{
	struct virtcap_node *node = container_of(ctrl->handler,
						 struct virtcap_node, hdl);

	switch (ctrl->id) {
	case VIRTCAP_CID_PACE:
		virtcap_pipe_set_pace(node->pipe, ctrl->val);
		return 0;
	case VIRTCAP_CID_TV_SIGNAL:
	case VIRTCAP_CID_HDMI_SIGNAL:
		virtcap_set_signal(node->vc, ctrl->id, ctrl->val);
		return 0;
	}
	scoped_guard(mutex, &node->vc->tpg_lock)
		virtcap_set_picture(node->vc, ctrl);
	return 0;
}

static const struct v4l2_ctrl_ops virtcap_ctrl_ops = {
	.s_ctrl = virtcap_s_ctrl,
};

/* Values for applications to play with */
static int virtcap_test_s_ctrl(struct v4l2_ctrl *ctrl)
{
	return 0;
}

static const struct v4l2_ctrl_ops virtcap_test_ops = {
	.s_ctrl = virtcap_test_s_ctrl,
};

static const struct v4l2_area virtcap_test_area = { .width = 640, .height = 480 };

static const struct v4l2_ctrl_hdr10_cll_info virtcap_test_light = {
	.max_content_light_level = 1000,
	.max_pic_average_light_level = 400,
};

/* BT.2020, up to 1000 cd/m^2; in units of 0.00002 and 0.0001 cd/m^2 */
static const struct v4l2_ctrl_hdr10_mastering_display virtcap_test_display = {
	.display_primaries_x = { 8500, 6550, 35400 },
	.display_primaries_y = { 39850, 2300, 14600 },
	.white_point_x = 15635,
	.white_point_y = 16450,
	.max_display_mastering_luminance = 10000000,
	.min_display_mastering_luminance = 50,
};

#define TEST(_nr, _name, _type, ...) {					\
	.ops = &virtcap_test_ops, .id = VIRTCAP_CID_TEST_BASE + (_nr),	\
	.name = "Test " _name, .type = V4L2_CTRL_TYPE_##_type, __VA_ARGS__ }

static const struct v4l2_ctrl_config virtcap_test_ctrls[] = {
	TEST(0, "Integer", INTEGER, .min = -1000, .max = 1000, .step = 1),
	TEST(1, "Boolean", BOOLEAN, .max = 1, .step = 1, .def = 1),
	TEST(2, "Menu", MENU, .max = 3, .menu_skip_mask = BIT(1),
	     .qmenu = virtcap_test_menu),
	TEST(3, "Integer Menu", INTEGER_MENU, .max = 4, .def = 2,
	     .qmenu_int = virtcap_test_intmenu),
	TEST(4, "Button", BUTTON),
	TEST(5, "Bitmask", BITMASK, .max = 0x80ff00ff, .def = 0x80000001),
	TEST(6, "String", STRING, .min = 2, .max = 16, .step = 2),
	TEST(7, "Integer64", INTEGER64, .min = -(1LL << 50), .max = (1LL << 50) - 1,
	     .step = 1),
	TEST(8, "U8 Matrix", U8, .max = 255, .step = 1, .def = 7,
	     .dims = { 8, 4 }),
	TEST(9, "U16 Matrix", U16, .min = 10, .max = 2000, .step = 10, .def = 20,
	     .dims = { 3, 5 }),
	TEST(10, "U32 Array", U32, .max = 0x10000, .step = 1, .dims = { 4 }),
	TEST(11, "Dynamic Array", U32, .max = 100, .step = 1, .def = 50,
	     .dims = { 20 }, .flags = V4L2_CTRL_FLAG_DYNAMIC_ARRAY),
	TEST(12, "Area", AREA, .p_def.p_const = &virtcap_test_area),
	TEST(13, "Read Only", INTEGER, .max = 100, .step = 1, .def = 42,
	     .flags = V4L2_CTRL_FLAG_READ_ONLY),
	TEST(14, "Write Only", INTEGER, .max = 100, .step = 1,
	     .flags = V4L2_CTRL_FLAG_WRITE_ONLY),
	TEST(15, "HDR10 Light Level", HDR10_CLL_INFO,
	     .p_def.p_const = &virtcap_test_light),
	TEST(16, "HDR10 Mastering Display", HDR10_MASTERING_DISPLAY,
	     .p_def.p_const = &virtcap_test_display),
};

static void virtcap_new_std(struct virtcap_node *node, u32 id, s32 max, s32 def)
{
	v4l2_ctrl_new_std(&node->hdl, &virtcap_ctrl_ops, id, 0, max, 1, def);
}

static void virtcap_new_menu(struct virtcap_node *node, u32 id, const char *name,
			     const char * const *menu, s64 def)
{
	struct v4l2_ctrl_config cfg = {
		.ops = &virtcap_ctrl_ops,
		.id = id,
		.name = name,
		.type = V4L2_CTRL_TYPE_MENU,
		.qmenu = menu,
		.def = def,
	};

	while (menu[cfg.max + 1])
		cfg.max++;
	v4l2_ctrl_new_custom(&node->hdl, &cfg, NULL);
}

static void virtcap_capture_ctrls(struct virtcap_node *node)
{
	struct v4l2_ctrl_handler *hdl = &node->hdl;

	virtcap_new_std(node, V4L2_CID_BRIGHTNESS, 255, 128);
	virtcap_new_std(node, V4L2_CID_CONTRAST, 255, 128);
	virtcap_new_std(node, V4L2_CID_SATURATION, 255, 128);
	v4l2_ctrl_new_std(hdl, &virtcap_ctrl_ops, V4L2_CID_HUE, -128, 128, 1, 0);
	virtcap_new_std(node, V4L2_CID_HFLIP, 1, 0);
	virtcap_new_std(node, V4L2_CID_VFLIP, 1, 0);
	virtcap_new_std(node, V4L2_CID_ALPHA_COMPONENT, 255, 255);
	v4l2_ctrl_new_std_menu_items(hdl, &virtcap_ctrl_ops,
				     V4L2_CID_TEST_PATTERN, TPG_PAT_NOISE, 0, 0,
				     tpg_pattern_strings);
	node->vc->power = v4l2_ctrl_new_std(hdl, NULL,
					    V4L2_CID_DV_RX_POWER_PRESENT, 0, 1, 0, 1);
	virtcap_new_menu(node, VIRTCAP_CID_DRAW, "Draw", virtcap_draw_menu,
			 node->vc->draw_once);
	virtcap_new_menu(node, VIRTCAP_CID_IDENTITY, "Frame Identity",
			 virtcap_identity_menu, VIRTCAP_IDENTITY_OFF);
	virtcap_new_menu(node, VIRTCAP_CID_MOVE, "Pattern Movement",
			 virtcap_move_menu, TPG_MOVE_NONE);
	virtcap_new_menu(node, VIRTCAP_CID_TV_SIGNAL, "TV Signal",
			 virtcap_tv_signals, 0);
	virtcap_new_menu(node, VIRTCAP_CID_HDMI_SIGNAL, "HDMI Signal",
			 virtcap_hdmi_signals, 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(virtcap_test_ctrls); i++)
		v4l2_ctrl_new_custom(hdl, &virtcap_test_ctrls[i], NULL);
}

/**
 * virtcap_ctrls_init() - create the controls of a node
 * @node: the node
 *
 * Return: 0 or a negative error code; the handler is to be freed in any case.
 */
int virtcap_ctrls_init(struct virtcap_node *node)
{
	static const struct v4l2_ctrl_config class = {
		.id = VIRTCAP_CID_CLASS,
		.name = "Virtcap",
		.type = V4L2_CTRL_TYPE_CTRL_CLASS,
		.flags = V4L2_CTRL_FLAG_READ_ONLY | V4L2_CTRL_FLAG_WRITE_ONLY,
	};
	struct virtcap *vc = node->vc;

	v4l2_ctrl_handler_init(&node->hdl, 48);
	if (node == &vc->cap || vc->faults)
		v4l2_ctrl_new_custom(&node->hdl, &class, NULL);
	if (node == &vc->cap)
		virtcap_capture_ctrls(node);
	/* The metadata node follows the clock of the capture node. */
	if (vc->faults && node != &vc->meta)
		virtcap_new_menu(node, VIRTCAP_CID_PACE, "Pace",
				 virtcap_pace_menu, node->pipe->pace);
	if (vc->faults)
		virtcap_fault_ctrls(node);
	return node->hdl.error ?: v4l2_ctrl_handler_setup(&node->hdl);
}
