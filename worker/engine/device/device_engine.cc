#include "worker/engine/device/device_engine.h"

#include <algorithm>
#include <utility>

#include "common/log.h"
#include "common/strings.h"
#include "common/trace.h"
#include "worker/engine/device/device_choice.h"
#include "worker/engine/device/device_step.h"
#include "worker/engine/device/meet_devices.h"
#include "worker/engine/step_gradients.h"
#include "worker/math/floating_point_mode.h"
#include "worker/math/thread_pool.h"

namespace chorus::worker {
namespace {

// They copy memory: more of them would wait for it.
constexpr uint32_t kMostPackingThreads = 8;

std::string NameOf(const DeviceInfo& info, const ComputeConfig& compute) {
  return StrCat("CUDA on ", info.name, ", products in ",
                ComputeConfig::Precision_Name(compute.precision()));
}

class DeviceEngine final : public Engine {
 public:
  DeviceEngine(const EngineContext& context, std::unique_ptr<Device> device)
      : Engine(context, NameOf(device->info(), context.config->compute()), true),
        cuda_(context.config->compute().cuda()),
        device_(std::move(device)) {}

  Status Open() {
    ASSIGN_OR_RETURN(pool_,
                     ThreadPool::Create(std::min(context_.pool->threads(), kMostPackingThreads)));
    DeviceStepOptions options = {context_.config, context_.model, context_.objective,
                                 context_.grains};
    options.step_bytes = size_t{cuda_.step_memory_mb()} << 20;
    options.pool = pool_.get();
    Result<std::unique_ptr<DeviceStep>> step = DeviceStep::Create(options, device_.get());
    if (!step.ok()) return Named(step.status());
    step_ = std::move(step).value();
    if (const uint64_t bytes = device_->info().plain_bytes; bytes > 0) {
      LogWarning("device ", device_->info().index, ": ", bytes >> 20,
                 " MiB of host memory cannot be page-locked; steps wait for their copies");
    }
    return Status::Ok();
  }

  Status JoinWorkers() override;
  bool keeps_gradients() const override { return step_->keeps_gradients(); }

  Status Begin(const StepBatch& batch, const PulledRows& rows) override {
    SetFloatingPointMode();  // also where steps are too small for the threads that would set it
    RETURN_IF_ERROR(LoadDense());
    batch_ = &batch;
    return Named(step_->Load(batch, rows, true));
  }
  Status Forward() override;
  Status Train(const std::vector<double>& scales) override {
    const TraceSpan span("begin grains on the device");
    return Named(step_->Train(scales));
  }
  Status Prepare(const StepBatch& next) override {
    const TraceSpan span("pack for the device", "step", next.step);
    return Named(step_->Prepare(next));
  }
  Status FinishTrain() override;

  StepGradients CombineSparse() override {
    return GradientsOfStage(context_.objective->shape(), context_.model->trainable_tables,
                            batch_->stage,
                            [&](uint32_t table) { return step_->SparseGradients(table); });
  }

  Status ApplyDense(const DenseUpdate& update, std::span<float> gradient) override {
    fetched_ = false;
    return Named(keeps_gradients() ? step_->UpdateWeights(update)
                                   : step_->weights().Update(update, gradient));
  }
  Status FetchDense() override;
  void ForgetDense() override { loaded_ = false; }

  Status Score(const StepBatch& batch, const PulledRows& rows) override {
    SetFloatingPointMode();
    RETURN_IF_ERROR(LoadDense());
    RETURN_IF_ERROR(Named(step_->Load(batch, rows, false)));
    RETURN_IF_ERROR(Named(step_->Forward()));
    TellOfPlainReplays();
    return Status::Ok();
  }
  MatrixView<const float> Logits(uint32_t grain) override { return step_->logits(grain); }

 private:
  MatrixView<const float> GradientsOfNodes() override { return step_->node_gradients(); }
  Status Named(Status status) const {
    if (status.ok()) return status;
    return status.Annotate(
        StrCat("rank ", context_.workers->rank(), ", device ", device_->info().index));
  }
  // The weights of this machine to the device, when they are newer.
  Status LoadDense();
  void TellOfPlainReplays();

  const CudaConfig& cuda_;
  const StepBatch* batch_ = nullptr;
  bool loaded_ = false;   // the device holds the weights of this machine, or newer ones
  bool fetched_ = false;  // this machine holds the device's weights
  bool told_of_refused_ = false;
  bool told_of_kept_ = false;
  std::unique_ptr<ThreadPool> pool_;  // packs steps
  std::unique_ptr<Device> device_;
  std::unique_ptr<DeviceStep> step_;  // after its device
};

Status DeviceEngine::JoinWorkers() {
  Collective* const hosts = context_.workers;
  if (hosts->size() == 1) {
    step_->KeepGradients(nullptr);
    return Status::Ok();
  }
  DeviceCollectiveOptions options;
  options.grains = context_.config->step().grains_per_step();
  for (uint32_t worker = 0; worker < hosts->size(); ++worker) {
    options.nodes.push_back(MaximalNodes(GrainsOfWorker(worker, hosts->size(), options.grains)));
  }
  step_->DescribeGradients(&options);
  options.reproducible = cuda_.reproducible();
  options.bucket = int64_t{cuda_.bucket_kb()} * 1024 / static_cast<int64_t>(sizeof(float));
  options.deadline_seconds = DeviceDeadline(*context_.config);
  const Result<DeviceCollective*> met =
      MeetDevices(cuda_, std::move(options), device_.get(), hosts);
  if (!met.ok()) return Named(met.status());
  if (*met != nullptr) step_->KeepGradients(*met);
  return Status::Ok();
}

Status DeviceEngine::LoadDense() {
  if (loaded_) return Status::Ok();
  RETURN_IF_ERROR(Named(step_->weights().Set(std::as_const(*context_.weights).values())));
  const std::vector<OptimizerState>& state = context_.weights->state();
  for (size_t array = 0; array < state.size(); ++array) {
    RETURN_IF_ERROR(Named(step_->weights().SetState(array, state[array].values)));
  }
  loaded_ = fetched_ = true;
  return Status::Ok();
}

Status DeviceEngine::FetchDense() {
  if (!loaded_ || fetched_) return Status::Ok();
  RETURN_IF_ERROR(Named(step_->weights().Get(context_.weights->values())));
  std::vector<OptimizerState>& state = context_.weights->state();
  for (size_t array = 0; array < state.size(); ++array) {
    RETURN_IF_ERROR(Named(step_->weights().GetState(array, state[array].values)));
  }
  fetched_ = true;
  return Status::Ok();
}

Status DeviceEngine::Forward() {
  RETURN_IF_ERROR(Named(step_->Forward()));
  const MatrixView<const double> partials = step_->partials();
  partials_.Reset(static_cast<uint32_t>(partials.cols));
  for (int64_t g = 0; g < partials.rows; ++g) {
    std::copy_n(partials.row(g), partials.cols, partials_.grain(static_cast<size_t>(g)).data());
  }
  return Status::Ok();
}

Status DeviceEngine::FinishTrain() {
  const TraceSpan span("wait for the device");
  RETURN_IF_ERROR(Named(step_->Finish()));
  const MatrixView<const double> sums = step_->term_sums();
  for (int64_t g = 0; g < sums.rows; ++g) {
    std::copy_n(sums.row(g), terms_, doubles_.grain(static_cast<size_t>(g)).data());
  }
  contexts_pooled_ += step_->contexts_pooled();
  TellOfPlainReplays();
  return Status::Ok();
}

// Each of the two reasons once.
void DeviceEngine::TellOfPlainReplays() {
  const DeviceInfo& info = device_->info();
  const PlainReplays& plain = info.plain_replays;
  if (!plain.refused.empty() && !std::exchange(told_of_refused_, true)) {
    LogWarning("device ", info.index,
               ": some grains start kernel by kernel, CUDA makes no graph: ", plain.refused);
  }
  if (plain.kept > 0 && !std::exchange(told_of_kept_, true)) {
    LogWarning("device ", info.index, ": some grains start kernel by kernel, there are ",
               plain.kept, " CUDA graphs, the most that are kept");
  }
}

}  // namespace

Result<std::unique_ptr<Engine>> NewDeviceEngine(const EngineContext& context,
                                                std::unique_ptr<Device> device) {
  auto engine = std::make_unique<DeviceEngine>(context, std::move(device));
  RETURN_IF_ERROR(engine->Open());
  return std::unique_ptr<Engine>(std::move(engine));
}

}  // namespace chorus::worker
