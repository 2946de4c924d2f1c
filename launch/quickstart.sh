#!/usr/bin/env bash
# From a fresh machine to a trained model: installs what is missing, builds build/chorus, makes a small synthetic log,
# trains ChorusCVR on it with one server and two workers, evaluates and predicts. Everything lands in
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

step "Packages"
install_packages "$install" "${CHORUS_PACKAGES[@]}"
check_tools

step "Building $chorus"
cmake --preset release >/dev/null
cmake --build --preset release --target program

step "Generating a log of 200000 exposures to train on and 60000 to test on"
rm -rf "$output"
mkdir -p "$output"
"$chorus" generate --set exposures=200000 --output "$output/train"
"$chorus" generate --set exposures=60000 --set stream=1 --output "$output/test"

step "Training ChorusCVR: 1 server rank, 2 worker ranks"
# Stands for every subcommand below: the same model, logs and checkpoint.
settings=(--config "$config"
  --set "data.log=$output/train"
  --set "evaluate.log=$output/test" --set "evaluate.oracle=$output/test/oracle.bin"
  --set "checkpoint.directory=$output/model" --set "report.metrics=$output/metrics.jsonl")
start=$SECONDS
mpirun "${mpi_options[@]}" -n 3 "$chorus" train "${settings[@]}"
echo "trained in $((SECONDS - start)) s"

step "Evaluating the checkpoint against the world's true probabilities"
"$chorus" evaluate "${settings[@]}" --checkpoint "$output/model" | tee "$output/evaluation.txt"

step "Predicting"
"$chorus" predict "${settings[@]}" --checkpoint "$output/model" --log "$output/test" \
  --output "$output/predictions.tsv"
head -n 3 "$output/predictions.tsv"

cat <<END

== Done: metrics on $output/test
$(cat "$output/evaluation.txt")

model        $output/model
metrics      $output/metrics.jsonl
evaluation   $output/evaluation.txt
predictions  $output/predictions.tsv
settings     $config

Next: train the same model in one process and see that it is the cluster's, bit for bit:
  $chorus train --config $config --set data.log=$output/train --set checkpoint.directory=$output/one
  $chorus inspect $output/model --canonical $output/model.bytes &&
    $chorus inspect $output/one --canonical $output/one.bytes &&
    cmp $output/model.bytes $output/one.bytes && echo identical
END
