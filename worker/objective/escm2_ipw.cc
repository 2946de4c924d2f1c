#include "worker/objective/escm2_ipw.h"

#include "worker/objective/methods.h"
#include "worker/objective/row_objective.h"

namespace chorus::worker {
namespace {

template <bool kCtcvr, typename Config>
std::unique_ptr<Objective> Make(std::string name, std::vector<Term> terms, const Config& options) {
  terms.push_back({"cvr", SpaceOf(Space::kClicked, options.norm()), options.w_cvr()});
  MethodDescription description{.name = std::move(name),
                                .shape = {.groups = {{"shared"}}, .heads = {CtrHead(), CvrHead()}},
                                .terms = std::move(terms)};
  const Ipw<kCtcvr> method{.eps = options.eps(), .detach = options.detach()};
  return std::make_unique<RowObjective<Ipw<kCtcvr>>>(method, std::move(description));
}

}  // namespace

std::unique_ptr<Objective> MakeEscm2Ipw(const Escm2IpwConfig& options) {
  return Make<true>("ESCM2_IPW",
                    {{"ctr", Space::kExposures, options.w_ctr()},
                     {"ctcvr", Space::kExposures, options.w_ctcvr()}},
                    options);
}

std::unique_ptr<Objective> MakeMultiIpw(const MultiIpwConfig& options) {
  return Make<false>("MULTI_IPW", {{"ctr", Space::kExposures, options.w_ctr()}}, options);
}

}  // namespace chorus::worker
