#include "worker/synthetic/generate_log.h"

#include <gtest/gtest.h>

#include "tests/support/faulty_files.h"
#include "tests/worker/synthetic/synthetic_testing.h"
#include "worker/log/log_reader.h"
#include "worker/log/oracle_file.h"

namespace chorus::worker::testing {
namespace {

GenerateSummary Generate(FileSystem& files, const std::string& directory, uint32_t threads,
                         bool potential = true) {
  GenerateOptions options;
  options.directory = directory;
  options.potential_labels = potential;
  options.threads = threads;
  auto summary = GenerateLog(files, SharedWorld(SmallConfig()), options);
  EXPECT_TRUE(summary.ok()) << summary.status().ToString();
  return summary.ok() ? *summary : GenerateSummary{};
}

TEST(GenerateLogTest, ThreadsDoNotChangeAByte) {
  auto files = NewMemoryFiles();
  const GenerateSummary one = Generate(*files, "one", 1);
  ASSERT_EQ(one.files.size(), 7u);  // three parts of 8192 rows, the oracle, three potential parts
  for (const uint32_t threads : {2u, 3u}) {
    const std::string directory = threads == 2 ? "two" : "three";
    const GenerateSummary other = Generate(*files, directory, threads);
    ASSERT_EQ(other.files.size(), one.files.size());
    for (size_t i = 0; i < one.files.size(); ++i) {
      EXPECT_EQ(ReadWholeFile(*files, one.files[i]).value(),
                ReadWholeFile(*files, other.files[i]).value())
          << other.files[i];
    }
    EXPECT_EQ(other.clicked.mean_p_conv_do, one.clicked.mean_p_conv_do);
  }
}

TEST(GenerateLogTest, FilesHoldTheBlocksOfTheMaker) {
  auto files = NewMemoryFiles();
  const GenerateSummary summary = Generate(*files, "log", 2);
  auto log = LogReader::Open(*files, {"log"});
  auto potential = LogReader::Open(*files, {"log/potential"});
  ASSERT_TRUE(log.ok() && potential.ok());
  const BlockMaker maker(SharedWorld(SmallConfig()));
  ASSERT_EQ((*log)->blocks().size(), maker.blocks());
  EXPECT_EQ((*log)->schema(), maker.schema());
  auto oracle = OracleFile::Open(*files, "log/oracle.bin");
  ASSERT_TRUE(oracle.ok());
  EXPECT_EQ(oracle->rows(), summary.rows);
  EXPECT_EQ(oracle->log_fingerprint(), (*log)->fingerprint());
  uint64_t clicks = 0;
  Batch read, all_labels;
  GeneratedBlock made;
  for (uint32_t k = 0; k < maker.blocks(); ++k) {
    maker.Make(k, &made);
    ASSERT_TRUE((*log)->ReadBlock(k, &read).ok());
    ASSERT_TRUE((*potential)->ReadBlock(k, &all_labels).ok());
    EXPECT_EQ(read.row_id, made.batch.row_id);
    EXPECT_EQ(read.conversion, made.batch.conversion);
    EXPECT_EQ(read.contexts.slots[0].keys, made.batch.contexts.slots[0].keys);
    for (uint32_t i = 0; i < read.rows(); ++i) {
      clicks += read.click[i];
      ASSERT_EQ(all_labels.click[i], 1);
      if (read.click[i]) {
        ASSERT_EQ(all_labels.conversion[i], read.conversion[i]);
      }
      ASSERT_EQ(oracle->Lookup(read.row_id[i])->p_v, made.oracle[i].p_v);
    }
  }
  EXPECT_EQ(summary.clicks, clicks);
  EXPECT_EQ(summary.all.rows, 20000u);
}

TEST(GenerateLogTest, PotentialLabelsAreWrittenOnlyWhenAsked) {
  auto files = NewMemoryFiles();
  const GenerateSummary summary = Generate(*files, "log", 1, false);
  EXPECT_EQ(summary.files.size(), 4u);
  EXPECT_FALSE(files->Exists("log/potential/part-00000.log"));
}

TEST(GenerateLogTest, DirectoryWithALogIsRefused) {
  auto files = NewMemoryFiles();
  Generate(*files, "log", 1, false);
  GenerateOptions options;
  options.directory = "log";
  const auto again = GenerateLog(*files, SharedWorld(SmallConfig()), options);
  EXPECT_EQ(again.status().code(), Code::kFailedPrecondition);
}

TEST(GenerateLogTest, NothingAppearsUnderTheNameBeforeAllIsWritten) {
  FaultPlan plan;
  for (plan.failing_rename = 0;; ++plan.failing_rename) {
    const auto memory = NewMemoryFiles();
    const auto files = NewFaultyFiles(*memory, plan);
    GenerateOptions options;
    options.directory = "log";
    if (GenerateLog(*files, SharedWorld(SmallConfig()), options).ok()) break;
    EXPECT_FALSE(memory->Exists("log"));
    EXPECT_FALSE(memory->Exists("log.generating"));
  }
  EXPECT_EQ(plan.failing_rename, 5u);  // three parts and the oracle, and the whole
}

}  // namespace
}  // namespace chorus::worker::testing
