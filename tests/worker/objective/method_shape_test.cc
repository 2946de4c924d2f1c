// What methods are made of: terms, weights, denominators, groups, heads and stages.

#include "common/strings.h"
#include "tests/worker/objective/hand_rows.h"

namespace chorus::worker::testing {
namespace {

TEST(MethodShape, AblationsLackTheirTermsOnly) {
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

TEST(MethodShape, DenominatorsFollowTheNorm) {
  const auto of = [&](const std::string& sets) {
    const auto objective = MakeMethod({sets});
    return DenominatorsOf(*objective, ThreeRows(*objective));
  };
  ExpectNear(of("chorus_cvr={}"), {3, 3, 2, 3, 2, 2, 2, 1, 1});
  ExpectNear(of("chorus_cvr={norm: EXPOSURE}"), {3, 3, 3, 3, 3, 3, 3, 3, 3});
  ExpectNear(of("base={}"), {3, 2});
  ExpectNear(of("two_task={norm: EXPOSURE}"), {3, 3});
  ExpectNear(of("escm2_ipw={norm: SPACE}"), {3, 3, 2});
  ExpectNear(of("multi_ipw={}"), {3, 3});
}

TEST(MethodShape, EveryTermHasTheWeightOfItsName) {
  const std::vector<std::string> methods[] = {
      {"base={w_ctr: 2 w_cvr: 3}", "ctr 2", "cvr 3"},
      {"two_task={w_ctr: 2 w_cvr: 3}", "ctr 2", "cvr 3"},
      {"aman={w_ctr: 2 w_cvr: 3}", "ctr 2", "cvr 3"},
      {"oversampling={w_ctr: 2 w_cvr: 3}", "ctr 2", "cvr 3"},
      {"unbias={w_ctr: 2 w_cvr: 3}", "ctr 2", "cvr 3"},
      {"division={w_ctr: 2 w_ctcvr: 3}", "ctr 2", "ctcvr 3"},
      {"esmm_ns={w_ctr: 2 w_ctcvr: 3}", "ctr 2", "ctcvr 3"},
      {"escm2_ipw={w_ctr: 2 w_ctcvr: 3 w_cvr: 4}", "ctr 2", "ctcvr 3", "cvr 4"},
      {"multi_ipw={w_ctr: 2 w_cvr: 3}", "ctr 2", "cvr 3"},
      {"escm2_dr={w_ctr: 2 w_ctcvr: 3 w_error: 4 w_imputation: 5}", "ctr 2", "ctcvr 3", "error 4",
       "imputation 5"},
      {"multi_dr={w_ctr: 2 w_error: 3 w_imputation: 4}", "ctr 2", "error 3", "imputation 4"},
      {"ukd={w_teacher: 2 w_domain: 3 w_ctr: 4 w_cvr: 5 w_cvr2: 6 w_distill: 7 w_distill2: 8 "
       "w_regularizer: 9}",
       "teacher 2", "domain 3", "ctr 4", "cvr 5", "cvr2 6", "distill 7", "distill2 8",
       "regularizer 9"},
      {"dcmt={w_ctr: 2 w_ctcvr: 3 w_cvr: 4 w_counterfactual: 5 w_regularizer: 6}", "ctr 2",
       "ctcvr 3", "cvr 4", "counterfactual 5", "regularizer 6"},
      {"ddpo={w_ctr: 2 w_ctcvr: 3 w_conversion: 4 w_cvr: 5 w_pseudo: 6}", "ctr 2", "ctcvr 3",
       "conversion 4", "cvr 5", "pseudo 6"},
      {"nise={w_ctr: 2 w_cvr: 3 w_conversion: 4 nise_target: TOWER}", "ctr 2", "cvr 3",
       "conversion 4"},
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

// "head@group/tower" of every head, in order; groups of later stages as "group:stage".
std::string Describe(const std::string& set) {
  const auto objective = MakeMethod({set});
  const MethodShape& shape = objective->shape();
  std::vector<std::string> words;
  for (const Group& group : shape.groups) {
    words.push_back(group.stage == 0 ? group.name : StrCat(group.name, ":", group.stage));
  }
  words.push_back("|");
  for (const Head& head : shape.heads) {
    words.push_back(StrCat(head.name, "@", shape.groups[head.group].name,
                           head.tower.empty() ? "" : "/" + head.tower));
  }
  return Join(words, " ");
}

TEST(MethodShape, GroupsTowersAndStagesAreTheMethods) {
  EXPECT_EQ(Describe("base={}"), "cvr ctr | ctr@ctr cvr@cvr");
  EXPECT_EQ(Describe("aman={}"), "cvr ctr | ctr@ctr cvr@cvr");
  EXPECT_EQ(Describe("oversampling={}"), "cvr ctr | ctr@ctr cvr@cvr");
  EXPECT_EQ(Describe("unbias={}"), "cvr:1 ctr | ctr@ctr cvr@cvr");
  EXPECT_EQ(Describe("division={}"), "ctcvr ctr | ctr@ctr ctcvr@ctcvr");
  EXPECT_EQ(Describe("esmm_ns={}"), "cvr ctr | ctr@ctr cvr@cvr");
  for (const char* two : {"two_task={}", "esmm={}", "escm2_ipw={}", "multi_ipw={}", "nise={}"}) {
    EXPECT_EQ(Describe(two), "shared | ctr@shared cvr@shared");
  }
  for (const char* dr : {"escm2_dr={}", "multi_dr={}"}) {
    EXPECT_EQ(Describe(dr), "shared | ctr@shared cvr@shared imputation@shared");
  }
  EXPECT_EQ(Describe("ukd={}"),
            "teacher student:1 | ctr@student cvr@student/cvr cvr2@student/cvr "
            "teacher@teacher/teacher domain@teacher/teacher");
  EXPECT_EQ(Describe("dcmt={}"), "shared | ctr@shared cvr@shared/cvr counterfactual@shared/cvr");
  for (const char* three : {"ddpo={}", "nise={nise_target: TOWER}"}) {
    EXPECT_EQ(Describe(three), "shared | ctr@shared cvr@shared conversion@shared");
  }
  EXPECT_EQ(Describe("chorus_cvr={}"), "shared | ctr@shared cvr@shared uncvr@shared");
}

TEST(MethodShape, UkdHasDropoutAndAReversedHead) {
  const auto objective = MakeMethod({"ukd={dropout: 0.3 domain_reversal: 0.7}"});
  std::vector<double> dropout, pass_back;
  for (const Head& head : objective->heads()) {
    dropout.push_back(head.dropout);
    pass_back.push_back(head.pass_back);
  }
  EXPECT_EQ(dropout, (std::vector<double>{0, 0.3, 0.3, 0, 0}));
  EXPECT_EQ(pass_back, (std::vector<double>{1, 1, 1, 1, -0.7}));
}

TEST(MethodShape, DdpoTransfersFromCtrAndConversionToCvr) {
  const auto objective = MakeMethod({"ddpo={ctm_layer: 2 dropout: 0.2}"});
  ASSERT_EQ(objective->shape().transfers.size(), 1u);
  const Transfer& transfer = objective->shape().transfers[0];
  const auto name = [&](uint32_t head) { return objective->heads()[head].name; };
  EXPECT_EQ(name(transfer.to), "cvr");
  ASSERT_EQ(transfer.from.size(), 2u);
  EXPECT_EQ(name(transfer.from[0]), "ctr");
  EXPECT_EQ(name(transfer.from[1]), "conversion");
  EXPECT_EQ(transfer.layer, 2u);
  for (const Head& head : objective->heads()) EXPECT_EQ(head.dropout, 0.2);
  EXPECT_TRUE(MakeMethod({"ddpo={ctm: false}"})->shape().transfers.empty());
}

TEST(MethodShape, EveryMethodHasAShippedJob) {
  for (const std::string& name : ObjectiveNames()) {
    std::string field = name;
    for (char& c : field) c = static_cast<char>(std::tolower(c));
    const Result<TrainConfig> config =
        LoadTrainConfig(StrCat(CHORUS_CONFIGS, "/train/", field, ".textproto"), {});
    ASSERT_TRUE(config.ok()) << config.status().ToString();
    const auto objective = MakeObjective(config->objective(), config->seed());
    ASSERT_TRUE(objective.ok());
    EXPECT_EQ((*objective)->name(), name);
  }
}

TEST(MethodShape, EveryNamedMethodCanBeMadeAndBearsItsName) {
  for (const std::string& name : ObjectiveNames()) {
    std::string field = name;
    for (char& c : field) c = static_cast<char>(std::tolower(c));
    EXPECT_EQ(MakeMethod({field + "={}"})->name(), name);
  }
  EXPECT_FALSE(MakeObjective(ObjectiveConfig(), 1).ok());
}

}  // namespace
}  // namespace chorus::worker::testing
