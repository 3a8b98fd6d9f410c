// SPDX-License-Identifier: GPL-2.0-only
/*
 * tw6869-clock: tell boards with pace=guest what time it is, for ever.
 *
 * usage: tw6869-clock CONFIG...
 *
 * CONFIG is /sys/bus/pci/devices/ADDRESS/config.  Runs in the guest, before all
 * else.  The board answers a write when it has lived until then, and the guest's
 * one processor stands still meanwhile, with its clock that counts instructions.
 */
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "vfu-config.h"

#define STEP_US		2000
#define MAX_BOARDS	4

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000ull + ts.tv_nsec / 1000;
}

int main(int argc, char **argv)
{
	struct sched_param first = { .sched_priority = 50 };
	int fd[MAX_BOARDS], n = argc - 1;
	struct timespec ts;
	uint64_t us;

	if (n < 1 || n > MAX_BOARDS || sched_setscheduler(0, SCHED_FIFO, &first)) {
		perror("tw6869-clock");
		return 2;
	}
	for (int i = 0; i < n; i++) {
		fd[i] = open(argv[1 + i], O_WRONLY | O_CLOEXEC);
		if (fd[i] < 0) {
			perror(argv[1 + i]);
			return 2;
		}
	}
	for (;;) {
		us = now_us();
		us += STEP_US - us % STEP_US;
		ts.tv_sec = us / 1000000;
		ts.tv_nsec = us % 1000000 * 1000;
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
		us = now_us();
		us -= us % STEP_US;
		for (int i = 0; i < n; i++) {
			uint32_t now = us;

			if (pwrite(fd[i], &now, sizeof(now), CONFIG_CLOCK) !=
			    sizeof(now)) {
				perror(argv[1 + i]);
				return 1;
			}
		}
	}
}
