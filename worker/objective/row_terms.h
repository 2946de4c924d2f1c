#pragma once
// One exposure while a method computes it: labels and logits in, losses and gradients out. A
// method's Row function calls one member a term; each call sets loss[term] and adds scale[term] * d
// loss / d logit to dz. A term that is not called for a row is outside the term's space there.
// Thread safety: none; lives within one call. Compiled by g++ and nvcc.

#include <cstdint>

#include "worker/objective/primitives.h"

namespace chorus::worker {

template <typename T>
struct RowLogits {
  uint32_t stage;  // of training
  bool click;
  bool converted;  // click and conversion; the conversion of an un-clicked row never gets here
  T copies;        // how often the method's sample holds this row; 1 for methods that do not sample
  const T* z;      // [heads]
};

template <typename T>
struct RowTerms : RowLogits<T> {
  using RowLogits<T>::z;
  const T* scale;  // [terms]  term weight / denominator of the global step
  T* loss;         // [terms]  zero on entry
  T* dz;           // [heads]  zero on entry

  // weight * CE(z[head], y)
  CHORUS_HD void AddCrossEntropy(int term, int head, bool y, RowWeight<T> weight = {}) {
    Add(term, head, CrossEntropy(z[head], y), CrossEntropySlope(z[head], y), weight);
  }

  // weight * CE(z[head], 1 - sg(sigma(z[other])))
  CHORUS_HD void AddAlignment(int term, int head, int other, RowWeight<T> weight) {
    Add(term, head, ComplementCrossEntropy(z[head], z[other]),
        ComplementCrossEntropySlope(z[head], z[other]), weight);
  }

  // CE of the probability sigma(z[first]) sigma(z[second]) with label y
  CHORUS_HD void AddProductCrossEntropy(int term, int first, int second, bool y) {
    const ProductLoss<T> product = ProductCrossEntropy(z[first], z[second], y);
    loss[term] = product.value;
    dz[first] += scale[term] * product.da;
    dz[second] += scale[term] * product.db;
  }

 private:
  CHORUS_HD void Add(int term, int head, T value, T slope, RowWeight<T> weight) {
    loss[term] = weight.value * value;
    dz[head] += scale[term] * (weight.value * slope);
    dz[weight.head] += scale[term] * (weight.slope * value);
  }
};

}  // namespace chorus::worker
