#!/bin/sh
# Ours and PyTorch side by side: the same model, ids of the same law, steps of 4096 rows, in turns, on one core and
# on two. PyTorch runs with each OpenMP BLAS that is installed, and its best one counts. Ours reads its log and
# runs its server within those cores; theirs has its batches in memory.
# Fails unless ours / theirs > 1 on one core and on two.
#
#   perf/peers/run.sh [BUILD_FOLDER [ROUNDS]]        (default: build 3)
# needs: apt-get install python3-torch libblis4-openmp libopenblas0-openmp
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=${1:-build}
rounds=${2:-3}
results=$(mktemp)
trap 'rm -f "$results"' EXIT

python=
for candidate in python3 /usr/bin/python3; do
  if "$candidate" -c 'import torch, numpy' 2>/dev/null; then python=$candidate; break; fi
done
if [ -z "$python" ]; then
  echo "run.sh: no python3 with torch and numpy; apt-get install python3-torch" >&2
  exit 1
fi
libraries=/usr/lib/$(uname -m)-linux-gnu
unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE  # the library's own choice of kernels

for round in $(seq "$rounds"); do
  for threads in 1 2; do
    cores=0; [ "$threads" = 1 ] || cores=0,1
    printf 'ours - ' >> "$results"
    taskset -c "$cores" "$build/perf/step_perf" --log one_hot --threads "$threads" --steps 48 \
      --brief 2>/dev/null >> "$results"
    for blas in blis-openmp openblas-openmp; do
      [ -d "$libraries/$blas" ] || continue
      printf 'torch %s ' "$blas" >> "$results"
      LD_LIBRARY_PATH="$libraries/$blas" OMP_NUM_THREADS="$threads" OMP_PROC_BIND=false \
        taskset -c "$cores" "$python" "$here/torch_step.py" --threads "$threads" --steps 24 \
        >> "$results"
    done
  done
done

"$python" - "$results" <<'PYTHON'
import json, statistics, sys
runs = {}
for line in open(sys.argv[1]):
    who, blas, text = line.split(" ", 2)
    run = json.loads(text)
    runs.setdefault((run["threads"], who, blas), []).append(run)
median = lambda key, field: statistics.median(run[field] for run in runs[key])
print(f"{'threads':>7} {'who':>22} {'exposures/s':>12} {'lowest':>8} {'highest':>8} {'cpu ms/step':>12}")
failed = False
for key in sorted(runs):
    rates = [run["exposures_per_s"] for run in runs[key]]
    print(f"{key[0]:>7} {key[1] + ' ' + key[2].strip('-'):>22} {median(key, 'exposures_per_s'):>12.0f}"
          f" {min(rates):>8} {max(rates):>8} {median(key, 'cpu_ms'):>12.1f}")
for threads in (1, 2):
    theirs = max((median(key, "exposures_per_s"), key[2]) for key in runs if key[0] == threads and key[1] == "torch")
    ratio = median((threads, "ours", "-"), "exposures_per_s") / theirs[0]
    failed |= ratio <= 1
    print(f"{threads} threads: ours / torch with {theirs[1]} = {ratio:.2f}")
sys.exit(failed)
PYTHON
