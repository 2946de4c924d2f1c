#pragma once
// Makes an Objective of a method's row function. It loops over rows, applies sample weights and
// sums terms. Thread safety: as Objective.
//
// A Method has  enum Head {..., kHeads},  kTerms  and
//   template <typename T> void Row(RowTerms<T>& row) const
//       losses and gradients of one exposure
// and, where it needs them,
//   double Copies(bool click, bool converted, uint64_t row_id) const
//       how often the sample holds a row
//   double Draw(uint64_t row_id) const
//       the row's random number, which Row and Partials read as RowLogits::draw
//   static constexpr int kPartials
//   template <typename T> void Partials(const RowLogits<T>& row, T* sums) const
//       the number of sums that need logits, and a row's part of them (zero on entry)
//   static constexpr uint32_t kPartialsStage
//       the stage that needs them (default 0)
//   double Weight(int term, double weight, const double* partials) const
//       a term's weight where it depends on the step
//   Prediction Predict(const float* logits) const
//       where the prediction is not sigma(ctr), sigma(cvr)
//   std::optional<double> Start(int head, const LabelCounts& labels) const
//       where the head's logit starts, if Head::start does not say it
// Copies, Draw, Weight, Predict and Start run on the host only.

#include <optional>
#include <typeinfo>
#include <utility>

#include "common/check.h"
#include "worker/objective/evaluate_row.h"
#include "worker/objective/objective.h"

namespace chorus::worker {

struct MethodDescription {
  std::string name;
  MethodShape shape;        // heads in the order of Method::Head
  std::vector<Term> terms;  // in the order of Method's terms
};

template <typename Method>
class RowObjective final : public Objective {
 public:
  RowObjective(Method method, MethodDescription description)
      : method_(method), description_(std::move(description)) {
    CHECK(description_.shape.heads.size() == Method::kHeads, description_.name);
    CHECK(description_.terms.size() == Method::kTerms, description_.name);
  }

  std::string_view name() const override { return description_.name; }
  const MethodShape& shape() const override { return description_.shape; }
  const std::vector<Term>& terms() const override { return description_.terms; }

  std::vector<double> StartLogits(const LabelCounts& labels) const override {
    std::vector<double> logits;
    for (size_t h = 0; h < heads().size(); ++h) {
      logits.push_back(StartLogit(heads()[h].start, labels));
      if constexpr (requires { method_.Start(int(), labels); }) {
        const std::optional<double> own = method_.Start(static_cast<int>(h), labels);
        if (own.has_value()) logits.back() = *own;
      }
    }
    return logits;
  }

  SpaceWeights SumSpaces(const RowLabels& labels) const override {
    SpaceWeights sums;
    for (int64_t i = 0; i < labels.rows; ++i) {
      const double weight = WeightOf(labels, i);
      const bool click = labels.click[i] != 0;
      sums.sum[static_cast<int>(Space::kExposures)] += weight;
      sums.sum[static_cast<int>(click ? Space::kClicked : Space::kUnclicked)] += weight;
      sums.sum[static_cast<int>(Space::kSample)] += weight * CopiesOf(labels, i);
    }
    return sums;
  }

  uint32_t partials(uint32_t stage) const override {
    return stage == PartialsStageOf<Method>() ? kPartials : 0;
  }
  void AddPartials(uint32_t stage, const RowLabels& labels, MatrixView<const float> logits,
                   double* sums) const override {
    SumPartials(stage, labels, logits, sums);
  }
  void AddPartials(uint32_t stage, const RowLabels& labels, MatrixView<const double> logits,
                   double* sums) const override {
    SumPartials(stage, labels, logits, sums);
  }

  std::vector<Normalizer> Normalizers(uint32_t stage, const SpaceWeights& spaces,
                                      std::span<const double> partials) const override {
    std::vector<Normalizer> out;
    for (const Term& term : description_.terms) {
      Normalizer& normalizer = out.emplace_back();
      if (term.stage != stage) continue;
      normalizer.denominator = term.partial >= 0 ? partials[static_cast<size_t>(term.partial)]
                                                 : spaces.sum[static_cast<int>(term.space)];
      normalizer.weight = term.weight;
      if constexpr (requires { method_.Weight(0, 0.0, partials.data()); }) {
        const int index = static_cast<int>(&term - description_.terms.data());
        normalizer.weight = method_.Weight(index, term.weight, partials.data());
      }
    }
    return out;
  }

  void Evaluate(uint32_t stage, const RowLabels& labels, MatrixView<const float> logits,
                const std::vector<double>& scales, MatrixView<float> dlogits,
                double* term_sums) const override {
    EvaluateRows(stage, labels, logits, scales, dlogits, term_sums);
  }
  void Evaluate(uint32_t stage, const RowLabels& labels, MatrixView<const double> logits,
                const std::vector<double>& scales, MatrixView<double> dlogits,
                double* term_sums) const override {
    EvaluateRows(stage, labels, logits, scales, dlogits, term_sums);
  }

  MethodValue method() const override { return {typeid(Method).name(), &method_, sizeof(Method)}; }
  RowDraws DrawsOf(const RowLabels& labels) const override {
    RowDraws draws;
    for (int64_t i = 0; i < labels.rows; ++i) {
      if constexpr (kHasCopies) draws.copies.push_back(CopiesOf(labels, i));
      if constexpr (kHasDraw) draws.draw.push_back(DrawOf(labels, i));
    }
    return draws;
  }

  Prediction Predict(std::span<const float> logits) const override {
    if constexpr (requires { method_.Predict(logits.data()); }) {
      return method_.Predict(logits.data());
    } else {
      return PredictionOfLogits(static_cast<double>(logits[Method::kCtr]),
                                static_cast<double>(logits[Method::kCvr]));
    }
  }

 private:
  static constexpr int kPartials = PartialsOf<Method>();

  static constexpr bool kHasCopies = requires(const Method& method) {
    method.Copies(true, true, uint64_t{0});
  };
  static constexpr bool kHasDraw = requires(const Method& method) { method.Draw(uint64_t{0}); };

  static double WeightOf(const RowLabels& labels, int64_t i) {
    return labels.weight == nullptr ? 1.0 : static_cast<double>(labels.weight[i]);
  }
  static uint64_t RowId(const RowLabels& labels, int64_t i) {
    return labels.row_id == nullptr ? static_cast<uint64_t>(i) : labels.row_id[i];
  }
  double CopiesOf(const RowLabels& labels, int64_t i) const {
    if constexpr (kHasCopies) {
      const bool click = labels.click[i] != 0;
      return method_.Copies(click, click && labels.conversion[i] != 0, RowId(labels, i));
    } else {
      return 1.0;
    }
  }
  double DrawOf(const RowLabels& labels, int64_t i) const {
    if constexpr (kHasDraw) {
      return method_.Draw(RowId(labels, i));
    } else {
      return 0.0;
    }
  }
  template <typename T>
  RowLogits<T> LogitsOf(uint32_t stage, const RowLabels& labels, int64_t i, const T* z) const {
    const bool click = labels.click[i] != 0;
    return {stage,
            click,
            click && labels.conversion[i] != 0,
            static_cast<T>(CopiesOf(labels, i)),
            DrawOf(labels, i),
            z};
  }

  template <typename T>
  void SumPartials(uint32_t stage, const RowLabels& labels, MatrixView<const T> logits,
                   double* sums) const {
    if constexpr (kPartials > 0) {
      if (stage != PartialsStageOf<Method>()) return;
      for (int64_t i = 0; i < labels.rows; ++i) {
        const double weight = WeightOf(labels, i);
        if (weight == 0) continue;
        T row[kPartials] = {};
        method_.Partials(LogitsOf(stage, labels, i, logits.row(i)), row);
        for (int k = 0; k < kPartials; ++k) sums[k] += weight * static_cast<double>(row[k]);
      }
    }
  }

  template <typename T>
  void EvaluateRows(uint32_t stage, const RowLabels& labels, MatrixView<const T> logits,
                    const std::vector<double>& scales, MatrixView<T> dlogits,
                    double* term_sums) const {
    CHECK(logits.rows == labels.rows && logits.cols == Method::kHeads, description_.name);
    CHECK(dlogits.rows == labels.rows && dlogits.cols == Method::kHeads, description_.name);
    CHECK(scales.size() == Method::kTerms, description_.name);
    T scale[Method::kTerms];
    for (int k = 0; k < Method::kTerms; ++k) scale[k] = static_cast<T>(scales[k]);
    T loss[Method::kTerms];
    for (int64_t i = 0; i < labels.rows; ++i) {
      const double weight = WeightOf(labels, i);
      EvaluateRow(method_, LogitsOf(stage, labels, i, logits.row(i)), weight, scale, loss,
                  dlogits.row(i));
      for (int k = 0; k < Method::kTerms; ++k) {
        term_sums[k] += weight * static_cast<double>(loss[k]);
      }
    }
  }

  const Method method_;
  const MethodDescription description_;
};

}  // namespace chorus::worker
