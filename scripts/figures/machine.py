# SPDX-License-Identifier: Apache-2.0
"""The machine's figures: engine, boot, registers, self-modifying code, memory ordering, memory, build times."""
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import tempfile
import time

from figures import common
from figures.common import Row, geometric_mean, results

KERNELS = ["integer", "branches", "memory", "calls", "mix"]


def variants() -> list[str]:
    return sorted(p.parent.name for p in (common.BUILD / "variants").glob("*/interlock-cell"))


def ratio_row(figure: str, pairs: list[tuple[float, float]], target: float | None, sense: str, note: str = "") -> Row:
    """The median of first/second over rounds."""
    ratios = [a / b for a, b in pairs]
    return Row(figure, statistics.median(ratios), "x", target, sense, min(ratios), max(ratios), note, ratios)


def field(text: str, name: str, key: str, worst=max) -> float:
    found = [float(r[key]) for r in results(text) if r.get("name") == name and key in r]
    if not found:
        raise common.Missing(f"a guest printed no {key} for {name}:\n{text[-800:]}")
    return worst(found)


def engine(table, bench) -> None:
    """Speed on one hart against QEMU's TCG: guest time of the same work, so the ratio is QEMU's time over ours."""
    medians = {}
    for kernel in KERNELS:
        guest = f"kernel_{kernel}"
        rounds = bench.interleave(guest, {
            "qemu": lambda g=guest: field(bench.qemu(g, append="iterations=2000" if g == "kernel_integer" else "iterations=500"), g, "ticks") / (2000 if g == "kernel_integer" else 500),
            "interlock": lambda g=guest: field(bench.interlock(g, append="iterations=500"), g, "ticks") / 500,
        })
        row = ratio_row(f"engine.{kernel}: speed over QEMU's", [(r["qemu"], r["interlock"]) for r in rounds], 0.25 if kernel == "mix" else 0.15, "at least")
        medians[kernel] = row.measured
        table.add(row)
    table.add(Row("engine: geometric mean of the five", geometric_mean(medians.values()), "x", 0.27, "at least"))


def tracking_cost(table, bench) -> None:
    other = common.ROOT / "build" / "mutants" / "no-store-tracking"
    if not (other / "variants" / "baseline" / "interlock-cell").exists():
        build_mutant("no-store-tracking", "INTERLOCK_ENGINE_TRACK_STORES=0")
    rounds = bench.interleave("store tracking", {
        "tracked": lambda: field(bench.interlock("kernel_memory"), "kernel_memory", "ticks"),
        "untracked": lambda: field(bench.interlock("kernel_memory", build=other), "kernel_memory", "ticks"),
    })
    table.add(ratio_row("lr_sc: time with store tracking over without", [(r["tracked"], r["untracked"]) for r in rounds], None, "at most", "kernel_memory"))


def build_mutant(name: str, definition: str) -> pathlib.Path:
    folder = common.ROOT / "build" / "mutants" / name
    subprocess.run(["cmake", "-S", str(common.ROOT), "-B", str(folder), "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release", "-DCMAKE_CXX_FLAGS_RELEASE=-O2 -g1",
                    f"-DCMAKE_CXX_FLAGS=-D{definition}", "-DINTERLOCK_TESTS=OFF", "-DINTERLOCK_VARIANTS=baseline"], check=True, capture_output=True)
    subprocess.run(["cmake", "--build", str(folder), "--target", "interlock-cell-baseline"], check=True, capture_output=True)
    return folder


def boot(table, bench) -> None:
    guest = common.GUESTS / "linux"
    image = common.need(guest / "Image", "build it: scripts/guests.sh linux")
    firmware = common.need(common.FIRMWARE, "install the package opensbi (scripts/setup.sh)")
    initrd = guest / "initrd.cpio.gz"
    append = "console=ttyS0 quiet interlock.boot_only"
    cell = common.BUILD / "variants" / "baseline" / "interlock-cell"
    for harts in (1, 2):
        ours = [str(cell), "run", "--bios", str(firmware), "--kernel", str(image), "--initrd", str(initrd), "--append", append, "--harts", str(harts), "--no-input"]
        theirs = [common.QEMU, "-machine", "virt", "-nographic", "-smp", str(harts), "-m", "256M", "-bios", str(firmware), "-kernel", str(image), "-initrd", str(initrd),
                  "-append", append, "-accel", "tcg,thread=multi"]
        rounds = bench.interleave(f"boot, {harts} harts", {
            "interlock": lambda: bench.time_to_line(ours, b"INTERLOCK-GUEST: userspace", 120),
            "qemu": lambda: bench.time_to_line(theirs, b"INTERLOCK-GUEST: userspace", 120),
        })
        mine, his = (statistics.median(r[name] for r in rounds) for name in ("interlock", "qemu"))
        table.add(ratio_row(f"boot.{harts}_harts: time over QEMU's", [(r["interlock"], r["qemu"]) for r in rounds], 1.6, "at most", f"{mine:.2f} s and {his:.2f} s"))


def registers(table, bench) -> None:
    names = variants()
    uart = bench.interleave("uart read", {v: lambda v=v: bench.interlock("figure_uart_read", v, 2) for v in names} | {"qemu": lambda: bench.qemu("figure_uart_read", 2)})
    plic = bench.interleave("plic read", {v: lambda v=v: bench.interlock("figure_plic_read", v, 2) for v in names} | {"qemu": lambda: bench.qemu("figure_plic_read", 2)})
    key = "ns_per_operation"
    for name in ["rcu"] + [n for n in names + ["qemu"] if n != "rcu"]:
        alone = [field(r[name], "uart_read_alone", key) for r in uart]
        both = [field(r[name], "uart_read_both", key) for r in uart]
        judged = name == "rcu"
        table.add(ratio_row(f"registers.{name}: one register, two harts over one", list(zip(both, alone)), 1.5 if judged else None, "at most"))
        table.add(Row(f"registers.{name}: one register, two harts", statistics.median(both), "ns", 60 if judged else None, "at most", min(both), max(both)))
    for name in names + ["qemu"]:
        pairs = [(field(r[name], "plic_read_while_uart", key), field(r[name], "plic_read_alone", key)) for r in plic]
        # `private` has one lock for all devices by design (as QEMU has): it shows what the others gain.
        judged = name not in ("qemu", "private")
        table.add(ratio_row(f"registers.{name}: PLIC read beside UART over alone", pairs, 1.3 if judged else None, "at most"))


def fences(table, bench) -> None:
    rounds = bench.interleave("ipi and fence", {
        "interlock": lambda: bench.interlock("figure_ipi_fence", harts=2),
        "qemu": lambda: bench.qemu("figure_ipi_fence", harts=2),
    })
    pairs = [(field(r["interlock"], "ipi_fence_round_trip", "ns_per_operation"), field(r["qemu"], "ipi_fence_round_trip", "ns_per_operation")) for r in rounds]
    table.add(ratio_row("fence: IPI and remote fence round trip over QEMU's", pairs, 0.6, "at most", f"{statistics.median(p[0] for p in pairs):.0f} ns"))


def self_modifying(table, bench) -> None:
    """Every cycle's answer is checked in the guest, which fails, and this command with it, if one cycle ran old code."""
    guest = "guest_self_modifying"
    names = variants()
    rounds = bench.interleave("self-modifying code", {
        v: lambda v=v: field(bench.interlock(guest, v, 2, "iterations=100000 mode=own"), guest, "ticks") for v in names
    } | {"qemu": lambda: field(bench.qemu(guest, 2, "iterations=100000 mode=own"), guest, "ticks")})
    for name in ["parking"] + [n for n in names if n != "parking"]:
        pairs = [(r[name], r["qemu"]) for r in rounds]
        nanoseconds = statistics.median(p[0] for p in pairs) / 1000  # ticks of 100 ns, 100,000 cycles
        table.add(ratio_row(f"self_modifying.{name}: a cycle over QEMU's", pairs, 0.3 if name == "parking" else None, "at most", f"{nanoseconds:.0f} ns"))
        table.add(Row(f"self_modifying.{name}: old code run", 0, "", 0, "at most", note=f"{2 * 100000 * len(rounds)} cycles, each checked by the guest"))


def litmus(table, bench) -> None:
    for harts in (2, 4):
        text = bench.interlock("litmus", harts=harts, append="iterations=1000000", timeout=3000)
        lines = [r for r in results(text) if r["line"] == "LITMUS"]
        forbidden = sum(int(r["forbidden"]) for r in lines)
        table.add(Row(f"litmus.{harts}_harts: forbidden outcomes", forbidden, "", 0, "at most", note=f"{len(lines)} tests and forms, a million runs each"))
        plain = [int(r["weak"]) for r in lines if r.get("name") == "SB" and r.get("form") == "plain"]
        table.add(Row(f"litmus.{harts}_harts: weak outcomes of plain SB", sum(plain), "", 1, "at least"))
    broken = build_mutant("no-store-load-fence", "INTERLOCK_ENGINE_STORE_LOAD_FENCE=0")
    text = bench.interlock("litmus", harts=2, append="tests=SB iterations=1000000", build=broken, check=False, timeout=3000)
    caught = sum(int(r["forbidden"]) for r in results(text) if r["line"] == "LITMUS")
    table.add(Row("litmus: forbidden outcomes without the fence", caught, "", 1, "at least", note="a broken build, which must be caught"))
    text = bench.interlock("check_lr_sc", harts=2, check=False)
    table.add(Row("lr_sc: SC fails after stores of A, B, A", 1 if "DONE" in text and "FAILED" not in text else 0, "", 1, "at least"))


def memory(table, bench) -> None:
    guest = common.GUESTS / "linux"
    bytes_of_ram = 256 << 20
    seen = {}

    def look(pid: int) -> None:
        other = 0
        private = 0
        for line in pathlib.Path(f"/proc/{pid}/smaps").read_text().splitlines():
            head = re.match(r"^([0-9a-f]+)-([0-9a-f]+) ", line)
            if head:
                private = int(head.group(2), 16) - int(head.group(1), 16) == bytes_of_ram
            elif line.startswith("Pss:") and not private:
                other += int(line.split()[1]) * 1024
        seen["bytes"] = other

    for variant in variants():
        cell = common.BUILD / "variants" / variant / "interlock-cell"
        command = [str(cell), "run", "--kernel", str(guest / "Image"), "--initrd", str(guest / "initrd.cpio.gz"), "--append", "console=ttyS0 quiet interlock.rounds=1",
                   "--harts", "4", "--memory", "256M", "--no-input"]
        bench.time_to_line(command, b"INTERLOCK-GUEST: ALL CHECKS PASSED", 600, look)
        table.add(Row(f"memory.{variant}: beyond guest RAM, 4 harts", seen["bytes"] / (1 << 20), "MiB", 64, "at most", note="after the SMP checks"))


def build(table, bench) -> None:
    with tempfile.TemporaryDirectory(prefix="interlock-build-") as folder:
        source = pathlib.Path(folder) / "source"
        files = subprocess.run(["git", "ls-files", "-z"], cwd=common.ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
        for name in filter(None, files):
            target = source / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if (common.ROOT / name).is_file():
                shutil.copy2(common.ROOT / name, target)
        environment = os.environ | {"CCACHE_DISABLE": "1"}
        subprocess.run(["cmake", "--preset", "release"], cwd=source, env=environment, check=True, capture_output=True)
        start = time.monotonic()
        subprocess.run(["cmake", "--build", "--preset", "release", "-j", "2"], cwd=source, env=environment, check=True, capture_output=True)
        table.add(Row("build: everything, tests included", time.monotonic() - start, "s", 360, "at most", note="preset release, two jobs"))
        tlb = source / "variants" / "baseline" / "tlb.hpp"
        tlb.write_text(tlb.read_text() + "// changed\n")
        start = time.monotonic()
        subprocess.run(["cmake", "--build", "--preset", "release", "-j", "2", "--target", "interlock-cell-baseline"], cwd=source, env=environment, check=True, capture_output=True)
        table.add(Row("build: one variant after a line of its TLB", time.monotonic() - start, "s", 25, "at most", note="interlock-cell-baseline"))


FIGURES = {"engine": engine, "boot": boot, "registers": registers, "fence": fences, "self_modifying": self_modifying, "litmus": litmus, "lr_sc": tracking_cost,
           "memory": memory, "build": build}


def measure(table, bench, wanted) -> None:
    chosen = [function for name, function in FIGURES.items() if wanted.search(name)]
    if not chosen:
        raise common.Missing(f"no figure matches; there are: {', '.join(FIGURES)}")
    for function in chosen:
        function(table, bench)
