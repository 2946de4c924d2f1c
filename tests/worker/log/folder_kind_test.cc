// A folder of another kind than a command wants is told as what it is, with the command that takes
// it.
#include "worker/log/folder_kind.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "worker/log/log_reader.h"

namespace chorus::worker {
namespace {

using ::testing::HasSubstr;

class FolderKindTest : public ::testing::Test {
 protected:
  std::string KindWith(const std::string& file, const std::string& text = "x") {
    const std::string folder = "folder" + std::to_string(++folders_);
    EXPECT_TRUE(files_->CreateDirectories(DirectoryOf(JoinPath(folder, file))).ok());
    EXPECT_TRUE(ReplaceFile(*files_, JoinPath(folder, file), text).ok());
    return WhatIsThere(*files_, folder);
  }

  static constexpr char kLogText[] = "CHRUSLOG and more";
  std::unique_ptr<FileSystem> files_ = NewMemoryFiles();
  int folders_ = 0;
};

TEST_F(FolderKindTest, NamesWhatTheFilesSay) {
  EXPECT_THAT(KindWith("part-00000.log", kLogText),
              HasSubstr("it is a log, which train takes as data.log"));
  EXPECT_THAT(KindWith("MANIFEST"), HasSubstr("it is a checkpoint"));
  EXPECT_THAT(KindWith("step-000000000007/MANIFEST"), HasSubstr("it is a checkpoint"));
  EXPECT_THAT(KindWith("manifest.json"), HasSubstr("it is an exported model"));
  EXPECT_THAT(KindWith("compare.textproto"), HasSubstr("chorus compare --resume"));
  EXPECT_THAT(KindWith("scale.jsonl"), HasSubstr("chorus scale"));
  EXPECT_THAT(KindWith("metrics.jsonl"), HasSubstr("chorus report"));
  EXPECT_EQ(KindWith("holiday.jpg"), "");
  EXPECT_EQ(WhatIsThere(*files_, "nowhere"), "");
}

TEST_F(FolderKindTest, ATextInPlaceOfALogIsToldWhatMakesOne) {
  const auto error_of = [this](const std::string& text) {
    EXPECT_TRUE(ReplaceFile(*files_, "rows.csv", text).ok());
    return LogReader::Open(*files_, {"rows.csv"}).status().message();
  };
  for (const char* const text : {"user,item,click\n1,2,0\n", "PAR1............."}) {
    EXPECT_THAT(error_of(text), HasSubstr("chorus import makes one"));
  }
  EXPECT_EQ(error_of(std::string(20, '\x01')),
            "log rows.csv: this is no Chorus log (the magic differs)");
}

TEST_F(FolderKindTest, NamesWhatLiesOneFolderBelow) {
  EXPECT_EQ(KindWith("train/part-00000.log", kLogText), "; there are logs in it: folder1/train");
  EXPECT_EQ(KindWith("checkpoints/step-000000000007/MANIFEST"),
            "; there are checkpoints in it: folder2/checkpoints");
}

TEST_F(FolderKindTest, TextsThatAreCalledLogsAreNone) {
  EXPECT_EQ(KindWith("nohup.log", "step 1: loss 0.3"), "");
  ASSERT_TRUE(ReplaceFile(*files_, "run/train.log", "CHORUS train").ok());
  EXPECT_EQ(WhatIsThere(*files_, "run/train.log"), "");
  ASSERT_TRUE(ReplaceFile(*files_, "run/step-000000000004/MANIFEST", "x").ok());
  EXPECT_THAT(WhatIsThere(*files_, "run"), HasSubstr("it is a checkpoint"));
  ASSERT_TRUE(ReplaceFile(*files_, "run/part-00000.log", kLogText).ok());
  EXPECT_THAT(WhatIsThere(*files_, "run"), HasSubstr("it is a checkpoint"));
  EXPECT_THAT(WhatIsThere(*files_, "run/part-00000.log"), HasSubstr("it is a file of a log"));
}

TEST_F(FolderKindTest, IsPartOfTheErrorOfALogThatIsNone) {
  ASSERT_TRUE(ReplaceFile(*files_, "model/manifest.json", "{}").ok());
  EXPECT_THAT(LogReader::Open(*files_, {"model"}).status().message(),
              HasSubstr("directory model holds no *.log file; it is an exported model"));
}

}  // namespace
}  // namespace chorus::worker
