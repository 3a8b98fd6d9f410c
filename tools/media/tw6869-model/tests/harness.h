/* SPDX-License-Identifier: GPL-2.0-only */
/* Unit tests on the host: TEST(name) { ... EXPECT_EQ(a, b); }, output in TAP. */
#ifndef HARNESS_H
#define HARNESS_H

#include <stdio.h>

struct test {
	const char *name;
	void (*run)(void);
	struct test *next;
};

static struct test *test_first, **test_last = &test_first;
static int test_failed;

#define TEST(fn)							\
	static void fn(void);						\
	static struct test test_##fn = { .name = #fn, .run = fn };	\
	__attribute__((constructor)) static void register_##fn(void)	\
	{								\
		*test_last = &test_##fn;				\
		test_last = &test_##fn.next;				\
	}								\
	static void fn(void)

#define EXPECT_OP(a, op, b) do {					\
	long long a_ = (long long)(a), b_ = (long long)(b);		\
									\
	if (!(a_ op b_) && ++test_failed <= 5)				\
		printf("# %s:%d: %s " #op " %s: %lld, %lld\n",		\
		       __FILE__, __LINE__, #a, #b, a_, b_);		\
} while (0)

#define EXPECT_EQ(a, b) EXPECT_OP(a, ==, b)
#define EXPECT_NE(a, b) EXPECT_OP(a, !=, b)
#define EXPECT_GE(a, b) EXPECT_OP(a, >=, b)
#define EXPECT_LE(a, b) EXPECT_OP(a, <=, b)
#define EXPECT_TRUE(a) EXPECT_OP(!!(a), ==, 1)
#define EXPECT_FALSE(a) EXPECT_OP(!!(a), ==, 0)

int main(void)
{
	int n = 0, failed = 0;

	printf("TAP version 13\n");
	for (struct test *t = test_first; t; t = t->next)
		n++;
	printf("1..%d\n", n);
	n = 0;
	for (struct test *t = test_first; t; t = t->next) {
		test_failed = 0;
		t->run();
		printf("%s %d %s\n", test_failed ? "not ok" : "ok", ++n,
		       t->name);
		failed += !!test_failed;
	}
	return failed ? 1 : 0;
}

#endif
