#include "common/handshake.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <cstring>
#include <string>

#include "common/check.h"
#include "common/frame_codec.h"
#include "common/strings.h"

namespace chorus {
namespace {

template <typename Bytes>
void WriteHelloStart(Bytes* hello) {
  std::memcpy(hello->data(), &kWireMagic, sizeof(kWireMagic));
  std::memcpy(hello->data() + 4, &kWireVersion, sizeof(kWireVersion));
}

constexpr std::string_view kClientLabel = "chorus client proof";
constexpr std::string_view kServerLabel = "chorus server proof";

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

ClientHello MakeClientHello(uint64_t client_id, const Nonce& nonce) {
  ClientHello hello{};
  WriteHelloStart(&hello);
  std::memcpy(hello.data() + 8, &client_id, sizeof(client_id));
  std::memcpy(hello.data() + 16, nonce.data(), nonce.size());
  return hello;
}

ServerHello MakeServerHello(const Nonce& nonce) {
  ServerHello hello{};
  WriteHelloStart(&hello);
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

Proof MakeProof(std::string_view token, Role role, const ClientHello& client,
                const ServerHello& server) {
  std::string transcript(role == Role::kClient ? kClientLabel : kServerLabel);
  transcript.append(reinterpret_cast<const char*>(client.data()), client.size());
  transcript.append(reinterpret_cast<const char*>(server.data()), server.size());
  Proof proof{};
  unsigned int length = 0;
  const unsigned char* made =
      HMAC(EVP_sha256(), token.data(), static_cast<int>(token.size()),
           reinterpret_cast<const unsigned char*>(transcript.data()), transcript.size(),
           reinterpret_cast<unsigned char*>(proof.data()), &length);
  CHECK(made != nullptr && length == proof.size(), "HMAC-SHA256 failed");
  return proof;
}

bool SameProof(const Proof& a, const Proof& b) {
  return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

Verdict MakeVerdict(const Status& status, const Proof& proof) {
  Verdict verdict{};
  const auto code = static_cast<uint32_t>(status.code());
  std::memcpy(verdict.data(), &code, sizeof(code));
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
  if (!SameProof(proof, expected)) {
    return PermissionDenied("the peer did not prove this job's token");
  }
  return Status::Ok();
}

}  // namespace chorus
