// SPDX-License-Identifier: GPL-2.0-only
/*
 * virtcap: crop, compose and scale
 *
 * The TV and HDMI inputs can show a part of the source in a part of the format,
 * scaled by at most VIRTCAP_MAX_ZOOM up or down. The format's size never
 * changes because of a selection. A format that holds one field has half the
 * lines of what it shows.
 */
#include <media/v4l2-rect.h>

#include "virtcap.h"

/* Bring one length into what the other one allows. */
static u32 virtcap_zoom(u32 len, u32 other, u32 max)
{
	u32 low = max_t(u32, other / VIRTCAP_MAX_ZOOM, VIRTCAP_MIN_SIZE);
	u32 high = min(other * VIRTCAP_MAX_ZOOM, max);

	return ALIGN_DOWN(clamp(len, min(low, high), high), 2);
}

/* The crop rectangle changes only if no compose rectangle would do. */
static void virtcap_fit(const struct virtcap *vc, struct v4l2_rect *crop,
			struct v4l2_rect *compose)
{
	const struct v4l2_pix_format_mplane *mp = &vc->cap.fmt;
	struct v4l2_rect bounds = { .width = mp->width, .height = mp->height };
	u32 f = V4L2_FIELD_HAS_T_OR_B(mp->field) ? 2 : 1;

	crop->width = min_t(u32, crop->width, mp->width * VIRTCAP_MAX_ZOOM);
	crop->height = min_t(u32, crop->height,
			     mp->height * VIRTCAP_MAX_ZOOM * f);
	v4l2_rect_map_inside(crop, &vc->src);
	compose->width = virtcap_zoom(compose->width, crop->width, mp->width);
	compose->height = virtcap_zoom(compose->height, crop->height / f,
				       mp->height);
	v4l2_rect_map_inside(compose, &bounds);
}

static void virtcap_select_set(struct virtcap *vc, const struct v4l2_rect *crop,
			       const struct v4l2_rect *compose)
{
	guard(mutex)(&vc->tpg_lock);
	vc->crop = *crop;
	vc->compose = *compose;
	tpg_s_crop_compose(&vc->tpg, &vc->crop, &vc->compose);
	vc->draw_gen++;
}

/**
 * virtcap_select_fit() - make crop and compose rectangles fit each other
 * @vc: the device
 *
 * Context: lock of the capture node held.
 */
void virtcap_select_fit(struct virtcap *vc)
{
	struct v4l2_rect crop = vc->crop, compose = vc->compose;

	virtcap_fit(vc, &crop, &compose);
	virtcap_select_set(vc, &crop, &compose);
}

/* Adjust a rectangle to its bounds, in the direction of the flags if it can be. */
static void virtcap_adjust(struct v4l2_rect *r, const struct v4l2_rect *bounds,
			   u32 flags)
{
	r->width = min(r->width, bounds->width);
	r->height = min(r->height, bounds->height);
	if (flags & V4L2_SEL_FLAG_GE) {
		r->width = ALIGN(r->width, 2);
		r->height = ALIGN(r->height, 2);
	} else {
		r->width = ALIGN_DOWN(r->width, 2);
		r->height = ALIGN_DOWN(r->height, 2);
	}
	r->width = max_t(u32, r->width, VIRTCAP_MIN_SIZE);
	r->height = max_t(u32, r->height, VIRTCAP_MIN_SIZE);
	r->left &= ~1;
	r->top &= ~1;
	v4l2_rect_map_inside(r, bounds);
}

static bool virtcap_obeys(const struct v4l2_rect *r, const struct v4l2_rect *wanted,
			  u32 flags)
{
	if (flags & V4L2_SEL_FLAG_GE &&
	    (r->width < wanted->width || r->height < wanted->height))
		return false;
	if (flags & V4L2_SEL_FLAG_LE &&
	    (r->width > wanted->width || r->height > wanted->height))
		return false;
	return true;
}

static int virtcap_sel_check(const struct virtcap *vc,
			     const struct v4l2_selection *s)
{
	if (s->type != V4L2_BUF_TYPE_VIDEO_CAPTURE)
		return -EINVAL;
	if (vc->input != VIRTCAP_TV && vc->input != VIRTCAP_HDMI)
		return -ENODATA;
	return 0;
}

int virtcap_g_selection(struct file *file, void *priv, struct v4l2_selection *s)
{
	struct virtcap_node *node = video_drvdata(file);
	struct virtcap *vc = node->vc;
	int ret = virtcap_sel_check(vc, s);

	if (ret)
		return ret;
	switch (s->target) {
	case V4L2_SEL_TGT_CROP:
		s->r = vc->crop;
		return 0;
	case V4L2_SEL_TGT_CROP_DEFAULT:
	case V4L2_SEL_TGT_CROP_BOUNDS:
		s->r = vc->src;
		return 0;
	case V4L2_SEL_TGT_COMPOSE:
		s->r = vc->compose;
		return 0;
	case V4L2_SEL_TGT_COMPOSE_DEFAULT:
	case V4L2_SEL_TGT_COMPOSE_BOUNDS:
		s->r = (struct v4l2_rect) {
			0, 0, node->fmt.width, node->fmt.height };
		return 0;
	}
	return -EINVAL;
}

int virtcap_s_selection(struct file *file, void *priv, struct v4l2_selection *s)
{
	struct virtcap_node *node = video_drvdata(file);
	struct virtcap *vc = node->vc;
	struct v4l2_rect crop = vc->crop, compose = vc->compose;
	struct v4l2_rect bounds = vc->src, *rect = &crop;
	int ret = virtcap_sel_check(vc, s);

	if (ret)
		return ret;
	if (s->target == V4L2_SEL_TGT_COMPOSE) {
		bounds = (struct v4l2_rect) {
			0, 0, node->fmt.width, node->fmt.height };
		rect = &compose;
	} else if (s->target != V4L2_SEL_TGT_CROP) {
		return -EINVAL;
	}
	*rect = s->r;
	virtcap_adjust(rect, &bounds, s->flags);
	virtcap_fit(vc, &crop, &compose);
	if (!virtcap_obeys(rect, &s->r, s->flags))
		return -ERANGE;
	virtcap_select_set(vc, &crop, &compose);
	s->r = *rect;
	return 0;
}
