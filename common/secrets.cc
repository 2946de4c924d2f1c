#include "common/secrets.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>

#include "common/check.h"

namespace chorus {
namespace {

constexpr size_t kTagBytes = 16;
// Always the same, since a key seals only one text (secrets.h).
constexpr unsigned char kNonce[12] = {};

struct Free {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Key = std::unique_ptr<EVP_PKEY, Free>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Free>;
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, Free>;

const unsigned char* BytesOfText(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* BytesOfText(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}
int SizeOf(std::string_view text) { return static_cast<int>(text.size()); }

class X25519KeyPair final : public KeyPair {
 public:
  X25519KeyPair(Key key, std::string public_key)
      : key_(std::move(key)), public_key_(std::move(public_key)) {}

  const std::string& public_key() const override { return public_key_; }

  Result<std::string> Agree(std::string_view public_key) const override {
    const Status wrong = PermissionDenied("what a rank sent is no public key");
    if (public_key.size() != kSecretBytes) return wrong;
    const Key peer(EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, nullptr, BytesOfText(public_key),
                                               public_key.size()));
    const KeyContext context(EVP_PKEY_CTX_new(key_.get(), nullptr));
    std::string secret(kSecretBytes, '\0');
    size_t size = secret.size();
    // A point of small order, whose secret anybody knows, is refused by the last call.
    if (peer == nullptr || context == nullptr || EVP_PKEY_derive_init(context.get()) != 1 ||
        EVP_PKEY_derive_set_peer(context.get(), peer.get()) != 1 ||
        EVP_PKEY_derive(context.get(), BytesOfText(secret), &size) != 1 || size != kSecretBytes) {
      return wrong;
    }
    return secret;
  }

 private:
  const Key key_;
  const std::string public_key_;
};

}  // namespace

Result<std::unique_ptr<KeyPair>> NewKeyPair() {
  const KeyContext context(EVP_PKEY_CTX_new_id(EVP_PKEY_X25519, nullptr));
  EVP_PKEY* made = nullptr;
  std::string public_key(kSecretBytes, '\0');
  size_t size = public_key.size();
  if (context == nullptr || EVP_PKEY_keygen_init(context.get()) != 1 ||
      EVP_PKEY_keygen(context.get(), &made) != 1) {
    return Internal("the system's OpenSSL makes no X25519 keys");
  }
  Key key(made);
  CHECK(EVP_PKEY_get_raw_public_key(made, BytesOfText(public_key), &size) == 1 &&
        size == kSecretBytes);
  return std::unique_ptr<KeyPair>(
      std::make_unique<X25519KeyPair>(std::move(key), std::move(public_key)));
}

std::string DeriveKey(std::string_view secret, std::string_view purpose) {
  const KeyContext context(EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, nullptr));
  std::string key(kSecretBytes, '\0');
  size_t size = key.size();
  CHECK(
      context != nullptr && EVP_PKEY_derive_init(context.get()) == 1 &&
          EVP_PKEY_CTX_set_hkdf_md(context.get(), EVP_sha256()) == 1 &&
          EVP_PKEY_CTX_set1_hkdf_key(context.get(), BytesOfText(secret), SizeOf(secret)) == 1 &&
          EVP_PKEY_CTX_add1_hkdf_info(context.get(), BytesOfText(purpose), SizeOf(purpose)) == 1 &&
          EVP_PKEY_derive(context.get(), BytesOfText(key), &size) == 1 && size == kSecretBytes,
      "HKDF-SHA256 failed");
  return key;
}

std::string Sign(std::string_view key, std::string_view text) {
  std::string signature(kSecretBytes, '\0');
  unsigned int size = 0;
  CHECK(HMAC(EVP_sha256(), key.data(), SizeOf(key), BytesOfText(text), text.size(),
             BytesOfText(signature), &size) != nullptr &&
            size == kSecretBytes,
        "HMAC-SHA256 failed");
  return signature;
}

bool SameSecret(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string Seal(std::string_view key, std::string_view text) {
  CHECK(key.size() == kSecretBytes);
  const CipherContext context(EVP_CIPHER_CTX_new());
  std::string sealed(text.size() + kTagBytes, '\0');
  unsigned char* const out = BytesOfText(sealed);
  int size = 0, rest = 0;
  CHECK(context != nullptr &&
            EVP_EncryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, BytesOfText(key),
                               kNonce) == 1 &&
            EVP_EncryptUpdate(context.get(), out, &size, BytesOfText(text), SizeOf(text)) == 1 &&
            EVP_EncryptFinal_ex(context.get(), out + size, &rest) == 1 &&
            EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes,
                                out + text.size()) == 1,
        "AES-256-GCM failed");
  return sealed;
}

Result<std::string> Unseal(std::string_view key, std::string_view sealed) {
  CHECK(key.size() == kSecretBytes);
  const Status wrong = PermissionDenied("sealed with another key, or altered on the way");
  if (sealed.size() < kTagBytes) return wrong;
  const std::string_view cipher = sealed.substr(0, sealed.size() - kTagBytes);
  std::string tag(sealed.substr(cipher.size()));
  std::string text(cipher.size() + 1, '\0');  // one more, so that there is an address to write to
  const CipherContext context(EVP_CIPHER_CTX_new());
  int size = 0, rest = 0;
  CHECK(context != nullptr &&
            EVP_DecryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, BytesOfText(key),
                               kNonce) == 1 &&
            EVP_DecryptUpdate(context.get(), BytesOfText(text), &size, BytesOfText(cipher),
                              SizeOf(cipher)) == 1 &&
            EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes, tag.data()) == 1,
        "AES-256-GCM failed");
  if (EVP_DecryptFinal_ex(context.get(), BytesOfText(text) + size, &rest) != 1) return wrong;
  text.resize(cipher.size());
  return text;
}

}  // namespace chorus
