#pragma once
// UKD (Xu et al., WWW 2022): a teacher labels un-clicked rows for a student. The teacher is trained
// on clicked rows and adapted to un-clicked ones by an adversarial domain head g. The student has
// two CVR heads b, b' on one tower, which differ by their dropout.
//   stage 0   teacher      1/|O| sum_O  CE(t, r)
//             domain       1/|D| sum_D  CE(g, o)    its gradient enters the tower times
//                                                   -domain_reversal
//   stage 1   ctr          1/|D| sum_D  CE(a, o)
//             cvr          1/|D| sum_O  CE(b, r)
//             cvr2         1/|D| sum_O  CE(b', r)
//             distill      1/|D| sum_N  e^(-lambda KL(b||b')) CE(b, p_t)
//             distill2     1/|D| sum_N  e^(-lambda KL(b'||b)) CE(b', p_t)
//             regularizer  1/|D| sum_N  KL(b||b') + KL(b'||b)
// The paper prints one head and one KL; this is the symmetric form, which trains b' as well.
// Gradients flow through the factor e^(-lambda KL) unless detach_weight is set; the regularizer
// keeps KL small. p_t is of an earlier stage and so is a constant. With unclicked_rate < 1 only a
// sample of N is distilled, which is a function of (seed, row); its terms are weighted by 1 /
// unclicked_rate.

#include "common/random.h"
#include "worker/objective/prediction.h"
#include "worker/objective/row_terms.h"

namespace chorus::worker {

struct Ukd {
  enum Head { kCtr, kCvr, kCvr2, kTeacher, kDomain, kHeads };
  enum Term {
    kTeacherTerm,
    kDomainTerm,
    kCtrTerm,
    kCvrTerm,
    kCvr2Term,
    kDistillTerm,
    kDistill2Term,
    kRegularizerTerm,
    kTerms
  };
  static constexpr uint32_t kTeacherStage = 0;
  static constexpr uint32_t kStudentStage = 1;

  uint64_t seed = 1;
  double divergence = 1;  // lambda
  double unclicked_rate = 1;
  bool detach_weight = false;
  bool average_heads = false;

  double Copies(bool click, bool /*converted*/, uint64_t row_id) const {
    if (click || unclicked_rate >= 1) return 1;
    return ToUniform(Random(seed, RandomPurpose::kSampling, row_id)) < unclicked_rate ? 1.0 : 0.0;
  }

  template <typename T>
  CHORUS_HD void Row(RowTerms<T>& row) const {
    if (row.stage == kTeacherStage) {
      if (row.click) row.AddCrossEntropy(kTeacherTerm, kTeacher, row.converted);
      row.AddCrossEntropy(kDomainTerm, kDomain, row.click);
      return;
    }
    row.AddCrossEntropy(kCtrTerm, kCtr, row.click);
    if (row.click) {
      row.AddCrossEntropy(kCvrTerm, kCvr, row.converted);
      row.AddCrossEntropy(kCvr2Term, kCvr2, row.converted);
    } else if (row.copies > T(0)) {
      Distill(kDistillTerm, kCvr, kCvr2, row);
      Distill(kDistill2Term, kCvr2, kCvr, row);
      Regularize(row);
    }
  }

  // With average_heads pCVR is the mean of both heads' probabilities; its logit is
  // log (p + p') - log (q + q'), q = 1 - p.
  Prediction Predict(const float* logits) const {
    const auto a = static_cast<double>(logits[kCtr]);
    const auto b = static_cast<double>(logits[kCvr]);
    if (!average_heads) return PredictionOfLogits(a, b);
    const auto b2 = static_cast<double>(logits[kCvr2]);
    return PredictionOfLogits(
        a, LogAddExp(-Softplus(-b), -Softplus(-b2)) - LogAddExp(-Softplus(b), -Softplus(b2)));
  }

 private:
  static double LogAddExp(double x, double y) { return x + Softplus(y - x); }

  // e^(-lambda KL(head || other)) CE(head, p_t)
  template <typename T>
  CHORUS_HD void Distill(int term, int head, int other, RowTerms<T>& row) const {
    const T z = row.z[head];
    const T q = row.z[other];
    const T loss = SoftCrossEntropy(z, row.z[kTeacher]);
    const T weight = Exp(-static_cast<T>(divergence) * KullbackLeibler(z, q));
    row.SetLoss(term, weight * loss);
    row.AddSlope(term, head, weight * SoftCrossEntropySlope(z, row.z[kTeacher]));
    if (detach_weight) return;
    const T falling = -static_cast<T>(divergence) * weight * loss;
    row.AddSlope(term, head, falling * KullbackLeiblerSlope(z, q));
    row.AddSlope(term, other, falling * SigmoidDifference(q, z));
  }

  // KL(b || b') + KL(b' || b) = (p - p') (b - b')
  template <typename T>
  CHORUS_HD void Regularize(RowTerms<T>& row) const {
    const T b = row.z[kCvr];
    const T b2 = row.z[kCvr2];
    const T gap = SigmoidDifference(b, b2);
    row.SetLoss(kRegularizerTerm, gap * (b - b2));
    row.AddSlope(kRegularizerTerm, kCvr, gap + KullbackLeiblerSlope(b, b2));
    row.AddSlope(kRegularizerTerm, kCvr2, -gap + KullbackLeiblerSlope(b2, b));
  }
};

}  // namespace chorus::worker
