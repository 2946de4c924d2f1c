#pragma once
// The variance of a contrast of correlated AUCs on one labelled test set (DeLong, DeLong &
// Clarke-Pearson, Biometrics 1988). The structural components are computed from midranks (Sun & Xu,
// IEEE Signal Processing Letters 2014) in O(k n log n).
//
// With m positives and n negatives, score vector k has the components
//   V10_k(i) = mean over negatives j of psi(s_i, s_j),  V01_k(j) = mean over positives i of
//   psi(s_i, s_j),  psi = [s_i > s_j] + [s_i = s_j] / 2;   AUC_k = mean of V10_k = mean of V01_k.
// A contrast's components are the contrasts of the components, hence
//   Var(sum_k c_k AUC_k) = S^2(sum_k c_k V10_k) / m + S^2(sum_k c_k V01_k) / n
// (S^2: sample variance), which is c' S c of the paper without its k x k matrix.
// This is the variance over test sets; the models are held fixed. Thread safety: pure function.

#include <cstdint>
#include <optional>
#include <span>

namespace chorus::worker {

// Var(sum_k c_k AUC_k).  scores: [k][n].  labels: [n], 0 or 1.  coefficients: [k]; {1} for one AUC,
// {1, -1} for the paired test, {1/S, .., -1/S, ..} for the mean over S seeds of method minus base.
// Absent with fewer than two rows of either class. REQUIRES: no NaN.
std::optional<double> DeLongVariance(std::span<const std::span<const double>> scores,
                                     std::span<const uint8_t> labels,
                                     std::span<const double> coefficients);

}  // namespace chorus::worker
