#pragma once
// The seam of the CVR methods: which towers a method needs, which loss terms it sums, for each
// exposure its losses and the gradient of the total with respect to each logit, and what its logits
// say about an exposure. One small header a method lies in objective/ (paper and equations at its
// head); sums, denominators, sampling, stages and sample weights are shared code.
//
//   total = sum over terms k of  weight_k * (sum over the global step of loss_k(row)) /
//   denominator_k
//
// Denominators belong to the whole global step, never to one worker's part; a term whose
// denominator is 0 is 0 and has no gradient. Thread safety: const methods from any thread.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/config.pb.h"
#include "common/matrix_view.h"
#include "common/status.h"
#include "worker/objective/method_shape.h"
#include "worker/objective/prediction.h"

namespace chorus::worker {

// Whose sample weights a denominator sums: D, O, N of the papers, or the sample that the method
// draws (rows counted as often as Objective copies them).
enum class Space { kExposures = 0, kClicked = 1, kUnclicked = 2, kSample = 3 };
constexpr int kSpaces = 4;

struct Term {
  std::string name;  // "ctr", "ctcvr", "align1", ...
  Space space;       // of its denominator, unless `partial` names one
  double weight;
  // >= 0: the denominator is this partial sum (a sum of weights that needs logits).
  int partial = -1;
  uint32_t stage = 0;  // the term is part of the loss in this stage only
};

// Labels of n rows. conversion is read only where click is 1.
struct RowLabels {
  const uint8_t* click;       // [n]
  const uint8_t* conversion;  // [n]
  const float* weight;        // [n], or null: every weight is 1
  int64_t rows;
  const uint64_t* row_id = nullptr;  // [n], what random draws depend on; null: 0, 1, 2, ...
};

// Sums of sample weights by space: what denominators are made of. Exact for unit weights.
struct SpaceWeights {
  double sum[kSpaces] = {0, 0, 0, 0};
};

// A term's factor in one step.
struct Normalizer {
  double weight = 0;  // 0 outside the term's stage; not constant where a method sets it by the step
  double denominator = 0;
  double scale() const { return denominator == 0 ? 0.0 : weight / denominator; }
};

// A method's row function as a value, for devices that run it: its type and its bytes.
struct MethodValue {
  const char* type = nullptr;  // what typeid names it
  const void* bytes = nullptr;
  size_t size = 0;
};

// What row functions need of the host, row by row.
struct RowDraws {
  std::vector<double> copies;  // [rows], or empty: 1
  std::vector<double> draw;    // [rows], or empty: 0
};

class Objective {
 public:
  virtual ~Objective() = default;
  virtual std::string_view name() const = 0;     // "CHORUS_CVR"
  virtual const MethodShape& shape() const = 0;  // groups, heads, stages
  virtual const std::vector<Term>& terms() const = 0;
  const std::vector<Head>& heads() const { return shape().heads; }

  // [heads], where logits start with model.start BASE_RATE.
  virtual std::vector<double> StartLogits(const LabelCounts& labels) const = 0;

  // Sums over rows of weight, by space; the sample's rows by the number of times the method copies
  // them.
  virtual SpaceWeights SumSpaces(const RowLabels& labels) const = 0;

  // Sums over the step that need its logits before any loss can be weighed: 0 of them for most
  // methods. A step then costs one more small all-reduce.
  virtual uint32_t partials(uint32_t stage) const = 0;
  // sums: [partials(stage)], increased by the sums over these rows (sample weight included), in row
  // order.
  virtual void AddPartials(uint32_t stage, const RowLabels& labels, MatrixView<const float> logits,
                           double* sums) const = 0;
  virtual void AddPartials(uint32_t stage, const RowLabels& labels, MatrixView<const double> logits,
                           double* sums) const = 0;

  // Every term's factor, from sums over the whole global step. partials: [partials(stage)].
  virtual std::vector<Normalizer> Normalizers(uint32_t stage, const SpaceWeights& spaces,
                                              std::span<const double> partials) const = 0;

  // logits, dlogits: [n, heads]. dlogits gets d total / d logit (sample weight included), 0 for
  // heads that are not trained in this stage; term_sums [terms] is increased by the sums over these
  // rows of weight * loss_k, in row order, in double. scales: [terms], Normalizer::scale of each.
  virtual void Evaluate(uint32_t stage, const RowLabels& labels, MatrixView<const float> logits,
                        const std::vector<double>& scales, MatrixView<float> dlogits,
                        double* term_sums) const = 0;
  virtual void Evaluate(uint32_t stage, const RowLabels& labels, MatrixView<const double> logits,
                        const std::vector<double>& scales, MatrixView<double> dlogits,
                        double* term_sums) const = 0;

  // For devices, which compute AddPartials and Evaluate of floats by the same row function.
  virtual MethodValue method() const = 0;
  virtual RowDraws DrawsOf(const RowLabels& labels) const = 0;

  // What the trained model says about an exposure.  logits: [heads].
  virtual Prediction Predict(std::span<const float> logits) const = 0;
};

// The method that the config's oneof names, with its options; `seed` is that of its random draws.
// REQUIRES: config passed validation.
Result<std::unique_ptr<Objective>> MakeObjective(const ObjectiveConfig& config, uint64_t seed);
// "BASE", "ESMM", ... in the order of the registry.
std::vector<std::string> ObjectiveNames();

// Most partials of any stage; without any, activations are of no use once their grain is done.
uint32_t MostPartials(const Objective& objective);

// [terms], from Normalizers.
std::vector<double> ScalesOf(const std::vector<Normalizer>& normalizers);

}  // namespace chorus::worker
