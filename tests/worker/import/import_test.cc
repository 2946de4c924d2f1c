// From a text to the bytes of a log: rows, blocks, bad rows, and what goes wrong.

#include <unistd.h>

#include <thread>

#include "tests/support/faulty_files.h"
#include "tests/worker/import/import_log_testing.h"
#include "worker/import/bad_rows.h"

namespace chorus::worker {
namespace {

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
  EXPECT_EQ(ErrorOf(kPlain, {.bad_row_remedy = " (pass over it)"}).substr(0, 36),
            "in.csv:3: column 'sale': found 'x', ");
  EXPECT_TRUE(ErrorOf(kPlain, {.bad_row_remedy = " (pass over it)"}).ends_with("(pass over it)"));
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
  EXPECT_EQ(chorus::Split(*ReadWholeFile(*files_, "bad.txt"), '\n').size(), 10u);
  ASSERT_OK(Import(schema, {.max_bad_rows = 10, .bad_rows = "bad.txt"}).status());
  const std::vector<std::string> lines = chorus::Split(*ReadWholeFile(*files_, "bad.txt"), '\n');
  ASSERT_EQ(lines.size(), 12u);  // with the head, and the end behind the last one
  EXPECT_TRUE(lines[10].starts_with("in.csv:21: column 'sale': found 'x'")) << lines[10];
}

TEST_F(ImportTest, AnErrorBeforeAnyBadRowLeavesAnEarlierListAlone) {
  Write("click,sale,item\n1,0,1\n1,x,2\n");
  ASSERT_OK(Import(kPlain, {.output = "first", .max_bad_rows = 1, .bad_rows = "bad.txt"}).status());
  const std::string listed = *ReadWholeFile(*files_, "bad.txt");
  EXPECT_TRUE(listed.starts_with(StrCat(kBadRowListHead, "in.csv:3: "))) << listed;
  const std::string error = ErrorOf("slot { column: 'shop' }", {.bad_rows = "bad.txt"});
  EXPECT_NE(error.find("shop"), std::string::npos) << error;
  EXPECT_EQ(*ReadWholeFile(*files_, "bad.txt"), listed);
  EXPECT_FALSE(files_->Exists("bad.txt.partial"));
  // A success without bad rows has an empty list.
  Write("click,sale,item\n1,0,1\n");
  ASSERT_OK(Import(kPlain, {.output = "good", .bad_rows = "bad.txt"}).status());
  EXPECT_EQ(*ReadWholeFile(*files_, "bad.txt"), kBadRowListHead);
}

TEST_F(ImportTest, AListOfBadRowsReplacesNoOtherFile) {
  const std::string text = "click,sale,item\n1,0,1\n1,x,2\n";
  Write(text);
  const std::string error = ErrorOf(kPlain, {.max_bad_rows = 1, .bad_rows = "in.csv"});
  EXPECT_NE(error.find("in.csv is there and is no list of bad rows"), std::string::npos) << error;
  EXPECT_EQ(*ReadWholeFile(*files_, "in.csv"), text);
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
            "shop.textproto and in.csv: conversion: there is no column 'sale'; its columns are "
            "'click', 'item'");
}

TEST_F(ImportTest, NoRowIsAnError) {
  Write("click,sale,item\n0,1,1\n");
  EXPECT_EQ(
      ErrorOf(kPlain),
      "no row is left to write: the inputs hold no row behind their headers, or every one was "
      "dropped");
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

}  // namespace
}  // namespace chorus::worker
