#pragma once
// A row of typed columns, cell by cell. Thread safety: views; pure functions.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "worker/columns/column.h"

namespace chorus::worker {

struct TypedCell {
  const ValueColumn* column;
  int64_t row;
  bool missing() const { return column->missing(row); }
};

// A row of a batch: one cell per column.
class TypedRow {
 public:
  TypedRow(const std::vector<ValueColumn>& columns, int64_t row) : columns_(&columns), row_(row) {}
  size_t size() const { return columns_->size(); }
  TypedCell operator[](uint32_t column) const { return {&(*columns_)[column], row_}; }

 private:
  const std::vector<ValueColumn>* columns_;
  int64_t row_;
};

// As a person would write it: "null", "17", "[1, 2]"; a long one is cut.
std::string ShownCell(const TypedCell& cell);

// Appends what a cell means, so that equal bytes are equal cells. A missing text or list equals an
// empty one, as in a text.
void AppendCellBytes(const TypedCell& cell, std::string* out);

}  // namespace chorus::worker
