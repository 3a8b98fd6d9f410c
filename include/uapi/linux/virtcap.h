/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * virtcap: what an application may find in the frames of the virtual driver
 *
 * See Documentation/admin-guide/media/virtcap.rst.
 */
#ifndef _UAPI_LINUX_VIRTCAP_H
#define _UAPI_LINUX_VIRTCAP_H

#include <linux/types.h>

/* Controls, class by class */
#define VIRTCAP_CID_CLASS		0x00f20001
#define VIRTCAP_CID_BASE		0x00f21000
#define VIRTCAP_CID_PACE		(VIRTCAP_CID_BASE + 0)
#define VIRTCAP_CID_DRAW		(VIRTCAP_CID_BASE + 1)
#define VIRTCAP_CID_IDENTITY		(VIRTCAP_CID_BASE + 2)
#define VIRTCAP_CID_MOVE		(VIRTCAP_CID_BASE + 3)
#define VIRTCAP_CID_TV_SIGNAL		(VIRTCAP_CID_BASE + 4)
#define VIRTCAP_CID_HDMI_SIGNAL		(VIRTCAP_CID_BASE + 5)
#define VIRTCAP_CID_TEST_BASE		(VIRTCAP_CID_BASE + 0x100)
#define VIRTCAP_CID_FAULT_CLASS		0x00f30001
#define VIRTCAP_CID_FAULT_BASE		0x00f31000
#define VIRTCAP_CID_DISCONNECT		(VIRTCAP_CID_FAULT_BASE + 0x80)

/* Values of VIRTCAP_CID_PACE */
#define VIRTCAP_PACE_CLOCK		0
#define VIRTCAP_PACE_FAST		1
#define VIRTCAP_PACE_STEP		2

/* Values of VIRTCAP_CID_IDENTITY */
#define VIRTCAP_IDENTITY_OFF		0
#define VIRTCAP_IDENTITY_STAMP		1
#define VIRTCAP_IDENTITY_CHECKSUM	2

#define VIRTCAP_ID_MAGIC		0x49444356	/* "VCDI" in memory */
#define VIRTCAP_ID_PAYLOAD_CRC		0x0001

/**
 * struct virtcap_frame_id - first bytes of an identified frame
 * @magic:	 VIRTCAP_ID_MAGIC
 * @instance:	 number of the device that made the frame
 * @flags:	 VIRTCAP_ID_PAYLOAD_CRC if @payload_crc is valid
 * @sequence:	 as in struct v4l2_buffer
 * @frame:	 counts buffers; differs from @sequence if fields alternate
 * @timestamp:	 monotonic clock, nanoseconds
 * @payload_crc: crc32 of all planes' images, without this struct
 * @crc:	 crc32 of the members above
 *
 * All members are little endian, both checksums are those of zlib. The struct
 * is at the start of the first plane. In addition the first and the last four
 * bytes of each line of each plane (a line being bytesperline bytes long) hold
 * VIRTCAP_ID_MAGIC ^ @frame, except where they would overlap the struct.
 */
struct virtcap_frame_id {
	__le32 magic;
	__le16 instance;
	__le16 flags;
	__le32 sequence;
	__le32 frame;
	__le64 timestamp;
	__le32 payload_crc;
	__le32 crc;
};

/* Frame statistics: 'VCM1' */
#define V4L2_META_FMT_VIRTCAP		0x314d4356

/**
 * struct virtcap_meta - one buffer of the metadata node
 * @magic:	V4L2_META_FMT_VIRTCAP
 * @instance:	number of the device
 * @samples:	samples that the statistics were made from, 0 if no picture
 * @sequence:	of the frame that this belongs to
 * @field:	enum v4l2_field
 * @timestamp:	of the frame, monotonic clock, nanoseconds
 * @width:	of the frame, in pixels
 * @height:	of the frame, in lines
 * @pixelformat: V4L2_PIX_FMT_*
 * @dropped:	frames that found no buffer since streaming started
 * @min:	smallest byte found
 * @max:	largest byte found
 * @mean:	mean of the bytes found
 * @reserved:	zero
 *
 * All members are little endian.
 */
struct virtcap_meta {
	__le32 magic;
	__le16 instance;
	__le16 samples;
	__le32 sequence;
	__le32 field;
	__le64 timestamp;
	__le32 width;
	__le32 height;
	__le32 pixelformat;
	__le32 dropped;
	__u8 min;
	__u8 max;
	__u8 mean;
	__u8 reserved[5];
};

#endif /* _UAPI_LINUX_VIRTCAP_H */
