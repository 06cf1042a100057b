# SPDX-License-Identifier: Apache-2.0
"""A sweep ends in tables; `interlock table` prints the same again in three forms; each carries the command that makes it and the manifest's hash."""
import csv
import hashlib
import io
import shlex

from harness import INTERLOCK, TINY_CONFIGURATIONS, Workplace, expect, tiny


def rows(text):
    return list(csv.DictReader(line for line in io.StringIO(text) if not line.startswith("#")))


with Workplace() as place:
    file = place.write("tiny.toml", tiny(blocks=2))
    plan = place.run("sweep", "plan", file).stdout
    expect(f"{TINY_CONFIGURATIONS} configurations, {2 * TINY_CONFIGURATIONS} blocks, {2 * TINY_CONFIGURATIONS} cells" in plan, plan)
    ran = place.run("sweep", "run", file, "--out", "run")
    for name in ("manifest.json", "journal.sqlite", "tables.md", "throughput.csv", "latency.csv", "report.md"):
        expect((place.path / "run" / name).is_file(), f"no {name}")
    expect(not list((place.path / "run").glob("*.part")), "a half-written file is left")
    printed = place.run("table", "run").stdout
    expect(printed == ran.stdout, "interlock table prints other tables than the run")
    for title in ("Layer throughput", "Layer latency"):
        expect(title in printed, f"no table '{title}'")

    digest = hashlib.sha256((place.path / "run" / "manifest.json").read_bytes()).hexdigest()
    expect(printed.count(f"result {digest[:16]}") == 2, "each table names the manifest's hash")
    expect(digest in (place.path / "run" / "report.md").read_text(), "the report names the result")

    markdown = place.run("table", "run", "--format", "markdown").stdout
    expect(markdown == (place.path / "run" / "tables.md").read_text(), "tables.md differs from --format markdown")
    expect("|:----" in markdown, "no Markdown table")
    command = next(line for line in markdown.splitlines() if "made by: interlock " in line).split("made by: interlock ")[1]
    again = place.run(*shlex.split(command)).stdout
    expect(again and again in markdown, "the embedded command does not make the table again")

    throughput = place.run("table", "run", "--format", "csv", "--which", "throughput").stdout
    expect(throughput == (place.path / "run" / "throughput.csv").read_text(), "throughput.csv differs from the command's")
    table = rows(throughput)
    expect(len(table) == TINY_CONFIGURATIONS // 2, f"{len(table)} throughput rows")
    for row in table:
        low, middle, high = (float(row[f"ops_per_second_{key}"]) for key in ("min", "median", "max"))
        expect(0 < low <= middle <= high, f"{row}")
        expect(row["blocks"] == "2", f"{row}")
    measured = place.query("run", "SELECT c.operations / c.seconds FROM cell c JOIN planned p USING(block) JOIN configuration f ON f.id = p.configuration "
                                  "WHERE f.workload = 'gc.find' AND f.threads = 2 AND f.mode = 'throughput' ORDER BY 1")
    row = next(row for row in table if row["workload"] == "gc.find" and row["threads"] == "2")
    expect(abs(float(row["ops_per_second_min"]) / measured[0][0] - 1) < 1e-4, "the least throughput is not the journal's")
    expect(abs(float(row["ops_per_second_median"]) / ((measured[0][0] + measured[1][0]) / 2) - 1) < 1e-4, "the median is not the journal's")

    latency = rows(place.run("table", "run", "--format", "csv", "--which", "latency").stdout)
    expect(len(latency) == TINY_CONFIGURATIONS // 2, f"{len(latency)} latency rows")
    for row in latency:
        expect(int(row["n"]) > 100 and row["p50"], f"{row}")
        numbers = [int(row[key]) for key in ("p50", "p90", "p99", "p99.9", "max") if row[key].isdigit()]
        expect(numbers == sorted(numbers), f"percentiles fall: {row}")

    place.refused("sweep", "run", file, "--out", "run", status=2, words=["holds a run already", "sweep resume run"])
    place.refused("table", "nowhere", status=1, words=["nowhere/journal.sqlite does not exist"])
    expect("finished" in place.run("sweep", "status", "run").stdout, "status does not say finished")
    resumed = place.run("sweep", "resume", "run")
    expect(len(place.cells("run")) == 2 * TINY_CONFIGURATIONS, "resuming a finished run measured again")
    expect(resumed.stdout == printed, "resuming a finished run changed its tables")
