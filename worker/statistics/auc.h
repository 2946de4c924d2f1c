#pragma once
// The exact area under the ROC curve, ties counted half, with fractional labels and row weights:
//   sum_{i,j} p_i q_j ([s_i > s_j] + [s_i = s_j] / 2) / (sum p  sum q),  p = w t, q = w (1 - t)
// A row of label t is t positives and 1 - t negatives. O(n log n).
// Thread safety: pure functions.

#include <optional>
#include <span>

namespace chorus::worker {

// scores, labels: [n], labels in [0, 1]; weights: [n], >= 0, or empty: every weight is 1.
// Absent without positives or without negatives. REQUIRES: no NaN.
std::optional<double> Auc(std::span<const double> scores, std::span<const double> labels,
                          std::span<const double> weights = {});

}  // namespace chorus::worker
