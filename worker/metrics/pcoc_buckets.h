#pragma once
// PCOC of clicked exposures by pCTR, as in figure 3 of the ChorusCVR paper. Clicked rows form
// buckets of equal size by pCTR; from the lowest pCTR on, neighbouring buckets are merged until
// each holds kMinConversions. The rate of a bucket has Wilson's interval. Where pCTR is low there
// are few clicks, and a model that is trained on clicked rows alone goes wrong there. Thread
// safety: pure functions.

#include <cstdint>
#include <span>
#include <vector>

#include "common/report.pb.h"

namespace chorus::worker {

constexpr uint32_t kPcocBuckets = 10;
constexpr uint64_t kMinConversions = 30;

// Clicked rows that stay together, because they are in one bin of a histogram or have one pCTR.
struct PcocCell {
  double lowest_ctr_logit = 0;
  uint64_t rows = 0;
  uint64_t conversions = 0;
  double pctr = 0;  // sums over the rows
  double pcvr = 0;
};

// cells: by ascending pCTR. A cell belongs to the bucket in which its first row falls. There are
// fewer than `buckets` where conversions are few, and none without rows.
std::vector<PcocBucket> MakePcocBuckets(std::span<const PcocCell> cells, uint32_t buckets);

// The same from clicked rows; all arguments are [n].  ctr_logit: that of the model by which the
// buckets are made. It is one and the same model where systems are compared: by its own pCTR each
// system would have other buckets.
std::vector<PcocBucket> PcocByPctr(std::span<const double> ctr_logit, std::span<const double> pcvr,
                                   std::span<const uint8_t> conversion, uint32_t buckets);

}  // namespace chorus::worker
