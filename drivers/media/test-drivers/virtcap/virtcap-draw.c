// SPDX-License-Identifier: GPL-2.0-only
/*
 * virtcap: pictures
 */
#include <linux/unaligned.h>
#include <linux/vmalloc.h>

#include "virtcap.h"

static void virtcap_draw_setup(struct virtcap *vc)
{
	const struct v4l2_pix_format_mplane *mp = &vc->cap.fmt;
	const struct virtcap_format *info = vc->cap.info;
	bool alternate = mp->field == V4L2_FIELD_ALTERNATE;
	u32 field = alternate ? V4L2_FIELD_TOP : mp->field;
	struct tpg_data *tpg = &vc->tpg;

	tpg_reset_source(tpg, vc->src.width, vc->src.height, field);
	tpg_s_fourcc(tpg, info->draw ?: info->fourcc);
	tpg_s_field(tpg, field, alternate);
	tpg_s_buf_height(tpg, mp->height);
	for (unsigned int p = 0; p < mp->num_planes; p++)
		tpg_s_bytesperline(tpg, p, mp->plane_fmt[p].bytesperline /
				   (info->draw ? 2 : 1));
	tpg_s_colorspace(tpg, mp->colorspace);
	tpg_s_xfer_func(tpg, mp->xfer_func);
	tpg_s_ycbcr_enc(tpg, mp->ycbcr_enc);
	tpg_s_quantization(tpg, mp->quantization);
	tpg_s_crop_compose(tpg, &vc->crop, &vc->compose);
	tpg_init_mv_count(tpg);
	/* The lines may have been allocated anew. */
	tpg->recalc_colors = true;
}

/* Hundreds of allocations: what is there for one stream is kept for the next */
static int virtcap_draw_lines(struct virtcap *vc, unsigned int width)
{
	int ret;

	if (width <= vc->tpg_width)
		return 0;
	tpg_free(&vc->tpg);
	ret = tpg_alloc(&vc->tpg, width);
	vc->tpg_width = ret ? 0 : width;
	return ret;
}

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
	unsigned int width = max(vc->src.width * VIRTCAP_MAX_ZOOM, mp->width);
	int ret;

	guard(mutex)(&vc->tpg_lock);
	if (vc->cap.info->draw) {
		vc->bounce = vmalloc(mp->plane_fmt[0].sizeimage / 2);
		if (!vc->bounce)
			return -ENOMEM;
	}
	ret = virtcap_draw_lines(vc, width);
	if (ret) {
		vfree(vc->bounce);
		vc->bounce = NULL;
		return ret;
	}
	virtcap_draw_setup(vc);
	vc->draw_gen++;
	return 0;
}

/**
 * virtcap_draw_stop() - release what virtcap_draw_start() allocated
 * @vc: the device
 */
void virtcap_draw_stop(struct virtcap *vc)
{
	guard(mutex)(&vc->tpg_lock);
	vfree(vc->bounce);
	vc->bounce = NULL;
}

/* Device and frame number, in each colour plane of a contiguous memory plane */
static void virtcap_draw_text(struct virtcap *vc, u8 *vbufs[TPG_MAX_PLANES])
{
	u8 *basep[TPG_MAX_PLANES][2];
	u8 *vbuf = vbufs[0];
	char text[40];

	for (unsigned int p = 0; p < tpg_g_planes(&vc->tpg); p++) {
		if (tpg_g_buffers(&vc->tpg) > 1)
			vbuf = vbufs[p];
		tpg_calc_text_basep(&vc->tpg, basep, p, vbuf);
		vbuf += tpg_calc_plane_size(&vc->tpg, p);
	}
	snprintf(text, sizeof(text), " %s.%u  %llu ", VIRTCAP_NAME, vc->inst,
		 vc->cap.frame);
	tpg_gen_text(&vc->tpg, basep, 16, 16, text);
}

static void virtcap_draw_planes(struct virtcap *vc, struct vb2_buffer *vb)
{
	const struct v4l2_pix_format_mplane *mp = &vc->cap.fmt;
	v4l2_std_id std = vc->input == VIRTCAP_TV ? vc->std : 0;
	bool partial = vc->compose.width != mp->width ||
		       vc->compose.height != mp->height;
	u8 *vbufs[TPG_MAX_PLANES] = {};

	for (unsigned int p = 0; p < vb->num_planes; p++) {
		u32 size = mp->plane_fmt[p].sizeimage;

		vbufs[p] = vc->bounce ?: vb2_plane_vaddr(vb, p);
		if (partial)
			memset(vbufs[p], 0, vc->bounce ? size / 2 : size);
		tpg_fillbuffer(&vc->tpg, std, p, vbufs[p]);
	}
	virtcap_draw_text(vc, vbufs);
	if (vc->bounce) {
		u8 *dst = vb2_plane_vaddr(vb, 0);

		/* The 8 bits become the high ones of 16. */
		for (u32 i = 0; i < mp->plane_fmt[0].sizeimage / 2; i++)
			put_unaligned_le16(vc->bounce[i] << 8, dst + 2 * i);
	}
}

/**
 * virtcap_is_drawn() - can the next captured frame go as it is?
 * @vc: the device
 *
 * Context: capture node's lock and capture pipe's tick_lock held; may sleep.
 */
bool virtcap_is_drawn(struct virtcap *vc)
{
	struct virtcap_buf *buf;

	buf = list_first_entry_or_null(&vc->cap.ready, struct virtcap_buf, list);
	guard(mutex)(&vc->tpg_lock);
	return buf && vc->draw_once && buf->drawn == vc->draw_gen &&
	       vc->identity == VIRTCAP_IDENTITY_OFF && !vc->loop &&
	       !buf->vb.vb2_buf.req_obj.req;
}

/**
 * virtcap_draw() - draw a picture, unless that memory already has it
 * @vc:  the device
 * @buf: where; its field is set
 *
 * Context: capture pipe's tick_lock held; may sleep.
 */
void virtcap_draw(struct virtcap *vc, struct virtcap_buf *buf)
{
	guard(mutex)(&vc->tpg_lock);
	if (vc->draw_once && buf->drawn == vc->draw_gen)
		return;
	buf->drawn = vc->draw_gen;
	if (vc->cap.fmt.field == V4L2_FIELD_ALTERNATE)
		tpg_s_field(&vc->tpg, buf->vb.field, true);
	virtcap_draw_planes(vc, &buf->vb.vb2_buf);
	tpg_update_mv_count(&vc->tpg, V4L2_FIELD_HAS_T_OR_B(vc->cap.fmt.field));
}
