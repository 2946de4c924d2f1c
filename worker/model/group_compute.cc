#include "worker/model/group_compute.h"

#include "worker/model/tower_compute.h"

namespace chorus::worker {
namespace {

// The shared bottom and the wide layer.
Status ForwardTrunk(const GroupPass& pass) {
  const GroupPlan& plan = pass.plan;
  GroupBuffers* const buffers = pass.buffers;
  const MatrixView<float> product = buffers->context_product.Top(pass.x.contexts.rows);
  const MatrixView<float> wide = buffers->wide.y.view();
  if (!plan.has_bottom) {
    if (plan.wide_width == 0) return Status::Ok();
    RETURN_IF_ERROR(plan.split.Forward(pass.backend, pass.parameters, pass.x, product, wide));
    Norm(pass, plan.wide_norm, wide, &buffers->wide_norm);
    return Status::Ok();
  }
  std::vector<Activation>& bottom = buffers->bottom;
  for (size_t l = 0; l < bottom.size(); ++l) {
    const MatrixView<float> y = bottom[l].y.view();
    if (l == 0) {
      RETURN_IF_ERROR(plan.split.Forward(pass.backend, pass.parameters, pass.x, product, y));
    } else {
      RETURN_IF_ERROR(
          plan.bottom[l - 1].Forward(pass.backend, pass.parameters, bottom[l - 1].y.view(), y));
    }
    Norm(pass, plan.bottom_norms[l], y, &buffers->bottom_norms[l]);
    Drop(pass, plan.bottom_dropout[l], y);
  }
  if (plan.wide_width == 0) return Status::Ok();
  RETURN_IF_ERROR(plan.wide.Forward(pass.backend, pass.parameters, bottom.back().y.view(), wide));
  Norm(pass, plan.wide_norm, wide, &buffers->wide_norm);
  return Status::Ok();
}

// From the wide layer down to the inputs, when there is no shared bottom.
Status BackwardInputs(const GroupPass& pass, MatrixView<const float> dlogits,
                      const SplitInputGradient& dx, std::span<float> gradient) {
  if (pass.plan.wide_width > 0) {
    const ActivationView wide = pass.buffers->wide.view();
    NormBackward(pass, pass.plan.wide_norm, wide, &pass.buffers->wide_norm, gradient);
    RETURN_IF_ERROR(pass.plan.split.Backward(
        pass.backend, pass.parameters, pass.x, wide.y, wide.dy,
        pass.buffers->context_product.Top(pass.x.contexts.rows), dx, gradient));
  } else {
    pass.backend->Fill(0.0f, dx.contexts);
    pass.backend->Fill(0.0f, dx.exposures);
  }
  BackwardHeadsOnInputs(pass, dlogits, dx, gradient);
  return Status::Ok();
}

// From the wide layer through the shared bottom down to the inputs.
Status BackwardBottom(const GroupPass& pass, MatrixView<const float> dlogits,
                      const SplitInputGradient& dx, std::span<float> gradient) {
  const GroupPlan& plan = pass.plan;
  std::vector<Activation>& bottom = pass.buffers->bottom;
  const ActivationView top = bottom.back().view();
  if (plan.wide_width > 0) {
    const ActivationView wide = pass.buffers->wide.view();
    NormBackward(pass, pass.plan.wide_norm, wide, &pass.buffers->wide_norm, gradient);
    RETURN_IF_ERROR(plan.wide.Backward(pass.backend, pass.parameters, top.y, wide.y, wide.dy,
                                       top.dy, false, gradient));
  } else {
    pass.backend->Fill(0.0f, top.dy);
  }
  BackwardHeadsOnBottom(pass, dlogits, top, gradient);
  for (size_t l = bottom.size(); l > 0; --l) {
    const ActivationView y = bottom[l - 1].view();
    DropBackward(pass, plan.bottom_dropout[l - 1], y);
    NormBackward(pass, plan.bottom_norms[l - 1], y, &pass.buffers->bottom_norms[l - 1], gradient);
    if (l == 1) break;
    const ActivationView x = bottom[l - 2].view();
    RETURN_IF_ERROR(plan.bottom[l - 2].Backward(pass.backend, pass.parameters, x.y, y.y, y.dy, x.dy,
                                                false, gradient));
  }
  return plan.split.Backward(pass.backend, pass.parameters, pass.x, bottom[0].y.view(),
                             bottom[0].dy.view(),
                             pass.buffers->context_product.Top(pass.x.contexts.rows), dx, gradient);
}

GroupBuffers::Tower NewTower(const TowerPlan& tower, int64_t grain_rows, MatrixMemory* memory) {
  GroupBuffers::Tower buffers;
  for (const DenseLayer& layer : tower.layers) {
    buffers.hidden.emplace_back(grain_rows, layer.out, memory);
  }
  for (const BatchNormLayer& norm : tower.norms) {
    buffers.norms.push_back(norm.NewBuffers(grain_rows, memory));
  }
  for (const HeadPlan& head : tower.heads) {
    buffers.heads.emplace_back(grain_rows, head.dropout.threshold > 0 ? head.logit.in : 0, memory);
  }
  return buffers;
}

}  // namespace

GroupBuffers::GroupBuffers(const GroupPlan& plan, const InputLayout& inputs, int64_t grain_rows,
                           MatrixMemory* memory)
    : contexts(grain_rows, inputs.contexts.width(), memory),
      dcontexts(grain_rows, inputs.contexts.slot_width, memory),
      exposures(grain_rows, inputs.exposures.width(), memory),
      dexposures(grain_rows, inputs.exposures.slot_width, memory),
      context_product(grain_rows, plan.split.context_in > 0 ? plan.split.out : 0, memory),
      context_logit(grain_rows, 1, memory),
      wide(grain_rows, plan.wide_width, memory),
      wide_norm(plan.wide_norm.NewBuffers(grain_rows, memory)) {
  if (plan.has_bottom) bottom.emplace_back(grain_rows, plan.split.out, memory);
  for (const DenseLayer& layer : plan.bottom) {
    bottom.emplace_back(grain_rows, layer.out, memory);
  }
  for (const BatchNormLayer& norm : plan.bottom_norms) {
    bottom_norms.push_back(norm.NewBuffers(grain_rows, memory));
  }
  for (const TowerPlan& tower : plan.towers) towers.push_back(NewTower(tower, grain_rows, memory));
  if (plan.transfer.has_value()) {
    attention = AttentionBuffers(plan.transfer->attention, grain_rows, memory);
    transferred = Activation(grain_rows, plan.transfer->attention.width, memory);
  }
}

Status ForwardGroup(const GroupPass& pass, MatrixView<float> logits) {
  RETURN_IF_ERROR(ForwardTrunk(pass));
  return ForwardTowers(pass, logits);
}

Status BackwardGroup(const GroupPass& pass, MatrixView<const float> dlogits,
                     const SplitInputGradient& dx, std::span<float> gradient) {
  RETURN_IF_ERROR(BackwardTowers(pass, dlogits, gradient));
  return BackwardTrunk(pass, dlogits, dx, gradient);
}

Status BackwardTrunk(const GroupPass& pass, MatrixView<const float> dlogits,
                     const SplitInputGradient& dx, std::span<float> gradient) {
  const auto below = pass.plan.has_bottom ? BackwardBottom : BackwardInputs;
  return below(pass, dlogits, dx, gradient);
}

}  // namespace chorus::worker
