#pragma once
// Mixtures of experts. Names of layers: "PREFIX.expert.E.LAYER",
// "PREFIX.gate.TOWER"; in PLE behind a level's number, and a tower's experts
// "PREFIX.LEVEL.TOWER.E.LAYER". Thread safety: none; one thread builds a network.

#include <string>
#include <vector>

#include "common/config.pb.h"
#include "worker/model/group_builder.h"

namespace chorus::worker {

// [towers], what each reads.
std::vector<std::vector<Port>> AddMmoe(const MmoeConfig& config, const std::string& prefix,
                                       const std::vector<std::string>& towers,
                                       const std::vector<Port>& below, GroupBuilder* builder);
std::vector<std::vector<Port>> AddPle(const PleConfig& config, const std::string& prefix,
                                      const std::vector<std::string>& towers,
                                      const std::vector<Port>& below, GroupBuilder* builder);

}  // namespace chorus::worker
