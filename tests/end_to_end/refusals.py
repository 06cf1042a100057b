# SPDX-License-Identifier: Apache-2.0
"""What cannot be done is refused with one line that says what is wrong and what to do: exit status 2 for usage, 1 for failures."""
from harness import Workplace, expect, tiny

with Workplace() as place:
    bad = place.write("bad.toml", "seed = 1\n[[grid]]\nworkloads = [\"gc.find\"]\nthread = [1]\n")
    place.refused("sweep", "run", bad, status=2, words=["bad.toml:4:1", "unknown key 'thread'", "threads"])
    unknown = place.write("unknown.toml", "[[grid]]\nworkloads = [\"gc.fnd\"]\n")
    place.refused("sweep", "plan", unknown, status=2, words=["unknown.toml:2:14", "gc.fnd", "gc.find"])
    syntax = place.write("syntax.toml", "seed = = 1\n")
    place.refused("sweep", "run", syntax, status=2, words=["syntax.toml:1:"])
    variant = place.write("variant.toml", "variants = [\"baseline\", \"nowhere\"]\n" + tiny().replace('variants = ["baseline"]\n', ""))
    place.refused("sweep", "run", variant, status=2, words=["nowhere", "built are", "baseline"])
    place.refused("sweep", "run", "no_such.toml", status=2, words=["no_such.toml"])

    guests = place.write("guests.toml", "variants = [\"baseline\"]\n[[grid]]\nworkloads = \"guest.compute\"\nblocks = 1\n")
    place.refused("sweep", "run", guests, "--guests", "empty", "--out", "run", status=1, words=["guest_compute.elf", "scripts/guests.sh bare-metal"])
    expect(not (place.path / "run").exists(), "a refused run left a folder")

    place.refused("table", status=1, words=["results/runs", "sweep run"])
    place.refused("table", "--format", "html", status=2, words=["table", "html"])
    place.refused("sweep", "resume", "nowhere", status=1, words=["nowhere/journal.sqlite does not exist"])
    place.refused("swep", status=2, words=["swep"])
    place.refused("run", "--variant", "nowhere", "--bios", "none", "--kernel", "x.elf", status=2, words=["nowhere", "baseline"])
    place.refused("run", "--bios", "none", status=2, words=["--kernel"])

    for command in ([], ["sweep"], ["sweep", "plan"], ["sweep", "run"], ["sweep", "resume"], ["sweep", "status"], ["table"], ["list"], ["run"]):
        expect("examples:" in place.run(*command, "--help").stdout, f"no examples in the help of {command}")
