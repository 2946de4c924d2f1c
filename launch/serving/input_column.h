#pragma once
// Columns of rows that are to be scored, as views of the memory that numpy, Arrow or a request
// keeps them in. A cell is a number or a text, or a list of these. Thread safety: views; what they
// point to stays as it is while they are used.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace chorus::launch {

struct InputColumn {
  enum class Type { kInt64, kUint64, kFloat64, kText };

  std::string name;
  Type type = Type::kInt64;
  int64_t elements = 0;          // rows, or the elements of all rows' lists
  const void* values = nullptr;  // [elements] of the type; of texts: their bytes, UTF-8
  // Of texts: [elements + 1]; element e is bytes [ends[e], ends[e+1]) of `values`.
  const int64_t* ends = nullptr;
  const uint8_t* there = nullptr;  // [elements], 0 where the value is missing; null: all are there
  // The elements of row r are [lists[r], lists[r+1]). Null: one element per row.
  const int64_t* lists = nullptr;
  const float* factors = nullptr;  // [elements], of ids; null: none

  int64_t begin(int64_t row) const { return lists == nullptr ? row : lists[row]; }
  int64_t end(int64_t row) const { return lists == nullptr ? row + 1 : lists[row + 1]; }
  bool IsThere(int64_t element) const { return there == nullptr || there[element] != 0; }
  int64_t Int(int64_t element) const { return static_cast<const int64_t*>(values)[element]; }
  double Double(int64_t element) const { return static_cast<const double*>(values)[element]; }
  std::string_view Text(int64_t element) const {
    return {static_cast<const char*>(values) + ends[element],
            static_cast<size_t>(ends[element + 1] - ends[element])};
  }
};

struct InputColumns {
  int64_t rows = 0;
  std::vector<InputColumn> columns;
};

// Whether two rows have the same cell, byte for byte.
bool SameCell(const InputColumn& column, int64_t row, int64_t other);

}  // namespace chorus::launch
