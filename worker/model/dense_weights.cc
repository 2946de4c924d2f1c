#include "worker/model/dense_weights.h"

namespace chorus::worker {

DenseWeights::DenseWeights(const TrainConfig& config, const ParameterLayout& layout)
    : layout_(layout),
      batch_norm_momentum_(config.model().batch_norm_momentum()),
      values_(static_cast<size_t>(layout.size())),
      optimizer_(DenseOptimizer::Create(config.model().optimizer(), config.model().clip_norm(),
                                        layout.size())) {
  layout.Initialize(config.seed(), values_);
}

void DenseWeights::Apply(const DenseUpdate& update, std::span<float> gradient) {
  const ParameterRange range = layout_.OfStage(update.stage);
  const auto first = static_cast<size_t>(range.begin);
  const auto count = static_cast<size_t>(range.size());
  optimizer_->Apply(update.t, update.lr_factor, range.begin, gradient.subspan(first, count),
                    std::span(values_).subspan(first, count));
  layout_.UpdateStatistics(update.stage, batch_norm_momentum_, gradient, values_);
}

}  // namespace chorus::worker
