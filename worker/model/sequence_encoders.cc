#include "worker/model/sequence_encoders.h"

#include <memory>
#include <numeric>
#include <set>
#include <utility>
#include <vector>

#include "worker/layers/element_pooling.h"
#include "worker/layers/self_attention.h"
#include "worker/layers/target_attention.h"
#include "worker/model/input_ports.h"

namespace chorus::worker {
namespace {

// Sequences side by side: the attributes of the same elements.
struct Sequences {
  std::vector<Port> ports;
  std::vector<int64_t> dims;
  Port count;          // of the first one
  int64_t length = 0;  // with padding
  Side side = Side::kContext;

  int64_t width() const { return std::accumulate(dims.begin(), dims.end(), int64_t{0}); }
};

Result<Sequences> FindSequences(const FieldNames& names, const std::string& reader,
                                const InputLayout& layout, const Graph& graph) {
  Sequences out;
  if (names.empty()) return InvalidArgument(reader + ": no sequence is written");
  for (const std::string& name : names) {
    const std::string where = StrCat(reader, ": sequence \"", name, "\": ");
    const SlotPort found = FindSlot(layout, name);
    if (found.slot == nullptr || !found.slot->is_sequence()) {
      return InvalidArgument(where + "a slot with pooling: SEQUENCE is expected");
    }
    const Side side = graph.SideOf(found.port);
    if (out.ports.empty()) {
      out.count = found.length;
      out.length = found.slot->max_length;
      out.side = side;
    } else if (side != out.side || found.slot->max_length != out.length) {
      return InvalidArgument(
          StrCat(where, "sequences side by side have one max_length, and all are of contexts or ",
                 "all of exposures"));
    }
    out.ports.push_back(found.port);
    out.dims.push_back(found.slot->dim);
  }
  return out;
}

// The candidate's slots, one for each sequence.
Result<std::vector<Port>> FindQueries(const TargetAttentionConfig& config,
                                      const std::string& reader, const InputLayout& layout,
                                      const Sequences& sequences) {
  std::vector<Port> queries;
  for (const std::string& name : config.query()) {
    const std::string where = StrCat(reader, ": query \"", name, "\": ");
    const SlotPort found = FindSlot(layout, name);
    if (found.slot == nullptr || found.slot->is_sequence()) {
      return InvalidArgument(where + "a pooled slot is expected");
    }
    if (IsOwn(found, layout)) {
      return InvalidArgument(where + "a slot that all towers read is expected");
    }
    if (found.slot->dim != sequences.dims[queries.size()]) {
      return InvalidArgument(where +
                             "a query for each sequence is expected, of its dimension (table.dim)");
    }
    queries.push_back(found.port);
  }
  return queries;
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

// Adds one layer of self-attention to the elements, with positions or without.
Port AddAttentionLayer(const SelfAttentionConfig& config, const std::string& name, bool positions,
                       const Sequences& elements, GroupBuilder* builder) {
  const int64_t units = int64_t{config.heads()} * config.head_dim(), width = elements.width();
  Node node;
  node.name = name;
  node.layers = {name};
  node.side = elements.side;
  node.width = elements.length * width;
  node.inputs = elements.ports;
  node.inputs.push_back(elements.count);
  SelfAttentionShape shape = {elements.length, elements.dims, config.heads(), config.head_dim()};
  const auto take = [&](const std::vector<std::string>& names, int64_t rows, const Widths& widths) {
    node.weights.push_back(builder->TakeMatrix(names, rows, widths, rows));
    return node.weights.back().begin;
  };
  shape.projection =
      take({name + ".query", name + ".key", name + ".value"}, width, Widths(3, units));
  shape.out = take({name + ".out"}, units, {width});
  if (positions) shape.positions = take({name + ".position"}, elements.length, {width});
  node.layer = std::make_shared<SelfAttention>(std::move(shape));
  return builder->Add(std::move(node));
}

Port AddElementPooling(SequencePoolingConfig::Pooling pooling, const std::string& name,
                       const Port& elements, int64_t dim, const Sequences& of,
                       GroupBuilder* builder) {
  using Pooling = ElementPooling::Pooling;
  Pooling kind = Pooling::kMean;
  if (pooling == SequencePoolingConfig::SUM) kind = Pooling::kSum;
  if (pooling == SequencePoolingConfig::LAST) kind = Pooling::kLast;
  Node node;
  node.name = name;
  node.side = of.side;
  node.width = dim;
  node.inputs = {elements, of.count};
  node.layer = std::make_shared<ElementPooling>(kind, dim, of.length);
  return builder->Add(std::move(node));
}

}  // namespace

Result<Port> AddTargetAttention(const TargetAttentionConfig& config, const std::string& reader,
                                const std::string& prefix, const InputLayout& layout,
                                GroupBuilder* builder) {
  if (config.sequence_size() == 0 || config.sequence_size() != config.query_size()) {
    return InvalidArgument(StrCat(reader, ": target_attention: ", config.sequence_size(),
                                  " sequences and ", config.query_size(),
                                  " queries are written; expected: one of each or more, as many"));
  }
  ASSIGN_OR_RETURN(const Sequences sequences,
                   FindSequences(config.sequence(), reader, layout, builder->graph()));
  ASSIGN_OR_RETURN(const std::vector<Port> queries, FindQueries(config, reader, layout, sequences));
  std::vector<Port> all = sequences.ports;
  all.insert(all.end(), queries.begin(), queries.end());
  TargetAttentionShape shape = {sequences.length, sequences.dims, config.hidden(), sequences.side,
                                builder->SideOfAll(all)};
  Node node;
  node.name = prefix;
  node.side = shape.output;
  node.width = shape.width();
  node.layers = {prefix};
  const TargetAttentionWeights weights = TakeAttention(prefix, shape, builder, &node.weights);
  node.inputs = sequences.ports;
  node.inputs.push_back(sequences.count);
  for (const Port& query : queries) {
    const bool gather = shape.output == Side::kExposure;
    node.inputs.push_back(gather ? builder->OnExposures(query) : query);
  }
  node.layer = std::make_shared<TargetAttention>(std::move(shape), weights);
  return builder->Add(std::move(node));
}

Result<Port> AddSelfAttention(const SelfAttentionConfig& config, const std::string& reader,
                              const std::string& prefix, const InputLayout& layout,
                              GroupBuilder* builder) {
  ASSIGN_OR_RETURN(Sequences elements,
                   FindSequences(config.sequence(), reader, layout, builder->graph()));
  const int64_t width = elements.width();
  for (uint32_t l = 0; l < config.layers(); ++l) {
    const bool positions = config.positions() && l == 0;
    elements.ports = {
        AddAttentionLayer(config, StrCat(prefix, ".", l), positions, elements, builder)};
    elements.dims = {width};
  }
  return AddElementPooling(config.pooling(), prefix + ".pooled", elements.ports[0], width, elements,
                           builder);
}

Result<std::vector<Port>> AddSequencePooling(const SequencePoolingConfig& config,
                                             const std::string& reader, const std::string& prefix,
                                             const InputLayout& layout, GroupBuilder* builder) {
  if (config.sequence_size() == 0) return InvalidArgument(reader + ": no sequence is written");
  std::vector<Port> out;
  std::set<std::string> seen;
  for (const std::string& slot : config.sequence()) {
    if (!seen.insert(slot).second) {
      return InvalidArgument(StrCat(reader, ": sequence \"", slot, "\" is written twice"));
    }
    FieldNames name;
    *name.Add() = slot;
    ASSIGN_OR_RETURN(const Sequences one, FindSequences(name, reader, layout, builder->graph()));
    out.push_back(AddElementPooling(config.pooling(), StrCat(prefix, ".", LabelOfColumn(slot)),
                                    one.ports[0], one.dims[0], one, builder));
    out.back().label = LabelOfColumn(slot);
  }
  return out;
}

}  // namespace chorus::worker
