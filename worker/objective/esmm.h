#pragma once
// ESMM (Ma et al., SIGIR 2018, equation 3, with means for sums): CVR is learnt only through its
// product with CTR.
//   L = w_ctr 1/|D| sum_D CE(a, o)  +  w_ctcvr 1/|D| sum_D CEP(a, b, o r)
// ESMM_NS (section 3.1) is the same loss with tables of their own for CTR and CVR.

#include "worker/objective/row_terms.h"

namespace chorus::worker {

struct Esmm {
  enum Head { kCtr, kCvr, kHeads };
  enum Term { kCtrTerm, kCtcvrTerm, kTerms };

  template <typename T>
  CHORUS_HD void Row(RowTerms<T>& row) const {
    row.AddCrossEntropy(kCtrTerm, kCtr, row.click);
    row.AddProductCrossEntropy(kCtcvrTerm, kCtr, kCvr, row.converted);
  }
};

}  // namespace chorus::worker
