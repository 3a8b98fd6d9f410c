// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzz the message parser and everything that a message can reach.
 *
 * The input is a series of messages, each behind two bytes of length; their
 * headers' size field is made to fit, so that the fuzzer need not learn it.
 * Most of them are made a request with a command that there is.
 */
#include <string.h>
#include <unistd.h>

#include "control.h"
#include "fuzz.h"

static void one_message(struct server *s, const uint8_t *data, size_t len,
			bool plausible)
{
	static uint8_t out[VFU_MAX_MESSAGE];
	uint8_t msg[4096 + VFU_HEADER];
	struct vfu_request req;
	uint32_t total = len;
	int no_fds[1] = { -1 };
	size_t out_len;

	if (len < VFU_HEADER || len > sizeof(msg)) {
		vfu_parse(data, len, &req);
		return;
	}
	memcpy(msg, data, len);
	memcpy(msg + 4, &total, 4);
	if (plausible) {
		msg[2] %= VFU_RESET + 1;
		msg[3] = 0;
		msg[8] &= VFU_NO_REPLY;
	}
	if (vfu_message_size(msg) != len || vfu_parse(msg, len, &req))
		return;
	if ((req.hdr.flags & VFU_TYPE_MASK) == VFU_REPLY)
		return;
	server_dispatch(s, &req, no_fds, 0, out, &out_len);
	if (out_len > sizeof(out))
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct chip chip;
	static struct server server;
	static bool is_ready;
	struct config_ids ids = { .vendor = 0x1797, .pm_cap = 0x40,
		.msi = true, .bar0_size = CHIP_BAR_SIZE };
	struct options opts;

	options_default(&opts);
	/* Its buffers are large: they stay, all else begins anew. */
	if (is_ready)
		server_disconnect(&server);
	chip_init(&chip, &opts, &server_chip_ops, &server);
	if (!is_ready && server_init(&server, &chip, &ids))
		return 0;
	is_ready = true;
	while (size > 2) {
		size_t len = data[0] | (data[1] & 0x03) << 8;
		bool plausible = data[1] >> 4;

		data += 2;
		size -= 2;
		if (len > size)
			len = size;
		one_message(&server, data, len, plausible);
		chip_run(&chip, 100000);
		data += len;
		size -= len;
	}
	return 0;
}
