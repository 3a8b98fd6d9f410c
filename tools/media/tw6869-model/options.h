/* SPDX-License-Identifier: GPL-2.0-only */
/* Named options of the model: key=value, one table for parser and help. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdio.h>

enum { SG_END_BYTES, SG_END_ENTRY };
enum { LATCH_FRAME, LATCH_FIELD, LATCH_LINE };
enum { FIFO_CLEAR_READ, FIFO_CLEAR_RESET };
enum { FIRST_FIELD_1, FIRST_FIELD_2, FIRST_FIELD_ANY };
enum { REFUSED_DROP, REFUSED_OVERFLOW, REFUSED_TIMEOUT };
enum { MSI_OFF, MSI_ON, MSI_LOST };
enum { PACE_REAL, PACE_LOCKSTEP, PACE_STRICT, PACE_GUEST };

struct options {
	/* the board */
	int chip;
	int board;
	int channels;
	int standard;
	int class_code;
	int msi;
	/* time */
	int pace;
	int speed_percent;
	int hold_timeout_ms;
	int spread;
	/* unknowns of the silicon */
	int pm_cap;
	int dma_config;
	int soft_reset_all;
	int vctrl1_26;
	int sg_writeback;
	int sg_end;
	int sg_fetch_late;
	int latch;
	int fifo_clear;
	int align;
	int first_field;
	int mask_origin;
	int timer_unit_ns;
	int coalesce;
	int refused;
	int detect_ms;
	int late_stop_us;
	int enable_gap_ms;
	/* the report */
	int trace;
};

void options_default(struct options *o);
/* Sets what "key=value" says; 0, or -EINVAL with a reason in @why. */
int options_set(struct options *o, const char *arg, char *why, size_t len);
void options_help(FILE *f);

#endif
