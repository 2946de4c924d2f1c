#!/usr/bin/env bash
# Installs what building Chorus needs, from Debian's packages (Ubuntu has them under the same names; untried).
#
#   launch/install.sh [--no-install] [--ci]
#
# --no-install only checks and names what is missing; --ci adds what .ci/run needs besides.
# Sourced by quickstart.sh, tests/run.sh and .ci/run for `install_packages` and `check_tools`.
set -euo pipefail

CHORUS_PACKAGES=(build-essential cmake ninja-build
  protobuf-compiler libprotobuf-dev libopenmpi-dev openmpi-bin libboost-dev libgtest-dev libgmock-dev
  libzstd-dev zlib1g-dev libbz2-dev liblzma-dev libxxhash-dev libspdlog-dev libcli11-dev prometheus-cpp-dev
  libdnnl-dev libssl-dev)
# python3 is for tests of scripts, iproute2 for those over several hosts; they are skipped without. librdkafka-dev is for
# topics of Kafka, which a build without it does not read.
CHORUS_TEST_PACKAGES=(python3 iproute2 librdkafka-dev)
CHORUS_CI_PACKAGES=(clang-14 clang-format-14 clang-tidy-14 libclang-rt-14-dev libomp-14-dev ccache mold)

# Runs a command as root.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    echo "chorus: need root (or sudo) to run: $*" >&2
    return 1
  fi
}

# Prints those of the packages that are not installed.
missing_packages() {
  local package
  for package in "$@"; do
    if [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)" != installed ]; then
      echo "$package"
    fi
  done
}

# install_packages yes|no package...: installs what is missing, or with `no` only says what it is.
install_packages() {
  local install=$1
  shift
  if ! command -v dpkg-query >/dev/null; then
    echo "chorus: no dpkg here: install the equivalents of: $*" >&2
    return 0
  fi
  local missing
  mapfile -t missing < <(missing_packages "$@")
  if [ "${#missing[@]}" -eq 0 ]; then
    return 0
  fi
  if [ "$install" = no ]; then
    echo "chorus: missing packages, not installed because of --no-install: ${missing[*]}" >&2
    return 0
  fi
  echo "chorus: installing with apt-get: ${missing[*]}"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
}

# version_at_least 3.25 3.25.1: whether the second is no older than the first.
version_at_least() {
  [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]
}

# check_tool name wanted found
check_tool() {
  if ! version_at_least "$2" "$3"; then
    echo "chorus: $1 $2 or newer is needed, found ${3:-none}" >&2
    return 1
  fi
}

check_tools() {
  local cmake_version compiler_version
  cmake_version=$(cmake --version 2>/dev/null | sed -n '1s/[^0-9]*//p' || true)
  compiler_version=$(g++ -dumpfullversion 2>/dev/null || true)
  check_tool cmake 3.25 "$cmake_version"
  check_tool g++ 12 "$compiler_version"
}

main() {
  local install=yes packages=("${CHORUS_PACKAGES[@]}" "${CHORUS_TEST_PACKAGES[@]}") argument
  for argument in "$@"; do
    case $argument in
      --no-install) install=no ;;
      --ci) packages+=("${CHORUS_CI_PACKAGES[@]}") ;;
      *)
        echo "usage: launch/install.sh [--no-install] [--ci]" >&2
        return 2
        ;;
    esac
  done
  install_packages "$install" "${packages[@]}"
  check_tools
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
  main "$@"
fi
