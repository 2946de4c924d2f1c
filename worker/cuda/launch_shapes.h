#pragma once
// Sizes of blocks and sections: the numbers of threads of kernels, and the lengths of their loops.
// For kernels, and for launch/gpu, which computes their cost; it needs no CUDA. Thread safety:
// constants.

#include <cstdint>

namespace chorus::worker::cuda {

constexpr uint32_t kBlockThreads = 256;  // of kernels of one thread per element

// Sums over rows, column by column (column_sections.h).
constexpr int64_t kSectionRows = 256;
constexpr int kSectionColumns = 32;  // of a block: one warp reads 32 neighbours
constexpr int kSectionStripes = 8;

constexpr uint32_t kLossRows = 128;  // rows, and threads, of a block of losses (method_kernels.cu)

}  // namespace chorus::worker::cuda
