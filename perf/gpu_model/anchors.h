#pragma once
// Published training speeds of other systems, as jobs of this one of the same shape: slots, tokens,
// dimension, batch, and a network of about as many operations. What differs is said with each.
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
  uint32_t (*tokens)(uint32_t slot);  // of each exposure in slot 0 .. 25
};
std::span<const Anchor> Anchors();
const Anchor* FindAnchor(const std::string& name);  // null: unknown

// 26 slots with the numbers of ids that Criteo's terabyte log has, 13 numeric columns.
RandomLogShape LogShapeOf(const Anchor& anchor);
// sets: fields to change, see LoadConfig.
Result<TrainConfig> ConfigOf(const Anchor& anchor, const std::vector<std::string>& sets);

}  // namespace chorus::perf
