#include "worker/objective/ukd.h"

#include "worker/objective/methods.h"
#include "worker/objective/row_objective.h"

namespace chorus::worker {
namespace {

MethodShape ShapeOf(const UkdConfig& options) {
  constexpr uint32_t kTeacherGroup = 0;
  constexpr uint32_t kStudentGroup = 1;
  const double dropout = options.dropout();
  return {.groups = {{"teacher", Ukd::kTeacherStage}, {"student", Ukd::kStudentStage}},
          .heads = {CtrHead(kStudentGroup),
                    {.name = "cvr",
                     .group = kStudentGroup,
                     .tower = "cvr",
                     .dropout = dropout,
                     .start = BaseRate::kConversion},
                    {.name = "cvr2",
                     .group = kStudentGroup,
                     .tower = "cvr",
                     .dropout = dropout,
                     .start = BaseRate::kConversion},
                    {.name = "teacher",
                     .group = kTeacherGroup,
                     .tower = "teacher",
                     .start = BaseRate::kConversion},
                    {.name = "domain",
                     .group = kTeacherGroup,
                     .tower = "teacher",
                     .pass_back = -options.domain_reversal(),
                     .start = BaseRate::kClick}}};
}

std::vector<Term> TermsOf(const UkdConfig& options) {
  const auto term = [](std::string name, Space space, double weight, uint32_t stage) {
    return Term{.name = std::move(name), .space = space, .weight = weight, .stage = stage};
  };
  const double scale = 1 / options.unclicked_rate();
  constexpr uint32_t kTeacher = Ukd::kTeacherStage;
  constexpr uint32_t kStudent = Ukd::kStudentStage;
  return {term("teacher", Space::kClicked, options.w_teacher(), kTeacher),
          term("domain", Space::kExposures, options.w_domain(), kTeacher),
          term("ctr", Space::kExposures, options.w_ctr(), kStudent),
          term("cvr", Space::kExposures, options.w_cvr(), kStudent),
          term("cvr2", Space::kExposures, options.w_cvr2(), kStudent),
          term("distill", Space::kExposures, options.w_distill() * scale, kStudent),
          term("distill2", Space::kExposures, options.w_distill2() * scale, kStudent),
          term("regularizer", Space::kExposures, options.w_regularizer() * scale, kStudent)};
}

}  // namespace

std::unique_ptr<Objective> MakeUkd(const UkdConfig& options, uint64_t seed) {
  const Ukd method{.seed = seed,
                   .divergence = options.divergence(),
                   .unclicked_rate = options.unclicked_rate(),
                   .detach_weight = options.detach_weight(),
                   .average_heads = options.average_heads()};
  MethodDescription ukd{.name = "UKD", .shape = ShapeOf(options), .terms = TermsOf(options)};
  return std::make_unique<RowObjective<Ukd>>(method, std::move(ukd));
}

}  // namespace chorus::worker
