// A server that may be at several places: found wherever it is, and never mistaken for another.

#include <gtest/gtest.h>

#include <chrono>

#include "common/check.h"
#include "common/host_address.h"
#include "common/strings.h"
#include "common/transport.h"
#include "tests/common/frame_testing.h"
#include "tests/support/tcp_sockets.h"

namespace chorus {
namespace {

using testing::MakeFrame;

class TcpPlacesTest : public ::testing::TestWithParam<Protection> {
 protected:
  static std::unique_ptr<Transport> New(const std::string& service, const std::string& address) {
    TransportOptions options;
    options.token = "secret";
    options.protection = GetParam();
    options.service = service;
    options.listen_address = address;
    options.max_part_bytes = options.max_frame_bytes = 1 << 20;
    options.handshake_seconds = 0.5;
    return NewTcpTransport(options);
  }
  // Answers with frames whose meta is its name.
  struct Server {
    std::unique_ptr<Transport> transport;
    std::unique_ptr<Listener> listener;
    std::string place() const {  // "127.0.0.1:4711"
      const std::string endpoint = listener->endpoint();
      return endpoint.substr(endpoint.find('@') + 1);
    }
    std::string port() const { return place().substr(place().rfind(':') + 1); }
  };
  static Server Start(const std::string& service, const std::string& address = "127.0.0.1") {
    Server server{New(service, address), nullptr};
    auto listener = server.transport->Listen(
        [service](const Frame&, const Responder& respond) { respond(MakeFrame({}, 1, service)); });
    CHECK(listener.ok(), listener.status().ToString());
    server.listener = std::move(*listener);
    return server;
  }
  // The name of who answers there, or the error's code.
  std::string Ask(const std::string& endpoint, double seconds = 20) {
    const auto channel = client_->Connect(endpoint, "the server").value();
    const Result<Frame> reply = channel->Call(MakeFrame({}, 1), seconds);
    return reply.ok() ? reply->meta : std::string(CodeName(reply.status().code()));
  }

  const std::unique_ptr<Transport> client_ = New("", "127.0.0.1");
};

INSTANTIATE_TEST_SUITE_P(Protections, TcpPlacesTest,
                         ::testing::Values(Protection::kAuthenticated, Protection::kEncrypted));

TEST_P(TcpPlacesTest, IsFoundBehindPlacesThatRefuseThatAreSilentAndThatAreNone) {
  const Server server = Start("server 0");
  const auto [silent, silent_place] = testing::ListenRaw();
  std::string closed;
  {
    const Server gone = Start("server 0");
    closed = gone.place();
  }
  for (const std::string& before : {closed, silent_place, std::string("no.such.host.invalid:1"),
                                    std::string("[::1]:1"), std::string("nonsense")}) {
    EXPECT_EQ(Ask(StrCat("server 0@", before, ",", server.place())), "server 0") << before;
  }
  EXPECT_EQ(Ask(StrCat("server 0@", closed, ",", silent_place, ",", server.place())), "server 0");
}

TEST_P(TcpPlacesTest, IsNotMistakenForAnotherServerOfTheJob) {
  const Server right = Start("server 0"), wrong = Start("server 1");
  EXPECT_EQ(Ask(StrCat("server 0@", wrong.place(), ",", right.place())), "server 0");
  EXPECT_EQ(Ask(StrCat("server 1@", wrong.place(), ",", right.place())), "server 1");
}

TEST_P(TcpPlacesTest, WhoIsRefusedEverywhereIsToldAtOnce) {
  const Server one = Start("server 1"), two = Start("server 2");
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(Ask(StrCat("server 0@", one.place(), ",", two.place()), 60), "PermissionDenied");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

// It may be late at one place while others refuse for good.
TEST_P(TcpPlacesTest, WaitsForAServerThatIsNotThereYet) {
  const Server other = Start("server 1");
  std::string closed;
  {
    const Server gone = Start("server 0");
    closed = gone.place();
  }
  EXPECT_EQ(Ask(StrCat("server 0@", closed, ",", other.place()), 0.5), "DeadlineExceeded");
}

TEST_P(TcpPlacesTest, AListenerOfAllAddressesIsReachedByBothFamilies) {
  const Server server = Start("server 0", "");
  EXPECT_EQ(Ask(StrCat("server 0@127.0.0.1:", server.port())), "server 0");
  bool has_v6 = false;
  for (const HostAddress& address : OwnAddresses()) has_v6 = has_v6 || address.text == "::1";
  if (!has_v6) GTEST_SKIP() << "this machine has no IPv6";
  EXPECT_EQ(Ask(StrCat("server 0@[::1]:", server.port())), "server 0");
}

}  // namespace
}  // namespace chorus
