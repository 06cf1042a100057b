# SPDX-License-Identifier: Apache-2.0
"""Rows, interleaved rounds, and the programs that figures are measured with."""
import dataclasses
import math
import os
import pathlib
import random
import re
import selectors
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = ROOT / "build" / "release"
GUESTS = ROOT / "build" / "guests"
FIRMWARE = pathlib.Path("/usr/lib/riscv64-linux-gnu/opensbi/generic/fw_dynamic.bin")
QEMU = "qemu-system-riscv64"


class Missing(Exception):
    """Something that must be built or installed first."""


def need(path: pathlib.Path, mend: str) -> pathlib.Path:
    if not path.exists():
        raise Missing(f"{path} is missing: {mend}")
    return path


def write_atomically(path: pathlib.Path, text: str) -> None:
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as file:
        file.write(text)
    os.replace(file.name, path)


@dataclasses.dataclass
class Row:
    figure: str
    measured: float
    unit: str
    target: float | None = None  # at_most / at_least by `sense`
    sense: str = "at most"
    low: float | None = None
    high: float | None = None
    note: str = ""
    samples: list = dataclasses.field(default_factory=list)

    @property
    def verdict(self) -> str:
        if self.target is None:
            return "info"
        good = self.measured <= self.target if self.sense == "at most" else self.measured >= self.target
        return "met" if good else "short"


def number(value: float) -> str:
    if value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"


class Table:
    def __init__(self):
        self.rows: list[Row] = []
        self.header_printed = False

    def add(self, row: Row) -> None:
        if not self.header_printed:
            print(f"{'figure':<46} {'measured':>12} {'(least..greatest)':>20} {'target':>16}  verdict", flush=True)
            self.header_printed = True
        self.rows.append(row)
        span = f"({number(row.low)}..{number(row.high)})" if row.low is not None and row.high is not None else ""
        target = f"{row.sense} {number(row.target)}" if row.target is not None else ""
        note = f"  {row.note}" if row.note else ""
        print(f"{row.figure:<46} {number(row.measured) + ' ' + row.unit:>12} {span:>20} {target:>16}  {row.verdict}{note}", flush=True)

    def as_json(self) -> list:
        return [dataclasses.asdict(row) | {"verdict": row.verdict} for row in self.rows]

    def summary(self) -> int:
        short = [row for row in self.rows if row.verdict == "short"]
        met = sum(row.verdict == "met" for row in self.rows)
        print(f"{met} met, {len(short)} short" + (": " + ", ".join(row.figure for row in short) if short else ""))
        return 1 if short or not self.rows else 0


def geometric_mean(values) -> float:
    return math.exp(statistics.fmean(math.log(v) for v in values))


RESULT = re.compile(r"^(RESULT|LITMUS|COST) (.*)$", re.M)


def results(text: str) -> list[dict]:
    """The RESULT and LITMUS lines of a guest, as dictionaries of their key=value fields."""
    found = []
    for match in RESULT.finditer(text.replace("\r", "")):
        fields = dict(part.split("=", 1) for part in match.group(2).split() if "=" in part)
        fields["line"] = match.group(1)
        found.append(fields)
    return found


class Bench:
    def __init__(self, rounds: int):
        self.rounds = rounds
        self.random = random.Random(20)

    def interleave(self, what: str, candidates: dict, rounds: int | None = None) -> list[dict]:
        """Runs every candidate (name -> function) once a round, in random order; returns one {name: value} a round."""
        rounds = rounds or self.rounds
        collected = []
        start = time.monotonic()
        for index in range(rounds):
            order = list(candidates)
            self.random.shuffle(order)
            collected.append({name: candidates[name]() for name in order})
            self.progress(what, index + 1, rounds, start)
        return collected

    @staticmethod
    def progress(what: str, done: int, total: int, start: float) -> None:
        if sys.stderr.isatty():
            left = (time.monotonic() - start) / done * (total - done)
            end = "\r" if done < total else "\r" + " " * 70 + "\r"
            print(f"  {what}: round {done} of {total}, {left:.0f} s left   ", end=end, file=sys.stderr, flush=True)

    # --- Machines. Each returns the whole output; a run that fails raises.
    def interlock(self, kernel: pathlib.Path, variant: str = "baseline", harts: int = 1, append: str = "", memory: str = "128M", extra: list[str] | None = None,
                  build: pathlib.Path = BUILD, timeout: int = 600, check: bool = True) -> str:
        cell = need(build / "variants" / variant / "interlock-cell", "build preset release (scripts/test --quick does)")
        command = [str(cell), "run", "--bios", "none", "--kernel", str(self.guest(kernel)), "--harts", str(harts), "--memory", memory, "--no-input"]
        return self.run(command + (["--append", append] if append else []) + (extra or []), timeout, check)

    def qemu(self, kernel: pathlib.Path, harts: int = 1, append: str = "", memory: str = "128M", timeout: int = 600, check: bool = True) -> str:
        command = [QEMU, "-machine", "virt", "-nographic", "-bios", "none", "-smp", str(harts), "-m", memory, "-kernel", str(self.guest(kernel)), "-accel",
                   "tcg,thread=multi"]
        return self.run(command + (["-append", append] if append else []), timeout, check)

    @staticmethod
    def guest(name) -> pathlib.Path:
        return need(GUESTS / "bare-metal" / f"{name}.elf", "build the guests: scripts/guests.sh bare-metal")

    @staticmethod
    def run(command: list[str], timeout: int, check: bool) -> str:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, stdin=subprocess.DEVNULL, errors="replace")
        if check and done.returncode != 0:
            raise Missing(f"{' '.join(command)} ended with status {done.returncode}:\n{done.stdout[-1500:]}{done.stderr[-500:]}")
        return done.stdout

    @staticmethod
    def time_to_line(command: list[str], marker: bytes, timeout: float, at_marker=None) -> float:
        """Seconds from the start of the command until its output has the marker; then it is ended. at_marker(pid) runs before that."""
        start = time.monotonic()
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        seen = b""
        try:
            with selectors.DefaultSelector() as selector:
                selector.register(process.stdout, selectors.EVENT_READ)
                while time.monotonic() - start < timeout:
                    if not selector.select(timeout - (time.monotonic() - start)):
                        break
                    chunk = os.read(process.stdout.fileno(), 65536)
                    if not chunk:
                        break
                    seen += chunk
                    if marker in seen:
                        elapsed = time.monotonic() - start
                        if at_marker:
                            at_marker(process.pid)
                        return elapsed
        finally:
            process.kill()
            process.wait()
        raise Missing(f"{' '.join(command)}: no '{marker.decode()}' within {timeout:.0f} s; the end of its output:\n{seen[-1500:].decode(errors='replace')}")
