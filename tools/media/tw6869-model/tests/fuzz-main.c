// SPDX-License-Identifier: GPL-2.0-only
/*
 * A small fuzzer for machines without libFuzzer: inputs that reach new code are
 * kept, and what comes next is made of them.
 *
 * usage: fuzz-NAME SECONDS [SEED]
 *
 * gcc calls the first function below at each branch (-fsanitize-coverage).  An
 * input that kills the program, or keeps it busy, is left in fuzz-NAME.crash.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "fuzz.h"

#define MAX_INPUT	1024
#define MAX_CORPUS	1024
#define PLACES		65536
#define PATIENCE	30	/* seconds beyond the end */

struct input {
	size_t len;
	uint8_t data[MAX_INPUT];
};

static struct input corpus[MAX_CORPUS], now;
static unsigned int n_corpus;
static uint8_t reached[PLACES];
static unsigned int fresh, places;
static char crash_path[256];

void __sanitizer_cov_trace_pc(void)
{
	uintptr_t pc = (uintptr_t)__builtin_return_address(0);
	uint8_t *r = &reached[(pc ^ pc >> 16) % PLACES];

	fresh += !*r;
	*r = 1;
}

static void leave_input(void)
{
	int fd = open(crash_path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	if (fd >= 0 && write(fd, now.data, now.len) >= 0)
		fprintf(stderr, "the input is in %s\n", crash_path);
}

static void give_up(int sig)
{
	static const char text[] = "this input takes for ever\n";

	(void)sig;
	if (write(2, text, sizeof(text) - 1) > 0)
		leave_input();
	_exit(1);
}

static unsigned int below(unsigned int n)
{
	return n ? (unsigned int)random() % n : 0;
}

/* Take a piece of another input, over or into this one. */
static void graft(struct input *in)
{
	const struct input *from = &corpus[below(n_corpus)];
	size_t at = below(in->len + 1), start = below(from->len);
	size_t len = below(from->len - start + 1);

	if (at + len > MAX_INPUT)
		len = MAX_INPUT - at;
	memcpy(in->data + at, from->data + start, len);
	if (at + len > in->len)
		in->len = at + len;
}

static void mutate(struct input *in)
{
	static const uint8_t special[] = { 0, 1, 0x7f, 0x80, 0xff, 4, 16, 32 };
	size_t at = below(in->len), n = 1 + below(8);
	uint32_t word = below(64);

	switch (in->len ? below(8) : 7) {
	case 0:
		in->data[at] ^= 1 << below(8);
		break;
	case 1:
		in->data[at] = random();
		break;
	case 2:
		in->data[at] = special[below(sizeof(special))];
		break;
	case 3:
		graft(in);
		break;
	case 4:
		if (n > in->len - at)
			n = in->len - at;
		memmove(in->data + at, in->data + at + n, in->len - at - n);
		in->len -= n;
		break;
	case 5:
	case 6:
		if (at + sizeof(word) <= in->len)
			memcpy(in->data + at, &word, sizeof(word));
		break;
	case 7:
		for (; n && in->len < MAX_INPUT; n--)
			in->data[in->len++] = random();
		break;
	}
}

int main(int argc, char **argv)
{
	unsigned int seconds = argc > 1 ? atoi(argv[1]) : 10;
	unsigned int seed = argc > 2 ? atoi(argv[2]) : (unsigned int)time(NULL);
	time_t end = time(NULL) + seconds;
	unsigned long runs = 0;

	srandom(seed);
	printf("seed %u\n", seed);
	snprintf(crash_path, sizeof(crash_path), "%s.crash", argv[0]);
	__sanitizer_set_death_callback(leave_input);
	signal(SIGALRM, give_up);
	alarm(seconds + PATIENCE);
	n_corpus = 1;
	do {
		now = corpus[below(n_corpus)];
		for (unsigned int i = 0; i <= below(8); i++)
			mutate(&now);
		fresh = 0;
		LLVMFuzzerTestOneInput(now.data, now.len);
		places += fresh;
		if (fresh && n_corpus < MAX_CORPUS)
			corpus[n_corpus++] = now;
		runs++;
	} while (time(NULL) < end);
	printf("%lu inputs, %u of them kept, %u places in the code\n", runs,
	       n_corpus - 1, places);
	/* Both fuzzers reach more within seconds, or they are broken. */
	return places < 100;
}
