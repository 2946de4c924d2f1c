#pragma once
// Sizes of blocks and sections: on how many threads kernels run, and how far one thread's loop goes.
// For kernels, and for who reckons what they cost; it needs no CUDA.

#include <cstdint>

namespace chorus::worker::cuda {

constexpr uint32_t kBlockThreads = 256;  // of a kernel of one thread an element

// Sums over rows, column by column (column_sections.h).
constexpr int64_t kSectionRows = 256;
constexpr int kSectionColumns = 32;  // of a block: one warp reads 32 neighbours
constexpr int kSectionStripes = 8;

constexpr uint32_t kLossRows = 128;  // of a block of a loss: a thread each (method_kernels.cu)

}  // namespace chorus::worker::cuda
