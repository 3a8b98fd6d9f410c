// SPDX-License-Identifier: GPL-2.0-only
/* vfio-user messages: from bytes to a checked struct. */
#include <errno.h>
#include <string.h>

#include "vfu-proto.h"

/* Everything is in host byte order; alignment is not guaranteed. */
static uint16_t get16(const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static uint32_t get32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static uint64_t get64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static void get_header(const uint8_t *p, struct vfu_header *hdr)
{
	hdr->id = get16(p);
	hdr->command = get16(p + 2);
	hdr->size = get32(p + 4);
	hdr->flags = get32(p + 8);
	hdr->error = get32(p + 12);
}

void vfu_put_header(uint8_t *out, const struct vfu_header *hdr)
{
	memcpy(out, &hdr->id, 2);
	memcpy(out + 2, &hdr->command, 2);
	memcpy(out + 4, &hdr->size, 4);
	memcpy(out + 8, &hdr->flags, 4);
	memcpy(out + 12, &hdr->error, 4);
}

size_t vfu_message_size(const uint8_t header[VFU_HEADER])
{
	uint32_t size = get32(header + 4);

	return size < VFU_HEADER || size > VFU_MAX_MESSAGE ? 0 : size;
}

static int parse_version(struct vfu_request *req)
{
	if (req->payload_len < 4)
		return EINVAL;
	req->version.major = get16(req->payload);
	req->version.minor = get16(req->payload + 2);
	return 0;
}

static int parse_map(struct vfu_request *req)
{
	const uint8_t *p = req->payload;

	if (req->payload_len < 32)
		return EINVAL;
	req->map.flags = get32(p + 4);
	req->map.offset = get64(p + 8);
	req->map.iova = get64(p + 16);
	req->map.size = get64(p + 24);
	if (!req->map.size || req->map.iova + req->map.size - 1 < req->map.iova)
		return EINVAL;
	if (req->map.offset + req->map.size < req->map.offset)
		return EINVAL;
	return 0;
}

/* Any range goes: QEMU unmaps blocks that reach beyond the address space. */
static int parse_unmap(struct vfu_request *req)
{
	const uint8_t *p = req->payload;

	if (req->payload_len < 24)
		return EINVAL;
	req->map.flags = get32(p + 4);
	req->map.iova = get64(p + 8);
	req->map.size = get64(p + 16);
	return 0;
}

static int parse_info(struct vfu_request *req)
{
	if (req->payload_len < 16)
		return EINVAL;
	req->info.index = get32(req->payload + 8);
	return 0;
}

static int parse_set_irqs(struct vfu_request *req)
{
	const uint8_t *p = req->payload;

	if (req->payload_len < 20)
		return EINVAL;
	req->irqs.flags = get32(p + 4);
	req->irqs.index = get32(p + 8);
	req->irqs.start = get32(p + 12);
	req->irqs.count = get32(p + 16);
	req->irqs.data = p + 20;
	if ((req->irqs.flags & VFU_IRQ_BOOL) &&
	    req->irqs.count > req->payload_len - 20)
		return EINVAL;
	return 0;
}

static int parse_access(struct vfu_request *req, bool write)
{
	const uint8_t *p = req->payload;

	if (req->payload_len < 16)
		return EINVAL;
	req->access.offset = get64(p);
	req->access.region = get32(p + 8);
	req->access.count = get32(p + 12);
	req->access.data = p + 16;
	if (req->access.count > VFU_MAX_DATA ||
	    (write && req->access.count > req->payload_len - 16))
		return EINVAL;
	return 0;
}

int vfu_parse(const uint8_t *msg, size_t len, struct vfu_request *req)
{
	memset(req, 0, sizeof(*req));
	if (len < VFU_HEADER)
		return EINVAL;
	get_header(msg, &req->hdr);
	if (req->hdr.size != len)
		return EINVAL;
	req->payload = msg + VFU_HEADER;
	req->payload_len = len - VFU_HEADER;
	/* A reply is for whoever sent the request; only he knows its shape. */
	if ((req->hdr.flags & VFU_TYPE_MASK) == VFU_REPLY)
		return 0;
	if (req->hdr.flags & VFU_TYPE_MASK)
		return EINVAL;
	switch (req->hdr.command) {
	case VFU_VERSION:
		return parse_version(req);
	case VFU_DMA_MAP:
		return parse_map(req);
	case VFU_DMA_UNMAP:
		return parse_unmap(req);
	case VFU_GET_INFO:
		return req->payload_len < 16 ? EINVAL : 0;
	case VFU_GET_REGION_INFO:
		return req->payload_len < 32 ? EINVAL : parse_info(req);
	case VFU_GET_IRQ_INFO:
		return parse_info(req);
	case VFU_SET_IRQS:
		return parse_set_irqs(req);
	case VFU_REGION_READ:
		return parse_access(req, false);
	case VFU_REGION_WRITE:
		return parse_access(req, true);
	case VFU_RESET:
		return 0;
	}
	return ENOSYS;
}
