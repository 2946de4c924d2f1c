#pragma once
// Numbers for the contexts of chunks that come one after the other: equal for consecutive rows of
// one context, also over the border of two chunks. Thread safety: none.

#include <cstdint>

#include "worker/import/parsed_chunk.h"

namespace chorus::worker {

class ContextSerials {
 public:
  // The number of contexts[0] of the chunk that comes next: that of the last row before it, if they
  // share the context.
  uint64_t FirstOf(const ParsedChunk& chunk) const {
    return last_ + (chunk.continues && last_row_is_good_ ? 0 : 1);
  }
  void Pass(const ParsedChunk& chunk) {
    if (chunk.context_count > 0) last_ = FirstOf(chunk) + chunk.context_count - 1;
    if (chunk.count > 0) last_row_is_good_ = chunk.rows[chunk.count - 1].status.ok();
  }

 private:
  uint64_t last_ = 0;
  bool last_row_is_good_ = false;
};

}  // namespace chorus::worker
