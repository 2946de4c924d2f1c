#include "common/file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "common/strings.h"
#include "tests/support/faulty_files.h"

namespace chorus {
namespace {

// Every behaviour holds for the disk and for memory.
class FilesTest : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    if (!GetParam()) memory_ = NewMemoryFiles();
    directory_ = JoinPath(testing::TempDir(), StrCat("chorus-files-", getpid()));
    ASSERT_TRUE(files().CreateDirectories(directory_).ok());
  }
  void TearDown() override { ASSERT_TRUE(files().RemoveRecursively(directory_).ok()); }
  FileSystem& files() { return memory_ == nullptr ? PosixFiles() : *memory_; }
  std::string Path(std::string_view name) { return JoinPath(directory_, name); }
  std::string Contents(std::string_view name) {
    Result<std::string> data = ReadWholeFile(files(), Path(name));
    return data.ok() ? data.value() : data.status().ToString();
  }

 private:
  std::unique_ptr<FileSystem> memory_;
  std::string directory_;
};

Status AppendText(WritableFile& file, std::string_view text) {
  return file.Append(std::as_bytes(std::span(text)));
}

TEST_P(FilesTest, WrittenBytesReadBack) {
  auto file = files().Create(Path("a"));
  ASSERT_TRUE(file.ok());
  EXPECT_TRUE(AppendText(**file, "one ").ok());
  EXPECT_TRUE(AppendText(**file, "two").ok());
  EXPECT_TRUE((*file)->Sync().ok());
  EXPECT_TRUE((*file)->Close().ok());
  EXPECT_EQ(Contents("a"), "one two");
}

TEST_P(FilesTest, ReadPastTheEndIsDataLoss) {
  ASSERT_TRUE(ReplaceFile(files(), Path("a"), "abc").ok());
  auto file = files().OpenForRead(Path("a"));
  ASSERT_TRUE(file.ok());
  std::vector<std::byte> out(3);
  EXPECT_TRUE((*file)->ReadAt(0, out).ok());
  EXPECT_EQ((*file)->ReadAt(1, out).code(), Code::kDataLoss);
  EXPECT_EQ((*file)->ReadAt(1ull << 60, out).code() == Code::kOk, false);
}

TEST_P(FilesTest, AppendGoesOnWhereTheFileEnds) {
  ASSERT_TRUE(ReplaceFile(files(), Path("a"), "abc").ok());
  auto file = files().OpenForAppend(Path("a"));
  ASSERT_TRUE(file.ok());
  EXPECT_TRUE(AppendText(**file, "def").ok());
  EXPECT_TRUE((*file)->Close().ok());
  EXPECT_EQ(Contents("a"), "abcdef");
}

TEST_P(FilesTest, CreateTruncates) {
  ASSERT_TRUE(ReplaceFile(files(), Path("a"), "abc").ok());
  auto file = files().Create(Path("a"));
  ASSERT_TRUE(file.ok());
  EXPECT_TRUE((*file)->Close().ok());
  EXPECT_EQ(Contents("a"), "");
}

TEST_P(FilesTest, AnOpenReaderKeepsTheBytesOfAReplacedFile) {
  ASSERT_TRUE(ReplaceFile(files(), Path("a"), "old").ok());
  auto reader = files().OpenForRead(Path("a"));
  ASSERT_TRUE(reader.ok());
  ASSERT_TRUE(ReplaceFile(files(), Path("a"), "new").ok());
  std::string seen(3, ' ');
  EXPECT_TRUE((*reader)->ReadAt(0, std::as_writable_bytes(std::span(seen))).ok());
  EXPECT_EQ(seen, "old");
  EXPECT_EQ(Contents("a"), "new");
}

TEST_P(FilesTest, ListIsSortedAndHoldsFoldersToo) {
  ASSERT_TRUE(ReplaceFile(files(), Path("b"), "").ok());
  ASSERT_TRUE(ReplaceFile(files(), Path("a"), "").ok());
  ASSERT_TRUE(files().CreateDirectories(Path("c/d")).ok());
  const auto names = files().List(Path(""));
  ASSERT_TRUE(names.ok());
  EXPECT_EQ(names.value(), (std::vector<std::string>{"a", "b", "c"}));
}

TEST_P(FilesTest, ARenamedFolderTakesItsFilesAlong) {
  ASSERT_TRUE(files().CreateDirectories(Path("x")).ok());
  ASSERT_TRUE(ReplaceFile(files(), Path("x/f"), "1").ok());
  ASSERT_TRUE(files().Rename(Path("x"), Path("y")).ok());
  EXPECT_EQ(Contents("y/f"), "1");
  EXPECT_FALSE(files().Exists(Path("x")));
}

TEST_P(FilesTest, WhatIsAbsentIsNotFound) {
  EXPECT_EQ(files().OpenForRead(Path("none")).status().code(), Code::kNotFound);
  EXPECT_EQ(files().Remove(Path("none")).code(), Code::kNotFound);
  EXPECT_EQ(files().List(Path("none")).status().code(), Code::kNotFound);
  EXPECT_EQ(files().Rename(Path("none"), Path("x")).code(), Code::kNotFound);
  EXPECT_FALSE(files().Exists(Path("none")));
}

TEST_P(FilesTest, AFailedReplaceLeavesTheOldFileAndNothingBesideIt) {
  ASSERT_TRUE(ReplaceFile(files(), Path("a"), "old").ok());
  std::vector<FaultPlan> plans(4);
  plans[0].failing_write = 0;
  plans[1].failing_write = 0;
  plans[1].write_half_first = true;
  plans[2].failing_sync = 0;
  plans[3].failing_rename = 0;
  for (const FaultPlan& plan : plans) {
    EXPECT_FALSE(ReplaceFile(*NewFaultyFiles(files(), plan), Path("a"), "newer").ok());
    EXPECT_EQ(Contents("a"), "old");
    EXPECT_EQ(files().List(Path("")).value(), std::vector<std::string>{"a"});
  }
}

INSTANTIATE_TEST_SUITE_P(PosixAndMemory, FilesTest, testing::Bool());

TEST(PosixFilesTest, CreateInAnAbsentFolderNamesTheFolder) {
  const auto file = PosixFiles().Create("/no-such-folder-of-chorus/a");
  EXPECT_EQ(file.status().code(), Code::kNotFound);
  EXPECT_NE(file.status().message().find("there is no directory /no-such-folder-of-chorus"),
            std::string::npos);
}

TEST(PosixFilesTest, AFileKeepsItsIdUnderEveryName) {
  const std::string folder = JoinPath(testing::TempDir(), StrCat("chorus-ids-", getpid()));
  ASSERT_TRUE(PosixFiles().CreateDirectories(folder).ok());
  const std::string first = JoinPath(folder, "a"), second = JoinPath(folder, "b");
  ASSERT_TRUE(ReplaceFile(PosixFiles(), first, "same").ok());
  const uint64_t id = PosixFiles().IdOf(first);
  EXPECT_NE(id, 0u);
  ASSERT_TRUE(PosixFiles().Rename(first, second).ok());
  EXPECT_EQ(PosixFiles().IdOf(second), id);
  EXPECT_EQ(PosixFiles().IdOf(first), 0u);
  ASSERT_TRUE(ReplaceFile(PosixFiles(), first, "same").ok());
  EXPECT_NE(PosixFiles().IdOf(first), id);
  EXPECT_EQ(NewMemoryFiles()->IdOf(first), 0u);
  ASSERT_TRUE(PosixFiles().RemoveRecursively(folder).ok());
}

TEST(PathTest, PartsOfPaths) {
  EXPECT_EQ(JoinPath("a", "b"), "a/b");
  EXPECT_EQ(JoinPath("a/", "b"), "a/b");
  EXPECT_EQ(JoinPath("", "b"), "b");
  EXPECT_EQ(DirectoryOf("a/b/c"), "a/b");
  EXPECT_EQ(DirectoryOf("/c"), "/");
  EXPECT_EQ(DirectoryOf("c"), ".");
  EXPECT_EQ(BaseName("a/b/c"), "c");
  EXPECT_EQ(WithoutSlash("a/b//"), "a/b");
  EXPECT_EQ(WithoutSlash("//"), "/");
}

TEST(ChecksumTest, IsXxh3OfTheBytes) {
  EXPECT_EQ(Checksum(""), 0x2d06800538d394c2ULL);  // from the xxHash specification's test vectors
  EXPECT_NE(Checksum("a"), Checksum("b"));
}

}  // namespace
}  // namespace chorus
