# SPDX-License-Identifier: GPL-2.0-only
"""The table as a picture: one bar for each figure, old core = full length."""
from xml.sax.saxutils import escape

ROW, BAR, LEFT, FULL, RIGHT, TOP = 20, 12, 470, 360, 170, 70
OLD, FLOOR, GOOD, BAD = "#d0d0d0", "#909090", "#2a7f3f", "#b03020"
CUT = 1.25      # longer bars end here


def bar(x, y, width, colour):
    return (f'<rect x="{x:.0f}" y="{y:.0f}" width="{max(width, 1):.1f}" '
            f'height="{BAR}" fill="{colour}"/>')


def text(x, y, words, anchor="start", size=12):
    return (f'<text x="{x}" y="{y}" font-size="{size}" '
            f'text-anchor="{anchor}">{escape(words)}</text>')


def draw(rows, release):
    height = TOP + ROW * len(rows) + 20
    width = LEFT + int(FULL * CUT) + RIGHT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" '
        f'height="{height}" font-family="sans-serif">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
        text(10, 24, f"Cost of vb2 compared with Linux {release}", size=16),
        bar(10, 36, 24, OLD), text(40, 46, "the kernel's own"),
        bar(160, 36, 24, GOOD), text(190, 46, "ours"),
        bar(240, 36, 24, BAD), text(270, 46, "ours, worse"),
        bar(370, 36, 24, FLOOR), text(400, 46, "floor, not vb2's"),
    ]
    for number, row in enumerate(rows):
        y = TOP + ROW * number
        scale = FULL / max(row["old"], 1)
        worse = row["ours"] > row["old"] * 1.01
        parts += [
            text(LEFT - 8, y + 11, f"{row['case']}: {row['operation']}", "end"),
            bar(LEFT, y, FULL, OLD),
            bar(LEFT, y, min(row["ours"] * scale, FULL * CUT),
                BAD if worse else GOOD),
        ]
        if row["floor"]:
            parts.append(bar(LEFT, y, min(row["floor"], row["ours"]) * scale,
                             FLOOR))
        parts.append(text(LEFT + FULL * CUT + 8, y + 11,
                          f"{row['old']:,} → {row['ours']:,}  "
                          f"({row['ratio']:.2f})"))
    return "\n".join(parts + ["</svg>"]) + "\n"
