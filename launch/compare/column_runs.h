#pragma once
// The values of one column, and which finished runs have none: a test log with one class alone has
// no AUC. Thread safety: const methods from any thread.

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "common/compare.pb.h"
#include "launch/compare/finished_runs.h"

namespace chorus::launch {

class ColumnRuns {
 public:
  // `finished` outlives this. results: of finished.runs(), one each. column: its id.
  ColumnRuns(const FinishedRuns& finished, const std::vector<RunResult>& results,
             const std::string& column);

  bool empty() const { return values_.empty(); }
  bool all_zero() const;
  // Of the runs that all these methods have, those with a value: what their mean, or the difference
  // of two, is taken over. A data set is in when each method has a value there, and a seed when all
  // have one on those data sets.
  RunGrid Grid(const std::vector<uint32_t>& methods) const;
  // REQUIRES: the run has a value.
  double At(uint32_t method, uint32_t fold, uint64_t seed) const;
  // The clicks or conversions behind the column on these data sets. REQUIRES: it has a value there.
  uint64_t PositivesOf(const std::vector<uint32_t>& folds) const;

  // What Grid leaves out of a method's runs, for the column's note: "; no value on data set b: left
  // out of means and differences", or of some methods' rows. "": nothing.
  // base: the method that differences are to.
  std::string LeftOut(uint32_t base) const;

 private:
  std::string MissingOf(uint32_t method) const;

  const FinishedRuns& finished_;
  std::map<std::tuple<uint32_t, uint32_t, uint64_t>, double> values_;  // by method, fold, seed
  std::map<uint32_t, uint64_t> positives_;  // by fold: labels alone decide
};

}  // namespace chorus::launch
