/* SPDX-License-Identifier: GPL-2.0-only */
/* The command line of tw6869-check. */
#ifndef CHECK_OPTIONS_H
#define CHECK_OPTIONS_H

#define MAX_NODES	32

struct check_options {
	unsigned int frames, buffers, width, height, format, field;
	unsigned int board, channel, hold_ms, timeout_ms, rounds, skip;
	unsigned int seconds, slow_ms, blind;
	const char *exporter;
	int memory;
	int no_sequence, until_gone, any_frame, stop_in_turn;
};

extern struct check_options opt;

/* Fills opt; returns the number of devices, the last words of @argv. */
int parse_options(int argc, char **argv);

#endif
