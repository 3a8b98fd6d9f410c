// SPDX-License-Identifier: GPL-2.0-only
/*
 * videobuf2 tests: the exporter and the importer of dma-bufs
 */
#include <kunit/test.h>
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/file.h>
#include <linux/iosys-map.h>
#include <linux/mman.h>
#include <linux/sizes.h>
#include <linux/uaccess.h>
#include <media/videobuf2-dma-contig.h>
#include <media/videobuf2-dma-sg.h>
#include <media/videobuf2-vmalloc.h>

#include "../vb2-dmabuf.h"
#include "vb2-mock.h"

static const struct vb2_mem_ops *sg = &vb2_dma_sg_memops;
static const struct vb2_mem_ops *vm = &vb2_vmalloc_memops;
static const struct vb2_mem_ops *dc = &vb2_dma_contig_memops;

/* Export from one device, import by another, and by one without DMA */
static void vb2_export_import(struct kunit *test)
{
	struct vb2_mem_env *env = vb2_mem_env(test);
	struct dma_buf *dbuf;
	void *mem, *imported, *cpu;
	u8 *data;

	mem = sg->alloc(&env->vb, env->dev, SZ_64K);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, mem);
	KUNIT_EXPECT_EQ(test, sg->num_users(mem), 1);
	dbuf = sg->get_dmabuf(&env->vb, mem, O_RDWR);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dbuf);
	KUNIT_EXPECT_EQ(test, dbuf->size, SZ_64K);
	KUNIT_EXPECT_EQ(test, sg->num_users(mem), 2);

	KUNIT_EXPECT_TRUE(test, IS_ERR(sg->attach_dmabuf(&env->vb, env->other,
							 dbuf, SZ_128K)));
	imported = sg->attach_dmabuf(&env->vb, env->other, dbuf, SZ_64K);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, imported);
	KUNIT_EXPECT_NOT_NULL(test, sg->cookie(&env->vb, imported));
	cpu = vm->attach_dmabuf(&env->vb, NULL, dbuf, SZ_64K);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, cpu);

	sg->prepare(mem);
	sg->finish(mem);
	sg->prepare(imported);
	sg->finish(imported);
	vm->prepare(cpu);
	vm->finish(cpu);

	data = sg->vaddr(&env->vb, mem);
	KUNIT_ASSERT_NOT_NULL(test, data);
	data[SZ_64K - 1] = 0x77;
	data = sg->vaddr(&env->vb, imported);
	KUNIT_ASSERT_NOT_NULL(test, data);
	KUNIT_EXPECT_EQ(test, data[SZ_64K - 1], 0x77);
	data = vm->vaddr(&env->vb, cpu);
	KUNIT_ASSERT_NOT_NULL(test, data);
	KUNIT_EXPECT_EQ(test, data[SZ_64K - 1], 0x77);

	/* The queue that owned it goes first, the importers still have it */
	sg->put(mem);
	KUNIT_EXPECT_EQ(test, data[SZ_64K - 1], 0x77);
	vm->detach_dmabuf(cpu);
	sg->detach_dmabuf(imported);
	dma_buf_put(dbuf);
	flush_delayed_fput();
}

/* The same way round, from memory that only the CPU knows */
static void vb2_vmalloc_exports(struct kunit *test)
{
	struct vb2_mem_env *env = vb2_mem_env(test);
	struct dma_buf *dbuf;
	void *mem, *imported;
	u8 *data, *seen;

	mem = vm->alloc(&env->vb, NULL, SZ_16K);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, mem);
	data = vm->vaddr(&env->vb, mem);
	KUNIT_ASSERT_NOT_NULL(test, data);
	KUNIT_EXPECT_NULL(test, memchr_inv(data, 0, SZ_16K));
	data[SZ_8K] = 0x41;
	dbuf = vm->get_dmabuf(&env->vb, mem, O_RDONLY);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dbuf);
	imported = sg->attach_dmabuf(&env->vb, env->other, dbuf, SZ_16K);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, imported);
	seen = sg->vaddr(&env->vb, imported);
	KUNIT_ASSERT_NOT_NULL(test, seen);
	KUNIT_EXPECT_EQ(test, seen[SZ_8K], 0x41);
	sg->detach_dmabuf(imported);
	dma_buf_put(dbuf);
	flush_delayed_fput();
	KUNIT_EXPECT_EQ(test, vm->num_users(mem), 1);
	vm->put(mem);
}

static void vb2_export_mmap(struct kunit *test)
{
	struct vb2_mem_env *env = vb2_mem_env(test);
	struct dma_buf *dbuf;
	unsigned long addr;
	void *mem;
	u8 byte;

	mem = sg->alloc(&env->vb, env->dev, SZ_16K);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, mem);
	((u8 *)sg->vaddr(&env->vb, mem))[SZ_8K] = 0x31;
	dbuf = sg->get_dmabuf(&env->vb, mem, O_RDWR);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dbuf);
	addr = kunit_vm_mmap(test, dbuf->file, 0, SZ_16K, PROT_READ,
			     MAP_SHARED, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	KUNIT_EXPECT_EQ(test, sg->num_users(mem), 3);
	KUNIT_EXPECT_EQ(test, 0, get_user(byte, (u8 __user *)addr + SZ_8K));
	KUNIT_EXPECT_EQ(test, byte, 0x31);
	KUNIT_EXPECT_EQ(test, vm_munmap(addr, SZ_16K), 0);
	KUNIT_EXPECT_EQ(test, sg->num_users(mem), 2);
	dma_buf_put(dbuf);
	flush_delayed_fput();
	KUNIT_EXPECT_EQ(test, sg->num_users(mem), 1);
	sg->put(mem);
}

/* A dma-buf that fails where the test wants it, and counts */
struct flaky {
	int attach_error;
	int map_error;
	int begin_error;
	unsigned int attached;
	unsigned int mapped;
	enum dma_data_direction dir;
	struct sg_table sgt;
	void *vaddr;
	unsigned int vmapped;
	unsigned int in_access;
	unsigned int accesses;
};

static int flaky_attach(struct dma_buf *dbuf, struct dma_buf_attachment *attach)
{
	struct flaky *flaky = dbuf->priv;

	if (!flaky->attach_error)
		flaky->attached++;
	return flaky->attach_error;
}

static void flaky_detach(struct dma_buf *dbuf,
			 struct dma_buf_attachment *attach)
{
	struct flaky *flaky = dbuf->priv;

	flaky->attached--;
}

static struct sg_table *flaky_map(struct dma_buf_attachment *attach,
				  enum dma_data_direction dir)
{
	struct flaky *flaky = attach->dmabuf->priv;

	if (flaky->map_error)
		return ERR_PTR(flaky->map_error);
	flaky->mapped++;
	flaky->dir = dir;
	return &flaky->sgt;
}

static void flaky_unmap(struct dma_buf_attachment *attach,
			struct sg_table *sgt, enum dma_data_direction dir)
{
	struct flaky *flaky = attach->dmabuf->priv;

	flaky->mapped--;
}

static int flaky_vmap(struct dma_buf *dbuf, struct iosys_map *map)
{
	struct flaky *flaky = dbuf->priv;

	flaky->vmapped++;
	iosys_map_set_vaddr(map, flaky->vaddr);
	return 0;
}

static void flaky_vunmap(struct dma_buf *dbuf, struct iosys_map *map)
{
	struct flaky *flaky = dbuf->priv;

	flaky->vmapped--;
}

static int flaky_begin(struct dma_buf *dbuf, enum dma_data_direction dir)
{
	struct flaky *flaky = dbuf->priv;

	if (flaky->begin_error)
		return flaky->begin_error;
	flaky->in_access++;
	flaky->accesses++;
	flaky->dir = dir;
	return 0;
}

static int flaky_end(struct dma_buf *dbuf, enum dma_data_direction dir)
{
	struct flaky *flaky = dbuf->priv;

	flaky->in_access--;
	return 0;
}

static void flaky_release(struct dma_buf *dbuf)
{
}

static const struct dma_buf_ops flaky_ops = {
	.attach			= flaky_attach,
	.detach			= flaky_detach,
	.map_dma_buf		= flaky_map,
	.unmap_dma_buf		= flaky_unmap,
	.vmap			= flaky_vmap,
	.vunmap			= flaky_vunmap,
	.begin_cpu_access	= flaky_begin,
	.end_cpu_access		= flaky_end,
	.release		= flaky_release,
};

static const struct dma_buf_ops no_address_ops = {
	.attach			= flaky_attach,
	.detach			= flaky_detach,
	.map_dma_buf		= flaky_map,
	.unmap_dma_buf		= flaky_unmap,
	.release		= flaky_release,
};

/* A dma-buf of two segments of a page each, and maybe a kernel address */
static struct flaky *flaky_create(struct kunit *test, struct dma_buf **dbuf,
				  void *vaddr)
{
	struct flaky *flaky = kunit_kzalloc(test, sizeof(*flaky), GFP_KERNEL);
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	struct scatterlist *s;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, flaky);
	KUNIT_ASSERT_EQ(test, sg_alloc_table(&flaky->sgt, 2, GFP_KERNEL), 0);
	for_each_sgtable_dma_sg(&flaky->sgt, s, i) {
		sg_dma_address(s) = SZ_1M + i * PAGE_SIZE;
		sg_dma_len(s) = PAGE_SIZE;
	}
	flaky->vaddr = vaddr;
	info.ops = vaddr ? &flaky_ops : &no_address_ops;
	info.size = 2 * PAGE_SIZE;
	info.priv = flaky;
	*dbuf = dma_buf_export(&info);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, *dbuf);
	return flaky;
}

static void flaky_free(struct flaky *flaky, struct dma_buf *dbuf)
{
	dma_buf_put(dbuf);
	flush_delayed_fput();
	sg_free_table(&flaky->sgt);
}

/* Defect 1, below the core: whatever fails, nothing stays attached */
static void vb2_import_fails(struct kunit *test)
{
	struct vb2_mem_env *env = vb2_mem_env(test);
	struct dma_buf *dbuf;
	struct flaky *flaky = flaky_create(test, &dbuf, NULL);
	void *mem;

	flaky->attach_error = -ENODEV;
	mem = sg->attach_dmabuf(&env->vb, env->dev, dbuf, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(mem), -ENODEV);
	flaky->attach_error = 0;
	flaky->map_error = -ENOMEM;
	mem = sg->attach_dmabuf(&env->vb, env->dev, dbuf, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(mem), -ENOMEM);
	KUNIT_EXPECT_EQ(test, flaky->attached, 0);
	/* It has no kernel address, which the CPU would need */
	mem = vm->attach_dmabuf(&env->vb, NULL, dbuf, PAGE_SIZE);
	KUNIT_EXPECT_TRUE(test, IS_ERR(mem));
	KUNIT_EXPECT_EQ(test, file_count(dbuf->file), 1);

	flaky->map_error = 0;
	mem = sg->attach_dmabuf(&env->vb, env->dev, dbuf, PAGE_SIZE);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, mem);
	KUNIT_EXPECT_EQ(test, flaky->mapped, 1);
	KUNIT_EXPECT_NULL(test, sg->vaddr(&env->vb, mem));
	sg->detach_dmabuf(mem);
	KUNIT_EXPECT_EQ(test, flaky->mapped, 0);
	KUNIT_EXPECT_EQ(test, flaky->attached, 0);
	flaky_free(flaky, dbuf);
}

/* For a device: mapped once, in its direction; an address only on demand */
static void vb2_import_for_device(struct kunit *test)
{
	struct vb2_mem_env *env = vb2_mem_env(test);
	struct dma_buf *dbuf;
	static u8 memory[8];
	struct flaky *flaky = flaky_create(test, &dbuf, memory);
	void *mem;

	mem = sg->attach_dmabuf(&env->vb, env->dev, dbuf, PAGE_SIZE);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, mem);
	KUNIT_EXPECT_EQ(test, flaky->dir, DMA_FROM_DEVICE);
	KUNIT_EXPECT_PTR_EQ(test, sg->cookie(&env->vb, mem), &flaky->sgt);
	sg->prepare(mem);
	sg->finish(mem);
	/* Between exporter and device, and none of the CPU's business */
	KUNIT_EXPECT_EQ(test, flaky->accesses, 0);
	KUNIT_EXPECT_EQ(test, flaky->vmapped, 0);
	KUNIT_EXPECT_PTR_EQ(test, sg->vaddr(&env->vb, mem), flaky->vaddr);
	KUNIT_EXPECT_PTR_EQ(test, sg->vaddr(&env->vb, mem), flaky->vaddr);
	KUNIT_EXPECT_EQ(test, flaky->vmapped, 1);
	sg->detach_dmabuf(mem);
	KUNIT_EXPECT_EQ(test, flaky->vmapped, 0);

	env->vb.vb2_queue->dma_dir = DMA_TO_DEVICE;
	mem = sg->attach_dmabuf(&env->vb, env->dev, dbuf, PAGE_SIZE);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, mem);
	KUNIT_EXPECT_EQ(test, flaky->dir, DMA_TO_DEVICE);
	sg->detach_dmabuf(mem);
	KUNIT_EXPECT_EQ(test, flaky->mapped, 0);
	flaky_free(flaky, dbuf);
}

/* For the CPU: between prepare and finish it has access, also at the end */
static void vb2_import_for_cpu(struct kunit *test)
{
	struct vb2_mem_env *env = vb2_mem_env(test);
	struct dma_buf *dbuf;
	static u8 memory[8];
	struct flaky *flaky = flaky_create(test, &dbuf, memory);
	void *mem;

	mem = vm->attach_dmabuf(&env->vb, NULL, dbuf, PAGE_SIZE);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, mem);
	KUNIT_EXPECT_PTR_EQ(test, vm->vaddr(&env->vb, mem), flaky->vaddr);
	KUNIT_EXPECT_EQ(test, flaky->attached, 0);
	vm->prepare(mem);
	vm->prepare(mem);
	KUNIT_EXPECT_EQ(test, flaky->in_access, 1);
	/* What a device would write the CPU writes */
	KUNIT_EXPECT_EQ(test, flaky->dir, DMA_TO_DEVICE);
	vm->finish(mem);
	vm->finish(mem);
	KUNIT_EXPECT_EQ(test, flaky->in_access, 0);
	vm->prepare(mem);
	vm->detach_dmabuf(mem);
	KUNIT_EXPECT_EQ(test, flaky->in_access, 0);
	KUNIT_EXPECT_EQ(test, flaky->accesses, 2);
	KUNIT_EXPECT_EQ(test, flaky->vmapped, 0);
	flaky_free(flaky, dbuf);
}

/*
 * The exporter denies access: what did not begin does not end. (That it has no
 * address is in vb2_import_fails(); dma_buf_vmap() warns of all other errors.)
 */
static void vb2_import_for_cpu_fails(struct kunit *test)
{
	struct vb2_mem_env *env = vb2_mem_env(test);
	struct dma_buf *dbuf;
	static u8 memory[8];
	struct flaky *flaky = flaky_create(test, &dbuf, memory);
	void *mem;

	mem = vm->attach_dmabuf(&env->vb, NULL, dbuf, PAGE_SIZE);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, mem);
	flaky->begin_error = -EINTR;
	vm->prepare(mem);
	vm->finish(mem);
	KUNIT_EXPECT_EQ(test, flaky->in_access, 0);
	vm->prepare(mem);
	vm->detach_dmabuf(mem);
	KUNIT_EXPECT_EQ(test, flaky->in_access, 0);
	KUNIT_EXPECT_EQ(test, flaky->vmapped, 0);
	flaky_free(flaky, dbuf);
}

/* dma-contig wants one run of bus addresses, long enough */
static void vb2_import_contiguous(struct kunit *test)
{
	struct vb2_mem_env *env = vb2_mem_env(test);
	struct dma_buf *dbuf;
	struct flaky *flaky = flaky_create(test, &dbuf, NULL);
	void *mem;

	mem = dc->attach_dmabuf(&env->vb, env->dev, dbuf, 2 * PAGE_SIZE);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, mem);
	KUNIT_EXPECT_EQ(test, *(dma_addr_t *)dc->cookie(&env->vb, mem), SZ_1M);
	dc->detach_dmabuf(mem);

	sg_dma_address(flaky->sgt.sgl) += PAGE_SIZE;
	mem = dc->attach_dmabuf(&env->vb, env->dev, dbuf, 2 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(mem), -EINVAL);
	KUNIT_EXPECT_EQ(test, flaky->mapped, 0);
	KUNIT_EXPECT_EQ(test, flaky->attached, 0);
	/* The first page is enough for that much */
	mem = dc->attach_dmabuf(&env->vb, env->dev, dbuf, PAGE_SIZE);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, mem);
	dc->detach_dmabuf(mem);
	flaky_free(flaky, dbuf);
}

/* An attachment is mapped once, and stays so until it is detached */
static void vb2_export_maps_once(struct kunit *test)
{
	struct vb2_mem_env *env = vb2_mem_env(test);
	struct dma_buf_attachment *attach, *second;
	struct sg_table *sgt, *again;
	struct dma_buf *dbuf;
	void *mem;

	mem = vm->alloc(&env->vb, NULL, SZ_16K);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, mem);
	dbuf = vm->get_dmabuf(&env->vb, mem, O_RDWR);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dbuf);
	attach = dma_buf_attach(dbuf, env->dev);
	second = dma_buf_attach(dbuf, env->other);
	KUNIT_ASSERT_FALSE(test, IS_ERR(attach) || IS_ERR(second));
	sgt = dma_buf_map_attachment_unlocked(attach, DMA_FROM_DEVICE);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt);
	dma_buf_unmap_attachment_unlocked(attach, sgt, DMA_FROM_DEVICE);
	/* It stays mapped until it is detached */
	KUNIT_EXPECT_PTR_EQ(test, sgt, attach->sgt);
	again = dma_buf_map_attachment_unlocked(attach, DMA_FROM_DEVICE);
	KUNIT_EXPECT_PTR_EQ(test, sgt, again);
	again = dma_buf_map_attachment_unlocked(second, DMA_TO_DEVICE);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, again);
	KUNIT_EXPECT_PTR_NE(test, sgt, again);
	/* With both of them mapped */
	KUNIT_EXPECT_EQ(test, 0, dma_buf_begin_cpu_access(dbuf,
							  DMA_BIDIRECTIONAL));
	KUNIT_EXPECT_EQ(test, 0, dma_buf_end_cpu_access(dbuf,
							DMA_BIDIRECTIONAL));
	dma_buf_detach(dbuf, second);
	dma_buf_detach(dbuf, attach);
	dma_buf_put(dbuf);
	flush_delayed_fput();
	KUNIT_EXPECT_EQ(test, vm->num_users(mem), 1);
	vm->put(mem);
}

static struct kunit_case vb2_dmabuf_cases[] = {
	KUNIT_CASE(vb2_export_import),
	KUNIT_CASE(vb2_vmalloc_exports),
	KUNIT_CASE(vb2_export_mmap),
	KUNIT_CASE(vb2_export_maps_once),
	KUNIT_CASE(vb2_import_fails),
	KUNIT_CASE(vb2_import_for_device),
	KUNIT_CASE(vb2_import_for_cpu),
	KUNIT_CASE(vb2_import_for_cpu_fails),
	KUNIT_CASE(vb2_import_contiguous),
	{}
};

static struct kunit_suite vb2_dmabuf_suite = {
	.name		= "videobuf2_dmabuf",
	.exit		= vb2_mock_exit,
	.test_cases	= vb2_dmabuf_cases,
};

kunit_test_suite(vb2_dmabuf_suite);
