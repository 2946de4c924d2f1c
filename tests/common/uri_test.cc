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
  EXPECT_EQ(ShownUri("s3://key:secret@bucket/a@b?c=d"), "s3://...@bucket/a@b?...");
  EXPECT_EQ(ShownUri("s3://bucket/a@b"), "s3://bucket/a@b");
  EXPECT_EQ(ShownUri("key:secret@file"), "key:secret@file");
  EXPECT_EQ(ShownArguments({"a.csv", "s3://key:secret@b/*?region=x"}),
            "a.csv 's3://...@b/*?region=x'");
  EXPECT_EQ(ShownArguments({"my day's.csv"}), "'my day'\\''s.csv'");
}

// As half of AWS's secret keys have it.
TEST(UriTest, AKeyWithASlashIsNotShown) {
  EXPECT_EQ(ShownUri("s3://AKIA:abc/def@bucket/key"), "s3://...@bucket/key");
  EXPECT_EQ(ShownUri("s3://AKIA:123/def@bucket/key"), "s3://...@bucket/key");
  EXPECT_EQ(ShownUri("s3://AKIA:abc/d?f@bucket/key?region=x"), "s3://...@bucket/key?region=x");
  EXPECT_EQ(ShownUri("s3://AKIA:abc/def"), "s3://...");
  EXPECT_EQ(ShownUri("hdfs://host:8020/a@b"), "hdfs://host:8020/a@b");
  EXPECT_EQ(ShownUri("kafka://h:9092,g:9092/clicks?start=latest"),
            "kafka://h:9092,g:9092/clicks?start=latest");
  EXPECT_EQ(ShownUri("http://[::1]:80/a@b"), "http://[::1]:80/a@b");
}

TEST(UriTest, OfAQueryOnlyWhatIsKnownIsShown) {
  EXPECT_EQ(ShownUri("https://h/a?X-Amz-Signature=12ab&region=eu&token"),
            "https://h/a?...&region=eu&...");
  EXPECT_EQ(ShownUri("abfs://c/a?sig=secret"), "abfs://c/a?...");
  EXPECT_EQ(ShownUri("s3://b/a?scheme=http&endpoint_override=host%3A80"),
            "s3://b/a?scheme=http&endpoint_override=host%3A80");
  EXPECT_EQ(ShownUri("s3://b/a?endpoint_override=u%3Apass%40host"), "s3://b/a?...");
}

TEST(UriTest, WhatOthersSayIsShownWithoutTheKeys) {
  EXPECT_EQ(WithoutKeys("Cannot parse URI: 's3://AKIA:abc/def@bucket/key'",
                        "s3://AKIA:abc/def@bucket/key"),
            "Cannot parse URI: 's3://...@bucket/key'");
  EXPECT_EQ(WithoutKeys("user AKIA with abc/def and s%2Fg is unknown",
                        "s3://AKIA:abc%2Fdef@bucket/key?sig=s%2Fg"),
            "user ... with ... and ... is unknown");
  EXPECT_EQ(WithoutKeys("signature 12%2F34, 12/34", "https://h/a?sig=12%2F34"),
            "signature ..., ...");
  EXPECT_EQ(WithoutKeys("no such file a", "a"), "no such file a");
}

TEST(UriTest, OneObjectIsKnownByItsAddress) {
  EXPECT_EQ(IdentityOfUri("s3://b/a//x"), "s3://b/a//x");
  EXPECT_EQ(IdentityOfUri("s3://k:s@b/a?region=eu"), IdentityOfUri("s3://b/a?region=us&scheme=x"));
  EXPECT_NE(IdentityOfUri("abfs://c@h/a"), IdentityOfUri("abfs://d@h/a"));
  EXPECT_NE(IdentityOfUri("s3://b/a?endpoint_override=h"), IdentityOfUri("s3://b/a"));
}

TEST(UriTest, BytesAreDecoded) {
  EXPECT_EQ(DecodedUri("a%20b%2fc%"), "a b/c%");
  EXPECT_EQ(DecodedUri("%4"), "%4");
  EXPECT_EQ(DecodedUri("%zz"), "%zz");
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
