#include "worker/math/gemm_bf16.h"

#include <algorithm>

namespace chorus::worker {
namespace {

// Room for `count` numbers, which the calls of this thread share; it grows to the largest need.
Bf16* ThreadTiles(AlignedMatrix* scratch, int64_t count) {
  const int64_t floats = (count + 1) / 2;
  if (floats > scratch->cols()) *scratch = AlignedMatrix(1, floats);
  return reinterpret_cast<Bf16*>(scratch->view().data);
}

int64_t SizeOf(const Factor& factor) {
  return PanelsFor(factor.outer()) * TilesFor(factor.inner()) * kTileSize;
}

// A product whose one factor lies in tiles, and whose other one comes two panels at a time, so that
// these stay in the fastest cache while they meet all of the first.
class Sweep {
 public:
  Sweep(const Bf16Kernels& kernels, const GemmOptions& options, const Factor& swept,
        const Bf16* whole, MatrixView<float> c)
      : kernels_(kernels),
        options_(options),
        swept_(swept),
        whole_(whole),
        c_(c),
        plain_(!options.accumulate && !options.relu && options.bias == nullptr) {}

  // pair: room for two panels.
  void Run(Bf16* pair) const {
    const int64_t panels = PanelsFor(swept_.outer());
    const int64_t whole_panels = PanelsFor(swept_.is_b ? c_.rows : c_.cols);
    const int64_t panel_size = TilesFor(swept_.inner()) * kTileSize;
    kernels_.begin();
    for (int64_t panel = 0; panel < panels; panel += 2) {
      const int64_t count = std::min<int64_t>(2, panels - panel);
      for (int64_t i = 0; i < count; ++i) kernels_.pack(swept_, panel + i, pair + i * panel_size);
      for (int64_t other = 0; other < whole_panels; other += 2) {
        const Bf16* const tiles = whole_ + other * panel_size;
        const int64_t other_count = std::min<int64_t>(2, whole_panels - other);
        if (swept_.is_b) {
          Block(tiles, other, other_count, pair, panel, count);
        } else {
          Block(pair, panel, count, tiles, other, other_count);
        }
      }
    }
    kernels_.end();
  }

 private:
  void Block(const Bf16* a, int64_t a_panel, int64_t a_count, const Bf16* b, int64_t b_panel,
             int64_t b_count) const {
    const int64_t row = a_panel * kTile, column = b_panel * kTile;
    const int64_t tiles = TilesFor(swept_.inner());
    const int64_t rows = std::min(a_count * kTile, c_.rows - row);
    const int64_t cols = std::min(b_count * kTile, c_.cols - column);
    const MatrixView<float> c = c_.Rows(row, rows).Columns(column, cols);
    if (plain_ && rows == a_count * kTile && cols == b_count * kTile) {
      kernels_.multiply(a, a_count, b, b_count, tiles, c.data, c.stride);
      return;
    }
    alignas(64) float block[kBlock * kBlock];
    kernels_.multiply(a, a_count, b, b_count, tiles, block, kBlock);
    GemmOptions options = options_;
    if (options.bias != nullptr) options.bias += column;
    kernels_.finish(block, options, c);
  }

  const Bf16Kernels& kernels_;
  const GemmOptions& options_;
  const Factor& swept_;
  const Bf16* const whole_;
  const MatrixView<float> c_;
  const bool plain_;  // c is the product alone
};

}  // namespace

void Bf16Gemm::UseWeights(const float* weights, int64_t n) {
  weights_ = weights;
  weights_size_ = n;
  ++version_;
}

void Bf16Gemm::PackAll(const Factor& factor, Bf16* to) const {
  const int64_t size = TilesFor(factor.inner()) * kTileSize;
  for (int64_t panel = 0; panel < PanelsFor(factor.outer()); ++panel) {
    kernels_.pack(factor, panel, to + panel * size);
  }
}

const Bf16* Bf16Gemm::PackedWeights(const Factor& b) {
  const Key key = {b.stored.data - weights_, b.stored.rows, b.stored.cols, b.stored.stride,
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
  if (packed->version != version_) PackAll(b, tiles);
  packed->version = version_;
  return tiles;
}

void Bf16Gemm::Run(const GemmOptions& options, MatrixView<const float> a, MatrixView<const float> b,
                   MatrixView<float> c) {
  thread_local AlignedMatrix whole_scratch, pair_scratch;
  const Factor a_factor = {a, options.transpose_a, false};
  const Factor b_factor = {b, !options.transpose_b, true};
  Bf16* const pair = ThreadTiles(&pair_scratch, 2 * TilesFor(a_factor.inner()) * kTileSize);
  if (IsWeights(b.data)) {
    Sweep(kernels_, options, a_factor, PackedWeights(b_factor), c).Run(pair);
    return;
  }
  const bool sweep_a = c.rows >= c.cols;
  const Factor& whole = sweep_a ? b_factor : a_factor;
  Bf16* const tiles = ThreadTiles(&whole_scratch, SizeOf(whole));
  PackAll(whole, tiles);
  Sweep(kernels_, options, sweep_a ? a_factor : b_factor, tiles, c).Run(pair);
}

}  // namespace chorus::worker
