#pragma once
// The state of a method's Row function: labels and logits of one exposure are its input, losses and
// gradients its output. Row calls one Add... function per term, which sets loss[term] and adds
// scale[term] * d loss / d logit to dz. Losses that no Add... function computes are made of SetLoss
// and AddSlope. A row for which nothing is called for a term is outside the term's space. Row may
// write only the terms of its stage, and the logits of heads that the stage trains. Thread safety:
// none; a value lives within one call. Compiled by g++ and nvcc.

#include <cstdint>

#include "worker/objective/primitives.h"

namespace chorus::worker {

template <typename T>
struct RowLogits {
  uint32_t stage;  // of training
  bool click;
  bool converted;  // click and conversion: the conversion of an un-clicked row is not read
  T copies;        // how often the method's sample holds this row; 1 in methods that do not sample
  double draw;     // the row's random number, uniform in [0, 1); 0 in methods that draw none
  const T* z;      // [heads]
};

template <typename T>
struct RowTerms : RowLogits<T> {
  using RowLogits<T>::z;
  const T* scale;  // [terms]  weight of the term / its denominator in the global step
  T* loss;         // [terms]  zero on entry
  T* dz;           // [heads]  zero on entry

  // weight * CE(z[head], y)
  CHORUS_HD void AddCrossEntropy(int term, int head, bool y, RowWeight<T> weight = {}) {
    Add(term, head, CrossEntropy(z[head], y), CrossEntropySlope(z[head], y), weight);
  }

  // weight * CE(z[head], sg(sigma(label)))
  CHORUS_HD void AddSoftCrossEntropy(int term, int head, T label, RowWeight<T> weight = {}) {
    Add(term, head, SoftCrossEntropy(z[head], label), SoftCrossEntropySlope(z[head], label),
        weight);
  }

  // CE of the probability sigma(z[first]) sigma(z[second]) with label y
  CHORUS_HD void AddProductCrossEntropy(int term, int first, int second, bool y) {
    const ProductLoss<T> product = ProductCrossEntropy(z[first], z[second], y);
    SetLoss(term, product.value);
    AddSlope(term, first, product.da);
    AddSlope(term, second, product.db);
  }

  CHORUS_HD void SetLoss(int term, T value) { loss[term] = value; }
  CHORUS_HD void AddSlope(int term, int head, T slope) { dz[head] += scale[term] * slope; }

 private:
  CHORUS_HD void Add(int term, int head, T value, T slope, RowWeight<T> weight) {
    SetLoss(term, weight.value * value);
    AddSlope(term, head, weight.value * slope);
    AddSlope(term, weight.head, weight.slope * value);
  }
};

}  // namespace chorus::worker
