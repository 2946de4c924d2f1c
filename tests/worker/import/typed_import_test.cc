// One table of rows in every kind of input gives one log.

#include "tests/worker/import/typed_import_testing.h"
#include "worker/import/text_blocks.h"

namespace chorus::worker {
namespace {

constexpr char kRules[] = R"(
    row_id: "id" group: "user" time: "at" weight: "w" delimiter: "\t" block_rows: 64
    slot { column: "user" context: true }
    slot { column: "city" context: true key_space: "geo" max_ids: 1 }
    slot { column: "history" context: true separator: "|" value_separator: ":" value_clip: 2 }
    slot { column: "item" }
    slot { column: "big" }
    slot { column: "holes" key_space: "item" }
    slot { column: "tags" separator: "|" max_ids: 2 keep: LAST }
    slot { column: "ints" separator: "|" }
    numeric { column: "age" context: true missing: -1 }
    numeric { column: "price" transform: LOG_STANDARD }
    numeric { column: "ratio" transform: NONE })";

const std::vector<TestedColumn> kKinds = {
    {"click", "bool", 'i'},      {"sale", "int8", 'i'},     {"id", "int64", 'i'},
    {"user", "string", 'b'},     {"at", "timestamp", 'b'},  {"w", "double", 'f'},
    {"city", "dictionary", 'b'}, {"history", "pairs", 'b'}, {"item", "int32", 'i'},
    {"big", "uint64", 'b'},      {"holes", "double", 'i'},  {"tags", "strings", 'b'},
    {"ints", "ints", 'i'},       {"age", "int16", 'i'},     {"price", "float", 'f'},
    {"ratio", "decimal", 'f'}};

// Rows of users, who have one to five in a row; every column has holes where it may.
CellTable Rows(int rows) {
  CellTable table(1);
  for (const TestedColumn& kind : kKinds) table[0].push_back(kind.name);
  uint64_t state = 7;
  const auto draw = [&](uint64_t below) { return Mix(state++) % below; };
  std::vector<std::string> context(4);
  for (int i = 0; i < rows; ++i) {
    if (i == 0 || draw(3) == 0) {
      context = {StrCat("u", draw(50)), draw(4) == 0 ? "" : StrCat("Z\xc3\xbcrich ", draw(9)),
                 draw(5) == 0 ? "" : StrCat(draw(99), ":1.5|x:", draw(8), ".25"),
                 draw(6) == 0 ? "" : StrCat(20 + draw(60))};
    }
    const bool click = draw(3) == 0;
    const std::string sale = !click ? (draw(2) == 0 ? "" : "0") : StrCat(draw(2));
    table.push_back(
        {click ? "1" : "0", sale, StrCat(1000 + i), context[0],
         StrCat("2025-11-2", draw(9), " 1", draw(9), ":00:00"), StrCat(1 + draw(3), ".5"),
         context[1], context[2], draw(9) == 0 ? "" : StrCat(static_cast<int64_t>(draw(400)) - 200),
         StrCat(Mix(draw(100)) | uint64_t{1} << 63), draw(4) == 0 ? "" : StrCat(draw(40)),
         draw(5) == 0 ? "" : StrCat("a", draw(9), "|b c|", draw(20)),
         draw(5) == 0 ? "" : StrCat(draw(9), "|-", 1 + draw(9), "|7"), context[3],
         draw(7) == 0 ? "" : StrCat(draw(900), ".", 25 * (1 + draw(3))), StrCat(draw(5), ".5")});
  }
  return table;
}

ImportOptions Parts(uint32_t threads) {
  ImportOptions options = WithSplit("train:0.7,test:0.3", "user");
  options.threads = threads;
  return options;
}

class EveryKindTest : public TypedImportTest {
 protected:
  void SetUp() override {
    TypedImportTest::SetUp();
    table_ = Rows(900);
    Write("rows.csv", AsText(table_));
    const auto summary = Import(kRules, {"rows.csv"}, "expected", Parts(1));
    ASSERT_OK(summary.status());
    expected_ = *summary;
    expected_bytes_ = BytesOf("expected");
  }

  void ExpectTheSame(const std::vector<std::string>& names, const std::string& rules = kRules) {
    for (const uint32_t threads : {1, 2, 3}) {
      const std::string output = StrCat("out", ++outputs_);
      const auto summary = Import(rules, names, output, Parts(threads));
      ASSERT_OK(summary.status());
      EXPECT_EQ(summary->rows, expected_.rows);
      EXPECT_TRUE(BytesOf(output) == expected_bytes_) << names[0] << ", " << threads << " threads";
      for (const CellNote note : {CellNote::kMissing, CellNote::kNoConversion, CellNote::kCut}) {
        EXPECT_EQ(Count(*summary, note), Count(expected_, note)) << NameOf(note);
      }
    }
  }

  static uint64_t Count(const ImportSummary& summary, CellNote note) {
    uint64_t count = 0;
    for (const ColumnNote& found : summary.notes) count += found.note == note ? found.count : 0;
    return count;
  }

  // The scores' blocks of some rows are those of the import's log.
  void ExpectTheSameBlocks(const std::string& name) {
    ASSERT_OK(Import(kRules, {name}, "one").status());
    LogSchema model;
    const std::vector<Batch> log = ReadLog(PosixFiles(), Path("one"), &model);
    ASSERT_FALSE(log.empty());
    const auto blocks = TextBlocks::Open(
        PosixFiles(), {.schema = MakeSchema(kRules), .inputs = {Path(name)}}, model);
    ASSERT_OK(blocks.status());
    RowBlock block;
    for (const Batch& expected : log) {
      const auto got = (*blocks)->Next(&block);
      ASSERT_OK(got.status());
      ASSERT_TRUE(*got);
      ASSERT_EQ(block.rows.size(), expected.rows());
      for (uint32_t i = 0; i < expected.rows(); ++i) {
        EXPECT_EQ(block.rows[i].id, StrCat(expected.row_id[i]));
        EXPECT_EQ(block.rows[i].click, StrCat(expected.click[i]));
        EXPECT_EQ(block.rows[i].conversion, StrCat(expected.conversion[i]));
      }
      EXPECT_EQ(block.batch.exposures.numerics, expected.exposures.numerics);
      for (size_t s = 0; s < expected.exposures.slots.size(); ++s) {
        EXPECT_EQ(block.batch.exposures.slots[s].keys, expected.exposures.slots[s].keys);
      }
      EXPECT_EQ(block.batch.context_of, expected.context_of);
    }
    EXPECT_FALSE(*(*blocks)->Next(&block));
  }

  CellTable table_;
  ImportSummary expected_;
  std::string expected_bytes_;
  int outputs_ = 0;
};

TEST_F(EveryKindTest, ParquetGivesTheBytesOfText) {
  SKIP_WITHOUT_ARROW(WriteColumns(table_, kKinds, "a.parquet", "row_group=100"));
  ExpectTheSame({"a.parquet"});
  ExpectTheSame({"a.parquet"}, StrCat(kRules, " format: PARQUET"));
  ASSERT_EQ(WriteColumns(table_, kKinds, "b.parquet", "dictionary"), "");
  ExpectTheSame({"b.parquet"});
}

TEST_F(EveryKindTest, OrcGivesTheBytesOfText) {
  SKIP_WITHOUT_ARROW(WriteColumns(table_, kKinds, "probe.parquet"));
  std::vector<TestedColumn> kinds = kKinds;  // ORC has neither dictionaries nor unsigned integers
  for (TestedColumn& kind : kinds) {
    if (kind.arrow == "dictionary" || kind.arrow == "uint64") kind.arrow = "string";
  }
  ASSERT_EQ(WriteColumns(table_, kinds, "a.orc"), "");
  ExpectTheSame({"a.orc"});
  ExpectTheSame({"a.orc"}, StrCat(kRules, " format: ORC"));
}

TEST_F(EveryKindTest, SeveralFilesAndOtherSpellingsOfTypesGiveTheBytesOfText) {
  SKIP_WITHOUT_ARROW(WriteColumns(table_, kKinds, "probe.parquet"));
  std::vector<TestedColumn> kinds = kKinds;
  const std::pair<const char*, const char*> others[] = {
      {"click", "double"},  {"sale", "uint8"},  {"id", "uint64"},   {"user", "large"},
      {"city", "binary"},   {"history", "map"}, {"item", "int64"},  {"holes", "float"},
      {"price", "decimal"}, {"age", "double"},  {"ratio", "float"}, {"w", "float"}};
  for (TestedColumn& kind : kinds) {
    for (const auto& [name, arrow] : others) kind.arrow = kind.name == name ? arrow : kind.arrow;
  }
  std::filesystem::create_directory(Path("folder"));
  for (size_t file = 0; file < 3; ++file) {  // the second has no rows
    CellTable part(1, table_[0]);
    const size_t begin = file == 0 ? 1 : 400, end = file == 0 ? 400 : table_.size();
    if (file != 1) part.insert(part.end(), table_.begin() + begin, table_.begin() + end);
    ASSERT_EQ(WriteColumns(part, kinds, StrCat("folder/part-", file, ".parquet"), "row_group=33"),
              "");
  }
  Write("folder/_SUCCESS", "");
  ExpectTheSame({"folder"});
  ExpectTheSame({"folder/part-*.parquet"});
}

TEST_F(EveryKindTest, TfRecordGivesTheBytesOfText) {
  const std::string records = AsRecords(table_, kKinds, 1, table_.size());
  Write("a.tfrecord", records);
  ExpectTheSame({"a.tfrecord"});
  ExpectTheSame({"a.tfrecord"}, StrCat(kRules, " format: TFRECORD"));
  Write("a.tfrecord.gz", Gzip(records));
  ExpectTheSame({"a.tfrecord.gz"});
  Write("p0", AsRecords(table_, kKinds, 1, 333));
  Write("p1", "");
  Write("p2", AsRecords(table_, kKinds, 333, table_.size()));
  ExpectTheSame({"p0", "p1", "p2"});
}

TEST_F(EveryKindTest, RangesOfRowsAreCountedFirst) {
  Write("a.tfrecord", AsRecords(table_, kKinds, 1, table_.size()));
  std::vector<std::string> names = {"rows.csv", "a.tfrecord"};
  if (WriteColumns(table_, kKinds, "a.parquet").empty()) names.push_back("a.parquet");
  std::string first;
  for (const std::string& name : names) {
    ASSERT_OK(Import(kRules, {name}, "r-" + name, WithSplit("a:0.5,b:0.5", "", true)).status());
    if (first.empty()) first = BytesOf("r-" + name);
    EXPECT_TRUE(BytesOf("r-" + name) == first) << name;
  }
}

TEST_F(EveryKindTest, RowsAreScoredFromEveryKindOfInput) {
  Write("a.tfrecord", AsRecords(table_, kKinds, 1, table_.size()));
  ExpectTheSameBlocks("a.tfrecord");
  SKIP_WITHOUT_ARROW(WriteColumns(table_, kKinds, "a.parquet"));
  std::filesystem::remove_all(Path("one"));
  ExpectTheSameBlocks("a.parquet");
}

}  // namespace
}  // namespace chorus::worker
