#pragma once
// UNBIAS (Ma et al., SIGIR 2018, section 3.1): CVR on clicked rows, weighted by 1 / pCTR so that
// they represent all exposures. Stage 0 trains a CTR net on D; stage 1 reads it without changing
// it, and trains CVR on tables of its own.
//   stage 0   L = w_ctr 1/|D| sum_D CE(a, o)
//   stage 1   L = w_cvr sum_O w CE(b, r) / sum_O w,   w = min(1 / p_a, 1 / eps)
// kSample is rejection sampling with the same expectation: w is 1 with probability
// eps / max(p_a, eps), else 0, by a draw that is a function of (seed, row).

#include "common/random.h"
#include "worker/objective/row_terms.h"

namespace chorus::worker {

template <bool kSample>
struct Unbias {
  enum Head { kCtr, kCvr, kHeads };
  enum Term { kCtrTerm, kCvrTerm, kTerms };
  static constexpr uint32_t kCtrStage = 0;
  static constexpr uint32_t kCvrStage = 1;
  static constexpr uint32_t kPartialsStage = kCvrStage;
  enum Partial { kWeightSum, kPartials };

  uint64_t seed = 1;
  double eps = 0.01;

  double Draw(uint64_t row_id) const {
    return kSample ? ToUniform(Random(seed, RandomPurpose::kSampling, row_id)) : 0.0;
  }

  template <typename T>
  CHORUS_HD void Partials(const RowLogits<T>& row, T* sums) const {
    if (row.click) sums[kWeightSum] = WeightOf(row).value;
  }

  template <typename T>
  CHORUS_HD void Row(RowTerms<T>& row) const {
    if (row.stage == kCtrStage) {
      row.AddCrossEntropy(kCtrTerm, kCtr, row.click);
    } else if (row.click) {
      row.AddCrossEntropy(kCvrTerm, kCvr, row.converted, WeightOf(row));
    }
  }

 private:
  template <typename T>
  CHORUS_HD RowWeight<T> WeightOf(const RowLogits<T>& row) const {
    const RowWeight<T> w = InversePropensity(row.z[kCtr], kCtr, eps, true);
    if constexpr (!kSample) return w;
    return {row.draw < eps * static_cast<double>(w.value) ? T(1) : T(0)};
  }
};

}  // namespace chorus::worker
