// SPDX-License-Identifier: GPL-2.0-only
/*
 * tw6869-sound: record all channels of a card at the same time and compare each
 * sample with the one that the model made.  Runs in the guest; one thread per
 * channel, no library of ALSA.
 *
 * usage: tw6869-sound SECONDS RATE PERIOD (in samples)
 *
 * The model's sound begins when a channel is started: what is recorded must be
 * there from the first sample on.  Prints one line per channel and exits with 1
 * if anything was wrong with one.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <sound/asound.h>

#define CHANNELS	8
#define RING		32768	/* samples */
#define MAX_PERIOD	2048

static unsigned int seconds, rate, period;
static pthread_barrier_t all_ready;

struct track {
	int fd;
	unsigned int channel;
	unsigned int samples, wrong, first_wrong;
	int expected, got;		/* there */
	unsigned int start_us, first_us;	/* length of START; to a period */
	char why[80];
};

static void complain(struct track *t, const char *what)
{
	if (!t->why[0])
		snprintf(t->why, sizeof(t->why), "%s: %s", what,
			 strerror(errno));
}

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000ull + ts.tv_nsec / 1000;
}

static void set_mask(struct snd_pcm_hw_params *p, int n, unsigned int bit)
{
	struct snd_mask *mask = &p->masks[n - SNDRV_PCM_HW_PARAM_FIRST_MASK];

	memset(mask, 0, sizeof(*mask));
	mask->bits[bit / 32] = 1u << bit % 32;
}

static void set_interval(struct snd_pcm_hw_params *p, int n, unsigned int v)
{
	struct snd_interval *i =
		&p->intervals[n - SNDRV_PCM_HW_PARAM_FIRST_INTERVAL];

	i->min = v;
	i->max = v;
	i->integer = 1;
}

static int set_up(struct track *t)
{
	struct snd_pcm_hw_params p = { .rmask = ~0u };
	unsigned int n;

	for (n = SNDRV_PCM_HW_PARAM_FIRST_INTERVAL;
	     n <= SNDRV_PCM_HW_PARAM_LAST_INTERVAL; n++)
		p.intervals[n - SNDRV_PCM_HW_PARAM_FIRST_INTERVAL].max =
			UINT_MAX;
	set_mask(&p, SNDRV_PCM_HW_PARAM_ACCESS,
		 SNDRV_PCM_ACCESS_RW_INTERLEAVED);
	set_mask(&p, SNDRV_PCM_HW_PARAM_FORMAT, SNDRV_PCM_FORMAT_S16_LE);
	set_mask(&p, SNDRV_PCM_HW_PARAM_SUBFORMAT, SNDRV_PCM_SUBFORMAT_STD);
	set_interval(&p, SNDRV_PCM_HW_PARAM_CHANNELS, 1);
	set_interval(&p, SNDRV_PCM_HW_PARAM_RATE, rate);
	set_interval(&p, SNDRV_PCM_HW_PARAM_PERIOD_SIZE, period);
	set_interval(&p, SNDRV_PCM_HW_PARAM_PERIODS, RING / period);
	if (ioctl(t->fd, SNDRV_PCM_IOCTL_HW_PARAMS, &p)) {
		complain(t, "HW_PARAMS");
		return -1;
	}
	if (ioctl(t->fd, SNDRV_PCM_IOCTL_PREPARE)) {
		complain(t, "PREPARE");
		return -1;
	}
	return 0;
}

/* What the model's microphone hears: channel 0 400 Hz, each next 100 more */
static int sample(unsigned int channel, unsigned int n)
{
	double hz = 400 + 100 * channel;

	return 12000 * sin(6.283185307 * hz * n / rate);
}

static void compare(struct track *t, const int16_t *data, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		int expected = sample(t->channel, t->samples++);

		if (abs(data[i] - expected) <= 1)
			continue;
		if (!t->wrong++) {
			t->first_wrong = t->samples - 1;
			t->expected = expected;
			t->got = data[i];
		}
	}
}

static void *record(void *arg)
{
	struct track *t = arg;
	int16_t data[MAX_PERIOD];
	uint64_t begin;

	if (set_up(t))
		return NULL;
	pthread_barrier_wait(&all_ready);
	begin = now_us();
	if (ioctl(t->fd, SNDRV_PCM_IOCTL_START)) {
		complain(t, "START");
		return NULL;
	}
	t->start_us = now_us() - begin;
	while (t->samples < seconds * rate) {
		struct snd_xferi x = { .buf = data, .frames = period };

		if (ioctl(t->fd, SNDRV_PCM_IOCTL_READI_FRAMES, &x)) {
			complain(t, "READI_FRAMES");
			return NULL;
		}
		if (!t->samples)
			t->first_us = now_us() - begin;
		compare(t, data, x.result);
	}
	ioctl(t->fd, SNDRV_PCM_IOCTL_DROP);
	return NULL;
}

/* The kernel gives the channels one after the other. */
static int open_track(struct track *t)
{
	struct snd_pcm_info info = { 0 };

	t->fd = open("/dev/snd/pcmC0D0c", O_RDWR | O_CLOEXEC);
	if (t->fd < 0 || ioctl(t->fd, SNDRV_PCM_IOCTL_INFO, &info)) {
		perror("tw6869-sound: /dev/snd/pcmC0D0c");
		return -1;
	}
	t->channel = info.subdevice;
	return 0;
}

static bool report(const struct track *t)
{
	bool bad = t->wrong || t->why[0] || t->samples < seconds * rate;

	printf("channel %u: %s samples %u wrong %u start_us %u first_us %u",
	       t->channel, bad ? "BAD" : "good", t->samples, t->wrong,
	       t->start_us, t->first_us);
	if (t->wrong)
		printf(" sample %u is %d, not %d", t->first_wrong, t->got,
		       t->expected);
	printf("%s%s\n", t->why[0] ? " " : "", t->why);
	return !bad;
}

int main(int argc, char **argv)
{
	static struct track track[CHANNELS];
	pthread_t thread[CHANNELS];
	bool good = true;

	if (argc == 4) {
		seconds = strtoul(argv[1], NULL, 10);
		rate = strtoul(argv[2], NULL, 10);
		period = strtoul(argv[3], NULL, 10);
	}
	if (!seconds || !rate || !period || period > MAX_PERIOD) {
		fputs("usage: tw6869-sound SECONDS RATE PERIOD\n", stderr);
		return 2;
	}
	pthread_barrier_init(&all_ready, NULL, CHANNELS);
	for (int i = 0; i < CHANNELS; i++)
		if (open_track(&track[i]))
			return 1;
	for (int i = 0; i < CHANNELS; i++)
		if (pthread_create(&thread[i], NULL, record, &track[i]))
			return 1;
	for (int i = 0; i < CHANNELS; i++) {
		pthread_join(thread[i], NULL);
		good &= report(&track[i]);
	}
	return !good;
}
