/* SPDX-License-Identifier: GPL-2.0-only */
/* PCI configuration space with write masks. */
#ifndef VFU_CONFIG_H
#define VFU_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONFIG_SIZE	256
#define CONFIG_CLOCK	0xfc	/* the guest tells what time it is */

struct config_ids {
	uint16_t vendor, device, subvendor, subdevice;
	uint32_t class_code;
	uint8_t pm_cap;
	bool msi;
	uint32_t bar0_size;
};

struct config {
	uint8_t data[CONFIG_SIZE];
	uint8_t mask[CONFIG_SIZE];	/* 1: the guest may change the bit */
	uint8_t w1c[CONFIG_SIZE];	/* 1: writing 1 clears it */
	uint8_t initial[CONFIG_SIZE];
	bool removed;
};

void config_init(struct config *c, const struct config_ids *ids);
void config_reset(struct config *c);
/* 0 or -EINVAL when the range lies outside. */
int config_read(const struct config *c, uint64_t offset, void *buf, size_t len);
int config_write(struct config *c, uint64_t offset, const void *buf,
		 size_t len);
bool config_bus_master(const struct config *c);
bool config_intx_enabled(const struct config *c);
bool config_msi_enabled(const struct config *c);
void config_set_intx_pending(struct config *c, bool on);

#endif
