// SPDX-License-Identifier: GPL-2.0-only
/*
 * videobuf2 tests: mock memory, a mock dma-buf, and devices for real memory
 *
 * Every handle that the core got is counted in the mock's ledger, and the
 * memory checks what the core promises to allocators: that it is not released
 * while hardware may touch it, and by the way it was acquired.
 */
#include <kunit/device.h>
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/file.h>
#include <linux/fdtable.h>
#include <linux/mm.h>
#include <linux/refcount.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "vb2-mock.h"

/* One plane's memory: the private pointer of the mem_ops */
struct mock_mem {
	struct vb2_mock *mock;
	enum vb2_memory memory;
	refcount_t users;
	/* Between buf_init and buf_cleanup of its buffer */
	bool driver_knows;
	/* Between prepare and finish */
	bool for_device;
	unsigned long size;
	void *data;
};

static struct mock_mem *mem_create(struct vb2_buffer *vb, unsigned long size,
				   enum vb2_memory memory)
{
	struct mock_mem *mem = kzalloc(sizeof(*mem), GFP_KERNEL);

	if (!mem)
		return ERR_PTR(-ENOMEM);
	mem->data = vmalloc_user(size);
	if (!mem->data) {
		kfree(mem);
		return ERR_PTR(-ENOMEM);
	}
	mem->mock = vb2_mock_of(vb);
	mem->size = size;
	mem->memory = memory;
	refcount_set(&mem->users, 1);
	atomic_inc(&mem->mock->memory);
	return mem;
}

static void mem_put(struct mock_mem *mem)
{
	if (!refcount_dec_and_test(&mem->users))
		return;
	atomic_dec(&mem->mock->memory);
	vfree(mem->data);
	kfree(mem);
}

/* The core lets go of its handle */
static void mem_release(struct mock_mem *mem, enum vb2_mock_op op,
			enum vb2_memory memory)
{
	struct kunit *test = mem->mock->test;

	vb2_mock_call(mem->mock, op);
	KUNIT_EXPECT_EQ(test, mem->memory, memory);
	KUNIT_EXPECT_FALSE(test, mem->for_device);
	KUNIT_EXPECT_FALSE(test, mem->driver_knows);
	mem_put(mem);
}

/* The driver's buf_init or buf_cleanup was called with this memory */
void vb2_mock_mem_known(struct vb2_buffer *vb, bool known)
{
	struct mock_mem *mem;
	unsigned int i;

	for (i = 0; i < vb->num_planes; i++) {
		mem = vb->planes[i].mem_priv;
		if (!mem)
			continue;
		KUNIT_EXPECT_NE(mem->mock->test, mem->driver_knows, known);
		mem->driver_knows = known;
	}
}

static void *mock_alloc(struct vb2_buffer *vb, struct device *dev,
			unsigned long size)
{
	struct vb2_mock *mock = vb2_mock_of(vb);
	int ret = vb2_mock_call(mock, MOCK_ALLOC);

	KUNIT_EXPECT_PTR_EQ(mock->test, dev, mock->dev);
	KUNIT_EXPECT_TRUE(mock->test, PAGE_ALIGNED(size));
	return ret ? ERR_PTR(ret) : mem_create(vb, size, VB2_MEMORY_MMAP);
}

static void mock_put(void *buf_priv)
{
	mem_release(buf_priv, MOCK_PUT, VB2_MEMORY_MMAP);
}

static unsigned int mock_num_users(void *buf_priv)
{
	struct mock_mem *mem = buf_priv;

	return refcount_read(&mem->users);
}

static void vma_open(struct vm_area_struct *vma)
{
	struct mock_mem *mem = vma->vm_private_data;

	refcount_inc(&mem->users);
}

static void vma_close(struct vm_area_struct *vma)
{
	mem_put(vma->vm_private_data);
}

static const struct vm_operations_struct mock_vm_ops = {
	.open	= vma_open,
	.close	= vma_close,
};

static int mock_mmap(void *buf_priv, struct vm_area_struct *vma)
{
	struct mock_mem *mem = buf_priv;
	int ret = vb2_mock_call(mem->mock, MOCK_MMAP);

	KUNIT_EXPECT_EQ(mem->mock->test, vma->vm_pgoff, 0);
	if (!ret)
		ret = remap_vmalloc_range(vma, mem->data, 0);
	if (ret)
		return ret;
	vma->vm_private_data = mem;
	vma->vm_ops = &mock_vm_ops;
	vma_open(vma);
	return 0;
}

static void *mock_get_userptr(struct vb2_buffer *vb, struct device *dev,
			      unsigned long vaddr, unsigned long size)
{
	struct vb2_mock *mock = vb2_mock_of(vb);
	int ret = vb2_mock_call(mock, MOCK_GET_USERPTR);

	if (mock->unmap_in_get_userptr) {
		vm_munmap(mock->unmap_in_get_userptr, size);
		mock->unmap_in_get_userptr = 0;
	}
	return ret ? ERR_PTR(ret) : mem_create(vb, size, VB2_MEMORY_USERPTR);
}

static void mock_put_userptr(void *buf_priv)
{
	mem_release(buf_priv, MOCK_PUT_USERPTR, VB2_MEMORY_USERPTR);
}

static void *mock_attach_dmabuf(struct vb2_buffer *vb, struct device *dev,
				struct dma_buf *dbuf, unsigned long size)
{
	struct vb2_mock *mock = vb2_mock_of(vb);
	int ret = vb2_mock_call(mock, MOCK_ATTACH_DMABUF);

	KUNIT_EXPECT_LE(mock->test, size, dbuf->size);
	return ret ? ERR_PTR(ret) : mem_create(vb, size, VB2_MEMORY_DMABUF);
}

static void mock_detach_dmabuf(void *buf_priv)
{
	mem_release(buf_priv, MOCK_DETACH_DMABUF, VB2_MEMORY_DMABUF);
}

static void mock_prepare(void *buf_priv)
{
	struct mock_mem *mem = buf_priv;

	vb2_mock_call(mem->mock, MOCK_MEM_PREPARE);
	KUNIT_EXPECT_FALSE(mem->mock->test, mem->for_device);
	mem->for_device = true;
}

static void mock_finish(void *buf_priv)
{
	struct mock_mem *mem = buf_priv;

	vb2_mock_call(mem->mock, MOCK_MEM_FINISH);
	KUNIT_EXPECT_TRUE(mem->mock->test, mem->for_device);
	mem->for_device = false;
}

/* Not in vb2_mock_mem_ops: without it all memory needs prepare and finish */
bool vb2_mock_needs_sync(void *buf_priv)
{
	struct mock_mem *mem = buf_priv;

	return mem->size >= mem->mock->sync_size;
}

static void *mock_vaddr(struct vb2_buffer *vb, void *buf_priv)
{
	struct mock_mem *mem = buf_priv;

	return mem->data;
}

static void *mock_cookie(struct vb2_buffer *vb, void *buf_priv)
{
	struct mock_mem *mem = buf_priv;

	return &mem->size;
}

/* A dma-buf that nobody maps, but everybody may hold */
static int no_memory;

static struct sg_table *dmabuf_map(struct dma_buf_attachment *attach,
				   enum dma_data_direction dir)
{
	return ERR_PTR(-EOPNOTSUPP);
}

static void dmabuf_unmap(struct dma_buf_attachment *attach,
			 struct sg_table *sgt, enum dma_data_direction dir)
{
}

static void dmabuf_release(struct dma_buf *dbuf)
{
	if (dbuf->priv != &no_memory)
		mem_put(dbuf->priv);
}

static const struct dma_buf_ops mock_dmabuf_ops = {
	.map_dma_buf	= dmabuf_map,
	.unmap_dma_buf	= dmabuf_unmap,
	.release	= dmabuf_release,
};

static struct dma_buf *dmabuf_create(void *priv, size_t size,
				     unsigned long flags)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);

	info.ops = &mock_dmabuf_ops;
	info.size = size;
	info.flags = flags;
	info.priv = priv;
	return dma_buf_export(&info);
}

static struct dma_buf *mock_get_dmabuf(struct vb2_buffer *vb, void *buf_priv,
				       unsigned long flags)
{
	struct mock_mem *mem = buf_priv;
	int ret = vb2_mock_call(mem->mock, MOCK_GET_DMABUF);
	struct dma_buf *dbuf;

	if (ret)
		return ERR_PTR(ret);
	dbuf = dmabuf_create(mem, mem->size, flags);
	if (!IS_ERR(dbuf))
		refcount_inc(&mem->users);
	return dbuf;
}

const struct vb2_mem_ops vb2_mock_mem_ops = {
	.alloc		= mock_alloc,
	.put		= mock_put,
	.num_users	= mock_num_users,
	.mmap		= mock_mmap,
	.get_dmabuf	= mock_get_dmabuf,
	.get_userptr	= mock_get_userptr,
	.put_userptr	= mock_put_userptr,
	.attach_dmabuf	= mock_attach_dmabuf,
	.detach_dmabuf	= mock_detach_dmabuf,
	.prepare	= mock_prepare,
	.finish		= mock_finish,
	.vaddr		= mock_vaddr,
	.cookie		= mock_cookie,
};

static void close_test_fd(void *fd)
{
	close_fd((long)fd);
	/* A kernel thread's last fput() is done by a worker */
	flush_delayed_fput();
}

struct dma_buf *vb2_mock_dmabuf(struct kunit *test, size_t size, int *fd)
{
	struct dma_buf *dbuf = dmabuf_create(&no_memory, size, O_RDWR);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dbuf);
	*fd = dma_buf_fd(dbuf, O_CLOEXEC);
	if (*fd < 0)
		dma_buf_put(dbuf);
	KUNIT_ASSERT_GE(test, *fd, 0);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, close_test_fd,
						  (void *)(long)*fd));
	return dbuf;
}

void vb2_mock_dmabuf_close(struct kunit *test, int fd)
{
	kunit_release_action(test, close_test_fd, (void *)(long)fd);
}

long vb2_mock_dmabuf_users(struct dma_buf *dbuf)
{
	return file_count(dbuf->file);
}

/* A device that does DMA, with the limits of the test */
struct device *vb2_mock_dma_device(struct kunit *test, const char *name,
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

struct vb2_mem_env *vb2_mem_env(struct kunit *test)
{
	struct vb2_mem_env *env = kunit_kzalloc(test, sizeof(*env), GFP_KERNEL);
	struct vb2_mock *mock = vb2_mock_capture(test);

	KUNIT_ASSERT_NOT_NULL(test, env);
	env->dev = vb2_mock_dma_device(test, "vb2-dma", DMA_BIT_MASK(32),
				       SZ_64K);
	env->other = vb2_mock_dma_device(test, "vb2-other", DMA_BIT_MASK(32),
					 SZ_1M);
	env->vb.vb2_queue = &mock->q;
	return env;
}
