#include "worker/model/tower_compute.h"

namespace chorus::worker {
namespace {

// A pass of one grain through one tower.
class TowerPass {
 public:
  TowerPass(const GroupPass& pass, size_t tower)
      : pass_(pass),
        plan_(pass.plan.towers[tower]),
        buffers_(pass.buffers->towers[tower]),
        transfer_(pass.plan.transfer.has_value() ? &*pass.plan.transfer : nullptr),
        receives_(transfer_ != nullptr && transfer_->to == tower),
        giver_(transfer_ == nullptr ? 0 : GiverOf(*transfer_, tower)),
        gives_(transfer_ != nullptr && giver_ < transfer_->from.size()) {}

  Status Forward(MatrixView<float> logits) const;
  Status Backward(MatrixView<const float> dlogits, std::span<float> gradient) const;
  void BackwardHeads(const ActivationView& x, MatrixView<const float> dlogits, bool accumulate_dx,
                     std::span<float> gradient) const;

 private:
  static size_t GiverOf(const TransferPlan& transfer, size_t tower) {
    size_t giver = 0;
    while (giver < transfer.from.size() && transfer.from[giver] != tower) ++giver;
    return giver;
  }

  // The output of a hidden layer.
  ActivationView Hidden(size_t layer) const {
    if (layer > 0) return buffers_.hidden[layer - 1].view();
    return pass_.buffers->wide.view().Columns(plan_.first_column, plan_.first_width);
  }
  // What the layer above it reads: the same, or what a transfer made of it.
  ActivationView Above(size_t layer) const {
    return receives_ && layer == transfer_->layer ? pass_.buffers->transferred.view()
                                                  : Hidden(layer);
  }
  // What the heads read. REQUIRES: the tower has hidden layers, or the group a shared bottom.
  MatrixView<const float> Last() const {
    if (plan_.hidden_layers() > 0) return Above(plan_.hidden_layers() - 1).y;
    return pass_.buffers->bottom.back().y.view();
  }

  Status ForwardHidden(size_t layer) const;
  Status BackwardHidden(size_t layer, std::span<float> gradient) const;
  void ForwardHead(size_t index, MatrixView<float> z) const;
  void BackwardHead(size_t index, const ActivationView& x, MatrixView<const float> dz,
                    bool accumulate_dx, std::span<float> gradient) const;

  const GroupPass& pass_;
  const TowerPlan& plan_;
  GroupBuffers::Tower& buffers_;
  const TransferPlan* const transfer_;
  const bool receives_;
  const size_t giver_;
  const bool gives_;
};

Status TowerPass::ForwardHidden(size_t layer) const {
  const MatrixView<float> y = Hidden(layer).y;
  if (layer > 0) {
    RETURN_IF_ERROR(
        plan_.layers[layer - 1].Forward(pass_.backend, pass_.parameters, Above(layer - 1).y, y));
    Norm(pass_, plan_.norms[layer - 1], y, &buffers_.norms[layer - 1]);
  }
  Drop(pass_, plan_.dropout[layer], y);
  if (transfer_ == nullptr || layer != transfer_->layer) return Status::Ok();
  AttentionBuffers* const attention = &pass_.buffers->attention;
  if (receives_) {
    return transfer_->attention.ForwardReceiver(pass_.backend, pass_.parameters, y, attention,
                                                Above(layer).y);
  }
  if (!gives_) return Status::Ok();
  return transfer_->attention.ForwardGiver(pass_.backend, pass_.parameters, giver_, y, attention);
}

// From the gradient of Above(layer) to that of Above(layer - 1).
Status TowerPass::BackwardHidden(size_t layer, std::span<float> gradient) const {
  const ActivationView y = Hidden(layer);
  if (transfer_ != nullptr && layer == transfer_->layer) {
    AttentionBuffers* const attention = &pass_.buffers->attention;
    if (receives_) {
      const ActivationView above = Above(layer);
      RETURN_IF_ERROR(transfer_->attention.BackwardReceiver(
          pass_.backend, pass_.parameters, y.y, above.y, above.dy, y.dy, attention, gradient));
    } else if (gives_) {
      RETURN_IF_ERROR(transfer_->attention.BackwardGiver(pass_.backend, pass_.parameters, giver_,
                                                         y.y, y.dy, attention, gradient));
    }
  }
  DropBackward(pass_, plan_.dropout[layer], y);
  if (layer == 0) return Status::Ok();
  NormBackward(pass_, plan_.norms[layer - 1], y, &buffers_.norms[layer - 1], gradient);
  const ActivationView x = Above(layer - 1);
  return plan_.layers[layer - 1].Backward(pass_.backend, pass_.parameters, x.y, y.y, y.dy, x.dy,
                                          false, gradient);
}

void TowerPass::ForwardHead(size_t index, MatrixView<float> z) const {
  const HeadPlan& head = plan_.heads[index];
  if (plan_.hidden_layers() == 0 && !pass_.plan.has_bottom) {
    head.split_logit.Forward(pass_.backend, pass_.parameters, pass_.x,
                             pass_.buffers->context_logit.Top(pass_.x.contexts.rows), z);
    return;
  }
  // A head drops units in a copy of its own: the tower's other heads read the same layer.
  MatrixView<const float> x = Last();
  if (head.dropout.IsOn(pass_.draw)) {
    const MatrixView<float> kept = buffers_.heads[index].y.view();
    pass_.backend->Dropout(head.dropout.MaskOf(pass_.draw), x, kept);
    x = kept;
  }
  head.logit.Forward(pass_.backend, pass_.parameters, x, z);
}

void TowerPass::BackwardHead(size_t index, const ActivationView& x, MatrixView<const float> dz,
                             bool accumulate_dx, std::span<float> gradient) const {
  const HeadPlan& head = plan_.heads[index];
  if (!head.dropout.IsOn(pass_.draw)) {
    head.logit.Backward(pass_.backend, pass_.parameters, x.y, dz, x.dy, accumulate_dx, gradient);
    return;
  }
  const ActivationView kept = buffers_.heads[index].view();
  head.logit.Backward(pass_.backend, pass_.parameters, kept.y, dz, kept.dy, false, gradient);
  pass_.backend->PassPositive(kept.y, head.dropout.scale(), kept.dy, x.dy, accumulate_dx);
}

void TowerPass::BackwardHeads(const ActivationView& x, MatrixView<const float> dlogits,
                              bool accumulate_dx, std::span<float> gradient) const {
  for (size_t head = 0; head < plan_.heads.size(); ++head) {
    // The first head overwrites the gradient of what they all read, the others add to it.
    BackwardHead(head, x, dlogits.Columns(plan_.heads[head].head, 1), accumulate_dx || head > 0,
                 gradient);
  }
}

Status TowerPass::Forward(MatrixView<float> logits) const {
  for (size_t layer = 0; layer < plan_.hidden_layers(); ++layer) {
    RETURN_IF_ERROR(ForwardHidden(layer));
  }
  for (size_t head = 0; head < plan_.heads.size(); ++head) {
    ForwardHead(head, logits.Columns(plan_.heads[head].head, 1));
  }
  return Status::Ok();
}

Status TowerPass::Backward(MatrixView<const float> dlogits, std::span<float> gradient) const {
  const size_t layers = plan_.hidden_layers();
  BackwardHeads(Above(layers - 1), dlogits, false, gradient);
  for (size_t layer = layers; layer > 0; --layer) {
    RETURN_IF_ERROR(BackwardHidden(layer - 1, gradient));
  }
  return Status::Ok();
}

// Calls visit(tower) for every tower; a transfer's receiver last, or first.
template <typename Visit>
Status ForTowers(const GroupPlan& plan, bool receiver_last, const Visit& visit) {
  const size_t towers = plan.towers.size();
  const size_t receiver = plan.transfer.has_value() ? plan.transfer->to : towers;
  if (receiver < towers && !receiver_last) RETURN_IF_ERROR(visit(receiver));
  for (size_t tower = 0; tower < towers; ++tower) {
    if (tower != receiver) RETURN_IF_ERROR(visit(tower));
  }
  if (receiver < towers && receiver_last) RETURN_IF_ERROR(visit(receiver));
  return Status::Ok();
}

}  // namespace

void Norm(const GroupPass& pass, const BatchNormLayer& norm, MatrixView<float> y,
          BatchNormBuffers* buffers) {
  norm.Forward(pass.backend, pass.parameters, pass.training(), pass.x.context_of.rows, y, buffers);
}

void NormBackward(const GroupPass& pass, const BatchNormLayer& norm, const ActivationView& layer,
                  BatchNormBuffers* buffers, std::span<float> gradient) {
  norm.Backward(pass.backend, pass.training(), pass.x.context_of.rows, layer, buffers, gradient);
}

void Drop(const GroupPass& pass, const DropoutLayer& dropout, MatrixView<float> y) {
  if (dropout.IsOn(pass.draw)) pass.backend->Dropout(dropout.MaskOf(pass.draw), y, y);
}

void DropBackward(const GroupPass& pass, const DropoutLayer& dropout, const ActivationView& layer) {
  if (!dropout.IsOn(pass.draw)) return;
  pass.backend->PassPositive(layer.y, dropout.scale(), layer.dy, layer.dy, false);
}

Status ForwardTowers(const GroupPass& pass, MatrixView<float> logits) {
  return ForTowers(pass.plan, true,
                   [&](size_t tower) { return TowerPass(pass, tower).Forward(logits); });
}

Status BackwardTowers(const GroupPass& pass, MatrixView<const float> dlogits,
                      std::span<float> gradient) {
  return ForTowers(pass.plan, false, [&](size_t tower) {
    if (pass.plan.towers[tower].hidden_layers() == 0) return Status::Ok();
    return TowerPass(pass, tower).Backward(dlogits, gradient);
  });
}

void BackwardHeadsOnBottom(const GroupPass& pass, MatrixView<const float> dlogits,
                           const ActivationView& below, std::span<float> gradient) {
  for (size_t tower = 0; tower < pass.plan.towers.size(); ++tower) {
    if (pass.plan.towers[tower].hidden_layers() > 0) continue;
    TowerPass(pass, tower).BackwardHeads(below, dlogits, true, gradient);
  }
}

void BackwardHeadsOnInputs(const GroupPass& pass, MatrixView<const float> dlogits,
                           const SplitInputGradient& dx, std::span<float> gradient) {
  const MatrixView<float> scratch = pass.buffers->context_logit.Top(pass.x.contexts.rows);
  for (const TowerPlan& tower : pass.plan.towers) {
    if (tower.hidden_layers() > 0) continue;
    for (const HeadPlan& head : tower.heads) {
      head.split_logit.Backward(pass.backend, pass.parameters, pass.x,
                                dlogits.Columns(head.head, 1), scratch, dx, gradient);
    }
  }
}

}  // namespace chorus::worker
