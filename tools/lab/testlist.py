# SPDX-License-Identifier: GPL-2.0-only
"""Read tools/lab/tests.list."""
import sys


def tests(path):
    """Read the list: (name, groups, limit in seconds, command) of each test."""
    known = {"short", "long", "lint", "alone"}
    with open(path) as lines:
        for number, line in enumerate(lines, 1):
            line = line.split("#")[0].strip()
            if not line:
                continue
            fields = line.split(None, 3)
            groups = fields[1].split(",") if len(fields) == 4 else []
            if not groups or not known.issuperset(groups):
                sys.exit(f"{path}:{number}: not NAME GROUPS SECONDS COMMAND with "
                         f"groups of {', '.join(sorted(known))}")
            yield fields[0], groups, int(fields[2]), fields[3]
