// SPDX-License-Identifier: GPL-2.0-only
/*
 * Complains when it is loaded, so that the laboratory can be tested for
 * noticing it; asked to, it hangs instead.
 */
#include <linux/delay.h>
#include <linux/module.h>

static bool hang;
module_param(hang, bool, 0);
MODULE_PARM_DESC(hang, "do not come back, with interrupts off");

static int __init lab_splat_init(void)
{
	if (hang) {
		local_irq_disable();
		for (;;)
			cpu_relax();
	}
	WARN_ON(1);
	return 0;
}
module_init(lab_splat_init);

static void __exit lab_splat_exit(void)
{
}
module_exit(lab_splat_exit);

MODULE_DESCRIPTION("Test of the laboratory: a kernel that complains");
MODULE_LICENSE("GPL");
