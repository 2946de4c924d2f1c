#pragma once
// Exposures that come one block after the other, from whatever has them, to be scored: the seam
// between texts (worker/import) and prediction (worker/train). Thread safety: none.

#include <string>
#include <vector>

#include "common/status.h"
#include "worker/log/batch.h"

namespace chorus::worker {

// A row as whoever asked for its scores knows it.
struct SourceRow {
  std::string id;          // as it is to be written: a number, or a text without tabs
  const char* click = "";  // "0", "1", or "" when it is not known
  const char* conversion = "";
  bool has_exposure = true;  // false: the row could not be read, and has no score
};

struct RowBlock {
  Batch batch;  // of the exposures that are complete; maybe none
  // Every row that was read for it, in order. The exposures of some may come with the next block.
  std::vector<SourceRow> rows;
};

class RowSource {
 public:
  virtual ~RowSource() = default;
  // The next block; a bounded number of rows. False: there is none, and never will be.
  virtual Result<bool> Next(RowBlock* out) = 0;
};

}  // namespace chorus::worker
