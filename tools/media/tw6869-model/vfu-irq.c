// SPDX-License-Identifier: GPL-2.0-only
/* INTx (level, masked by itself) and MSI (edge) as eventfds. */
#include <errno.h>
#include <stdint.h>
#include <unistd.h>

#include "vfu-irq.h"

void irq_init(struct irq *irq)
{
	for (int i = 0; i < IRQ_MAX; i++)
		irq->fd[i] = -1;
	irq->masked = false;
	irq->level = false;
}

static void disarm(struct irq *irq, unsigned int index)
{
	if (irq->fd[index] >= 0)
		close(irq->fd[index]);
	irq->fd[index] = -1;
	if (index == IRQ_INTX)
		irq->masked = false;
}

void irq_free(struct irq *irq)
{
	for (int i = 0; i < IRQ_MAX; i++)
		disarm(irq, i);
}

static void fire(struct irq *irq, unsigned int index)
{
	uint64_t one = 1;

	/* A full counter already means "pending". */
	if (irq->fd[index] >= 0 &&
	    write(irq->fd[index], &one, sizeof(one)) < 0)
		return;
}

static int set_trigger(struct irq *irq, const struct vfu_request *req,
		       int *fds, unsigned int n_fds)
{
	unsigned int index = req->irqs.index;

	if (req->irqs.flags & VFU_IRQ_EVENTFD) {
		disarm(irq, index);
		if (n_fds) {
			irq->fd[index] = fds[0];
			fds[0] = -1;
		}
		return 0;
	}
	if (!req->irqs.count) {
		disarm(irq, index);
		return 0;
	}
	if (index == IRQ_ERR || index == IRQ_REQ)
		return EINVAL;
	if ((req->irqs.flags & VFU_IRQ_NONE) || req->irqs.data[0])
		fire(irq, index);
	return 0;
}

int irq_set(struct irq *irq, const struct vfu_request *req, int *fds,
	    unsigned int n_fds)
{
	uint32_t flags = req->irqs.flags;
	bool yes;

	if (req->irqs.index >= IRQ_MAX || req->irqs.start ||
	    req->irqs.count > 1)
		return EINVAL;
	if (flags & VFU_IRQ_TRIGGER)
		return set_trigger(irq, req, fds, n_fds);
	if (!(flags & (VFU_IRQ_MASK | VFU_IRQ_UNMASK)) ||
	    req->irqs.index != IRQ_INTX || (flags & VFU_IRQ_EVENTFD))
		return EINVAL;
	yes = !(flags & VFU_IRQ_BOOL) || !req->irqs.count || req->irqs.data[0];
	if (yes)
		irq->masked = flags & VFU_IRQ_MASK;
	return 0;
}

void irq_update(struct irq *irq, bool level, bool edge, bool intx, bool msi)
{
	irq->level = level;
	if (msi) {
		if (level && edge)
			fire(irq, IRQ_MSI);
		return;
	}
	if (level && intx && !irq->masked && irq->fd[IRQ_INTX] >= 0) {
		irq->masked = true;
		fire(irq, IRQ_INTX);
	}
}
