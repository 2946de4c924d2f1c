#include "launch/compare/run/finished_runs.h"

#include <gtest/gtest.h>

namespace chorus::launch {
namespace {

TEST(InputChecksumsTest, AFileThatRunsShareIsReadOnce) {
  const auto files = NewMemoryFiles();
  ASSERT_TRUE(ReplaceFile(*files, "oracle", "truth").ok());
  InputChecksums now(*files);
  const Result<uint64_t> first = now.OfFile("oracle");
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(*first, Checksum(std::string_view("truth")));
  ASSERT_TRUE(files->Remove("oracle").ok());
  EXPECT_EQ(*now.OfFile("oracle"), *first);
  EXPECT_EQ(now.OfFile("other").status().code(), Code::kNotFound);
  EXPECT_EQ(InputChecksums(*files).OfFile("oracle").status().code(), Code::kNotFound);
}

}  // namespace
}  // namespace chorus::launch
