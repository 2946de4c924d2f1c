#include "worker/objective/unbias.h"

#include "worker/objective/methods.h"
#include "worker/objective/row_objective.h"

namespace chorus::worker {
namespace {

template <bool kSample>
std::unique_ptr<Objective> Make(const UnbiasConfig& options, uint64_t seed) {
  using Method = Unbias<kSample>;
  constexpr uint32_t kCvrGroup = 0;
  constexpr uint32_t kCtrGroup = 1;
  MethodDescription unbias{
      .name = "UNBIAS",
      .shape = {.groups = {{"cvr", Method::kCvrStage}, {"ctr", Method::kCtrStage}},
                .heads = {CtrHead(kCtrGroup), CvrHead(kCvrGroup)}},
      .terms = {{.name = "ctr",
                 .space = Space::kExposures,
                 .weight = options.w_ctr(),
                 .stage = Method::kCtrStage},
                {.name = "cvr",
                 .space = Space::kClicked,
                 .weight = options.w_cvr(),
                 .partial = Method::kWeightSum,
                 .stage = Method::kCvrStage}}};
  const Method method{.seed = seed, .eps = options.eps()};
  return std::make_unique<RowObjective<Method>>(method, std::move(unbias));
}

}  // namespace

std::unique_ptr<Objective> MakeUnbias(const UnbiasConfig& options, uint64_t seed) {
  return options.sample() ? Make<true>(options, seed) : Make<false>(options, seed);
}

}  // namespace chorus::worker
