#pragma once
// What an import learns about numeric columns: mean and standard deviation of each, over the
// training part's rows in their order (one thread, doubles, Welford's update), so that the same
// text gives the same bits. A context's values count once for every exposure that has them. Empty
// cells do not count. Thread safety: none.

#include <cstdint>
#include <vector>

#include "common/status.h"
#include "worker/import/column_plan.h"
#include "worker/import/parsed_row.h"

namespace chorus::worker {

class NumericStatistics {
 public:
  explicit NumericStatistics(const ColumnPlan& plan);  // `plan` must outlive this

  void Add(const ParsedSide& context, const ParsedSide& exposure);
  // Writes mean and stddev (of the population; 1 where all values are equal) into the numerics of
  // `schema` that are standardised.
  void Learn(LogSchema* schema) const;

 private:
  struct Moments {
    uint64_t count = 0;
    double mean = 0;
    double squares = 0;  // sum of (x - mean)^2
  };
  void AddSide(const SidePlan& plan, const ParsedSide& side);
  void LearnSide(const SidePlan& plan, LogSchema* schema) const;

  const ColumnPlan& plan_;
  std::vector<Moments> moments_;  // by LogSchema::numerics
};

// Writes the means and deviations of another log, `like`, into `schema`, in place of learnt ones.
// Columns are matched by name. Error: kFailedPrecondition, names the first feature that is of
// another kind in the log, or numeric column that the log lacks.
Status TakeStatistics(const LogSchema& like, const ColumnPlan& plan, LogSchema* schema);

}  // namespace chorus::worker
