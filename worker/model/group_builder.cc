#include "worker/model/group_builder.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "common/check.h"
#include "worker/layers/batch_norm.h"
#include "worker/layers/concat.h"
#include "worker/layers/detach.h"
#include "worker/layers/drop.h"
#include "worker/layers/logit.h"

namespace chorus::worker {
namespace {

int64_t Sum(const Widths& widths) {
  return std::accumulate(widths.begin(), widths.end(), int64_t{0});
}

std::vector<LinearInput> InputsOf(const Graph& graph, const ProductWeights& weights,
                                  const std::vector<Port>& ports) {
  CHECK(ports.size() == weights.weights.size(), weights.layers[0]);
  std::vector<LinearInput> inputs;
  for (size_t i = 0; i < ports.size(); ++i) {
    CHECK(ports[i].width == weights.input_widths[i], weights.layers[0]);
    inputs.push_back({graph.SideOf(ports[i]), ports[i].width, weights.weights[i]});
  }
  return inputs;
}

// The ports with the labels of the weights.
std::vector<Port> PortsOf(const ProductWeights& weights, std::vector<Port> ports) {
  for (size_t i = 0; i < ports.size(); ++i) ports[i].label = weights.labels[i];
  return ports;
}

}  // namespace

int64_t ProductWeights::out() const { return Sum(widths); }

std::vector<Port> Labelled(std::vector<Port> inputs) {
  if (inputs.size() == 1 && inputs[0].node > GroupBuilder::kExposures) {
    inputs[0].label = kWeight;
  }
  return inputs;
}

GroupBuilder::GroupBuilder(const InputLayout& inputs, uint32_t stage, bool batch_norm,
                           ParameterLayout* parameters)
    : stage_(stage), batch_norm_(batch_norm), parameters_(parameters) {
  const auto add = [&](const char* label, Side side, const SideInputs& columns) {
    const Port whole =
        graph_.AddInput(StrCat(label, "s"), side, columns.width(), columns.slot_width);
    const auto add_part = [&](int64_t first, int64_t end, std::string name) {
      if (end <= first) return;
      inputs_.push_back(whole.Columns(first, end - first));
      inputs_.back().label = std::move(name);
    };
    // Columns that not all towers read are between pooled slots and numeric columns, since these
    // have no gradient.
    if (columns.pooled_width == columns.slot_width) {
      add_part(0, columns.width(), label);
    } else {
      add_part(0, columns.pooled_width, label);
      add_part(columns.slot_width, columns.first_length(), StrCat(label, "-numerics"));
    }
  };
  add("context", Side::kContext, inputs.contexts);
  add("exposure", Side::kExposure, inputs.exposures);
}

std::vector<Port> GroupBuilder::AddOwnInputs(const InputLayout& inputs, const std::string& tower) {
  std::vector<Port> out;
  const auto add = [&](size_t node, const char* side, const SideInputs& columns) {
    for (const OwnColumns& own : columns.own) {
      if (!own.IsReadBy(tower)) continue;
      Port port = {node, own.first, own.width, StrCat(own.label, "-", side)};
      if (!own.IsTrainedBy(tower)) port = AddDetach(StrCat("tower.", tower), port);
      out.push_back(port);
    }
  };
  add(kContexts, "context", inputs.contexts);
  add(kExposures, "exposure", inputs.exposures);
  return out;
}

Port GroupBuilder::AddDetach(const std::string& prefix, const Port& port) {
  Node node;
  node.name = StrCat(prefix, ".", port.label, ".detached");
  node.side = graph_.SideOf(port);
  node.layer = std::make_shared<Detach>();
  node.inputs = {port};
  node.width = port.width;
  Port detached = graph_.Add(std::move(node));
  detached.label = port.label;
  return detached;
}

int64_t GroupBuilder::Take(const std::vector<std::string>& layers, const std::string& label,
                           int64_t rows, const Widths& widths, int64_t fan_in,
                           std::vector<ParameterRange>* ranges) {
  std::vector<std::string> names;
  for (const std::string& layer : layers) names.push_back(StrCat(layer, ".", label));
  ranges->push_back(TakeMatrix(names, rows, widths, fan_in));
  return ranges->back().begin;
}

ParameterRange GroupBuilder::TakeMatrix(const std::vector<std::string>& names, int64_t rows,
                                        const Widths& widths, int64_t fan_in) {
  const int64_t begin = parameters_->AddMatrix(names, rows, widths, fan_in, stage_, trainable_);
  return {begin, parameters_->size()};
}

ProductWeights GroupBuilder::TakeProduct(std::vector<std::string> layers,
                                         const std::vector<Port>& inputs, const Widths& widths) {
  ProductWeights out;
  int64_t fan_in = 0;
  for (const Port& input : inputs) fan_in += input.width;
  for (const Port& input : inputs) {
    out.labels.push_back(input.label);
    out.input_widths.push_back(input.width);
    out.weights.push_back(Take(layers, input.label, input.width, widths, fan_in, &out.ranges));
  }
  out.layers = std::move(layers);
  out.widths = widths;
  return out;
}

ProductWeights GroupBuilder::TakeLinear(std::vector<std::string> layers,
                                        const std::vector<Port>& inputs, const Widths& widths) {
  ProductWeights out = TakeProduct(std::move(layers), inputs, widths);
  out.bias = Take(out.layers, "bias", 1, widths, 0, &out.ranges);
  return out;
}

ProductWeights GroupBuilder::TakeHidden(std::vector<std::string> layers,
                                        const std::vector<Port>& inputs, const Widths& widths,
                                        bool in_order) {
  ProductWeights out = TakeLinear(std::move(layers), inputs, widths);
  if (batch_norm_) out.moments = TakeMoments(out.layers, out.widths, in_order);
  return out;
}

ParameterRange GroupBuilder::TakeRow(const std::string& layer, const std::string& label,
                                     int64_t width, float initial) {
  const int64_t begin = parameters_->AddMatrix({StrCat(layer, ".", label)}, 1, {width}, 0, stage_,
                                               trainable_, initial);
  return {begin, parameters_->size()};
}

std::shared_ptr<const RunningMoments> GroupBuilder::TakeMoments(
    const std::vector<std::string>& layers, const Widths& widths, bool in_order) {
  auto moments = std::make_shared<RunningMoments>(Sum(widths));
  (in_order ? moments_ : last_moments_).push_back({layers, widths, moments, trainable_});
  return moments;
}

ProductWeights GroupBuilder::TakeLogit(const std::string& layer, const std::vector<Port>& inputs) {
  ProductWeights out;
  for (const Port& input : inputs) {
    out.labels.push_back(input.label);
    out.input_widths.push_back(input.width);
    out.weights.push_back(Take({layer}, input.label, input.width, {1}, 0, &out.ranges));
  }
  out.bias = Take({layer}, "bias", 1, {1}, 0, &out.ranges);
  out.layers = {layer};
  out.widths = {1};
  return out;
}

Port GroupBuilder::AddLinear(const std::string& name, const ProductWeights& weights,
                             const std::vector<Port>& inputs, Linear::Activation activation) {
  const int64_t bias = weights.moments == nullptr ? weights.bias : Linear::kNoBias;
  auto layer =
      std::make_shared<Linear>(InputsOf(graph_, weights, inputs), weights.out(), bias, activation);
  Node node;
  node.name = name;
  node.side = layer->side();
  node.layer = std::move(layer);
  node.inputs = PortsOf(weights, inputs);
  node.width = weights.out();
  node.layers = weights.layers;
  node.weights = weights.ranges;
  return graph_.Add(std::move(node));
}

// Moments are over exposures, so that a context counts as often as it is shown.
Port GroupBuilder::AddHidden(const ProductWeights& weights, const std::vector<Port>& inputs) {
  const std::string name = Join(weights.layers, "|");
  if (weights.moments == nullptr) {
    return AddLinear(name, weights, inputs, Linear::Activation::kRelu);
  }
  const Port product = OnExposures(AddLinear(name, weights, inputs, Linear::Activation::kNone));
  Node node;
  node.name = name + ".norm";
  node.layer = std::make_shared<BatchNorm>(product.width, weights.bias, weights.moments);
  node.inputs = {product};
  node.width = product.width;
  node.layers = weights.layers;
  return graph_.Add(std::move(node));
}

Port GroupBuilder::AddDrop(const Port& units, const DropoutLayer& dropout, bool of_relu) {
  if (dropout.threshold == 0) return units;
  const Port exposures = OnExposures(units);
  Node node;
  node.name = StrCat(graph_.nodes()[units.node].name, ".", units.first, ".dropout");
  node.layer = std::make_shared<Drop>(dropout, of_relu);
  node.inputs = {exposures};
  node.width = units.width;
  return graph_.Add(std::move(node));
}

Port GroupBuilder::AddDropCopy(const std::string& name, const Port& units,
                               const DropoutLayer& dropout) {
  if (dropout.threshold == 0) return units;
  Node node;
  node.name = name + ".dropout";
  node.inputs = {OnExposures(units)};
  node.layer = std::make_shared<DropCopy>(dropout);
  node.width = units.width;
  return graph_.Add(std::move(node));
}

void GroupBuilder::AddLogit(const ProductWeights& weights, const std::vector<Port>& inputs,
                            uint32_t head, double pass_back) {
  Node node;
  node.name = weights.layers[0];
  node.layer = std::make_shared<Logit>(InputsOf(graph_, weights, inputs), weights.bias,
                                       static_cast<float>(pass_back));
  node.inputs = PortsOf(weights, inputs);
  node.width = 1;
  node.head = head;
  node.layers = weights.layers;
  node.weights = weights.ranges;
  graph_.Add(std::move(node));
}

Port GroupBuilder::OnExposures(const Port& port) {
  if (graph_.SideOf(port) == Side::kExposure) return port;
  Node node;
  node.name = StrCat(graph_.nodes()[port.node].name, ".", port.first, ".gathered");
  node.layer = std::make_shared<Concat>(std::vector<int64_t>{port.width}, Side::kExposure);
  node.inputs = {port};
  node.width = port.width;
  Port gathered = graph_.Add(std::move(node));
  gathered.label = port.label;
  return gathered;
}

Side GroupBuilder::SideOfAll(const std::vector<Port>& ports) const {
  const bool exposures = std::any_of(ports.begin(), ports.end(), [&](const Port& port) {
    return graph_.SideOf(port) == Side::kExposure;
  });
  return exposures ? Side::kExposure : Side::kContext;
}

Port GroupBuilder::AddConcat(const std::string& name, const std::vector<Port>& inputs) {
  if (inputs.size() == 1) return inputs[0];
  Node node;
  node.name = name;
  node.side = SideOfAll(inputs);
  node.inputs = inputs;
  std::vector<int64_t> widths;
  for (const Port& input : inputs) {
    widths.push_back(input.width);
    node.width += input.width;
  }
  node.layer = std::make_shared<Concat>(std::move(widths), node.side);
  return graph_.Add(std::move(node));
}

Port GroupBuilder::AddOnOneSide(Node node, std::vector<Port> inputs) {
  node.side = SideOfAll(inputs);
  if (node.side == Side::kExposure) {
    for (Port& input : inputs) input = OnExposures(input);
  }
  node.inputs = std::move(inputs);
  return graph_.Add(std::move(node));
}

void GroupBuilder::TakeStatistics() {
  moments_.insert(moments_.end(), last_moments_.begin(), last_moments_.end());
  for (const PendingMoments& pending : moments_) {
    pending.moments->Use(
        parameters_->AddStatistics(pending.layers, pending.widths, stage_, pending.trainable));
  }
  moments_.clear();
  last_moments_.clear();
}

}  // namespace chorus::worker
