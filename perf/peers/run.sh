#!/bin/sh
# Ours and PyTorch side by side: the same model, ids of the same law, steps of 4096 rows, in turns, on one core
# and on two, with products in FP32 and in BF16. PyTorch runs as a user would write it (embedding), and with its
# rows made unique by hand (dedup), eager and compiled, and with the tables that TorchRec trains with (TBE). Ours
# reads its log and runs its server within those cores; theirs has its batches in memory. What a machine cannot do
# is named and left out. On a second log 40 exposures share a context (torch_contexts.py).
# Fails unless ours / their best > 1, in FP32 and in any precision, on one core and on two, on both logs.
#
#   perf/peers/install.sh                            once: PyTorch, into build/peers
#   perf/peers/run.sh [BUILD_FOLDER [ROUNDS]]        (default: build 3)     PYTHON=... TBE_PYTHON=... name others
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=${1:-build}
rounds=${2:-3}
python=${PYTHON:-$build/peers/bin/python}
tbe_python=${TBE_PYTHON:-$build/peers/tbe/bin/python}
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
ours() { # LOG PRECISION
  measure "$1|Chorus $2" "$build/perf/step_perf" --log "$1" --threads "$threads" --steps 48 --brief --precision "$2"
}
torch() { # NAME OPTION...
  name=$1
  shift
  OMP_NUM_THREADS=$threads measure "one_hot|PyTorch $name" "$python" "$here/torch_step.py" --threads "$threads" \
    --steps 32 "$@"
}
tbe() {
  name=$1
  shift
  OMP_NUM_THREADS=$threads measure "one_hot|PyTorch $name" "$tbe_python" "$here/torch_step.py" --threads "$threads" \
    --steps 32 --tables tbe "$@"
}
contexts() {
  name=$1
  shift
  OMP_NUM_THREADS=$threads measure "context|PyTorch $name" "$python" "$here/torch_contexts.py" --threads "$threads" \
    --steps 24 "$@"
}

for round in $(seq "$rounds"); do
  for threads in 1 2; do
    cores=0
    [ "$threads" = 1 ] || cores=0,1
    ours one_hot FP32
    ours one_hot BF16
    torch "FP32 embedding" --tables embedding
    torch "FP32 dedup" --tables dedup
    torch "BF16 dedup" --tables dedup --precision bf16
    torch "FP32 dedup compiled" --tables dedup --compile
    torch "BF16 dedup compiled" --tables dedup --precision bf16 --compile
    tbe "BF16 TBE" --precision bf16
    tbe "FP32 TBE compiled" --compile
    tbe "BF16 TBE compiled" --precision bf16 --compile
    ours context FP32
    ours context BF16
    contexts "FP32 shared compiled" --contexts shared --compile
    contexts "BF16 shared" --contexts shared --precision bf16
    contexts "BF16 shared compiled" --contexts shared --precision bf16 --compile
    contexts "BF16 joined compiled" --contexts joined --precision bf16 --compile
  done
done

"$python" - "$results" <<'PYTHON'
import json, statistics, sys
runs = {}  # of (log, threads, who)
for line in open(sys.argv[1]):
    log, who, text = line.split("|", 2)
    run = json.loads(text)
    runs.setdefault((log, run["threads"], who), []).append(run)
median = lambda key, field: statistics.median(run[field] for run in runs[key])
print(f"{'log':>8} {'threads':>7} {'who':>28} {'exposures/s':>12} {'lowest':>8} {'highest':>8} {'cpu ms/step':>12}")
for key in sorted(runs):
    rates = [run["exposures_per_s"] for run in runs[key]]
    print(f"{key[0]:>8} {key[1]:>7} {key[2]:>28} {median(key, 'exposures_per_s'):>12.0f}"
          f" {min(rates):>8} {max(rates):>8} {median(key, 'cpu_ms'):>12.1f}")
failed = False
for log, threads in sorted({key[:2] for key in runs}):
    for precision in ("FP32", ""):
        best = {}
        for who in ("Chorus", "PyTorch"):
            keys = [key for key in runs if key[:2] == (log, threads) and key[2].startswith(f"{who} {precision}")]
            if keys:
                best[who] = max(keys, key=lambda key: median(key, "exposures_per_s"))
        if len(best) < 2:
            print(f"{log}, {threads} threads, {precision or 'any precision'}: nothing to compare")
            failed = True
            continue
        rate = median(best["Chorus"], "exposures_per_s") / median(best["PyTorch"], "exposures_per_s")
        work = median(best["PyTorch"], "cpu_ms") / median(best["Chorus"], "cpu_ms")
        failed |= rate <= 1
        print(f"{log}, {threads} threads: {best['Chorus'][2]} / {best['PyTorch'][2]} = {rate:.2f},"
              f" by processor time {work:.2f}")
sys.exit(failed)
PYTHON
