#include "common/uri.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "common/file.h"
#include "common/output_file.h"
#include "common/output_folder.h"

namespace chorus {
namespace {

TEST(UriTest, AnAddressBeginsWithASchemeAndTwoSlashes) {
  for (const char* uri : {"s3://bucket/key", "gs://b", "hdfs://host:8020/a", "a+b-c.d://x"}) {
    EXPECT_TRUE(IsUri(uri)) << uri;
  }
  for (const char* path : {"", "s3:/bucket", "a/b://c", "://x", "c://x", "3s://x", "day.csv"}) {
    EXPECT_FALSE(IsUri(path)) << path;
  }
}

TEST(UriTest, KeysAreNotShown) {
  EXPECT_EQ(ShownUri("s3://key:secret@bucket/a@b?c=d"), "s3://...@bucket/a@b?c=d");
  EXPECT_EQ(ShownUri("s3://bucket/a@b"), "s3://bucket/a@b");
  EXPECT_EQ(ShownUri("key:secret@file"), "key:secret@file");
  EXPECT_EQ(ShownArguments({"a.csv", "s3://key:secret@b/*?region=x"}),
            "a.csv 's3://...@b/*?region=x'");
}

// Nor does a local folder "s3:" come to be.
TEST(UriTest, NothingIsWrittenToAnAddress) {
  std::string folder = ::testing::TempDir() + "chorus-uri-XXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(folder);
  FileSystem& files = PosixFiles();
  for (const std::string uri : {"s3://bucket", "s3://bucket/", "s3://bucket/day/log"}) {
    for (const Status& refused :
         {files.CreateDirectories(uri), files.CreateDirectories(DirectoryOf(uri)),
          files.Create(uri).status(), OutputFile::Create(files, uri).status(),
          OutputFile::Replace(files, uri, "", "").status(),
          OutputFolder::Create(files, uri, "importing").status()}) {
      EXPECT_EQ(refused.code(), Code::kInvalidArgument) << uri << " " << refused.ToString();
      EXPECT_NE(refused.message().find("nothing is written there"), std::string::npos)
          << refused.message();
    }
    EXPECT_NE(files.OpenForRead(uri).status().message().find("copy it to a local file"),
              std::string::npos);
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder));
  std::filesystem::current_path(before);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace chorus
