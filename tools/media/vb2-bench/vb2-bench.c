// SPDX-License-Identifier: GPL-2.0-only
/*
 * vb2-bench: measure what vb2 costs, with the null driver
 *
 * usage: vb2-bench DRIVER.ko GROUP...
 *
 * Runs in a guest whose clock counts instructions, but for the group "threads".
 * Prints a line for each figure; see report(). Started by the script "bench".
 */
#include <stdio.h>
#include <string.h>

#include "bench.h"

static const struct group {
	const char *name;
	void (*run)(void);
} groups[] = {
	{ "floor", run_floor },
	{ "calls", run_calls },
	{ "allocation", run_allocation },
	{ "waiting", run_waiting },
	{ "memory", run_memory },
	{ "iommu", run_iommu },
	{ "headline", run_headline },
	{ "threads", run_threads },
	{ "profile", run_profile },
	{ "profile-planes", run_profile_planes },
	{ "profile-vmalloc", run_profile_vmalloc },
	{ "profile-dma-contig", run_profile_contig },
	{ "profile-dma-sg", run_profile_sg },
};

#define GROUPS (sizeof(groups) / sizeof(groups[0]))

int main(int argc, char **argv)
{
	size_t i, n;

	if (argc < 3)
		fail("usage: vb2-bench DRIVER.ko GROUP...");
	driver_path = argv[1];
	/* Every case is reported with it */
	floor_ioctl();
	for (i = 2; i < (size_t)argc; i++) {
		for (n = 0; n < GROUPS && strcmp(groups[n].name, argv[i]); n++)
			;
		if (n == GROUPS)
			fail("no group of cases is called %s", argv[i]);
		groups[n].run();
	}
	driver_unload();
	return 0;
}
