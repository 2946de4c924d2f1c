#include "launch/gpu/step_run.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "common/optimizer_config.h"
#include "common/random.h"
#include "worker/engine/step_gradients.h"

namespace chorus::gpu {

using namespace worker;

std::vector<float> RunWeights(const ParameterLayout& layout, uint64_t seed) {
  std::vector<float> weights(static_cast<size_t>(layout.size()));
  layout.Initialize(seed, weights);
  for (size_t i = 0; i < weights.size(); ++i) {
    weights[i] += static_cast<float>(ToUniform(Random(seed, RandomPurpose::kTest, i)) * 0.1 - 0.05);
  }
  return weights;
}

namespace {

// Stands for the other devices in a sum: they add nothing.
class LoneCollective final : public DeviceCollective {
 public:
  Status BeginSum(int64_t, int64_t) override { return Status::Ok(); }
  Status Join() override { return Status::Ok(); }
};

}  // namespace

void StepRun::KeepGradients(bool among) {
  if (among) collective_ = std::make_unique<LoneCollective>();
  step_->KeepGradients(collective_.get());
}

Result<std::unique_ptr<StepRun>> StepRun::CreateOn(const TrainConfig& config, const StepData& data,
                                                   Device* device, CountingDevice* counting,
                                                   ThreadPool* pool) {
  std::unique_ptr<StepRun> run(new StepRun(data, counting));
  DeviceStepOptions options = {&config, &data.model, data.objective.get(), data.grains};
  options.step_bytes = size_t{config.compute().cuda().step_memory_mb()} << 20;
  options.pool = pool;
  ASSIGN_OR_RETURN(run->step_, DeviceStep::Create(options, device));
  const auto parameters = static_cast<size_t>(run->step_->parameters().size());
  run->gradient_.resize(parameters);
  RETURN_IF_ERROR(run->step_->weights().Set(RunWeights(run->step_->parameters(), config.seed())));
  if (counting != nullptr) counting->Clear();
  return run;
}

Status StepRun::Load(const StepBatch& batch, const PulledRows& rows) {
  SetPhase(Phase::kUpload);
  const Status status = step_->Load(batch, rows, true);
  SetPhase({});
  return status;
}

Status StepRun::Compute(const StepBatch& batch) {
  const Objective& objective = *data_.objective;
  SpaceWeights spaces;
  for (const SpaceWeights& grain : batch.spaces) {
    for (int s = 0; s < kSpaces; ++s) spaces.sum[s] += grain.sum[s];
  }
  std::vector<double> partials(objective.partials(batch.stage), 0.0);
  if (!partials.empty()) {
    RETURN_IF_ERROR(step_->Forward());
    const MatrixView<const double> grains = step_->partials();
    for (int64_t g = 0; g < grains.rows; ++g) {
      for (size_t k = 0; k < partials.size(); ++k) partials[k] += grains.row(g)[k];
    }
  }
  RETURN_IF_ERROR(step_->Train(ScalesOf(objective.Normalizers(batch.stage, spaces, partials))));
  return step_->Finish();
}

Status StepRun::Update(const StepBatch& batch) {
  const MatrixView<const float> nodes = step_->node_gradients();  // none if kept there
  std::fill(gradient_.begin(), gradient_.end(), 0.0f);
  for (int64_t n = 0; n < nodes.rows; ++n) {
    for (int64_t i = 0; i < nodes.cols; ++i) gradient_[static_cast<size_t>(i)] += nodes.row(n)[i];
  }
  SetPhase(Phase::kUpdate);
  const DenseUpdate update = {batch.stage, ++updates_, 1.0f};
  const Status status = step_->keeps_gradients() ? step_->UpdateWeights(update)
                                                 : step_->weights().Update(update, gradient_);
  SetPhase({});
  return status;
}

Status StepRun::Run(const StepBatch& batch, const PulledRows& rows) {
  RETURN_IF_ERROR(Load(batch, rows));
  RETURN_IF_ERROR(Compute(batch));
  return Update(batch);
}

std::unique_ptr<StepGradients> StepRun::Gradients(const StepBatch& batch) const {
  const MethodShape& shape = data_.objective->shape();
  auto gradients = std::make_unique<StepGradients>(
      GradientsOfStage(shape, data_.model.trainable_tables, batch.stage,
                       [&](uint32_t table) { return step_->SparseGradients(table); }));
  gradients->lr_factors.assign(data_.model.dims.size(), 1.0f);
  return gradients;
}

namespace {

// The fastest of several loads after one to warm up: the time of packing on an undisturbed machine.
Result<double> SecondsOfPacking(const StepBatch& batch, const PulledRows& rows, StepRun* run) {
  using Clock = std::chrono::steady_clock;
  RETURN_IF_ERROR(run->Load(batch, rows));
  std::chrono::duration<double> best(1e9);
  for (int i = 0; i < 3; ++i) {
    const Clock::time_point begin = Clock::now();
    RETURN_IF_ERROR(run->Load(batch, rows));
    best = std::min<std::chrono::duration<double>>(best, Clock::now() - begin);
  }
  return best.count();
}

}  // namespace

Result<DryRun> RunDry(const TrainConfig& config, const StepData& data, uint32_t workers) {
  CountingDevice device(nullptr, config.compute().precision());
  ASSIGN_OR_RETURN(const auto pool, ThreadPool::Create(config.compute().threads()));
  ASSIGN_OR_RETURN(const std::unique_ptr<StepRun> run,
                   StepRun::Create(config, data, &device, pool.get()));
  if (config.compute().cuda().collective() != CudaConfig::HOST) run->KeepGradients(workers > 1);
  const StepBatch& batch = *data.steps.back();
  const ZeroRows rows(data.model.dims);
  DryRun result;
  ASSIGN_OR_RETURN(result.pack_seconds, SecondsOfPacking(batch, rows, run.get()));
  // Afterwards no copy is under way, as between steps, and graphs of both blocks are kept.
  for (int i = 0; i < (config.compute().cuda().graphs() ? 4 : 1); ++i) {
    RETURN_IF_ERROR(run->Run(batch, rows));
  }
  device.Clear();
  RETURN_IF_ERROR(run->Load(batch, rows));
  RETURN_IF_ERROR(run->Compute(batch));
  RETURN_IF_ERROR(run->Update(batch));
  result.cost = device.calls();
  result.taken = device.taken();
  result.gradients = run->Gradients(batch);
  for (std::vector<NodeGradient>& nodes : result.gradients->tables) {
    for (NodeGradient& node : nodes) {
      const SparseGradient& own = result.viewed.emplace_back(
          SparseGradient{{node.positions.begin(), node.positions.end()},
                         {node.gradients.begin(), node.gradients.end()}});
      node = {node.node, own.positions, own.gradients};
    }
  }
  result.parameters = run->step().parameters().size();
  result.nodes = MaximalNodes(data.grains).size();
  return result;
}

}  // namespace chorus::gpu
