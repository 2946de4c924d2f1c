#include "worker/import/feature_doubts.h"

#include <algorithm>
#include <cmath>

#include "common/strings.h"
#include "worker/import/delimited_row.h"

namespace chorus::worker {
namespace {

constexpr uint64_t kFewestRows = 20;  // of which a number is the same by no chance
constexpr size_t kMostLines = 20;     // patterns of columns may name thousands that are missing

std::string AllMissing(const std::string& column) {
  return StrCat("column ", Shown(column),
                ": every cell is missing, so that it teaches nothing. Is it filled under another "
                "name, or are its texts among missing_marker? Else exclude it");
}

}  // namespace

FeatureDoubts::FeatureDoubts(const ColumnPlan& plan)
    : plan_(plan), context_(SideOf(plan.contexts)), exposure_(SideOf(plan.exposures)) {}

FeatureDoubts::Side FeatureDoubts::SideOf(const SidePlan& plan) {
  Side side;
  side.has_ids.resize(plan.slots.size());
  side.numbers.resize(plan.numerics.size());
  return side;
}

void FeatureDoubts::Add(const ParsedSide& context, const ParsedSide& exposure) {
  ++rows_;
  AddSide(context, &context_);
  AddSide(exposure, &exposure_);
}

void FeatureDoubts::AddSide(const ParsedSide& parsed, Side* side) {
  uint32_t begin = 0;
  for (size_t slot = 0; slot < side->has_ids.size(); ++slot) {
    const uint32_t end = parsed.slot_ends[slot];
    side->has_ids[slot] |= static_cast<uint8_t>(end > begin);
    begin = end;
  }
  for (size_t i = 0; i < side->numbers.size(); ++i) {
    const double x = parsed.numerics[i];
    if (std::isnan(x)) continue;
    Number& number = side->numbers[i];
    number.least = std::min(number.least, x);
    number.most = std::max(number.most, x);
  }
}

void FeatureDoubts::DescribeSide(const SidePlan& plan, const Side& side, bool constants,
                                 std::vector<std::string>* lines) const {
  for (size_t slot = 0; slot < plan.slots.size(); ++slot) {
    // A cross has no id where one of its slots has none, which is told of that one.
    if (side.has_ids[slot] == 0 && !plan.slots[slot].is_cross()) {
      lines->push_back(AllMissing(plan_.columns[plan.slots[slot].column]));
    }
  }
  for (size_t i = 0; i < plan.numerics.size(); ++i) {
    const NumericPlan& numeric = plan.numerics[i];
    const Number& number = side.numbers[i];
    const std::string& column = plan_.columns[numeric.column];
    if (number.least > number.most) {
      lines->push_back(AllMissing(column));
    } else if (constants && number.least == number.most) {
      const bool log = numeric.transform == ColumnNumeric::LOG_STANDARD;
      lines->push_back(StrCat("numeric ", Shown(column), ": every value is ",
                              log ? std::expm1(number.least) : number.least,
                              " (standard deviation 0), so that it teaches nothing: exclude it, or "
                              "import rows in which it differs"));
    }
  }
}

std::vector<std::string> FeatureDoubts::Describe(bool constants) const {
  std::vector<std::string> lines;
  if (rows_ == 0) return lines;
  constants = constants && rows_ >= kFewestRows;
  DescribeSide(plan_.contexts, context_, constants, &lines);
  DescribeSide(plan_.exposures, exposure_, constants, &lines);
  if (lines.size() > kMostLines) {
    const size_t others = lines.size() - kMostLines;
    lines.resize(kMostLines);
    lines.push_back(StrCat("and ", others,
                           others == 1 ? " other column teaches" : " other columns teach",
                           " nothing, for the same reasons"));
  }
  return lines;
}

}  // namespace chorus::worker
