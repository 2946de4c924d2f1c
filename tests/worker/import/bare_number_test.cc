// Numbers as programs of Germany, France, Switzerland and Sweden write them: drafts leave their
// columns out with the reason, and errors say at once what to write.
#include "worker/import/bare_number.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "tests/worker/import/import_testing.h"
#include "worker/import/cell_hints.h"
#include "worker/import/number_spelling.h"
#include "worker/import/schema_draft.h"

namespace chorus::worker {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(BareNumberTest, UnitsAndTypographyAreTakenOff) {
  const auto text_of = [](std::string_view text) {
    const auto number = BareNumberOf(text);
    return number ? number->text : "none";
  };
  EXPECT_EQ(text_of("403,09\u00a0€"), "403,09");
  EXPECT_EQ(text_of("EUR 1.403,09"), "1.403,09");
  EXPECT_EQ(text_of("1'234.50"), "1234.50");
  EXPECT_EQ(text_of("1\u2019234"), "1234");
  EXPECT_EQ(text_of("0 403,50"), "403,50");
  EXPECT_EQ(text_of("12\u202f345\u202f678,5"), "12345678,5");
  EXPECT_EQ(text_of("\u22122,5"), "-2,5");
  EXPECT_EQ(text_of("-$5"), "-5");
  EXPECT_EQ(text_of("$-5"), "-5");
  EXPECT_EQ(text_of("$ .5"), ".5");
  for (const char* other : {"", "user7", "Q3", "ABC 123", "12 monkeys", "$5 EUR", "1 23",
                            "1234 567", "1 2345", "1.5 123"}) {
    EXPECT_EQ(text_of(other), "none") << other;
  }
}

TEST(BareNumberTest, SpreadsheetsOfOtherCountriesWriteNumbers) {
  for (const char* number : {"403,09\u00a0€", "403,09 EUR", "0 403,50", "12 345,50", "1\u202f234",
                             "\u22122,5", "\u22122", "1'234.50", "1\u2019234", "12 kr", "US$ 5",
                             "R$5,00", "CHF 12.50", "1,5 kg", "5 zł"}) {
    EXPECT_EQ(SpellingOf(number), NumberSpelling::kCertain) << number;
  }
  // Lists of ids are written so, too.
  for (const char* open : {"1 234", "100 200 300", "-2,5"}) {
    EXPECT_EQ(SpellingOf(open), NumberSpelling::kOpen) << open;
  }
  // Categories.
  for (const char* other : {"128 GB", "12a", "M 10", "1 2 3", "3 XL", "10.0.0.1", "2025-11-27"}) {
    EXPECT_EQ(SpellingOf(other), NumberSpelling::kNone) << other;
  }
}

TEST(BareNumberTest, DraftsLeaveThemOutAndSayWhy) {
  std::string text = "click\titem\tde\teuro\tfr\tminus\tch\tse\tus\tgroups\n";
  for (int i = 0; i < 300; ++i) {
    const int n = i % 89 + 10;
    text += StrCat(i % 2, "\t", i % 7, "\t4", n, ",", n, "\u00a0€\t4", n, ",", n, " EUR\t1 4", n,
                   ",", n, "\t\u2212", n, ",5\t1'2", n, ".50\t", n, " kr\tUS$ ", n, "\t",
                   i % 9 + 100, " ", n + 200, "\n");
  }
  const auto files = NewMemoryFiles();
  WriteFile(*files, "in.tsv", text);
  const auto draft = DraftSchema(*files, {.inputs = {"in.tsv"}});
  ASSERT_TRUE(draft.ok()) << draft.status().ToString();
  ImportSchema schema;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(draft->schema, &schema));
  EXPECT_THAT(schema.exclude(), ElementsAre("de", "euro", "fr", "minus", "ch", "se", "us"));
  EXPECT_THAT(draft->warnings, Contains(HasSubstr("column 'euro' holds numbers like '410,10 EUR' "
                                                  "and is excluded")));
  ASSERT_EQ(schema.slot_size(), 2);  // two ids remain a list
  EXPECT_EQ(schema.slot(1).column(), "groups");
  EXPECT_EQ(schema.slot(1).separator(), " ");
}

TEST(BareNumberTest, AllThatIsToBeWrittenIsToldAtOnce) {
  EXPECT_THAT(
      ExpectedNumber("354,39 €"),
      HasSubstr("this one has a unit, and a decimal comma; write the number alone, 354.39"));
  EXPECT_THAT(ExpectedNumber("$1,234.50"),
              HasSubstr("a unit, and commas between thousands; write the number alone, 1234.50"));
  EXPECT_THAT(ExpectedNumber("1,234 kr"), HasSubstr("write the number alone, 1.234 or 1234"));
  EXPECT_THAT(ExpectedNumber("12 kg"), HasSubstr("a unit; write the number alone, 12"));
  EXPECT_THAT(ExpectedNumber("\u22121'234"), HasSubstr("write the number alone, -1234"));
}

}  // namespace
}  // namespace chorus::worker
