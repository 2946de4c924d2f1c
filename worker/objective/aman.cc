#include "worker/objective/aman.h"

#include "worker/objective/methods.h"
#include "worker/objective/row_objective.h"

namespace chorus::worker {

std::unique_ptr<Objective> MakeAman(const AmanConfig& options, uint64_t seed) {
  constexpr uint32_t kCvrGroup = 0;
  constexpr uint32_t kCtrGroup = 1;
  const Aman method{.seed = seed, .rho = options.rho(), .correct = options.correct()};
  MethodDescription aman{
      .name = "AMAN",
      .shape = {.groups = {{"cvr"}, {"ctr"}}, .heads = {CtrHead(kCtrGroup), CvrHead(kCvrGroup)}},
      .terms = {{"ctr", Space::kExposures, options.w_ctr()},
                {"cvr", Space::kSample, options.w_cvr()}}};
  return std::make_unique<RowObjective<Aman>>(method, std::move(aman));
}

}  // namespace chorus::worker
