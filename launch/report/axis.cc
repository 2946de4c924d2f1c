#include "launch/report/axis.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>

#include "common/strings.h"

namespace chorus::launch {
namespace {

// 1, 2 or 5 times a power of ten, nearest above x.
double NiceStep(double x) {
  const double power = std::pow(10.0, std::floor(std::log10(x)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= x * (1 - 1e-9)) return factor * power;
  }
  return 10 * power;
}

double Transformed(Axis::Scale scale, double value) {
  switch (scale) {
    case Axis::Scale::kLinear:
      return value;
    case Axis::Scale::kLog:
      return std::log(value);
    case Axis::Scale::kRoot:
      return std::sqrt(std::max(value, 0.0));
  }
  return value;
}

std::vector<Tick> LogTicks(double low, double high, int about) {
  std::vector<Tick> ticks;
  const double decades = std::log10(high / low);
  for (double power = std::pow(10.0, std::floor(std::log10(low))); power <= high; power *= 10) {
    for (const double factor : {1.0, 2.0, 5.0}) {
      const bool sparse = decades > about / 2.0;  // only powers of ten
      const double value = factor * power;
      if ((sparse && factor > 1) || value < low * (1 - 1e-9) || value > high * (1 + 1e-9)) continue;
      ticks.push_back({value, TickText(value, value)});
    }
  }
  return ticks;
}

// Whether an axis can show both: steps between values that differ in their last bits alone would be
// lost in rounding.
bool DifferVisibly(double low, double high) {
  return high - low > 1e-12 * std::max(std::abs(low), std::abs(high));
}

}  // namespace

std::string TickText(double value, double step) {
  const double size = std::abs(value);
  if (size >= 1e6) return StrCat(value / 1e6, "M");
  if (size >= 1e4) return StrCat(value / 1e3, "k");
  const int digits = std::clamp(static_cast<int>(-std::floor(std::log10(step) + 1e-9)), 0, 9);
  char buffer[40];
  std::snprintf(buffer, sizeof(buffer), "%.*f", digits, value == 0 ? 0.0 : value);
  return buffer;
}

Axis Axis::Range(std::string label, Scale scale, double low, double high) {
  Axis axis;
  axis.label_ = std::move(label);
  axis.scale_ = scale;
  axis.low_ = low;
  axis.high_ = high;
  if (!DifferVisibly(low, high)) {  // one value only: some room around it
    const double room = low == 0 ? 1.0 : std::abs(low) / 2;
    axis.low_ = scale == Scale::kLog ? low / 2 : low - (scale == Scale::kRoot ? 0 : room);
    axis.high_ = scale == Scale::kLog ? low * 2 : low + room;
  }
  return axis;
}

Axis Axis::Fit(std::string label, Scale scale, std::span<const double> values) {
  double low = 0, high = 0;
  bool any = false;
  for (const double value : values) {
    if (!std::isfinite(value) || (scale == Scale::kLog && value <= 0)) continue;
    low = any ? std::min(low, value) : value;
    high = any ? std::max(high, value) : value;
    any = true;
  }
  if (!any) return Range(std::move(label), scale, scale == Scale::kLog ? 0.1 : 0, 1);
  if (scale == Scale::kRoot) low = 0;
  if (scale == Scale::kLog) {  // points at the ends keep off the frame
    constexpr double kRoom = 0.05;
    const double room = std::pow(high / low, kRoom);
    return Range(std::move(label), scale, low / room, high * room);
  }
  if (scale == Scale::kLinear && DifferVisibly(low, high)) {
    const double step = NiceStep((high - low) / 4);
    low = std::floor(low / step) * step;
    high = std::ceil(high / step) * step;
  }
  return Range(std::move(label), scale, low, high);
}

bool Axis::Holds(double value) const {
  return std::isfinite(value) && value >= low_ && value <= high_;
}

double Axis::Place(double value) const {
  const double low = Transformed(scale_, low_);
  const double high = Transformed(scale_, high_);
  return (Transformed(scale_, std::clamp(value, low_, high_)) - low) / (high - low);
}

std::vector<Tick> Axis::Ticks(int about) const {
  if (scale_ == Scale::kLog) return LogTicks(low_, high_, about);
  const double step = NiceStep((high_ - low_) / about);
  std::vector<Tick> ticks;
  const double first = std::ceil(low_ / step - 1e-9);
  const auto count = static_cast<int>(std::floor(high_ / step + 1e-9) - first) + 1;
  for (int i = 0; i < count; ++i) {
    const double at = (first + i) * step;
    ticks.push_back({at, TickText(at, step)});
  }
  return ticks;
}

}  // namespace chorus::launch
