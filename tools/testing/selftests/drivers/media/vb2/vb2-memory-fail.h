/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The nth allocation of this process fails
 *
 * Wants a kernel with CONFIG_FAULT_INJECTION, CONFIG_FAILSLAB and
 * CONFIG_FAIL_PAGE_ALLOC.
 */
#ifndef VB2_MEMORY_FAIL_H
#define VB2_MEMORY_FAIL_H

#include <sys/mount.h>

#include "kselftest.h"
#include "vb2-memory-left.h"

static int fail_nth = -1;

static inline void fail_begin(void)
{
	/* Any allocation, also those that may sleep */
	static const char * const settings[][2] = {
		{ "/sys/kernel/debug/failslab/ignore-gfp-wait", "N" },
		{ "/sys/kernel/debug/failslab/verbose", "0" },
		{ "/sys/kernel/debug/fail_page_alloc/ignore-gfp-wait", "N" },
		{ "/sys/kernel/debug/fail_page_alloc/min-order", "0" },
		{ "/sys/kernel/debug/fail_page_alloc/verbose", "0" },
	};

	mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL);
	fail_nth = open("/proc/self/fail-nth", O_RDWR);
	if (fail_nth < 0)
		ksft_exit_skip("the kernel has no fault injection\n");
	for (unsigned int i = 0; i < ARRAY_SIZE(settings); i++)
		if (!file_write(settings[i][0], settings[i][1]))
			ksft_exit_skip("%s: %s\n", settings[i][0],
				       strerror(errno));
}

/* 0: none */
static inline void fail_at(unsigned int nth)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", nth);

	if (pwrite(fail_nth, text, len, 0) != len)
		ksft_exit_fail_msg("fail-nth: %s\n", strerror(errno));
}

static inline bool has_failed(void)
{
	char text[16] = "";

	if (pread(fail_nth, text, sizeof(text) - 1, 0) < 0)
		ksft_exit_fail_msg("fail-nth: %s\n", strerror(errno));
	return !atoi(text);
}

#endif /* VB2_MEMORY_FAIL_H */
