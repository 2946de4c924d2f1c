// An import gives the same whatever the number of its threads.

#include <map>
#include <set>

#include "tests/worker/import/import_log_testing.h"

namespace chorus::worker {
namespace {

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
    EXPECT_EQ(
        ErrorOf("slot { column: 'user' }", options),
        "b.csv:1: the header has 2 columns, that of a.csv has 5: the files of one command have "
        "the same columns. Import each kind by itself, the later ones with --like the first "
        "one's log, and name all logs in data.log");
    EXPECT_EQ(
        ErrorOf("slot { column: 'user' } numeric { column: 'price' transform: NONE }", options),
        "a.csv:7: column 'price': found 'dear', expected a finite number (texts that mean "
        "\"missing\": missing_marker)");
  }
}

// Chunks of lines go to threads; those of a file with another order of columns know it.
TEST_F(ImportTest, AFileWithItsColumnsInAnotherOrderMakesTheSameLog) {
  std::string same = "click,sale,user,price\n", other = "price,user,click,sale\n";
  for (int i = 0; i < 40000; ++i) {
    const std::string labels = StrCat(i % 3 == 0 ? 1 : 0, ",", i % 9 == 0 ? 1 : 0);
    same += StrCat(labels, ",u", i / 10, ",", i, "\n");
    other += StrCat(i, ",u", i / 10, ",", labels, "\n");
  }
  WriteFile(*files_, "a.csv", Table(10));
  std::vector<std::string> logs;
  for (const std::string& text : {same, other}) {
    WriteFile(*files_, "b.csv", text);
    const std::string out = StrCat("log", logs.size());
    ASSERT_OK(Import(kPlain, {.inputs = {"a.csv", "b.csv"}, .output = out, .threads = 3}).status());
    logs.push_back(ReadWholeFile(*files_, out + "/part-00000.log").value());
  }
  EXPECT_TRUE(logs[0] == logs[1]);
}

}  // namespace
}  // namespace chorus::worker
