// What a comparison leaves of its output folder.
#include "launch/compare/run/output_folders.h"

#include <gtest/gtest.h>

#include <unistd.h>

namespace chorus::launch {
namespace {

class OutputFoldersTest : public testing::Test {
 protected:
  OutputFoldersTest() : folder_(testing::TempDir() + "chorus-XXXXXX") {
    EXPECT_NE(mkdtemp(folder_.data()), nullptr);
  }
  ~OutputFoldersTest() override { EXPECT_TRUE(files_.RemoveRecursively(folder_).ok()); }
  std::string Path(const std::string& name) const { return JoinPath(folder_, name); }

  FileSystem& files_ = PosixFiles();
  std::string folder_;
};

TEST_F(OutputFoldersTest, WhatIsEmptyAtTheEndIsRemovedWithWhatWasMadeAboveIt) {
  {
    OutputFolders folders(files_);
    ASSERT_TRUE(folders.Take(Path("a/b/first")).ok());
    ASSERT_TRUE(folders.Take(Path("a/b/second/")).ok());
    EXPECT_TRUE(files_.Exists(Path("a/b/first")));
    EXPECT_TRUE(files_.Exists(Path("a/b/second")));
  }
  EXPECT_FALSE(files_.Exists(Path("a")));
  EXPECT_TRUE(files_.Exists(folder_));
}

TEST_F(OutputFoldersTest, WhatWasThereOrHoldsSomethingStays) {
  ASSERT_TRUE(files_.CreateDirectories(Path("there")).ok());
  {
    OutputFolders folders(files_);
    ASSERT_TRUE(folders.Take(Path("there")).ok());
    ASSERT_TRUE(folders.Take(Path("made/full")).ok());
    ASSERT_TRUE(folders.Take(Path("made/empty")).ok());
    ASSERT_TRUE(ReplaceFile(files_, Path("made/full/table.md"), "text").ok());
  }
  EXPECT_TRUE(files_.Exists(Path("there")));
  EXPECT_FALSE(files_.Exists(Path("there/.lock")));
  EXPECT_TRUE(files_.Exists(Path("made/full/table.md")));
  EXPECT_FALSE(files_.Exists(Path("made/full/.lock")));
  EXPECT_FALSE(files_.Exists(Path("made/empty")));
}

TEST_F(OutputFoldersTest, AFolderThatCannotBeMadeLeavesNothing) {
  ASSERT_TRUE(ReplaceFile(files_, Path("file"), "text").ok());
  {
    OutputFolders folders(files_);
    EXPECT_FALSE(folders.Take(Path("file/output")).ok());
  }
  EXPECT_TRUE(files_.Exists(Path("file")));
}

}  // namespace
}  // namespace chorus::launch
