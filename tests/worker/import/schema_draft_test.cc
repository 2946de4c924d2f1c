#include "worker/import/schema_draft.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "common/config.h"
#include "tests/worker/import/import_testing.h"
#include "worker/import/column_sample.h"
#include "worker/import/import.h"
#include "worker/import/label_leak.h"
#include "worker/import/text_dialect.h"

namespace chorus::worker {
namespace {

using testing::HasSubstr;
using testing::Not;

// A shop's log: requests of four rows that share user, time, city and history.
std::string Shop(char delimiter) {
  std::string text = "clicked,sale,user_id,ts,city,history,item_id,tags,price,paid_at,source\n";
  for (int i = 0; i < 800; ++i) {
    const int request = i / 4;
    const bool click = i % 5 < 2;
    const bool sale = i % 10 == 0;
    text += StrCat(click ? 1 : 0, ",", sale ? 1 : 0, ",u", request % 37, ",", 1764201600 + request,
                   ",", request % 7 == 0 ? "NULL" : "Bern", ",", request % 11, ":0.5|",
                   request % 13, ":2,", 1000 + i * 7 % 101, ",", i % 3 == 0 ? "new;eco" : "old",
                   ",", i * 37 % 91, ".25,", sale ? StrCat(1764300000 + i) : "", ",web\n");
  }
  std::replace(text.begin(), text.end(), ',', delimiter);
  return text;
}

class SchemaDraftTest : public testing::Test {
 protected:
  SchemaDraft Draft(const std::string& text) {
    WriteFile(*files_, "in.csv", text);
    auto draft = DraftSchema(*files_, {.inputs = {"in.csv"}});
    EXPECT_TRUE(draft.ok()) << draft.status().ToString();
    return draft.ok() ? *draft : SchemaDraft();
  }
  // The draft as import takes it.
  static ImportSchema Parsed(const SchemaDraft& draft) {
    ImportSchema schema;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(draft.schema, &schema))
        << draft.schema;
    chorus::internal::FillDefaults(&schema);
    const Status checked =
        chorus::internal::CheckAllowed(schema, "", chorus::internal::Origins("draft"));
    EXPECT_TRUE(checked.ok()) << checked.ToString() << draft.schema;
    return schema;
  }

  std::unique_ptr<FileSystem> files_ = NewMemoryFiles();
};

TEST_F(SchemaDraftTest, ATextOfItsOwnInEveryRowIsItsId) {
  std::string text = "event_id,click,sale,item\n";
  for (int i = 0; i < 40; ++i) text += StrCat("e-", i, ",", i % 2, ",0,", i % 7, "\n");
  const ImportSchema schema = Parsed(Draft(text));
  EXPECT_EQ(schema.row_id(), "event_id");
  EXPECT_TRUE(schema.row_id_text());
}

TEST_F(SchemaDraftTest, ARowThatIsThereTwiceTakesNoIdFromTheOthers) {
  std::string text = "row,click,sale,item\n";
  for (int i = 0; i < 2000; ++i) text += StrCat(i, ",", i % 2, ",0,", i % 7, "\n");
  EXPECT_EQ(Parsed(Draft(text + "5,0,0,3\n")).row_id(), "row");
  EXPECT_THAT(Draft(text + "5,0,0,3\n").schema, HasSubstr("in every row, but for 1"));
}

TEST_F(SchemaDraftTest, FindsWhatEachColumnIs) {
  const SchemaDraft draft = Draft(Shop(','));
  const ImportSchema schema = Parsed(draft);
  EXPECT_EQ(schema.click(), "clicked");
  EXPECT_EQ(schema.conversion(), "sale");
  EXPECT_EQ(schema.group(), "user_id");
  EXPECT_EQ(schema.time(), "ts");
  std::vector<std::string> slots;
  for (const ColumnSlot& slot : schema.slot()) {
    slots.push_back(StrCat(slot.column(), slot.context() ? " context" : "", slot.separator(),
                           slot.value_separator()));
  }
  EXPECT_EQ(slots, (std::vector<std::string>{"user_id context", "city context",
                                             "history context|:", "item_id", "tags;"}));
  ASSERT_EQ(schema.numeric_size(), 1);
  EXPECT_EQ(schema.numeric(0).column(), "price");
  EXPECT_EQ(schema.exclude_size(), 2);
  EXPECT_THAT(draft.schema, HasSubstr("# LEAK? is there only where the label is 1 (sale)"));
  EXPECT_THAT(draft.schema, HasSubstr("# every cell is the same"));
  EXPECT_THAT(draft.schema, HasSubstr("stored once for 4.0 rows"));
  ASSERT_EQ(draft.warnings.size(), 1u);
  EXPECT_THAT(draft.warnings[0], HasSubstr("column 'paid_at' is there only where"));
}

TEST_F(SchemaDraftTest, WhatItDraftsImportsWhatItSaw) {
  for (const char delimiter : {',', '\t', '\x01'}) {
    const SchemaDraft draft = Draft(Shop(delimiter));
    const auto summary =
        ImportText(*files_, Parsed(draft), {.inputs = {"in.csv"}, .output = "out"});
    ASSERT_OK(summary.status());
    EXPECT_EQ(summary->parts[0].rows, 800u);
    EXPECT_EQ(summary->parts[0].contexts, 200u);  // blocks of 16 rows cut none
    ASSERT_OK(files_->RemoveRecursively("out"));
  }
}

TEST_F(SchemaDraftTest, TheJobIsOneThatTrains) {
  TrainConfig config;
  const SchemaDraft draft = Draft(Shop(','));
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(draft.job, &config)) << draft.job;
  ASSERT_OK(FinishTrainConfig("draft", &config));
  EXPECT_EQ(config.objective().method_case(), ObjectiveConfig::kEsmm);
}

// It leaves to the log what fits it (worker/steps/fit_settings.h).
TEST_F(SchemaDraftTest, TheJobWritesNoSettingThatDependsOnTheLogsSize) {
  TrainConfig config;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(Draft(Shop(',')).job, &config));
  EXPECT_FALSE(config.has_step());
  EXPECT_EQ(config.table_size(), 0);
  EXPECT_FALSE(config.has_model());
}

TEST_F(SchemaDraftTest, WithoutLabelsItSaysWhatIsToBeFilledIn) {
  const SchemaDraft draft = Draft("a,b\nx,1\ny,2\n");
  EXPECT_THAT(draft.schema, HasSubstr("click: \"\""));
  EXPECT_THAT(draft.warnings, testing::ElementsAre(HasSubstr("fill in click")));
  const SchemaDraft clicks = Draft("click,item\n1,x\n0,y\n");
  EXPECT_THAT(clicks.schema, HasSubstr("# conversion: none is found"));
  EXPECT_THAT(clicks.job, HasSubstr("base { w_ctr: 1 w_cvr: 0 }"));
}

TEST_F(SchemaDraftTest, SaysThatRowsOfARequestAreApart) {
  std::string text = "click,conversion,user,item\n";
  for (int i = 0; i < 400; ++i) text += StrCat(i % 3 == 0 ? 1 : 0, ",0,u", i % 50, ",", i, "\n");
  EXPECT_THAT(Draft(text).warnings, testing::ElementsAre(HasSubstr("not next to one another")));
  EXPECT_THAT(Draft(text).schema, Not(HasSubstr("context")));
}

TEST_F(SchemaDraftTest, NeedsAFile) {
  EXPECT_EQ(DraftSchema(*files_, {.inputs = {"-"}}).status().code(), Code::kInvalidArgument);
  WriteFile(*files_, "empty", "\n\n");
  EXPECT_EQ(DraftSchema(*files_, {.inputs = {"empty"}}).status().message(),
            "empty: found no line, expected delimited text");
}

TEST(GuessFormat, FindsDelimiterHeaderAndEscape) {
  const auto guess = [](const std::vector<std::string>& lines) {
    const TextFormat format = GuessFormat(lines);
    return StrCat(std::string(1, format.delimiter), format.header ? " header" : "",
                  format.escape == '\\' ? " escape" : "");
  };
  EXPECT_EQ(guess({"a,b c,d", "1,x|y z,3", "2,x|y,4"}), ", header");
  EXPECT_EQ(guess({"a\tb", "1\t2,3", "4\t5,6"}), "\t header");
  EXPECT_EQ(guess({"0;u1;7", "1;u2;8"}), ";");
  EXPECT_EQ(guess({"a,b", "\"say \\\"hi\\\"\",1", "\"x\",2"}), ", header escape");
}

std::string LeakOf(const std::vector<std::pair<std::string, int>>& rows, int times) {
  LabelLeak leak;
  for (int i = 0; i < times; ++i) {
    for (const auto& [text, label] : rows) leak.Add(text, label != 0);
  }
  return leak.Describe();
}

TEST(LabelLeak, TellsColumnsThatKnowTheLabel) {
  EXPECT_EQ(LeakOf({{"yes", 1}, {"no", 0}, {"no", 0}}, 30),
            "its values tell the label of every row");
  EXPECT_EQ(LeakOf({{"17", 1}, {"", 0}, {"18", 1}}, 30), "is there only where the label is 1");
  EXPECT_EQ(LeakOf({{"", 1}, {"x", 0}}, 30), "its values tell the label of every row");
  EXPECT_EQ(LeakOf({{"yes", 1}, {"no", 0}, {"no", 1}}, 30), "");
  EXPECT_EQ(LeakOf({{"yes", 1}, {"no", 0}}, 19), "");  // too few to tell chance apart
  LabelLeak numbers;
  LabelLeak ids;
  for (int i = 0; i < 100; ++i) {
    numbers.Add(StrCat(i % 2 == 0 ? 100 + i : i), i % 2 == 0);
    ids.Add(StrCat("row", i), i % 2 == 0);
  }
  EXPECT_EQ(numbers.Describe(), "its values tell the label of every row");
  EXPECT_EQ(ids.Describe(), "");
}

TEST_F(SchemaDraftTest, WordsOfLabelsTextIdsQuotedListsAndDatesAreKnown) {
  std::string text = "label,signup,order_no_id,click_time,event_time,page,history\n";
  for (int i = 0; i < 400; ++i) {
    const bool click = i % 4 == 0;
    text += StrCat(click ? "Yes" : "no", ",", i % 16 == 0 ? "y" : "N", ",ord-", i * 7, ",",
                   click ? StrCat("2025-11-27 16:", i % 50 + 10, ":00") : "",
                   ",2025-11-27T12:", i % 50 + 10, ":05,http://shop/", i, ",\"", i % 9, ",",
                   i % 5 + 20, "\"\n");
  }
  const SchemaDraft draft = Draft(text);
  const ImportSchema schema = Parsed(draft);
  EXPECT_EQ(schema.click(), "label");
  EXPECT_EQ(schema.conversion(), "signup");
  EXPECT_EQ(schema.row_id(), "order_no_id");
  EXPECT_TRUE(schema.row_id_text());
  EXPECT_EQ(schema.time(), "event_time");
  EXPECT_THAT(draft.schema, HasSubstr("LEAK? is there only where the label is 1 (label)"));
  EXPECT_THAT(draft.schema, HasSubstr("a text of its own in every row: nothing is learnt"));
  ASSERT_EQ(schema.slot_size(), 1);
  EXPECT_EQ(schema.slot(0).column(), "history");
  EXPECT_EQ(schema.slot(0).separator(), ",");
  const auto imported = ImportText(*files_, schema, {.inputs = {"in.csv"}, .output = "out"});
  ASSERT_OK(imported.status());
  EXPECT_EQ(imported->rows.bad, 0u);
}

// Requests of four rows of a user and a time. `city` has a typing error now and then; `promo` is
// nearly always 0, whatever the request; `shelf` differs from row to row.
std::string NoisyShop() {
  std::string text = "click,sale,user_id,ts,city,promo,shelf\n";
  for (int i = 0; i < 2000; ++i) {
    const int request = i / 4;
    text += StrCat(i % 5 == 0 ? 1 : 0, ",", i % 25 == 0 ? 1 : 0, ",u", request % 37, ",",
                   1764201600 + request, ",",
                   i % 271 == 0       ? "Brn"
                   : request % 3 == 0 ? "Bern"
                                      : "Basel",
                   ",", i % 400 == 0 ? 1 : 0, ",", i % 11, "\n");
  }
  return text;
}

TEST_F(SchemaDraftTest, NearlyEqualInARequestIsOfTheContextAndNearlyEqualEverywhereIsNot) {
  const SchemaDraft draft = Draft(NoisyShop());
  const ImportSchema schema = Parsed(draft);
  std::vector<std::string> context;
  for (const ColumnSlot& slot : schema.slot()) {
    if (slot.context()) context.push_back(slot.column());
  }
  EXPECT_EQ(context, (std::vector<std::string>{"user_id", "city"}));
  EXPECT_THAT(draft.schema, HasSubstr("of them, which begins a new context"));
  EXPECT_THAT(draft.schema, HasSubstr("stored once for 3.9 rows"));
}

// Each row has a time of its own, as clicks in a session have.
TEST_F(SchemaDraftTest, WithoutRequestsWhatIsOfTheUserIsTheContext) {
  std::string text = "click,user_id,ts,age_group,item\n";
  for (int i = 0; i < 600; ++i) {
    text += StrCat(i % 5 == 0 ? 1 : 0, ",u", i / 6, ",", 1764201600 + 3 * i, ",g", i / 6 % 5, ",i",
                   i % 17, "\n");
  }
  const SchemaDraft draft = Draft(text);
  EXPECT_THAT(draft.schema, HasSubstr("Equal in all rows of a user, which follow one another: "
                                      "stored once for 6.0 rows"));
  EXPECT_THAT(draft.schema, HasSubstr("slot { column: \"age_group\" context: true }"));
  EXPECT_THAT(draft.schema, HasSubstr("slot { column: \"item\" }"));
}

std::string SeparatorOf(const std::vector<std::string>& cells) {
  ColumnSample sample;
  for (const std::string& cell : cells) sample.Add(cell);
  return sample.GuessSeparators().separator;
}

TEST(ColumnSampleTest, ACommaInsideACellSeparatesIds) {
  EXPECT_EQ(SeparatorOf({"1,2,3", "4", "5,6"}), ",");
  EXPECT_EQ(SeparatorOf({"new, eco", "old", "eco"}), ",");
  // A few '|' in a column of comma lists are parts of ids.
  std::vector<std::string> cells(100, "a,b");
  cells[0] = cells[1] = cells[2] = "a,b|c";
  EXPECT_EQ(SeparatorOf(cells), ",");
}

TEST(ColumnSampleTest, FewListsAreEnoughWhereTheirPiecesAreCellsOfOthers) {
  std::vector<std::string> cells, titles;
  for (int i = 0; i < 1000; ++i) {
    cells.push_back(StrCat(i % 20));
    titles.push_back(StrCat("title ", i));
  }
  for (int i = 0; i < 5; ++i) {
    cells.push_back(StrCat(i, ",", i + 7));
    titles.push_back(StrCat("a word, and number ", i));
  }
  EXPECT_EQ(SeparatorOf(cells), ",");
  EXPECT_NE(SeparatorOf(titles), ",");
}

TEST_F(SchemaDraftTest, ListsInBracketsAndDecimalCommasAreNamed) {
  std::string text = "click;user;tags;price\n";
  for (int i = 0; i < 200; ++i) {
    text += StrCat(i % 2, ";u", i % 9, ";[", i % 5, ", ", i % 3, "];", i % 40, ",50\n");
  }
  const SchemaDraft draft = Draft(text);
  EXPECT_THAT(draft.warnings,
              testing::Contains(HasSubstr("column 'tags' holds lists like [0, 0]")));
  EXPECT_THAT(draft.schema, HasSubstr("with points and without units they are a numeric"));
  Parsed(draft);
}

TEST_F(SchemaDraftTest, AColumnOfClicksComesBeforeOneThatIsOnlyCalledALabel) {
  std::string text = "label,is_click,item\n";
  for (int i = 0; i < 40; ++i) text += StrCat(i % 3 == 0 ? 1 : 0, ",", i % 2, ",", i % 7, "\n");
  EXPECT_EQ(Parsed(Draft(text)).click(), "is_click");
}

// Every third row is `outer`, every ninth `inner`.
std::string Nested(const std::string& outer, const std::string& inner, bool outer_first) {
  std::string text =
      StrCat(outer_first ? outer + "," + inner : inner + "," + outer, ",neu,artikel\n");
  for (int i = 0; i < 400; ++i) {
    const int out = i % 3 == 0 ? 1 : 0, in = i % 9 == 0 ? 1 : 0;
    text +=
        StrCat(outer_first ? out : in, ",", outer_first ? in : out, ",", i % 2, ",a", i % 7, "\n");
  }
  return text;
}

TEST_F(SchemaDraftTest, OfTwoNestedColumnsOf0And1TheOuterIsTheClick) {
  for (const bool outer_first : {true, false}) {
    for (const auto& [outer, inner] : std::initializer_list<std::pair<const char*, const char*>>{
             {"is_install", "is_purchase"}, {"geklickt", "gekauft"}, {"click", "gekauft"}}) {
      const SchemaDraft draft = Draft(Nested(outer, inner, outer_first));
      const ImportSchema schema = Parsed(draft);
      EXPECT_EQ(schema.click(), outer);
      EXPECT_EQ(schema.conversion(), inner);
      // No other one is a slot silently.
      EXPECT_THAT(draft.schema, HasSubstr("# Other columns of 0 and 1: \"neu\""));
      EXPECT_THAT(draft.schema, HasSubstr("0 and 1 alone: a label, known only later?"));
    }
  }
}

TEST_F(SchemaDraftTest, ANumberThatIsOtherThan0OnlyWhereThereIsAClickIsALeak) {
  std::string text = "click,item,seconds\n";
  for (int i = 0; i < 50; ++i) {
    text += StrCat(i % 5 == 0 ? 1 : 0, ",", i % 7, ",", i % 5 == 0 ? i + 3 : 0, "\n");
  }
  const SchemaDraft draft = Draft(text);
  EXPECT_THAT(draft.schema, HasSubstr("LEAK? is other than 0 only where the label is 1 (click)"));
  EXPECT_EQ(Parsed(draft).slot_size(), 1);
}

TEST_F(SchemaDraftTest, MarkersDatesAndTextIdsAreFoundUnderAnyName) {
  std::string text = "Vorgang,click,Zeitpunkt,Preis,Budget,Farben,Titel\n";
  for (int i = 0; i < 400; ++i) {
    const bool missing = i % 50 == 7;
    text += StrCat(
        "V-", i * 7, ",", i % 4 == 0 ? 1 : 0, ",2025-11-", i % 20 + 10, "T12:00:", i % 50 + 10, ",",
        missing ? "k.A." : StrCat(i % 91, ".25"), ",", missing ? "k.A." : StrCat(100 + i % 41), ",",
        missing ? "k.A." : StrCat("rot:0.", i % 9, "|blau:1"), ",Art-Nr ", i % 70, " (Getr)\n");
  }
  const SchemaDraft draft = Draft(text);
  const ImportSchema schema = Parsed(draft);
  EXPECT_EQ(schema.row_id(), "Vorgang");
  EXPECT_TRUE(schema.row_id_text());
  EXPECT_EQ(schema.time(), "Zeitpunkt");
  EXPECT_THAT(draft.schema, HasSubstr("# the only column of dates: that of the exposure?"));
  ASSERT_EQ(schema.numeric_size(), 1);
  EXPECT_EQ(schema.numeric(0).column(), "Preis");
  EXPECT_THAT(draft.schema, HasSubstr("nearly all integers: does 'k.A.' mean missing"));
  std::vector<std::string> slots;
  for (const ColumnSlot& slot : schema.slot()) {
    slots.push_back(StrCat(slot.column(), slot.separator(), slot.value_separator()));
  }
  EXPECT_EQ(slots, (std::vector<std::string>{"Budget", "Farben|:", "Titel"}));
  EXPECT_EQ(schema.missing_marker(0), "k.A.");
  EXPECT_THAT(schema.missing_marker(), testing::Contains("NULL"));  // the usual ones still are
  const auto imported = ImportText(*files_, schema, {.inputs = {"in.csv"}, .output = "out"});
  ASSERT_OK(imported.status());
  EXPECT_EQ(imported->rows.bad, 0u);
}

TEST_F(SchemaDraftTest, TheCommandShownPassesOverBadRowsAndSplitsByTime) {
  std::string text = "click,item,ts\n1,2\n";
  for (int i = 0; i < 50; ++i)
    text += StrCat(i % 3 == 0 ? 1 : 0, ",", i % 7, ",", 1764201600 + i, "\n");
  EXPECT_THAT(Draft(text).schema,
              HasSubstr("--split-by-time 'ts:1764201640' --max-bad-rows 1 --output"));
  const auto part = DraftSchema(*files_, {.inputs = {"in.csv"}, .sample_rows = 20});
  ASSERT_OK(part.status());
  EXPECT_THAT(part->schema, HasSubstr("--split train:0.8,test:0.2 --max-bad-rows 100 --output"));
  EXPECT_THAT(part->schema, HasSubstr("# To test on a later time: --split-by-time ts:TIME"));
}

TEST(ColumnSampleTest, BlanksSeparateIntegersAndWhatAreCellsElsewhere) {
  std::vector<std::string> articles, words;
  for (int i = 0; i < 100; ++i) {
    articles.push_back(StrCat("Art-Nr ", i, " (Getr)"));
    words.push_back(i % 4 == 0 ? "new" : i % 4 == 1 ? "eco" : "new eco");
  }
  EXPECT_EQ(SeparatorOf(articles), "");
  EXPECT_EQ(SeparatorOf(words), " ");
  EXPECT_EQ(SeparatorOf({"17 23 5", "4 9", "8"}), " ");
}

}  // namespace
}  // namespace chorus::worker
