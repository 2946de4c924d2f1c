#pragma once
// Makes an Objective of a method's row function: loops over rows, applies sample weights, sums
// terms. Method has kHeads, kTerms and  template <T> void Row(RowTerms<T>&) const  (base.h, esmm.h,
// ...). Thread safety: as Objective.

#include <utility>

#include "common/check.h"
#include "worker/objective.h"
#include "worker/objective/row_terms.h"

namespace chorus::worker {

struct MethodDescription {
  std::string name;
  std::vector<std::string> groups;
  std::vector<Head> heads;  // in the order of Method::Head
  std::vector<Term> terms;  // in the order of Method's terms
  uint32_t ctr_head = 0;
  uint32_t cvr_head = 0;
};

template <typename Method>
class RowObjective final : public Objective {
 public:
  RowObjective(Method method, MethodDescription description)
      : method_(method), description_(std::move(description)) {
    CHECK(description_.heads.size() == Method::kHeads, description_.name);
    CHECK(description_.terms.size() == Method::kTerms, description_.name);
  }

  std::string_view name() const override { return description_.name; }
  const std::vector<std::string>& groups() const override { return description_.groups; }
  const std::vector<Head>& heads() const override { return description_.heads; }
  const std::vector<Term>& terms() const override { return description_.terms; }
  uint32_t ctr_head() const override { return description_.ctr_head; }
  uint32_t cvr_head() const override { return description_.cvr_head; }

  void Evaluate(const RowLabels& labels, MatrixView<const float> logits,
                const std::vector<double>& scales, MatrixView<float> dlogits,
                double* term_sums) const override {
    EvaluateRows(labels, logits, scales, dlogits, term_sums);
  }
  void Evaluate(const RowLabels& labels, MatrixView<const double> logits,
                const std::vector<double>& scales, MatrixView<double> dlogits,
                double* term_sums) const override {
    EvaluateRows(labels, logits, scales, dlogits, term_sums);
  }

 private:
  template <typename T>
  void EvaluateRows(const RowLabels& labels, MatrixView<const T> logits,
                    const std::vector<double>& scales, MatrixView<T> dlogits,
                    double* term_sums) const {
    CHECK(logits.rows == labels.rows && logits.cols == Method::kHeads, description_.name);
    CHECK(dlogits.rows == labels.rows && dlogits.cols == Method::kHeads, description_.name);
    CHECK(scales.size() == Method::kTerms, description_.name);
    T scale[Method::kTerms];
    for (int k = 0; k < Method::kTerms; ++k) scale[k] = static_cast<T>(scales[k]);
    for (int64_t i = 0; i < labels.rows; ++i) {
      const double weight = labels.weight == nullptr ? 1.0 : labels.weight[i];
      EvaluateRow(labels, i, weight, logits.row(i), scale, dlogits.row(i), term_sums);
    }
  }

  // A row of weight 0 (padding) counts for nothing, whatever its logits are.
  template <typename T>
  void EvaluateRow(const RowLabels& labels, int64_t i, double weight, const T* logits,
                   const T* scale, T* dlogits, double* term_sums) const {
    T loss[Method::kTerms] = {};
    T dz[Method::kHeads] = {};
    if (weight != 0) {
      const bool click = labels.click[i] != 0;
      RowTerms<T> row{click, click && labels.conversion[i] != 0, logits, scale, loss, dz};
      method_.Row(row);
    }
    for (int k = 0; k < Method::kTerms; ++k) term_sums[k] += weight * static_cast<double>(loss[k]);
    for (int h = 0; h < Method::kHeads; ++h) dlogits[h] = static_cast<T>(weight) * dz[h];
  }

  const Method method_;
  const MethodDescription description_;
};

}  // namespace chorus::worker
