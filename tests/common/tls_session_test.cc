// Two sessions whose bytes the test itself carries, and alters.
#include "common/tls_session.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "common/check.h"
#include "common/secrets.h"

namespace chorus {
namespace {

using Bytes = std::vector<std::byte>;

Bytes BytesOfText(const std::string& text) {
  Bytes bytes(text.size());
  if (!text.empty()) std::memcpy(bytes.data(), text.data(), text.size());
  return bytes;
}

std::string Pattern(size_t size) {
  std::string text(size, '\0');
  for (size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + i * i % 26);
  return text;
}

class TlsSessionTest : public ::testing::Test {
 protected:
  std::unique_ptr<TlsSession> New(Role role, const std::string& key,
                                  uint64_t bytes_of_one_key = TlsSession::kBytesOfOneKey) {
    return TlsSession::Create(context_, role, key, bytes_of_one_key).value();
  }
  void Make(const std::string& client_key, const std::string& server_key,
            uint64_t bytes_of_one_key = TlsSession::kBytesOfOneKey) {
    client_ = New(Role::kClient, client_key, bytes_of_one_key);
    server_ = New(Role::kServer, server_key, bytes_of_one_key);
  }
  static Bytes Output(TlsSession& session) {
    Bytes bytes;
    session.TakeOutput(&bytes);
    return bytes;
  }
  // As much as goes in at once; the rest stays in `bytes`.
  static void Give(TlsSession& to, Bytes* bytes) {
    const auto space = to.InputSpace();
    const size_t count = std::min(space.size(), bytes->size());
    std::copy_n(bytes->begin(), count, space.begin());
    to.Came(count);
    bytes->erase(bytes->begin(), bytes->begin() + static_cast<long>(count));
  }
  static constexpr size_t kNowhere = SIZE_MAX;
  // Carries flights until both have ended or one has failed; the two outcomes. A bit of byte `alter_at`
  // of the first flight of `whose` is another when it comes.
  std::pair<Status, Status> Shake(Role whose = Role::kClient, size_t alter_at = kNowhere) {
    const int altered = whose == Role::kClient ? 0 : 1;
    Status statuses[2];
    TlsSession* const sides[2] = {client_.get(), server_.get()};
    bool ended[2] = {false, false};
    for (int turn = 0; turn < 8 && !(ended[0] && ended[1]); ++turn) {
      const int side = turn % 2;
      if (ended[side] || !statuses[side].ok()) continue;
      const Result<bool> result = sides[side]->Shake();
      if (!result.ok()) statuses[side] = result.status();
      ended[side] = result.ok() && *result;
      Bytes flight = Output(*sides[side]);
      spied_.insert(spied_.end(), flight.begin(), flight.end());
      if (turn == altered && alter_at < flight.size()) flight[alter_at] ^= std::byte{1};
      if (turn < 2) flight_bytes_[side] = flight.size();
      if (!flight.empty()) Give(*sides[1 - side], &flight);
    }
    for (int side = 0; side < 2; ++side) {
      if (statuses[side].ok() && !ended[side]) statuses[side] = Unavailable("waits for ever");
    }
    return {statuses[0], statuses[1]};
  }
  void ShakeWell() {
    const auto [client, server] = Shake();
    ASSERT_TRUE(client.ok()) << client.ToString();
    ASSERT_TRUE(server.ok()) << server.ToString();
  }
  // The records that carry a text, each of a piece of it.
  static std::vector<Bytes> Records(TlsSession& from, const std::string& text, size_t piece) {
    std::vector<Bytes> records;
    const Bytes all = BytesOfText(text);
    for (size_t at = 0; at < all.size(); at += piece) {
      EXPECT_TRUE(from.Write(std::span(all).subspan(at, std::min(piece, all.size() - at))).ok());
      records.push_back(Output(from));
    }
    return records;
  }
  // What comes out when these bytes come in.
  static Result<std::string> Receive(TlsSession& to, const std::vector<Bytes>& records) {
    Bytes all;
    for (const Bytes& record : records) all.insert(all.end(), record.begin(), record.end());
    std::string text;
    Bytes out(1000);
    while (!all.empty()) {
      Give(to, &all);
      size_t got = 0;
      do {
        ASSIGN_OR_RETURN(got, to.Read(out));
        text.append(reinterpret_cast<const char*>(out.data()), got);
      } while (got == out.size());
    }
    return text;
  }

  const std::shared_ptr<const TlsContext> context_ = TlsContext::Create().value();
  const std::string key_ = DeriveKey("token", "");
  std::unique_ptr<TlsSession> client_, server_;
  Bytes spied_;
  size_t flight_bytes_[2] = {0, 0};  // the first of client and server
};

TEST_F(TlsSessionTest, OfOneKeyCarryBytesInBothDirections) {
  Make(key_, key_);
  ShakeWell();
  const std::string text = Pattern(100000);
  for (const size_t piece : {size_t{1000}, TlsSession::kRecordBytes}) {
    EXPECT_EQ(Receive(*server_, Records(*client_, text, piece)).value(), text);
    EXPECT_EQ(Receive(*client_, Records(*server_, text, piece)).value(), text);
  }
}

TEST_F(TlsSessionTest, WhatTheyCarryIsNotToBeRead) {
  Make(key_, key_);
  ShakeWell();
  const Bytes record = Records(*client_, Pattern(64), 64).front();
  const Bytes plain = BytesOfText(Pattern(8)), key = BytesOfText(key_.substr(0, 8));
  EXPECT_EQ(std::search(record.begin(), record.end(), plain.begin(), plain.end()), record.end());
  EXPECT_EQ(std::search(spied_.begin(), spied_.end(), key.begin(), key.end()), spied_.end());
}

TEST_F(TlsSessionTest, OfTwoKeysRefuseEachOther) {
  Make(key_, DeriveKey("another", ""));
  const auto [client, server] = Shake();
  for (const Status& status : {client, server}) {
    EXPECT_EQ(status.code(), Code::kPermissionDenied);
    EXPECT_NE(status.message().find("cannot prove the job's key"), std::string::npos)
        << status.message();
  }
}

// Without the key a server could only show a certificate, and a client none.
TEST_F(TlsSessionTest, AStrangersBytesEndTheHandshakeAndAreNoRefusal) {
  Make(key_, key_);
  EXPECT_FALSE(client_->Shake().value());
  for (TlsSession* const side : {server_.get(), client_.get()}) {
    Bytes stranger = BytesOfText(std::string(300, 'G'));
    Give(*side, &stranger);
    const Status status = side->Shake().status();
    EXPECT_EQ(status.code(), Code::kUnavailable);
    EXPECT_NE(status.message().find("the TLS handshake failed: "), std::string::npos)
        << status.message();
  }
}

// Behind the lengths of record and message, with which more bytes are waited for, and the version of
// the first record, which nobody reads.
TEST_F(TlsSessionTest, NoAlteredByteOfTheFirstMessagesIsAccepted) {
  constexpr size_t kLengths = 5 + 4;
  for (const Role whose : {Role::kClient, Role::kServer}) {
    Make(key_, key_);
    ShakeWell();
    const size_t bytes = flight_bytes_[whose == Role::kClient ? 0 : 1];
    ASSERT_GT(bytes, 150u);
    for (size_t at = kLengths; at < bytes; ++at) {
      Make(key_, key_);
      const auto [client, server] = Shake(whose, at);
      EXPECT_FALSE(client.ok()) << at;
      EXPECT_FALSE(server.ok()) << at;
    }
  }
}

// Of a server's answer: the client finds it, and it says nothing of the key.
TEST_F(TlsSessionTest, AnAlteredAnswerIsNoRefusal) {
  Make(key_, key_);
  ShakeWell();
  const size_t last = flight_bytes_[1] - 1;
  Make(key_, key_);
  const Status client = Shake(Role::kServer, last).first;
  EXPECT_EQ(client.code(), Code::kUnavailable);
  EXPECT_NE(client.message().find("the TLS handshake failed: "), std::string::npos)
      << client.message();
}

TEST_F(TlsSessionTest, AlteredLeftOutRepeatedAndMovedRecordsAreFound) {
  const std::string text = Pattern(5000);
  for (const char* attack : {"alter", "leave out", "repeat", "move", "cut"}) {
    Make(key_, key_);
    ShakeWell();
    std::vector<Bytes> records = Records(*client_, text, 1000);
    ASSERT_EQ(records.size(), 5u);
    switch (*attack) {
      case 'a':
        records[2][500] ^= std::byte{1};
        break;
      case 'l':
        records.erase(records.begin() + 2);
        break;
      case 'r':
        records.insert(records.begin() + 3, records[2]);
        break;
      case 'm':
        std::swap(records[2], records[3]);
        break;
      default:
        records[2].erase(records[2].end() - 7, records[2].end());
        break;
    }
    EXPECT_EQ(Receive(*server_, records).status().code(), Code::kDataLoss) << attack;
  }
}

TEST_F(TlsSessionTest, ARecordOfAnotherConnectionIsFound) {
  Make(key_, key_);
  ShakeWell();
  const std::vector<Bytes> recorded = Records(*client_, Pattern(100), 100);
  Make(key_, key_);
  ShakeWell();
  EXPECT_EQ(Receive(*server_, recorded).status().code(), Code::kDataLoss);
}

TEST_F(TlsSessionTest, SendersTakeNewKeysAndReadersFollow) {
  Make(key_, key_, 50000);
  ShakeWell();
  const std::string text = Pattern(210000);
  EXPECT_EQ(Receive(*server_, Records(*client_, text, 10000)).value(), text);
  EXPECT_EQ(client_->key_changes(), 4u);
  EXPECT_EQ(Receive(*client_, Records(*server_, text, 10000)).value(), text);
  EXPECT_EQ(server_->key_changes(), 4u);
  EXPECT_EQ(Receive(*server_, Records(*client_, text, 10000)).value(), text);
}

}  // namespace
}  // namespace chorus
