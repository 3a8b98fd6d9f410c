# SPDX-License-Identifier: GPL-2.0-only
"""Find, by reading, the C files of a kernel tree that depend on vb2."""
import collections
import glob
import os
import re
import subprocess

PUBLIC = re.compile(r"include/(?:media/(?:videobuf2-[\w-]+|frame_vector)|"
                    r"trace/events/vb2)\.h$")
OWN = "drivers/media/common/videobuf2/"
FOLDERS = ("drivers", "include", "samples", "sound")
NOT_CODE = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', re.S)
NAME = re.compile(r"\b(?:\w*(?:vb2|VB2|frame_?vec)\w*|\w+_vaddr_frames)\b")
INCLUDE = re.compile(r'\s*#\s*include\s*["<]([^">]+)')


def is_public(name):
    """True for the path of a public header of vb2, from the tree's top."""
    return bool(PUBLIC.match(name))


def public_headers(tree):
    found = glob.glob(f"{tree}/include/media/*.h") + \
        glob.glob(f"{tree}/include/trace/events/*.h")
    return [name for name in (os.path.relpath(path, tree) for path in found)
            if is_public(name)]


def declared(tree):
    """The identifiers of the public headers."""
    names = set()
    for header in public_headers(tree):
        names |= set(NAME.findall(code(f"{tree}/{header}")))
    return names


def code(path):
    """A file's text without comments and strings."""
    with open(path, encoding="utf-8", errors="replace") as file:
        return NOT_CODE.sub(" ", file.read())


def grep(tree, *arguments):
    return subprocess.run(["grep", "-r", *arguments, *FOLDERS], cwd=tree,
                          stdout=subprocess.PIPE, encoding="utf-8",
                          errors="replace").stdout.splitlines()


def related(first, second):
    """Same subsystem: the first two folders are the same."""
    return first.split("/")[:2] == second.split("/")[:2]


def reaching(tree):
    """Direct and all C files that include a public header of vb2.

    An #include that names no file beside it or below include/ is looked up
    through the compiler's -I; here it may be any file of the same subsystem
    with that name.
    """
    includers = collections.defaultdict(list)
    for line in grep(tree, "-HE", r'^\s*#\s*include\s*["<]', "--include=*.[ch]"):
        name, _, rest = line.partition(":")
        target = INCLUDE.match(rest)
        if target:
            includers[os.path.basename(target[1])].append((name, target[1]))
    public = public_headers(tree)
    direct, reached, todo = set(), set(public), list(public)
    while todo:
        header = todo.pop()
        for name, target in includers[os.path.basename(header)]:
            if name in reached and header not in public:
                continue
            beside = os.path.normpath(f"{os.path.dirname(name)}/{target}")
            if os.path.exists(f"{tree}/{beside}"):
                hit = beside == header
            elif os.path.exists(f"{tree}/include/{target}"):
                hit = f"include/{target}" == header
            else:
                hit = header.endswith(f"/{target}") and related(name, header)
            if not hit:
                continue
            if header in public:
                direct.add(name)
            if name not in reached:
                reached.add(name)
                todo.append(name)
    return direct, reached


def users(tree):
    """C files that use vb2, and those that only reach its headers."""
    names = declared(tree)
    direct, reached = reaching(tree)
    found = {name for name in direct if name.endswith(".c")}
    for name in grep(tree, "-lE", "vb2|VB2|frame_?vec|_vaddr_frames", "--include=*.c"):
        if names.intersection(NAME.findall(code(f"{tree}/{name}"))):
            found.add(name)
    found = {name for name in found if not name.startswith(OWN)}
    through = {name for name in reached
               if name.endswith(".c") and not name.startswith(OWN)} - found
    return sorted(found), sorted(through)
