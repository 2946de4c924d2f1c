// Drafts of schemas from typed columns.
#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>

#include <algorithm>

#include "common/config.h"
#include "tests/worker/import/typed_import_testing.h"
#include "worker/import/inputs.h"
#include "worker/import/schema_draft.h"
#include "worker/import/typed_sample.h"

namespace chorus::worker {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// A shop's rows: two labels, one nested in the other, of a user's requests.
CellTable ShopTable() {
  CellTable table = {
      {"clicked", "bought", "user_id", "ts", "item", "tags", "mix", "price", "when", "odd"}};
  for (int i = 0; i < 400; ++i) {
    const bool click = i % 5 < 2;
    table.push_back({click ? "1" : "0", i % 10 == 0 ? "1" : "0", StrCat(i / 4 % 17),
                     StrCat(1764201600 + i / 4), i % 4 == 3 ? "" : StrCat(1000 + i * 7 % 31),
                     i % 3 == 0 ? "" : StrCat(i % 5, "|", i % 7), StrCat(i % 3, ":0.5|x:2"),
                     StrCat(i * 37 % 91, ".25"), "2025-11-27T10:00:00", StrCat(i)});
  }
  return table;
}
const std::vector<TestedColumn> kShopKinds = {{"clicked", "bool", 'i'},   {"bought", "int8", 'i'},
                                              {"user_id", "int64", 'i'},  {"ts", "int64", 'i'},
                                              {"item", "double", 'i'},    {"tags", "ints", 'i'},
                                              {"mix", "pairs", 'b'},      {"price", "float", 'f'},
                                              {"when", "timestamp", 'b'}, {"odd", "struct", 'i'}};

class TypedSchemaTest : public TypedImportTest {
 protected:
  SchemaDraft Draft(const std::string& name) {
    auto draft = DraftSchema(PosixFiles(), {.inputs = {Path(name)}});
    EXPECT_TRUE(draft.ok()) << draft.status().ToString();
    return draft.ok() ? *draft : SchemaDraft();
  }
  // The log that the draft, as it is, makes of the file that it was drafted from.
  LogSchema ImportBy(const SchemaDraft& draft, const std::string& name) {
    LogSchema log;
    const auto summary = Import(draft.schema, {name}, "log");
    EXPECT_TRUE(summary.ok()) << summary.status().ToString() << draft.schema;
    if (summary.ok()) ReadLog(PosixFiles(), Path("log"), &log);
    std::filesystem::remove_all(Path("log"));
    return log;
  }
};

TEST_F(TypedSchemaTest, ColumnsOfParquetAreWhatTheirTypesAndValuesSay) {
  SKIP_WITHOUT_ARROW(WriteColumns(ShopTable(), kShopKinds, "shop.parquet"));
  const SchemaDraft draft = Draft("shop.parquet");
  for (const char* line :
       {"format: PARQUET\n", "click: \"clicked\"", "conversion: \"bought\"", "group: \"user_id\"",
        "time: \"ts\"", "slot { column: \"tags\" }", "slot { column: \"mix\" }",
        "numeric { column: \"price\"", "float64, 31 values, 25.0 % missing",
        "list of int64, up to 2 in a row", "exclude: \"odd\""}) {
    EXPECT_THAT(draft.schema, HasSubstr(line));
  }
  EXPECT_THAT(draft.schema, Not(HasSubstr("delimiter")));
  const LogSchema log = ImportBy(draft, "shop.parquet");
  for (const SlotInfo& slot : log.slots) {
    EXPECT_EQ(slot.multi_valued, slot.name == "tags" || slot.name == "mix") << slot.name;
    EXPECT_EQ(slot.has_values, slot.name == "mix") << slot.name;
  }
  EXPECT_EQ(log.numerics.size(), 1u);
}

TEST_F(TypedSchemaTest, ColumnsOfOrcAreThoseOfParquet) {
  SKIP_WITHOUT_ARROW(WriteColumns(ShopTable(), kShopKinds, "shop.orc"));
  const SchemaDraft draft = Draft("shop.orc");
  EXPECT_THAT(draft.schema, HasSubstr("format: ORC\n"));
  EXPECT_THAT(draft.schema, HasSubstr("slot { column: \"tags\" }"));
  EXPECT_EQ(ImportBy(draft, "shop.orc").slots.size(), 4u);
}

// The last records that are read at once hold more of them than are taken.
TEST_F(TypedSchemaTest, ASampleOfRecordsIsWholeOnlyWhenAllOfThemAreInIt) {
  std::string records;
  for (int i = 0; i < 300; ++i) {
    records += tfrecord::Record(tfrecord::Example({{"item", tfrecord::Integers({i})}}));
  }
  Write("shop.tfrecord", records);
  const auto inputs = MakeInputs(PosixFiles(), {Path("shop.tfrecord")}, 0, "");
  ASSERT_OK(inputs.status());
  for (const uint64_t most : {100u, 299u, 300u, 301u}) {
    const auto sample = TakeTypedSample(Content::kTfRecord, *inputs, most);
    ASSERT_OK(sample.status());
    EXPECT_EQ(sample->rows.size(), std::min<uint64_t>(most, 300));
    EXPECT_EQ(sample->whole, most >= 300) << most;
  }
}

TEST_F(TypedSchemaTest, FeaturesOfRecordsAreListsOnlyWhereTheyHaveSeveralValues) {
  std::string records;
  for (int i = 0; i < 300; ++i) {
    records += tfrecord::Record(tfrecord::Example(
        {{"clicked", tfrecord::Integers({i % 5 < 2 ? 1 : 0})},
         {"bought", tfrecord::Integers({i % 10 == 0 ? 1 : 0})},
         {"item", tfrecord::Integers({i % 31})},
         {"tags", tfrecord::Integers(std::vector<int64_t>(static_cast<size_t>(i % 4), i % 9))},
         {"tags_values", tfrecord::Floats(std::vector<float>(static_cast<size_t>(i % 4), 0.5f))},
         {"city", tfrecord::Bytes({i % 2 == 0 ? "Bern" : "Basel"})},
         {"price", tfrecord::Floats({static_cast<float>(i % 91) + 0.25f})}}));
  }
  Write("shop.tfrecord", records);
  const SchemaDraft draft = Draft("shop.tfrecord");
  for (const char* line :
       {"format: TFRECORD\n", "click: \"clicked\"", "conversion: \"bought\"",
        "slot { column: \"tags\" separator: \",\" value_column: \"tags_values\" }",
        "slot { column: \"item\" }", "slot { column: \"city\" }", "numeric { column: \"price\""}) {
    EXPECT_THAT(draft.schema, HasSubstr(line));
  }
  const LogSchema log = ImportBy(draft, "shop.tfrecord");
  EXPECT_EQ(log.slots.size(), 3u);
  EXPECT_EQ(log.numerics.size(), 1u);
}

}  // namespace
}  // namespace chorus::worker
