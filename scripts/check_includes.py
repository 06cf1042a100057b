#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Enforces who may include whom (the table in docs/architecture.md), and what may not stand in a variant.

usage: scripts/check_includes.py [ROOT]

Prints FILE:LINE: what is wrong, and exits 1 if anything is.
"""
import pathlib
import re
import sys

# The longest matching folder decides. SELF is the variant's own folder (or variants/sync itself).
ALLOWED = {
    "vm/platform": ["vm/platform"],
    "vm/layers": ["vm/platform", "vm/layers"],
    "vm": ["vm", "selected_variant.hpp"],
    "variants": ["vm/platform", "vm/layers", "variants/sync", "SELF"],
    "harness": ["harness", "vm", "selected_variant.hpp"],
    "harness/model_check": ["harness", "vm", "variants", "selected_variant.hpp"],
    "harness/coherence_sim": ["harness", "vm", "variants", "selected_variant.hpp"],
    "tests": [""],
}
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')
# Past the Platform, where the model checker and the simulator cannot see.
FORBIDDEN_IN_VARIANTS = re.compile(
    r"std::(atomic|mutex|shared_mutex|recursive_mutex|thread|jthread|condition_variable|this_thread)\b|\bthread_local\b"
    r"|^\s*#\s*if(def|ndef)?\b|\bnew\s+[A-Za-z_:]+[\s({<]|\bdelete\s+[a-z]"
)
# The native side of a library's facade (docs/adr/0003): the one place where a library's own thread registration lives.
NATIVE_FACADE = re.compile(r"^variants/[a-z_]+/native_[a-z_]+\.hpp$")


def owner(path: str) -> str | None:
    matches = [folder for folder in ALLOWED if path.startswith(folder + "/")]
    return max(matches, key=len) if matches else None


def strip_comment(line: str) -> str:
    return line.split("//", 1)[0]


def check(root: pathlib.Path) -> list[str]:
    findings = []
    files = [p for folder in ("vm", "variants", "harness", "tests") for p in sorted((root / folder).rglob("*")) if p.suffix in (".hpp", ".cpp", ".inc")]
    for file in files:
        path = file.relative_to(root).as_posix()
        folder = owner(path)
        if folder is None:
            continue
        allowed = list(ALLOWED[folder])
        if "SELF" in allowed:
            allowed[allowed.index("SELF")] = "/".join(path.split("/")[:2])
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            match = INCLUDE.match(line)
            if match:
                target = match.group(1)
                if not any(target == a or target.startswith(a + "/") or a == "" for a in allowed):
                    findings.append(f"{path}:{number}: {folder} may not include {target} (allowed: {', '.join(allowed)})")
                if target == "selected_variant.hpp" and folder in ("vm", "harness") and not file.name.endswith(".variant.cpp"):
                    findings.append(f"{path}:{number}: only a *.variant.cpp may include selected_variant.hpp: it is compiled once for each variant")
            if path.startswith("variants/") and not NATIVE_FACADE.match(path):
                found = FORBIDDEN_IN_VARIANTS.search(strip_comment(line))
                if found:
                    findings.append(f"{path}:{number}: '{found.group(0).strip()}' in a variant: take it from the Platform")
    return findings


def main() -> int:
    if len(sys.argv) > 1 and sys.argv[1] in ("-h", "--help"):
        print(__doc__)
        return 0
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parent.parent)
    findings = check(root)
    print("\n".join(findings) if findings else "check_includes: the include table holds")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
