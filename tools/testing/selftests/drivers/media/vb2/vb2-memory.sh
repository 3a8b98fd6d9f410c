#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Memory of vb2: prepares the machine and runs the vb2-memory-* programs.
#
# usage: vb2-memory.sh [--bits N] [PROGRAM]...
#
# Wants root, the modules in test_modules/ and, for the bus master's part, two of
# QEMU's "edu" devices whose dma_mask allows 64 bits, or N.

DIR=$(dirname "$(readlink -f "$0")")
# shellcheck source=/dev/null
. "$DIR/../../../kselftest/ktap_helpers.sh"

# load_test MODULE [PARAMETER]...: one of test_modules/
load_test()
{
	modprobe -q "$@" && return
	module=$1
	shift
	insmod "$DIR/test_modules/$module.ko" "$@"
}

# virtcap.0 to .2 export, .3 to .5 import, .6 to .8 are multi-planar: each time
# vmalloc, dma-contig, dma-sg
load()
{
	modprobe -q -r virtcap
	if ! modprobe virtcap n_devs=9 allocators=0,1,2,0,1,2,0,1,2 \
		multiplanar=0,0,0,0,0,0,1,1,1 pace=1,1,1,1,1,1,1,1,1 ||
	   ! modprobe vgem; then
		ktap_skip_all "needs the modules virtcap and vgem"
		exit "$KSFT_SKIP"
	fi
	if grep -qx '0x1234:0x11e8' <<-END
		$(for d in /sys/bus/pci/devices/*; do
			echo "$(cat "$d/vendor"):$(cat "$d/device")"
		  done)
		END
	then
		load_test vb2-memory-edu allocators=0,1 "dma_bits=$bits"
	fi
	load_test vb2-memory-unmapped
	mountpoint -q /sys/kernel/debug ||
		mount -t debugfs none /sys/kernel/debug
	echo 8 > /proc/sys/vm/nr_hugepages
}

# A file system that is not in memory, as USERPTR treats its files
disk()
{
	modprobe -q -a loop ext4
	truncate -s 8M "$work/disk" &&
	loop=$(losetup -f --show "$work/disk") &&
	{ mke2fs -q "$loop" || busybox mke2fs "$loop"; } > "$work/log" 2>&1 &&
	mkdir "$work/mnt" &&
	mount -t ext4 "$loop" "$work/mnt" &&
	export VB2_MEMORY_DISK="$work/mnt"
}

undo()
{
	[ -z "$VB2_MEMORY_DISK" ] || umount "$VB2_MEMORY_DISK"
	[ -z "$loop" ] || losetup -d "$loop"
	rm -rf "$work"
	echo 0 > /proc/sys/vm/nr_hugepages
	rmmod vb2_memory_unmapped vb2_memory_edu virtcap 2> /dev/null
}

bits=64
if [ "$1" = --bits ]; then
	bits=$2
	shift 2
fi
[ $# -gt 0 ] || set -- vb2-memory-matrix vb2-memory-userptr \
	vb2-memory-keep vb2-memory-dmabuf vb2-memory-lifetime \
	vb2-memory-unplug vb2-memory-faults vb2-memory-nth vb2-memory-reach vb2-memory-cgroup

ktap_print_header
work=$(mktemp -d)
loop=
load
trap undo EXIT
disk || ktap_print_msg "no disk: $(cat "$work/log")"
ktap_set_plan $#
for program; do
	# As it comes: a guest that dies must have told how far it got
	{
		"$DIR/$program"
		echo $? > "$work/status"
	} | sed -u 's/^/# /'
	read -r status < "$work/status"
	case $status in
	0)		ktap_test_pass "$program" ;;
	"$KSFT_SKIP")	ktap_test_skip "$program" ;;
	*)		ktap_test_fail "$program" ;;
	esac
done
ktap_finished
