// SPDX-License-Identifier: GPL-2.0-only
/* Named options of the model: one table for parser, defaults and help. */
#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"
#include "source.h"

struct option_desc {
	const char *name;
	size_t offset;
	int def, min, max;
	const char *choices;	/* "a|b|c": values 0, 1, 2; or NULL */
	const char *help;
};

#define OPT(name, field, def, min, max, help) \
	{ name, offsetof(struct options, field), def, min, max, NULL, help }
#define CHOICE(name, field, def, choices, help) \
	{ name, offsetof(struct options, field), def, 0, 0, choices, help }
#define ONOFF(name, field, def, help) CHOICE(name, field, def, "off|on", help)

static const struct option_desc table[] = {
	OPT("chip", chip, 6869, 6864, 6869, "6864, 6865, 6868 or 6869"),
	OPT("board", board, 0, 0, 15, "number shown in the picture"),
	OPT("channels", channels, 0, 0, 8,
	    "video channels with a source, 0 = all; the rest have no signal"),
	CHOICE("standard", standard, STD_NTSC_M, STD_CHOICES,
	       "standard of all sources at the start"),
	OPT("class", class_code, 0, 0, 0xffffff,
	    "PCI class code (real chips have 0)"),
	CHOICE("msi", msi, MSI_ON, "off|on|lost",
	       "has an MSI capability; lost: but none of them arrives"),
	CHOICE("pace", pace, PACE_LOCKSTEP, "real|lockstep|strict|guest",
	       "a frame waits until the last was read; README.md has more"),
	OPT("speed", speed_percent, 100, 1, 10000,
	    "percent of real time"),
	OPT("hold-timeout-ms", hold_timeout_ms, 1000, 1, INT_MAX,
	    "lockstep: go on after this long without a read"),
	ONOFF("spread", spread, 0,
	      "sources out of phase with each other, not all in step"),
	OPT("pm-cap", pm_cap, 0x40, 0x40, 0x48, "offset of the PM capability"),
	CHOICE("dma-config", dma_config, 0, "ignore|checks",
	       "checks: DMA_CONFIG 31:24 and 23:16 enable the FIFO errors"),
	CHOICE("soft-reset", soft_reset_all, 0, "dma|all",
	       "all: SYS_SOFT_RST resets the decoder registers too"),
	CHOICE("vctrl1-26", vctrl1_26, 0, "ignore|error",
	       "error: VCTRL1 = 0x26 makes FIFO errors on channels 0 and 1"),
	CHOICE("sg-writeback", sg_writeback, 0, "none|status",
	       "status: descriptors get code 2 when filled"),
	CHOICE("sg-end", sg_end, SG_END_BYTES, "bytes|entry",
	       "what ends an SG buffer; bytes: a missing entry is an error"),
	CHOICE("sg-fetch", sg_fetch_late, 0, "frame|field",
	       "field: descriptors are read again for the second field"),
	CHOICE("latch", latch, LATCH_FRAME, "frame|field|line",
	       "when buffer addresses are latched"),
	CHOICE("fifo-clear", fifo_clear, FIFO_CLEAR_READ, "read|reset",
	       "what clears the FIFO error bits"),
	OPT("align", align, 4, 1, 4096, "DMA address alignment to count"),
	CHOICE("first-field", first_field, FIRST_FIELD_1, "1|2|any",
	       "field that may come first after a start"),
	OPT("mask-origin", mask_origin, 1, 0, 1,
	    "bit of the field mask that belongs to the first field"),
	OPT("timer-unit-ns", timer_unit_ns, 8, 0, 1000,
	    "unit of DMA_TIMER_INTERVAL"),
	ONOFF("coalesce", coalesce, 1, "obey DMA_TIMER_INTERVAL"),
	CHOICE("refused", refused, REFUSED_OVERFLOW, "drop|overflow|timeout",
	       "what the chip reports when the bus refuses its writes"),
	OPT("detect-ms", detect_ms, 40, 0, 10000,
	    "length of a standard detection"),
	OPT("late-stop-us", late_stop_us, 0, 0, 1000000,
	    "go on writing this long after a stop"),
	OPT("enable-gap-ms", enable_gap_ms, 100, 0, 10000,
	    "count enables that follow a stop sooner than this"),
	ONOFF("trace", trace, 0, "log each start with all latched registers"),
};

#define N_OPTIONS (sizeof(table) / sizeof(table[0]))

static int *option_field(struct options *o, const struct option_desc *d)
{
	return (int *)((char *)o + d->offset);
}

void options_default(struct options *o)
{
	for (size_t i = 0; i < N_OPTIONS; i++)
		*option_field(o, &table[i]) = table[i].def;
}

int choice_index(const char *choices, const char *value)
{
	size_t len = strlen(value);
	int n = 0;

	while (len) {
		size_t word = strcspn(choices, "|");

		if (word == len && !strncmp(choices, value, len))
			return n;
		if (!choices[word])
			break;
		choices += word + 1;
		n++;
	}
	return -1;
}

int options_set(struct options *o, const char *arg, char *why, size_t len)
{
	size_t name = strcspn(arg, "=");
	const char *value = arg[name] ? arg + name + 1 : "on";
	const struct option_desc *d = NULL;
	char *end;
	long v;

	for (size_t i = 0; i < N_OPTIONS; i++)
		if (strlen(table[i].name) == name &&
		    !strncmp(table[i].name, arg, name))
			d = &table[i];
	if (!d) {
		snprintf(why, len, "unknown option '%.*s'; --help lists them",
			 (int)name, arg);
		return -EINVAL;
	}
	if (d->choices) {
		v = choice_index(d->choices, value);
		if (v < 0) {
			snprintf(why, len, "%s must be one of %s",
				 d->name, d->choices);
			return -EINVAL;
		}
	} else {
		errno = 0;
		v = strtol(value, &end, 0);
		if (errno || end == value || *end || v < d->min || v > d->max) {
			snprintf(why, len, "%s must be a number from %d to %d",
				 d->name, d->min, d->max);
			return -EINVAL;
		}
	}
	*option_field(o, d) = v;
	return 0;
}

void options_help(FILE *f)
{
	for (size_t i = 0; i < N_OPTIONS; i++) {
		const struct option_desc *d = &table[i];

		fprintf(f, "  %s=", d->name);
		if (d->choices)
			fprintf(f, "%s\n", d->choices);
		else
			fprintf(f, "%d..%d (%d)\n", d->min, d->max, d->def);
		fprintf(f, "        %s\n", d->help);
	}
}
