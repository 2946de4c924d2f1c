#pragma once
// What a node of a model's graph computes (graph.h), forward and backward. A layer is planned once
// and holds no numbers: its weights are blocks of the flat parameter array (parameters.h), its
// activations belong to the grain at hand. Weights are [in, out], row-major. A block is one node's,
// whose backward pass overwrites its gradient: where one matrix multiplies contexts and exposures,
// one node reads both (linear.h, bi_interaction.h), or a concat is in front.
//
// Rows after a grain's real contexts and exposures are padding: a layer may compute anything there
// from finite inputs, since nothing reads it; in the backward pass their gradient is 0.
// Thread safety: const methods from any thread, each with a call of its own.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/matrix_view.h"
#include "common/status.h"
#include "worker/math/activation.h"
#include "worker/math/aligned_matrix.h"
#include "worker/math/backend.h"
#include "worker/math/dropout.h"

namespace chorus::worker {

// Whether the rows of a node are the contexts of a grain, or its exposures.
enum class Side { kContext, kExposure };

// The rows of one grain.
struct GrainShape {
  int64_t contexts = 0;  // padded
  RowIndex context_of;   // of the real exposures
  DropoutDraw draw;

  bool training() const { return draw.step > 0; }
  int64_t exposures() const { return context_of.rows; }  // real ones
};

struct LayerInput {
  Side side = Side::kExposure;
  MatrixView<const float> y;
  // Of the backward pass: the gradient of y. It may have fewer columns: the inputs that need no
  // gradient, numeric columns and lengths, are the last ones.
  MatrixView<float> dy;
  bool accumulate = false;  // the gradient is added to dy, which otherwise is overwritten
  // Instead of y and dy, if they are in tiles. Inputs of the graph have dy in floats all the same.
  TileActivation tiles = {};

  Operand value() const { return tiles.y ? Operand(tiles.y) : Operand(y); }
  Target gradient() const { return tiles.dy ? Target(tiles.dy) : Target(dy); }
};

// Columns of a node's output that one node reads, in tiles.
struct TilePart {
  int64_t first = 0;
  TileActivation tiles;
};

struct LayerCall {
  Backend* backend = nullptr;
  const GrainShape& grain;
  std::span<const float> parameters;
  std::span<float> gradient;  // of the backward pass, [parameters]
  std::span<const LayerInput> x;
  ActivationView out;
  // Instead of `out`, if it is in tiles: parts that make up the whole.
  std::span<const TilePart> out_tiles;
  std::span<AlignedMatrix> scratch;  // as Layer::scratch asks, kept from forward to backward

  // The first rows of a scratch matrix, one per padded context.
  MatrixView<float> OfContexts(size_t index) const { return scratch[index].Top(grain.contexts); }
};

// Additions and multiplications of a forward pass, for each row of a side. A layer that works on
// the rows of its output alone counts them as exposures.
struct RowCost {
  double context = 0;
  double exposure = 0;
};

struct ScratchShape {
  int64_t cols = 0;
  int64_t rows = 0;  // 0: the rows of a grain, `times` as many
  int64_t times = 1;
};

enum class TileReads { kNone, kUnits, kUnitsAndInputs };  // outputs of layers; inputs of the graph

class Layer {
 public:
  virtual ~Layer() = default;

  virtual std::string_view kind() const = 0;  // as an export names it: "linear"
  // Computes call.out.y, or the parts of call.out_tiles, from the inputs.
  virtual Status Forward(const LayerCall& call) const = 0;
  // Computes, from call.out.dy, which becomes scratch, the gradients of the inputs, and those of
  // the layer's own blocks, which it overwrites. A logit's dy, and dy in tiles, stays as it is.
  // REQUIRES: Forward came before.
  virtual Status Backward(const LayerCall& call) const = 0;

  virtual std::vector<ScratchShape> scratch() const { return {}; }
  // Whether the output replaces the input in its memory: x[0].y is call.out.y, and in the backward
  // pass x[0].dy is call.out.dy.
  virtual bool in_place() const { return false; }
  // What it can read as bfloat16 in tiles, and whether it can write its output so: graph.h says
  // when. A layer that writes tiles ends with a ReLU.
  virtual TileReads reads_tiles() const { return TileReads::kNone; }
  virtual bool writes_tiles() const { return false; }
  virtual RowCost cost() const { return {}; }
  // Numbers that whoever computes the layer elsewhere must know besides widths and weights.
  virtual std::vector<std::pair<std::string, uint64_t>> options() const { return {}; }
};

}  // namespace chorus::worker
