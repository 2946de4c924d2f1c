// Connections that break, and what the channel makes of it.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <thread>
#include <tuple>

#include "common/transport.h"
#include "tests/common/frame_testing.h"
#include "tests/support/tcp_proxy.h"

namespace chorus {
namespace {

using testing::MakeFrame;
using testing::SameFrame;
using testing::TcpProxy;

// A listener that echoes and counts, and a proxy in front of it.
class TcpFaultTest : public ::testing::TestWithParam<std::tuple<uint32_t, Protection>> {
 protected:
  TcpFaultTest() {
    options_.token = "secret";
    options_.listen_address = "127.0.0.1";
    std::tie(options_.threads, options_.protection) = GetParam();
    options_.max_part_bytes = 1000;
    options_.max_frame_bytes = 1 << 30;
    transport_ = NewTcpTransport(options_);
    auto listener = transport_->Listen([this](Frame request, const Responder& respond) {
      ++served_;
      respond(std::move(request));
    });
    CHECK(listener.ok());
    listener_ = std::move(*listener);
    proxy_ = std::make_unique<TcpProxy>(listener_->endpoint());
  }

  // Calls through the proxy and expects the right reply, whatever happens on the way.
  void ExpectEcho(Channel& channel, size_t bytes) {
    const Frame request = MakeFrame({bytes}, bytes);
    const Result<Frame> reply = channel.Call(request, 20);
    ASSERT_TRUE(reply.ok()) << reply.status().ToString();
    EXPECT_TRUE(SameFrame(*reply, request));
  }

  TransportOptions options_;
  std::atomic<uint64_t> served_{0};
  std::unique_ptr<Transport> transport_;
  std::unique_ptr<Listener> listener_;
  std::unique_ptr<TcpProxy> proxy_;
};

INSTANTIATE_TEST_SUITE_P(Threads, TcpFaultTest,
                         ::testing::Combine(::testing::Values(1, 3),
                                            ::testing::Values(Protection::kAuthenticated,
                                                              Protection::kEncrypted)));

TEST_P(TcpFaultTest, AChannelReconnectsAfterACut) {
  const auto channel = transport_->Connect(proxy_->endpoint(), "server 0").value();
  ExpectEcho(*channel, 5000);
  proxy_->CutAll();
  ExpectEcho(*channel, 5000);
  EXPECT_EQ(proxy_->connections(), 2u);
}

TEST_P(TcpFaultTest, ARequestCutInItsMiddleIsSentAgainAndServedOnce) {
  proxy_->SetDamage({TcpProxy::Kind::kCut, true, 20000});
  const auto channel = transport_->Connect(proxy_->endpoint(), "server 0").value();
  ExpectEcho(*channel, 50000);
  EXPECT_EQ(proxy_->damaged(), 1u);
  EXPECT_EQ(served_, 1u);  // the half frame was never delivered
}

TEST_P(TcpFaultTest, AReplyCutInItsMiddleMakesADuplicateRequest) {
  proxy_->SetDamage({TcpProxy::Kind::kCut, false, 20000});
  const auto channel = transport_->Connect(proxy_->endpoint(), "server 0").value();
  ExpectEcho(*channel, 50000);
  EXPECT_EQ(served_, 2u);
}

TEST_P(TcpFaultTest, AFlippedByteAnywhereNeverReachesTheReceiver) {
  // Requests start after hello (48) and proof (32), replies after hello (40) and verdict (40). With
  // TLS its handshake comes after the hellos and takes less than 500 bytes.
  const bool tls = options_.protection == Protection::kEncrypted;
  const std::vector<uint64_t> places = tls ? std::vector<uint64_t>{500, 700, 1024, 1500, 2000, 4000}
                                           : std::vector<uint64_t>{80, 90, 143, 144, 170, 2000};
  for (const bool to_listener : {true, false}) {
    for (const uint64_t at : places) {
      proxy_->SetDamage({TcpProxy::Kind::kFlip, to_listener, at});
      const auto channel = transport_->Connect(proxy_->endpoint(), "server 0").value();
      ExpectEcho(*channel, 5000);
    }
  }
  EXPECT_EQ(proxy_->damaged(), 12u);
}

TEST_P(TcpFaultTest, AllUnansweredCallsSurviveRepeatedCuts) {
  const auto channel = transport_->Connect(proxy_->endpoint(), "server 0").value();
  std::vector<std::future<bool>> replies;
  for (uint64_t i = 0; i < 60; ++i) {
    auto promise = std::make_shared<std::promise<bool>>();
    replies.push_back(promise->get_future());
    const Frame request = MakeFrame({3000 + i}, i);
    channel->CallAsync(request, 30, [promise, request](Result<Frame> reply) {
      promise->set_value(reply.ok() && SameFrame(*reply, request));
    });
    if (i % 10 == 9) proxy_->CutAll();
  }
  for (auto& reply : replies) EXPECT_TRUE(reply.get());
}

TEST_P(TcpFaultTest, AnUnreachablePeerEndsTheCallAtTheDeadlineAndSaysWhy) {
  std::string endpoint;
  {
    const auto [socket, free_port] = testing::ListenRaw();
    endpoint = free_port;
  }
  const auto channel = transport_->Connect(endpoint, "server 7").value();
  const Status status = channel->Call(MakeFrame({}, 1), 0.2).status();
  EXPECT_EQ(status.code(), Code::kDeadlineExceeded);
  EXPECT_NE(status.message().find("server 7 (" + endpoint + ")"), std::string::npos)
      << status.message();
  EXPECT_NE(status.message().find("connection refused"), std::string::npos) << status.message();
}

TEST_P(TcpFaultTest, AnEndpointThatIsNoneEndsAtTheDeadline) {
  const auto channel = transport_->Connect("no port here", "server 7").value();
  EXPECT_EQ(channel->Call(MakeFrame({}, 1), 0.1).status().code(), Code::kDeadlineExceeded);
}

TEST_P(TcpFaultTest, APeerThatComesBackWithinTheDeadlineAnswers) {
  proxy_->Refuse(true);
  const auto channel = transport_->Connect(proxy_->endpoint(), "server 0").value();
  auto reply = std::async(std::launch::async, [&] { return channel->Call(MakeFrame({9}, 1), 20); });
  while (proxy_->connections() < 3) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  proxy_->Refuse(false);
  EXPECT_TRUE(reply.get().ok());
}

TEST_P(TcpFaultTest, AFrameAboveTheLimitFailsAtOnce) {
  TransportOptions small = options_;
  small.max_frame_bytes = 10000;
  const auto client = NewTcpTransport(small);
  const auto channel = client->Connect(listener_->endpoint(), "server 0").value();
  EXPECT_EQ(channel->Call(MakeFrame({20000}, 1), 20).status().code(), Code::kResourceExhausted);
  ExpectEcho(*channel, 5000);
}

TEST_P(TcpFaultTest, AReplyAboveTheLimitBecomesAnError) {
  TransportOptions small = options_;
  small.max_frame_bytes = 10000;
  const auto server = NewTcpTransport(small);
  const auto listener =
      server->Listen([](Frame, const Responder& respond) { respond(MakeFrame({20000}, 1)); });
  ASSERT_TRUE(listener.ok());
  const auto channel = transport_->Connect((*listener)->endpoint(), "server 0").value();
  EXPECT_EQ(channel->Call(MakeFrame({}, 1), 20).status().code(), Code::kResourceExhausted);
}

TEST_P(TcpFaultTest, AListenerThatEndsLeavesItsClientsRunning) {
  const auto channel = transport_->Connect(proxy_->endpoint(), "server 0").value();
  ExpectEcho(*channel, 10);
  proxy_.reset();
  listener_.reset();
  EXPECT_EQ(channel->Call(MakeFrame({}, 1), 0.1).status().code(), Code::kDeadlineExceeded);
}

}  // namespace
}  // namespace chorus
