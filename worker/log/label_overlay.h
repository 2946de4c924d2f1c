#pragma once
// The labels that label files give to the blocks of a log: later files win, row by row.
// Thread safety: Add belongs to one thread; after it, Apply may be called by many.

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/status.h"
#include "worker/log/label_file.h"
#include "worker/log/log_reader.h"

namespace chorus::worker {

// A file of a log among the others.
struct LogFilePlace {
  std::string path;
  uint64_t identity = 0;     // LogReader::identity
  uint32_t first_block = 0;  // of the log's blocks
  uint32_t blocks = 0;
};

class LabelOverlay {
 public:
  // Merges a label file of `folder` into what is there. The counts of *blocks become those of the
  // merged labels, and *states, one number per block, change with whatever changes a block's
  // labels. Log files of the label file that are not among `logs` are passed over. Errors:
  // kFailedPrecondition, a log file has the name and is another one; kDataLoss, what it says of
  // blocks cannot be true.
  Status Add(const LabelFile& labels, const std::string& folder,
             const std::vector<LogFilePlace>& logs, std::vector<BlockInfo>* blocks,
             std::vector<uint64_t>* states);

  // Gives the rows of block `index` of the log their labels.  REQUIRES: the batch has as many rows
  // as Add was told that the block has.
  void Apply(uint32_t index, Batch* batch) const;
  uint64_t rows() const;  // that get their labels from here

 private:
  Status AddBlock(const LabelledBlock& labels, const LogFilePlace& log,
                  std::vector<BlockInfo>* blocks, std::vector<uint64_t>* states);

  std::unordered_map<uint32_t, std::vector<LabelChange>> changes_;  // by block of the log
};

}  // namespace chorus::worker
