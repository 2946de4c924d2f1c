#include "worker/import/numeric_statistics.h"

#include <algorithm>
#include <cmath>

#include "common/strings.h"
#include "worker/import/delimited_row.h"

namespace chorus::worker {

NumericStatistics::NumericStatistics(const ColumnPlan& plan)
    : plan_(plan), moments_(plan.schema.numerics.size()) {}

void NumericStatistics::Add(const ParsedSide& context, const ParsedSide& exposure) {
  AddSide(plan_.contexts, context);
  AddSide(plan_.exposures, exposure);
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

namespace {

bool SameColumn(const SlotInfo& a, const SlotInfo& b) { return a == b; }
bool SameColumn(const NumericInfo& a, const NumericInfo& b) {
  return a.name == b.name && a.context == b.context && a.log_transform == b.log_transform;
}

template <typename Info>
const Info* Find(const std::vector<Info>& infos, const std::string& name) {
  const auto found =
      std::find_if(infos.begin(), infos.end(), [&](const Info& info) { return info.name == name; });
  return found == infos.end() ? nullptr : &*found;
}

// What has one name is of one kind. Features of one log alone are for those who use them to judge.
template <typename Info>
Status CheckAlike(const char* kind, const std::vector<Info>& like, const std::vector<Info>& made) {
  for (const Info& info : like) {
    const Info* const same = Find(made, info.name);
    if (same == nullptr || SameColumn(info, *same)) continue;
    return FailedPrecondition(
        StrCat("its ", kind, " ", Shown(info.name), " is of another kind in the schema"));
  }
  return Status::Ok();
}

}  // namespace

Status TakeStatistics(const LogSchema& like, const ColumnPlan& plan, LogSchema* schema) {
  RETURN_IF_ERROR(CheckAlike("slot", like.slots, schema->slots));
  RETURN_IF_ERROR(CheckAlike("numeric", like.numerics, schema->numerics));
  for (const SidePlan* side : {&plan.contexts, &plan.exposures}) {
    for (const NumericPlan& numeric : side->numerics) {
      NumericInfo& into = schema->numerics[numeric.schema_index];
      const NumericInfo* const found = Find(like.numerics, into.name);
      if (found == nullptr) {
        return FailedPrecondition(StrCat("it has no numeric ", Shown(into.name),
                                         ", whose mean and deviation the schema asks for"));
      }
      const NumericInfo& from = *found;
      if (numeric.transform == ColumnNumeric::NONE && (from.mean != 0 || from.stddev != 1)) {
        return FailedPrecondition(StrCat("its numeric ", Shown(from.name),
                                         " is standardised, the schema's transform is NONE"));
      }
      into = from;
    }
  }
  return Status::Ok();
}

}  // namespace chorus::worker
