// Ali-CCP's files as an import reads them.
#include <map>

#include <gtest/gtest.h>

#include "tests/worker/import/import_log_testing.h"
#include "worker/import/common_rows.h"

namespace chorus::worker {
namespace {

constexpr char kAliCcpSchema[] = R"(
  format: ALI_CCP  click: "click"  conversion: "conversion"  row_id: "sample_id"
  slot { column: "101" context: true }
  slot { column: "127_14" context: true separator: "\x01" value_separator: "\x03" }
  slot { column: "210" separator: "\x01" }
  slot { column: "509" value_separator: "\x03" }
)";

// "101:5:1.0 210:7:1.0" with the file's own separators, behind their number.
std::string FeatureList(const std::string& text) {
  std::string out;
  uint64_t count = 0;
  for (const std::string& token : chorus::Split(text, ' ')) {
    if (token.empty()) continue;
    const std::vector<std::string> parts = chorus::Split(token, ':');
    if (count++ > 0) out += '\x01';
    out += StrCat(parts[0], "\x02", parts[1], "\x03", parts[2]);
  }
  return StrCat(count, ",", out);
}
std::string SkeletonRow(int id, const std::string& labels, const std::string& key,
                        const std::string& features) {
  return StrCat(id, ",", labels, ",", key, ",", FeatureList(features), "\n");
}
std::string CommonRow(const std::string& key, const std::string& features) {
  return StrCat(key, ",", FeatureList(features), "\n");
}

class AliCcpTest : public ImportTest {
 protected:
  Result<ImportSummary> Import(ImportOptions options = {},
                               const std::string& schema = kAliCcpSchema) {
    return ImportTest::Import(schema, OfThePair(std::move(options)));
  }
  std::string ErrorOf(ImportOptions options = {}, const std::string& schema = kAliCcpSchema) {
    return ImportTest::ErrorOf(schema, OfThePair(std::move(options)));
  }
  Batch Block(const std::string& path = "out") { return ReadLog(*files_, path).at(0); }
  std::string Bytes(const std::string& path) { return ReadWholeFile(*files_, path).value(); }
  void Write(const std::string& skeleton, const std::string& common) {
    WriteFile(*files_, "skeleton.csv", skeleton);
    WriteFile(*files_, "common.csv", common);
  }
  // The pair of a few contexts, of which the common file's first is out of order.
  void WriteSmallPair() {
    Write(SkeletonRow(1, "0,0", "00aa", "210:7:1.0 509:3:0.69315 210:8:1.0") +
              SkeletonRow(2, "1,1", "00aa", "210:9:1.0") +
              SkeletonRow(3, "1,0", "0001", "509:4:2.0 210:7:1.0"),
          CommonRow("84dc", "101:1:1.0") +
              CommonRow("0001", "127_14:31:1.0 101:2:1.0 127_14:30:2.3979") +
              CommonRow("00aa", "101:3:1.0"));
  }

 private:
  static ImportOptions OfThePair(ImportOptions options) {
    if (options.inputs.empty()) options.inputs = {"skeleton.csv", "common.csv"};
    return options;
  }
};

Key FieldKey(const char* space, uint64_t id) { return MakeKey(SpaceSeed(space), id); }

TEST_F(AliCcpTest, JoinsRowsWithTheFeaturesThatTheyShare) {
  WriteSmallPair();
  const auto summary = Import();
  ASSERT_OK(summary.status());
  EXPECT_EQ(summary->rows, (RowCounts{.read = 3}));
  EXPECT_EQ(summary->parts[0].contexts, 2u);
  const Batch batch = Block();
  EXPECT_EQ(batch.row_id, (std::vector<uint64_t>{1, 2, 3}));
  EXPECT_EQ(batch.click, (std::vector<uint8_t>{0, 1, 1}));
  EXPECT_EQ(batch.conversion, (std::vector<uint8_t>{0, 1, 0}));
  EXPECT_EQ(batch.context_of, (std::vector<uint32_t>{0, 0, 1}));
  EXPECT_EQ(batch.contexts.slots[0].keys,
            (std::vector<Key>{FieldKey("101", 3), FieldKey("101", 2)}));
  // Ids of a field stay in their order, whatever is between them.
  EXPECT_EQ(batch.contexts.slots[1].offsets, (std::vector<uint32_t>{0, 0, 2}));
  EXPECT_EQ(batch.contexts.slots[1].keys,
            (std::vector<Key>{FieldKey("127_14", 31), FieldKey("127_14", 30)}));
  EXPECT_EQ(batch.contexts.slots[1].values, (std::vector<float>{1.0f, 2.3979f}));
  EXPECT_EQ(batch.exposures.slots[0].keys,
            (std::vector<Key>{FieldKey("210", 7), FieldKey("210", 8), FieldKey("210", 9),
                              FieldKey("210", 7)}));
  EXPECT_EQ(batch.exposures.slots[1].offsets, (std::vector<uint32_t>{0, 1, 1, 2}));
  EXPECT_EQ(batch.exposures.slots[1].values, (std::vector<float>{0.69315f, 2.0f}));
}

TEST_F(AliCcpTest, NumbersAreTheValuesOfTheirTokens) {
  const std::string schema =
      "format: ALI_CCP click: 'click' conversion: 'conversion' slot { column: '210' } "
      "numeric { column: '509' transform: NONE } "
      "numeric { column: '101' context: true transform: NONE }";
  Write(SkeletonRow(1, "0,0", "a", "210:7:1.0 509:3:0.5"), CommonRow("a", "101:4:2.5"));
  ASSERT_OK(Import({}, schema).status());
  EXPECT_EQ(Block().exposures.numerics[0], (std::vector<float>{0.5}));
  EXPECT_EQ(Block().contexts.numerics[0], (std::vector<float>{2.5}));
  Write("1,0,0,a,1,509\x02" + std::string("3\n"), CommonRow("a", "101:4:2.5"));
  EXPECT_EQ(
      Import({.output = "none"}, schema).status().message(),
      "skeleton.csv:1: column 'feature_list': token 1: found '509\\x023', which has no value, "
      "and column '509' is a number: expected id\\x03value");
}

TEST_F(AliCcpTest, TakesPackedFilesInAnyOrderAndInPieces) {
  WriteSmallPair();
  ASSERT_OK(Import().status());
  const std::string skeleton = Bytes("skeleton.csv"), common = Bytes("common.csv");
  const size_t cut = skeleton.find('\n') + 1;
  WriteFile(*files_, "b/1.gz", Gzip(common));
  WriteFile(*files_, "b/2.gz", Gzip(skeleton.substr(0, cut)));
  WriteFile(*files_, "b/3", skeleton.substr(cut));
  WriteFile(*files_, "b/4", "");
  ASSERT_OK(Import({.inputs = {"b"}, .output = "packed"}).status());
  EXPECT_EQ(Bytes("packed/part-00000.log"), Bytes("out/part-00000.log"));
}

TEST_F(AliCcpTest, SkipsAByteOrderMarkOfEitherFile) {
  WriteSmallPair();
  ASSERT_OK(Import().status());
  const std::string skeleton = Bytes("skeleton.csv"), common = Bytes("common.csv");
  // The first key of the common features is one that the skeleton asks for.
  const size_t cut = common.find("\n") + 1;
  Write("\xef\xbb\xbf" + skeleton, "\xef\xbb\xbf" + common.substr(cut) + common.substr(0, cut));
  ASSERT_OK(Import({.output = "marked"}).status());
  EXPECT_EQ(Bytes("marked/part-00000.log"), Bytes("out/part-00000.log"));
}

TEST_F(AliCcpTest, DropsConversionsWithoutAClick) {
  Write(SkeletonRow(1, "0,1", "a", "210:7:1.0") + SkeletonRow(2, "1,1", "a", "210:7:1.0"),
        CommonRow("a", "101:1:1.0"));
  const auto summary = Import();
  ASSERT_OK(summary.status());
  EXPECT_EQ(summary->rows, (RowCounts{.read = 2, .dropped_unclicked_conversions = 1}));
}

TEST_F(AliCcpTest, KeepsCommonFeaturesInAFileWhenMemoryIsShort) {
  std::string skeleton, common;
  for (int i = 0; i < 3000; ++i) {
    const std::string key = HexDigits(Mix(static_cast<uint64_t>(i)));
    common += CommonRow(key, StrCat("101:", i, ":1.0 127_14:", i, ":0.5"));
    skeleton += SkeletonRow(i, "0,0", HexDigits(Mix(static_cast<uint64_t>(2999 - i))), "210:7:1.0");
  }
  Write(skeleton, common);
  ASSERT_OK(Import().status());
  ASSERT_OK(Import({.output = "spilled", .memory_bytes = 1}).status());
  EXPECT_EQ(Bytes("spilled/part-00000.log"), Bytes("out/part-00000.log"));
  EXPECT_EQ(files_->List("spilled").value(), (std::vector<std::string>{"part-00000.log"}));
}

TEST_F(AliCcpTest, AnyNumberOfThreadsWritesTheSameBytes) {
  std::string skeleton, common;
  for (int i = 0; i < 500; ++i) {
    std::string history;
    for (int h = 0; h < i % 60; ++h) history += StrCat(" 127_14:", h * i, ":0.5");
    common += CommonRow(StrCat("k", 499 - i), StrCat("101:", i, ":1.0", history));
    for (int e = 0; e < 40; ++e) {
      skeleton += SkeletonRow(i * 40 + e, e % 5 == 0 ? "1,0" : "0,0", StrCat("k", i),
                              e % 97 == 13 ? "bad:1:x" : StrCat("210:", e, ":1.0 509:", e, ":x"));
      if (e % 7 != 0) skeleton.replace(skeleton.size() - 2, 1, "1");  // most values are numbers
    }
  }
  Write(skeleton, common);
  std::string first;
  for (const uint32_t threads : {1, 2, 5}) {
    const std::string output = StrCat("out", threads);
    const auto summary = Import({.output = output, .max_bad_rows = 100000, .threads = threads});
    ASSERT_OK(summary.status());
    const std::string told = FormatSummary(*summary);
    if (first.empty()) first = told;
    EXPECT_EQ(told, first);
    EXPECT_GT(summary->rows.bad, 1000u);
    EXPECT_EQ(Bytes(StrCat(output, "/part-00000.log")), Bytes("out1/part-00000.log"));
  }
}

TEST_F(AliCcpTest, CapsAndChangesValuesOfASlot) {
  Write(SkeletonRow(1, "0,0", "a", ""),
        CommonRow("a", "127_14:1:3 127_14:2:100 127_14:3:4 127_14:4:-5"));
  const auto values = [&](const std::string& rules, const std::string& output) {
    const std::string schema = StrCat(
        "format: ALI_CCP click: 'click' conversion: 'conversion' slot { column: '127_14' context: "
        "true separator: '\\x01' value_separator: '\\x03' ",
        rules, "}");
    const auto summary = Import({.output = output}, schema);
    EXPECT_TRUE(summary.ok()) << summary.status().ToString();
    return Block(output).contexts.slots[0].values;
  };
  EXPECT_EQ(values("", "a"), (std::vector<float>{3, 100, 4, -5}));
  EXPECT_EQ(values("value_clip: 4.5", "b"), (std::vector<float>{3, 4.5, 4, -4.5}));
  EXPECT_EQ(values("max_ids: 2 keep: LARGEST_VALUE value_clip: 10", "c"),
            (std::vector<float>{10, 4}));
  EXPECT_EQ(values("value_l2: true value_clip: 4 max_ids: 3 keep: LAST", "d"),
            (std::vector<float>{0.57735027f, 0.57735027f, -0.57735027f}));
  const std::vector<float> logs = values("value_transform: LN1P", "e");
  EXPECT_FLOAT_EQ(logs[0], 1.3862944f);
  EXPECT_FLOAT_EQ(logs[1], 4.6151205f);
  EXPECT_EQ(logs[3], 0.0f);
}

TEST_F(AliCcpTest, RefusesChangesOfValuesThatASlotHasNot) {
  WriteSmallPair();
  EXPECT_EQ(ErrorOf({},
                    "format: ALI_CCP click: 'click' conversion: 'conversion' "
                    "slot { column: '101' value_l2: true }"),
            "the schema and skeleton.csv: slot '101': value_transform, value_clip and value_l2 "
            "need value_separator: without it there are no values");
}

TEST_F(AliCcpTest, TellsFieldsThatNoSlotNames) {
  Write(SkeletonRow(1, "0,0", "a", "999:1:1.0 210:1:1.0 999:2:1.0"), CommonRow("a", "888:1:1.0"));
  const auto summary = Import();
  ASSERT_OK(summary.status());
  EXPECT_EQ(summary->left_out, (std::vector<std::string>{"'common_feature_index'",
                                                         "'888' (1 times)", "'999' (2 times)"}));
}

// Chunks of 256 KiB begin at any row, also inside a run of rows that share a key.
TEST_F(AliCcpTest, CountsFieldsThatNoSlotNamesTheSameWithAnyNumberOfThreads) {
  constexpr int kKeys = 50, kRowsOfKey = 1000;
  std::string skeleton, common;
  for (int key = 0; key < kKeys; ++key) {
    common += CommonRow(StrCat("k", key), "888:1:1.0");
    for (int row = 0; row < kRowsOfKey; ++row) {
      skeleton += SkeletonRow(key * kRowsOfKey + row, "0,0", StrCat("k", key), "999:1:1.0");
    }
  }
  Write(skeleton, common);
  ASSERT_GT(skeleton.size(), size_t{4} * 256 * 1024);
  for (const uint32_t threads : {1, 2, 5}) {
    const auto summary = Import({.output = StrCat("out", threads), .threads = threads});
    ASSERT_OK(summary.status());
    EXPECT_EQ(summary->left_out, (std::vector<std::string>{
                                     "'common_feature_index'", StrCat("'888' (", kKeys, " times)"),
                                     StrCat("'999' (", kKeys * kRowsOfKey, " times)")}))
        << threads << " threads";
  }
}

// A row of the skeleton that cannot be read, and what is said of it.
TEST_F(AliCcpTest, SaysWhereABadRowIsAndWhatItHolds) {
  const std::string good = SkeletonRow(1, "0,0", "a", "210:1:1.0");
  const std::string common = CommonRow("a", "101:1:1.0") + "b,2,101\x02" + "5\x03" + "1.0\n" +
                             "c,1,101\n" + CommonRow("d", "101:1:1.0 101:2:1.0");
  const std::map<std::string, std::string> cases = {
      {"2,0,0,a,1,nothing\n",
       "skeleton.csv:2: column 'feature_list': token 1: found 'nothing', expected "
       "field\\x02id\\x03value"},
      {"2,0,0,a,3,210\x02" + std::string("7\x03") + "1.0\n",
       "skeleton.csv:2: column 'feature_list': found 1 tokens, expected 3, as the cell before them "
       "says"},
      {"2,0,0,a,many,\n",
       "skeleton.csv:2: column 'feature_num': found 'many', expected the number of features"},
      {"2,0,0\n", "skeleton.csv:2: found 2 cells and then '0', expected 5 cells and then tokens"},
      {SkeletonRow(2, "0,0", "zz", ""),
       "skeleton.csv:2: column 'common_feature_index': no row of common features has the key 'zz'"},
      {SkeletonRow(2, "0,0", "b", ""),
       "skeleton.csv:2: common.csv:2: column 'feature_list': found 1 tokens, expected 2, as the "
       "cell before them says"},
      {SkeletonRow(2, "0,0", "c", ""),
       "skeleton.csv:2: common.csv:3: column 'feature_list': token 1: found '101', expected "
       "field\\x02id\\x03value"},
      {SkeletonRow(2, "0,0", "d", ""),
       "skeleton.csv:2: common.csv:4: column 'feature_list': token 2: field '101' comes a second "
       "time, and its slot has no separator, so that it takes one id"},
      {SkeletonRow(2, "0,0", "a", "101:3:1.0"),
       "skeleton.csv:2: field '101' is among the common features, and in the row again; its slot "
       "has no separator, so that it takes one id"},
      {SkeletonRow(2, "2,0", "a", ""),
       "skeleton.csv:2: column 'click': found '2', expected 0 or 1: a count is no label; write 1 "
       "for "
       "counts above 0, or a row for each exposure"},
      {SkeletonRow(2, "0,0", "a", "509:3:heavy"),
       "skeleton.csv:2: column '509': found '3\\x03heavy', expected id\\x03weight with a finite "
       "weight"},
      {std::string("2,0,0,a,1,\0\n", 12),
       "skeleton.csv:2: found a NUL byte at byte 11, expected text"},
  };
  for (const auto& [row, error] : cases) {
    Write(good + row + good, common);
    EXPECT_EQ(ErrorOf(), error);
    const auto summary = Import({.output = "skipped", .max_bad_rows = 1});
    ASSERT_OK(summary.status());
    EXPECT_EQ(summary->rows, (RowCounts{.read = 3, .bad = 1}));
    ASSERT_OK(files_->RemoveRecursively("skipped"));
  }
}

TEST_F(AliCcpTest, RefusesInputsThatAreNotThePair) {
  WriteSmallPair();
  EXPECT_EQ(ErrorOf({.inputs = {"skeleton.csv"}}),
            "skeleton.csv: no common features (lines of 3 cells) among them; format ALI_CCP takes "
            "both, in any order");
  EXPECT_EQ(ErrorOf({.inputs = {"common.csv"}}),
            "common.csv: no sample skeleton (lines of 6 cells) among them; format ALI_CCP takes "
            "both, in any order");
  WriteFile(*files_, "other.csv", "a,b\n");
  EXPECT_EQ(ErrorOf({.inputs = {"skeleton.csv", "other.csv"}}),
            "other.csv: found 2 cells in the first line, expected 6 (a sample skeleton) or 3 "
            "(common features), as format ALI_CCP has them");
  const std::string packed = Gzip(Bytes("common.csv"));
  WriteFile(*files_, "cut.gz", std::string_view(packed).substr(0, packed.size() - 5));
  EXPECT_EQ(ErrorOf({.inputs = {"skeleton.csv", "cut.gz"}}),
            "cut.gz: the gzip data ends early (is the file whole?)");
}

TEST_F(AliCcpTest, RefusesTwoRowsOfOneKeyThatDiffer) {
  const std::string row = SkeletonRow(1, "0,0", "a", "");
  const std::string a = CommonRow("a", "101:1:1.0");
  Write(row, a + CommonRow("b", "101:2:1.0") + a);
  EXPECT_TRUE(Import({.output = "twice"}).ok());
  Write(row, a + CommonRow("a", "101:2:1.0"));
  EXPECT_EQ(ErrorOf(),
            "common.csv:2: the key 'a' has other features at common.csv:1 (are files of train and "
            "test mixed?)");
}

TEST_F(AliCcpTest, CommonRowsWithoutAKeyAreBadRows) {
  Write(SkeletonRow(1, "0,0", "a", ""), CommonRow("a", "101:1:1.0") + "nothing\n");
  EXPECT_EQ(ErrorOf(),
            "common.csv:2: found 'nothing', expected "
            "common_feature_index,feature_num,feature_list");
  const auto summary = Import({.max_bad_rows = 1, .bad_rows = "bad.txt"});
  ASSERT_OK(summary.status());
  EXPECT_EQ(summary->bad_common_rows, 1u);
  EXPECT_NE(FormatSummary(*summary).find("bad common rows       1\n"), std::string::npos);
  EXPECT_EQ(Bytes("bad.txt"),
            "# rows that were left out: place, reason\n"
            "common.csv:2: found 'nothing', expected "
            "common_feature_index,feature_num,feature_list\n");
}

TEST_F(AliCcpTest, RefusesSchemasThatTheFormatCannotFill) {
  WriteSmallPair();
  const std::string labels = "format: ALI_CCP click: 'click' conversion: 'conversion' ";
  EXPECT_EQ(ErrorOf({}, labels + "slot { column: '1*' }"),
            "column '1*': the fields of this format are not known before all rows are read; name "
            "each in an entry of its own");
  EXPECT_EQ(ErrorOf({}, labels + "slot { column: '210' separator: '|' }"),
            "slot '210': separator is '|', and in this format it is '\\x01', or nothing");
  EXPECT_EQ(ErrorOf({}, labels + "other_columns_are_slots: true"),
            "other_columns_are_slots: the fields of this format are not known before all rows are "
            "read; name each in a slot");
}

TEST_F(AliCcpTest, ReadsARowOfAMillionTokens) {
  std::string features;
  for (int i = 0; i < 1000000; ++i) {
    features += StrCat(i == 0 ? "" : "\x01", "127_14\x02", i, "\x03", "0.5");
  }
  Write(SkeletonRow(1, "0,0", "a", ""), StrCat("a,1000000,", features, "\n"));
  ASSERT_OK(Import().status());
  EXPECT_EQ(Block().contexts.slots[1].keys.size(), 1000000u);
}

TEST(CommonRows, NeedAFileOrEnoughMemory) {
  const auto files = NewMemoryFiles();
  const std::vector<TextInput> inputs = {
      {"common.csv", [] {
         return Result<std::unique_ptr<ByteSource>>(
             std::make_unique<StringSource>(CommonRow("a", "101:1:1.0")));
       }}};
  const auto rows = CommonRows::Read(*files, inputs, {.memory_bytes = 100});
  EXPECT_EQ(rows.status().message(),
            "common features take more than 100 bytes of memory, and nothing is kept in a file "
            "here: make a log of the text first (chorus import), which keeps the rest in one, and "
            "use the log in place of the text");
}

}  // namespace
}  // namespace chorus::worker
