#include "worker/objective/chorus_cvr.h"

#include "worker/objective/methods.h"
#include "worker/objective/row_objective.h"

namespace chorus::worker {
namespace {

template <bool kNdm, bool kSam>
std::vector<Term> TermsOf(const ChorusCvrConfig& options) {
  const Space clicked = SpaceOf(Space::kClicked, options.norm());
  const Space unclicked = SpaceOf(Space::kUnclicked, options.norm());
  std::vector<Term> terms = {{"ctr", Space::kExposures, options.w_ctr()},
                             {"ctcvr", Space::kExposures, options.w_ctcvr()},
                             {"cvr", clicked, options.w_cvr()}};
  if (kNdm) terms.push_back({"ctuncvr", Space::kExposures, options.w_ctuncvr()});
  terms.push_back({"uncvr", clicked, options.w_uncvr()});
  if (kSam) {
    terms.push_back({"align1", clicked, options.w_align1()});
    terms.push_back({"align2", clicked, options.w_align2()});
    terms.push_back({"align3", unclicked, options.w_align3()});
    terms.push_back({"align4", unclicked, options.w_align4()});
  }
  return terms;
}

template <bool kNdm, bool kSam>
std::unique_ptr<Objective> Make(std::string name, const ChorusCvrConfig& options) {
  using Method = ChorusCvr<kNdm, kSam>;
  const Method method{.eps = options.eps(),
                      .eps_un = options.eps_un(),
                      .ipw = options.ipw(),
                      .detach = options.detach()};
  MethodDescription description{
      .name = std::move(name),
      .shape = {.groups = {{"shared"}},
                .heads = {CtrHead(),
                          CvrHead(),
                          {.name = "uncvr", .start = BaseRate::kNoConversion}}},
      .terms = TermsOf<kNdm, kSam>(options)};
  return std::make_unique<RowObjective<Method>>(method, std::move(description));
}

}  // namespace

std::unique_ptr<Objective> MakeChorusCvr(const ChorusCvrConfig& options) {
  return Make<true, true>("CHORUS_CVR", options);
}
std::unique_ptr<Objective> MakeChorusCvrWithoutNdm(const ChorusCvrConfig& options) {
  return Make<false, true>("CHORUS_CVR_WO_NDM", options);
}
std::unique_ptr<Objective> MakeChorusCvrWithoutSam(const ChorusCvrConfig& options) {
  return Make<true, false>("CHORUS_CVR_WO_SAM", options);
}

}  // namespace chorus::worker
