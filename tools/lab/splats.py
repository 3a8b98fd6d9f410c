# SPDX-License-Identifier: GPL-2.0-only
"""Find the kernel's complaints about itself in a kernel log."""
import re

# What no run may leave in the log.  "unbalanced" is what vb2 reports when a
# driver's callbacks do not pair up; kernel test modules taint, which is fine.
SPLAT = re.compile(
    r"\bBUG:|\bBUG at\b|\bWARNING: |\bKASAN\b|\bUBSAN\b|\bKCSAN\b|\bKFENCE\b: |\bOops\b"
    r"|general protection fault|Kernel panic|possible circular locking"
    r"|possible recursive locking|inconsistent lock state|suspicious RCU usage"
    r"|held lock freed|lock held when returning|bad unlock balance"
    r"|INFO: task .* blocked for more|self-detected stall|detected stalls"
    r"|soft lockup|hard LOCKUP|sleeping function called|scheduling while atomic"
    r"|refcount_t: |list_(?:add|del) corruption|Bad page state|unbalanced"
    r"|kmemleak: \d+ new suspected|DMA-API: .*(?:warn|error|device driver)"
    r"|DMAR: \[.*fault addr|\*\*\* (?:Oops|stack smashing)", re.I)
# Enabled features announce themselves with the same words.
HARMLESS = re.compile(
    r"KASAN|KernelAddressSanitizer initialized|kfence: initialized|MP-BIOS bug"
    r"|Kernel command line|Command line:", re.I)
# BUG:/WARNING: with KASAN in the text stays a splat.
CERTAIN = re.compile(r"\bBUG:|\bWARNING: |Oops")
END = re.compile(r"---\[ end (?:trace|Kernel panic)")
LONGEST = 80


def find(lines):
    """Return the splats in a list of lines, each a list of lines."""
    found, number = [], 0
    while number < len(lines):
        line = lines[number]
        number += 1
        if not SPLAT.search(line):
            continue
        if HARMLESS.search(line) and not CERTAIN.search(line):
            continue
        splat = [line]
        while number < len(lines) and len(splat) < LONGEST:
            splat.append(lines[number])
            number += 1
            if END.search(splat[-1]):
                break
        found.append(splat)
    return found
