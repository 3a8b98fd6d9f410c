// SPDX-License-Identifier: GPL-2.0-only
/*
 * QEMU plugin: which instructions of the guest's kernel run between two marks
 *
 * A mark is an instruction that nobody else uses, "xchg %bx, %bx" in user space.
 * The first begins phase 1, the second phase 2, the third ends it, and so on.
 * Leaves lines of address, count in phase 1, count in phase 2.
 *
 * For one processor (icount).
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "count-plugin.h"

#define PHASES		3
#define SLOTS		0x400000
#define KERNEL_SPACE	0xffff800000000000ull

#define EXPORT __attribute__((visibility("default")))

EXPORT int qemu_plugin_version = PLUGIN_API;

static struct slot {
	uint64_t address;
	uint64_t count[PHASES];
} slots[SLOTS];

static unsigned int phase;
static const char *path;

static struct slot *slot_of(uint64_t address)
{
	size_t i = address * 0x9e3779b97f4a7c15ull >> 42;

	while (slots[i].address && slots[i].address != address)
		i = (i + 1) % SLOTS;
	slots[i].address = address;
	return &slots[i];
}

static void ran(unsigned int cpu, void *data)
{
	((struct slot *)data)->count[phase]++;
}

static void mark(unsigned int cpu, void *data)
{
	phase = (phase + 1) % PHASES;
}

static void translated(struct qemu_plugin_tb *tb, void *data)
{
	size_t i, n = qemu_plugin_tb_n_insns(tb);

	for (i = 0; i < n; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		uint64_t address = qemu_plugin_insn_vaddr(insn);
		uint8_t code[3];

		if (address >= KERNEL_SPACE)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, ran,
							       NO_REGISTERS,
							       slot_of(address));
		else if (qemu_plugin_insn_data(insn, code, 3) == 3 &&
			 !memcmp(code, "\x66\x87\xdb", 3))
			qemu_plugin_register_vcpu_insn_exec_cb(insn, mark,
							       NO_REGISTERS,
							       NULL);
	}
}

static void report(void *data)
{
	FILE *file = fopen(path, "w");
	size_t i;

	if (!file) {
		perror(path);
		return;
	}
	for (i = 0; i < SLOTS; i++)
		if (slots[i].count[1] || slots[i].count[2])
			fprintf(file, "%" PRIx64 " %" PRIu64 " %" PRIu64 "\n",
				slots[i].address, slots[i].count[1],
				slots[i].count[2]);
	fclose(file);
}

EXPORT int qemu_plugin_install(uint64_t id, const struct qemu_info *info,
			       int argc, char **argv)
{
	if (argc != 1 || strncmp(argv[0], "out=", 4))
		return -1;
	path = strdup(argv[0] + 4);
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated, NULL);
	qemu_plugin_register_atexit_cb(id, report, NULL);
	return 0;
}
