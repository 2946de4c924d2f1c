#pragma once
// Ids of a log's group column. Thread safety: constants.

#include <cstdint>

namespace chorus::worker {

// The group of an exposure whose cell of the group column is empty: IdFromText("") of import. Such
// exposures are of no group: metrics by group leave them out, and the bootstrap draws each alone.
inline constexpr uint64_t kNoGroup = 0xef46db3751d8e999;

}  // namespace chorus::worker
