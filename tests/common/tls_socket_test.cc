// A socket of TLS over real connections of one loop.
#include "common/tls_socket.h"

#include <gtest/gtest.h>

#include <future>
#include <string>
#include <vector>

#include "common/check.h"
#include "common/secrets.h"
#include "common/strings.h"

namespace chorus {
namespace {

using SocketResult = Result<std::unique_ptr<Socket>>;

class TlsSocketTest : public ::testing::Test {
 protected:
  TlsSocketTest() {
    std::promise<void> both;
    thread_->RunAndWait([&] {
      acceptor_ = thread_->loop()->Bind("127.0.0.1").value();
      acceptor_->Accept(
          [&](SocketResult socket) { Begin(Role::kServer, std::move(socket), &server_, &both); });
      attempt_ = thread_->loop()->Connect(
          StrCat("127.0.0.1:", acceptor_->port()),
          [&](SocketResult socket) { Begin(Role::kClient, std::move(socket), &client_, &both); });
    });
    both.get_future().wait();
  }
  ~TlsSocketTest() override {
    thread_->RunAndWait([this] {
      attempt_.reset();
      acceptor_.reset();
      client_.reset();
      server_.reset();
    });
  }

  void Begin(Role role, SocketResult plain, std::unique_ptr<Socket>* socket,
             std::promise<void>* both) {
    auto session = TlsSession::Create(context_, role, DeriveKey("token", ""));
    StartTls(std::move(plain.value()), std::move(session.value()),
             [this, socket, both](SocketResult started) {
               *socket = std::move(started.value());
               if (client_ && server_) both->set_value();
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
  std::string ReadSome(size_t most) {
    std::string out(most, '\0');
    std::promise<Result<size_t>> read;
    thread_->RunAndWait([&] {
      server_->ReadSome(std::as_writable_bytes(std::span(out)),
                        [&](const Result<size_t>& got) { read.set_value(got); });
    });
    out.resize(read.get_future().get().value());
    return out;
  }
  std::string Read(size_t bytes) {
    std::string out(bytes, '\0');
    std::promise<Status> read;
    thread_->RunAndWait([&] {
      server_->Read(std::as_writable_bytes(std::span(out)),
                    [&](const Status& status) { read.set_value(status); });
    });
    EXPECT_TRUE(read.get_future().get().ok());
    return out;
  }

  const std::shared_ptr<const TlsContext> context_ = TlsContext::Create().value();
  const std::shared_ptr<IoThread> thread_ = IoThread::Start().value();
  std::unique_ptr<Acceptor> acceptor_;
  std::shared_ptr<void> attempt_;
  std::unique_ptr<Socket> client_, server_;
};

TEST_F(TlsSocketTest, ReadSomeTakesWhatIsThere) {
  const std::string text = std::string(1000, 'a') + std::string(2000, 'b');
  Send(text);  // one record
  EXPECT_EQ(ReadSome(5000), text);
  Send(text);
  EXPECT_EQ(ReadSome(700), text.substr(0, 700));
  EXPECT_EQ(Read(300), text.substr(700, 300));
  EXPECT_EQ(ReadSome(5000), text.substr(1000));
}

}  // namespace
}  // namespace chorus
