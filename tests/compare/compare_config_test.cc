// What LoadCompareConfig completes and refuses.

#include <gtest/gtest.h>

#include "common/config.h"
#include "tests/compare/compare_testing.h"

namespace chorus::e2e {
namespace {

using CompareConfigTest = CompareTest;

TEST_F(CompareConfigTest, CompletesNamesBaseAndK) {
  const auto config = LoadCompareConfig(WriteConfig("two"), {"train.seed=9", "data.0.oracle=o"});
  ASSERT_TRUE(config.ok()) << config.status().ToString();
  EXPECT_EQ(config->data(0).name(), "0");
  EXPECT_EQ(config->data(0).oracle(), "o");
  EXPECT_EQ(config->base(), "BASE");
  EXPECT_EQ(config->k(0), 10u);
  EXPECT_EQ(config->train().seed(), 9u);
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
      {"method { name: \"a/b\" objective { esmm {} } }", "method.2.name"},
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
