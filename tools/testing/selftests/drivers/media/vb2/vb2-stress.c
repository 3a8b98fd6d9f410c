// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many threads do anything to a few devices, and then a normal stream works
 *
 * usage: vb2-stress [-t SECONDS] [-n THREADS] [-s SEED]
 *
 * Each thread draws calls and their arguments, most of them valid, from random
 * numbers of its own; with the same seed they are the same again, though not
 * the order in which the threads run. Devices are unbound and bound meanwhile.
 * Every kind of call must have succeeded at least once, or nothing was tested.
 *
 * The kernel's own checks make it worth while: KASAN, lockdep and the others.
 */
#include "vb2-stress.h"
#include "vb2-memory-left.h"

#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "kselftest.h"

/* virtcap's controls: pace, and faults from the first to the last */
#define CID_PACE	0x00f21000
#define CID_FAULTS	0x00f31000
#define NUM_FAULTS	11
#define CID_DISCONNECT	0x00f31080

static struct thread threads[MAX_THREADS];
static bool stop;
/* The module was unloaded although it is in use */
static bool unloaded;
static int binding;

/* Requests */

static int op_request_alloc(struct thread *t)
{
	unsigned int slot = below(t, SLOTS);
	int fd;

	if (ioctl(tables[MEDIA][slot], MEDIA_IOC_REQUEST_ALLOC, &fd))
		return -errno;
	replace_at(REQUESTS, slot, fd);
	return 0;
}

/* Few nodes know requests, and of these most are somebody else's: try each */
static int op_start_requests(struct thread *t)
{
	unsigned int first = below(t, SLOTS);
	struct v4l2_capability caps;

	for (unsigned int i = first; i < first + SLOTS; i++) {
		int fd = tables[NODES][i % SLOTS];

		if (!ioctl(fd, VIDIOC_QUERYCAP, &caps) &&
		    caps.device_caps & (V4L2_CAP_VIDEO_CAPTURE |
					V4L2_CAP_VIDEO_CAPTURE_MPLANE) &&
		    start(t, fd, tables[MEDIA][i % SLOTS]) > 0)
			return 0;
	}
	return -EBUSY;
}

static int op_request_buffer(struct thread *t)
{
	unsigned int slot = below(t, SLOTS);
	int fd = tables[NODES][slot];

	fill_buffer(t, fd, tables[REQUESTS][slot]);
	return call(t, fd, VIDIOC_QBUF, sizeof(t->args->buf));
}

static int op_request_queue(struct thread *t)
{
	return ioctl(peek(t, REQUESTS), MEDIA_REQUEST_IOC_QUEUE) ? -errno : 0;
}

static int op_request_reinit(struct thread *t)
{
	return ioctl(peek(t, REQUESTS), MEDIA_REQUEST_IOC_REINIT) ? -errno : 0;
}

/* Controls, processes, drivers, modules */

static int op_event(struct thread *t)
{
	int fd = peek(t, NODES), ret;

	memset(t->args, 0, sizeof(*t->args));
	t->args->subscription.type = V4L2_EVENT_CTRL;
	t->args->subscription.id = CID_PACE;
	ret = call(t, fd, VIDIOC_SUBSCRIBE_EVENT, sizeof(t->args->subscription));
	/* Does not wait for long: somebody sets the control, or a signal comes */
	if (!ret && chance(t, 2))
		call(t, fd, VIDIOC_DQEVENT, sizeof(t->args->event));
	return ret;
}

static int op_control(struct thread *t)
{
	struct v4l2_control *c = &t->args->control;

	c->id = chance(t, 4) ? CID_PACE : CID_FAULTS + below(t, NUM_FAULTS);
	c->value = below(t, 4);
	if (chance(t, 200))
		c->id = CID_DISCONNECT;
	else if (c->id != CID_PACE && chance(t, 2))
		c->value = 0;
	return call(t, peek(t, NODES), VIDIOC_S_CTRL, sizeof(t->args->control));
}

static int op_input(struct thread *t)
{
	t->args->number = below(t, 4);
	return call(t, peek(t, NODES), VIDIOC_S_INPUT, sizeof(t->args->number));
}

static void play(struct thread *t);

static int op_fork(struct thread *t)
{
	pid_t child;
	int status;

	if (t->child)
		return 0;
	child = fork();
	if (!child) {
		t->child = true;
		alarm(2);
		for (unsigned int i = 0; i < 20; i++)
			play(t);
		_exit(0);
	}
	while (child > 0 && waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return child < 0 ? -errno : 0;
}

static void sysfs(const char *file, unsigned int device)
{
	char path[64], name[16];

	snprintf(path, sizeof(path), "/sys/bus/platform/drivers/virtcap/%s", file);
	snprintf(name, sizeof(name), "virtcap.%u", device);
	file_write(path, name);
}

static void all_devices(const char *file)
{
	for (unsigned int i = 0; i < DEVICES; i++)
		sysfs(file, i);
}

static int op_unbind(struct thread *t)
{
	unsigned int device = below(t, DEVICES);

	if (t->child || !chance(t, 8) ||
	    __atomic_exchange_n(&binding, 1, __ATOMIC_ACQUIRE))
		return 0;
	sysfs("unbind", device);
	usleep(below(t, 20000));
	sysfs("bind", device);
	__atomic_store_n(&binding, 0, __ATOMIC_RELEASE);
	return 0;
}

/* Must be refused: the program keeps a node open */
static int op_unload(struct thread *t)
{
	static const char * const modules[] = {
		"virtcap", "videobuf2_common", "videobuf2_v4l2",
		"videobuf2_memops", "videobuf2_dma_sg",
	};

	if (!syscall(SYS_delete_module, modules[below(t, 5)], O_NONBLOCK))
		__atomic_store_n(&unloaded, true, __ATOMIC_RELAXED);
	return 0;
}

static const struct op ops[] = {
	{ "open", op_open, 3 },
	{ "open media", op_open_media, 3 },
	{ "close", op_close, 1 },
	{ "dup", op_dup, 2 },
	{ "S_FMT", op_s_fmt, 5 },
	{ "REQBUFS", op_reqbufs, 15 },
	{ "CREATE_BUFS", op_create, 6 },
	{ "REMOVE_BUFS", op_remove, 4 },
	{ "QUERYBUF", op_querybuf, 10 },
	{ "PREPARE_BUF", op_prepare, 15 },
	{ "QBUF", op_qbuf, 100 },
	{ "QBUF with a request", op_request_buffer, 20 },
	{ "DQBUF", op_dqbuf, 60 },
	{ "EXPBUF", op_expbuf, 20 },
	{ "STREAMON", op_streamon, 15 },
	{ "REQBUFS to STREAMON", op_start, 15 },
	{ "the same with requests", op_start_requests, 8 },
	{ "STREAMOFF", op_streamoff, 6 },
	{ "mmap", op_mmap, 25 },
	{ "mmap of a dma-buf", op_mmap_dmabuf, 10 },
	{ "mmap of other memory", op_mmap_other, 20 },
	{ "munmap", op_munmap, 8 },
	{ "touch", op_touch, 20 },
	{ "read", op_read, 8 },
	{ "write", op_write, 8 },
	{ "poll", op_poll, 4 },
	{ "epoll", op_epoll, 2 },
	{ "DMA_BUF_SYNC", op_sync, 8 },
	{ "REQUEST_ALLOC", op_request_alloc, 6 },
	{ "REQUEST_QUEUE", op_request_queue, 20 },
	{ "REQUEST_REINIT", op_request_reinit, 8 },
	{ "SUBSCRIBE_EVENT", op_event, 2 },
	{ "S_CTRL", op_control, 4 },
	{ "S_INPUT", op_input, 2 },
	{ "fork", op_fork, 1 },
	{ "unbind and bind", op_unbind, 1 },
	{ "unload", op_unload, 1 },
};

static unsigned long done[ARRAY_SIZE(ops)], succeeded[ARRAY_SIZE(ops)];

static const struct op *draw(struct thread *t)
{
	static unsigned int sum;
	unsigned int i, n = 0;

	for (i = 0; !sum && i < ARRAY_SIZE(ops); i++)
		n += ops[i].weight;
	if (!sum)
		sum = n;
	n = below(t, sum);
	for (i = 0; n >= ops[i].weight; i++)
		n -= ops[i].weight;
	return &ops[i];
}

static void play(struct thread *t)
{
	const struct op *op = draw(t);
	unsigned int i = op - ops;

	__atomic_store_n(&t->op, op, __ATOMIC_RELAXED);
	__atomic_fetch_add(&done[i], 1, __ATOMIC_RELAXED);
	if (op->run(t) >= 0)
		__atomic_fetch_add(&succeeded[i], 1, __ATOMIC_RELAXED);
}

static void *run(void *arg)
{
	struct thread *t = arg;

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED))
		play(t);
	__atomic_store_n(&t->ended, true, __ATOMIC_RELEASE);
	return NULL;
}

/* The program */

static void interrupt(int signal)
{
}

/* Signals get threads out of their sleep; false if one does not come out */
static bool end_threads(unsigned int n)
{
	bool all = true;

	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (unsigned int i = 0; i < n; i++) {
		struct thread *t = &threads[i];

		for (unsigned int j = 0; j < 600 && !t->ended; j++) {
			pthread_kill(t->id, SIGUSR1);
			usleep(100000);
			__atomic_thread_fence(__ATOMIC_ACQUIRE);
		}
		if (t->ended) {
			pthread_join(t->id, NULL);
			continue;
		}
		ksft_print_msg("thread %u hangs in %s\n", i, t->op->name);
		all = false;
	}
	return all;
}

static bool start_threads(unsigned int n, uint64_t seed)
{
	struct arguments *args = mmap((void *)ARGUMENTS, WINDOW - ARGUMENTS,
				      PROT_READ | PROT_WRITE, MAP_PRIVATE |
				      MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	if (args == MAP_FAILED ||
	    mmap((void *)WINDOW, PIECES * PIECE, PROT_NONE, MAP_PRIVATE |
		 MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == MAP_FAILED)
		return false;
	memset(tables, 0xff, sizeof(tables));
	stop = false;
	for (unsigned int i = 0; i < n; i++)
		threads[i] = (struct thread) {
			.random = (seed + i + 1) * 0x9e3779b97f4a7c15ULL,
			.args = &args[i],
		};
	for (unsigned int i = 0; i < n; i++)
		if (pthread_create(&threads[i].id, NULL, run, &threads[i]))
			return false;
	return true;
}

#define DEVICES_WANTED	"n_devs=4 allocators=0,1,2,0 multiplanar=0,0,1,1"

static bool load(void)
{
	return !system("modprobe -q -r virtcap; modprobe virtcap pace=1,1,1,1 faults=1 "
		       DEVICES_WANTED);
}

/* Nothing that a thread did is in the way of the next user */
static void clean_up(void)
{
	for (unsigned int i = 0; i < TABLES * SLOTS; i++)
		if (tables[i / SLOTS][i % SLOTS] >= 0)
			close(tables[i / SLOTS][i % SLOTS]);
	munmap((void *)ARGUMENTS, WINDOW - ARGUMENTS + PIECES * PIECE);
}

/* Some frames from or to a node that others have left */
static int normal_stream(unsigned int device, unsigned int role)
{
	struct thread t = { .random = 1 };
	struct v4l2_plane planes[VIDEO_MAX_PLANES] = {};
	struct v4l2_requestbuffers req = { .count = 3, .memory = V4L2_MEMORY_MMAP };
	int fd = node_open(device, role, 0), ret;

	if (fd < 0)
		return -errno;
	for (unsigned int i = 0; i < NUM_FAULTS + 2; i++) {
		struct v4l2_control c = { .id = CID_FAULTS + i };

		if (i == NUM_FAULTS)
			c = (struct v4l2_control) { .id = CID_PACE, .value = 1 };
		ioctl(fd, VIDIOC_S_CTRL, &c);
	}
	req.type = type_of(&t, fd);
	ret = ioctl(fd, VIDIOC_REQBUFS, &req);
	for (unsigned int i = 0; !ret && i < 20; i++) {
		struct v4l2_buffer b = {
			.type = req.type, .memory = req.memory, .index = i,
			.field = V4L2_FIELD_NONE,
		};

		if (V4L2_TYPE_IS_MULTIPLANAR(b.type)) {
			b.m.planes = planes;
			b.length = VIDEO_MAX_PLANES;
		}
		if (i == req.count)
			ret = ioctl(fd, VIDIOC_STREAMON, &req.type);
		if (!ret && i >= req.count)
			ret = ioctl(fd, VIDIOC_DQBUF, &b);
		if (!ret && (b.flags & V4L2_BUF_FLAG_ERROR)) {
			errno = EIO;
			ret = -1;
		}
		memset(planes, 0, sizeof(planes));
		b.flags = 0;
		if (!ret)
			ret = ioctl(fd, VIDIOC_QBUF, &b);
	}
	ret = ret ? -errno : 0;
	close(fd);
	return ret;
}

static void report(void)
{
	unsigned int never = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(ops); i++) {
		ksft_print_msg("%-22s %8lu calls, %8lu succeeded\n", ops[i].name,
			       done[i], succeeded[i]);
		never += !succeeded[i];
	}
	ksft_test_result(!never, "every kind of call succeeded\n");
}

static bool normal_streams(void)
{
	for (unsigned int i = 0; i < 3 * DEVICES; i++) {
		int ret = normal_stream(i / 3, i % 3);

		if (!ret)
			continue;
		ksft_print_msg("virtcap.%u %s: %s\n", i / 3, roles[i % 3],
			       strerror(-ret));
		return false;
	}
	return true;
}

/* The threads have their way; false if one does not come back */
static bool let_loose(unsigned int n, unsigned int seed, unsigned int seconds)
{
	time_t end;
	int keeper;

	all_devices("bind");
	keeper = node_open(0, 0, 0);
	if (keeper < 0 || !start_threads(n, seed))
		ksft_exit_fail_msg("cannot start: %s\n", strerror(errno));
	/* On a busy machine a sleep takes longer */
	end = time(NULL) + seconds;
	for (unsigned int i = 0; time(NULL) < end; i++) {
		usleep(20000);
		pthread_kill(threads[i % n].id, SIGUSR1);
	}
	if (!end_threads(n))
		return false;
	clean_up();
	close(keeper);
	all_devices("bind");
	return true;
}

/*
 * Nothing is in use. Without devices, as those that this program has bound are
 * charged to it: on the debug kernel 400 pages of sysfs. The kernel adds up
 * every two seconds.
 */
static void settle(void)
{
	all_devices("unbind");
	file_write("/proc/sys/vm/drop_caches", "2");
	sleep(3);
}

static void check(const struct left *before)
{
	struct left now;
	int ret;

	report();
	ksft_test_result(normal_streams(), "normal streams afterwards\n");
	ksft_test_result(!unloaded, "no module was unloaded while in use\n");
	settle();
	ksft_test_result(left_nothing(before, &now), "nothing is left\n");
	left_print(before, &now);
	/* modprobe leaves what it comes to before its users are gone */
	ret = system("modprobe -r virtcap && modprobe -r -a videobuf2_memops videobuf2_common");
	ksft_test_result(!ret && access("/sys/module/videobuf2_common", F_OK),
			 "the modules can be unloaded\n");
	ksft_test_result(!kernel_complained(), "the kernel did not complain\n");
}

int main(int argc, char **argv)
{
	unsigned int seconds = 60, n = 8, seed = time(NULL);
	struct sigaction action = { .sa_handler = interrupt };
	struct left before;
	bool ended;
	int opt;

	while ((opt = getopt(argc, argv, "t:n:s:")) != -1) {
		if (opt == '?')
			return KSFT_FAIL;
		*(opt == 't' ? &seconds : opt == 'n' ? &n : &seed) = atoi(optarg);
	}
	if (!n || n > MAX_THREADS)
		return KSFT_FAIL;
	ksft_print_header();
	if (!load())
		ksft_exit_skip("no virtcap: build it, install it, be root\n");
	ksft_set_plan(7);
	ksft_print_msg("%u threads for %u s, the seed is %u\n", n, seconds, seed);
	scratch = memfd_create("scratch", MFD_CLOEXEC);
	if (scratch < 0 || ftruncate(scratch, PIECE))
		ksft_exit_fail_msg("memfd: %s\n", strerror(errno));
	/* Interrupts calls, which are not taken up again */
	sigaction(SIGUSR1, &action, NULL);
	kernel_complained();
	left_begin();
	/* What a first time takes is not lost; what is lost is lost each time */
	ended = let_loose(n, ~seed, seconds / 10);
	settle();
	left_look(&before);
	ended = ended && let_loose(n, seed, seconds - seconds / 10);
	ksft_test_result(ended, "no thread hangs\n");
	if (ended)
		check(&before);
	left_end();
	ksft_finished();
}
