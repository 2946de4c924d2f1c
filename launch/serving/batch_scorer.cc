#include "launch/serving/batch_scorer.h"

#include <utility>

#include "launch/serving/computing_thread.h"
#include "launch/serving/row_lookup.h"
#include "worker/engine/cpu/grain_compute.h"
#include "worker/math/backend.h"

namespace chorus::launch {
namespace {

class ServedBatchScorer final : public BatchScorer {
 public:
  ServedBatchScorer(const ServedModel& model, std::unique_ptr<worker::Backend> backend)
      : model_(model), backend_(std::move(backend)), lookup_(model) {
    TrainConfig config = model.config;
    config.mutable_step()->set_grain_rows(kMostRows);
    compute_ =
        worker::GrainCompute::Create(config, model.model(), model.network.shape, backend_.get());
    workspace_ = compute_->NewWorkspace();
  }

  Status Score(const worker::Batch& batch, std::vector<worker::Prediction>* out) override {
    const ComputingThread computing;
    RETURN_IF_ERROR(compute_->Forward(lookup_.Find(batch), model_.parameters, workspace_.get()));
    RETURN_IF_ERROR(compute_->CheckLogits(*workspace_));
    out->clear();
    for (int64_t row = 0; row < batch.rows(); ++row) {
      out->push_back(PredictionOf(model_, workspace_->logits(), row, &scratch_));
    }
    return Status::Ok();
  }

 private:
  const ServedModel& model_;
  const std::unique_ptr<worker::Backend> backend_;
  std::unique_ptr<worker::GrainCompute> compute_;
  std::unique_ptr<worker::Workspace> workspace_;
  RowLookup lookup_;
  std::vector<float> scratch_;
};

}  // namespace

Result<std::unique_ptr<BatchScorer>> BatchScorer::Create(const ServedModel& model) {
  ComputeConfig::Precision precision = model.config.compute().precision();
  if (precision == ComputeConfig::TF32) precision = ComputeConfig::FP32;
  ASSIGN_OR_RETURN(std::unique_ptr<worker::Backend> backend,
                   worker::NewCpuBackend(ComputeConfig::NATIVE, precision));
  RETURN_IF_ERROR(
      backend->UseWeights(model.parameters.data(), static_cast<int64_t>(model.parameters.size())));
  return std::unique_ptr<BatchScorer>(
      std::make_unique<ServedBatchScorer>(model, std::move(backend)));
}

}  // namespace chorus::launch
