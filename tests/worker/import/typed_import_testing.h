#pragma once
// One table of rows in every kind of input: text between tabs, Parquet and ORC (by python3 and
// pyarrow, where these are), TFRecord.

#include <gtest/gtest.h>

#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "common/strings.h"
#include "tests/worker/import/import_log_testing.h"
#include "tests/worker/import/tfrecord_testing.h"
#include "worker/columns/arrow_library.h"

namespace chorus::worker {

using CellTable = std::vector<std::vector<std::string>>;  // the header first

inline std::string AsText(const CellTable& table) {
  std::string text;
  for (const auto& row : table) text += Join(row, "\t") + "\n";
  return text;
}

struct TestedColumn {
  std::string name;
  std::string arrow;  // as write_columns.py knows it
  char feature;       // of tf.Example: 'i', 'f' or 'b'
};

// Rows [first, end) of a table, the first of which is 1.
inline std::string AsRecords(const CellTable& table, const std::vector<TestedColumn>& kinds,
                             size_t first, size_t end) {
  std::string out;
  for (size_t r = first; r < end; ++r) {
    tfrecord::NamedFeatures features;
    for (size_t c = 0; c < kinds.size(); ++c) {
      const std::string& cell = table[r][c];
      std::vector<std::string> pieces;
      if (!cell.empty()) pieces = chorus::Split(cell, '|');
      std::vector<int64_t> integers;
      std::vector<float> floats;
      for (const std::string& piece : pieces) {
        if (kinds[c].feature == 'i') integers.push_back(*ParseInt64(piece));
        if (kinds[c].feature == 'f') floats.push_back(static_cast<float>(*ParseDouble(piece)));
      }
      if (cell.empty() && r % 2 == 0) continue;  // in the other rows it is there and empty
      features.emplace_back(kinds[c].name, kinds[c].feature == 'i'   ? tfrecord::Integers(integers)
                                           : kinds[c].feature == 'f' ? tfrecord::Floats(floats)
                                                                     : tfrecord::Bytes(pieces));
    }
    out += tfrecord::Record(tfrecord::Example(features));
  }
  return out;
}

// Imports on disk, in a folder that ends with the test.
class TypedImportTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "chorus-columns-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string Path(const std::string& name) const { return folder_ + "/" + name; }
  void Write(const std::string& name, const std::string& bytes) {
    std::ofstream(Path(name), std::ios::binary) << bytes;
  }
  std::string Read(const std::string& name) {
    std::ifstream file(Path(name), std::ios::binary);
    EXPECT_TRUE(file.good()) << name;
    return {std::istreambuf_iterator<char>(file), {}};
  }

  // "" when `name` was written, else why it cannot be.
  std::string WriteColumns(const CellTable& table, const std::vector<TestedColumn>& kinds,
                           const std::string& name, const std::string& options = "") {
    if (const auto library = OpenArrowLibrary("libchorus_arrow.so"); !library.ok()) {
      return library.status().message();
    }
    Write("table.txt", AsText(table));
    std::string spelled;
    for (const TestedColumn& kind : kinds) {
      spelled += StrCat(spelled.empty() ? "" : ",", kind.name, "=", kind.arrow);
    }
    const std::string command =
        StrCat(CHORUS_TEST_PYTHON, " ", CHORUS_WRITE_COLUMNS, " ", Path("table.txt"), " ",
               Path(name), " ", spelled, " ", options, " > ", Path("why.txt"), " 2>&1");
    const int code = std::system(command.c_str());
    if (code == 0) return "";
    if (WIFEXITED(code) && WEXITSTATUS(code) != 3) {
      ADD_FAILURE() << command << ": " << Read("why.txt");
    }
    return StrCat(CHORUS_TEST_PYTHON, ": ", Read("why.txt"));
  }

  Result<ImportSummary> Import(const std::string& schema, const std::vector<std::string>& names,
                               const std::string& output, ImportOptions options = {}) {
    for (const std::string& name : names) options.inputs.push_back(Path(name));
    options.output = Path(output);
    return ImportText(PosixFiles(), MakeSchema(schema), options);
  }
  // The error of an import that fails, without the folder.
  std::string ErrorOf(const std::string& schema, const std::vector<std::string>& names,
                      ImportOptions options = {}) {
    const auto summary = Import(schema, names, "failed", std::move(options));
    EXPECT_FALSE(summary.ok());
    std::string message = summary.ok() ? "" : summary.status().message();
    for (size_t at = 0; (at = message.find(folder_ + "/")) != std::string::npos;) {
      message.erase(at, folder_.size() + 1);
    }
    return message;
  }

  // All files of an output, one behind the other with their names.
  std::string BytesOf(const std::string& output) {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(Path(output))) {
      if (!entry.is_regular_file()) continue;
      names.push_back(std::filesystem::relative(entry.path(), folder_).string());
    }
    std::sort(names.begin(), names.end());
    std::string bytes;
    for (const std::string& name : names) {
      bytes += name.substr(name.find('/')) + "\n" + Read(name);
    }
    return bytes;
  }

  std::string folder_;
};

// Why a test of Parquet or ORC cannot run here, as GTEST_SKIP says it.
#define SKIP_WITHOUT_ARROW(why)                  \
  do {                                           \
    const std::string reason = (why);            \
    if (!reason.empty()) GTEST_SKIP() << reason; \
  } while (0)

}  // namespace chorus::worker
