#include "worker/objective/oversampling.h"

#include "worker/objective/methods.h"
#include "worker/objective/row_objective.h"

namespace chorus::worker {

std::unique_ptr<Objective> MakeOversampling(const OversamplingConfig& options) {
  constexpr uint32_t kCvrGroup = 0;
  constexpr uint32_t kCtrGroup = 1;
  const Oversampling method{.copies = static_cast<double>(options.copies()),
                            .correct = options.correct()};
  MethodDescription oversampling{
      .name = "OVERSAMPLING",
      .shape = {.groups = {{"cvr"}, {"ctr"}}, .heads = {CtrHead(kCtrGroup), CvrHead(kCvrGroup)}},
      .terms = {{"ctr", Space::kExposures, options.w_ctr()},
                {"cvr", Space::kSample, options.w_cvr()}}};
  return std::make_unique<RowObjective<Oversampling>>(method, std::move(oversampling));
}

}  // namespace chorus::worker
