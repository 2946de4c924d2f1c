// How long do steps wait for tables that grow? One table of 64 shards (dimension 18, Adagrad), all
// on one thread; every step looks up the same number of keys that are new. It compares the slowest
// step with the median, beside the same steps with indices of all shards that grow at once, in the
// same run. README.md gives the columns.
//   growth_perf [rows]             default 10000000, 4 GB

#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/check.h"
#include "common/config.h"
#include "common/key.h"
#include "common/strings.h"
#include "perf/support/build_info.h"
#include "perf/support/timing.h"
#include "ps/table.h"

namespace chorus::ps {
namespace {

constexpr uint32_t kDim = 18;
constexpr uint32_t kShards = 64;
constexpr size_t kStepKeys = 48000;

struct Times {  // seconds
  double median = 0, slowest = 0, sum = 0;
};

// in_turn: shards grow by turns, as in a server; otherwise all shards have one turn.
Times Grow(const TableType& type, uint64_t rows, bool in_turn) {
  MemoryBudget budget(0);
  std::vector<std::unique_ptr<Table>> shards;
  for (uint32_t s = 0; s < kShards; ++s) {
    shards.push_back(std::make_unique<Table>(&type, &budget, in_turn ? s : 0));
  }
  std::vector<std::vector<Key>> keys(kShards);
  std::vector<uint32_t> found(kStepKeys);
  std::vector<float> weights(kStepKeys * kDim);
  std::vector<double> steps;
  for (uint64_t id = 0; id < rows; id += kStepKeys) {
    for (std::vector<Key>& of_shard : keys) of_shard.clear();
    for (uint64_t i = id; i < id + kStepKeys; ++i) {
      const Key key = MakeKey(0x1234, i);
      keys[ShardOf(key, kShards)].push_back(key);
    }
    const double begin = perf::Seconds();
    for (uint32_t s = 0; s < kShards; ++s) {
      CHECK(shards[s]->LookUp(keys[s], found.data(), weights.data()).ok());
    }
    // Only later steps count: a step is a large part of a small table.
    if (id >= rows / 8) steps.push_back(perf::Seconds() - begin);
  }
  uint64_t made = 0;
  for (const auto& shard : shards) made += shard->size();
  CHECK(made >= rows && made < rows + kStepKeys, "made=", made);
  Times times;
  for (const double step : steps) times.sum += step;
  std::sort(steps.begin(), steps.end());
  times.median = steps[steps.size() / 2];
  times.slowest = steps.back();
  return times;
}

int Main(const std::vector<std::string>& arguments) {
  const std::optional<int64_t> rows =
      arguments.empty() ? std::optional<int64_t>(10000000) : ParseInt64(arguments[0]);
  constexpr int64_t kLeast = 50 * kStepKeys;
  if (arguments.size() > 1 || !rows.has_value() || *rows < kLeast) {
    std::fprintf(stderr, "usage: growth_perf [rows]   (at least %ld)\n", static_cast<long>(kLeast));
    return 1;
  }
  TrainConfig config;
  TableConfig* const table = config.add_table();
  table->set_dim(kDim);
  table->mutable_optimizer()->mutable_adagrad()->set_lr(0.02);
  const Status finished = FinishTrainConfig("growth_perf", &config);
  CHECK(finished.ok(), finished.message());
  const TableType type(1, TablesOf(config, {""})[0]);
  std::printf("%10s %10s %10s %10s %8s %8s\n", "rows", "growth", "median ms", "slowest ms", "ratio",
              "sum s");
  for (const bool in_turn : {false, true, false, true}) {
    const Times times = Grow(type, static_cast<uint64_t>(*rows), in_turn);
    std::printf("%10ld %10s %10.2f %10.2f %8.2f %8.2f\n", static_cast<long>(*rows),
                in_turn ? "by turns" : "at once", times.median * 1e3, times.slowest * 1e3,
                times.slowest / times.median, times.sum);
    std::printf(
        "{\"bench\":\"growth_perf\",\"rows\":%ld,\"by_turns\":%s,\"median_s\":%.6f,"
        "\"slowest_s\":%.6f,%s}\n",
        static_cast<long>(*rows), in_turn ? "true" : "false", times.median, times.slowest,
        perf::BuildInfoJson().c_str());
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace
}  // namespace chorus::ps

int main(int argc, char** argv) { return chorus::ps::Main({argv + 1, argv + argc}); }
