// SPDX-License-Identifier: GPL-2.0-only
/*
 * videobuf2: transport streams from a capture queue into the DVB core
 *
 * The first feed starts a thread on the queue, which hands each buffer to the
 * software demultiplexer; the last feed stops it.
 */
#include <linux/cleanup.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/slab.h>

#include <media/videobuf2-dvb.h>

static int demux_buffer(struct vb2_buffer *vb, void *priv)
{
	struct vb2_dvb *dvb = priv;

	dvb_dmx_swfilter(&dvb->demux, vb2_plane_vaddr(vb, 0),
			 vb2_get_plane_payload(vb, 0));
	return 0;
}

static int start_feed(struct dvb_demux_feed *feed)
{
	struct vb2_dvb *dvb = feed->demux->priv;
	int ret;

	/* Not connected to a tuner */
	if (!feed->demux->dmx.frontend)
		return -EINVAL;

	guard(mutex)(&dvb->lock);
	if (!dvb->nfeeds) {
		ret = vb2_thread_start(&dvb->dvbq, demux_buffer, dvb,
				       dvb->name);
		if (ret)
			return ret;
	}
	dvb->nfeeds++;
	return 0;
}

static int stop_feed(struct dvb_demux_feed *feed)
{
	struct vb2_dvb *dvb = feed->demux->priv;

	guard(mutex)(&dvb->lock);
	if (!dvb->nfeeds || --dvb->nfeeds)
		return 0;
	return vb2_thread_stop(&dvb->dvbq);
}

/* Where the demultiplexer can get its stream: from the tuner or from memory */
static int add_sources(struct vb2_dvb *dvb)
{
	struct dmx_demux *dmx = &dvb->demux.dmx;
	int ret;

	dvb->fe_hw.source = DMX_FRONTEND_0;
	ret = dmx->add_frontend(dmx, &dvb->fe_hw);
	if (ret < 0)
		return ret;
	dvb->fe_mem.source = DMX_MEMORY_FE;
	ret = dmx->add_frontend(dmx, &dvb->fe_mem);
	if (ret < 0)
		goto remove_hw;
	ret = dmx->connect_frontend(dmx, &dvb->fe_hw);
	if (ret < 0)
		goto remove_mem;
	return 0;

remove_mem:
	dmx->remove_frontend(dmx, &dvb->fe_mem);
remove_hw:
	dmx->remove_frontend(dmx, &dvb->fe_hw);
	return ret;
}

static void remove_sources(struct vb2_dvb *dvb)
{
	struct dmx_demux *dmx = &dvb->demux.dmx;

	dmx->remove_frontend(dmx, &dvb->fe_mem);
	dmx->remove_frontend(dmx, &dvb->fe_hw);
}

static int register_stream(struct dvb_adapter *adapter, struct vb2_dvb *dvb)
{
	struct dvb_demux *demux = &dvb->demux;
	int ret;

	if (!dvb->frontend)
		return -EINVAL;
	mutex_init(&dvb->lock);

	ret = dvb_register_frontend(adapter, dvb->frontend);
	if (ret < 0)
		return ret;

	demux->priv = dvb;
	demux->start_feed = start_feed;
	demux->stop_feed = stop_feed;
	demux->feednum = 256;
	demux->filternum = 256;
	demux->dmx.capabilities = DMX_MEMORY_BASED_FILTERING |
				  DMX_SECTION_FILTERING | DMX_TS_FILTERING;
	ret = dvb_dmx_init(demux);
	if (ret < 0)
		goto unregister_frontend;

	dvb->dmxdev.demux = &demux->dmx;
	dvb->dmxdev.filternum = 256;
	dvb->dmxdev.capabilities = 0;
	ret = dvb_dmxdev_init(&dvb->dmxdev, adapter);
	if (ret < 0)
		goto release_demux;

	ret = add_sources(dvb);
	if (ret < 0)
		goto release_dmxdev;
	ret = dvb_net_init(adapter, &dvb->net, &demux->dmx);
	if (ret < 0)
		goto remove_sources;
	return 0;

remove_sources:
	remove_sources(dvb);
release_dmxdev:
	dvb_dmxdev_release(&dvb->dmxdev);
release_demux:
	dvb_dmx_release(demux);
unregister_frontend:
	dvb_unregister_frontend(dvb->frontend);
	return ret;
}

static void unregister_stream(struct vb2_dvb *dvb)
{
	/* A registered dmxdev has filters, a released one has not */
	if (!dvb->dmxdev.filter)
		return;
	dvb_net_release(&dvb->net);
	remove_sources(dvb);
	dvb_dmxdev_release(&dvb->dmxdev);
	dvb_dmx_release(&dvb->demux);
	dvb_unregister_frontend(dvb->frontend);
}

void vb2_dvb_dealloc_frontends(struct vb2_dvb_frontends *f)
{
	struct vb2_dvb_frontend *fe, *next;

	guard(mutex)(&f->lock);
	list_for_each_entry_safe(fe, next, &f->felist, felist) {
		unregister_stream(&fe->dvb);
		if (fe->dvb.frontend)
			dvb_frontend_detach(fe->dvb.frontend);
		list_del(&fe->felist);
		kfree(fe);
	}
}
EXPORT_SYMBOL(vb2_dvb_dealloc_frontends);

static int register_streams(struct vb2_dvb_frontends *f)
{
	struct vb2_dvb_frontend *fe;
	int ret;

	guard(mutex)(&f->lock);
	list_for_each_entry(fe, &f->felist, felist) {
		ret = register_stream(&f->adapter, &fe->dvb);
		if (ret < 0) {
			pr_err("%s: frontend %d not registered, error %d\n",
			       fe->dvb.name, fe->id, ret);
			return ret;
		}
	}
	return dvb_create_media_graph(&f->adapter, false);
}

/* The adapter is known by the name of its first frontend */
static const char *adapter_name(struct vb2_dvb_frontends *f)
{
	struct vb2_dvb_frontend *fe;

	guard(mutex)(&f->lock);
	fe = list_first_entry_or_null(&f->felist, struct vb2_dvb_frontend,
				      felist);
	return fe ? fe->dvb.name : NULL;
}

int vb2_dvb_register_bus(struct vb2_dvb_frontends *f, struct module *module,
			 void *adapter_priv, struct device *device,
			 struct media_device *mdev, short *adapter_nr,
			 int mfe_shared)
{
	const char *name = adapter_name(f);
	int ret;

	if (!name) {
		dev_err(device, "a DVB adapter needs a frontend: call vb2_dvb_alloc_frontend() first\n");
		return -EINVAL;
	}
	ret = dvb_register_adapter(&f->adapter, name, module, device,
				   adapter_nr);
	if (ret < 0) {
		dev_err(device, "%s: no DVB adapter, error %d\n", name, ret);
		return ret;
	}
	f->adapter.priv = adapter_priv;
	f->adapter.mfe_shared = mfe_shared;
	dvb_register_media_controller(&f->adapter, mdev);

	ret = register_streams(f);
	/* The frontends go too: not every caller frees them after this */
	if (ret)
		vb2_dvb_unregister_bus(f);
	return ret;
}
EXPORT_SYMBOL(vb2_dvb_register_bus);

void vb2_dvb_unregister_bus(struct vb2_dvb_frontends *f)
{
	vb2_dvb_dealloc_frontends(f);
	dvb_unregister_adapter(&f->adapter);
}
EXPORT_SYMBOL(vb2_dvb_unregister_bus);

struct vb2_dvb_frontend *vb2_dvb_alloc_frontend(struct vb2_dvb_frontends *f,
						int id)
{
	struct vb2_dvb_frontend *fe = kzalloc(sizeof(*fe), GFP_KERNEL);

	if (!fe)
		return NULL;
	fe->id = id;
	guard(mutex)(&f->lock);
	list_add_tail(&fe->felist, &f->felist);
	return fe;
}
EXPORT_SYMBOL(vb2_dvb_alloc_frontend);

struct vb2_dvb_frontend *vb2_dvb_get_frontend(struct vb2_dvb_frontends *f,
					      int id)
{
	struct vb2_dvb_frontend *fe;

	guard(mutex)(&f->lock);
	list_for_each_entry(fe, &f->felist, felist)
		if (fe->id == id)
			return fe;
	return NULL;
}
EXPORT_SYMBOL(vb2_dvb_get_frontend);

int vb2_dvb_find_frontend(struct vb2_dvb_frontends *f, struct dvb_frontend *p)
{
	struct vb2_dvb_frontend *fe;

	guard(mutex)(&f->lock);
	list_for_each_entry(fe, &f->felist, felist)
		if (fe->dvb.frontend == p)
			return fe->id;
	return 0;
}
EXPORT_SYMBOL(vb2_dvb_find_frontend);

MODULE_DESCRIPTION("Buffer queues for media drivers, DVB streams");
MODULE_LICENSE("GPL");
