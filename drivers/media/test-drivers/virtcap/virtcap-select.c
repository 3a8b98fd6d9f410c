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

/**
 * virtcap_select_fit() - make crop and compose rectangles fit each other
 * @vc: the device
 *
 * The crop rectangle changes only if no compose rectangle would do.
 *
 * Context: lock of the capture node held.
 */
void virtcap_select_fit(struct virtcap *vc)
{
	const struct v4l2_pix_format_mplane *mp = &vc->cap.fmt;
	struct v4l2_rect bounds = { .width = mp->width, .height = mp->height };
	u32 f = V4L2_FIELD_HAS_T_OR_B(mp->field) ? 2 : 1;

	guard(mutex)(&vc->tpg_lock);
	vc->crop.width = min_t(u32, vc->crop.width,
			       mp->width * VIRTCAP_MAX_ZOOM);
	vc->crop.height = min_t(u32, vc->crop.height,
				mp->height * VIRTCAP_MAX_ZOOM * f);
	v4l2_rect_map_inside(&vc->crop, &vc->src);
	vc->compose.width = virtcap_zoom(vc->compose.width, vc->crop.width,
					 mp->width);
	vc->compose.height = virtcap_zoom(vc->compose.height,
					  vc->crop.height / f, mp->height);
	v4l2_rect_map_inside(&vc->compose, &bounds);
	tpg_s_crop_compose(&vc->tpg, &vc->crop, &vc->compose);
	vc->draw_gen++;
}

/* Adjust a rectangle to its bounds, in the direction that the flags allow. */
static int virtcap_adjust(struct v4l2_rect *r, const struct v4l2_rect *bounds,
			  u32 flags)
{
	struct v4l2_rect new = *r;

	new.width = min(new.width, bounds->width);
	new.height = min(new.height, bounds->height);
	if (flags & V4L2_SEL_FLAG_GE) {
		new.width = ALIGN(new.width, 2);
		new.height = ALIGN(new.height, 2);
	} else {
		new.width = ALIGN_DOWN(new.width, 2);
		new.height = ALIGN_DOWN(new.height, 2);
	}
	new.width = max_t(u32, new.width, VIRTCAP_MIN_SIZE);
	new.height = max_t(u32, new.height, VIRTCAP_MIN_SIZE);
	new.left &= ~1;
	new.top &= ~1;
	v4l2_rect_map_inside(&new, bounds);

	if (flags & V4L2_SEL_FLAG_GE &&
	    (new.width < r->width || new.height < r->height))
		return -ERANGE;
	if (flags & V4L2_SEL_FLAG_LE &&
	    (new.width > r->width || new.height > r->height))
		return -ERANGE;
	*r = new;
	return 0;
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
	struct v4l2_rect bounds = vc->src, *rect = &vc->crop;
	int ret = virtcap_sel_check(vc, s);

	if (ret)
		return ret;
	if (s->target == V4L2_SEL_TGT_COMPOSE) {
		bounds = (struct v4l2_rect) {
			0, 0, node->fmt.width, node->fmt.height };
		rect = &vc->compose;
	} else if (s->target != V4L2_SEL_TGT_CROP) {
		return -EINVAL;
	}
	ret = virtcap_adjust(&s->r, &bounds, s->flags);
	if (ret)
		return ret;
	scoped_guard(mutex, &vc->tpg_lock) {
		*rect = s->r;
	}
	virtcap_select_fit(vc);
	s->r = *rect;
	return 0;
}
