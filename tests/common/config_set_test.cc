#include <gmock/gmock.h>

#include "tests/common/config_testing.h"

namespace chorus {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

using ConfigSet = testing::ConfigTest;

TEST_F(ConfigSet, OverridesTheFile) {
  const auto config = Load("step { grain_rows: 64 }", {"step.grain_rows=128", "seed=7"});
  ASSERT_TRUE(config.ok()) << config.status().ToString();
  EXPECT_EQ(config->step().grain_rows(), 128u);
  EXPECT_EQ(config->seed(), 7u);
}

TEST_F(ConfigSet, AFieldThatHasMovedNamesItsNewPlace) {
  EXPECT_THAT(Load("", {"compute.cuda.precision=BF16"}).status().ToString(),
              HasSubstr("compute.cuda.precision: no such field; allowed: compute.precision, which "
                        "took its place"));
  EXPECT_THAT(Load("compute { cuda { precision: BF16 } }").status().ToString(),
              HasSubstr("compute.cuda.precision: no such field; allowed: compute.precision, which "
                        "took its place"));
}

TEST_F(ConfigSet, LaterSetWins) { EXPECT_EQ(Load("", {"seed=7", "seed=8"})->seed(), 8u); }

TEST_F(ConfigSet, WorksWithoutAFile) {
  const auto config = LoadTrainConfig("", {"data.order=SEQUENTIAL"});
  ASSERT_TRUE(config.ok());
  EXPECT_EQ(config->data().order(), DataConfig::SEQUENTIAL);
}

TEST_F(ConfigSet, ListsAreReplacedAsAWhole) {
  const auto config = Load("data { log: \"x\" } model { tower { hidden: [1, 2] } }",
                           {"data.log=a.log, b.log", "model.tower.hidden=[360, 200,80]"});
  ASSERT_TRUE(config.ok()) << config.status().ToString();
  EXPECT_THAT(config->data().log(), ElementsAre("a.log", "b.log"));
  EXPECT_THAT(config->model().tower(0).hidden(), ElementsAre(360, 200, 80));
  EXPECT_EQ(config->model().tower_size(), 1);
}

TEST_F(ConfigSet, AnEmptyValueEmptiesAList) {
  EXPECT_EQ(Load("data { log: \"x\" }", {"data.log="})->data().log_size(), 0);
}

TEST_F(ConfigSet, TextIsTakenVerbatim) {
  EXPECT_EQ(Load("", {"checkpoint.directory=a=b c"})->checkpoint().directory(), "a=b c");
}

TEST_F(ConfigSet, ElementsAreAddressedByNameOrIndex) {
  const std::string two = "table { name: \"a\" } table { name: \"b\" }";
  EXPECT_EQ(Load(two, {"table.b.dim=5"})->table(1).dim(), 5u);
  EXPECT_EQ(Load(two, {"table.0.dim=5"})->table(0).dim(), 5u);
  EXPECT_EQ(Load(two, {"table.0.dim=5"})->table(1).dim(), 18u);
}

TEST_F(ConfigSet, ANameOfDigitsComesBeforeTheIndex) {
  const auto config = Load("slot { name: \"1\" } slot { name: \"0\" }", {"slot.0.ignore=true"});
  ASSERT_TRUE(config.ok());
  EXPECT_FALSE(config->slot(0).ignore());
  EXPECT_TRUE(config->slot(1).ignore());
}

TEST_F(ConfigSet, TheDefaultTableNeedNotBeWritten) {
  for (const char* path : {"table.default.dim=4", "table.dim=4", "table.0.dim=4"}) {
    const auto config = Load("", {path});
    ASSERT_TRUE(config.ok()) << config.status().ToString();
    ASSERT_EQ(config->table_size(), 1);
    EXPECT_EQ(config->table(0).dim(), 4u);
    EXPECT_EQ(config->table(0).name(), "default");
  }
}

TEST_F(ConfigSet, UnknownElementListsTheElements) {
  EXPECT_EQ(ErrorOf("table { name: \"a\" } table { name: \"b\" }", {"table.c.dim=5"}),
            "--set table.c.dim=5: table: no element \"c\"; allowed: a, b");
  EXPECT_THAT(ErrorOf("table { name: \"a\" } table { name: \"b\" }", {"table.dim=5"}),
              HasSubstr("no element \"dim\"; allowed: a, b"));
}

TEST_F(ConfigSet, NamingAnAlternativeChoosesIt) {
  const auto config =
      Load("objective { esmm { w_ctcvr: 10 } } table { optimizer { sgd { } } }",
           {"objective.chorus_cvr.eps=0.05", "table.default.optimizer.adam.lr=0.01"});
  ASSERT_TRUE(config.ok()) << config.status().ToString();
  EXPECT_TRUE(config->objective().has_chorus_cvr());
  EXPECT_EQ(config->objective().chorus_cvr().eps(), 0.05);
  EXPECT_EQ(config->objective().chorus_cvr().eps_un(), 0.01);
  EXPECT_TRUE(config->table(0).optimizer().has_adam());
  EXPECT_EQ(config->table(0).optimizer().adam().lr(), 0.01);
  EXPECT_EQ(config->table(0).optimizer().adam().beta1(), 0.9);
}

TEST_F(ConfigSet, AMessageIsReplacedByBraces) {
  const auto config = Load("objective { chorus_cvr { } } model { tower { head: \"x\" } }",
                           {"objective.base={w_ctr: 3}", "model.tower={hidden: [4]}"});
  ASSERT_TRUE(config.ok()) << config.status().ToString();
  EXPECT_EQ(config->objective().base().w_ctr(), 3);
  ASSERT_EQ(config->model().tower_size(), 1);
  EXPECT_FALSE(config->model().tower(0).has_head());
  EXPECT_THAT(
      ErrorOf("", {"objective.base={w_ctrr: 3}"}),
      HasSubstr("--set objective.base={w_ctrr: 3}:1: objective.base.w_ctrr: no such field"));
}

TEST_F(ConfigSet, AMessageComesFromAFile) {
  const std::string folder = std::filesystem::path(Write("")).parent_path();
  const std::string part = folder + "/model.textproto";
  std::ofstream(part) << "# experts\nencoder { name: 'mix' mmoe { experts: 3 } }\n";
  const auto config = Load("model { tower { hidden: 4 } clip_norm: 1 }", {"model=@" + part});
  ASSERT_TRUE(config.ok()) << config.status().ToString();
  EXPECT_EQ(config->model().encoder(0).mmoe().experts(), 3u);
  EXPECT_EQ(config->model().clip_norm(), 0) << "the message is replaced";
  std::ofstream(part) << "encoder {\n  name: 'mix'\n  mmoe { expert: 3 } }";
  EXPECT_EQ(
      ErrorOf("", {"model=@" + part}),
      "model.textproto:3: model.encoder.mmoe.expert: no such field; did you mean \"experts\"? "
      "allowed: known fields: "
      "experts, hidden");
  EXPECT_THAT(ErrorOf("", {"model=@" + folder + "/none"}), HasSubstr("none"));
}

TEST_F(ConfigSet, MistakesNameTheSetAndWhatIsAllowed) {
  EXPECT_EQ(ErrorOf("", {"step.grain_row=1"}),
            "--set step.grain_row=1: step.grain_row: no such field; did you mean \"grain_rows\"? "
            "allowed: known fields: "
            "grain_rows, grains_per_step, pull_ahead, mode");
  EXPECT_EQ(
      ErrorOf("", {"step.grain_rows=x"}),
      "--set step.grain_rows=x: step.grain_rows: \"x\" does not fit; allowed: a whole number 1 "
      ".. 1048576");
  EXPECT_EQ(
      ErrorOf("step {\n grain_rows: 2 }", {"step.grain_rows=0"}),
      "--set step.grain_rows=0: step.grain_rows: 0 is out of range, allowed: a whole number 1 "
      ".. 1048576");
  EXPECT_THAT(ErrorOf("", {"data.order=UP"}), HasSubstr("allowed: SHUFFLED, SEQUENTIAL"));
  EXPECT_THAT(ErrorOf("", {"seed=1 2"}), HasSubstr("does not fit"));
  EXPECT_THAT(ErrorOf("", {"seed.x=1"}), HasSubstr("seed: has no field \"x\""));
  EXPECT_THAT(ErrorOf("", {"step=1"}), HasSubstr("step: is a message"));
  EXPECT_THAT(ErrorOf("", {"table.0=1"}), HasSubstr("table.0: is a message"));
  EXPECT_THAT(ErrorOf("", {"model.tower.hidden=4,0"}),
              HasSubstr("model.tower.0.hidden.1: 0 is out"));
  for (const char* malformed : {"seed", "=1", "", ".=1", "step.=1", "step..mode=SYNC"}) {
    EXPECT_NE(ErrorOf("", {malformed}), "no error") << malformed;
  }
}

}  // namespace
}  // namespace chorus
