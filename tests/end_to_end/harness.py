# SPDX-License-Identifier: Apache-2.0
"""Drives the real command line in a folder of its own, with tiny sweeps.

usage: PROPERTY.py INTERLOCK [GUESTS]   (CTest passes the built driver)
"""
import pathlib
import sqlite3
import subprocess
import sys
import tempfile

INTERLOCK = str(pathlib.Path(sys.argv[1]).resolve())

TINY = """
name = "tiny"
seed = 5
variants = ["baseline"]
rerun_share = 0
[[grid]]
workloads = ["registers.poll", "gc.find"]
threads = [1, 2]
mode = ["throughput", "latency"]
seconds = {seconds}
blocks = {blocks}
"""
TINY_CONFIGURATIONS = 8


def tiny(seconds=0.005, blocks=1):
    return TINY.format(seconds=seconds, blocks=blocks)


def expect(condition, what):
    if not condition:
        sys.exit(f"FAILED: {what}")


class Workplace:
    """A temporary folder, and `interlock` run in it."""

    def __enter__(self):
        self._folder = tempfile.TemporaryDirectory(prefix="interlock-")
        self.path = pathlib.Path(self._folder.name)
        return self

    def __exit__(self, *_):
        self._folder.cleanup()

    def write(self, name, text):
        (self.path / name).write_text(text)
        return name

    def start(self, *arguments):
        return subprocess.Popen([INTERLOCK, *arguments], cwd=self.path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def run(self, *arguments, status=0):
        done = subprocess.run([INTERLOCK, *arguments], cwd=self.path, capture_output=True, text=True, timeout=300)
        expect(done.returncode == status, f"{arguments}: exit status {done.returncode}, not {status}\n{done.stdout}{done.stderr}")
        return done

    def refused(self, *arguments, status, words):
        """It fails with one line that holds each of the words."""
        done = self.run(*arguments, status=status)
        lines = done.stderr.strip().splitlines()
        expect(len(lines) == 1, f"{arguments}: one line of error, not\n{done.stderr}")
        for word in words:
            expect(word in lines[0], f"{arguments}: '{word}' is missing in: {lines[0]}")
        return done

    def query(self, run, text):
        # mode=rw: a look must not make the file.
        database = sqlite3.connect(f"file:{self.path}/{run}/journal.sqlite?mode=rw", uri=True)
        try:
            return database.execute(text).fetchall()
        finally:
            database.close()

    def cells(self, run):
        """(block, attempt, place) of every finished cell with what was measured."""
        return self.query(run, "SELECT block, attempt, place, operations, seconds FROM cell ORDER BY 1, 2, 3")
