#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Print what gcov counted as a table, one line for each source file.

usage: gcovtable.py FOLDER DATA PERCENT

FOLDER holds the sources and the Makefile, DATA the output of gcov
--json-format. Fails if less than PERCENT of the lines of the module
videobuf2-common were executed. The others are listed in DATA/missed.
"""
import collections
import glob
import json
import os
import re
import sys

MODULE = "videobuf2-common"


def counts_of(data):
    """{source file name: {line number: how often it was executed}}"""
    files = collections.defaultdict(collections.Counter)
    for path in glob.glob(os.path.join(data, "*.json")):
        with open(path) as report:
            for line in report:
                for source in json.loads(line)["files"]:
                    name = os.path.basename(source["file"])
                    for entry in source["lines"]:
                        files[name][entry["line_number"]] += entry["count"]
    return files


def sources_of(folder):
    """The source files of the module, from the Makefile."""
    with open(os.path.join(folder, "Makefile")) as makefile:
        text = makefile.read().replace("\\\n", " ")
    objects = re.findall(rf"^{MODULE}-\S+\s*[:+]?=(.*)$", text, re.M)
    return {name[:-2] + ".c" for line in objects for name in line.split()}


def row(name, executed, lines):
    print(f"{name:32} {lines:6} {executed:9} {100 * executed / lines:6.1f} %")


def main():
    folder, data, percent = sys.argv[1], sys.argv[2], float(sys.argv[3])
    counts, sources = counts_of(data), sources_of(folder)
    total = [0, 0]
    print(f"{'file':32} {'lines':>6} {'executed':>9} {'share':>8}")
    with open(os.path.join(data, "missed"), "w") as missed:
        own = [n for n in counts if os.path.exists(os.path.join(folder, n))]
        for name in sorted(own, key=lambda n: (n not in sources, n)):
            lines = counts[name]
            executed = sum(1 for count in lines.values() if count)
            row(name, executed, len(lines))
            for number in sorted(n for n, count in lines.items() if not count):
                print(f"{name}:{number}", file=missed)
            if name in sources:
                total[0] += executed
                total[1] += len(lines)
    absent = sorted(name for name in sources - set(counts)
                    if name != "vb2-trace.c")
    if absent or not total[1]:
        print("no counters for", *absent or [MODULE], file=sys.stderr)
        return 1
    row(MODULE, *total)
    if 100 * total[0] / total[1] < percent:
        print(f"less than {percent:g} % of {MODULE}; see out/coverage/missed",
              file=sys.stderr)
        return 1
    return 0


sys.exit(main())
