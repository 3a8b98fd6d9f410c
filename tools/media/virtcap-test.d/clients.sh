# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# The part "clients" of virtcap-test: programs that know nothing of virtcap.

# relay COMMAND...: a client that passes frames of instance 0 on to the output of
# instance 1, 30 of them a second. Each must come out of the loop there, but for
# those that are lost while the client sets up its second half.
relay() {
	local client ret
	set -m
	timeout 120 "$@" >"$TMP/client" 2>&1 &
	client=$!
	set +m
	frames -d "$(node 1 capture)" -i Loop -F -w 1280 -H 720 -f YUYV -b 8 \
		-S 30 -n 60 -t 60000 ${EXPECT:+-x "$EXPECT"}
	ret=$?
	kill -- -$client 2>/dev/null
	wait $client 2>/dev/null
	cat "$TMP/client"
	return $ret
}

# written COMMAND...: a client that writes the frames in $TMP/frames to the output of
# instance 1. All but those that were queued when it ended must come out of the loop.
written() {
	local reader client
	frames -d "$(node 1 capture)" -i Loop -F -w 640 -H 360 -f YUYV -b 8 \
		-n 50 -t 60000 &
	reader=$!
	sleep 2
	timeout 60 "$@"
	client=$?
	wait $reader && [ $client = 0 ]
}

# The output node imported what the capture node exported.
shared() {
	dmesg | grep -E "${1##*/}: VIDIOC_EXPBUF: fd=" &&
		dmesg | grep -E "${2##*/}: VIDIOC_REQBUFS: count=[1-9].*type=vid-out, memory=dmabuf"
}

test_clients() {
	local cap out out1 mode node
	local yuyv=video/x-raw,format=YUY2,width=1280,height=720,framerate=30/1
	check "load: two devices" load n_devs=2
	cap=$(node 0 capture) out=$(node 0 output) out1=$(node 1 output)
	for mode in --stream-mmap --stream-user "--stream-dmabuf --export-device=$out"; do
		# shellcheck disable=SC2086
		check "clients: v4l2-ctl $mode" timeout 60 \
			v4l2-ctl -d "$cap" $mode --stream-count=20
	done

	v4l2-ctl -d "$cap" -v width=640,height=360,pixelformat=YUYV -c frame_identity=2
	v4l2-ctl -d "$cap" --stream-mmap=8 --stream-count=60 "--stream-to=$TMP/frames"
	v4l2-ctl -d "$out1" -x width=640,height=360,pixelformat=YUYV
	check "clients: v4l2-ctl output" written v4l2-ctl -d "$out1" \
		--stream-out-mmap "--stream-from=$TMP/frames" --stream-count=60
	check "clients: ffmpeg to output" written ffmpeg -loglevel error \
		-f rawvideo -pixel_format yuyv422 -video_size 640x360 -framerate 30 \
		-i "$TMP/frames" -c copy -f v4l2 "$out1"
	# A late frame is not left out, and the first one not shown twice.
	check "clients: GStreamer v4l2sink" written gst-launch-1.0 -q \
		filesrc location="$TMP/frames" blocksize=460800 ! \
		rawvideoparse format=yuy2 width=640 height=360 framerate=30/1 ! \
		v4l2sink device="$out1" sync=false show-preroll-frame=false
	rm "$TMP/frames"

	v4l2-ctl -d "$cap" -v width=1280,height=720,pixelformat=YUYV \
		-c frame_identity=1
	v4l2-ctl -d "$out1" -x width=1280,height=720,pixelformat=YUYV
	# The clock is that of the first device; what it gives goes straight on.
	set_debugfs 1 capture/pace 1
	set_debugfs 1 output/pace 1
	check "clients: v4l2-ctl from capture to output" relay \
		v4l2-ctl -d "$cap" -e "$out1" --stream-mmap=8 --stream-out-dmabuf
	check "clients: ffmpeg from capture to output" relay \
		ffmpeg -loglevel error -f v4l2 -input_format yuyv422 -framerate 30 \
		-video_size 1280x720 -i "$cap" -c copy -f v4l2 "$out1"
	# The last two take buffers of the sink; dmabuf copies nothing.
	for mode in rw:mmap mmap:mmap dmabuf:dmabuf-import userptr:mmap \
		dmabuf-import:dmabuf; do
		check "clients: GStreamer v4l2src io-mode=${mode%:*}" relay \
			gst-launch-1.0 -q v4l2src device="$cap" io-mode="${mode%:*}" ! \
			"$yuyv" ! v4l2sink device="$out1" io-mode="${mode#*:}" \
			sync=false async=false
	done
	for node in "$cap" "$out1"; do
		echo 3 >"/sys/class/video4linux/${node##*/}/dev_debug"
	done
	set_debugfs 0 capture/drop_percent 10
	EXPECT=lost check "clients: dmabuf pipeline, frames that are lost are missed" \
		relay gst-launch-1.0 -q v4l2src device="$cap" io-mode=dmabuf ! "$yuyv" ! \
		v4l2sink device="$out1" io-mode=dmabuf-import sync=false async=false
	check "clients: dmabuf pipeline copies nothing" shared "$cap" "$out1"
}
