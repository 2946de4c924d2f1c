#pragma once
// The policy about malformed rows of a text: so many are skipped, the first of them are told as
// warnings, all of them in a file if one is asked for, and one more ends the work. Thread safety:
// none.

#include <cstdint>

#include "common/output_file.h"
#include "common/status.h"

namespace chorus::worker {

class BadRows {
 public:
  // tell: whether warnings are made; a second pass over a text makes none. list: null, or gets a
  // line for each.
  BadRows(uint64_t most, bool tell, OutputFile* list = nullptr)
      : most_(most), tell_(tell), list_(list) {}

  // why: what is wrong with the row, and where it stands.  Error: that of the first row too many.
  Status Add(const Status& why);
  uint64_t count() const { return count_; }

 private:
  uint64_t most_;
  bool tell_;
  OutputFile* list_;
  uint64_t count_ = 0;
};

}  // namespace chorus::worker
