// The page of a rank, from peers that answer well, badly, late or never.
#include "launch/watch/http_page.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

namespace chorus::launch {
namespace {

using std::chrono::steady_clock;

constexpr double kLong = 60;  // seconds; no test waits for it

// Listens on loopback, and tells one client these texts, one after the other.
class PagePeer {
 public:
  explicit PagePeer(std::vector<std::string> texts, bool closes = true)
      : file_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    EXPECT_EQ(bind(file_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(file_, 1), 0);
    EXPECT_EQ(getsockname(file_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    endpoint_ = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    thread_ = std::thread([this, texts = std::move(texts), closes] { Serve(texts, closes); });
  }
  ~PagePeer() {
    thread_.join();
    close(file_);
  }
  PagePeer(const PagePeer&) = delete;
  PagePeer& operator=(const PagePeer&) = delete;
  const std::string& endpoint() const { return endpoint_; }

 private:
  void Serve(const std::vector<std::string>& texts, bool closes) const {
    const int client = accept(file_, nullptr, nullptr);
    char buffer[1024];
    EXPECT_GT(recv(client, buffer, sizeof(buffer), 0), 0);  // the request
    for (const std::string& text : texts) {
      (void)send(client, text.data(), text.size(), MSG_NOSIGNAL);
    }
    // Until the reader has given up, and closes the connection.
    while (!closes && recv(client, buffer, sizeof(buffer), 0) > 0) {
    }
    close(client);
  }

  const int file_;
  std::string endpoint_;
  std::thread thread_;
};

std::string ErrorOf(const PagePeer& peer, double seconds) {
  const Result<std::string> page = ReadMetricsPage(peer.endpoint(), seconds);
  EXPECT_EQ(page.status().code(), Code::kUnavailable);
  EXPECT_TRUE(page.status().message().starts_with(peer.endpoint() + " does not answer"));
  return page.status().message();
}

TEST(HttpPage, ComesInParts) {
  const PagePeer peer({"HTTP/1.1 200 OK\r\nA: b\r\n", "\r\nste", "p 1\n"});
  const Result<std::string> page = ReadMetricsPage(peer.endpoint(), kLong);
  ASSERT_TRUE(page.ok()) << page.status().ToString();
  EXPECT_EQ(*page, "step 1\n");
}

TEST(HttpPage, MayBeEmpty) {
  const PagePeer peer({"HTTP/1.0 200 OK\r\n\r\n"});
  const Result<std::string> page = ReadMetricsPage(peer.endpoint(), kLong);
  ASSERT_TRUE(page.ok()) << page.status().ToString();
  EXPECT_EQ(*page, "");
}

TEST(HttpPage, WhatIsNoPageIsSaid) {
  EXPECT_NE(ErrorOf(PagePeer({"HTTP/1.1 404 Not Found\r\n\r\n"}), kLong).find("404 Not Found"),
            std::string::npos);
  EXPECT_NE(ErrorOf(PagePeer({"SSH-2.0\r\n\r\n"}), kLong).find("no HTTP"), std::string::npos);
  EXPECT_NE(ErrorOf(PagePeer({}), kLong).find("no HTTP"), std::string::npos);
}

TEST(HttpPage, IsNotWaitedForLongerThanTold) {
  const auto begin = steady_clock::now();
  EXPECT_NE(ErrorOf(PagePeer({}, false), 0.1).find("not in time"), std::string::npos);
  EXPECT_NE(ErrorOf(PagePeer({"HTTP/1.1 200 OK\r\n\r\nst"}, false), 0.1).find("does not end"),
            std::string::npos);
  EXPECT_LT(steady_clock::now() - begin, std::chrono::seconds(30));
}

TEST(HttpPage, IsNotReadWhereItIsTooLarge) {
  const std::string megabyte(1 << 20, 'x');
  std::vector<std::string> texts(18, megabyte);
  texts[0] = "HTTP/1.1 200 OK\r\n\r\n";
  EXPECT_NE(ErrorOf(PagePeer(texts), kLong).find("too large"), std::string::npos);
}

TEST(HttpPage, OfNobodyIsUnavailable) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  const int file = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);  // and does not listen
  ASSERT_EQ(bind(file, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(getsockname(file, reinterpret_cast<sockaddr*>(&address), &size), 0);
  const std::string endpoint = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  EXPECT_EQ(ReadMetricsPage(endpoint, kLong).status().code(), Code::kUnavailable);
  close(file);
  EXPECT_EQ(ReadMetricsPage("here", kLong).status().code(), Code::kInvalidArgument);
}

}  // namespace
}  // namespace chorus::launch
