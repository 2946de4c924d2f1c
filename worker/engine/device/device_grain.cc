#include "worker/engine/device/device_grain.h"

#include <algorithm>

namespace chorus::worker {

void DeviceGrains::TakeMemory(DeviceArena* arena) {
  const auto heads = static_cast<int64_t>(plan_.objective->heads().size());
  activations_.clear();
  const int64_t count = plan_.keeps_activations ? plan_.grains : std::min<int64_t>(plan_.grains, 1);
  for (int64_t i = 0; i < count; ++i) {
    Activations& activations = activations_.emplace_back();
    for (const GroupPlan& group : plan_.groups()) {
      activations.groups.emplace_back(group.graph, plan_.grain_rows, GraphBuffers::Storage::kFloats,
                                      arena);
    }
    activations.dlogits = {arena->Take(plan_.grain_rows * heads), plan_.grain_rows, heads};
  }
}

GraphPass DeviceGrains::PassOf(size_t grain, size_t group) {
  const PackedGrain& packed = step_->packed->grains[grain];
  return {arrays_.device,
          plan_.groups()[group].graph,
          arrays_.weights->values(),
          {step_->padded_contexts[grain],
           packed.context_of,
           {plan_.seed, step_->step, packed.row_id, packed.rows, step_->packed->step}},
          &ActivationsOf(grain).groups[group]};
}

Status DeviceGrains::ForwardGroups(size_t grain) {
  Device& device = *arrays_.device;
  const PackedGrain& packed = step_->packed->grains[grain];
  const std::vector<Head>& heads = plan_.objective->heads();
  const MatrixView<float> logits = arrays_.results->logits(grain);
  for (size_t group = 0; group < plan_.groups().size(); ++group) {
    if (!IsComputed(group)) {
      for (size_t h = 0; h < heads.size(); ++h) {
        if (heads[h].group != group) continue;
        device.Fill(0.0f, logits.Columns(static_cast<int64_t>(h), 1));
      }
      continue;
    }
    const GraphPass pass = PassOf(grain, group);
    const float* const* const tables = step_->packed->group_tables[group];
    RETURN_IF_ERROR(device.Pool(
        packed.context_side.on_device, tables,
        pass.buffers->Of(GroupPlan::kContexts).y.Rows(0, step_->padded_contexts[grain])));
    RETURN_IF_ERROR(device.Pool(packed.exposure_side.on_device, tables,
                                pass.buffers->Of(GroupPlan::kExposures).y));
    RETURN_IF_ERROR(ForwardGraph(pass, logits));
  }
  return arrays_.flags->OfLogits(logits.Rows(0, packed.rows), arrays_.results->flags(grain));
}

Status DeviceGrains::Forward(size_t grain) {
  RETURN_IF_ERROR(ForwardGroups(grain));
  const uint32_t partials = plan_.objective->partials(step_->stage);
  if (partials == 0) return Status::Ok();
  return arrays_.device->Partials(step_->packed->grains[grain].labels,
                                  arrays_.results->logits(grain),
                                  arrays_.results->partials(grain, partials));
}

Status DeviceGrains::Losses(size_t grain, const double* scales) {
  if (!step_->forwarded) RETURN_IF_ERROR(ForwardGroups(grain));
  RETURN_IF_ERROR(arrays_.device->Evaluate(
      step_->packed->grains[grain].labels, scales, arrays_.results->logits(grain),
      ActivationsOf(grain).dlogits, arrays_.results->term_sums(grain)));
  const MatrixView<float> gradient = arrays_.gradients->grain(grain);
  const ParameterRange trained = plan_.model->parameters().OfStage(step_->stage);
  arrays_.device->Fill(0.0f, gradient.Columns(0, trained.begin));
  arrays_.device->Fill(0.0f, gradient.Columns(trained.end, gradient.cols - trained.end));
  return Status::Ok();
}

std::span<float> DeviceGrains::GradientOf(size_t grain) const {
  const MatrixView<float> gradient = arrays_.gradients->grain(grain);
  return {gradient.data, static_cast<size_t>(gradient.cols)};
}

Status DeviceGrains::Upper(size_t grain, size_t group) {
  return BackwardUpper(PassOf(grain, group), ActivationsOf(grain).dlogits, GradientOf(grain));
}

Status DeviceGrains::Lower(size_t grain, size_t group) {
  const GraphPass pass = PassOf(grain, group);
  RETURN_IF_ERROR(BackwardLower(pass, ActivationsOf(grain).dlogits, GradientOf(grain)));
  return arrays_.flags->OfInputs(
      pass.buffers->Of(GroupPlan::kContexts).dy.Rows(0, step_->padded_contexts[grain]),
      pass.buffers->Of(GroupPlan::kExposures).dy, arrays_.results->flags(grain));
}

Status DeviceGrains::CheckWeights(size_t grain) {
  return arrays_.flags->OfWeights(arrays_.gradients->grain(grain), arrays_.results->flags(grain));
}

const float* DeviceGrains::dcontexts(size_t grain, size_t group) {
  return ActivationsOf(grain).groups[group].Of(GroupPlan::kContexts).dy.data;
}

const float* DeviceGrains::dexposures(size_t grain, size_t group) {
  return ActivationsOf(grain).groups[group].Of(GroupPlan::kExposures).dy.data;
}

}  // namespace chorus::worker
