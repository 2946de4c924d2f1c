#include "launch/serving/input_column.h"

#include <bit>
#include <cstdint>

namespace chorus::launch {
namespace {

bool SameElement(const InputColumn& column, int64_t a, int64_t b) {
  if (column.IsThere(a) != column.IsThere(b)) return false;
  if (!column.IsThere(a)) return true;
  const auto factor = [&](int64_t element) {  // its bits
    return std::bit_cast<uint32_t>(column.factors[element]);
  };
  if (column.factors != nullptr && factor(a) != factor(b)) return false;
  if (column.type == InputColumn::Type::kText) return column.Text(a) == column.Text(b);
  return column.Int(a) == column.Int(b);  // the same 64 bits, whatever they mean
}

}  // namespace

bool SameCell(const InputColumn& column, int64_t row, int64_t other) {
  const int64_t a = column.begin(row), b = column.begin(other);
  const int64_t elements = column.end(row) - a;
  if (elements != column.end(other) - b) return false;
  for (int64_t i = 0; i < elements; ++i) {
    if (!SameElement(column, a + i, b + i)) return false;
  }
  return true;
}

}  // namespace chorus::launch
