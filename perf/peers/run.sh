#!/bin/sh
# Ours and PyTorch side by side: the same model, ids of the same law, steps of 4096 rows, in turns, on one core
# and on two, with products in FP32 and in BF16. PyTorch runs as a user would write it (embedding), and with its
# rows made unique by hand (dedup), eager and compiled. Ours reads its log and runs its server within those cores;
# theirs has its batches in memory. What a machine cannot do is named and left out.
# Fails unless ours / their best > 1, in FP32 and in any precision, on one core and on two.
#
#   perf/peers/install.sh                            once: PyTorch, into build/peers
#   perf/peers/run.sh [BUILD_FOLDER [ROUNDS]]        (default: build 3)     PYTHON=... names another python
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=${1:-build}
rounds=${2:-3}
python=${PYTHON:-$build/peers/bin/python}
results=$(mktemp)
trap 'rm -f "$results" "$results.error"' EXIT
if ! "$python" -c 'import torch, numpy' 2>/dev/null; then
  echo "run.sh: $python has no torch and numpy: run perf/peers/install.sh" >&2
  exit 1
fi

# Adds the line of JSON that a program prints, under a name; says so when there is none.
measure() {
  name=$1
  shift
  if line=$(taskset -c "$cores" "$@" 2> "$results.error" | grep '^{'); then
    printf '%s|%s\n' "$name" "$line" >> "$results"
  else
    echo "left out: $name, $threads threads: $(tail -n 1 "$results.error")" >&2
  fi
}
ours() {
  measure "Chorus $1" "$build/perf/step_perf" --log one_hot --threads "$threads" --steps 48 --brief --precision "$1"
}
torch() {
  name=$1
  shift
  OMP_NUM_THREADS=$threads measure "PyTorch $name" "$python" "$here/torch_step.py" --threads "$threads" --steps 32 "$@"
}

for round in $(seq "$rounds"); do
  for threads in 1 2; do
    cores=0
    [ "$threads" = 1 ] || cores=0,1
    ours FP32
    ours BF16
    torch "FP32 embedding" --tables embedding
    torch "FP32 dedup" --tables dedup
    torch "BF16 dedup" --tables dedup --precision bf16
    torch "FP32 dedup compiled" --tables dedup --compile
    torch "BF16 dedup compiled" --tables dedup --precision bf16 --compile
  done
done

"$python" - "$results" <<'PYTHON'
import json, statistics, sys
runs = {}
for line in open(sys.argv[1]):
    who, text = line.split("|", 1)
    run = json.loads(text)
    runs.setdefault((run["threads"], who), []).append(run)
median = lambda key, field: statistics.median(run[field] for run in runs[key])
print(f"{'threads':>7} {'who':>28} {'exposures/s':>12} {'lowest':>8} {'highest':>8} {'cpu ms/step':>12}")
for key in sorted(runs):
    rates = [run["exposures_per_s"] for run in runs[key]]
    print(f"{key[0]:>7} {key[1]:>28} {median(key, 'exposures_per_s'):>12.0f}"
          f" {min(rates):>8} {max(rates):>8} {median(key, 'cpu_ms'):>12.1f}")
failed = False
for threads in (1, 2):
    for precision in ("FP32", ""):
        best = {}
        for who in ("Chorus", "PyTorch"):
            keys = [key for key in runs if key[0] == threads and key[1].startswith(f"{who} {precision}")]
            best[who] = max(keys, key=lambda key: median(key, "exposures_per_s"))
        rate = median(best["Chorus"], "exposures_per_s") / median(best["PyTorch"], "exposures_per_s")
        work = median(best["PyTorch"], "cpu_ms") / median(best["Chorus"], "cpu_ms")
        failed |= rate <= 1
        print(f"{threads} threads: {best['Chorus'][1]} / {best['PyTorch'][1]} = {rate:.2f}, by processor time {work:.2f}")
sys.exit(failed)
PYTHON
