/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a test of vb2's memory left behind, and what the kernel said meanwhile
 */
#ifndef VB2_MEMORY_LEFT_H
#define VB2_MEMORY_LEFT_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kselftest.h"

#define LEFT_GROUP	"/sys/fs/cgroup/vb2-left"

/* Of what there must not be more afterwards; -1 if the kernel cannot tell */
struct left {
	/* pinned pages, dma-bufs of vb2, mappings and allocations for DMA */
	long pins;
	long bufs;
	long dma;
	/* pages charged to our memory cgroup, not quite exact */
	long pages;
	long files;
};

#define LEFT_PAGES_INEXACT	8

static inline bool file_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	bool done = fd >= 0 && write(fd, text, strlen(text)) >= 0;

	if (fd >= 0)
		close(fd);
	return done;
}

/* The number after a word at the beginning of a line; -1 if there is none */
static inline long file_number(const char *path, const char *word)
{
	FILE *f = fopen(path, "r");
	size_t len = strlen(word);
	char line[256];
	long found = -1;

	while (f && found < 0 && fgets(line, sizeof(line), f))
		if (!strncmp(line, word, len))
			found = strtol(line + len, NULL, 10);
	if (f)
		fclose(f);
	return found;
}

/* Each CPU has a share of these counters, which is added up when asked for */
static inline long left_vmstat(const char *name)
{
	if (!file_write("/proc/sys/vm/stat_refresh", "1"))
		return -1;
	return file_number("/proc/vmstat", name);
}

/* Others pin pages as well, but shall not do it between the two looks */
static inline long left_pins(void)
{
	long acquired, released;

	do {
		acquired = left_vmstat("nr_foll_pin_acquired ");
		released = left_vmstat("nr_foll_pin_released ");
	} while (acquired != left_vmstat("nr_foll_pin_acquired "));
	return acquired - released;
}

static inline long left_bufs(void)
{
	FILE *f = fopen("/sys/kernel/debug/dma_buf/bufinfo", "r");
	char line[256];
	long found = 0;

	if (!f)
		return -1;
	while (fgets(line, sizeof(line), f))
		found += !!strstr(line, "videobuf2");
	fclose(f);
	return found;
}

static inline long left_files(void)
{
	DIR *dir = opendir("/proc/self/fd");
	long found = 0;

	while (dir && readdir(dir))
		found++;
	if (dir)
		closedir(dir);
	return found;
}

/* Is kmemleak at work? It need not scan by itself, which takes a processor. */
static inline bool left_kmemleak(void)
{
	return file_write("/sys/kernel/debug/kmemleak", "scan=off");
}

/* From now on the process is in a memory cgroup of its own, if there are any */
static inline void left_begin(void)
{
	file_write("/sys/fs/cgroup/cgroup.subtree_control", "+memory");
	mkdir(LEFT_GROUP, 0755);
	file_write(LEFT_GROUP "/cgroup.procs", "0");
	/* What was found before is not found again */
	file_write("/sys/kernel/debug/kmemleak", "clear");
}

static inline void left_end(void)
{
	file_write("/sys/fs/cgroup/cgroup.procs", "0");
	rmdir(LEFT_GROUP);
}

static inline void left_look(struct left *l)
{
	/* Brings what each CPU counted into the other file, too */
	bool flushed = file_number(LEFT_GROUP "/cpu.stat", "usage_usec ") >= 0;
	long bytes = !flushed ? -1 : file_number(LEFT_GROUP "/memory.stat", "kernel ");
	long all = file_number("/sys/kernel/debug/dma-api/nr_total_entries", "");

	l->pins = left_pins();
	l->bufs = left_bufs();
	l->dma = all < 0 ? -1 : all -
		 file_number("/sys/kernel/debug/dma-api/num_free_entries", "");
	l->pages = bytes < 0 ? -1 : bytes / 4096;
	l->files = left_files();
}

/* Nothing more than before? What is freed late is waited for. */
static inline bool left_nothing(const struct left *before, struct left *now)
{
	for (unsigned int i = 0; i < 20; i++) {
		left_look(now);
		if (now->pins == before->pins && now->bufs == before->bufs &&
		    now->dma <= before->dma && now->files == before->files &&
		    now->pages <= before->pages + LEFT_PAGES_INEXACT)
			return true;
		usleep(50000);
	}
	return false;
}

static inline void left_print(const struct left *before, const struct left *now)
{
	printf("# left: %ld pinned pages, %ld dma-bufs, %ld DMA mappings, %ld pages, %ld files\n",
	       now->pins - before->pins, now->bufs - before->bufs,
	       now->dma - before->dma, now->pages - before->pages,
	       now->files - before->files);
}

/*
 * Objects that kmemleak finds nowhere; -1 without kmemleak. They must be five
 * seconds old and look the same twice.
 */
static inline long left_objects(void)
{
	static const char name[] = "/sys/kernel/debug/kmemleak";
	char line[256];
	long found = 0;
	FILE *f;

	for (unsigned int i = 0; i < 2; i++) {
		sleep(6);
		if (!file_write(name, "scan"))
			return -1;
	}
	f = fopen(name, "r");
	while (f && fgets(line, sizeof(line), f)) {
		found += !strncmp(line, "unreferenced object", 19);
		printf("# %s", line);
	}
	if (f)
		fclose(f);
	return found;
}

/* Did the kernel complain since the last call? Prints the first line of it. */
static inline bool kernel_complained(void)
{
	static const char * const words[] = {
		"BUG: ", "WARNING: ", "KASAN: ", "UBSAN: ", "unbalanced",
		"possible circular", "possible recursive", "inconsistent lock",
		"suspicious RCU", "DMA-API: ", "general protection",
	};
	static int fd = -1;
	char record[8192];
	bool found = false;
	ssize_t len;

	if (fd < 0) {
		fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		lseek(fd, 0, SEEK_END);
		return false;
	}
	/* EPIPE: some were overwritten */
	while ((len = read(fd, record, sizeof(record) - 1)) > 0 ||
	       (len < 0 && errno == EPIPE)) {
		record[len > 0 ? len : 0] = 0;
		for (unsigned int i = 0; i < sizeof(words) / sizeof(words[0]); i++)
			if (!found && strstr(record, words[i])) {
				found = true;
				printf("# kernel: %s\n",
				       strchr(record, ';') ?: record);
			}
	}
	return found;
}

/* The last two results of a program */
static inline void left_report(void)
{
	long objects = left_objects();

	if (objects < 0)
		ksft_test_result_skip("no object is lost: no kmemleak\n");
	else
		ksft_test_result(!objects, "no object is lost\n");
	ksft_test_result(!kernel_complained(), "the kernel did not complain\n");
	left_end();
}

#endif /* VB2_MEMORY_LEFT_H */
