// A TCP transport of several threads.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <future>
#include <mutex>
#include <set>
#include <thread>

#include "common/transport.h"
#include "tests/common/frame_testing.h"

namespace chorus {
namespace {

using testing::MakeFrame;

class TcpThreadsTest : public ::testing::TestWithParam<Protection> {};

INSTANTIATE_TEST_SUITE_P(Protections, TcpThreadsTest,
                         ::testing::Values(Protection::kAuthenticated, Protection::kEncrypted));

std::unique_ptr<Transport> NewTransport(uint32_t threads, Protection protection) {
  TransportOptions options;
  options.token = "secret";
  options.protection = protection;
  options.listen_address = "127.0.0.1";
  options.max_part_bytes = 1000;
  options.max_frame_bytes = 1 << 30;
  options.threads = threads;
  return NewTcpTransport(options);
}

// Waits until the expected number of callers is here.
class Meeting {
 public:
  explicit Meeting(int expected) : missing_(expected) {}
  bool Join() {
    std::unique_lock lock(mutex_);
    if (--missing_ == 0) changed_.notify_all();
    return changed_.wait_for(lock, std::chrono::seconds(20), [&] { return missing_ <= 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int missing_;
};

TEST_P(TcpThreadsTest, HandlersOfSeveralConnectionsRunAtTheSameTime) {
  const auto server = NewTransport(3, GetParam()), client = NewTransport(1, GetParam());
  Meeting meeting(3);
  const auto listener = server->Listen([&](Frame request, const Responder& respond) {
    EXPECT_TRUE(meeting.Join());
    respond(std::move(request));
  });
  ASSERT_TRUE(listener.ok());
  std::vector<std::unique_ptr<Channel>> channels;
  std::vector<std::future<Result<Frame>>> replies;
  for (int i = 0; i < 3; ++i) {
    channels.push_back(client->Connect((*listener)->endpoint(), "server 0").value());
    replies.push_back(std::async(std::launch::async, [&channel = *channels.back()] {
      return channel.Call(MakeFrame({5000}, 1), 30);
    }));
  }
  for (auto& reply : replies) EXPECT_TRUE(reply.get().ok());
}

TEST_P(TcpThreadsTest, CallbacksOfSeveralChannelsRunAtTheSameTimeAndThoseOfOneInTurn) {
  const auto server = NewTransport(1, GetParam()), client = NewTransport(2, GetParam());
  const auto listener =
      server->Listen([](Frame request, const Responder& respond) { respond(std::move(request)); });
  ASSERT_TRUE(listener.ok());
  Meeting meeting(2);
  std::vector<std::unique_ptr<Channel>> channels;
  std::vector<std::future<bool>> met;
  for (int i = 0; i < 2; ++i) {
    channels.push_back(client->Connect((*listener)->endpoint(), "server 0").value());
    auto promise = std::make_shared<std::promise<bool>>();
    met.push_back(promise->get_future());
    channels.back()->CallAsync(MakeFrame({9}, 1), 30, [&meeting, promise](Result<Frame> reply) {
      promise->set_value(reply.ok() && meeting.Join());
    });
  }
  for (auto& both : met) EXPECT_TRUE(both.get());

  std::mutex mutex;
  std::set<std::thread::id> threads;
  std::vector<std::future<void>> ended;
  for (int i = 0; i < 20; ++i) {
    auto promise = std::make_shared<std::promise<void>>();
    ended.push_back(promise->get_future());
    channels[0]->CallAsync(MakeFrame({9}, 1), 30, [&, promise](const Result<Frame>&) {
      {
        const std::lock_guard lock(mutex);
        threads.insert(std::this_thread::get_id());
      }
      promise->set_value();
    });
  }
  for (auto& call : ended) call.get();
  EXPECT_EQ(threads.size(), 1u);
}

TEST_P(TcpThreadsTest, NoHandlerRunsOnceTheListenerIsGone) {
  const auto server = NewTransport(3, GetParam()), client = NewTransport(3, GetParam());
  for (int round = 0; round < 10; ++round) {
    std::atomic<bool> gone = false, late = false;
    std::atomic<int> served = 0;
    auto listener = server->Listen([&](Frame request, const Responder& respond) {
      if (gone) late = true;
      ++served;
      respond(std::move(request));
    });
    ASSERT_TRUE(listener.ok());
    std::vector<std::unique_ptr<Channel>> channels;
    for (int i = 0; i < 4; ++i) {
      channels.push_back(client->Connect((*listener)->endpoint(), "server 0").value());
      for (uint64_t call = 0; call < 50; ++call) {
        channels.back()->CallAsync(MakeFrame({3000}, call), 30, [](const Result<Frame>&) {});
      }
    }
    while (served < 20) std::this_thread::yield();
    listener->reset();
    gone = true;
    channels.clear();
    EXPECT_FALSE(late) << round;
  }
}

}  // namespace
}  // namespace chorus
