// SPDX-License-Identifier: GPL-2.0-only
/* The command line of tw6869-check. */
#include <getopt.h>
#include <linux/videodev2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check-options.h"

struct check_options opt = {
	.frames = 60, .buffers = 4, .memory = V4L2_MEMORY_MMAP,
	.timeout_ms = 5000, .rounds = 1, .exporter = "udmabuf",
	.blind = MAX_NODES,
};

static const char help[] =
	"usage: tw6869-check [OPTION]... DEVICE...\n"
	"  --frames N --rounds N --buffers N --skip N\n"
	"  --seconds N      so many frames as they have\n"
	"  --memory mmap|userptr|dmabuf\n"
	"  --exporter udmabuf|vgem|DEVICE  (a V4L2 node) for dmabuf\n"
	"  --size WxH --format FOURCC\n"
	"  --field interlaced|seq-tb|top|bottom|alternate\n"
	"  --board N --channel N (of the first device) --timeout MS\n"
	"  --slow MS        keep each buffer that long\n"
	"  --hold MS        keep all buffers that long at the end\n"
	"  --no-sequence    the driver's sequence numbers say nothing\n"
	"  --any-frame      do not look at the pictures\n"
	"  --blind N        nor at those of device N, the first is 0\n"
	"  --until-gone     until the device is removed\n"
	"  --stop-in-turn   one STREAMOFF at a time\n";

static void wrong_call(void)
{
	fputs(help, stderr);
	exit(2);
}

/* Index of @s among @n names; some have none. */
static unsigned int choose(const char *s, const char *const names[],
			   unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		if (names[i] && !strcmp(names[i], s))
			return i;
	wrong_call();
	return 0;
}

static void set_field(const char *s)
{
	static const char *const names[] = {
		[V4L2_FIELD_TOP] = "top", [V4L2_FIELD_BOTTOM] = "bottom",
		[V4L2_FIELD_INTERLACED] = "interlaced",
		[V4L2_FIELD_SEQ_TB] = "seq-tb",
		[V4L2_FIELD_ALTERNATE] = "alternate",
	};

	opt.field = choose(s, names, sizeof(names) / sizeof(names[0]));
}

static void set_memory(const char *s)
{
	static const char *const names[] = {
		[V4L2_MEMORY_MMAP] = "mmap", [V4L2_MEMORY_USERPTR] = "userptr",
		[V4L2_MEMORY_DMABUF] = "dmabuf",
	};

	opt.memory = choose(s, names, sizeof(names) / sizeof(names[0]));
}

static void set_exporter(const char *s)
{
	opt.exporter = s;
}

static void set_size(const char *s)
{
	if (sscanf(s, "%ux%u", &opt.width, &opt.height) != 2)
		wrong_call();
}

static void set_format(const char *s)
{
	if (strlen(s) != 4)
		wrong_call();
	opt.format = v4l2_fourcc(s[0], s[1], s[2], s[3]);
}

static const struct {
	const char *name;
	unsigned int *number;
	void (*set)(const char *value);
} valued[] = {
	{ "frames", &opt.frames, NULL },
	{ "rounds", &opt.rounds, NULL },
	{ "buffers", &opt.buffers, NULL },
	{ "skip", &opt.skip, NULL },
	{ "blind", &opt.blind, NULL },
	{ "board", &opt.board, NULL },
	{ "channel", &opt.channel, NULL },
	{ "timeout", &opt.timeout_ms, NULL },
	{ "hold", &opt.hold_ms, NULL },
	{ "seconds", &opt.seconds, NULL },
	{ "slow", &opt.slow_ms, NULL },
	{ "memory", NULL, set_memory },
	{ "exporter", NULL, set_exporter },
	{ "size", NULL, set_size },
	{ "format", NULL, set_format },
	{ "field", NULL, set_field },
};

#define N_VALUED (sizeof(valued) / sizeof(valued[0]))

int parse_options(int argc, char **argv)
{
	struct option longs[N_VALUED + 5] = {
		[N_VALUED] = { "no-sequence", 0, &opt.no_sequence, 1 },
		{ "any-frame", 0, &opt.any_frame, 1 },
		{ "until-gone", 0, &opt.until_gone, 1 },
		{ "stop-in-turn", 0, &opt.stop_in_turn, 1 },
	};
	int at, o;

	for (unsigned int i = 0; i < N_VALUED; i++) {
		longs[i].name = valued[i].name;
		longs[i].has_arg = required_argument;
		longs[i].val = 'v';
	}
	while ((o = getopt_long(argc, argv, "", longs, &at)) != -1) {
		if (o == '?')
			wrong_call();
		if (o != 'v')
			continue;
		if (valued[at].set)
			valued[at].set(optarg);
		else
			*valued[at].number = strtoul(optarg, NULL, 10);
	}
	if (optind == argc || argc - optind > MAX_NODES)
		wrong_call();
	return argc - optind;
}
