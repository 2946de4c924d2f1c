#pragma once
// What computes a worker's grains: this machine's cores (cpu/cpu_engine.h) or a device
// (device/device_engine.h). Its users see nothing else of either. Thread safety: the trainer's
// thread.

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "common/matrix_view.h"
#include "common/status.h"
#include "worker/collective/collective.h"
#include "worker/engine/context.h"
#include "worker/engine/node_sums.h"
#include "worker/model/dense_update.h"
#include "worker/servers/ps_client.h"
#include "worker/steps/step_reader.h"

namespace chorus::worker {

class Engine {
 public:
  virtual ~Engine() = default;

  // "CPU", or "CUDA on NVIDIA A100, products in TF32". Two engines with different texts may round
  // differently.
  const std::string& computes_on() const { return computes_on_; }
  // Whether a device computes, so that this machine's cores are free for other work.
  bool leaves_cores_free() const { return leaves_cores_free_; }
  uint64_t contexts_pooled() const { return contexts_pooled_; }  // by Train, since it was made

  // Before the first Begin, on every worker: agrees with the others on what sums dense gradients.
  virtual Status JoinWorkers() { return Status::Ok(); }
  // Whether they are summed where they are computed: then NodeSums has none and ApplyDense needs
  // none.
  virtual bool keeps_gradients() const { return false; }

  // The step that the calls below are about, until the next Begin. Both arguments outlive them.
  virtual Status Begin(const StepBatch& batch, const PulledRows& rows) = 0;

  // For objectives whose denominators need logits (partials() > 0): the forward pass of every
  // grain. Train then goes on from the kept activations. Error: as FinishTrain.
  virtual Status Forward() = 0;
  // What Forward summed over this worker's nodes, [nodes, partials]. The memory belongs to this
  // object.
  TreeTerms PartialSums() { return partials_.Terms(); }

  // Computes every grain, or begins to.  scales: [terms], ScalesOf the whole step's Normalizers.
  virtual Status Train(const std::vector<double>& scales) = 0;
  // Between Train and FinishTrain: the batch that the next Begin will name, for what can be done
  // while a device computes.
  virtual Status Prepare(const StepBatch&) { return Status::Ok(); }
  // Waits until all that Train began is done; from then on its results are there. Error, of it and
  // Train: kFailedPrecondition when a logit or a gradient is not finite: names head, block or slot,
  // and the grain or some grains that have it.
  virtual Status FinishTrain() = 0;

  // Grain g's extras, [extras], doubles that ride in the step's sum behind the loss terms; g counts
  // from this worker's first grain.
  std::span<double> Extras(uint32_t grain) { return doubles_.grain(grain).subspan(terms_); }
  // Sums over this worker's nodes: dense gradients [nodes, parameters] and [nodes, terms + extras].
  // The memory belongs to this object. ExtraSums: without gradients, and terms are 0 (before the
  // first step). REQUIRES, of NodeSums: FinishTrain came before.
  TreeTerms NodeSums() { return doubles_.Terms(GradientsOfNodes()); }
  TreeTerms ExtraSums() { return doubles_.Terms(); }
  // Sums of the sparse gradients by table instance and node; lr_factors are the caller's. The
  // memory belongs to this object, until the next Begin.
  virtual StepGradients CombineSparse() = 0;

  // Updates the dense weights, where the engine computes with them, by the gradient of the whole
  // step (clipped in place).
  virtual Status ApplyDense(const DenseUpdate& update, std::span<float> gradient) = 0;
  // Makes the context's weights and optimizer state those after the last update.
  virtual Status FetchDense() { return Status::Ok(); }
  // To be called when the context's weights have been set: the engine's own copy no longer counts.
  virtual void ForgetDense() {}

  // Score: the forward pass of every grain, in all stages, without dropout. Logits: those of a
  // grain, [rows, heads], until the next Begin or Score.
  virtual Status Score(const StepBatch& batch, const PulledRows& rows) = 0;
  virtual MatrixView<const float> Logits(uint32_t grain) = 0;

 protected:
  Engine(const EngineContext& context, std::string computes_on, bool leaves_cores_free)
      : context_(context),
        computes_on_(std::move(computes_on)),
        leaves_cores_free_(leaves_cores_free),
        terms_(static_cast<uint32_t>(context.objective->terms().size())),
        doubles_(MaximalNodes(context.grains), terms_ + context.extras),
        partials_(MaximalNodes(context.grains)) {}

  // [nodes, parameters], of the step that Train computed; [nodes, 0] where gradients are kept.
  virtual MatrixView<const float> GradientsOfNodes() = 0;

  const EngineContext context_;
  const std::string computes_on_;
  const bool leaves_cores_free_;
  const uint32_t terms_;
  GrainDoubles doubles_;   // of terms and extras
  GrainDoubles partials_;  // of the stage
  uint64_t contexts_pooled_ = 0;
};

}  // namespace chorus::worker
