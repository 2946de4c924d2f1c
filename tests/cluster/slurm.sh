#!/usr/bin/env bash
# Tries launch/slurm/train.sbatch against a real Slurm: four nodes on this machine (slurmd -N), of the test's own, in a
# temporary folder. Not part of CTest: it takes minutes, since Slurm's time limits count in minutes.
#
#   tests/cluster/slurm.sh [BUILD [WORD]]   root, slurm-wlm and munge (Debian's names); BUILD: default build
#
# WORD: only checks with it in their names.
#
# Each check prints a line; the exit code is that of the first that fails.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
build=$(realpath "${1:-build}")
only=${2:-}
skip() {
  echo "skipped: needs $1"
  exit 77
}
command -v slurmctld >/dev/null || skip slurm-wlm
command -v slurmd >/dev/null || skip slurm-wlm
command -v sbatch >/dev/null || skip slurm-wlm
command -v scancel >/dev/null || skip slurm-wlm
command -v scontrol >/dev/null || skip slurm-wlm
command -v sinfo >/dev/null || skip slurm-wlm
command -v srun >/dev/null || skip slurm-wlm
command -v munged >/dev/null || skip munge
command -v pgrep >/dev/null || skip procps
[ "$(id -u)" = 0 ] || skip root

work=$(mktemp -d /tmp/chorus-slurm-XXXXXX)
chmod 755 "$work"
host=$(uname -n)
export SLURM_CONF=$work/slurm.conf CHORUS=$build/chorus
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1

end() {
  local code=$? file
  scancel --state=RUNNING --user=root >/dev/null 2>&1 || true
  for file in "$work"/slurmd.*.pid "$work"/ctld.pid "$work"/munge/pid; do
    if [ -f "$file" ]; then kill "$(cat "$file")" 2>/dev/null || true; fi
  done
  if [ "$code" -ne 0 ]; then
    echo "failed; its folder is $work"
    tail -n 20 "$work"/*.log || true
  else
    sleep 1
    rm -rf "$work"
  fi
  exit "$code"
}
trap end EXIT

configure() {
  cat <<CONF
ClusterName=chorus
SlurmctldHost=$host
SlurmctldPort=27817
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$work/munge/socket
CredType=cred/munge
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool/%n
SlurmctldPidFile=$work/ctld.pid
SlurmdPidFile=$work/slurmd.%n.pid
SlurmctldLogFile=$work/ctld.log
SlurmdLogFile=$work/slurmd.%n.log
TmpFS=$work/tmp/%n
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_interval=2,bf_interval=2
ReturnToService=2
SlurmdTimeout=10
KillWait=5
CONF
  local node
  for node in 1 2 3 4; do
    echo "NodeName=n$node NodeHostname=$host Port=$((27817 + node)) CPUs=2 RealMemory=1000"
  done
  echo "PartitionName=all Nodes=n[1-4] Default=YES State=UP"
}

begin() {
  mkdir -p "$work"/munge "$work"/state "$work"/spool "$work"/tmp/n{1,2,3,4}
  head -c 1024 /dev/urandom >"$work/munge/key"
  chmod 600 "$work/munge/key"
  chown -R munge "$work/munge"
  su munge -s /bin/sh -c "munged --key-file=$work/munge/key --socket=$work/munge/socket --log-file=$work/munge/log \
    --pid-file=$work/munge/pid --seed-file=$work/munge/seed"
  configure >"$SLURM_CONF"
  slurmctld -f "$SLURM_CONF"
  local node
  for node in n1 n2 n3 n4; do slurmd -N "$node" -f "$SLURM_CONF"; done
  for _ in $(seq 50); do
    if [ "$(sinfo -h -o %D -t idle)" = 4 ]; then return; fi
    sleep 0.2
  done
  echo "the nodes did not come"
  return 1
}

# A job whose steps take a while, so that signals find it at work.
make_job() {
  "$CHORUS" generate --set exposures=60000 --output "$work/world" >/dev/null
  cat >"$work/job.textproto" <<JOB
data { log: "$work/world" epochs: ${1:-1} }
objective { esmm {} }
checkpoint { every_steps: 50 }
compute { threads: 1 }
JOB
}

bits() { "$CHORUS" inspect "$1" --canonical - | sha256sum | cut -c1-16; }
check() { # NAME COMMAND...
  local name=$1 begin=$SECONDS
  shift
  if [[ $name != *"$only"* ]]; then return; fi
  "$@" || { echo "FAILED  $name"; return 1; }
  printf 'ok  %3d s  %s\n' "$((SECONDS - begin))" "$name"
}
# submit FOLDER SBATCH_OPTION... -- prints the job's number
submit() {
  local folder=$1
  shift
  sbatch --parsable --chdir="$work" "$@" "$PWD/launch/slurm/train.sbatch" --config "$work/job.textproto" \
    --set "checkpoint.directory=$folder"
}
state() { scontrol -o show job "$1" | grep -o 'JobState=[A-Z_]*' | head -1 | cut -d= -f2; }
wait_for() { # JOB SECONDS STATE...
  local job=$1 until=$((SECONDS + $2))
  shift 2
  local wanted
  while [ "$SECONDS" -lt "$until" ]; do
    for wanted in "$@"; do
      if [ "$(state "$job")" = "$wanted" ]; then return; fi
    done
    sleep 0.5
  done
  echo "job $job is $(state "$job"), not $*"
  return 1
}
wait_for_checkpoint() { # FOLDER SECONDS
  for _ in $(seq $(($2 * 5))); do
    if compgen -G "$1/step-*/MANIFEST" >/dev/null; then return; fi
    sleep 0.2
  done
  echo "no checkpoint in $1"
  return 1
}

# Each check ends with the first step that fails: `set -e` does not count in what `check` calls.
srun_without_pmix_is_refused() {
  ! srun -n 3 "$CHORUS" train --config "$work/job.textproto" --set "checkpoint.directory=$work/refused" \
    >"$work/refused.log" 2>&1 && grep -q 'srun --mpi=pmix' "$work/refused.log" && [ ! -e "$work/refused" ]
}
completes_with_the_bits() { # JOB FOLDER BITS
  wait_for "$1" 900 COMPLETED FAILED && [ "$(state "$1")" = COMPLETED ] && [ "$(bits "$2")" = "$3" ]
}
trains_the_bits() { # FOLDER SBATCH_OPTION...
  completes_with_the_bits "$(submit "$@")" "$1" "$one"
}
mpirun_trains_the_bits() { CHORUS_LAUNCHER=mpirun trains_the_bits "$@"; }
says() { grep -q "$2" "$work/chorus-$1.log"; } # JOB TEXT

# Slurm signals up to a minute earlier than it is asked to, and starts a job again after two minutes.
goes_on_after_its_time_limit() {
  local job long=(--config "$work/job.textproto" --set data.epochs=8)
  "$CHORUS" train "${long[@]}" --set "checkpoint.directory=$work/long" >/dev/null 2>&1
  job=$(sbatch --parsable --chdir="$work" --time=2 --signal=B:USR1@60 --nodes=3 --ntasks-per-node=1 \
    launch/slurm/train.sbatch "${long[@]}" --set "checkpoint.directory=$work/limit")
  completes_with_the_bits "$job" "$work/limit" "$(bits "$work/long")" &&
    says "$job" 'stopped by a signal, saved; the job goes back into the queue' && says "$job" 'try 2:'
}
goes_on_after_a_lost_rank() {
  local job
  job=$(submit "$work/lost" --nodes=3 --ntasks-per-node=1)
  wait_for_checkpoint "$work/lost" 60 && kill -9 "$(pgrep -f "train .*checkpoint.directory=$work/lost" | tail -n 1)" &&
    completes_with_the_bits "$job" "$work/lost" "$one" &&
    says "$job" 'exit code 137: a rank or a host was lost' && says "$job" 'try 2:'
}
kill_node() { # NODE FOLDER
  local process
  kill -9 "$(cat "$work/slurmd.$1.pid")"
  for process in $(pgrep -f "train .*checkpoint.directory=$2"); do
    if tr '\0' '\n' <"/proc/$process/environ" | grep -q "^SLURMD_NODENAME=$1\$"; then kill -9 "$process"; fi
  done
}
goes_on_without_a_lost_node() {
  local job
  job=$(submit "$work/node" --nodes=2 --ntasks-per-node=1)
  wait_for_checkpoint "$work/node" 60 && kill_node n2 "$work/node" &&
    completes_with_the_bits "$job" "$work/node" "$one" && says "$job" 'try 2:' &&
    ! scontrol -o show job "$job" | grep -q ' NodeList=n[^ ]*2'
}
a_wrong_setting_is_not_tried_again() {
  local job
  job=$(sbatch --parsable --chdir="$work" --cpus-per-task=1 launch/slurm/train.sbatch --config "$work/job.textproto" \
    --set step.grain_rows=0)
  wait_for "$job" 60 FAILED && says "$job" 'the same job would fail again'
}
cancel_ends_it_at_once() {
  local job
  job=$(submit "$work/cancel" --nodes=3 --ntasks-per-node=1)
  wait_for_checkpoint "$work/cancel" 60 && scancel "$job" && wait_for "$job" 20 CANCELLED && sleep 8 &&
    ! pgrep -f "checkpoint.directory=$work/cancel" >/dev/null
}
an_array_trains_a_seed_each() {
  local job
  job=$(submit "$work/seed-@SEED@" --array=1-2 --nodes=1 --ntasks-per-node=2 --cpus-per-task=1)
  completes_with_the_bits "${job}_1" "$work/seed-1" "$one" && wait_for "${job}_2" 200 COMPLETED &&
    [ "$(bits "$work/seed-2")" != "$one" ]
}
heterogeneous_parts_are_one_job() {
  local job
  job=$(sbatch --parsable --chdir="$work" --nodes=2 --ntasks-per-node=1 --cpus-per-task=1 : --nodes=1 --ntasks=2 \
    --cpus-per-task=1 "$PWD/launch/slurm/train.sbatch" --config "$work/job.textproto" \
    --set "checkpoint.directory=$work/parts")
  completes_with_the_bits "$job" "$work/parts" "$one" && says "$job" 'cluster.servers=2'
}

begin
make_job 2
"$CHORUS" train --config "$work/job.textproto" --set "checkpoint.directory=$work/one" >/dev/null 2>&1
one=$(bits "$work/one")
check "srun without PMIx is refused" srun_without_pmix_is_refused
check "srun --mpi=pmix trains the bits of one process" trains_the_bits "$work/srun" --nodes=4 --ntasks-per-node=1
check "mpirun in the allocation, too" mpirun_trains_the_bits "$work/mpirun" --nodes=3 --ntasks-per-node=1
check "a heterogeneous job, too" heterogeneous_parts_are_one_job
check "an array trains a seed each" an_array_trains_a_seed_each
check "a wrong setting is not tried again" a_wrong_setting_is_not_tried_again
check "scancel ends it" cancel_ends_it_at_once
check "a lost rank: it goes on by itself" goes_on_after_a_lost_rank
check "the time limit: it saves and goes on by itself" goes_on_after_its_time_limit
check "a lost node: it goes on without it" goes_on_without_a_lost_node
