#pragma once
// The proof of the job's token before a connection carries frames: a challenge and a response in
// both directions (README.md, "Handshake", gives the bytes). Each side proves HMAC-SHA256(token,
// role, both hellos), in which there is a fresh nonce of the other side: a recorded proof is worth
// nothing later, and the roles make a reflected one worthless, too. The proof shows who is there;
// it does not encrypt or sign what follows.
// Thread safety: pure functions (NewNonce reads the system's random source).

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "common/status.h"

namespace chorus {

using Nonce = std::array<std::byte, 32>;
using Proof = std::array<std::byte, 32>;
using ClientHello = std::array<std::byte, 48>;  // magic, version, 0, client id, nonce
using ServerHello = std::array<std::byte, 40>;  // magic, version, 0, nonce
using Verdict = std::array<std::byte, 40>;      // 0 or a Code, 0, the server's proof

// The token of those listeners of a job that answer as this service; "" = the job's.
std::string TokenOfService(const std::string& token, const std::string& service);

enum class Role { kClient, kServer };

Nonce NewNonce();
ClientHello MakeClientHello(uint64_t client_id, const Nonce& nonce);
ServerHello MakeServerHello(const Nonce& nonce);
// Errors: kDataLoss (not a Chorus peer), kFailedPrecondition (another version).
Status CheckHello(std::span<const std::byte> hello);
uint64_t ClientIdOf(const ClientHello& hello);

Proof MakeProof(std::string_view token, Role role, const ClientHello& client,
                const ServerHello& server);
// Takes the same time wherever the two differ, so that the time tells nothing of the proof.
bool SameProof(const Proof& a, const Proof& b);

Verdict MakeVerdict(const Status& status, const Proof& proof);  // without the proof if not OK
// OK if the server accepted us and its proof is the one expected. Errors: kPermissionDenied,
// kFailedPrecondition.
Status CheckVerdict(const Verdict& verdict, const Proof& expected);

}  // namespace chorus
