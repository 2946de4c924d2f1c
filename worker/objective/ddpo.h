#pragma once
// DDPO (Su et al., SIGIR 2024): a conversion-propensity tower c, which is trained on clicked rows,
// gives soft labels to the CVR tower b in both spaces. The losses of b are self-normalised. sg() is
// a stop-gradient.
//   ctr         1/|D| sum_D  CE(a, o)
//   ctcvr       1/|D| sum_D  CEP(a, b, o r)
//   conversion  1/|D| sum_O  CE(c, r)
//   cvr         sum_O w CE(b, r*) / sum_O w          w = min(1 / sg(p_a), 1 / eps)
//   pseudo      sum_N v CE(b, r*) / sum_N v          v = min(1 / (1 - sg(p_a)), 1 / eps_un)
// r* = 1 for a conversion, else sg(p_c), also for clicked rows (eq. 9). Then E[r* | O] =
// p + (1 - p) p, nearly twice the conversion rate p; with `calibrated`, r* = r on clicked rows
// (eq. 8). ddpo_literal (kLiteral) divides cvr and pseudo by |D| once more, as eqs. 10 and 15 and
// the authors' code do. With detach = false gradients flow through w and v, but not through their
// sums.

#include "worker/objective/row_terms.h"

namespace chorus::worker {

template <bool kLiteral>
struct Ddpo {
  enum Head { kCtr, kCvr, kConversion, kHeads };
  enum Term { kCtrTerm, kCtcvrTerm, kConversionTerm, kCvrTerm, kPseudoTerm, kTerms };
  static constexpr int kClickedSum = 0;    // sum_O w
  static constexpr int kUnclickedSum = 1;  // sum_N v
  static constexpr int kExposures = 2;     // |D|
  static constexpr int kPartials = kLiteral ? 3 : 2;

  double eps = 0.01;
  double eps_un = 0.01;
  bool detach = true;
  bool calibrated = false;

  template <typename T>
  CHORUS_HD void Partials(const RowLogits<T>& row, T* sums) const {
    sums[row.click ? kClickedSum : kUnclickedSum] = WeightOf(row).value;
    if constexpr (kLiteral) sums[kExposures] = T(1);
  }

  double Weight(int term, double weight, const double* partials) const {
    if (!kLiteral || (term != kCvrTerm && term != kPseudoTerm)) return weight;
    return partials[kExposures] == 0 ? 0.0 : weight / partials[kExposures];
  }

  template <typename T>
  CHORUS_HD void Row(RowTerms<T>& row) const {
    row.AddCrossEntropy(kCtrTerm, kCtr, row.click);
    row.AddProductCrossEntropy(kCtcvrTerm, kCtr, kCvr, row.converted);
    if (row.click) row.AddCrossEntropy(kConversionTerm, kConversion, row.converted);

    const int term = row.click ? kCvrTerm : kPseudoTerm;
    if (row.converted || (row.click && calibrated)) {
      row.AddCrossEntropy(term, kCvr, row.converted, WeightOf(row));
    } else {
      row.AddSoftCrossEntropy(term, kCvr, row.z[kConversion], WeightOf(row));
    }
  }

 private:
  template <typename T>
  CHORUS_HD RowWeight<T> WeightOf(const RowLogits<T>& row) const {
    return row.click ? InversePropensity(row.z[kCtr], kCtr, eps, detach)
                     : InverseComplement(row.z[kCtr], kCtr, eps_un, detach);
  }
};

}  // namespace chorus::worker
