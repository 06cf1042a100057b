#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds the libFuzzer executables with clang: tests/fuzz/build.sh FOLDER, then FOLDER/fuzz_elf -max_total_time=60 tests/fuzz/corpus/elf
# The code under test is compiled with coverage, AddressSanitizer and UndefinedBehaviorSanitizer.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
out=${1:?usage: tests/fuzz/build.sh FOLDER}
compiler=${CLANGXX:-clang++-14}
command -v "$compiler" > /dev/null || { echo "$compiler is missing: apt install clang-14, or set CLANGXX" >&2; exit 1; }
flags="-std=gnu++20 -O1 -g1 -mcx16 -fno-strict-aliasing -fsized-deallocation -fsanitize=address,undefined -fno-sanitize-recover=undefined -I$root"
mkdir -p "$out"
for source in machine/elf machine/image machine/device_tree_patch machine/loader_program devices/virtqueue memory/guest_memory memory/page_states; do
  # shellcheck disable=SC2086
  "$compiler" $flags -fsanitize=fuzzer-no-link -c "$root/vm/$source.cpp" -o "$out/$(basename $source).o"
done
for target in "$root"/tests/fuzz/fuzz_*.cpp; do
  name=$(basename "$target" .cpp)
  # shellcheck disable=SC2086
  "$compiler" $flags -fsanitize=fuzzer "$target" "$out"/*.o -lfdt -o "$out/$name"
  echo "$out/$name"
done
