// SPDX-License-Identifier: GPL-2.0-only
/*
 * vb2-frames: capture frames from virtcap and tell lost, repeated, torn and
 * stale ones
 *
 * virtcap writes a number into every line of a frame ("Frame Identity" control,
 * <linux/virtcap.h>). This program switches that on, captures with the memory
 * model that is asked for, spoils each buffer before it is queued, and looks at
 * what comes back. With --loop it writes such frames itself to the output node
 * and finds them again on the capture node. Results are in KTAP. With --time it
 * does none of that and says what a frame costs.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <linux/virtcap.h>

#include "vb2-frames.h"

#define LOOP_INSTANCE	0x1007	/* who made the frames that we write */

static struct options {
	const char *device;
	const char *input;
	const char *loop;
	const char *exporter;
	unsigned int frames;
	unsigned int buffers;
	unsigned int width, height;
	uint32_t fourcc;
	unsigned int stride;
	enum v4l2_memory memory;
	bool read;
	bool checksum;
	bool foreign;
	bool verbose;
	bool time;
	unsigned int skip;
	unsigned int timeout;	/* milliseconds */
	bool expect[NUM_VERDICTS];
} opt = {
	.device = "/dev/video0",
	.frames = 60,
	.buffers = 4,
	.memory = V4L2_MEMORY_MMAP,
	.timeout = 5000,
};

static struct device cap, out, exporter;

static const char help[] =
	"usage: vb2-frames [OPTION]...\n"
	"  -d, --device NODE       capture node of virtcap (/dev/video0)\n"
	"  -n, --frames N          how many (60)\n"
	"  -b, --buffers N         how many to ask for (4)\n"
	"  -i, --input NAME        select this input first\n"
	"  -w, --width N  -H, --height N  -f, --format FOURCC\n"
	"  -s, --stride N          bytes per line (as few as possible)\n"
	"  -m, --memory MODEL      mmap (default), userptr, dmabuf or read\n"
	"  -e, --exporter NODE     output node whose buffers are imported by -m dmabuf\n"
	"  -l, --loop NODE         write frames to this output node, find them again\n"
	"  -F, --foreign           frames come from elsewhere, through the Loop input\n"
	"  -S, --skip N            do not look at the first N frames with an identity\n"
	"  -c, --checksum          check all bytes, not only first and last of lines\n"
	"  -x, --expect KIND       such frames must occur: lost, repeated, disorder,\n"
	"                          torn, stale, corrupt or error; may be repeated\n"
	"  -T, --time              look at no frame, only say how long one takes\n"
	"  -t, --timeout MS        give up if no frame comes (5000)\n"
	"  -v, --verbose           say which frame was bad\n"
	"Exit status: 0 all as it should be, 1 not, 2 could not run.\n";

static enum verdict parse_kind(const char *arg)
{
	static const char *const kinds[NUM_VERDICTS] = {
		[LOST] = "lost", [REPEATED] = "repeated", [DISORDER] = "disorder",
		[TORN] = "torn", [STALE] = "stale", [CORRUPT] = "corrupt",
		[BUFFER_ERROR] = "error",
	};

	for (unsigned int i = LOST; i < NUM_VERDICTS; i++)
		if (!strcmp(arg, kinds[i]))
			return i;
	die("--expect %s: not a kind of frame, see --help", arg);
}

static void parse_memory(const char *arg)
{
	if (!strcmp(arg, "mmap"))
		opt.memory = V4L2_MEMORY_MMAP;
	else if (!strcmp(arg, "userptr"))
		opt.memory = V4L2_MEMORY_USERPTR;
	else if (!strcmp(arg, "dmabuf"))
		opt.memory = V4L2_MEMORY_DMABUF;
	else if (!strcmp(arg, "read"))
		opt.read = true;
	else
		die("--memory %s: not a memory model, see --help", arg);
}

static unsigned long parse_number(const char *arg, unsigned long max)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(arg, &end, 0);
	if (errno || *end || end == arg || !n || n > max)
		die("%s: not a number from 1 to %lu", arg, max);
	return n;
}

static uint32_t parse_fourcc(const char *arg)
{
	if (strlen(arg) != 4)
		die("--format %s: not four characters", arg);
	return v4l2_fourcc(arg[0], arg[1], arg[2], arg[3]);
}

/* Options that only set a variable */
static const struct {
	char c;
	const char **text;
	unsigned int *number;
	unsigned int max;
	bool *flag;
} simple_options[] = {
	{ 'd', .text = &opt.device },
	{ 'n', .number = &opt.frames, .max = 1 << 30 },
	{ 'b', .number = &opt.buffers, .max = MAX_BUFFERS },
	{ 'i', .text = &opt.input },
	{ 'w', .number = &opt.width, .max = 1 << 16 },
	{ 'H', .number = &opt.height, .max = 1 << 16 },
	{ 's', .number = &opt.stride, .max = 1 << 24 },
	{ 'e', .text = &opt.exporter },
	{ 'l', .text = &opt.loop },
	{ 'F', .flag = &opt.foreign },
	{ 'S', .number = &opt.skip, .max = 1 << 30 },
	{ 'T', .flag = &opt.time },
	{ 'c', .flag = &opt.checksum },
	{ 't', .number = &opt.timeout, .max = 1 << 30 },
	{ 'v', .flag = &opt.verbose },
};

static void parse_option(int c)
{
	for (size_t i = 0; i < ARRAY_SIZE(simple_options); i++) {
		if (simple_options[i].c != c)
			continue;
		if (simple_options[i].text)
			*simple_options[i].text = optarg;
		else if (simple_options[i].number)
			*simple_options[i].number =
				parse_number(optarg, simple_options[i].max);
		else
			*simple_options[i].flag = true;
		return;
	}
	switch (c) {
	case 'f':
		opt.fourcc = parse_fourcc(optarg);
		break;
	case 'm':
		parse_memory(optarg);
		break;
	case 'x':
		opt.expect[parse_kind(optarg)] = true;
		break;
	case 'h':
		fputs(help, stdout);
		exit(0);
	default:
		fputs(help, stderr);
		exit(2);
	}
}

static void parse_options(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "device", 1, NULL, 'd' }, { "frames", 1, NULL, 'n' },
		{ "buffers", 1, NULL, 'b' }, { "input", 1, NULL, 'i' },
		{ "width", 1, NULL, 'w' }, { "height", 1, NULL, 'H' },
		{ "format", 1, NULL, 'f' }, { "stride", 1, NULL, 's' },
		{ "memory", 1, NULL, 'm' },
		{ "exporter", 1, NULL, 'e' }, { "loop", 1, NULL, 'l' },
		{ "foreign", 0, NULL, 'F' }, { "skip", 1, NULL, 'S' },
		{ "checksum", 0, NULL, 'c' }, { "time", 0, NULL, 'T' },
		{ "expect", 1, NULL, 'x' }, { "timeout", 1, NULL, 't' },
		{ "verbose", 0, NULL, 'v' }, { "help", 0, NULL, 'h' },
		{ NULL },
	};
	int c;

	while ((c = getopt_long(argc, argv, "d:n:b:i:w:H:f:s:m:e:l:FS:cTx:t:vh", longs,
				NULL)) != -1)
		parse_option(c);
	if (optind < argc)
		die("%s: what is this for? see --help", argv[optind]);
	if (opt.time && (opt.read || opt.loop))
		die("--time is not for --memory read and not for --loop");
	if (opt.exporter ? opt.memory != V4L2_MEMORY_DMABUF :
			   opt.memory == V4L2_MEMORY_DMABUF)
		die("--memory dmabuf and --exporter belong together");
	if (opt.loop && !opt.input)
		opt.input = "Loop";
	if (opt.loop)
		opt.foreign = true;
}

static void setup(void)
{
	device_open(&cap, opt.device, false);
	if (opt.input)
		device_set_input(&cap, opt.input);
	device_set_format(&cap, opt.width, opt.height, opt.fourcc, opt.stride);
	/* A frame of the capture side itself must not pass for a foreign one. */
	device_set_control(&cap, VIRTCAP_CID_IDENTITY,
			   opt.foreign || opt.time ? VIRTCAP_IDENTITY_OFF :
			   opt.checksum ? VIRTCAP_IDENTITY_CHECKSUM :
					  VIRTCAP_IDENTITY_STAMP, "Frame Identity");
	/* Width, height and pixelformat: same place in both forms */
	if (opt.exporter) {
		device_open(&exporter, opt.exporter, true);
		device_set_format(&exporter, cap.fmt.fmt.pix.width,
				  cap.fmt.fmt.pix.height,
				  cap.fmt.fmt.pix.pixelformat, opt.stride);
	}
	if (opt.loop) {
		device_open(&out, opt.loop, true);
		device_set_format(&out, cap.fmt.fmt.pix.width,
				  cap.fmt.fmt.pix.height,
				  cap.fmt.fmt.pix.pixelformat, opt.stride);
		device_alloc(&out, opt.buffers, V4L2_MEMORY_MMAP, NULL);
	}
	if (!opt.read)
		device_alloc(&cap, opt.buffers, opt.memory,
			     opt.exporter ? &exporter : NULL);
}

static void write_frame(unsigned int index)
{
	static uint32_t number;

	identity_write(&out.buffers[index], LOOP_INSTANCE, number++, opt.checksum);
	device_queue(&out, index);
}

static void check_frame(struct checker *checker, const struct frame *frame,
			const struct done *done)
{
	static unsigned int skipped;
	enum verdict verdict;

	/* Until the loop is closed the capture side shows its own picture. */
	if (opt.foreign && !checker->started && !identity_present(frame))
		return;
	if (skipped < opt.skip) {
		skipped++;
		return;
	}
	verdict = identity_check(checker, frame, done);
	if (opt.verbose && verdict != GOOD)
		printf("# frame %lu (sequence %u) is %s\n", checker->frames,
		       done ? done->sequence : 0, verdict_names[verdict]);
}

static void start(void)
{
	for (unsigned int i = 0; !opt.read && i < cap.num_buffers; i++) {
		identity_poison(&cap.buffers[i]);
		device_queue(&cap, i);
	}
	for (unsigned int i = 0; opt.loop && i < out.num_buffers; i++)
		write_frame(i);
	/* Output first: the loop is closed before the first frame is captured. */
	if (opt.loop)
		device_stream(&out, true);
	if (!opt.read)
		device_stream(&cap, true);
}

/* Wait for either side; false if nothing happens for too long. */
static bool wait_devices(void)
{
	struct pollfd fds[2] = {
		{ .fd = cap.fd, .events = POLLIN },
		{ .fd = out.fd, .events = POLLOUT },
	};
	int n = poll(fds, opt.loop ? 2 : 1, opt.timeout);

	if (n < 0 && errno != EINTR)
		die("poll: %s", strerror(errno));
	if (n > 0 && fds[0].revents & (POLLERR | POLLHUP))
		die("%s: poll says that there is an error", cap.path);
	return n;
}

static bool capture(struct checker *checker)
{
	time_t limit = time(NULL) + opt.timeout / 1000 + 1;
	struct frame frame = { 0 };
	struct done done;

	start();
	while (checker->frames < opt.frames) {
		if (!wait_devices() || (!checker->frames && time(NULL) > limit))
			return false;
		while (opt.loop && device_dequeue(&out, &done))
			write_frame(done.index);
		if (opt.read) {
			if (device_read(&cap, &frame))
				check_frame(checker, &frame, NULL);
		} else if (device_dequeue(&cap, &done)) {
			check_frame(checker, &cap.buffers[done.index], &done);
			identity_poison(&cap.buffers[done.index]);
			device_queue(&cap, done.index);
		}
	}
	if (!opt.read)
		device_stream(&cap, false);
	if (opt.loop)
		device_stream(&out, false);
	return true;
}

static unsigned long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

/* What a frame costs when nobody looks at it */
static void measure(void)
{
	/* Each buffer's memory has a picture before the first one counts. */
	unsigned int warm_up = 4 * cap.num_buffers;
	unsigned long long begin = 0;
	struct done done;

	if (fcntl(cap.fd, F_SETFL, 0))
		die("%s: cannot wait in VIDIOC_DQBUF", cap.path);
	start();
	for (unsigned int i = 0; i < warm_up + opt.frames; i++) {
		if (i == warm_up)
			begin = now();
		device_dequeue(&cap, &done);
		device_queue(&cap, done.index);
	}
	printf("%llu nanoseconds per frame\n", (now() - begin) / opt.frames);
}

static int report(const struct checker *checker, bool complete)
{
	bool all = true, ok = complete;
	unsigned int nr = 1;

	printf("%s %u %lu of %u frames captured\n", ok ? "ok" : "not ok", nr++,
	       checker->frames, opt.frames);
	all &= ok;
	for (unsigned int i = LOST; i < NUM_VERDICTS; i++) {
		unsigned long n = checker->count[i];

		ok = opt.expect[i] ? n > 0 : n == 0;
		printf("%s %u %lu frames %s%s\n", ok ? "ok" : "not ok", nr++, n,
		       verdict_names[i], opt.expect[i] ? ", expected some" : "");
		all &= ok;
	}
	return all ? 0 : 1;
}

int main(int argc, char **argv)
{
	struct checker checker = { .instance = -1 };
	bool complete;

	parse_options(argc, argv);
	checker.foreign = opt.foreign;
	setup();
	if (opt.time) {
		measure();
		return 0;
	}
	printf("KTAP version 1\n1..%u\n", NUM_VERDICTS);
	printf("# %s %ux%u %.4s, %u bytes in the first plane\n", cap.path,
	       cap.fmt.fmt.pix.width, cap.fmt.fmt.pix.height,
	       (char *)&cap.fmt.fmt.pix.pixelformat,
	       cap.mplane ? cap.fmt.fmt.pix_mp.plane_fmt[0].sizeimage :
			    cap.fmt.fmt.pix.sizeimage);
	complete = capture(&checker);
	return report(&checker, complete);
}
