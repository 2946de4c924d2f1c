#pragma once
// The dense part of a model's state as named arrays, and the file that holds it (dense.bin of a
// checkpoint):
//
//   8 bytes "CHRSDNS1" | u64 step | u64 updates | u64 arrays
//   | per array: u32 name bytes, name, u64 rows, u64 cols
//   | per array: rows * cols float32
//   | u64 XXH3-64 of everything before                        (all little-endian)
//
// Thread safety: values.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/status.h"

namespace chorus::worker {

struct NamedArray {
  // "weight/tower.cvr.0.exposure", "adam.mean/...": see parameters.h and dense_optimizer.h.
  std::string name;
  uint64_t rows = 0;
  uint64_t cols = 0;
  std::vector<float> values;  // [rows, cols] row-major
};

struct DenseState {
  uint64_t step = 0;     // of the run that wrote it
  uint64_t updates = 0;  // of the dense optimizer: step, and what a warm start brought
  std::vector<NamedArray> arrays;
};

std::string EncodeDenseState(const DenseState& state);
// Error: kDataLoss, says what does not hold; a value that is not finite is one.
Result<DenseState> DecodeDenseState(std::string_view bytes);

}  // namespace chorus::worker
