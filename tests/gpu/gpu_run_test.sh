#!/usr/bin/env bash
# tests/gpu/run.sh on two emulated devices: what it runs, what it says when it fails, is interrupted, or has no time left.
#   gpu_run_test.sh BUILD LIBRARY
set -uo pipefail
build=$1 library=$2
script=$(dirname "${BASH_SOURCE[0]}")/../gpu/run.sh
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export CHORUS_CUDA_HOST_DEVICES=2 CHORUS_CUDA_HOST_ASYNC=1
unset CUDA_VISIBLE_DEVICES

start() { exec "$script" --library "$library" --build "$build" --out "$folder/out" --quick "$@" >"$folder/said" 2>&1; }
run() { (start "$@"); }
fail() {
  echo "$*"
  cat "$folder/said"
  exit 1
}
# expect CODE WANTED TEXT...: of the last run, whose exit code was CODE.
expect() {
  [ "$1" -eq "$2" ] || fail "exit code $1 instead of $2"
  shift 2
  local text
  for text in "$@"; do
    grep -Eq "$text" "$folder/out/summary.txt" || fail "the summary lacks: $text"
  done
}

run --tests device,operations,steps,collective-all,mpirun-all,perf-FP32,perf-sums-all,memcheck-steps --no-sanitizer
expect $? 0 '^=== summary: 2 GPUs' '^device +PASS' '^operations +PASS' '^steps +PASS' '^perf-FP32 +PASS' '^collective-all +PASS' \
  '^mpirun-all +PASS' '^perf-sums-all +PASS' '^memcheck-steps +SKIPPED +--no-sanitizer'
grep -q '"bench":"gpu_step"' "$folder/out/perf-FP32.log" || fail 'no figures'
grep -q 'sum of .* floats among 2 devices' "$folder/out/perf-sums-all.log" || fail 'no sums'

# One of two devices; what needs both is left out.
run --gpus 1 --tests operations,jobs-all
expect $? 0 '^=== summary: 1 GPUs' '^operations +PASS' '^jobs-all +SKIPPED +one GPU here'

# Out of time.
SECONDS=55 run --minutes 1 --tests operations
expect $? 0 '^operations +SKIPPED +no time left of 1 minutes'

# A library that is none.
library=$script run
expect $? 1 '^device +FAIL \(code [0-9]+\)' '^the rest +SKIPPED +the device cannot be used'

# Interrupted in the middle.
start --tests steps,jobs &
for _ in {1..600}; do
  grep -q '=== steps' "$folder/said" && break
  sleep 0.1
done
kill -TERM $!
wait $!
expect $? 130 '^(steps|jobs) +INTERRUPTED'
echo 'tests/gpu/run.sh does what it says'
