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
  EXPECT_TRUE(SameProof(proof, MakeProof("token", Role::kClient, a.client, a.server)));
  EXPECT_FALSE(SameProof(proof, MakeProof("Token", Role::kClient, a.client, a.server)));
  EXPECT_FALSE(SameProof(proof, MakeProof("token", Role::kServer, a.client, a.server)));
  EXPECT_FALSE(SameProof(proof, MakeProof("token", Role::kClient, b.client, a.server)));
  EXPECT_FALSE(SameProof(proof, MakeProof("token", Role::kClient, a.client, b.server)));
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

TEST(HandshakeTest, NoncesDiffer) { EXPECT_NE(NewNonce(), NewNonce()); }

}  // namespace
}  // namespace chorus
