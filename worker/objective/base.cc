#include "worker/objective/base.h"

#include "worker/objective/methods.h"
#include "worker/objective/row_objective.h"

namespace chorus::worker {

std::unique_ptr<Objective> MakeBase(const BaseConfig& options) {
  constexpr uint32_t kCvrGroup = 0;
  constexpr uint32_t kCtrGroup = 1;
  MethodDescription base{
      .name = "BASE",
      .shape = {.groups = {{"cvr"}, {"ctr"}}, .heads = {CtrHead(kCtrGroup), CvrHead(kCvrGroup)}},
      .terms = {{"ctr", Space::kExposures, options.w_ctr()},
                {"cvr", Space::kClicked, options.w_cvr()}}};
  return std::make_unique<RowObjective<Base>>(Base{}, std::move(base));
}

std::unique_ptr<Objective> MakeTwoTask(const TwoTaskConfig& options) {
  MethodDescription two_task{
      .name = "TWO_TASK",
      .shape = {.groups = {{"shared"}}, .heads = {CtrHead(), CvrHead()}},
      .terms = {{"ctr", Space::kExposures, options.w_ctr()},
                {"cvr", SpaceOf(Space::kClicked, options.norm()), options.w_cvr()}}};
  return std::make_unique<RowObjective<Base>>(Base{}, std::move(two_task));
}

}  // namespace chorus::worker
