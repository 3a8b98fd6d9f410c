/* SPDX-License-Identifier: GPL-2.0-only */
/* The control socket's language: one line in, lines out, "ok" or "error". */
#ifndef CONTROL_H
#define CONTROL_H

#include "vfu-server.h"

/* Fills @reply with lines; the last one says "ok" or "error: REASON". */
void control_command(struct server *s, const char *line, char *reply,
		     size_t len);
/* "counter NAME VALUE" lines */
void control_counters(const struct server *s, char *out, size_t len);

#endif
