#pragma once
// The memory that a server's rows take, from the number of its keys: the bytes that ps/row_arena.h
// and ps/key_index.h charge to its budget (cluster.server_memory_mb). Thread safety: pure
// functions.

#include <cstdint>

namespace chorus::launch {

// The bytes of one table instance in one shard: rows, which ps/row_arena.h charges 64 at a time,
// and their index (ps/key_index.h), whose turn decides when it doubles.
uint64_t ShardBytes(uint64_t rows, uint32_t row_bytes, uint32_t turn);

// The mean of ShardBytes over shards and turns when `keys` distinct keys are spread over `shards` shards by their hash,
// so that a shard's number of rows is binomial.
double MeanShardBytes(double keys, uint32_t shards, uint32_t row_bytes);

}  // namespace chorus::launch
