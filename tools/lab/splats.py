# SPDX-License-Identifier: GPL-2.0-only
"""Find the kernel's complaints about itself in a kernel log."""
import re

# What no run may leave in the log.  "unbalanced" is what vb2 reports when a
# driver's callbacks do not pair up.
SPLAT = re.compile(
    r"\bBUG: |\bkernel BUG at |\bWARNING: |\bKASAN: |\bUBSAN: |\bKCSAN: "
    r"|\bKFENCE: |\bOops\b|general protection fault|Kernel panic"
    r"|possible circular locking|possible recursive locking"
    r"|inconsistent lock state|suspicious RCU usage|held lock freed"
    r"|lock held when returning|bad unlock balance|Invalid wait context"
    r"|INFO: task .* blocked for more|self-detected stall|detected stalls"
    r"|soft lockup|hard LOCKUP|sleeping function called"
    r"|scheduling while atomic|refcount_t: |list_(?:add|del) corruption"
    r"|Bad page state|unbalanced|kmemleak: \d+ new suspected"
    r"|DMA-API: .*: |DMAR: \[.*fault addr")
# What is said of these at the start of a kernel that has them.
HARMLESS = re.compile(
    r"DMA-API: (?:preallocated|debugging (?:enabled|disabled))"
    r"|Kernel command line: |Command line: ")
END = re.compile(r"---\[ end (?:trace|Kernel panic)")
LONGEST = 80


def find(lines):
    """Return the splats in a list of lines, each a list of lines."""
    found, number = [], 0
    while number < len(lines):
        line = lines[number]
        number += 1
        if not SPLAT.search(line) or HARMLESS.search(line):
            continue
        splat = [line]
        while number < len(lines) and len(splat) < LONGEST:
            splat.append(lines[number])
            number += 1
            if END.search(splat[-1]):
                break
        found.append(splat)
    return found
