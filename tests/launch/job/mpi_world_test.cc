// Every process of an mpirun job runs all tests in step; also run as one plain process.
#include "launch/job/mpi_world.h"

#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <functional>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "common/file.h"
#include "common/strings.h"
#include "launch/job/job_token.h"
#include "launch/job/places.h"
#include "launch/job/shared_folder.h"

namespace chorus::launch {
namespace {

MpiWorld* world = nullptr;

uint32_t ExpectedRanks() {
  const char* text = std::getenv("EXPECTED_RANKS");
  return static_cast<uint32_t>(ParseUint64(text == nullptr ? "1" : text).value_or(0));
}

TEST(MpiWorld, KnowsItsRanksAndItsNode) {
  EXPECT_EQ(world->all().size(), ExpectedRanks());
  EXPECT_LT(world->all().rank(), world->all().size());
  EXPECT_FALSE(world->node().empty());
  EXPECT_EQ(world->all().handle() != nullptr, MpiWorld::Launched());
}

TEST(MpiWorld, ExchangesTextsOfAnyLength) {
  Communicator& all = world->all();
  const auto text = [](uint32_t rank) {
    return std::string(rank * 70000, 'x') + StrCat("rank ", rank);
  };
  const auto gathered = all.AllGather(text(all.rank()));
  ASSERT_TRUE(gathered.ok()) << gathered.status().ToString();
  ASSERT_EQ(gathered->size(), all.size());
  for (uint32_t rank = 0; rank < all.size(); ++rank) EXPECT_EQ((*gathered)[rank], text(rank));
  for (uint32_t root = 0; root < all.size(); ++root) {
    const auto at_root = all.Gather(text(all.rank()), root);
    ASSERT_TRUE(at_root.ok()) << at_root.status().ToString();
    for (uint32_t rank = 0; rank < all.size(); ++rank) {
      EXPECT_EQ((*at_root)[rank], all.rank() == root ? text(rank) : "");
    }
    const auto got = all.Broadcast(all.rank() == root ? "from the root" : "ignored", root);
    ASSERT_TRUE(got.ok());
    EXPECT_EQ(*got, "from the root");
  }
  const auto nothing = all.AllGather("");
  ASSERT_TRUE(nothing.ok());
  EXPECT_EQ((*nothing)[0], "");
}

TEST(MpiWorld, SplitGroupsRanksByColorAndLeavesOutWhoHasNone) {
  Communicator& all = world->all();
  const bool server = all.rank() == 0;
  auto workers = world->Split(server ? MpiWorld::kNoGroup : 1);
  ASSERT_TRUE(workers.ok()) << workers.status().ToString();
  EXPECT_EQ(*workers == nullptr, server);
  if (server) return;
  EXPECT_EQ((*workers)->size(), all.size() - 1);
  EXPECT_EQ((*workers)->rank(), all.rank() - 1);
  EXPECT_TRUE((*workers)->Barrier().ok());
}

// A communicator whose messages somebody hears.
class Overheard final : public Communicator {
 public:
  explicit Overheard(Communicator* inner) : inner_(*inner) {}
  uint32_t rank() const override { return inner_.rank(); }
  uint32_t size() const override { return inner_.size(); }
  void* handle() override { return inner_.handle(); }
  Result<std::string> Broadcast(const std::string& text, uint32_t root) override {
    Result<std::string> got = inner_.Broadcast(text, root);
    if (got.ok()) heard_ += *got;
    return got;
  }
  Result<std::vector<std::string>> AllGather(const std::string& mine) override {
    Result<std::vector<std::string>> got = inner_.AllGather(mine);
    if (got.ok()) heard_ += Join(*got, "");
    return got;
  }
  Status Barrier() override { return inner_.Barrier(); }
  Status BarrierUntil(const std::function<bool()>& give_up) override {
    return inner_.BarrierUntil(give_up);
  }
  const std::string& heard() const { return heard_; }

 private:
  Communicator& inner_;
  std::string heard_;
};

std::vector<Place> PlacesOfTest() {
  std::vector<Place> places;
  for (uint32_t rank = 0; rank < world->all().size(); ++rank) {
    places.push_back({StrCat("node", rank), "network"});
  }
  return places;
}

// The 32 bytes that 64 hexadecimal digits stand for.
std::string RawOf(const std::string& token) {
  std::string raw;
  for (size_t i = 0; i + 1 < token.size(); i += 2) {
    raw.push_back(static_cast<char>(std::stoi(token.substr(i, 2), nullptr, 16)));
  }
  return raw;
}

TEST(MpiWorld, SharesATokenThatWhoListensToMpiDoesNotHear) {
  Overheard all(&world->all());
  const auto token = ShareJobToken(all, "", PlacesOfTest());
  ASSERT_TRUE(token.ok()) << token.status().ToString();
  EXPECT_GT(all.heard().size(), 64u * all.size());
  const std::string raw = RawOf(*token);
  for (size_t at = 0; at < 64; at += 8) {
    EXPECT_EQ(all.heard().find(token->substr(at, 8)), std::string::npos) << at;
    EXPECT_EQ(all.heard().find(raw.substr(at / 2, 4)), std::string::npos) << at;
  }
}

TEST(MpiWorld, ASealedTokenIsForOneRankAlone) {
  const auto first = NewKeyPair().value(), second = NewKeyPair().value();
  const auto third = NewKeyPair().value();
  const std::string token = NewJobToken().value();
  const std::string sealed = SealToken(token, *first, second->public_key()).value();
  EXPECT_EQ(UnsealToken(sealed, *second, first->public_key()).value(), token);
  EXPECT_EQ(UnsealToken(sealed, *third, first->public_key()).status().code(),
            Code::kPermissionDenied);
  EXPECT_FALSE(UnsealToken(sealed, *second, third->public_key()).ok());
  EXPECT_FALSE(UnsealToken("", *second, first->public_key()).ok());
  EXPECT_FALSE(SealToken(token, *first, "no key").ok());
}

TEST(MpiWorld, SharesOneTokenPerCall) {
  Communicator& all = world->all();
  const auto token = ShareJobToken(all, "", PlacesOfTest());
  ASSERT_TRUE(token.ok());
  EXPECT_EQ(token->size(), 64u);
  EXPECT_EQ(token->find_first_not_of("0123456789abcdef"), std::string::npos);
  const auto tokens = all.AllGather(*token);
  ASSERT_TRUE(tokens.ok());
  for (const std::string& other : *tokens) EXPECT_EQ(other, *token);
  const auto again = ShareJobToken(all, "", PlacesOfTest());
  ASSERT_TRUE(again.ok());
  EXPECT_NE(*again, *token);
}

class KeyFile : public testing::Test {
 protected:
  void SetUp() override {
    const auto pid = world->all().Broadcast(StrCat(getpid()), 0);
    ASSERT_TRUE(pid.ok());
    path_ = JoinPath(testing::TempDir(), StrCat("chorus-key-", *pid, "-", rank_));
  }
  void TearDown() override { (void)PosixFiles().Remove(path_).ok(); }
  void Write(const std::string& key, mode_t mode = 0600) {
    EXPECT_TRUE(ReplaceFile(PosixFiles(), path_, key).ok());
    EXPECT_EQ(chmod(path_.c_str(), mode), 0);
  }
  Result<std::string> Share(Communicator& all) { return ShareJobToken(all, path_, PlacesOfTest()); }
  // The first rank names what is wrong, the others only that something is.
  void ExpectRefusal(const std::string& text) {
    const Status status = Share(world->all()).status();
    EXPECT_EQ(status.code(), rank_ == 0 ? Code::kFailedPrecondition : Code::kAborted)
        << status.ToString();
    EXPECT_EQ(status.message().find("cluster.key_file"), 0u) << status.message();
    EXPECT_EQ(status.message().find(text) != std::string::npos, rank_ == 0) << status.message();
  }

  const uint32_t rank_ = world->all().rank();
  const uint32_t last_ = world->all().size() - 1;
  std::string path_;
};

TEST_F(KeyFile, OfAllRanksIsNeverHeardAndGivesATokenPerCall) {
  const std::string key(32, 'k');
  Write(key, 0640);
  Overheard all(&world->all());
  const auto token = Share(all), again = Share(all);
  ASSERT_TRUE(token.ok() && again.ok()) << token.status().ToString();
  EXPECT_NE(*token, *again);
  for (const std::string& secret : {*token, RawOf(*token), key}) {
    EXPECT_EQ(all.heard().find(secret.substr(0, 8)), std::string::npos);
  }
  const auto tokens = world->all().AllGather(*token);
  ASSERT_TRUE(tokens.ok());
  for (const std::string& other : *tokens) EXPECT_EQ(other, *token);
}

TEST_F(KeyFile, ThatIsAnotherOnARankIsRefusedWithItsHost) {
  if (last_ == 0) return;
  Write(std::string(32, rank_ == last_ ? 'o' : 'k'));
  ExpectRefusal(StrCat("rank ", last_, " on node", last_, ": the bytes of "));
}

TEST_F(KeyFile, ThatOthersMayReadIsRefusedWithItsHost) {
  Write(std::string(32, 'k'), rank_ == last_ ? 0644 : 0600);
  ExpectRefusal(StrCat("rank ", last_, " on node", last_, ": "));
  ExpectRefusal("has mode 0644, so that others may read or change it: chmod 600 it");
}

TEST_F(KeyFile, ThatIsMissingOrShortIsRefusedWithItsHost) {
  if (rank_ != last_) Write(std::string(32, 'k'));
  ExpectRefusal(StrCat("rank ", last_, " on node", last_, ": ", path_.substr(0, 4)));
  Write(std::string(rank_ == last_ ? 31 : 32, 'k'));
  ExpectRefusal("has 31 bytes; a key has 32 to 65536");
}

TEST_F(KeyFile, ThatIsAFolderIsRefused) {
  EXPECT_TRUE(PosixFiles().CreateDirectories(path_).ok());
  ExpectRefusal("is no file");
  EXPECT_TRUE(PosixFiles().RemoveRecursively(path_).ok());
}

TEST(MpiWorld, AGivenUpBarrierNamesWhoIsMissing) {
  Communicator& all = world->all();
  if (all.size() == 1) return;
  auto group = world->Split(0);
  ASSERT_TRUE(group.ok());
  if (all.rank() == 1) std::this_thread::sleep_for(std::chrono::milliseconds(300));
  const auto begin = std::chrono::steady_clock::now();
  const Status status = (*group)->BarrierUntil([&] {
    return all.rank() != 1 &&
           std::chrono::steady_clock::now() - begin > std::chrono::milliseconds(100);
  });
  EXPECT_EQ(status.code() == Code::kDeadlineExceeded, all.rank() != 1) << status.ToString();
  EXPECT_EQ(status.message().find(": rank 1 did not come") != std::string::npos, all.rank() != 1)
      << status.ToString();
  EXPECT_TRUE(all.Barrier().ok());
}

// On a group of its own: the world's communicator stays usable.
TEST(MpiWorld, ABarrierEndsAtItsDeadline) {
  Communicator& all = world->all();
  if (all.size() == 1) return;
  auto group = world->Split(0);
  ASSERT_TRUE(group.ok());
  if (all.rank() == 1) std::this_thread::sleep_for(std::chrono::milliseconds(2500));
  const Status status = (*group)->Barrier();
  EXPECT_EQ(status.code() == Code::kDeadlineExceeded, all.rank() != 1) << status.ToString();
  EXPECT_EQ(status.message().find(": rank 1 did not come") != std::string::npos, all.rank() != 1)
      << status.ToString();
  EXPECT_TRUE(all.Barrier().ok());
}

// Sees what all see, and writes where nobody sees it.
class WritesElsewhere : public FileSystem {
 public:
  Result<std::unique_ptr<RandomAccessFile>> OpenForRead(const std::string& path) override {
    return PosixFiles().OpenForRead(path);
  }
  Result<std::unique_ptr<WritableFile>> Create(const std::string& path) override {
    return memory_->Create(path);
  }
  Result<std::unique_ptr<WritableFile>> OpenForAppend(const std::string& path) override {
    return memory_->OpenForAppend(path);
  }
  Status Rename(const std::string& from, const std::string& to) override {
    return memory_->Rename(from, to);
  }
  Status CreateDirectories(const std::string& path) override {
    return memory_->CreateDirectories(path);
  }
  Result<std::vector<std::string>> List(const std::string& directory) override {
    return PosixFiles().List(directory);
  }
  Status Remove(const std::string& path) override { return memory_->Remove(path); }
  Status RemoveRecursively(const std::string& path) override {
    return memory_->RemoveRecursively(path);
  }
  bool Exists(const std::string& path) override { return PosixFiles().Exists(path); }

 private:
  const std::unique_ptr<FileSystem> memory_ = NewMemoryFiles();
};

class SharedFolder : public testing::Test {
 protected:
  void SetUp() override {
    const auto gathered = GatherPlaces(world->all(), {StrCat("node", rank_), "network"});
    ASSERT_TRUE(gathered.ok());
    places_ = *gathered;
    const auto pid = world->all().Broadcast(StrCat(getpid()), 0);
    ASSERT_TRUE(pid.ok());
    folder_ = JoinPath(testing::TempDir(), "chorus-shared-" + *pid);
  }
  void TearDown() override {
    EXPECT_TRUE(world->all().Barrier().ok());
    if (rank_ > 0) return;
    EXPECT_TRUE(PosixFiles().RemoveRecursively(folder_).ok());
  }
  Status Check(const std::string& folder, bool writes) {
    return CheckSharedFolder(world->all(), PosixFiles(), "checkpoint.directory", folder, writes,
                             places_, 0.3);
  }

  const uint32_t rank_ = world->all().rank();
  std::vector<Place> places_;
  std::string folder_;
};

TEST_F(SharedFolder, OfAllRanksIsFoundAndLeftClean) {
  EXPECT_TRUE(Check(folder_, rank_ != 1).ok());
  if (world->all().size() > 1) {
    const auto left = PosixFiles().List(folder_);
    ASSERT_TRUE(left.ok());
    EXPECT_TRUE(left->empty());
  }
  EXPECT_TRUE(Check("", true).ok());  // nothing is saved
}

TEST_F(SharedFolder, ThatARankSeesElsewhereIsRefusedWithItsHost) {
  if (world->all().size() == 1) return;
  const std::string own = JoinPath(folder_, rank_ == 1 ? "elsewhere" : "shared");
  EXPECT_TRUE(rank_ != 1 || PosixFiles().CreateDirectories(own).ok());
  const Status status = Check(own, true);
  EXPECT_EQ(status.code(), rank_ == 0 ? Code::kFailedPrecondition : Code::kAborted);
  if (rank_ > 0) return;
  EXPECT_NE(status.message().find("checkpoint.directory: "), std::string::npos);
  EXPECT_NE(status.message().find("rank 1 on node1 sees another folder"), std::string::npos)
      << status.message();
  EXPECT_EQ(status.message().find("node2"), std::string::npos);
}

TEST_F(SharedFolder, WhoseErrorHasSeveralLinesIsRefusedByTheFirstRankAlone) {
  if (world->all().size() == 1) return;
  EXPECT_TRUE(rank_ > 0 || PosixFiles().CreateDirectories(folder_).ok());
  const std::string file = JoinPath(folder_, "file");
  EXPECT_TRUE(rank_ > 0 || ReplaceFile(PosixFiles(), file, "no folder").ok());
  const Status status = Check(JoinPath(file, "a\nb\nc\nd"), true);
  EXPECT_EQ(status.code(), rank_ == 0 ? Code::kFailedPrecondition : Code::kAborted)
      << status.ToString();
  if (rank_ > 0) return;
  EXPECT_NE(status.message().find("rank 0 on node0 "), std::string::npos) << status.message();
  EXPECT_EQ(status.message().find("rank 1"), std::string::npos) << status.message();
}

TEST_F(SharedFolder, OfManyRanksThatWriteElsewhereTakesOneWait) {
  if (world->all().size() == 1) return;
  constexpr double kOneWait = 0.8;
  WritesElsewhere elsewhere;
  FileSystem& files = rank_ > 0 ? static_cast<FileSystem&>(elsewhere) : PosixFiles();
  const auto begin = std::chrono::steady_clock::now();
  const Status status = CheckSharedFolder(world->all(), files, "checkpoint.directory", folder_,
                                          true, places_, kOneWait);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  EXPECT_EQ(status.code(), rank_ == 0 ? Code::kFailedPrecondition : Code::kAborted);
  EXPECT_LT(took.count(), 2 * kOneWait);
  if (rank_ > 0) return;
  EXPECT_NE(status.message().find("rank 1 on node1 writes elsewhere"), std::string::npos)
      << status.message();
}

}  // namespace
}  // namespace chorus::launch

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  constexpr double kBusyMachineSeconds = 60;
  auto created = chorus::launch::MpiWorld::Create(kBusyMachineSeconds);
  if (!created.ok()) return 1;
  chorus::launch::world = created->get();
  (*created)->SetDeadline(2);
  const int failed = RUN_ALL_TESTS();
  (*created)->SetDeadline(kBusyMachineSeconds);
  return failed;  // mpirun returns the first non-zero code
}
