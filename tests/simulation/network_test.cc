// What the simulated sockets promise, which io_loop.h says.

#include "tests/simulation/network.h"

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <span>
#include <string>

#include "tests/simulation/scheduler.h"
#include "tests/simulation/world.h"

namespace chorus::simulation {
namespace {

class NetworkTest : public ::testing::Test {
 protected:
  NetworkTest() {
    scheduler_.SetRank(0);
    network_.Begin(&weather_);
    thread_ = IoThread::Start([this] { return network_.NewLoop(); }).value();
    std::promise<void> both;
    const auto take = [&](std::unique_ptr<Socket>* socket) {
      return [this, &both, socket](Result<std::unique_ptr<Socket>> made) {
        *socket = std::move(made.value());
        if (client_ && server_) both.set_value();
      };
    };
    thread_->RunAndWait([&] {
      acceptor_ = thread_->loop()->Bind(Network::HostOf(0)).value();
      acceptor_->Accept(take(&server_));
      const std::string endpoint = StrCat(Network::HostOf(0), ":", acceptor_->port());
      attempt_ = thread_->loop()->Connect(endpoint, take(&client_));
    });
    both.get_future().wait();
  }
  ~NetworkTest() override {
    thread_->RunAndWait([this] {
      attempt_.reset();
      acceptor_.reset();
      client_.reset();
      server_.reset();
    });
  }
  void Send(const std::string& text) {
    std::promise<Status> sent;
    const auto piece = std::as_bytes(std::span(text));
    thread_->RunAndWait([&] {
      client_->Write({&piece, 1}, [&](const Status& status) { sent.set_value(status); });
    });
    EXPECT_TRUE(sent.get_future().get().ok());
  }
  Result<std::string> ReadSome(size_t most) {
    std::string out(most, '\0');
    std::promise<Result<size_t>> read;
    thread_->RunAndWait([&] {
      server_->ReadSome(std::as_writable_bytes(std::span(out)),
                        [&](const Result<size_t>& got) { read.set_value(got); });
    });
    ASSIGN_OR_RETURN(const size_t got, read.get_future().get());
    return out.substr(0, got);
  }

  Scheduler scheduler_{1};
  World world_{2, &scheduler_};
  Network network_{&world_, [] {}};
  const Weather weather_;
  std::shared_ptr<IoThread> thread_;
  std::unique_ptr<Acceptor> acceptor_;
  std::shared_ptr<void> attempt_;
  std::unique_ptr<Socket> client_, server_;
};

TEST_F(NetworkTest, ReadSomeTakesWhatHasArrived) {
  Send("what is sent");
  EXPECT_EQ(ReadSome(1000).value(), "what is sent");
  Send("more of it");
  EXPECT_EQ(ReadSome(4).value(), "more");
  EXPECT_EQ(ReadSome(1000).value(), " of it");
  Send("a last word");
  thread_->RunAndWait([this] { client_->Close(); });
  EXPECT_EQ(ReadSome(1000).value(), "a last word");
  EXPECT_EQ(ReadSome(1000).status().code(), Code::kUnavailable);
}

}  // namespace
}  // namespace chorus::simulation
