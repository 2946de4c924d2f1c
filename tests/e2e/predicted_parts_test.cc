// `chorus predict --parts`: a folder of files, one from each worker, that are one file in pieces.

#include <gtest/gtest.h>

#include <atomic>

#include "common/forwarding_files.h"
#include "common/json.h"
#include "common/strings.h"
#include "tests/e2e/job_testing.h"
#include "tests/e2e/trained_testing.h"
#include "tests/support/faulty_files.h"
#include "worker/train/predicted_parts.h"
#include "worker/train/prediction.pb.h"

namespace chorus::e2e {
namespace {

class PredictedPartsTest : public TrainedTest {
 protected:
  PredictedPartsTest()
      : TrainedTest(JobConfig("evaluate { log: 'test' } objective { esmm {} }"), 200, 230) {}
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(TrainedTest::SetUp());
    const auto text = PredictOn(*files_, config_, Layout(), checkpoint_);
    ASSERT_TRUE(text.ok()) << text.status().ToString();
    text_ = *text;
  }

  Status Predict(const Layout& layout, const std::string& output) {
    return PredictPartsOn(*files_, config_, layout, checkpoint_, output);
  }

  std::string text_;  // in one file
};

TEST_F(PredictedPartsTest, FilesInOrderAreTheOneFileAndTheManifestTellsOfThem) {
  for (const uint32_t workers : {1u, 2u, 3u, 5u}) {
    const std::string output = StrCat("scores-", workers);
    const Status status = Predict({.workers = workers, .servers = 2}, output);
    ASSERT_TRUE(status.ok()) << status.ToString();
    const auto json = ReadWholeFile(*files_, JoinPath(output, worker::kPartsManifestName));
    ASSERT_TRUE(json.ok()) << json.status().ToString();
    PredictedParts manifest;
    ASSERT_TRUE(FromJson(*json, &manifest).ok()) << *json;
    EXPECT_EQ(manifest.rows(), 230u);
    ASSERT_EQ(static_cast<uint32_t>(manifest.part_size()), workers);
    std::string text;
    for (const PredictedPart& part : manifest.part()) {
      const auto bytes = ReadWholeFile(*files_, JoinPath(output, part.file()));
      ASSERT_TRUE(bytes.ok()) << part.file();
      EXPECT_EQ(part.bytes(), bytes->size());
      EXPECT_EQ(part.xxh3(), HexDigits(Checksum(*bytes)));
      EXPECT_NEAR(static_cast<double>(part.rows()), 230.0 / workers,
                  2.0 * config_.step().grain_rows());
      text += *bytes;
    }
    EXPECT_TRUE(text == text_) << workers;
    EXPECT_EQ(files_->List(output)->size(), workers + 1);
    EXPECT_FALSE(files_->Exists(output + ".predicting"));
  }
}

TEST_F(PredictedPartsTest, WorkersWithoutGrainsWriteEmptyFiles) {
  for (const uint32_t grains : {1u, 2u, 3u}) {
    const TrainConfig config = With(config_, StrCat("step { grains_per_step: ", grains, " }"));
    const std::string output = StrCat("scores-", grains);
    const Status status =
        PredictPartsOn(*files_, config, {.workers = 5, .servers = 2}, checkpoint_, output);
    ASSERT_TRUE(status.ok()) << status.ToString();
    const auto names = files_->List(output);
    ASSERT_TRUE(names.ok() && names->size() == 6u);  // five files and the manifest
    std::string text;
    uint32_t filled = 0;
    for (uint32_t worker = 0; worker < 5; ++worker) {
      const auto part =
          ReadWholeFile(*files_, JoinPath(output, StrCat("part-0000", worker, ".tsv")));
      ASSERT_TRUE(part.ok()) << part.status().ToString();
      filled += part->empty() ? 0 : 1;
      text += *part;
    }
    EXPECT_EQ(filled, grains);
    EXPECT_TRUE(text == text_) << grains;
  }
}

// A shared folder as another host sees it: a file that has just been written shows at the third
// look, and a folder can be removed at the second try.
class LateFiles final : public ForwardingFiles {
 public:
  using ForwardingFiles::ForwardingFiles;
  Result<std::unique_ptr<RandomAccessFile>> OpenForRead(const std::string& path) override {
    if (path.ends_with("part-00001.tsv") && looks_++ < 2) return NotFound(path);
    return files_.OpenForRead(path);
  }
  Status RemoveRecursively(const std::string& path) override {
    if (path.ends_with(".predicting") && removals_++ < 1) return Unavailable(path);
    return files_.RemoveRecursively(path);
  }

 private:
  std::atomic<int> looks_ = 0, removals_ = 0;
};

TEST_F(PredictedPartsTest, AFileThatShowsLateIsWaitedFor) {
  LateFiles late(*files_);
  const Status status = PredictPartsOn(late, config_, {.workers = 3}, checkpoint_, "scores");
  EXPECT_TRUE(status.ok()) << status.ToString();
}

TEST_F(PredictedPartsTest, AFolderThatIsStillWrittenIsRemovedAtAnotherTry) {
  LateFiles late(*files_);
  FaultPlan plan;
  plan.failing_rename = 1;
  const auto faulty = NewFaultyFiles(late, plan);
  EXPECT_FALSE(PredictPartsOn(*faulty, config_, {.workers = 3}, checkpoint_, "scores").ok());
  EXPECT_FALSE(files_->Exists("scores.predicting"));
}

TEST_F(PredictedPartsTest, AFolderThatIsNotEmptyIsLeftAsItIs) {
  ASSERT_TRUE(Predict({.workers = 2}, "scores").ok());
  const auto before = ReadWholeFile(*files_, "scores/part-00001.tsv");
  const Status again = Predict({.workers = 3}, "scores");
  EXPECT_EQ(again.code(), Code::kFailedPrecondition) << again.ToString();
  EXPECT_NE(again.message().find("not empty"), std::string::npos) << again.ToString();
  EXPECT_EQ(*ReadWholeFile(*files_, "scores/part-00001.tsv"), *before);
}

TEST_F(PredictedPartsTest, AWriteThatFailsLeavesNoFolder) {
  std::vector<FaultPlan> plans(3);
  plans[0].failing_write = 1;
  plans[1].failing_sync = 1;
  plans[2].failing_rename = 1;
  for (const FaultPlan& plan : plans) {
    const auto faulty = NewFaultyFiles(*files_, plan);
    EXPECT_FALSE(PredictPartsOn(*faulty, config_, {.workers = 3}, checkpoint_, "scores").ok());
    EXPECT_FALSE(files_->Exists("scores"));
  }
  EXPECT_TRUE(Predict({.workers = 3}, "scores").ok());
}

}  // namespace
}  // namespace chorus::e2e
