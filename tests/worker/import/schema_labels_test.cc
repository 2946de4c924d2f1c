// Drafts of schemas: labels that a person names, and columns that look like something that they are
// not.
#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "tests/worker/import/import_testing.h"
#include "worker/import/schema_draft.h"

namespace chorus::worker {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

class SchemaLabelsTest : public testing::Test {
 protected:
  Result<SchemaDraft> Try(const std::string& text, DraftOptions options = {}) {
    WriteFile(*files_, "in.csv", text);
    options.inputs = {"in.csv"};
    return DraftSchema(*files_, options);
  }
  SchemaDraft Draft(const std::string& text, DraftOptions options = {}) {
    const auto draft = Try(text, std::move(options));
    EXPECT_TRUE(draft.ok()) << draft.status().ToString();
    return draft.ok() ? *draft : SchemaDraft();
  }
  static ImportSchema Parsed(const SchemaDraft& draft) {
    ImportSchema schema;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(draft.schema, &schema))
        << draft.schema;
    return schema;
  }

  std::unique_ptr<FileSystem> files_ = NewMemoryFiles();
};

// Both columns of 0 and 1 have names that a guess would take.
std::string TwoOfEach() {
  std::string text = "click,sale,geklickt,gekauft,item\n";
  for (int i = 0; i < 200; ++i) {
    text += StrCat(i % 2, ",", i % 3 == 0 ? 1 : 0, ",", i % 5 == 0 ? 1 : 0, ",",
                   i % 25 == 0 ? 1 : 0, ",a", i % 7, "\n");
  }
  return text;
}

TEST_F(SchemaLabelsTest, NamedColumnsAreTheLabels) {
  const ImportSchema guessed = Parsed(Draft(TwoOfEach()));
  EXPECT_EQ(guessed.click(), "click");
  const ImportSchema named =
      Parsed(Draft(TwoOfEach(), {.click = "geklickt", .conversion = "gekauft"}));
  EXPECT_EQ(named.click(), "geklickt");
  EXPECT_EQ(named.conversion(), "gekauft");
  // One alone: the other is guessed, and never in place of the one that is named.
  EXPECT_EQ(Parsed(Draft(TwoOfEach(), {.click = "geklickt"})).conversion(), "sale");
  const ImportSchema other = Parsed(Draft(TwoOfEach(), {.conversion = "click"}));
  EXPECT_EQ(other.conversion(), "click");
  EXPECT_NE(other.click(), "click");
}

TEST_F(SchemaLabelsTest, ANameThatIsNoColumnIsAnsweredWithTheNearest) {
  EXPECT_THAT(
      Try(TwoOfEach(), {.click = "geklikt"}).status().message(),
      AllOf(HasSubstr("--click: there is no column 'geklikt'"), HasSubstr("is 'geklickt' meant?")));
  EXPECT_THAT(Try(TwoOfEach(), {.click = "sale", .conversion = "sale"}).status().message(),
              HasSubstr("--click and --conversion name one column, 'sale'"));
}

TEST_F(SchemaLabelsTest, ANamedColumnOfOtherCellsIsWarnedOf) {
  std::string text = "clk,item\n";
  for (int i = 0; i < 40; ++i) text += StrCat(i % 4, ",", i % 7, "\n");
  const SchemaDraft draft = Draft(text, {.click = "clk"});
  EXPECT_EQ(Parsed(draft).click(), "clk");
  EXPECT_THAT(draft.warnings, Contains(AllOf(HasSubstr("column 'clk' is named as a label and holds "
                                                       "'2', where import expects 0 or 1"),
                                             HasSubstr("a count is no label"))));
  EXPECT_THAT(draft.schema, HasSubstr("? '2' is neither 0 nor 1"));
}

TEST_F(SchemaLabelsTest, CountsUnderTheNameOfALabelAreNoFeature) {
  std::string text = "num_clicks,orders,user_clicks_7d,item\n";
  for (int i = 0; i < 400; ++i) {
    text += StrCat(i % 5, ",", i % 9 == 0 ? i % 4 : 0, ",", i % 50, ",", i % 7, "\n");
  }
  const SchemaDraft draft = Draft(text);
  EXPECT_THAT(draft.warnings,
              Contains(HasSubstr("column 'num_clicks' has the name of a label and holds counts (0 "
                                 "to 4): it is excluded. A label is 0 or 1")));
  EXPECT_THAT(draft.warnings, Not(Contains(HasSubstr("user_clicks_7d"))));
  EXPECT_THAT(Parsed(draft).exclude(), Contains("num_clicks"));
  EXPECT_THAT(Parsed(draft).exclude(), Not(Contains("user_clicks_7d")));
}

TEST_F(SchemaLabelsTest, NumbersAmongWhichAreManyWordsAreTold) {
  std::string text = "click,price,item\n";
  const char* const words[] = {"free", "sold", "ask", "soon"};
  for (int i = 0; i < 400; ++i) {
    text +=
        StrCat(i % 2, ",", i % 4 == 0 ? words[i / 4 % 4] : StrCat(i % 91, ".5"), ",", i % 7, "\n");
  }
  EXPECT_THAT(Draft(text).schema,
              HasSubstr("75 % are numbers, others texts like 'free': if it is an amount, name "
                        "these in missing_marker and make it a numeric"));
}

TEST_F(SchemaLabelsTest, ListsAreToldAsSuch) {
  std::string text = "click,tags\n";
  for (int i = 0; i < 200; ++i) text += StrCat(i % 2, ",\"a", i % 5, ",b", i % 3, "\"\n");
  EXPECT_THAT(Draft(text).schema, HasSubstr("; lists, as in 'a0,b0'"));
}

TEST_F(SchemaLabelsTest, WhatDiffersInNearlyEveryRowIsExcluded) {
  std::string text = "click,item,session,voucher,cents,price\n";
  for (int i = 0; i < 1000; ++i) {
    text += StrCat(i % 2, ",", i % 7, ",", 7000 + i, ",v", i % 970, ",", i * 3, ",", i, ".25\n");
  }
  const SchemaDraft draft = Draft(text);
  EXPECT_THAT(Parsed(draft).exclude(), testing::ElementsAre("session", "voucher", "cents"));
  EXPECT_THAT(draft.schema,
              HasSubstr("an integer of its own in every row: nothing is learnt of it; make it a "
                        "numeric if it is an amount"));
  EXPECT_THAT(draft.schema,
              HasSubstr("a text of its own in nearly every row: nothing is learnt of it"));
  EXPECT_EQ(Parsed(draft).numeric(0).column(), "price");
}

TEST_F(SchemaLabelsTest, TellsWhatItReadsAndWhatToDoNext) {
  const SchemaDraft draft = Draft(TwoOfEach(), {.schema_name = "my.schema"});
  EXPECT_EQ(draft.reads,
            "click 'click', conversion 'sale', 3 slots, 0 numerics; left out: 0 columns");
  EXPECT_EQ(draft.import_command,
            "chorus import --schema my.schema --split train:0.8,test:0.2 --output log in.csv");
}

}  // namespace
}  // namespace chorus::worker
