# SPDX-License-Identifier: Apache-2.0
"""A cell with a wrong answer fails the sweep, leaves no figure, and is named; also when the sweep is resumed."""
from harness import Workplace, expect

SWEEP = """
variants = ["baseline"]
[[grid]]
workloads = ["registers.poll", "selftest.wrong_answer"]
seconds = 0.005
blocks = 2
"""

with Workplace() as place:
    expect("selftest" not in place.run("list").stdout, "a workload that tests the harness is listed")
    expect("selftest.wrong_answer" in place.run("list", "--all").stdout, "list --all hides a workload")
    file = place.write("wrong.toml", SWEEP)
    for command in (["sweep", "run", file, "--out", "run"], ["sweep", "resume", "run"]):
        done = place.run(*command, status=1)
        last = done.stderr.strip().splitlines()[-1]
        for word in ("wrong answer", "selftest.wrong_answer", "baseline"):
            expect(word in last, f"'{word}' is missing in: {last}")
        expect("Layer throughput" not in done.stdout, "a failed sweep printed tables")
    counted = place.query("run", "SELECT count(*) FROM cell JOIN planned USING(block) JOIN configuration ON id = configuration WHERE workload LIKE 'selftest%'")
    expect(counted == [(0,)], "a wrong answer is in the journal as a measurement")
    expect("selftest.wrong_answer" in place.run("sweep", "status", "run").stdout, "status does not name the cell")
    expect("wrong answer" in (place.path / "run" / "report.md").read_text(), "the report hides the wrong answer")
