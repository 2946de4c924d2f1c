#pragma once
// Calls a method's row function for one exposure. Compiled by g++ and nvcc. Thread safety: pure
// functions.

#include "worker/objective/row_terms.h"

namespace chorus::worker {

// The method's number of sums that need logits; 0 for most methods.
template <typename Method>
constexpr int PartialsOf() {
  if constexpr (requires { Method::kPartials; }) return Method::kPartials;
  return 0;
}
// The stage that needs these sums.
template <typename Method>
constexpr uint32_t PartialsStageOf() {
  if constexpr (requires { Method::kPartialsStage; }) return Method::kPartialsStage;
  return 0;
}

// loss: [terms], without the row's sample weight.  dlogits: [heads], with it. Both are overwritten.
// A row of weight 0 (padding) has no loss and no gradient, even if its logits are not finite.
template <typename Method, typename T>
CHORUS_HD void EvaluateRow(const Method& method, const RowLogits<T>& logits, double weight,
                           const T* scale, T* loss, T* dlogits) {
  for (int k = 0; k < Method::kTerms; ++k) loss[k] = T(0);
  T dz[Method::kHeads] = {};
  if (weight != 0) {
    RowTerms<T> row{logits, scale, loss, dz};
    method.Row(row);
  }
  for (int h = 0; h < Method::kHeads; ++h) dlogits[h] = static_cast<T>(weight) * dz[h];
}

}  // namespace chorus::worker
