#pragma once
// The dense parameters of a model: one flat array of floats, in which named blocks lie. Blocks of
// towers that are computed as one wide product interleave (a block has a stride), so that names,
// shapes and initial values of a tower do not depend on what stands beside it. A float belongs to
// at most one block: matrices begin at multiples of kAlignment floats and have rows of RowStride,
// for devices; what lies between them is 0, as is its gradient, and stands in no file.
//   "tower.cvr.0.exposure" [inputs, 360], "tower.cvr.0.bias" [1, 360], "tower.cvr.logit.weight"
//   [80, 1], ...
// Thread safety: a value.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "common/matrix_view.h"

namespace chorus::worker {

struct ParameterBlock {
  std::string name;  // stable: checkpoints and exports use it
  int64_t rows = 0;
  int64_t cols = 0;
  int64_t offset = 0;  // of element (0, 0) in the flat array
  int64_t stride = 0;  // from one row to the next
  int64_t fan_in = 0;  // inputs of the whole layer; 0: starts as zeros (biases and logits)
  uint32_t stage = 0;  // the stage that trains it (method_shape.h)
  // A running statistic, no weight: no optimizer steps it, and its gradient is what the step
  // measured (layer/batch_norm.h).
  bool statistic = false;
  float initial = 0;   // of a statistic
  int64_t count = -1;  // of a statistic: where the number of grains stands that its gradient sums

  MatrixView<float> In(std::span<float> parameters) const {
    return {parameters.data() + offset, rows, cols, stride};
  }
  MatrixView<const float> In(std::span<const float> parameters) const {
    return {parameters.data() + offset, rows, cols, stride};
  }
};

// Floats [begin, end) of the flat array.
struct ParameterRange {
  int64_t begin = 0;
  int64_t end = 0;
  int64_t size() const { return end - begin; }
};

class ParameterLayout {
 public:
  static constexpr int64_t kAlignment = 64;  // floats

  // Places a matrix of rows x (sum of widths) after what there is and returns its offset; part i is
  // the block names[i] of widths[i] columns. REQUIRES: no matrix of a later stage came before.
  int64_t AddMatrix(const std::vector<std::string>& names, int64_t rows,
                    const std::vector<int64_t>& widths, int64_t fan_in, uint32_t stage = 0);

  // Mean and variance of units, and the count of what they were measured on ("<name>.mean", ...,
  // the count under the first name). They lie behind all weights. REQUIRES: no AddMatrix after.
  struct Statistics {
    int64_t mean = 0;  // offsets
    int64_t variance = 0;
    int64_t count = 0;
  };
  Statistics AddStatistics(const std::vector<std::string>& names,
                           const std::vector<int64_t>& widths, uint32_t stage);

  const std::vector<ParameterBlock>& blocks() const { return blocks_; }
  int64_t size() const { return size_; }  // floats, a multiple of kAlignment
  // Where the weights of a stage lie, all of them and no others. Statistics lie after all.
  ParameterRange OfStage(uint32_t stage) const;

  // Glorot & Bengio 2010, uniform on +-sqrt(6 / (fan_in + cols)); element (i, j) is a function of
  // (seed, name of the block, i * cols + j).    parameters: [size()].
  void Initialize(uint64_t seed, std::span<float> parameters) const;
  // What a step does to the statistics of a stage that some grain measured:
  //   p += (1 - momentum) * (gradient / number of grains - p)
  void UpdateStatistics(uint32_t stage, double momentum, std::span<const float> gradient,
                        std::span<float> parameters) const;
  // The first block with an infinite or NaN element; null: all are finite.     values: [size()].
  const ParameterBlock* FirstNonFinite(std::span<const float> values) const;

 private:
  void End(int64_t end) { size_ = (end + kAlignment - 1) / kAlignment * kAlignment; }

  std::vector<ParameterBlock> blocks_;
  int64_t size_ = 0;
  int64_t weights_ = 0;  // where statistics begin
};

}  // namespace chorus::worker
