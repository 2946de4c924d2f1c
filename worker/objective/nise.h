#pragma once
// NISE (Huang et al., RecSys 2024): CVR on clicked rows, and on un-clicked rows with its own
// prediction as the label. The weight of CVR is the ratio of the step's losses. There is no CTCVR.
//   L = w_ctr L_ctr + lambda L_cvr,   lambda = sg(w_cvr min(L_ctr / L_cvr, beta))
//   L_ctr = 1/|D| sum_D CE(a, o)
//   L_cvr = 1/|D| [ sum_O CE(b, r) + sum_N CE(b, y) ]
// where y = p_b without a stop-gradient, which makes the second sum an entropy. With the target
// TOWER (kTower) y = sg(p_c) of a tower c that is trained by  w_conversion 1/|D| sum_O CE(c, r).
// The ratio is that of the global step, so that both sums are partials.

#include "worker/objective/row_terms.h"

namespace chorus::worker {

template <bool kTower>
struct Nise {
  static constexpr int kCtr = 0;
  static constexpr int kCvr = 1;
  static constexpr int kConversion = 2;
  static constexpr int kHeads = kTower ? 3 : 2;
  static constexpr int kCtrTerm = 0;
  static constexpr int kCvrTerm = 1;
  static constexpr int kConversionTerm = 2;
  static constexpr int kTerms = kTower ? 3 : 2;
  enum Partial { kCtrSum, kCvrSum, kPartials };  // |D| L_ctr, |D| L_cvr

  double beta = 50;

  template <typename T>
  CHORUS_HD void Partials(const RowLogits<T>& row, T* sums) const {
    sums[kCtrSum] = CrossEntropy(row.z[kCtr], row.click);
    sums[kCvrSum] = CvrLoss(row);
  }

  double Weight(int term, double weight, const double* partials) const {
    if (term != kCvrTerm) return weight;
    if (partials[kCtrSum] == 0) return 0;  // for one, in a step without rows
    const double most = beta * partials[kCvrSum];
    return weight * (partials[kCtrSum] < most ? partials[kCtrSum] / partials[kCvrSum] : beta);
  }

  template <typename T>
  CHORUS_HD void Row(RowTerms<T>& row) const {
    row.AddCrossEntropy(kCtrTerm, kCtr, row.click);
    row.SetLoss(kCvrTerm, CvrLoss(row));
    row.AddSlope(kCvrTerm, kCvr, CvrSlope(row));
    if constexpr (kTower) {
      if (row.click) row.AddCrossEntropy(kConversionTerm, kConversion, row.converted);
    }
  }

 private:
  template <typename T>
  CHORUS_HD T CvrLoss(const RowLogits<T>& row) const {
    const T b = row.z[kCvr];
    if (row.click) return CrossEntropy(b, row.converted);
    if constexpr (kTower) return SoftCrossEntropy(b, row.z[kConversion]);
    return BernoulliEntropy(b);
  }
  template <typename T>
  CHORUS_HD T CvrSlope(const RowLogits<T>& row) const {
    const T b = row.z[kCvr];
    if (row.click) return CrossEntropySlope(b, row.converted);
    if constexpr (kTower) return SoftCrossEntropySlope(b, row.z[kConversion]);
    return BernoulliEntropySlope(b);
  }
};

}  // namespace chorus::worker
