#pragma once
// A value of a numeric column that is far beyond all others, such as 1e25 among prices: it makes
// the column's mean and deviation useless, and every other value the same to the model. And a value
// of an id of a slot (id:value) that is so: the sums that it is part of are not finite for long.
// Thread safety: none.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "worker/import/column_plan.h"
#include "worker/import/parsed_row.h"

namespace chorus::worker {

class NumericOutliers {
 public:
  explicit NumericOutliers(const ColumnPlan& plan);  // `plan` must outlive this

  // place: "data.csv:17"; it is called when a value is the largest so far.
  void Add(const ParsedSide& context, const ParsedSide& exposure,
           const std::function<std::string()>& place);

  // A line for each column, and each slot with values, whose largest value is a million times the
  // usual one, and as far from all others. The usual one is the geometric mean of the magnitudes of
  // values that are not 0.
  std::vector<std::string> Describe() const;

 private:
  struct Column {
    uint64_t count = 0;  // of values that are not 0
    double mean = 0;     // of log |x|
    double squares = 0;  // sum of (log |x| - mean)^2
    double largest = 0;  // of log |x|
    double value = 0;    // the largest value itself
    std::string place;
  };
  struct Slot {  // that has values
    bool context = false;
    size_t place = 0;  // of its side
    std::string column;
    Column values;
  };
  void AddSlots(bool context, const SidePlan& plan);
  void AddSide(const SidePlan& plan, const ParsedSide& side,
               const std::function<std::string()>& place);
  static void AddValue(double x, const std::function<std::string()>& place, Column* column);
  // The usual magnitude where the largest value is far beyond all others; else nothing.
  static std::optional<double> UsualOf(const Column& column);

  const ColumnPlan& plan_;
  std::vector<Column> columns_;  // by LogSchema::numerics
  std::vector<Slot> slots_;
};

}  // namespace chorus::worker
