#pragma once
// Where a head's logit starts: at the log-odds of what the head predicts, over the whole training
// log. From 0, every prediction starts at one half, and the first steps tear the shared tables
// towards the mean before they learn anything else. Thread safety: pure functions.

#include <cmath>
#include <cstdint>

namespace chorus::worker {

// Counts over all exposures that an epoch reads; an exposure counts as often as its weight says.
struct LabelCounts {
  uint64_t exposures = 0;    // |D|
  uint64_t clicks = 0;       // |O|
  uint64_t conversions = 0;  // clicked ones alone
};

// What a head predicts.
enum class BaseRate {
  kHalf,               // nothing that labels tell: its logit starts at 0
  kClick,              // clicks of exposures
  kConversion,         // conversions of clicks
  kNoConversion,       // the complement
  kClickAndConversion  // conversions of exposures
};

// log(p / (1 - p)) of p = (positives + 1/2) / (rows + 1): finite also where all labels are equal.
inline double LogOdds(double positives, double rows) {
  return std::log((positives + 0.5) / (rows - positives + 0.5));
}

inline double StartLogit(BaseRate rate, const LabelCounts& labels) {
  const auto exposures = static_cast<double>(labels.exposures);
  const auto clicks = static_cast<double>(labels.clicks);
  const auto conversions = static_cast<double>(labels.conversions);
  switch (rate) {
    case BaseRate::kHalf:
      return 0;
    case BaseRate::kClick:
      return LogOdds(clicks, exposures);
    case BaseRate::kConversion:
      return LogOdds(conversions, clicks);
    case BaseRate::kNoConversion:
      return -LogOdds(conversions, clicks);
    case BaseRate::kClickAndConversion:
      return LogOdds(conversions, exposures);
  }
  return 0;
}

}  // namespace chorus::worker
