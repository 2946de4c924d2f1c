#pragma once
// Computes one grain of a model on a CPU backend: pooled embeddings go through towers to logits,
// and back to the gradients of the dense parameters and of the embedding rows. Contexts are pooled
// and multiplied once; the exposures of a context share the result, and their gradients are summed
// before they go back.
//
// A grain's result depends on the grain, the rows and the parameters alone: not on the thread, on
// other grains, on what the workspace computed before, or on how positions are numbered (sparse
// gradients of a key are summed in the order of the batch). Shapes are fixed: rows are padded to
// grain_rows, contexts to PaddedContexts; padding contributes nothing. Thread safety: const methods
// from any thread at once, each with its own Workspace.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/config.pb.h"
#include "common/matrix_view.h"
#include "common/status.h"
#include "worker/engine/cpu/sparse_gradient.h"
#include "worker/log/batch.h"
#include "worker/math/backend.h"
#include "worker/model/model.h"
#include "worker/objective/method_shape.h"
#include "worker/steps/sparse_lookup.h"

namespace chorus::worker {

// One grain and where its embeddings are. Positions are by configured table; all groups' instances
// of a table hold the same keys in the same order.
struct GrainInput {
  const Batch* batch = nullptr;
  const GrainPositions* positions = nullptr;
  // rows[table instance][position] -> [dim of the table].
  const float* const* const* rows = nullptr;
  // Groups of later stages are left out; only this stage's are trained. A number past the last
  // stage stands for the last one.
  uint32_t stage = UINT32_MAX;
  uint64_t step = 0;  // of training, what dropout depends on; 0: no dropout
};

// What a workspace has done since it was made.
struct GrainCounters {
  uint64_t grains = 0;
  uint64_t exposures = 0;
  uint64_t contexts = 0;         // distinct ones, over grains
  uint64_t contexts_pooled = 0;  // times a context's slots were pooled, over groups
};

class Workspace;

class GrainCompute {
 public:
  // config: with defaults applied. shape: the objective's. `model` and `backend` outlive what is
  // made.
  static std::unique_ptr<GrainCompute> Create(const TrainConfig& config, const Model& model,
                                              const MethodShape& shape, Backend* backend);
  virtual ~GrainCompute() = default;

  const Model& model() const { return model_; }
  virtual std::unique_ptr<Workspace> NewWorkspace() const = 0;  // the memory of one grain at a time

  // Forward is Pool, then ForwardDense. Afterwards workspace->logits() holds the grain's logits,
  // 0 for heads of groups that are left out.
  //   parameters: [model().parameters().size()].
  Status Forward(const GrainInput& grain, std::span<const float> parameters,
                 Workspace* workspace) const;
  virtual void Pool(const GrainInput& grain, Workspace* workspace) const = 0;
  virtual Status ForwardDense(const GrainInput& grain, std::span<const float> parameters,
                              Workspace* workspace) const = 0;

  // Backward is BackwardDense, then BackwardSparse; workspace->dlogits() holds d loss / d logit.
  // Groups of other stages cost nothing: their gradients are 0, and their sparse lists empty.
  // REQUIRES: Forward of the same grain and parameters on this workspace came before.
  //   gradient: [model().parameters().size()], its blocks overwritten.  sparse: [table instances],
  //   overwritten; lists every key that the grain holds, also when its gradient is 0, for trained
  //   groups.
  Status Backward(const GrainInput& grain, std::span<const float> parameters, Workspace* workspace,
                  std::span<float> gradient, std::vector<SparseGradient>* sparse) const;
  virtual Status BackwardDense(const GrainInput& grain, std::span<const float> parameters,
                               Workspace* workspace, std::span<float> gradient) const = 0;
  virtual void BackwardSparse(const GrainInput& grain, Workspace* workspace,
                              std::vector<SparseGradient>* sparse) const = 0;

  // Whether logits, and the gradients of the inputs, of the grain just computed are finite. Error:
  // kFailedPrecondition that names row and head, or slot.
  virtual Status CheckLogits(const Workspace& workspace) const = 0;
  virtual Status CheckInputGradients(const Workspace& workspace) const = 0;

 protected:
  explicit GrainCompute(const Model& model) : model_(model) {}
  const Model& model_;
};

// Activations, pooled inputs and gradients of one grain, taken once: a grain in the steady state
// allocates nothing of ours. Thread safety: none.
class Workspace {
 public:
  virtual ~Workspace() = default;
  virtual MatrixView<const float> logits() const = 0;  // [rows of the grain, heads]
  virtual MatrixView<float> dlogits() = 0;  // [rows of the grain, heads], for the caller to fill
  virtual const GrainCounters& counters() const = 0;
};

}  // namespace chorus::worker
