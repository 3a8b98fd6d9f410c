/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * videobuf2: transport streams from a capture queue into the DVB core
 *
 * For bridge chips that deliver MPEG-TS like video frames: a thread takes each
 * buffer and feeds the software demultiplexer.
 */
#ifndef _MEDIA_VIDEOBUF2_DVB_H
#define _MEDIA_VIDEOBUF2_DVB_H

#include <media/dmxdev.h>
#include <media/dvb_demux.h>
#include <media/dvb_frontend.h>
#include <media/dvb_net.h>
#include <media/dvbdev.h>
#include <media/videobuf2-v4l2.h>

struct media_device;

/**
 * struct vb2_dvb - one stream: a queue and the DVB devices it feeds
 * @name: shown in messages. Set by the driver.
 * @frontend: the tuner, registered and detached here. Set by the driver.
 * @dvbq: the queue. Set up by the driver.
 * @demux: the software demultiplexer
 */
struct vb2_dvb {
	struct vb2_queue	dvbq;
	struct dvb_frontend	*frontend;
	char			*name;
	struct dvb_demux	demux;
	/* private: */
	/* Of nfeeds, start and stop */
	struct mutex		lock;
	int			nfeeds;
	struct dvb_net		net;
	struct dmxdev		dmxdev;
	struct dmx_frontend	fe_mem;
	struct dmx_frontend	fe_hw;
};

/**
 * struct vb2_dvb_frontend - a member of &struct vb2_dvb_frontends
 * @felist: its place in the list
 * @id: its number
 * @dvb: its stream
 */
struct vb2_dvb_frontend {
	struct vb2_dvb		dvb;
	struct list_head	felist;
	int			id;
};

/**
 * struct vb2_dvb_frontends - the frontends that share an adapter
 * @felist: of &struct vb2_dvb_frontend
 * @lock: protects @felist. Initialised by the driver.
 * @adapter: the DVB adapter
 * @active_fe_id: the driver's: the frontend in use
 * @gate: the driver's: whose I2C gate control is used
 */
struct vb2_dvb_frontends {
	struct dvb_adapter	adapter;
	/* Of felist */
	struct mutex		lock;
	struct list_head	felist;
	int			gate;
	int			active_fe_id;
};

/**
 * vb2_dvb_register_bus() - register the adapter and all frontends
 * @f: the frontends, allocated and with their tuners
 * @module: owner
 * @adapter_priv: the driver's pointer for the adapter
 * @device: parent
 * @mdev: media device for the entities, or NULL
 * @adapter_nr: the module's adapter_nr parameter
 * @mfe_shared: the frontends share one tuner
 *
 * Context: process, takes @f->lock.
 *
 * Return: 0 or an error code, with nothing registered and, unless it was the
 * adapter that failed, the frontends freed.
 */
int vb2_dvb_register_bus(struct vb2_dvb_frontends *f, struct module *module,
			 void *adapter_priv, struct device *device,
			 struct media_device *mdev, short *adapter_nr,
			 int mfe_shared);

/**
 * vb2_dvb_unregister_bus() - counterpart; also frees the frontends
 * @f: the frontends
 *
 * Context: process, takes @f->lock.
 */
void vb2_dvb_unregister_bus(struct vb2_dvb_frontends *f);

/**
 * vb2_dvb_alloc_frontend() - add a frontend
 * @f: the frontends
 * @id: its number
 *
 * Context: process, takes @f->lock.
 *
 * Return: the frontend, or NULL without memory.
 */
struct vb2_dvb_frontend *vb2_dvb_alloc_frontend(struct vb2_dvb_frontends *f,
						int id);

/**
 * vb2_dvb_dealloc_frontends() - free all frontends and detach their tuners
 * @f: the frontends
 *
 * Context: process, takes @f->lock.
 */
void vb2_dvb_dealloc_frontends(struct vb2_dvb_frontends *f);

/**
 * vb2_dvb_get_frontend() - find a frontend by its number
 * @f: the frontends
 * @id: the number
 *
 * Context: process, takes @f->lock.
 *
 * Return: the frontend or NULL.
 */
struct vb2_dvb_frontend *vb2_dvb_get_frontend(struct vb2_dvb_frontends *f,
					      int id);

/**
 * vb2_dvb_find_frontend() - find a frontend by its tuner
 * @f: the frontends
 * @p: the tuner
 *
 * Context: process, takes @f->lock.
 *
 * Return: its number, 0 if there is none.
 */
int vb2_dvb_find_frontend(struct vb2_dvb_frontends *f, struct dvb_frontend *p);

#endif /* _MEDIA_VIDEOBUF2_DVB_H */
