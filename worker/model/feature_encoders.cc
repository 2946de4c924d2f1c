#include "worker/model/feature_encoders.h"

#include <memory>
#include <utility>

#include "worker/layers/bi_interaction.h"
#include "worker/layers/cross.h"
#include "worker/layers/slot_dots.h"
#include "worker/layers/target_attention.h"

namespace chorus::worker {
namespace {

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

// A slot of one of the graph's inputs.
struct SlotPort {
  const SlotInput* slot = nullptr;
  Port port;
  Port length;  // of a sequence: the column with its number of elements
};

// Null where the model reads no such slot.
SlotPort FindSlot(const InputLayout& layout, const std::string& name) {
  SlotPort out;
  size_t node = GroupBuilder::kContexts;
  for (const SideInputs* side : {&layout.contexts, &layout.exposures}) {
    int64_t length = side->first_length();
    for (const SlotInput& slot : side->slots) {
      if (slot.name == name) {
        out = {&slot, {node, slot.first, slot.width(), ""}, {node, length, 1, ""}};
      }
      length += slot.is_sequence() ? 1 : 0;
    }
    ++node;
  }
  return out;
}

// What target attention reads.
struct Attended {
  TargetAttentionShape shape;
  std::vector<Port> sequences, queries;
  Port length;
};

Status AddSequence(const SlotPort& found, const std::string& where, const Graph& graph,
                   Attended* out) {
  if (found.slot == nullptr || !found.slot->is_sequence()) {
    return InvalidArgument(where + "a slot with pooling: SEQUENCE is expected");
  }
  const Side side = graph.SideOf(found.port);
  if (out->sequences.empty()) {
    out->length = found.length;
    out->shape.length = found.slot->max_length;
    out->shape.sequences = side;
  } else if (side != out->shape.sequences || found.slot->max_length != out->shape.length) {
    return InvalidArgument(
        StrCat(where, "sequences side by side have one max_length, and all are of contexts or all ",
               "of exposures"));
  }
  out->sequences.push_back(found.port);
  out->shape.dims.push_back(found.slot->dim);
  return Status::Ok();
}

Status AddQuery(const SlotPort& found, const std::string& where, size_t index, Attended* out) {
  if (found.slot == nullptr || found.slot->is_sequence()) {
    return InvalidArgument(where + "a pooled slot is expected");
  }
  if (index >= out->shape.dims.size() || found.slot->dim != out->shape.dims[index]) {
    return InvalidArgument(
        StrCat(where, "a query for each sequence is expected, of its dimension (table.dim)"));
  }
  out->queries.push_back(found.port);
  return Status::Ok();
}

Result<Attended> FindAttended(const TargetAttentionConfig& config, const std::string& reader,
                              const InputLayout& layout, const Graph& graph) {
  Attended out;
  out.shape.hidden = config.hidden();
  if (config.sequence_size() == 0 || config.sequence_size() != config.query_size()) {
    return InvalidArgument(StrCat(reader, ": target_attention: ", config.sequence_size(),
                                  " sequences and ", config.query_size(),
                                  " queries are written; expected: one of each or more, as many"));
  }
  for (const std::string& name : config.sequence()) {
    RETURN_IF_ERROR(AddSequence(FindSlot(layout, name),
                                StrCat(reader, ": sequence \"", name, "\": "), graph, &out));
  }
  for (int i = 0; i < config.query_size(); ++i) {
    const std::string where = StrCat(reader, ": query \"", config.query(i), "\": ");
    RETURN_IF_ERROR(
        AddQuery(FindSlot(layout, config.query(i)), where, static_cast<size_t>(i), &out));
  }
  return out;
}

TargetAttentionWeights TakeAttention(const std::string& prefix, const TargetAttentionShape& shape,
                                     GroupBuilder* builder, std::vector<ParameterRange>* ranges) {
  const auto input = [&](const char* label) { return Port{0, 0, shape.width(), label}; };
  const ProductWeights unit = builder->TakeLinear(
      {prefix + ".unit"}, {input("key"), input("query"), input("product")}, {shape.hidden});
  const ProductWeights score =
      builder->TakeLinear({prefix + ".score"}, {{0, 0, shape.hidden, kWeight}}, {1});
  for (const ProductWeights* weights : {&unit, &score}) {
    ranges->insert(ranges->end(), weights->ranges.begin(), weights->ranges.end());
  }
  return {unit.weights[0], unit.weights[1],  unit.weights[2],
          unit.bias,       score.weights[0], score.bias};
}

}  // namespace

Result<Port> AddTargetAttention(const TargetAttentionConfig& config, const std::string& reader,
                                const std::string& prefix, const InputLayout& layout,
                                GroupBuilder* builder) {
  ASSIGN_OR_RETURN(Attended read, FindAttended(config, reader, layout, builder->graph()));
  std::vector<Port> all = read.sequences;
  all.insert(all.end(), read.queries.begin(), read.queries.end());
  read.shape.output = builder->SideOfAll(all);
  Node node;
  node.name = prefix;
  node.side = read.shape.output;
  node.width = read.shape.width();
  node.layers = {prefix};
  const TargetAttentionWeights weights = TakeAttention(prefix, read.shape, builder, &node.weights);
  node.layer = std::make_shared<TargetAttention>(read.shape, weights);
  node.inputs = read.sequences;
  node.inputs.push_back(read.length);
  for (const Port& query : read.queries) {
    const bool gather = read.shape.output == Side::kExposure;
    node.inputs.push_back(gather ? builder->OnExposures(query) : query);
  }
  return builder->Add(std::move(node));
}

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
        StrCat(reader, ": it multiplies slots with one another, but the model ", "reads ", count));
  }
  out.dim = first->dim;
  for (const Port& input : inputs) {
    if (input.first > 0) continue;  // numeric columns
    const SideInputs& side =
        input.node == GroupBuilder::kContexts ? layout.contexts : layout.exposures;
    if (side.pooled_width > 0) out.ports.push_back(input.Columns(0, side.pooled_width));
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
    const bool contexts = builder->graph().SideOf(port) == Side::kContext;
    if (port.width < 2 * slots.dim) continue;
    out.push_back(AddDots(prefix, contexts ? "contexts" : "exposures", slots.dim, {port}, builder));
  }
  if (slots.ports.size() == 2) {
    out.push_back(AddDots(prefix, "both", slots.dim, slots.ports, builder));
  }
  return out;
}

}  // namespace chorus::worker
