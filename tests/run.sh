#!/usr/bin/env bash
# Installs what is missing, builds the default preset and runs every test. CTest's summary is the last thing printed.
#
#   tests/run.sh [--no-install] [arguments of ctest]        e.g. tests/run.sh --no-install -R TreeSum
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=launch/install.sh
source launch/install.sh

install=yes
if [ "${1:-}" = --no-install ]; then
  install=no
  shift
fi
install_packages "$install" "${CHORUS_PACKAGES[@]}" "${CHORUS_TEST_PACKAGES[@]}"
check_tools

# Warnings are errors in a new build folder. One that is there keeps its own choice, so that the program that was built in it
# is not compiled a second time.
options=(-DCHORUS_TESTS=ON)
[ -e build/CMakeCache.txt ] || options+=(-DCHORUS_WERROR=ON)
cmake --preset release "${options[@]}"
cmake --build --preset release
exec ctest --test-dir build --output-on-failure -j2 "$@"
