#include "worker/objective/escm2_dr.h"

#include "common/check.h"
#include "worker/objective/methods.h"
#include "worker/objective/row_objective.h"

namespace chorus::worker {
namespace {

DrTraining TrainingOf(DoublyRobust::Training training) {
  if (training == DoublyRobust::JOINT) return DrTraining::kJoint;
  if (training == DoublyRobust::PSEUDO) return DrTraining::kPseudo;
  CHECK(training == DoublyRobust::ALTERNATE, "training=", static_cast<int>(training));
  return DrTraining::kAlternate;
}

template <bool kCtcvr, typename Config>
std::unique_ptr<Objective> Make(std::string name, std::vector<Term> terms, const Config& options) {
  terms.push_back({"error", Space::kExposures, options.w_error()});
  terms.push_back({"imputation", Space::kExposures, options.w_imputation()});
  MethodDescription description{
      .name = std::move(name),
      .shape = {.groups = {{"shared"}}, .heads = {CtrHead(), CvrHead(), {"imputation"}}},
      .terms = std::move(terms)};
  const DoublyRobustLoss<kCtcvr> method{.eps = options.eps(),
                                        .training = TrainingOf(options.training()),
                                        .softplus = options.imputation() == DoublyRobust::SOFTPLUS,
                                        .detach = options.detach()};
  return std::make_unique<RowObjective<DoublyRobustLoss<kCtcvr>>>(method, std::move(description));
}

}  // namespace

std::unique_ptr<Objective> MakeEscm2Dr(const Escm2DrConfig& options) {
  return Make<true>("ESCM2_DR",
                    {{"ctr", Space::kExposures, options.w_ctr()},
                     {"ctcvr", Space::kExposures, options.w_ctcvr()}},
                    options);
}

std::unique_ptr<Objective> MakeMultiDr(const MultiDrConfig& options) {
  return Make<false>("MULTI_DR", {{"ctr", Space::kExposures, options.w_ctr()}}, options);
}

}  // namespace chorus::worker
