/* SPDX-License-Identifier: GPL-2.0-only */
/* What libFuzzer, or fuzz-main.c, calls. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What gcc calls, and what its sanitizers offer */
void __sanitizer_cov_trace_pc(void);
void __sanitizer_set_death_callback(void (*callback)(void));

#endif
