#pragma once
// Which ids of a cell stay when a slot takes fewer. Thread safety: pure function.

#include <cstdint>
#include <vector>

#include "common/config.pb.h"
#include "common/key.h"

namespace chorus::worker {

// Keeps `kept` of the ids keys[first ..), with their values, in their order; the rest is erased.
// keys, values: [n], n >= first + kept.
void KeepIds(uint32_t kept, ColumnSlot::Keep keep, size_t first, std::vector<Key>* keys,
             std::vector<float>* values);

}  // namespace chorus::worker
