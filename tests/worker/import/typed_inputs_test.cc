// What typed columns are refused, what they say of it, and what only they have.
#include <cmath>

#include "tests/worker/import/typed_import_testing.h"
#include "worker/import/batch_reader.h"
#include "worker/import/text_blocks.h"
#include "worker/import/text_rules.h"

namespace chorus::worker {
namespace {

using tfrecord::Example;
using tfrecord::Floats;
using tfrecord::Integers;
using tfrecord::Record;

constexpr char kItems[] = R"(slot { column: "item" } block_rows: 64)";
const CellTable kSmall = {{"click", "sale", "item"}, {"1", "0", "7"}, {"0", "0", "8"}};
const std::vector<TestedColumn> kSmallKinds = {
    {"click", "int8", 'i'}, {"sale", "int8", 'i'}, {"item", "int64", 'i'}};

std::vector<TestedColumn> With(const std::string& name, const std::string& arrow) {
  std::vector<TestedColumn> kinds = kSmallKinds;
  for (TestedColumn& kind : kinds) kind.arrow = kind.name == name ? arrow : kind.arrow;
  return kinds;
}

std::string ItemRecord(int64_t click, const std::string& item) {
  return Record(Example({{"click", Integers({click})}, {"sale", Integers({0})}, {"item", item}}));
}

class TypedInputsTest : public TypedImportTest {
 protected:
  const Batch& Imported(const std::string& schema, const std::string& name) {
    std::filesystem::remove_all(Path("log"));
    summary_ = Import(schema, {name}, "log");
    EXPECT_TRUE(summary_.ok()) << summary_.status().ToString();
    blocks_ = summary_.ok() ? ReadLog(PosixFiles(), Path("log"), &log_) : std::vector<Batch>(1);
    return blocks_[0];
  }

  Result<ImportSummary> summary_ = Internal("none");
  LogSchema log_;
  std::vector<Batch> blocks_;
};

Key ItemKey(std::string_view id) { return MakeKey(SpaceSeed("item"), IdFromText(id)); }

TEST_F(TypedInputsTest, ValuesOfIdsMayBeAFeatureOfTheirOwn) {
  const auto record = [](const std::vector<int64_t>& ids, const std::vector<float>& values) {
    return Record(Example({{"click", Integers({0})},
                           {"sale", Integers({0})},
                           {"item", Integers(ids, /*packed=*/false)},
                           {"weights", Floats(values)}}));
  };
  const std::string rules = R"(slot { column: "item" value_column: "weights" max_ids: 2
                                      keep: LARGEST_VALUE })";
  Write("a", record({3, 4, 5}, {0.5f, 2, 1}) + record({}, {}));
  const SlotColumn& item = Imported(rules, "a").exposures.slots[0];
  EXPECT_EQ(item.keys, (std::vector<Key>{ItemKey("4"), ItemKey("5")}));
  EXPECT_EQ(item.values, (std::vector<float>{2, 1}));
  EXPECT_TRUE(log_.slots[0].multi_valued && log_.slots[0].has_values);
  Write("b", record({3}, {1}) + record({3, 4}, {0.5f}));
  EXPECT_EQ(ErrorOf(rules, {"b"}),
            "b, record 1: column 'weights': found '[0.5]', expected 2 values, as many as there are "
            "ids in 'item'");
  Write("c", record({3}, {NAN}));
  EXPECT_EQ(ErrorOf(rules, {"c"}),
            "c, record 0: column 'weights': found 'nan', expected a finite value for each id");
  Write("t.csv", "click,sale,item,weights\n0,0,1,1\n");
  EXPECT_NE(ErrorOf(rules, {"t.csv"}).find("value_column is for Parquet, ORC and TFRecord"),
            std::string::npos);
}

TEST_F(TypedInputsTest, WhatWasImportedFromListsIsScoredFromTextToo) {
  Write("a", Record(Example({{"click", Integers({0})},
                             {"sale", Integers({0})},
                             {"item", Integers({3, 4})},
                             {"weights", Floats({0.5f, 2})}})));
  const Batch log = Imported(R"(slot { column: "item" value_column: "weights" })", "a");
  const auto rules = TextRulesOf(log_);
  ASSERT_OK(rules.status());
  Write("t.csv", "item\n3:0.5|4:2\n");
  const auto blocks =
      TextBlocks::Open(PosixFiles(), {.schema = *rules, .inputs = {Path("t.csv")}}, log_);
  ASSERT_OK(blocks.status());
  RowBlock block;
  ASSERT_TRUE((*blocks)->Next(&block).value());
  EXPECT_EQ(block.batch.exposures.slots[0].keys, log.exposures.slots[0].keys);
  EXPECT_EQ(block.batch.exposures.slots[0].values, log.exposures.slots[0].values);
}

TEST_F(TypedInputsTest, AFeatureListIsTheValuesOfItsSteps) {
  Write("a", Record(tfrecord::SequenceExample(
                 {{"click", Integers({1})}, {"sale", Integers({1})}},
                 {{"item", {Integers({1}), Integers({}), Integers({2, 3})}}})));
  const SlotColumn& item =
      Imported(R"(slot { column: "item" separator: "," })", "a").exposures.slots[0];
  EXPECT_EQ(item.keys, (std::vector<Key>{ItemKey("1"), ItemKey("2"), ItemKey("3")}));
  EXPECT_NE(ErrorOf(kItems, {"a"})
                .find("a, record 0: column 'item': found '[1, 2, 3]', expected one "
                      "value, not 3"),
            std::string::npos);
}

TEST_F(TypedInputsTest, FeaturesThatNobodyNamesAreToldAndRareOnesAreMissing) {
  std::string records;
  for (int i = 0; i < 10100; ++i) {
    records += Record(Example({{"click", Integers({0})},
                               {"sale", Integers({0})},
                               {"item", Integers({i})},
                               {i > 10050 ? "late" : "early", Integers({1})}}));
  }
  Write("a", records);
  Imported(kItems, "a");
  EXPECT_EQ(summary_->left_out, (std::vector<std::string>{"'early'", "'late' (49 times)"}));
  Imported(R"(slot { column: "item" } slot { column: "late" })", "a");
  EXPECT_EQ(summary_->left_out, (std::vector<std::string>{"'early'"}));
  ASSERT_EQ(summary_->notes.size(), 1u);
  EXPECT_EQ(summary_->notes[0].count, 10051u);
  Write("b", ItemRecord(0, Integers({1})));
  EXPECT_NE(ErrorOf(R"(slot { column: "itme" })", {"b"}).find("there is no column 'itme'"),
            std::string::npos);
}

TEST_F(TypedInputsTest, BadRecordsAreCountedAndDamageEndsTheImport) {
  const std::string good = ItemRecord(0, Integers({1}));
  const std::string bad[] = {ItemRecord(0, Floats({1})), ItemRecord(2, Integers({1})),
                             Record("no example"),
                             Record(tfrecord::Field(1, tfrecord::Field(1, "cut")) + "\x0a\x7f"),
                             Record(Example({{"click", Integers({0})}, {"click", Integers({0})}}))};
  for (const std::string& record : bad) {
    Write("a", good + record + good);
    std::filesystem::remove_all(Path("log"));
    const auto summary = Import(kItems, {"a"}, "log", {.max_bad_rows = 1});
    ASSERT_OK(summary.status());
    EXPECT_EQ(summary->rows.bad, 1u);
    EXPECT_EQ(ErrorOf(kItems, {"a"}).substr(0, 13), "a, record 1: ");
  }
  Write("none", good + Record(Example({{"click", Integers({})}})));
  EXPECT_EQ(ErrorOf(kItems, {"none"}),
            "none, record 1: column 'click': found '[]', expected 0 or 1 (rows without labels are "
            "imported with --unlabelled)");
  Write("empty", good + ItemRecord(0, tfrecord::Field(2, "")));  // a list of no values has no kind
  Imported(kItems, "empty");
  EXPECT_EQ(summary_->notes.size(), 1u);
  Write("a", good + bad[0]);
  EXPECT_EQ(
      ErrorOf(kItems, {"a"}),
      "a, record 1: feature 'item': found float_list, expected int64_list, as in other records");
}

// A numeric column is read in a pass of its own, for its mean.
TEST_F(TypedInputsTest, AFeatureThatTheFirstRecordsLackIsWarnedOfOnce) {
  std::string records;
  for (int r = 0; r < 10001; ++r) records += ItemRecord(0, Integers({r}));
  Write("a", records);
  ::testing::internal::CaptureStderr();
  Imported(StrCat(kItems, R"( numeric { column: "price" transform: STANDARD missing: 0 })"), "a");
  const std::string log = ::testing::internal::GetCapturedStderr();
  const size_t first = log.find("no record of the first 10000 has the feature 'price'");
  EXPECT_NE(first, std::string::npos) << log;
  EXPECT_EQ(log.find("has the feature", first + 60), std::string::npos) << log;
}

TEST_F(TypedInputsTest, EveryFlippedOrMissingByteOfTfRecordIsNoticed) {
  const std::string one = ItemRecord(0, Integers({1})), whole = one + one + one;
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string bytes = whole;
    bytes[at] = static_cast<char>(bytes[at] ^ 0x10);
    Write("a", bytes);
    const std::string error =
        ErrorOf(StrCat(kItems, " format: TFRECORD"), {"a"}, {.max_bad_rows = 9});
    const std::string place =
        StrCat("record ", at / one.size(), " at byte ", at / one.size() * one.size());
    // Where no record begins, the file is something else.
    EXPECT_NE(error.find(at < 12 ? "this is text" : place), std::string::npos)
        << at << ": " << error;
  }
  for (size_t bytes = 12; bytes < whole.size(); ++bytes) {
    if (bytes % one.size() == 0) continue;
    Write("a", whole.substr(0, bytes));
    EXPECT_NE(ErrorOf(kItems, {"a"}).find(StrCat("a: record ", bytes / one.size(), " at byte ")),
              std::string::npos)
        << bytes;
  }
  std::string huge = tfrecord::Raw(uint64_t{1} << 40);
  Write("a", huge + tfrecord::Masked(huge) + "rest");
  EXPECT_NE(ErrorOf(kItems, {"a"}).find("it has 1099511627776 bytes"), std::string::npos);
}

TEST_F(TypedInputsTest, ARecordOfAMillionIdsIsARow) {
  std::vector<int64_t> ids(1'000'000);
  for (size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<int64_t>(i);
  Write("a", ItemRecord(0, Integers(ids)) + ItemRecord(0, Integers({5})));
  const SlotColumn& item =
      Imported(R"(slot { column: "item" separator: "," })", "a").exposures.slots[0];
  EXPECT_EQ(item.offsets, (std::vector<uint32_t>{0, 1'000'000, 1'000'001}));
  EXPECT_EQ(item.keys[999'999], ItemKey("999999"));
}

TEST_F(TypedInputsTest, InputsOfSeveralKindsAreRefused) {
  Write("a.csv", "click,sale,item\n0,0,1\n");
  Write("b", ItemRecord(0, Integers({1})));
  EXPECT_EQ(ErrorOf(kItems, {"a.csv", "b"}),
            "b: this is TFRecord, and a.csv is text: import them apart");
  EXPECT_EQ(ErrorOf(StrCat(kItems, " format: PARQUET"), {"a.csv"}),
            "a.csv: this is text, and the schema's format is PARQUET");
  EXPECT_EQ(ErrorOf(StrCat(kItems, " format: LIBSVM"), {"b"}),
            "b: this is TFRecord, and the schema's format is LIBSVM");
}

TEST_F(TypedInputsTest, ALibraryThatIsMissingOrIsAnotherSaysWhatToDo) {
  const auto missing = OpenArrowLibrary("libchorus_no_such.so");
  EXPECT_EQ(missing.status().code(), Code::kNotFound);
  EXPECT_NE(missing.status().message().find("pip install pyarrow"), std::string::npos);
  const auto other = OpenArrowLibrary("libz.so.1");
  EXPECT_EQ(other.status().code(), Code::kFailedPrecondition);
  EXPECT_EQ(other.status().message(),
            "libz.so.1 is no library of this program: it lacks ChorusArrowInterface");
}

// ------------------------------------------------------------------------------ reading ahead

// Batches of one column, whose rows count on from batch to batch; an error comes behind some.
class CountingSource final : public ColumnSource {
 public:
  CountingSource(int batches, bool fails) : batches_(batches), fails_(fails) {}
  const std::vector<TypedColumn>& columns() const override { return columns_; }
  uint64_t rows() const override { return static_cast<uint64_t>(batches_) * kRows; }
  Status Begin(const std::vector<uint32_t>& /*columns*/) override { return Status::Ok(); }
  Result<std::unique_ptr<ColumnBatch>> Next() override {
    if (given_ == batches_) {
      if (fails_) return DataLoss("cut");
      return std::unique_ptr<ColumnBatch>();
    }
    auto batch = std::make_unique<Counted>();
    for (int i = 0; i < kRows; ++i) batch->values[i] = given_ * kRows + i;
    batch->first_row = static_cast<uint64_t>(given_++) * kRows;
    batch->rows = kRows;
    batch->columns = {ValueColumn::OfIntegers(batch->values)};
    return std::unique_ptr<ColumnBatch>(std::move(batch));
  }

 private:
  static constexpr int kRows = 3;
  struct Counted final : ColumnBatch {
    int64_t values[kRows];
  };
  const int batches_;
  const bool fails_;
  int given_ = 0;
  const std::vector<TypedColumn> columns_ = {{"n", {.kind = ValueKind::kInteger, .name = "int64"}}};
};

TEST(BatchReader, GivesTheBatchesOfAllInputsInOrderAndThenWhatEndsThem) {
  for (const bool ahead : {false, true}) {
    for (const bool fails : {false, true}) {
      std::vector<ColumnInput> inputs;
      for (const int batches : {20, 0, 30}) {
        inputs.push_back({StrCat("in", batches), [batches, fails] {
                            return Result<std::unique_ptr<ColumnSource>>(
                                std::make_unique<CountingSource>(batches, fails && batches == 30));
                          }});
      }
      auto first = inputs[0].open().value();
      const std::vector<TypedColumn> columns = first->columns();
      const auto reader = BatchReader::Create(inputs, columns, std::move(first), {0}, ahead);
      ASSERT_OK(reader.status());
      for (int batch = 0; batch < 50; ++batch) {
        const auto next = (*reader)->Next();
        ASSERT_OK(next.status());
        EXPECT_EQ((*next)->input, batch < 20 ? 0u : 2u);
        EXPECT_EQ((*next)->columns[0].Integer(2), (batch < 20 ? batch : batch - 20) * 3 + 2);
      }
      for (int again = 0; again < 2; ++again) {
        const auto end = (*reader)->Next();
        EXPECT_EQ(end.status().message(), fails ? "in30, behind 90 rows: cut" : "");
        EXPECT_TRUE(!end.ok() || *end == nullptr);
      }
      EXPECT_EQ((*reader)->empty_inputs(), 1u);
    }
  }
}

TEST(BatchReader, EndsWhileBatchesWait) {
  std::vector<ColumnInput> inputs = {{"in", [] {
                                        return Result<std::unique_ptr<ColumnSource>>(
                                            std::make_unique<CountingSource>(100, false));
                                      }}};
  auto first = inputs[0].open().value();
  const std::vector<TypedColumn> columns = first->columns();
  const auto reader = BatchReader::Create(inputs, columns, std::move(first), {0}, /*ahead=*/true);
  ASSERT_OK(reader.status());
  ASSERT_OK((*reader)->Next().status());
}

// ------------------------------------------------------------------------------ Parquet and ORC

TEST_F(TypedInputsTest, DamagedFilesAreNamed) {
  CellTable table = kSmall;
  for (int i = 0; i < 3000; ++i) table.push_back({"0", "0", StrCat(i * 7919)});
  SKIP_WITHOUT_ARROW(WriteColumns(table, kSmallKinds, "a.parquet", "row_group=500"));
  ASSERT_EQ(WriteColumns(table, kSmallKinds, "a.orc"), "");
  for (const std::string name : {"a.parquet", "a.orc"}) {
    const std::string whole = Read(name);
    for (const size_t bytes : {whole.size() - 1, whole.size() / 2, size_t{20}}) {
      Write("cut", whole.substr(0, bytes));
      EXPECT_EQ(ErrorOf(kItems, {"cut"}).substr(0, 3), "cut") << name << " " << bytes;
    }
  }
  std::string flipped = Read("a.parquet");  // its pages have checksums
  flipped[flipped.size() / 2] = static_cast<char>(flipped[flipped.size() / 2] ^ 0x55);
  Write("flipped", flipped);
  EXPECT_NE(ErrorOf(kItems, {"flipped"}).find("flipped, behind "), std::string::npos);
}

TEST_F(TypedInputsTest, TypesThatCannotBeWhatTheyAreForAreRefusedBeforeARowIsRead) {
  SKIP_WITHOUT_ARROW(WriteColumns(kSmall, kSmallKinds, "a.parquet"));
  const auto error = [&](const std::string& column, const std::string& arrow,
                         const std::string& schema = kItems) {
    EXPECT_EQ(WriteColumns(kSmall, With(column, arrow), "a.parquet"), "");
    const std::string prefix = "the schema and a.parquet: ";
    const std::string message = ErrorOf(schema, {"a.parquet"});
    return message.starts_with(prefix) ? message.substr(prefix.size()) : message;
  };
  EXPECT_EQ(error("click", "ints"),
            "click: column 'click' is list of int64, expected 0 and 1, as bool, integer, float or "
            "text");
  EXPECT_EQ(error("item", "time"),
            "slot 'item': its column is time of day, which has no ids: make a column of ids, or "
            "leave it out");
  EXPECT_EQ(error("item", "nested"),
            "slot 'item': its column is list of list of int64, which has no ids: make a column of "
            "ids, or leave it out");
  EXPECT_EQ(
      error("item", "struct"),
      "slot 'item': its column is struct, which has no ids: make a column of ids, or leave it "
      "out");
  EXPECT_EQ(
      error("item", "ints", R"(slot { column: "item" value_separator: ":" })"),
      "slot 'item': its column is list of int64, and value_separator asks for values, of which "
      "it has none: name their column (value_column), or leave value_separator out");
  EXPECT_EQ(error("item", "ints", R"(numeric { column: "item" })"),
            "numeric: column 'item' is list of int64, expected one number a row");
}

TEST_F(TypedInputsTest, BadRowsSayWhereTheyStand) {
  const CellTable table = {{"click", "sale", "item"}, {"1", "0", "7"}, {"3", "0", "8"}};
  SKIP_WITHOUT_ARROW(WriteColumns(table, kSmallKinds, "a.parquet"));
  EXPECT_EQ(
      ErrorOf(kItems, {"a.parquet"}),
      "a.parquet, row 1: column 'click': found '3', expected 0 or 1: a count is no label; write "
      "1 for counts above 0, or a row for each exposure");
  const CellTable halves = {{"click", "sale", "item"}, {"1", "0", "7.0"}, {"0", "0", "7.5"}};
  ASSERT_EQ(WriteColumns(halves, With("item", "double"), "a.parquet"), "");
  EXPECT_EQ(
      ErrorOf(kItems, {"a.parquet"}),
      "a.parquet, row 1: column 'item': found '7.5', expected an id: an integer, or a float with "
      "an integral value (fractions are numeric)");
}

TEST_F(TypedInputsTest, FilesOfOneTableHaveTheSameColumns) {
  SKIP_WITHOUT_ARROW(WriteColumns(kSmall, kSmallKinds, "a.parquet"));
  ASSERT_EQ(WriteColumns(kSmall, With("item", "int16"), "b.parquet"), "");
  ASSERT_OK(Import(kItems, {"a.parquet", "b.parquet"}, "widths").status());
  ASSERT_EQ(WriteColumns(kSmall, With("item", "string"), "b.parquet"), "");
  EXPECT_EQ(ErrorOf(kItems, {"a.parquet", "b.parquet"}),
            "b.parquet: column 'item' is text where that of a.parquet is int64");
  ASSERT_EQ(WriteColumns(kSmall, {kSmallKinds[0], kSmallKinds[2], kSmallKinds[1]}, "b.parquet"),
            "");
  EXPECT_EQ(ErrorOf(kItems, {"a.parquet", "b.parquet"}),
            "b.parquet: column 2 is 'item' where that of a.parquet is 'sale'");
}

TEST_F(TypedInputsTest, ListsMapsAndMissingValuesNeedNoSeparators) {
  const CellTable table = {{"click", "sale", "item"}, {"1", "", "7:1.5|8:2"}, {"0", "", ""}};
  for (const std::string arrow : {"map", "pairs"}) {
    SKIP_WITHOUT_ARROW(WriteColumns(table, With("item", arrow), "a.parquet"));
    EXPECT_NE(ErrorOf(kItems, {"a.parquet"}).find("row 0: column 'sale': found 'null'"),
              std::string::npos);
    CellTable good = table;
    good[1][1] = "1";
    ASSERT_EQ(WriteColumns(good, With("item", arrow), "a.parquet"), "");
    const SlotColumn& item = Imported(kItems, "a.parquet").exposures.slots[0];
    EXPECT_EQ(item.keys, (std::vector<Key>{ItemKey("7"), ItemKey("8")}));
    EXPECT_EQ(item.values, (std::vector<float>{1.5, 2}));
    EXPECT_EQ(item.offsets, (std::vector<uint32_t>{0, 2, 2}));
    EXPECT_TRUE(log_.slots[0].multi_valued && log_.slots[0].has_values);
  }
}

}  // namespace
}  // namespace chorus::worker
