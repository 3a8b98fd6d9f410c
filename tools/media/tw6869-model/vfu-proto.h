/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vfio-user messages: from bytes to a checked struct.
 *
 * Pure: no sockets, no state.  What vfu_parse() accepts has every length
 * checked; nothing behind it has to look at a length again.
 */
#ifndef VFU_PROTO_H
#define VFU_PROTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VFU_HEADER	16
#define VFU_MAX_DATA	(1 << 20)
#define VFU_MAX_MESSAGE	(VFU_MAX_DATA + 64)

enum vfu_command {
	VFU_VERSION = 1,
	VFU_DMA_MAP = 2,
	VFU_DMA_UNMAP = 3,
	VFU_GET_INFO = 4,
	VFU_GET_REGION_INFO = 5,
	VFU_GET_REGION_IO_FDS = 6,
	VFU_GET_IRQ_INFO = 7,
	VFU_SET_IRQS = 8,
	VFU_REGION_READ = 9,
	VFU_REGION_WRITE = 10,
	VFU_DMA_READ = 11,
	VFU_DMA_WRITE = 12,
	VFU_RESET = 13,
};

#define VFU_TYPE_MASK	0x0f
#define VFU_REPLY	0x01
#define VFU_NO_REPLY	0x10
#define VFU_ERROR	0x20

struct vfu_header {
	uint16_t id, command;
	uint32_t size, flags, error;
};

#define VFU_MAP_READ	1
#define VFU_MAP_WRITE	2
#define VFU_UNMAP_ALL	2

#define VFU_IRQ_NONE	0x01
#define VFU_IRQ_BOOL	0x02
#define VFU_IRQ_EVENTFD	0x04
#define VFU_IRQ_MASK	0x08
#define VFU_IRQ_UNMASK	0x10
#define VFU_IRQ_TRIGGER	0x20

struct vfu_request {
	struct vfu_header hdr;
	const uint8_t *payload;
	size_t payload_len;
	union {
		struct {
			uint16_t major, minor;
		} version;
		struct {
			uint32_t flags;
			uint64_t offset, iova, size;
		} map;			/* also unmap, offset unused */
		struct {
			uint32_t index;
		} info;			/* region and irq */
		struct {
			uint32_t flags, index, start, count;
			const uint8_t *data;	/* count bytes, if BOOL */
		} irqs;
		struct {
			uint64_t offset;
			uint32_t region, count;
			const uint8_t *data;	/* count bytes, if a write */
		} access;
	};
};

/* Size of the whole message, or 0 if no such message can exist. */
size_t vfu_message_size(const uint8_t header[VFU_HEADER]);

/*
 * Parse one whole message of @len bytes.  0, or a positive errno to answer
 * with: EINVAL malformed, ENOSYS unknown.  @req->hdr is filled in any case;
 * its payload points into @msg.
 */
int vfu_parse(const uint8_t *msg, size_t len, struct vfu_request *req);

void vfu_put_header(uint8_t *out, const struct vfu_header *hdr);

#endif
