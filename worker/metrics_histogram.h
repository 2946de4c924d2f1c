#pragma once
// A histogram of scores with, in every bin, the number of rows and fixed-point sums of their labels
// (which may be fractional) and probabilities: enough for AUC, PCOC and ECE. Integers only, so that
// sums do not depend on the order of rows and merges. Thread safety: none.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/status.h"

namespace chorus::worker {

__extension__ typedef unsigned __int128 Uint128;

// Non-negative reals in units of 2^-40. Sums of 2^60 values up to 2^11 fit in 128 bits.
inline uint64_t ToFixed(double x) { return static_cast<uint64_t>(x * 0x1p40 + 0.5); }
inline double FromFixed(Uint128 x) { return static_cast<double>(x) * 0x1p-40; }

struct AucEstimate {
  double auc = 0;
  double error_bound = 0;  // |auc - exact| is at most this
};

class ScoreHistogram {
 public:
  static constexpr uint32_t kBins = 1 << 18;
  static constexpr double kLimit = 32;  // bins cover [-kLimit, kLimit]
  static constexpr uint64_t kMaxRows = uint64_t{1} << 60;

  // label, probability: ToFixed of numbers in [0, 1].
  void Add(double score, uint64_t label, uint64_t probability);
  void Merge(const ScoreHistogram& other);

  uint64_t rows() const { return rows_; }
  Uint128 labels() const;
  Uint128 probabilities() const;

  // A row of label t counts as t positives and 1 - t negatives. Absent without both.
  std::optional<AucEstimate> Auc() const;
  // Expected calibration error over `groups` equal-frequency groups of score: rows of one bin stay
  // together, in the group in which the bin's first row falls. Absent without rows.
  std::optional<double> CalibrationError(uint32_t groups) const;

  // Appends the occupied bins as varints: their number, then (gap to the last one, rows, labels,
  // probabilities).
  void AppendTo(std::string* out) const;
  // Adds what AppendTo wrote and removes it from *in. Error: kDataLoss; then the histogram is of no
  // use.
  Status MergeFrom(std::string_view* in);

 private:
  struct Bin {
    uint64_t rows = 0;
    Uint128 labels = 0;
    Uint128 probabilities = 0;
  };
  static constexpr uint32_t kPageBins = 256;
  using Page = std::array<Bin, kPageBins>;  // made when one of its bins is first needed

  Bin& BinAt(uint32_t index);
  // f(index, bin) for every occupied bin, in ascending order of scores.
  template <typename F>
  void ForEach(F f) const;

  std::array<std::unique_ptr<Page>, kBins / kPageBins> pages_;
  uint64_t rows_ = 0;
};

// LEB128, up to 19 bytes.
void AppendVarint(std::string* out, Uint128 value);
// Removes a number from the front of *in. Error: kDataLoss.
Result<Uint128> TakeVarint(std::string_view* in);

}  // namespace chorus::worker
