#include "launch/scale/slurm_array.h"

#include <algorithm>

#include "common/file.h"
#include "common/shell_word.h"
#include "common/strings.h"

namespace chorus::launch {
namespace {

constexpr char kHead[] = R"(#!/bin/bash
# Layouts of a job as tasks of a Slurm array, and a last job that puts their results together, from
# `chorus scale --slurm`. Submit it with `bash FILE [options of sbatch]`, from the folder that paths
# are relative to.
)";

constexpr char kHeadOfGpus[] =
    R"(# Workers compute on GPUs, which Slurm gives to tasks that ask for them: `bash FILE --gpus-per-node=N`.
# The last job waits for the same, and computes nothing on them.
)";

// Finished runs of a task are kept: a task that is queued again goes on with the runs that it
// lacks.
constexpr char kRest[] = R"(  tasks=${tasks%%;*}
  sbatch "$@" --job-name=chorus-collect --nodes=1 --dependency="afterany:$tasks" "$0" collect
  exit
fi
if [ "${1:-}" = collect ]; then
  exec "${scale[@]}" --collect
fi
exec "${scale[@]}" --resume --only "$SLURM_ARRAY_TASK_ID"
)";

}  // namespace

std::string SlurmScript(const SlurmArray& array) {
  std::string script = kHead;
  if (std::find(array.command.begin(), array.command.end(), "--gpus") != array.command.end()) {
    script += kHeadOfGpus;
  }
  for (size_t i = 0; i < array.layouts.size(); ++i) {
    const SweepLayout& layout = array.layouts[i];
    script += StrCat("#   task ", i, ": ", layout.name(), ", ", layout.ranks(), " ranks\n");
  }
  script += "set -euo pipefail\nscale=(";
  for (const std::string& word : array.command) script += StrCat("\n  ", ShellQuoted(word));
  script += StrCat(")\nif [ \"${1:-}\" != collect ] && [ -z \"${SLURM_ARRAY_TASK_ID:-}\" ]; then\n",
                   "  tasks=$(sbatch --parsable --job-name=chorus-scale --exclusive --nodes=",
                   array.hosts, " \"$@\" --array=0-", array.layouts.size() - 1, " \"$0\")\n");
  return script + kRest;
}

std::string TaskFolder(const std::string& output, uint32_t layout) {
  return JoinPath(output, StrCat("layout-", layout));
}

}  // namespace chorus::launch
