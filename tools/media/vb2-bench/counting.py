# SPDX-License-Identifier: GPL-2.0-only
"""Count the instructions of a guest's kernel, function by function."""
import bisect
import collections
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.realpath(__file__))
TOP = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
LAB = os.path.join(TOP, "tools/lab")
OUT = os.path.join(TOP, "out")
PLACE = "build/vb2-bench"

# Rounds of the program "cameras", in each of which one frame comes of each node
FRAMES = 300

# Whole drivers: the core that each is for, how to load it, a size that it can do,
# and the hardware. virtcap has one capture node, and draws each buffer only once.
DRIVERS = {
    "tw686x": ("old", "modprobe tw686x dma_mode=sg", "720 480", ["tw6869"]),
    "tw6869": ("ours", "modprobe tw6869", "720 480", ["tw6869"]),
    "virtcap": ("ours", "modprobe virtcap pace=1 && udevadm settle && "
                "v4l2-ctl -d /dev/video0 -c draw=1", "1920 1080", []),
}


def build():
    for step in ([f"{LAB}/build"],
                 [f"{LAB}/in-root", "--", "tools/media/vb2-bench/build"]):
        done = subprocess.run(step, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, cwd=TOP)
        if done.returncode:
            sys.exit(f"{os.path.basename(step[-1])} failed:\n{done.stdout}")


def run_guest(core, command, devices, options=("--icount",)):
    """The kernel's symbols, sorted: [(address, name, module)]"""
    done = subprocess.run(
        [f"{LAB}/run", *options, "--append", "mitigations=off loglevel=4",
         *(["--modules", "none"] if core == "old" else []),
         *(word for device in [*devices, "vb2-profile"]
           for word in ("--device", device)), "--timeout", "600",
         "--", "sh", "-c", f"{command} && grep -i ' [tw] ' /proc/kallsyms"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"the guest failed with status {done.returncode}")
    symbols = []
    for line in done.stdout.splitlines():
        address, _, name, *module = line.split()
        symbols.append((int(address, 16), name,
                        module[0].strip("[]") if module else "kernel"))
    return sorted(symbols)


def by_function(symbols):
    """{(name, module): [instructions in each phase]}"""
    addresses = [symbol[0] for symbol in symbols]
    functions = collections.defaultdict(lambda: [0, 0])
    with open(f"{OUT}/last-run/counts") as file:
        for line in file:
            address, *counts = line.split()
            address = int(address, 16)
            found = bisect.bisect_right(addresses, address) - 1
            _, name, module = symbols[found]
            # The driver is unloaded when the symbols are read
            if address - addresses[found] > 1 << 16:
                name, module = "(the null driver)", "vb2_null"
            for phase, count in enumerate(counts):
                functions[name, module][phase] += int(count)
    return functions


def cameras(driver, count):
    """by_function() of FRAMES frames from each of so many nodes"""
    core, load, size, devices = DRIVERS[driver]
    return by_function(run_guest(
        core, f"{load} && udevadm settle && "
        f"{PLACE}/cameras {count} {size} {FRAMES} >&2", devices,
        ["--cpus", "1"]))


def total(functions, phase=0):
    return sum(counts[phase] for counts in functions.values())
