#include "worker/objective/esmm.h"

#include "worker/objective/methods.h"
#include "worker/objective/row_objective.h"

namespace chorus::worker {
namespace {

std::unique_ptr<Objective> Make(std::string name, MethodShape shape, const EsmmConfig& options) {
  MethodDescription description{.name = std::move(name),
                                .shape = std::move(shape),
                                .terms = {{"ctr", Space::kExposures, options.w_ctr()},
                                          {"ctcvr", Space::kExposures, options.w_ctcvr()}}};
  return std::make_unique<RowObjective<Esmm>>(Esmm{}, std::move(description));
}

}  // namespace

std::unique_ptr<Objective> MakeEsmm(const EsmmConfig& options) {
  return Make("ESMM", {.groups = {{"shared"}}, .heads = {CtrHead(), CvrHead()}}, options);
}

std::unique_ptr<Objective> MakeEsmmNs(const EsmmConfig& options) {
  constexpr uint32_t kCvrGroup = 0;
  constexpr uint32_t kCtrGroup = 1;
  return Make("ESMM_NS",
              {.groups = {{"cvr"}, {"ctr"}}, .heads = {CtrHead(kCtrGroup), CvrHead(kCvrGroup)}},
              options);
}

}  // namespace chorus::worker
