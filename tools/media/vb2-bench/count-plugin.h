/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What count-plugin.c uses of version 7 of QEMU's plugin API, whose header
 * Debian does not ship
 */
#ifndef COUNT_PLUGIN_H
#define COUNT_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#define PLUGIN_API	7

struct qemu_info;
struct qemu_plugin_insn;
struct qemu_plugin_tb;

/* What the function that is called sees of the registers */
enum { NO_REGISTERS };

typedef void (*plugin_fn)(void *data);
typedef void (*plugin_tb_fn)(struct qemu_plugin_tb *tb, void *data);
typedef void (*plugin_cpu_fn)(unsigned int cpu, void *data);

/* What each translated block of code consists of */
void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, plugin_tb_fn fn,
					   void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *
qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t i);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_data(const struct qemu_plugin_insn *insn, void *to,
			     size_t length);

/* To be called whenever the instruction runs, and at the end */
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
					    plugin_cpu_fn fn, int registers,
					    void *data);
void qemu_plugin_register_atexit_cb(uint64_t id, plugin_fn fn, void *data);

#endif /* COUNT_PLUGIN_H */
