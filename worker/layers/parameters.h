#pragma once
// The dense parameters of a model: one flat array of floats that is divided into named blocks. The
// blocks of towers that are computed as one wide product interleave (a block has a stride), so that
// names, shapes and initial values of a tower do not depend on the towers beside it. A float
// belongs to at most one block. For devices, matrices begin at multiples of kAlignment floats and
// their rows have the stride RowStride. The floats between blocks are 0, as are their gradients,
// and no file holds them.
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
  std::string name;  // stable, since checkpoints and exports use it
  int64_t rows = 0;
  int64_t cols = 0;
  int64_t offset = 0;     // of element (0, 0) in the flat array
  int64_t stride = 0;     // from one row to the next
  int64_t fan_in = 0;     // inputs of the whole layer; 0: starts as `initial` (biases, logits, ...)
  uint32_t stage = 0;     // the stage that trains it (method_shape.h)
  bool trainable = true;  // false: no stage does
  // A running statistic and no weight: no optimizer updates it, and its gradient is the sum of what
  // the step's grains measured (batch_norm.h).
  bool statistic = false;
  float initial = 0;   // the first value of a statistic, or without a fan-in
  int64_t count = -1;  // of a statistic: offset of the number of grains that measured it

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

  // Adds a matrix of `rows` x (sum of widths) at the end and returns its offset. Its part i, of
  // widths[i] columns, is the block names[i]. initial: without a fan-in. A matrix that is not
  // trainable stays as it is. REQUIRES: no matrix of a later stage was added before.
  int64_t AddMatrix(const std::vector<std::string>& names, int64_t rows,
                    const std::vector<int64_t>& widths, int64_t fan_in, uint32_t stage = 0,
                    bool trainable = true, float initial = 0);

  // Adds the running statistics of units: the blocks "<name>.mean" and "<name>.variance" of each
  // name, and "<first name>.count", the number of grains that measured them. Statistics are behind
  // all weights. REQUIRES: no AddMatrix comes after.
  struct Statistics {
    int64_t mean = 0;  // offsets
    int64_t variance = 0;
    int64_t count = 0;
  };
  Statistics AddStatistics(const std::vector<std::string>& names,
                           const std::vector<int64_t>& widths, uint32_t stage,
                           bool trainable = true);

  const std::vector<ParameterBlock>& blocks() const { return blocks_; }
  int64_t size() const { return size_; }  // floats, a multiple of kAlignment
  // The range of the weights of a stage: all of them and no others, without statistics.
  ParameterRange OfStage(uint32_t stage) const;
  // The parts of it that are trainable, or those that are not: as few ranges as there can be,
  // ascending. One range, OfStage, where all of it is.
  std::vector<ParameterRange> PartsOfStage(uint32_t stage, bool trainable) const;

  // Glorot & Bengio 2010, uniform on +-sqrt(6 / (fan_in + cols)); element (i, j) is a function of
  // (seed, name of the block, i * cols + j).    parameters: [size()].
  void Initialize(uint64_t seed, std::span<float> parameters) const;
  // Updates the trainable statistics of a stage that some grain of the step has measured:
  //   p += (1 - momentum) * (gradient / number of grains - p)
  void UpdateStatistics(uint32_t stage, double momentum, std::span<const float> gradient,
                        std::span<float> parameters) const;
  bool StatisticsAreFinite(std::span<const float> parameters) const;
  // The first block with an infinite or NaN element; null when all are finite.  values: [size()].
  const ParameterBlock* FirstNonFinite(std::span<const float> values) const;

 private:
  void End(int64_t end) { size_ = (end + kAlignment - 1) / kAlignment * kAlignment; }

  struct Matrix {
    ParameterRange range;  // to the next one's begin
    uint32_t stage;
    bool trainable;
  };
  std::vector<ParameterBlock> blocks_;
  std::vector<Matrix> matrices_;
  int64_t size_ = 0;
  int64_t weights_ = 0;  // offset of the first statistic
};

}  // namespace chorus::worker
