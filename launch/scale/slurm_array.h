#pragma once
// Layouts of a job as tasks of a Slurm array: the script that submits them, and the last job that
// puts their results together. Thread safety: pure functions.

#include <cstdint>
#include <string>
#include <vector>

#include "launch/scale/sweep.h"

namespace chorus::launch {

struct SlurmArray {
  std::vector<std::string> command;  // the sweep's, without --only, --resume and --collect
  std::vector<SweepLayout> layouts;  // task i runs layout i
  uint32_t hosts = 1;                // of a task
};

// For bash: `bash FILE [options of sbatch]` submits it.
std::string SlurmScript(const SlurmArray& array);

// The folder in which a task keeps its results: "OUTPUT/layout-3".
std::string TaskFolder(const std::string& output, uint32_t layout);

}  // namespace chorus::launch
