// SPDX-License-Identifier: GPL-2.0-only
/*
 * virtcap: frame identity
 *
 * The layout is described with struct virtcap_frame_id. Faults that an
 * application should be able to tell from good frames are made here too.
 */
#include <linux/crc32.h>
#include <linux/unaligned.h>

#include "virtcap.h"

static u32 virtcap_crc(u32 crc, const void *data, size_t len)
{
	return ~crc32_le(~crc, data, len);
}

/* Mark lines from..to-1 of a plane; the first @skip bytes belong to the header. */
static void virtcap_stamp_lines(u8 *mem, u32 bpl, u32 from, u32 to, u32 skip,
				u32 stamp)
{
	for (u32 line = from; line < to; line++) {
		size_t start = (size_t)line * bpl, end = start + bpl - 4;

		if (start >= skip)
			put_unaligned_le32(stamp, mem + start);
		if (end >= skip)
			put_unaligned_le32(stamp, mem + end);
	}
}

/**
 * virtcap_stamp() - write the identity of a frame
 * @vc:  the device
 * @buf: the frame; sequence and timestamp are set
 *
 * Context: the capture pipe's thread.
 */
void virtcap_stamp(struct virtcap *vc, struct virtcap_buf *buf)
{
	const struct v4l2_pix_format_mplane *mp = &vc->cap.fmt;
	struct vb2_buffer *vb = &buf->vb.vb2_buf;
	u32 frame = vc->cap.frame;
	bool torn = virtcap_fault(&vc->cap, VIRTCAP_FAULT_TORN);
	struct virtcap_frame_id id = {
		.magic = cpu_to_le32(VIRTCAP_ID_MAGIC),
		.instance = cpu_to_le16(vc->inst),
		.sequence = cpu_to_le32(buf->vb.sequence),
		.frame = cpu_to_le32(frame),
		.timestamp = cpu_to_le64(vb->timestamp),
	};
	u32 stamp, crc = 0;

	if (frame && virtcap_fault(&vc->cap, VIRTCAP_FAULT_REPEAT))
		id = vc->last_id;
	vc->last_id = id;
	stamp = VIRTCAP_ID_MAGIC ^ le32_to_cpu(id.frame);
	for (unsigned int p = 0; p < vb->num_planes; p++) {
		u8 *mem = vb2_plane_vaddr(vb, p);
		u32 bpl = mp->plane_fmt[p].bytesperline;
		u32 size = mp->plane_fmt[p].sizeimage, lines = size / bpl;
		u32 skip = p ? 0 : sizeof(id);

		/* Torn: the lower half is still that of the frame before. */
		virtcap_stamp_lines(mem, bpl, 0, torn ? lines / 2 : lines, skip,
				    stamp);
		if (torn)
			virtcap_stamp_lines(mem, bpl, lines / 2, lines, skip,
					    VIRTCAP_ID_MAGIC ^ (frame - 1));
		if (vc->identity == VIRTCAP_IDENTITY_CHECKSUM)
			crc = virtcap_crc(crc, mem + skip, size - skip);
	}
	if (vc->identity == VIRTCAP_IDENTITY_CHECKSUM) {
		id.flags = cpu_to_le16(VIRTCAP_ID_PAYLOAD_CRC);
		id.payload_crc = cpu_to_le32(crc);
	}
	id.crc = cpu_to_le32(virtcap_crc(0, &id, offsetof(typeof(id), crc)));
	memcpy(vb2_plane_vaddr(vb, 0), &id, sizeof(id));
}
