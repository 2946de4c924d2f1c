#pragma once
// A histogram of scores. Every bin has the number of its rows and the fixed-point sums of their
// weights, and of their labels (which may be fractional) and predictions times the weight; AUC, KS,
// PCOC and calibration curves are made of these. All numbers are integers, so that sums do not
// depend on the order of rows and merges. Memory: at most 16 MiB, in pages of 256 bins of 64 bytes,
// which are made when first needed. Thread safety: none.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/status.h"

namespace chorus::worker {

__extension__ typedef unsigned __int128 Uint128;

// Fixed point: non-negative reals below 2^22 in units of 2^-40. A sum of 2^60 of them fits in 128
// bits, one of 2^40 of their products with a weight too.
inline uint64_t ToFixed(double x) { return static_cast<uint64_t>(x * 0x1p40 + 0.5); }
inline double FromFixed(Uint128 x) { return static_cast<double>(x) * 0x1p-40; }

// A weight, at most kMaxWeight, and what it makes of a number in fixed point.
inline constexpr double kMaxWeight = 0x1p20;
inline constexpr uint64_t kFixedOne = uint64_t{1} << 40;
inline uint64_t WeightToFixed(double weight) {
  return ToFixed(weight < kMaxWeight ? weight : kMaxWeight);
}
inline Uint128 Weighted(uint64_t fixed, uint64_t weight) { return (Uint128{fixed} * weight) >> 40; }

struct AucEstimate {
  double auc = 0;
  double error_bound = 0;  // |auc - exact| is at most this
};

struct KsEstimate {
  double ks = 0;
  double error_bound = 0;  // exact - ks is in [0, error_bound]
};

struct EceEstimate {
  double ece = 0;
  double error_bound = 0;  // |ece - exact| is at most this
};

// Rows whose scores are neighbours.
struct ScoreGroup {
  uint64_t rows = 0;
  Uint128 weight = 0;
  Uint128 labels = 0;
  Uint128 predictions = 0;

  Uint128 negatives() const { return weight - labels; }
  void Add(const ScoreGroup& other) {
    rows += other.rows;
    weight += other.weight;
    labels += other.labels;
    predictions += other.predictions;
  }
};

class ScoreHistogram {
 public:
  static constexpr uint32_t kBins = 1 << 18;
  static constexpr double kLimit = 32;  // bins cover [-kLimit, kLimit]
  static constexpr uint64_t kMaxRows = uint64_t{1} << 60;

  static constexpr double kMaxPrediction = 0x1p21;
  // label: ToFixed of a number in [0, 1]. prediction: ToFixed of a probability, or of a ratio up to
  // kMaxPrediction. weight: of WeightToFixed.
  void Add(double score, uint64_t label, uint64_t prediction, uint64_t weight = kFixedOne);
  void Merge(const ScoreHistogram& other);

  uint64_t rows() const { return rows_; }
  Uint128 weight() const;
  Uint128 labels() const;
  Uint128 predictions() const;

  // A row of label t and weight w counts as w t positives and w (1 - t) negatives. Absent unless
  // there are both.
  std::optional<AucEstimate> Auc() const;
  // The maximum over thresholds of true minus false positive rate. Absent as Auc.
  std::optional<KsEstimate> Ks() const;
  // Up to `count` groups of equal size by ascending score. Rows of one bin stay together, in the
  // group in which the bin's first row falls; groups that get no bin are left out.
  std::vector<ScoreGroup> Groups(uint32_t count) const;
  // The expected calibration error over those groups: sum over groups of |sum of predictions - sum
  // of labels|, divided by the sum of weights. The exact one divides the rows of a bin between
  // groups, too. Absent without rows.
  std::optional<EceEstimate> Ece(uint32_t count) const;
  // Calls f(lowest score of the bin, bin) for every occupied bin, in ascending order.
  template <typename F>
  void ForEachGroup(F f) const {
    ForEach([&](uint32_t index, const ScoreGroup& bin) {
      f(index * (2 * kLimit / kBins) - kLimit, bin);
    });
  }

  // Appends the occupied bins as varints: their number, then (gap to the last one, rows, weight,
  // labels, predictions).
  void AppendTo(std::string* out) const;
  // Adds what AppendTo wrote and removes it from *in. Error: kDataLoss; then the contents of the
  // histogram are unspecified.
  Status MergeFrom(std::string_view* in);

 private:
  static constexpr uint32_t kPageBins = 256;
  using Page = std::array<ScoreGroup, kPageBins>;  // made when one of its bins is first needed

  ScoreGroup& BinAt(uint32_t index);
  // Calls f(index, bin) for every occupied bin, in ascending order of scores.
  template <typename F>
  void ForEach(F f) const {
    for (uint32_t p = 0; p < pages_.size(); ++p) {
      if (pages_[p] == nullptr) continue;
      for (uint32_t i = 0; i < kPageBins; ++i) {
        if ((*pages_[p])[i].rows > 0) f(p * kPageBins + i, (*pages_[p])[i]);
      }
    }
  }

  std::array<std::unique_ptr<Page>, kBins / kPageBins> pages_;
  uint64_t rows_ = 0;
};

// LEB128, up to 19 bytes.
void AppendVarint(std::string* out, Uint128 value);
// Removes a number from the front of *in. Error: kDataLoss.
Result<Uint128> TakeVarint(std::string_view* in);

}  // namespace chorus::worker
