// SPDX-License-Identifier: GPL-2.0-only
/* Unit tests of the transport: messages, maps, config space, interrupts. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness.h"
#include "vfu-server.h"

#define K 1024ull

static struct chip chip;
static struct server server;
static int peer = -1;

static int memfd(size_t size)
{
	int fd = memfd_create("ram", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, size) < 0)
		abort();
	return fd;
}

static unsigned int count_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned int n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static void connect_server(void)
{
	struct config_ids ids = {
		.vendor = 0x1797, .device = 0x6869, .pm_cap = 0x40,
		.msi = true, .bar0_size = CHIP_BAR_SIZE,
	};
	struct options opts;
	int sv[2];

	if (peer >= 0) {
		close(peer);
		server_free(&server);
	}
	options_default(&opts);
	chip_init(&chip, &opts, &server_chip_ops, &server);
	if (server_init(&server, &chip, &ids) ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv))
		abort();
	peer = sv[0];
	server_connect(&server, sv[1]);
}

/* Send a message, with a descriptor if @fd >= 0, and let the server act. */
static int say(uint16_t cmd, uint32_t flags, const void *data, size_t len,
	       int fd)
{
	uint8_t msg[4096];
	struct vfu_header hdr = {
		.id = 77, .command = cmd, .size = VFU_HEADER + len,
		.flags = flags,
	};
	struct iovec iov = { .iov_base = msg, .iov_len = hdr.size };
	char ctl[CMSG_SPACE(sizeof(int))] = { 0 };
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1 };

	vfu_put_header(msg, &hdr);
	memcpy(msg + VFU_HEADER, data, len);
	if (fd >= 0) {
		struct cmsghdr *c;

		mh.msg_control = ctl;
		mh.msg_controllen = sizeof(ctl);
		c = CMSG_FIRSTHDR(&mh);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	}
	if (sendmsg(peer, &mh, 0) != (ssize_t)hdr.size)
		abort();
	return server_receive(&server);
}

/* The reply's error, or -1 when there is none */
static int reply(uint8_t *payload, size_t *len)
{
	uint8_t msg[4096];
	struct vfu_request req;
	ssize_t n = recv(peer, msg, sizeof(msg), MSG_DONTWAIT);

	if (n < VFU_HEADER || vfu_parse(msg, n, &req) || req.hdr.id != 77)
		return -1;
	if (payload) {
		*len = req.payload_len;
		memcpy(payload, req.payload, req.payload_len);
	}
	return req.hdr.error;
}

static int map_message(uint64_t iova, uint64_t size, uint64_t offset, int fd)
{
	uint64_t m[4] = { 32 | 3ull << 32, offset, iova, size };

	say(VFU_DMA_MAP, 0, m, sizeof(m), fd);
	return reply(NULL, NULL);
}

TEST(map_find_and_flags)
{
	struct map_table t;
	uint8_t *p = NULL;
	size_t len = 8 * K;

	map_init(&t);
	EXPECT_EQ(map_add(&t, 4 * K, 4 * K, 0, 3, memfd(16 * K)), 0);
	EXPECT_EQ(map_add(&t, 16 * K, 4 * K, 8 * K, 1, memfd(16 * K)), 0);
	EXPECT_EQ(map_add(&t, 32 * K, 4 * K, 0, 3, -1), 0);
	EXPECT_EQ(map_find(&t, 5 * K, VFU_MAP_WRITE, &len, &p), MAP_MEMORY);
	EXPECT_EQ(len, 3 * K);
	len = 64 * K;
	EXPECT_EQ(map_find(&t, 8 * K, VFU_MAP_WRITE, &len, &p), MAP_NONE);
	EXPECT_EQ(len, 8 * K);
	len = 4;
	EXPECT_EQ(map_find(&t, 16 * K, VFU_MAP_WRITE, &len, &p), MAP_NONE);
	EXPECT_EQ(map_find(&t, 16 * K, VFU_MAP_READ, &len, &p), MAP_MEMORY);
	EXPECT_EQ(map_find(&t, 32 * K, VFU_MAP_WRITE, &len, &p), MAP_MESSAGE);
	EXPECT_EQ(map_find(&t, 0, VFU_MAP_WRITE, &len, &p), MAP_NONE);
	EXPECT_EQ(map_find(&t, ~0ull, VFU_MAP_WRITE, &len, &p), MAP_NONE);
	map_free(&t);
}

TEST(map_refuses_overlap_and_nonsense)
{
	struct map_table t;
	unsigned int fds = count_fds();

	map_init(&t);
	EXPECT_EQ(map_add(&t, 8 * K, 8 * K, 0, 3, -1), 0);
	EXPECT_EQ(map_add(&t, 12 * K, 8 * K, 0, 3, -1), -EEXIST);
	EXPECT_EQ(map_add(&t, 4 * K, 5 * K, 0, 3, memfd(64 * K)), -EEXIST);
	EXPECT_EQ(map_add(&t, 0, 64 * K, 0, 3, -1), -EEXIST);
	EXPECT_EQ(map_add(&t, 64 * K, 0, 0, 3, -1), -EINVAL);
	EXPECT_EQ(map_add(&t, ~0ull, 2, 0, 3, -1), -EINVAL);
	EXPECT_EQ(map_add(&t, 64 * K, 64 * K, 0, 3, memfd(4 * K)), -EINVAL);
	EXPECT_EQ(t.count, 1);
	EXPECT_EQ(count_fds(), fds);
	map_free(&t);
}

TEST(unmap_wraps_and_cuts)
{
	struct map_table t;
	size_t len = 1;
	uint8_t *p;

	map_init(&t);
	for (uint64_t i = 0; i < 8; i++)
		map_add(&t, (4 + 2 * i) * 4 * K, 4 * K, 0, 3, -1);
	map_add(&t, 0xfffff000, 4 * K, 0, 3, -1);
	map_add(&t, ~0ull - 4095, 4096, 0, 3, -1);
	/* a block that covers two, and half of a third */
	EXPECT_EQ(map_remove(&t, 0, 34 * K), 3);
	EXPECT_EQ(t.count, 8);
	EXPECT_EQ(t.range[0].first, 34 * K);
	/* nothing there */
	EXPECT_EQ(map_remove(&t, 1ull << 40, 1ull << 41), 0);
	/* the size QEMU was seen to send: up to 2^64 */
	EXPECT_EQ(map_remove(&t, 0xfef00000, 0 - 0xfef00000ull), 2);
	EXPECT_EQ(t.count, 6);
	/* beyond 2^64 */
	map_add(&t, ~0ull - 4095, 4096, 0, 3, -1);
	EXPECT_EQ(map_remove(&t, ~0ull - 8191, 1ull << 63), 1);
	/* a hole inside of one */
	map_remove_all(&t);
	map_add(&t, 0, 16 * K, 0, 3, -1);
	EXPECT_EQ(map_remove(&t, 4 * K, 4 * K), 1);
	EXPECT_EQ(t.count, 2);
	EXPECT_EQ(map_find(&t, 4 * K, 3, &len, &p), MAP_NONE);
	EXPECT_EQ(map_find(&t, 8 * K, 3, &len, &p), MAP_MESSAGE);
	EXPECT_EQ(t.range[1].offset, 8 * K);
	map_free(&t);
}

TEST(one_mapping_per_file_and_no_descriptor_leak)
{
	unsigned int fds = count_fds();
	struct map_table t;
	int fd = memfd(1 << 20);
	uint8_t *p = NULL, *q = NULL;
	size_t len = 1;

	map_init(&t);
	for (uint64_t i = 0; i < 200; i++)
		EXPECT_EQ(map_add(&t, i * 8 * K, 4 * K, (199 - i) * 4 * K, 3,
				  dup(fd)), 0);
	map_find(&t, 0, 3, &len, &p);
	map_find(&t, 8 * K, 3, &len, &q);
	EXPECT_EQ(p - q, 4 * K);
	close(fd);
	map_free(&t);
	EXPECT_EQ(count_fds(), fds);
}

TEST(config_space_keeps_its_masks)
{
	uint32_t v = 0;

	connect_server();
	v = 0xffffffff;
	config_write(&server.config, 0x10, &v, 4);
	config_read(&server.config, 0x10, &v, 4);
	EXPECT_EQ(v, 0xfffff008);
	v = 0xfffff800;
	config_write(&server.config, 0x30, &v, 4);
	config_read(&server.config, 0x30, &v, 4);
	EXPECT_EQ(v, 0);
	v = 0xffffffff;
	config_write(&server.config, 0x00, &v, 4);
	config_read(&server.config, 0x00, &v, 4);
	EXPECT_EQ(v, 0x68691797);
	v = 4;
	config_write(&server.config, 0x04, &v, 1);
	EXPECT_TRUE(config_bus_master(&server.config));
	config_reset(&server.config);
	EXPECT_FALSE(config_bus_master(&server.config));
	EXPECT_EQ(config_read(&server.config, 254, &v, 4), -EINVAL);
	EXPECT_EQ(config_write(&server.config, ~0ull, &v, 4), -EINVAL);
}

static void arm(unsigned int index, int efd)
{
	uint32_t m[5] = { 20, VFU_IRQ_EVENTFD | VFU_IRQ_TRIGGER, index, 0, 1 };

	say(VFU_SET_IRQS, 0, m, sizeof(m), efd);
	EXPECT_EQ(reply(NULL, NULL), 0);
}

static uint64_t take(int efd)
{
	uint64_t v = 0;

	return read(efd, &v, sizeof(v)) == sizeof(v) ? v : 0;
}

TEST(intx_is_level_and_masks_itself)
{
	int efd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	uint32_t unmask[5] = { 20, VFU_IRQ_NONE | VFU_IRQ_UNMASK, 0, 0, 1 };

	connect_server();
	arm(IRQ_INTX, efd);
	chip_inject(&chip, "overflow", 0, 0);
	EXPECT_EQ(take(efd), 1);
	chip_inject(&chip, "pointer", 0, 0);
	EXPECT_EQ(take(efd), 0);
	say(VFU_SET_IRQS, 0, unmask, sizeof(unmask), -1);
	EXPECT_EQ(reply(NULL, NULL), 0);
	EXPECT_EQ(take(efd), 1);
	chip_read(&chip, 0x00c);
	say(VFU_SET_IRQS, 0, unmask, sizeof(unmask), -1);
	EXPECT_EQ(reply(NULL, NULL), 0);
	EXPECT_EQ(take(efd), 0);
	close(efd);
}

TEST(msi_is_an_edge_per_event)
{
	int efd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	uint16_t control = 1, command = 4;

	connect_server();
	config_write(&server.config, 0x52, &control, 2);
	config_write(&server.config, 0x04, &command, 2);
	arm(IRQ_MSI, efd);
	chip_inject(&chip, "overflow", 0, 0);
	EXPECT_EQ(take(efd), 1);
	chip_inject(&chip, "overflow", 0, 0);
	EXPECT_EQ(take(efd), 0);
	chip_inject(&chip, "overflow", 1, 0);
	EXPECT_EQ(take(efd), 1);
	close(efd);
}

TEST(posted_writes_get_no_reply)
{
	struct { uint64_t off; uint32_t region, count, value; } __attribute__((packed))
		w = { 0xb8, 0, 4, 0x1234 };
	uint8_t out[64];
	size_t len;

	connect_server();
	say(VFU_REGION_WRITE, VFU_NO_REPLY, &w, sizeof(w), -1);
	EXPECT_EQ(reply(NULL, NULL), -1);
	say(VFU_REGION_READ, 0, &w, 16, -1);
	EXPECT_EQ(reply(out, &len), 0);
	EXPECT_EQ(len, 20);
	EXPECT_EQ(out[16] | out[17] << 8, 0x1234);
}

TEST(unknown_and_broken_messages_get_errors)
{
	uint8_t junk[8] = { 0 };

	connect_server();
	say(99, 0, junk, 8, -1);
	EXPECT_EQ(reply(NULL, NULL), ENOSYS);
	say(99, VFU_NO_REPLY, junk, 8, -1);
	EXPECT_EQ(reply(NULL, NULL), -1);
	say(VFU_DMA_MAP, 0, junk, 8, -1);
	EXPECT_EQ(reply(NULL, NULL), EINVAL);
	EXPECT_EQ(server.count[SRV_BAD_MESSAGES], 3);
}

TEST(unexpected_descriptors_are_closed)
{
	int fd = memfd(4 * K);
	uint8_t info[16] = { 16 };
	unsigned int fds;

	connect_server();
	fds = count_fds();
	say(VFU_GET_INFO, 0, info, 16, fd);
	EXPECT_EQ(reply(NULL, NULL), 0);
	EXPECT_EQ(count_fds(), fds);
	close(fd);
}

TEST(dma_goes_to_memory_or_by_message)
{
	uint16_t command = 4;
	int fd = memfd(64 * K);
	uint8_t msg[256], *ram;
	struct vfu_header hdr = { .command = VFU_DMA_WRITE, .size = VFU_HEADER,
		.flags = VFU_REPLY | VFU_ERROR, .error = 19 };

	connect_server();
	ram = mmap(NULL, 64 * K, PROT_READ, MAP_SHARED, fd, 0);
	EXPECT_EQ(map_message(16 * K, 4 * K, 8 * K, fd), 0);
	EXPECT_NE(server_chip_ops.dma_write(&server, 16 * K, "abcd", 4), 0);
	EXPECT_EQ(server.count[SRV_NO_BUS_MASTER], 1);
	config_write(&server.config, 0x04, &command, 2);
	EXPECT_EQ(server_chip_ops.dma_write(&server, 16 * K, "abcd", 4), 0);
	EXPECT_EQ(memcmp(ram + 8 * K, "abcd", 4), 0);
	/* half of it hits nothing: that half is for the IOMMU to complain */
	EXPECT_NE(server_chip_ops.dma_write(&server, 20 * K - 2, "wxyz", 4), 0);
	EXPECT_EQ(memcmp(ram + 12 * K - 2, "wx", 2), 0);
	EXPECT_EQ(server.count[SRV_UNMAPPED], 1);
	EXPECT_EQ(recv(peer, msg, sizeof(msg), MSG_DONTWAIT), 16 + 16 + 2);
	EXPECT_EQ(memcmp(msg + 32, "yz", 2), 0);
	memcpy(&hdr.id, msg, 2);
	vfu_put_header(msg, &hdr);
	EXPECT_EQ(send(peer, msg, VFU_HEADER, 0), VFU_HEADER);
	server_receive(&server);
	EXPECT_EQ(server.count[SRV_DMA_FAULTS], 1);
	/* the budget ends; the count goes on */
	for (int i = 0; i < 20; i++)
		server_chip_ops.dma_write(&server, 64 * K, "x", 1);
	EXPECT_EQ(server.count[SRV_UNMAPPED], 21);
	EXPECT_LE(server.count[SRV_DMA_MESSAGES], 8);
	munmap(ram, 64 * K);
	close(fd);
}

TEST(disconnect_forgets_everything)
{
	unsigned int fds;

	connect_server();
	fds = count_fds();
	EXPECT_EQ(map_message(0, 4 * K, 0, memfd(4 * K)), 0);
	close(peer);
	peer = -1;
	EXPECT_NE(server_receive(&server), 0);
	server_disconnect(&server);
	EXPECT_EQ(server.map.count, 0);
	EXPECT_LE(count_fds(), fds);
	server_free(&server);
}
