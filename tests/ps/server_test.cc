// What a server does with frames it must refuse, and at its memory limit.

#include "ps/server.h"

#include <gtest/gtest.h>

#include <cstring>
#include <future>
#include <limits>
#include <utility>

#include "common/job.h"
#include "common/wire.pb.h"
#include "tests/common/frame_testing.h"
#include "tests/ps/cluster.h"

namespace chorus::ps::testing {
namespace {

using chorus::testing::BytesOf;

class ServerTest : public ::testing::Test {
 protected:
  void Start(uint64_t memory_mb = 0, uint64_t max_reply_bytes = 1 << 30) {
    ServerOptions options;
    options.servers = 1;
    options.workers = 1;
    options.shards = 1;
    options.threads = 1;
    options.deadline_seconds = 20;
    options.grains_per_step = kGrains;
    options.seed = kSeed;
    options.memory_mb = memory_mb;
    options.max_reply_bytes = max_reply_bytes;
    server_ = Server::Create(options, TestTables(), *files_).value();
  }

  wire::StepMeta Meta(uint64_t step) const {
    wire::StepMeta meta;
    wire::JobMeta& job = *meta.mutable_job();
    job.set_servers(1);
    job.set_workers(1);
    job.set_shards(1);
    job.set_grains_per_step(kGrains);
    job.set_seed(kSeed);
    job.set_tables(TablesFingerprint(TestTables()));
    meta.set_step(step);
    return meta;
  }
  // Keys 1 .. n of table a, none of b.
  static std::vector<ByteArray> Keys(std::vector<Key> keys) {
    const uint32_t n = static_cast<uint32_t>(keys.size());
    return {BytesOf(keys), BytesOf(std::vector<uint32_t>{n}), ByteArray(),
            BytesOf(std::vector<uint32_t>{0})};
  }
  static void AddNode(wire::StepMeta* meta, std::vector<ByteArray>* arrays,
                      std::vector<uint32_t> positions, std::vector<float> gradients,
                      uint32_t size = kGrains) {
    meta->set_has_gradients(true);
    meta->clear_lr_factor();
    meta->add_lr_factor(1);
    meta->add_lr_factor(1);
    wire::NodeMeta* const node = meta->add_node();
    node->set_size(size);
    arrays->push_back(BytesOf(positions));
    arrays->push_back(BytesOf(gradients));
  }
  Frame Ask(const wire::StepMeta& meta, std::vector<ByteArray> arrays) {
    return Ask(Frame{FrameType::kStep, meta.SerializeAsString(), std::move(arrays)});
  }
  Frame Read(const std::vector<Key>& keys) {
    wire::ReadMeta meta;
    *meta.mutable_job() = Meta(1).job();
    return Ask(Frame{FrameType::kRead, meta.SerializeAsString(), Keys(keys)});
  }
  Frame Ask(Frame frame) {
    auto reply = std::make_shared<std::promise<Frame>>();
    server_->Handle(std::move(frame),
                    [reply](Frame answer) { reply->set_value(std::move(answer)); });
    return reply->get_future().get();
  }
  void ExpectRefused(const Frame& reply, const std::string& why) {
    const Status status = StatusOfFrame(reply);
    EXPECT_FALSE(status.ok());
    EXPECT_NE(status.message().find(why), std::string::npos) << status.ToString();
  }

  std::unique_ptr<FileSystem> files_ = NewMemoryFiles();
  std::unique_ptr<Server> server_;
};

TEST_F(ServerTest, MalformedFramesAreRefusedAndTheStepStillRuns) {
  Start();
  EXPECT_EQ(Ask(Meta(1), Keys({1, 2, 3})).type, FrameType::kStepReply);
  const auto with = [&](std::vector<uint32_t> positions, std::vector<float> gradients,
                        uint32_t size = kGrains) {
    wire::StepMeta meta = Meta(2);
    auto arrays = Keys({4});
    AddNode(&meta, &arrays, std::move(positions), std::move(gradients), size);
    return Ask(meta, std::move(arrays));
  };
  const std::vector<float> row(5, 1.0f);
  ExpectRefused(with({3}, row), "position 3 of 3 keys");
  ExpectRefused(with({1, 1}, std::vector<float>(10)), "position 1");
  ExpectRefused(with({0, 1}, row), "5 gradient values at 2 positions");
  ExpectRefused(with({0}, std::vector<float>(4)), "4 gradient values");
  ExpectRefused(with({0}, row, 2), "no subtree of 2 grains");
  std::vector<float> bad = row;
  bad[3] = std::numeric_limits<float>::quiet_NaN();
  ExpectRefused(with({0}, bad), "not finite");
  ExpectRefused(Ask(Meta(2), Keys({4})), "lacks gradients");
  ExpectRefused(Ask({FrameType::kStep, "\xff\xff", {}}), "malformed");
  ExpectRefused(Ask({FrameType::kStepReply, "", {}}), "does not answer");
  EXPECT_EQ(with({0, 1, 2}, std::vector<float>(15, 0.5f)).type, FrameType::kStepReply);
}

TEST_F(ServerTest, KeysMustBeUniqueCountedAndOfTheServer) {
  Start();
  ExpectRefused(Ask(Meta(1), Keys({5, 6, 5})), "key 5 comes twice");
  auto arrays = Keys({1, 2});
  arrays[1] = BytesOf(std::vector<uint32_t>{3});
  ExpectRefused(Ask(Meta(1), std::move(arrays)), "do not add up");
  arrays = Keys({1, 2});
  arrays.pop_back();
  ExpectRefused(Ask(Meta(1), std::move(arrays)), "3 arrays");
  arrays = Keys({1});
  arrays[0] = BytesOf(std::vector<char>(6));
  ExpectRefused(Ask(Meta(1), std::move(arrays)), "bytes");
}

TEST_F(ServerTest, FramesOfAnotherJobOrStepAreRefusedByName) {
  Start();
  wire::StepMeta meta = Meta(1);
  meta.mutable_job()->set_seed(99);
  ExpectRefused(Ask(meta, Keys({1})), "seed is 7 here and 99 there");
  ExpectRefused(Ask(Meta(5), Keys({1})), "expected a step from 1 to 1");
}

TEST_F(ServerTest, RepetitionGetsTheSameBytes) {
  Start();
  const Frame first = Ask(Meta(1), Keys({1, 2}));
  const Frame again = Ask(Meta(1), Keys({1, 2}));
  EXPECT_EQ(first.meta, again.meta);
  ASSERT_EQ(first.arrays[0].size(), again.arrays[0].size());
  EXPECT_EQ(0, memcmp(first.arrays[0].data(), again.arrays[0].data(), first.arrays[0].size()));
}

// The first delivery waits or is answered; the second must not count, whenever it comes.
TEST_F(ServerTest, GradientsOfARepeatedFrameAreAppliedOnce) {
  const auto weight_after = [&](int deliveries) {
    Start();
    EXPECT_EQ(Ask(Meta(1), Keys({1})).type, FrameType::kStepReply);
    for (int i = 0; i < deliveries; ++i) {
      wire::StepMeta meta = Meta(2);
      auto arrays = Keys({1});
      AddNode(&meta, &arrays, {}, std::vector<float>(5, 0.5f));
      EXPECT_EQ(Ask(meta, std::move(arrays)).type, FrameType::kStepReply);
    }
    return std::as_const(Read({1}).arrays[0]).As<float>()[0];
  };
  const float once = weight_after(1);
  EXPECT_NE(once, weight_after(0));
  EXPECT_EQ(once, weight_after(3));
}

TEST_F(ServerTest, AContinuationComesOnceAndOnlyBehindAppliedGradients) {
  Start();
  const auto continue_after = [&](uint64_t step, uint32_t number) {
    wire::ControlMeta meta;
    meta.mutable_continuation()->set_step(step);
    meta.mutable_continuation()->set_number(number);
    return Ask(Frame{FrameType::kControl, meta.SerializeAsString(), {}});
  };
  const auto frame = [&](uint64_t step, uint32_t continuation, bool gradients) {
    wire::StepMeta meta = Meta(step);
    meta.set_continuation(continuation);
    auto arrays = Keys({1});
    if (gradients) AddNode(&meta, &arrays, {}, std::vector<float>(5, 0.5f));
    return Ask(meta, std::move(arrays));
  };
  EXPECT_EQ(frame(1, 0, false).type, FrameType::kStepReply);
  ExpectRefused(continue_after(1, 1), "continuation 1 after step 1 at frame 1");
  EXPECT_EQ(frame(2, 0, true).type, FrameType::kStepReply);
  ExpectRefused(continue_after(2, 1), "continuation 1 after step 2 at frame 2");
  EXPECT_EQ(continue_after(1, 1).type, FrameType::kControlReply);
  EXPECT_EQ(continue_after(1, 1).type, FrameType::kControlReply) << "a repetition";
  ExpectRefused(frame(2, 0, true), "of continuation 0");
  ExpectRefused(frame(2, 1, true), "before the run's first");
  EXPECT_EQ(frame(2, 1, false).type, FrameType::kStepReply);
  EXPECT_EQ(continue_after(1, 1).type, FrameType::kControlReply) << "a late repetition";
  EXPECT_EQ(frame(3, 1, true).type, FrameType::kStepReply);
  EXPECT_EQ(continue_after(2, 2).type, FrameType::kControlReply);
  ExpectRefused(continue_after(1, 1), "after 2 continuations");
}

TEST_F(ServerTest, AnUpdateThatLeavesNoNumberEndsTheJobAndNamesStepTableAndKey) {
  Start();
  EXPECT_EQ(Ask(Meta(1), Keys({1, 77})).type, FrameType::kStepReply);
  wire::StepMeta meta = Meta(2);
  auto arrays = Keys({1});
  std::vector<float> gradients(10, 0.5f);
  gradients[9] = 1e25f;  // of key 77; its square is not finite
  AddNode(&meta, &arrays, {}, gradients);
  ExpectRefused(Ask(meta, std::move(arrays)), "step 1 made");
  ExpectRefused(Ask(Meta(2), Keys({1})), "not finite in table a, key 77 ");
}

TEST_F(ServerTest, ReadsCreateNoRow) {
  Start(1);  // in MB: less than the rows of these keys
  std::vector<Key> keys;
  for (Key key = 0; key < 20000; ++key) keys.push_back(key);
  EXPECT_EQ(Read(keys).type, FrameType::kReadReply);
  EXPECT_EQ(Ask(Meta(1), Keys({1})).type, FrameType::kStepReply) << "memory is left";
}

TEST_F(ServerTest, MemoryLimitRefusesNewRowsAndNamesServerTableAndLimit) {
  Start(1);
  std::vector<Key> keys;
  for (Key key = 0; key < 20000; ++key) keys.push_back(key);
  const Status status = StatusOfFrame(Ask(Meta(1), Keys(keys)));
  EXPECT_EQ(status.code(), Code::kResourceExhausted);
  for (const char* part : {"server 0", "table a", "limit 1 MB"}) {
    EXPECT_NE(status.message().find(part), std::string::npos) << status.ToString();
  }
}

TEST_F(ServerTest, ARequestForMoreRowsThanAFrameHoldsIsRefusedBeforeTheyAreAllocated) {
  std::vector<Key> keys;
  for (Key key = 0; key < 20; ++key) keys.push_back(key);
  const uint64_t row_bytes = 4 * uint64_t{TestTables()[0].config.dim()};
  Start(0, 20 * row_bytes - 1);
  ExpectRefused(Ask(Meta(1), Keys(keys)), "cluster.max_frame_mb");
  ExpectRefused(Read(keys), "cluster.max_frame_mb");
  Start(0, 20 * row_bytes);
  EXPECT_TRUE(StatusOfFrame(Ask(Meta(1), Keys(keys))).ok());
  // A read has a byte more for each key.
  Start(0, 20 * (row_bytes + 1) - 1);
  ExpectRefused(Read(keys), "cluster.max_frame_mb");
  Start(0, 20 * (row_bytes + 1));
  EXPECT_TRUE(StatusOfFrame(Read(keys)).ok());
}

}  // namespace
}  // namespace chorus::ps::testing
