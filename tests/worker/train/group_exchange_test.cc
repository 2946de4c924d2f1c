#include "worker/train/group_exchange.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "common/random.h"
#include "common/tree.h"

namespace chorus::worker {
namespace {

const std::vector<uint32_t> kFirst = {2, 5};
constexpr uint32_t kGrains = 12;
constexpr uint32_t kSteps = 7;
constexpr uint64_t kStepRows = 30000;  // as far as the exchange knows: two steps at a time

struct Grain {
  Batch batch;
  std::vector<Prediction> predictions;
};

// Grain g of step t. Row ids and scores come again with other labels, so that log order shows; one
// exposure of five has no group.
Grain MakeGrain(uint32_t step, uint32_t g) {
  Grain grain;
  const auto draw = [&](uint32_t i, int what) {
    return Random(5, RandomPurpose::kTest, step, g, i, what);
  };
  const auto rows = static_cast<uint32_t>(draw(0, 0) % 40);  // 0, too
  grain.batch.exposures.rows = rows;
  for (uint32_t i = 0; i < rows; ++i) {
    const bool grouped = draw(i, 1) % 5 != 0;
    grain.batch.group.push_back(grouped ? draw(i, 2) % 50 : kNoGroup);
    grain.batch.row_id.push_back(draw(i, 3) % 20);
    grain.batch.click.push_back(draw(i, 4) % 2);
    grain.batch.conversion.push_back(draw(i, 5) % 2);
    grain.batch.weight.push_back(static_cast<float>(ToUniform(draw(i, 6))));
    grain.predictions.push_back(PredictionOfLogits(static_cast<double>(draw(i, 7) % 3), -1));
  }
  return grain;
}

Result<std::optional<GroupSums>> RunWorker(Collective* collective) {
  GroupExchange exchange(collective, kStepRows);
  const GrainRange range = GrainsOfWorker(collective->rank(), collective->size(), kGrains);
  for (uint32_t step = 0; step < kSteps; ++step) {
    for (uint32_t g = range.begin; g < range.end; ++g) {
      const Grain grain = MakeGrain(step, g);
      exchange.Add(grain.batch, grain.predictions);
    }
    RETURN_IF_ERROR(exchange.FinishStep());
  }
  return exchange.Finish(kFirst, 2);
}

// All rows in log order, at once.
std::string ExpectedSums() {
  std::vector<GroupedRow> rows;
  for (uint32_t step = 0; step < kSteps; ++step) {
    for (uint32_t g = 0; g < kGrains; ++g) {
      const Grain grain = MakeGrain(step, g);
      for (uint32_t i = 0; i < grain.batch.rows(); ++i) {
        if (grain.batch.group[i] == kNoGroup) continue;
        GroupedRow row;
        row.group = grain.batch.group[i];
        row.row_id = grain.batch.row_id[i];
        for (const Task task : {Task::kCtr, Task::kCvr, Task::kCtcvr}) {
          row.logit[static_cast<size_t>(task)] = LogitOf(grain.predictions[i], task);
        }
        row.weight = grain.batch.weight[i];
        row.click = grain.batch.click[i];
        row.conversion = grain.batch.click[i] != 0 && grain.batch.conversion[i] != 0;
        rows.push_back(row);
      }
    }
  }
  EXPECT_GT(rows.size(), 500u);
  GroupSums sums(kFirst);
  sums.Add(rows);
  return sums.Serialize();
}

TEST(GroupExchangeTest, AnyNumberOfWorkersGivesTheBitsOfAllRowsAtOnce) {
  const std::string expected = ExpectedSums();
  for (uint32_t workers = 1; workers <= 5; ++workers) {
    auto collectives = NewLocalCollectives(workers, 60);
    std::vector<std::jthread> threads;
    for (auto& collective : collectives) {
      threads.emplace_back([&] {
        const auto sums = RunWorker(collective.get());
        ASSERT_TRUE(sums.ok()) << sums.status().ToString();
        ASSERT_EQ(sums->has_value(), collective->rank() == 0);
        if (sums->has_value()) {
          EXPECT_EQ((*sums)->Serialize(), expected) << workers;
        }
      });
    }
  }
}

TEST(GroupExchangeTest, AWorkerThatIsMissingIsNamed) {
  auto collectives = NewLocalCollectives(3, 0.2);
  const auto wait = [](Collective* collective) {
    const Status status = RunWorker(collective).status();
    EXPECT_EQ(status.code(), Code::kDeadlineExceeded);
    // The deadlines are each worker's own: of two that begin far apart the later one may be missed,
    // too.
    const std::string missing = status.message().substr(status.message().find(" for worker") + 1);
    EXPECT_TRUE(missing == "for worker 1" || missing == "for workers 0, 1" ||
                missing == "for workers 1, 2")
        << status.ToString();
  };
  std::jthread zero([&] { wait(collectives[0].get()); });
  std::jthread two([&] { wait(collectives[2].get()); });
}

}  // namespace
}  // namespace chorus::worker
