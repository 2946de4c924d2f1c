#pragma once
// The log files of an import: one log per part, cut into files; threads of the output encode and
// write them. Blocks are written in the order of Add, so that bytes do not depend on the threads.
// Thread safety: none; one thread makes all calls.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/file.h"
#include "common/status.h"
#include "worker/log/batch.h"
#include "worker/log/log_writer.h"

namespace chorus::worker {

struct PartSummary {
  std::string name = {};  // of the part; "" without a split
  uint64_t rows = 0;
  uint64_t contexts = 0;  // stored ones: a context that goes on in the next block counts twice
  uint64_t clicks = 0;
  uint64_t conversions = 0;            // with a click
  uint64_t unclicked_conversions = 0;  // kept conversions without one
  uint64_t files = 0;
  uint64_t bytes = 0;
};

class LogOutput {
 public:
  virtual ~LogOutput() = default;  // ends the threads; files that are not finished are given up
  // Writes <folder>/part-00000.log, ...; for a part with a name <folder>/<name>/part-00000.log, ...
  // file_rows: the most exposures of a file, which has at least one block.
  static std::unique_ptr<LogOutput> Create(FileSystem& files, const std::string& folder,
                                           const std::vector<std::string>& parts,
                                           const LogSchema& schema, uint64_t file_rows,
                                           uint32_t threads = 1);
  // Hands a block to the threads; waits while too many blocks wait there. Error: the first one of
  // the threads; kResourceExhausted, the system does not give a thread.
  virtual Status Add(uint32_t part, Batch batch) = 0;
  // The same for a block that a thread makes; an error of make() is that of a thread.
  virtual Status AddMade(uint32_t part, std::function<Result<EncodedBlock>()> make) = 0;
  // Ends the threads and completes all files. Error: also a part without rows (kInvalidArgument),
  // unless parts may be empty: such a part has no file.
  virtual Result<std::vector<PartSummary>> Finish(bool parts_may_be_empty) = 0;
  Result<std::vector<PartSummary>> Finish() { return Finish(false); }
};

}  // namespace chorus::worker
