#pragma once
// Rows that are imported in this process, for jobs in it. Thread safety: the test's thread.

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <string>

#include "common/config.h"
#include "common/file.h"
#include "worker/import/import.h"

namespace chorus::e2e {

inline ImportSchema CompleteSchema(const std::string& text) {
  ImportSchema schema;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &schema)) << text;
  const Status complete = CompleteConfig("schema", &schema);
  EXPECT_TRUE(complete.ok()) << complete.ToString();
  return schema;
}

// `rows`, the bytes of an input, become the log `output`.  like: as in ImportOptions.
inline void ImportRows(FileSystem& files, const ImportSchema& schema, const std::string& rows,
                       const std::string& output, const std::string& like) {
  ASSERT_TRUE(ReplaceFile(files, output + ".rows", rows).ok());
  const auto summary = worker::ImportText(
      files, schema, {.inputs = {output + ".rows"}, .output = output, .like = like});
  ASSERT_TRUE(summary.ok()) << summary.status().ToString();
}

}  // namespace chorus::e2e
