// A signal that ends a command removes what is unfinished, and nothing that is complete.
#include "common/unfinished_output.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <thread>

#include "common/output_file.h"
#include "common/output_folder.h"
#include "common/strings.h"

namespace chorus {
namespace {

class UnfinishedOutputTest : public testing::Test {
 protected:
  void SetUp() override {
    testing::FLAGS_gtest_death_test_style = "threadsafe";
    folder_ = JoinPath(testing::TempDir(), "unfinished-XXXXXX");
    ASSERT_NE(mkdtemp(folder_.data()), nullptr);
  }
  void TearDown() override { ASSERT_TRUE(files_.RemoveRecursively(folder_).ok()); }

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

TEST_F(UnfinishedOutputTest, WhatIsAboutToBeCompleteIsEitherRemovedOrWhole) {
  UnfinishedOutput output(files_, Path("a.partial"), "");
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

TEST_F(UnfinishedOutputTest, ASignalEndsTheProcessWithItsCodeAndSaysWhatIsRemoved) {
  for (const int signal : {SIGTERM, SIGINT}) {
    EXPECT_EXIT(
        {
          ::signal(SIGINT, SIG_DFL);  // a shell that runs tests behind itself ignores it
          RemoveUnfinishedOnStopSignals();
          const auto out = OutputFile::Create(files_, Path("scores"));
          (void)(*out)->Append("half");
          kill(getpid(), signal);
          std::this_thread::sleep_for(std::chrono::seconds(60));  // as if it waited for input
          _exit(1);
        },
        testing::ExitedWithCode(128 + signal),
        "stopped by SIG[A-Z]*: .*scores.partial was unfinished and is removed");
    EXPECT_FALSE(files_.Exists(Path("scores.partial")));
    EXPECT_FALSE(files_.Exists(Path("scores.lock")));
  }
}

}  // namespace
}  // namespace chorus
