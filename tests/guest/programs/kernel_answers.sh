#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Compiles every kernel for the build machine and compares its answer with the one stored in the source.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
if [ "${1:-}" = --help ]; then echo 'usage: kernel_answers.sh   (CC names the compiler; exit 1 on a mismatch)'; exit 0; fi
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
bad=0
for source in "$here"/kernels/*.c; do
  "${CC:-cc}" -std=gnu17 -O2 -Wall -Wextra -Werror -ffp-contract=off -fno-math-errno -I"$here/kernels" \
    "$source" "$here/kernels_native/print_answer.c" -lm -o "$work/answer"
  "$work/answer" || bad=1
done
exit $bad
