// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ALSA card of a board: one capture device, one substream per channel.
 *
 * The chip fills P, then B, and so on; both point straight into the user's
 * ring, and move on by two periods when they are full.  Rate and period are
 * the same for all channels that run: the first to set them decides.
 */

#include <linux/delay.h>
#include <sound/core.h>
#include <sound/pcm.h>
#include <sound/pcm_params.h>

#include "tw6869.h"

#define PERIOD_MIN	256
/*
 * The chip's interrupts are 5 ms apart.  A shorter period would be full a second
 * time before it is known that its buffer must move on; a ms is for the host.
 */
#define PERIOD_US_MIN	6000
#define PERIODS_MAX	64
#define RING_MAX	(64 * 1024)
/* What is on its way when a channel stops is in memory after this long. */
#define QUIET_MS	10

struct channel {
	struct tw6869_dev *dev;
	unsigned int ch;
	struct snd_pcm_substream *ss;
	bool configured;		/* has set, or agreed to, the rate */
	bool running;
	unsigned int period;		/* the one being filled */
	unsigned int last_b;		/* completed last: 0 P, 1 B */
};

struct tw6869_audio {
	struct snd_card *card;
	struct snd_pcm *pcm;
	struct tw6869_block spare;
	struct mutex lock;		/* rate and period, the three below */
	unsigned int n_configured;
	unsigned int rate, period_bytes;
	struct channel channel[TW6869_CHANNELS];
};

static const struct snd_pcm_hardware hardware = {
	.formats = SNDRV_PCM_FMTBIT_S16_LE,
	.channels_min = 1,
	.channels_max = 1,
	.rates = SNDRV_PCM_RATE_8000_48000,
	.rate_min = 8000,
	.rate_max = 48000,
	.period_bytes_min = PERIOD_MIN,
	.period_bytes_max = TW_AUDIO_PERIOD_MAX,
	.periods_min = 3,
	.periods_max = PERIODS_MAX,
	.buffer_bytes_max = RING_MAX,
	.info = SNDRV_PCM_INFO_INTERLEAVED | SNDRV_PCM_INFO_BLOCK_TRANSFER |
		SNDRV_PCM_INFO_MMAP | SNDRV_PCM_INFO_MMAP_VALID |
		SNDRV_PCM_INFO_BATCH,
};

static struct channel *to_channel(struct snd_pcm_substream *ss)
{
	struct tw6869_audio *audio = snd_pcm_substream_chip(ss);

	return &audio->channel[ss->number];
}

static int pcm_open(struct snd_pcm_substream *ss)
{
	struct tw6869_audio *audio = snd_pcm_substream_chip(ss);
	struct snd_pcm_runtime *rt = ss->runtime;
	struct channel *c = to_channel(ss);
	int err;

	err = tw6869_get(c->dev);
	if (err)
		return err;
	rt->hw = hardware;
	err = snd_pcm_hw_constraint_integer(rt, SNDRV_PCM_HW_PARAM_PERIODS);
	if (err >= 0)
		err = snd_pcm_hw_constraint_minmax(rt,
						   SNDRV_PCM_HW_PARAM_PERIOD_TIME,
						   PERIOD_US_MIN, UINT_MAX);
	guard(mutex)(&audio->lock);
	if (err >= 0 && audio->n_configured) {
		rt->hw.rate_min = audio->rate;
		rt->hw.rate_max = audio->rate;
		rt->hw.period_bytes_min = audio->period_bytes;
		rt->hw.period_bytes_max = audio->period_bytes;
	}
	/* The chip counts in words. */
	if (err >= 0)
		err = snd_pcm_hw_constraint_step(rt, 0,
						 SNDRV_PCM_HW_PARAM_PERIOD_BYTES,
						 4);
	if (err < 0) {
		tw6869_put(c->dev);
		return err;
	}
	c->ss = ss;
	return 0;
}

static int pcm_close(struct snd_pcm_substream *ss)
{
	tw6869_put(to_channel(ss)->dev);
	return 0;
}

static int pcm_hw_params(struct snd_pcm_substream *ss,
			 struct snd_pcm_hw_params *params)
{
	struct tw6869_audio *audio = snd_pcm_substream_chip(ss);
	struct channel *c = to_channel(ss);

	guard(mutex)(&audio->lock);
	/* Others hold the parameters: they must be the same. */
	if (audio->n_configured > c->configured &&
	    (audio->rate != params_rate(params) ||
	     audio->period_bytes != params_period_bytes(params)))
		return -EBUSY;
	audio->rate = params_rate(params);
	audio->period_bytes = params_period_bytes(params);
	audio->n_configured += !c->configured;
	c->configured = true;
	return 0;
}

static int pcm_hw_free(struct snd_pcm_substream *ss)
{
	struct tw6869_audio *audio = snd_pcm_substream_chip(ss);
	struct channel *c = to_channel(ss);

	guard(mutex)(&audio->lock);
	audio->n_configured -= c->configured;
	c->configured = false;
	return 0;
}

static int pcm_prepare(struct snd_pcm_substream *ss)
{
	struct tw6869_audio *audio = snd_pcm_substream_chip(ss);
	struct channel *c = to_channel(ss);
	struct tw6869_dev *dev = c->dev;
	u64 fraction;

	guard(mutex)(&audio->lock);
	if (dev->gone)
		return -ENODEV;
	fraction = div_u64((u64)TW_AUDIO_CLOCK << 16, audio->rate);
	tw_write(dev, TW_AUDIO_CTRL2, fraction);
	tw_write(dev, TW_AUDIO_CTRL1, TW_AUDIO1_ADC |
		 TW_AUDIO1_DIVIDER(audio->rate) |
		 TW_AUDIO1_PERIOD(audio->period_bytes));
	c->period = 0;
	c->last_b = 1;
	return 0;
}

static void point_to_period(struct channel *c, unsigned int b,
			    unsigned int period)
{
	struct snd_pcm_runtime *rt = c->ss->runtime;
	size_t bytes = frames_to_bytes(rt, rt->period_size);

	tw_write(c->dev, TW_AUDIO_ADDR(c->ch, b),
		 rt->dma_addr + period % rt->periods * bytes);
}

static void stop_channel(struct channel *c)
{
	struct tw6869_dev *dev = c->dev;

	lockdep_assert_held(&dev->lock);
	if (!c->running)
		return;
	c->running = false;
	tw6869_halt(dev, TW_RUN_AUDIO(c->ch));
	if (dev->gone || dev->asleep)
		return;
	tw_write(dev, TW_AUDIO_ADDR(c->ch, 0), dev->audio->spare.dma);
	tw_write(dev, TW_AUDIO_ADDR(c->ch, 1), dev->audio->spare.dma);
}

static int pcm_trigger(struct snd_pcm_substream *ss, int cmd)
{
	struct channel *c = to_channel(ss);
	struct tw6869_dev *dev = c->dev;

	scoped_guard(spinlock_irqsave, &dev->lock) {
		switch (cmd) {
		case SNDRV_PCM_TRIGGER_START:
			if (dev->gone || dev->asleep)
				return -ENODEV;
			point_to_period(c, 0, 0);
			point_to_period(c, 1, 1);
			c->running = true;
			tw6869_run(dev, TW_RUN_AUDIO(c->ch));
			return 0;
		case SNDRV_PCM_TRIGGER_STOP:
		case SNDRV_PCM_TRIGGER_SUSPEND:
			stop_channel(c);
			return 0;
		}
	}
	return -EINVAL;
}

static int pcm_sync_stop(struct snd_pcm_substream *ss)
{
	struct tw6869_dev *dev = to_channel(ss)->dev;

	/* After removal there is neither an interrupt nor a chip. */
	if (!dev->audio)
		return 0;
	synchronize_irq(dev->irq);
	if (!dev->gone)
		msleep(QUIET_MS);
	return 0;
}

static snd_pcm_uframes_t pcm_pointer(struct snd_pcm_substream *ss)
{
	struct channel *c = to_channel(ss);

	return c->period % ss->runtime->periods * ss->runtime->period_size;
}

static const struct snd_pcm_ops pcm_ops = {
	.open = pcm_open,
	.close = pcm_close,
	.hw_params = pcm_hw_params,
	.hw_free = pcm_hw_free,
	.prepare = pcm_prepare,
	.trigger = pcm_trigger,
	.sync_stop = pcm_sync_stop,
	.pointer = pcm_pointer,
};

/* In what the next returns: the chip has gone on into what was complete. */
#define OVERRUN(ch)	BIT(8 + (ch))

/*
 * The interrupt's audio part, under dev->lock.  Returns what shall be told to
 * tw6869_audio_elapsed(), without it.
 */
u32 tw6869_audio_irq(struct tw6869_dev *dev, u32 status, u32 pb)
{
	unsigned int ch;
	u32 ready = 0;

	lockdep_assert_held(&dev->lock);
	if (!dev->audio || !(status & TW_INT_AUDIOS))
		return 0;
	for (ch = 0; ch < dev->variant->channels; ch++) {
		struct channel *c = &dev->audio->channel[ch];
		unsigned int b = !!(pb & TW_PB_AUDIO(ch));

		if (!(status & TW_INT_AUDIO(ch)) || !c->running)
			continue;
		/* The same one again: we missed the other. */
		if (b == c->last_b)
			ready |= OVERRUN(ch);
		c->last_b = b;
		c->period++;
		point_to_period(c, b, c->period + 1);
		ready |= BIT(ch);
	}
	return ready;
}

/* Takes the stream's lock, under which trigger takes dev->lock. */
void tw6869_audio_elapsed(struct tw6869_dev *dev, u32 ready)
{
	unsigned int ch;

	for (ch = 0; ready && ch < TW6869_CHANNELS; ch++) {
		if (ready & OVERRUN(ch))
			snd_pcm_stop_xrun(dev->audio->channel[ch].ss);
		else if (ready & BIT(ch))
			snd_pcm_period_elapsed(dev->audio->channel[ch].ss);
	}
}

/* Stop what runs; before a system sleep ALSA has done so already. */
void tw6869_audio_suspend(struct tw6869_dev *dev)
{
	if (dev->audio)
		snd_pcm_suspend_all(dev->audio->pcm);
}

/* Wakes every reader; they get ENODEV. */
void tw6869_audio_gone(struct tw6869_dev *dev)
{
	if (dev->audio)
		snd_card_disconnect(dev->audio->card);
}

static int init_pcm(struct tw6869_dev *dev, struct tw6869_audio *audio)
{
	struct snd_pcm_substream *ss;
	struct snd_pcm *pcm;
	int err;

	err = snd_pcm_new(audio->card, "tw6869", 0, 0, dev->variant->channels,
			  &pcm);
	if (err)
		return err;
	audio->pcm = pcm;
	pcm->private_data = audio;
	strscpy(pcm->name, dev->variant->name, sizeof(pcm->name));
	snd_pcm_set_ops(pcm, SNDRV_PCM_STREAM_CAPTURE, &pcm_ops);
	for (ss = pcm->streams[SNDRV_PCM_STREAM_CAPTURE].substream; ss;
	     ss = ss->next)
		snprintf(ss->name, sizeof(ss->name), "channel %d", ss->number);
	return snd_pcm_set_managed_buffer_all(pcm, SNDRV_DMA_TYPE_DEV,
					      &dev->pdev->dev, RING_MAX,
					      RING_MAX);
}

int tw6869_audio_init(struct tw6869_dev *dev)
{
	struct tw6869_audio *audio;
	struct snd_card *card;
	unsigned int ch;
	int err;

	err = snd_card_new(&dev->pdev->dev, -1, NULL,
			   THIS_MODULE, sizeof(*audio), &card);
	if (err)
		return err;
	audio = card->private_data;
	audio->card = card;
	mutex_init(&audio->lock);
	for (ch = 0; ch < TW6869_CHANNELS; ch++) {
		audio->channel[ch].dev = dev;
		audio->channel[ch].ch = ch;
	}
	strscpy(card->driver, "tw6869", sizeof(card->driver));
	strscpy(card->shortname, dev->variant->name, sizeof(card->shortname));
	snprintf(card->longname, sizeof(card->longname), "%s at %s",
		 dev->variant->name, pci_name(dev->pdev));
	err = tw6869_block_alloc(dev, &audio->spare, TW_AUDIO_PERIOD_MAX);
	if (!err)
		err = init_pcm(dev, audio);
	if (!err)
		err = snd_card_register(card);
	if (err) {
		tw6869_block_free(dev, &audio->spare);
		snd_card_free(card);
		return err;
	}
	WRITE_ONCE(dev->audio, audio);
	return 0;
}

/*
 * Ends all streams, and waits until the last file of the card is closed: its
 * memory must not outlive what the device knows of an IOMMU.
 */
void tw6869_audio_free(struct tw6869_dev *dev)
{
	struct tw6869_audio *audio = dev->audio;

	if (!audio)
		return;
	snd_card_disconnect(audio->card);
	synchronize_irq(dev->irq);
	if (!dev->gone)
		msleep(QUIET_MS);
	scoped_guard(spinlock_irqsave, &dev->lock)
		dev->audio = NULL;
	tw6869_block_free(dev, &audio->spare);
	snd_card_free(audio->card);
}
