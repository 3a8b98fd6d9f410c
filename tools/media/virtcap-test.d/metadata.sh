# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# The part "metadata" of virtcap-test: what is in it is what is in the frames.

SIZE=$((160 * 120 * 2))
META_SIZE=48

# number FILE OFFSET SIZE: little endian
number() {
	od -An -v "-tu$3" -j "$2" -N "$3" "$1" | tr -d ' '
}

# Pictures 0 to 5 and the metadata of two frames before them, of 0 to 4, of one
# that is lost, and of 5, each made when it is asked for
record() {
	local meta_pid cap_pid
	set_debugfs 0 capture/pace 2
	timeout 60 v4l2-ctl -d "$2" --stream-mmap=12 --stream-count=9 \
		"--stream-to=$TMP/meta" &
	meta_pid=$!
	sleep 1
	set_debugfs 0 capture/step 2
	timeout 60 v4l2-ctl -d "$1" --stream-mmap=8 --stream-count=6 \
		"--stream-to=$TMP/pictures" &
	cap_pid=$!
	sleep 1
	set_debugfs 0 capture/step 5
	set_debugfs 0 capture/drop_percent 100
	set_debugfs 0 capture/step 1
	set_debugfs 0 capture/drop_percent 0
	set_debugfs 0 capture/step 1
	wait $cap_pid && wait $meta_pid
	ls -l "$TMP"
	[ "$(stat -c %s "$TMP/pictures" "$TMP/meta" | tr '\n' ' ')" = \
		"$((6 * SIZE)) $((9 * META_SIZE)) " ]
}

# same WHAT GOT WANTED
same() {
	[ "$2" = "$3" ] || { echo "$1 is $2, not $3"; return 1; }
}

# describes META PICTURE: sequence and time of the identity; statistics of bytes
describes() {
	local at=$(($1 * META_SIZE)) picture=$(($2 * SIZE)) i got=() bad=0
	same sequence "$(number "$TMP/meta" $((at + 8)) 4)" \
		"$(number "$TMP/pictures" $((picture + 8)) 4)" || bad=1
	same sequence "$(number "$TMP/meta" $((at + 8)) 4)" "$3" || bad=1
	same time "$(number "$TMP/meta" $((at + 16)) 8)" \
		"$(number "$TMP/pictures" $((picture + 16)) 8)" || bad=1
	for i in 24 28 32 12 36; do
		got+=("$(number "$TMP/meta" $((at + i)) 4)")
	done
	same "width, height, format, field, lost" "${got[*]}" \
		"160 120 $((0x56595559)) 1 $4" || bad=1
	got=("$(number "$TMP/meta" $((at + 6)) 2)")
	for i in 40 41 42; do
		got+=("$(number "$TMP/meta" $((at + i)) 1)")
	done
	same "samples, minimum, maximum, mean" "${got[*]}" \
		"$(od -An -v -tu1 -w1 -j $picture -N $SIZE "$TMP/pictures" | awk '
			NR % 251 != 1 { next }
			!n || $1 < min { min = $1 + 0 }
			$1 > max { max = $1 + 0 }
			{ n++; sum += $1 }
			END { print n, min, max, int(sum / n) }')" || bad=1
	return $bad
}

# empty META SEQUENCE LOST: no picture, no statistics
empty() {
	local at=$(($1 * META_SIZE)) i got=()
	for i in 8 36 24 28 32; do
		got+=("$(number "$TMP/meta" $((at + i)) 4)")
	done
	same "sequence, lost, width, height, format" "${got[*]}" "$2 $3 0 0 0" &&
		same samples "$(number "$TMP/meta" $((at + 6)) 2)" 0
}

test_metadata() {
	local cap i
	check "load" load
	cap=$(node 0 capture)
	v4l2-ctl -d "$cap" -v width=160,height=120,pixelformat=YUYV \
		-c frame_identity=1,pattern_movement=6
	check "metadata: recorded with pictures" record "$cap" "$(node 0 metadata)"
	for i in 0 1; do
		check "metadata: frame $i, not captured" empty $i $i 0
	done
	for i in 0 1 2 3 4; do
		check "metadata: of picture $i" describes $((i + 2)) $i $i 0
	done
	check "metadata: of a lost frame" empty 7 7 1
	check "metadata: of the picture after it" describes 8 5 6 1
}
