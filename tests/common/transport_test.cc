// What holds for every transport.

#include "common/transport.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <new>
#include <thread>

#include "tests/common/frame_testing.h"
#include "tests/support/faulty_transport.h"

namespace chorus {
namespace {

using testing::MakeFrame;
using testing::SameFrame;

enum class Kind { kTcp, kTcpOfThreads, kTls, kInproc };

class TransportTest : public ::testing::TestWithParam<Kind> {
 protected:
  std::unique_ptr<Transport> New() const {
    TransportOptions options;
    options.token = "secret";
    options.listen_address = "127.0.0.1";
    options.max_part_bytes = 100;  // so that most frames have several parts
    options.max_frame_bytes = 1 << 20;
    if (GetParam() == Kind::kTcpOfThreads) options.threads = 3;
    if (GetParam() == Kind::kTls) options.protection = Protection::kEncrypted;
    return GetParam() == Kind::kInproc ? NewInprocTransport(options) : NewTcpTransport(options);
  }
};

std::string NameOf(Kind kind) {
  const char* const names[] = {"Tcp", "TcpOfThreads", "Tls", "Inproc"};
  return names[static_cast<int>(kind)];
}

INSTANTIATE_TEST_SUITE_P(All, TransportTest,
                         ::testing::Values(Kind::kTcp, Kind::kTcpOfThreads, Kind::kTls,
                                           Kind::kInproc),
                         [](const auto& test) { return NameOf(test.param); });

void Echo(Frame request, const Responder& respond) { respond(std::move(request)); }

TEST_P(TransportTest, FramesOfOddShapesAreEchoed) {
  const auto server = New(), client = New();
  const auto listener = server->Listen(Echo);
  ASSERT_TRUE(listener.ok());
  const auto channel = client->Connect((*listener)->endpoint(), "server 0").value();
  const std::vector<std::vector<size_t>> shapes = {{},        {0},      {0, 0},    {1},
                                                   {3, 0, 5}, {64, 65}, {50000, 1}};
  for (size_t s = 0; s < shapes.size(); ++s) {
    const Frame request = MakeFrame(shapes[s], s, s % 2 == 0 ? "" : "meta");
    const Result<Frame> reply = channel->Call(request, 10);
    ASSERT_TRUE(reply.ok()) << reply.status().ToString();
    EXPECT_TRUE(SameFrame(*reply, request)) << "shape " << s;
  }
}

TEST_P(TransportTest, AHandlerWithoutMemoryIsAnAnswerAndTheNextRequestIsServed) {
  const auto server = New(), client = New();
  std::atomic<int> requests{0};
  const auto listener = server->Listen([&](Frame request, const Responder& respond) {
    if (requests++ == 0) throw std::bad_alloc();
    respond(std::move(request));
  });
  ASSERT_TRUE(listener.ok());
  const auto channel = client->Connect((*listener)->endpoint(), "server 0").value();
  const Status refused = channel->Call(MakeFrame({8}, 1), 10).status();
  EXPECT_EQ(refused.code(), Code::kResourceExhausted) << refused.ToString();
  EXPECT_NE(refused.message().find("server 0"), std::string::npos) << refused.message();
  EXPECT_NE(refused.message().find("out of memory"), std::string::npos) << refused.message();
  EXPECT_TRUE(channel->Call(MakeFrame({8}, 2), 10).ok());
}

TEST_P(TransportTest, ManyChannelsAndThreadsGetTheirOwnReplies) {
  const auto server = New(), client = New();
  const auto listener = server->Listen(Echo);
  ASSERT_TRUE(listener.ok());
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (uint64_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      const auto channel = client->Connect((*listener)->endpoint(), "server 0").value();
      for (uint64_t i = 0; i < 50; ++i) {
        const Frame request = MakeFrame({i * 7, 8}, t * 1000 + i);
        const Result<Frame> reply = channel->Call(request, 20);
        if (!reply.ok() || !SameFrame(*reply, request)) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST_P(TransportTest, RepliesInAnotherOrderFindTheirCalls) {
  const auto server = New(), client = New();
  std::mutex mutex;
  std::vector<std::pair<Frame, Responder>> held;
  const auto listener = server->Listen([&](Frame request, Responder respond) {
    const std::lock_guard lock(mutex);
    held.emplace_back(std::move(request), std::move(respond));
    if (held.size() < 5) return;
    for (size_t i = held.size(); i-- > 0;) held[i].second(held[i].first);
    held.clear();
  });
  ASSERT_TRUE(listener.ok());
  const auto channel = client->Connect((*listener)->endpoint(), "server 0").value();
  std::vector<std::future<bool>> replies;
  for (uint64_t i = 0; i < 5; ++i) {
    auto promise = std::make_shared<std::promise<bool>>();
    replies.push_back(promise->get_future());
    const Frame request = MakeFrame({300 + i}, i);
    channel->CallAsync(request, 10, [promise, request](Result<Frame> reply) {
      promise->set_value(reply.ok() && SameFrame(*reply, request));
    });
  }
  for (auto& reply : replies) EXPECT_TRUE(reply.get());
}

TEST_P(TransportTest, AnErrorFrameEndsTheCallWithItsCode) {
  const auto server = New(), client = New();
  const auto listener = server->Listen(
      [](Frame, const Responder& respond) { respond(MakeErrorFrame(NotFound("no such table"))); });
  ASSERT_TRUE(listener.ok());
  const auto channel = client->Connect((*listener)->endpoint(), "server 3").value();
  const Result<Frame> reply = channel->Call(MakeFrame({}, 1), 10);
  EXPECT_EQ(reply.status().code(), Code::kNotFound);
  EXPECT_NE(reply.status().message().find("server 3"), std::string::npos);
  EXPECT_NE(reply.status().message().find("no such table"), std::string::npos);
}

TEST_P(TransportTest, AnUnansweredCallEndsAtItsDeadlineAndNamesThePeer) {
  const auto server = New(), client = New();
  const auto listener = server->Listen([](Frame, Responder) {});
  ASSERT_TRUE(listener.ok());
  const auto channel = client->Connect((*listener)->endpoint(), "server 3").value();
  const Status status = channel->Call(MakeFrame({}, 1), 0.1).status();
  EXPECT_EQ(status.code(), Code::kDeadlineExceeded);
  EXPECT_NE(status.message().find("server 3 (" + (*listener)->endpoint() + ")"), std::string::npos)
      << status.message();
}

TEST_P(TransportTest, DestroyingAChannelAbortsItsCalls) {
  const auto server = New(), client = New();
  const auto listener = server->Listen([](Frame, Responder) {});
  ASSERT_TRUE(listener.ok());
  auto channel = client->Connect((*listener)->endpoint(), "server 0").value();
  std::promise<Code> code;
  channel->CallAsync(MakeFrame({}, 1), 60,
                     [&](Result<Frame> reply) { code.set_value(reply.status().code()); });
  channel.reset();
  EXPECT_EQ(code.get_future().get(), Code::kAborted);
}

TEST_P(TransportTest, AResponderMayBeCalledAfterEverythingIsGone) {
  Responder late;
  std::promise<void> arrived;
  {
    const auto server = New(), client = New();
    const auto listener = server->Listen([&](Frame, Responder respond) {
      late = std::move(respond);
      arrived.set_value();
    });
    ASSERT_TRUE(listener.ok());
    const auto channel = client->Connect((*listener)->endpoint(), "server 0").value();
    channel->CallAsync(MakeFrame({}, 1), 60, [](Result<Frame>) {});
    arrived.get_future().wait();
  }
  late(MakeFrame({100}, 1));
}

TEST_P(TransportTest, ManyCallsInFlightEndOnce) {
  const auto server = New(), client = New();
  const auto listener = server->Listen(Echo);
  ASSERT_TRUE(listener.ok());
  std::atomic<int> ended{0};
  {
    const auto channel = client->Connect((*listener)->endpoint(), "server 0").value();
    for (uint64_t i = 0; i < 500; ++i) {
      channel->CallAsync(MakeFrame({i}, i), 60, [&](const Result<Frame>&) { ++ended; });
    }
    ASSERT_TRUE(channel->Call(MakeFrame({}, 1), 60).ok());
  }
  EXPECT_EQ(ended, 500);
}

TEST_P(TransportTest, AFaultyTransportStillAnswersEveryCall) {
  testing::FaultPlan plan;
  plan.duplicate = plan.lose_request = plan.lose_reply = plan.delay = 0.2;
  const auto client = testing::NewFaultyTransport(New(), plan);
  const auto server = New();
  std::atomic<uint64_t> served{0};
  const auto listener = server->Listen([&](Frame request, const Responder& respond) {
    ++served;
    respond(std::move(request));
  });
  ASSERT_TRUE(listener.ok());
  const auto channel = client->Connect((*listener)->endpoint(), "server 0").value();
  for (uint64_t i = 0; i < 100; ++i) {
    const Frame request = MakeFrame({i}, i);
    const Result<Frame> reply = channel->Call(request, 20);
    ASSERT_TRUE(reply.ok() && SameFrame(*reply, request)) << i;
  }
  EXPECT_GT(plan.counts->duplicated, 0u);
  EXPECT_GT(plan.counts->lost_requests, 0u);
  EXPECT_GT(plan.counts->lost_replies, 0u);
  EXPECT_EQ(plan.counts->requests, 100u);
  EXPECT_GT(served, 100u);  // duplicates have reached the server
}

}  // namespace
}  // namespace chorus
