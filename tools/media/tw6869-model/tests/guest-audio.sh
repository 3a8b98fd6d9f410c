# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# The section of guest-tw6869 that listens.  Sourced, never run.

# shellcheck disable=SC2154,SC2034
record() {
	arecord -q -D hw:0,0,"$1" -f S16_LE -c 1 -r 48000 -d 1 \
		--period-size=1024 --buffer-size=32768 "/tmp/a$1.wav" &&
		[ "$(stat -c %s "/tmp/a$1.wav")" -ge 96000 ]
}

# Interrupts are 5 ms apart.
short_period() {
	local bad=0

	arecord -q -D hw:0,0,2 -f S16_LE -c 1 -r 48000 -d 3 \
		--period-size=128 --buffer-size=4096 /tmp/a2.wav 3>&- &
	sleep 1
	cat /proc/asound/card0/pcm0c/sub2/hw_params >/tmp/a2.params
	wait $! || bad=1
	cat /tmp/a2.params
	awk '$1 == "period_size:" && $2 > 240 { good = 1 }
		END { exit !good }' /tmp/a2.params || bad=1
	return $bad
}

# heard SECONDS RATE PERIOD: each sample of each channel
heard() {
	$sound "$@" >/tmp/sound.log 3>&- && cat /tmp/sound.log && return 0
	cat /tmp/sound.log
	return 1
}

# The first period of 21 ms comes when the chip has filled it, on all channels.
at_once() {
	heard 1 48000 1024 || return 1
	awk '$10 != "first_us" || $11 > 45000 { bad = 1 }
		END { exit bad || NR != 8 }' /tmp/sound.log
}

# Sound is none the worse for pictures, nor they for it, nor one for the faults
# of the other.
beside_video() {
	local bad=0 sound_pid

	heard 2 48000 2048 >/tmp/heard.log &
	sound_pid=$!
	fault 2 overflow 2 || bad=1
	wait $sound_pid || bad=1
	cat /tmp/heard.log
	return $bad
}

section_audio() {
	tell_time
	result "audio: load" load dma-sg
	result "audio: it starts at once" at_once
	result "audio: eight channels at once, each sample" heard 2 48000 1024
	result "audio: eight channels at 8 kHz" heard 1 8000 512
	result "audio: eight channels beside eight of video" beside_video
	result "audio: arecord" record 7
	result "audio: no period is shorter than what an interrupt takes" \
		short_period
	result "audio: the model saw nothing wrong" zero unmapped_accesses \
		refused_writes revived
	result "audio: unload" unload
}
