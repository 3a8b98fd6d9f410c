// SPDX-License-Identifier: GPL-2.0-only
/*
 * The PCI device: probe and removal, the interrupt, power, errors of the bus,
 * and a watchdog that notices what no interrupt tells.
 */

#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/idr.h>
#include <linux/interrupt.h>
#include <linux/module.h>
#include <linux/pm_runtime.h>
#include <linux/slab.h>

#include "tw6869.h"

#define BOARDS		16

static char *memory[BOARDS];
module_param_array(memory, charp, NULL, 0444);
MODULE_PARM_DESC(memory, "Per board: dma-sg (default), dma-contig or vmalloc");

static bool msi = true;
module_param(msi, bool, 0444);
MODULE_PARM_DESC(msi, "Use MSI where the board has it (default yes)");

static DEFINE_IDA(boards);

enum { TW6864, TW6865, TW6868, TW6869 };

static const struct tw6869_variant variants[] = {
	[TW6864] = { "TW6864", 4, true },
	[TW6865] = { "TW6865", 4, false },
	[TW6868] = { "TW6868", 4, true },
	[TW6869] = { "TW6869", 8, false },
};

static void reset_chip(struct tw6869_dev *dev)
{
	tw_write(dev, TW_SOFT_RESET, 0x0f);
	/* Flush, then let it finish. */
	tw_read(dev, TW_DMA_CMD);
	usleep_range(1000, 2000);
}

/* From power-up to the state that all other code expects */
static void setup_chip(struct tw6869_dev *dev)
{
	unsigned int groups = DIV_ROUND_UP(dev->variant->channels, 4), g;

	reset_chip(dev);
	for (g = 0; g < groups; g++)
		tw_write(dev, TW_GROUP(g, TW_GROUP_RESET), 0x3f);
	tw_write(dev, TW_DMA_CMD, 0);
	tw_write(dev, TW_DMA_ENABLE, 0);
	tw_write(dev, TW_DMA_CONFIG, 0xffffff04);
	tw_write(dev, TW_DMA_TIMEOUT, 0x140c8584);
	tw_write(dev, TW_TIMER_INTERVAL, 0x98968);
	tw6869_dma_setup(dev);
	for (g = 0; g < groups; g++) {
		/* Blue when there is no signal */
		tw_write(dev, TW_GROUP(g, TW_GROUP_MISC2), 0xe7);
		tw_write(dev, TW_GROUP(g, TW_GROUP_VCTRL1), 0xcc);
		tw_write(dev, TW_GROUP(g, TW_GROUP_LOOP), 0xa5);
	}
	tw_write(dev, TW_AUDIO_CTRL1, TW_AUDIO1_ADC);
}

/* ---- health ---- */

/* A deaf device must not write to what is returned now.  From any context. */
static void give_up(struct tw6869_dev *dev, const char *why)
{
	pci_clear_master(dev->pdev);
	dev->gone = true;
	dev_err(&dev->pdev->dev, "%s\n", why);
}

/*
 * Does the device still answer?  A link that is down reads as all ones, which
 * no register of this chip ever holds.  From any context.
 */
bool tw6869_check_gone(struct tw6869_dev *dev)
{
	if (!dev->gone && !dev->asleep && tw_read(dev, TW_DMA_CMD) == U32_MAX)
		give_up(dev, "device does not answer any more");
	return dev->gone;
}

/* All readers get ENODEV.  By the watchdog, or with the watchdog disabled. */
static void tell_gone(struct tw6869_dev *dev)
{
	unsigned int ch;

	for (ch = 0; ch < dev->variant->channels; ch++)
		wake_up(&dev->vid[ch].drained);
	tw6869_video_unregister(dev);
	tw6869_audio_gone(dev);
}

/*
 * No interrupt came for a while: is the board still there?  Readers of one that
 * was unplugged shall not wait for the next look of the watchdog.
 */
static void silent(struct timer_list *timer)
{
	struct tw6869_dev *dev = from_timer(dev, timer, silence);

	scoped_guard(spinlock_irqsave, &dev->lock) {
		if (dev->asleep || !atomic_read(&dev->users))
			return;
		if (tw6869_check_gone(dev))
			mod_delayed_work(system_wq, &dev->watchdog, 0);
		else
			mod_timer(timer, jiffies + TW6869_SILENCE);
	}
}

/* The board told something.  Not each time: there are hundreds in a second. */
static void heard(struct tw6869_dev *dev)
{
	if (time_before(jiffies, dev->heard + TW6869_SILENCE / 4))
		return;
	dev->heard = jiffies;
	mod_timer(&dev->silence, jiffies + TW6869_SILENCE);
}

static void start_watching(struct tw6869_dev *dev)
{
	dev->heard = jiffies;
	mod_timer(&dev->silence, jiffies + TW6869_SILENCE);
	schedule_delayed_work(&dev->watchdog,
			      msecs_to_jiffies(TW6869_WATCH_MS));
}

/* For ever */
static void stop_watching(struct tw6869_dev *dev)
{
	timer_shutdown_sync(&dev->silence);
	disable_delayed_work_sync(&dev->watchdog);
}

/*
 * What is completed, and which buffers that were.  A completion between the
 * two reads would be seen twice: with the newer PB_STATUS now, and again with
 * the next interrupt.  So read until nothing new comes.
 */
static u32 read_rest(struct tw6869_dev *dev, u32 status, u32 *pb)
{
	u32 more = status;
	int tries = 4;

	while (more && more != U32_MAX && tries--) {
		*pb = tw_read(dev, TW_PB_STATUS);
		more = tw_read(dev, TW_INT_STATUS);
		status |= more;
	}
	return status;
}

/*
 * Everything is read under the lock: what the status says must not be older
 * than the last start of a channel.
 */
static irqreturn_t handle_irq(int irq, void *data)
{
	struct tw6869_dev *dev = data;
	u32 status, fifo, audio = 0, pb = 0;
	int tries = 8;

	scoped_guard(spinlock_irqsave, &dev->lock) {
		/* The line may be shared: asleep, it was not us. */
		if (dev->gone || dev->asleep)
			return IRQ_NONE;
		status = read_rest(dev, tw_read(dev, TW_INT_STATUS), &pb);
		fifo = tw_read(dev, TW_FIFO_STATUS);
		if (status == U32_MAX && tw6869_check_gone(dev)) {
			mod_delayed_work(system_wq, &dev->watchdog, 0);
			return IRQ_NONE;
		}
		if (!status && !(fifo & TW_FIFO_ERRORS))
			return IRQ_NONE;
		dev->irqs++;
		heard(dev);
		do {
			audio |= tw6869_audio_irq(dev, status, pb);
			status = tw6869_stream_irq(dev, status, fifo, pb);
			fifo &= ~TW_FIFO_ERRORS;
			status = read_rest(dev, status, &pb);
		} while (status && status != U32_MAX && tries--);
	}
	tw6869_audio_elapsed(dev, audio);
	return IRQ_HANDLED;
}

static int request_interrupt(struct tw6869_dev *dev)
{
	unsigned int types = PCI_IRQ_INTX;
	struct pci_dev *pdev = dev->pdev;
	int err;

	if (msi && !dev->use_intx)
		types |= PCI_IRQ_MSI;
	err = pci_alloc_irq_vectors(pdev, 1, 1, types);
	if (err < 0)
		return err;
	dev->irqs = 0;
	dev->irq = pci_irq_vector(pdev, 0);
	err = request_irq(dev->irq, handle_irq, IRQF_SHARED,
			  dev_name(&pdev->dev), dev);
	if (err) {
		dev->irq = 0;
		pci_free_irq_vectors(pdev);
	}
	return err;
}

static void release_interrupt(struct tw6869_dev *dev)
{
	if (!dev->irq)
		return;
	free_irq(dev->irq, dev);
	dev->irq = 0;
	pci_free_irq_vectors(dev->pdev);
}

/*
 * Nobody knows whether MSI works on every board: if the chip has something to
 * tell and not one interrupt ever came, use the old line.
 */
static void check_msi(struct tw6869_dev *dev)
{
	if (!dev->pdev->msi_enabled || dev->irqs || !dev->running)
		return;
	if (++dev->silent_ticks < 2000 / TW6869_WATCH_MS)
		return;
	if (!tw_read(dev, TW_INT_STATUS) || dev->irqs)
		return;
	dev_warn(&dev->pdev->dev, "no MSI arrives, falling back to INTx\n");
	release_interrupt(dev);
	dev->use_intx = true;
	if (request_interrupt(dev)) {
		scoped_guard(spinlock_irqsave, &dev->lock)
			tw6869_halt(dev, ~0);
		give_up(dev, "no interrupt");
	}
}

/* Somebody uses the board: power it, watch it. */
int tw6869_get(struct tw6869_dev *dev)
{
	int err;

	if (dev->gone)
		return -ENODEV;
	err = pm_runtime_resume_and_get(&dev->pdev->dev);
	if (err)
		return err;
	dev->silent_ticks = 0;
	if (atomic_inc_return(&dev->users) == 1)
		start_watching(dev);
	return 0;
}

void tw6869_put(struct tw6869_dev *dev)
{
	atomic_dec(&dev->users);
	pm_runtime_mark_last_busy(&dev->pdev->dev);
	pm_runtime_put_autosuspend(&dev->pdev->dev);
}

/* ---- power ---- */

static void go_to_sleep(struct tw6869_dev *dev)
{
	/* Not while it brings a chip back to life */
	cancel_delayed_work_sync(&dev->watchdog);
	tw6869_audio_suspend(dev);
	tw6869_stream_suspend(dev);
	cancel_delayed_work_sync(&dev->watchdog);
}

static void wake_up_again(struct tw6869_dev *dev)
{
	unsigned int ch;

	setup_chip(dev);
	for (ch = 0; ch < dev->variant->channels; ch++)
		tw6869_decoder_setup(&dev->vid[ch]);
	tw6869_stream_resume(dev);
	if (atomic_read(&dev->users))
		start_watching(dev);
}

/*
 * Something has reset the chip: set it up again.  What streams goes on after
 * the rest that the chip needs.
 */
static bool forgot_everything(struct tw6869_dev *dev)
{
	scoped_guard(spinlock_irqsave, &dev->lock) {
		if (!dev->running || tw_read(dev, TW_DMA_CMD))
			return false;
		/* Where a deaf chip was the bus may read zeroes, too. */
		tw_write(dev, TW_DMA_ENABLE, dev->running);
		if (!tw_read(dev, TW_DMA_ENABLE)) {
			give_up(dev, "device does not listen any more");
			return false;
		}
		/* All at once: one by one would start those that are left. */
		tw6869_halt(dev, ~0);
	}
	dev_warn(&dev->pdev->dev, "the chip was reset, setting it up again\n");
	tw6869_audio_suspend(dev);
	tw6869_stream_suspend(dev);
	wake_up_again(dev);
	return true;
}

static void watch(struct work_struct *work)
{
	struct tw6869_dev *dev = container_of(to_delayed_work(work),
					      struct tw6869_dev, watchdog);
	unsigned int ch;

	if (dev->asleep || forgot_everything(dev))
		return;
	if (tw6869_check_gone(dev)) {
		tell_gone(dev);
		return;
	}
	check_msi(dev);
	tw6869_stream_watch(dev);
	for (ch = 0; ch < dev->variant->channels; ch++)
		tw6869_decoder_poll(&dev->vid[ch]);
	if (atomic_read(&dev->users))
		schedule_delayed_work(&dev->watchdog,
				      msecs_to_jiffies(TW6869_WATCH_MS));
}

static int suspend(struct device *device)
{
	struct tw6869_dev *dev = dev_get_drvdata(device);

	go_to_sleep(dev);
	/* An interrupt that is under way still reads registers. */
	synchronize_irq(dev->irq);
	return 0;
}

static int __maybe_unused resume(struct device *device)
{
	/* For a slot reset: the PCI core has just used up what it had saved. */
	pci_save_state(to_pci_dev(device));
	wake_up_again(dev_get_drvdata(device));
	return 0;
}

static const struct dev_pm_ops pm_ops = {
	SYSTEM_SLEEP_PM_OPS(suspend, resume)
	RUNTIME_PM_OPS(suspend, resume, NULL)
};

/* ---- errors of the bus ---- */

static pci_ers_result_t error_detected(struct pci_dev *pdev,
				       pci_channel_state_t state)
{
	struct tw6869_dev *dev = pci_get_drvdata(pdev);

	if (state == pci_channel_io_normal)
		return PCI_ERS_RESULT_CAN_RECOVER;
	if (state == pci_channel_io_perm_failure) {
		give_up(dev, "the bus has failed");
		stop_watching(dev);
		tell_gone(dev);
		return PCI_ERS_RESULT_DISCONNECT;
	}
	suspend(&pdev->dev);
	return PCI_ERS_RESULT_NEED_RESET;
}

/* The reset took all from the configuration space; the chip comes later. */
static pci_ers_result_t slot_reset(struct pci_dev *pdev)
{
	pci_restore_state(pdev);
	pci_save_state(pdev);
	return PCI_ERS_RESULT_RECOVERED;
}

static void error_resume(struct pci_dev *pdev)
{
	struct tw6869_dev *dev = pci_get_drvdata(pdev);

	if (dev->asleep)
		wake_up_again(dev);
}

static const struct pci_error_handlers error_handlers = {
	.error_detected = error_detected,
	.slot_reset = slot_reset,
	.resume = error_resume,
};

/* ---- probe, removal ---- */

/* The last file is closed and the device unbound. */
static void release_dev(struct v4l2_device *v4l2)
{
	struct tw6869_dev *dev = container_of(v4l2, struct tw6869_dev, v4l2);
	unsigned int ch;

	for (ch = 0; ch < dev->variant->channels; ch++)
		v4l2_ctrl_handler_free(&dev->vid[ch].ctrls);
	v4l2_device_unregister(&dev->v4l2);
	pci_dev_put(dev->pdev);
	kfree(dev);
}

static int choose_memory(struct tw6869_dev *dev)
{
	static const char *const names[] = { "dma-sg", "dma-contig", "vmalloc" };
	const char *name = dev->index < BOARDS ? memory[dev->index] : NULL;
	int i;

	if (!name || !*name)
		return 0;
	i = match_string(names, ARRAY_SIZE(names), name);
	if (i < 0) {
		dev_err(&dev->pdev->dev,
			"memory=%s: must be dma-sg, dma-contig or vmalloc\n",
			name);
		return -EINVAL;
	}
	dev->memory = i;
	return 0;
}

static int init_pci(struct tw6869_dev *dev)
{
	struct pci_dev *pdev = dev->pdev;
	int err;

	err = pcim_enable_device(pdev);
	if (err)
		return err;
	err = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(32));
	if (err)
		return err;
	/* One descriptor, one page; vb2 must not merge beyond what a u32 has. */
	dma_set_max_seg_size(&pdev->dev, UINT_MAX);
	err = pcim_iomap_regions(pdev, BIT(0), "tw6869");
	if (err)
		return err;
	dev->mmio = pcim_iomap_table(pdev)[0];
	pci_set_master(pdev);
	return 0;
}

/* Silence the chip for good: removal, shutdown, kexec. */
static void quiesce(struct tw6869_dev *dev)
{
	if (!tw6869_check_gone(dev) && !dev->asleep) {
		scoped_guard(spinlock_irqsave, &dev->lock)
			tw6869_halt(dev, ~0);
		reset_chip(dev);
		msleep(20);
	}
	pci_clear_master(dev->pdev);
}

static int start_device(struct tw6869_dev *dev)
{
	int err;

	err = tw6869_dma_init(dev);
	if (err)
		goto free_dma;
	setup_chip(dev);
	err = tw6869_video_init(dev);
	if (!err)
		err = request_interrupt(dev);
	if (err)
		goto free_dma;
	err = tw6869_video_register(dev);
	if (!err)
		err = tw6869_audio_init(dev);
	if (!err)
		return 0;
	stop_watching(dev);
	tw6869_video_unregister(dev);
	quiesce(dev);
	release_interrupt(dev);
free_dma:
	tw6869_dma_free(dev);
	return err;
}

static int probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct tw6869_dev *dev;
	int err;

	dev = kzalloc(sizeof(*dev), GFP_KERNEL);
	if (!dev)
		return -ENOMEM;
	dev->pdev = pci_dev_get(pdev);
	dev->variant = &variants[id->driver_data];
	spin_lock_init(&dev->lock);
	INIT_DELAYED_WORK(&dev->watchdog, watch);
	timer_setup(&dev->silence, silent, 0);
	err = v4l2_device_register(&pdev->dev, &dev->v4l2);
	if (err) {
		pci_dev_put(pdev);
		kfree(dev);
		return err;
	}
	dev->v4l2.release = release_dev;
	pci_set_drvdata(pdev, dev);
	dev->index = ida_alloc(&boards, GFP_KERNEL);
	err = dev->index < 0 ? dev->index : choose_memory(dev);
	if (!err)
		err = init_pci(dev);
	if (!err)
		err = start_device(dev);
	if (err) {
		if (dev->index >= 0)
			ida_free(&boards, dev->index);
		v4l2_device_put(&dev->v4l2);
		return err;
	}
	dev_info(&pdev->dev, "%s, %u channels, memory %s, %s\n",
		 dev->variant->name, dev->variant->channels,
		 dev->memory == TW6869_DMA_SG ? "dma-sg" :
		 dev->memory == TW6869_DMA_CONTIG ? "dma-contig" : "vmalloc",
		 pdev->msi_enabled ? "MSI" : "INTx");
	pci_save_state(pdev);
	pm_runtime_set_autosuspend_delay(&pdev->dev, 1000);
	pm_runtime_use_autosuspend(&pdev->dev);
	pm_runtime_put_noidle(&pdev->dev);
	return 0;
}

static void remove(struct pci_dev *pdev)
{
	struct tw6869_dev *dev = pci_get_drvdata(pdev);

	pm_runtime_get_sync(&pdev->dev);
	pm_runtime_dont_use_autosuspend(&pdev->dev);
	/* It also unregisters nodes, and changes interrupts. */
	stop_watching(dev);
	/* Where the link is down nobody waits for the end of a frame. */
	if (tw6869_check_gone(dev))
		tell_gone(dev);
	tw6869_video_unregister(dev);
	tw6869_audio_free(dev);
	quiesce(dev);
	release_interrupt(dev);
	tw6869_dma_free(dev);
	ida_free(&boards, dev->index);
	v4l2_device_disconnect(&dev->v4l2);
	v4l2_device_put(&dev->v4l2);
}

static void shutdown(struct pci_dev *pdev)
{
	struct tw6869_dev *dev = pci_get_drvdata(pdev);

	go_to_sleep(dev);
	dev->asleep = false;
	quiesce(dev);
	dev->asleep = true;
}

static const struct pci_device_id ids[] = {
	{ PCI_DEVICE(0x1797, 0x6864), .driver_data = TW6864 },
	{ PCI_DEVICE(0x1797, 0x6865), .driver_data = TW6865 },
	{ PCI_DEVICE(0x1797, 0x6868), .driver_data = TW6868 },
	{ PCI_DEVICE(0x1797, 0x6869), .driver_data = TW6869 },
	/* Sensoray 812 */
	{ PCI_DEVICE(0x6000, 0x0812), .driver_data = TW6869 },
	{ }
};
MODULE_DEVICE_TABLE(pci, ids);

static struct pci_driver tw6869_driver = {
	.name = "tw6869",
	.id_table = ids,
	.probe = probe,
	.remove = remove,
	.shutdown = shutdown,
	.err_handler = &error_handlers,
	.driver.pm = pm_ptr(&pm_ops),
};
module_pci_driver(tw6869_driver);

MODULE_DESCRIPTION("Intersil/Techwell TW6864/6865/6868/6869 video capture");
MODULE_LICENSE("GPL");
