#!/usr/bin/env bash
# The README's two commands on a bare machine: makes a Debian root with nothing but git in it, puts this checkout there (what
# is committed), and runs launch/quickstart.sh and tests/run.sh in it. Takes as long as a whole build and all tests.
#
#   tests/bare/run.sh [--user] [--only quickstart|tests] [--keep] [DIRECTORY]
#
# --user: as a user with sudo, in a path with a space, instead of as root; --only: one of the two; --keep: the root stays in
# DIRECTORY (default: a temporary one) for another look. Needs root, debootstrap and a mirror (MIRROR, default
# http://deb.debian.org/debian; http_proxy and the like are taken along). Not part of CI.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
source=$PWD

usage() {
  sed -n 's/^#   //p' "$source/tests/bare/run.sh" >&2
  exit 2
}

user=root only="" keep=no directory=""
while [ $# -gt 0 ]; do
  case $1 in
    --user) user=tester ;;
    --only)
      only=${2:-}
      shift
      [[ $only = quickstart || $only = tests ]] || usage
      ;;
    --keep) keep=yes ;;
    -*) usage ;;
    *) directory=$1 ;;
  esac
  shift
done

if [ "$(id -u)" -ne 0 ]; then
  echo "tests/bare/run.sh: a root file system is made by root: start it with sudo" >&2
  exit 1
fi
if ! command -v debootstrap >/dev/null; then
  echo "tests/bare/run.sh: debootstrap is not here: apt-get install debootstrap" >&2
  exit 1
fi

root=${directory:-$(mktemp -d)}
mkdir -p "$root"
chmod 755 "$root" # it becomes "/", which every user may enter
mounts=()
clean() {
  local mount
  for mount in "${mounts[@]}"; do umount "$mount" || true; done
  if [ "$keep" = yes ]; then
    echo "tests/bare/run.sh: the root stays in $root"
  else
    rm -rf --one-file-system "$root"
  fi
}
trap clean EXIT

echo "== A bare root in $root"
packages=git,ca-certificates
[ "$user" = root ] || packages+=,sudo
debootstrap --variant=minbase --include="$packages" bookworm "$root" "${MIRROR:-http://deb.debian.org/debian}"
mount -t proc proc "$root/proc"
mounts+=("$root/proc")
# Ranks of one machine talk through shared memory.
mount -t tmpfs -o size=1g tmpfs "$root/dev/shm" 2>/dev/null && mounts+=("$root/dev/shm")
cp /etc/resolv.conf "$root/etc/resolv.conf"
# A mirror behind a proxy, or another one than Debian's.
if [ -d /etc/apt/apt.conf.d ]; then
  grep -hs -i proxy /etc/apt/apt.conf.d/* /etc/apt/apt.conf >"$root/etc/apt/apt.conf.d/99proxy" || true
fi

home=/root checkout=/root/chorus
if [ "$user" != root ]; then
  chroot "$root" useradd --create-home --shell /bin/bash "$user"
  echo "$user ALL=(ALL) NOPASSWD: ALL" >"$root/etc/sudoers.d/$user"
  home=/home/$user checkout="/home/$user/my checkout"
fi
git clone --quiet --no-hardlinks "$source" "$root$checkout"
[ "$user" = root ] || chroot "$root" chown -R "$user:" "$checkout"

# in_root COMMAND...: in the checkout, as the user, with an environment of its own.
in_root() {
  local proxies=() name
  for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do
    [ -z "${!name:-}" ] || proxies+=("$name=${!name}")
  done
  chroot --userspec="$user" "$root" /usr/bin/env -i HOME="$home" USER="$user" LANG=C.UTF-8 \
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "${proxies[@]}" \
    /bin/bash -c 'cd "$1" && shift && exec "$@"' bash "$checkout" "$@"
}

for script in launch/quickstart.sh tests/run.sh; do
  case $only in
    quickstart) [ "$script" = launch/quickstart.sh ] || continue ;;
    tests) [ "$script" = tests/run.sh ] || continue ;;
  esac
  echo "== $script as $user in $checkout"
  start=$SECONDS
  in_root "$script"
  echo "== $script passed in $((SECONDS - start)) s"
done
