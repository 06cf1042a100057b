#!/usr/bin/env bash
# Installs every Debian 12 package that Interlock builds, tests and measures with. Idempotent; needs root (or sudo) only if one is missing.
set -euo pipefail

case "${1:-}" in
  -h | --help)
    cat <<'HELP'
usage: scripts/setup.sh [--list]

Installs the Debian packages that Interlock needs. Does nothing if all are there.

  --list   print the packages and exit

examples:
  scripts/setup.sh
  scripts/setup.sh --list
HELP
    exit 0 ;;
esac

packages=(
  # build
  g++ cmake ninja-build ccache pkg-config git ca-certificates python3
  # libraries
  liburcu-dev libbenchmark-dev libgtest-dev libhwloc-dev libfdt-dev libsqlite3-dev libcli11-dev libtomlplusplus-dev
  nlohmann-json3-dev libfmt-dev
  # guests: our bare-metal programs, Linux 6.1 and its firmware
  gcc-riscv64-linux-gnu libc6-dev-riscv64-cross opensbi linux-source-6.1 device-tree-compiler
  make bc bison flex rsync cpio xz-utils kmod libelf-dev e2fsprogs
  # reference implementations in tests and comparisons
  qemu-system-misc qemu-user
  # analysis and checks
  clang-format clang-tidy clang libclang-rt-14-dev valgrind linux-perf
)

if [[ "${1:-}" == "--list" ]]; then
  printf '%s\n' "${packages[@]}"
  exit 0
fi

missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
if ((${#missing[@]} == 0)); then
  echo "setup: all ${#packages[@]} packages are installed"
  exit 0
fi

echo "setup: installing ${#missing[@]} of ${#packages[@]} packages: ${missing[*]}"
as_root=()
if ((EUID != 0)); then
  command -v sudo >/dev/null || { echo "setup: not root, and no sudo: run as root, or install: ${missing[*]}" >&2; exit 1; }
  as_root=(sudo)
fi
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq || echo "setup: the package lists could not be refreshed; trying with those that are here" >&2
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
echo "setup: done"
