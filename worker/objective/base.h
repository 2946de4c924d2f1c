#pragma once
// BASE (Ma et al., SIGIR 2018, section 2.2): CVR on clicked rows, with tables of its own. Beside
// it, with nothing shared, is the CTR net that the paper uses for pCTCVR = pCTR pCVR (section 3.1).
//   L = w_ctr 1/|D| sum_D CE(a, o)  +  w_cvr 1/|O| sum_O CE(b, r)
// TWO_TASK is the same loss on shared tables. In it norm = EXPOSURE divides the second sum by |D|.

#include "worker/objective/row_terms.h"

namespace chorus::worker {

struct Base {
  enum Head { kCtr, kCvr, kHeads };
  enum Term { kCtrTerm, kCvrTerm, kTerms };

  template <typename T>
  CHORUS_HD void Row(RowTerms<T>& row) const {
    row.AddCrossEntropy(kCtrTerm, kCtr, row.click);
    if (row.click) row.AddCrossEntropy(kCvrTerm, kCvr, row.converted);
  }
};

}  // namespace chorus::worker
