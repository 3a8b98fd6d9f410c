// SPDX-License-Identifier: GPL-2.0-only
/* vb2-bench: numbers and what is said of them */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"

void sample(struct samples *s, uint64_t value)
{
	if (s->count == sizeof(s->value) / sizeof(s->value[0]))
		fail("more than %zu samples", s->count);
	s->value[s->count++] = value;
}

static int compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Timer interrupts hit some samples; the median is one that none hit */
uint64_t median(struct samples *s)
{
	if (!s->count)
		fail("no samples");
	qsort(s->value, s->count, sizeof(s->value[0]), compare);
	return s->value[s->count / 2];
}

/*
 * One line for tools/media/vb2-bench/bench. The floor is what the same number
 * of calls costs if they do nothing.
 */
void report(const char *name, const char *operation, const char *unit,
	    uint64_t value, uint64_t floor)
{
	printf("%s\t%s\t%s\t%" PRIu64 "\t%" PRIu64 "\n", name, operation, unit,
	       value, floor);
	fflush(stdout);
}
