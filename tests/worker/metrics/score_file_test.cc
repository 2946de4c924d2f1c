#include "worker/metrics/score_file.h"

#include <gtest/gtest.h>

#include <cmath>

#include "common/random.h"
#include "tests/support/faulty_files.h"

namespace chorus::worker {
namespace {

Scores RandomScores(uint64_t n, bool group, bool oracle, bool weight = false) {
  Scores scores;
  scores.has_group = group;
  scores.has_oracle = oracle;
  scores.has_weight = weight;
  for (uint64_t i = 0; i < n; ++i) {
    const auto uniform = [&](uint64_t j) {
      return ToOpenUniform(Random(1, RandomPurpose::kTest, i, j));
    };
    scores.row_id.push_back(i + 7);
    if (group) scores.group.push_back(static_cast<uint64_t>(9 * uniform(0)));
    scores.click.push_back(uniform(1) < 0.3);
    scores.conversion.push_back(scores.click.back() != 0 && uniform(2) < 0.3);
    scores.ctr_logit.push_back(std::log(uniform(3)));
    scores.cvr_logit.push_back(std::log(uniform(4)));
    scores.log_cvr.push_back(std::log(uniform(5)));
    if (oracle) scores.p_conv_do.push_back(static_cast<float>(uniform(6)));
    if (oracle) scores.p_v.push_back(static_cast<float>(uniform(7)));
    if (weight) scores.weight.push_back(static_cast<float>(10 * uniform(8)));
  }
  return scores;
}

TEST(ScoreFileTest, ReadsBackWhatWasWritten) {
  const auto files = NewMemoryFiles();
  for (const uint64_t n : {0, 1, 33}) {
    for (const int columns : {0, 1, 2, 3, 4, 7}) {
      const Scores scores = RandomScores(n, columns & 1, columns & 2, columns & 4);
      ASSERT_TRUE(SaveScores(*files, "run/scores", scores).ok());
      const auto got = LoadScores(*files, "run/scores");
      ASSERT_TRUE(got.ok()) << got.status().ToString();
      EXPECT_EQ(*got, scores);
      EXPECT_EQ(*ReadWholeFile(*files, "run/scores"), EncodeScores(scores));
      EXPECT_EQ(EncodeScores(scores).size(),
                64 + n * (34 + 8 * (columns & 1) + 4 * (columns & 2) + (columns & 4)));
    }
  }
  EXPECT_EQ(*files->List("run"), std::vector<std::string>{"scores"}) << "no temporary file stays";
}

TEST(ScoreFileTest, EveryFlippedBitAndEveryOtherLengthIsRefusedByName) {
  const auto files = NewMemoryFiles();
  const std::string good = EncodeScores(RandomScores(5, true, true));
  for (size_t i = 0; i < good.size(); ++i) {
    std::string flipped = good;
    flipped[i] = static_cast<char>(flipped[i] ^ (1 << (i % 8)));
    EXPECT_EQ(DecodeScores(flipped).status().code(), Code::kDataLoss) << "byte " << i;
    EXPECT_EQ(DecodeScores(good.substr(0, i)).status().code(), Code::kDataLoss) << "length " << i;
  }
  ASSERT_TRUE(ReplaceFile(*files, "run/scores", good + "x").ok());
  const Status status = LoadScores(*files, "run/scores").status();
  EXPECT_EQ(status.code(), Code::kDataLoss);
  EXPECT_NE(status.message().find("run/scores"), std::string::npos) << status.ToString();
  EXPECT_NE(status.message().find("5 rows"), std::string::npos) << status.ToString();
  EXPECT_EQ(LoadScores(*files, "absent").status().code(), Code::kNotFound);
}

TEST(ScoreFileTest, AHugeRowCountUnderARightChecksumIsRefused) {
  std::string forged = EncodeScores(RandomScores(5, false, false));
  const uint64_t rows = ~uint64_t{0} / 34 + 6;  // 34 * rows wraps around to a small number
  memcpy(forged.data() + 16, &rows, 8);
  const uint64_t checksum = Checksum(std::string_view(forged).substr(0, 56));
  memcpy(forged.data() + 56, &checksum, 8);
  EXPECT_EQ(DecodeScores(forged).status().code(), Code::kDataLoss);
}

TEST(ScoreFileTest, AFailingDiskLeavesTheOldFile) {
  const auto files = NewMemoryFiles();
  const Scores before = RandomScores(3, true, false), after = RandomScores(8, true, true);
  ASSERT_TRUE(SaveScores(*files, "run/scores", before).ok());
  FaultPlan plans[4];
  plans[0].failing_write = 0;
  plans[1].failing_write = 4;
  plans[1].write_half_first = true;
  plans[2].failing_sync = 0;
  plans[3].failing_rename = 0;
  for (const FaultPlan& plan : plans) {
    const auto faulty = NewFaultyFiles(*files, plan);
    EXPECT_FALSE(SaveScores(*faulty, "run/scores", after).ok());
    EXPECT_EQ(*LoadScores(*files, "run/scores"), before);
    EXPECT_EQ(files->List("run")->size(), 1u);
  }
}

TEST(ScoreFileTest, AppendedPartsAreTheWhole) {
  const Scores whole = RandomScores(20, true, true);
  Scores parts;
  for (uint64_t i = 0; i < 20; ++i) {
    Scores row;
    row.has_group = row.has_oracle = true;
    row.row_id = {whole.row_id[i]};
    row.group = {whole.group[i]};
    row.click = {whole.click[i]};
    row.conversion = {whole.conversion[i]};
    row.ctr_logit = {whole.ctr_logit[i]};
    row.cvr_logit = {whole.cvr_logit[i]};
    row.log_cvr = {whole.log_cvr[i]};
    row.p_conv_do = {whole.p_conv_do[i]};
    row.p_v = {whole.p_v[i]};
    AppendScores(row, &parts);
  }
  EXPECT_EQ(parts, whole);
}

}  // namespace
}  // namespace chorus::worker
