#pragma once
// Sizes of blocks and chunks: on how many threads kernels run, and how far one thread's loop goes.
// For kernels, and for who reckons what they cost; it needs no CUDA.

#include <cstdint>

namespace chorus::worker::cuda {

constexpr uint32_t kBlockThreads = 256;  // of a kernel of one thread an element

// Sums over rows, column by column (column_chunks.h).
constexpr int64_t kChunkRows = 256;
constexpr int kChunkColumns = 32;  // of a block: one warp reads 32 neighbours
constexpr int kChunkStripes = 8;

constexpr uint32_t kLossRows = 128;  // of a block of a loss: a thread each (method_kernels.cu)

}  // namespace chorus::worker::cuda
