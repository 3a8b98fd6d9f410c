# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# The part "formats" of virtcap-test: every node, every format, and their contents.

# Of formats with more than 8 bits, those of which v4l2-compliance thinks that all is
# blue: the same with 8 bits, bytes of a sample, and by how many bits it is wider.
WIDE=(Y210:YUYV:2:8 Y212:YUYV:2:8 B312:BGR3:2:8 B412:AR24:2:8
	BG10:BA81:2:2 GB10:GBRG:2:2 BA10:GRBG:2:2 RG10:RGGB:2:2
	BG12:BA81:2:4 GB12:GBRG:2:4 BA12:GRBG:2:4 RG12:RGGB:2:4)
# Those with planes in memory of their own, and the same with all in one
PLANES=(NM12:NV12:1:0 NM21:NV21:1:0 NM16:NV16:1:0 NM61:NV61:1:0 YM12:YU12:1:0
	YM21:YV12:1:0 YM16:422P:1:0)

# Is red what it should be, but for those that are compared below?
all_red() {
	local line wide=" ${WIDE[*]%%:*} " bad=0
	v4l2-compliance -C never -P -d "$1" -c color=red,skip=0,perc=90 >"$TMP/red" 2>&1
	while read -r line; do
		[[ $wide == *" $line "* ]] && continue
		echo "$line is not red"
		bad=1
	done < <(sed -n 's/.*test 90% red for format \(.*\): FAIL.*/\1/p' "$TMP/red")
	grep -c "red for format .*: OK" "$TMP/red" || bad=1
	return $bad
}

# samples NODE FORMAT BYTES SHIFT: those of a frame, in 8 bits
samples() {
	rm -f "$TMP/frame"
	v4l2-ctl -d "$1" -v "width=160,height=120,pixelformat=$2" --stream-mmap \
		--stream-count=1 "--stream-to=$TMP/frame" >/dev/null 2>&1 &&
		od -An -v "-tu$3" "-w$3" "$TMP/frame" | awk -v n="$4" '
			{ print int($1 / 2 ^ n) }
			END { exit NR < 160 * 120 }'
}

# same_picture NODE FORMAT LIKE BYTES SHIFT
same_picture() {
	samples "$1" "$2" "$4" "$5" >"$TMP/this" && samples "$1" "$3" 1 0 >"$TMP/like" &&
		cmp "$TMP/this" "$TMP/like"
}

# Each node in all its ways: all I/O, inputs, and one second of each format at each
# size, rate and field order, with and without longer lines. Frames need not be drawn
# anew for that: the driver does not wait, and draws once per buffer.
everything() {
	local cap out like all=(-s -f -a)

	cap=$(node 0 capture) out=$(node 0 output)
	# 640x480: a frame of HDMI is to be contiguous, with 64 bits a pixel as well.
	v4l2-ctl -d "$cap" -i 2 --set-dv-bt-timings index=0
	v4l2-ctl -d "$out" -x width=640,height=360,pixelformat=XB24
	compliance "$1: all of capture" -d "$cap" -e "$out" "${all[@]}"
	compliance "$1: all of metadata" -d "$(node 0 metadata)" -e "$out" "${all[@]}"
	v4l2-ctl -d "$cap" -i 3 -v width=640,height=360,pixelformat=XB24
	compliance "$1: all of output" -d "$out" -e "$cap" "${all[@]}"
	v4l2-ctl -d "$cap" -i 3 -c test_pattern=0
	for like in "${WIDE[@]}"; do
		# shellcheck disable=SC2086
		check "formats: $1: ${like%%:*} shows the same" same_picture "$cap" ${like//:/ }
	done
	# For colours, v4l2-compliance calls DQBUF without an array of planes.
	if [[ $1 == multi* ]]; then
		for like in "${PLANES[@]}"; do
			# shellcheck disable=SC2086
			check "formats: $1: ${like%%:*} shows the same" \
				same_picture "$cap" ${like//:/ }
		done
	else
		v4l2-ctl -d "$cap" -i 2 -c test_pattern=7
		check "formats: $1: all are red" all_red "$cap"
	fi
}

# Nine tenths of the time would go to sizes above 640x360.
test_formats() {
	for_each_instance everything "single-planar vmalloc:0:0:640" \
		"single-planar dma-contig:0:1:640" "single-planar dma-sg:0:2:640" \
		"multi-planar vmalloc:1:0:640" "multi-planar dma-contig:1:1:640" \
		"multi-planar dma-sg:1:2:640"
}

