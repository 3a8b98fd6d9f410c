/* SPDX-License-Identifier: GPL-2.0-only */
/* INTx (level, masked by itself) and MSI (edge) as eventfds. */
#ifndef VFU_IRQ_H
#define VFU_IRQ_H

#include <stdbool.h>

#include "vfu-proto.h"

enum { IRQ_INTX, IRQ_MSI, IRQ_MSIX, IRQ_ERR, IRQ_REQ, IRQ_MAX };

struct irq {
	int fd[IRQ_MAX];
	bool masked;		/* INTx: fired, and not unmasked since */
	bool level;
};

void irq_init(struct irq *irq);
void irq_free(struct irq *irq);
/*
 * SET_IRQS; takes over those of @fds that it sets to -1.  0 or an errno.
 * The caller calls irq_update() after it.
 */
int irq_set(struct irq *irq, const struct vfu_request *req, int *fds,
	    unsigned int n_fds);
/* @edge: something new is pending; @intx, @msi: what the guest allows. */
void irq_update(struct irq *irq, bool level, bool edge, bool intx, bool msi);

#endif
