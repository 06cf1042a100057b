#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds what runs inside the machine: the Linux kernel with our initial program and a disk, and the bare-metal programs.
# Output files appear whole or not at all; what is up to date stays; the same sources and tools give the same bytes.
set -euo pipefail

usage() {
  cat <<'EOF'
usage: guests.sh [--output DIR] [--jobs N] [linux|bare-metal|all]
  linux         DIR/linux: Image, initrd.cpio.gz, disk.img, manifest.txt (kernel sources and objects in DIR/linux-build)
  bare-metal    DIR/bare-metal: NAME.elf
  all           both (default)
  --output DIR  default: build/guests in the repository
  --jobs N      compilers at a time (default: processors)
environment:
  CROSS         prefix of the RISC-V tools (default riscv64-linux-gnu-)
  LINUX_SOURCE  the kernel's source archive (default /usr/src/linux-source-6.1.tar.xz)
Debian packages: linux-source-6.1 gcc-riscv64-linux-gnu libc6-dev-riscv64-cross gcc make bc bison flex xz-utils e2fsprogs
EOF
}

say() { printf 'guests: %s\n' "$*"; }
die() { printf 'guests.sh: %s\n' "$1" >&2; exit "${2:-1}"; }

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
here=$top/tests/guest/linux
cross=${CROSS:-riscv64-linux-gnu-}
archive=${LINUX_SOURCE:-/usr/src/linux-source-6.1.tar.xz}
output=$top/build/guests jobs=$(nproc) target=''
PATH=$PATH:/usr/sbin:/sbin  # mke2fs and debugfs live there, and not everybody's PATH has it

while [ $# -gt 0 ]; do
  case $1 in
    --output) [ $# -ge 2 ] || die '--output wants a folder' 2; output=$2; shift 2 ;;
    --jobs) [ $# -ge 2 ] || die '--jobs wants a number' 2; jobs=$2; shift 2 ;;
    --help | -h) usage; exit 0 ;;
    linux | bare-metal | all) [ -z "$target" ] || die "one target only, not $target and $1" 2; target=$1; shift ;;
    *) die "unknown argument $1 (see --help)" 2 ;;
  esac
done
target=${target:-all}
[[ $jobs =~ ^[1-9][0-9]*$ ]] || die "--jobs wants a number, not '$jobs'" 2

need() { command -v "$1" > /dev/null || die "no $1 here: install the Debian package $2"; }
hash_of() { sha256sum | cut -d' ' -f1; }
# fresh STAMP KEY FILE...: whether the files are there and were made under this key.
fresh() {
  local stamp=$1 key=$2 file
  shift 2
  for file in "$@"; do [ -e "$file" ] || return 1; done
  [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$key" ]
}
stamp() { printf '%s\n' "$2" > "$1.part" && mv "$1.part" "$1"; }

bare_metal() {
  local build=$top/tests/guest/programs/build.sh
  [ -f "$build" ] || die "no $build: the bare-metal programs are not in this checkout"
  say "bare-metal programs into $output/bare-metal"
  CROSS=$cross bash "$build" --output "$output/bare-metal" --jobs "$jobs"
}

# OpenSBI 1.1 marks a hart as started before it stores where the hart shall go. A hart that looks in between enters
# the kernel a second time at its first instruction, as if it were the one that boots. RISCV_BOOT_SPINWAIT makes the kernel
# notice; this makes such a hart stop itself again (SBI HSM, hart_stop), and our init starts it anew.
stray_harts_stop='s/^\.Lsecondary_start:$/&\n\tmv s0, a0; li a7, 0x48534d; li a6, 1; ecall; mv a0, s0/'

# The archive without what a RISC-V kernel of our configuration never reads; the Kconfig files and Makefiles of all of it
# stay, because the configuration step reads them.
unpack_kernel() {
  local part name key skip=() unread=(
    'arch/[!r]*/*.[chS]' 'arch/[!r]*/*.dts' 'arch/[!r]*/*.dtsi' 'Documentation/*/*' 'tools/perf/*' 'tools/testing/*' 'sound/*.[ch]'
    'drivers/gpu/*.[ch]' 'drivers/net/*.[ch]' 'drivers/media/*.[ch]' 'drivers/staging/*.[ch]' 'drivers/infiniband/*.[ch]'
    'drivers/scsi/*.[ch]' 'drivers/iio/*.[ch]' 'drivers/usb/*.[ch]')
  name=$(basename "$archive" .tar.xz)
  for part in "${unread[@]}"; do skip+=("--exclude=$name/$part"); done
  key=$(printf '%s\n' "$archive_hash" "${skip[@]}" "$stray_harts_stop" | hash_of)
  fresh "$work/source.stamp" "$key" "$work/source/Makefile" && return 0
  say "unpacking $archive (about 430 MB)"
  rm -rf "$work/source" "$work/source.part" "$work/objects"
  mkdir "$work/source.part"
  tar -C "$work/source.part" --strip-components=1 "${skip[@]}" -xf "$archive"
  sed -i "$stray_harts_stop" "$work/source.part/arch/riscv/kernel/head.S"
  grep -q 'mv s0, a0; li a7' "$work/source.part/arch/riscv/kernel/head.S" || die "$archive: head.S has no .Lsecondary_start to mend"
  mv "$work/source.part" "$work/source"
  stamp "$work/source.stamp" "$key"
}

kernel_make() {
  make -C "$work/source" O="$work/objects" ARCH=riscv CROSS_COMPILE="$cross" LOCALVERSION= KBUILD_BUILD_USER=interlock \
    KBUILD_BUILD_HOST=guest KBUILD_BUILD_VERSION=1 KBUILD_BUILD_TIMESTAMP='Thu Jan  1 00:00:00 UTC 1970' -j"$jobs" "$@"
}

configure_kernel() {
  local line lost=''
  say 'configuring the kernel'
  kernel_make KCONFIG_ALLCONFIG="$here/interlock.config" allnoconfig > "$work/configure.log" 2>&1 \
    || { tail -n 20 "$work/configure.log" >&2; die "the kernel's configuration failed; all of it: $work/configure.log"; }
  while read -r line; do
    grep -qxF "$line" "$work/objects/.config" || lost="$lost $line"
  done < <(grep '^CONFIG_' "$here/interlock.config")
  [ -z "$lost" ] || die "interlock.config: without effect in this kernel (unknown, or what it depends on is missing):$lost"
}

build_kernel() {
  local log=$work/build.log builder begin=$SECONDS shown=$SECONDS
  say 'compiling the kernel: about 600 files, two to five minutes on two processors'
  kernel_make Image > "$log" 2>&1 &
  builder=$!
  trap 'kill "$builder" 2> /dev/null || true' EXIT
  while kill -0 "$builder" 2> /dev/null; do
    sleep 1
    [ $((SECONDS - shown)) -ge 20 ] || continue
    shown=$SECONDS
    say "  $(grep -c '^  \(CC\|AS\) ' "$log") files after $((SECONDS - begin)) s"
  done
  trap - EXIT
  wait "$builder" || { grep -m 20 -iE 'error|No rule' "$log" >&2 || tail -n 20 "$log" >&2; die "the kernel did not build; all of it: $log"; }
  say "  $(grep -c '^  \(CC\|AS\) ' "$log") files in $((SECONDS - begin)) s"
}

install_file() { cp "$1" "$2.part" && mv "$2.part" "$2"; }

linux_image() {
  local key
  key=$(printf '%s\n' "$archive_hash" "$compiler" "$(cat "$here/interlock.config")" | hash_of)
  if fresh "$work/image.stamp" "$key" "$linux/Image"; then
    say 'Image is up to date'
    return 0
  fi
  unpack_kernel
  configure_kernel
  build_kernel
  install_file "$work/objects/arch/riscv/boot/Image" "$linux/Image"
  stamp "$work/image.stamp" "$key"
  say "made $linux/Image"
}

# /init, in an archive that the kernel's own tool writes: owner root, all times zero.
linux_initrd() {
  local key flags=(-std=gnu17 -O2 -march=rv64gc -static -pthread -ffp-contract=off -fno-math-errno -fno-strict-aliasing -Wall -Wextra
    -Wshadow -Wstrict-prototypes -Werror "-ffile-prefix-map=$here=." '-Wl,--build-id=none')
  init_hash=$( (printf '%s\n' "$compiler" "${flags[@]//$here/}"; cat "$here"/*.c "$here"/*.h) | hash_of)
  key=$(printf '%s\n' "$init_hash" "$archive_hash" | hash_of)
  if fresh "$work/initrd.stamp" "$key" "$linux/initrd.cpio.gz" "$work/init"; then
    say 'initrd.cpio.gz is up to date'
    return 0
  fi
  unpack_kernel
  say 'compiling the initial program'
  "${cross}gcc" "${flags[@]}" "$here"/*.c -lm -o "$work/init.part"
  "${cross}strip" "$work/init.part"
  mv "$work/init.part" "$work/init"
  gcc -O1 -o "$work/gen_init_cpio" "$work/source/usr/gen_init_cpio.c"
  cat > "$work/initrd.list" <<EOF
dir /dev 0755 0 0
nod /dev/console 0600 0 0 c 5 1
dir /proc 0755 0 0
dir /sys 0755 0 0
dir /tmp 0755 0 0
dir /mnt 0755 0 0
file /init $work/init 0755 0 0
EOF
  "$work/gen_init_cpio" -t 0 "$work/initrd.list" | gzip -n9 > "$linux/initrd.cpio.gz.part"
  mv "$linux/initrd.cpio.gz.part" "$linux/initrd.cpio.gz"
  stamp "$work/initrd.stamp" "$key"
  say "made $linux/initrd.cpio.gz"
}

# An ext2 file system with a copy of /init in it, which the guest compares with its own.
linux_disk() {
  local key part=$linux/disk.img.part fixed=5f1b2c3d-0000-4000-8000-696e7465726c
  key=$(printf '%s\n' "$init_hash" "$(mke2fs -V 2>&1)" | hash_of)
  if fresh "$work/disk.stamp" "$key" "$linux/disk.img"; then
    say 'disk.img is up to date'
    return 0
  fi
  rm -f "$part"
  truncate -s 16M "$part"
  export E2FSPROGS_FAKE_TIME=1  # zero would mean the present
  mke2fs -q -F -t ext2 -b 1024 -m 0 -L interlock -U "$fixed" -E "hash_seed=$fixed,root_owner=0:0" "$part"
  debugfs -w -R "write $work/init reference" "$part" > "$work/debugfs.log" 2>&1
  unset E2FSPROGS_FAKE_TIME
  e2fsck -fn "$part" > "$work/e2fsck.log" 2>&1 || die "the new disk image is not clean; see $work/e2fsck.log"
  mv "$part" "$linux/disk.img"
  stamp "$work/disk.stamp" "$key"
  say "made $linux/disk.img"
}

linux_manifest() {
  {
    printf 'kernel    %s\n' "$(cat "$work/objects/include/config/kernel.release")"
    printf 'compiler  %s\n' "$compiler"
    printf 'source    %s %s\n' "$archive_hash" "$(basename "$archive")"
    printf 'config    %s interlock.config\n' "$(hash_of < "$here/interlock.config")"
    printf 'init      %s sources and flags\n' "$init_hash"
    (cd "$linux" && sha256sum Image initrd.cpio.gz disk.img | while read -r sum name; do
      printf 'file      %s %s %s bytes\n' "$sum" "$name" "$(stat -c %s "$name")"
    done)
  } > "$linux/manifest.txt.part"
  mv "$linux/manifest.txt.part" "$linux/manifest.txt"
}

linux_guest() {
  need "${cross}gcc" gcc-riscv64-linux-gnu
  need gcc gcc
  need make make
  need bc bc
  need bison bison
  need flex flex
  need xz xz-utils
  need mke2fs e2fsprogs
  need debugfs e2fsprogs
  [ -f "$archive" ] || die "no $archive: install the Debian package linux-source-6.1, or set LINUX_SOURCE"
  work=$output/linux-build linux=$output/linux
  mkdir -p "$work" "$linux"
  exec 9> "$work/lock"
  flock -n 9 || { say "waiting for another guests.sh at work in $work"; flock 9; }
  archive_hash=$(hash_of < "$archive")
  compiler=$("${cross}gcc" --version | head -n 1)
  linux_image
  linux_initrd
  linux_disk
  linux_manifest
  say "Linux guest in $linux"
}

mkdir -p "$output"
output=$(cd "$output" && pwd)
[ "$target" = bare-metal ] || linux_guest
[ "$target" = linux ] || bare_metal
