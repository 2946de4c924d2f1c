// What is in the frames of a step, against plain loops over what was to be sent.

#include <gtest/gtest.h>

#include <vector>

#include "common/random.h"
#include "common/wire.pb.h"
#include "worker/math/thread_pool.h"
#include "worker/servers/key_segments.h"
#include "worker/servers/ps_client.h"

namespace chorus::worker {
namespace {

constexpr uint32_t kShards = 5;
constexpr uint32_t kDims[] = {3, 40};
constexpr uint32_t kKeys = 30000;  // of a table: far more than is worth waking threads for

// Keeps the frames that are sent and answers none.
class RecordingChannel final : public Channel {
 public:
  explicit RecordingChannel(std::vector<Frame>* frames) : frames_(*frames) {}
  void CallAsync(Frame request, double, ReplyCallback) override {
    frames_.push_back(std::move(request));
  }

 private:
  std::vector<Frame>& frames_;
};

std::vector<TableSpec> Tables() {
  std::vector<TableSpec> tables(2);
  for (size_t t = 0; t < tables.size(); ++t) tables[t].config.set_dim(kDims[t]);
  return tables;
}

std::vector<TableKeys> MakeKeys() {
  std::vector<TableKeys> keys(2);
  for (uint64_t t = 0; t < keys.size(); ++t) {
    keys[t].shard_counts.assign(kShards, kKeys / kShards);
    for (uint64_t i = 0; i < kKeys; ++i) {
      keys[t].keys.push_back(Random(t, RandomPurpose::kTest, i));
    }
  }
  return keys;
}

// Gradients of one node for every key of table 0 and for about a third of table 1's.
struct Gradients {
  std::vector<std::vector<uint32_t>> positions{2};
  std::vector<std::vector<float>> values{2};

  Gradients() {
    for (uint32_t t = 0; t < 2; ++t) {
      for (uint32_t p = 0; p < kKeys; ++p) {
        if (t == 1 && Random(9, RandomPurpose::kTest, p) % 3 != 0) continue;
        positions[t].push_back(p);
        for (uint32_t i = 0; i < kDims[t]; ++i) {
          values[t].push_back(static_cast<float>(Random(t, RandomPurpose::kTest, p, i) % 1000));
        }
      }
    }
  }
  std::unique_ptr<StepGradients> View() const {
    auto view = std::make_unique<StepGradients>();
    view->lr_factors = {1, 1};
    for (size_t t = 0; t < 2; ++t) view->tables.push_back({{{0, 8}, positions[t], values[t]}});
    return view;
  }
};

template <typename T>
std::vector<T> ValuesOf(const ByteArray& array) {
  const auto values = array.As<T>();
  return {values.begin(), values.end()};
}

class PsClientFramesTest : public ::testing::TestWithParam<uint32_t> {};  // threads
INSTANTIATE_TEST_SUITE_P(Threads, PsClientFramesTest, ::testing::Values(0, 1, 3));

TEST_P(PsClientFramesTest, HoldEachServersSegmentOfKeysAndGradients) {
  constexpr uint32_t kServers = 2;
  const auto pool = GetParam() > 0 ? ThreadPool::Create(GetParam()).value() : nullptr;
  PsClientOptions options;
  options.workers = 1;
  options.shards = kShards;
  options.grains_per_step = 8;
  options.deadline_seconds = 20;
  options.storage_seconds = 20;
  options.pool = pool.get();
  std::vector<Frame> frames[kServers];
  std::vector<std::unique_ptr<Channel>> channels;
  for (auto& of_server : frames) channels.push_back(std::make_unique<RecordingChannel>(&of_server));
  const auto client = PsClient::Create(options, Tables(), std::move(channels));
  auto keys = std::make_unique<std::vector<TableKeys>>(MakeKeys());
  auto gradients = std::make_unique<Gradients>();
  ASSERT_TRUE(client->Send(1, *keys, nullptr, nullptr).ok());
  ASSERT_TRUE(client->Send(2, *keys, gradients->View(), nullptr).ok());
  keys = nullptr;  // what was viewed may go: ASan watches
  gradients = nullptr;

  const std::vector<TableKeys> sent = MakeKeys();
  const Gradients all;
  for (uint32_t server = 0; server < kServers; ++server) {
    const ShardRange shards = ShardsOfServer(server, kServers, kShards);
    const uint32_t begin = shards.begin * (kKeys / kShards), end = shards.end * (kKeys / kShards);
    ASSERT_EQ(frames[server].size(), 2u);
    const Frame& frame = frames[server][1];
    ASSERT_EQ(frame.arrays.size(), 8u);  // keys and counts, positions and gradients, of two tables
    for (uint32_t t = 0; t < 2; ++t) {
      const auto first = sent[t].keys.begin();
      EXPECT_EQ(ValuesOf<Key>(frame.arrays[2 * t]), std::vector<Key>(first + begin, first + end));
      EXPECT_EQ(ValuesOf<uint32_t>(frame.arrays[2 * t + 1]),
                std::vector<uint32_t>(shards.end - shards.begin, kKeys / kShards));
      std::vector<uint32_t> positions;
      std::vector<float> values;
      for (size_t i = 0; i < all.positions[t].size(); ++i) {
        if (all.positions[t][i] < begin || all.positions[t][i] >= end) continue;
        if (t == 1) positions.push_back(all.positions[t][i] - begin);  // table 0: of all keys
        for (uint32_t lane = 0; lane < kDims[t]; ++lane) {
          values.push_back(all.values[t][i * kDims[t] + lane]);
        }
      }
      EXPECT_EQ(ValuesOf<uint32_t>(frame.arrays[4 + 2 * t]), positions);
      EXPECT_EQ(ValuesOf<float>(frame.arrays[5 + 2 * t]), values);
    }
  }
}

}  // namespace
}  // namespace chorus::worker
