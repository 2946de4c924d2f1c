// Logs that were imported by other rules of text than the one a model was trained on, wherever they
// meet: one run's logs are refused, and whoever scores or starts warmly says slot, rule and values.

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <functional>

#include "tests/e2e/resume_testing.h"

namespace chorus::e2e {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kClipped = "slot tags: max_ids: 3 | 0";

worker::LogSchema Knowing(const std::string& tags) {
  ImportSchema rules;
  const std::string text = StrCat(
      "delimiter: ',' click: 'c' slot { column: 'tags' name: 'tags' separator: '|' ", tags, " }");
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &rules)) << text;
  worker::LogSchema schema = RichSchema();
  schema.text = rules.SerializeAsString();
  return schema;
}

class OtherRulesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    WriteJobLog(*files_, "train", Knowing(""), 300, 1);
    WriteJobLog(*files_, "same", Knowing("min_count: 2"), 60, 2);
    WriteJobLog(*files_, "other", Knowing("max_ids: 3"), 60, 2);
    WriteJobLog(*files_, "unknown", RichSchema(), 60, 2);
  }

  // What `work` says.
  static std::string Said(const std::function<Status()>& work) {
    ::testing::internal::CaptureStderr();
    const Status status = work();
    std::string said = ::testing::internal::GetCapturedStderr();
    EXPECT_TRUE(status.ok()) << status.ToString();
    return said;
  }
  std::string SaidByTraining(const std::string& more) {
    return Said([&] { return TrainOn(*files_, JobConfig(more), {}).status; });
  }

  std::unique_ptr<FileSystem> files_ = NewMemoryFiles();
};

TEST_F(OtherRulesTest, AnEvaluationOrAPredictionNamesRuleAndBothValues) {
  const auto named = AllOf(HasSubstr("other/part-00000.log: imported by other rules than the model "
                                     "(this log | the model): "),
                           HasSubstr(kClipped), HasSubstr("--like that log"));
  const TrainConfig other = JobConfig("evaluate { log: 'other' }");
  Trained trained;
  const auto train = [&] {
    trained = TrainOn(*files_, other, {});
    return trained.status;
  };
  EXPECT_THAT(Said(train), named);
  const std::string folder = trained.first().checkpoint;
  EXPECT_THAT(Said([&] { return EvaluateOn(*files_, other, {}, folder).status(); }), named);
  EXPECT_THAT(Said([&] { return PredictOn(*files_, other, {}, folder).status(); }), named);
  EXPECT_THAT(Said([&] { return PredictPartsOn(*files_, other, {}, folder, "parts"); }), named);
}

TEST_F(OtherRulesTest, TheSameRulesAndUnknownOnesAreNoWord) {
  EXPECT_THAT(SaidByTraining("evaluate { log: 'same' }"), Not(HasSubstr("other rules")));
  files_ = NewMemoryFiles();
  SetUp();
  EXPECT_THAT(SaidByTraining("evaluate { log: 'unknown' }"), Not(HasSubstr("other rules")));
}

TEST_F(OtherRulesTest, LogsOfOneRunAreRefused) {
  const Status status = TrainOn(*files_, JobConfig("data { log: 'other' }"), {}).status;
  EXPECT_EQ(status.code(), Code::kFailedPrecondition);
  EXPECT_THAT(status.message(), AllOf(HasSubstr("other/part-00000.log"), HasSubstr(kClipped),
                                      HasSubstr("than that of train/part-00000.log")));
}

TEST_F(OtherRulesTest, AFileOfALogThatGrowsIsRefused) {
  ASSERT_TRUE(files_->Rename("other/part-00000.log", "train/part-00001.log").ok());
  const Status status =
      TrainOn(*files_, JobConfig("data { follow_seconds: 0.02 epochs: 1 }"), {}).status;
  EXPECT_EQ(status.code(), Code::kFailedPrecondition);
  EXPECT_THAT(status.message(), AllOf(HasSubstr("train/part-00001.log"), HasSubstr(kClipped)));
}

TEST_F(OtherRulesTest, AWarmStartNamesRulesAndKindsThatChanged) {
  worker::LogSchema changed = Knowing("max_ids: 3");
  for (worker::SlotInfo& slot : changed.slots) {
    if (slot.name == "user") slot.multi_valued = true;
  }
  WriteJobLog(*files_, "changed", changed, 60, 3);
  ASSERT_TRUE(TrainOn(*files_, JobConfig(), {}).status.ok());
  TrainConfig warm = StandStill("checkpoint: 'ckpt'");
  EXPECT_THAT(Said([&] { return TrainOn(*files_, warm, {}).status; }),
              AllOf(Not(HasSubstr("other rules")), Not(HasSubstr("what layers know"))));
  warm.mutable_data()->set_log(0, "changed");
  warm.mutable_checkpoint()->set_directory("warm-again");
  EXPECT_THAT(Said([&] { return TrainOn(*files_, warm, {}).status; }),
              AllOf(HasSubstr("warm start: data.log: imported by other rules than the model"),
                    HasSubstr(kClipped),
                    HasSubstr("what layers know of slot user (one-hot without values there, "
                              "multi-valued without values here")));
}

}  // namespace
}  // namespace chorus::e2e
