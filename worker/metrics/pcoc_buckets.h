#pragma once
// PCOC of clicked exposures by pCTR, the figure 3 of ChorusCVR: equal-frequency buckets of
// clicked rows, neighbours merged from the lowest pCTR on until each holds kMinConversions,
// Wilson's interval for the rate. Where pCTR is small clicks are few: a model trained on clicked
// rows alone goes wrong there. Thread safety: pure functions.

#include <cstdint>
#include <span>
#include <vector>

#include "common/report.pb.h"

namespace chorus::worker {

constexpr uint32_t kPcocBuckets = 10;
constexpr uint64_t kMinConversions = 30;

// Clicked rows that stay together: of one histogram bin, or of one pCTR.
struct PcocCell {
  double lowest_ctr_logit = 0;
  uint64_t rows = 0;
  uint64_t conversions = 0;
  double pctr = 0;  // sums over the rows
  double pcvr = 0;
};

// cells: by ascending pCTR. A cell belongs to the bucket in which its first row falls. Fewer
// buckets where conversions are few; none without rows.
std::vector<PcocBucket> MakePcocBuckets(std::span<const PcocCell> cells, uint32_t buckets);

// The same from rows: clicked ones, all [n]. ctr_logit: of the model that makes the buckets, a
// common one where systems are compared (its own pCTR gives each system other buckets).
std::vector<PcocBucket> PcocByPctr(std::span<const double> ctr_logit, std::span<const double> pcvr,
                                   std::span<const uint8_t> conversion, uint32_t buckets);

}  // namespace chorus::worker
