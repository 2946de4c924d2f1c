#pragma once
// Matrix products that read bfloat16 and add in float32, one thread per call, by kernels of our own
// for AMX and AVX512-BF16 (bf16_tiles.h). Factors in floats are rounded while they are brought into
// tiles; weights are rounded once after each change (UseWeights), by the thread that needs them
// first. A factor that comes in tiles, and a result that is wanted in tiles, are never in floats.
//
// A number of a result is the sum over the inner index in an order that the kernel fixes, so that
// it depends on the instruction set, and not on the other numbers. README.md says why the products
// are not oneDNN's.
// Thread safety: Run may be called by any number of threads, but not during UseWeights.

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <tuple>

#include "common/matrix_view.h"
#include "common/mutex.h"
#include "worker/math/aligned_matrix.h"
#include "worker/math/backend.h"
#include "worker/math/bf16_tiles.h"

namespace chorus::worker {

class Bf16Gemm {
 public:
  // kernels: outlive this object.
  explicit Bf16Gemm(const Bf16Kernels& kernels) : kernels_(kernels) {}

  // As Backend::Product. REQUIRES: M, N and each K > 0.
  void Run(const GemmOptions& options, std::span<const GemmTerm> terms, const Target& c);
  void Run(const GemmOptions& options, const GemmTerm& term, const Target& c) {
    Run(options, {&term, 1}, c);
  }

  // As Backend's functions; DotRowsBackward computes only dx of DotTileRowsBackward.
  void RoundToTiles(MatrixView<const float> from, int64_t panel, TileView<Bf16> to) const;
  void DotRowsBackward(TileView<const Bf16> x, const float* weight, MatrixView<const float> dz,
                       TileView<Bf16> dx, float dx_factor) const;

  // As Backend::UseWeights.
  void UseWeights(const float* weights, int64_t n);

 private:
  // A matrix of weights in tiles.
  struct Packed {
    Mutex mutex;
    AlignedMatrix tiles GUARDED_BY(mutex);
    uint64_t version GUARDED_BY(mutex) = 0;  // of the weights that it was made of
  };
  // Place, rows, columns and stride of the matrix, and whether a product reads its transpose.
  using Key = std::tuple<int64_t, int64_t, int64_t, int64_t, bool>;

  bool IsWeights(const float* data) const {
    return data >= weights_ && data < weights_ + weights_size_;
  }
  // All panels of a factor: where they are, or brought to *room, which moves on.
  const Bf16* Whole(const GemmOptions& options, const Factor& factor, Bf16** room);
  // The panels of b, whose matrix is weights.
  const Bf16* PackedWeights(const Factor& b);
  void PackAll(const GemmOptions& options, const Factor& factor, Bf16* to) const;

  const Bf16Kernels& kernels_;
  const float* weights_ = nullptr;
  int64_t weights_size_ = 0;
  uint64_t version_ = 0;
  Mutex mutex_;  // lock order: before Packed::mutex, which is never held with it
  std::map<Key, std::unique_ptr<Packed>> packed_ GUARDED_BY(mutex_);
};

}  // namespace chorus::worker
