// What a command writes has one writer at a time; a writer that is killed locks nobody out.
#include "common/write_lock.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <thread>
#include <vector>

#include "common/file_lock.h"
#include "common/node_name.h"
#include "common/output_file.h"
#include "common/output_folder.h"
#include "common/strings.h"

namespace chorus {
namespace {

class WriteLockTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = JoinPath(testing::TempDir(), "locks-XXXXXX");
    ASSERT_NE(mkdtemp(folder_.data()), nullptr);
  }
  void TearDown() override { ASSERT_TRUE(files_.RemoveRecursively(folder_).ok()); }

  std::string Path(const std::string& name) const { return JoinPath(folder_, name); }
  std::vector<std::string> Names() { return *files_.List(folder_); }

  // A process that takes the folder's lock and keeps it until it is killed; -1 if it cannot.
  pid_t StartHolder() {
    int ready[2];
    EXPECT_EQ(pipe(ready), 0);
    const pid_t child = fork();
    if (child == 0) {
      const auto lock = LockFolder(files_, folder_);
      (void)!write(ready[1], lock.ok() ? "y" : "n", 1);
      while (true) pause();
    }
    char answer = 'n';
    EXPECT_EQ(read(ready[0], &answer, 1), 1);
    close(ready[0]);
    close(ready[1]);
    return answer == 'y' ? child : -1;
  }

  FileSystem& files_ = PosixFiles();
  std::string folder_;
};

void ExpectHeld(const Status& status, const std::string& what, pid_t holder) {
  EXPECT_EQ(status.code(), Code::kFailedPrecondition) << status.ToString();
  EXPECT_TRUE(status.message().starts_with(what + ": another process writes here"))
      << status.message();
  for (const std::string& part :
       {StrCat("held by process ", holder, " on ", NodeName(), " since 2"),
        std::string("write_lock_test")}) {
    EXPECT_NE(status.message().find(part), std::string::npos) << part << "\n" << status.message();
  }
}

// As when the host that holds it is lost to a shared file system, and comes back.
TEST_F(WriteLockTest, WhoLostHisLockLeavesThatOfTheNextHolderInPlace) {
  auto lost = LockFolder(files_, folder_);
  ASSERT_TRUE(lost.ok());
  ASSERT_TRUE(files_.Remove(Path(".lock")).ok());
  const auto next = LockFolder(files_, folder_);
  ASSERT_TRUE(next.ok()) << next.status().ToString();
  lost->reset();
  EXPECT_EQ(Names(), std::vector<std::string>{".lock"});
  EXPECT_EQ(LockFolder(files_, folder_).status().code(), Code::kFailedPrecondition);
}

TEST_F(WriteLockTest, ASecondWriterIsToldWhoTheFirstOneIs) {
  {
    const auto first = LockFolder(files_, folder_);
    ASSERT_TRUE(first.ok()) << first.status().ToString();
    ExpectHeld(LockFolder(files_, folder_).status(), folder_, getpid());
    EXPECT_TRUE(LockOutput(files_, Path("other")).ok());
  }
  EXPECT_TRUE(Names().empty());
  EXPECT_TRUE(LockFolder(files_, folder_).ok());
}

TEST_F(WriteLockTest, AKilledWriterLocksNobodyOut) {
  for (int round = 0; round < 2; ++round) {
    const pid_t holder = StartHolder();
    ASSERT_GT(holder, 0);
    ExpectHeld(LockFolder(files_, folder_).status(), folder_, holder);
    kill(holder, SIGKILL);
    ASSERT_EQ(waitpid(holder, nullptr, 0), holder);
    EXPECT_EQ(Names(), std::vector<std::string>{kFolderLockName});
    EXPECT_TRUE(LockFolder(files_, folder_).ok());
    EXPECT_TRUE(Names().empty());
  }
}

TEST_F(WriteLockTest, AWriterThatEndsIsWaitedFor) {
  const pid_t holder = StartHolder();
  ASSERT_GT(holder, 0);
  std::thread end([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    kill(holder, SIGKILL);
    waitpid(holder, nullptr, 0);
  });
  const auto lock = LockFolder(files_, folder_, 20);
  EXPECT_TRUE(lock.ok()) << lock.status().ToString();
  end.join();
}

TEST_F(WriteLockTest, WhatAnotherUserLeftIsTakenOver) {
  if (geteuid() == 0) GTEST_SKIP() << "root may write any file";
  ASSERT_TRUE(ReplaceFile(files_, Path(kFolderLockName), "process 1 of another user\n").ok());
  ASSERT_EQ(chmod(Path(kFolderLockName).c_str(), 0444), 0);
  EXPECT_TRUE(LockFolder(files_, folder_).ok());
  EXPECT_TRUE(Names().empty());
}

TEST_F(WriteLockTest, WhoOnlyLooksKeepsNobodyOut) {
  // A look, at whose slowest moment the lock is asked for.
  const std::string path = Path("file.lock");
  ASSERT_TRUE(ReplaceFile(files_, path, "").ok());
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  ASSERT_EQ(flock(file, LOCK_SH | LOCK_NB), 0);
  std::thread looker([file] {
    std::this_thread::sleep_for(std::chrono::milliseconds(15));
    close(file);
  });
  const auto lock = files_.Lock(path);
  EXPECT_TRUE(lock.ok()) << lock.status().ToString();
  looker.join();
  EXPECT_EQ(IsLocked(path), std::optional(true));
}

// Holders come and go, and with each its file: two never hold the lock at once.
TEST_F(WriteLockTest, NoTwoHoldIt) {
  std::atomic<int> holders = 0, taken = 0, at_once = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) {
        const auto lock = files_.Lock(Path("file.lock"));
        if (!lock.ok()) continue;
        if (++holders > 1) ++at_once;
        ++taken;
        std::this_thread::yield();
        --holders;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(at_once, 0);
  EXPECT_GT(taken, 0);
  EXPECT_TRUE(Names().empty());
}

TEST_F(WriteLockTest, AnOutputHasOneWriter) {
  {
    const auto file = OutputFile::Create(files_, Path("file"));
    ASSERT_TRUE(file.ok()) << file.status().ToString();
    ASSERT_TRUE((*file)->Append("first").ok());
    ExpectHeld(OutputFile::Create(files_, Path("file")).status(), Path("file"), getpid());
    ASSERT_TRUE((*file)->Commit().ok());
    EXPECT_TRUE(OutputFile::Create(files_, Path("file")).ok());
    const auto folder = OutputFolder::Create(files_, Path("out"), "making");
    ASSERT_TRUE(folder.ok()) << folder.status().ToString();
    ExpectHeld(OutputFolder::Create(files_, Path("out/"), "taking").status(), Path("out"),
               getpid());
    ASSERT_TRUE(ReplaceFile(files_, JoinPath((*folder)->path(), "part"), "x").ok());
    ASSERT_TRUE((*folder)->Commit().ok());
  }
  EXPECT_EQ(*ReadWholeFile(files_, Path("file")), "first");
  EXPECT_EQ(Names(), (std::vector<std::string>{"file", "out"}));
}

TEST_F(WriteLockTest, AFolderThatIsNotThereIsNamed) {
  const Status status = LockOutput(files_, Path("nowhere/file")).status();
  EXPECT_EQ(status.code(), Code::kNotFound) << status.ToString();
  EXPECT_NE(status.message().find("there is no directory " + Path("nowhere")), std::string::npos)
      << status.message();
}

}  // namespace
}  // namespace chorus
