#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Boots the Linux guest once and checks what its console said.

usage: boot.py --cell INTERLOCK_CELL --guest DIR --harts N --expect TEXT [--append TEXT] [--disk] [--timeout SECONDS]

Exit status 0 if the machine powered off with code 0 within the time and its console holds TEXT and no FAILED check.
"""
import argparse
import pathlib
import shutil
import subprocess
import sys
import tempfile


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--cell", required=True)
    parser.add_argument("--guest", type=pathlib.Path, required=True)
    parser.add_argument("--harts", type=int, required=True)
    parser.add_argument("--expect", required=True)
    parser.add_argument("--append", default="")
    parser.add_argument("--disk", action="store_true")
    parser.add_argument("--timeout", type=float, default=570)
    options = parser.parse_args()
    image = options.guest / "Image"
    if not image.exists():
        print(f"{image} is missing: scripts/guests.sh linux builds it", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        command = [options.cell, "run", "--kernel", str(image), "--initrd", str(options.guest / "initrd.cpio.gz"), "--harts", str(options.harts), "--no-input",
                   "--no-reboot", "--append", f"console=ttyS0 quiet {options.append}"]
        if options.disk:  # a copy: the checks write to it
            disk = pathlib.Path(folder) / "disk.img"
            shutil.copyfile(options.guest / "disk.img", disk)
            command += ["--disk", str(disk)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL, timeout=options.timeout)
        except subprocess.TimeoutExpired as expired:
            output = (expired.stdout or b"").decode(errors="replace")
            print(f"no end within {options.timeout:.0f} s; the console so far:\n{output[-3000:]}", file=sys.stderr)
            return 1
    bad = [line for line in done.stdout.splitlines() if line.startswith("CHECK") and "FAILED" in line]
    if done.returncode != 0 or options.expect not in done.stdout or bad or "Kernel panic" in done.stdout:
        print(f"status {done.returncode}, expected '{options.expect}'; the end of the console:\n{done.stdout[-3000:]}{done.stderr[-1000:]}", file=sys.stderr)
        return 1
    print(options.expect)
    return 0


if __name__ == "__main__":
    sys.exit(main())
