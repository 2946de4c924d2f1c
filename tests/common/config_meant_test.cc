// What a misspelt word of a configuration may have meant: the nearest one, and nothing where none is
// near.
#include <gmock/gmock.h>

#include "common/nearest_word.h"
#include "tests/common/config_testing.h"

namespace chorus {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(NearestWordTest, TakesTheFewestSlipsWhateverTheCase) {
  EXPECT_EQ(NearestWord("trian", {"plan", "train", "run"}), "train");
  EXPECT_EQ(NearestWord("esmm", {"BASE", "ESMM", "ESMM-NS"}), "ESMM");
  EXPECT_EQ(NearestWord("chorus-cvr", {"CHORUS_CVR"}), "CHORUS_CVR");
  EXPECT_EQ(NearestWord("grainrow", {"grain_rows", "grains_per_step"}), "grain_rows");
}

TEST(NearestWordTest, TakesTheOnlyOneThatGoesOnBehindTheWord) {
  EXPECT_EQ(NearestWord("grains", {"grain_rows", "grains_per_step", "mode"}), "grains_per_step");
  EXPECT_EQ(NearestWord("grain", {"grain_rows", "grain_bytes"}), "");
  EXPECT_EQ(NearestWord("pul", {"pull_ahead"}), "");
}

TEST(NearestWordTest, IsSilentWhereNothingIsNear) {
  EXPECT_EQ(NearestWord("momentum", {"lr", "beta1", "epsilon"}), "");
  EXPECT_EQ(NearestWord("lr", {"l2", "dim", "id"}), "l2");
  EXPECT_EQ(NearestWord("dim", {"lr", "id", "mode"}), "");  // two letters make another word
  EXPECT_EQ(NearestWord("x", {"y"}), "");
  EXPECT_EQ(NearestWord("", {"a"}), "");
  EXPECT_EQ(NearestWord(std::string(100000, 'a'), {"a"}), "");
  EXPECT_EQ(DidYouMean("weights", {"seed"}), "");
}

using ConfigMeant = testing::ConfigTest;

TEST_F(ConfigMeant, FieldsInFilesAndOnTheCommandLine) {
  EXPECT_THAT(ErrorOf("sed: 1"), HasSubstr("did you mean \"seed\"?"));
  EXPECT_THAT(ErrorOf("", {"step.grainrows=4"}), HasSubstr("did you mean \"grain_rows\"?"));
  EXPECT_THAT(ErrorOf("", {"objectve.esmm={}"}), HasSubstr("did you mean \"objective\"?"));
  EXPECT_THAT(ErrorOf("completely_else: 1"), Not(HasSubstr("did you mean")));
}

TEST_F(ConfigMeant, FilesThatWereMistakenForOneAnother) {
  EXPECT_THAT(
      ErrorOf("delimiter: \",\""),
      HasSubstr("it is a field of a schema (chorus import --schema): is it the right file?"));
  EXPECT_THAT(ErrorOf("base: \"ESMM\""), HasSubstr("a comparison (chorus compare --config)"));
  // Inside a message no file is meant.
  EXPECT_THAT(ErrorOf("step { delimiter: 1 }"), Not(HasSubstr("right file")));
}

TEST_F(ConfigMeant, AMarkOfTheEncodingAtTheBeginIsPassedOver) {
  EXPECT_EQ(ErrorOf("\xef\xbb\xbfseed: 1"), "no error");
  EXPECT_THAT(ErrorOf("\xef\xbb\xbfseed: 1\nsed: 1"), HasSubstr(":2: sed: no such field"));
}

TEST_F(ConfigMeant, ElementsOfLists) {
  const std::string two = "table { name: \"users\" } table { name: \"items\" }";
  EXPECT_EQ(ErrorOf(two, {"table.user.dim=5"}),
            "--set table.user.dim=5: table: no element \"user\"; did you mean \"users\"? allowed: "
            "users, items");
  EXPECT_THAT(ErrorOf("table { name: \"users\" }", {"table.dmi=5"}),
              HasSubstr("did you mean \"dim\"?"));
  EXPECT_THAT(ErrorOf(two, {"table.campaigns.dim=5"}), Not(HasSubstr("did you mean")));
}

TEST_F(ConfigMeant, ValuesThatAreWords) {
  EXPECT_THAT(ErrorOf("data { order: SEQUENTAL }"),
              HasSubstr("did you mean \"SEQUENTIAL\"? allowed: SHUFFLED, SEQUENTIAL"));
  EXPECT_THAT(ErrorOf("", {"data.order=shuffled"}),
              HasSubstr("\"shuffled\" does not fit; did you mean \"SHUFFLED\"? allowed: SHUFFLED"));
  EXPECT_THAT(ErrorOf("", {"data.order=RANDOM"}), Not(HasSubstr("did you mean")));
  EXPECT_THAT(ErrorOf("", {"compute.cuda.graphs=flase"}), HasSubstr("did you mean \"false\"?"));
  EXPECT_THAT(ErrorOf("compute { cuda { graphs: flase } }"), HasSubstr("did you mean \"false\"?"));
  EXPECT_THAT(ErrorOf("compute { cuda { graphs: ture } }"), HasSubstr("did you mean \"true\"?"));
  EXPECT_THAT(ErrorOf("compute { cuda { graphs: graphs } }"), Not(HasSubstr("did you mean")));
}

}  // namespace
}  // namespace chorus
