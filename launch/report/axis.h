#pragma once
// A range of values on paper: the place of a value, and the values that are written beside the
// axis.
// Thread safety: values.

#include <span>
#include <string>
#include <vector>

namespace chorus::launch {

struct Tick {
  double value = 0;
  std::string text;
};

class Axis {
 public:
  enum class Scale {
    kLinear,
    kLog,   // positive values; others are left out
    kRoot,  // square root: small values apart, and a place for 0
  };

  // An axis from the smallest to the largest of the values, rounded outward to ticks for kLinear.
  // The axis has a range even without values.
  static Axis Fit(std::string label, Scale scale, std::span<const double> values);
  static Axis Range(std::string label, Scale scale, double low, double high);

  const std::string& label() const { return label_; }
  double low() const { return low_; }
  double high() const { return high_; }
  bool Holds(double value) const;
  // 0 at the low end, 1 at the high end; values outside are moved to the ends.
  double Place(double value) const;
  // About `about` ticks, ascending, inside the range.
  std::vector<Tick> Ticks(int about) const;

 private:
  std::string label_;
  Scale scale_ = Scale::kLinear;
  double low_ = 0;
  double high_ = 1;
};

// "0.05", "1.2k", "3M": as many digits as a step between ticks needs.
std::string TickText(double value, double step);

}  // namespace chorus::launch
