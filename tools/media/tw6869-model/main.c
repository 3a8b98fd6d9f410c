// SPDX-License-Identifier: GPL-2.0-only
/* tw6869-model: one board.  Sockets, the clock, and the report at the end. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "control.h"

#define MAX_CLIENTS	4
#define SLICE_NS	(NSEC_PER_MSEC)
#define MAX_BEHIND_NS	(100 * NSEC_PER_MSEC)
#define MAX_BURST	4	/* ms */
#define REPLY_SIZE	8192

struct client {
	int fd;
	char line[256];
	size_t len;
};

struct board {
	struct chip chip;
	struct server server;
	int listen_fd, control_fd;
	struct client client[MAX_CLIENTS];
	uint64_t last_ns, refilled_ns, behind_ns;
};

static int stop;

static void on_signal(int sig)
{
	(void)sig;
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
}

static uint64_t wall_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

static int listen_on(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(addr.sun_path)) {
		fprintf(stderr,
			"tw6869-model: %s: too long for a socket's path\n",
			path);
		return -1;
	}
	memcpy(addr.sun_path, path, strlen(path) + 1);
	unlink(path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
	    listen(fd, 1) < 0) {
		fprintf(stderr, "tw6869-model: %s: %s\n", path,
			strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	return fd;
}

static void accept_client(struct board *b)
{
	int fd = accept4(b->control_fd, NULL, NULL, SOCK_CLOEXEC);

	for (int i = 0; fd >= 0 && i < MAX_CLIENTS; i++) {
		if (b->client[i].fd < 0) {
			b->client[i].fd = fd;
			b->client[i].len = 0;
			return;
		}
	}
	if (fd >= 0)
		close(fd);
}

static void client_input(struct board *b, struct client *cl)
{
	char reply[REPLY_SIZE], c;
	ssize_t n;

	while ((n = recv(cl->fd, &c, 1, MSG_DONTWAIT)) == 1) {
		if (c != '\n') {
			if (cl->len < sizeof(cl->line) - 1)
				cl->line[cl->len++] = c;
			continue;
		}
		cl->line[cl->len] = 0;
		cl->len = 0;
		control_command(&b->server, cl->line, reply, sizeof(reply));
		if (send(cl->fd, reply, strlen(reply),
			 MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
			break;
	}
	if (n == 0 || (n < 0 && errno != EAGAIN)) {
		close(cl->fd);
		cl->fd = -1;
	}
}

/*
 * Let the chip live through the wall time since the last call, in slices.  In
 * lock step it does not catch up when it was not run for longer than the
 * @asleep ms that it wanted: that would be a burst, in which the host has no
 * time to do anything.
 */
static void advance(struct board *b, unsigned int asleep)
{
	uint64_t now = wall_ns(), ns, most = MAX_BEHIND_NS;

	if (b->chip.opts.pace != PACE_REAL)
		most = (asleep + MAX_BURST) * NSEC_PER_MSEC *
		       b->chip.opts.speed_percent / 100;
	ns = (now - b->last_ns) * b->chip.opts.speed_percent / 100;
	b->last_ns = now;
	if (b->chip.opts.pace == PACE_GUEST)
		ns = 0;
	b->behind_ns += ns;
	b->chip.wall += ns;
	if (b->behind_ns > most)
		b->behind_ns = most;
	if (b->behind_ns) {
		ns = b->behind_ns < SLICE_NS ? b->behind_ns : SLICE_NS;
		b->behind_ns -= ns;
		chip_run(&b->chip, ns);
	}
	if (now - b->refilled_ns > 100 * NSEC_PER_MSEC) {
		server_refill(&b->server);
		b->refilled_ns = now;
	}
}

/* Milliseconds to sleep: about a slice when something runs, long otherwise */
static int poll_timeout(const struct board *b)
{
	uint64_t idle = chip_idle_ns(&b->chip);

	if (b->behind_ns >= SLICE_NS)
		return 0;
	if (idle == NEVER || b->chip.opts.pace == PACE_GUEST)
		return 200;
	idle = idle * 100 / b->chip.opts.speed_percent / NSEC_PER_MSEC;
	return idle > 20 ? 20 : idle < 1 ? 1 : idle;
}

static void handle_device(struct board *b, short revents)
{
	if (b->server.fd < 0) {
		int fd = accept4(b->listen_fd, NULL, NULL, SOCK_CLOEXEC);

		if (fd >= 0)
			server_connect(&b->server, fd);
		return;
	}
	if (revents && server_receive(&b->server) < 0)
		server_disconnect(&b->server);
}

static void run(struct board *b)
{
	b->last_ns = wall_ns();
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		struct pollfd p[2 + MAX_CLIENTS];
		int n, timeout = poll_timeout(b);

		p[0].fd = b->server.fd >= 0 ? b->server.fd : b->listen_fd;
		p[1].fd = b->control_fd;
		for (int i = 0; i < MAX_CLIENTS; i++)
			p[2 + i].fd = b->client[i].fd;
		for (int i = 0; i < 2 + MAX_CLIENTS; i++) {
			p[i].events = POLLIN;
			p[i].revents = 0;
		}
		n = poll(p, 2 + MAX_CLIENTS, timeout);
		if (n < 0)
			continue;
		/* The chip lived until now; only then comes the access. */
		advance(b, timeout);
		if (p[0].revents)
			handle_device(b, p[0].revents);
		if (p[1].revents)
			accept_client(b);
		for (int i = 0; i < MAX_CLIENTS; i++)
			if (p[2 + i].revents && b->client[i].fd >= 0)
				client_input(b, &b->client[i]);
	}
}

static void print_help(FILE *f)
{
	fprintf(f,
		"usage: tw6869-model --socket PATH [--control PATH] [--y4m CH:FILE]... [KEY=VALUE]...\n\n"
		"One TW6864/TW6865/TW6868/TW6869 board as a vfio-user server for QEMU.\n\n"
		"  --socket PATH    where QEMU's vfio-user-pci connects\n"
		"  --control PATH   text commands at run time; \"help\" lists them\n"
		"  --y4m CH:FILE    picture source of a channel (8 bit Y4M)\n"
		"  --help           this text\n\noptions, with (default):\n");
	options_help(f);
}

static int add_y4m(struct board *b, const char *arg)
{
	unsigned int ch = arg[0] - '0';
	int err;

	if (ch >= CHIP_VIDEO || arg[1] != ':') {
		fprintf(stderr, "tw6869-model: --y4m wants CH:FILE, e.g. 0:clip.y4m\n");
		return -EINVAL;
	}
	err = source_open_y4m(&b->chip.source[ch], arg + 2);
	if (err)
		fprintf(stderr, "tw6869-model: %s: %s\n", arg + 2,
			err == -EINVAL ? "not a Y4M file with 8 bit samples" :
			strerror(-err));
	return err;
}

static int parse_args(int argc, char **argv, struct options *opts,
		      const char **sock, const char **control,
		      const char *y4m[], int *n_y4m)
{
	static const struct option longs[] = {
		{ "socket", required_argument, NULL, 's' },
		{ "control", required_argument, NULL, 'c' },
		{ "y4m", required_argument, NULL, 'y' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 }
	};
	char why[128];
	int o;

	options_default(opts);
	while ((o = getopt_long(argc, argv, "s:c:y:h", longs, NULL)) != -1) {
		if (o == 's') {
			*sock = optarg;
		} else if (o == 'c') {
			*control = optarg;
		} else if (o == 'y' && *n_y4m < CHIP_VIDEO) {
			y4m[(*n_y4m)++] = optarg;
		} else {
			print_help(o == 'h' ? stdout : stderr);
			return o == 'h' ? 1 : -1;
		}
	}
	for (; optind < argc; optind++) {
		if (options_set(opts, argv[optind], why, sizeof(why))) {
			fprintf(stderr, "tw6869-model: %s\n", why);
			return -1;
		}
	}
	if (!*sock) {
		fprintf(stderr, "tw6869-model: --socket PATH is missing; see --help\n");
		return -1;
	}
	return 0;
}

static void install_signals(void)
{
	struct sigaction sa = { .sa_handler = on_signal };

	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
	/* Nobody waits for children. */
	signal(SIGCHLD, SIG_IGN);
}

int main(int argc, char **argv)
{
	const char *sock = NULL, *control = NULL, *y4m[CHIP_VIDEO];
	static struct board b;
	static char report[REPLY_SIZE];
	struct config_ids ids = { .vendor = 0x1797, .bar0_size = CHIP_BAR_SIZE };
	struct options opts;
	int n_y4m = 0, err;

	err = parse_args(argc, argv, &opts, &sock, &control, y4m, &n_y4m);
	if (err)
		return err < 0 ? 2 : 0;
	setvbuf(stdout, NULL, _IOLBF, 0);
	install_signals();
	/* The part numbers are the PCI device ids, read as hexadecimal. */
	ids.device = 0x6864 + (opts.chip - 6864);
	ids.class_code = opts.class_code;
	ids.pm_cap = opts.pm_cap;
	ids.msi = opts.msi;
	chip_init(&b.chip, &opts, &server_chip_ops, &b.server);
	if (server_init(&b.server, &b.chip, &ids))
		return 1;
	for (int i = 0; i < n_y4m; i++)
		if (add_y4m(&b, y4m[i]))
			return 2;
	for (int i = 0; i < MAX_CLIENTS; i++)
		b.client[i].fd = -1;
	b.listen_fd = listen_on(sock);
	b.control_fd = control ? listen_on(control) : -1;
	if (b.listen_fd < 0 || (control && b.control_fd < 0))
		return 1;
	printf("tw6869-model: chip %d, board %d, ready on %s\n", opts.chip,
	       opts.board, sock);
	run(&b);
	control_counters(&b.server, report, sizeof(report));
	fputs(report, stdout);
	unlink(sock);
	if (control)
		unlink(control);
	server_free(&b.server);
	return 0;
}
