#pragma once
// The seam between kinds of text: a line becomes the cells of a row. What lies below (packing,
// lines, inputs) and above it (labels, slots, splits, statistics, bad rows) is common to all.
// Thread safety: a RowFormat may be used by many threads; a RowCutter belongs to one.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/status.h"

namespace chorus::worker {

class RowCutter {
 public:
  virtual ~RowCutter() = default;
  // Cuts `line` (without its end) into cells(), which are views into it or into this object, valid
  // until the next call. Error: kInvalidArgument, says what stands where.
  virtual Status Split(std::string_view line) = 0;
  virtual const std::vector<std::string_view>& cells() const = 0;
  // Fields of the text that are no column, and how often they came so far.
  virtual const std::map<std::string, uint64_t>& unread() const {
    static const std::map<std::string, uint64_t> kNone;
    return kNone;
  }
};

class RowFormat {
 public:
  virtual ~RowFormat() = default;
  // Names of the cells; empty: a header has them, or the first row their number.
  virtual const std::vector<std::string>& columns() const = 0;
  virtual std::unique_ptr<RowCutter> NewCutter() const = 0;
};

}  // namespace chorus::worker
