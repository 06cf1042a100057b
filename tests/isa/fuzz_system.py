#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Random page tables and CSR values in system mode: this machine and qemu-system-riscv64 must print the same lines.

Both run the programs that guest/build.sh makes; a line is a case. Where they may differ, known_differences.py says how and why, and brings
both lines to one form; every other difference is printed with its seed and ends with exit status 1. Exit status 2: wrong usage, or a
machine did not finish.
"""
import argparse
import subprocess
import sys
import time

import known_differences

# The processor that the machine is. Two harts, each on a thread: with one, QEMU splits an AMO into a load and a store, and it faults as
# a load does.
QEMU = ["-machine", "virt", "-m", "256M", "-nographic", "-bios", "none", "-smp", "2", "-accel", "tcg,thread=multi", "-cpu",
        "rv64,h=false,v=false,zba=false,zbb=false,zbc=false,zbs=false,svpbmt=false,svnapot=false,svinval=false,Zfh=false,Zfhmin=false,"
        "pmu-num=29"]
CELL = ["run", "--bios", "none", "--memory", "256M", "--harts", "2", "--no-input"]


def run(command, limit):
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=limit, check=False)
    except (OSError, subprocess.TimeoutExpired) as why:
        sys.exit(complain(f"{command[0]}: {why}"))
    lines = done.stdout.decode(errors="replace").replace("\r", "").splitlines()
    if done.returncode != 0 or not lines or lines[-1] != "DONE":
        tail = (lines[-1:] or [done.stderr.decode(errors="replace").strip()])[0]
        sys.exit(complain(f"{command[0]} did not finish: exit status {done.returncode}, last line: {tail}"))
    return lines[:-1]


def complain(message):
    print(f"fuzz_system.py: {message}", file=sys.stderr)
    return 2


def compare(program, seed, ours, theirs, limit):
    """Returns the number of cases compared and how often each known difference was met; exits at a difference."""
    if len(ours) != len(theirs):
        print(f"DIFFERENT {program}, seed {seed}: {len(ours)} lines here, {len(theirs)} from QEMU")
        sys.exit(1)
    met = {}
    wrong = 0
    for here, there in zip(ours, theirs):
        if here == there:
            continue
        same, reasons = known_differences.explain(here, there)
        if same:
            for reason in reasons:
                met[reason] = met.get(reason, 0) + 1
            continue
        wrong += 1
        if wrong <= limit:
            print(f"DIFFERENT {program}, seed {seed}\n  here {here}\n  qemu {there}")
    if wrong:
        print(f"{wrong} of {len(ours)} cases differ")
        sys.exit(1)
    return met


def plant(lines):
    """Changes one digit of one line in the middle: the comparison has to see it."""
    at = len(lines) // 2
    words = lines[at].split(" : ")
    words[1] = "99" + words[1][1:]
    return lines[:at] + [" : ".join(words)] + lines[at + 1:]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cell", required=True, help="an interlock-cell, of any variant")
    parser.add_argument("--programs", required=True, help="the folder with fuzz_paging.elf and fuzz_csr.elf")
    parser.add_argument("--program", choices=["paging", "csr"], action="append", help="default: both")
    parser.add_argument("--qemu", default="qemu-system-riscv64")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--batches", type=int, default=1, help="runs, each with the next seed")
    parser.add_argument("--cases", type=int, default=2000, help="cases of a batch")
    parser.add_argument("--micro-tlb", type=int, action="append", help="entries of the micro-TLB, in turn (default: 256, 16, 0)")
    parser.add_argument("--limit", type=int, default=600, help="seconds that a machine may take for a batch")
    parser.add_argument("--show", type=int, default=10, help="differences to print")
    parser.add_argument("--plant", action="store_true", help="change one line, to show that a difference is found")
    arguments = parser.parse_args()
    sizes = arguments.micro_tlb or [256, 16, 0]
    for program in arguments.program or ["paging", "csr"]:
        start = time.monotonic()
        cases = 0
        met = {}
        for batch in range(arguments.batches):
            seed = arguments.seed + batch
            kernel = f"{arguments.programs}/fuzz_{program}.elf"
            parameters = f"seed={seed} cases={arguments.cases} sweep={int(batch == 0)}"
            theirs = run([arguments.qemu, *QEMU, "-kernel", kernel, "-append", parameters], arguments.limit)
            micro_tlb = str(sizes[batch % len(sizes)])
            ours = run([arguments.cell, *CELL, "--micro-tlb", micro_tlb, "--kernel", kernel, "--append", parameters], arguments.limit)
            if arguments.plant:
                ours = plant(ours)
            for reason, times in compare(program, seed, ours, theirs, arguments.show).items():
                met[reason] = met.get(reason, 0) + times
            cases += len(ours)
        print(f"same: {program}, {cases} cases in {arguments.batches} batches from seed {arguments.seed}, {time.monotonic() - start:.1f} s")
        for reason, times in sorted(met.items()):
            print(f"  known difference, {times} times: {reason}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
