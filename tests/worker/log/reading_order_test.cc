#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "common/strings.h"
#include "tests/worker/log/log_testing.h"
#include "worker/log/grain_reader.h"
#include "worker/log/log_reader.h"

namespace chorus::worker::testing {
namespace {

constexpr uint32_t kPerContext = 5;

// A log of uneven blocks in two files; row ids are 0, 1, 2, ... in log order.
class ReadingOrderTest : public ::testing::Test {
 protected:
  void SetUp() override { Write(FullSchema(), 20); }

  void Write(const LogSchema& schema, uint32_t blocks) {
    std::vector<Batch> batches;
    uint64_t rows = 0;
    for (uint32_t i = 0; i < blocks; ++i) {
      batches.push_back(MakeBatch(schema, 17 + (i * 7) % 30, kPerContext, rows));
      rows += batches.back().rows();
    }
    all_ = batches;
    const auto half = batches.begin() + blocks / 2;
    WriteLog(*files_, "a.log", schema, {batches.begin(), half});
    WriteLog(*files_, "b.log", schema, {half, batches.end()});
    log_ = LogReader::Open(*files_, {"a.log", "b.log"}).value();
    options_.grain_rows = 8;
    options_.grains_per_step = 4;
    options_.window_blocks = 2;
    options_.context_chunk = 3;
  }

  std::unique_ptr<ReadingPlan> Plan() { return ReadingPlan::Make(*log_, options_).value(); }

  // Row ids by [step - 1][grain].
  std::vector<std::vector<std::vector<uint64_t>>> ReadIds() {
    const auto plan = Plan();
    const auto reader = plan->NewReader({0, options_.grains_per_step});
    std::vector<std::vector<std::vector<uint64_t>>> ids(plan->total_steps());
    Batch batch;
    for (uint64_t step = 1; step <= plan->total_steps(); ++step) {
      for (uint32_t grain = 0; grain < options_.grains_per_step; ++grain) {
        EXPECT_TRUE(reader->Read(step, grain, &batch).ok());
        ids[step - 1].push_back(batch.row_id);
      }
    }
    return ids;
  }

  std::vector<uint64_t> KeptIds() {
    std::vector<uint64_t> ids;
    for (const Batch& block : all_) {
      for (uint32_t row = 0; row < block.rows(); ++row) {
        const bool bad = block.click[row] == 0 && block.conversion[row] == 1;
        if (bad && options_.unclicked_conversion == DROP) continue;
        if (block.click[row] == 0 && options_.rows == DataConfig::CLICKED) continue;
        ids.push_back(block.row_id[row]);
      }
    }
    return ids;
  }

  std::unique_ptr<FileSystem> files_ = NewMemoryFiles();
  std::vector<Batch> all_;
  std::unique_ptr<LogReader> log_;
  ReadingOptions options_;
};

TEST_F(ReadingOrderTest, EveryKeptRowComesExactlyOnceAnEpoch) {
  options_.epochs = 3;
  for (const auto rows : {DataConfig::ALL, DataConfig::CLICKED}) {
    for (const auto policy : {DROP, KEEP_UNCLICKED}) {
      for (const auto order : {DataConfig::SHUFFLED, DataConfig::SEQUENTIAL}) {
        options_.rows = rows;
        options_.unclicked_conversion = policy;
        options_.order = order;
        const auto plan = Plan();
        const auto ids = ReadIds();
        std::vector<std::vector<uint64_t>> by_epoch(3);
        for (uint64_t step = 1; step <= plan->total_steps(); ++step) {
          for (const auto& grain : ids[step - 1]) {
            EXPECT_LE(grain.size(), options_.grain_rows);
            auto& epoch = by_epoch[plan->epoch_of_step(step)];
            epoch.insert(epoch.end(), grain.begin(), grain.end());
          }
        }
        const std::vector<uint64_t> expected = KeptIds();
        const ReadingCounts counts = plan->counts();
        EXPECT_EQ(counts.kept_rows, expected.size());
        EXPECT_EQ(counts.kept_rows + counts.filtered_rows + counts.dropped_unclicked_conversions,
                  counts.rows);
        if (order == DataConfig::SHUFFLED) {
          EXPECT_NE(by_epoch[0], by_epoch[1]);
        }
        for (auto& epoch : by_epoch) {
          if (order == DataConfig::SHUFFLED) std::sort(epoch.begin(), epoch.end());
          EXPECT_EQ(epoch, expected);
        }
      }
    }
  }
}

TEST_F(ReadingOrderTest, SequentialGrainsAreConsecutiveSlicesOfTheLog) {
  options_.order = DataConfig::SEQUENTIAL;
  const std::vector<uint64_t> kept = KeptIds();
  size_t at = 0;
  for (const auto& step : ReadIds()) {
    for (const auto& grain : step) {
      const size_t count = std::min<size_t>(options_.grain_rows, kept.size() - at);
      EXPECT_EQ(grain, std::vector<uint64_t>(kept.begin() + at, kept.begin() + at + count));
      at += count;
    }
  }
  EXPECT_EQ(at, kept.size());
}

TEST_F(ReadingOrderTest, AnyReaderAndAnySeekGivesTheSameGrain) {
  options_.epochs = 2;
  for (const auto order : {DataConfig::SHUFFLED, DataConfig::SEQUENTIAL}) {
    options_.order = order;
    const auto plan = Plan();
    const auto whole = plan->NewReader({0, 4});
    const auto part = plan->NewReader({1, 3});
    for (uint64_t i = 0; i < 200; ++i) {
      const uint64_t step = 1 + TestDraw(1, i, 0) % plan->total_steps();
      const uint32_t grain = 1 + static_cast<uint32_t>(TestDraw(2, i, 0) % 2);
      Batch a, b, c;
      ASSERT_TRUE(whole->Read(step, grain, &a).ok());
      ASSERT_TRUE(part->Read(step, grain, &b).ok());
      ASSERT_TRUE(plan->NewReader({grain, grain + 1})->Read(step, grain, &c).ok());
      EXPECT_TRUE(SameBatch(a, b) && SameBatch(a, c)) << "step " << step << " grain " << grain;
    }
  }
}

TEST_F(ReadingOrderTest, RowsKeepTheirFeaturesLabelsAndContext) {
  std::map<uint64_t, std::pair<const Batch*, uint32_t>> where;
  for (const Batch& block : all_) {
    for (uint32_t row = 0; row < block.rows(); ++row) where[block.row_id[row]] = {&block, row};
  }
  const auto row_of = [](const FeatureColumns& side, uint32_t row) {
    std::vector<std::vector<double>> values;
    for (const SlotColumn& slot : side.slots) {
      values.emplace_back();
      for (uint32_t k = slot.offsets[row]; k < slot.offsets[row + 1]; ++k) {
        values.back().push_back(static_cast<double>(slot.keys[k]));
        values.back().push_back(slot.values.empty() ? 1.0 : slot.values[k]);
      }
    }
    for (const auto& numeric : side.numerics) values.push_back({numeric[row]});
    return values;
  };
  const auto plan = Plan();
  const auto reader = plan->NewReader({0, 4});
  Batch batch;
  for (uint64_t step = 1; step <= plan->total_steps(); ++step) {
    for (uint32_t grain = 0; grain < 4; ++grain) {
      ASSERT_TRUE(reader->Read(step, grain, &batch).ok());
      std::set<uint32_t> used(batch.context_of.begin(), batch.context_of.end());
      EXPECT_EQ(used.size(), batch.contexts.rows);
      uint32_t next = 0;  // contexts are numbered in order of first use
      std::set<std::pair<const Batch*, uint32_t>> contexts;
      for (uint32_t row = 0; row < batch.rows(); ++row) {
        const auto [block, source] = where.at(batch.row_id[row]);
        EXPECT_LE(batch.context_of[row], next);
        if (batch.context_of[row] == next) ++next;
        contexts.insert({block, block->context_of[source]});
        EXPECT_EQ(row_of(batch.exposures, row), row_of(block->exposures, source));
        EXPECT_EQ(row_of(batch.contexts, batch.context_of[row]),
                  row_of(block->contexts, block->context_of[source]));
        EXPECT_EQ(batch.click[row], block->click[source]);
        EXPECT_EQ(batch.conversion[row], block->conversion[source]);
        EXPECT_EQ(batch.weight[row], block->weight[source]);
        EXPECT_EQ(batch.group[row], block->group[source]);
        EXPECT_EQ(batch.time[row], block->time[source]);
      }
      EXPECT_EQ(contexts.size(), batch.contexts.rows);
    }
  }
}

TEST_F(ReadingOrderTest, ChunksStayTogether) {
  options_.unclicked_conversion = KEEP_UNCLICKED;
  options_.context_chunk = kPerContext;
  options_.grains_per_step = 1;
  std::vector<uint64_t> order;
  for (const auto& step : ReadIds()) order.insert(order.end(), step[0].begin(), step[0].end());
  // With chunks as long as contexts, each context's rows follow each other.
  std::set<std::pair<size_t, uint32_t>> closed;
  std::map<uint64_t, std::pair<size_t, uint32_t>> context_of;
  for (size_t b = 0; b < all_.size(); ++b) {
    for (uint32_t row = 0; row < all_[b].rows(); ++row) {
      context_of[all_[b].row_id[row]] = {b, all_[b].context_of[row]};
    }
  }
  for (size_t i = 1; i < order.size(); ++i) {
    const auto before = context_of[order[i - 1]], now = context_of[order[i]];
    if (before == now) {
      EXPECT_EQ(order[i], order[i - 1] + 1);
    } else {
      EXPECT_TRUE(closed.insert(before).second);
      EXPECT_FALSE(closed.contains(now));
    }
  }
}

TEST_F(ReadingOrderTest, RowsLeaveTheirWindowNever) {
  options_.grains_per_step = 1;
  options_.window_blocks = 1;
  std::vector<uint64_t> order;
  for (const auto& step : ReadIds()) order.insert(order.end(), step[0].begin(), step[0].end());
  std::map<uint64_t, size_t> block_of;
  for (size_t b = 0; b < all_.size(); ++b) {
    for (const uint64_t id : all_[b].row_id) block_of[id] = b;
  }
  std::set<size_t> closed;
  bool shuffled = false;
  for (size_t i = 1; i < order.size(); ++i) {
    const size_t before = block_of[order[i - 1]], now = block_of[order[i]];
    shuffled |= before == now && order[i] < order[i - 1];
    if (before != now) {
      EXPECT_TRUE(closed.insert(before).second);
      EXPECT_FALSE(closed.contains(now));
    }
  }
  EXPECT_TRUE(shuffled);
}

TEST_F(ReadingOrderTest, SeedsGiveDifferentOrders) {
  const auto one = ReadIds();
  EXPECT_EQ(one, ReadIds());
  options_.seed = 2;
  EXPECT_NE(one, ReadIds());
}

TEST_F(ReadingOrderTest, LanesWithoutBlocksGiveEmptyGrains) {
  Write(FullSchema(), 2);
  size_t empty = 0;
  for (const auto& step : ReadIds()) {
    for (const auto& grain : step) empty += grain.empty();
  }
  EXPECT_GE(empty, 2 * ReadIds().size());
}

TEST_F(ReadingOrderTest, WithoutContextColumnsRowsAreShuffledOneByOneUnderOneContext) {
  Write(PlainSchema(), 6);
  options_.context_chunk = 16;
  const auto plan = Plan();
  const auto reader = plan->NewReader({0, 4});
  Batch batch;
  ASSERT_TRUE(reader->Read(1, 0, &batch).ok());
  EXPECT_EQ(batch.contexts.rows, 1u);
  EXPECT_EQ(batch.context_of, std::vector<uint32_t>(batch.rows(), 0));
  int neighbours = 0;
  for (uint32_t i = 1; i < batch.rows(); ++i) {
    neighbours += batch.row_id[i] == batch.row_id[i - 1] + 1;
  }
  EXPECT_LT(neighbours, 5);
}

TEST_F(ReadingOrderTest, RejectNamesTheFirstBadRow) {
  options_.unclicked_conversion = REJECT;
  const auto plan = ReadingPlan::Make(*log_, options_);
  ASSERT_EQ(plan.status().code(), Code::kInvalidArgument);
  for (uint32_t row = 0; row < all_[0].rows(); ++row) {
    if (all_[0].click[row] == 1 || all_[0].conversion[row] == 0) continue;
    EXPECT_NE(plan.status().message().find(StrCat("a.log: row id ", row, " ")), std::string::npos)
        << plan.status().message();
    return;
  }
  FAIL() << "the first block holds no bad row";
}

TEST_F(ReadingOrderTest, ALogOfWhichNoRowIsKeptIsAnError) {
  for (Batch& block : all_) std::fill(block.click.begin(), block.click.end(), uint8_t{0});
  WriteLog(*files_, "none.log", FullSchema(), all_);
  log_ = LogReader::Open(*files_, {"none.log"}).value();
  options_.rows = DataConfig::CLICKED;
  EXPECT_EQ(ReadingPlan::Make(*log_, options_).status().code(), Code::kInvalidArgument);
}

}  // namespace
}  // namespace chorus::worker::testing
