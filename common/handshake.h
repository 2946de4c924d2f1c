#pragma once
// The proof of the job's token before a connection carries frames (README.md, "Handshake", gives the
// bytes). Both sides say hello: version, a fresh nonce, and how they will prove the token.
//
// kResponse is a challenge and a response in both directions: each side sends HMAC-SHA256(token,
// role, both hellos). A recorded proof is worth nothing later, and the roles make a reflected one
// worthless, too. The proof shows who is there; it does not encrypt or sign what follows.
//
// kTls is TLS (tls_session.h) with a key drawn from token and hellos: what follows is sealed, and
// hellos that were altered make another key.
// Thread safety: pure functions (NewNonce reads the system's random source).

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "common/secrets.h"
#include "common/status.h"

namespace chorus {

using Nonce = std::array<std::byte, 32>;
using Proof = std::array<std::byte, 32>;
using ClientHello = std::array<std::byte, 48>;  // magic, version, ProofBy, client id, nonce
using ServerHello = std::array<std::byte, 40>;  // magic, version, ProofBy, nonce
using Verdict = std::array<std::byte, 40>;      // 0 or a Code, 0, the server's proof

// The token of those listeners of a job that answer as this service; service "" has the job's own
// token.
std::string TokenOfService(const std::string& token, const std::string& service);

enum class Role { kClient, kServer };
enum class ProofBy : uint16_t { kResponse = 0, kTls = 1 };

Nonce NewNonce();
ClientHello MakeClientHello(uint64_t client_id, const Nonce& nonce,
                            ProofBy proof = ProofBy::kResponse);
ServerHello MakeServerHello(const Nonce& nonce, ProofBy proof = ProofBy::kResponse);
// Errors: kDataLoss (not a Chorus peer), kFailedPrecondition (another version).
Status CheckHello(std::span<const std::byte> hello);
uint64_t ClientIdOf(const ClientHello& hello);
// Error: kFailedPrecondition when the two sides want different proofs. The message is for the side
// whose hello is `own`.
Status CheckProofsAgree(std::span<const std::byte> own, std::span<const std::byte> peers);
ProofBy ProofOf(std::span<const std::byte> hello);
// The key of the connection's TLS, kSecretBytes bytes.
std::string TlsKey(std::string_view token, const ClientHello& client, const ServerHello& server);

Proof MakeProof(std::string_view token, Role role, const ClientHello& client,
                const ServerHello& server);
// Error: kPermissionDenied when the two differ. The check takes the same time wherever they differ, so that the time
// reveals nothing about the proof.
Status CheckProof(const Proof& proof, const Proof& expected);

Verdict MakeVerdict(const Status& status, const Proof& proof);  // without the proof if not OK
// OK if the server accepted us and its proof is the one expected. Errors: kPermissionDenied,
// kFailedPrecondition.
Status CheckVerdict(const Verdict& verdict, const Proof& expected);

}  // namespace chorus
