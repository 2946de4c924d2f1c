#include "common/handshake.h"

#include <gtest/gtest.h>

namespace chorus {
namespace {

struct Hellos {
  ClientHello client = MakeClientHello(42, NewNonce());
  ServerHello server = MakeServerHello(NewNonce());
};

TEST(HandshakeTest, ProofsDependOnTokenRoleAndBothHellos) {
  const Hellos a, b;
  const Proof proof = MakeProof("token", Role::kClient, a.client, a.server);
  EXPECT_TRUE(CheckProof(proof, MakeProof("token", Role::kClient, a.client, a.server)).ok());
  EXPECT_EQ(CheckProof(proof, MakeProof("Token", Role::kClient, a.client, a.server)).code(),
            Code::kPermissionDenied);
  EXPECT_EQ(CheckProof(proof, MakeProof("token", Role::kServer, a.client, a.server)).code(),
            Code::kPermissionDenied);
  EXPECT_EQ(CheckProof(proof, MakeProof("token", Role::kClient, b.client, a.server)).code(),
            Code::kPermissionDenied);
  EXPECT_EQ(CheckProof(proof, MakeProof("token", Role::kClient, a.client, b.server)).code(),
            Code::kPermissionDenied);
}

TEST(HandshakeTest, AReflectedProofIsNotTheServers) {
  const Hellos hellos;
  const Proof ours = MakeProof("token", Role::kClient, hellos.client, hellos.server);
  const Proof expected = MakeProof("token", Role::kServer, hellos.client, hellos.server);
  EXPECT_EQ(CheckVerdict(MakeVerdict(Status::Ok(), ours), expected).code(),
            Code::kPermissionDenied);
  EXPECT_TRUE(CheckVerdict(MakeVerdict(Status::Ok(), expected), expected).ok());
}

TEST(HandshakeTest, ARefusalCarriesNoProof) {
  const Hellos hellos;
  const Proof proof = MakeProof("token", Role::kServer, hellos.client, hellos.server);
  const Verdict verdict = MakeVerdict(PermissionDenied("no"), proof);
  for (size_t i = 8; i < verdict.size(); ++i) EXPECT_EQ(verdict[i], std::byte{0});
  EXPECT_EQ(CheckVerdict(verdict, proof).code(), Code::kPermissionDenied);
}

TEST(HandshakeTest, HellosTellStrangersFromOtherVersions) {
  ClientHello hello = MakeClientHello(42, NewNonce());
  EXPECT_TRUE(CheckHello(hello).ok());
  EXPECT_EQ(ClientIdOf(hello), 42u);
  hello[4] = std::byte{99};
  EXPECT_EQ(CheckHello(hello).code(), Code::kFailedPrecondition);
  hello[0] = std::byte{'X'};
  EXPECT_EQ(CheckHello(hello).code(), Code::kDataLoss);
}

TEST(HandshakeTest, TheKeyOfTlsDependsOnTokenAndBothHellos) {
  const Hellos a, b;
  const std::string key = TlsKey("token", a.client, a.server);
  EXPECT_EQ(key.size(), kSecretBytes);
  EXPECT_EQ(key, TlsKey("token", a.client, a.server));
  EXPECT_NE(key, TlsKey("Token", a.client, a.server));
  EXPECT_NE(key, TlsKey("token", b.client, a.server));
  EXPECT_NE(key, TlsKey("token", a.client, b.server));
  EXPECT_NE(key, TlsKey(TokenOfService("token", "server 0"), a.client, a.server));
  // One that seems to want another proof is another hello.
  ClientHello other = a.client;
  other[6] = std::byte{1};
  EXPECT_NE(key, TlsKey("token", other, a.server));
}

TEST(HandshakeTest, EndsThatWantTwoKindsOfProofSayWhich) {
  const ClientHello tls = MakeClientHello(1, NewNonce(), ProofBy::kTls);
  const ServerHello response = MakeServerHello(NewNonce());
  EXPECT_TRUE(CheckHello(tls).ok());
  EXPECT_EQ(ProofOf(tls), ProofBy::kTls);
  EXPECT_EQ(ProofOf(response), ProofBy::kResponse);
  EXPECT_TRUE(CheckProofsAgree(tls, MakeServerHello(NewNonce(), ProofBy::kTls)).ok());
  const Status status = CheckProofsAgree(tls, response);
  EXPECT_EQ(status.code(), Code::kFailedPrecondition);
  EXPECT_EQ(status.message(),
            "the peer wants an unencrypted connection, we want an encrypted one "
            "(cluster.protection)");
}

TEST(HandshakeTest, NoncesDiffer) { EXPECT_NE(NewNonce(), NewNonce()); }

}  // namespace
}  // namespace chorus
