#pragma once
// The memory that a server's rows take: what ps/row_arena.h and ps/key_index.h charge to its budget
// (cluster.server_memory_mb), by the number of its keys. Thread safety: pure functions.

#include <cstdint>

namespace chorus::launch {

// Of one table instance in one shard: rows in pieces of 64, and their index (ps/key_index.h), which
// doubles by its turn.
uint64_t ShardBytes(uint64_t rows, uint32_t row_bytes, uint32_t turn);

// The mean of ShardBytes, over turns too, where `keys` distinct keys are spread over `shards` shards by their hash:
// a shard's number of rows is binomial.
double MeanShardBytes(double keys, uint32_t shards, uint32_t row_bytes);

}  // namespace chorus::launch
