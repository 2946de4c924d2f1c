#pragma once
// What the values of a column are, whatever their width in a file: what two files must agree on to
// be one table. Thread safety: values.

#include <cstdint>
#include <string>

#include "worker/columns/arrow_abi.h"

namespace chorus::worker {

enum class ValueKind : uint8_t {
  kNothing,  // every value is missing
  kBool,
  kInteger,      // of up to 64 bits, with a sign
  kUnsigned,     // of up to 64 bits, without one
  kNumber,       // a float of any width, or a decimal
  kText,         // or bytes
  kTime,         // a point in time or a date
  kUnsupported,  // everything else; only its name is known
};

enum class ColumnShape : uint8_t {
  kScalar,
  kList,
  kPairs,  // a list of (id, value), or a map from ids to values
  kFew,    // a list that may be meant as a scalar: what tf.Example has
};

struct ColumnType {
  ValueKind kind = ValueKind::kText;  // of the scalar, the elements, or the pairs' ids
  ColumnShape shape = ColumnShape::kScalar;
  ValueKind value_kind = ValueKind::kNothing;  // of the pairs' values
  std::string name = {};                       // as messages say it: "list of int64"

  bool is_list() const { return shape != ColumnShape::kScalar; }
  // Whether a column of type `other`, in another file, can continue a column of this type.
  bool Takes(const ColumnType& other) const {
    return other.kind == ValueKind::kNothing ||
           (kind == other.kind && shape == other.shape && value_kind == other.value_kind);
  }
};

struct TypedColumn {
  std::string name;
  ColumnType type;
};

// The type of an Arrow field. Never fails: what is not understood is kUnsupported.
ColumnType TypeOfField(const ArrowSchema& field);

// "+t", "tsu:UTC" and the like are details of formats; these are what parts of them mean.
struct TimeUnit {
  int64_t per_second = 0;  // 1000: the unit is a millisecond; 0: it is longer than a second
  int64_t seconds = 0;     // 86400: the unit is a day; 0: it is no longer than a second
};
TimeUnit TimeUnitOf(const char* format);  // REQUIRES: of a kTime

}  // namespace chorus::worker
