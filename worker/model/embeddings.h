#pragma once
// SlotConfig.embedding, which is short for tables and slots. Thread safety: pure functions.

#include "common/config.pb.h"
#include "common/status.h"
#include "worker/objective/method_shape.h"

namespace chorus::worker {

// Writes out the tables and slots that OWN and SHARED_AND_OWN are short for, and SHARED in their
// place: what is printed, saved, compared and sent is what is meant. It changes nothing in a
// configuration that says SHARED everywhere.
// REQUIRES: `config` is complete (config.h).
void ExpandEmbeddings(const MethodShape& shape, TrainConfig* config);

// With the shape of the configured objective. Error: as MakeObjective.
Status ExpandEmbeddings(TrainConfig* config);

}  // namespace chorus::worker
