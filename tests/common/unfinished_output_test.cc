// A signal that ends a command removes what is unfinished, and nothing that is complete.
#include "common/unfinished_output.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/output_file.h"
#include "common/output_folder.h"
#include "common/strings.h"

namespace chorus {
namespace {

class UnfinishedOutputTest : public testing::Test {
 protected:
  void SetUp() override {
    testing::FLAGS_gtest_death_test_style = "threadsafe";
    // The child of a death test is this program anew: it takes the folder of its parent.
    if (const char* const of_parent = std::getenv(kFolderVariable)) {
      folder_ = of_parent;
      return;
    }
    folder_ = JoinPath(testing::TempDir(), "unfinished-XXXXXX");
    ASSERT_NE(mkdtemp(folder_.data()), nullptr);
    ASSERT_EQ(setenv(kFolderVariable, folder_.c_str(), 1), 0);
  }
  void TearDown() override {
    ASSERT_EQ(unsetenv(kFolderVariable), 0);
    ASSERT_TRUE(files_.RemoveRecursively(folder_).ok());
  }

  static constexpr char kFolderVariable[] = "CHORUS_TEST_UNFINISHED_FOLDER";

  std::string Path(const std::string& name) const { return JoinPath(folder_, name); }

  FileSystem& files_ = PosixFiles();
  std::string folder_;
};

TEST_F(UnfinishedOutputTest, FilesAndFoldersWithoutTheirNameAreRemovedAndOthersStay) {
  const auto complete = OutputFile::Create(files_, Path("complete"));
  ASSERT_TRUE((*complete)->Append("text").ok());
  ASSERT_TRUE((*complete)->Commit().ok());
  const auto folder = OutputFolder::Create(files_, Path("whole"), "making");
  ASSERT_TRUE((*folder)->Commit().ok());
  const auto dropped = OutputFolder::Create(files_, Path("dropped"), "making");
  const auto file = OutputFile::Create(files_, Path("scores"));
  ASSERT_TRUE((*file)->Append("half").ok());
  ASSERT_TRUE(ReplaceFile(files_, JoinPath((*dropped)->path(), "part"), "x").ok());
  EXPECT_EQ(RemoveUnfinishedOutputs(),
            (std::vector<std::string>{Path("dropped.making"), Path("scores.partial")}));
  EXPECT_EQ(*files_.List(folder_), (std::vector<std::string>{"complete", "whole", "whole.lock"}));
  EXPECT_TRUE(RemoveUnfinishedOutputs().empty());
}

// Notes whether the folder "b.making" was there when the lock was freed.
class NotingLock final : public FileLock {
 public:
  NotingLock(FileSystem& files, std::string folder, bool* early)
      : files_(files), folder_(std::move(folder)), early_(early) {}
  ~NotingLock() override { *early_ = files_.Exists(folder_); }

 private:
  FileSystem& files_;
  const std::string folder_;
  bool* const early_;
};

TEST_F(UnfinishedOutputTest, NoLockIsFreedBeforeAllOutputsAreRemoved) {
  bool early = true;
  std::unique_ptr<FileLock> lock = std::make_unique<NotingLock>(files_, Path("b.making"), &early);
  const UnfinishedOutput first(files_, Path("a.partial"), &lock);
  const UnfinishedOutput second(files_, Path("b.making"));
  ASSERT_TRUE(files_.CreateDirectories(Path("b.making")).ok());
  EXPECT_EQ(RemoveUnfinishedOutputs(), std::vector<std::string>{Path("b.making")});
  EXPECT_EQ(lock, nullptr);
  EXPECT_FALSE(early);
}

TEST_F(UnfinishedOutputTest, WhatIsAboutToBeCompleteIsEitherRemovedOrWhole) {
  UnfinishedOutput output(files_, Path("a.partial"));
  ASSERT_TRUE(ReplaceFile(files_, Path("a.partial"), "x").ok());
  std::thread remover;
  ASSERT_TRUE(output
                  .Finish([&] {
                    remover =
                        std::thread([] { RemoveUnfinishedOutputs(); });  // waits for this to end
                    std::this_thread::sleep_for(std::chrono::milliseconds(20));
                    return files_.Rename(Path("a.partial"), Path("a"));
                  })
                  .ok());
  remover.join();
  EXPECT_EQ(*files_.List(folder_), std::vector<std::string>{"a"});
}

TEST_F(UnfinishedOutputTest, ASignalEndsTheProcessAsItWouldAndSaysWhatIsRemoved) {
  ASSERT_TRUE(ReplaceFile(files_, Path("complete"), "x").ok());
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) {
    EXPECT_EXIT(
        {
          ::signal(SIGINT, SIG_DFL);  // a shell that runs tests behind itself ignores it
          ::signal(SIGHUP, SIG_DFL);  // and nohup this
          RemoveUnfinishedOnStopSignals();
          const auto out = OutputFile::Create(files_, Path("scores"));
          (void)(*out)->Append("half");
          kill(getpid(), signal);
          std::this_thread::sleep_for(std::chrono::seconds(60));  // as if it waited for input
          _exit(1);
        },
        testing::KilledBySignal(signal),
        StrCat("stopped by SIG[A-Z]*: ", Path("scores.partial"), " was unfinished and is removed"));
    EXPECT_EQ(*files_.List(folder_), std::vector<std::string>{"complete"});
  }
}

TEST_F(UnfinishedOutputTest, ASignalSaysThatWhatIsWrittenInPlaceIsIncomplete) {
  EXPECT_EXIT(
      {
        RemoveUnfinishedOnStopSignals();
        const auto out = OutputFile::Create(files_, "-");
        kill(getpid(), SIGTERM);
        std::this_thread::sleep_for(std::chrono::seconds(60));
        _exit(1);
      },
      testing::KilledBySignal(SIGTERM),
      "stopped by SIGTERM: what was written to standard output is incomplete");
}

TEST_F(UnfinishedOutputTest, ASignalToAProcessWithoutUnfinishedOutputsSaysNothing) {
  EXPECT_EXIT(
      {
        RemoveUnfinishedOnStopSignals();
        const auto done = OutputFile::Create(files_, "-");
        (void)(*done)->Commit();
        kill(getpid(), SIGTERM);
        std::this_thread::sleep_for(std::chrono::seconds(60));
        _exit(1);
      },
      testing::KilledBySignal(SIGTERM), "^$");
}

}  // namespace
}  // namespace chorus
