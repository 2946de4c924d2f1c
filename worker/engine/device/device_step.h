#pragma once
// A worker's grains of a step on a device: pooling, towers, losses, backward, and the sums over the
// worker's nodes of the canonical tree. All memory is taken when it is made; a step is two copies
// to the device, launches, and one wait for what goes to servers and workers. Grains are computed
// one after the other with the shapes that the CPU uses, so that a grain's result depends on the
// grain alone. Thread safety: none.

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "common/config.pb.h"
#include "common/status.h"
#include "worker/device/device.h"
#include "worker/device/device_arena.h"
#include "worker/engine/device/device_gradients.h"
#include "worker/engine/device/device_row_gradients.h"
#include "worker/engine/device/device_weights.h"
#include "worker/engine/device/finite_flags.h"
#include "worker/engine/device/staged_steps.h"
#include "worker/log/batch.h"
#include "worker/model/group_compute.h"
#include "worker/model/model.h"

namespace chorus::worker {

struct DeviceStepOptions {
  const TrainConfig* config = nullptr;    // with defaults applied
  const Model* model = nullptr;           // outlives the DeviceStep
  const Objective* objective = nullptr;   // outlives the DeviceStep
  GrainRange grains;                      // of this worker
  size_t step_bytes = size_t{256} << 20;  // most that a step's inputs, or its gradients, may need
  ThreadPool* pool = nullptr;             // packs steps, see PackingPlan; outlives the DeviceStep
};

class DeviceStep {
 public:
  // `device` outlives what is made. Error: kResourceExhausted, the device has too little memory;
  // kFailedPrecondition, it lacks the objective's method.
  static Result<std::unique_ptr<DeviceStep>> Create(const DeviceStepOptions& options,
                                                    Device* device);

  const ParameterLayout& parameters() const { return model_.parameters(); }
  DeviceWeights& weights() { return *weights_; }

  // From now on dense gradients stay on the device: this worker is the only one (null), or all
  // devices sum them in `collective`, which was opened with what DescribeGradients filled in.
  // UpdateWeights then follows on Finish.
  void DescribeGradients(DeviceCollectiveOptions* options) const { dense_->Describe(options); }
  void KeepGradients(DeviceCollective* collective) { dense_->Keep(collective); }
  bool keeps_gradients() const { return dense_->kept(); }
  Status UpdateWeights(const DenseUpdate& update);

  // Begins to bring over a training batch that a later Load will name, beside what is computed.
  // Error: kResourceExhausted, the step needs more memory than there is.
  Status Prepare(const StepBatch& batch) { return staged_->Prepare(batch); }
  // The step that later calls are about.  training: gradients will be wanted. Both arguments are
  // copied. Error: as Prepare.
  Status Load(const StepBatch& batch, const PulledRows& rows, bool training);

  // The forward pass of all grains, and where the stage has them, the objective's partial sums.
  // Error, of this and Finish: kFailedPrecondition when a logit or gradient is not finite: names
  // grain and head, slot or block.
  Status Forward();
  // [grains, partials of the stage].
  MatrixView<const double> partials() const;
  // Logits of a grain, [rows, heads]. REQUIRES: Forward has run.
  MatrixView<const float> logits(uint32_t grain) const;

  // Whether what repeats from step to step is started as one (Device::Replay), as
  // compute.cuda.graphs says at first: of a full grain everything but the gradients of rows, for
  // each block of staged_steps.h and each padded number of contexts. The bits are the same.
  void UseGraphs(bool on) { graphs_ = on; }

  // Begins losses and gradients of all grains; the forward pass first unless it has run.  scales:
  // [terms]. Nothing waits; host memory that results go to is written until Finish returns.
  Status Train(const std::vector<double>& scales);
  Status Finish();
  // [grains, terms].
  MatrixView<const double> term_sums() const;
  // Sums of the dense gradients over the worker's nodes, [nodes, parameters]; [nodes, 0] where they
  // stay on the device.
  MatrixView<const float> node_gradients() const { return dense_->of_nodes(); }
  // Sums of the gradients of a table instance over the worker's nodes; valid until the next Load.
  std::vector<NodeGradient> SparseGradients(uint32_t instance) const {
    return rows_->OnHost(instance);
  }

  uint64_t contexts_pooled() const { return contexts_pooled_; }

 private:
  // Activations of one grain in all groups.
  struct Workspace {
    std::vector<GroupBuffers> groups;
    MatrixView<float> dlogits;  // [grain_rows, heads]
  };
  // Where what a step brings back lies, on the device and on the host.
  struct Returned {
    std::byte* device = nullptr;
    std::byte* host = nullptr;
  };

  DeviceStep(const DeviceStepOptions& options, Device* device);
  Status Open();
  Status OpenBuffers();
  void TakeFixedMemory();
  DeviceSizes LargestSizes() const;
  Workspace& WorkspaceOf(size_t grain) { return workspaces_[keeps_activations_ ? grain : 0]; }
  bool IsComputed(size_t group) const { return model_.network.groups[group].stage <= stage_; }
  bool IsTrained(size_t group) const { return model_.network.groups[group].stage == stage_; }
  bool IsLast(size_t grain) const { return grain + 1 == range_.size(); }
  MatrixView<float> LogitsOf(size_t grain) const;
  uint32_t* FlagsOf(size_t grain) const;
  GroupPass PassOf(size_t grain, size_t group);

  // What may be started as one, of a grain; towers and trunks are one group's.
  enum class Part : uint64_t { kForward, kTrain, kLosses, kTowers, kTrunk };
  Status AsOne(Part part, size_t grain, size_t group, const std::function<Status()>& calls);

  Status ForwardGrain(size_t grain);
  Status ForwardGrainWithPartials(size_t grain);
  Status TrainGrain(size_t grain);
  Status TrainGrainInParts(size_t grain);
  Status Losses(size_t grain);
  Status Towers(size_t grain, size_t group);
  Status Trunk(size_t grain, size_t group);
  std::span<float> GradientOf(size_t grain) const;
  Status BringBack(bool gradients);
  Status WaitAndCheck(bool gradients);

  const TrainConfig& config_;
  const Model& model_;
  const Objective& objective_;
  const GrainRange range_;
  Device* const device_;
  const int64_t grain_rows_;
  bool keeps_activations_ = false;
  uint32_t last_stage_ = 0;
  int64_t heads_ = 0;
  int64_t terms_ = 0;

  DeviceArena fixed_;  // everything of known size
  std::unique_ptr<DeviceWeights> weights_;
  std::unique_ptr<FiniteFlags> flags_;
  std::unique_ptr<DeviceGradients> dense_;
  std::vector<Workspace> workspaces_;  // one, or [grains]

  // What returns every step, in this order: flags, term sums, partials, logits.
  Returned flags_of_, sums_, partials_, logits_;
  Returned returned_;         // the whole of it
  double* scales_ = nullptr;  // [terms]
  size_t returned_bytes_ = 0;

  std::unique_ptr<StagedSteps> staged_;
  std::unique_ptr<DeviceRowGradients> rows_;
  const size_t step_bytes_;  // capacity of what a step brings, and what it needs
  ThreadPool* const pool_;
  std::vector<int64_t> padded_contexts_;  // [grains]
  bool graphs_ = false;
  std::vector<uint64_t> key_;  // of the last AsOne
  uint32_t stage_ = 0;
  uint32_t trained_stage_ = 0;  // of the last training step
  uint64_t step_ = 0;
  bool training_ = false;
  bool forwarded_ = false;
  uint64_t contexts_pooled_ = 0;
};

}  // namespace chorus::worker
