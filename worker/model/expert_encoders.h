#pragma once
// Hidden layers and mixtures of experts. Names of layers: "PREFIX.LAYER", "PREFIX.expert.E.LAYER",
// "PREFIX.gate.TOWER"; in PLE behind a level's number, and a tower's experts
// "PREFIX.LEVEL.TOWER.E.LAYER". Thread safety: none; one thread builds a network.

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
