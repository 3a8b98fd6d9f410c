# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Paths and small helpers that every tool of the laboratory shares.
# Sourced, never run.

# The variables below are for the scripts that source this file.
# shellcheck disable=SC2034
TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
LAB=$TOP/tools/lab
BUILD=$TOP/build
OUT=$TOP/out
ROOT=$BUILD/root
STAMPS=$BUILD/stamps
# Where the project appears inside the root, whatever its path outside.
INSIDE=/project
# Several checkouts may share a root by a link, which leads nowhere inside.
[ "$TOP" != "$INSIDE" ] || ROOT=/
# The kernel source that everything is compiled from, seen inside the root.
TREE=${LAB_TREE:-/usr/src/linux-source-6.12}

say() {
	printf '%s\n' "$*" >&2
}

die() {
	say "${0##*/}: $*"
	exit 1
}

# Everything that boots or compiles happens in a chroot, which only root may
# enter.
need_root() {
	[ "$(id -u)" -eq 0 ] ||
		die "must run as root (it enters a chroot); try: sudo $0 $*"
}

# kernel_release stock|debug: what uname -r says in that kernel.
kernel_release() {
	local image

	if [ "$1" = debug ]; then
		cat "$BUILD/kernel-debug/include/config/kernel.release" 2>/dev/null ||
			die "there is no debug kernel yet; run: make kernel-debug"
		return
	fi
	for image in "$ROOT"/boot/vmlinuz-6.12.*; do
		[ -e "$image" ] || break
		printf '%s\n' "${image##*/vmlinuz-}"
		return
	done
	die "no kernel in the root; run: make setup"
}

# lock NAME: only one run of this kind at a time; others wait and say so.
lock() {
	mkdir -p "$BUILD"
	exec {lock_fd}>"$BUILD/.lock-$1"
	if ! flock -n "$lock_fd"; then
		say "waiting for another run of '$1' to finish"
		flock "$lock_fd"
	fi
}

# enter_root "$@": go on inside the root with this same script; returns when
# already there.
enter_root() {
	[ "$TOP" != "$INSIDE" ] || return 0
	"$LAB/setup"
	need_root "$@"
	exec "$LAB/in-root" -- "$INSIDE/tools/lab/${0##*/}" "$@"
}

# kernel_dir stock|debug|here: what modules are compiled against, inside the
# root; here is for tools/lab/install-dev, outside.
kernel_dir() {
	case $1 in
	debug)	printf '%s\n' "$BUILD/kernel-debug" ;;
	here)	printf '/lib/modules/%s/build\n' "$LAB_RELEASE" ;;
	*)	printf '/lib/modules/%s/build\n' "$(kernel_release stock)" ;;
	esac
}
