# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# The part "attributes" of virtcap-test: faults by the kernel's fault attributes, which
# only kernels with fault injection have.

# fails NAME TIMES [EACH]: each so-many-th does (1), so many times
fails() {
	local dir=$DEBUGFS/virtcap.0/$1
	echo 0 >"$dir/verbose" && echo "${3-1}" >"$dir/interval" &&
		echo "$2" >"$dir/times" && echo 100 >"$dir/probability"
}

# with_attribute FAULT TIMES EACH COMMAND...: no fault is left afterwards
with_attribute() {
	local fault=$1 ret
	fails "capture/fault_$fault" "$2" "$3" || return
	shift 3
	"$@"
	ret=$?
	echo 0 >"$DEBUGFS/virtcap.0/capture/fault_$fault/probability"
	return $ret
}

refuses() {
	frames -d "$1" -n 5
	[ $? = 2 ] && frames -d "$1" -n 5
}

# The first frame makes it so, and so it stays.
held() {
	holds "$1" && says 1 cat "$DEBUGFS/virtcap.0/capture/hold" &&
		set_debugfs 0 capture/hold 0 && frames -d "$1" -n 5
}

# Nothing is lost, but five frames come after the next one.
overtaken() {
	local log=$TMP/overtaken
	timeout 20 v4l2-ctl -d "$1" --stream-mmap=8 --stream-count=30 --verbose \
		>"$log" 2>&1
	sed -n 's/.*dqbuf: .* seq: *\([0-9]*\) .*/\1/p' "$log" | tee "$log.seq"
	[ "$(awk 'NR > 1 && $1 < last { n++ } { last = $1 } END { print n }' \
		"$log.seq")" = 5 ] &&
		sort -n "$log.seq" | awk '$1 != NR - 1 { exit 1 }'
}

# comes_late NODE: each frame one later, so the first two at once
comes_late() {
	set_debugfs 0 capture/pace 2
	v4l2-ctl -d "$1" --stream-mmap=8 --stream-count=5 --verbose >"$TMP/late" 2>&1 &
	sleep 1
	set_debugfs 0 capture/step 5
	sleep 0.5
	cat "$TMP/late"
	says "^4$" grep -ac dqbuf "$TMP/late" || return 1
	set_debugfs 0 capture/step 1
	wait $!
	set_debugfs 0 capture/pace 1
}

test_attributes() {
	local cap fault
	check "load" load
	if ! [ -d "$DEBUGFS/virtcap.0/fault_disconnect" ]; then
		skip "attributes" "no fault injection in this kernel"
		return
	fi
	cap=$(node 0 capture)
	set_debugfs 0 capture/pace 1
	for fault in fail_queue_setup fail_buf_prepare fail_start_streaming; do
		check "attribute: $fault" with_attribute $fault 1 1 refuses "$cap"
	done
	check "attribute: torn" with_attribute torn_frames 2 3 frames -d "$cap" -x torn
	check "attribute: stale" with_attribute stale_frames 2 3 \
		frames -d "$cap" -x stale -x lost
	check "attribute: repeated" with_attribute repeated_frames 2 3 \
		frames -d "$cap" -x repeated -x lost
	check "attribute: dropped" with_attribute drop_percent 2 3 \
		frames -d "$cap" -x lost
	check "attribute: error" with_attribute error_percent 2 3 \
		frames -d "$cap" -x error -x lost
	v4l2-ctl -d "$cap" -c frame_identity=0
	check "attribute: out of order" with_attribute reorder 5 3 overtaken "$cap"
	check "attribute: late" with_attribute complete_late -1 1 comes_late "$cap"
	check "attribute: hold" with_attribute hold 1 1 held "$cap"
	check "attribute: gone" frames -d "$cap"
	check "attribute: disconnect" disconnects "$cap" fails fault_disconnect 1
}
