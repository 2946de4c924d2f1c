#include "common/handshake.h"

#include <openssl/rand.h>

#include <cstring>
#include <string>

#include "common/check.h"
#include "common/frame_codec.h"
#include "common/strings.h"

namespace chorus {
namespace {

template <typename Bytes>
void WriteHelloStart(Bytes* hello, ProofBy proof) {
  std::memcpy(hello->data(), &kWireMagic, sizeof(kWireMagic));
  std::memcpy(hello->data() + 4, &kWireVersion, sizeof(kWireVersion));
  std::memcpy(hello->data() + 6, &proof, sizeof(proof));
}

// Both hellos are in it: a change to one of them on the way (its version, kind of proof or nonce)
// makes another proof and another key.
std::string Transcript(std::string_view label, const ClientHello& client,
                       const ServerHello& server) {
  std::string transcript(label);
  transcript.append(reinterpret_cast<const char*>(client.data()), client.size());
  transcript.append(reinterpret_cast<const char*>(server.data()), server.size());
  return transcript;
}

// They differ, so that a proof that is sent back to its sender proves nothing.
constexpr std::string_view kClientLabel = "chorus client proof";
constexpr std::string_view kServerLabel = "chorus server proof";
constexpr std::string_view kTlsLabel = "chorus tls key";

}  // namespace

std::string TokenOfService(const std::string& token, const std::string& service) {
  return service.empty() ? token : StrCat(token, " ", service);
}

Nonce NewNonce() {
  Nonce nonce;
  CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(nonce.data()),
                   static_cast<int>(nonce.size())) == 1,
        "the system's random source failed");
  return nonce;
}

ClientHello MakeClientHello(uint64_t client_id, const Nonce& nonce, ProofBy proof) {
  ClientHello hello{};
  WriteHelloStart(&hello, proof);
  std::memcpy(hello.data() + 8, &client_id, sizeof(client_id));
  std::memcpy(hello.data() + 16, nonce.data(), nonce.size());
  return hello;
}

ServerHello MakeServerHello(const Nonce& nonce, ProofBy proof) {
  ServerHello hello{};
  WriteHelloStart(&hello, proof);
  std::memcpy(hello.data() + 8, nonce.data(), nonce.size());
  return hello;
}

Status CheckHello(std::span<const std::byte> hello) {
  uint32_t magic = 0;
  uint16_t version = 0;
  CHECK(hello.size() >= 8);
  std::memcpy(&magic, hello.data(), sizeof(magic));
  std::memcpy(&version, hello.data() + 4, sizeof(version));
  if (magic != kWireMagic) return DataLoss("not a Chorus peer (wrong magic)");
  if (version != kWireVersion) {
    return FailedPrecondition(
        StrCat("the peer speaks wire version ", version, ", we speak ", kWireVersion));
  }
  return Status::Ok();
}

uint64_t ClientIdOf(const ClientHello& hello) {
  uint64_t client_id = 0;
  std::memcpy(&client_id, hello.data() + 8, sizeof(client_id));
  return client_id;
}

ProofBy ProofOf(std::span<const std::byte> hello) {
  ProofBy proof = ProofBy::kResponse;
  CHECK(hello.size() >= 8);
  std::memcpy(&proof, hello.data() + 6, sizeof(proof));
  return proof;
}

Status CheckProofsAgree(std::span<const std::byte> own, std::span<const std::byte> peers) {
  if (ProofOf(own) == ProofOf(peers)) return Status::Ok();
  const auto kind = [](ProofBy proof) {
    return proof == ProofBy::kTls ? "encrypted" : "unencrypted";
  };
  return FailedPrecondition(StrCat("the peer wants an ", kind(ProofOf(peers)),
                                   " connection, we want an ", kind(ProofOf(own)),
                                   " one (cluster.protection)"));
}

std::string TlsKey(std::string_view token, const ClientHello& client, const ServerHello& server) {
  return DeriveKey(token, Transcript(kTlsLabel, client, server));
}

Proof MakeProof(std::string_view token, Role role, const ClientHello& client,
                const ServerHello& server) {
  const std::string made =
      Sign(token, Transcript(role == Role::kClient ? kClientLabel : kServerLabel, client, server));
  Proof proof{};
  CHECK(made.size() == proof.size());
  std::memcpy(proof.data(), made.data(), made.size());
  return proof;
}

Status CheckProof(const Proof& proof, const Proof& expected) {
  const auto text = [](const Proof& of) {
    return std::string_view(reinterpret_cast<const char*>(of.data()), of.size());
  };
  if (SameSecret(text(proof), text(expected))) return Status::Ok();
  return PermissionDenied("the peer did not prove this job's token");
}

Verdict MakeVerdict(const Status& status, const Proof& proof) {
  Verdict verdict{};
  const auto code = static_cast<uint32_t>(status.code());
  std::memcpy(verdict.data(), &code, sizeof(code));
  // A refused client may be a stranger, and gets no proof.
  if (status.ok()) std::memcpy(verdict.data() + 8, proof.data(), proof.size());
  return verdict;
}

Status CheckVerdict(const Verdict& verdict, const Proof& expected) {
  uint32_t code = 0;
  Proof proof;
  std::memcpy(&code, verdict.data(), sizeof(code));
  std::memcpy(proof.data(), verdict.data() + 8, proof.size());
  if (code == static_cast<uint32_t>(Code::kFailedPrecondition)) {
    return FailedPrecondition("the peer refused our wire version");
  }
  if (code != 0) return PermissionDenied("the peer refused our token: is it of another job?");
  return CheckProof(proof, expected);
}

}  // namespace chorus
