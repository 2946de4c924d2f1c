#!/usr/bin/env bash
# BASE, ESMM and ChorusCVR on Criteo's privacy-preserving ads file: five folds, three seeds, AUCs pooled over the folds.
# A run whose predictions are there already is skipped, so that a second call goes on where the first one stopped.
#
#   perf/criteo/run.sh criteo_ppml_train.csv.gz [OUT]
#
# OUT (default build/criteo) takes the folds, the predictions METHOD/SEED-FOLD.tsv and table.md; remove it after changing
# a setting. Environment: CHORUS (the program, default build/chorus).
#   INNER=1   how settings are chosen: for each outer fold, train on three of the other folds and predict the fourth
#             of them; the outer fold is neither trained on nor scored. Give another OUT.
set -euo pipefail

if [ $# -lt 1 ] || [ $# -gt 2 ] || [ ! -r "$1" ]; then
  echo "usage: perf/criteo/run.sh FILE [OUT]   (FILE: criteo_ppml_train.csv.gz)" >&2
  exit 2
fi
file=$(realpath "$1")
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
out=${2:-build/criteo}
chorus=${CHORUS:-build/chorus}
inner=${INNER:-0}
methods=(base esmm chorus_cvr)
seeds=(1 2 3)
folds=(0 1 2 3 4)
mkdir -p "$out"

if [ ! -e "$out/folds/done" ]; then
  # Training permutes blocks before it shuffles rows within a window of them: small blocks shuffle well.
  "$chorus" import --schema configs/import/criteo_ppml.textproto --set block_rows=256 --split folds:5 \
      --output "$out/folds" "$file"
  touch "$out/folds/done"
fi

# train METHOD SEED FOLD PREDICTIONS
train() {
  local held_out=$3 predicted=$3 logs="" j
  if [ "$inner" = 1 ]; then predicted=$((($3 + 1) % 5)); fi
  for j in "${folds[@]}"; do
    if [ "$j" != "$held_out" ] && [ "$j" != "$predicted" ]; then
      logs+=${logs:+,}$out/folds/fold-$j
    fi
  done
  rm -rf "$out/model"
  "$chorus" train --config "configs/train/criteo_$1.textproto" --set "data.log=$logs" \
      --set "seed=$2" --set compute.threads=1 --set "checkpoint.directory=$out/model" >"$out/train.log" 2>&1 \
      || { cat "$out/train.log" >&2; return 1; }
  "$chorus" predict --checkpoint "$out/model" --log "$out/folds/fold-$predicted" --output "$4.part" \
      --set compute.threads=1 2>"$out/predict.log" || { cat "$out/predict.log" >&2; return 1; }
  mv "$4.part" "$4"
}

arguments=()
for method in "${methods[@]}"; do
  mkdir -p "$out/$method"
  for seed in "${seeds[@]}"; do
    files=()
    for fold in "${folds[@]}"; do
      predictions=$out/$method/$seed-$fold.tsv
      if [ ! -s "$predictions" ]; then
        echo "$method, seed $seed, fold $fold" >&2
        train "$method" "$seed" "$fold" "$predictions"
      fi
      files+=("$predictions")
    done
    arguments+=("$method=$seed:$(IFS=,; echo "${files[*]}")")
  done
done
python3 perf/criteo/pooled_auc.py "${arguments[@]}" | tee "$out/table.md"
