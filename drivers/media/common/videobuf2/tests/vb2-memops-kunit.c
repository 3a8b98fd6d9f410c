// SPDX-License-Identifier: GPL-2.0-only
/*
 * videobuf2 tests: memory that is allocated, and pages of a process
 */
#include <kunit/test.h>
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/sizes.h>
#include <linux/uaccess.h>
#include <linux/vmstat.h>
#include <media/videobuf2-dma-contig.h>
#include <media/videobuf2-dma-sg.h>
#include <media/videobuf2-memops.h>
#include <media/videobuf2-vmalloc.h>

#include "../vb2-dmabuf.h"
#include "vb2-mock.h"

static const struct vb2_mem_ops *sg = &vb2_dma_sg_memops;
static const struct vb2_mem_ops *vm = &vb2_vmalloc_memops;
static const struct vb2_mem_ops *dc = &vb2_dma_contig_memops;

static void expect_no_crossing(struct kunit *test, struct sg_table *sgt,
			       unsigned long boundary)
{
	struct scatterlist *s;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, sgt);
	for_each_sgtable_sg(sgt, s, i)
		KUNIT_EXPECT_EQ(test, sg_phys(s) / boundary,
				(sg_phys(s) + s->length - 1) / boundary);
}

/* Defect 6: the allocator asks what the device can take */
static void vb2_dma_sg_respects_device(struct kunit *test)
{
	struct vb2_mem_env *env = vb2_mem_env(test);
	struct device *dev = vb2_mock_dma_device(test, "vb2-isa", DMA_BIT_MASK(24),
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

/* A segment must not cross a boundary; up to there it may be long */
static void vb2_dma_sg_chunks(struct kunit *test)
{
	struct vb2_mem_env *env = vb2_mem_env(test);
	const unsigned long boundary = 4 * PAGE_SIZE;
	struct device *dev = vb2_mock_dma_device(test, "vb2-boundary", DMA_BIT_MASK(64),
					SZ_1M);
	struct sg_table *sgt;
	void *mem;

	mem = sg->alloc(&env->vb, dev, SZ_64K);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, mem);
	sgt = sg->cookie(&env->vb, mem);
	KUNIT_EXPECT_LT(test, sgt->orig_nents, SZ_64K >> PAGE_SHIFT);
	sg->put(mem);

	dma_set_seg_boundary(dev, boundary - 1);
	mem = sg->alloc(&env->vb, dev, SZ_64K);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, mem);
	sgt = sg->cookie(&env->vb, mem);
	expect_no_crossing(test, sgt, boundary);
	sg->put(mem);
}

/* One run of pages, exported to a device with boundaries and to one without */
static void vb2_export_boundary(struct kunit *test)
{
	struct vb2_mem_env *env = vb2_mem_env(test);
	const unsigned long boundary = 2 * PAGE_SIZE;
	struct device *dev = vb2_mock_dma_device(test, "vb2-boundary",
						 DMA_BIT_MASK(64), SZ_1M);
	struct dma_buf *dbuf;
	void *mem, *imported;
	struct sg_table *sgt;

	mem = dc->alloc(&env->vb, env->other, SZ_64K);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, mem);
	dbuf = dc->get_dmabuf(&env->vb, mem, O_RDWR);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dbuf);
	imported = sg->attach_dmabuf(&env->vb, dev, dbuf, SZ_64K);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, imported);
	sgt = sg->cookie(&env->vb, imported);
	KUNIT_EXPECT_EQ(test, sgt->orig_nents, 1);
	sg->detach_dmabuf(imported);

	dma_set_seg_boundary(dev, boundary - 1);
	imported = sg->attach_dmabuf(&env->vb, dev, dbuf, SZ_64K);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, imported);
	expect_no_crossing(test, sg->cookie(&env->vb, imported), boundary);
	sg->detach_dmabuf(imported);
	/* That is no obstacle to who wants it in one run */
	imported = dc->attach_dmabuf(&env->vb, dev, dbuf, SZ_64K);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, imported);
	dc->detach_dmabuf(imported);
	dma_buf_put(dbuf);
	flush_delayed_fput();
	dc->put(mem);
}

/* At once, not after having taken all there is */
static void vb2_dma_sg_more_than_all(struct kunit *test)
{
	struct vb2_mem_env *env = vb2_mem_env(test);
	unsigned long events[NR_VM_EVENT_ITEMS];
	unsigned long before = 0, after = 0;
	unsigned int zone;
	void *mem;

	if (!IS_ENABLED(CONFIG_VM_EVENT_COUNTERS))
		kunit_skip(test, "nobody counts the pages");
	all_vm_events(events);
	for (zone = 0; zone < MAX_NR_ZONES; zone++)
		before += events[PGALLOC_NORMAL - ZONE_NORMAL + zone];
	mem = sg->alloc(&env->vb, env->other,
			(totalram_pages() + 1UL) << PAGE_SHIFT);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(mem), -ENOMEM);
	all_vm_events(events);
	for (zone = 0; zone < MAX_NR_ZONES; zone++)
		after += events[PGALLOC_NORMAL - ZONE_NORMAL + zone];
	KUNIT_EXPECT_LT(test, after - before, totalram_pages() / 4);
}

static void vb2_userptr_pins(struct kunit *test)
{
	struct vb2_mem_env *env = vb2_mem_env(test);
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
	struct vb2_mem_env *env = vb2_mem_env(test);
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
	KUNIT_CASE(vb2_dma_sg_chunks),
	KUNIT_CASE(vb2_dma_sg_more_than_all),
	KUNIT_CASE(vb2_export_boundary),
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
