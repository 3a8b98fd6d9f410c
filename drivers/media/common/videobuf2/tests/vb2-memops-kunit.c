// SPDX-License-Identifier: GPL-2.0-only
/*
 * videobuf2 tests: the allocators' common memory, its exporter and importer
 */
#include <kunit/device.h>
#include <kunit/test.h>
#include <linux/cleanup.h>
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/file.h>
#include <linux/fdtable.h>
#include <linux/iosys-map.h>
#include <linux/mman.h>
#include <linux/sizes.h>
#include <linux/uaccess.h>
#include <media/videobuf2-dma-sg.h>
#include <media/videobuf2-memops.h>
#include <media/videobuf2-vmalloc.h>

#include "../vb2-dmabuf.h"
#include "vb2-mock.h"

static const struct vb2_mem_ops *sg = &vb2_dma_sg_memops;
static const struct vb2_mem_ops *vm = &vb2_vmalloc_memops;

/* A device that does DMA, with the limits of the test */
static struct device *dma_device(struct kunit *test, const char *name,
				 u64 mask, unsigned int max_segment)
{
	struct device_dma_parameters *parms;
	struct device *dev = kunit_device_register(test, name);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dev);
	parms = kunit_kzalloc(test, sizeof(*parms), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, parms);
	dev->dma_parms = parms;
	dev->dma_mask = &dev->coherent_dma_mask;
	KUNIT_ASSERT_EQ(test, dma_set_mask_and_coherent(dev, mask), 0);
	dma_set_max_seg_size(dev, max_segment);
	return dev;
}

struct env {
	struct device *dev;
	struct device *other;
	struct vb2_buffer vb;
};

static struct env *env_create(struct kunit *test)
{
	struct env *env = kunit_kzalloc(test, sizeof(*env), GFP_KERNEL);
	struct vb2_mock *mock = vb2_mock_capture(test);

	KUNIT_ASSERT_NOT_NULL(test, env);
	env->dev = dma_device(test, "vb2-dma", DMA_BIT_MASK(32), SZ_64K);
	env->other = dma_device(test, "vb2-other", DMA_BIT_MASK(32), SZ_1M);
	env->vb.vb2_queue = &mock->q;
	return env;
}

/* Defect 6: the allocator asks what the device can take */
static void vb2_dma_sg_respects_device(struct kunit *test)
{
	struct env *env = env_create(test);
	struct device *dev = dma_device(test, "vb2-isa", DMA_BIT_MASK(24),
					2 * PAGE_SIZE);
	struct scatterlist *s;
	struct sg_table *sgt;
	unsigned int i;
	size_t total = 0;
	void *mem;

	mem = sg->alloc(&env->vb, dev, SZ_64K);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, mem);
	sgt = sg->cookie(&env->vb, mem);
	KUNIT_ASSERT_NOT_NULL(test, sgt);
	for_each_sgtable_sg(sgt, s, i) {
		KUNIT_EXPECT_LE(test, s->length, 2 * PAGE_SIZE);
		/* Its own address, not that of a bounce buffer */
		KUNIT_EXPECT_LE(test, sg_phys(s) + s->length, SZ_16M);
		KUNIT_EXPECT_EQ(test, sg_phys(s), sg_dma_address(s));
		total += s->length;
	}
	KUNIT_EXPECT_EQ(test, total, SZ_64K);
	sg->put(mem);
}

/* Export from one device, import by another, and by one without DMA */
static void vb2_export_import(struct kunit *test)
{
	struct env *env = env_create(test);
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
	struct env *env = env_create(test);
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
	struct env *env = env_create(test);
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
	unsigned int attached;
	unsigned int mapped;
	struct sg_table sgt;
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
	return &flaky->sgt;
}

static void flaky_unmap(struct dma_buf_attachment *attach,
			struct sg_table *sgt, enum dma_data_direction dir)
{
	struct flaky *flaky = attach->dmabuf->priv;

	flaky->mapped--;
}

static void flaky_release(struct dma_buf *dbuf)
{
}

static const struct dma_buf_ops flaky_ops = {
	.attach		= flaky_attach,
	.detach		= flaky_detach,
	.map_dma_buf	= flaky_map,
	.unmap_dma_buf	= flaky_unmap,
	.release	= flaky_release,
};

/* Defect 1, below the core: whatever fails, nothing stays attached */
static void vb2_import_fails(struct kunit *test)
{
	struct flaky *flaky = kunit_kzalloc(test, sizeof(*flaky), GFP_KERNEL);
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	struct env *env = env_create(test);
	struct dma_buf *dbuf;
	void *mem;

	KUNIT_ASSERT_NOT_NULL(test, flaky);
	KUNIT_ASSERT_EQ(test, sg_alloc_table(&flaky->sgt, 1, GFP_KERNEL), 0);
	info.ops = &flaky_ops;
	info.size = PAGE_SIZE;
	info.priv = flaky;
	dbuf = dma_buf_export(&info);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dbuf);

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
	dma_buf_put(dbuf);
	flush_delayed_fput();
	sg_free_table(&flaky->sgt);
}

static void vb2_userptr_pins(struct kunit *test)
{
	struct env *env = env_create(test);
	unsigned long addr;
	u8 *data, byte;
	void *mem;

	addr = kunit_vm_mmap(test, NULL, 0, SZ_16K, PROT_READ | PROT_WRITE,
			     MAP_ANONYMOUS | MAP_PRIVATE, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	KUNIT_EXPECT_EQ(test, put_user(0x21, (u8 __user *)addr + 100), 0);
	mem = vm->get_userptr(&env->vb, NULL, addr + 64, SZ_8K);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, mem);
	data = vm->vaddr(&env->vb, mem);
	KUNIT_ASSERT_NOT_NULL(test, data);
	KUNIT_EXPECT_EQ(test, data[36], 0x21);
	data[37] = 0x22;
	KUNIT_EXPECT_EQ(test, 0, get_user(byte, (u8 __user *)addr + 101));
	KUNIT_EXPECT_EQ(test, byte, 0x22);
	vm->put_userptr(mem);

	mem = sg->get_userptr(&env->vb, env->dev, addr, SZ_16K);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, mem);
	sg->prepare(mem);
	sg->finish(mem);
	sg->put_userptr(mem);
}

static void vb2_userptr_refused(struct kunit *test)
{
	struct env *env = env_create(test);
	unsigned long addr;

	addr = kunit_vm_mmap(test, NULL, 0, SZ_8K, PROT_READ,
			     MAP_ANONYMOUS | MAP_PRIVATE, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	/* A device is to write what the user may only read; a hole; nothing */
	KUNIT_EXPECT_TRUE(test, IS_ERR(vm->get_userptr(&env->vb, NULL, addr,
						       SZ_8K)));
	KUNIT_EXPECT_EQ(test, vm_munmap(addr + SZ_4K, SZ_4K), 0);
	env->vb.vb2_queue->dma_dir = DMA_TO_DEVICE;
	KUNIT_EXPECT_TRUE(test, IS_ERR(vm->get_userptr(&env->vb, NULL, addr,
						       SZ_8K)));
	KUNIT_EXPECT_TRUE(test, IS_ERR(sg->get_userptr(&env->vb, env->dev, 16,
						       SZ_4K)));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			PTR_ERR_OR_ZERO(vb2_create_framevec(addr, 0, false)));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			PTR_ERR_OR_ZERO(vb2_create_framevec(ULONG_MAX, 2,
							    false)));
}

static void vb2_frame_vector_pfns(struct kunit *test)
{
	struct frame_vector *vec;
	unsigned long addr;

	addr = kunit_vm_mmap(test, NULL, 0, SZ_8K, PROT_READ | PROT_WRITE,
			     MAP_ANONYMOUS | MAP_PRIVATE, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	KUNIT_EXPECT_NULL(test, frame_vector_create(0));
	vec = frame_vector_create(2);
	KUNIT_ASSERT_NOT_NULL(test, vec);
	KUNIT_EXPECT_EQ(test, get_vaddr_frames(addr, 3, true, vec), -EINVAL);
	KUNIT_EXPECT_EQ(test, get_vaddr_frames(addr, 2, true, vec), 2);
	KUNIT_EXPECT_EQ(test, get_vaddr_frames(addr, 2, true, vec), -EINVAL);
	frame_vector_to_pfns(vec);
	KUNIT_EXPECT_NE(test, frame_vector_pfns(vec)[0],
			frame_vector_pfns(vec)[1]);
	KUNIT_EXPECT_EQ(test, frame_vector_to_pages(vec), 0);
	KUNIT_EXPECT_EQ(test, frame_vector_count(vec), 2);
	vb2_destroy_framevec(vec);
}

static struct kunit_case vb2_memops_cases[] = {
	KUNIT_CASE(vb2_dma_sg_respects_device),
	KUNIT_CASE(vb2_export_import),
	KUNIT_CASE(vb2_vmalloc_exports),
	KUNIT_CASE(vb2_export_mmap),
	KUNIT_CASE(vb2_import_fails),
	KUNIT_CASE(vb2_userptr_pins),
	KUNIT_CASE(vb2_userptr_refused),
	KUNIT_CASE(vb2_frame_vector_pfns),
	{}
};

static struct kunit_suite vb2_memops_suite = {
	.name		= "videobuf2_memops",
	.exit		= vb2_mock_exit,
	.test_cases	= vb2_memops_cases,
};

kunit_test_suite(vb2_memops_suite);
