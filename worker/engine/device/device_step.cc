#include "worker/engine/device/device_step.h"

#include <algorithm>
#include <utility>

#include "common/check.h"
#include "common/strings.h"
#include "worker/math/row_stride.h"
#include "worker/model/padded_contexts.h"

namespace chorus::worker {
namespace {

// Of a matrix whose columns are summed: a device has blocks of 256 rows, at most 65535 of them.
constexpr int64_t kMostRows = int64_t{65535} * 256;

// The maximal nodes of a worker's grains, counted from the first of them.
std::vector<TreeNode> NodesFromFirstGrain(GrainRange grains) {
  std::vector<TreeNode> nodes = MaximalNodes(grains);
  for (TreeNode& node : nodes) node.begin -= grains.begin;
  return nodes;
}

MatrixExtents ExtentsOf(const std::vector<GroupPlan>& groups) {
  MatrixExtents most;
  for (const GroupPlan& group : groups) {
    const MatrixExtents extents = group.graph.extents();
    most.times = std::max(most.times, extents.times);
    most.columns = std::max(most.columns, extents.columns);
    most.floats = std::max(most.floats, extents.floats);
  }
  return most;
}

GrainPlan PlanOf(const DeviceStepOptions& options) {
  GrainPlan plan;
  plan.model = options.model;
  plan.objective = options.objective;
  plan.grain_rows = options.config->step().grain_rows();
  plan.grains = options.grains.size();
  plan.seed = options.config->seed();
  plan.keeps_activations = MostPartials(*options.objective) > 0;
  return plan;
}

StepResultSizes ResultSizesOf(const GrainPlan& plan, const FiniteFlags& flags) {
  StepResultSizes sizes;
  sizes.grains = plan.grains;
  sizes.grain_rows = plan.grain_rows;
  sizes.heads = static_cast<int64_t>(plan.objective->heads().size());
  sizes.terms = static_cast<int64_t>(plan.objective->terms().size());
  sizes.partials = MostPartials(*plan.objective);
  sizes.flags = flags.per_grain();
  return sizes;
}

}  // namespace

DeviceStep::DeviceStep(const DeviceStepOptions& options, Device* device)
    : options_(options),
      plan_(PlanOf(options)),
      device_(device),
      weights_(&plan_.model->parameters(), plan_.last_stage() + 1, options.config->model(), device),
      flags_(&plan_.model->inputs, plan_.objective, options.grains, device),
      dense_(&plan_.model->network, NodesFromFirstGrain(options.grains), &weights_, device),
      results_(ResultSizesOf(plan_, flags_), device),
      grains_(plan_, {&weights_, &dense_, &flags_, &results_, device}),
      replay_(device, plan_.grain_rows, options.config->compute().cuda().graphs()) {}

Result<std::unique_ptr<DeviceStep>> DeviceStep::Create(const DeviceStepOptions& options,
                                                       Device* device) {
  std::unique_ptr<DeviceStep> step(new DeviceStep(options, device));
  RETURN_IF_ERROR(step->Open());
  return step;
}

// Called twice, see DeviceArena.
void DeviceStep::TakeFixedMemory() {
  weights_.TakeMemory(&fixed_);
  flags_.TakeMemory(&fixed_);
  dense_.TakeMemory(&fixed_);
  grains_.TakeMemory(&fixed_);
  scales_ = fixed_.TakeOf<double>(static_cast<int64_t>(plan_.objective->terms().size()));
  results_.TakeMemory(&fixed_);
}

Status DeviceStep::Open() {
  RETURN_IF_ERROR(device_->SetMethod(plan_.objective->method()));
  const InputLayout& inputs = plan_.model->inputs;
  const int64_t widest =
      RowStride(std::max(inputs.contexts.slot_width, inputs.exposures.slot_width));
  if (plan_.grain_rows * widest > int64_t{0x7fffffff}) {
    return InvalidArgument(StrCat("step.grain_rows: ", plan_.grain_rows, " rows of ", widest,
                                  " pooled floats are too many for a device"));
  }
  const MatrixExtents extents = ExtentsOf(plan_.groups());
  const int64_t times = extents.times;
  if (plan_.grain_rows * times > kMostRows) {
    return InvalidArgument(StrCat("step.grain_rows: ", plan_.grain_rows, " rows with sequences of ",
                                  times, " elements (slot.max_length) are too many for a device"));
  }
  TakeFixedMemory();
  ASSIGN_OR_RETURN(std::byte* const fixed, device_->TakeMemory(fixed_.used()));
  fixed_.Start(fixed);
  TakeFixedMemory();
  RETURN_IF_ERROR(weights_.Open());
  RETURN_IF_ERROR(flags_.Open());
  RETURN_IF_ERROR(dense_.Open());
  RETURN_IF_ERROR(device_->Reserve(LargestSizes(extents)));
  return OpenBuffers();
}

// What a step brings, needs and returns.
Status DeviceStep::OpenBuffers() {
  RETURN_IF_ERROR(results_.Open());
  const Model& model = *plan_.model;
  rows_ = std::make_unique<DeviceRowGradients>(
      model.dims, model.inputs.tables, MaximalNodes(options_.grains), options_.step_bytes, device_);
  RETURN_IF_ERROR(rows_->Open());
  PackingPlan packing;
  packing.inputs = &model.inputs;
  packing.objective = plan_.objective;
  packing.dims = model.dims;
  packing.nodes = NodesFromFirstGrain(options_.grains);
  packing.grain_rows = static_cast<size_t>(plan_.grain_rows);
  packing.pool = options_.pool;
  ASSIGN_OR_RETURN(staged_, StagedSteps::Create(std::move(packing), options_.step_bytes, device_));
  return Status::Ok();
}

// What products read are activations of a grain and weights.
DeviceSizes DeviceStep::LargestSizes(const MatrixExtents& extents) const {
  const Model& model = *plan_.model;
  DeviceSizes sizes;
  sizes.rows = plan_.grain_rows;
  sizes.weights = model.parameters().size();
  for (const ParameterBlock& block : model.parameters().blocks()) {
    sizes.columns = std::max({sizes.columns, block.rows, block.stride});
  }
  sizes.product_input = plan_.grain_rows * std::max(RowStride(sizes.columns), extents.floats);
  sizes.columns = std::max(sizes.columns, extents.columns);
  return sizes;
}

Status DeviceStep::Load(const StepBatch& batch, const PulledRows& rows, bool training) {
  step_.stage = std::min(batch.stage, plan_.last_stage());
  step_.step = training ? batch.step : 0;
  step_.training = training;
  step_.forwarded = false;
  step_.padded_contexts.clear();
  contexts_pooled_ = 0;
  grains_.Use(&step_);
  if (training && std::exchange(trained_stage_, step_.stage) != step_.stage) {
    device_->ForgetReplays();
  }
  RETURN_IF_ERROR(staged_->Load(batch, rows, training));
  step_.packed = &staged_->current();
  const std::vector<bool>& trainable = plan_.model->trainable_tables;
  RETURN_IF_ERROR(rows_->Begin(staged_->current(), [&](size_t instance) {
    const size_t tables = trainable.size();
    return training && grains_.IsTrained(instance / tables) && trainable[instance % tables];
  }));
  for (PackedGrain& grain : staged_->current().grains) {
    step_.padded_contexts.push_back(PaddedContexts(grain.contexts, plan_.grain_rows));
    grain.labels.stage = step_.stage;
    for (size_t group = 0; group < plan_.groups().size(); ++group) {
      if (grains_.IsComputed(group)) contexts_pooled_ += static_cast<uint64_t>(grain.contexts);
    }
  }
  return results_.LowerFlags();
}

Status DeviceStep::Forward() {
  CHECK(plan_.keeps_activations || !step_.training, "activations of all grains are not kept");
  step_.forwarded = true;
  for (size_t grain = 0; grain < grains(); ++grain) {
    RETURN_IF_ERROR(
        AsOne(GrainReplay::Part::kForward, grain, 0, [&] { return grains_.Forward(grain); }));
  }
  RETURN_IF_ERROR(BringBack(false));
  return WaitAndCheck(false);
}

Status DeviceStep::TrainGrain(size_t grain) {
  RETURN_IF_ERROR(grains_.Losses(grain, scales_));
  for (size_t group = 0; group < plan_.groups().size(); ++group) {
    if (!grains_.IsTrained(group)) continue;
    RETURN_IF_ERROR(grains_.Upper(grain, group));
    RETURN_IF_ERROR(grains_.Lower(grain, group));
  }
  return grains_.CheckWeights(grain);
}

// The last grain, where sums among devices begin before it is through: they are no part of what is
// started as one.
Status DeviceStep::TrainGrainInParts(size_t grain) {
  using Part = GrainReplay::Part;
  RETURN_IF_ERROR(AsOne(Part::kLosses, grain, 0, [&] { return grains_.Losses(grain, scales_); }));
  for (size_t group = 0; group < plan_.groups().size(); ++group) {
    if (!grains_.IsTrained(group)) continue;
    RETURN_IF_ERROR(AsOne(Part::kUpper, grain, group, [&] { return grains_.Upper(grain, group); }));
    RETURN_IF_ERROR(dense_.SumUpper(group));
    RETURN_IF_ERROR(AsOne(Part::kLower, grain, group, [&] { return grains_.Lower(grain, group); }));
    RETURN_IF_ERROR(dense_.SumLower(group));
  }
  return grains_.CheckWeights(grain);
}

// The gradients of a grain's embedding rows, from those of its pooled inputs.
Status DeviceStep::SumRows(size_t grain) {
  for (size_t group = 0; group < plan_.groups().size(); ++group) {
    if (!grains_.IsTrained(group)) continue;
    RETURN_IF_ERROR(rows_->SumGrain(grain, group, grains_.dcontexts(grain, group),
                                    grains_.dexposures(grain, group)));
  }
  return Status::Ok();
}

Status DeviceStep::Train(const std::vector<double>& scales) {
  CHECK(step_.training && scales.size() == plan_.objective->terms().size() &&
        scales.size() <= kMaxTerms);
  RETURN_IF_ERROR(device_->Put(scales, scales_));
  for (size_t grain = 0; grain < grains(); ++grain) {
    const PackedGrain& packed = step_.packed->grains[grain];
    RETURN_IF_ERROR(
        device_->NoteKeys(packed.context_side.side, packed.exposure_side.side, rows_->notes()));
    if (IsLast(grain) && dense_.begin_early()) {
      RETURN_IF_ERROR(TrainGrainInParts(grain));
    } else {
      RETURN_IF_ERROR(
          AsOne(GrainReplay::Part::kTrain, grain, 0, [&] { return TrainGrain(grain); }));
    }
    RETURN_IF_ERROR(SumRows(grain));
  }
  RETURN_IF_ERROR(dense_.SumRest(step_.stage));
  RETURN_IF_ERROR(rows_->SumNodes());
  return BringBack(true);
}

Status DeviceStep::BringBack(bool gradients) {
  RETURN_IF_ERROR(results_.BringBack());
  if (!gradients) return Status::Ok();
  RETURN_IF_ERROR(dense_.BringBack());
  return rows_->BringBack();
}

// The one wait of a step, for what servers and workers need of it.
Status DeviceStep::WaitAndCheck(bool gradients) {
  RETURN_IF_ERROR(device_->Synchronize());
  staged_->Settle();
  weights_.Settle();
  return flags_.Check(results_.flags_on_host(), gradients);
}

Status DeviceStep::Finish() { return WaitAndCheck(true); }

Status DeviceStep::UpdateWeights(const DenseUpdate& update) {
  ASSIGN_OR_RETURN(float* const sum, dense_.OfStep());
  return weights_.UpdateOnDevice(update, sum);
}

}  // namespace chorus::worker
