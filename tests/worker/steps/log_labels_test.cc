// What training says at its start of a log whose labels are all alike.

#include "worker/steps/log_labels.h"

#include <gmock/gmock.h>

#include "common/config.h"

namespace chorus::worker {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// Two blocks, so that it is their sum that is judged.
std::string DoubtOfCounts(uint32_t rows, uint32_t clicks, uint32_t conversions,
                          uint32_t unclicked_conversions = 0,
                          const std::vector<std::string>& sets = {}, bool has_conversion = true) {
  BlockInfo block;
  block.rows = rows;
  BlockInfo labelled = block;
  labelled.clicks = clicks;
  labelled.conversions = conversions;
  labelled.unclicked_conversions = unclicked_conversions;
  if (clicks == rows) block.clicks = rows;
  if (conversions == clicks && clicks == rows) block.conversions = rows;
  const auto config = LoadTrainConfig("", sets);
  EXPECT_TRUE(config.ok()) << config.status().ToString();
  return config.ok() ? DoubtOfLogLabels({block, labelled}, *config, has_conversion) : "";
}

TEST(DoubtOfLogLabels, IsSilentOnLabelsOfBothKindsAndOnAnEmptyLog) {
  EXPECT_EQ(DoubtOfCounts(100, 10, 1), "");
  EXPECT_EQ(DoubtOfLogLabels({}, TrainConfig(), true), "");
}

TEST(DoubtOfLogLabels, NamesWhatIsAllAlikeAndTheRemedy) {
  EXPECT_THAT(DoubtOfCounts(100, 0, 0),
              AllOf(HasSubstr("none of the log's 200 exposures is a click"),
                    HasSubstr("the schema's column of clicks"), Not(HasSubstr("swapped"))));
  EXPECT_THAT(DoubtOfCounts(100, 10, 0), AllOf(HasSubstr("none of the log's 10 clicks converts"),
                                               HasSubstr("chorus import --labels")));
  EXPECT_THAT(DoubtOfCounts(100, 10, 10), HasSubstr("all 10 clicks of the log convert"));
  EXPECT_THAT(DoubtOfCounts(100, 100, 100),
              AllOf(HasSubstr("all 200 exposures of the log are clicks"),
                    HasSubstr("all 200 clicks of the log convert")));
}

TEST(DoubtOfLogLabels, AsksWhetherColumnsAreSwappedWhereConversionsHaveNoClick) {
  EXPECT_THAT(DoubtOfCounts(100, 0, 0, 7), HasSubstr("7 rows convert without a click"));
  EXPECT_THAT(DoubtOfCounts(100, 10, 10, 60), HasSubstr("60 rows convert without a click"));
}

TEST(DoubtOfLogLabels, ALogWithoutConversionsIsFineWherePCtrAloneIsTrained) {
  EXPECT_THAT(DoubtOfCounts(100, 10, 0, 0, {"objective.esmm.w_ctr=1"}, false),
              AllOf(HasSubstr("the log has clicks alone, so that every pCVR comes to 0"),
                    HasSubstr("w_cvr: 0"), Not(HasSubstr("none of"))));
  const std::vector<std::string> clicks = {"objective.base.w_cvr=0"};
  EXPECT_EQ(DoubtOfCounts(100, 10, 0, 0, clicks, false), "");
  EXPECT_THAT(DoubtOfCounts(100, 10, 0, 0, clicks, true), HasSubstr("10 clicks converts"));
}

TEST(DoubtOfLogLabels, ALogOfClicksIsFineWhereOneIsAskedFor) {
  EXPECT_THAT(DoubtOfCounts(100, 100, 5), HasSubstr("exposures that were not clicked"));
  EXPECT_EQ(DoubtOfCounts(100, 100, 5, 0, {"data.rows=CLICKED"}), "");
}

}  // namespace
}  // namespace chorus::worker
