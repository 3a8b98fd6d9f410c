// SPDX-License-Identifier: GPL-2.0-only
/*
 * virtcap: module, devices, life and death of an instance
 */
#include <linux/font.h>
#include <linux/module.h>

#include "virtcap.h"

static unsigned int n_devs = 1;
module_param(n_devs, uint, 0444);
MODULE_PARM_DESC(n_devs, "number of devices, 1 to 64 (default 1)");

static struct platform_device *virtcap_pdevs[VIRTCAP_MAX_DEVS];

/* The last user is gone: no file is open and the device is unbound. */
static void virtcap_release(struct v4l2_device *v4l2_dev)
{
	struct virtcap *vc = container_of(v4l2_dev, struct virtcap, v4l2_dev);

	v4l2_device_unregister(&vc->v4l2_dev);
	tpg_free(&vc->tpg);
	kfree(vc);
}

static int virtcap_probe(struct platform_device *pdev)
{
	struct virtcap *vc;
	int ret;

	vc = kzalloc(sizeof(*vc), GFP_KERNEL);
	if (!vc)
		return -ENOMEM;
	vc->pdev = pdev;
	vc->inst = pdev->id;
	mutex_init(&vc->tpg_lock);
	tpg_init(&vc->tpg, 640, 480);
	virtcap_pipe_init(vc, &vc->cap_pipe, virtcap_vid_cap_tick);

	ret = v4l2_device_register(&pdev->dev, &vc->v4l2_dev);
	if (ret) {
		kfree(vc);
		return ret;
	}
	vc->v4l2_dev.release = virtcap_release;
	platform_set_drvdata(pdev, vc);

	ret = virtcap_vid_cap_init(vc);
	if (ret)
		v4l2_device_put(&vc->v4l2_dev);
	return ret;
}

static void virtcap_remove(struct platform_device *pdev)
{
	struct virtcap *vc = platform_get_drvdata(pdev);

	vb2_video_unregister_device(&vc->cap.vdev);
	v4l2_device_put(&vc->v4l2_dev);
}

static struct platform_driver virtcap_driver = {
	.probe		= virtcap_probe,
	.remove		= virtcap_remove,
	.driver.name	= VIRTCAP_NAME,
};

static void virtcap_unregister_devices(void)
{
	for (unsigned int i = 0; i < n_devs; i++)
		platform_device_unregister(virtcap_pdevs[i]);
}

static int __init virtcap_init(void)
{
	const struct font_desc *font = find_font("VGA8x16");
	int ret;

	if (!n_devs || n_devs > VIRTCAP_MAX_DEVS) {
		pr_err("%s: n_devs=%u, must be 1 to %u\n", VIRTCAP_NAME, n_devs,
		       VIRTCAP_MAX_DEVS);
		return -EINVAL;
	}
	if (font)
		tpg_set_font(font->data);

	for (unsigned int i = 0; i < n_devs; i++) {
		struct platform_device *pdev;

		pdev = platform_device_register_simple(VIRTCAP_NAME, i, NULL, 0);
		if (IS_ERR(pdev)) {
			ret = PTR_ERR(pdev);
			goto err;
		}
		virtcap_pdevs[i] = pdev;
	}
	ret = platform_driver_register(&virtcap_driver);
	if (!ret)
		return 0;
err:
	virtcap_unregister_devices();
	return ret;
}
module_init(virtcap_init);

static void __exit virtcap_exit(void)
{
	platform_driver_unregister(&virtcap_driver);
	virtcap_unregister_devices();
}
module_exit(virtcap_exit);

MODULE_DESCRIPTION("Virtual capture and output driver");
MODULE_LICENSE("GPL");
