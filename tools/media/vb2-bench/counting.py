# SPDX-License-Identifier: GPL-2.0-only
"""Count the instructions of a guest's kernel, function by function."""
import bisect
import collections
import glob
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.realpath(__file__))
TOP = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
LAB = os.path.join(TOP, "tools/lab")
OUT = os.path.join(TOP, "out")
PLACE = "build/vb2-bench"

# Rounds of the program "cameras", in each of which one frame comes of each node
FRAMES = 100

# Whole drivers: the core that each is for, how to load it, what device it is
# for, the size of its frames, and how many come in a second
Driver = collections.namedtuple("Driver", "core load device size rate")
DRIVERS = {
    "tw686x": Driver("old", "modprobe tw686x dma_mode=sg", "tw6869",
                     "720 480", 29.97),
    "tw6869": Driver("ours", "modprobe tw6869", "tw6869", "720 480", 29.97),
    # As fast as buffers come, and each buffer drawn only once
    "virtcap": Driver("ours", "modprobe virtcap pace=1 draw=1", None,
                      "1920 1080", None),
    "virtcap-25": Driver("ours", "modprobe virtcap draw=1 && udevadm settle && "
                         "v4l2-ctl -p 25", None, "320 180", 25),
    "vivid-25": Driver("old", "modprobe vivid node_types=1 num_inputs=1 "
                       "input_types=0 && udevadm settle && "
                       "v4l2-ctl -c osd_text_mode=2 -p 25", None, "320 180", 25),
}
# Percent of the chip's pace. At less its frames are apart for longer, and what
# timers do counts for more than it does with a real chip.
SPEED = 100
# How long idle() looks, in seconds
IDLE = 10


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


def cameras(driver, count, speed=SPEED):
    """by_function() of FRAMES frames from each of so many nodes, and how often
    the chip waited for the driver, at so many percent of its pace"""
    core, load, device, size, _ = DRIVERS[driver]
    functions = by_function(run_guest(
        core, f"{{ {load} && udevadm settle && "
        f"{PLACE}/cameras {count} {size} {FRAMES}; }} >&2",
        [f"{device}:speed={speed}"] if device else []))
    return functions, times_waited() if device else 0


def times_waited():
    """What the chip of the last guest says of that"""
    for path in glob.glob(f"{OUT}/last-run/tw6869-*/model.log"):
        with open(path) as file:
            for line in file:
                if line.startswith("counter holds "):
                    return int(line.split()[2])
    sys.exit("the chip's model left no counters")


def rate(driver):
    """Frames in a second of each node"""
    share = SPEED / 100 if DRIVERS[driver].device else 1
    return DRIVERS[driver].rate * share


def idle():
    """by_function() of a guest that does nothing for IDLE seconds"""
    return by_function(run_guest("old", f"{PLACE}/cameras 0 0 0 {IDLE} >&2", []))


def total(functions, phase=0):
    return sum(counts[phase] for counts in functions.values())
