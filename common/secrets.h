#pragma once
// Secrets between ranks whose messages others can hear: an ephemeral X25519 key pair, the secret
// that two pairs have in common, keys drawn from secrets, and texts sealed with such keys.
// Thread safety: pure functions (NewKeyPair reads the system's random source); key pairs are values.

#include <memory>
#include <string>
#include <string_view>

#include "common/status.h"

namespace chorus {

inline constexpr size_t kSecretBytes = 32;

// One side of an agreement. Somebody who hears both public keys learns nothing of the secret;
// somebody who can change them on the way can stand between the two sides.
class KeyPair {
 public:
  virtual ~KeyPair() = default;
  virtual const std::string& public_key() const = 0;  // kSecretBytes bytes
  // The secret that the owner of `public_key` finds with our public key. Error: kPermissionDenied
  // if `public_key` is no key.
  virtual Result<std::string> Agree(std::string_view public_key) const = 0;
};
Result<std::unique_ptr<KeyPair>> NewKeyPair();

// HKDF-SHA256 without salt: kSecretBytes bytes that tell nothing of the secret, and differ for each purpose.
std::string DeriveKey(std::string_view secret, std::string_view purpose);
// HMAC-SHA256: kSecretBytes bytes.
std::string Sign(std::string_view key, std::string_view text);
// Whether the two are equal; the comparison takes the same time wherever they differ.
bool SameSecret(std::string_view a, std::string_view b);

// AES-256-GCM with a nonce of zeros. REQUIRES: the key has kSecretBytes bytes, and seals only one
// text.
std::string Seal(std::string_view key, std::string_view text);
// Error: kPermissionDenied when the text was sealed with another key, or was altered.
Result<std::string> Unseal(std::string_view key, std::string_view sealed);

}  // namespace chorus
