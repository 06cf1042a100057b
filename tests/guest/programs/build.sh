#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds the bare-metal guest programs. A program is GROUP/NAME.c or the folder GROUP/NAME/; GROUP/shared/ is linked to all
# programs of its group, runtime/ to every program. Output files appear whole or not at all; what is up to date stays.
set -euo pipefail

usage() {
  cat <<'EOF'
usage: build.sh --output DIR [--only NAME]... [--jobs N] [--list]
  --output DIR   where NAME.elf files go (made if it is not there; objects in DIR/.objects)
  --only NAME    build this program only (may be repeated)
  --jobs N       compilers at a time (default: processors)
  --list         print the programs' names and stop
environment: CROSS, prefix of the RISC-V tools (default riscv64-linux-gnu-)
EOF
}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cross=${CROSS:-riscv64-linux-gnu-}
output='' only=() list='' jobs=$(nproc)
groups=(hello kernels workloads figures checks ordering)
flags=(-std=gnu17 -O2 -g -march=rv64gc_zicsr_zifencei -mabi=lp64d -mcmodel=medany -ffreestanding -fno-pic -fno-stack-protector
  -fno-strict-aliasing -ffp-contract=off -fno-math-errno -fno-tree-loop-distribute-patterns -fno-tree-vectorize -ffunction-sections
  -fdata-sections -Wall -Wextra -Wshadow -Wstrict-prototypes -Werror "-ffile-prefix-map=$here=." "-I$here/runtime" "-I$here")
link=(-nostdlib -static -no-pie -Wl,--build-id=none -Wl,--gc-sections -Wl,--no-warn-rwx-segments "-Wl,-T,$here/runtime/guest.ld")

die() { printf 'build.sh: %s\n' "$1" >&2; exit "${2:-1}"; }

while [ $# -gt 0 ]; do
  case $1 in
    --output) [ $# -ge 2 ] || die '--output wants a folder' 2; output=$2; shift 2 ;;
    --only) [ $# -ge 2 ] || die '--only wants a name' 2; only+=("$2"); shift 2 ;;
    --jobs) [ $# -ge 2 ] || die '--jobs wants a number' 2; jobs=$2; shift 2 ;;
    --list) list=1; shift ;;
    --help | -h) usage; exit 0 ;;
    *) die "unknown argument $1 (see --help)" 2 ;;
  esac
done

# Prints "NAME GROUP SOURCE..." for every program.
programs() {
  local group entry name
  for group in "${groups[@]}"; do
    for entry in "$here/$group"/*; do
      name=$(basename "${entry%.c}")
      [ "$name" = shared ] && continue
      if [ -d "$entry" ]; then
        printf '%s %s %s\n' "$name" "$group" "$(cd "$here" && echo "$group/$name"/*.[cS])"
      elif [ "${entry##*.}" = c ]; then
        printf '%s %s %s\n' "$name" "$group" "$group/$name.c"
      fi
    done
  done
}

if [ -n "$list" ]; then
  programs | cut -d' ' -f1
  exit 0
fi
[ -n "$output" ] || die '--output DIR is required (see --help)' 2
command -v "${cross}gcc" > /dev/null || die "no ${cross}gcc: install gcc-riscv64-linux-gnu, or set CROSS"
mkdir -p "$output/.objects"
output=$(cd "$output" && pwd)

object_of() { printf '%s/.objects/%s.o' "$output" "$(printf '%s' "$1" | tr '/' '.')"; }

# One object; up to date if newer than its source, this script and everything that its dependency file names.
compile() {
  local source=$here/$1 object fresh=1 dependency
  object=$(object_of "$1")
  if [ -f "$object" ] && [ -f "$object.d" ]; then
    for dependency in $(sed 's/^[^:]*://; s/\\$//' "$object.d") "$here/build.sh"; do
      if [ ! "$dependency" -ot "$object" ]; then fresh=''; fi
    done
    [ -n "$fresh" ] && return 0
  fi
  local part="$object.$$"
  "${cross}gcc" "${flags[@]}" -MD -MF "$part.d" -c "$source" -o "$part"
  mv "$part.d" "$object.d"
  mv "$part" "$object"
}

sources_of_runtime=$(cd "$here" && echo runtime/*.[cS])
table=$(programs)
if [ ${#only[@]} -gt 0 ]; then
  for name in "${only[@]}"; do
    grep -q "^$name " <<< "$table" || die "no program $name (see --list)" 2
  done
  table=$(grep -E "^($(IFS='|'; echo "${only[*]}")) " <<< "$table")
fi

shared_of() { (cd "$here" && for f in "$1"/shared/*.[cS]; do [ -f "$f" ] && echo "$f"; done; true); }

all_sources=$( (tr ' ' '\n' <<< "$sources_of_runtime"
  while read -r name group rest; do tr ' ' '\n' <<< "$rest"; shared_of "$group"; done <<< "$table") | sort -u)
export -f compile object_of
export here cross output
# Workers get the flags as a quoted word list: arrays cannot be exported.
flags_words=$(printf '%q ' "${flags[@]}")
export flags_words
# shellcheck disable=SC2016
xargs -P "$jobs" -I{} bash -c 'set -euo pipefail; eval "flags=($flags_words)"; compile "$1"' _ {} <<< "$all_sources" \
  || die 'compilation failed'

built=0 total=$(wc -l <<< "$table")
while read -r name group rest; do
  objects=() newest=''
  for source in $sources_of_runtime $(shared_of "$group") $rest; do
    objects+=("$(object_of "$source")")
    if [ ! "${objects[-1]}" -ot "$output/$name.elf" ]; then newest=1; fi
  done
  built=$((built + 1))
  if [ ! -f "$output/$name.elf" ] || [ -n "$newest" ]; then
    "${cross}gcc" "${link[@]}" "${objects[@]}" -o "$output/.$name.$$"
    mv "$output/.$name.$$" "$output/$name.elf"
    printf '[%d/%d] %s.elf\n' "$built" "$total" "$name"
  fi
done <<< "$table"
printf 'guest programs: %d in %s\n' "$total" "$output"
