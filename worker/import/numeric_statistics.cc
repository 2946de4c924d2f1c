#include "worker/import/numeric_statistics.h"

#include <cmath>

namespace chorus::worker {

NumericStatistics::NumericStatistics(const ColumnPlan& plan)
    : plan_(plan), moments_(plan.schema.numerics.size()) {}

void NumericStatistics::Add(const ParsedRow& row) {
  AddSide(plan_.contexts, row.context);
  AddSide(plan_.exposures, row.exposure);
}

void NumericStatistics::AddSide(const SidePlan& plan, const ParsedSide& side) {
  for (size_t i = 0; i < plan.numerics.size(); ++i) {
    const double x = side.numerics[i];
    if (std::isnan(x)) continue;
    Moments& m = moments_[plan.numerics[i].schema_index];
    // Welford 1962: no cancellation, and exactly 0 squares when all values are equal.
    ++m.count;
    const double delta = x - m.mean;
    m.mean += delta / static_cast<double>(m.count);
    m.squares += delta * (x - m.mean);
  }
}

void NumericStatistics::Learn(LogSchema* schema) const {
  LearnSide(plan_.contexts, schema);
  LearnSide(plan_.exposures, schema);
}

void NumericStatistics::LearnSide(const SidePlan& plan, LogSchema* schema) const {
  for (const NumericPlan& numeric : plan.numerics) {
    const Moments& m = moments_[numeric.schema_index];
    if (numeric.transform == ColumnNumeric::NONE || m.count == 0) continue;
    const double stddev = std::sqrt(m.squares / static_cast<double>(m.count));
    schema->numerics[numeric.schema_index].mean = m.mean;
    schema->numerics[numeric.schema_index].stddev = stddev > 0 ? stddev : 1;
  }
}

}  // namespace chorus::worker
