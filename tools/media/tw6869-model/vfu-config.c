// SPDX-License-Identifier: GPL-2.0-only
/* PCI configuration space with write masks. */
#include <errno.h>
#include <string.h>

#include "vfu-config.h"

#define CFG_COMMAND	0x04
#define CFG_STATUS	0x06
#define CFG_BAR0	0x10
#define CFG_CAP_PTR	0x34
#define CFG_INT_LINE	0x3c
#define CFG_INT_PIN	0x3d
#define CAP_MSI		0x50
#define CAP_PCIE	0x70

#define COMMAND_MASTER	0x0004
#define COMMAND_NO_INTX	0x0400
#define STATUS_INTX	0x08
#define STATUS_CAPS	0x10

static void put(uint8_t *p, uint32_t v, unsigned int bytes)
{
	for (unsigned int i = 0; i < bytes; i++)
		p[i] = v >> 8 * i;
}

static void field(struct config *c, unsigned int off, unsigned int bytes,
		  uint32_t value, uint32_t mask)
{
	put(c->data + off, value, bytes);
	put(c->mask + off, mask, bytes);
}

static void init_pcie(struct config *c)
{
	field(c, CAP_PCIE, 2, 0x0010, 0);
	field(c, CAP_PCIE + 2, 2, 0x0001, 0);		/* endpoint, version 1 */
	field(c, CAP_PCIE + 4, 4, 0x00008020, 0);	/* extended tags */
	field(c, CAP_PCIE + 8, 2, 0x2810, 0x7fff);
	put(c->w1c + CAP_PCIE + 10, 0x000f, 2);
	field(c, CAP_PCIE + 12, 4, 0x00000011, 0);	/* x1, 2.5 GT/s */
	field(c, CAP_PCIE + 16, 2, 0, 0x01fb);
	field(c, CAP_PCIE + 18, 2, 0x0011, 0);
}

void config_init(struct config *c, const struct config_ids *ids)
{
	memset(c, 0, sizeof(*c));
	field(c, 0x00, 2, ids->vendor, 0);
	field(c, 0x02, 2, ids->device, 0);
	field(c, CFG_COMMAND, 2, 0, 0x0546);
	field(c, CFG_STATUS, 2, STATUS_CAPS, 0);
	put(c->w1c + CFG_STATUS, 0xf900, 2);
	field(c, 0x09, 3, ids->class_code, 0);
	field(c, 0x0c, 2, 0, 0xffff);
	/* memory, 32 bits, prefetchable */
	field(c, CFG_BAR0, 4, 0x8, ~(ids->bar0_size - 1));
	field(c, 0x2c, 2, ids->subvendor, 0);
	field(c, 0x2e, 2, ids->subdevice, 0);
	field(c, CFG_CAP_PTR, 1, ids->pm_cap, 0);
	field(c, CFG_INT_LINE, 1, 0, 0xff);
	field(c, CFG_INT_PIN, 1, 1, 0);
	/* power management: PME from D0, D3hot, D3cold */
	field(c, ids->pm_cap, 2, 0x0001 | (ids->msi ? CAP_MSI : CAP_PCIE) << 8,
	      0);
	field(c, ids->pm_cap + 2, 2, 0xc803, 0);
	field(c, ids->pm_cap + 4, 2, 0x0008, 0x0103);
	put(c->w1c + ids->pm_cap + 4, 0x8000, 2);
	if (ids->msi) {
		/* one vector, 64 bit address */
		field(c, CAP_MSI, 2, 0x0005 | CAP_PCIE << 8, 0);
		field(c, CAP_MSI + 2, 2, 0x0080, 0x0071);
		field(c, CAP_MSI + 4, 4, 0, 0xfffffffc);
		field(c, CAP_MSI + 8, 4, 0, 0xffffffff);
		field(c, CAP_MSI + 12, 2, 0, 0xffff);
	}
	init_pcie(c);
	memcpy(c->initial, c->data, sizeof(c->data));
}

void config_reset(struct config *c)
{
	memcpy(c->data, c->initial, sizeof(c->data));
}

int config_read(const struct config *c, uint64_t offset, void *buf, size_t len)
{
	if (offset > CONFIG_SIZE || len > CONFIG_SIZE - offset)
		return -EINVAL;
	if (c->removed)
		memset(buf, 0xff, len);
	else
		memcpy(buf, c->data + offset, len);
	return 0;
}

int config_write(struct config *c, uint64_t offset, const void *buf,
		 size_t len)
{
	const uint8_t *in = buf;

	if (offset > CONFIG_SIZE || len > CONFIG_SIZE - offset)
		return -EINVAL;
	if (c->removed)
		return 0;
	for (size_t i = 0; i < len; i++) {
		size_t o = offset + i;

		c->data[o] &= ~(in[i] & c->w1c[o]);
		c->data[o] = (c->data[o] & ~c->mask[o]) | (in[i] & c->mask[o]);
	}
	return 0;
}

static uint16_t get16(const struct config *c, unsigned int off)
{
	return c->data[off] | c->data[off + 1] << 8;
}

bool config_bus_master(const struct config *c)
{
	return get16(c, CFG_COMMAND) & COMMAND_MASTER;
}

bool config_intx_enabled(const struct config *c)
{
	return !(get16(c, CFG_COMMAND) & COMMAND_NO_INTX);
}

bool config_msi_enabled(const struct config *c)
{
	return c->data[CAP_MSI] == 0x05 && (c->data[CAP_MSI + 2] & 1);
}

void config_set_intx_pending(struct config *c, bool on)
{
	if (on)
		c->data[CFG_STATUS] |= STATUS_INTX;
	else
		c->data[CFG_STATUS] &= ~STATUS_INTX;
}
