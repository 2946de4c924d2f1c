// A log that is to be like another one is imported by its rules: another rule of a cell is refused
// with both values, other separators are told, and what is no rule of a cell may differ.
#include <gmock/gmock.h>

#include "tests/worker/import/import_log_testing.h"

namespace chorus::worker {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class LikeRulesTest : public ImportTest {
 protected:
  void SetUp() override {
    WriteFile(*files_, "in.csv", "click,sale,tags,age\n1,0,a:1|b:2,3\n0,0,c:4,\n");
    ASSERT_OK(Import(Schema(), {.output = "first"}).status());
  }

  static std::string Schema(const std::string& tags = "separator: '|'", const std::string& age = "",
                            const std::string& more = "") {
    return StrCat("slot { column: 'tags' value_separator: ':' ", tags,
                  " } numeric { column: 'age' ", age, " }", more);
  }
  std::string Refusal(const std::string& schema) { return ErrorOf(schema, {.like = "first"}); }
  // What an import like the first one says of its rules.
  std::string Told(const std::string& schema) {
    ::testing::internal::CaptureStderr();
    const Status status =
        Import(schema, {.output = StrCat("second-", ++imports_), .like = "first"}).status();
    std::string told = ::testing::internal::GetCapturedStderr();
    EXPECT_TRUE(status.ok()) << status.ToString();
    return told.find("other separators") == std::string::npos ? "" : told;
  }

  int imports_ = 0;
};

TEST_F(LikeRulesTest, AnotherRuleOfASlotIsRefusedWithBothValues) {
  EXPECT_THAT(Refusal(Schema("separator: '|' value_transform: LN1P")),
              AllOf(HasSubstr("--like first: its rules of text are others (the schema | that log)"),
                    HasSubstr("slot tags: value_transform: LN1P | AS_IS")));
  EXPECT_THAT(Refusal(Schema("separator: '|' value_l2: true")),
              HasSubstr("slot tags: value_l2: true | false"));
  EXPECT_THAT(Refusal(Schema("separator: '|' max_ids: 1 keep: LAST")),
              HasSubstr("slot tags: max_ids: 1 | 0"));
}

TEST_F(LikeRulesTest, AnotherRuleOfANumberOrOfAllCellsIsRefused) {
  EXPECT_THAT(Refusal(Schema("separator: '|'", "missing: 3")),
              HasSubstr("numeric age: missing: 3 | 0"));
  EXPECT_THAT(Refusal(Schema("separator: '|'", "", "decimal_ids: AS_TEXT")),
              HasSubstr("decimal_ids: AS_TEXT | AS_INTEGER"));
}

TEST_F(LikeRulesTest, OtherSeparatorsMayBeThoseOfTheInputAndAreTold) {
  EXPECT_THAT(Told(Schema("separator: ','")),
              AllOf(HasSubstr("--like first has other separators (the schema | that log): slot "
                              "tags: separator: \",\" | \"|\""),
                    HasSubstr("right if the inputs are written so")));
}

TEST_F(LikeRulesTest, WhatIsNoRuleOfACellMayDiffer) {
  EXPECT_THAT(Told(Schema()), IsEmpty());
  EXPECT_THAT(Told(Schema("separator: '|' min_count: 2", "", "block_rows: 7")), IsEmpty());
  WriteFile(*files_, "in.csv", "click;sale;labels;age\n1;0;a:1|b:2;3\n");
  EXPECT_THAT(Told("delimiter: ';' slot { column: 'labels' name: 'tags' value_separator: ':' "
                   "separator: '|' } numeric { column: 'age' }"),
              IsEmpty());
}

}  // namespace
}  // namespace chorus::worker
