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
#include "worker/engine/device/device_grain.h"
#include "worker/engine/device/device_row_gradients.h"
#include "worker/engine/device/device_weights.h"
#include "worker/engine/device/finite_flags.h"
#include "worker/engine/device/grain_replay.h"
#include "worker/engine/device/staged_steps.h"
#include "worker/engine/device/step_results.h"
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

  const ParameterLayout& parameters() const { return plan_.model->parameters(); }
  DeviceWeights& weights() { return weights_; }

  // From now on dense gradients stay on the device: this worker is the only one (null), or all
  // devices sum them in `collective`, which was opened with what DescribeGradients filled in.
  // UpdateWeights then follows on Finish.
  void DescribeGradients(DeviceCollectiveOptions* options) const { dense_.Describe(options); }
  void KeepGradients(DeviceCollective* collective) { dense_.Keep(collective); }
  bool keeps_gradients() const { return dense_.kept(); }
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
  MatrixView<const double> partials() const {
    return results_.partials_on_host(plan_.objective->partials(step_.stage));
  }
  // Logits of a grain, [rows, heads]. REQUIRES: Forward has run.
  MatrixView<const float> logits(uint32_t grain) const {
    return results_.logits_on_host(grain, staged_->current().grains[grain].rows);
  }

  // Whether what repeats from step to step is started as one (grain_replay.h); at first as
  // compute.cuda.graphs says.
  void UseGraphs(bool on) { replay_.Turn(on); }

  // Begins losses and gradients of all grains; the forward pass first unless it has run.  scales:
  // [terms]. Nothing waits; host memory that results go to is written until Finish returns.
  Status Train(const std::vector<double>& scales);
  Status Finish();
  // [grains, terms].
  MatrixView<const double> term_sums() const { return results_.term_sums_on_host(); }
  // Sums of the dense gradients over the worker's nodes, [nodes, parameters]; [nodes, 0] where they
  // stay on the device.
  MatrixView<const float> node_gradients() const { return dense_.of_nodes(); }
  // Sums of the gradients of a table instance over the worker's nodes; valid until the next Load.
  std::vector<NodeGradient> SparseGradients(uint32_t instance) const {
    return rows_->OnHost(instance);
  }

  uint64_t contexts_pooled() const { return contexts_pooled_; }

 private:
  DeviceStep(const DeviceStepOptions& options, Device* device);
  Status Open();
  Status OpenBuffers();
  void TakeFixedMemory();
  DeviceSizes LargestSizes(const MatrixExtents& extents) const;
  bool IsLast(size_t grain) const { return static_cast<int64_t>(grain) + 1 == plan_.grains; }
  size_t grains() const { return static_cast<size_t>(plan_.grains); }

  Status AsOne(GrainReplay::Part part, size_t grain, size_t group,
               const std::function<Status()>& calls) {
    return replay_.Run(step_, part, grain, group, calls);
  }
  Status TrainGrain(size_t grain);
  Status TrainGrainInParts(size_t grain);
  Status SumRows(size_t grain);
  Status BringBack(bool gradients);
  Status WaitAndCheck(bool gradients);

  const DeviceStepOptions options_;
  const GrainPlan plan_;
  Device* const device_;

  DeviceArena fixed_;  // everything of known size, as long as the step lives
  DeviceWeights weights_;
  FiniteFlags flags_;
  DeviceGradients dense_;
  StepResults results_;
  DeviceGrains grains_;       // after the arrays that it computes with
  double* scales_ = nullptr;  // [terms], on the device

  std::unique_ptr<StagedSteps> staged_;
  std::unique_ptr<DeviceRowGradients> rows_;
  GrainReplay replay_;
  LoadedStep step_;
  uint32_t trained_stage_ = 0;  // of the last training step
  uint64_t contexts_pooled_ = 0;
};

}  // namespace chorus::worker
