#pragma once
// Hidden layers and mixtures of experts. Names of weights: "PREFIX.LAYER.weight",
// "PREFIX.expert.E.LAYER.weight", "PREFIX.gate.TOWER.weight"; in PLE behind a level's number, and a
// tower's experts "PREFIX.LEVEL.TOWER.E.LAYER.weight". Thread safety: pure functions.

#include <string>
#include <vector>

#include "common/config.pb.h"
#include "worker/model/group_builder.h"

namespace chorus::worker {

// Hidden layers above one another. Returns the output of the last one. REQUIRES: hidden is not
// empty.
Port AddMlp(const std::string& prefix, const Widths& hidden, double dropout,
            std::vector<Port> below, GroupBuilder* builder);

// [towers], what each reads.
std::vector<std::vector<Port>> AddMmoe(const MmoeConfig& config, const std::string& prefix,
                                       const std::vector<std::string>& towers,
                                       const std::vector<Port>& below, GroupBuilder* builder);
std::vector<std::vector<Port>> AddPle(const PleConfig& config, const std::string& prefix,
                                      const std::vector<std::string>& towers,
                                      const std::vector<Port>& below, GroupBuilder* builder);

}  // namespace chorus::worker
