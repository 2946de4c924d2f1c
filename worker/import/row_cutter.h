#pragma once
// The seam between kinds of text: a line becomes the cells of a row. What is below it (packing,
// lines, inputs) and above it (labels, slots, splits, statistics, bad rows) is common to all.
// Thread safety: a RowFormat may be used by many threads; a RowCutter belongs to one.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/status.h"
#include "worker/import/unread_fields.h"

namespace chorus::worker {

class RowCutter {
 public:
  virtual ~RowCutter() = default;
  // Cuts `line` (without its end) into cells(), which are views into it or into this object, valid
  // until the next call. Error: kInvalidArgument, says what is where.
  virtual Status Split(std::string_view line) = 0;
  virtual const std::vector<std::string_view>& cells() const = 0;
  // The next line begins a chunk: what Split does from now on, TakeUnread included, does not depend
  // on the lines before.
  virtual void BeginChunk() {}
  // Fields that have no column, counted since the last call.
  virtual UnreadFields TakeUnread() { return {}; }
};

class RowFormat {
 public:
  virtual ~RowFormat() = default;
  // Names of the cells, in their order: every row has one cell for each. Not empty: the columns of a
  // TextTable are these alone, for such a text has no header.
  virtual const std::vector<std::string>& columns() const = 0;
  virtual std::unique_ptr<RowCutter> NewCutter() const = 0;
};

}  // namespace chorus::worker
