#pragma once
// The seam of the CVR methods: which heads a method needs, which loss terms it sums, and for each exposure its
// losses and the gradient of the total with respect to each logit. One small header a method lies in
// objective/ (paper and equations at its head); sums, denominators and sample weights are shared code.
//
//   total = sum over terms k of  weight_k * (sum over the global step of loss_k(row)) / denominator_k
//
// Denominators are sums of sample weights over the term's space in the whole global step, never of one worker's
// part; a term whose denominator is 0 is 0 and has no gradient.
// Thread safety: const methods from any thread.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/config.pb.h"
#include "common/matrix_view.h"
#include "common/status.h"

namespace chorus::worker {

enum class Space { kExposures = 0, kClicked = 1, kUnclicked = 2 };  // D, O, N of the papers
constexpr int kSpaces = 3;

struct Head {
  std::string name;          // "ctr", "cvr", "uncvr", ...
  uint32_t group = 0;        // embedding group whose tables and first layer it reads
};

struct Term {
  std::string name;          // "ctr", "ctcvr", "align1", ...
  Space space;               // of its denominator
  double weight;
};

// Labels of n rows. conversion is read only where click is 1.
struct RowLabels {
  const uint8_t* click;       // [n]
  const uint8_t* conversion;  // [n]
  const float* weight;        // [n], or null: every weight is 1
  int64_t rows;
};

// Sums of sample weights by space: what denominators are made of. Exact for unit weights.
struct SpaceWeights {
  double sum[kSpaces] = {0, 0, 0};
};
SpaceWeights SumSpaces(const RowLabels& labels);

class Objective {
 public:
  virtual ~Objective() = default;
  virtual std::string_view name() const = 0;                      // "CHORUS_CVR"
  virtual const std::vector<std::string>& groups() const = 0;     // names of embedding groups, at least one
  virtual const std::vector<Head>& heads() const = 0;
  virtual const std::vector<Term>& terms() const = 0;
  // Heads whose sigmoids are pCTR and pCVR; pCTCVR is their product.
  virtual uint32_t ctr_head() const = 0;
  virtual uint32_t cvr_head() const = 0;

  // weight_k / denominator_k for every term, 0 where the denominator is 0.
  std::vector<double> Scales(const SpaceWeights& global) const;
  double Denominator(const Term& term, const SpaceWeights& global) const {
    return global.sum[static_cast<int>(term.space)];
  }

  // logits, dlogits: [n, heads]. dlogits gets d total / d logit (sample weight included); term_sums
  // [terms] is increased by the sums over these rows of weight * loss_k, in row order, in double.
  virtual void Evaluate(const RowLabels& labels, MatrixView<const float> logits,
                        const std::vector<double>& scales, MatrixView<float> dlogits,
                        double* term_sums) const = 0;
  virtual void Evaluate(const RowLabels& labels, MatrixView<const double> logits,
                        const std::vector<double>& scales, MatrixView<double> dlogits,
                        double* term_sums) const = 0;
};

// The method that the config's oneof names, with its options. REQUIRES: config passed validation.
Result<std::unique_ptr<Objective>> MakeObjective(const ObjectiveConfig& config);
// "BASE", "ESMM", ... in the order of the registry.
std::vector<std::string> ObjectiveNames();

}  // namespace chorus::worker
