#include "worker/import/numeric_outliers.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <limits>

#include "common/strings.h"
#include "worker/import/delimited_row.h"

namespace chorus::worker {
namespace {

constexpr double kFactor = 13.8;   // log of a million
constexpr double kDeviations = 8;  // of log |x|
constexpr uint64_t kFewestValues = 20;

// x of log(1 + x).
double NumberOfLog1p(double y) { return std::abs(y) < 0.1 ? std::expm1(y) : std::exp(y) - 1; }

// The natural logarithm of a finite number above 0, to a millionth: a usual size is no exact number,
// and every value of every row is asked for it.
double RoughLog(double x) {
  constexpr double kLn2 = 0.6931471805599453;
  constexpr int kMantissaBits = 52;
  constexpr uint64_t kExponentOfOne = 1023;
  if (x < std::numeric_limits<double>::min()) return std::log(x);
  const auto bits = std::bit_cast<uint64_t>(x);
  const uint64_t mantissa = bits & ((uint64_t{1} << kMantissaBits) - 1);
  const auto exponent = static_cast<int64_t>((bits >> kMantissaBits) - kExponentOfOne);
  const double m = std::bit_cast<double>(mantissa | kExponentOfOne << kMantissaBits);  // in [1, 2)
  // log(m) = 2 atanh(t), as a series; around sqrt(2) t is at most 0.172.
  constexpr double kSqrt2 = 1.4142135623730951;
  const double t = (m - kSqrt2) / (m + kSqrt2);
  const double u = t * t;
  const double series = t * (2 + u * (2.0 / 3 + u * (2.0 / 5 + u * (2.0 / 7))));
  return (static_cast<double>(exponent) + 0.5) * kLn2 + series;
}

std::string Short(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.3g", value);
  return text;
}

}  // namespace

NumericOutliers::NumericOutliers(const ColumnPlan& plan)
    : plan_(plan), columns_(plan.schema.numerics.size()) {
  AddSlots(/*context=*/true, plan.contexts);
  AddSlots(/*context=*/false, plan.exposures);
}

void NumericOutliers::AddSlots(bool context, const SidePlan& plan) {
  for (size_t s = 0; s < plan.slots.size(); ++s) {
    const SlotPlan& slot = plan.slots[s];
    if (!slot.has_values || slot.is_cross()) continue;
    slots_.push_back({context, s, plan_.columns[slot.column], {}});
  }
}

void NumericOutliers::Add(const ParsedSide& context, const ParsedSide& exposure,
                          const std::function<std::string()>& place) {
  AddSide(plan_.contexts, context, place);
  AddSide(plan_.exposures, exposure, place);
  for (Slot& slot : slots_) {
    const ParsedSide& side = slot.context ? context : exposure;
    const uint32_t begin = slot.place == 0 ? 0 : side.slot_ends[slot.place - 1];
    for (uint32_t i = begin; i < side.slot_ends[slot.place]; ++i) {
      const auto x = static_cast<double>(side.values[i]);
      if (x != 0) AddValue(x, place, &slot.values);
    }
  }
}

void NumericOutliers::AddSide(const SidePlan& plan, const ParsedSide& side,
                              const std::function<std::string()>& place) {
  for (size_t i = 0; i < plan.numerics.size(); ++i) {
    double x = side.numerics[i];
    if (std::isnan(x) || x == 0) continue;
    if (plan.numerics[i].transform == ColumnNumeric::LOG_STANDARD) x = NumberOfLog1p(x);
    AddValue(x, place, &columns_[plan.numerics[i].schema_index]);
  }
}

void NumericOutliers::AddValue(double x, const std::function<std::string()>& place,
                               Column* column) {
  const double size = RoughLog(std::abs(x));
  ++column->count;
  const double delta = size - column->mean;
  column->mean += delta / static_cast<double>(column->count);
  column->squares += delta * (size - column->mean);
  if (column->count > 1 && std::abs(x) <= std::abs(column->value)) return;
  column->largest = size;
  column->value = x;
  column->place = place();
}

std::optional<double> NumericOutliers::UsualOf(const Column& column) {
  if (column.count < kFewestValues) return std::nullopt;
  // Without the largest one, which would stretch the deviation that it is measured by.
  const double count = static_cast<double>(column.count - 1);
  const double mean = (column.mean * static_cast<double>(column.count) - column.largest) / count;
  const double own = column.largest - column.mean;
  const double squares =
      std::max(0.0, column.squares - own * own * static_cast<double>(column.count) / count);
  const double deviation = std::sqrt(squares / count);
  if (column.largest - mean < std::max(kFactor, kDeviations * deviation)) return std::nullopt;
  return std::exp(mean);
}

std::vector<std::string> NumericOutliers::Describe() const {
  std::vector<std::string> lines;
  const auto far = [](const Column& column, double usual) {
    return StrCat(Short(column.value), " in ", column.place,
                  " is far beyond all others (usual: ", Short(usual), "): ");
  };
  for (size_t c = 0; c < columns_.size(); ++c) {
    const std::optional<double> usual = UsualOf(columns_[c]);
    if (!usual) continue;
    lines.push_back(StrCat("numeric ", Shown(plan_.schema.numerics[c].name), ": ",
                           far(columns_[c], *usual),
                           "the column's mean and deviation are of no use; mend the value, or "
                           "write one that means missing (missing_marker)"));
  }
  for (const Slot& slot : slots_) {
    const std::optional<double> usual = UsualOf(slot.values);
    if (!usual) continue;
    lines.push_back(StrCat("slot ", Shown(slot.column), ": the value ", far(slot.values, *usual),
                           "training may stop at such sums, or learn of nothing else; mend the "
                           "value, or limit values with value_clip (or value_transform: LN1P)"));
  }
  return lines;
}

}  // namespace chorus::worker
