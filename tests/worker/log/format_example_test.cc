// The worked examples of worker/log/README.md are what the writers make.
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <sstream>

#include "tests/worker/log/log_testing.h"
#include "worker/log/label_file.h"
#include "worker/log/log_reader.h"

namespace chorus::worker::testing {
namespace {

// Three exposures of two contexts; keys are the small numbers 10, 11, 20, 21 to be found again by
// eye.
std::string ExampleFile() {
  LogSchema schema;
  schema.slots = {{"user", "user", true, false, false}, {"tags", "tags", false, true, false}};
  Batch batch;
  batch.contexts.rows = 2;
  batch.contexts.slots = {{{0, 1, 2}, {10, 11}, {}}};
  batch.exposures.rows = 3;
  batch.exposures.slots = {{{0, 2, 2, 3}, {20, 21, 20}, {}}};
  batch.context_of = {0, 0, 1};
  batch.row_id = {7, 8, 9};
  batch.click = {1, 0, 1};
  batch.conversion = {0, 0, 1};
  const auto files = NewMemoryFiles();
  WriteLog(*files, "example.log", schema, {batch});
  return ReadWholeFile(*files, "example.log").value();
}

// The example's second row gets a click and a conversion.
std::string ExampleLabels() {
  const auto files = NewMemoryFiles();
  CHECK(ReplaceFile(*files, "d/example.log", ExampleFile()).ok());
  const uint64_t identity = LogReader::Open(*files, {"d"}).value()->identity(0);
  const LabelledBlock block = {
      .clicks = 3, .conversions = 2, .changes = {MakeLabelChange(1, 1, 1)}};
  LabelFile labels;
  labels.files = {{.name = "example.log", .identity = identity, .blocks = {block}}};
  return EncodeLabelFile(labels);
}

// "0000  43 48 ..." with 16 bytes a line.
std::string HexDump(const std::string& bytes) {
  std::string out;
  char text[24];
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (i % 16 == 0) {
      std::snprintf(text, sizeof(text), "%04zx ", i);
      out.append(text);
    }
    std::snprintf(text, sizeof(text), " %02x", static_cast<unsigned char>(bytes[i]));
    out.append(text);
    if (i % 16 == 15 || i + 1 == bytes.size()) out.push_back('\n');
  }
  return out;
}

TEST(FormatExampleTest, TheReadmeShowsTheFilesThatTheWritersMake) {
  std::ifstream readme(CHORUS_LOG_README);
  ASSERT_TRUE(readme.good()) << CHORUS_LOG_README;
  std::ostringstream text;
  text << readme.rdbuf();
  for (const std::string& bytes : {ExampleFile(), ExampleLabels()}) {
    const std::string dump = HexDump(bytes);
    EXPECT_NE(text.str().find(dump), std::string::npos) << dump;
  }
}

}  // namespace
}  // namespace chorus::worker::testing
