# SPDX-License-Identifier: GPL-2.0-only
"""Read and write test results: KTAP (Documentation/dev-tools/ktap.rst), JUnit."""
import re
import xml.etree.ElementTree as xml

PASS, FAIL, SKIP = "pass", "fail", "skip"
# A result line; programs inside of others may put "# " before theirs.
RESULT = re.compile(r"^((?:# |\s)*)(not ok|ok)\s+(\d+)\s*(?:-\s*)?(.*)$")
START = re.compile(r"^(?:# |\s)*(?:K?TAP version \d+|1\.\.\d+)")
PLAN = re.compile(r"^((?:# |\s)*)1\.\.(\d+)")
# What XML cannot hold, such as the colours of a terminal.
UNPRINTABLE = re.compile(r"[^\t\n\x20-\ud7ff\ue000-\ufffd]")


class Result:
    """One test; with children, the sum of them."""

    def __init__(self, name, outcome, seconds=0.0, note="", log=""):
        self.name, self.outcome, self.seconds = name, outcome, seconds
        self.note, self.log = note, log
        self.children = []

    def leaves(self):
        """The results that count: a test that consists of others does not,
        unless it failed in a way that none of them shows."""
        if not self.children:
            yield self
            return
        below = [leaf for child in self.children for leaf in child.leaves()]
        yield from below
        if self.outcome == FAIL and all(leaf.outcome != FAIL for leaf in below):
            yield Result(self.name, FAIL, note=self.note, log=self.log)


def outcome(word, text):
    directive = re.search(r"#\s*(SKIP|XFAIL|TODO)\b", text, re.I)
    if directive and (word == "ok" or directive.group(1).upper() != "SKIP"):
        return SKIP
    return PASS if word == "ok" else FAIL


def parse(text):
    """Return the results in a program's output; nested ones as children."""
    lines = text.splitlines()
    if not any(START.match(line) for line in lines):
        return []
    # Results wait here, by depth, for the line of the test they belong to.
    waiting, plans = [], []
    for line in lines:
        plan = PLAN.match(line)
        if plan:
            plans.append((len(plan.group(1)), int(plan.group(2))))
            continue
        found = RESULT.match(line)
        if not found:
            continue
        depth = len(found.group(1))
        name = re.sub(r"\s*#.*", "", found.group(4)) or found.group(3)
        result = Result(name, outcome(found.group(2), found.group(4)))
        note = re.search(r"#\s*(.*)", found.group(4))
        result.note = note.group(1) if note else ""
        while waiting and waiting[-1][0] > depth:
            result.children.insert(0, waiting.pop()[1])
        waiting.append((depth, result))
    top = [result for _, result in waiting]
    # A program that died on the way must not look like one that passed.
    if plans:
        depth = min(depth for depth, _ in plans)
        wanted = sum(number for place, number in plans if place == depth)
        seen = sum(1 for place, _ in waiting if place == depth)
        if seen < wanted:
            top.append(Result("all planned tests", FAIL,
                              note=f"{seen} of {wanted} reported"))
    return top


def lines(result, number, indent=""):
    """The KTAP lines of a result."""
    if result.children:
        yield f"{indent}  KTAP version 1"
        yield f"{indent}  # Subtest: {result.name}"
        yield f"{indent}  1..{len(result.children)}"
        for child_number, child in enumerate(result.children, 1):
            yield from lines(child, child_number, indent + "  ")
    word = "not ok" if result.outcome == FAIL else "ok"
    text = f"{indent}{word} {number} {result.name}"
    if result.outcome == SKIP:
        text += f" # SKIP {re.sub('^SKIP ?', '', result.note)}".rstrip()
    elif result.note:
        text += f" # {result.note}"
    elif result.seconds:
        text += f" # {result.seconds:.0f} s"
    yield text


def count(results):
    """(passed, failed, skipped) over everything that counts."""
    every = [leaf.outcome for result in results for leaf in result.leaves()]
    return tuple(every.count(kind) for kind in (PASS, FAIL, SKIP))


def write_junit(path, results):
    """Write the results as JUnit XML, one suite for each test of the list."""
    root = xml.Element("testsuites")
    for result in results:
        passed, failed, skipped = count([result])
        suite = xml.SubElement(
            root, "testsuite", name=result.name, time=f"{result.seconds:.1f}",
            tests=str(passed + failed + skipped), failures=str(failed),
            skipped=str(skipped))
        for leaf in result.leaves():
            case = xml.SubElement(suite, "testcase", name=leaf.name,
                                  classname=result.name)
            if leaf.outcome == FAIL:
                text = UNPRINTABLE.sub("?", leaf.note or "failed")
                failure = xml.SubElement(case, "failure", message=text)
                failure.text = UNPRINTABLE.sub("?", result.log[-20000:])
            elif leaf.outcome == SKIP:
                xml.SubElement(case, "skipped",
                               message=UNPRINTABLE.sub("?", leaf.note))
    xml.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)
