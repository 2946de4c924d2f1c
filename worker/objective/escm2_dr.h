#pragma once
// ESCM2-DR (Wang et al., SIGIR 2022; DDPO eq. 4): ESMM, and CVR by a doubly robust loss, in which a
// third tower d imputes the error of un-clicked rows.
//   L = w_ctr 1/|D| sum_D CE(a, o)  +  w_ctcvr 1/|D| sum_D CEP(a, b, o r)
//     + w_error 1/|D| sum_D [delta^ + o w e]  +  w_imputation 1/|D| sum_D o w e^2
//   w = min(1 / sg(p_a), 1 / eps),  delta = CE(b, r),  e = delta - delta^
// The option `training` decides what delta^ is and which stop-gradients the last two terms have:
//   ALTERNATE  delta^ = sigma(d) or sp(d); error has sg(delta^), imputation has sg(delta), so that
//              b and d are trained separately, and b gets exactly the gradient of ESCM2-IPW
//   JOINT      the same without these stop-gradients
//   PSEUDO     delta^ = CE(b, sg(sigma(d))): d makes pseudo labels, which train b on all rows;
//              imputation has sg(b), and e = (sigma(d) - r) b
// With detach = false gradients flow through w. Multi-DR (Zhang et al., WWW 2020) is the same
// without the second term.

#include <optional>

#include "worker/objective/base_rate.h"
#include "worker/objective/row_terms.h"

namespace chorus::worker {

enum class DrTraining { kAlternate, kJoint, kPseudo };

template <bool kCtcvr>
struct DoublyRobustLoss {
  enum Head { kCtr, kCvr, kImputation, kHeads };
  static constexpr int kCtrTerm = 0;
  static constexpr int kCtcvrTerm = 1;
  static constexpr int kErrorTerm = kCtcvr ? 2 : 1;
  static constexpr int kImputationTerm = kErrorTerm + 1;
  static constexpr int kTerms = kImputationTerm + 1;

  double eps = 0.01;
  DrTraining training = DrTraining::kAlternate;
  bool softplus = false;  // delta^ = sp(d)
  bool detach = true;

  // delta^ starts at the mean error of a CVR head that knows its base rate p alone, which is the
  // entropy of p; pseudo labels start at p.
  std::optional<double> Start(int head, const LabelCounts& labels) const {
    if (head != kImputation) return std::nullopt;
    const double z = StartLogit(BaseRate::kConversion, labels);
    if (training == DrTraining::kPseudo) return z;
    const double entropy = BernoulliEntropy(z);
    return softplus ? std::log(std::expm1(entropy)) : std::log(entropy / (1 - entropy));
  }

  template <typename T>
  CHORUS_HD void Row(RowTerms<T>& row) const {
    row.AddCrossEntropy(kCtrTerm, kCtr, row.click);
    if constexpr (kCtcvr) row.AddProductCrossEntropy(kCtcvrTerm, kCtr, kCvr, row.converted);
    if (training == DrTraining::kPseudo) {
      PseudoLabelled(row);
    } else {
      Imputed(row);
    }
  }

 private:
  template <typename T>
  CHORUS_HD void Imputed(RowTerms<T>& row) const {
    const T d = row.z[kImputation];
    const T imputed = softplus ? Softplus(d) : Sigmoid(d);
    const T imputed_slope = softplus ? Sigmoid(d) : SigmoidSlope(d);
    const bool joint = training == DrTraining::kJoint;
    row.SetLoss(kErrorTerm, imputed);
    if (joint) row.AddSlope(kErrorTerm, kImputation, imputed_slope);
    if (!row.click) return;

    const RowWeight<T> w = InversePropensity(row.z[kCtr], kCtr, eps, detach);
    const T b = row.z[kCvr];
    const T error = CrossEntropy(b, row.converted) - imputed;
    const T slope = CrossEntropySlope(b, row.converted);
    row.SetLoss(kErrorTerm, imputed + w.value * error);
    row.AddSlope(kErrorTerm, kCvr, w.value * slope);
    if (joint) row.AddSlope(kErrorTerm, kImputation, -(w.value * imputed_slope));
    row.AddSlope(kErrorTerm, kCtr, w.slope * error);

    row.SetLoss(kImputationTerm, w.value * error * error);
    if (joint) row.AddSlope(kImputationTerm, kCvr, T(2) * w.value * error * slope);
    row.AddSlope(kImputationTerm, kImputation, T(-2) * w.value * error * imputed_slope);
    row.AddSlope(kImputationTerm, kCtr, w.slope * error * error);
  }

  template <typename T>
  CHORUS_HD void PseudoLabelled(RowTerms<T>& row) const {
    const T b = row.z[kCvr];
    const T d = row.z[kImputation];
    const T imputed = SoftCrossEntropy(b, d);
    row.SetLoss(kErrorTerm, imputed);
    row.AddSlope(kErrorTerm, kCvr, SoftCrossEntropySlope(b, d));
    if (!row.click) return;

    const RowWeight<T> w = InversePropensity(row.z[kCtr], kCtr, eps, detach);
    const T label_error = CrossEntropySlope(d, row.converted);  // sigma(d) - r
    const T error = label_error * b;
    row.SetLoss(kErrorTerm, imputed + w.value * error);
    row.AddSlope(kErrorTerm, kCvr, w.value * label_error);
    row.AddSlope(kErrorTerm, kCtr, w.slope * error);

    row.SetLoss(kImputationTerm, w.value * error * error);
    row.AddSlope(kImputationTerm, kImputation, T(2) * w.value * error * b * SigmoidSlope(d));
    row.AddSlope(kImputationTerm, kCtr, w.slope * error * error);
  }
};

}  // namespace chorus::worker
