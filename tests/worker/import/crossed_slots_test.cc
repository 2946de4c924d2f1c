// Crossed slots: an id for each combination of the ids of other slots.
#include "worker/import/crossed_slots.h"

#include <map>
#include <optional>

#include "common/key.h"
#include "tests/worker/import/import_log_testing.h"
#include "tests/worker/import/tfrecord_testing.h"
#include "worker/import/export_log.h"
#include "worker/import/merge_logs.h"
#include "worker/import/schema_draft.h"

namespace chorus::worker {
namespace {

constexpr char kSlots[] =
    "block_rows: 16 slot { column: 'city' context: true } slot { column: 'age' context: true } "
    "slot { column: 'item' key_space: 'shared' } slot { column: 'tags' separator: ' ' } "
    "numeric { column: 'price' transform: NONE } ";
constexpr char kCrosses[] =
    "cross { slot: 'city' slot: 'item' } cross { slot: 'age' slot: 'city' name: 'who' }";

std::string CityOf(int i) { return i % 11 == 0 ? "" : StrCat("c", i / 10 % 7); }
std::string AgeOf(int i) { return i / 10 % 4 == 3 ? "NA" : StrCat(20 + i / 10 % 5, ".0"); }
std::string ItemOf(int i) { return i % 5 == 0 ? "" : StrCat(i * i % 23); }

std::string Rows(int rows) {
  std::string text = "click,sale,city,age,item,tags,price\n";
  for (int i = 0; i < rows; ++i) {
    text += StrCat(i % 3 == 0 ? 1 : 0, ",0,", CityOf(i), ",", AgeOf(i), ",", ItemOf(i), ",a b,", i,
                   "\n");
  }
  return text;
}

// What text says, as key.h has it.
std::optional<uint64_t> IdOf(const std::string& cell) {
  if (cell.empty() || cell == "NA") return std::nullopt;
  return IdFromText(cell.ends_with(".0") ? cell.substr(0, cell.size() - 2) : cell);
}

std::vector<Key> Expected(const std::string& name, const std::string& first,
                          const std::string& second) {
  const auto a = IdOf(first), b = IdOf(second);
  if (!a || !b) return {};
  // Written out, and not through CrossedWith: the hash is fixed for ever.
  const uint64_t once = Mix(*a + 0x9e3779b97f4a7c15ULL);
  return {MakeKey(SpaceSeed(name), Mix((once ^ *b) + 0x9e3779b97f4a7c15ULL))};
}

std::vector<Key> KeysOfRow(const SlotColumn& slot, uint32_t row) {
  return {slot.keys.begin() + slot.offsets[row], slot.keys.begin() + slot.offsets[row + 1]};
}

class CrossedSlotsTest : public ImportTest {
 protected:
  std::string CrossError(const std::string& cross) {
    Write(Rows(3));
    return ErrorOf(kSlots + cross);
  }
  std::string Bytes(const std::string& log) {
    return ReadWholeFile(*files_, log + "/part-00000.log").value();
  }
};

TEST(CrossedSlots, AnIdIsThatOfTheOrderOfItsSlots) {
  EXPECT_EQ(CrossedWith(CrossedWith(0, 1), 2), 0xbcd9dbb49673066bULL);
  EXPECT_NE(CrossedWith(CrossedWith(0, 1), 2), CrossedWith(CrossedWith(0, 2), 1));
}

TEST_F(CrossedSlotsTest, ARowHasTheIdOfItsCombination) {
  Write(Rows(200));
  ASSERT_OK(Import(StrCat(kSlots, kCrosses)).status());
  LogSchema schema;
  const std::vector<Batch> blocks = ReadLog(*files_, "out", &schema);
  ASSERT_EQ(schema.slots.size(), 6u);
  EXPECT_EQ(schema.slots[4].name, "city_x_item");
  EXPECT_FALSE(schema.slots[4].context);
  EXPECT_EQ(schema.slots[5].name, "who");
  EXPECT_TRUE(schema.slots[5].context) << "both slots are of contexts";
  int i = 0;
  for (const Batch& block : blocks) {
    for (uint32_t row = 0; row < block.rows(); ++row, ++i) {
      SCOPED_TRACE(i);
      EXPECT_EQ(KeysOfRow(block.exposures.slots[2], row),
                Expected("city_x_item", CityOf(i), ItemOf(i)));
      EXPECT_EQ(KeysOfRow(block.contexts.slots[2], block.context_of[row]),
                Expected("who", AgeOf(i), CityOf(i)));
    }
  }
  EXPECT_EQ(i, 200);
}

TEST_F(CrossedSlotsTest, RowsThatLackAPartAreCounted) {
  Write(Rows(200));
  const auto summary = Import(StrCat(kSlots, "cross { slot: 'city' slot: 'item' }"));
  ASSERT_OK(summary.status());
  uint64_t lacking = 0, missing = 0;
  for (int i = 0; i < 200; ++i) lacking += CityOf(i).empty() || ItemOf(i).empty() ? 1 : 0;
  for (const ColumnNote& note : summary->notes) {
    if (note.column != "city_x_item") continue;
    EXPECT_EQ(note.note, CellNote::kMissing);
    EXPECT_EQ(note.place, "in.csv:2");
    EXPECT_EQ(note.example, "' x '");
    missing += note.count;
  }
  EXPECT_EQ(missing, lacking);
}

TEST_F(CrossedSlotsTest, CombinationsOfTooFewRowsAreLeftOut) {
  Write(Rows(200));
  std::map<std::string, int> rows;
  for (int i = 0; i < 200; ++i) ++rows[CityOf(i) + "/" + ItemOf(i)];
  const auto summary =
      Import(StrCat(kSlots, "cross { slot: 'city' slot: 'item' name: 'pair' min_count: 3 }"));
  ASSERT_OK(summary.status());
  int i = 0, kept = 0;
  uint64_t rare = 0;
  for (const Batch& block : ReadLog(*files_, "out")) {
    for (uint32_t row = 0; row < block.rows(); ++row, ++i) {
      const std::vector<Key> all = Expected("pair", CityOf(i), ItemOf(i));
      const bool keeps = rows[CityOf(i) + "/" + ItemOf(i)] >= 3;
      EXPECT_EQ(KeysOfRow(block.exposures.slots[2], row), keeps ? all : std::vector<Key>());
      kept += keeps && !all.empty() ? 1 : 0;
      rare += !keeps && !all.empty() ? 1 : 0;
    }
  }
  EXPECT_GT(kept, 0);
  EXPECT_GT(rare, 0u);
  uint64_t counted = 0;
  for (const ColumnNote& note : summary->notes) {
    if (note.column == "pair" && note.note == CellNote::kRareIds) counted = note.count;
  }
  EXPECT_EQ(counted, rare);
}

TEST_F(CrossedSlotsTest, AnIdThatItsOwnSlotLeavesOutIsNoPart) {
  Write("click,sale,a,b\n0,0,1,7\n0,0,1,7\n0,0,2,7\n");
  ASSERT_OK(Import("slot { column: 'a' min_count: 2 } slot { column: 'b' } "
                   "cross { slot: 'a' slot: 'b' }")
                .status());
  const Batch block = ReadLog(*files_, "out").at(0);
  EXPECT_EQ(block.exposures.slots[2].offsets, (std::vector<uint32_t>{0, 1, 2, 2}));
}

TEST_F(CrossedSlotsTest, SlotsOfWildcardsAndOfOtherColumnsAreCrossedByTheirNames) {
  Write("click,sale,f1,f2,g\n0,0,1,2,3\n");
  ASSERT_OK(Import("slot { column: 'f*' } other_columns_are_slots: true "
                   "cross { slot: 'f1' slot: 'f2' slot: 'g' }")
                .status());
  LogSchema schema;
  const Batch block = ReadLog(*files_, "out", &schema).at(0);
  EXPECT_EQ(schema.slots[3].name, "f1_x_f2_x_g");
  const uint64_t id = CrossedWith(CrossedWith(CrossedWith(0, 1), 2), 3);
  EXPECT_EQ(block.exposures.slots[3].keys,
            (std::vector<Key>{MakeKey(SpaceSeed("f1_x_f2_x_g"), id)}));
}

TEST_F(CrossedSlotsTest, WhatCannotBeCrossedIsRefusedByName) {
  EXPECT_NE(CrossError("cross { slot: 'city' slot: 'tags' }")
                .find("cross 'city_x_tags': slot 'tags' is multi-valued"),
            std::string::npos);
  EXPECT_NE(CrossError("cross { slot: 'city' }").find("cross 'city': found 1 slots, expected two"),
            std::string::npos);
  EXPECT_NE(CrossError("cross { slot: 'city' slot: 'city' }").find("slot 'city' is in it twice"),
            std::string::npos);
  EXPECT_NE(CrossError("cross { slot: 'city' slot: 'price' }").find("'price' is a number"),
            std::string::npos);
  EXPECT_NE(CrossError("cross { slot: 'city' slot: 'item' name: 'price' }")
                .find("cross 'price': another feature has its name"),
            std::string::npos);
  EXPECT_NE(CrossError(StrCat(kCrosses, "cross { slot: 'who' slot: 'item' }"))
                .find("cross 'who_x_item': 'who' is a cross itself"),
            std::string::npos);
  EXPECT_NE(CrossError("cross { slot: 'ci*' slot: 'item' }")
                .find("cross 'ci*_x_item': the schema makes no slot 'ci*'; its slots are 'city', "
                      "'age', 'item', 'tags' (names are whole: wildcards do not apply)"),
            std::string::npos);
}

TEST_F(CrossedSlotsTest, TheBytesAreThoseOfAnyNumberOfThreadsAndOfTypedColumns) {
  constexpr char kPlainSlots[] =
      "slot { column: 'a' context: true } slot { column: 'b' } cross { slot: 'b' slot: 'a' }";
  std::string text = "click,sale,a,b\n", records;
  for (int64_t i = 0; i < 30000; ++i) {
    text += StrCat(i % 2, ",0,", i / 7 % 50, ",", i % 4 == 0 ? "" : StrCat("t", i % 31), "\n");
    tfrecord::NamedFeatures features = {{"click", tfrecord::Integers({i % 2})},
                                        {"sale", tfrecord::Integers({0})},
                                        {"a", tfrecord::Integers({i / 7 % 50})}};
    if (i % 4 != 0) features.emplace_back("b", tfrecord::Bytes({StrCat("t", i % 31)}));
    records += tfrecord::Record(tfrecord::Example(features));
  }
  Write(text);
  WriteFile(*files_, "in.tfrecord", records);
  ASSERT_OK(Import(kPlainSlots).status());
  ImportOptions options;
  options.output = "threads";
  options.threads = 4;
  ASSERT_OK(Import(kPlainSlots, options).status());
  EXPECT_EQ(Bytes("out"), Bytes("threads"));
  options.inputs = {"in.tfrecord"};
  options.output = "typed";
  ASSERT_OK(Import(kPlainSlots, options).status());
  EXPECT_EQ(Bytes("out"), Bytes("typed"));
}

TEST_F(CrossedSlotsTest, AnExportedLogHasTheIdsOfCombinationsAsAColumn) {
  Write(Rows(100));
  ASSERT_OK(Import(StrCat(kSlots, kCrosses)).status());
  ExportLogOptions options;
  options.logs = {"out"};
  options.output = "again.tsv";
  ASSERT_OK(ExportLog(*files_, options).status());
  LogSchema schema;
  const std::vector<Batch> before = ReadLog(*files_, "out", &schema);
  const ImportSchema reads = ExportedColumnsOf(schema)->schema;
  EXPECT_EQ(reads.cross_size(), 0);
  ASSERT_OK(ImportText(*files_, reads, {.inputs = {"again.tsv"}, .output = "again"}).status());
  const std::vector<Batch> after = ReadLog(*files_, "again");
  ASSERT_EQ(after.size(), before.size());
  for (size_t b = 0; b < before.size(); ++b) {
    EXPECT_EQ(after[b].exposures.slots[2].keys, before[b].exposures.slots[2].keys);
    EXPECT_EQ(after[b].exposures.slots[2].offsets, before[b].exposures.slots[2].offsets);
  }
}

TEST_F(CrossedSlotsTest, ADraftShowsHowTwoOfItsSlotsAreCrossed) {
  std::string text = "click,sale,city,shop\n";
  for (int i = 0; i < 200; ++i) text += StrCat(i % 2, ",0,c", i % 7, ",s", i % 11, "\n");
  Write(text);
  const auto draft = DraftSchema(*files_, {.inputs = {"in.csv"}});
  ASSERT_OK(draft.status());
  const size_t at = draft->schema.find("# cross { slot: \"city\" slot: \"shop\" min_count: 5 }");
  ASSERT_NE(at, std::string::npos) << draft->schema;
  ASSERT_OK(Import(std::string(draft->schema).erase(at, 2)).status());
  LogSchema schema;
  ReadLog(*files_, "out", &schema);
  EXPECT_EQ(schema.slots.back().name, "city_x_shop");
}

TEST_F(CrossedSlotsTest, ALogLikeAnotherKeepsItsRareCombinations) {
  constexpr char kRare[] = "cross { slot: 'city' slot: 'item' name: 'pair' min_count: 100 }";
  Write(Rows(100));
  ASSERT_OK(Import(StrCat(kSlots, kRare)).status());
  EXPECT_TRUE(ReadLog(*files_, "out").at(1).exposures.slots[2].keys.empty());
  ImportOptions like;
  like.output = "like";
  like.like = "out";
  ASSERT_OK(Import(StrCat(kSlots, kRare), like).status());
  const Batch first = ReadLog(*files_, "like").at(0);
  EXPECT_EQ(KeysOfRow(first.exposures.slots[2], 1), Expected("pair", CityOf(1), ItemOf(1)));
}

TEST_F(CrossedSlotsTest, LogsWhoseCrossesDifferAreNotMerged) {
  const auto make = [&](const std::string& output, int rows, const std::string& slots) {
    Write(Rows(rows));
    ImportOptions options;
    options.output = output;
    return Import(StrCat(kSlots, "cross { name: 'pair' ", slots, " }"), options).status();
  };
  ASSERT_OK(make("a", 30, "slot: 'city' slot: 'item'"));
  ASSERT_OK(make("b", 31, "slot: 'city' slot: 'item'"));
  ASSERT_OK(make("c", 32, "slot: 'item' slot: 'city'"));
  ASSERT_OK(MergeLogs(*files_, {.logs = {"a", "b"}, .output = "ab"}).status());
  const std::string refused =
      MergeLogs(*files_, {.logs = {"a", "c"}, .output = "ac"}).status().message();
  EXPECT_NE(refused.find("cross 'pair' was made by other rules"), std::string::npos) << refused;
}

}  // namespace
}  // namespace chorus::worker
