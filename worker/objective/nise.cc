#include "worker/objective/nise.h"

#include "worker/objective/methods.h"
#include "worker/objective/row_objective.h"

namespace chorus::worker {

std::unique_ptr<Objective> MakeNise(const NiseConfig& options) {
  MethodDescription nise{.name = "NISE",
                         .shape = {.groups = {{"shared"}}, .heads = {CtrHead(), CvrHead()}},
                         .terms = {{"ctr", Space::kExposures, options.w_ctr()},
                                   {"cvr", Space::kExposures, options.w_cvr()}}};
  if (options.nise_target() != NiseConfig::TOWER) {
    return std::make_unique<RowObjective<Nise<false>>>(Nise<false>{options.beta()},
                                                       std::move(nise));
  }
  nise.shape.heads.push_back({.name = "conversion", .start = BaseRate::kConversion});
  nise.terms.push_back({"conversion", Space::kExposures, options.w_conversion()});
  return std::make_unique<RowObjective<Nise<true>>>(Nise<true>{options.beta()}, std::move(nise));
}

}  // namespace chorus::worker
