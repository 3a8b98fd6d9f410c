/* SPDX-License-Identifier: GPL-2.0-only */
/* A vfio-user device on a socket: the bus that the chip sits on. */
#ifndef VFU_SERVER_H
#define VFU_SERVER_H

#include "chip.h"
#include "vfu-config.h"
#include "vfu-irq.h"
#include "vfu-map.h"
#include "vfu-proto.h"

#define SERVER_FDS	16
#define SERVER_PENDING	64

enum server_counter {
	SRV_CONNECTIONS,
	SRV_UNMAPPED,		/* DMA accesses that met no mapping */
	SRV_NO_BUS_MASTER,	/* DMA accesses with bus mastering off */
	SRV_DMA_MESSAGES,	/* accesses that went through QEMU */
	SRV_DMA_FAULTS,		/* ... and that QEMU refused */
	SRV_MAPS,
	SRV_UNMAPS,
	SRV_BAD_MESSAGES,
	SRV_MAX
};

struct server {
	int fd;			/* connection, or -1 */
	struct chip *chip;
	struct config config;
	struct map_table map;
	struct irq irq;
	uint16_t next_id;
	uint16_t pending[SERVER_PENDING];	/* ids of DMA messages sent */
	unsigned int n_pending;
	unsigned int fault_budget;	/* messages left to report misses */
	uint64_t count[SRV_MAX];
	uint8_t *in, *out;	/* VFU_MAX_MESSAGE each */
};

extern const struct chip_ops server_chip_ops;

/* 0 or -ENOMEM */
int server_init(struct server *s, struct chip *chip,
		const struct config_ids *ids);
void server_free(struct server *s);
void server_connect(struct server *s, int fd);
void server_disconnect(struct server *s);
/* Read and answer one message; negative errno: the connection is over. */
int server_receive(struct server *s);
/* Call about ten times a second: allows some more fault messages. */
void server_refill(struct server *s);
/* The card leaves its slot, electrically, or comes back. */
void server_set_removed(struct server *s, bool removed);
/* This process, and QEMU too, stand still for a while.  0 or negative errno */
int server_stand_still(struct server *s, unsigned int ms, bool guest_too);
const char *server_counter_name(enum server_counter n);

/* One parsed request; the reply's payload goes to @out.  For the fuzzer. */
int server_dispatch(struct server *s, const struct vfu_request *req,
		    int *fds, unsigned int n_fds, uint8_t *out, size_t *len);

#endif
