// SPDX-License-Identifier: GPL-2.0-only
/* The control socket's language: one line in, lines out, "ok" or "error". */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chip-regs.h"
#include "control.h"

#define MAX_WORDS	4

static void append(char *out, size_t len, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void append(char *out, size_t len, const char *fmt, ...)
{
	size_t used = strlen(out);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(out + used, len - used, fmt, ap);
	va_end(ap);
}

void control_counters(const struct server *s, char *out, size_t len)
{
	const struct chip *c = s->chip;

	for (int i = 0; i < CNT_MAX; i++)
		append(out, len, "counter %s %llu\n", chip_counter_name(i),
		       (unsigned long long)c->count[i]);
	for (int i = 0; i < SRV_MAX; i++)
		append(out, len, "counter %s %llu\n", server_counter_name(i),
		       (unsigned long long)s->count[i]);
	for (int i = 0; i < CHIP_VIDEO; i++)
		append(out, len,
		       "counter frames.ch%d %llu\ncounter first.ch%d %llu\n",
		       i, (unsigned long long)c->ch_frames[i],
		       i, (unsigned long long)c->ch_first[i]);
}

static void clear_counters(struct server *s)
{
	memset(s->chip->count, 0, sizeof(s->chip->count));
	memset(s->chip->ch_frames, 0, sizeof(s->chip->ch_frames));
	memset(s->count, 0, sizeof(s->count));
	s->chip->held_total_ns = 0;
}

static void show_state(const struct server *s, char *out, size_t len)
{
	const struct chip *c = s->chip;

	append(out, len, "state now_ms %llu connected %d removed %d\n",
	       (unsigned long long)(c->now / NSEC_PER_MSEC), s->fd >= 0,
	       c->removed);
	append(out, len, "state int %08x pb %08x fifo %08x ranges %zu\n",
	       c->int_status, c->pb_status, c->fifo_errors, s->map.count);
	for (int i = 0; i < CHIP_VIDEO; i++)
		append(out, len, "state ch%d running %d signal %d standard %d audio %d\n",
		       i, c->video[i].running, c->source[i].signal,
		       c->source[i].std, c->audio[i].running);
}

/* Its registers, as decimal numbers: "decoder ch3 04 0" */
static int show_decoder(const struct server *s, const char *word, char *out,
			size_t len)
{
	unsigned int ch = word[0] - '0';

	if (ch >= CHIP_VIDEO || word[1])
		return -EINVAL;
	for (unsigned int off = 0; off < 0x40; off += 4)
		append(out, len, "decoder ch%u %02x %u\n", ch, off,
		       s->chip->regs[(DEC_BASE(ch) + off) / 4]);
	return 0;
}

static void show_help(char *out, size_t len)
{
	append(out, len,
	       "help\ncounters\nclear\nstate\nset KEY=VALUE\n"
	       "decoder CH\nsignal CH on|off\ninputs CH MASK\nstandard CH %s\n"
	       "overflow CH\npointer CH\nbadformat CH\nlost CH [N]\n"
	       "timeout\nspurious\nlate-stop-us N\nreset\nremove\ninsert\n"
	       "standstill MS [chip]\n",
	       STD_CHOICES);
}

/* "signal 3 off", "standard 0 pal", "lost 1 2", "timeout", "late-stop-us 9" */
static int inject(struct server *s, char *const word[], int n)
{
	bool no_channel = !strcmp(word[0], "timeout") ||
			  !strcmp(word[0], "spurious") ||
			  !strcmp(word[0], "late-stop-us") ||
			  !strcmp(word[0], "reset");
	const char *value = no_channel ? word[1] : word[2];
	unsigned long ch = 0;
	char *end;
	long arg = 0;

	if (!no_channel) {
		if (n < 2)
			return -EINVAL;
		ch = strtoul(word[1], &end, 10);
		if (*end || end == word[1])
			return -EINVAL;
	}
	if (!strcmp(word[0], "signal") || !strcmp(word[0], "standard")) {
		arg = value ? choice_index(word[0][1] == 'i' ? "off|on" :
					   STD_CHOICES, value) : -1;
	} else if (value) {
		arg = strtol(value, &end, 10);
		if (*end || end == value)
			return -EINVAL;
	}
	return chip_inject(s->chip, word[0], ch, arg);
}

static int split(char *text, char *word[MAX_WORDS])
{
	char *save = NULL;
	int n = 0;

	for (char *w = strtok_r(text, " \t\r\n", &save); w && n < MAX_WORDS;
	     w = strtok_r(NULL, " \t\r\n", &save))
		word[n++] = w;
	return n;
}

void control_command(struct server *s, const char *line, char *reply,
		     size_t len)
{
	char text[256], why[128] = "unknown command or bad argument; try help";
	char *word[MAX_WORDS] = { NULL };
	int n, err = 0;

	reply[0] = 0;
	snprintf(text, sizeof(text), "%s", line);
	n = split(text, word);
	if (!n)
		return;
	if (!strcmp(word[0], "help"))
		show_help(reply, len);
	else if (!strcmp(word[0], "counters"))
		control_counters(s, reply, len);
	else if (!strcmp(word[0], "clear"))
		clear_counters(s);
	else if (!strcmp(word[0], "state"))
		show_state(s, reply, len);
	else if (!strcmp(word[0], "decoder") && n == 2)
		err = show_decoder(s, word[1], reply, len);
	else if (!strcmp(word[0], "remove") || !strcmp(word[0], "insert"))
		server_set_removed(s, word[0][0] == 'r');
	else if (!strcmp(word[0], "standstill") &&
		 (n == 2 || (n == 3 && !strcmp(word[2], "chip"))))
		err = server_stand_still(s, strtoul(word[1], NULL, 10), n == 2);
	else if (!strcmp(word[0], "set") && n == 2)
		err = options_set(&s->chip->opts, word[1], why, sizeof(why));
	else
		err = inject(s, word, n);
	if (err)
		append(reply, len, "error: %s\n", why);
	else
		append(reply, len, "ok\n");
}
