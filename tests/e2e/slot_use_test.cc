// An evaluation counts the ids that were never trained, slot by slot, whoever computes it, and says
// so where they are most.

#include <gtest/gtest.h>

#include "common/strings.h"
#include "tests/e2e/job_testing.h"
#include "tests/worker/log/log_testing.h"
#include "worker/log/log_reader.h"

namespace chorus::e2e {
namespace {

// "user 12 of 340, ..."
std::string UseOf(const Evaluation& evaluation) {
  std::vector<std::string> parts;
  for (const SlotUse& slot : evaluation.slot()) {
    parts.push_back(StrCat(slot.name(), " ", slot.unseen(), " of ", slot.ids()));
  }
  return Join(parts, ", ");
}

const SlotUse& SlotOf(const Evaluation& evaluation, const std::string& name) {
  for (const SlotUse& slot : evaluation.slot()) {
    if (slot.name() == name) return slot;
  }
  ADD_FAILURE() << "no slot " << name;
  return evaluation.slot(0);
}

// The log again with other ids of slot "item": as when 41 is written 41.0.
void WriteWithOtherItems(FileSystem& files, const std::string& from, const std::string& to) {
  const auto reader = worker::LogReader::Open(files, {from});
  ASSERT_TRUE(reader.ok());
  const worker::LogSchema& schema = (*reader)->schema();
  std::vector<worker::Batch> blocks((*reader)->blocks().size());
  for (uint32_t b = 0; b < blocks.size(); ++b) {
    ASSERT_TRUE((*reader)->ReadBlock(b, &blocks[b]).ok());
    size_t column = 0;  // among the slots of exposures
    for (const worker::SlotInfo& slot : schema.slots) {
      if (slot.context) continue;
      if (slot.name == "item") {
        for (Key& key : blocks[b].exposures.slots[column].keys) key = Mix(key ^ 0xabcdef123);
      }
      ++column;
    }
  }
  ASSERT_TRUE(files.CreateDirectories(to).ok());
  worker::testing::WriteLog(files, JoinPath(to, "part-00000.log"), schema, blocks);
}

TEST(SlotUseTest, IdsThatWereNeverTrainedAreCountedAndSaidOnAnyLayout) {
  std::string expected;
  for (const Layout& layout : {Layout{}, Layout{.workers = 3, .servers = 2}}) {
    const auto files = NewMemoryFiles();
    WriteJobLog(*files, "train", RichSchema(), 400, 1);
    WriteWithOtherItems(*files, "train", "other");
    const TrainConfig config = JobConfig("evaluate { log: \"other\" every_steps: 4 }");
    const Trained trained = TrainOn(*files, config, layout);
    ASSERT_TRUE(trained.status.ok()) << trained.status.ToString();
    const Evaluation& evaluation = *trained.first().evaluation;
    const SlotUse& item = SlotOf(evaluation, "item");
    EXPECT_EQ(item.unseen(), item.ids());
    EXPECT_GT(item.ids(), 300u);
    EXPECT_EQ(SlotOf(evaluation, "user").unseen(), 0u);
    EXPECT_GT(SlotOf(evaluation, "user").ids(), 300u);  // of exposures, not of contexts
    if (expected.empty()) expected = UseOf(evaluation);
    EXPECT_EQ(UseOf(evaluation), expected);
    const std::vector<Report> reports = ReadReports(*files, "metrics.jsonl");
    bool said = false;
    for (const std::string& doubt : reports.back().doubt()) {
      said = said || doubt.starts_with("slot \"item\": 100 % of its ");
    }
    EXPECT_TRUE(said);
    // In the midst of training ids may still come.
    for (size_t i = 0; i + 1 < reports.size(); ++i) {
      for (const std::string& doubt : reports[i].doubt()) {
        EXPECT_FALSE(doubt.starts_with("slot ")) << doubt;
      }
    }
  }
}

TEST(SlotUseTest, OnWhatWasTrainedNothingIsNew) {
  const auto files = NewMemoryFiles();
  WriteJobLog(*files, "train", RichSchema(), 400, 1);
  const Trained trained = TrainOn(*files, JobConfig("evaluate { log: \"train\" }"), {});
  ASSERT_TRUE(trained.status.ok()) << trained.status.ToString();
  for (const SlotUse& slot : trained.first().evaluation->slot()) {
    EXPECT_EQ(slot.unseen(), 0u) << slot.name();
  }
}

}  // namespace
}  // namespace chorus::e2e
