#include "worker/objective/dcmt.h"

#include "worker/objective/methods.h"
#include "worker/objective/row_objective.h"

namespace chorus::worker {
namespace {

template <bool kSnips>
std::unique_ptr<Objective> Make(const DcmtConfig& options) {
  using Method = Dcmt<kSnips>;
  MethodDescription dcmt{
      .name = "DCMT",
      .shape =
          {.groups = {{"shared"}},
           .heads = {CtrHead(),
                     {.name = "cvr", .tower = "cvr", .start = BaseRate::kConversion},
                     {.name = "counterfactual", .tower = "cvr", .start = BaseRate::kNoConversion}}},
      .terms = {{"ctr", Space::kExposures, options.w_ctr()},
                {"ctcvr", Space::kExposures, options.w_ctcvr()},
                {"cvr", SpaceOf(Space::kClicked, options.norm()), options.w_cvr(),
                 kSnips ? Method::kClickedSum : -1},
                {"counterfactual", SpaceOf(Space::kUnclicked, options.norm()),
                 options.w_counterfactual(), kSnips ? Method::kUnclickedSum : -1},
                {"regularizer", Space::kExposures, options.w_regularizer()}}};
  const Method method{.eps = options.eps(), .eps_un = options.eps_un(), .detach = options.detach()};
  return std::make_unique<RowObjective<Method>>(method, std::move(dcmt));
}

}  // namespace

std::unique_ptr<Objective> MakeDcmt(const DcmtConfig& options) {
  return options.snips() ? Make<true>(options) : Make<false>(options);
}

}  // namespace chorus::worker
