# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# The part "inputs" of virtcap-test: what arrives is noticed, and shown as asked.

says() {
	local want=$1
	shift
	"$@" 2>&1 | tee "$TMP/says"
	grep -q -- "$want" "$TMP/says"
}

# Two of each, and both of a frame have its number
fields() {
	v4l2-ctl -d "$1" --stream-mmap --stream-count=4 --verbose >"$TMP/fields" 2>&1
	cat "$TMP/fields"
	[ "$(sed -n 's/.*dqbuf: . seq: *\([0-9]*\) .* field: \(Top\|Bottom\) .*/\1\2/p' \
		"$TMP/fields" | tr '\n' ' ')" = "0Top 0Bottom 1Top 1Bottom " ]
}

# source_change NODE ARGUMENT OF v4l2-ctl...: which is to raise the HDMI's event
source_change() {
	v4l2-ctl -d "$1" --wait-for-event=source_change=2 >"$TMP/event" 2>&1 &
	sleep 1
	v4l2-ctl -d "$@"
	sleep 1
	kill $! 2>/dev/null && { echo "no event came"; return 1; }
	return 0
}

# Nothing but the webcam's sizes has rates; the last is more than a product holds.
rates() {
	local size
	for size in 641x360 65536x65536 4294967295x4294967295; do
		v4l2-ctl -d "$1" --list-frameintervals \
			"width=${size%x*},height=${size#*x},pixelformat=YUYV"
	done >"$TMP/rates"
	cat "$TMP/rates"
	! grep Interval: "$TMP/rates" &&
		v4l2-ctl -d "$1" --list-frameintervals \
			width=640,height=360,pixelformat=YUYV | grep "240.000 fps"
}

# selections NODE: both rectangles
selections() {
	v4l2-ctl -d "$1" --get-selection target=crop --get-selection target=compose
}

# refused NODE SELECTION: its flags cannot be obeyed; nothing has changed then
refused() {
	local before after
	before=$(selections "$1")
	says "out of range" v4l2-ctl -d "$1" --set-selection "$2" || return 1
	after=$(selections "$1")
	echo "$after"
	[ "$before" = "$after" ]
}

# Scaling has limits: by 4 in either direction
test_selections() {
	local cap=$1
	check "inputs: crop" says "Width 640, Height 360" sh -c \
		"v4l2-ctl -d $cap --set-selection target=crop,left=0,top=0,width=640,height=360 &&
		v4l2-ctl -d $cap --get-selection target=crop"
	check "inputs: composed smaller than possible" refused "$cap" \
		target=compose,flags=le,width=100,height=80
	v4l2-ctl -d "$cap" -v width=160,height=120
	check "inputs: cropped larger than possible" refused "$cap" \
		target=crop,flags=ge,width=1280,height=720
	v4l2-ctl -d "$cap" -v width=1920,height=1080
	v4l2-ctl -d "$cap" --set-selection target=crop,width=320,height=180
	check "inputs: composed larger than possible" refused "$cap" \
		target=compose,flags=ge,width=1920,height=1080
	check "inputs: composed as large as possible" says "Width 1280, Height 720" \
		v4l2-ctl -d "$cap" --set-selection \
		target=compose,flags=le,width=1920,height=1080 \
		--get-selection target=compose
	set_debugfs 0 capture/pace 1
	check "inputs: scaled frames are whole" frames -d "$cap" -n 10
}

# Without an EDID the source sees nobody who listens.
test_edid() {
	local cap=$1
	check "inputs: no EDID any more is a source change" \
		source_change "$cap" --clear-edid=2
	check "inputs: without an EDID" says "Link has been severed" \
		v4l2-ctl -d "$cap" --query-dv-timings
	check "inputs: without an EDID there is no signal" says "no signal" \
		v4l2-ctl -d "$cap" --get-input --list-inputs
	check "inputs: an EDID is a source change" \
		source_change "$cap" --set-edid pad=2,type=hdmi
	check "inputs: with an EDID" says "Active height: 1080" \
		v4l2-ctl -d "$cap" --query-dv-timings
	check "inputs: the EDID is that one" says "31 d8 34 12" \
		v4l2-ctl -d "$cap" --get-edid pad=2,format=hex
}

test_inputs() {
	local cap
	check "load" load
	cap=$(node 0 capture)
	check "inputs: rates of the webcam" rates "$cap"
	v4l2-ctl -d "$cap" -v width=160,height=120 -p 240
	v4l2-ctl -d "$cap" -v width=7680,height=4320
	check "inputs: the rate of a size that is too large for it" says \
		"30.000 (30/1)" v4l2-ctl -d "$cap" -P
	v4l2-ctl -d "$cap" -i 1
	check "inputs: PAL size" says "720/576" v4l2-ctl -d "$cap" -V
	check "inputs: NTSC" v4l2-ctl -d "$cap" -s ntsc
	check "inputs: NTSC size" says "720/480" v4l2-ctl -d "$cap" -V
	v4l2-ctl -d "$cap" -v field=alternate
	check "inputs: fields alternate" fields "$cap"
	v4l2-ctl -d "$cap" -c tv_signal=3
	check "inputs: PAL is detected" says "PAL" v4l2-ctl -d "$cap" --get-detected-standard
	v4l2-ctl -d "$cap" -i 2
	check "inputs: source change" source_change "$cap" -c hdmi_signal=4
	check "inputs: timings are detected" says "Active height: 1080" \
		v4l2-ctl -d "$cap" --query-dv-timings
	check "inputs: and selected" v4l2-ctl -d "$cap" --set-dv-bt-timings query
	check "inputs: new size" says "1920/1080" v4l2-ctl -d "$cap" -V
	v4l2-ctl -d "$cap" -c hdmi_signal=2
	check "inputs: no cable" says "Link has been severed" \
		v4l2-ctl -d "$cap" --query-dv-timings
	v4l2-ctl -d "$cap" -c hdmi_signal=0
	test_selections "$cap"
	v4l2-ctl -d "$cap" --set-dv-bt-timings query
	test_edid "$cap"
}
