#pragma once
// `chorus run`: starts a training job over hosts, and starts it again from its newest checkpoint
// when a rank, host or network is lost, on the hosts that are left.
// Thread safety: one thread; StopSignal (stop_signal.h) ends it.

#include <cstdint>
#include <string>
#include <vector>

#include "common/file.h"
#include "common/status.h"
#include "launch/run/host_list.h"

namespace chorus::launch {

struct RestartableJob {
  std::vector<std::string> launcher;  // mpirun and its options but for hosts and ranks
  std::vector<Host> hosts;            // none: the launcher places the ranks
  uint32_t ranks = 0;                 // where there are no hosts
  uint32_t min_ranks = 1;             // the job cannot run with fewer
  uint32_t max_restarts = 0;          // in a row without a newer checkpoint
  std::vector<std::string> command;   // the program and its arguments, without --resume
  std::vector<std::string> resume;    // the words that make it go on from a checkpoint
  bool resumes = false;               // the first try goes on from a checkpoint
  std::string checkpoint_directory;
  double deadline_seconds = 0;  // time for the last writer on a lost host to end
};

// Returns when the job is done or is not started again. *exit_code: that of the job's last try.
// Errors: the launcher cannot be started; too few hosts answer at the first try; the folder of
// checkpoints cannot be read.
Status RunUntilDone(FileSystem& files, const RestartableJob& job, int* exit_code);

}  // namespace chorus::launch
