// Encrypted connections: who is refused, and an attacker on the way, who is always found.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstring>
#include <thread>

#include "common/handshake.h"
#include "common/transport.h"
#include "tests/common/frame_testing.h"
#include "tests/support/tcp_proxy.h"

namespace chorus {
namespace {

using testing::ConnectRaw;
using testing::MakeFrame;
using testing::RawSocket;
using testing::SameFrame;
using testing::TcpProxy;
using Bytes = std::span<const std::byte>;

class TcpTlsTest : public ::testing::Test {
 protected:
  TcpTlsTest() {
    options_.token = "secret";
    options_.protection = Protection::kEncrypted;
    options_.listen_address = "127.0.0.1";
    options_.handshake_seconds = 0.5;
    options_.max_part_bytes = 1 << 14;
    options_.max_frame_bytes = 1 << 24;
  }
  // Answers with what it was asked, and counts.
  std::unique_ptr<Listener> Listen(const TransportOptions& options) {
    transports_.push_back(NewTcpTransport(options));
    auto listener = transports_.back()->Listen([this](Frame request, const Responder& respond) {
      ++served_;
      respond(std::move(request));
    });
    CHECK(listener.ok(), listener.status().ToString());
    return std::move(*listener);
  }
  Status Call(const TransportOptions& options, const std::string& endpoint, double seconds = 60) {
    const auto client = NewTcpTransport(options);
    const auto channel = client->Connect(endpoint, "server 0").value();
    const Frame request = MakeFrame({5000}, 1);
    const Result<Frame> reply = channel->Call(request, seconds);
    EXPECT_TRUE(!reply.ok() || SameFrame(*reply, request));
    return reply.status();
  }
  static void ExpectNames(const Status& status, Code code, const std::string& text) {
    EXPECT_EQ(status.code(), code) << status.ToString();
    EXPECT_NE(status.message().find(text), std::string::npos) << status.message();
  }
  static bool IsClosed(RawSocket& socket) {
    const auto begin = std::chrono::steady_clock::now();
    std::byte rest[256];
    while (socket.Receive(rest) > 0) {
    }
    return std::chrono::steady_clock::now() - begin < std::chrono::seconds(9);
  }

  TransportOptions options_;
  std::atomic<int> served_{0};
  std::vector<std::unique_ptr<Transport>> transports_;  // of the listeners
};

TEST_F(TcpTlsTest, AWrongTokenFailsTheCallAtOnceAndNobodyElses) {
  const auto listener = Listen(options_);
  TransportOptions wrong = options_;
  wrong.token = "another job's";
  ExpectNames(Call(wrong, listener->endpoint()), Code::kPermissionDenied,
              "cannot prove the job's key");
  EXPECT_EQ(served_, 0);
  EXPECT_TRUE(Call(options_, listener->endpoint()).ok());
}

TEST_F(TcpTlsTest, AServerWithoutTheTokenGetsNoRequest) {
  TransportOptions impostor = options_;
  impostor.token = "guessed";
  const auto listener = Listen(impostor);
  ExpectNames(Call(options_, listener->endpoint()), Code::kPermissionDenied,
              "cannot prove the job's key");
  EXPECT_EQ(served_, 0);
}

TEST_F(TcpTlsTest, EndsOfTwoProtectionsRefuseEachOther) {
  TransportOptions plain = options_;
  plain.protection = Protection::kAuthenticated;
  const auto encrypted = Listen(options_), authenticated = Listen(plain);
  ExpectNames(Call(plain, encrypted->endpoint()), Code::kFailedPrecondition,
              "the peer wants an encrypted connection, we want an unencrypted one");
  ExpectNames(Call(options_, authenticated->endpoint()), Code::kFailedPrecondition,
              "the peer wants an unencrypted connection, we want an encrypted one");
  EXPECT_EQ(served_, 0);
}

TEST_F(TcpTlsTest, BetweenHostsLeavesLoopbackToTheClient) {
  TransportOptions between = options_;
  between.protection = Protection::kEncryptedBetweenHosts;
  const auto listener = Listen(between);
  EXPECT_TRUE(Call(between, listener->endpoint()).ok());
  EXPECT_TRUE(Call(options_, listener->endpoint()).ok());
}

// It could otherwise make both ends believe that the other one wants no encryption.
TEST_F(TcpTlsTest, HellosThatAreAlteredOnTheWayAreARefusal) {
  const auto listener = Listen(options_);
  for (const uint64_t at : {8u, 20u, 47u}) {  // client id, nonce
    TcpProxy proxy(listener->endpoint());
    proxy.SetDamage({TcpProxy::Kind::kFlip, true, at});
    EXPECT_EQ(Call(options_, proxy.endpoint()).code(), Code::kPermissionDenied) << at;
    EXPECT_EQ(proxy.damaged(), 1u);
  }
  EXPECT_EQ(served_, 0);
  // What the client wants: the server refuses what it seems to be, and the next connection is well.
  TcpProxy proxy(listener->endpoint());
  proxy.SetDamage({TcpProxy::Kind::kFlip, true, 6});
  EXPECT_TRUE(Call(options_, proxy.endpoint()).ok());
  EXPECT_EQ(proxy.connections(), 2u);
}

// Of the way, and not of the peer: the client tries again.
TEST_F(TcpTlsTest, AnAlteredAnswerInTheHandshakeIsNoRefusal) {
  const auto listener = Listen(options_);
  for (const uint64_t at : {46u, 100u, 200u}) {  // of the server's TLS, which begins at 40
    TcpProxy proxy(listener->endpoint());
    proxy.SetDamage({TcpProxy::Kind::kFlip, false, at});
    const Status status = Call(options_, proxy.endpoint());
    EXPECT_TRUE(status.ok()) << at << ": " << status.ToString();
    EXPECT_EQ(proxy.damaged(), 1u);
    EXPECT_EQ(proxy.connections(), 2u);
  }
}

// A byte that was altered on the way looks like another token, and a peer that has proved ours is
// believed to have it still.
TEST_F(TcpTlsTest, NothingInALaterHandshakeIsARefusal) {
  for (const Protection protection : {Protection::kEncrypted, Protection::kAuthenticated}) {
    options_.protection = protection;
    const auto listener = Listen(options_);
    TcpProxy proxy(listener->endpoint());
    const auto client = NewTcpTransport(options_);
    const auto channel = client->Connect(proxy.endpoint(), "server 0").value();
    ASSERT_TRUE(channel->Call(MakeFrame({100}, 1), 30).ok());
    uint64_t struck = 0;
    for (const uint64_t at : {4u, 20u, 60u}) {  // the version, the nonce, what proves the token
      proxy.SetDamage({TcpProxy::Kind::kFlip, true, at});
      proxy.CutAll();
      const Status status = channel->Call(MakeFrame({100}, 1), 30).status();
      EXPECT_TRUE(status.ok()) << at << ": " << status.ToString();
      EXPECT_EQ(proxy.damaged(), ++struck);
    }
  }
}

// It ends with the call's deadline, which says what happened.
TEST_F(TcpTlsTest, AnotherJobInThePlaceOfAPeerIsNamedAtTheDeadline) {
  auto listener = Listen(options_);
  TransportOptions other = options_;
  other.token = "another job's";
  const auto stranger = Listen(other);
  TcpProxy proxy(listener->endpoint());
  const auto client = NewTcpTransport(options_);
  const auto channel = client->Connect(proxy.endpoint(), "server 0").value();
  ASSERT_TRUE(channel->Call(MakeFrame({100}, 1), 30).ok());
  proxy.SetTarget(stranger->endpoint());
  proxy.CutAll();
  ExpectNames(channel->Call(MakeFrame({100}, 1), 0.5).status(), Code::kDeadlineExceeded,
              "cannot prove the job's key");
  EXPECT_EQ(served_, 1);
}

TEST_F(TcpTlsTest, AnEmptyTokenIsABug) {
  options_.token.clear();
  EXPECT_DEATH(NewTcpTransport(options_), "without a token");
}

TEST_F(TcpTlsTest, AnotherVersionIsNamed) {
  auto [acceptor, endpoint] = testing::ListenRaw();
  std::thread other([fd = acceptor.fd()] {
    RawSocket socket(::accept(fd, nullptr, nullptr));
    ClientHello hello;
    ServerHello answer = MakeServerHello(NewNonce(), ProofBy::kTls);
    answer[4] = std::byte{77};
    EXPECT_TRUE(socket.ReceiveAll(hello) && socket.SendAll(answer));
    std::byte more[1];
    EXPECT_EQ(socket.Receive(more), 0u);
  });
  ExpectNames(Call(options_, endpoint), Code::kFailedPrecondition, "77");
  other.join();
}

TEST_F(TcpTlsTest, HandshakesThatAreRubbishOrStayUnfinishedAreClosed) {
  const auto listener = Listen(options_);
  for (const bool rubbish : {true, false}) {
    RawSocket socket = ConnectRaw(listener->endpoint());
    const ClientHello hello = MakeClientHello(1, NewNonce(), ProofBy::kTls);
    ServerHello answer;
    EXPECT_TRUE(socket.SendAll(hello) && socket.ReceiveAll(answer));
    const std::string text(rubbish ? 300 : 3, '\x16');
    EXPECT_TRUE(socket.SendAll(std::as_bytes(std::span(text))));
    EXPECT_TRUE(IsClosed(socket));
  }
  EXPECT_TRUE(Call(options_, listener->endpoint()).ok());
}

TEST_F(TcpTlsTest, AReplayedConnectionServesNothing) {
  const auto listener = Listen(options_);
  auto [acceptor, endpoint] = testing::ListenRaw();
  std::vector<std::byte> recorded;
  std::thread recorder([&, fd = acceptor.fd()] {
    RawSocket client(::accept(fd, nullptr, nullptr));
    RawSocket server = ConnectRaw(listener->endpoint());
    std::thread back([&] {
      std::byte bytes[4096];
      for (size_t got = 0; (got = server.Receive(bytes)) > 0;) {
        if (!client.SendAll(Bytes(bytes).first(got))) break;
      }
    });
    std::byte bytes[4096];
    for (size_t got = 0; (got = client.Receive(bytes)) > 0;) {
      recorded.insert(recorded.end(), bytes, bytes + got);
      if (!server.SendAll(Bytes(bytes).first(got))) break;
    }
    server.Shutdown();
    back.join();
  });
  EXPECT_TRUE(Call(options_, endpoint).ok());
  recorder.join();
  EXPECT_EQ(served_, 1);
  EXPECT_GT(recorded.size(), 5000u);
  RawSocket again = ConnectRaw(listener->endpoint());
  again.SendAll(recorded);
  EXPECT_TRUE(IsClosed(again));
  EXPECT_EQ(served_, 1);
  // What passed shows nothing of a request.
  const auto request =
      testing::Encode({1, FrameDirection::kRequest, MakeFrame({5000}, 1)}, 1 << 14);
  for (const size_t at : {size_t{0}, size_t{200}, size_t{4000}}) {
    const auto part = Bytes(request).subspan(at, 16);
    EXPECT_EQ(std::search(recorded.begin() + 48, recorded.end(), part.begin(), part.end()),
              recorded.end());
  }
}

TEST_F(TcpTlsTest, AClientThatComesBackTakesThePlaceOfItsOldConnection) {
  const auto listener = Listen(options_);
  TcpProxy proxy(listener->endpoint());
  const auto client = NewTcpTransport(options_);
  const auto channel = client->Connect(proxy.endpoint(), "server 0").value();
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(channel->Call(MakeFrame({100}, 1), 30).ok());
    proxy.CutAll();
  }
}

// After the handshake, in both directions: found, and the call is repeated on a new connection.
TEST_F(TcpTlsTest, WhatIsAlteredLeftOutRepeatedOrMovedNeverReachesTheReceiver) {
  const auto listener = Listen(options_);
  TcpProxy proxy(listener->endpoint());
  uint64_t struck = 0;
  for (const auto kind : {TcpProxy::Kind::kFlip, TcpProxy::Kind::kDrop, TcpProxy::Kind::kRepeat,
                          TcpProxy::Kind::kSwap, TcpProxy::Kind::kCut}) {
    for (const bool to_listener : {true, false}) {
      for (const uint64_t at : {500u, 2000u, 20000u, 60000u}) {
        proxy.SetDamage({kind, to_listener, at});
        const auto client = NewTcpTransport(options_);
        const auto channel = client->Connect(proxy.endpoint(), "server 0").value();
        const Frame request = MakeFrame({70000}, at);
        const Result<Frame> reply = channel->Call(request, 30);
        ASSERT_TRUE(reply.ok()) << reply.status().ToString();
        EXPECT_TRUE(SameFrame(*reply, request)) << at;
        EXPECT_EQ(proxy.damaged(), ++struck);
      }
    }
  }
}

// An attacker who makes checksums good again: he is found with TLS, and not without. He alters all,
// or what follows the handshake of TLS.
TEST_F(TcpTlsTest, AForgerIsFoundByTlsAlone) {
  const std::pair<Protection, uint64_t> cases[] = {
      {Protection::kEncrypted, 1}, {Protection::kEncrypted, 2}, {Protection::kAuthenticated, 1}};
  for (const auto& [protection, every] : cases) {
    options_.protection = protection;
    const auto listener = Listen(options_);
    TcpProxy proxy(listener->endpoint());
    proxy.ForgeReplies(every, 2);
    const auto client = NewTcpTransport(options_);
    const auto channel = client->Connect(proxy.endpoint(), "server 0").value();
    const Frame request = MakeFrame({5000}, 1);
    const Result<Frame> reply = channel->Call(request, 30);
    ASSERT_TRUE(reply.ok()) << reply.status().ToString();
    EXPECT_GE(proxy.forged(), 1u);
    EXPECT_EQ(SameFrame(*reply, request), protection == Protection::kEncrypted);
  }
}

}  // namespace
}  // namespace chorus
