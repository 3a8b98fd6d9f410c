// SPDX-License-Identifier: GPL-2.0-only
/* A vfio-user device on a socket: the bus that the chip sits on. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vfu-server.h"

#define FAULT_BUDGET	8
#define REGION_BAR0	0
#define REGION_CONFIG	7
#define N_REGIONS	9

static void put32(uint8_t *p, uint32_t v)
{
	memcpy(p, &v, sizeof(v));
}

static void put64(uint8_t *p, uint64_t v)
{
	memcpy(p, &v, sizeof(v));
}

static int send_all(struct server *s, const uint8_t *buf, size_t len)
{
	while (len) {
		ssize_t n = send(s->fd, buf, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -EPIPE;
		buf += n;
		len -= n;
	}
	return 0;
}

/* ---- what the chip asks of the bus ---- */

/*
 * Give an access to QEMU.  Nobody waits for the answer: the chip's writes are
 * posted, and QEMU may at this moment wait for an answer of ours.
 */
static void send_dma_write(struct server *s, uint64_t addr, const void *buf,
			   size_t len)
{
	uint8_t msg[VFU_HEADER + 16 + 4096];
	struct vfu_header hdr = {
		.id = s->next_id++, .command = VFU_DMA_WRITE,
		.size = VFU_HEADER + 16 + len,
	};

	if (s->fd < 0 || len > 4096 || s->n_pending == SERVER_PENDING)
		return;
	vfu_put_header(msg, &hdr);
	put64(msg + VFU_HEADER, addr);
	put64(msg + VFU_HEADER + 8, len);
	memcpy(msg + VFU_HEADER + 16, buf, len);
	s->pending[s->n_pending++] = hdr.id;
	s->count[SRV_DMA_MESSAGES]++;
	send_all(s, msg, hdr.size);
}

static int dma_write(void *ctx, uint64_t addr, const void *buf, size_t len)
{
	struct server *s = ctx;
	const uint8_t *data = buf;
	int ret = 0;

	if (!config_bus_master(&s->config)) {
		s->count[SRV_NO_BUS_MASTER]++;
		return -EACCES;
	}
	while (len) {
		size_t n = len < 4096 ? len : 4096;
		uint8_t *ptr;

		switch (map_find(&s->map, addr, VFU_MAP_WRITE, &n, &ptr)) {
		case MAP_MEMORY:
			memcpy(ptr, data, n);
			break;
		case MAP_MESSAGE:
			send_dma_write(s, addr, data, n);
			break;
		case MAP_NONE:
			s->count[SRV_UNMAPPED]++;
			if (s->fault_budget) {
				s->fault_budget--;
				send_dma_write(s, addr, data, n);
			}
			ret = -EFAULT;
		}
		addr += n;
		data += n;
		len -= n;
	}
	return ret;
}

/* Descriptors must lie in shared memory: a message could not be waited for. */
static int dma_read(void *ctx, uint64_t addr, void *buf, size_t len)
{
	struct server *s = ctx;
	uint8_t *data = buf;

	if (!config_bus_master(&s->config)) {
		s->count[SRV_NO_BUS_MASTER]++;
		return -EACCES;
	}
	while (len) {
		size_t n = len;
		uint8_t *ptr;

		if (map_find(&s->map, addr, VFU_MAP_READ, &n, &ptr) !=
		    MAP_MEMORY) {
			s->count[SRV_UNMAPPED]++;
			return -EFAULT;
		}
		memcpy(data, ptr, n);
		addr += n;
		data += n;
		len -= n;
	}
	return 0;
}

static void set_irq(void *ctx, bool level, bool edge)
{
	struct server *s = ctx;

	config_set_intx_pending(&s->config, level);
	irq_update(&s->irq, level, edge && s->chip->opts.msi != MSI_LOST,
		   config_intx_enabled(&s->config),
		   config_msi_enabled(&s->config) &&
		   config_bus_master(&s->config));
}

static void log_text(void *ctx, const char *text)
{
	(void)ctx;
	printf("%s\n", text);
}

const struct chip_ops server_chip_ops = {
	.dma_read = dma_read,
	.dma_write = dma_write,
	.irq = set_irq,
	.log = log_text,
};

/* ---- what QEMU asks of the device ---- */

static int get_info(uint8_t *out, size_t *len)
{
	put32(out, 16);
	put32(out + 4, 3);		/* can be reset, is PCI */
	put32(out + 8, N_REGIONS);
	put32(out + 12, IRQ_MAX);
	*len = 16;
	return 0;
}

static int get_region_info(const struct vfu_request *req, uint8_t *out,
			   size_t *len)
{
	uint64_t size = 0;

	if (req->info.index >= N_REGIONS)
		return EINVAL;
	if (req->info.index == REGION_BAR0)
		size = CHIP_BAR_SIZE;
	else if (req->info.index == REGION_CONFIG)
		size = CONFIG_SIZE;
	memset(out, 0, 32);
	put32(out, 32);
	put32(out + 4, size ? 3 : 0);	/* readable, writable; no mmap */
	put32(out + 8, req->info.index);
	put64(out + 16, size);
	*len = 32;
	return 0;
}

static int get_irq_info(const struct server *s, const struct vfu_request *req,
			uint8_t *out, size_t *len)
{
	bool msi = s->chip->opts.msi;
	static const uint32_t flags[IRQ_MAX] = { 7, 9, 9, 1, 1 };
	uint32_t count = 0;

	if (req->info.index >= IRQ_MAX)
		return EINVAL;
	if (req->info.index == IRQ_INTX || req->info.index == IRQ_ERR ||
	    (req->info.index == IRQ_MSI && msi))
		count = 1;
	put32(out, 16);
	put32(out + 4, flags[req->info.index]);
	put32(out + 8, req->info.index);
	put32(out + 12, count);
	*len = 16;
	return 0;
}

static int region_read(struct server *s, const struct vfu_request *req,
		       uint8_t *out, size_t *len)
{
	uint32_t n = req->access.count, v;

	memcpy(out, req->payload, 16);
	*len = 16 + n;
	if (req->access.region == REGION_CONFIG)
		return config_read(&s->config, req->access.offset, out + 16,
				   n) ? EINVAL : 0;
	if (req->access.region != REGION_BAR0 ||
	    req->access.offset >= CHIP_BAR_SIZE || n > 8)
		return EINVAL;
	if (n != 4)
		s->chip->count[CNT_BAD_ACCESSES]++;
	v = chip_read(s->chip, req->access.offset & ~3ull);
	v >>= 8 * (req->access.offset & 3);
	memset(out + 16, 0, n);
	memcpy(out + 16, &v, n < 4 ? n : 4);
	return 0;
}

static int region_write(struct server *s, const struct vfu_request *req,
			uint8_t *out, size_t *len)
{
	uint32_t n = req->access.count, v;

	memcpy(out, req->payload, 16);
	*len = 16;
	if (req->access.region == REGION_CONFIG) {
		if (config_write(&s->config, req->access.offset,
				 req->access.data, n))
			return EINVAL;
		set_irq(s, s->irq.level, false);
		if (req->access.offset == CONFIG_CLOCK && n == sizeof(v)) {
			memcpy(&v, req->access.data, sizeof(v));
			chip_clock(s->chip, v);
		}
		return 0;
	}
	if (req->access.region != REGION_BAR0 ||
	    req->access.offset >= CHIP_BAR_SIZE)
		return EINVAL;
	if (n != 4) {
		s->chip->count[CNT_BAD_ACCESSES]++;
		return 0;
	}
	memcpy(&v, req->access.data, 4);
	chip_write(s->chip, req->access.offset, v);
	return 0;
}

static int dma_map(struct server *s, const struct vfu_request *req, int *fds,
		   unsigned int n_fds)
{
	int fd = -1;

	if (n_fds) {
		fd = fds[0];
		fds[0] = -1;
	}
	s->count[SRV_MAPS]++;
	return -map_add(&s->map, req->map.iova, req->map.size, req->map.offset,
			req->map.flags, fd);
}

static int version(const struct vfu_request *req, uint8_t *out, size_t *len)
{
	static const char caps[] =
		"{\"capabilities\":{\"max_msg_fds\":16,\"max_data_xfer_size\":1048576}}";

	if (req->version.major)
		return EINVAL;
	memset(out, 0, 4);
	memcpy(out + 4, caps, sizeof(caps));
	*len = 4 + sizeof(caps);
	return 0;
}

static int reset(struct server *s)
{
	config_reset(&s->config);
	chip_reset(s->chip);
	return 0;
}

int server_dispatch(struct server *s, const struct vfu_request *req, int *fds,
		    unsigned int n_fds, uint8_t *out, size_t *len)
{
	int err;

	*len = 0;
	switch (req->hdr.command) {
	case VFU_VERSION:
		return version(req, out, len);
	case VFU_DMA_MAP:
		return dma_map(s, req, fds, n_fds);
	case VFU_DMA_UNMAP:
		s->count[SRV_UNMAPS]++;
		if (req->map.flags & VFU_UNMAP_ALL)
			map_remove_all(&s->map);
		else
			map_remove(&s->map, req->map.iova, req->map.size);
		memcpy(out, req->payload, 24);
		*len = 24;
		return 0;
	case VFU_GET_INFO:
		return get_info(out, len);
	case VFU_GET_REGION_INFO:
		return get_region_info(req, out, len);
	case VFU_GET_IRQ_INFO:
		return get_irq_info(s, req, out, len);
	case VFU_SET_IRQS:
		err = irq_set(&s->irq, req, fds, n_fds);
		set_irq(s, s->irq.level, false);
		return err;
	case VFU_REGION_READ:
		return region_read(s, req, out, len);
	case VFU_REGION_WRITE:
		return region_write(s, req, out, len);
	case VFU_RESET:
		return reset(s);
	}
	return ENOSYS;
}

static void take_reply(struct server *s, const struct vfu_request *req)
{
	for (unsigned int i = 0; i < s->n_pending; i++) {
		if (s->pending[i] != req->hdr.id)
			continue;
		s->pending[i] = s->pending[--s->n_pending];
		if (req->hdr.flags & VFU_ERROR)
			s->count[SRV_DMA_FAULTS]++;
		return;
	}
	s->count[SRV_BAD_MESSAGES]++;
}

static int answer(struct server *s, const uint8_t *msg, size_t size, int *fds,
		  unsigned int n_fds)
{
	struct vfu_request req;
	struct vfu_header hdr;
	size_t len = 0;
	int err;

	err = vfu_parse(msg, size, &req);
	if (!err && (req.hdr.flags & VFU_TYPE_MASK) == VFU_REPLY) {
		take_reply(s, &req);
		return 0;
	}
	if (err)
		s->count[SRV_BAD_MESSAGES]++;
	else
		err = server_dispatch(s, &req, fds, n_fds, s->out + VFU_HEADER,
				      &len);
	if (req.hdr.flags & VFU_NO_REPLY)
		return 0;
	hdr = (struct vfu_header) {
		.id = req.hdr.id, .command = req.hdr.command,
		.size = VFU_HEADER + (err ? 0 : len),
		.flags = VFU_REPLY | (err ? VFU_ERROR : 0), .error = err,
	};
	vfu_put_header(s->out, &hdr);
	return send_all(s, s->out, hdr.size);
}

/* @len bytes into @buf, and descriptors that come with any of them */
static int receive_bytes(struct server *s, uint8_t *buf, size_t len, int *fds,
			 unsigned int *n_fds)
{
	while (len) {
		char ctl[CMSG_SPACE(SERVER_FDS * sizeof(int))];
		struct iovec iov = { .iov_base = buf, .iov_len = len };
		struct msghdr mh = {
			.msg_iov = &iov, .msg_iovlen = 1,
			.msg_control = ctl, .msg_controllen = sizeof(ctl),
		};
		ssize_t n = recvmsg(s->fd, &mh, MSG_CMSG_CLOEXEC);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -EPIPE;
		for (struct cmsghdr *c = CMSG_FIRSTHDR(&mh); c;
		     c = CMSG_NXTHDR(&mh, c)) {
			unsigned int got = (c->cmsg_len - CMSG_LEN(0)) /
					   sizeof(int);
			int in[SERVER_FDS];

			if (c->cmsg_level != SOL_SOCKET ||
			    c->cmsg_type != SCM_RIGHTS || got > SERVER_FDS)
				continue;
			memcpy(in, CMSG_DATA(c), got * sizeof(int));
			for (unsigned int i = 0; i < got; i++) {
				if (*n_fds < SERVER_FDS)
					fds[(*n_fds)++] = in[i];
				else
					close(in[i]);
			}
		}
		buf += n;
		len -= n;
	}
	return 0;
}

int server_receive(struct server *s)
{
	int fds[SERVER_FDS];
	unsigned int n_fds = 0;
	size_t size = 0;
	int err;

	err = receive_bytes(s, s->in, VFU_HEADER, fds, &n_fds);
	if (!err) {
		size = vfu_message_size(s->in);
		err = size ? receive_bytes(s, s->in + VFU_HEADER,
					   size - VFU_HEADER, fds, &n_fds) :
			     -EPROTO;
	}
	if (!err)
		err = answer(s, s->in, size, fds, n_fds);
	for (unsigned int i = 0; i < n_fds; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	return err;
}

/* ---- life ---- */

int server_init(struct server *s, struct chip *chip,
		const struct config_ids *ids)
{
	memset(s, 0, sizeof(*s));
	s->fd = -1;
	s->chip = chip;
	s->fault_budget = FAULT_BUDGET;
	s->in = malloc(VFU_MAX_MESSAGE);
	s->out = malloc(VFU_MAX_MESSAGE);
	config_init(&s->config, ids);
	map_init(&s->map);
	irq_init(&s->irq);
	return s->in && s->out ? 0 : -ENOMEM;
}

void server_connect(struct server *s, int fd)
{
	s->fd = fd;
	s->n_pending = 0;
	s->count[SRV_CONNECTIONS]++;
}

/* The slot is empty now: nothing of the guest may be reachable any more. */
void server_disconnect(struct server *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
	reset(s);
	irq_free(&s->irq);
	irq_init(&s->irq);
	map_free(&s->map);
	server_set_removed(s, false);
}

void server_free(struct server *s)
{
	server_disconnect(s);
	free(s->in);
	free(s->out);
}

void server_refill(struct server *s)
{
	s->fault_budget = FAULT_BUDGET;
}

void server_set_removed(struct server *s, bool removed)
{
	if (!removed && s->config.removed)
		config_reset(&s->config);
	s->config.removed = removed;
	chip_inject(s->chip, "removed", 0, removed);
}

static void stand_still(pid_t qemu, pid_t chip, unsigned int ms)
{
	/* Whoever asked for it gets the answer first. */
	usleep(50 * 1000);
	if (qemu)
		kill(qemu, SIGSTOP);
	kill(chip, SIGSTOP);
	usleep(ms * 1000);
	if (qemu) {
		kill(qemu, SIGCONT);
		usleep(100 * 1000);
	}
	kill(chip, SIGCONT);
	_exit(0);
}

/*
 * What happens on a machine that has too much to do, to the chip or to the guest
 * as well.  The guest goes on a little earlier: had the chip something to tell
 * at once, nobody would see what the guest makes of the time that it missed.
 */
int server_stand_still(struct server *s, unsigned int ms, bool guest_too)
{
	struct ucred qemu = { 0 };
	socklen_t len = sizeof(qemu);
	pid_t chip = getpid(), child;

	if (getsockopt(s->fd, SOL_SOCKET, SO_PEERCRED, &qemu, &len) < 0)
		return -errno;
	/* Neither a process of another namespace, nor a test that is both */
	if (qemu.pid <= 1 || qemu.pid == chip)
		return -ESRCH;
	child = fork();
	if (!child)
		stand_still(guest_too ? qemu.pid : 0, chip, ms);
	return child < 0 ? -errno : 0;
}

const char *server_counter_name(enum server_counter n)
{
	static const char *const names[SRV_MAX] = {
		[SRV_CONNECTIONS] = "connections",
		[SRV_UNMAPPED] = "unmapped_accesses",
		[SRV_NO_BUS_MASTER] = "no_bus_master",
		[SRV_DMA_MESSAGES] = "dma_messages",
		[SRV_DMA_FAULTS] = "dma_faults",
		[SRV_MAPS] = "maps",
		[SRV_UNMAPS] = "unmaps",
		[SRV_BAD_MESSAGES] = "bad_messages",
	};

	return n < SRV_MAX ? names[n] : "?";
}
