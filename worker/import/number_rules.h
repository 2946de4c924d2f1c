#pragma once
// What a number in memory means as a cell, by the rules of a schema: whether it means "missing",
// and which id it is. Imports of typed columns and scorers use the same functions, so that a number
// means what its text means. Thread safety: a value that is only read.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "worker/import/cell_text.h"

namespace chorus::worker {

// As Python writes it: "41.0", "100000.0", "0.25", "1e-05", "1e+16".
std::string TextOfDouble(double x);

// From here on a float stands for several integers, and is no id.
constexpr double kFirstInexactInteger = 9007199254740992.0;  // 2^53
constexpr std::string_view kExpectedExactId =
    "an id that its number tells apart: give integers, or texts";

// The integer that a float is, where floats tell integers apart; NaN and infinities are none.
std::optional<int64_t> ExactInteger(double x);

// How a float is read as an id.
struct FloatId {
  enum Kind {
    kMissing,
    kInteger,  // the id of an integer
    kText,     // it is no integer: its text (TextOfDouble) may be an id
    kInexact,  // 2^53 or more: other integers are the same float
  };
  Kind kind = kMissing;
  uint64_t id = 0;  // of kInteger
};

// Markers are parsed once. A number is missing where its text is a marker: -1 and -1.0 alike,
// unless decimal_ids is AS_TEXT; a float that is no integer is compared by value, however the
// marker is spelt.
class NumberRules {
 public:
  explicit NumberRules(const CellRules& rules);

  bool has_markers() const { return !integers_.empty() || !large_.empty() || !floats_.empty(); }
  bool IsMarker(int64_t x) const;
  bool IsMarker(uint64_t x) const;
  bool IsMarker(double x) const;
  // keep_markers: a number that is a marker is an id like others. NaN is missing in any case.
  FloatId IdOf(double x, bool keep_markers) const;

 private:
  bool decimals_are_integers_;
  std::vector<int64_t> integers_;
  std::vector<uint64_t> large_;  // 2^63 or more
  std::vector<double> floats_;
};

}  // namespace chorus::worker
