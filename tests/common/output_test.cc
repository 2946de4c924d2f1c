// What a command writes appears whole or not at all, and what is no file is never replaced by one.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "common/output_file.h"
#include "common/output_folder.h"
#include "tests/support/faulty_files.h"

namespace chorus {
namespace {

class OutputTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = JoinPath(testing::TempDir(), "output-XXXXXX");
    ASSERT_NE(mkdtemp(folder_.data()), nullptr);
  }
  void TearDown() override { ASSERT_TRUE(files_.RemoveRecursively(folder_).ok()); }

  std::string Path(const std::string& name) const { return JoinPath(folder_, name); }
  std::vector<std::string> Names() { return *files_.List(folder_); }
  Status Write(FileSystem& files, const std::string& path, std::string_view text) {
    ASSIGN_OR_RETURN(const auto out, OutputFile::Create(files, path));
    RETURN_IF_ERROR(out->Append(text));
    return out->Commit();
  }

  FileSystem& files_ = PosixFiles();
  std::string folder_;
};

TEST_F(OutputTest, AFileAppearsUnderItsNameWhenItIsComplete) {
  ASSERT_TRUE(ReplaceFile(files_, Path("a"), "old").ok());
  {
    const auto out = OutputFile::Create(files_, Path("a"));
    ASSERT_TRUE(out.ok());
    ASSERT_TRUE((*out)->Append("new ").ok());
    EXPECT_EQ(*ReadWholeFile(files_, Path("a")), "old");
    ASSERT_TRUE((*out)->Append("text").ok());
    ASSERT_TRUE((*out)->Commit().ok());
  }
  EXPECT_EQ(*ReadWholeFile(files_, Path("a")), "new text");
  EXPECT_EQ(Names(), std::vector<std::string>{"a"});
}

TEST_F(OutputTest, AFileThatIsReplacedIsTold) {
  for (const bool again : {false, true}) {
    testing::internal::CaptureStderr();
    const auto out = OutputFile::Replace(files_, Path("scores"), "head", "file of scores");
    const std::string told = testing::internal::GetCapturedStderr();
    ASSERT_TRUE(out.ok()) << out.status().ToString();
    const std::string expected =
        Path("scores") + " is a file of scores of 9 bytes: this one replaces it";
    EXPECT_EQ(told.find(expected) != std::string::npos, again) << told;
    ASSERT_TRUE((*out)->Append("head tail").ok());
    ASSERT_TRUE((*out)->Commit().ok());
  }
}

TEST_F(OutputTest, AFailureLeavesTheOldFileAndNothingBesideIt) {
  ASSERT_TRUE(ReplaceFile(files_, Path("a"), "old").ok());
  FaultPlan plans[3];
  plans[0].failing_write = 0;
  plans[1].failing_sync = 0;
  plans[2].failing_rename = 0;
  for (const FaultPlan& plan : plans) {
    const auto faulty = NewFaultyFiles(files_, plan);
    EXPECT_FALSE(Write(*faulty, Path("a"), "newer").ok());
    EXPECT_EQ(*ReadWholeFile(files_, Path("a")), "old");
    EXPECT_EQ(Names(), std::vector<std::string>{"a"});
  }
}

TEST_F(OutputTest, ASymbolicLinkStaysOneAndItsFileIsReplaced) {
  ASSERT_TRUE(ReplaceFile(files_, Path("file"), "old").ok());
  ASSERT_EQ(symlink("file", Path("link").c_str()), 0);
  ASSERT_EQ(symlink("later", Path("dangling").c_str()), 0);
  for (const char* name : {"link", "dangling"}) {
    ASSERT_TRUE(Write(files_, Path(name), "new").ok());
    struct stat info;
    ASSERT_EQ(lstat(Path(name).c_str(), &info), 0);
    EXPECT_TRUE(S_ISLNK(info.st_mode)) << name;
    EXPECT_EQ(*ReadWholeFile(files_, Path(name)), "new");
  }
  EXPECT_EQ(*ReadWholeFile(files_, Path("file")), "new");
  EXPECT_EQ(*ReadWholeFile(files_, Path("later")), "new");
}

TEST_F(OutputTest, ALinkIntoADirectoryThatIsNotThereIsNamedWithWhatItMeans) {
  ASSERT_EQ(symlink("nowhere/file", Path("link").c_str()), 0);
  const Status status = Write(files_, Path("link"), "new");
  EXPECT_EQ(status.code(), Code::kNotFound);
  EXPECT_NE(
      status.message().find("link: it is a link to nowhere/file, where there is no directory"),
      std::string::npos)
      << status.message();
}

TEST_F(OutputTest, APipeIsWrittenInPlace) {
  ASSERT_EQ(mkfifo(Path("pipe").c_str(), 0600), 0);
  const int reader = open(Path("pipe").c_str(), O_RDONLY | O_NONBLOCK);
  ASSERT_GE(reader, 0);
  ASSERT_TRUE(Write(files_, Path("pipe"), "through").ok());
  char text[16] = {};
  EXPECT_EQ(read(reader, text, sizeof(text)), 7);
  EXPECT_STREQ(text, "through");
  close(reader);
  struct stat info;
  ASSERT_EQ(lstat(Path("pipe").c_str(), &info), 0);
  EXPECT_TRUE(S_ISFIFO(info.st_mode));
  EXPECT_EQ(Names(), std::vector<std::string>{"pipe"});
}

TEST_F(OutputTest, AFolderAppearsWholeOrNotAtAll) {
  {
    const auto folder = OutputFolder::Create(files_, Path("out/"), "making");
    ASSERT_TRUE(folder.ok());
    ASSERT_TRUE(ReplaceFile(files_, JoinPath((*folder)->path(), "part"), "x").ok());
    EXPECT_FALSE(files_.Exists(Path("out")));
  }
  EXPECT_TRUE(Names().empty());
  {
    const auto folder = OutputFolder::Create(files_, Path("out"), "making");
    ASSERT_TRUE(folder.ok());
    ASSERT_TRUE(ReplaceFile(files_, JoinPath((*folder)->path(), "part"), "x").ok());
    ASSERT_TRUE((*folder)->Commit().ok());
  }
  EXPECT_EQ(Names(), std::vector<std::string>{"out"});
  EXPECT_EQ(*ReadWholeFile(files_, Path("out/part")), "x");
  EXPECT_EQ(OutputFolder::Create(files_, Path("out"), "making").status().code(),
            Code::kFailedPrecondition);
}

}  // namespace
}  // namespace chorus
