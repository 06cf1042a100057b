#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Shows that a named edge costs nothing: compares the disassembly of each NAME_named with that of NAME_plain.

usage: named_edges_are_free.py OBJECT
"""
import re
import subprocess
import sys


def functions(path: str) -> dict[str, list[str]]:
    text = subprocess.run(["objdump", "-d", "--no-show-raw-insn", "--no-addresses", path], check=True, capture_output=True, text=True).stdout
    found: dict[str, list[str]] = {}
    name = None
    for line in text.splitlines():
        head = re.match(r"^<(\w+)>:$", line)
        if head:
            name = head.group(1)
            found[name] = []
        elif name and line.strip():
            instruction = re.sub(r"\s+", " ", line.split("#")[0]).strip().replace(f"<{name}", "<here")
            if not re.match(r"^(nop|cs nop|data16|xchg %ax,%ax)", instruction):  # padding up to the next function
                found[name].append(instruction)
    return found


def main() -> int:
    code = functions(sys.argv[1])
    pairs = sorted(name.removesuffix("_named") for name in code if name.endswith("_named"))
    if "differs" not in pairs or len(pairs) < 2:
        print(f"no pairs of functions in {sys.argv[1]}", file=sys.stderr)
        return 1
    bad = 0
    for name in pairs:
        named, plain = code[f"{name}_named"], code[f"{name}_plain"]
        same = named == plain
        expected = name != "differs"
        print(f"{name}: {len(named)} instructions, {'equal' if same else 'different'}")
        if same != expected:
            bad += 1
            print("  named: " + "; ".join(named) + "\n  plain: " + "; ".join(plain), file=sys.stderr)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
