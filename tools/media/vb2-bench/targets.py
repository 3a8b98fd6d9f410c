# SPDX-License-Identifier: GPL-2.0-only
"""What was promised of the figures: at most this part of the old core's."""

BOTH = ("QBUF", "DQBUF")

# (what, case, operations that count together, limit)
TARGETS = (
    ("MMAP, 1 plane", "MMAP, 1 plane", BOTH, 0.60),
    ("MMAP, 4 planes", "MMAP, multi-planar, 4 planes", BOTH, 0.50),
    ("DMABUF, same descriptor", "DMABUF, same descriptor", BOTH, 0.55),
    ("DMABUF, another descriptor, dma-contig",
     "DMABUF, another descriptor, dma-contig, 4 MB", ("QBUF",), 0.40),
    ("DMABUF, another descriptor, dma-sg",
     "DMABUF, another descriptor, dma-sg, 4 MB", ("QBUF",), 0.40),
    ("the same with an IOMMU, dma-contig",
     "IOMMU, DMABUF, another descriptor, dma-contig, 1024 pages", ("QBUF",),
     0.03),
    ("the same with an IOMMU, dma-sg",
     "IOMMU, DMABUF, another descriptor, dma-sg, 1024 pages", ("QBUF",), 0.08),
    ("USERPTR, another address, vmalloc",
     "USERPTR, another address, vmalloc, 4 MB", ("QBUF",), 0.02),
    ("USERPTR, another address, dma-sg",
     "USERPTR, another address, dma-sg, 4 MB", ("QBUF",), 0.02),
    ("REQBUFS for a buffer, vmalloc", "allocation, vmalloc, 1 page",
     ("REQBUFS",), 0.80),
    ("REQBUFS for a buffer, dma-contig", "allocation, dma-contig, 1 page",
     ("REQBUFS",), 0.80),
    ("REQBUFS for a buffer, dma-sg", "allocation, dma-sg, 1 page",
     ("REQBUFS",), 0.80),
    ("memory of a buffer, vmalloc", "memory, vmalloc, 1 plane", ("buffer",),
     0.70),
    ("memory of a buffer, dma-contig", "memory, dma-contig, 1 plane",
     ("buffer",), 0.70),
    ("memory of a buffer, dma-sg", "memory, dma-sg, 1 plane", ("buffer",),
     0.70),
    ("a frame of a TW6869, 8 channels", "TW6869, 8 channels, dma-sg",
     ("frame",), 0.70),
)

# What the clock and rounding may do
TOLERANCE = 0.01


def check(rows):
    """[{target, ratio, limit, met}] of those that were measured"""
    by_name = {(row["case"], row["operation"]): row for row in rows}
    results = []

    def add(target, ratio, limit):
        results.append({"target": target, "ratio": round(ratio, 3),
                        "limit": limit, "met": ratio <= limit})

    for target, case, operations, limit in TARGETS:
        if (case, operations[0]) not in by_name:
            continue
        chosen = [by_name[case, operation] for operation in operations]
        floor = sum(row["floor"] for row in chosen)
        old = sum(row["old"] for row in chosen) - floor
        add(target, (sum(row["ours"] for row in chosen) - floor) / old, limit)

    if ("MMAP, 256 buffers", "QBUF") in by_name:
        few, many = (sum(by_name[f"MMAP, {count} buffers", operation]["ours"]
                         for operation in BOTH) for count in (4, 256))
        add("256 buffers compared with 4", many / few, 1.03)

    # Real time is not repeatable enough to be promised
    promised = [row for row in rows if "nanoseconds" not in row["unit"]]
    if not promised:
        return results
    worst = max(promised, key=lambda row: row["ratio"])
    add(f"no case worse; worst: {worst['case']}, {worst['operation']}",
        worst["ratio"], 1 + TOLERANCE)
    return results
