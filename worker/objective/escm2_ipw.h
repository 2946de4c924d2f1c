#pragma once
// ESCM2-IPW (Wang et al., SIGIR 2022, where it is called ESCM2-IPS; DDPO eq. 3, NISE eq. 4): ESMM,
// and CVR on clicked rows, weighted by the inverse propensity of the click. sg() is a
// stop-gradient, which detach = false leaves out.
//   L = w_ctr 1/|D| sum_D CE(a, o)  +  w_ctcvr 1/|D| sum_D CEP(a, b, o r)
//     + w_cvr 1/|D| sum_O w CE(b, r)
//   w = min(1 / sg(p_a), 1 / eps)
// Multi-IPW (Zhang et al., WWW 2020) is the same without the second term. norm = SPACE divides the
// last sum by |O|.

#include "worker/objective/row_terms.h"

namespace chorus::worker {

template <bool kCtcvr>
struct Ipw {
  enum Head { kCtr, kCvr, kHeads };
  static constexpr int kCtrTerm = 0;
  static constexpr int kCtcvrTerm = 1;
  static constexpr int kCvrTerm = kCtcvr ? 2 : 1;
  static constexpr int kTerms = kCvrTerm + 1;

  double eps = 0.01;
  bool detach = true;

  template <typename T>
  CHORUS_HD void Row(RowTerms<T>& row) const {
    row.AddCrossEntropy(kCtrTerm, kCtr, row.click);
    if constexpr (kCtcvr) row.AddProductCrossEntropy(kCtcvrTerm, kCtr, kCvr, row.converted);
    if (!row.click) return;
    row.AddCrossEntropy(kCvrTerm, kCvr, row.converted,
                        InversePropensity(row.z[kCtr], kCtr, eps, detach));
  }
};

}  // namespace chorus::worker
