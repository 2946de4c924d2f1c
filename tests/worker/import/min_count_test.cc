// min_count: ids of too few rows are left out, whoever counts them.
#include <unistd.h>

#include <map>
#include <set>

#include "common/key.h"
#include "common/random.h"
#include "tests/worker/import/import_log_testing.h"

namespace chorus::worker {
namespace {

constexpr int kRows = 400;

struct TextRow {
  std::string click = "0";
  std::string sale = "0";
  std::string user;
  std::vector<std::string> tags;
  std::string item;
};

uint64_t DrawAt(uint64_t a, uint64_t b) { return Random(11, RandomPurpose::kTest, a, b); }

// Users of up to 9 rows, tags that may come twice in a cell, some rows that the import drops.
std::vector<TextRow> DrawRows() {
  std::vector<TextRow> rows(kRows);
  for (uint64_t i = 0; i < kRows; ++i) {
    TextRow& row = rows[i];
    if (DrawAt(i, 0) % 4 == 0) row.click = "1";
    if (DrawAt(i, 1) % 9 == 0) row.sale = "1";  // without a click: dropped
    row.user = StrCat("u", (i * i / 900) % 90);
    for (uint64_t t = 0; t < DrawAt(i, 2) % 5; ++t) {
      row.tags.push_back(StrCat(DrawAt(i, 3 + t) % 7 * (DrawAt(i, 9 + t) % 40)));
    }
    row.item = DrawAt(i, 20) % 10 == 0 ? "" : StrCat("i", DrawAt(i, 21) % 150);
  }
  return rows;
}

std::string TextOf(const std::vector<TextRow>& rows) {
  std::string text = "click,sale,user,tags,item\n";
  for (const TextRow& row : rows) {
    text += StrCat(row.click, ",", row.sale, ",", row.user, ",", Join(row.tags, " "), ",", row.item,
                   "\n");
  }
  return text;
}

std::string Schema(int user, int tags, int item) {
  return StrCat(R"(block_rows: 32 slot { column: "user" context: true min_count: )", user,
                R"(} slot { column: "tags" separator: " " min_count: )", tags,
                R"(} slot { column: "item" min_count: )", item, "}");
}

// Plain loops: what the log holds of each kept row.
struct KeptIds {
  std::vector<std::vector<Key>> user, tags, item;  // [row]
  uint64_t rare_tags = 0, rare_items = 0;
};
KeptIds Expected(const std::vector<TextRow>& rows, int user_min, int tags_min, int item_min) {
  std::map<std::string, int> users, tags, items;
  const auto dropped = [](const TextRow& row) { return row.sale > row.click; };
  for (const TextRow& row : rows) {
    if (dropped(row)) continue;
    ++users[row.user];
    ++items[row.item];
    for (const std::string& tag : std::set<std::string>(row.tags.begin(), row.tags.end())) {
      ++tags[tag];
    }
  }
  KeptIds kept;
  const auto key = [](const char* space, const std::string& id) {
    return MakeKey(SpaceSeed(space), IdFromText(id));
  };
  for (const TextRow& row : rows) {
    // Dropped rows are told of too. A min_count of 1 asks for nothing.
    for (const std::string& tag : row.tags) kept.rare_tags += tags_min > 1 && tags[tag] < tags_min;
    kept.rare_items += item_min > 1 && !row.item.empty() && items[row.item] < item_min;
    if (dropped(row)) continue;
    kept.user.emplace_back();
    kept.tags.emplace_back();
    kept.item.emplace_back();
    if (users[row.user] >= user_min) kept.user.back() = {key("user", row.user)};
    for (const std::string& tag : row.tags) {
      if (tags[tag] >= tags_min) kept.tags.back().push_back(key("tags", tag));
    }
    if (!row.item.empty() && items[row.item] >= item_min) {
      kept.item.back() = {key("item", row.item)};
    }
  }
  return kept;
}

std::vector<Key> KeysOf(const SlotColumn& slot, uint32_t row) {
  return {slot.keys.begin() + slot.offsets[row], slot.keys.begin() + slot.offsets[row + 1]};
}

class MinCountTest : public ImportTest {
 protected:
  KeptIds KeptOf(const std::string& log) {
    KeptIds kept;
    for (const Batch& block : ReadLog(*files_, log)) {
      for (uint32_t row = 0; row < block.rows(); ++row) {
        kept.user.push_back(KeysOf(block.contexts.slots[0], block.context_of[row]));
        kept.tags.push_back(KeysOf(block.exposures.slots[0], row));
        kept.item.push_back(KeysOf(block.exposures.slots[1], row));
      }
    }
    return kept;
  }
};

TEST_F(MinCountTest, IdsOfTooFewRowsAreLeftOutAsPlainLoopsCountThem) {
  const std::vector<TextRow> rows = DrawRows();
  Write(TextOf(rows));
  for (const auto& [user, tags, item] : {std::tuple{5, 3, 4}, {0, 30, 1}, {1000, 0, 2}}) {
    SCOPED_TRACE(StrCat(user, " ", tags, " ", item));
    ImportOptions options;
    options.output = StrCat("out-", user);
    const auto summary = Import(Schema(user, tags, item), options);
    ASSERT_TRUE(summary.ok()) << summary.status().ToString();
    const KeptIds expected = Expected(rows, user, tags, item), kept = KeptOf(options.output);
    EXPECT_EQ(kept.user, expected.user);
    EXPECT_EQ(kept.tags, expected.tags);
    EXPECT_EQ(kept.item, expected.item);
    uint64_t rare_tags = 0, rare_items = 0;
    for (const ColumnNote& note : summary->notes) {
      if (note.note != CellNote::kRareIds) continue;
      if (note.column == "tags") rare_tags = note.count;
      if (note.column == "item") rare_items = note.count;
    }
    EXPECT_EQ(rare_tags, expected.rare_tags);
    EXPECT_EQ(rare_items, expected.rare_items);
  }
}

TEST_F(MinCountTest, TheBytesDoNotDependOnThreads) {
  std::string text = TextOf(DrawRows());
  const std::string more = text.substr(text.find('\n') + 1);
  for (int i = 0; i < 60; ++i) text += more;  // several chunks
  Write(text);
  std::vector<std::string> bytes;
  for (const uint32_t threads : {1u, 2u, 5u}) {
    ImportOptions options;
    options.output = StrCat("out-", threads);
    options.threads = threads;
    const auto summary = Import(Schema(300, 200, 150), options);
    ASSERT_TRUE(summary.ok()) << summary.status().ToString();
    bytes.push_back(ReadWholeFile(*files_, options.output + "/part-00000.log").value());
  }
  EXPECT_EQ(bytes[0], bytes[1]);
  EXPECT_EQ(bytes[0], bytes[2]);
}

TEST_F(MinCountTest, PartsOfASplitAreCountedTogetherAndALogLikeAnotherIsNotCounted) {
  const std::vector<TextRow> rows = DrawRows();
  Write(TextOf(rows));
  ASSERT_TRUE(Import(Schema(5, 3, 4), WithSplit("train:0.5,test:0.5", "", true)).ok());
  KeptIds both = KeptOf("out/train");
  const KeptIds test = KeptOf("out/test");
  both.item.insert(both.item.end(), test.item.begin(), test.item.end());
  EXPECT_EQ(both.item, Expected(rows, 5, 3, 4).item);

  ImportOptions like;
  like.output = "like";
  like.like = "out/train";
  ASSERT_TRUE(Import(Schema(5, 3, 4), like).ok());
  EXPECT_EQ(KeptOf("like").item, Expected(rows, 0, 0, 0).item);
}

TEST_F(MinCountTest, StandardInputIsCountedToo) {
  const std::vector<TextRow> rows = DrawRows();
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const std::string text = TextOf(rows);
  ASSERT_EQ(write(ends[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
  close(ends[1]);
  ImportOptions options;
  options.inputs = {"-"};
  options.standard_input = ends[0];
  ASSERT_TRUE(Import(Schema(5, 3, 4), options).ok());
  close(ends[0]);
  EXPECT_EQ(KeptOf("out").tags, Expected(rows, 5, 3, 4).tags);
}

TEST_F(MinCountTest, CountsThatDoNotFitIntoMemoryGiveTheSameLogByFurtherPasses) {
  std::string text = "click,sale,item,tags\n";
  for (uint64_t i = 0; i < 20000; ++i) {
    text += StrCat("0,0,", DrawAt(i, 1) % 7000, ",", DrawAt(i, 2) % 1500, "\n");
  }
  Write(text);
  const std::string schema = R"(slot { column: "item" min_count: 3 }
                                slot { column: "tags" context: true min_count: 14 })";
  std::vector<std::string> bytes;
  for (const uint64_t memory : {uint64_t{1} << 30, uint64_t{60000}, uint64_t{1}}) {
    ImportOptions options;
    options.output = StrCat("out-", memory);
    options.memory_bytes = memory;
    ::testing::internal::CaptureStderr();
    const auto summary = Import(schema, options);
    const std::string said = ::testing::internal::GetCapturedStderr();
    ASSERT_TRUE(summary.ok()) << summary.status().ToString();
    EXPECT_EQ(said.find("one more pass") == std::string::npos, bytes.empty()) << said;
    bytes.push_back(ReadWholeFile(*files_, options.output + "/part-00000.log").value());
  }
  EXPECT_EQ(bytes[0], bytes[1]);
  EXPECT_EQ(bytes[0], bytes[2]);
}

}  // namespace
}  // namespace chorus::worker
