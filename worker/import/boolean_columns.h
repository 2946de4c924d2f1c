#pragma once
// The columns of a sample that hold 0 and 1 alone, and which of them is nested in which: an event
// that only follows another one, as a purchase follows a click. Thread safety: values.

#include <cstdint>
#include <optional>
#include <vector>

#include "worker/import/column_sample.h"
#include "worker/import/text_sample.h"

namespace chorus::worker {

class BooleanColumns {
 public:
  // seen: [column], of the same sample, which must outlive this.
  BooleanColumns(const TextSample& sample, const std::vector<ColumnSample>& seen);

  // The columns that have both values, ascending.
  const std::vector<uint32_t>& columns() const { return columns_; }
  // Whether `inner` is 1 only where `outer` is, more rarely, and so often that this is no chance.
  bool IsNested(uint32_t inner, uint32_t outer) const;
  // Among the columns with may[column]: the one that is nested in `outer`, or in which `inner` is
  // nested, with the most ones; nothing where there is none.
  std::optional<uint32_t> InnerOf(uint32_t outer, const std::vector<bool>& may) const;
  std::optional<uint32_t> OuterOf(uint32_t inner, const std::vector<bool>& may) const;

 private:
  struct Ones {
    std::vector<bool> rows;  // [row]; empty: the column has other values
    uint64_t count = 0;
  };
  std::vector<Ones> ones_;  // [column]
  std::vector<uint32_t> columns_;
};

}  // namespace chorus::worker
