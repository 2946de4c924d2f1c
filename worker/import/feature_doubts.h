#pragma once
// Columns of features that teach nothing as they are: cells that are all missing, and numbers that
// are all the same. Thread safety: none.

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "worker/import/column_plan.h"
#include "worker/import/parsed_row.h"

namespace chorus::worker {

class FeatureDoubts {
 public:
  explicit FeatureDoubts(const ColumnPlan& plan);  // `plan` must outlive this

  void Add(const ParsedSide& context, const ParsedSide& exposure);

  // A line for each such column, with what to do; none before the first row. Where there are many
  // columns, the first ones have lines, and the last line says how many others there are.
  // constants: whether numbers that are all the same count, too, from 20 rows on. Where means come
  // from another log, a column may well be constant in this one.
  std::vector<std::string> Describe(bool constants) const;

 private:
  struct Number {
    double least = std::numeric_limits<double>::infinity();
    double most = -std::numeric_limits<double>::infinity();
  };
  struct Side {
    std::vector<uint8_t> has_ids;  // [slots]
    std::vector<Number> numbers;   // [numerics]
  };
  static Side SideOf(const SidePlan& plan);
  static void AddSide(const ParsedSide& parsed, Side* side);
  void DescribeSide(const SidePlan& plan, const Side& side, bool constants,
                    std::vector<std::string>* lines) const;

  const ColumnPlan& plan_;
  uint64_t rows_ = 0;
  Side context_, exposure_;
};

}  // namespace chorus::worker
