#!/usr/bin/env bash
# From a fresh machine to a trained model: installs what is missing, builds build/chorus, makes a small synthetic log,
# trains ChorusCVR on it with one server and two workers, evaluates, predicts and draws a report. Everything lands in
# build/quickstart.
#
#   launch/quickstart.sh [--no-install]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=launch/install.sh
source launch/install.sh

install=yes
case "${1:-}" in
  "") ;;
  --no-install) install=no ;;
  *)
    echo "usage: launch/quickstart.sh [--no-install]" >&2
    exit 2
    ;;
esac

chorus=build/chorus
output=build/quickstart
config=configs/train/quickstart.textproto

step() { printf '\n== %s\n' "$1"; }

# mpirun refuses root and more ranks than cores unless told; ranks are left unbound, since each has threads.
mpi_options=(--oversubscribe --bind-to none)
if [ "$(id -u)" -eq 0 ]; then
  mpi_options+=(--allow-run-as-root)
fi

mkdir -p build
step "Packages (a few minutes where they are missing; what apt-get says is in build/packages.log)"
install_packages "$install" "${CHORUS_PACKAGES[@]}" >build/packages.log || {
  tail -n 20 build/packages.log >&2
  exit 1
}
check_tools

step "Building $chorus (once, and most of the time that this takes)"
cmake --preset release >/dev/null
cmake --build --preset release --target program

step "Generating a log of 200000 exposures to train on and 60000 to test on"
rm -rf "$output"
mkdir -p "$output"
"$chorus" generate --set exposures=200000 --output "$output/train"
"$chorus" generate --set exposures=60000 --set stream=1 --output "$output/test"

step "Training ChorusCVR: 1 server rank, 2 worker ranks (less than a minute)"
# Stands for every subcommand below: the same model, logs and checkpoint.
settings=(--config "$config"
  --set "data.log=$output/train"
  --set "evaluate.log=$output/test" --set "evaluate.oracle=$output/test/oracle.bin"
  --set "checkpoint.directory=$output/model" --set "report.metrics=$output/metrics.jsonl")
mpirun "${mpi_options[@]}" -n 3 "$chorus" train "${settings[@]}" >"$output/training.txt"
head -n 1 "$output/training.txt"

step "Evaluating the checkpoint against the world's true probabilities, predicting, drawing"
"$chorus" evaluate "${settings[@]}" --checkpoint "$output/model" >"$output/evaluation.txt"
"$chorus" predict "${settings[@]}" --checkpoint "$output/model" --log "$output/test" \
  --output "$output/predictions.tsv"
"$chorus" report "$output"

# figure ROW COLUMN: a number of the evaluation's tables; the first columns are task, rows, positives, AUC.
figure() { awk -v row="$1" -v column="$2" '$1 == row { print $column; exit }' "$output/evaluation.txt"; }

cat <<END

== Done: the model on $(figure ctr 2) exposures that it has not seen, with $(figure ctr 3) clicks and $(figure cvr 3) conversions
CTR AUC         $(figure ctr 4)   a clicked exposure has a higher pCTR than another: 0.5 is chance, 1 is always
CVR AUC         $(figure cvr 4)   the same for conversions among clicks
CVR AUC on D    $(figure D 3)   the same for the world's true probabilities over all exposures; the best possible: $(figure D 5)
CTR NE          $(figure ctr 7)   log loss beside that of a constant: below 1 is better than that
CTR PCOC        $(figure ctr 10)    mean pCTR / rate of clicks: 1 is calibrated

report       $output/report.html
model        $output/model
metrics      $output/metrics.jsonl
evaluation   $output/evaluation.txt   all figures; README.md, "Words of the tables", says what they are
predictions  $output/predictions.tsv
settings     $config

Now your own data, a text of exposures with a column of clicks and one of conversions:
  $chorus schema day1.csv.gz --output my.schema --job my.train
  $chorus import --schema my.schema --split train:0.8,test:0.2 --output log day1.csv.gz
  $chorus train --config my.train && $chorus report run

Or train the same model in one process and see that it is the cluster's, bit for bit:
  $chorus train --config $config --set data.log=$output/train --set checkpoint.directory=$output/one
  $chorus inspect $output/model --canonical $output/model.bytes &&
    $chorus inspect $output/one --canonical $output/one.bytes &&
    cmp $output/model.bytes $output/one.bytes && echo identical
END
