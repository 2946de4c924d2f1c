#include "worker/import/import.h"

#include <unistd.h>

#include <cmath>
#include <map>
#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "tests/support/faulty_files.h"
#include "tests/worker/import/import_testing.h"
#include "worker/log/log_reader.h"

namespace chorus::worker {
namespace {

constexpr char kPlain[] = "other_columns_are_slots: true";

// All rows of a log, one batch a block.
std::vector<Batch> ReadLog(FileSystem& files, const std::string& path,
                           LogSchema* schema = nullptr) {
  auto reader = LogReader::Open(files, {path});
  EXPECT_TRUE(reader.ok()) << reader.status().ToString();
  std::vector<Batch> blocks;
  if (!reader.ok()) return blocks;
  if (schema != nullptr) *schema = (*reader)->schema();
  for (uint32_t i = 0; i < (*reader)->blocks().size(); ++i) {
    blocks.emplace_back();
    const Status status = (*reader)->ReadBlock(i, &blocks.back());
    EXPECT_TRUE(status.ok()) << status.ToString();
  }
  return blocks;
}

std::vector<uint64_t> RowIds(FileSystem& files, const std::string& path) {
  std::vector<uint64_t> ids;
  for (const Batch& block : ReadLog(files, path)) {
    ids.insert(ids.end(), block.row_id.begin(), block.row_id.end());
  }
  return ids;
}

// "click,sale,user,price" rows; user = i / 10, price = i.
std::string Table(int rows, int first = 0) {
  std::string text = "click,sale,user,price\n";
  for (int i = first; i < first + rows; ++i) {
    text += StrCat(i % 3 == 0 ? 1 : 0, ",", i % 9 == 0 ? 1 : 0, ",u", i / 10, ",", i, "\n");
  }
  return text;
}

class ImportTest : public testing::Test {
 protected:
  Result<ImportSummary> Import(const std::string& schema, ImportOptions options = {}) {
    if (options.inputs.empty()) options.inputs = {"in.csv"};
    if (options.output.empty()) options.output = "out";
    return ImportText(*files_, MakeSchema(schema), options);
  }
  void Write(const std::string& text) { WriteFile(*files_, "in.csv", text); }
  std::string ErrorOf(const std::string& schema, ImportOptions options = {}) {
    const auto summary = Import(schema, std::move(options));
    EXPECT_FALSE(summary.ok());
    EXPECT_FALSE(files_->Exists("out"));
    EXPECT_FALSE(files_->Exists("out.importing"));
    return summary.status().message();
  }

  std::unique_ptr<FileSystem> files_ = NewMemoryFiles();
};

ImportOptions WithSplit(const std::string& text, const std::string& by = "",
                        bool contiguous = false) {
  ImportOptions options;
  options.split = Split::Parse(text).value();
  options.split_by = by;
  options.split_contiguous = contiguous;
  return options;
}

TEST_F(ImportTest, WritesWhatTheTextSays) {
  Write("click,sale,user,item\n1,1,a,5\n0,0,a,\n1,0,b,7\n");
  const auto summary = Import("slot { column: 'user' context: true } slot { column: 'item' }");
  ASSERT_OK(summary.status());
  EXPECT_EQ(summary->rows, (RowCounts{.read = 3}));
  ASSERT_EQ(summary->parts.size(), 1u);
  EXPECT_EQ(summary->parts[0].rows, 3u);
  EXPECT_EQ(summary->parts[0].contexts, 2u);
  EXPECT_EQ(summary->parts[0].clicks, 2u);
  EXPECT_EQ(summary->parts[0].conversions, 1u);
  EXPECT_EQ(summary->parts[0].files, 1u);
  LogSchema schema;
  const auto blocks = ReadLog(*files_, "out", &schema);
  ASSERT_EQ(blocks.size(), 1u);
  EXPECT_EQ(blocks[0].row_id, (std::vector<uint64_t>{0, 1, 2}));
  EXPECT_EQ(blocks[0].click, (std::vector<uint8_t>{1, 0, 1}));
  EXPECT_EQ(blocks[0].conversion, (std::vector<uint8_t>{1, 0, 0}));
  EXPECT_EQ(blocks[0].context_of, (std::vector<uint32_t>{0, 0, 1}));
  EXPECT_EQ(blocks[0].exposures.slots[0].offsets, (std::vector<uint32_t>{0, 1, 1, 2}));
  EXPECT_EQ(blocks[0].exposures.slots[0].keys,
            (std::vector<Key>{MakeKey(SpaceSeed("item"), 5), MakeKey(SpaceSeed("item"), 7)}));
  EXPECT_TRUE(schema.slots[0].context);
}

TEST_F(ImportTest, CutsBlocksAndFiles) {
  Write(Table(25));
  const auto summary = Import(StrCat(kPlain, " block_rows: 4 file_rows: 10"));
  ASSERT_OK(summary.status());
  EXPECT_EQ(summary->parts[0].files, 3u);  // whole blocks: 8 + 8 + 9 rows
  EXPECT_EQ(files_->List("out").value(),
            (std::vector<std::string>{"part-00000.log", "part-00001.log", "part-00002.log"}));
  EXPECT_EQ(RowIds(*files_, "out").size(), 25u);
  EXPECT_EQ(RowIds(*files_, "out/part-00001.log").front(), 8u);
}

TEST_F(ImportTest, ReadsSeveralFilesAsOne) {
  WriteFile(*files_, "a.csv", Table(5));
  WriteFile(*files_, "b.csv", Gzip(Table(5, 5)));
  ASSERT_OK(Import(kPlain, {.inputs = {"a.csv", "b.csv"}}).status());
  Write(Table(10));
  ASSERT_OK(Import(kPlain, {.output = "whole"}).status());
  EXPECT_EQ(ReadWholeFile(*files_, "out/part-00000.log").value(),
            ReadWholeFile(*files_, "whole/part-00000.log").value());
}

TEST_F(ImportTest, CountsUnclickedConversionsByPolicy) {
  Write("click,sale,item\n1,1,1\n0,1,2\n0,0,3\n");
  const auto dropped = Import(kPlain);
  ASSERT_OK(dropped.status());
  EXPECT_EQ(dropped->rows.dropped_unclicked_conversions, 1u);
  EXPECT_EQ(RowIds(*files_, "out"), (std::vector<uint64_t>{0, 2}));
  const auto kept =
      Import(StrCat(kPlain, " unclicked_conversion: KEEP_UNCLICKED"), {.output = "kept"});
  ASSERT_OK(kept.status());
  EXPECT_EQ(kept->rows.kept_unclicked_conversions, 1u);
  EXPECT_EQ(kept->parts[0].unclicked_conversions, 1u);
  EXPECT_EQ(kept->parts[0].conversions, 1u);
  const auto rejected = Import(StrCat(kPlain, " unclicked_conversion: REJECT"), {.output = "none"});
  EXPECT_EQ(rejected.status().message(),
            "in.csv:3: a conversion without a click, and unclicked_conversion is REJECT");
}

TEST_F(ImportTest, AMalformedRowNamesFileLineAndColumn) {
  Write("click,sale,item\n1,0,1\n1,x,2\n");
  EXPECT_EQ(
      ErrorOf(kPlain),
      "in.csv:3: column 'sale': found 'x', expected 0 or 1 (or 0.0, 1.0, true, false, yes, no)");
}

TEST_F(ImportTest, ToleratesAsManyBadRowsAsAllowed) {
  Write("click,sale,item\n1,0,1\n1,x,2\n1,0\n0,0,4\n");
  EXPECT_EQ(ErrorOf(kPlain, {.max_bad_rows = 1}),
            "in.csv:4: found 2 cells, expected 3 (this is bad row 2, --max-bad-rows allows 1)");
  const auto summary = Import(kPlain, {.max_bad_rows = 2});
  ASSERT_OK(summary.status());
  EXPECT_EQ(summary->rows.bad, 2u);
  EXPECT_EQ(RowIds(*files_, "out"), (std::vector<uint64_t>{0, 3}));  // bad rows have numbers too
}

TEST_F(ImportTest, ListsEveryBadRowInAFileAlsoWhenTheyAreTooMany) {
  std::string text = "click,sale,item,price\n";
  for (int i = 0; i < 20; ++i) text += StrCat(i % 2 == 0 ? "1,0,7,2\n" : "1,x,7,2\n");
  Write(text);
  // Two passes: each row is listed once.
  const char* const schema = "slot { column: 'item' } numeric { column: 'price' }";
  EXPECT_NE(ErrorOf(schema, {.max_bad_rows = 7, .bad_rows = "bad.txt"}).find("bad row 8"),
            std::string::npos);
  EXPECT_EQ(chorus::Split(*ReadWholeFile(*files_, "bad.txt"), '\n').size(), 9u);
  ASSERT_OK(Import(schema, {.max_bad_rows = 10, .bad_rows = "bad.txt"}).status());
  const std::vector<std::string> lines = chorus::Split(*ReadWholeFile(*files_, "bad.txt"), '\n');
  ASSERT_EQ(lines.size(), 11u);  // with the end behind the last one
  EXPECT_TRUE(lines[9].starts_with("in.csv:21: column 'sale': found 'x'")) << lines[9];
}

TEST_F(ImportTest, AnErrorBeforeAnyBadRowLeavesAnEarlierListAlone) {
  Write("click,sale,item\n1,0,1\n1,x,2\n");
  ASSERT_OK(Import(kPlain, {.output = "first", .max_bad_rows = 1, .bad_rows = "bad.txt"}).status());
  const std::string listed = *ReadWholeFile(*files_, "bad.txt");
  EXPECT_TRUE(listed.starts_with("in.csv:3: ")) << listed;
  const std::string error = ErrorOf("slot { column: 'shop' }", {.bad_rows = "bad.txt"});
  EXPECT_NE(error.find("shop"), std::string::npos) << error;
  EXPECT_EQ(*ReadWholeFile(*files_, "bad.txt"), listed);
  EXPECT_FALSE(files_->Exists("bad.txt.partial"));
  // A success without bad rows has an empty list.
  Write("click,sale,item\n1,0,1\n");
  ASSERT_OK(Import(kPlain, {.output = "good", .bad_rows = "bad.txt"}).status());
  EXPECT_EQ(*ReadWholeFile(*files_, "bad.txt"), "");
}

TEST_F(ImportTest, NormalisesByTheTrainingPartAlone) {
  Write(Table(200));
  const std::string schema =
      "slot { column: 'user' } numeric { column: 'price' }"
      "numeric { column: 'price' name: 'log' transform: LOG_STANDARD }"
      "numeric { column: 'price' name: 'raw' transform: NONE }";
  ASSERT_OK(Import(schema, WithSplit("test:0.3,train:0.7")).status());
  LogSchema learnt;
  const auto blocks = ReadLog(*files_, "out/train", &learnt);
  double sum = 0;
  double log_sum = 0;
  for (const uint64_t i : blocks[0].row_id) {
    sum += static_cast<double>(i);
    log_sum += std::log1p(static_cast<double>(i));
  }
  const auto n = static_cast<double>(blocks[0].rows());
  double squares = 0;
  for (const uint64_t i : blocks[0].row_id)
    squares += std::pow(static_cast<double>(i) - sum / n, 2);
  EXPECT_NEAR(learnt.numerics[0].mean, sum / n, 1e-9);
  EXPECT_NEAR(learnt.numerics[0].stddev, std::sqrt(squares / n), 1e-9);
  EXPECT_NEAR(learnt.numerics[1].mean, log_sum / n, 1e-9);
  EXPECT_TRUE(learnt.numerics[1].log_transform);
  EXPECT_EQ(learnt.numerics[2].mean, 0);
  EXPECT_EQ(learnt.numerics[2].stddev, 1);
  LogSchema of_test;
  const auto test_blocks = ReadLog(*files_, "out/test", &of_test);
  EXPECT_EQ(of_test, learnt);
  const double x = static_cast<double>(test_blocks[0].row_id[0]);
  EXPECT_FLOAT_EQ(test_blocks[0].exposures.numerics[0][0],
                  static_cast<float>((x - learnt.numerics[0].mean) / learnt.numerics[0].stddev));
  EXPECT_EQ(test_blocks[0].exposures.numerics[2][0], static_cast<float>(x));
}

TEST_F(ImportTest, TakesTheNormalisationOfAnEarlierLog) {
  const std::string schema =
      "slot { column: 'user' } numeric { column: 'price' }"
      "numeric { column: 'price' name: 'raw' transform: NONE }";
  Write(Table(200));
  ASSERT_OK(Import(schema, {.output = "monday"}).status());
  Write(Table(50, 1000));
  ASSERT_OK(Import(schema, {.output = "tuesday", .like = "monday"}).status());
  LogSchema monday, tuesday;
  ReadLog(*files_, "monday", &monday);
  const auto blocks = ReadLog(*files_, "tuesday", &tuesday);
  EXPECT_EQ(tuesday, monday);
  EXPECT_FLOAT_EQ(blocks[0].exposures.numerics[0][0],
                  static_cast<float>((1000 - monday.numerics[0].mean) / monday.numerics[0].stddev));
  EXPECT_EQ(blocks[0].exposures.numerics[1][0], 1000.0f);
}

TEST_F(ImportTest, TheNormalisationOfAnEarlierLogIsTakenByName) {
  Write(Table(200));
  ASSERT_OK(Import("slot { column: 'user' } numeric { column: 'price' } "
                   "numeric { column: 'price' name: 'again' transform: NONE }",
                   {.output = "monday"})
                .status());
  ASSERT_OK(Import("slot { column: 'user' name: 'more' } "
                   "numeric { column: 'price' name: 'again' transform: NONE } "
                   "numeric { column: 'price' }",
                   {.output = "tuesday", .like = "monday"})
                .status());
  LogSchema monday, tuesday;
  ReadLog(*files_, "monday", &monday);
  ReadLog(*files_, "tuesday", &tuesday);
  EXPECT_EQ(tuesday.numerics[1], monday.numerics[0]);
  EXPECT_EQ(tuesday.numerics[0], monday.numerics[1]);
  EXPECT_EQ(ErrorOf("slot { column: 'user' } numeric { column: 'price' } "
                    "numeric { column: 'price' name: 'again' transform: NONE } "
                    "numeric { column: 'price' name: 'new' }",
                    {.like = "monday"}),
            "--like monday: it has no numeric 'new', whose mean and deviation the schema asks for");
}

TEST_F(ImportTest, AnEarlierLogOfOtherFeaturesIsRefused) {
  Write(Table(20));
  ASSERT_OK(
      Import("slot { column: 'user' } numeric { column: 'price' }", {.output = "monday"}).status());
  const ImportOptions like = {.like = "monday"};
  EXPECT_EQ(ErrorOf("slot { column: 'user' context: true } numeric { column: 'price' }", like),
            "--like monday: its slot 'user' is of another kind in the schema");
  EXPECT_EQ(ErrorOf("slot { column: 'user' } numeric { column: 'price' transform: NONE }", like),
            "--like monday: its numeric 'price' is standardised, the schema's transform is NONE");
}

TEST_F(ImportTest, EmptyAndConstantNumbersStayFinite) {
  Write("click,sale,a,b\n1,0,,3\n0,0,,3\n");
  ASSERT_OK(Import("numeric { column: 'a' missing: -2 } numeric { column: 'b' }").status());
  LogSchema schema;
  const auto blocks = ReadLog(*files_, "out", &schema);
  EXPECT_EQ(blocks[0].exposures.numerics[0], (std::vector<float>{-2, -2}));
  EXPECT_EQ(blocks[0].exposures.numerics[1], (std::vector<float>{0, 0}));
  EXPECT_EQ(schema.numerics[1].stddev, 1);
}

TEST_F(ImportTest, SplitsIntoDisjointPartsThatCoverAllRows) {
  Write(Table(500));
  ASSERT_OK(Import(kPlain, WithSplit("folds:3")).status());
  std::set<uint64_t> all;
  size_t rows = 0;
  for (const char* fold : {"out/fold-0", "out/fold-1", "out/fold-2"}) {
    const auto ids = RowIds(*files_, fold);
    EXPECT_NEAR(static_cast<double>(ids.size()), 167, 45);
    EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end()));
    all.insert(ids.begin(), ids.end());
    rows += ids.size();
  }
  EXPECT_EQ(rows, 500u);
  EXPECT_EQ(all.size(), 500u);
}

TEST_F(ImportTest, SplitByAColumnKeepsItsRowsTogether) {
  Write(Table(500));
  ASSERT_OK(Import(kPlain, WithSplit("train:0.5,test:0.5", "user")).status());
  std::map<uint64_t, std::set<std::string>> parts_of_user;
  for (const char* part : {"train", "test"}) {
    for (const uint64_t id : RowIds(*files_, StrCat("out/", part)))
      parts_of_user[id / 10].insert(part);
  }
  EXPECT_EQ(parts_of_user.size(), 50u);
  for (const auto& [user, parts] : parts_of_user) EXPECT_EQ(parts.size(), 1u) << user;
}

TEST_F(ImportTest, ContiguousSplitCutsByRowNumber) {
  Write(Table(10));
  ASSERT_OK(Import(kPlain, WithSplit("train:0.8,test:0.2", "", true)).status());
  EXPECT_EQ(RowIds(*files_, "out/train"), (std::vector<uint64_t>{0, 1, 2, 3, 4, 5, 6, 7}));
  EXPECT_EQ(RowIds(*files_, "out/test"), (std::vector<uint64_t>{8, 9}));
}

TEST_F(ImportTest, RefusesSplitOptionsThatDoNotGoTogether) {
  Write(Table(10));
  EXPECT_EQ(ErrorOf(kPlain, {.split_by = "user"}),
            "--split-by and --split-contiguous need --split");
  EXPECT_EQ(ErrorOf(kPlain, WithSplit("folds:2", "user", true)),
            "--split-contiguous cuts by row number: it does not go with --split-by");
  Write(Table(1));
  EXPECT_EQ(ErrorOf(kPlain, WithSplit("train:0.999999,test:0.000001")),
            "no row falls into part 'test'");
}

TEST_F(ImportTest, ReadsStandardInputOnceOrAsOftenAsNeeded) {
  const std::string text = Table(1000);
  Write(text);
  for (const char* schema : {kPlain, "slot { column: 'user' } numeric { column: 'price' }"}) {
    for (const std::string& sent : {text, Gzip(text)}) {
      int pipe_ends[2];
      ASSERT_EQ(pipe(pipe_ends), 0);
      std::thread sender([&] {
        EXPECT_EQ(write(pipe_ends[1], sent.data(), sent.size()), static_cast<ssize_t>(sent.size()));
        close(pipe_ends[1]);
      });
      const auto piped =
          Import(schema, {.inputs = {"-"}, .output = "piped", .standard_input = pipe_ends[0]});
      sender.join();
      close(pipe_ends[0]);
      ASSERT_OK(piped.status());
      ASSERT_OK(Import(schema).status());
      EXPECT_EQ(files_->List("piped").value(), (std::vector<std::string>{"part-00000.log"}));
      EXPECT_EQ(ReadWholeFile(*files_, "piped/part-00000.log").value(),
                ReadWholeFile(*files_, "out/part-00000.log").value());
      ASSERT_OK(files_->RemoveRecursively("piped"));
      ASSERT_OK(files_->RemoveRecursively("out"));
    }
  }
}

TEST_F(ImportTest, ATruncatedGzipFileLeavesNoLog) {
  const std::string packed = Gzip(Table(1000));
  Write(packed.substr(0, packed.size() / 2));
  EXPECT_EQ(ErrorOf(kPlain), "in.csv: the gzip data ends early (is the file whole?)");
}

TEST_F(ImportTest, RefusesAnOutputThatHoldsSomething) {
  Write(Table(10));
  WriteFile(*files_, "out/keep.txt", "mine");
  EXPECT_EQ(Import(kPlain).status().message(),
            "out is not empty: give a new folder, or remove this one first");
  EXPECT_EQ(ReadWholeFile(*files_, "out/keep.txt").value(), "mine");
  EXPECT_EQ(Import(kPlain, {.output = "in.csv"}).status().code(), Code::kFailedPrecondition);
}

TEST_F(ImportTest, ReplacesWhatAKilledImportLeft) {
  Write(Table(10));
  WriteFile(*files_, "out.importing/part-00007.log", "half");
  ASSERT_OK(files_->CreateDirectories("out"));  // an empty folder is as good as none
  ASSERT_OK(Import(kPlain, {.output = "out/"}).status());
  EXPECT_EQ(files_->List("out").value(), (std::vector<std::string>{"part-00000.log"}));
  EXPECT_FALSE(files_->Exists("out.importing"));
}

TEST_F(ImportTest, MissingInputsAreNamedBeforeAnythingIsRead) {
  Write(Table(10));
  EXPECT_EQ(ErrorOf(kPlain, {.inputs = {"in.csv", "gone.csv"}}), "gone.csv: no such file");
  EXPECT_EQ(ErrorOf(kPlain, {.inputs = {"-", "-"}}), "standard input is named twice");
}

TEST_F(ImportTest, AMissingColumnNamesTheSchemaAndTheText) {
  Write("click,item\n0,1\n");
  EXPECT_EQ(ErrorOf(kPlain, {.schema_name = "shop.textproto"}),
            "shop.textproto and in.csv: conversion: the text has no column 'sale'; its columns are "
            "'click', 'item'");
}

TEST_F(ImportTest, NoRowIsAnError) {
  Write("click,sale,item\n0,1,1\n");
  EXPECT_EQ(ErrorOf(kPlain), "no row is left to write");
}

TEST_F(ImportTest, AFullDiskAtAnyByteIsAnErrorAndLeavesNoLog) {
  Write(Table(300));
  const std::string schema = StrCat(kPlain, " block_rows: 16 file_rows: 64");
  ImportOptions options{.inputs = {"in.csv"}, .output = "out"};
  ASSERT_OK(Import(schema).status());
  uint64_t bytes = 0;
  const auto names = files_->List("out");
  ASSERT_OK(names.status());
  for (const std::string& name : *names) {
    bytes += ReadWholeFile(*files_, JoinPath("out", name))->size();
  }
  ASSERT_OK(files_->RemoveRecursively("out"));
  for (uint64_t free_bytes = 0; free_bytes < bytes; free_bytes += 97) {
    const auto disk = NewFaultyFiles(*files_, {.free_bytes = free_bytes});
    const auto summary = ImportText(*disk, MakeSchema(schema), options);
    ASSERT_EQ(summary.status().code(), Code::kResourceExhausted) << free_bytes;
    ASSERT_FALSE(files_->Exists("out"));
    ASSERT_FALSE(files_->Exists("out.importing"));
  }
}

TEST(FormatSummary, ShowsCountsSharesAndSizes) {
  ImportSummary summary;
  summary.rows = {.read = 110, .bad = 4, .dropped_unclicked_conversions = 6};
  summary.has_contexts = true;
  summary.parts.push_back({.name = "train",
                           .rows = 100,
                           .contexts = 40,
                           .clicks = 20,
                           .conversions = 5,
                           .files = 1,
                           .bytes = 2550});
  EXPECT_EQ(FormatSummary(summary),
            "rows read             110\n"
            "bad rows              4\n"
            "conversion, no click  6 dropped\n"
            "part train:\n"
            "rows written          100\n"
            "contexts              40 (2.5 rows each)\n"
            "clicks                20 (20.000 %)\n"
            "conversions           5 (25.000 %) of clicks\n"
            "log files             1, 2550 bytes, 25.5 bytes a row\n");
}

// A text over several chunks with all that a chunk alone cannot know: contexts that go on, headers
// that come again, bad rows, and times whose kind the first row says.
std::string TextOfManyChunks(bool dates_first) {
  const std::string header = "click,sale,user,price,time\n";
  std::string text = header;
  for (int i = 0; i < 40000; ++i) {
    const bool date = dates_first == (i % 1000 != 17);
    text += StrCat(i % 3 == 0 ? 1 : 0, ",", i % 9 == 0 ? 1 : 0, ",user-number-", i / 700, ",",
                   i % 501 == 5 ? "dear" : StrCat(i), ",",
                   date ? "2025-11-27" : StrCat(1700000000 + i), "\n");
    if (i % 7000 == 6999) text += header;
  }
  return text;
}

TEST_F(ImportTest, AnyNumberOfThreadsWritesTheSameBytes) {
  const std::string schema =
      "slot { column: 'user' context: true } numeric { column: 'price' } time: 'time' "
      "block_rows: 1000000";
  for (const bool dates_first : {true, false}) {
    Write(TextOfManyChunks(dates_first));
    std::map<std::string, std::string> first;
    std::string told;
    for (const uint32_t threads : {1, 2, 4}) {
      ImportOptions options = WithSplit("train:0.7,test:0.3", "user");
      options.threads = threads;
      options.max_bad_rows = 1000;
      options.output = StrCat("out", dates_first, threads);
      const auto summary = Import(schema, options);
      ASSERT_OK(summary.status());
      EXPECT_EQ(summary->rows.bad, 40u + 80u - 1u);  // one row is bad twice
      EXPECT_EQ(summary->skipped.repeated_headers, 5u);
      EXPECT_EQ(summary->parts[0].contexts + summary->parts[1].contexts, 58u);
      const std::vector<uint64_t> ids = RowIds(*files_, StrCat(options.output, "/train"));
      EXPECT_EQ(std::set<uint64_t>(ids.begin(), ids.end()).size(), ids.size());
      EXPECT_GT(ids.back(), 35000u);  // rows are numbered over all chunks
      if (threads == 1) told = FormatSummary(*summary);
      EXPECT_EQ(FormatSummary(*summary), told);
      for (const char* part : {"train", "test"}) {
        const std::string bytes =
            ReadWholeFile(*files_, StrCat(options.output, "/", part, "/part-00000.log")).value();
        EXPECT_TRUE(first.emplace(part, bytes).first->second == bytes) << part << threads;
      }
    }
  }
}

TEST_F(ImportTest, TellsTheFirstFaultOfTheTextWhateverTheThreads) {
  std::string text = TextOfManyChunks(true);
  const size_t middle = text.find('\n', text.size() / 2) + 1;
  for (const uint32_t threads : {1, 3}) {
    ImportOptions options;
    options.threads = threads;
    WriteFile(*files_, "a.csv", text.substr(0, middle));
    WriteFile(*files_, "b.csv", "other,header\n1,2\n");
    options.inputs = {"a.csv", "b.csv"};
    EXPECT_EQ(ErrorOf("slot { column: 'user' }", options),
              "b.csv:1: the header has 2 columns, that of a.csv has 5");
    EXPECT_EQ(
        ErrorOf("slot { column: 'user' } numeric { column: 'price' transform: NONE }", options),
        "a.csv:7: column 'price': found 'dear', expected a finite number (texts that mean "
        "\"missing\": missing_marker)");
  }
}

}  // namespace
}  // namespace chorus::worker
