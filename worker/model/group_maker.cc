#include "worker/model/group_maker.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "common/check.h"
#include "common/strings.h"
#include "worker/layers/transfer.h"
#include "worker/model/encoders.h"
#include "worker/model/transfers.h"

namespace chorus::worker {
namespace {

// A transfer and its weights.
struct TransferPlan {
  TowerTransfer transfer;
  Node node;  // without inputs
};

// A tower whose weights have been taken.
struct TowerPlan {
  TowerShape shape;
  std::vector<ProductWeights> layers;  // hidden layers after the first
  std::vector<ProductWeights> logits;  // [heads]
  std::vector<Port> inputs;            // of the first layer, or of the logits
  std::vector<Port> wide;              // further inputs of the logits
  Port top = {};                       // the units below the next layer to be added
  size_t added = 0;                    // hidden layers that are below `top`
};

// Towers whose first layers read the same, and the product of those.
struct WideLayer {
  std::vector<size_t> towers;
  ProductWeights weights;
};

bool ReadTheSame(const std::vector<Port>& a, const std::vector<Port>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Port& x, const Port& y) {
    return x.node == y.node && x.first == y.first && x.width == y.width && x.label == y.label;
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
  void TakeTransfer(TransferPlan* plan);

  void AddHeads(size_t tower);
  void AddWide(const WideLayer& wide);
  void AddLayers(size_t tower, size_t end);
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

// The first layers of towers that read the same are side by side: a wide product runs faster than
// several narrow ones. Frozen ones are apart from others: whole matrices are trained or not.
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
void GroupMaker::TakeTransfer(TransferPlan* plan) {
  const TowerTransfer& transfer = plan->transfer;
  const TowerShape& to = towers_[transfer.to].shape;
  const int64_t width = to.hidden[transfer.layer];
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
  for (const size_t giver : transfer.from) {
    const TowerShape& shape = towers_[giver].shape;
    from.push_back(take(StrCat(node.name, ".from.", shape.name), shape.hidden[transfer.layer]));
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
  ASSIGN_OR_RETURN(std::vector<TowerTransfer> transfers,
                   TransfersOf(config_, shape_, index_, shapes));
  for (TowerTransfer& transfer : transfers) {
    transfers_.push_back({std::move(transfer), {}});
    TakeTransfer(&transfers_.back());
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
    // Units of a hidden layer, of the tower or the shared bottom, and not the embeddings beside
    // them.
    inputs[0] = builder_.AddDropCopy(name, inputs[0], DropoutLayer(name, head.dropout));
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

// The hidden layers of a tower up to the one before `end`; of the first one, what drops its units.
void GroupMaker::AddLayers(size_t t, size_t end) {
  TowerPlan& tower = towers_[t];
  for (; tower.added < std::min(end, tower.shape.hidden.size()); ++tower.added) {
    const size_t l = tower.added;
    if (l > 0) tower.top = builder_.AddHidden(tower.layers[l - 1], {tower.top});
    tower.top =
        builder_.AddDrop(tower.top, DropoutLayer(tower.shape.layer(l), tower.shape.dropout));
  }
}

void GroupMaker::AddTransfer(TransferPlan plan) {
  for (const size_t giver : plan.transfer.from) {
    Port units = builder_.OnExposures(towers_[giver].top);
    units.label = "from." + towers_[giver].shape.name;
    plan.node.inputs.push_back(units);
  }
  TowerPlan& to = towers_[plan.transfer.to];
  plan.node.inputs.push_back(builder_.OnExposures(to.top));
  to.top = builder_.Add(std::move(plan.node));
}

// Layer by layer up to each transfer, in whose backward pass the givers' gradients are added to
// those of their own next layers; then tower by tower.
void GroupMaker::AddTowers() {
  for (TransferPlan& plan : transfers_) {
    for (size_t t = 0; t < towers_.size(); ++t) AddLayers(t, plan.transfer.layer + 1);
    AddTransfer(std::move(plan));
  }
  for (size_t t = 0; t < towers_.size(); ++t) {
    if (towers_[t].shape.hidden.empty()) continue;
    AddLayers(t, towers_[t].shape.hidden.size());
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
    ASSIGN_OR_RETURN(tower.wide, encoders.WideOf(t));
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
