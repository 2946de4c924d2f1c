#include "worker/model/group_maker.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "common/check.h"
#include "common/strings.h"
#include "worker/layers/transfer.h"
#include "worker/model/encoders.h"

namespace chorus::worker {
namespace {

// The towers that take part in a transfer, and its weights.
struct TransferPlan {
  size_t to = 0;             // index of the receiving tower in the group
  std::vector<size_t> from;  // indices of the giving towers
  size_t layer = 0;          // the hidden layer that is given and replaced; the first is 0
  Node node;                 // without inputs
};

// A tower whose weights have been taken.
struct TowerPlan {
  TowerShape shape;
  std::vector<ProductWeights> layers;  // hidden layers after the first
  std::vector<ProductWeights> logits;  // [heads]
  std::vector<Port> inputs;            // of the first layer, or of the logits
  std::vector<Port> wide;              // further inputs of the logits
  Port top = {};                       // the units below the next layer to be added
};

// Towers whose first layers read the same, and the product of those.
struct WideLayer {
  std::vector<size_t> towers;
  ProductWeights weights;
};

bool ReadTheSame(const std::vector<Port>& a, const std::vector<Port>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Port& x, const Port& y) {
    return x.node == y.node && x.first == y.first && x.width == y.width;
  });
}

// Takes the weights of one group's layers and adds its nodes.
class GroupMaker {
 public:
  GroupMaker(const ModelConfig& config, const InputLayout& inputs, const MethodShape& shape,
             uint32_t index, GroupBuilder* builder)
      : config_(config), inputs_(inputs), shape_(shape), index_(index), builder_(*builder) {}

  // head_bias: [heads], set for those of the group.
  Status Make(const std::vector<TowerShape>& shapes, std::vector<int64_t>* head_bias);

 private:
  const Head& HeadOf(size_t tower, size_t i) const {
    return shape_.heads[towers_[tower].shape.heads[i]];
  }

  void TakeWide();
  void TakeTowers(std::vector<int64_t>* head_bias);
  Status TakeTransfers(const std::vector<TowerShape>& shapes);
  void TakeTransfer(const Transfer& transfer, TransferPlan* plan);

  void AddHeads(size_t tower);
  void AddWide(const WideLayer& wide);
  void AddLayer(size_t tower, size_t layer);
  void AddTransfer(TransferPlan plan);
  void AddTowers();

  const ModelConfig& config_;
  const InputLayout& inputs_;
  const MethodShape& shape_;
  const uint32_t index_;
  GroupBuilder& builder_;
  std::vector<TowerPlan> towers_;
  std::vector<WideLayer> wides_;
  std::vector<TransferPlan> transfers_;
};

// The first layers of towers that read the same stand side by side: a wide product runs faster than
// several narrow ones. Frozen ones stand apart from others: what is trained is whole matrices.
void GroupMaker::TakeWide() {
  for (size_t t = 0; t < towers_.size(); ++t) {
    if (towers_[t].shape.hidden.empty()) continue;
    const auto same = std::find_if(wides_.begin(), wides_.end(), [&](const WideLayer& wide) {
      const TowerPlan& other = towers_[wide.towers[0]];
      return other.shape.trainable == towers_[t].shape.trainable &&
             ReadTheSame(other.inputs, towers_[t].inputs);
    });
    (same == wides_.end() ? wides_.emplace_back() : *same).towers.push_back(t);
  }
  for (WideLayer& wide : wides_) {
    std::vector<std::string> layers;
    Widths widths;
    for (const size_t t : wide.towers) {
      layers.push_back(towers_[t].shape.layer(0));
      widths.push_back(towers_[t].shape.hidden[0]);
    }
    builder_.TakeTrainable(towers_[wide.towers[0]].shape.trainable);
    wide.weights =
        builder_.TakeHidden(layers, Labelled(towers_[wide.towers[0]].inputs), widths, false);
  }
}

// The towers' layers after the first ones, and their logits.
void GroupMaker::TakeTowers(std::vector<int64_t>* head_bias) {
  for (size_t t = 0; t < towers_.size(); ++t) {
    TowerPlan& tower = towers_[t];
    const Widths& hidden = tower.shape.hidden;
    builder_.TakeTrainable(tower.shape.trainable);
    for (size_t l = 1; l < hidden.size(); ++l) {
      const Port below = {0, 0, hidden[l - 1], kWeight};
      tower.layers.push_back(builder_.TakeHidden({tower.shape.layer(l)}, {below}, {hidden[l]}));
    }
    std::vector<Port> inputs = {{0, 0, hidden.empty() ? 0 : hidden.back(), kWeight}};
    if (hidden.empty()) inputs = Labelled(tower.inputs);
    inputs.insert(inputs.end(), tower.wide.begin(), tower.wide.end());
    for (size_t i = 0; i < tower.shape.heads.size(); ++i) {
      const std::string layer = StrCat("tower.", HeadOf(t, i).name, ".logit");
      tower.logits.push_back(builder_.TakeLogit(layer, inputs));
      (*head_bias)[tower.shape.heads[i]] = tower.logits.back().bias;
    }
  }
}

// Query, key and value are parts of one matrix, since they read the same token.
void GroupMaker::TakeTransfer(const Transfer& transfer, TransferPlan* plan) {
  const TowerShape& to = towers_[plan->to].shape;
  const int64_t width = to.hidden[plan->layer];
  builder_.TakeTrainable(to.trainable);
  Node& node = plan->node;
  node.name = "transfer." + to.name;
  node.layers = {node.name};
  node.width = width;
  const auto take = [&](const std::string& layer, int64_t in) -> DenseParameters {
    const ProductWeights weights =
        builder_.TakeLinear({layer}, {{0, 0, in, kWeight}}, Widths{width});
    node.weights.insert(node.weights.end(), weights.ranges.begin(), weights.ranges.end());
    return {in, weights.weights[0], weights.bias};
  };
  std::vector<DenseParameters> from;
  for (const size_t giver : plan->from) {
    const TowerShape& shape = towers_[giver].shape;
    from.push_back(take(StrCat(node.name, ".from.", shape.name), shape.hidden[plan->layer]));
  }
  const ParameterRange projection =
      builder_.TakeMatrix({node.name + ".query", node.name + ".key", node.name + ".value"}, width,
                          Widths(3, width), width);
  node.weights.push_back(projection);
  const auto tokens = static_cast<int64_t>(transfer.from.size());
  const DenseParameters out = take(node.name + ".out", tokens * width);
  node.layer = std::make_shared<TransferLayer>(width, std::move(from), projection.begin, out);
}

Status GroupMaker::TakeTransfers(const std::vector<TowerShape>& shapes) {
  for (const Transfer& transfer : shape_.transfers) {
    if (shape_.heads[transfer.to].group != index_) continue;
    CHECK(transfers_.empty(), "two transfers");
    TransferPlan& plan = transfers_.emplace_back();
    plan.layer = transfer.layer - 1;
    ASSIGN_OR_RETURN(plan.to, TransferTower(shapes, shape_.heads[transfer.to], transfer.layer));
    for (const uint32_t head : transfer.from) {
      ASSIGN_OR_RETURN(const size_t from,
                       TransferTower(shapes, shape_.heads[head], transfer.layer));
      CHECK(from != plan.to, "tower ", shapes[from].name, " gives to itself");
      plan.from.push_back(from);
    }
    TakeTransfer(transfer, &plan);
  }
  return Status::Ok();
}

// The heads of a tower, the last one first: in the backward pass, which goes through the nodes from
// the end, the gradients of what they all read are added in the order of the heads.
void GroupMaker::AddHeads(size_t t) {
  const TowerPlan& tower = towers_[t];
  for (size_t i = tower.logits.size(); i-- > 0;) {
    const Head& head = HeadOf(t, i);
    const std::string& name = tower.logits[i].layers[0];
    std::vector<Port> inputs = tower.inputs;
    if (!tower.shape.hidden.empty()) inputs = {tower.top};
    for (Port& input : inputs) {
      input = builder_.AddDropCopy(name, input, DropoutLayer(name, head.dropout));
    }
    inputs.insert(inputs.end(), tower.wide.begin(), tower.wide.end());
    builder_.AddLogit(tower.logits[i], inputs, tower.shape.heads[i], head.pass_back);
  }
}

void GroupMaker::AddWide(const WideLayer& wide) {
  const Port units = builder_.AddHidden(wide.weights, towers_[wide.towers[0]].inputs);
  int64_t column = 0;
  for (const size_t t : wide.towers) {
    TowerPlan& tower = towers_[t];
    tower.top = units.Columns(column, tower.shape.hidden[0]);
    column += tower.shape.hidden[0];
  }
}

// A hidden layer of a tower after the first, or what drops units of the first.
void GroupMaker::AddLayer(size_t t, size_t layer) {
  TowerPlan& tower = towers_[t];
  if (layer > 0) tower.top = builder_.AddHidden(tower.layers[layer - 1], {tower.top});
  tower.top =
      builder_.AddDrop(tower.top, DropoutLayer(tower.shape.layer(layer), tower.shape.dropout));
}

void GroupMaker::AddTransfer(TransferPlan plan) {
  for (const size_t giver : plan.from) {
    Port units = builder_.OnExposures(towers_[giver].top);
    units.label = "from." + towers_[giver].shape.name;
    plan.node.inputs.push_back(units);
  }
  plan.node.inputs.push_back(builder_.OnExposures(towers_[plan.to].top));
  towers_[plan.to].top = builder_.Add(std::move(plan.node));
}

// Layer by layer up to the transfer, in whose backward pass the givers' gradients are added to
// those of their own next layers; then tower by tower.
void GroupMaker::AddTowers() {
  size_t next = 0;
  if (!transfers_.empty()) {
    next = transfers_[0].layer + 1;
    for (size_t t = 0; t < towers_.size(); ++t) {
      for (size_t l = 0; l < std::min(next, towers_[t].shape.hidden.size()); ++l) AddLayer(t, l);
    }
    AddTransfer(std::move(transfers_[0]));
  }
  for (size_t t = 0; t < towers_.size(); ++t) {
    if (towers_[t].shape.hidden.empty()) continue;
    for (size_t l = next; l < towers_[t].shape.hidden.size(); ++l) AddLayer(t, l);
    AddHeads(t);
  }
}

Status GroupMaker::Make(const std::vector<TowerShape>& shapes, std::vector<int64_t>* head_bias) {
  Encoders encoders(config_, inputs_, shape_.groups[index_].name, shapes, &builder_);
  RETURN_IF_ERROR(encoders.Add());
  for (size_t t = 0; t < shapes.size(); ++t) {
    TowerPlan& tower = towers_.emplace_back();
    tower.shape = shapes[t];
    ASSIGN_OR_RETURN(tower.inputs, encoders.ReadBy(t, shapes[t].input));
    if (shapes[t].wide.empty()) continue;
    ASSIGN_OR_RETURN(tower.wide, encoders.ReadBy(t, shapes[t].wide));
    for (Port& port : tower.wide) port.label = "wide-" + port.label;
  }
  TakeWide();
  TakeTowers(head_bias);
  RETURN_IF_ERROR(TakeTransfers(shapes));
  // In the backward pass towers without hidden layers add to the gradients of what they read, after
  // the wide layers have written them.
  for (size_t t = towers_.size(); t-- > 0;) {
    if (towers_[t].shape.hidden.empty()) AddHeads(t);
  }
  for (const WideLayer& wide : wides_) AddWide(wide);
  builder_.graph().EndLowerPart();
  AddTowers();
  builder_.graph().Finish();
  return Status::Ok();
}

}  // namespace

Status MakeGroup(const ModelConfig& config, const InputLayout& inputs, const MethodShape& shape,
                 uint32_t index, const std::vector<TowerShape>& towers, GroupBuilder* builder,
                 std::vector<int64_t>* head_bias) {
  return GroupMaker(config, inputs, shape, index, builder).Make(towers, head_bias);
}

}  // namespace chorus::worker
