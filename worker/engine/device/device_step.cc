#include "worker/engine/device/device_step.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "common/check.h"
#include "common/strings.h"
#include "worker/math/row_stride.h"
#include "worker/model/padded_contexts.h"
#include "worker/model/tower_compute.h"

namespace chorus::worker {
namespace {

std::vector<TreeNode> FromFirstGrain(std::vector<TreeNode> nodes, uint32_t first) {
  for (TreeNode& node : nodes) node.begin -= first;
  return nodes;
}

}  // namespace

DeviceStep::DeviceStep(const DeviceStepOptions& options, Device* device)
    : config_(*options.config),
      model_(*options.model),
      objective_(*options.objective),
      range_(options.grains),
      device_(device),
      grain_rows_(config_.step().grain_rows()),
      keeps_activations_(MostPartials(objective_) > 0),
      last_stage_(objective_.shape().stages() - 1),
      heads_(static_cast<int64_t>(objective_.heads().size())),
      terms_(static_cast<int64_t>(objective_.terms().size())),
      step_bytes_(options.step_bytes),
      pool_(options.pool),
      graphs_(config_.compute().cuda().graphs()) {}

Result<std::unique_ptr<DeviceStep>> DeviceStep::Create(const DeviceStepOptions& options,
                                                       Device* device) {
  std::unique_ptr<DeviceStep> step(new DeviceStep(options, device));
  RETURN_IF_ERROR(step->Open());
  return step;
}

// Called twice, see DeviceArena.
void DeviceStep::TakeFixedMemory() {
  const int64_t grains = range_.size();
  weights_->TakeMemory(&fixed_);
  flags_->TakeMemory(&fixed_);
  dense_->TakeMemory(&fixed_);
  workspaces_.clear();
  for (int64_t w = 0; w < (keeps_activations_ ? grains : std::min<int64_t>(grains, 1)); ++w) {
    Workspace& workspace = workspaces_.emplace_back();
    for (const GroupPlan& plan : model_.network.groups) {
      workspace.groups.emplace_back(plan, model_.inputs, grain_rows_, &fixed_);
    }
    workspace.dlogits = {fixed_.Take(grain_rows_ * heads_), grain_rows_, heads_};
  }
  scales_ = fixed_.TakeOf<double>(terms_);
  const size_t before = fixed_.used();
  flags_of_.device =
      reinterpret_cast<std::byte*>(fixed_.TakeOf<uint32_t>(grains * flags_->per_grain()));
  sums_.device = reinterpret_cast<std::byte*>(fixed_.TakeOf<double>(grains * terms_));
  partials_.device =
      reinterpret_cast<std::byte*>(fixed_.TakeOf<double>(grains * MostPartials(objective_)));
  logits_.device = reinterpret_cast<std::byte*>(fixed_.Take(grains * grain_rows_ * heads_));
  returned_.device = flags_of_.device;
  returned_bytes_ = fixed_.used() - before;
}

Status DeviceStep::Open() {
  RETURN_IF_ERROR(device_->SetMethod(objective_.method()));
  const int64_t widest =
      RowStride(std::max(model_.inputs.contexts.slot_width, model_.inputs.exposures.slot_width));
  if (grain_rows_ * widest > int64_t{0x7fffffff}) {
    return InvalidArgument(StrCat("step.grain_rows: ", grain_rows_, " rows of ", widest,
                                  " pooled floats are too many for a device"));
  }
  weights_ = std::make_unique<DeviceWeights>(&model_.parameters(), last_stage_ + 1, config_.model(),
                                             device_);
  flags_ = std::make_unique<FiniteFlags>(&model_.inputs, &objective_, range_, device_);
  dense_ = std::make_unique<DeviceGradients>(
      &model_.network, FromFirstGrain(MaximalNodes(range_), range_.begin), weights_.get(), device_);
  TakeFixedMemory();
  ASSIGN_OR_RETURN(std::byte* const fixed, device_->TakeMemory(fixed_.used()));
  fixed_.Start(fixed);
  TakeFixedMemory();
  RETURN_IF_ERROR(weights_->Open());
  RETURN_IF_ERROR(flags_->Open());
  RETURN_IF_ERROR(dense_->Open());
  RETURN_IF_ERROR(device_->Reserve(LargestSizes()));
  return OpenBuffers();
}

// What a step brings, needs and returns.
Status DeviceStep::OpenBuffers() {
  ASSIGN_OR_RETURN(returned_.host, device_->TakeHostMemory(returned_bytes_));
  for (Returned* part : {&flags_of_, &sums_, &partials_, &logits_}) {
    part->host = returned_.host + (part->device - returned_.device);
  }
  const std::vector<TreeNode> nodes = MaximalNodes(range_);
  rows_ = std::make_unique<DeviceRowGradients>(model_.dims, model_.inputs.tables, nodes,
                                               step_bytes_, device_);
  RETURN_IF_ERROR(rows_->Open());
  PackingPlan plan;
  plan.inputs = &model_.inputs;
  plan.objective = &objective_;
  plan.dims = model_.dims;
  plan.nodes = FromFirstGrain(nodes, range_.begin);
  plan.grain_rows = static_cast<size_t>(grain_rows_);
  plan.pool = pool_;
  ASSIGN_OR_RETURN(staged_, StagedSteps::Create(std::move(plan), step_bytes_, device_));
  return Status::Ok();
}

// What products read are activations of a grain and weights.
DeviceSizes DeviceStep::LargestSizes() const {
  int64_t widest = std::max(model_.inputs.contexts.width(), model_.inputs.exposures.width());
  for (const ParameterBlock& block : model_.parameters().blocks()) {
    widest = std::max({widest, block.rows, block.stride});
  }
  return {grain_rows_, widest, grain_rows_ * RowStride(widest), model_.parameters().size()};
}

Status DeviceStep::Load(const StepBatch& batch, const PulledRows& rows, bool training) {
  stage_ = std::min(batch.stage, last_stage_);
  step_ = training ? batch.step : 0;
  training_ = training;
  forwarded_ = false;
  contexts_pooled_ = 0;
  if (training && std::exchange(trained_stage_, stage_) != stage_) device_->ForgetReplays();
  RETURN_IF_ERROR(staged_->Load(batch, rows, training));
  RETURN_IF_ERROR(
      rows_->Begin(staged_->current(), [&](size_t group) { return training && IsTrained(group); }));
  padded_contexts_.clear();
  for (PackedGrain& grain : staged_->current().grains) {
    padded_contexts_.push_back(PaddedContexts(grain.contexts, grain_rows_));
    grain.labels.stage = stage_;
    for (size_t group = 0; group < model_.network.groups.size(); ++group) {
      if (IsComputed(group)) contexts_pooled_ += static_cast<uint64_t>(grain.contexts);
    }
  }
  return device_->Zero(flags_of_.device, range_.size() * flags_->per_grain() * sizeof(uint32_t));
}

MatrixView<float> DeviceStep::LogitsOf(size_t grain) const {
  float* const all = reinterpret_cast<float*>(logits_.device);
  return {all + static_cast<int64_t>(grain) * grain_rows_ * heads_, grain_rows_, heads_};
}

uint32_t* DeviceStep::FlagsOf(size_t grain) const {
  return reinterpret_cast<uint32_t*>(flags_of_.device) + grain * flags_->per_grain();
}

GroupPass DeviceStep::PassOf(size_t grain, size_t group) {
  const PackedGrain& packed = staged_->current().grains[grain];
  GroupBuffers& buffers = WorkspaceOf(grain).groups[group];
  return {
      device_,
      model_.network.groups[group],
      weights_->values(),
      {buffers.contexts.Top(padded_contexts_[grain]), buffers.exposures.view(), packed.context_of},
      {config_.seed(), step_, packed.row_id, packed.rows, staged_->current().step},
      &buffers};
}

Status DeviceStep::ForwardGrain(size_t grain) {
  const PackedGrain& packed = staged_->current().grains[grain];
  const MatrixView<float> logits = LogitsOf(grain);
  for (size_t group = 0; group < model_.network.groups.size(); ++group) {
    if (!IsComputed(group)) {
      for (size_t h = 0; h < objective_.heads().size(); ++h) {
        if (objective_.heads()[h].group != group) continue;
        device_->Fill(0.0f, logits.Columns(static_cast<int64_t>(h), 1));
      }
      continue;
    }
    const GroupPass pass = PassOf(grain, group);
    const float* const* const tables = staged_->current().group_tables[group];
    RETURN_IF_ERROR(device_->Pool(packed.context_side.on_device, tables,
                                  pass.buffers->contexts.Top(padded_contexts_[grain])));
    RETURN_IF_ERROR(
        device_->Pool(packed.exposure_side.on_device, tables, pass.buffers->exposures.view()));
    RETURN_IF_ERROR(ForwardGroup(pass, logits));
  }
  return flags_->OfLogits(logits.Rows(0, packed.rows), FlagsOf(grain));
}

Status DeviceStep::ForwardGrainWithPartials(size_t grain) {
  RETURN_IF_ERROR(ForwardGrain(grain));
  const uint32_t partials = objective_.partials(stage_);
  if (partials == 0) return Status::Ok();
  return device_->Partials(staged_->current().grains[grain].labels, LogitsOf(grain),
                           reinterpret_cast<double*>(partials_.device) + grain * partials);
}

Status DeviceStep::Forward() {
  CHECK(keeps_activations_ || !training_, "activations of all grains are not kept");
  forwarded_ = true;
  for (size_t grain = 0; grain < range_.size(); ++grain) {
    const auto calls = [&] { return ForwardGrainWithPartials(grain); };
    RETURN_IF_ERROR(AsOne(Part::kForward, grain, 0, calls));
  }
  RETURN_IF_ERROR(BringBack(false));
  return WaitAndCheck(false);
}

// The key has all that the calls are given and that is not the same in every step, or in every
// grain; but the step's number, which kernels read from the device's memory (DropoutMask).
Status DeviceStep::AsOne(Part part, size_t grain, size_t group,
                         const std::function<Status()>& calls) {
  const PackedStep& step = staged_->current();
  const PackedGrain& packed = step.grains[grain];
  if (!graphs_ || packed.rows != grain_rows_) return calls();
  key_ = {static_cast<uint64_t>(part),
          grain,
          group,
          stage_,
          training_,
          forwarded_,
          static_cast<uint64_t>(padded_contexts_[grain])};
  const DeviceLabels& labels = packed.labels;
  const RowIndex& index = packed.context_of;
  const void* const pointers[] = {packed.context_side.on_device,
                                  packed.exposure_side.on_device,
                                  index.of,
                                  index.order,
                                  index.begins,
                                  labels.click,
                                  labels.conversion,
                                  labels.weight,
                                  labels.copies,
                                  labels.draw,
                                  packed.row_id,
                                  step.step};
  for (const void* pointer : pointers) {
    key_.push_back(reinterpret_cast<uintptr_t>(pointer));
  }
  for (const float* const* tables : step.group_tables) {
    key_.push_back(reinterpret_cast<uintptr_t>(tables));
  }
  return device_->Replay(key_, calls).status();
}

std::span<float> DeviceStep::GradientOf(size_t grain) const {
  const MatrixView<float> gradient = dense_->grain(grain);
  return {gradient.data, static_cast<size_t>(gradient.cols)};
}

// The forward pass unless it has run, losses, and zeros where the stage has no gradient.
Status DeviceStep::Losses(size_t grain) {
  if (!forwarded_) RETURN_IF_ERROR(ForwardGrain(grain));
  RETURN_IF_ERROR(device_->Evaluate(staged_->current().grains[grain].labels, scales_,
                                    LogitsOf(grain), WorkspaceOf(grain).dlogits,
                                    reinterpret_cast<double*>(sums_.device) + grain * terms_));
  const MatrixView<float> gradient = dense_->grain(grain);
  const ParameterRange trained = model_.parameters().OfStage(stage_);
  device_->Fill(0.0f, gradient.Columns(0, trained.begin));
  device_->Fill(0.0f, gradient.Columns(trained.end, gradient.cols - trained.end));
  return Status::Ok();
}

Status DeviceStep::Towers(size_t grain, size_t group) {
  return BackwardTowers(PassOf(grain, group), WorkspaceOf(grain).dlogits, GradientOf(grain));
}

Status DeviceStep::Trunk(size_t grain, size_t group) {
  const GroupPass pass = PassOf(grain, group);
  const SplitInputGradient dx = {pass.buffers->dcontexts.Top(padded_contexts_[grain]),
                                 pass.buffers->dexposures.view()};
  RETURN_IF_ERROR(BackwardTrunk(pass, WorkspaceOf(grain).dlogits, dx, GradientOf(grain)));
  return flags_->OfInputs(dx.contexts, dx.exposures, FlagsOf(grain));
}

Status DeviceStep::TrainGrain(size_t grain) {
  RETURN_IF_ERROR(Losses(grain));
  for (size_t group = 0; group < model_.network.groups.size(); ++group) {
    if (!IsTrained(group)) continue;
    RETURN_IF_ERROR(Towers(grain, group));
    RETURN_IF_ERROR(Trunk(grain, group));
  }
  return flags_->OfWeights(dense_->grain(grain), FlagsOf(grain));
}

// The last grain, where sums among devices begin before it is through: they are no part of what is
// started as one.
Status DeviceStep::TrainGrainInParts(size_t grain) {
  RETURN_IF_ERROR(AsOne(Part::kLosses, grain, 0, [&] { return Losses(grain); }));
  for (size_t group = 0; group < model_.network.groups.size(); ++group) {
    if (!IsTrained(group)) continue;
    RETURN_IF_ERROR(AsOne(Part::kTowers, grain, group, [&] { return Towers(grain, group); }));
    RETURN_IF_ERROR(dense_->SumTowers(group));
    RETURN_IF_ERROR(AsOne(Part::kTrunk, grain, group, [&] { return Trunk(grain, group); }));
    RETURN_IF_ERROR(dense_->SumTrunk(group));
  }
  return flags_->OfWeights(dense_->grain(grain), FlagsOf(grain));
}

Status DeviceStep::BringBack(bool gradients) {
  RETURN_IF_ERROR(device_->Download(returned_.device, returned_.host, returned_bytes_));
  if (!gradients) return Status::Ok();
  RETURN_IF_ERROR(dense_->BringBack());
  return rows_->BringBack();
}

// The one wait of a step, for what servers and workers need of it.
Status DeviceStep::WaitAndCheck(bool gradients) {
  RETURN_IF_ERROR(device_->Synchronize());
  staged_->Settle();
  weights_->Settle();
  return flags_->Check(reinterpret_cast<const uint32_t*>(flags_of_.host), gradients);
}

Status DeviceStep::Train(const std::vector<double>& scales) {
  CHECK(training_ && static_cast<int64_t>(scales.size()) == terms_ && terms_ <= kMaxTerms);
  RETURN_IF_ERROR(device_->Put(scales, scales_));
  for (size_t grain = 0; grain < range_.size(); ++grain) {
    const PackedGrain& packed = staged_->current().grains[grain];
    RETURN_IF_ERROR(
        device_->NoteKeys(packed.context_side.side, packed.exposure_side.side, rows_->notes()));
    if (IsLast(grain) && dense_->begin_early()) {
      RETURN_IF_ERROR(TrainGrainInParts(grain));
    } else {
      const auto calls = [&] { return TrainGrain(grain); };
      RETURN_IF_ERROR(AsOne(Part::kTrain, grain, 0, calls));
    }
    for (size_t group = 0; group < model_.network.groups.size(); ++group) {
      if (!IsTrained(group)) continue;
      const GroupBuffers& buffers = WorkspaceOf(grain).groups[group];
      RETURN_IF_ERROR(rows_->SumGrain(grain, group, buffers.dcontexts.view().data,
                                      buffers.dexposures.view().data));
    }
  }
  RETURN_IF_ERROR(dense_->SumRest(stage_));
  RETURN_IF_ERROR(rows_->SumNodes());
  return BringBack(true);
}

Status DeviceStep::Finish() { return WaitAndCheck(true); }

Status DeviceStep::UpdateWeights(const DenseUpdate& update) {
  ASSIGN_OR_RETURN(float* const sum, dense_->OfStep());
  return weights_->UpdateOnDevice(update, sum);
}

MatrixView<const double> DeviceStep::partials() const {
  return {reinterpret_cast<const double*>(partials_.host), range_.size(),
          objective_.partials(stage_)};
}

MatrixView<const float> DeviceStep::logits(uint32_t grain) const {
  const auto* const all = reinterpret_cast<const float*>(logits_.host);
  return {all + int64_t{grain} * grain_rows_ * heads_, staged_->current().grains[grain].rows,
          heads_};
}

MatrixView<const double> DeviceStep::term_sums() const {
  return {reinterpret_cast<const double*>(sums_.host), range_.size(), terms_};
}

}  // namespace chorus::worker
