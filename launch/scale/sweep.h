#pragma once
// Layouts of one job, run one after the other by an MPI launcher, each several times; what its
// ranks counted is kept line by line, so that an interrupted sweep goes on. Repeats are the outer
// loop: what changes on a machine with time falls on all layouts alike.
// Thread safety: one call at a time; starts processes.

#include <cstdint>
#include <string>
#include <vector>

#include "common/config.pb.h"
#include "common/file.h"
#include "common/status.h"
#include "launch/scale/scale.pb.h"

namespace chorus::launch {

// A job as one layout computes it: complete, on so many steps, without checkpoints, evaluation and
// reports.
struct SweepLayout {
  TrainConfig config;
  uint32_t servers = 1;
  uint32_t workers = 1;

  uint32_t ranks() const;    // that the launcher starts
  std::string name() const;  // "w4-s2": of folders and files
};

struct SweepOptions {
  std::vector<std::string> launcher;  // its words before "-n RANKS"
  std::string program;                // that it starts
  uint32_t hosts = 1;                 // that the launcher deals ranks to
  std::string output;                 // directory; the caller holds its lock
  uint32_t repeats = 1;
  double deadline_seconds = 0;  // of a run
  bool resume = false;          // else a directory with results is refused
};

// What the runs of a layout are known by: its whole configuration, and launcher, program and hosts.
uint64_t FingerprintOf(const SweepLayout& layout, const SweepOptions& options);

// All runs, those of an earlier call included. Errors: kFailedPrecondition, there are results and
// `resume` is not set; that of a run, which names its folder.
Result<std::vector<ScaleRun>> RunSweep(const std::vector<SweepLayout>& layouts,
                                       const SweepOptions& options, FileSystem& files);

// The runs of these layouts that other sweeps have kept in their directories, each once. Error: a
// file of results is damaged.
Result<std::vector<ScaleRun>> CollectRuns(const std::vector<SweepLayout>& layouts,
                                          const SweepOptions& options,
                                          const std::vector<std::string>& directories,
                                          FileSystem& files);

// Runs each layout once more, to a checkpoint: [layouts], where it lies. Error: as RunSweep.
Result<std::vector<std::string>> RunToCheckpoints(const std::vector<SweepLayout>& layouts,
                                                  const SweepOptions& options, FileSystem& files);

}  // namespace chorus::launch
