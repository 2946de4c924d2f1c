#pragma once
// Builds the graph of one embedding group: takes the places of weights, and adds nodes. Weights and
// nodes are two steps, since the order of the first decides the places of the parameters, and so
// the order of the arrays in a checkpoint; the order of the second that of the calls. Since arrays
// are read by name, only the names must never change. Thread safety: none.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "worker/layers/graph.h"
#include "worker/layers/linear.h"
#include "worker/layers/parameters.h"
#include "worker/layers/running_moments.h"
#include "worker/math/dropout.h"
#include "worker/model/input_layout.h"
#include "worker/model/tower_shape.h"

namespace chorus::worker {

// The weights of a product, in which one or several layers are side by side.
struct ProductWeights {
  std::vector<std::string> layers;  // "tower.cvr.0"
  Widths widths;                    // [layers], of their outputs
  std::vector<std::string> labels;  // [inputs], the last part of their weights' names
  std::vector<int64_t> input_widths;
  std::vector<int64_t> weights;  // [inputs], offsets
  int64_t bias = Linear::kNoBias;
  std::vector<ParameterRange> ranges;
  std::shared_ptr<const RunningMoments> moments;  // of batch normalisation, or null

  int64_t out() const;
};

class GroupBuilder {
 public:
  // The graph's inputs, which are its first nodes: the columns of input_layout.h.
  static constexpr size_t kContexts = 0;
  static constexpr size_t kExposures = 1;

  GroupBuilder(const InputLayout& inputs, uint32_t stage, bool batch_norm,
               ParameterLayout* parameters);

  // The pooled slots that all towers read, and the numeric columns, of contexts and of exposures,
  // as far as the log has such.
  const std::vector<Port>& inputs() const { return inputs_; }
  // The pooled slots that this tower and not all others read, behind a stop-gradient where it does
  // not train them.
  std::vector<Port> AddOwnInputs(const InputLayout& inputs, const std::string& tower);
  Graph& graph() { return graph_; }

  // Whether the weights that are taken from here on are trained; true at first.
  void TakeTrainable(bool trainable) { trainable_ = trainable; }
  // Takes the weights of layers on `inputs`, of which only labels and widths are read. The fan-in
  // is that of the joined layer, so that initial values do not depend on how inputs are split.
  ProductWeights TakeLinear(std::vector<std::string> layers, const std::vector<Port>& inputs,
                            const Widths& widths);
  // The same without a bias.
  ProductWeights TakeProduct(std::vector<std::string> layers, const std::vector<Port>& inputs,
                             const Widths& widths);
  // Takes the weights of a hidden layer, which is normalised where the model says so. in_order:
  // false puts its running statistics behind all others of the group.
  ProductWeights TakeHidden(std::vector<std::string> layers, const std::vector<Port>& inputs,
                            const Widths& widths, bool in_order = true);
  // Logits start as zeros: training starts with every probability at 1/2, or where model.start
  // says.
  ProductWeights TakeLogit(const std::string& layer, const std::vector<Port>& inputs);
  // Takes a number per column, "LAYER.LABEL".
  ParameterRange TakeRow(const std::string& layer, const std::string& label, int64_t width,
                         float initial);
  // Takes the moments of units that are normalised by columns. in_order: as TakeHidden's.
  std::shared_ptr<const RunningMoments> TakeMoments(const std::vector<std::string>& layers,
                                                    const Widths& widths, bool in_order = true);
  // Takes some other matrix, whose parts side by side are the blocks `names`. The range that this
  // and TakeRow return belongs in Node::weights, and the first part of the names in Node::layers,
  // as AddLinear and AddLogit do for their own.
  ParameterRange TakeMatrix(const std::vector<std::string>& names, int64_t rows,
                            const Widths& widths, int64_t fan_in);

  // Adds the product with its activation. Returns its output.
  Port AddLinear(const std::string& name, const ProductWeights& weights,
                 const std::vector<Port>& inputs, Linear::Activation activation);
  // Adds a hidden layer: product, ReLU, and what normalises it.
  Port AddHidden(const ProductWeights& weights, const std::vector<Port>& inputs);
  // Drops units of a hidden layer in place. Returns the units that are left.  of_relu: they are the
  // outputs of a ReLU.
  Port AddDrop(const Port& units, const DropoutLayer& dropout, bool of_relu = true);
  // Drops units in a copy.
  Port AddDropCopy(const std::string& name, const Port& units, const DropoutLayer& dropout);
  void AddLogit(const ProductWeights& weights, const std::vector<Port>& inputs, uint32_t head,
                double pass_back);
  // The same columns with a row per exposure.
  Port OnExposures(const Port& port);
  // Puts inputs side by side, with a row per exposure if one of them has; a single input stays as
  // it is.
  Port AddConcat(const std::string& name, const std::vector<Port>& inputs);
  // Adds a node whose inputs must be of one side: exposures if one of them is, else contexts.
  Port AddOnOneSide(Node node, std::vector<Port> inputs);
  Port Add(Node node) { return graph_.Add(std::move(node)); }
  // Exposures if one of the ports is, else contexts.
  Side SideOfAll(const std::vector<Port>& ports) const;
  bool has_batch_norm() const { return batch_norm_; }

  // After the weights of all groups: places of the running statistics, which are behind them.
  void TakeStatistics();

 private:
  struct PendingMoments {
    std::vector<std::string> layers;
    Widths widths;
    std::shared_ptr<RunningMoments> moments;
    bool trainable;
  };
  int64_t Take(const std::vector<std::string>& layers, const std::string& label, int64_t rows,
               const Widths& widths, int64_t fan_in, std::vector<ParameterRange>* ranges);

  // The same numbers, behind which the gradient stops.
  Port AddDetach(const std::string& prefix, const Port& port);

  const uint32_t stage_;
  const bool batch_norm_;
  ParameterLayout* const parameters_;
  Graph graph_;
  bool trainable_ = true;
  std::vector<Port> inputs_;
  std::vector<PendingMoments> moments_, last_moments_;
};

// The label of an input that is a layer's only one, as long as it is not an input of the graph.
constexpr const char* kWeight = "weight";
std::vector<Port> Labelled(std::vector<Port> inputs);

}  // namespace chorus::worker
