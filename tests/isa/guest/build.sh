#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds the bare-metal programs of the system-mode comparison, fuzz_paging.elf and fuzz_csr.elf, on the guest programs' runtime.
# usage: build.sh DIR     (environment: CROSS, prefix of the RISC-V tools, default riscv64-linux-gnu-)
set -euo pipefail

[ $# -eq 1 ] || { echo 'usage: build.sh DIR' >&2; exit 2; }
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
runtime=$(cd "$here/../../guest/programs/runtime" && pwd)
cross=${CROSS:-riscv64-linux-gnu-}
command -v "${cross}gcc" > /dev/null || { echo "build.sh: no ${cross}gcc: install gcc-riscv64-linux-gnu, or set CROSS" >&2; exit 1; }
flags=(-std=gnu17 -O2 -g -march=rv64gc_zicsr_zifencei -mabi=lp64d -mcmodel=medany -ffreestanding -fno-pic -fno-stack-protector
  -fno-strict-aliasing -fno-tree-loop-distribute-patterns -ffunction-sections -fdata-sections -Wall -Wextra -Wshadow -Wstrict-prototypes
  -Werror "-ffile-prefix-map=$here=." "-ffile-prefix-map=$runtime=runtime" "-I$runtime" "-I$here")
link=(-nostdlib -static -no-pie -Wl,--build-id=none -Wl,--gc-sections -Wl,--no-warn-rwx-segments "-Wl,-T,$runtime/guest.ld")

mkdir -p "$1/objects"
shared=()
for source in "$runtime"/*.[cS] "$here"/attempt.c "$here"/attempt_entry.S "$here"/fuzz_paging.c "$here"/fuzz_csr.c; do
  object=$1/objects/$(basename "$source").o
  if [ ! -f "$object" ] || [ -n "$(find "$here" "$runtime" -newer "$object" -print -quit)" ]; then
    "${cross}gcc" "${flags[@]}" -c "$source" -o "$object"
  fi
  case $source in */fuzz_*.c) ;; *) shared+=("$object") ;; esac
done
for program in fuzz_paging fuzz_csr; do
  "${cross}gcc" "${link[@]}" "${shared[@]}" "$1/objects/$program.c.o" -o "$1/.$program.elf"
  mv "$1/.$program.elf" "$1/$program.elf"
done
