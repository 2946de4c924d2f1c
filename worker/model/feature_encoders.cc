#include "worker/model/feature_encoders.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "worker/layers/bi_interaction.h"
#include "worker/layers/cross.h"
#include "worker/layers/pointwise.h"
#include "worker/layers/slot_dots.h"
#include "worker/layers/slot_gate.h"

namespace chorus::worker {
namespace {

// Of the slots of one side.
std::string SideLabel(const Port& slots, const GroupBuilder& builder) {
  return builder.SideOfAll({slots}) == Side::kContext ? "contexts" : "exposures";
}

Port AddDots(const std::string& name, const std::string& label, int64_t dim,
             std::vector<Port> inputs, GroupBuilder* builder) {
  const int64_t second = inputs.size() == 1 ? 0 : inputs[1].width / dim;
  Node node;
  node.name = StrCat(name, ".", label);
  node.width = SlotDots::Pairs(inputs[0].width / dim, second);
  node.layer = std::make_shared<SlotDots>(dim, static_cast<int64_t>(inputs.size()), node.width);
  Port port = builder->AddOnOneSide(std::move(node), std::move(inputs));
  port.label = label;
  return port;
}

// The product of one cross layer.
Port AddCrossProduct(const std::string& name, int64_t rank, int64_t width,
                     const std::vector<Port>& x, GroupBuilder* builder) {
  constexpr auto kNone = Linear::Activation::kNone;
  const std::vector<Port> inputs = Labelled(x);
  if (rank == 0) {
    return builder->AddLinear(name, builder->TakeLinear({name}, inputs, {width}), inputs, kNone);
  }
  const std::vector<std::string> u = {name + ".u"}, v = {name + ".v"};
  Port low = builder->AddLinear(u[0], builder->TakeProduct(u, inputs, {rank}), inputs, kNone);
  low.label = kWeight;
  return builder->AddLinear(v[0], builder->TakeLinear(v, {low}, {width}), {low}, kNone);
}

// The means of the slots of each side, side by side as `slots.ports` are.
std::vector<Port> AddSlotMeans(const std::string& prefix, const SlotPorts& slots,
                               GroupBuilder* builder) {
  std::vector<Port> means;
  for (const Port& port : slots.ports) {
    const std::string label = SideLabel(port, *builder);
    Node node;
    node.name = StrCat(prefix, ".means.", label);
    node.width = port.width / slots.dim;
    node.layer = std::make_shared<SlotMeans>(slots.dim, node.width);
    Port mean = builder->AddOnOneSide(std::move(node), {port});
    mean.label = label;
    means.push_back(mean);
  }
  return means;
}

Port AddGateWeights(const SlotGateConfig& config, const std::string& prefix,
                    const std::vector<Port>& means, GroupBuilder* builder) {
  int64_t slots = 0;
  for (const Port& mean : means) slots += mean.width;
  const int64_t units = std::max<int64_t>(1, slots / config.reduction());
  const std::string squeeze = prefix + ".squeeze", excite = prefix + ".excite";
  Port hidden = builder->AddLinear(squeeze, builder->TakeLinear({squeeze}, means, {units}), means,
                                   Linear::Activation::kRelu);
  hidden.label = kWeight;
  const bool relu = config.gate() != SlotGateConfig::SIGMOID;
  const ProductWeights weights = builder->TakeLinear({excite}, {hidden}, {slots});
  const Port logits = builder->AddLinear(
      excite, weights, {hidden}, relu ? Linear::Activation::kRelu : Linear::Activation::kNone);
  if (relu) return logits;
  Node node;
  node.name = prefix + ".gate";
  node.width = slots;
  node.layer = std::make_shared<PointwiseLayer>(Pointwise::kTwiceSigmoid, slots);
  return builder->AddOnOneSide(std::move(node), {logits});
}

}  // namespace

Result<SlotPorts> FindSlots(const InputLayout& layout, const std::string& reader,
                            const std::vector<Port>& inputs) {
  SlotPorts out;
  const SlotInput* first = nullptr;
  size_t count = 0;
  for (const SideInputs* side : {&layout.contexts, &layout.exposures}) {
    for (const SlotInput& slot : side->slots) {
      if (slot.is_sequence()) continue;
      if (first == nullptr) first = &slot;
      ++count;
      if (slot.dim == first->dim) continue;
      return InvalidArgument(StrCat(reader, ": slots of one dimension are expected, but slot \"",
                                    first->name, "\" has ", first->dim, " and slot \"", slot.name,
                                    "\" has ", slot.dim, " (table.dim)"));
    }
  }
  if (count < 2) {
    return InvalidArgument(
        StrCat(reader, ": two pooled slots or more are expected, but the model reads ", count));
  }
  out.dim = first->dim;
  for (const Port& input : inputs) {
    if (input.first > 0) {
      out.others.push_back(input);
      continue;
    }
    const SideInputs& side =
        input.node == GroupBuilder::kContexts ? layout.contexts : layout.exposures;
    if (side.pooled_width > 0) out.ports.push_back(input.Columns(0, side.pooled_width));
    const int64_t rest = input.width - side.pooled_width;
    if (rest == 0) continue;
    out.others.push_back(input.Columns(side.pooled_width, rest));
    out.others.back().label += "-numerics";
  }
  return out;
}

// Element by element all inputs are side by side; the first product reads them apart, so that
// every context is multiplied once.
Port AddCross(const CrossConfig& config, const std::string& prefix, const std::vector<Port>& below,
              GroupBuilder* builder) {
  const Port x0 = builder->AddConcat(prefix + ".inputs", below);
  Port x = x0;
  for (uint32_t l = 0; l < config.layers(); ++l) {
    const std::string name = StrCat(prefix, ".", l);
    const std::vector<Port> read = l == 0 ? below : std::vector<Port>{x};
    const Port product = AddCrossProduct(name, config.rank(), x0.width, read, builder);
    Node node;
    node.name = name + ".cross";
    node.width = x0.width;
    node.layer = std::make_shared<Cross>(x0.width);
    x = builder->AddOnOneSide(std::move(node), {x0, product, x});
  }
  return x;
}

std::vector<Port> AddBiInteraction(const std::string& prefix, const SlotPorts& slots,
                                   GroupBuilder* builder) {
  std::vector<int64_t> counts;
  std::vector<Side> sides;
  for (const Port& port : slots.ports) {
    counts.push_back(port.width / slots.dim);
    sides.push_back(builder->graph().SideOf(port));
  }
  Node node;
  node.name = prefix;
  node.side = sides.back();
  node.inputs = slots.ports;
  node.width = slots.dim;
  node.layer = std::make_shared<BiInteraction>(slots.dim, counts, sides);
  return {builder->Add(std::move(node))};
}

std::vector<Port> AddSlotDots(const std::string& prefix, const SlotPorts& slots,
                              GroupBuilder* builder) {
  std::vector<Port> out;
  for (const Port& port : slots.ports) {
    if (port.width < 2 * slots.dim) continue;
    out.push_back(AddDots(prefix, SideLabel(port, *builder), slots.dim, {port}, builder));
  }
  if (slots.ports.size() == 2) {
    out.push_back(AddDots(prefix, "both", slots.dim, slots.ports, builder));
  }
  return out;
}

std::vector<Port> AddSlotGate(const SlotGateConfig& config, const std::string& prefix,
                              const SlotPorts& slots, GroupBuilder* builder) {
  const Port weights =
      AddGateWeights(config, prefix, AddSlotMeans(prefix, slots, builder), builder);
  std::vector<Port> out;
  int64_t slot = 0;
  for (const Port& port : slots.ports) {
    const int64_t count = port.width / slots.dim;
    const std::string label = SideLabel(port, *builder);
    Node node;
    node.name = StrCat(prefix, ".", label);
    node.width = port.width;
    node.layer = std::make_shared<ScaleSlots>(slots.dim, count);
    out.push_back(builder->AddOnOneSide(std::move(node), {port, weights.Columns(slot, count)}));
    out.back().label = label;
    slot += count;
  }
  out.insert(out.end(), slots.others.begin(), slots.others.end());
  return out;
}

}  // namespace chorus::worker
