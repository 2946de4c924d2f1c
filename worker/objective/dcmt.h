#pragma once
// DCMT (Zhu et al., ICDE 2023; NISE eq. 6): twin heads on one CVR tower. The factual head b is
// trained on clicked rows. The counterfactual head f has the label 1 - r, and is trained on
// un-clicked rows, where that is 1.
//   ctr             1/|D| sum_D  CE(a, o)
//   ctcvr           1/|D| sum_D  CEP(a, b, o r)
//   cvr             1/|D| sum_O  w CE(b, r)          w = min(1 / sg(p_a), 1 / eps)
//   counterfactual  1/|D| sum_N  v CE(f, 1)          v = min(1 / (1 - sg(p_a)), 1 / eps_un)
//   regularizer     1/|D| sum_D  |1 - (p_b + p_f)|
// Options: snips (kSnips) divides cvr by sum_O w and counterfactual by sum_N v, which are constants
// to gradients; norm = SPACE divides them by |O| and |N|; with detach = false gradients flow
// through w and v.

#include "worker/objective/row_terms.h"

namespace chorus::worker {

template <bool kSnips>
struct Dcmt {
  enum Head { kCtr, kCvr, kCounterfactual, kHeads };
  enum Term { kCtrTerm, kCtcvrTerm, kCvrTerm, kCounterfactualTerm, kRegularizerTerm, kTerms };
  static constexpr int kClickedSum = 0;    // sum_O w
  static constexpr int kUnclickedSum = 1;  // sum_N v
  static constexpr int kPartials = kSnips ? 2 : 0;

  double eps = 0.01;
  double eps_un = 0.01;
  bool detach = true;

  template <typename T>
  CHORUS_HD void Partials(const RowLogits<T>& row, T* sums) const {
    sums[row.click ? kClickedSum : kUnclickedSum] = WeightOf(row).value;
  }

  template <typename T>
  CHORUS_HD void Row(RowTerms<T>& row) const {
    row.AddCrossEntropy(kCtrTerm, kCtr, row.click);
    row.AddProductCrossEntropy(kCtcvrTerm, kCtr, kCvr, row.converted);
    if (row.click) {
      row.AddCrossEntropy(kCvrTerm, kCvr, row.converted, WeightOf(row));
    } else {
      row.AddCrossEntropy(kCounterfactualTerm, kCounterfactual, true, WeightOf(row));
    }
    Regularize(row);
  }

 private:
  template <typename T>
  CHORUS_HD RowWeight<T> WeightOf(const RowLogits<T>& row) const {
    return row.click ? InversePropensity(row.z[kCtr], kCtr, eps, detach)
                     : InverseComplement(row.z[kCtr], kCtr, eps_un, detach);
  }

  // |gap|, gap = 1 - p_b - p_f = sigma(-b) - sigma(f). The gradient is 0 where gap is 0.
  template <typename T>
  CHORUS_HD void Regularize(RowTerms<T>& row) const {
    const T b = row.z[kCvr];
    const T f = row.z[kCounterfactual];
    const T gap = SigmoidDifference(-b, f);
    const T sign = gap > T(0) ? T(1) : (gap < T(0) ? T(-1) : T(0));
    row.SetLoss(kRegularizerTerm, sign * gap);
    row.AddSlope(kRegularizerTerm, kCvr, -sign * SigmoidSlope(b));
    row.AddSlope(kRegularizerTerm, kCounterfactual, -sign * SigmoidSlope(f));
  }
};

}  // namespace chorus::worker
