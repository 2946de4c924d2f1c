#include "launch/command/resume_doubt.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "worker/train/checkpoint_store.h"

namespace chorus::launch {
namespace {

using testing::HasSubstr;
using testing::Not;

class ResumeDoubtTest : public testing::Test {
 protected:
  void MakeCheckpoint(const std::string& directory) {
    const std::string folder = worker::CheckpointFolder(directory, 7);
    ASSERT_TRUE(files_->CreateDirectories(folder).ok());
    CheckpointManifest manifest;
    manifest.set_version(1);
    ASSERT_TRUE(worker::WriteManifest(*files_, folder, manifest).ok());
  }
  std::unique_ptr<FileSystem> files_ = NewMemoryFiles();
};

TEST_F(ResumeDoubtTest, AFolderWithACheckpointRaisesNone) {
  MakeCheckpoint("runs/a");
  EXPECT_EQ(DoubtOfResume(*files_, "runs/a", true), "");
}

TEST_F(ResumeDoubtTest, AMisspeltFolderIsNamedAndSoAreItsNeighbours) {
  MakeCheckpoint("runs/a");
  MakeCheckpoint("runs/old/ckpt");
  const std::string doubt = DoubtOfResume(*files_, "runs/aa", false);
  EXPECT_THAT(doubt, HasSubstr("checkpoint.directory runs/aa did not exist: training begins"));
  EXPECT_THAT(doubt, HasSubstr("Checkpoints are in runs/a"));
  EXPECT_THAT(DoubtOfResume(*files_, "runs/odl/ckpt", false), HasSubstr("are in runs/old/ckpt"));
}

TEST_F(ResumeDoubtTest, AFolderWithoutACompleteCheckpointSaysSo) {
  ASSERT_TRUE(ReplaceFile(*files_, "empty/step-000000000007/dense.bin", "x").ok());
  const std::string doubt = DoubtOfResume(*files_, "empty", true);
  EXPECT_THAT(doubt, HasSubstr("empty holds no complete checkpoint"));
  EXPECT_THAT(doubt, Not(HasSubstr("Checkpoints are in")));
}

}  // namespace
}  // namespace chorus::launch
