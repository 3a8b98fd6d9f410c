// SPDX-License-Identifier: GPL-2.0-only
/*
 * uvc-camera: the user-space half of a USB camera made by the UVC gadget
 *
 * usage: uvc-camera /dev/videoN
 *
 * The kernel's UVC gadget leaves the class requests of the host, and the
 * frames, to a program. This one offers YUYV in the sizes that tools/lab/peers
 * writes to configfs, and sends a moving pattern 15 times a second.  It runs
 * until it is killed.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/usb/ch9.h>
#include <linux/usb/g_uvc.h>
#include <linux/usb/video.h>
#include <linux/videodev2.h>

#define BUFFERS		4
/* Answered to a request: the host gets a STALL */
#define STALL		(-EL2HLT)
/* 15 frames a second, in units of 100 ns */
#define INTERVAL	666666
/* Bytes in one USB payload, header included: see streaming_maxpacket */
#define PAYLOAD		1024

/* Same order as in configfs: bFrameIndex counts from 1. */
static const struct {
	unsigned int width, height;
} sizes[] = {
	{ 160, 120 },
	{ 320, 240 },
};

struct camera {
	int fd;
	/* Which of UVC_VS_PROBE_CONTROL and UVC_VS_COMMIT_CONTROL the data of
	 * the next UVC_EVENT_DATA is for.
	 */
	unsigned int awaited;
	struct uvc_streaming_control probe;
	struct uvc_streaming_control commit;
	bool streaming;
	unsigned int frame;
	unsigned int count;
	struct {
		void *start;
		size_t length;
	} buffers[BUFFERS];
};

static void fail(const char *what)
{
	fprintf(stderr, "uvc-camera: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void need(struct camera *cam, unsigned long request, void *arg,
		 const char *what)
{
	/* The gadget's VIDIOC_REQBUFS returns the number of buffers. */
	if (ioctl(cam->fd, request, arg) < 0)
		fail(what);
}

static size_t image_size(unsigned int index)
{
	return sizes[index - 1].width * sizes[index - 1].height * 2;
}

/* Make the answer to what the host proposed: the nearest that we have. */
static void negotiate(struct uvc_streaming_control *ctrl, unsigned int index)
{
	const unsigned int last = sizeof(sizes) / sizeof(sizes[0]);

	if (index < 1)
		index = 1;
	if (index > last)
		index = last;
	memset(ctrl, 0, sizeof(*ctrl));
	ctrl->bmHint = 1;
	ctrl->bFormatIndex = 1;
	ctrl->bFrameIndex = index;
	ctrl->dwFrameInterval = INTERVAL;
	ctrl->dwMaxVideoFrameSize = image_size(index);
	ctrl->dwMaxPayloadTransferSize = PAYLOAD;
	ctrl->bmFramingInfo = 3;
	ctrl->bPreferedVersion = 1;
	ctrl->bMaxVersion = 1;
}

static void set_format(struct camera *cam)
{
	const unsigned int index = cam->commit.bFrameIndex;
	struct v4l2_format fmt = {
		.type = V4L2_BUF_TYPE_VIDEO_OUTPUT,
		.fmt.pix = {
			.width = sizes[index - 1].width,
			.height = sizes[index - 1].height,
			.pixelformat = V4L2_PIX_FMT_YUYV,
			.field = V4L2_FIELD_NONE,
			.sizeimage = image_size(index),
		},
	};

	need(cam, VIDIOC_S_FMT, &fmt, "VIDIOC_S_FMT");
}

/* A grey ramp that moves by one each frame. */
static void fill_and_queue(struct camera *cam, unsigned int index)
{
	struct v4l2_buffer buf = {
		.type = V4L2_BUF_TYPE_VIDEO_OUTPUT,
		.memory = V4L2_MEMORY_MMAP,
		.index = index,
		.bytesused = image_size(cam->commit.bFrameIndex),
	};
	unsigned char *image = cam->buffers[index].start;
	unsigned int i;

	for (i = 0; i < buf.bytesused; i += 2) {
		image[i] = i / 2 + cam->frame;
		image[i + 1] = 128;
	}
	cam->frame++;
	/* The host may have gone in the meantime; STREAMOFF then follows. */
	if (ioctl(cam->fd, VIDIOC_QBUF, &buf) && errno != ENODEV)
		fail("VIDIOC_QBUF");
}

static void start(struct camera *cam)
{
	struct v4l2_requestbuffers req = {
		.type = V4L2_BUF_TYPE_VIDEO_OUTPUT,
		.memory = V4L2_MEMORY_MMAP,
		.count = BUFFERS,
	};
	int type = V4L2_BUF_TYPE_VIDEO_OUTPUT;
	unsigned int i;

	if (cam->streaming)
		return;
	need(cam, VIDIOC_REQBUFS, &req, "VIDIOC_REQBUFS");
	cam->count = req.count < BUFFERS ? req.count : BUFFERS;
	for (i = 0; i < cam->count; i++) {
		struct v4l2_buffer buf = {
			.type = V4L2_BUF_TYPE_VIDEO_OUTPUT,
			.memory = V4L2_MEMORY_MMAP,
			.index = i,
		};

		need(cam, VIDIOC_QUERYBUF, &buf, "VIDIOC_QUERYBUF");
		cam->buffers[i].length = buf.length;
		cam->buffers[i].start = mmap(NULL, buf.length,
					     PROT_READ | PROT_WRITE, MAP_SHARED,
					     cam->fd, buf.m.offset);
		if (cam->buffers[i].start == MAP_FAILED)
			fail("mmap");
		fill_and_queue(cam, i);
	}
	need(cam, VIDIOC_STREAMON, &type, "VIDIOC_STREAMON");
	cam->streaming = true;
}

static void stop(struct camera *cam)
{
	struct v4l2_requestbuffers req = {
		.type = V4L2_BUF_TYPE_VIDEO_OUTPUT,
		.memory = V4L2_MEMORY_MMAP,
	};
	int type = V4L2_BUF_TYPE_VIDEO_OUTPUT;
	unsigned int i;

	if (!cam->streaming)
		return;
	cam->streaming = false;
	need(cam, VIDIOC_STREAMOFF, &type, "VIDIOC_STREAMOFF");
	for (i = 0; i < cam->count; i++)
		munmap(cam->buffers[i].start, cam->buffers[i].length);
	need(cam, VIDIOC_REQBUFS, &req, "VIDIOC_REQBUFS(0)");
}

static void answer_streaming(struct camera *cam, unsigned int control,
			     unsigned int request,
			     struct uvc_request_data *resp)
{
	struct uvc_streaming_control ctrl;

	if (control != UVC_VS_PROBE_CONTROL && control != UVC_VS_COMMIT_CONTROL)
		return;
	resp->length = sizeof(ctrl);
	switch (request) {
	case UVC_SET_CUR:
		cam->awaited = control;
		return;
	case UVC_GET_CUR:
		ctrl = control == UVC_VS_PROBE_CONTROL ? cam->probe :
							 cam->commit;
		break;
	case UVC_GET_MIN:
	case UVC_GET_DEF:
		negotiate(&ctrl, 1);
		break;
	case UVC_GET_MAX:
		negotiate(&ctrl, ~0u >> 1);
		break;
	case UVC_GET_RES:
		memset(&ctrl, 0, sizeof(ctrl));
		break;
	case UVC_GET_LEN:
		resp->data[0] = sizeof(ctrl);
		resp->length = 2;
		return;
	case UVC_GET_INFO:
		/* GET and SET are possible */
		resp->data[0] = 3;
		resp->length = 1;
		return;
	default:
		resp->length = STALL;
		return;
	}
	memcpy(resp->data, &ctrl, sizeof(ctrl));
}

static void on_setup(struct camera *cam, const struct usb_ctrlrequest *req)
{
	struct uvc_request_data resp = { .length = STALL };

	cam->awaited = 0;
	if ((req->bRequestType & USB_TYPE_MASK) == USB_TYPE_CLASS &&
	    (req->bRequestType & USB_RECIP_MASK) == USB_RECIP_INTERFACE &&
	    (req->wIndex & 0xff) == UVC_STRING_STREAMING_IDX)
		answer_streaming(cam, req->wValue >> 8, req->bRequest, &resp);
	if (resp.length > req->wLength)
		resp.length = req->wLength;
	if (ioctl(cam->fd, UVCIOC_SEND_RESPONSE, &resp) && errno != ENODEV)
		fail("UVCIOC_SEND_RESPONSE");
}

static void on_data(struct camera *cam, const struct uvc_request_data *data)
{
	struct uvc_streaming_control ctrl = {};
	size_t length = data->length;

	if (length > sizeof(ctrl))
		length = sizeof(ctrl);
	memcpy(&ctrl, data->data, length);
	negotiate(&ctrl, ctrl.bFrameIndex);
	if (cam->awaited == UVC_VS_PROBE_CONTROL)
		cam->probe = ctrl;
	if (cam->awaited == UVC_VS_COMMIT_CONTROL) {
		cam->commit = ctrl;
		set_format(cam);
	}
	cam->awaited = 0;
}

static void on_event(struct camera *cam)
{
	struct v4l2_event event;
	struct uvc_event uvc;

	need(cam, VIDIOC_DQEVENT, &event, "VIDIOC_DQEVENT");
	memcpy(&uvc, event.u.data, sizeof(uvc));
	switch (event.type) {
	case UVC_EVENT_SETUP:
		on_setup(cam, &uvc.req);
		break;
	case UVC_EVENT_DATA:
		on_data(cam, &uvc.data);
		break;
	case UVC_EVENT_STREAMON:
		start(cam);
		break;
	case UVC_EVENT_STREAMOFF:
	case UVC_EVENT_DISCONNECT:
		stop(cam);
		break;
	}
}

static void on_free_buffer(struct camera *cam)
{
	struct v4l2_buffer buf = {
		.type = V4L2_BUF_TYPE_VIDEO_OUTPUT,
		.memory = V4L2_MEMORY_MMAP,
	};

	if (!ioctl(cam->fd, VIDIOC_DQBUF, &buf)) {
		usleep(INTERVAL / 10);
		fill_and_queue(cam, buf.index);
	} else if (errno != EAGAIN && errno != ENODEV) {
		fail("VIDIOC_DQBUF");
	}
}

int main(int argc, char **argv)
{
	static const unsigned int events[] = {
		UVC_EVENT_STREAMON, UVC_EVENT_STREAMOFF, UVC_EVENT_DISCONNECT,
		UVC_EVENT_DATA, UVC_EVENT_SETUP,
	};
	struct camera cam = {};
	struct pollfd waiting;
	unsigned int i;

	if (argc != 2) {
		fprintf(stderr, "usage: uvc-camera /dev/videoN\n");
		return 2;
	}
	cam.fd = open(argv[1], O_RDWR | O_NONBLOCK);
	if (cam.fd < 0)
		fail(argv[1]);
	negotiate(&cam.probe, 1);
	negotiate(&cam.commit, 1);
	/* With SETUP, the last, the gadget appears on the bus. */
	for (i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		struct v4l2_event_subscription sub = { .type = events[i] };

		need(&cam, VIDIOC_SUBSCRIBE_EVENT, &sub,
		     "VIDIOC_SUBSCRIBE_EVENT");
	}
	for (;;) {
		waiting.fd = cam.fd;
		waiting.events = POLLPRI | (cam.streaming ? POLLOUT : 0);
		if (poll(&waiting, 1, -1) < 0 && errno != EINTR)
			fail("poll");
		if (waiting.revents & POLLPRI)
			on_event(&cam);
		else if (cam.streaming && waiting.revents & (POLLOUT | POLLERR))
			on_free_buffer(&cam);
	}
}
