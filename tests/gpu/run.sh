#!/usr/bin/env bash
# Runs the tests of the CUDA backend on the GPUs of this machine, then perf/gpu_step; prints a summary.
# Exit code 0 when nothing failed, 1 when something did, 2 when there is nothing to run on.
#
#   tests/gpu/run.sh [--build DIR] [--library PATH] [--no-sanitizer] [--no-perf]
#
# Builds with nvcc into DIR (default build-gpu). What is run:
#   - the tests of tests/cuda that do not look into the emulation, on the first GPU alone;
#   - with two GPUs or more: sums among GPUs, jobs of several workers, jobs under mpirun, on all of them;
#   - compute-sanitizer (memcheck, racecheck), where it is installed, over the operations and some steps;
#   - perf/gpu_step in FP32, TF32 and BF16, with CUDA graphs and without: figures beside the device's own limits; in small
#     grains too, whose starts graphs save.
# Tests of steps and of jobs run with graphs and without.
# --library takes another library of the backend, and what DIR has, and builds nothing; so the script itself can be
# tried with the emulated one, CHORUS_CUDA_HOST_DEVICES=2 and CHORUS_CUDA_HOST_ASYNC=1.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

build="build-gpu"
library=
sanitizer=yes
perf=yes
while [ $# -gt 0 ]; do
  case $1 in
    --build) build=${2:?--build needs a folder}; shift ;;
    --library) library=${2:?--library needs a path}; shift ;;
    --no-sanitizer) sanitizer=no ;;
    --no-perf) perf=no ;;
    *) echo "tests/gpu/run.sh: $1: unknown" >&2; exit 2 ;;
  esac
  shift
done

refuse() {
  echo "tests/gpu/run.sh: $*" >&2
  exit 2
}

# A driver and at least one GPU, or an emulated backend that was asked for by --library.
count_devices() {
  if [ -n "$library" ] && [ -n "${CHORUS_CUDA_HOST_DEVICES:-}" ]; then
    echo "$CHORUS_CUDA_HOST_DEVICES"
  elif command -v nvidia-smi >/dev/null; then
    nvidia-smi --list-gpus 2>/dev/null | grep -c '^GPU ' || true
  else
    echo 0
  fi
}

devices=$(count_devices)
if [ "$devices" -eq 0 ]; then
  if command -v nvidia-smi >/dev/null; then
    refuse "no NVIDIA GPU here: nvidia-smi lists none. Nothing was run."
  fi
  refuse "no NVIDIA driver here: there is no nvidia-smi. Nothing was run."
fi
if [ -z "$library" ] && ! command -v nvcc >/dev/null && [ ! -x /usr/local/cuda/bin/nvcc ]; then
  refuse "no nvcc here (looked in PATH and /usr/local/cuda/bin). Nothing was run."
fi

tests=(cuda_step_test cuda_operations_test cuda_collective_test cuda_job_test cuda_mpirun_test cuda_gpu_model_test)
if [ -z "$library" ]; then
  cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCHORUS_CUDA=ON >/dev/null
  cmake --build "$build" --target chorus chorus_cuda gpu_step "${tests[@]}"
  library=$build/libchorus_cuda.so
fi
library=$(realpath "$library")
export CHORUS_TEST_CUDA_LIBRARY=$library
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
logs=$build/gpu-logs
mkdir -p "$logs"

summary=()
failed=0
# run NAME SECONDS command...: a line of the summary; the output goes to the log of that name.
run() {
  local name=$1 seconds=$2 log=$logs/$1.log begin=$SECONDS result=PASS note
  shift 2
  printf '=== %s\n' "$name"
  timeout "$seconds" "$@" >"$log" 2>&1 || result="FAIL (code $?)"
  if [ "$result" != PASS ]; then
    failed=1
    tail -n 30 "$log"
  fi
  note=$(grep -c '^\[  SKIPPED \] .* ms)$' "$log" || true)
  summary+=("$(printf '%-34s %-16s %4d s  %s' "$name" "$result" "$((SECONDS - begin))" \
    "$([ "$note" -eq 0 ] || echo "tests skipped: $note")")")
}

# Single GPU. Jobs of several workers share it.
for test in "${tests[@]}"; do
  CUDA_VISIBLE_DEVICES=0 CHORUS_TEST_CUDA_DEVICES=1 run "$test" 1200 "$build/tests/cuda/$test"
done

# All GPUs.
if [ "$devices" -ge 2 ]; then
  for test in cuda_collective_test cuda_job_test cuda_mpirun_test; do
    export CHORUS_TEST_CUDA_DEVICES=$devices
    run "$test-on-$devices" 1200 "$build/tests/cuda/$test"
    unset CHORUS_TEST_CUDA_DEVICES
  done
else
  summary+=("several GPUs                       SKIPPED          one GPU here")
fi

find_sanitizer() { command -v compute-sanitizer || ls /usr/local/cuda/bin/compute-sanitizer 2>/dev/null; }
if [ "$sanitizer" = yes ] && tool=$(find_sanitizer); then
  for check in memcheck racecheck; do
    CUDA_VISIBLE_DEVICES=0 run "$check-operations" 3600 \
      "$tool" --tool "$check" --error-exitcode 3 "$build/tests/cuda/cuda_operations_test"
    CUDA_VISIBLE_DEVICES=0 run "$check-steps" 3600 \
      "$tool" --tool "$check" --error-exitcode 3 "$build/tests/cuda/cuda_step_test" \
      --gtest_filter='*NodesInsideTheTree*:*BottomsDropout*:*SameStepGivesTheSameBits*:GraphsTest.EveryShapeOfModel*'
  done
else
  summary+=("compute-sanitizer                  SKIPPED          not wanted, or not installed")
fi

if [ "$perf" = yes ]; then
  for precision in FP32 TF32 BF16; do
    run "gpu_step-$precision" 1200 "$build/perf/gpu_step" --library "$library" \
      --config configs/train/chorus_cvr.textproto --slots 23 --set step.grain_rows=4096 \
      --set step.grains_per_step=1 --set "compute.cuda.precision=$precision" --gpus "$devices"
    cat "$logs/gpu_step-$precision.log"
  done
  run gpu_step-small-grains 1200 "$build/perf/gpu_step" --library "$library" \
    --config configs/train/chorus_cvr.textproto --slots 23 --set step.grain_rows=512 --set step.grains_per_step=8
  cat "$logs/gpu_step-small-grains.log"
fi

printf '\n=== summary: %s GPUs, %s\n' "$devices" "$library"
printf '%s\n' "${summary[@]}"
echo "logs: $logs"
exit "$failed"
