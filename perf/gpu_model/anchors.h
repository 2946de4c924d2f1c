#pragma once
// Published training speeds of other systems, as jobs of Chorus with the same shape: slots, tokens,
// dimension, batch, and a network of about as many operations. Each anchor says what differs.
// Thread safety: pure functions.

#include <span>
#include <string>
#include <vector>

#include "common/config.pb.h"
#include "common/status.h"
#include "perf/support/random_log.h"

namespace chorus::perf {

struct Anchor {
  const char* name;
  const char* what;        // model, data, machine, and where it is published
  double exposures_per_s;  // as published
  const char* gpu;         // hardware.h
  uint32_t gpus;
  const char* config;                 // of one GPU's part of a step, in text format
  uint32_t (*tokens)(uint32_t slot);  // of each exposure in slots 0 .. 25
};
std::span<const Anchor> Anchors();
const Anchor* FindAnchor(const std::string& name);  // null: unknown

// The shape of a log with 26 slots that have as many ids as those of Criteo's terabyte log, and 13
// numeric columns.
RandomLogShape LogShapeOf(const Anchor& anchor);
// The anchor's configuration. sets: fields to change, see LoadConfig.
Result<TrainConfig> ConfigOf(const Anchor& anchor, const std::vector<std::string>& sets);

}  // namespace chorus::perf
