// SPDX-License-Identifier: GPL-2.0-only
/*
 * virtcap: pictures
 */
#include "virtcap.h"

/**
 * virtcap_draw_start() - prepare to draw the capture node's format
 * @vc: the device
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int virtcap_draw_start(struct virtcap *vc)
{
	const struct v4l2_pix_format_mplane *mp = &vc->cap.fmt;
	struct tpg_data *tpg = &vc->tpg;
	struct v4l2_rect rect = { .width = mp->width, .height = mp->height };
	int ret;

	guard(mutex)(&vc->tpg_lock);
	ret = tpg_alloc(tpg, mp->width);
	if (ret)
		return ret;
	tpg_reset_source(tpg, mp->width, mp->height, mp->field);
	tpg_s_fourcc(tpg, mp->pixelformat);
	tpg_s_buf_height(tpg, mp->height);
	tpg_s_crop_compose(tpg, &rect, &rect);
	tpg_s_field(tpg, mp->field, false);
	for (unsigned int p = 0; p < mp->num_planes; p++)
		tpg_s_bytesperline(tpg, p, mp->plane_fmt[p].bytesperline);
	tpg_s_colorspace(tpg, mp->colorspace);
	tpg_init_mv_count(tpg);
	return 0;
}

/**
 * virtcap_draw_stop() - release what virtcap_draw_start() allocated
 * @vc: the device
 */
void virtcap_draw_stop(struct virtcap *vc)
{
	guard(mutex)(&vc->tpg_lock);
	tpg_free(&vc->tpg);
}

static void virtcap_draw_text(struct virtcap *vc, u8 *vbuf)
{
	u8 *basep[TPG_MAX_PLANES][2];
	char text[32];

	tpg_calc_text_basep(&vc->tpg, basep, 0, vbuf);
	snprintf(text, sizeof(text), " %s.%u  %llu ", VIRTCAP_NAME, vc->inst,
		 vc->cap_pipe.frame);
	tpg_gen_text(&vc->tpg, basep, 16, 16, text);
}

/**
 * virtcap_draw() - draw one picture
 * @vc:  the device
 * @buf: where
 *
 * Context: the capture pipe's thread; may sleep.
 */
void virtcap_draw(struct virtcap *vc, struct virtcap_buf *buf)
{
	guard(mutex)(&vc->tpg_lock);
	for (unsigned int p = 0; p < buf->vb.vb2_buf.num_planes; p++)
		tpg_fillbuffer(&vc->tpg, 0, p,
			       vb2_plane_vaddr(&buf->vb.vb2_buf, p));
	virtcap_draw_text(vc, vb2_plane_vaddr(&buf->vb.vb2_buf, 0));
	tpg_update_mv_count(&vc->tpg, true);
}
