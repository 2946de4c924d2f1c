#include "worker/objective/esmm.h"

#include "worker/objective/methods.h"
#include "worker/objective/row_objective.h"

namespace chorus::worker {

std::unique_ptr<Objective> MakeEsmm(const EsmmConfig& options) {
  MethodDescription esmm{.name = "ESMM",
                         .shape = {.groups = {{"shared"}}, .heads = {{"ctr"}, {"cvr"}}},
                         .terms = {{"ctr", Space::kExposures, options.w_ctr()},
                                   {"ctcvr", Space::kExposures, options.w_ctcvr()}}};
  return std::make_unique<RowObjective<Esmm>>(Esmm{}, std::move(esmm));
}

}  // namespace chorus::worker
