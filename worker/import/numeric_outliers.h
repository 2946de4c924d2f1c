#pragma once
// A value of a numeric column that is far beyond all others, such as 1e25 among prices: it makes
// the column's mean and deviation useless, and every other value the same to the model.
// Thread safety: none.

#include <cstdint>
#include <functional>
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

  // A line for each column whose largest value is a million times the usual one, and as far from
  // all others. The usual one is the geometric mean of the magnitudes of values that are not 0.
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
  void AddSide(const SidePlan& plan, const ParsedSide& side,
               const std::function<std::string()>& place);

  const ColumnPlan& plan_;
  std::vector<Column> columns_;  // by LogSchema::numerics
};

}  // namespace chorus::worker
