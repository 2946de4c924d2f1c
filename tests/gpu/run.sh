#!/usr/bin/env bash
# Runs the tests of the CUDA backend on the GPUs of this machine, and perf/gpu_step between them; what matters most comes
# first. Prints a summary, also when it is interrupted. Exit code: 0, nothing failed; 1, something did; 2, there is nothing to
# run on or with; 130, interrupted.
#
#   tests/gpu/run.sh [--minutes N] [--out DIR] [--gpus N] [--tests NAME,...] [--quick] [--list]
#                    [--no-sanitizer] [--no-perf] [--build DIR] [--library PATH]
#
#   --minutes N      for all of it, building included: what no longer fits is left out, and the summary says so
#   --out DIR        where logs, figures, summary.txt and machine.txt go, to be carried away (default: gpu-logs in --build)
#   --gpus N         of those that are visible (CUDA_VISIBLE_DEVICES is kept to)
#   --tests NAME,... these alone; --list prints the names, in their order
#   --quick          a sixth of each test and small measurements
#   --build DIR      where nvcc builds (default build-gpu), each program when it is its turn
#   --library PATH   another library of the backend; takes what DIR has and builds nothing. So DIR can be built elsewhere and
#                    brought along, and this script be tried with the emulated library, CHORUS_CUDA_HOST_DEVICES=2 and
#                    CHORUS_CUDA_HOST_ASYNC=1.
#
# Tests are those of the CUDA backend, of steps on a device and of launch/gpu that do not look into the emulation; steps
# and jobs run with CUDA graphs and without. Names that end in "-all" use all GPUs, the others the first. Without mpirun,
# NCCL, compute-sanitizer or a second GPU what needs it is left out.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 2

names=(device operations steps perf-FP32 jobs collective-all mpirun-all perf-sums-all jobs-all memcheck-operations perf-TF32
  perf-BF16 perf-small-grains mpirun memcheck-steps collective model racecheck-operations racecheck-steps)
build=build-gpu library='' out='' minutes=0 most_gpus=0 wanted='' quick=no sanitizer=yes perf=yes

refuse() {
  echo "tests/gpu/run.sh: $*" >&2
  exit 2
}
is_number() { [[ $1 =~ ^[0-9]+$ ]] && [ "$1" -gt 0 ]; }

while [ $# -gt 0 ]; do
  case $1 in
    --build | --library | --out | --minutes | --gpus | --tests) [ $# -ge 2 ] || refuse "$1 needs a value" ;;
  esac
  case $1 in
    --build) build=$2; shift ;;
    --library) library=$2; shift ;;
    --out) out=$2; shift ;;
    --minutes) is_number "$2" || refuse "--minutes $2: not a number above 0"; minutes=$2; shift ;;
    --gpus) is_number "$2" || refuse "--gpus $2: not a number above 0"; most_gpus=$2; shift ;;
    --tests) wanted=,$2,; shift ;;
    --quick) quick=yes ;;
    --no-sanitizer) sanitizer=no ;;
    --no-perf) perf=no ;;
    --list) printf '%s\n' "${names[@]}"; exit 0 ;;
    --help | -h) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"; exit 0 ;;
    *) refuse "$1: unknown, see --help" ;;
  esac
  shift
done
for name in ${wanted//,/ }; do
  [[ " ${names[*]} " == *" $name "* ]] || refuse "--tests: there is no $name, see --list"
done

# --- What is here.

emulated=${CHORUS_CUDA_HOST_DEVICES:-}
[ -n "$library" ] || emulated=''
count_devices() {
  if [ -n "$emulated" ]; then
    echo "$emulated"
  elif [ -n "${CUDA_VISIBLE_DEVICES:-}" ]; then
    tr ',' '\n' <<<"$CUDA_VISIBLE_DEVICES" | grep -c .
  elif command -v nvidia-smi >/dev/null; then
    nvidia-smi --list-gpus 2>/dev/null | grep -c '^GPU '
  else
    find /proc/driver/nvidia/gpus -mindepth 1 -maxdepth 1 2>/dev/null | grep -c .
  fi
}
devices=$(count_devices)
if [ "$devices" -eq 0 ]; then
  if command -v nvidia-smi >/dev/null; then
    refuse "no NVIDIA GPU here: nvidia-smi lists none. Nothing was run."
  fi
  refuse "no NVIDIA driver here: there is no nvidia-smi. Nothing was run."
fi
if [ "$most_gpus" -gt 0 ] && [ "$devices" -gt "$most_gpus" ]; then devices=$most_gpus; fi
visible=${CUDA_VISIBLE_DEVICES:-$(seq -s, 0 $((devices - 1)))}
all_gpus=$(cut -d, -f"1-$devices" <<<"$visible")
first_gpu=$(cut -d, -f1 <<<"$visible")
export CUDA_VISIBLE_DEVICES=$all_gpus

nvcc=$(command -v nvcc || ls /usr/local/cuda/bin/nvcc 2>/dev/null)
if [ -n "$library" ]; then
  [ -f "$library" ] || refuse "--library $library: there is no such file. Nothing was run."
elif [ -z "$nvcc" ]; then
  refuse "no nvcc here (looked in PATH and /usr/local/cuda/bin); a build from elsewhere goes by --build and --library." \
    "Nothing was run."
fi
has_nccl() {
  [ -n "$emulated" ] && return
  ldconfig -p 2>/dev/null | grep -q 'libnccl\.so\.2' && return
  local folder
  for folder in ${LD_LIBRARY_PATH//:/ } /usr/local/cuda/lib64 \
    "$(sed -n 's|^NCCL_LIBRARY:[^=]*=\(.*\)/[^/]*$|\1|p' "$build/CMakeCache.txt" 2>/dev/null)"; do
    [ -e "$folder/libnccl.so.2" ] && return
  done
  return 1
}
memory_checker=$(command -v compute-sanitizer || ls /usr/local/cuda/bin/compute-sanitizer 2>/dev/null)

# --- Where things go.

[ -n "$out" ] || out=$build/gpu-logs
mkdir -p "$build" "$out" || refuse "$out cannot be made. Nothing was run."
out=$(realpath "$out")
describe_machine() {
  date
  uname -a
  git rev-parse HEAD 2>/dev/null
  lscpu 2>/dev/null | grep -E '^(Model name|CPU\(s\)|NUMA)'
  free -g 2>/dev/null | head -n 2
  if [ -n "$nvcc" ]; then "$nvcc" --version; fi
  mpirun --version 2>/dev/null | head -n 1
  nvidia-smi 2>/dev/null
  nvidia-smi topo -m 2>/dev/null
  nvidia-smi -q 2>/dev/null
}
describe_machine >"$out/machine.txt" 2>&1

# --- Running, and what is said of it.

summary=() failed=0 child='' library_shown=${library:-$build/libchorus_cuda.so}
note() { summary+=("$(printf '%-20s %-14s %6s  %s' "$1" "$2" "$3" "$4" | sed 's/ *$//')"); }
finish() {
  {
    printf '\n=== summary: %s GPUs, %s, %s s\n' "$devices" "$library_shown" "$SECONDS"
    printf '%s\n' "${summary[@]}"
    echo "logs: $out"
  } | tee "$out/summary.txt"
  exit "$1"
}
# shellcheck disable=SC2317  # a trap
interrupted() {
  trap '' INT TERM HUP
  [ -z "$child" ] || kill "$child" 2>/dev/null
  note "${running:-}" "INTERRUPTED" "" "what follows was not run"
  finish 130
}
trap interrupted INT TERM HUP

seconds_left() { [ "$minutes" -eq 0 ] && echo 1000000 || echo $((minutes * 60 - SECONDS)); }
# limited SECONDS LOG command...: in the background, so that an interruption need not wait for it.
limited() {
  local limit=$1 log=$2 left code
  shift 2
  left=$(seconds_left)
  [ "$left" -lt "$limit" ] && limit=$((left > 0 ? left : 1))
  timeout -k 10 "$limit" "$@" >>"$log" 2>&1 &
  child=$!
  wait "$child"
  code=$?
  child=''
  return "$code"
}
# built TARGET...: whether they are there.
built() {
  [ -n "$library" ] || limited 3600 "$out/build.log" cmake --build "$build" --target chorus_cuda "$@"
}
# check NAME SECONDS TARGET command...: a line of the summary; the output goes to NAME.log.
check() {
  local name=$1 limit=$2 target=$3 log=$out/$1.log begin=$SECONDS code skipped
  shift 3
  [ -z "$wanted" ] || [[ $wanted == *,$name,* ]] || return
  running=$name
  if [ "$(seconds_left)" -lt 10 ]; then
    note "$name" SKIPPED "" "no time left of $minutes minutes"
    return
  fi
  printf '=== %s\n' "$name"
  : >"$log"
  if ! built "$target"; then
    if [ "$(seconds_left)" -le 0 ]; then
      note "$name" "NOT FINISHED" "$((SECONDS - begin)) s" "its build was cut off after $minutes minutes"
      return
    fi
    failed=1
    tail -n 30 "$out/build.log"
    note "$name" "FAIL (build)" "$((SECONDS - begin)) s" "see build.log"
    return
  fi
  limited "$limit" "$log" "$@"
  code=$?
  skipped=$(grep -c '^\[  SKIPPED \] .* ms)$' "$log")
  if [ "$code" -eq 0 ]; then
    note "$name" PASS "$((SECONDS - begin)) s" "$([ "$skipped" -eq 0 ] || echo "tests skipped: $skipped")"
  elif [ "$(seconds_left)" -le 0 ]; then
    note "$name" "NOT FINISHED" "$((SECONDS - begin)) s" "cut off after $minutes minutes"
  else
    failed=1
    tail -n 30 "$log"
    note "$name" "FAIL (code $code)" "$((SECONDS - begin)) s" "$([ "$code" -ne 124 ] || echo "took longer than $limit s")"
  fi
}
skip() {
  [ -z "$wanted" ] || [[ $wanted == *,$1,* ]] || return
  note "$1" SKIPPED "" "$2"
}

small_grain=512
[ "$quick" = no ] || small_grain=32
on_first=(env "CUDA_VISIBLE_DEVICES=$first_gpu" CHORUS_TEST_CUDA_DEVICES=1)
on_all=(env "CHORUS_TEST_CUDA_DEVICES=$devices")
# measure NAME option...: perf/gpu_step, whose figures are shown.
measure() {
  local name=$1 sizes=(--config configs/train/chorus_cvr.textproto --slots 23 --set step.grain_rows=4096
    --set step.grains_per_step=1)
  shift
  if [ "$perf" = no ]; then
    skip "$name" "--no-perf"
    return
  fi
  # shellcheck disable=SC2054  # one argument
  [ "$quick" = no ] || sizes=(--product 64 --copy-mb 1 --timed-steps 2 --steps 2 --slots 3 --numerics 1 --context-slots 2
    --tokens 3 --rows-per-context 4 --ids 300 --set step.grain_rows=64 --set step.grains_per_step=4
    --set model.tower.hidden=9,5 --set compute.cuda.step_memory_mb=4)
  check "$name" 900 gpu_step "$build/perf/gpu_step" --library "$library_shown" "${sizes[@]}" "$@"
  if [ -s "$out/$name.log" ] && [[ -z $wanted || $wanted == *,$name,* ]]; then cat "$out/$name.log"; fi
}
# program TEST: where the build puts it.
program() {
  case $1 in
    device_step_test) echo "$build/tests/worker/engine/device/$1" ;;
    cuda_gpu_model_test) echo "$build/tests/perf/$1" ;;
    *) echo "$build/tests/worker/cuda/$1" ;;
  esac
}
# sanitize TOOL operations|steps
sanitize() {
  local test=cuda_operations_test filter='*'
  if [ "$2" = steps ]; then
    test=device_step_test
    filter='*NodesInsideTheTree*:*BottomsDropout*:*SameStepGivesTheSameBits*:GraphsTest.EveryShapeOfModel*'
  fi
  if [ "$sanitizer" = no ]; then
    skip "$1-$2" "--no-sanitizer"
  elif [ -z "$memory_checker" ]; then
    skip "$1-$2" "there is no compute-sanitizer"
  else
    check "$1-$2" 1800 "$test" "${on_first[@]}" "$memory_checker" --tool "$1" --error-exitcode 3 \
      "$(program "$test")" "--gtest_filter=$filter"
  fi
}

# --- What is run.

if [ -z "$library" ]; then
  limited 600 "$out/configure.log" cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo \
    -DCHORUS_CUDA=ON "-DCHORUS_NVCC=$nvcc" || {
    tail -n 20 "$out/configure.log" >&2
    refuse "this machine cannot build it, see $out/configure.log. Nothing was run."
  }
fi
library_shown=$(realpath -m "$library_shown")
export CHORUS_TEST_CUDA_LIBRARY=$library_shown OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
has_nccl || export CHORUS_TEST_CUDA_NO_NCCL=1
[ "$quick" = no ] || export GTEST_TOTAL_SHARDS=6 GTEST_SHARD_INDEX=0

# The device opens and computes: where it does not, nothing else need be built.
open_device() {
  check device 300 cuda_operations_test "${on_first[@]}" env -u GTEST_TOTAL_SHARDS -u GTEST_SHARD_INDEX \
    "$(program cuda_operations_test)" --gtest_filter='DeviceMarksTest.*'
  [[ ${summary[*]} == *"FAIL (code"* ]] || return
  note "the rest" SKIPPED "" "the device cannot be used, see device.log"
  finish 1
}
unit() { check "$1" 900 "$2" "${on_first[@]}" "$(program "$2")"; }
unit_on_all() { check "$1" 900 "$2" "${on_all[@]}" "$(program "$2")"; }
with_nccl() { if [ -z "${CHORUS_TEST_CUDA_NO_NCCL:-}" ]; then "$@"; else skip "$2" "there is no NCCL"; fi; }
with_mpirun() { if command -v mpirun >/dev/null; then "$@"; else skip "$2" "there is no mpirun"; fi; }

run_all() {
  local name
  for name in "${names[@]}"; do
    if [[ $name == *-all ]] && [ "$devices" -lt 2 ]; then
      skip "$name" "one GPU here"
      continue
    fi
    case $name in
      device) open_device ;;
      operations) unit operations cuda_operations_test ;;
      steps) unit steps device_step_test ;;
      jobs) unit jobs cuda_job_test ;;
      jobs-all) unit_on_all jobs-all cuda_job_test ;;
      collective) with_nccl unit collective cuda_collective_test ;;
      collective-all) with_nccl unit_on_all collective-all cuda_collective_test ;;
      mpirun) with_mpirun unit mpirun cuda_mpirun_test ;;
      mpirun-all) with_mpirun unit_on_all mpirun-all cuda_mpirun_test ;;
      model) unit model cuda_gpu_model_test ;;
      perf-small-grains) measure "$name" --set "step.grain_rows=$small_grain" --set step.grains_per_step=8 ;;
      perf-sums-all) with_nccl measure "$name" --gpus "$devices" ;;
      perf-*) measure "$name" --set "compute.precision=${name#perf-}" ;;
      memcheck-* | racecheck-*) sanitize "${name%%-*}" "${name#*-}" ;;
    esac
  done
  finish "$failed"
}
run_all
