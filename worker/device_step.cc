#include "worker/device_step.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "common/check.h"
#include "common/strings.h"
#include "common/table_spec.h"
#include "worker/model.h"
#include "worker/tower_compute.h"

namespace chorus::worker {
namespace {

bool AnyPartials(const Objective& objective) {
  for (uint32_t stage = 0; stage < objective.shape().stages(); ++stage) {
    if (objective.partials(stage) > 0) return true;
  }
  return false;
}

uint32_t MostPartials(const Objective& objective) {
  uint32_t most = 0;
  for (uint32_t stage = 0; stage < objective.shape().stages(); ++stage) {
    most = std::max(most, objective.partials(stage));
  }
  return most;
}

// Whether a group's towers are through once BackwardTowers is.
bool EndsWithTowers(const GroupPlan& plan) {
  return std::all_of(plan.towers.begin(), plan.towers.end(),
                     [](const TowerPlan& tower) { return tower.hidden_layers() > 0; });
}

std::vector<TreeNode> FromFirstGrain(std::vector<TreeNode> nodes, uint32_t first) {
  for (TreeNode& node : nodes) node.begin -= first;
  return nodes;
}

}  // namespace

DeviceStep::DeviceStep(const DeviceStepOptions& options, Device* device)
    : config_(*options.config),
      schema_(*options.schema),
      objective_(*options.objective),
      range_(options.grains),
      nodes_(MaximalNodes(range_)),
      device_(device),
      grain_rows_(config_.step().grain_rows()),
      keeps_activations_(AnyPartials(objective_)),
      last_stage_(objective_.shape().stages() - 1),
      heads_(static_cast<int64_t>(objective_.heads().size())),
      terms_(static_cast<int64_t>(objective_.terms().size())),
      step_bytes_(options.step_bytes) {}

Result<std::unique_ptr<DeviceStep>> DeviceStep::Create(const DeviceStepOptions& options,
                                                       Device* device) {
  std::unique_ptr<DeviceStep> step(new DeviceStep(options, device));
  RETURN_IF_ERROR(step->Open());
  return step;
}

// Called twice, see DeviceArena.
void DeviceStep::TakeFixedMemory() {
  const int64_t parameters = network_.parameters.size();
  const int64_t grains = range_.size();
  weights_->TakeMemory(&fixed_);
  flags_->TakeMemory(&fixed_);
  gradients_ = {fixed_.Take(grains * parameters), grains, parameters};
  workspaces_.clear();
  for (int64_t w = 0; w < (keeps_activations_ ? grains : std::min<int64_t>(grains, 1)); ++w) {
    Workspace& workspace = workspaces_.emplace_back();
    for (const GroupPlan& plan : network_.groups) {
      workspace.groups.emplace_back(plan, inputs_, grain_rows_, &fixed_);
    }
    workspace.dlogits = {fixed_.Take(grain_rows_ * heads_), grain_rows_, heads_};
  }
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
  ASSIGN_OR_RETURN(inputs_, InputLayout::Make(config_, schema_));
  ASSIGN_OR_RETURN(network_, Network::Make(config_.model(), inputs_, objective_.shape()));
  for (const TableSpec& table : TablesOf(config_, objective_.shape().group_names())) {
    dims_.push_back(table.config.dim());
  }
  const int64_t widest = std::max(inputs_.contexts.slot_width, inputs_.exposures.slot_width);
  if (grain_rows_ * widest > int64_t{0x7fffffff}) {
    return InvalidArgument(StrCat("step.grain_rows: ", grain_rows_, " rows of ", widest,
                                  " pooled floats are too many for a device"));
  }
  weights_ = std::make_unique<DeviceWeights>(&network_.parameters, last_stage_ + 1,
                                             config_.model().batch_norm_momentum(), device_);
  flags_ = std::make_unique<FiniteFlags>(&inputs_, &objective_, range_, device_);
  TakeFixedMemory();
  ASSIGN_OR_RETURN(std::byte* const fixed, device_->TakeMemory(fixed_.used()));
  fixed_.Start(fixed);
  TakeFixedMemory();
  RETURN_IF_ERROR(weights_->Open());
  RETURN_IF_ERROR(flags_->Open());
  RETURN_IF_ERROR(device_->ReserveProducts(LargestProductInput()));
  return OpenBuffers();
}

// What a step brings, needs and returns.
Status DeviceStep::OpenBuffers() {
  ASSIGN_OR_RETURN(returned_.host, device_->TakeHostMemory(returned_bytes_));
  for (Returned* part : {&flags_of_, &sums_, &partials_, &logits_}) {
    part->host = returned_.host + (part->device - returned_.device);
  }
  const size_t gradient_bytes =
      nodes_.size() * static_cast<size_t>(network_.parameters.size()) * sizeof(float);
  ASSIGN_OR_RETURN(gradient_host_, device_->TakeHostMemory(gradient_bytes));
  PackingPlan plan = {&inputs_, &objective_, dims_, FromFirstGrain(nodes_, range_.begin)};
  ASSIGN_OR_RETURN(staged_, StagedSteps::Create(std::move(plan), step_bytes_, device_));
  ASSIGN_OR_RETURN(std::byte* const download, device_->TakeMemory(step_bytes_));
  ASSIGN_OR_RETURN(std::byte* const download_host, device_->TakeHostMemory(step_bytes_));
  ASSIGN_OR_RETURN(step_memory_base_, device_->TakeMemory(step_bytes_));
  download_ = std::make_unique<PackedBlock>(download_host, download, step_bytes_);
  return Status::Ok();
}

// Inputs of products are activations of a grain and weights.
int64_t DeviceStep::LargestProductInput() const {
  int64_t widest = std::max(inputs_.contexts.width(), inputs_.exposures.width()), most = 0;
  for (const ParameterBlock& block : network_.parameters.blocks()) {
    widest = std::max({widest, block.rows, block.stride});
    most = std::max(most, block.rows * block.stride);
  }
  return std::max(most, grain_rows_ * widest);
}

Status DeviceStep::TakeStepMemory() {
  step_memory_.Start(step_memory_base_);
  notes_.source = step_memory_.TakeOf<uint32_t>(staged_->current().keys);
  notes_.factor = step_memory_.TakeOf<float>(staged_->current().keys);
  piece_sums_.assign(dims_.size(), nullptr);
  combined_.assign(dims_.size(), nullptr);
  combined_on_host_.assign(dims_.size(), nullptr);
  download_->Clear();
  for (size_t instance = 0; training_ && instance < dims_.size(); ++instance) {
    if (!IsTrained(instance / inputs_.tables)) continue;
    const GradientOrder& order = staged_->current().orders[instance % inputs_.tables].order;
    piece_sums_[instance] =
        step_memory_.Take(static_cast<int64_t>(order.piece_begins.size() - 1) * dims_[instance]);
    combined_on_host_[instance] =
        download_->Take<float>(order.positions.size() * dims_[instance], &combined_[instance]);
  }
  if (step_memory_.used() <= step_bytes_ && !download_->full()) return Status::Ok();
  return ResourceExhausted(StrCat(
      "the gradients of a step need ", (std::max(step_memory_.used(), download_->used()) >> 20) + 1,
      " MB on the device, compute.cuda.step_memory_mb is ", step_bytes_ >> 20));
}

Status DeviceStep::Load(const StepBatch& batch, const PulledRows& rows, bool training) {
  stage_ = std::min(batch.stage, last_stage_);
  step_ = training ? batch.step : 0;
  training_ = training;
  forwarded_ = false;
  contexts_pooled_ = 0;
  RETURN_IF_ERROR(staged_->Load(batch, rows, training));
  RETURN_IF_ERROR(TakeStepMemory());
  padded_contexts_.clear();
  for (PackedGrain& grain : staged_->current().grains) {
    padded_contexts_.push_back(PaddedContexts(grain.contexts, grain_rows_));
    grain.labels.stage = stage_;
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
      network_.groups[group],
      weights_->values(),
      {buffers.contexts.Top(padded_contexts_[grain]), buffers.exposures.view(), packed.context_of},
      {config_.seed(), step_, packed.row_id, packed.rows},
      &buffers};
}

Status DeviceStep::ForwardGrain(size_t grain) {
  const PackedGrain& packed = staged_->current().grains[grain];
  const MatrixView<float> logits = LogitsOf(grain);
  for (size_t group = 0; group < network_.groups.size(); ++group) {
    if (!IsComputed(group)) {
      for (size_t h = 0; h < objective_.heads().size(); ++h) {
        if (objective_.heads()[h].group != group) continue;
        device_->Fill(0.0f, logits.Columns(static_cast<int64_t>(h), 1));
      }
      continue;
    }
    const GroupPass pass = PassOf(grain, group);
    const float* const* const tables = staged_->current().group_tables[group];
    RETURN_IF_ERROR(device_->Pool(packed.context_side, tables, true, notes_,
                                  pass.buffers->contexts.Top(padded_contexts_[grain])));
    RETURN_IF_ERROR(
        device_->Pool(packed.exposure_side, tables, false, notes_, pass.buffers->exposures.view()));
    contexts_pooled_ += static_cast<uint64_t>(packed.contexts);
    RETURN_IF_ERROR(ForwardGroup(pass, logits));
  }
  return flags_->OfLogits(logits.Rows(0, packed.rows), FlagsOf(grain));
}

Status DeviceStep::Forward() {
  const uint32_t partials = objective_.partials(stage_);
  CHECK(keeps_activations_ || !training_, "activations of all grains are not kept");
  forwarded_ = true;
  for (size_t grain = 0; grain < staged_->current().grains.size(); ++grain) {
    RETURN_IF_ERROR(ForwardGrain(grain));
    if (partials == 0) continue;
    RETURN_IF_ERROR(
        device_->Partials(staged_->current().grains[grain].labels, LogitsOf(grain),
                          reinterpret_cast<double*>(partials_.device) + grain * partials));
  }
  RETURN_IF_ERROR(BringBack(false));
  return WaitAndCheck(false);
}

// The sums of the grain's keys, now that the gradients of its inputs are there.
Status DeviceStep::SumGrainPieces(size_t grain, size_t group) {
  GroupBuffers& buffers = WorkspaceOf(grain).groups[group];
  for (uint32_t table = 0; table < inputs_.tables; ++table) {
    const size_t instance = group * inputs_.tables + table;
    const PackedOrder& packed = staged_->current().orders[table];
    const GradientOrder::Grain& part = packed.order.grains[grain];
    const DevicePieces pieces = {packed.keys, packed.piece_begins + part.first_piece, part.pieces};
    RETURN_IF_ERROR(device_->SumPieces(pieces, notes_, buffers.dcontexts.view().data,
                                       buffers.dexposures.view().data, dims_[instance],
                                       part.first_piece, piece_sums_[instance]));
    if (!part.has_joins) continue;
    RETURN_IF_ERROR(device_->JoinPieces({packed.segment_first + part.first_segment, part.segments},
                                        dims_[instance], piece_sums_[instance]));
  }
  return Status::Ok();
}

Status DeviceStep::TrainGrain(size_t grain, const DeviceScales& scales) {
  if (!forwarded_) RETURN_IF_ERROR(ForwardGrain(grain));
  const MatrixView<float> dlogits = WorkspaceOf(grain).dlogits;
  RETURN_IF_ERROR(device_->Evaluate(staged_->current().grains[grain].labels, scales,
                                    LogitsOf(grain), dlogits,
                                    reinterpret_cast<double*>(sums_.device) + grain * terms_));
  const MatrixView<float> gradient = gradients_.Rows(static_cast<int64_t>(grain), 1);
  const ParameterRange trained = network_.parameters.OfStage(stage_);
  device_->Fill(0.0f, gradient.Columns(0, trained.begin));
  device_->Fill(0.0f, gradient.Columns(trained.end, gradient.cols - trained.end));
  for (size_t group = 0; group < network_.groups.size(); ++group) {
    if (!IsTrained(group)) continue;
    const GroupPass pass = PassOf(grain, group);
    const SplitInputGradient dx = {pass.buffers->dcontexts.Top(padded_contexts_[grain]),
                                   pass.buffers->dexposures.view()};
    const std::span<float> weights(gradient.data, static_cast<size_t>(gradient.cols));
    RETURN_IF_ERROR(BackwardTowers(pass, dlogits, weights));
    if (IsLast(grain)) RETURN_IF_ERROR(SumTowers(group));
    RETURN_IF_ERROR(BackwardTrunk(pass, dlogits, dx, weights));
    if (IsLast(grain)) RETURN_IF_ERROR(SumTrunk(group));
    RETURN_IF_ERROR(SumGrainPieces(grain, group));
    RETURN_IF_ERROR(flags_->OfInputs(dx.contexts, dx.exposures, FlagsOf(grain)));
  }
  return flags_->OfWeights(gradient, FlagsOf(grain));
}

// The gradients of these weights are final in all grains: adds them up over the worker's nodes, each
// in the row of its first grain. Where they stay on the device their sum over workers begins.
Status DeviceStep::SumDense(const ParameterRange& range) {
  if (range.size() == 0) return Status::Ok();
  for (const TreeNode& node : nodes_) {
    const MatrixView<float> grains = gradients_.Rows(node.begin - range_.begin, node.size);
    RETURN_IF_ERROR(device_->SumGrains(grains.Columns(range.begin, range.size())));
  }
  return collective_ == nullptr ? Status::Ok() : collective_->BeginSum(range.begin, range.end);
}

// After the backward pass of a group's towers in the last grain, and after that of what lies below,
// with which towers without hidden layers are computed.
Status DeviceStep::SumTowers(size_t group) {
  const GroupPlan& plan = network_.groups[group];
  if (collective_ == nullptr || !EndsWithTowers(plan)) return Status::Ok();
  return SumDense(plan.tower_parameters);
}

Status DeviceStep::SumTrunk(size_t group) {
  const GroupPlan& plan = network_.groups[group];
  if (collective_ == nullptr) return Status::Ok();
  if (EndsWithTowers(plan)) return SumDense(plan.trunk_parameters);
  return SumDense({plan.trunk_parameters.begin, plan.tower_parameters.end});
}

// The rest of the dense gradients: all of them, unless their sums have begun.
Status DeviceStep::SumRest() {
  if (collective_ == nullptr) return SumDense({0, gradients_.cols});
  for (size_t group = 0; group < network_.groups.size() && range_.size() == 0; ++group) {
    if (!IsTrained(group)) continue;  // a worker without grains sums along
    RETURN_IF_ERROR(SumTowers(group));
    RETURN_IF_ERROR(SumTrunk(group));
  }
  return SumDense({network_.parameters.OfStage(last_stage_).end, gradients_.cols});
}

// The worker's nodes' sparse gradients, to where they are brought back from.
Status DeviceStep::CombineNodes() {
  for (size_t n = 0; n < nodes_.size(); ++n) {
    for (size_t instance = 0; instance < dims_.size(); ++instance) {
      if (piece_sums_[instance] == nullptr) continue;
      const PackedOrder& packed = staged_->current().orders[instance % inputs_.tables];
      const GradientOrder::Node& node = packed.order.nodes[n];
      const DeviceTerms terms = {packed.term_begins + node.first_key, packed.term_grain,
                                 packed.term_piece, node.keys, nodes_[n].size};
      // What the block has taken lies in the device's own memory.
      float* const out =
          const_cast<float*>(combined_[instance]) + size_t{node.first_key} * dims_[instance];
      RETURN_IF_ERROR(device_->CombineTerms(terms, dims_[instance], piece_sums_[instance], out));
    }
  }
  return Status::Ok();
}

Status DeviceStep::BringBack(bool gradients) {
  RETURN_IF_ERROR(device_->Download(returned_.device, returned_.host, returned_bytes_));
  if (!gradients) return Status::Ok();
  const auto bytes = static_cast<size_t>(gradients_.cols) * sizeof(float);
  for (size_t n = 0; n < nodes_.size() && !keeps_gradients_; ++n) {
    RETURN_IF_ERROR(device_->Download(gradients_.row(nodes_[n].begin - range_.begin),
                                      gradient_host_ + n * bytes, bytes));
  }
  return device_->Download(download_->device(), download_->host(), download_->used());
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
  DeviceScales by_value = {};
  std::copy(scales.begin(), scales.end(), by_value.scale);
  for (size_t grain = 0; grain < staged_->current().grains.size(); ++grain) {
    RETURN_IF_ERROR(TrainGrain(grain, by_value));
  }
  RETURN_IF_ERROR(SumRest());
  RETURN_IF_ERROR(CombineNodes());
  return BringBack(true);
}

Status DeviceStep::Finish() { return WaitAndCheck(true); }

void DeviceStep::DescribeGradients(DeviceCollectiveOptions* options) const {
  options->terms.clear();
  for (const TreeNode& node : nodes_) {
    options->terms.push_back(gradients_.row(node.begin - range_.begin));
  }
  options->sum = weights_->gradient();
  options->n = gradients_.cols;
}

void DeviceStep::KeepGradients(DeviceCollective* collective) {
  keeps_gradients_ = true;
  collective_ = collective;
}

Status DeviceStep::UpdateWeights(const WeightUpdate& update) {
  CHECK(keeps_gradients_ && (collective_ != nullptr || nodes_.size() == 1));
  // A single worker's only node is the whole step.
  if (collective_ == nullptr) return weights_->UpdateOnDevice(update, gradients_.row(0));
  RETURN_IF_ERROR(collective_->Join());
  return weights_->UpdateOnDevice(update, weights_->gradient());
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

MatrixView<const float> DeviceStep::node_gradients() const {
  return {reinterpret_cast<const float*>(gradient_host_), static_cast<int64_t>(nodes_.size()),
          keeps_gradients_ ? 0 : gradients_.cols};
}

std::vector<NodeGradient> DeviceStep::SparseGradients(uint32_t instance) const {
  std::vector<NodeGradient> out;
  if (combined_on_host_[instance] == nullptr) return out;
  const GradientOrder& order = staged_->current().orders[instance % inputs_.tables].order;
  const uint32_t dim = dims_[instance];
  for (size_t n = 0; n < nodes_.size(); ++n) {
    const GradientOrder::Node& part = order.nodes[n];
    NodeGradient& gradient = out.emplace_back();
    gradient.node = nodes_[n];
    const auto first = order.positions.begin() + part.first_key;
    gradient.positions.assign(first, first + part.keys);
    const float* const values = combined_on_host_[instance] + size_t{part.first_key} * dim;
    gradient.gradients.assign(values, values + size_t{part.keys} * dim);
  }
  return out;
}

}  // namespace chorus::worker
