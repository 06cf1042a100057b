# SPDX-License-Identifier: Apache-2.0
"""After SIGINT and after SIGKILL a run goes on: no finished cell is lost or measured again, none counts twice, none is missing in the end."""
import os
import signal
import time

from harness import TINY_CONFIGURATIONS, Workplace, expect, tiny

BLOCKS = 3
WANTED = TINY_CONFIGURATIONS * BLOCKS


def run_until(place, process, run, cells):
    """Waits until the journal holds more than `cells` cells."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if len(place.cells(run)) > cells:
                return
        except Exception:  # no journal, or no schema yet
            pass
        time.sleep(0.02)
    expect(process.poll() is None, f"it ended before it could be stopped: {process.communicate()}")
    expect(False, "no cell finished within two minutes")


def children_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return [int(child) for child in file.read().split()]


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


with Workplace() as place:
    file = place.write("tiny.toml", tiny(seconds=0.1, blocks=BLOCKS))

    process = place.start("sweep", "run", file, "--out", "run")
    run_until(place, process, "run", 2)
    process.send_signal(signal.SIGINT)
    started = time.monotonic()
    _, errors = process.communicate(timeout=30)
    expect(time.monotonic() - started < 10, "Ctrl-C took long")
    expect(process.returncode == 128 + signal.SIGINT, f"exit status {process.returncode} after Ctrl-C")
    expect("interlock sweep resume run" in errors, f"it does not say how to go on: {errors}")
    after_interrupt = place.cells("run")
    expect(2 < len(after_interrupt) < WANTED, f"{len(after_interrupt)} cells after Ctrl-C")
    expect("not finished" in place.run("sweep", "status", "run").stdout, "status after Ctrl-C")

    process = place.start("sweep", "resume", "run")
    run_until(place, process, "run", len(after_interrupt) + 2)
    second = place.run("sweep", "resume", "run", status=1)
    expect("is in use" in second.stderr, f"two processes on one journal: {second.stderr}")
    children = children_of(process.pid)
    process.kill()
    process.communicate(timeout=30)
    after_kill = place.cells("run")
    expect(after_kill[: len(after_interrupt)] != [] and set(after_interrupt) <= set(after_kill), "a cell was lost or measured again after Ctrl-C")
    expect(len(after_kill) < WANTED, "the run was over before it was killed")
    deadline = time.monotonic() + 20
    while any(alive(child) for child in children) and time.monotonic() < deadline:
        time.sleep(0.05)
    expect(not any(alive(child) for child in children), "a cell outlives the killed sweep")

    place.run("sweep", "resume", "run")
    after_end = place.cells("run")
    expect(set(after_kill) <= set(after_end), "a cell was lost or measured again after kill -9")
    expect(len(after_end) == WANTED, f"{len(after_end)} cells in the end, not {WANTED}")
    expect(len({cell[:3] for cell in after_end}) == WANTED, "a cell counts twice")
    complete = place.query("run", "SELECT count(DISTINCT block), count(*) FROM block WHERE complete = 1")
    expect(complete == [(WANTED, WANTED)], f"complete blocks: {complete}")
    expect(f"{WANTED} of {WANTED} blocks" in place.run("table", "run").stdout, "the tables do not say that all blocks are complete")
