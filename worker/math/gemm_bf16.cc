#include "worker/math/gemm_bf16.h"

#include <algorithm>
#include <vector>

#include "worker/math/tile_kernels.h"

namespace chorus::worker {
namespace {

// Room for `count` numbers, which the calls of this thread share; it grows to the largest need.
Bf16* ThreadTiles(AlignedMatrix* scratch, int64_t count) {
  const int64_t floats = (count + 1) / 2;
  if (floats > scratch->cols()) *scratch = AlignedMatrix(1, floats);
  return reinterpret_cast<Bf16*>(scratch->view().data);
}

int64_t PanelSize(const Factor& factor) { return TilesFor(factor.inner()) * kTileSize; }

int64_t SizeOf(const Factor& factor) { return PanelsFor(factor.outer()) * PanelSize(factor); }

// One product of a sum: a factor whose panels come two at a time, so that these stay in the fastest
// cache while they meet all of the other one, which is in tiles.
struct Sweep {
  Factor swept;
  const Bf16* whole;
  const Bf16* pair;  // the two panels at hand
};

// What the calls of a thread share.
struct Scratch {
  AlignedMatrix whole, pairs;
  std::vector<Sweep> sweeps;
  std::vector<Strip> strips;
};

// Where the sums of a panel's columns go, or null.
float* SumsOf(const Factor& factor, const GemmOptions& options, int64_t panel) {
  if (!factor.is_b || options.column_sums == nullptr) return nullptr;
  return options.column_sums + panel * kTile;
}

// Computes c block by block. Either its rows are swept or its columns.
class SweepRun {
 public:
  SweepRun(const Bf16Kernels& kernels, const GemmOptions& options, const Target& c,
           Scratch* scratch)
      : kernels_(kernels),
        options_(options),
        c_(c),
        sweeps_(scratch->sweeps),
        strips_(scratch->strips),
        sweeps_b_(sweeps_[0].swept.is_b),
        plain_(!c.tiles && !options.accumulate && !options.relu && options.bias == nullptr) {}

  // pairs: room for two panels of each product.
  void Run(Bf16* pairs) {
    const int64_t panels = PanelsFor(sweeps_b_ ? c_.cols() : c_.rows());
    const int64_t whole_panels = PanelsFor(sweeps_b_ ? c_.rows() : c_.cols());
    strips_.resize(sweeps_.size());
    kernels_.begin();
    for (int64_t panel = 0; panel < panels; panel += 2) {
      BringPair(panel, std::min<int64_t>(2, panels - panel), pairs);
      for (int64_t other = 0; other < whole_panels; other += 2) {
        const bool last = other + 2 >= whole_panels;
        AskFor(last ? At(panel + 2, 0) : At(panel, other + 2));
        PointAt(other);
        Compute(At(panel, other));
      }
    }
    kernels_.end();
  }

 private:
  // The first row and column of a block of c, which may be beyond its end.
  struct Place {
    int64_t row;
    int64_t column;
  };
  Place At(int64_t panel, int64_t other) const {
    return sweeps_b_ ? Place{other * kTile, panel * kTile} : Place{panel * kTile, other * kTile};
  }

  void BringPair(int64_t panel, int64_t count, Bf16* to) {
    for (Sweep& sweep : sweeps_) {
      if (sweep.swept.is_packed()) {
        sweep.pair = sweep.swept.stored.tiles.panel(panel);
        continue;
      }
      const int64_t size = PanelSize(sweep.swept);
      for (int64_t p = 0; p < count; ++p) {
        kernels_.pack(sweep.swept, panel + p, to + p * size,
                      SumsOf(sweep.swept, options_, panel + p));
      }
      sweep.pair = to;
      to += 2 * size;
    }
  }

  // Two panels of the other factors meet the pairs.
  void PointAt(int64_t other) {
    for (size_t i = 0; i < sweeps_.size(); ++i) {
      const Sweep& sweep = sweeps_[i];
      const Bf16* const whole = sweep.whole + other * PanelSize(sweep.swept);
      strips_[i] = {sweeps_b_ ? whole : sweep.pair, sweeps_b_ ? sweep.pair : whole,
                    TilesFor(sweep.swept.inner())};
    }
  }

  // Asks the cache for a whole block of c, which is written when it has been computed, and for what
  // masks it.
  void AskFor(const Place& at) const {
    if (at.row + kBlock > c_.rows() || at.column + kBlock > c_.cols()) return;
    if (!c_.tiles) {
      for (int64_t i = at.row; i < at.row + kBlock; ++i) {
        __builtin_prefetch(c_.floats.row(i) + at.column, 1);
        __builtin_prefetch(c_.floats.row(i) + at.column + kTile, 1);
      }
      return;
    }
    const int64_t tile = at.column / kTileDepth;
    for (const int64_t row : {at.row, at.row + kTile}) {
      AskForTile<1>(c_.tiles.row(row, tile));
      if (options_.positive) AskForTile<0>(options_.positive.row(row, tile));
    }
  }
  template <int kToBeWritten>
  static void AskForTile(const Bf16* tile) {
    for (int64_t i = 0; i < kTile; ++i) __builtin_prefetch(tile + i * kTileDepth, kToBeWritten);
  }

  void Compute(const Place& at) const {
    const int64_t rows = std::min(kBlock, c_.rows() - at.row);
    const int64_t cols = std::min(kBlock, c_.cols() - at.column);
    const int64_t a_panels = PanelsFor(rows), b_panels = PanelsFor(cols);
    if (plain_ && rows == a_panels * kTile && cols == b_panels * kTile) {
      const MatrixView<float>& c = c_.floats;
      kernels_.multiply(strips_, a_panels, b_panels, c.row(at.row) + at.column, c.stride);
      return;
    }
    alignas(64) float block[kBlock * kBlock];
    kernels_.multiply(strips_, a_panels, b_panels, block, kBlock);
    if (c_.tiles) {
      for (int64_t i = 0; i < a_panels; ++i) {
        FinishTile(block + i * kTile * kBlock, at.row + i * kTile, at.column, cols);
      }
      return;
    }
    GemmOptions options = options_;
    if (options.bias != nullptr) options.bias += at.column;
    kernels_.finish(block, options, c_.floats.Rows(at.row, rows).Columns(at.column, cols));
  }

  void FinishTile(const float* block, int64_t row, int64_t column, int64_t cols) const {
    const int64_t tile = column / kTileDepth;
    TileEpilogue epilogue;
    if (options_.bias != nullptr) epilogue.bias = options_.bias + column;
    epilogue.relu = options_.relu;
    if (options_.positive) epilogue.positive = options_.positive.row(row, tile);
    if (row < options_.added_of.rows) {
      epilogue.added = options_.added.Columns(column, cols);
      epilogue.added_of = options_.added_of.of + row;
      epilogue.added_rows = options_.added_of.rows - row;
    }
    kernels_.finish_tile(block, epilogue, std::min(kTile, c_.rows() - row), cols,
                         c_.tiles.row(row, tile));
  }

  const Bf16Kernels& kernels_;
  const GemmOptions& options_;
  const Target& c_;
  std::vector<Sweep>& sweeps_;
  std::vector<Strip>& strips_;
  const bool sweeps_b_;
  const bool plain_;  // c is the sum of products alone
};

}  // namespace

void Bf16Gemm::UseWeights(const float* weights, int64_t n) {
  weights_ = weights;
  weights_size_ = n;
  ++version_;
}

void Bf16Gemm::PackAll(const GemmOptions& options, const Factor& factor, Bf16* to) const {
  for (int64_t panel = 0; panel < PanelsFor(factor.outer()); ++panel) {
    kernels_.pack(factor, panel, to + panel * PanelSize(factor), SumsOf(factor, options, panel));
  }
}

const Bf16* Bf16Gemm::PackedWeights(const Factor& b) {
  const MatrixView<const float>& stored = b.stored.floats;
  const Key key = {stored.data - weights_, stored.rows, stored.cols, stored.stride,
                   b.inner_is_rows};
  Packed* packed;
  {
    MutexLock lock(mutex_);
    std::unique_ptr<Packed>& entry = packed_[key];
    if (entry == nullptr) entry = std::make_unique<Packed>();
    packed = entry.get();
  }
  MutexLock lock(packed->mutex);
  Bf16* const tiles = ThreadTiles(&packed->tiles, SizeOf(b));
  if (packed->version != version_) PackAll({}, b, tiles);
  packed->version = version_;
  return tiles;
}

const Bf16* Bf16Gemm::Whole(const GemmOptions& options, const Factor& factor, Bf16** room) {
  if (factor.is_b && IsWeights(factor.stored.floats.data)) return PackedWeights(factor);
  if (factor.is_packed()) return factor.stored.tiles.data;
  Bf16* const tiles = *room;
  PackAll(options, factor, tiles);
  *room += SizeOf(factor);
  return tiles;
}

void Bf16Gemm::Run(const GemmOptions& options, std::span<const GemmTerm> terms, const Target& c) {
  thread_local Scratch scratch;
  const bool b_is_weights = std::all_of(terms.begin(), terms.end(), [&](const GemmTerm& term) {
    return IsWeights(term.b.floats.data);
  });
  // Of two factors that are no weights, the smaller one is brought into tiles as a whole.
  const bool sweeps_a = b_is_weights || c.rows() >= c.cols();
  const auto a_of = [&](const GemmTerm& term) {
    return Factor{term.a, options.transpose_a, false};
  };
  const auto b_of = [&](const GemmTerm& term) {
    return Factor{term.b, !options.transpose_b, true};
  };
  int64_t whole_size = 0, pairs_size = 0;
  for (const GemmTerm& term : terms) {
    if (!b_is_weights) whole_size += SizeOf(sweeps_a ? b_of(term) : a_of(term));
    pairs_size += 2 * PanelSize(a_of(term));
  }
  Bf16* room = ThreadTiles(&scratch.whole, whole_size);
  scratch.sweeps.clear();
  for (const GemmTerm& term : terms) {
    const Factor a = a_of(term), b = b_of(term);
    scratch.sweeps.push_back({sweeps_a ? a : b, Whole(options, sweeps_a ? b : a, &room), nullptr});
  }
  SweepRun(kernels_, options, c, &scratch).Run(ThreadTiles(&scratch.pairs, pairs_size));
}

void Bf16Gemm::RoundToTiles(MatrixView<const float> from, int64_t panel, TileView<Bf16> to) const {
  kernels_.pack({from}, 0, to.panel(panel), nullptr);
}

void Bf16Gemm::DotRowsBackward(TileView<const Bf16> x, const float* weight,
                               MatrixView<const float> dz, TileView<Bf16> dx,
                               float dx_factor) const {
  for (int64_t row = 0; row < x.rows; row += kTile) {
    const int64_t rows = std::min(kTile, x.rows - row);
    for (int64_t column = 0; column < x.cols; column += kTileDepth) {
      const int64_t cols = std::min(kTileDepth, x.cols - column);
      alignas(64) float block[kTile * kBlock];
      OuterProduct(dz.Rows(row, rows), dx_factor, weight + column, cols, {block, rows, kBlock});
      TileEpilogue epilogue;
      epilogue.positive = x.row(row, column / kTileDepth);
      kernels_.finish_tile(block, epilogue, rows, cols, dx.row(row, column / kTileDepth));
    }
  }
}

}  // namespace chorus::worker
