#include "worker/layers/parameters.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "common/check.h"
#include "common/key.h"
#include "common/random.h"
#include "worker/math/kernels.h"
#include "worker/math/row_stride.h"

namespace chorus::worker {

int64_t ParameterLayout::AddMatrix(const std::vector<std::string>& names, int64_t rows,
                                   const std::vector<int64_t>& widths, int64_t fan_in,
                                   uint32_t stage, bool trainable, float initial) {
  CHECK(names.size() == widths.size());
  CHECK(blocks_.empty() || (blocks_.back().stage <= stage && weights_ == size_),
        "stages out of order: ", names[0]);
  const int64_t stride = RowStride(std::accumulate(widths.begin(), widths.end(), int64_t{0}));
  const int64_t begin = size_;
  int64_t column = 0;
  for (size_t i = 0; i < names.size(); ++i) {
    blocks_.push_back({names[i], rows, widths[i], begin + column, stride, fan_in, stage, trainable,
                       false, initial});
    column += widths[i];
  }
  End(begin + rows * stride);
  matrices_.push_back({{begin, size_}, stage, trainable});
  weights_ = size_;
  return begin;
}

ParameterLayout::Statistics ParameterLayout::AddStatistics(const std::vector<std::string>& names,
                                                           const std::vector<int64_t>& widths,
                                                           uint32_t stage, bool trainable) {
  const int64_t width = std::accumulate(widths.begin(), widths.end(), int64_t{0});
  const Statistics offsets = {size_, size_ + width, size_ + 2 * width};
  int64_t next = size_;
  // The count's block has its own offset as `count`, by which UpdateStatistics knows it.
  const auto add = [&](const std::string& name, int64_t cols, float initial) {
    blocks_.push_back(
        {name, 1, cols, next, cols, 0, stage, trainable, true, initial, offsets.count});
    next += cols;
  };
  for (size_t i = 0; i < names.size(); ++i) add(names[i] + ".mean", widths[i], 0.0f);
  for (size_t i = 0; i < names.size(); ++i) add(names[i] + ".variance", widths[i], 1.0f);
  add(names[0] + ".count", 1, 0.0f);
  End(next);
  return offsets;
}

ParameterRange ParameterLayout::OfStage(uint32_t stage) const {
  // A block's first float: blocks side by side start in one row, so the first of a matrix is least.
  const auto begin = [this](uint32_t least_stage) {
    for (const ParameterBlock& block : blocks_) {
      if (block.stage >= least_stage && !block.statistic) return block.offset;
    }
    return weights_;
  };
  return {begin(stage), begin(stage + 1)};
}

std::vector<ParameterRange> ParameterLayout::PartsOfStage(uint32_t stage, bool trainable) const {
  std::vector<ParameterRange> parts;
  for (const Matrix& matrix : matrices_) {
    if (matrix.stage != stage || matrix.trainable != trainable) continue;
    if (!parts.empty() && parts.back().end == matrix.range.begin) {
      parts.back().end = matrix.range.end;
    } else {
      parts.push_back(matrix.range);
    }
  }
  return parts;
}

void ParameterLayout::Initialize(uint64_t seed, std::span<float> parameters) const {
  CHECK(static_cast<int64_t>(parameters.size()) == size_);
  for (const ParameterBlock& block : blocks_) {
    const MatrixView<float> matrix = block.In(parameters);
    if (block.statistic || block.fan_in == 0) {
      for (int64_t i = 0; i < block.rows; ++i)
        std::fill_n(matrix.row(i), block.cols, block.initial);
      continue;
    }
    // By name and place inside the block, and not by place in the flat array: a tower starts with
    // the same weights whatever other towers the model has.
    const uint64_t name = SpaceSeed(block.name);
    const double limit = std::sqrt(6.0 / static_cast<double>(block.fan_in + block.cols));
    for (int64_t i = 0; i < block.rows; ++i) {
      for (int64_t j = 0; j < block.cols; ++j) {
        const uint64_t bits =
            Random(seed, RandomPurpose::kDenseInitializer, name, i * block.cols + j);
        matrix(i, j) = static_cast<float>((2.0 * ToUniform(bits) - 1.0) * limit);
      }
    }
  }
}

void ParameterLayout::UpdateStatistics(uint32_t stage, double momentum,
                                       std::span<const float> gradient,
                                       std::span<float> parameters) const {
  for (const ParameterBlock& block : blocks_) {
    const bool moves = block.statistic && block.trainable && block.stage == stage;
    if (!moves || block.offset == block.count) continue;
    const double grains = gradient[static_cast<size_t>(block.count)];
    if (grains == 0) continue;
    for (int64_t j = block.offset; j < block.offset + block.cols; ++j) {
      const auto at = static_cast<size_t>(j);
      const double value = parameters[at];
      parameters[at] =
          static_cast<float>(value + (1.0 - momentum) * (gradient[at] / grains - value));
    }
  }
}

bool ParameterLayout::StatisticsAreFinite(std::span<const float> parameters) const {
  return std::all_of(blocks_.begin(), blocks_.end(), [&](const ParameterBlock& block) {
    const MatrixView<const float> matrix = block.In(parameters);
    return !block.statistic || AllFinite(matrix.row(0), matrix.rows * matrix.stride);
  });
}

const ParameterBlock* ParameterLayout::FirstNonFinite(std::span<const float> values) const {
  if (AllFinite(values.data(), static_cast<int64_t>(values.size()))) return nullptr;
  for (const ParameterBlock& block : blocks_) {
    const MatrixView<const float> matrix = block.In(values);
    for (int64_t i = 0; i < matrix.rows; ++i) {
      if (!AllFinite(matrix.row(i), matrix.cols)) return &block;
    }
  }
  return nullptr;
}

}  // namespace chorus::worker
