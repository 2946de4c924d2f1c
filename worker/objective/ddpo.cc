#include "worker/objective/ddpo.h"

#include "worker/objective/methods.h"
#include "worker/objective/row_objective.h"

namespace chorus::worker {
namespace {

template <bool kLiteral>
MethodShape ShapeOf(const DdpoConfig& options) {
  using Method = Ddpo<kLiteral>;
  MethodShape shape{
      .groups = {{"shared"}},
      .heads = {
          {.name = "ctr", .dropout = options.dropout(), .start = BaseRate::kClick},
          {.name = "cvr", .dropout = options.dropout(), .start = BaseRate::kConversion},
          {.name = "conversion", .dropout = options.dropout(), .start = BaseRate::kConversion}}};
  if (options.ctm()) {
    shape.transfers.push_back({.to = Method::kCvr,
                               .from = {Method::kCtr, Method::kConversion},
                               .layer = options.ctm_layer()});
  }
  return shape;
}

template <bool kLiteral>
std::unique_ptr<Objective> Make(const DdpoConfig& options) {
  using Method = Ddpo<kLiteral>;
  MethodDescription ddpo{
      .name = "DDPO",
      .shape = ShapeOf<kLiteral>(options),
      .terms = {{"ctr", Space::kExposures, options.w_ctr()},
                {"ctcvr", Space::kExposures, options.w_ctcvr()},
                {"conversion", Space::kExposures, options.w_conversion()},
                {"cvr", Space::kClicked, options.w_cvr(), Method::kClickedSum},
                {"pseudo", Space::kUnclicked, options.w_pseudo(), Method::kUnclickedSum}}};
  const Method method{.eps = options.eps(),
                      .eps_un = options.eps_un(),
                      .detach = options.detach(),
                      .calibrated = options.calibrated()};
  return std::make_unique<RowObjective<Method>>(method, std::move(ddpo));
}

}  // namespace

std::unique_ptr<Objective> MakeDdpo(const DdpoConfig& options) {
  return options.ddpo_literal() ? Make<true>(options) : Make<false>(options);
}

}  // namespace chorus::worker
