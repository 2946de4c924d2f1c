#include "common/secrets.h"

#include <gtest/gtest.h>

namespace chorus {
namespace {

TEST(SecretsTest, TwoPairsFindOneSecretThatAThirdDoesNot) {
  const auto a = NewKeyPair().value(), b = NewKeyPair().value(), c = NewKeyPair().value();
  EXPECT_EQ(a->public_key().size(), kSecretBytes);
  EXPECT_NE(a->public_key(), b->public_key());
  const std::string secret = a->Agree(b->public_key()).value();
  EXPECT_EQ(secret.size(), kSecretBytes);
  EXPECT_EQ(b->Agree(a->public_key()).value(), secret);
  EXPECT_NE(c->Agree(a->public_key()).value(), secret);
  EXPECT_NE(c->Agree(b->public_key()).value(), secret);
}

TEST(SecretsTest, WhatIsNoPublicKeyIsRefused) {
  const auto pair = NewKeyPair().value();
  for (const std::string& wrong :
       {std::string(), std::string(31, 'x'), std::string(33, 'x'), std::string(32, '\0')}) {
    EXPECT_EQ(pair->Agree(wrong).status().code(), Code::kPermissionDenied) << wrong.size();
  }
}

TEST(SecretsTest, KeysDependOnSecretAndPurpose) {
  const std::string key = DeriveKey("secret", "purpose");
  EXPECT_EQ(key.size(), kSecretBytes);
  EXPECT_EQ(DeriveKey("secret", "purpose"), key);
  EXPECT_NE(DeriveKey("Secret", "purpose"), key);
  EXPECT_NE(DeriveKey("secret", "Purpose"), key);
}

// RFC 5869, A.3: SHA-256, neither salt nor info.
TEST(SecretsTest, KeysAreThoseOfTheRfc) {
  const unsigned char expected[] = {0x8d, 0xa4, 0xe7, 0x75, 0xa5, 0x63, 0xc1, 0x8f,
                                    0x71, 0x5f, 0x80, 0x2a, 0x06, 0x3c, 0x5a, 0x31,
                                    0xb8, 0xa1, 0x1f, 0x5c, 0x5e, 0xe1, 0x87, 0x9e,
                                    0xc3, 0x45, 0x4e, 0x5f, 0x3c, 0x73, 0x8d, 0x2d};
  const std::string key = DeriveKey(std::string(22, '\x0b'), "");
  EXPECT_EQ(key, std::string(reinterpret_cast<const char*>(expected), sizeof(expected)));
}

TEST(SecretsTest, ASealedTextComesBackWholeOrNotAtAll) {
  const std::string key = DeriveKey("a", ""), other = DeriveKey("b", "");
  for (const std::string& text : {std::string(), std::string("text"), std::string(5000, 'x')}) {
    const std::string sealed = Seal(key, text);
    EXPECT_TRUE(text.empty() || sealed.find(text) == std::string::npos);
    EXPECT_EQ(Unseal(key, sealed).value(), text);
    EXPECT_EQ(Unseal(other, sealed).status().code(), Code::kPermissionDenied);
    for (const size_t at : {size_t{0}, sealed.size() / 2, sealed.size() - 1}) {
      std::string altered = sealed;
      altered[at] = static_cast<char>(altered[at] ^ 1);
      EXPECT_FALSE(Unseal(key, altered).ok()) << at;
    }
    EXPECT_FALSE(Unseal(key, sealed.substr(1)).ok());
  }
  EXPECT_FALSE(Unseal(key, "").ok());
}

TEST(SecretsTest, SignaturesAndSecretsAreCompared) {
  EXPECT_TRUE(SameSecret(Sign("key", "text"), Sign("key", "text")));
  EXPECT_FALSE(SameSecret(Sign("key", "text"), Sign("Key", "text")));
  EXPECT_FALSE(SameSecret(Sign("key", "text"), Sign("key", "Text")));
  EXPECT_FALSE(SameSecret("a", "ab"));
  EXPECT_TRUE(SameSecret("", ""));
}

}  // namespace
}  // namespace chorus
