#include "worker/group_compute.h"

#include "worker/layer/kernels.h"

namespace chorus::worker {
namespace {

using Activation = GroupBuffers::Activation;

struct ActivationView {
  MatrixView<float> y;
  MatrixView<float> dy;
};

Activation NewActivation(int64_t rows, int64_t width) {
  return {AlignedMatrix(rows, width), AlignedMatrix(rows, width)};
}

ActivationView ViewOf(Activation& activation) {
  return {activation.y.view(), activation.dy.view()};
}

// Hidden layer `layer` (0 = its part of the wide one) of a tower.
ActivationView HiddenOf(const TowerPlan& tower, std::vector<Activation>& own, size_t layer,
                        Activation& wide) {
  if (layer > 0) return ViewOf(own[layer - 1]);
  return {wide.y.view().Columns(tower.first_column, tower.first_width),
          wide.dy.view().Columns(tower.first_column, tower.first_width)};
}

Status ForwardTower(Backend* backend, const TowerPlan& tower, std::span<const float> parameters,
                    std::vector<Activation>& own, Activation& wide, MatrixView<float> z) {
  for (size_t l = 0; l < tower.layers.size(); ++l) {
    RETURN_IF_ERROR(tower.layers[l].Forward(backend, parameters, HiddenOf(tower, own, l, wide).y,
                                            HiddenOf(tower, own, l + 1, wide).y));
  }
  tower.logit.Forward(backend, parameters, HiddenOf(tower, own, tower.layers.size(), wide).y, z);
  return Status::Ok();
}

// Ends with the tower's columns of wide.dy.
Status BackwardTower(Backend* backend, const TowerPlan& tower, std::span<const float> parameters,
                     MatrixView<const float> dz, std::vector<Activation>& own, Activation& wide,
                     std::span<float> gradient) {
  const ActivationView last = HiddenOf(tower, own, tower.layers.size(), wide);
  tower.logit.Backward(backend, parameters, last.y, dz, last.dy, false, gradient);
  for (size_t l = tower.layers.size(); l > 0; --l) {
    const ActivationView x = HiddenOf(tower, own, l - 1, wide);
    const ActivationView y = HiddenOf(tower, own, l, wide);
    RETURN_IF_ERROR(
        tower.layers[l - 1].Backward(backend, parameters, x.y, y.y, y.dy, x.dy, gradient));
  }
  return Status::Ok();
}

// The shared bottom and the wide layer.
Status ForwardTrunk(Backend* backend, const GroupPlan& plan, std::span<const float> parameters,
                    const SplitInput& x, GroupBuffers* buffers) {
  const MatrixView<float> product = buffers->context_product.Top(x.contexts.rows);
  if (!plan.has_bottom) {
    if (plan.wide_width == 0) return Status::Ok();
    return plan.split.Forward(backend, parameters, x, product, buffers->wide.y.view());
  }
  std::vector<Activation>& bottom = buffers->bottom;
  RETURN_IF_ERROR(plan.split.Forward(backend, parameters, x, product, bottom[0].y.view()));
  for (size_t l = 0; l < plan.bottom.size(); ++l) {
    RETURN_IF_ERROR(
        plan.bottom[l].Forward(backend, parameters, bottom[l].y.view(), bottom[l + 1].y.view()));
  }
  if (plan.wide_width == 0) return Status::Ok();
  return plan.wide.Forward(backend, parameters, bottom.back().y.view(), buffers->wide.y.view());
}

// Down to the inputs, when there is no shared bottom.
Status BackwardInputs(Backend* backend, const GroupPlan& plan, std::span<const float> parameters,
                      const SplitInput& x, MatrixView<const float> dlogits,
                      const SplitInputGradient& dx, GroupBuffers* buffers,
                      std::span<float> gradient) {
  if (plan.wide_width > 0) {
    RETURN_IF_ERROR(
        plan.split.Backward(backend, parameters, x, buffers->wide.y.view(), buffers->wide.dy.view(),
                            buffers->context_product.Top(x.contexts.rows), dx, gradient));
  } else {
    FillZero(dx.contexts);
    FillZero(dx.exposures);
  }
  for (const TowerPlan& tower : plan.towers) {
    if (tower.first_width > 0) continue;
    tower.split_logit.Backward(backend, parameters, x, dlogits.Columns(tower.head, 1),
                               buffers->context_logit.Top(x.contexts.rows), dx, gradient);
  }
  return Status::Ok();
}

Status BackwardBottom(Backend* backend, const GroupPlan& plan, std::span<const float> parameters,
                      const SplitInput& x, MatrixView<const float> dlogits,
                      const SplitInputGradient& dx, GroupBuffers* buffers,
                      std::span<float> gradient) {
  std::vector<Activation>& bottom = buffers->bottom;
  const ActivationView top = ViewOf(bottom.back());
  if (plan.wide_width > 0) {
    RETURN_IF_ERROR(plan.wide.Backward(backend, parameters, top.y, buffers->wide.y.view(),
                                       buffers->wide.dy.view(), top.dy, gradient));
  } else {
    FillZero(top.dy);
  }
  for (const TowerPlan& tower : plan.towers) {
    if (tower.first_width > 0) continue;
    tower.logit.Backward(backend, parameters, top.y, dlogits.Columns(tower.head, 1), top.dy, true,
                         gradient);
  }
  for (size_t l = plan.bottom.size(); l > 0; --l) {
    RETURN_IF_ERROR(plan.bottom[l - 1].Backward(backend, parameters, bottom[l - 1].y.view(),
                                                bottom[l].y.view(), bottom[l].dy.view(),
                                                bottom[l - 1].dy.view(), gradient));
  }
  return plan.split.Backward(backend, parameters, x, bottom[0].y.view(), bottom[0].dy.view(),
                             buffers->context_product.Top(x.contexts.rows), dx, gradient);
}

}  // namespace

GroupBuffers::GroupBuffers(const GroupPlan& plan, const InputLayout& inputs, int64_t grain_rows)
    : contexts(grain_rows, inputs.contexts.width()),
      dcontexts(grain_rows, inputs.contexts.slot_width),
      exposures(grain_rows, inputs.exposures.width()),
      dexposures(grain_rows, inputs.exposures.slot_width),
      context_product(grain_rows, plan.split.context_in > 0 ? plan.split.out : 0),
      context_logit(grain_rows, 1),
      wide(NewActivation(grain_rows, plan.wide_width)) {
  if (plan.has_bottom) bottom.push_back(NewActivation(grain_rows, plan.split.out));
  for (const DenseLayer& layer : plan.bottom)
    bottom.push_back(NewActivation(grain_rows, layer.out));
  for (const TowerPlan& tower : plan.towers) {
    std::vector<Activation>& own = towers.emplace_back();
    for (const DenseLayer& layer : tower.layers)
      own.push_back(NewActivation(grain_rows, layer.out));
  }
}

Status ForwardGroup(Backend* backend, const GroupPlan& plan, std::span<const float> parameters,
                    const SplitInput& x, GroupBuffers* buffers, MatrixView<float> logits) {
  RETURN_IF_ERROR(ForwardTrunk(backend, plan, parameters, x, buffers));
  for (size_t t = 0; t < plan.towers.size(); ++t) {
    const TowerPlan& tower = plan.towers[t];
    const MatrixView<float> z = logits.Columns(tower.head, 1);
    if (tower.first_width > 0) {
      RETURN_IF_ERROR(
          ForwardTower(backend, tower, parameters, buffers->towers[t], buffers->wide, z));
    } else if (plan.has_bottom) {
      tower.logit.Forward(backend, parameters, buffers->bottom.back().y.view(), z);
    } else {
      tower.split_logit.Forward(backend, parameters, x, buffers->context_logit.Top(x.contexts.rows),
                                z);
    }
  }
  return Status::Ok();
}

Status BackwardGroup(Backend* backend, const GroupPlan& plan, std::span<const float> parameters,
                     const SplitInput& x, MatrixView<const float> dlogits,
                     const SplitInputGradient& dx, GroupBuffers* buffers,
                     std::span<float> gradient) {
  for (size_t t = 0; t < plan.towers.size(); ++t) {
    const TowerPlan& tower = plan.towers[t];
    if (tower.first_width == 0) continue;
    RETURN_IF_ERROR(BackwardTower(backend, tower, parameters, dlogits.Columns(tower.head, 1),
                                  buffers->towers[t], buffers->wide, gradient));
  }
  const auto below = plan.has_bottom ? BackwardBottom : BackwardInputs;
  return below(backend, plan, parameters, x, dlogits, dx, buffers, gradient);
}

}  // namespace chorus::worker
