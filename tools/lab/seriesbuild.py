# SPDX-License-Identifier: GPL-2.0-only
"""Compiling the kernel tree that seriesparts.patch_tree() makes."""
import os
import re
import subprocess
import sys

from seriesparts import LAB, PATCHED, TOP

INSIDE = "/project"
CONFIG = "tools/lab/series.config"
# Each architecture and what the names of its compiler begin with
ARCHITECTURES = {
    "x86_64": "",
    "i386": "",
    "arm64": "aarch64-linux-gnu-",
    "arm": "arm-linux-gnueabihf-",
}
# What an architecture needs to have PCI and a choice of DMA
MORE = {
    "x86_64": [],
    "i386": [],
    "arm64": [],
    "arm": ["CONFIG_ARCH_MULTIPLATFORM=y", "CONFIG_ARCH_MULTI_V7=y",
            "CONFIG_ARCH_VIRT=y"],
}


class Build:
    """The objects of one architecture, in build/series."""

    def __init__(self, architecture):
        self.architecture = architecture
        self.objects = f"build/series/{architecture}"
        os.makedirs(os.path.join(TOP, self.objects), exist_ok=True)

    def make(self, *arguments):
        """Run make inside the root; returns (worked, what it said)."""
        done = subprocess.run(
            [f"{LAB}/in-root", "make", "-C", INSIDE + PATCHED.removeprefix(TOP),
             f"O={INSIDE}/{self.objects}", f"ARCH={self.architecture}",
             f"CROSS_COMPILE={ARCHITECTURES[self.architecture]}",
             f"-j{os.cpu_count()}", "--no-print-directory", *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            errors="replace", check=False)
        with open(os.path.join(TOP, self.objects, "log"), "a") as log:
            log.write(done.stdout)
        return done.returncode == 0, done.stdout

    def configure(self, complete):
        """Returns complaints; if complete, also of lines that Kconfig dropped."""
        with open(os.path.join(TOP, CONFIG)) as file:
            lines = file.read().splitlines() + MORE[self.architecture]
        with open(os.path.join(TOP, self.objects, "wanted"), "w") as file:
            file.write("\n".join(lines) + "\n")
        worked, said = self.make(
            "-s", f"KCONFIG_ALLCONFIG={INSIDE}/{self.objects}/wanted", "allnoconfig")
        if not worked:
            return said.splitlines()[-20:]
        with open(os.path.join(TOP, self.objects, ".config")) as file:
            have = set(file.read().splitlines())
        dropped = [line for line in lines
                   if re.match("CONFIG_|# CONFIG_", line) and line not in have]
        return ["Kconfig dropped:", *dropped] if complete and dropped else []


def complaints(worked, said):
    """Lines of the compiler's that say what is wrong."""
    found = [line for line in said.splitlines()
             if re.search(r"(error|warning):|\*\*\*", line, re.I)
             and "modpost" not in line and "vmlinux.o is missing" not in line]
    return found if found or worked else said.splitlines()[-20:]


def report(number, text, wrong):
    """One result as KTAP; returns whether it is good."""
    for line in wrong[:40]:
        print("#  ", line)
    print("not ok" if wrong else "ok", number, text, flush=True)
    return not wrong


def plan(tests):
    print(f"KTAP version 1\n1..{tests}")
    sys.stdout.flush()
