#pragma once
// ChorusCVR (Cheng et al., WSDM 2026, equations 2-11) and its ablations, which leave out terms.
// Towers a (CTR), b (CVR), u (unCVR: not converting after a click). sg() is a stop-gradient.
//   ctr      1/|D| sum_D   CE(a, o)                eq. 2; eq. 11 lacks it, as does w_ctr = 0
//   ctcvr    1/|D| sum_D   CEP(a, b, o r)          eq. 3
//   cvr      1/|O| sum_O w CE(b, r)                eq. 4
//   ctuncvr  1/|D| sum_D   CEP(a, u, o (1 - r))    eq. 7   NDM
//   uncvr    1/|O| sum_O w CE(u, 1 - r)            eq. 9
//   align1   1/|O| sum_O w CE(b, 1 - sg(p_u))      eq. 10  SAM
//   align2   1/|O| sum_O w CE(u, 1 - sg(p_b))
//   align3   1/|N| sum_N v CE(b, 1 - sg(p_u))
//   align4   1/|N| sum_N v CE(u, 1 - sg(p_b))
//   w = min(1 / sg(p_a), 1 / eps),  v = min(1 / (1 - sg(p_a)), 1 / eps_un)
// Options: with ipw = false, w is 1 in cvr and uncvr; with detach = false gradients flow through w
// and v; norm = EXPOSURE divides every sum by |D| (by the spaces of the terms: the row function
// does not know of it).

#include "worker/objective/row_terms.h"

namespace chorus::worker {

template <bool kNdm, bool kSam>
struct ChorusCvr {
  enum Head { kCtr, kCvr, kUncvr, kHeads };
  // Terms in the order above, without gaps. The numbers of terms that an ablation lacks are not
  // used.
  static constexpr int kCtrTerm = 0;
  static constexpr int kCtcvrTerm = 1;
  static constexpr int kCvrTerm = 2;
  static constexpr int kCtuncvrTerm = 3;
  static constexpr int kUncvrTerm = kNdm ? 4 : 3;
  static constexpr int kAlign1Term = kUncvrTerm + 1;
  static constexpr int kTerms = kUncvrTerm + 1 + (kSam ? 4 : 0);

  double eps = 0.01;
  double eps_un = 0.01;
  bool ipw = true;
  bool detach = true;

  template <typename T>
  CHORUS_HD void Row(RowTerms<T>& row) const {
    row.AddCrossEntropy(kCtrTerm, kCtr, row.click);
    row.AddProductCrossEntropy(kCtcvrTerm, kCtr, kCvr, row.converted);
    if constexpr (kNdm) {
      row.AddProductCrossEntropy(kCtuncvrTerm, kCtr, kUncvr, row.click && !row.converted);
    }
    if (row.click) {
      const RowWeight<T> w = InversePropensity(row.z[kCtr], kCtr, eps, detach);
      row.AddCrossEntropy(kCvrTerm, kCvr, row.converted, ipw ? w : RowWeight<T>());
      row.AddCrossEntropy(kUncvrTerm, kUncvr, !row.converted, ipw ? w : RowWeight<T>());
      Align(kAlign1Term, w, row);
    } else {
      Align(kAlign1Term + 2, InverseComplement(row.z[kCtr], kCtr, eps_un, detach), row);
    }
  }

 private:
  // Pulls both towers towards p_b + p_u = 1. `term` is the term of b, and term + 1 that of u.
  template <typename T>
  CHORUS_HD void Align(int term, RowWeight<T> weight, RowTerms<T>& row) const {
    if constexpr (kSam) {
      row.AddSoftCrossEntropy(term, kCvr, -row.z[kUncvr], weight);
      row.AddSoftCrossEntropy(term + 1, kUncvr, -row.z[kCvr], weight);
    }
  }
};

}  // namespace chorus::worker
