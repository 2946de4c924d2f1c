// Rows worked out by hand: with all logits 0 every probability is 1/2 and every product 1/4.

#include <cmath>

#include "common/strings.h"
#include "tests/objective/objective_testing.h"

namespace chorus::worker {
namespace {

const double kLn2 = std::log(2.0);
const double kLn4Thirds = std::log(4.0 / 3.0);  // -log(1 - 1/4)

// One un-clicked row, one click, one conversion, all logits 0.
Batch ThreeRows(const Objective& objective) {
  Batch batch;
  batch.heads = static_cast<int64_t>(objective.heads().size());
  batch.click = {0, 1, 1};
  batch.conversion = {0, 0, 1};
  batch.logits.assign(3 * objective.heads().size(), 0.0);
  return batch;
}

void ExpectNear(const std::vector<double>& actual, const std::vector<double>& expected) {
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i < actual.size(); ++i) EXPECT_NEAR(actual[i], expected[i], 1e-15) << i;
}

TEST(HandRows, Base) {
  const auto base = MakeMethod({"base={w_cvr: 3}"});
  const Outcome outcome = EvaluateBatch(*base, ThreeRows(*base));
  ExpectNear(outcome.sums, {3 * kLn2, 2 * kLn2});
  EXPECT_NEAR(outcome.total, kLn2 + 3 * kLn2, 1e-15);
  ExpectNear(outcome.gradients, {0.5 / 3, 0, -0.5 / 3, 3 * 0.5 / 2, -0.5 / 3, -3 * 0.5 / 2});
}

TEST(HandRows, Esmm) {
  const auto esmm = MakeMethod({"esmm={w_ctcvr: 2}"});
  const Outcome outcome = EvaluateBatch(*esmm, ThreeRows(*esmm));
  ExpectNear(outcome.sums, {3 * kLn2, 2 * kLn4Thirds + 2 * kLn2});
  // d CEP(y=0) = p (1 - p_other) / (1 - p) = 1/4 * 2/3 = 1/6; d CEP(y=1) = -1/2.
  ExpectNear(outcome.gradients, {(0.5 + 2 / 6.0) / 3, 2 / 6.0 / 3, (-0.5 + 2 / 6.0) / 3,
                                 2 / 6.0 / 3, (-0.5 - 2 / 2.0) / 3, -2 / 2.0 / 3});
}

TEST(HandRows, ChorusCvr) {
  const auto chorus = MakeMethod({"chorus_cvr={}"});
  const Outcome outcome = EvaluateBatch(*chorus, ThreeRows(*chorus));
  // w = v = 2; a soft label 1/2 costs ln 2.
  ExpectNear(outcome.sums,
             {3 * kLn2, 2 * kLn4Thirds + 2 * kLn2, 4 * kLn2, 2 * kLn4Thirds + 2 * kLn2, 4 * kLn2,
              4 * kLn2, 4 * kLn2, 2 * kLn2, 2 * kLn2});
  const double sixth = 1 / 6.0;
  ExpectNear(outcome.gradients,
             {(0.5 + sixth + sixth) / 3, sixth / 3, sixth / 3,                            // o = 0
              (-0.5 + sixth - 0.5) / 3, sixth / 3 + 2 * 0.5 / 2, -0.5 / 3 - 2 * 0.5 / 2,  // r = 0
              (-0.5 - 0.5 + sixth) / 3, -0.5 / 3 - 2 * 0.5 / 2, sixth / 3 + 2 * 0.5 / 2});
}

TEST(HandRows, AblationsLackTheirTermsOnly) {
  const auto names = [](const Objective& objective) {
    std::vector<std::string> out;
    for (const Term& term : objective.terms()) out.push_back(term.name);
    return out;
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(names(*MakeMethod({"chorus_cvr={}"})), (Names{"ctr", "ctcvr", "cvr", "ctuncvr", "uncvr",
                                                          "align1", "align2", "align3", "align4"}));
  EXPECT_EQ(names(*MakeMethod({"chorus_cvr_wo_ndm={}"})),
            (Names{"ctr", "ctcvr", "cvr", "uncvr", "align1", "align2", "align3", "align4"}));
  EXPECT_EQ(names(*MakeMethod({"chorus_cvr_wo_sam={}"})),
            (Names{"ctr", "ctcvr", "cvr", "ctuncvr", "uncvr"}));
}

TEST(HandRows, DenominatorsFollowTheNorm) {
  const auto of = [&](const std::vector<std::string>& sets) {
    const auto objective = MakeMethod(sets);
    std::vector<double> out;
    for (const Normalizer& normalizer : BatchNormalizers(*objective, ThreeRows(*objective)))
      out.push_back(normalizer.denominator);
    return out;
  };
  ExpectNear(of({"chorus_cvr={}"}), {3, 3, 2, 3, 2, 2, 2, 1, 1});
  ExpectNear(of({"chorus_cvr={norm: EXPOSURE}"}), {3, 3, 3, 3, 3, 3, 3, 3, 3});
  ExpectNear(of({"base={}"}), {3, 2});
}

TEST(HandRows, EveryTermHasTheWeightOfItsName) {
  const std::vector<std::string> methods[] = {
      {"base={w_ctr: 2 w_cvr: 3}", "ctr 2", "cvr 3"},
      {"esmm={w_ctr: 2 w_ctcvr: 3}", "ctr 2", "ctcvr 3"},
      {"chorus_cvr={w_ctr: 2 w_ctcvr: 3 w_cvr: 4 w_ctuncvr: 5 w_uncvr: 6 w_align1: 7 w_align2: 8 "
       "w_align3: 9 w_align4: 10}",
       "ctr 2", "ctcvr 3", "cvr 4", "ctuncvr 5", "uncvr 6", "align1 7", "align2 8", "align3 9",
       "align4 10"}};
  for (const std::vector<std::string>& method : methods) {
    std::vector<std::string> terms = {method[0]};
    const auto objective = MakeMethod({method[0]});
    for (const Term& term : objective->terms()) {
      terms.push_back(StrCat(term.name, " ", term.weight));
    }
    EXPECT_EQ(terms, method);
  }
}

TEST(HandRows, GroupsAndHeadsAreTheMethods) {
  const auto base = MakeMethod({"base={}"});
  EXPECT_EQ(base->shape().group_names(), (std::vector<std::string>{"cvr", "ctr"}));
  EXPECT_EQ(base->shape().groups[base->heads()[0].group].name, "ctr");
  EXPECT_EQ(base->shape().groups[base->heads()[1].group].name, "cvr");
  for (const char* method : {"esmm={}", "chorus_cvr={}"}) {
    const auto objective = MakeMethod({method});
    EXPECT_EQ(objective->shape().groups.size(), 1u);
    EXPECT_EQ(objective->heads()[0].name, "ctr");
    EXPECT_EQ(objective->heads()[1].name, "cvr");
  }
}

TEST(HandRows, EveryNamedMethodCanBeMadeAndBearsItsName) {
  for (const std::string& name : ObjectiveNames()) {
    std::string field = name;
    for (char& c : field) c = static_cast<char>(std::tolower(c));
    EXPECT_EQ(MakeMethod({field + "={}"})->name(), name);
  }
  EXPECT_FALSE(MakeObjective(ObjectiveConfig(), 1).ok());
}

}  // namespace
}  // namespace chorus::worker
