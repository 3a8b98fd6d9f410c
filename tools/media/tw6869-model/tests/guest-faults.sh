# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# The sections of guest-tw6869 in which something goes wrong, or goes away: faults,
# unplug, errors of the bus, power.  Sourced, never run.

# shellcheck disable=SC2154
# fault CHANNEL COMMAND...: inject while all stream; only CHANNEL may suffer.  All
# others deliver each frame that their cameras sent, and no number is left out.
fault() {
	local ch=$1 out=/tmp/fault.log bad=0
	shift

	dmesg -C
	ctl clear
	# Without a signal there are no marks.
	$check --frames 60 --buffers 12 ${blind:+--blind "$ch"} \
		"${nodes[@]}" >$out 3>&- &
	all_stream
	if [ "$1" = blink ]; then blink "$ch"; else ctl "$@"; fi || bad=1
	wait $! || bad=1
	cat $out
	dmesg
	complete $out "$ch" late errors lost || bad=1
	return $bad
}

frames() {
	ctl counters | grep "frames.ch"
}

# Each channel has completed another frame.
all_stream() {
	local try

	frames >/tmp/frames.log
	for try in {1..50}; do
		sleep 0.1
		frames | grep -qxFf /tmp/frames.log || return 0
	done
}

# ... which must be told by one line of the log that matches
logged() {
	local n try

	# What it belongs to may still be going on.
	for try in 1 2 3 4 5; do
		n=$(dmesg | grep -c "$1")
		[ "$n" = 0 ] || break
		sleep 1
	done
	echo "$n lines match $1"
	[ "$n" = 1 ]
}

# One frame of channel 2, and it says so
damaged() {
	[ "$(value /dev/video2 errors /tmp/fault.log)" = 1 ]
}

# survive COMMAND...: what it does costs frames, of all channels, but no stream
survive() {
	local pid bad=0

	dmesg -C
	$check --frames 60 --buffers 6 "${nodes[@]}" >/tmp/fault.log 3>&- &
	pid=$!
	all_stream
	"$@" || bad=1
	wait $pid || bad=1
	cat /tmp/fault.log
	dmesg
	return $bad
}

# source_change COMMAND...: an event tells what COMMAND did to channel 6
source_change() {
	local pid bad=0

	v4l2-ctl -d /dev/video6 --wait-for-event source_change=0 \
		>/tmp/event 3>&- &
	pid=$!
	sleep 2
	ctl "$@" || bad=1
	timeout 5 tail --pid=$pid -f /dev/null || bad=1
	kill $pid 2>/dev/null
	cat /tmp/event
	return $bad
}

standard_changed() {
	source_change standard 6 pal && ctl standard 6 ntsc
}

signal_lost() {
	local bad=0

	source_change signal 6 off || bad=1
	v4l2-ctl -d /dev/video6 -I | tee /tmp/inputs
	ctl signal 6 on
	grep -q "no signal" /tmp/inputs || bad=1
	return $bad
}

# All that the chip can report of itself, in one memory model
faults() {
	result "$1: load" load "$1"
	result "$1: FIFO overflow hits one channel" fault 2 overflow 2
	result "$1: FIFO overflow is logged once" logged "FIFO overflow"
	result "$1: FIFO overflow damages one frame" damaged
	result "$1: pointer error hits one channel" fault 2 pointer 2
	result "$1: pointer error is logged once" logged "pointer error"
	result "$1: pointer error damages one frame" damaged
	result "$1: DMA timeout costs nothing" fault none timeout
	result "$1: DMA timeout is logged once" logged "DMA timeout"
	result "$1: a spurious interrupt costs nothing" fault none spurious
	result "$1: bad format costs nothing" fault none badformat 4
	blind=1
	result "$1: signal lost and found while streaming" fault 1 blink
	result "$1: a lost signal is logged once" logged "signal lost"
	result "$1: a found signal is logged once" logged "signal found"
	result "$1: another standard hits one channel" fault 3 standard 3 pal
	result "$1: another standard is logged once" logged "50 Hz signal"
	result "$1: the old standard is back" fault 3 standard 3 ntsc
	result "$1: lost interrupts hit one channel" fault 3 lost 3 5
	blind=
	result "$1: a lost interrupt is a gap" gap 1
	result "$1: so are five in a row" gap 5
	result "$1: a stalled channel is started afresh" \
		alone lost 3 20
	result "$1: a stall is logged once" logged "no frames"
	result "$1: late stop" late_stop
	result "$1: a machine that stands still costs nothing" stood_still
	result "$1: a reset behind our back is survived" survive ctl reset
	result "$1: a reset is logged once" logged "the chip was reset"
	result "$1: the model saw nothing wrong" zero unmapped_accesses \
		refused_writes sg_errors revived
}

section_faults() {
	local mode

	tell_time

	for mode in $modes; do
		faults "$mode"
		[ "$mode" != dma-sg ] || events
		result "$mode: unload" unload
	done
	result "interrupts while the driver is loaded" load_under_fire
}

# They have nothing to do with memory.
events() {
	result "loss of signal is an event" signal_lost
	result "another standard is an event" standard_changed
	result "bad format is an event" source_change badformat 6
	# QEMU has its own opinion how long one may wait for a device.
	result "a board that is slow to answer is not gone" \
		survive ctl standstill 6000 chip
}

# gap FRAMES: so many interrupts of channel 3 are lost, and so many numbers left
# out
gap() {
	alone lost 3 "$1" && complete /tmp/fault.log none late &&
		[ "$(value /dev/video3 lost /tmp/fault.log)" = "$1" ]
}

# alone COMMAND...: inject while only channel 3 streams
alone() {
	local bad=0

	dmesg -C
	ctl clear
	$check --frames 60 --buffers 12 --channel 3 /dev/video3 \
		>/tmp/fault.log 3>&- &
	sleep 0.5
	ctl "$@" || bad=1
	wait $! || bad=1
	cat /tmp/fault.log
	dmesg
	return $bad
}

# From the first moment, when there are no nodes yet, and with news of one
load_under_fire() {
	local i pid bad=0

	open_control
	ctl signal 7 off
	touch /tmp/fire
	while [ -e /tmp/fire ]; do
		# Only what is not pending yet makes an interrupt.
		for i in 0 1 2 3 4 5 6; do
			ctl overflow $i
			ctl pointer $i
		done
	done &
	pid=$!
	for i in 1 2 3 4 5; do
		modprobe tw6869 || bad=1
		rmmod tw6869 || bad=1
	done
	rm /tmp/fire
	wait $pid
	ctl signal 7 on
	exec 3>&-
	return $bad
}

# The guest's clock goes on; neither anything else in the guest nor the chip does.
stand_still() {
	chrt -f 99 bash -c 'end=$((${EPOCHREALTIME/./} + 700000))
		while [ ${EPOCHREALTIME/./} -lt $end ]; do :; done'
}

stood_still() {
	survive stand_still && undamaged && ! dmesg | grep "no frames"
}

blink() {
	ctl signal "$1" off
	sleep 0.5
	ctl signal "$1" on
}

# The chip writes on after its stop: into the spare, nowhere else.
late_stop() {
	local bad=0

	ctl late-stop-us 5000
	$check --frames 5 --rounds 3 "${nodes[@]}" || bad=1
	ctl counters | grep writes_after_stop
	zero writes_after_stop && bad=1
	ctl late-stop-us 0
	return $bad
}

section_unplug() {
	local i n pci

	n=$(times 3 50)
	result "unplug: load" load dma-sg
	pci=$(basename "$(readlink -f /sys/class/video4linux/video0/device)")
	for i in $(seq "$n"); do
		result "unplug $i: readers return with ENODEV" unplug_once "$pci"
		result "unplug $i: eight channels after replug" $check \
			--frames 5 "${nodes[@]}"
	done
	result "unplug: unload" unload
}

# A file that somebody holds open keeps its driver's memory.
unplug_once() {
	local out=/tmp/gone.log before after sound readers remover bad=0

	arecord -q -D hw:0,0,1 -f S16_LE -c 1 -r 48000 -d 60 /tmp/gone.wav 3>&- &
	sound=$!
	$check --until-gone --any-frame "${nodes[@]}" >$out 3>&- &
	readers=$!
	sleep 1
	exec 4</dev/snd/controlC0
	before=$(awk '{ printf "%d", $1 * 1000 }' /proc/uptime)
	ctl remove || return 1
	timeout 5 tail --pid=$readers -f /dev/null || bad=1
	after=$(awk '{ printf "%d", $1 * 1000 }' /proc/uptime)
	cat $out
	awk -v before="$before" '{ print "returned after", $NF - before, "ms" }' $out
	echo "all back after $((after - before)) ms"
	# Sanitizers execute several instructions for one.
	awk -v before="$before" -v limit=$((100 * SLOWER)) \
		'$NF - before > limit { bad = 1 }
		END { exit bad || NR != 8 }' $out || bad=1
	timeout 5 tail --pid=$sound -f /dev/null || bad=1
	echo 1 >"/sys/bus/pci/devices/$1/remove" 4<&- &
	remover=$!
	sleep 0.5
	[ ! -e /dev/video0 ] || bad=1
	if ! kill -0 $remover; then
		echo "the driver did not wait for the card's last file"
		bad=1
	fi
	exec 4<&-
	wait $remover || bad=1
	ctl insert || bad=1
	echo 1 >/sys/bus/pci/rescan
	[ -e /dev/video7 ] || bad=1
	[ -z "$told" ] || tell_time
	return $bad
}

runtime_pm() {
	local dev=/sys/class/video4linux/video0/device

	echo auto >$dev/power/control
	# A board that is told the time does not sleep.  It shall see that it has
	# rested before.
	sleep 0.2
	[ -z "$told" ] || kill "$teller"
	sleep 3
	cat $dev/power/runtime_status
	grep -q suspended $dev/power/runtime_status || return 1
	[ -z "$told" ] || tell_time
	$check --frames 10 "${nodes[@]}"
}

section_power() {
	result "power: load" load dma-sg
	result "power: sleeps when idle, wakes for a stream" runtime_pm
	result "power: unload" unload
}

# The guest's root does not survive a system sleep: whatever runs afterwards is
# in memory, this shell too, and the result goes to the kernel log.
section_sleep() {
	modprobe tw6869
	cp $check "$(command -v busybox)" /tmp
	cat >/tmp/sleep <<-END
	/tmp/tw6869-check --frames 90 --timeout 20000 ${nodes[*]} >/tmp/out 2>&1 &
	/tmp/busybox sleep 1
	echo devices >/sys/power/pm_test
	echo freeze >/sys/power/state
	wait
	while read -r line; do echo "sleep: \$line" >/dev/kmsg; done </tmp/out
	echo o >/proc/sysrq-trigger; /tmp/busybox sleep 9
	END
	exec /tmp/busybox sh /tmp/sleep
}

# bus_error PORT ERROR: the port above the board reports an error.  After a
# fatal one the kernel resets all that is below.
bus_error() {
	local port=$1 error='\0\x40\0\0' rest
	[ "$2" != fatal ] || error='\x10\0\0\0'

	# Bus, device, function; the error's bit in the port's register
	rest=$(printf '\\0%.0s' {1..20})
	printf "\\x${port:5:2}\\x${port:8:2}\\x${port:11}\\0$error%b" "$rest" \
		>/dev/aer_inject
}

undamaged() {
	local i

	for i in 0 1 2 3 4 5 6 7; do
		[ "$(value "/dev/video$i" errors /tmp/fault.log)" = 0 ] ||
			return 1
	done
}

# The board is deaf, but may still be the bus's master as $2 says: before the
# readers get their buffers back it must not.
deaf() {
	local out=/tmp/gone.log bad=0

	dmesg -C
	$check --until-gone --any-frame "${nodes[@]}" >$out 3>&- &
	sleep 1
	printf "\\$2\0" | dd of="$1/config" bs=1 seek=4 conv=notrunc status=none
	timeout 10 tail --pid=$! -f /dev/null || bad=1
	cat $out
	# That would return buffers to which it may still write.
	dmesg | grep "the chip was reset" && bad=1
	[ ! -e /dev/video0 ] || bad=1
	od -A n -t x1 -j 4 -N 1 "$1/config" | grep ' 00' || bad=1
	return $bad
}

section_errors() {
	local dev port i

	modprobe aer_inject
	tell_time
	result "errors: load" load dma-sg
	dev=$(readlink -f /sys/class/video4linux/video0/device)
	port=$(basename "$(dirname "$dev")")
	result "a bus error while eight channels stream" survive \
		bus_error "$port" recoverable
	result "a bus error is reported" logged "device recovery successful"
	result "a bus error costs nothing" undamaged
	# The second time the board has slept before.
	for i in 1 2; do
		result "fatal bus error $i while eight channels stream" \
			survive bus_error "$port" fatal
		result "fatal bus error $i: the board was reset" \
			logged "device recovery successful"
		result "fatal bus error $i: eight channels anew" $check \
			--frames 10 "${nodes[@]}"
		result "fatal bus error $i: runtime suspend" runtime_pm
	done
	result "errors: the model saw nothing wrong" harmless
	result "errors: a deaf board is given up" deaf "$dev" 0
	result "errors: unload" unload
	result "errors: load once more" load dma-sg
	result "errors: a deaf board that writes is stopped" deaf "$dev" 4
	result "errors: unload once more" unload
}

# The guest is switched off while eight channels stream: the host looks at
# what the chip did then.
section_shutdown() {
	result "shutdown: load" load dma-sg
	$check --frames 100000 "${nodes[@]}" >/dev/null 2>&1 3>&- &
	sleep 1
	result "shutdown: the channels run" running
}

running() {
	ctl state | grep -c "running 1 "
}

# next_system DIR: what a kernel needs to stream with nothing else
next_system() {
	local n=100 word path

	mkdir -p "$1"/{proc,sys,dev}
	modprobe --show-depends tw6869 >/tmp/modules
	while read -r word path _; do
		[ "$word" = insmod ] || continue
		n=$((n + 1))
		case $path in
		*.xz)	xzcat "$path" >"$1/$n.ko" ;;
		*)	cp "$path" "$1/$n.ko" ;;
		esac
	done </tmp/modules
	cp "$(command -v busybox)" "$1/busybox"
	cp $check "$1/check"
	cat >"$1/init" <<-END
	#!/busybox sh
	/busybox mount -t proc none /proc
	/busybox mount -t sysfs none /sys
	/busybox mount -t devtmpfs none /dev
	for module in /*.ko; do /busybox insmod \$module; done
	/check --frames 10 --timeout 20000 ${nodes[*]} 2>&1 |
		while read -r line; do echo "kexec: \$line" >/dev/kmsg; done
	/busybox poweroff -f
	END
	chmod +x "$1/init"
	(cd "$1" && find . | cpio --quiet -o -H newc) >/tmp/next.cpio
}

load_kernel() {
	python3 - "/boot/vmlinuz-$(uname -r)" /tmp/next.cpio \
		"$(sed 's/ init=[^ ]*//' /proc/cmdline)" <<-END
	import ctypes, os, sys
	kernel, ramfs = (os.open(name, os.O_RDONLY) for name in sys.argv[1:3])
	line = sys.argv[3].encode()
	libc = ctypes.CDLL(None, use_errno=True)
	# kexec_file_load
	if libc.syscall(320, kernel, ramfs, ctypes.c_long(len(line) + 1), line, 0):
	    sys.exit(os.strerror(ctypes.get_errno()))
	END
}

# Another kernel takes over while eight channels stream.  The chip must be quiet
# by then, and work for the other one.
section_kexec() {
	result "kexec: load" load dma-sg
	result "kexec: a system to go on with" next_system /tmp/next
	result "kexec: load a kernel" load_kernel
	$check --frames 100000 "${nodes[@]}" >/dev/null 2>&1 3>&- &
	sleep 1
	result "kexec: the channels run" running
	python3 -c 'import ctypes; ctypes.CDLL(None).reboot(0x45584543)'
}
