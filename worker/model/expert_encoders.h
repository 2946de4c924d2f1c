#pragma once
// Mixtures of experts. Names of layers in MMoE: "PREFIX.expert.E.LAYER" and "PREFIX.gate.TOWER"; in
// PLE: "PREFIX.LEVEL.shared.E.LAYER", "PREFIX.LEVEL.TOWER.E.LAYER", "PREFIX.LEVEL.gate.TOWER" and
// "PREFIX.LEVEL.gate.shared". Thread safety: none; one thread builds a network.

#include <string>
#include <vector>

#include "common/config.pb.h"
#include "worker/model/group_builder.h"

namespace chorus::worker {

// Both return [towers], what each tower reads.
std::vector<std::vector<Port>> AddMmoe(const MmoeConfig& config, const std::string& prefix,
                                       const std::vector<std::string>& towers,
                                       const std::vector<Port>& below, GroupBuilder* builder);
std::vector<std::vector<Port>> AddPle(const PleConfig& config, const std::string& prefix,
                                      const std::vector<std::string>& towers,
                                      const std::vector<Port>& below, GroupBuilder* builder);

}  // namespace chorus::worker
