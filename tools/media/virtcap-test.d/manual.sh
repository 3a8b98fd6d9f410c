# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# The part "manual" of virtcap-test: what the manual of virtcap promises.

MANUAL=$(dirname "$0")/../../Documentation/admin-guide/media/virtcap.rst

# example NR: the NRth block of commands in the manual, as it stands there
example() {
	awk -v nr="$1" '
		/^\t/ && inside	{ if (n == nr) print substr($0, 2) }
		/^[^\t]/		{ inside = 0 }
		/::$/ && !/^\.\./	{ inside = 1; n++ }' "$MANUAL" |
		sed -e 's/^\$ //' -e 's/ *# fails: EINVAL/ 2>\&1 | grep "Invalid argument"/'
}

# Nothing may go on afterwards but what the manual lets go on.
works() {
	unload || return 1
	grep -q modprobe <<<"$1" || modprobe virtcap || return 1
	timeout 120 bash -c "set -ex
		trap 'kill \$(jobs -p) 2>/dev/null || :; wait' EXIT
		$1
		sleep 2
		! jobs -r | grep -v gst-launch"
}

# Every parameter, file and control is named in the manual.
complete() {
	local name words missing=0
	words=_$(tr -cs '[:alnum:]' _ <"$MANUAL" | tr '[:upper:]' '[:lower:]')_
	for name in $(modinfo -F parm virtcap | sed 's/:.*//') \
		$(ls "$DEBUGFS/virtcap.0/capture") \
		$(v4l2-ctl -d "$(node 0 capture)" -l |
			sed -n 's/^ *\([a-z0-9_]*\) 0x.*/\1/p'); do
		name=${name#test_}
		[[ $words == *_${name}_* ]] && continue
		echo "the manual does not know $name"
		missing=1
	done
	return $missing
}

test_manual() {
	local nr text
	for ((nr = 1; ; nr++)); do
		text=$(example $nr)
		[ -n "$text" ] || break
		check "manual: example $nr: ${text%%$'\n'*}" works "$text"
	done
	check "manual: has examples" [ $nr -gt 5 ]
	check "load: faults=1" load faults=1
	check "manual: has every parameter, control and file" complete
}
