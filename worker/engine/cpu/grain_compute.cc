#include "worker/engine/cpu/grain_compute.h"

#include <algorithm>

#include "common/check.h"
#include "common/strings.h"
#include "worker/engine/cpu/pooling.h"
#include "worker/engine/cpu/workspace.h"
#include "worker/layers/graph_pass.h"
#include "worker/math/kernels.h"
#include "worker/model/padded_contexts.h"

namespace chorus::worker {
namespace {

// The first slot of a side whose columns of `gradient` are not finite; null: all are.
const SlotInput* FirstNonFiniteSlot(const SideInputs& side, MatrixView<const float> gradient) {
  if (gradient.cols == 0 || AllFinite(gradient.data, gradient.rows * gradient.stride))
    return nullptr;
  for (const SlotInput& slot : side.slots) {
    for (int64_t i = 0; i < gradient.rows; ++i) {
      if (!AllFinite(gradient.row(i) + slot.first, slot.width())) return &slot;
    }
  }
  return nullptr;
}

class NetworkGrainCompute final : public GrainCompute {
 public:
  NetworkGrainCompute(const TrainConfig& config, const Model& model, const MethodShape& shape,
                      Backend* backend)
      : GrainCompute(model),
        inputs_(model.inputs),
        network_(model.network),
        heads_(shape.heads),
        last_stage_(shape.stages() - 1),
        grain_rows_(config.step().grain_rows()),
        seed_(config.seed()),
        backend_(backend) {}

  std::unique_ptr<Workspace> NewWorkspace() const override {
    return std::make_unique<GrainWorkspace>(
        inputs_, network_, grain_rows_,
        backend_->keeps_tiles() ? GraphBuffers::Storage::kTiles : GraphBuffers::Storage::kFloats);
  }

  void Pool(const GrainInput& grain, Workspace* workspace) const override;
  Status ForwardDense(const GrainInput& grain, std::span<const float> parameters,
                      Workspace* workspace) const override;
  Status BackwardDense(const GrainInput& grain, std::span<const float> parameters,
                       Workspace* workspace, std::span<float> gradient) const override;
  void BackwardSparse(const GrainInput& grain, Workspace* workspace,
                      std::vector<SparseGradient>* sparse) const override;
  Status CheckLogits(const Workspace& workspace) const override;
  Status CheckInputGradients(const Workspace& workspace) const override;

 private:
  static GrainWorkspace& Of(Workspace* workspace) {
    return *static_cast<GrainWorkspace*>(workspace);
  }
  static const GrainWorkspace& Of(const Workspace& workspace) {
    return static_cast<const GrainWorkspace&>(workspace);
  }

  // What is pooled into an input of a group's graph.
  struct SideRead {
    const SideInputs& inputs;
    const FeatureColumns& features;
    const std::vector<std::vector<uint32_t>>& positions;
  };
  void PoolSide(size_t node, const SideRead& side, const float* const* const* rows, int64_t padded,
                size_t group, GrainWorkspace* workspace) const;

  uint32_t StageOf(const GrainInput& grain) const { return std::min(grain.stage, last_stage_); }
  uint32_t StageOf(size_t group) const { return network_.groups[group].stage; }
  // Of a grain whose inputs the workspace holds.
  GraphPass PassOf(const GrainInput& grain, std::span<const float> parameters, size_t group,
                   GrainWorkspace* workspace) const {
    const Batch& batch = *grain.batch;
    return {backend_,
            network_.groups[group].graph,
            parameters,
            {workspace->padded_contexts,
             {batch.context_of.data(), workspace->rows},
             {seed_, grain.step, batch.row_id.data(), workspace->rows}},
            &workspace->groups[group]};
  }
  void ZeroLogits(size_t group, MatrixView<float> logits) const {
    for (size_t h = 0; h < heads_.size(); ++h) {
      if (heads_[h].group == group) FillZero(logits.Columns(static_cast<int64_t>(h), 1));
    }
  }
  void MarkKeys(const SideInputs& side, const std::vector<std::vector<uint32_t>>& positions,
                GrainWorkspace* workspace) const {
    for (const SlotInput& slot : side.slots) {
      workspace->keys[slot.table].Mark(positions[slot.read]);
    }
  }

  const InputLayout& inputs_;
  const Network& network_;
  const std::vector<Head> heads_;
  const uint32_t last_stage_;
  const int64_t grain_rows_;
  const uint64_t seed_;
  Backend* const backend_;
};

void NetworkGrainCompute::PoolSide(size_t node, const SideRead& side,
                                   const float* const* const* rows, int64_t padded, size_t group,
                                   GrainWorkspace* workspace) const {
  GraphBuffers& buffers = workspace->groups[group];
  const std::span<const TilePart> parts = buffers.TilesOf(node);
  if (parts.empty()) {
    PoolForward(side.inputs, side.features, side.positions, rows, 0,
                buffers.Of(node).y.Rows(0, padded));
    return;
  }
  for (int64_t row = 0; row < padded; row += kTile) {
    const MatrixView<float> panel =
        workspace->pooled.Top(std::min(kTile, padded - row)).Columns(0, side.inputs.width());
    PoolForward(side.inputs, side.features, side.positions, rows, static_cast<uint32_t>(row),
                panel);
    for (const TilePart& part : parts) {
      backend_->RoundToTiles(panel.Columns(part.first, part.tiles.y.cols), row / kTile,
                             part.tiles.y);
    }
  }
}

void NetworkGrainCompute::Pool(const GrainInput& grain, Workspace* workspace) const {
  const Batch& batch = *grain.batch;
  CHECK(batch.rows() <= grain_rows_ && batch.contexts.rows <= grain_rows_, "grain of ",
        batch.rows(), " exposures, ", batch.contexts.rows, " contexts; at most ", grain_rows_);
  GrainWorkspace& space = Of(workspace);
  space.rows = batch.rows();
  space.padded_contexts = PaddedContexts(batch.contexts.rows, grain_rows_);
  for (size_t group = 0; group < space.groups.size(); ++group) {
    if (StageOf(group) > StageOf(grain)) continue;
    const float* const* const* rows = grain.rows + group * inputs_.tables;
    PoolSide(GroupPlan::kContexts, {inputs_.contexts, batch.contexts, grain.positions->context},
             rows, space.padded_contexts, group, &space);
    PoolSide(GroupPlan::kExposures, {inputs_.exposures, batch.exposures, grain.positions->exposure},
             rows, grain_rows_, group, &space);
    space.counted.contexts_pooled += batch.contexts.rows;
  }
  space.counted.grains += 1;
  space.counted.exposures += batch.rows();
  space.counted.contexts += batch.contexts.rows;
}

Status NetworkGrainCompute::ForwardDense(const GrainInput& grain, std::span<const float> parameters,
                                         Workspace* workspace) const {
  CHECK(static_cast<int64_t>(parameters.size()) == network_.parameters.size());
  CHECK(grain.step == 0 || grain.batch->row_id.size() == grain.batch->rows(), "no row ids");
  GrainWorkspace& space = Of(workspace);
  for (size_t group = 0; group < space.groups.size(); ++group) {
    if (StageOf(group) > StageOf(grain)) {
      ZeroLogits(group, space.padded_logits());
      continue;
    }
    RETURN_IF_ERROR(ForwardGraph(PassOf(grain, parameters, group, &space), space.padded_logits()));
  }
  return Status::Ok();
}

Status NetworkGrainCompute::BackwardDense(const GrainInput& grain,
                                          std::span<const float> parameters, Workspace* workspace,
                                          std::span<float> gradient) const {
  CHECK(static_cast<int64_t>(gradient.size()) == network_.parameters.size());
  GrainWorkspace& space = Of(workspace);
  const MatrixView<float> dlogits = space.padded_dlogits();
  FillZero(dlogits.Rows(space.rows, grain_rows_ - space.rows));
  space.stage = StageOf(grain);
  const ParameterRange trained = network_.parameters.OfStage(space.stage);
  std::fill_n(gradient.begin(), trained.begin, 0.0f);
  std::fill(gradient.begin() + trained.end, gradient.end(), 0.0f);
  for (size_t group = 0; group < space.groups.size(); ++group) {
    if (StageOf(group) != space.stage) continue;
    const GraphPass pass = PassOf(grain, parameters, group, &space);
    RETURN_IF_ERROR(BackwardUpper(pass, dlogits, gradient));
    RETURN_IF_ERROR(BackwardLower(pass, dlogits, gradient));
  }
  return Status::Ok();
}

void NetworkGrainCompute::BackwardSparse(const GrainInput& grain, Workspace* workspace,
                                         std::vector<SparseGradient>* sparse) const {
  GrainWorkspace& space = Of(workspace);
  sparse->resize(model_.dims.size());
  MarkKeys(inputs_.contexts, grain.positions->context, &space);
  MarkKeys(inputs_.exposures, grain.positions->exposure, &space);
  std::vector<const uint32_t*> ranks(inputs_.tables);
  for (uint32_t table = 0; table < inputs_.tables; ++table) {
    space.keys[table].ListMarked(&space.positions[table]);
    ranks[table] = space.keys[table].ranks();
  }
  std::vector<float*> sums(inputs_.tables);
  for (size_t group = 0; group < space.groups.size(); ++group) {
    const bool trained = StageOf(group) == StageOf(grain);
    for (uint32_t table = 0; table < inputs_.tables; ++table) {
      const size_t instance = group * inputs_.tables + table;
      SparseGradient& out = (*sparse)[instance];
      const bool wanted = trained && model_.trainable_tables[table];
      out.positions.clear();
      if (wanted) out.positions = space.positions[table];  // groups hold the same keys
      out.gradients.assign(out.positions.size() * model_.dims[instance], 0.0f);
      sums[table] = wanted ? out.gradients.data() : nullptr;
    }
    if (!trained) continue;
    GraphBuffers& buffers = space.groups[group];
    PoolBackward(inputs_.contexts, grain.batch->contexts, grain.positions->context,
                 buffers.Of(GroupPlan::kContexts).dy, ranks.data(), sums.data());
    PoolBackward(inputs_.exposures, grain.batch->exposures, grain.positions->exposure,
                 buffers.Of(GroupPlan::kExposures).dy, ranks.data(), sums.data());
  }
}

Status NetworkGrainCompute::CheckLogits(const Workspace& workspace) const {
  const MatrixView<const float> logits = workspace.logits();
  if (AllFinite(logits.data, logits.rows * logits.cols)) return Status::Ok();
  for (int64_t i = 0; i < logits.rows; ++i) {
    for (int64_t h = 0; h < logits.cols; ++h) {
      if (AllFinite(logits.row(i) + h, 1)) continue;
      return FailedPrecondition(StrCat("the logit of head \"", heads_[h].name,
                                       "\" is not finite in row ", i, " of the grain"));
    }
  }
  return Status::Ok();
}

Status NetworkGrainCompute::CheckInputGradients(const Workspace& workspace) const {
  const GrainWorkspace& space = Of(workspace);
  for (size_t group = 0; group < space.groups.size(); ++group) {
    if (StageOf(group) != space.stage) continue;
    const GraphBuffers& buffers = space.groups[group];
    const SlotInput* slot = FirstNonFiniteSlot(
        inputs_.contexts, buffers.GradientOf(GroupPlan::kContexts).Rows(0, space.padded_contexts));
    if (slot == nullptr) {
      slot = FirstNonFiniteSlot(inputs_.exposures, buffers.GradientOf(GroupPlan::kExposures));
    }
    if (slot == nullptr) continue;
    return FailedPrecondition(StrCat("the gradient of slot \"", slot->name, "\" is not finite"));
  }
  return Status::Ok();
}

}  // namespace

std::unique_ptr<GrainCompute> GrainCompute::Create(const TrainConfig& config, const Model& model,
                                                   const MethodShape& shape, Backend* backend) {
  return std::make_unique<NetworkGrainCompute>(config, model, shape, backend);
}

Status GrainCompute::Forward(const GrainInput& grain, std::span<const float> parameters,
                             Workspace* workspace) const {
  Pool(grain, workspace);
  return ForwardDense(grain, parameters, workspace);
}

Status GrainCompute::Backward(const GrainInput& grain, std::span<const float> parameters,
                              Workspace* workspace, std::span<float> gradient,
                              std::vector<SparseGradient>* sparse) const {
  RETURN_IF_ERROR(BackwardDense(grain, parameters, workspace, gradient));
  BackwardSparse(grain, workspace, sparse);
  return Status::Ok();
}

}  // namespace chorus::worker
