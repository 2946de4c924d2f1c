// Who is refused, and that nobody else notices.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <thread>
#include <vector>

#include "common/file.h"
#include "common/handshake.h"
#include "common/transport.h"
#include "tests/common/frame_testing.h"
#include "tests/support/tcp_sockets.h"

namespace chorus {
namespace {

using testing::ConnectRaw;
using testing::MakeFrame;
using testing::RawSocket;
using Bytes = std::span<const std::byte>;

class TcpRefusalTest : public ::testing::TestWithParam<uint32_t> {
 protected:
  TcpRefusalTest() {
    options_.token = "secret";
    options_.listen_address = "127.0.0.1";
    options_.threads = GetParam();
    options_.handshake_seconds = 0.3;
    options_.max_part_bytes = 1 << 20;
    options_.max_frame_bytes = 1 << 20;
    transport_ = NewTcpTransport(options_);
    auto listener = transport_->Listen(
        [](Frame request, const Responder& respond) { respond(std::move(request)); });
    CHECK(listener.ok());
    listener_ = std::move(*listener);
    neighbour_ = transport_->Connect(listener_->endpoint(), "server 0").value();
    ExpectNeighbourIsWell();
  }
  void TearDown() override { ExpectNeighbourIsWell(); }

  void ExpectNeighbourIsWell() { EXPECT_TRUE(neighbour_->Call(MakeFrame({100}, 1), 10).ok()); }
  // True if the listener closes the connection (within the socket's 10 seconds).
  static bool IsClosed(RawSocket& socket) {
    const auto begin = std::chrono::steady_clock::now();
    std::byte rest[256];
    while (socket.Receive(rest) > 0) {
    }
    return std::chrono::steady_clock::now() - begin < std::chrono::seconds(9);
  }
  // A connection that has proved the token by hand.
  RawSocket Prove() {
    RawSocket socket = ConnectRaw(listener_->endpoint());
    const ClientHello hello = MakeClientHello(99, NewNonce());
    ServerHello answer;
    Verdict verdict;
    EXPECT_TRUE(socket.SendAll(hello) && socket.ReceiveAll(answer));
    EXPECT_TRUE(socket.SendAll(MakeProof("secret", Role::kClient, hello, answer)));
    EXPECT_TRUE(socket.ReceiveAll(verdict));
    EXPECT_TRUE(CheckVerdict(verdict, MakeProof("secret", Role::kServer, hello, answer)).ok());
    return socket;
  }

  TransportOptions options_;
  std::unique_ptr<Transport> transport_;
  std::unique_ptr<Listener> listener_;
  std::unique_ptr<Channel> neighbour_;
};

INSTANTIATE_TEST_SUITE_P(Threads, TcpRefusalTest, ::testing::Values(1, 3));

TEST_P(TcpRefusalTest, AWrongTokenFailsTheCallAtOnce) {
  TransportOptions wrong = options_;
  wrong.token = "another job's";
  const auto client = NewTcpTransport(wrong);
  const auto channel = client->Connect(listener_->endpoint(), "server 0").value();
  const Status status = channel->Call(MakeFrame({}, 1), 60).status();
  EXPECT_EQ(status.code(), Code::kPermissionDenied);
  EXPECT_NE(status.message().find("token"), std::string::npos);
}

TEST_P(TcpRefusalTest, AServerWithoutTheTokenGetsNoRequest) {
  auto [acceptor, endpoint] = testing::ListenRaw();
  const auto channel = transport_->Connect(endpoint, "server 0").value();
  std::thread impostor([&, fd = acceptor.fd()] {
    RawSocket socket(::accept(fd, nullptr, nullptr));
    ClientHello hello;
    const ServerHello answer = MakeServerHello(NewNonce());
    Proof proof;
    EXPECT_TRUE(socket.ReceiveAll(hello) && socket.SendAll(answer) && socket.ReceiveAll(proof));
    EXPECT_TRUE(socket.SendAll(MakeVerdict(Status::Ok(), proof)));  // reflected
    std::byte more[1];
    EXPECT_EQ(socket.Receive(more), 0u);  // closed without a byte of the request
  });
  EXPECT_EQ(channel->Call(MakeFrame({}, 1), 60).status().code(), Code::kPermissionDenied);
  impostor.join();
}

TEST_P(TcpRefusalTest, AnotherVersionFailsTheCallAtOnce) {
  auto [acceptor, endpoint] = testing::ListenRaw();
  const auto channel = transport_->Connect(endpoint, "server 0").value();
  std::thread other([&, fd = acceptor.fd()] {
    RawSocket socket(::accept(fd, nullptr, nullptr));
    ClientHello hello;
    ServerHello answer = MakeServerHello(NewNonce());
    answer[4] = std::byte{77};
    EXPECT_TRUE(socket.ReceiveAll(hello) && socket.SendAll(answer));
    std::byte more[1];
    EXPECT_EQ(socket.Receive(more), 0u);
  });
  const Status status = channel->Call(MakeFrame({}, 1), 60).status();
  EXPECT_EQ(status.code(), Code::kFailedPrecondition);
  EXPECT_NE(status.message().find("77"), std::string::npos);
  other.join();
}

TEST_P(TcpRefusalTest, AClientOfAnotherVersionLearnsOursAndIsClosed) {
  RawSocket socket = ConnectRaw(listener_->endpoint());
  ClientHello hello = MakeClientHello(1, NewNonce());
  hello[4] = std::byte{77};
  ServerHello answer;
  EXPECT_TRUE(socket.SendAll(hello) && socket.ReceiveAll(answer));
  EXPECT_TRUE(CheckHello(answer).ok());
  EXPECT_TRUE(IsClosed(socket));
}

TEST_P(TcpRefusalTest, AStrangerIsClosedWithoutAWord) {
  RawSocket socket = ConnectRaw(listener_->endpoint());
  const std::string http(64, 'G');
  EXPECT_TRUE(socket.SendAll(std::as_bytes(std::span(http))));
  std::byte more[1];
  EXPECT_EQ(socket.Receive(more), 0u);
}

TEST_P(TcpRefusalTest, ASlowHandshakeIsClosed) {
  RawSocket silent = ConnectRaw(listener_->endpoint());
  RawSocket slow = ConnectRaw(listener_->endpoint());
  const ClientHello hello = MakeClientHello(1, NewNonce());
  EXPECT_TRUE(slow.SendAll(Bytes(hello).first(10)));
  EXPECT_TRUE(IsClosed(silent));
  EXPECT_TRUE(IsClosed(slow));
}

TEST_P(TcpRefusalTest, TheOldestUnprovenConnectionMakesRoomForOneMore) {
  TransportOptions patient = options_;
  patient.handshake_seconds = 60;
  const auto server = NewTcpTransport(patient);
  const auto listener =
      server->Listen([](Frame request, const Responder& respond) { respond(std::move(request)); });
  ASSERT_TRUE(listener.ok());
  std::vector<RawSocket> strangers;
  for (int i = 0; i < 256; ++i) strangers.push_back(ConnectRaw((*listener)->endpoint()));
  // The strangers hold every place, and keep nobody out.
  const auto channel = transport_->Connect((*listener)->endpoint(), "server 0").value();
  EXPECT_TRUE(channel->Call(MakeFrame({100}, 1), 30).ok());
  EXPECT_TRUE(IsClosed(strangers.front()));
  std::byte more[1];
  EXPECT_EQ(::recv(strangers.back().fd(), more, 1, MSG_DONTWAIT), -1);  // it is there still
}

TEST_P(TcpRefusalTest, ManyClientsThatComeAtOnceDoNotDriveEachOtherOut) {
  ::testing::internal::CaptureStderr();
  TransportOptions patient = options_;
  patient.handshake_seconds = 60;
  const auto client = NewTcpTransport(patient);
  std::vector<std::unique_ptr<Channel>> channels;
  std::atomic<int> answered = 0;
  for (int i = 0; i < 350; ++i) {
    channels.push_back(client->Connect(listener_->endpoint(), "server 0").value());
    channels.back()->CallAsync(MakeFrame({100}, 1), 60, [&](const Result<Frame>& reply) {
      EXPECT_TRUE(reply.ok()) << reply.status().ToString();
      ++answered;
    });
  }
  while (answered < 350) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  channels.clear();
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

TEST_P(TcpRefusalTest, AFloodOfStrangersIsAFewLinesInTheLog) {
  ::testing::internal::CaptureStderr();
  const std::string http(64, 'G');
  for (int i = 0; i < 500; ++i) {
    RawSocket socket = ConnectRaw(listener_->endpoint());
    EXPECT_TRUE(socket.SendAll(std::as_bytes(std::span(http))));
    std::byte more[1];
    EXPECT_EQ(socket.Receive(more), 0u);
  }
  listener_.reset();
  const std::string lines = ::testing::internal::GetCapturedStderr();
  EXPECT_LE(std::count(lines.begin(), lines.end(), '\n'), 20) << lines;
  EXPECT_NE(lines.find("more connections were refused within"), std::string::npos) << lines;
  auto again = transport_->Listen(
      [](Frame request, const Responder& respond) { respond(std::move(request)); });
  ASSERT_TRUE(again.ok());
  listener_ = std::move(*again);
  neighbour_ = transport_->Connect(listener_->endpoint(), "server 0").value();
}

TEST_P(TcpRefusalTest, AReplayedHandshakeIsRefused) {
  RawSocket first = ConnectRaw(listener_->endpoint());
  const ClientHello hello = MakeClientHello(5, NewNonce());
  ServerHello answer;
  Verdict verdict;
  EXPECT_TRUE(first.SendAll(hello) && first.ReceiveAll(answer));
  const Proof proof = MakeProof("secret", Role::kClient, hello, answer);
  EXPECT_TRUE(first.SendAll(proof) && first.ReceiveAll(verdict));
  EXPECT_EQ(verdict[0], std::byte{0});
  RawSocket second = ConnectRaw(listener_->endpoint());
  EXPECT_TRUE(second.SendAll(hello) && second.ReceiveAll(answer));
  EXPECT_TRUE(second.SendAll(proof) && second.ReceiveAll(verdict));
  EXPECT_NE(verdict[0], std::byte{0});
  EXPECT_TRUE(IsClosed(second));
}

TEST_P(TcpRefusalTest, AClientThatComesBackTakesThePlaceOfItsOldConnection) {
  RawSocket old = Prove();
  RawSocket other = Prove();
  EXPECT_TRUE(IsClosed(old));
  const auto bytes = testing::Encode({1, FrameDirection::kRequest, MakeFrame({500}, 1)}, 1000);
  std::vector<std::byte> reply(bytes.size());
  EXPECT_TRUE(other.SendAll(bytes) && other.ReceiveAll(reply));
}

TEST_P(TcpRefusalTest, ARequestBeforeTheProofIsNotRead) {
  RawSocket socket = ConnectRaw(listener_->endpoint());
  EXPECT_TRUE(
      socket.SendAll(testing::Encode({1, FrameDirection::kRequest, MakeFrame({8}, 1)}, 1000)));
  EXPECT_TRUE(IsClosed(socket));
}

TEST_P(TcpRefusalTest, AFrameThatClaimsATerabyteAllocatesNothing) {
  // A true header with another frame size (bytes 24..31) and its checksum (56..63) made good again.
  auto bytes = testing::Encode({1, FrameDirection::kRequest, MakeFrame({500}, 1)}, 1000);
  const uint64_t terabyte = 1ULL << 40;
  std::memcpy(bytes.data() + 24, &terabyte, sizeof(terabyte));
  const uint64_t checksum = Checksum(Bytes(bytes).first(56));
  std::memcpy(bytes.data() + 56, &checksum, sizeof(checksum));
  RawSocket socket = Prove();
  EXPECT_TRUE(socket.SendAll(Bytes(bytes).first(kPartHeaderBytes)));
  EXPECT_TRUE(IsClosed(socket));
}

TEST_P(TcpRefusalTest, AFlippedByteClosesOnlyItsConnection) {
  RawSocket socket = Prove();
  auto bytes = testing::Encode({1, FrameDirection::kRequest, MakeFrame({500}, 1)}, 1000);
  bytes[300] ^= std::byte{1};
  EXPECT_TRUE(socket.SendAll(bytes));
  EXPECT_TRUE(IsClosed(socket));
}

TEST_P(TcpRefusalTest, ATruncatedFrameIsDropped) {
  RawSocket socket = Prove();
  const auto bytes = testing::Encode({1, FrameDirection::kRequest, MakeFrame({500}, 1)}, 1000);
  EXPECT_TRUE(socket.SendAll(Bytes(bytes).first(300)));
}

}  // namespace
}  // namespace chorus
