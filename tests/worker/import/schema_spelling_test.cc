// Drafts of schemas from texts that are written in another way than import reads: numbers of other
// countries, names with commas, labels in words, headers with a name twice, JSON.
#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "tests/worker/import/import_testing.h"
#include "worker/import/number_spelling.h"
#include "worker/import/prose_cells.h"
#include "worker/import/schema_draft.h"

namespace chorus::worker {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class SchemaSpellingTest : public testing::Test {
 protected:
  Result<SchemaDraft> Try(const std::string& text) {
    WriteFile(*files_, "in.csv", text);
    return DraftSchema(*files_, {.inputs = {"in.csv"}});
  }
  SchemaDraft Draft(const std::string& text) {
    const auto draft = Try(text);
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

TEST(NumberSpellingTest, ToldApartFromListsOfIds) {
  for (const char* number : {"1.234,50", "0,05", "-28,07", "$3.50", "$1,234.50", "13.9%", "7 %",
                             "1,012", "-$4", "€12"}) {
    EXPECT_EQ(SpellingOf(number), NumberSpelling::kCertain) << number;
  }
  for (const char* open : {"12,50", "1,234", "0,5", "123,456,789"}) {
    EXPECT_EQ(SpellingOf(open), NumberSpelling::kOpen) << open;
  }
  for (const char* other : {"", "12.5", "17", "1,2,3", "01,05", "a,5", "12,", ",5", "1.23,5", "%",
                            "12 kg", "1.234.567", "2025-11-27", "3,14,15"}) {
    EXPECT_EQ(SpellingOf(other), NumberSpelling::kNone) << other;
  }
}

TEST(ProseCellsTest, NamesAndAgentsAreProseAndListsAreNot) {
  EXPECT_TRUE(AreProse({"New York, NY", "San Jose, CA", "Los Angeles, CA"}, ','));
  EXPECT_TRUE(AreProse({"Mozilla/5.0 (X11; Linux)", "Mozilla/5.0 (iPhone; CPU)"}, ';'));
  EXPECT_FALSE(AreProse({"new in, eco", "eco, old", "old, new in"}, ','));
  EXPECT_FALSE(AreProse({"a,b", "c,d"}, ','));
  EXPECT_FALSE(AreProse({"red, blue", "green, yellow"}, ','));
}

TEST(ProseCellsTest, ListsOfTagsOfSeveralWordsMayHaveALongTail) {
  std::vector<std::string> cells, titles;
  for (int i = 0; i < 100; ++i) {
    const std::string often = StrCat("red shoes", i % 5, ", old hotel", i % 7, ", ");
    cells.push_back(StrCat(often, "sea view", i % 11, ", rare tag", i));  // 3 of 4 recur
    titles.push_back(StrCat("red shoes", i % 5, ", size ", i, " here, no ", i, " there"));
  }
  EXPECT_FALSE(AreProse(cells, ','));
  EXPECT_TRUE(AreProse(titles, ','));  // 1 of 3
}

TEST_F(SchemaSpellingTest, NumbersOfOtherCountriesAreNoLists) {
  std::string text = "click;item;Preis;spend;share;pair\n";
  for (int i = 0; i < 300; ++i) {
    text += StrCat(i % 2, ";", i % 7, ";", i % 5, ".", 100 + i, ",", i % 90 + 10, ";$", i % 3 + 1,
                   ",", 100 + i, ".25;", i % 80, ".5%;", i % 9 + 10, ",", i % 40 + 10, "\n");
  }
  const SchemaDraft draft = Draft(text);
  const ImportSchema schema = Parsed(draft);
  EXPECT_THAT(schema.exclude(), ElementsAre("Preis", "spend", "share"));
  EXPECT_THAT(draft.warnings, Contains(HasSubstr("column 'Preis' holds numbers like '0.100,10' and "
                                                 "is excluded; import expects a finite number: "
                                                 "this one has a decimal comma")));
  EXPECT_THAT(draft.warnings, Contains(HasSubstr("column 'spend' holds numbers like '$1,100.25'")));
  // Two ids in each cell remain a list.
  ASSERT_EQ(schema.slot_size(), 2);
  EXPECT_EQ(schema.slot(1).column(), "pair");
  EXPECT_EQ(schema.slot(1).separator(), ",");
}

TEST_F(SchemaSpellingTest, CommasInNamesSeparateNothing) {
  const char* const cities[] = {"Berlin", "New York, NY", "Paris", "Santa Cruz, CA"};
  std::string text = "click,item,city,agent\n";
  for (int i = 0; i < 400; ++i) {
    text += StrCat(i % 5 == 0 ? 1 : 0, ",", i % 7, ",\"", cities[i % 4], "\",\"Mozilla/5.0 (os ",
                   i % 3, "; Win64) Kit (KHTML, like Gecko) v", i % 11, "\"\n");
  }
  const ImportSchema schema = Parsed(Draft(text));
  ASSERT_EQ(schema.slot_size(), 3);
  EXPECT_EQ(schema.slot(1).separator(), "");
  EXPECT_EQ(schema.slot(2).separator(), "");
}

TEST_F(SchemaSpellingTest, WithoutALabelWhatWouldTellItIsNoFeature) {
  std::string text = "item,click,purchases,click_time,Kauf,revenue\n";
  for (int i = 0; i < 300; ++i) {
    const bool click = i % 3 == 0, buys = i % 9 == 0;
    text += StrCat(i % 7, ",", click ? 1 : -1, ",", buys ? 1 + i % 2 : 0, ",",
                   click ? 1700000000 + i : 0, ",", buys ? "ja" : "nein", ",", i % 4, "\n");
  }
  const SchemaDraft draft = Draft(text);
  EXPECT_THAT(Parsed(draft).exclude(), ElementsAre("click", "purchases", "click_time"));
  EXPECT_THAT(draft.warnings, Contains(HasSubstr("column 'click' has the name of a label, which "
                                                 "is 0 or 1, and holds '-1'")));
  EXPECT_THAT(draft.warnings, Contains(HasSubstr("column 'purchases' has the name of a label and "
                                                 "holds counts")));
  EXPECT_THAT(draft.warnings, Contains(HasSubstr("column 'click_time' is by its name the time of a "
                                                 "label")));
  EXPECT_THAT(draft.warnings, Contains(HasSubstr("'Kauf' ('ja')")));
}

TEST_F(SchemaSpellingTest, AHeaderThatNamesAColumnTwiceIsAnError) {
  std::string text = "click,item,item\n";
  for (int i = 0; i < 50; ++i) text += StrCat(i % 2, ",a", i % 7, ",b", i % 3, "\n");
  const auto draft = Try(text);
  ASSERT_FALSE(draft.ok());
  EXPECT_THAT(draft.status().message(),
              AllOf(HasSubstr("in.csv: the header names column 'item' twice, as column 2 and 3"),
                    HasSubstr("write a line of names in front of it")));
  // Without a header, cells come again.
  EXPECT_THAT(Draft("a,b,b\na,b,c\nc,b,b\n").schema, HasSubstr("header: false"));
}

TEST_F(SchemaSpellingTest, JsonIsRefusedByName) {
  for (const char* json : {"{\"a\": 1}\n{\"a\": 2}\n", "[\n  {\"a\": 1},\n {\"a\": 2}]\n",
                           "\xef\xbb\xbf{ \"a\": 1}\n"}) {
    const auto draft = Try(json);
    ASSERT_FALSE(draft.ok()) << json;
    EXPECT_THAT(draft.status().message(),
                HasSubstr("in.csv: this is JSON, expected delimited text"));
  }
  // pandas reads lines of objects and an array of them in two ways.
  EXPECT_THAT(Try("{\"a\": 1}\n").status().message(), HasSubstr("read_json(FILE, lines=True)"));
  EXPECT_THAT(Try("[ {\"a\": 1}]\n").status().message(), HasSubstr("read_json(FILE).to_csv"));
  EXPECT_THAT(Draft("click,tags\n0,\"[1, 2]\"\n1,\"[2]\"\n").schema, Not(HasSubstr("header")));
}

TEST_F(SchemaSpellingTest, ACellOfJsonAtTheBeginOfARowMakesNoJsonOfTheText) {
  std::string text;
  for (int i = 0; i < 20; ++i) {
    text += StrCat("{\"a\":[", i % 3, ",\"}\"]}\t", i % 2, "\t[{\"b\":1}]\n");
  }
  EXPECT_THAT(Draft(text).schema, HasSubstr("delimiter: \"\\t\"\nheader: false"));
  for (const char* json : {"{\"a\": 1}, {\"a\": 2}\n", "{\"a\": \"} 0\"}\n",
                           "[{\"a\": 1},\n{\"a\": 2}]\n", "{\"a\": 1} [2]\n", "{\"a\":\n1}\t0\n"}) {
    EXPECT_THAT(Try(json).status().message(), HasSubstr("this is JSON")) << json;
  }
}

TEST_F(SchemaSpellingTest, LineBreaksInCellsAreTold) {
  const auto draft = Try("click,title\n0,\"red\nshoes\"\n1,\"blue\nshoes\"\n");
  ASSERT_FALSE(draft.ok());
  EXPECT_THAT(draft.status().message(), HasSubstr("line breaks inside cells are not supported"));
}

TEST_F(SchemaSpellingTest, AThirdPartIsShownForWhatChooses) {
  std::string text = "click,item,ts\n";
  for (int i = 0; i < 50; ++i)
    text += StrCat(i % 3 == 0 ? 1 : 0, ",", i % 7, ",", 1764201600 + i, "\n");
  EXPECT_THAT(Draft(text).schema, HasSubstr("#   --split-by-time 'ts:1764201635,1764201640'\n"));
  text.replace(text.find("ts"), 2, "it's ts");
  EXPECT_THAT(Draft(text).import_command,
              HasSubstr(" --split-by-time 'it'\\''s ts:1764201640' --output log in.csv"));
  EXPECT_THAT(Draft("click,item\n0,a\n1,b\n").schema,
              HasSubstr("#   --split train:0.7,validation:0.1,test:0.2\n"));
}

}  // namespace
}  // namespace chorus::worker
