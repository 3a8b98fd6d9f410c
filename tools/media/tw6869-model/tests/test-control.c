// SPDX-License-Identifier: GPL-2.0-only
/* Unit tests of the control language and the options. */
#include <string.h>

#include "harness.h"
#include "control.h"

static struct chip chip;
static struct server server;
static char reply[8192];

static const char *ask(const char *line)
{
	control_command(&server, line, reply, sizeof(reply));
	return reply;
}

static void open_board(void)
{
	struct config_ids ids = { .vendor = 0x1797, .pm_cap = 0x40,
		.bar0_size = CHIP_BAR_SIZE };
	struct options opts;

	options_default(&opts);
	chip_init(&chip, &opts, &server_chip_ops, &server);
	server_init(&server, &chip, &ids);
}

TEST(commands_reach_the_chip)
{
	open_board();
	EXPECT_EQ(strcmp(ask("signal 2 off"), "ok\n"), 0);
	EXPECT_FALSE(chip.source[2].signal);
	EXPECT_EQ(strcmp(ask("signal 2 on\r"), "ok\n"), 0);
	EXPECT_TRUE(chip.source[2].signal);
	ask("inputs 2 13");
	EXPECT_EQ(chip.source[2].inputs, 13);
	ask("standard 1 pal60");
	EXPECT_EQ(chip.source[1].std, STD_PAL_60);
	ask("overflow 5");
	EXPECT_EQ(chip_read(&chip, 0x00c), 1u << 29);
	ask("timeout");
	EXPECT_EQ(chip_read(&chip, 0), 1u << 17);
	ask("late-stop-us 700");
	EXPECT_EQ(chip.opts.late_stop_us, 700);
	ask("lost 3 4");
	EXPECT_EQ(chip.video[3].lose_irqs, 4);
	chip_write(&chip, 0x404, 9);
	EXPECT_TRUE(strstr(ask("decoder 0"), "decoder ch0 04 9\n"));
	ask("set pace=real");
	EXPECT_EQ(chip.opts.pace, PACE_REAL);
	ask("remove");
	EXPECT_EQ(chip_read(&chip, 8), 0xffffffff);
	EXPECT_TRUE(server.config.removed);
	ask("insert");
	EXPECT_EQ(chip_read(&chip, 8), 0);
	server_free(&server);
}

TEST(mistakes_get_an_error)
{
	static const char *const bad[] = {
		"nonsense", "signal", "standstill 5", "standstill 5 qemu",
		"signal x off", "signal 9 off", "signal 1 perhaps", "signal 1",
		"standard 1 klingon", "standard 0", "lost 1 many", "set", "set pace=sideways",
		"set nothing=1", "set speed=0", "late-stop-us -5",
		"decoder 8", "decoder 11",
	};

	open_board();
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		EXPECT_EQ(strncmp(ask(bad[i]), "error: ", 7), 0);
		if (test_failed)
			printf("# %s\n", bad[i]);
	}
	server_free(&server);
}

TEST(counters_are_one_line_each)
{
	unsigned int lines = 0;

	open_board();
	ask("counters");
	for (const char *p = reply; (p = strstr(p, "counter ")); p++)
		lines++;
	EXPECT_EQ(lines, CNT_MAX + SRV_MAX + 2 * CHIP_VIDEO);
	EXPECT_TRUE(strstr(reply, "\ncounter unmapped_accesses 0\n"));
	EXPECT_EQ(strcmp(reply + strlen(reply) - 3, "ok\n"), 0);
	server_free(&server);
}

TEST(options_know_their_limits)
{
	char why[128];
	struct options o;

	options_default(&o);
	EXPECT_EQ(options_set(&o, "chip=0x1ad1", why, sizeof(why)), 0);
	EXPECT_EQ(o.chip, 6865);
	EXPECT_NE(options_set(&o, "chip=7000", why, sizeof(why)), 0);
	EXPECT_NE(options_set(&o, "chip=", why, sizeof(why)), 0);
	EXPECT_NE(options_set(&o, "", why, sizeof(why)), 0);
	EXPECT_EQ(options_set(&o, "trace", why, sizeof(why)), 0);
	EXPECT_EQ(o.trace, 1);
}
