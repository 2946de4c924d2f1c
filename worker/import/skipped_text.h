#pragma once
// The parts of an import's inputs that were passed over. Thread safety: a value.

#include <cstdint>

namespace chorus::worker {

struct SkippedText {
  uint64_t blank_lines = 0;
  uint64_t repeated_headers = 0;
  uint64_t empty_inputs = 0;
};

}  // namespace chorus::worker
