# SPDX-License-Identifier: GPL-2.0-only
"""The patch series: its parts, and a kernel tree with it; see tools/lab/series."""
import fcntl
import fnmatch
import glob
import os
import re
import shutil
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
LAB = os.path.join(TOP, "tools/lab")
PARTS = os.path.join(TOP, "tools/lab/series.d")
TREE = os.path.join(TOP, "build/root/usr/src/linux-source-6.12")
OUT = os.path.join(TOP, "out/series")
WORK = os.path.join(TOP, "out/series-work")
ARCHIVE = TREE + ".tar.xz"
# A kernel tree with the series applied
PATCHED = os.path.join(TOP, "build/series/linux")
# What of the project lands in a kernel tree
LEAVES = ["drivers", "include", "Documentation", "tools/media", "tools/testing"]
# Folders of the tree of which nothing stays
FOLDERS = ["drivers/media/common/videobuf2"]
KEYS = {"Subject", "Add", "Remove", "Edit"}


def fail(text):
    sys.exit(f"{os.path.basename(sys.argv[0])}: {text}")


def run(*command, cwd=TOP, **more):
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, **more)
    if done.returncode:
        fail(f"{' '.join(command)}:\n{done.stdout}{done.stderr}")
    return done.stdout


def tracked(*patterns):
    return run("git", "ls-files", "--", *patterns).split("\n")[:-1]


class Patch:
    def __init__(self, path):
        self.name = os.path.basename(path)
        header, _, self.body = open(path).read().partition("\n\n")
        self.add, self.remove, self.edit, self.subject = [], [], [], ""
        for line in header.split("\n"):
            key, _, value = line.partition(": ")
            if key not in KEYS:
                fail(f"{self.name}: what is '{key}'?")
            if key == "Subject":
                self.subject = value
            elif key == "Add":
                found = tracked(":(glob)" + value)
                if not found:
                    fail(f"{self.name}: nothing matches {value}")
                self.add += found
            elif key == "Remove":
                self.remove.append(value)
            else:
                self.edit.append(os.path.join(PARTS, "edits", value))
        if any(len(line) > 75 for line in self.body.split("\n")):
            fail(f"{self.name}: a line of the message is longer than 75")

    def edited(self):
        """Files of the tree that the edits touch."""
        found = []
        for path in self.edit:
            found += re.findall(r"^--- a/(.*)$", open(path).read(), re.M)
        return found


def put(source, target):
    os.makedirs(os.path.dirname(target), exist_ok=True)
    shutil.copy(source, target)


def fresh_repository(folder, touched):
    """A repository with the tree's own version of the touched files."""
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    run("git", "init", "-q", "-b", "series", cwd=folder)
    for path in touched:
        if os.path.exists(os.path.join(TREE, path)):
            put(os.path.join(TREE, path), os.path.join(folder, path))
    open(os.path.join(folder, ".base"), "w").close()
    # The patches are from whoever made the project's last commit
    name, email = run("git", "log", "-1", "--format=%an%n%ae").split("\n")[:2]
    run("git", "config", "user.name", name, cwd=folder)
    run("git", "config", "user.email", email, cwd=folder)
    run("git", "add", "-A", cwd=folder)
    run("git", "commit", "-q", "-m", "base", cwd=folder)


def commit(patch):
    for path in patch.remove:
        os.remove(os.path.join(WORK, path))
    for path in patch.add:
        put(os.path.join(TOP, path), os.path.join(WORK, path))
    for path in patch.edit:
        run("git", "apply", path, cwd=WORK)
    run("git", "add", "-A", cwd=WORK)
    message = f"{patch.subject}\n\n{patch.body.strip()}\n"
    run("git", "commit", "-q", "-s", "-m", message, cwd=WORK)


def check_complete(patches):
    """Every file that lands is added by one patch."""
    added = [path for patch in patches for path in patch.add]
    twice = {path for path in added if added.count(path) > 1}
    missing = set(tracked(*LEAVES)) - set(added)
    if twice or missing:
        fail("added twice: %s\nnot in any patch: %s" % (" ".join(sorted(twice)) or "none", " ".join(sorted(missing)) or "none"))


def check_result(patches, touched):
    """git am on unmodified files gives the project's files, and no others."""
    again = WORK + "-am"
    fresh_repository(again, touched)
    run("git", "am", "-q", *sorted(glob.glob(OUT + "/0*.patch"))[1:], cwd=again)
    for patch in patches:
        for path in patch.add:
            if open(os.path.join(again, path), "rb").read() != open(os.path.join(TOP, path), "rb").read():
                fail(f"git am makes {path} different")
    for folder in FOLDERS:
        left = {f"{folder}/{name}" for name in os.listdir(os.path.join(TREE, folder))
                if os.path.isfile(os.path.join(TREE, folder, name))} - set(touched)
        if left:
            fail("the series leaves of the tree: " + " ".join(sorted(left)))
    check_maintainers(os.path.join(again, "MAINTAINERS"))
    shutil.rmtree(again)


def check_maintainers(path):
    """Each file has an entry, and the project's own list is in the tree's."""
    entries = set(re.findall(r"^F:\t(.*)$", open(path).read(), re.M)) - {"*", "*/"}
    ours = re.findall(r"^F:\t(.*)$", open(os.path.join(TOP, "MAINTAINERS")).read(), re.M)
    lost = [entry for entry in ours
            if entry not in entries and not entry.startswith("tools/lab/")]
    if lost:
        fail("not in the tree's MAINTAINERS: " + " ".join(lost))
    for name in tracked(*LEAVES):
        if not any(fnmatch.fnmatch(name, entry + "*" if entry.endswith("/") else entry)
                   for entry in entries):
            fail(f"MAINTAINERS has no entry for {name}")


def check_unmodified(touched):
    """What the series starts from is what Debian packed."""
    folder, top = os.path.split(TREE)
    names = [os.path.join(top, path) for path in touched
             if os.path.exists(os.path.join(TREE, path))]
    done = subprocess.run(["tar", "-d", "-f", ARCHIVE, "-C", folder, *names],
                          capture_output=True, text=True)
    wrong = re.findall(r"^.*: (?:Contents|Size).*$", done.stdout, re.M)
    if wrong:
        fail("the kernel source was modified:\n" + "\n".join(wrong))


def read_patches():
    return [Patch(path) for path in sorted(glob.glob(PARTS + "/[0-9]*.txt"))]


def touched_by(patches):
    return sorted({path for patch in patches
                   for path in patch.add + patch.remove + patch.edited()})


def same(one, other):
    if not os.path.exists(one) or not os.path.exists(other):
        return os.path.exists(one) == os.path.exists(other)
    return open(one, "rb").read() == open(other, "rb").read()


def patch_tree(commit, touched):
    """Give the kernel tree the files of a commit; returns how many changed.

    What is the same keeps its time, so that make has little to do.
    """
    if not os.path.isdir(PATCHED):
        partial = PATCHED + ".partial"
        shutil.rmtree(partial, ignore_errors=True)
        os.makedirs(os.path.dirname(PATCHED), exist_ok=True)
        # Links: a changed file is a new one
        run("cp", "-al", TREE, partial)
        os.rename(partial, PATCHED)
    run("git", "checkout", "-q", commit, cwd=WORK)
    changed = 0
    for path in touched:
        source, target = os.path.join(WORK, path), os.path.join(PATCHED, path)
        if same(source, target):
            continue
        changed += 1
        if os.path.exists(target):
            os.remove(target)
        if os.path.exists(source):
            put(source, target)
    return changed


def make_series(check=False):
    """Make the patches; returns what they are made from."""
    os.makedirs(os.path.join(TOP, "build"), exist_ok=True)
    make_series.lock = open(os.path.join(TOP, "build/.lock-series"), "w")
    fcntl.flock(make_series.lock, fcntl.LOCK_EX)
    if not os.path.isdir(TREE):
        fail("no kernel source; run: make setup")
    patches = read_patches()
    check_complete(patches)
    touched = touched_by(patches)

    fresh_repository(WORK, touched)
    for patch in patches:
        commit(patch)
    shutil.rmtree(OUT, ignore_errors=True)
    subject, _, blurb = open(os.path.join(PARTS, "cover.txt")).read().partition("\n\n")
    run("git", "config", "branch.series.description", f"{subject}\n\n{blurb}", cwd=WORK)
    run("git", "format-patch", "-q", "--cover-letter", "--cover-from-description=subject",
        "-o", OUT, "--root", f"-{len(patches)}", cwd=WORK)
    check_result(patches, touched)
    if check:
        check_unmodified(touched)
    print(f"{len(patches)} patches in out/series/, which give exactly the project's files")
    return patches, touched
