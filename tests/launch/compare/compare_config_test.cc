// What LoadCompareConfig completes and refuses.

#include <gtest/gtest.h>

#include "common/config.h"
#include "tests/launch/compare/compare_testing.h"

namespace chorus::e2e {
namespace {

using CompareConfigTest = CompareTest;

TEST_F(CompareConfigTest, CompletesNamesBaseAndK) {
  const auto config =
      LoadCompareConfig(WriteConfig("two"), {"train.data.epochs=9", "data.0.oracle=o"});
  ASSERT_TRUE(config.ok()) << config.status().ToString();
  EXPECT_EQ(config->data(0).name(), "0");
  EXPECT_EQ(config->data(0).oracle(), "o");
  EXPECT_EQ(config->base(), "BASE");
  EXPECT_EQ(config->k(0), 10u);
  EXPECT_EQ(config->train().data().epochs(), 9u);
}

TEST_F(CompareConfigTest, ReadsTheCommonPartFromAFile) {
  const std::string train = Path("train.textproto"), path = Path("file.textproto");
  ASSERT_TRUE(ReplaceFile(files_, train, "step { grain_rows: 32 }\n").ok());
  const std::string rest =
      StrCat("name: \"a\" train_file: \"", train, "\" data { train: \"x\" test: \"y\" }\n",
             "method { name: \"ESMM\" objective { esmm {} } }\n");
  ASSERT_TRUE(ReplaceFile(files_, path, rest).ok());
  EXPECT_EQ(LoadCompareConfig(path, {})->train().step().grain_rows(), 32u);
  EXPECT_EQ(LoadCompareConfig(path, {"train.step.grain_rows=8"})->train().step().grain_rows(), 8u);
  ASSERT_TRUE(ReplaceFile(files_, train, "step { grain_rows: 0 }\n").ok());
  const Status status = LoadCompareConfig(path, {}).status();
  EXPECT_NE(status.message().find("train.textproto:1: train.step.grain_rows"), std::string::npos)
      << status.message();
}

TEST_F(CompareConfigTest, NamesTheFieldThatIsWrong) {
  const std::pair<std::string, std::string> cases[] = {
      {"base: \"NISE\"", "base: \"NISE\" is not a method"},
      {"method { name: \"ESMM\" objective { esmm {} } }", "method.2.name"},
      {"method { name: \"a/b\" objective { esmm {} } }", "method.2.name: \"a/b\" is no name"},
      {"method { name: \".a\" objective { esmm {} } }", "'.', which does not stand first"},
      {"method { name: \"\" objective { esmm {} } }", "method.2.name"},
      {"method { name: \"x\" }", "method.2.objective"},
      {"method { name: \"x\" objective { base {} } potential: true }", "method.2.potential"},
      {"method { name: \"x\" objective { base {} } potential: true reference: true }",
       "data 0 has no potential log"},
      {"method { name: \"x\" objective { base {} } reference: true } base: \"x\"", "base: \"x\""},
      {"method { name: \"x\" objective { base {} } set: \"step.grain_row=8\" }", "method.2.set"},
      {"method { name: \"x\" objective { base {} } set: \"seed=8\" }",
       "seed is set for each run by the comparison"},
      {"method { name: \"x\" objective { base {} } set: \"data.log=other\" }", "data.log is set"},
      {"method { name: \"x\" objective { base {} } set: \"evaluate={log: 'o'}\" }",
       "evaluate.log is set"},
      {"k: 5 k: 10 k: 5", "k: 5 is written twice"},
      {"data { name: \"1\" train: \"x\" }", "data.1"},
      {"seeds: 0", "seeds"},
      {"no_such_field: 1", "no such field"},
  };
  for (const auto& [text, problem] : cases) {
    const auto config = LoadCompareConfig(WriteConfig("wrong", text), {});
    ASSERT_FALSE(config.ok()) << text;
    EXPECT_NE(config.status().message().find(problem), std::string::npos)
        << text << ": " << config.status().message();
  }
}

TEST_F(CompareConfigTest, AFieldThatEachRunSetsIsRefusedOnTheCommandLineToo) {
  const std::string config = WriteConfig("two");
  const std::pair<const char*, const char*> cases[] = {
      {"train.seed=7", "train.seed is set for each run by the comparison; use seeds (--seeds N)"},
      {"train.seed=1", "train.seed is set for each run"},  // what it is already
      {"train.data.log=other", "use train of a data set (data.NAME.train)"},
      {"train.data={log: 'other' epochs: 2}", "train.data.log is set for each run"},
      {"train.evaluate.log=other", "train.evaluate.log is set for each run"},
      {"train.evaluate.oracle=other", "train.evaluate.oracle is set for each run"},
      {"train.checkpoint.directory=here", "use output (--output)"},
      {"train.report.metrics=here", "train.report.metrics is set for each run"},
      {"train.objective.esmm={w_ctr: 3}", "use objective of a method (method.NAME.objective)"},
      {"train={seed: 3}", "train.seed is set for each run"},
      {"method.ESMM.set=seed=7", "method.1.set: seed is set for each run"},
  };
  for (const auto& [set, problem] : cases) {
    const Status status = LoadCompareConfig(config, {set}).status();
    EXPECT_EQ(status.code(), Code::kInvalidArgument) << set;
    EXPECT_TRUE(status.message().starts_with(StrCat("--set ", set, ": "))) << status.message();
    EXPECT_NE(status.message().find(problem), std::string::npos) << status.message();
  }
  const auto free = LoadCompareConfig(
      config, {"train.data.epochs=2", "train.table={name: \"mine\"}", "train.table.mine.dim=4",
               "method.ESMM.objective.esmm={w_ctr: 3}", "method.ESMM.set=table.mine.dim=3"});
  EXPECT_TRUE(free.ok()) << free.status().ToString();
}

TEST_F(CompareConfigTest, AWrongSetOfAMethodIsNamedWhereItWasWritten) {
  const std::string config = WriteConfig("two");
  const Status status = LoadCompareConfig(config, {"method.0.set=nonsense"}).status();
  EXPECT_TRUE(status.message().starts_with("--set method.0.set=nonsense: method.0.set: "))
      << status.message();
}

TEST_F(CompareConfigTest, ASetOfAMethodThatIsOutOfRangeIsNamedWhereItWasWritten) {
  const std::string config = WriteConfig(
      "wrong", "method { name: \"x\" objective { base {} } set: \"step.grain_rows=0\" }");
  const Status status = LoadCompareConfig(config, {}).status();
  EXPECT_TRUE(status.message().starts_with(config + ":")) << status.message();
  EXPECT_NE(status.message().find("method.2.set: step.grain_rows: 0 is out of range"),
            std::string::npos)
      << status.message();
}

TEST_F(CompareConfigTest, TheCommonCtrNetIsOneThatIsTrained) {
  const std::pair<std::string, std::string> cases[] = {
      {"method { name: \"x\" objective { base {} } reference: true }", "is a reference"},
      {"method { name: \"x\" objective { base { w_ctr: 0 } } }", "w_ctr 0"},
      {"method { name: \"x\" objective { base {} } set: \"objective.base.w_ctr=0\" }", "w_ctr 0"},
      {"method { name: \"x\" objective { base {} } set: \"objective.esmm={w_ctr: 0}\" }",
       "w_ctr 0"},
  };
  for (const auto& [method, problem] : cases) {
    const Status status =
        LoadCompareConfig(WriteConfig("wrong", method), {"common_ctr=x"}).status();
    EXPECT_NE(status.message().find("common_ctr: \"x\""), std::string::npos) << status.message();
    EXPECT_NE(status.message().find(problem), std::string::npos) << status.message();
  }
}

}  // namespace
}  // namespace chorus::e2e
