#include "worker/model/dense_weights.h"

#include "common/strings.h"

namespace chorus::worker {

DenseWeights::DenseWeights(const TrainConfig& config, const ParameterLayout& layout)
    : layout_(layout),
      batch_norm_momentum_(config.model().batch_norm_momentum()),
      values_(static_cast<size_t>(layout.size())),
      optimizer_(DenseOptimizer::Create(config.model().optimizer(), config.model().clip_norm(),
                                        layout.size())) {
  layout.Initialize(config.seed(), values_);
}

Status DenseWeights::Apply(const DenseUpdate& update, std::span<float> gradient, ThreadPool* pool) {
  const DenseOptimizer::Applied applied =
      optimizer_->ApplyParts(update.t, update.lr_factor, layout_.PartsOfStage(update.stage, true),
                             gradient, values_, pool);
  layout_.UpdateStatistics(update.stage, batch_norm_momentum_, gradient, values_);
  const bool finite = applied.finite && layout_.StatisticsAreFinite(values_);
  return finite ? Status::Ok() : CheckFinite();
}

Status DenseWeights::CheckFinite() const {
  constexpr const char* kRemedy =
      "lower model.optimizer's lr, set model.clip_norm, or look for absurd values in the log";
  if (const ParameterBlock* block = layout_.FirstNonFinite(values_)) {
    return FailedPrecondition(StrCat("the weights of ", block->name, " are not finite: ", kRemedy));
  }
  for (const OptimizerState& array : optimizer_->state()) {
    const ParameterBlock* block = layout_.FirstNonFinite(array.values);
    if (block == nullptr) continue;
    return FailedPrecondition(StrCat("the optimizer's state (", array.name, ") of ", block->name,
                                     " is not finite: ", kRemedy));
  }
  return Status::Ok();
}

}  // namespace chorus::worker
