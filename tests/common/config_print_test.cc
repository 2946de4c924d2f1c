#include <gmock/gmock.h>

#include "tests/common/config_testing.h"

namespace chorus {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using ConfigPrint = testing::ConfigTest;

TEST_F(ConfigPrint, TheWholeConfigurationReparsesToItself) {
  const std::string jobs[] = {
      "",
      "data { log: \"a \\\"b\\\" \\n\" log: \"\\303\\244\" } seed: 18446744073709551615",
      "objective { chorus_cvr { eps: 0.1 eps_un: 1e-300 } } table { weight_decay: "
      "0.30000000000000004 }",
      "slot { name: \"1\" pooling: MEAN } slot { name: \"2\" numeric: true } "
      "model { tower { } shared_bottom { hidden: [4, 5] } optimizer { adamw { } } }",
      "table { name: \"a\" optimizer { ftrl { l1: 1 } } initializer { uniform { } } } "
      "table { name: \"b\" optimizer { rowwise_adagrad { } } initializer { constant { value: -1 } "
      "} }",
  };
  for (const std::string& job : jobs) {
    const auto config = Load(job);
    ASSERT_TRUE(config.ok()) << config.status().ToString();
    const std::string printed = PrintConfig(*config);
    const auto again = Load(printed);
    ASSERT_TRUE(again.ok()) << again.status().ToString() << printed;
    EXPECT_THAT(DifferingFields(*config, *again, {}), IsEmpty());
    EXPECT_EQ(again->SerializeAsString(), config->SerializeAsString());
  }
}

TEST_F(ConfigPrint, EveryFieldWithADefaultIsPrinted) {
  const std::string printed = PrintConfig(*Load(""));
  for (const char* text : {"seed: 1", "pull_ahead: 0", "mode: SYNC", "hidden: [360, 200, 80]",
                           "w_ctcvr: 1", "oracle: \"\"", "decay: CONSTANT", "isa: NATIVE"}) {
    EXPECT_THAT(printed, HasSubstr(text));
  }
}

TEST_F(ConfigPrint, DifferencesNamePathAndBothValues) {
  const auto a = Load("seed: 1 model { tower { hidden: [4] } } objective { esmm { } }");
  const auto b = Load("seed: 2 model { tower { hidden: [4, 5] } } objective { base { } }");
  EXPECT_THAT(DifferingFields(*a, *b, {}),
              ElementsAre("seed: 1 | 2", "model.tower.0.hidden: [4] | [4, 5]",
                          "objective.base: unset | { w_cvr: 1 w_ctr: 1 }",
                          "objective.esmm: { w_ctr: 1 w_ctcvr: 1 } | unset"));
}

TEST_F(ConfigPrint, IgnoredPathsCoverWhatIsBelowThemOnly) {
  const auto a = Load("cluster { servers: 1 } compute { threads: 1 isa: AVX2 } seed: 1");
  const auto b = Load("cluster { servers: 2 } compute { threads: 2 isa: AVX512 } seed: 1");
  EXPECT_THAT(DifferingFields(*a, *b, {"cluster", "compute.threads"}),
              ElementsAre("compute.isa: AVX2 | AVX512"));
  EXPECT_THAT(DifferingFields(*a, *b, {"clust", "compute"}), ElementsAre("cluster.servers: 1 | 2"));
}

TEST_F(ConfigPrint, AddedElementsAreDifferences) {
  const auto a = Load("");
  const auto b = Load("slot { name: \"1\" }");
  EXPECT_THAT(DifferingFields(*a, *b, {}), ElementsAre(HasSubstr("slot.0: unset | { name: \"1\"")));
  EXPECT_THAT(DifferingFields(*a, *b, {"slot"}), IsEmpty());
}

}  // namespace
}  // namespace chorus
