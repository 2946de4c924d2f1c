#include "common/tcp_handshake.h"

#include <utility>

#include "common/handshake.h"

namespace chorus {
namespace {

// The state of one handshake. The callback that it waits for owns it: if the socket is destroyed,
// so is the handshake. Each step reads or writes one message.
struct Exchange {
  std::shared_ptr<Socket> socket;
  std::string token;
  ClientHello client_hello{};
  ServerHello server_hello{};
  Proof proof{};
  Verdict verdict{};
};
using ExchangeRef = std::shared_ptr<Exchange>;

template <typename Message>
void Send(const ExchangeRef& exchange, const Message& message, std::function<void(Status)> done) {
  const std::span<const std::byte> piece(message);
  exchange->socket->Write({&piece, 1}, std::move(done));
}

// ---- client: hello out, hello in, proof out, verdict in

void ReceiveVerdict(const ExchangeRef& exchange, std::function<void(Status)> done) {
  exchange->socket->Read(
      exchange->verdict, [exchange, done = std::move(done)](const Status& status) {
        if (!status.ok()) return done(status);
        done(CheckVerdict(exchange->verdict,
                          MakeProof(exchange->token, Role::kServer, exchange->client_hello,
                                    exchange->server_hello)));
      });
}

void AnswerServerHello(const ExchangeRef& exchange, std::function<void(Status)> done) {
  exchange->socket->Read(exchange->server_hello, [exchange, done = std::move(done)](Status status) {
    if (status.ok()) status = CheckHello(exchange->server_hello);
    if (!status.ok()) return done(status);
    exchange->proof =
        MakeProof(exchange->token, Role::kClient, exchange->client_hello, exchange->server_hello);
    Send(exchange, exchange->proof, [exchange, done](const Status& sent) {
      if (!sent.ok()) return done(sent);
      ReceiveVerdict(exchange, done);
    });
  });
}

// ---- server: hello in, hello out, proof in, verdict out

void Judge(const ExchangeRef& exchange, std::function<void(Result<uint64_t>)> done) {
  const Proof expected =
      MakeProof(exchange->token, Role::kClient, exchange->client_hello, exchange->server_hello);
  const Status judgement = SameProof(exchange->proof, expected)
                               ? Status::Ok()
                               : PermissionDenied("the peer did not prove this job's token");
  exchange->verdict = MakeVerdict(
      judgement,
      MakeProof(exchange->token, Role::kServer, exchange->client_hello, exchange->server_hello));
  Send(exchange, exchange->verdict,
       [exchange, judgement, done = std::move(done)](const Status& sent) {
         if (!judgement.ok()) return done(judgement);
         if (!sent.ok()) return done(sent);
         done(ClientIdOf(exchange->client_hello));
       });
}

void AnswerClientHello(const ExchangeRef& exchange, std::function<void(Result<uint64_t>)> done) {
  exchange->server_hello = MakeServerHello(NewNonce());
  const Status checked = CheckHello(exchange->client_hello);
  if (checked.code() == Code::kDataLoss) return done(checked);  // a stranger is told nothing
  // A client of another version is: it reads our version in the hello.
  Send(exchange, exchange->server_hello,
       [exchange, checked, done = std::move(done)](const Status& sent) {
         if (!checked.ok()) return done(checked);
         if (!sent.ok()) return done(sent);
         exchange->socket->Read(exchange->proof, [exchange, done](const Status& status) {
           if (!status.ok()) return done(status);
           Judge(exchange, done);
         });
       });
}

}  // namespace

void RunClientHandshake(std::shared_ptr<Socket> socket, const std::string& token,
                        uint64_t client_id, std::function<void(Status)> done) {
  auto exchange = std::make_shared<Exchange>();
  exchange->socket = std::move(socket);
  exchange->token = token;
  exchange->client_hello = MakeClientHello(client_id, NewNonce());
  Send(exchange, exchange->client_hello, [exchange, done = std::move(done)](const Status& sent) {
    if (!sent.ok()) return done(sent);
    AnswerServerHello(exchange, done);
  });
}

void RunServerHandshake(std::shared_ptr<Socket> socket, const std::string& token,
                        std::function<void(Result<uint64_t>)> done) {
  auto exchange = std::make_shared<Exchange>();
  exchange->socket = std::move(socket);
  exchange->token = token;
  exchange->socket->Read(exchange->client_hello,
                         [exchange, done = std::move(done)](const Status& status) {
                           if (!status.ok()) return done(status);
                           AnswerClientHello(exchange, done);
                         });
}

}  // namespace chorus
