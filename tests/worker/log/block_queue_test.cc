#include "worker/log/block_queue.h"

#include <gtest/gtest.h>

#include "tests/worker/log/log_testing.h"
#include "worker/log/grain_reader.h"
#include "worker/log/log_reader.h"

namespace chorus::worker {
namespace {

using testing::FullSchema;
using testing::MakeBatch;
using testing::PlainSchema;
using testing::WriteLog;

// Blocks that are longer and shorter than a grain, with contexts that do not fit into one.
std::vector<Batch> MakeBlocks(const LogSchema& schema) {
  std::vector<Batch> blocks;
  uint64_t first = 0;
  for (const uint32_t rows : {13u, 1u, 2u, 40u, 8u, 5u}) {
    blocks.push_back(MakeBatch(schema, rows, 5, first));
    first += rows;
  }
  return blocks;
}

// A grain as a log's reader gives it, and as the queue does.
void ExpectSameGrains(const LogSchema& schema) {
  const std::vector<Batch> blocks = MakeBlocks(schema);
  const auto files = NewMemoryFiles();
  WriteLog(*files, "log", schema, blocks);
  const auto log = LogReader::Open(*files, {"log"});
  ASSERT_TRUE(log.ok());
  ReadingOptions options;
  options.order = DataConfig::SEQUENTIAL;
  options.unclicked_conversion = KEEP_UNCLICKED;
  options.grain_rows = 8;
  options.grains_per_step = 1;
  const auto plan = ReadingPlan::Make(**log, options);
  ASSERT_TRUE(plan.ok());
  const auto reader = (*plan)->NewReader({0, 1});
  BlockQueue queue(schema);
  size_t next = 0;
  for (uint64_t step = 1; step <= (*plan)->total_steps(); ++step) {
    while (queue.rows() < 8 && next < blocks.size()) queue.Push(blocks[next++]);
    Batch expected, actual;
    ASSERT_TRUE(reader->Read(step, 0, &expected).ok());
    queue.Take(8, &actual);
    ASSERT_EQ(actual.rows(), expected.rows());
    EXPECT_EQ(actual.row_id, expected.row_id);
    EXPECT_EQ(actual.context_of, expected.context_of);
    EXPECT_EQ(actual.contexts.rows, expected.contexts.rows);
    for (const auto& [mine, other] : {std::pair(&actual.contexts, &expected.contexts),
                                      std::pair(&actual.exposures, &expected.exposures)}) {
      EXPECT_EQ(mine->numerics, other->numerics);
      for (size_t s = 0; s < mine->slots.size(); ++s) {
        EXPECT_EQ(mine->slots[s].keys, other->slots[s].keys);
        EXPECT_EQ(mine->slots[s].offsets, other->slots[s].offsets);
        EXPECT_EQ(mine->slots[s].values, other->slots[s].values);
      }
    }
  }
  EXPECT_EQ(queue.rows(), 0u);
}

TEST(BlockQueueTest, GivesTheGrainsOfALogOfTheSameBlocks) {
  ExpectSameGrains(FullSchema());
  ExpectSameGrains(PlainSchema());
}

TEST(BlockQueueTest, SkipsRowsAndEndsWithWhatThereIs) {
  BlockQueue queue(FullSchema());
  for (const Batch& block : MakeBlocks(FullSchema())) queue.Push(block);
  queue.Skip(60);
  EXPECT_EQ(queue.rows(), 9u);
  Batch rest;
  queue.Take(100, &rest);
  EXPECT_EQ(rest.row_id, (std::vector<uint64_t>{60, 61, 62, 63, 64, 65, 66, 67, 68}));
  queue.Take(100, &rest);
  EXPECT_EQ(rest.rows(), 0u);
}

}  // namespace
}  // namespace chorus::worker
