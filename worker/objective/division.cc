#include "worker/objective/division.h"

#include "worker/objective/methods.h"
#include "worker/objective/row_objective.h"

namespace chorus::worker {

std::unique_ptr<Objective> MakeDivision(const DivisionConfig& options) {
  constexpr uint32_t kCtcvrGroup = 0;
  constexpr uint32_t kCtrGroup = 1;
  MethodDescription division{.name = "DIVISION",
                             .shape = {.groups = {{"ctcvr"}, {"ctr"}},
                                       .heads = {CtrHead(kCtrGroup),
                                                 {.name = "ctcvr",
                                                  .group = kCtcvrGroup,
                                                  .start = BaseRate::kClickAndConversion}}},
                             .terms = {{"ctr", Space::kExposures, options.w_ctr()},
                                       {"ctcvr", Space::kExposures, options.w_ctcvr()}}};
  return std::make_unique<RowObjective<Division>>(Division{options.cap()}, std::move(division));
}

}  // namespace chorus::worker
