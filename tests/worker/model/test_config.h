#pragma once
// A small world for tests of models: a log schema and a configuration that fits it.

#include <cstdint>
#include <string>

#include "common/config.pb.h"
#include "worker/log/batch.h"

namespace chorus::worker {

// Two tables (dims 3 and 2), context slots "user" (one-hot) and "history" (multi-valued, values),
// exposure slots "item" (one-hot) and "tags" (multi-valued), numerics "age" (context) and "price"
// (exposure).
LogSchema TestSchema();
// The tables and `more` in text format. Unless `more` says otherwise: towers 5-4; history and tags
// in the second table, pooled by WEIGHTED_MEAN and MEAN.
TrainConfig TestConfig(const std::string& more, uint32_t grain_rows = 16);

}  // namespace chorus::worker
