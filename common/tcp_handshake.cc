#include "common/tcp_handshake.h"

#include <utility>

#include "common/check.h"
#include "common/handshake.h"
#include "common/tls_socket.h"

namespace chorus {
namespace {

// The state of one handshake. The callback that it waits for owns it: if the socket is destroyed,
// so is the handshake. Each step reads or writes one message.
struct Exchange {
  Exchange(std::shared_ptr<Socket> of_socket, HandshakeTerms of_terms)
      : socket(std::move(of_socket)), terms(std::move(of_terms)) {}

  const std::shared_ptr<Socket> socket;
  const HandshakeTerms terms;
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

// The kind of proof that this side wants on this connection.
ProofBy WantedProof(const HandshakeTerms& terms, const Socket& socket) {
  switch (terms.protection) {
    case Protection::kAuthenticated:
      return ProofBy::kResponse;
    case Protection::kEncrypted:
      return ProofBy::kTls;
    case Protection::kEncryptedBetweenHosts:
      break;
  }
  return socket.loopback() ? ProofBy::kResponse : ProofBy::kTls;
}

using OnSocket = std::function<void(Result<std::shared_ptr<Socket>>)>;

// Runs after both hellos, if they agree on TLS.
void ProveByTls(const ExchangeRef& exchange, Role role, OnSocket done) {
  auto session = TlsSession::Create(
      exchange->terms.tls, role,
      TlsKey(exchange->terms.token, exchange->client_hello, exchange->server_hello));
  if (!session.ok()) return done(session.status());
  StartTls(exchange->socket, std::move(*session),
           [exchange, done = std::move(done)](Result<std::unique_ptr<Socket>> socket) {
             if (!socket.ok()) return done(socket.status());
             done(std::shared_ptr<Socket>(std::move(*socket)));
           });
}

// ---- client: hello out, hello in, proof out, verdict in

void ReceiveVerdict(const ExchangeRef& exchange, OnSocket done) {
  exchange->socket->Read(exchange->verdict, [exchange, done = std::move(done)](Status status) {
    if (status.ok()) {
      status = CheckVerdict(exchange->verdict,
                            MakeProof(exchange->terms.token, Role::kServer, exchange->client_hello,
                                      exchange->server_hello));
    }
    if (!status.ok()) return done(status);
    done(exchange->socket);
  });
}

void AnswerServerHello(const ExchangeRef& exchange, OnSocket done) {
  exchange->socket->Read(exchange->server_hello, [exchange, done = std::move(done)](Status status) {
    if (status.ok()) status = CheckHello(exchange->server_hello);
    if (status.ok()) status = CheckProofsAgree(exchange->client_hello, exchange->server_hello);
    if (!status.ok()) return done(status);
    if (ProofOf(exchange->client_hello) == ProofBy::kTls) {
      return ProveByTls(exchange, Role::kClient, done);
    }
    exchange->proof = MakeProof(exchange->terms.token, Role::kClient, exchange->client_hello,
                                exchange->server_hello);
    Send(exchange, exchange->proof, [exchange, done](const Status& sent) {
      if (!sent.ok()) return done(sent);
      ReceiveVerdict(exchange, done);
    });
  });
}

// ---- server: hello in, hello out, proof in, verdict out

using OnClient = std::function<void(Result<ProvenClient>)>;

void Judge(const ExchangeRef& exchange, OnClient done) {
  const Proof expected = MakeProof(exchange->terms.token, Role::kClient, exchange->client_hello,
                                   exchange->server_hello);
  const Status judgement = CheckProof(exchange->proof, expected);
  exchange->verdict =
      MakeVerdict(judgement, MakeProof(exchange->terms.token, Role::kServer, exchange->client_hello,
                                       exchange->server_hello));
  Send(exchange, exchange->verdict,
       [exchange, judgement, done = std::move(done)](const Status& sent) {
         if (!judgement.ok()) return done(judgement);
         if (!sent.ok()) return done(sent);
         done(ProvenClient{ClientIdOf(exchange->client_hello), exchange->socket});
       });
}

// A client on this host may have TLS where we do not insist on it.
ProofBy OfferedProof(const ExchangeRef& exchange) {
  const ProofBy wanted = WantedProof(exchange->terms, *exchange->socket);
  const bool may = exchange->terms.tls != nullptr;
  return may && ProofOf(exchange->client_hello) == ProofBy::kTls ? ProofBy::kTls : wanted;
}

void AnswerClientHello(const ExchangeRef& exchange, OnClient done) {
  exchange->server_hello = MakeServerHello(NewNonce(), OfferedProof(exchange));
  Status checked = CheckHello(exchange->client_hello);
  if (checked.code() == Code::kDataLoss) return done(checked);  // a stranger is told nothing
  if (checked.ok()) checked = CheckProofsAgree(exchange->server_hello, exchange->client_hello);
  // A client of another version or protection does hear the reason: it reads ours in the hello.
  Send(exchange, exchange->server_hello,
       [exchange, checked, done = std::move(done)](const Status& sent) {
         if (!checked.ok()) return done(checked);
         if (!sent.ok()) return done(sent);
         if (ProofOf(exchange->server_hello) == ProofBy::kTls) {
           return ProveByTls(
               exchange, Role::kServer, [exchange, done](Result<std::shared_ptr<Socket>> socket) {
                 if (!socket.ok()) return done(socket.status());
                 done(ProvenClient{ClientIdOf(exchange->client_hello), std::move(*socket)});
               });
         }
         exchange->socket->Read(exchange->proof, [exchange, done](const Status& status) {
           if (!status.ok()) return done(status);
           Judge(exchange, done);
         });
       });
}

}  // namespace

HandshakeTerms::HandshakeTerms(std::string token_of_service, Protection wanted,
                               std::shared_ptr<const TlsContext> context)
    : token(std::move(token_of_service)), protection(wanted), tls(std::move(context)) {
  CHECK(!token.empty(), "connections of TCP without a token");
  CHECK((tls == nullptr) == (protection == Protection::kAuthenticated));
}

void RunClientHandshake(std::shared_ptr<Socket> socket, const HandshakeTerms& terms,
                        uint64_t client_id, OnSocket done) {
  auto exchange = std::make_shared<Exchange>(std::move(socket), terms);
  exchange->client_hello =
      MakeClientHello(client_id, NewNonce(), WantedProof(terms, *exchange->socket));
  Send(exchange, exchange->client_hello, [exchange, done = std::move(done)](const Status& sent) {
    if (!sent.ok()) return done(sent);
    AnswerServerHello(exchange, done);
  });
}

void RunServerHandshake(std::shared_ptr<Socket> socket, const HandshakeTerms& terms,
                        OnClient done) {
  auto exchange = std::make_shared<Exchange>(std::move(socket), terms);
  exchange->socket->Read(exchange->client_hello,
                         [exchange, done = std::move(done)](const Status& status) {
                           if (!status.ok()) return done(status);
                           AnswerClientHello(exchange, done);
                         });
}

}  // namespace chorus
