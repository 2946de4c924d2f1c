#pragma once
// The interface of the CVR methods. A method says which towers it needs and which loss terms it
// sums; it computes the losses of each exposure and the gradient of the total with respect to each
// logit, and makes a prediction of the logits. Each method has one small header in this folder,
// with paper and equations at its head. Sums, denominators, sampling, stages and sample weights are
// shared code.
//
//   total = sum over terms k of
//           weight_k * (sum over the global step of loss_k(row)) / denominator_k
//
// Denominators are sums over the whole global step, never over one worker's part. A term whose
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

// The rows whose sample weights a denominator sums: D, O or N of the papers, or the sample that the
// method draws, in which a row counts as often as the method copies it.
enum class Space { kExposures = 0, kClicked = 1, kUnclicked = 2, kSample = 3 };
constexpr int kSpaces = 4;

struct Term {
  std::string name;  // "ctr", "ctcvr", "align1", ...
  Space space;       // of its denominator, unless `partial` names one
  double weight;
  // If >= 0: the denominator is the partial sum of this number, which needs logits.
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

// Sums of sample weights by space, for denominators. They are exact when all weights are 1.
struct SpaceWeights {
  double sum[kSpaces] = {0, 0, 0, 0};
};

// A term's factor in one step.
struct Normalizer {
  double weight = 0;  // 0 outside the term's stage; some methods compute it anew in each step
  double denominator = 0;
  double scale() const { return denominator == 0 ? 0.0 : weight / denominator; }
};

// A method's row function as a value, for devices that run it: its type and its bytes.
struct MethodValue {
  const char* type = nullptr;  // typeid(Method).name()
  const void* bytes = nullptr;
  size_t size = 0;
};

// The inputs of row functions that are computed on the host: Copies and Draw of row_objective.h.
struct RowDraws {
  std::vector<double> copies;  // [rows], or empty: all are 1
  std::vector<double> draw;    // [rows], or empty: all are 0
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

  // The sums of sample weights over these rows, by space. In the sample a row counts as often as
  // the method copies it.
  virtual SpaceWeights SumSpaces(const RowLabels& labels) const = 0;

  // The number of sums over the step that need its logits and that weights or denominators of the
  // losses depend on; 0 for most methods. Such a step costs one more small all-reduce.
  virtual uint32_t partials(uint32_t stage) const = 0;
  // sums: [partials(stage)], increased by the sums over these rows (sample weight included), in row
  // order.
  virtual void AddPartials(uint32_t stage, const RowLabels& labels, MatrixView<const float> logits,
                           double* sums) const = 0;
  virtual void AddPartials(uint32_t stage, const RowLabels& labels, MatrixView<const double> logits,
                           double* sums) const = 0;

  // [terms], every term's factor, from sums over the whole global step. partials:
  // [partials(stage)].
  virtual std::vector<Normalizer> Normalizers(uint32_t stage, const SpaceWeights& spaces,
                                              std::span<const double> partials) const = 0;

  // logits, dlogits: [n, heads].  scales: [terms], Normalizer::scale of each.  term_sums: [terms].
  // dlogits becomes d total / d logit (sample weight included), and 0 for heads that are not
  // trained in this stage. term_sums is increased by the sums over these rows of weight * loss_k,
  // in row order and in double.
  virtual void Evaluate(uint32_t stage, const RowLabels& labels, MatrixView<const float> logits,
                        const std::vector<double>& scales, MatrixView<float> dlogits,
                        double* term_sums) const = 0;
  virtual void Evaluate(uint32_t stage, const RowLabels& labels, MatrixView<const double> logits,
                        const std::vector<double>& scales, MatrixView<double> dlogits,
                        double* term_sums) const = 0;

  // For devices, which compute AddPartials and Evaluate (of floats) by the same row function.
  virtual MethodValue method() const = 0;
  virtual RowDraws DrawsOf(const RowLabels& labels) const = 0;

  // The prediction for an exposure.  logits: [heads].
  virtual Prediction Predict(std::span<const float> logits) const = 0;
};

// The method that the config's oneof names, with its options.  seed: of the method's random draws.
// REQUIRES: config passed validation. Error: kInvalidArgument, no method is named.
Result<std::unique_ptr<Objective>> MakeObjective(const ObjectiveConfig& config, uint64_t seed);
// "BASE", "ESMM", ... in the order of the config's oneof.
std::vector<std::string> ObjectiveNames();

// The largest number of partials of any stage. When it is 0, a grain's backward pass can follow its
// forward pass at once, and activations need not be kept.
uint32_t MostPartials(const Objective& objective);

// [terms], Normalizer::scale of each.
std::vector<double> ScalesOf(const std::vector<Normalizer>& normalizers);

}  // namespace chorus::worker
