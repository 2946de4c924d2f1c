// Commands that read a checkpoint while a job goes on in its folder, and removes it.
#include "launch/command/chosen_checkpoint.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/forwarding_files.h"
#include "common/strings.h"
#include "common/write_lock.h"
#include "worker/train/checkpoint_store.h"

namespace chorus::launch {
namespace {

using worker::CheckpointFolder;

// As the job does it: the new one is complete before the old one goes.
void Replace(FileSystem& files, const std::string& directory, uint64_t step) {
  ASSERT_TRUE(ReplaceFile(files, CheckpointFolder(directory, step) + "/MANIFEST", "x").ok());
  const std::string before = CheckpointFolder(directory, step - 1);
  if (!files.Exists(before)) return;
  ASSERT_TRUE(worker::RemoveCheckpoint(files, before).ok());
}

// Reads the checkpoints of "ckpt", of which the first `removed` are removed while they are read.
class Reader {
 public:
  explicit Reader(uint64_t removed) : removed_(removed) { Replace(*files_, "ckpt", 1); }
  Status Read(const std::string& given) {
    return ReadChosen(*files_, given, false, [this](const std::string& folder) -> Status {
      read.push_back(folder);
      const uint64_t step = read.size();
      if (step > removed_) return Status::Ok();
      Replace(*files_, "ckpt", step + 1);
      return DataLoss("a file is missing");
    });
  }
  std::vector<std::string> read;

 private:
  const std::unique_ptr<FileSystem> files_ = NewMemoryFiles();
  const uint64_t removed_;
};

TEST(ChosenCheckpointTest, TheNewestOneIsTakenAgain) {
  Reader reader(2);
  EXPECT_TRUE(reader.Read("ckpt").ok());
  EXPECT_EQ(reader.read,
            (std::vector<std::string>{CheckpointFolder("ckpt", 1), CheckpointFolder("ckpt", 2),
                                      CheckpointFolder("ckpt", 3)}));
}

TEST(ChosenCheckpointTest, WhoIsAlwaysTooLateGivesUpAndIsNotToldOfDamage) {
  Reader reader(1000);
  const Status status = reader.Read("ckpt");
  EXPECT_EQ(reader.read.size(), static_cast<size_t>(kMostChoices));
  EXPECT_EQ(status.code(), Code::kNotFound);
  EXPECT_NE(status.message().find("was removed while it was read"), std::string::npos);
  EXPECT_NE(status.message().find("checkpoint.keep"), std::string::npos) << status.message();
}

TEST(ChosenCheckpointTest, TheOneThatTheUserNamesIsNotReplacedByAnother) {
  Reader reader(1);
  const Status status = reader.Read(CheckpointFolder("ckpt", 1));
  EXPECT_EQ(reader.read.size(), 1u);
  EXPECT_NE(status.message().find("give --checkpoint ckpt, which takes the newest"),
            std::string::npos)
      << status.message();
}

TEST(ChosenCheckpointTest, AnErrorOfOneThatIsThereIsThatOfTheReader) {
  const auto files = NewMemoryFiles();
  Replace(*files, "ckpt", 1);
  int calls = 0;
  const Status status = ReadChosen(*files, "ckpt", false, [&](const std::string&) {
    ++calls;
    return DataLoss("checksum differs");
  });
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(status.message(), "checksum differs");
}

TEST(ChosenCheckpointTest, AFolderWithoutItsFirstCheckpointSaysSo) {
  for (const char* const name :
       {"claim-000001/WRITER", "step-000000000010.writing-1-00000001/shard-00000.rows"}) {
    const auto files = NewMemoryFiles();
    ASSERT_TRUE(ReplaceFile(*files, JoinPath("ckpt", name), "x").ok());
    EXPECT_TRUE(worker::AwaitsFirstCheckpoint(*files, "ckpt"));
    const Status status =
        ReadChosen(*files, "ckpt", false, [](const std::string&) { return Status::Ok(); });
    EXPECT_EQ(status.message(),
              "ckpt: no checkpoint yet: the job in it has not written its first one");
    Replace(*files, "ckpt", 1);
    EXPECT_FALSE(worker::AwaitsFirstCheckpoint(*files, "ckpt"));
  }
}

// Of which the job replaces checkpoint 1 by checkpoint 2 right after the first list.
class ReplacedAfterList final : public ForwardingFiles {
 public:
  explicit ReplacedAfterList(FileSystem& files) : ForwardingFiles(files) {}
  Result<std::vector<std::string>> List(const std::string& directory) override {
    auto names = files_.List(directory);
    if (!std::exchange(replaced_, true)) Replace(files_, directory, 2);
    return names;
  }

 private:
  bool replaced_ = false;
};

TEST(ChosenCheckpointTest, AListThatIsTooOldIsMadeAgain) {
  const auto memory = NewMemoryFiles();
  Replace(*memory, "ckpt", 1);
  ReplacedAfterList files(*memory);
  const auto found = worker::FindCheckpoint(files, "ckpt");
  ASSERT_TRUE(found.ok() && found->has_value());
  EXPECT_EQ(**found, CheckpointFolder("ckpt", 2));
}

TEST(ChosenCheckpointTest, TheJobWhoseLockIsHeldIsNamed) {
  FileSystem& files = PosixFiles();
  std::string folder = JoinPath(::testing::TempDir(), "chosen-XXXXXX");
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  const std::string gone = CheckpointFolder(folder, 1);
  EXPECT_NE(RemovedWhileRead(files, gone, folder).message().find("a job that has ended since"),
            std::string::npos);
  {
    const auto lock = LockFolder(files, folder);
    ASSERT_TRUE(lock.ok());
    const Status status = RemovedWhileRead(files, gone, folder);
    EXPECT_NE(status.message().find("the job that runs there (process "), std::string::npos)
        << status.message();
  }
  EXPECT_TRUE(files.RemoveRecursively(folder).ok());
}

}  // namespace
}  // namespace chorus::launch
