// Labels that came later: whoever reads the log sees them, the last ones win, and no damage to
// their files goes unseen.
#include <gtest/gtest.h>

#include <functional>
#include <map>

#include "tests/worker/log/log_testing.h"
#include "worker/log/format.h"
#include "worker/log/label_file.h"
#include "worker/log/log_reader.h"

namespace chorus::worker::testing {
namespace {

struct Labels {
  uint8_t click = 0;
  uint8_t conversion = 0;
  friend bool operator==(const Labels&, const Labels&) = default;
};
using LabelsOfRow = std::map<uint64_t, Labels>;  // by row id, which are unique here

LabelsOfRow LabelsIn(const LogReader& log) {
  LabelsOfRow labels;
  Batch batch;
  for (uint32_t i = 0; i < log.blocks().size(); ++i) {
    const Status status = log.ReadBlock(i, &batch);
    EXPECT_TRUE(status.ok()) << status.ToString();
    if (!status.ok()) return {};
    for (uint32_t row = 0; row < batch.rows(); ++row) {
      labels[batch.row_id[row]] = {batch.click[row], batch.conversion[row]};
    }
  }
  return labels;
}

class LabelFileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const LogSchema schema = PlainSchema();
    WriteLog(*files_, "d/a.log", schema,
             {MakeBatch(schema, 30, 1, 0), MakeBatch(schema, 9, 1, 30)});
    WriteLog(*files_, "d/b.log", schema, {MakeBatch(schema, 20, 1, 39)});
  }
  std::unique_ptr<LogReader> Open(const std::vector<std::string>& paths = {"d"}) {
    auto log = LogReader::Open(*files_, paths);
    EXPECT_TRUE(log.ok()) << log.status().ToString();
    return log.ok() ? std::move(*log) : nullptr;
  }
  Status OpenError() { return LogReader::Open(*files_, {"d"}).status(); }

  // A label file that gives these labels, made without the program's own import.
  LabelFile Make(const LabelsOfRow& labels) {
    LabelFile out;
    const auto present = ReadLabelFiles(*files_, "d");
    EXPECT_TRUE(present.ok()) << present.status().ToString();
    if (!present->empty()) out.previous = present->back().labels.checksum;
    for (const char* name : {"a.log", "b.log"}) {
      const auto log = Open({StrCat("d/", name)});
      LabelledFile file{.name = name, .identity = log->identity(0)};
      for (uint32_t i = 0; i < log->blocks().size(); ++i) {
        Batch batch;
        EXPECT_TRUE(log->ReadBlock(i, &batch).ok());
        LabelledBlock block{.block = i};
        for (uint32_t row = 0; row < batch.rows(); ++row) {
          if (const auto found = labels.find(batch.row_id[row]); found != labels.end()) {
            batch.click[row] = found->second.click;
            batch.conversion[row] = found->second.conversion;
            block.changes.push_back(
                MakeLabelChange(row, found->second.click, found->second.conversion));
          }
          block.clicks += batch.click[row];
          block.conversions += batch.click[row] & batch.conversion[row];
          block.unclicked_conversions += (batch.click[row] ^ 1) & batch.conversion[row];
        }
        if (!block.changes.empty()) file.blocks.push_back(std::move(block));
      }
      if (!file.blocks.empty()) out.files.push_back(std::move(file));
    }
    return out;
  }
  std::string Write(const LabelFile& labels) {
    const auto present = ReadLabelFiles(*files_, "d");
    const std::string path = JoinPath("d", NextLabelFileName(*present).value());
    EXPECT_TRUE(ReplaceFile(*files_, path, EncodeLabelFile(labels)).ok());
    return path;
  }
  std::string Add(const LabelsOfRow& labels) { return Write(Make(labels)); }

  std::unique_ptr<FileSystem> files_ = NewMemoryFiles();
};

// `count` rows of the 59 get labels.
LabelsOfRow DrawLabels(uint64_t seed, uint32_t count) {
  LabelsOfRow labels;
  while (labels.size() < count) {
    const uint64_t draw = TestDraw(seed, labels.size(), 3);
    labels[(draw >> 8) % 59 + (labels.contains((draw >> 8) % 59) ? labels.size() % 59 : 0)] = {
        static_cast<uint8_t>(draw & 1), static_cast<uint8_t>(draw >> 1 & 1)};
    ++seed;
  }
  labels.erase(labels.lower_bound(59), labels.end());
  return labels;
}

TEST_F(LabelFileTest, LaterFilesWinAndTheIndexCountsWhatTheBlocksHold) {
  LabelsOfRow expected = LabelsIn(*Open());
  for (uint64_t file = 0; file < 6; ++file) {
    const LabelsOfRow labels = DrawLabels(file * 100, 5 + 7 * static_cast<uint32_t>(file));
    Add(labels);
    for (const auto& [row, label] : labels) expected[row] = label;
    const auto log = Open();
    EXPECT_EQ(LabelsIn(*log), expected) << file;  // ReadBlock compares with the index's counts
    EXPECT_EQ(log->labels().files.size(), file + 1);
    EXPECT_EQ(log->labels().files.back(), StrCat("d/labels-0000", file, ".labels"));
  }
}

TEST_F(LabelFileTest, EachStateOfTheLabelsHasAFingerprintThatTheLaterOnesRemember) {
  std::vector<uint64_t> fingerprints = {Open()->fingerprint()};
  for (uint64_t file = 0; file < 3; ++file) {
    Add({{5 + file, {1, 1}}, {40, {1, static_cast<uint8_t>(file & 1)}}});
    const auto log = Open();
    EXPECT_EQ(log->labels().fingerprints, fingerprints);
    EXPECT_EQ(log->first_fingerprint(), fingerprints.front());
    for (const uint64_t earlier : fingerprints) EXPECT_NE(log->fingerprint(), earlier);
    fingerprints.push_back(log->fingerprint());
  }
}

TEST_F(LabelFileTest, FilesOfALogHaveTheirLabelsAloneAndUnderAnotherName) {
  Add({{3, {1, 1}}, {31, {1, 1}}, {50, {1, 1}}});
  EXPECT_EQ(Open({"d/a.log"})->labels().rows, 2u);
  EXPECT_EQ(Open({"d/b.log"})->labels().rows, 1u);
  const LabelsOfRow before = LabelsIn(*Open());
  ASSERT_TRUE(files_->Rename("d/b.log", "d/c.log").ok());
  EXPECT_EQ(LabelsIn(*Open()), before);
  ASSERT_TRUE(files_->Remove("d/c.log").ok());  // the oldest part of a log may go
  EXPECT_EQ(Open()->labels().rows, 2u);
}

TEST_F(LabelFileTest, ALogFileThatWasReplacedIsNotGivenTheLabelsOfTheOldOne) {
  Add({{50, {1, 1}}});
  WriteLog(*files_, "d/b.log", PlainSchema(), {MakeBatch(PlainSchema(), 20, 1, 40)});
  const Status status = OpenError();
  EXPECT_EQ(status.code(), Code::kFailedPrecondition);
  EXPECT_NE(status.message().find("d/b.log is now"), std::string::npos) << status.ToString();
}

TEST_F(LabelFileTest, EveryFlippedByteAndEveryTruncationNamesTheLabelFile) {
  Add({{3, {1, 1}}, {31, {1, 0}}, {50, {0, 0}}});
  const std::string path = "d/labels-00000.labels";
  const std::string bytes = ReadWholeFile(*files_, path).value();
  const auto expect_loss = [&](const std::string& damaged, size_t at) {
    ASSERT_TRUE(ReplaceFile(*files_, path, damaged).ok());
    const Status status = OpenError();
    ASSERT_EQ(status.code(), Code::kDataLoss) << at << ": " << status.ToString();
    EXPECT_NE(status.message().find(path), std::string::npos) << status.ToString();
  };
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::string damaged = bytes;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x41);
    expect_loss(damaged, i);
    expect_loss(bytes.substr(0, i), i);
  }
  expect_loss(bytes + "x", bytes.size());
}

TEST_F(LabelFileTest, AnEarlierFileThatIsGoneOrChangedIsFoundAndTheLastOneMayGo) {
  Add({{3, {1, 1}}});
  const LabelsOfRow first = LabelsIn(*Open());
  Add({{4, {1, 1}}});
  ASSERT_TRUE(files_->Rename("d/labels-00000.labels", "kept").ok());
  Status status = OpenError();
  EXPECT_EQ(status.code(), Code::kDataLoss);
  EXPECT_NE(status.message().find("d/labels-00001.labels"), std::string::npos);
  ASSERT_TRUE(ReplaceFile(*files_, "d/labels-00000.labels", EncodeLabelFile(LabelFile())).ok());
  EXPECT_EQ(OpenError().code(), Code::kDataLoss);
  ASSERT_TRUE(files_->Rename("kept", "d/labels-00000.labels").ok());
  ASSERT_TRUE(files_->Remove("d/labels-00001.labels").ok());
  EXPECT_EQ(LabelsIn(*Open()), first);
}

TEST_F(LabelFileTest, WhatCannotBeTrueOfABlockIsAnErrorAlsoUnderARightChecksum) {
  const LabelFile good = Make({{3, {1, 1}}, {31, {1, 1}}});
  const auto broken = [&](const std::function<void(LabelledFile*)>& spoil) {
    LabelFile labels = good;
    spoil(&labels.files[0]);
    const std::string path = Write(labels);
    Status status = OpenError();
    if (status.ok()) {  // found when the block is read
      Batch batch;
      status = Open()->ReadBlock(0, &batch);
    }
    EXPECT_EQ(status.code(), Code::kDataLoss) << status.ToString();
    EXPECT_TRUE(files_->Remove(path).ok());
  };
  broken([](LabelledFile* file) { file->blocks[1].block = 2; });
  broken([](LabelledFile* file) { file->blocks[1].block = 0; });
  broken([](LabelledFile* file) { file->blocks[0].changes = {MakeLabelChange(30, 1, 1)}; });
  broken([](LabelledFile* file) { file->blocks[0].changes = {}; });
  broken([](LabelledFile* file) {
    file->blocks[0].changes = {MakeLabelChange(5, 1, 1), MakeLabelChange(5, 0, 0)};
  });
  broken([](LabelledFile* file) { file->blocks[0].clicks = 31; });
  broken([](LabelledFile* file) { ++file->blocks[0].clicks; });
  broken([](LabelledFile* file) { file->blocks[0].conversions = file->blocks[0].clicks + 1; });
}

TEST_F(LabelFileTest, LabelsOfRowsThatTheIndexAloneHasAreAnError) {
  // The index says that the first block has more rows than it holds, under a right checksum.
  std::string bytes = ReadWholeFile(*files_, "d/a.log").value();
  const size_t tail = bytes.size() - kTailBytes, index = tail - 2 * kIndexEntryBytes;
  const uint32_t rows = 1u << 20;
  bytes.replace(index + 8, 4, reinterpret_cast<const char*>(&rows), 4);
  const uint64_t checksum = Checksum(bytes.substr(index, 2 * kIndexEntryBytes + 8));
  bytes.replace(tail + 8, 8, reinterpret_cast<const char*>(&checksum), 8);
  ASSERT_TRUE(ReplaceFile(*files_, "d/a.log", bytes).ok());
  const auto before = Open();
  const LabelledBlock block = {.block = 0, .changes = {MakeLabelChange(rows - 1, 0, 0)}};
  Write({.files = {{.name = "a.log", .identity = before->identity(0), .blocks = {block}}}});
  Batch batch;
  const Status status = Open()->ReadBlock(0, &batch);
  EXPECT_EQ(status.code(), Code::kDataLoss);
  EXPECT_NE(status.message().find("d/a.log: block 0"), std::string::npos) << status.ToString();
}

TEST_F(LabelFileTest, ACountBeyondTheBytesAllocatesNothing) {
  LabelFile labels = Make({{3, {1, 1}}});
  std::string bytes = EncodeLabelFile(labels);
  // The number of rows of the first block: behind head, file and name ("a.log"), and its number.
  const size_t at = 24 + 16 + 5 + 4;
  for (const uint32_t count : {2u, 1u << 30, 0xffffffffu}) {
    std::string damaged = bytes.substr(0, bytes.size() - 8);
    damaged.replace(at, 4, reinterpret_cast<const char*>(&count), 4);
    const uint64_t checksum = Checksum(damaged);
    damaged.append(reinterpret_cast<const char*>(&checksum), 8);
    ASSERT_TRUE(ReplaceFile(*files_, "d/labels-00000.labels", damaged).ok());
    EXPECT_EQ(OpenError().code(), Code::kDataLoss) << count;
  }
}

}  // namespace
}  // namespace chorus::worker::testing
