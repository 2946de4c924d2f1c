// Logs that become one: the rows of all, in the bytes that one import of everything would make.

#include "worker/import/merge_logs.h"
#include "tests/worker/import/import_log_testing.h"
#include "tests/worker/import/tfrecord_testing.h"
#include "tests/worker/log/log_testing.h"
#include "worker/import/label_import.h"

namespace chorus::worker {
namespace {

constexpr char kContexts[] = R"(
  row_id: "id" group: "user" weight: "w" block_rows: 32 file_rows: 100
  slot { column: "user" context: true }
  slot { column: "tags" separator: " " value_separator: ":" }
  numeric { column: "price" transform: NONE })";

// Rows [begin, end) of a text in which users have runs of up to 13 rows.
std::string RowsText(int begin, int end) {
  std::string text = "id,click,sale,user,w,tags,price\n";
  for (int i = begin; i < end; ++i) {
    text += StrCat(5000 + i, ",", int{i % 3 == 0}, ",", int{i % 6 == 0}, ",u", i / 13, ",",
                   i % 5 == 0 ? "2.5" : "1", ",", i % 4 == 0 ? "" : StrCat("t", i % 7, ":0.5 x:2"),
                   ",", i * 0.25, "\n");
  }
  return text;
}

class MergeLogsTest : public ImportTest {
 protected:
  void ImportLog(const std::string& text, const std::string& output,
                 const std::string& schema = kContexts, const std::string& like = "") {
    Write(text);
    ImportOptions options;
    options.output = output;
    options.like = like;
    const auto summary = Import(schema, options);
    ASSERT_TRUE(summary.ok()) << summary.status().ToString();
  }
  Result<MergeSummary> Merge(const std::vector<std::string>& logs, const std::string& output,
                             uint32_t threads = 1) {
    return MergeLogs(*files_, {.logs = logs, .output = output, .threads = threads});
  }
  std::string MergeError(const std::vector<std::string>& logs) {
    const auto summary = Merge(logs, "refused");
    EXPECT_FALSE(summary.ok());
    EXPECT_FALSE(files_->Exists("refused"));
    return summary.status().message();
  }
  void ExpectSameFiles(const std::string& a, const std::string& b) {
    const auto names = files_->List(a);
    ASSERT_TRUE(names.ok());
    EXPECT_EQ(*names, *files_->List(b));
    for (const std::string& name : *names) {
      EXPECT_EQ(*ReadWholeFile(*files_, JoinPath(a, name)),
                *ReadWholeFile(*files_, JoinPath(b, name)))
          << name;
    }
  }
};

TEST_F(MergeLogsTest, TheBytesAreThoseOfOneImportOfAllRows) {
  ImportLog(RowsText(0, 290), "all");
  // Borders inside and between users' runs, blocks and files; one log of few rows.
  const std::vector<int> borders = {0, 71, 78, 79, 260, 290};
  std::vector<std::string> parts;
  for (size_t i = 0; i + 1 < borders.size(); ++i) {
    parts.push_back(StrCat("part-", i));
    ImportLog(RowsText(borders[i], borders[i + 1]), parts.back());
  }
  for (const uint32_t threads : {1u, 4u}) {
    const std::string output = StrCat("merged-", threads);
    const auto summary = Merge(parts, output, threads);
    ASSERT_TRUE(summary.ok()) << summary.status().ToString();
    EXPECT_EQ(summary->log.rows, 290u);
    EXPECT_EQ(summary->repeated_ids.rows, 0u);
    ExpectSameFiles("all", output);
  }
}

TEST_F(MergeLogsTest, LogsWithoutContextsAndWithTextsOfRowIdsMergeToo) {
  const std::string flat = R"(row_id: "id" row_id_text: true block_rows: 7
    slot { column: "user" } slot { column: "tags" separator: " " })";
  ImportLog(RowsText(0, 50), "all", flat);
  ImportLog(RowsText(0, 20), "a", flat);
  ImportLog(RowsText(20, 50), "b", flat);
  ASSERT_TRUE(Merge({"a", "b"}, "merged").ok());
  ExpectSameFiles("all", "merged");
}

TEST_F(MergeLogsTest, LabelsThatCameLaterBecomePartOfTheLog) {
  ImportLog(RowsText(0, 60), "a");
  WriteFile(*files_, "late.csv", "id,click,sale\n5001,1,1\n5003,0,0\n5059,1,0\n");
  ASSERT_TRUE(
      ImportLabels(*files_, MakeSchema(kContexts), {.inputs = {"late.csv"}, .logs = {"a"}}).ok());
  const auto summary = Merge({"a"}, "compact");
  ASSERT_TRUE(summary.ok()) << summary.status().ToString();
  EXPECT_EQ(summary->labelled, 3u);
  EXPECT_EQ(*files_->List("compact"), std::vector<std::string>{"part-00000.log"});
  LogSchema schema;
  const std::vector<Batch> before = ReadLog(*files_, "a", &schema),
                           after = ReadLog(*files_, "compact");
  ASSERT_EQ(before.size(), after.size());
  for (size_t i = 0; i < before.size(); ++i)
    EXPECT_TRUE(testing::SameBatch(before[i], after[i])) << i;
}

TEST_F(MergeLogsTest, ColumnsAreMatchedByNameAndFurtherOnesAreNamed) {
  ImportLog(RowsText(0, 20), "a", R"(row_id: "id" slot { column: "user" } slot { column: "w" })");
  ImportLog(
      RowsText(20, 30), "b",
      R"(row_id: "id" slot { column: "price" } slot { column: "w" } slot { column: "user" })");
  const auto summary = Merge({"a", "b"}, "merged");
  ASSERT_TRUE(summary.ok()) << summary.status().ToString();
  EXPECT_EQ(summary->left_out, std::vector<std::string>{"price"});
  ImportLog(RowsText(0, 30), "all", R"(row_id: "id" slot { column: "user" } slot { column: "w" })");
  ExpectSameFiles("all", "merged");
  EXPECT_NE(MergeError({"b", "a"}).find("column \"price\" is missing"), std::string::npos);
}

TEST_F(MergeLogsTest, OtherRulesAreRefusedWithTheColumnAndBothSides) {
  ImportLog(RowsText(0, 20), "a");
  const auto expect_error = [&](const std::string& from, const std::string& to,
                                const std::vector<std::string>& words) {
    std::string schema = kContexts;
    const size_t at = schema.find(from);
    ASSERT_NE(at, std::string::npos);
    schema.replace(at, from.size(), to);
    ImportLog(RowsText(20, 40), "b", schema);
    const std::string error = MergeError({"a", "b"});
    for (const std::string& word : words) {
      EXPECT_NE(error.find(word), std::string::npos) << "expected " << word << " in " << error;
    }
    ASSERT_TRUE(files_->RemoveRecursively("b").ok());
  };
  expect_error("value_separator: \":\"", "value_separator: \":\" value_clip: 1",
               {"slot 'tags' was made by other rules", "in a {", "in b {", "value_clip: 1"});
  expect_error("\"price\" transform: NONE", "\"price\" transform: STANDARD",
               {"price", "other rules"});
  expect_error("slot { column: \"user\" context: true }",
               "slot { column: \"user\" context: true max_ids: 3 }", {"'user'", "max_ids: 3"});
  expect_error("group: \"user\"", "", {"group"});
  expect_error("row_id: \"id\"", "row_id: \"id\" trim: false", {"trim"});
}

TEST_F(MergeLogsTest, EqualSlotsOfTextAndOfTypedColumnsMerge) {
  ImportLog("id,click,sale,tags\n1,0,0,a:0.5|b:2\n", "a",
            R"(row_id: "id" slot { column: "tags" separator: "|" value_separator: ":" })");
  ImportLog(tfrecord::Record(tfrecord::Example({{"id", tfrecord::Integers({2})},
                                                {"click", tfrecord::Integers({1})},
                                                {"sale", tfrecord::Integers({0})},
                                                {"tags", tfrecord::Bytes({"b", "a"})},
                                                {"weights", tfrecord::Floats({1, 3})}})),
            "b", R"(row_id: "id" slot { column: "tags" value_column: "weights" })");
  const auto summary = Merge({"a", "b"}, "merged");
  ASSERT_TRUE(summary.ok()) << summary.status().ToString();
  const SlotColumn tags = ReadLog(*files_, "merged")[0].exposures.slots[0];
  ASSERT_EQ(tags.keys.size(), 4u);
  EXPECT_EQ(tags.keys[0], tags.keys[3]);
  EXPECT_EQ(tags.keys[1], tags.keys[2]);
  EXPECT_EQ(tags.values, (std::vector<float>{0.5, 2, 1, 3}));
}

TEST_F(MergeLogsTest, NormalisationThatDiffersIsRefusedAndLikeMakesItOne) {
  const std::string schema = R"(row_id: "id" block_rows: 9 numeric { column: "price" })";
  ImportLog(RowsText(0, 20), "a", schema);
  ImportLog(RowsText(20, 40), "b", schema);
  EXPECT_NE(MergeError({"a", "b"}).find("\"price\""), std::string::npos);
  ImportLog(RowsText(20, 40), "c", schema, "a");
  ImportLog(RowsText(0, 40), "all", schema, "a");
  ASSERT_TRUE(Merge({"a", "c"}, "merged").ok());
  ExpectSameFiles("all", "merged");
}

TEST_F(MergeLogsTest, NumberedRowsAreTold) {
  ImportLog(RowsText(0, 20), "a", R"(slot { column: "user" })");
  ImportLog(RowsText(20, 40), "b", R"(slot { column: "user" })");
  EXPECT_FALSE(Merge({"a"}, "one")->numbered_rows);
  const auto summary = Merge({"a", "b"}, "merged");
  ASSERT_TRUE(summary.ok());
  EXPECT_TRUE(summary->numbered_rows);
  EXPECT_EQ(summary->repeated_ids.rows, 20u);
  EXPECT_NE(FormatMergeSummary(*summary).find("row ids"), std::string::npos);
}

TEST_F(MergeLogsTest, RowsThatComeTwiceAreCounted) {
  ImportLog(RowsText(0, 50), "a");
  ImportLog(RowsText(43, 60), "b");
  const auto summary = Merge({"a", "b"}, "merged");
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->repeated_ids.rows, 7u);
  EXPECT_NE(FormatMergeSummary(*summary).find("7 rows have one that an earlier row has"),
            std::string::npos);
}

TEST_F(MergeLogsTest, ALogThatIsThereTwiceIsRefusedByWhateverNames) {
  ImportLog(RowsText(0, 50), "a");
  ImportLog(RowsText(50, 60), "b");
  EXPECT_NE(MergeError({"a", "b", "a"}).find("a/part-00000.log is named twice"), std::string::npos);
  const auto bytes = ReadWholeFile(*files_, "a/part-00000.log");
  WriteFile(*files_, "copy/day.log", *bytes);
  EXPECT_NE(MergeError({"a", "copy"}).find("a/part-00000.log and copy/day.log hold the same rows"),
            std::string::npos);
}

// Rows as a reader sees them, whatever the blocks.
struct SeenRow {
  uint64_t id;
  std::vector<std::vector<Key>> keys;  // [slot of contexts, then of exposures]
  std::vector<float> numbers;
  friend bool operator==(const SeenRow&, const SeenRow&) = default;
};
std::vector<SeenRow> SeenRows(const std::vector<Batch>& blocks) {
  std::vector<SeenRow> rows;
  for (const Batch& block : blocks) {
    for (uint32_t i = 0; i < block.rows(); ++i) {
      SeenRow row{block.row_id[i], {}, {block.weight.empty() ? 1 : block.weight[i]}};
      const auto add = [&](const FeatureColumns& side, uint32_t at) {
        for (const SlotColumn& slot : side.slots) {
          row.keys.emplace_back(slot.keys.begin() + slot.offsets[at],
                                slot.keys.begin() + slot.offsets[at + 1]);
          for (uint32_t k = slot.offsets[at]; k < slot.offsets[at + 1]; ++k) {
            row.numbers.push_back(slot.values.empty() ? 1 : slot.values[k]);
          }
        }
        for (const auto& column : side.numerics) row.numbers.push_back(column[at]);
      };
      add(block.contexts, block.context_of[i]);
      add(block.exposures, i);
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

TEST_F(MergeLogsTest, ContextsInAnyOrderKeepTheirRows) {
  const LogSchema schema = testing::FullSchema();
  std::vector<Batch> blocks = {testing::MakeBatch(schema, 40, 4, 0),
                               testing::MakeBatch(schema, 23, 1, 40)};
  // No import makes it, and the format allows it: contexts whose rows do not follow each other.
  for (uint32_t row = 0; row < 40; ++row) blocks[0].context_of[row] = (row * 7) % 10;
  testing::WriteLog(*files_, "a/x.log", schema, blocks);
  testing::WriteLog(*files_, "b/x.log", schema, {testing::MakeBatch(schema, 5, 2, 63)});
  const auto summary = Merge({"a", "b"}, "merged");
  ASSERT_TRUE(summary.ok()) << summary.status().ToString();
  std::vector<Batch> read = ReadLog(*files_, "a");
  const std::vector<Batch> more = ReadLog(*files_, "b");
  read.insert(read.end(), more.begin(), more.end());
  EXPECT_EQ(SeenRows(ReadLog(*files_, "merged")), SeenRows(read));
}

}  // namespace
}  // namespace chorus::worker
