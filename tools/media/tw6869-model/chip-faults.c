// SPDX-License-Identifier: GPL-2.0-only
/* Faults on request, and the names of what is counted. */
#include <errno.h>
#include <string.h>

#include "chip-internal.h"

static void inject_standard(struct chip *c, unsigned int ch, long std)
{
	c->source[ch].std = std;
	video_retime(c, ch);
	if (c->video[ch].running && decoder_format_bad(c, ch))
		chip_raise(c, INT_BAD_FORMAT(ch));
}

static void inject_signal(struct chip *c, unsigned int ch, long on)
{
	c->source[ch].signal = on;
}

static void inject_inputs(struct chip *c, unsigned int ch, long mask)
{
	c->source[ch].inputs = mask;
}

static void inject_overflow(struct chip *c, unsigned int ch, long arg)
{
	(void)arg;
	chip_raise_fifo(c, FIFO_OVERFLOW(ch));
}

static void inject_pointer(struct chip *c, unsigned int ch, long arg)
{
	(void)arg;
	chip_raise_fifo(c, FIFO_POINTER(ch));
}

static void inject_timeout(struct chip *c, unsigned int ch, long arg)
{
	(void)ch;
	(void)arg;
	chip_raise(c, INT_DMA_TIMEOUT);
}

static void inject_badformat(struct chip *c, unsigned int ch, long arg)
{
	(void)arg;
	chip_raise(c, INT_BAD_FORMAT(ch));
}

static void inject_lost(struct chip *c, unsigned int ch, long n)
{
	c->video[ch].lose_irqs += n ? n : 1;
}

/* The line pulses although nothing happened. */
static void inject_spurious(struct chip *c, unsigned int ch, long arg)
{
	(void)ch;
	(void)arg;
	c->ops->irq(c->ctx, true, true);
	if (!c->line)
		c->ops->irq(c->ctx, false, false);
}

static void inject_late_stop(struct chip *c, unsigned int ch, long us)
{
	(void)ch;
	c->opts.late_stop_us = us;
}

static void inject_removal(struct chip *c, unsigned int ch, long on)
{
	(void)ch;
	for (unsigned int i = 0; i < CHIP_VIDEO; i++) {
		c->video[i].running = false;
		c->video[i].next = NEVER;
		c->video[i].in_frame = false;
		c->audio[i].running = false;
		c->audio[i].next = NEVER;
	}
	c->removed = on;
	if (!on)
		chip_reset(c);
	chip_update_irq(c, false);
}

static void inject_reset(struct chip *c, unsigned int ch, long arg)
{
	(void)ch;
	(void)arg;
	chip_reset(c);
}

static const struct fault {
	const char *name;
	void (*apply)(struct chip *c, unsigned int ch, long arg);
} faults[] = {
	{ "signal", inject_signal },
	{ "inputs", inject_inputs },
	{ "standard", inject_standard },
	{ "overflow", inject_overflow },
	{ "pointer", inject_pointer },
	{ "timeout", inject_timeout },
	{ "badformat", inject_badformat },
	{ "lost", inject_lost },
	{ "spurious", inject_spurious },
	{ "late-stop-us", inject_late_stop },
	{ "removed", inject_removal },
	{ "reset", inject_reset },
};

int chip_inject(struct chip *c, const char *name, unsigned int ch, long arg)
{
	if (ch >= CHIP_VIDEO)
		return -EINVAL;
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		if (strcmp(faults[i].name, name))
			continue;
		if (faults[i].apply == inject_standard &&
		    (arg < 0 || arg >= STD_MAX))
			return -EINVAL;
		if (arg < 0)
			return -EINVAL;
		faults[i].apply(c, ch, arg);
		return 0;
	}
	return -EINVAL;
}

const char *chip_counter_name(enum chip_counter n)
{
	static const char *const names[CNT_MAX] = {
		[CNT_FRAMES] = "frames",
		[CNT_PERIODS] = "audio_periods",
		[CNT_INTERRUPTS] = "interrupts",
		[CNT_STARTS] = "starts",
		[CNT_STOPS] = "stops",
		[CNT_REVIVED] = "revived",
		[CNT_EARLY_ENABLES] = "early_enables",
		[CNT_BUSY_BOARD_ENABLES] = "busy_board_enables",
		[CNT_WRITES_AFTER_STOP] = "writes_after_stop",
		[CNT_REFUSED_WRITES] = "refused_writes",
		[CNT_REFUSED_READS] = "refused_reads",
		[CNT_SG_ERRORS] = "sg_errors",
		[CNT_MISALIGNED] = "misaligned",
		[CNT_ADDR_WHILE_BUSY] = "address_while_busy",
		[CNT_OVERRUNS] = "overruns",
		[CNT_LOST_IRQS] = "lost_irqs",
		[CNT_HOLDS] = "holds",
		[CNT_HELD_MS] = "held_ms",
		[CNT_HOLD_TIMEOUTS] = "hold_timeouts",
		[CNT_RESETS] = "soft_resets",
		[CNT_BAD_ACCESSES] = "bad_accesses",
	};

	return n < CNT_MAX ? names[n] : "?";
}
