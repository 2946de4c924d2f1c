#pragma once
// Layouts of one job, run one after the other by an MPI launcher, each several times. The counters
// of each run's ranks are kept as one line, so that an interrupted sweep can go on. Repeats are the
// outer loop: a machine's changes over time affect all layouts alike.
// Thread safety: one call at a time; starts processes.

#include <cstdint>
#include <string>
#include <vector>

#include "common/config.pb.h"
#include "common/file.h"
#include "common/status.h"
#include "launch/scale/scale.pb.h"

namespace chorus::launch {

// A job as one layout runs it: complete, with the sweep's number of steps, without checkpoints,
// evaluation and reports.
struct SweepLayout {
  TrainConfig config;
  uint32_t servers = 1;
  uint32_t workers = 1;

  uint32_t ranks() const;    // how many the launcher starts
  std::string name() const;  // "w4-s2", for folders and files
};

struct SweepOptions {
  std::vector<std::string> launcher;  // the words before "-n RANKS"
  std::string program;                // that it starts
  uint32_t hosts = 1;                 // that the launcher deals ranks to
  std::string output;                 // directory; the caller holds its lock
  uint32_t repeats = 1;
  double deadline_seconds = 0;  // of one run
  bool resume = false;          // else a directory with results is refused
};

// The fingerprint by which the runs of a layout are recognised: that of its whole configuration,
// and of launcher, program and hosts.
uint64_t FingerprintOf(const SweepLayout& layout, const SweepOptions& options);

// Runs all layouts and returns all runs, those of an earlier call included. Errors:
// kFailedPrecondition when there are results and `resume` is not set; that of a run, which names
// its folder.
Result<std::vector<ScaleRun>> RunSweep(const std::vector<SweepLayout>& layouts,
                                       const SweepOptions& options, FileSystem& files);

// The runs of these layouts that other sweeps have kept in `directories`, each once. Error: a file
// of results is damaged.
Result<std::vector<ScaleRun>> CollectRuns(const std::vector<SweepLayout>& layouts,
                                          const SweepOptions& options,
                                          const std::vector<std::string>& directories,
                                          FileSystem& files);

// Runs each layout once more, to a checkpoint, and returns the checkpoints' paths, [layouts].
// Errors: as RunSweep.
Result<std::vector<std::string>> RunToCheckpoints(const std::vector<SweepLayout>& layouts,
                                                  const SweepOptions& options, FileSystem& files);

}  // namespace chorus::launch
