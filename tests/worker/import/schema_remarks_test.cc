// Drafts of schemas: what they remark on columns that are read in one of several ways, and where
// their commands write.
#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "tests/worker/import/import_testing.h"
#include "worker/import/column_role.h"
#include "worker/import/draft_folders.h"
#include "worker/import/schema_draft.h"

namespace chorus::worker {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

class SchemaRemarksTest : public testing::Test {
 protected:
  SchemaDraft Draft(const std::string& text, DraftOptions options = {}) {
    WriteFile(*files_, "in.csv", text);
    options.inputs = {"in.csv"};
    const auto draft = DraftSchema(*files_, options);
    EXPECT_TRUE(draft.ok()) << draft.status().ToString();
    return draft.ok() ? *draft : SchemaDraft();
  }
  // The line of the draft that names the column.
  static std::string LineOf(const SchemaDraft& draft, const std::string& column) {
    for (const std::string& line : chorus::Split(draft.schema, '\n')) {
      if (line.find(StrCat("\"", column, "\"")) != std::string::npos) return line;
    }
    return "";
  }

  std::unique_ptr<FileSystem> files_ = NewMemoryFiles();
};

// 200 rows with a click, an item, and this cell.
template <typename Cell>
std::string RowsWith(const std::string& column, const Cell& cell) {
  std::string text = StrCat("click,item,", column, "\n");
  for (int i = 0; i < 200; ++i) {
    text += StrCat(i % 5 == 0 ? 1 : 0, ",a", i % 7, ",", cell(i), "\n");
  }
  return text;
}

// It is a country, too.
TEST_F(SchemaRemarksTest, TheTextThatIsReadAsMissingIsNamed) {
  const char* const countries[] = {"DE", "NA", "FR", "AT"};
  EXPECT_THAT(
      LineOf(Draft(RowsWith("country", [&](int i) { return countries[i % 4]; })), "country"),
      HasSubstr("3 values, 25.0 % missing: 'NA' is read so"));
  const SchemaDraft empty =
      Draft(RowsWith("country", [&](int i) { return i % 4 == 0 ? "" : "DE"; }));
  EXPECT_THAT(LineOf(empty, "country"),
              AllOf(HasSubstr("25.0 % missing"), Not(HasSubstr("is read"))));
}

TEST_F(SchemaRemarksTest, PositionsAreNoLists) {
  const auto position = [](int i) { return StrCat("\"48.77", i % 40, ",11.61", i % 30, "\""); };
  EXPECT_THAT(LineOf(Draft(RowsWith("place", position)), "place"),
              HasSubstr(": a position? Its numbers are ids here"));
  const auto ids = [](int i) { return StrCat("\"48", i % 40, ",11", i % 30, "\""); };
  EXPECT_THAT(LineOf(Draft(RowsWith("place", ids)), "place"),
              AllOf(HasSubstr("lists, as in"), Not(HasSubstr("position"))));
}

TEST_F(SchemaRemarksTest, APointMayBeBetweenThousands) {
  const auto thousands = [](int i) { return StrCat(i % 9 + 1, ".", 101 + i); };
  EXPECT_THAT(LineOf(Draft(RowsWith("km", thousands)), "km"),
              HasSubstr("every cell has three decimals, as in '1.101': if these points are between "
                        "thousands"));
  // One that begins with a zero, or has other decimals, is no such number.
  for (const char* other : {"0.123", "1.25", "1234.567"}) {
    const auto some = [&](int i) { return i == 77 ? other : StrCat(i % 9 + 1, ".", 101 + i); };
    EXPECT_THAT(LineOf(Draft(RowsWith("km", some)), "km"), HasSubstr("; has decimals")) << other;
  }
}

TEST_F(SchemaRemarksTest, ATimeOfSomethingElseIsAskedAbout) {
  const auto date = [](int i) { return StrCat("2025-11-", i % 20 + 10); };
  const SchemaDraft install = Draft(RowsWith("install_date", date));
  EXPECT_THAT(LineOf(install, "install_date"),
              AllOf(HasSubstr("time:"), HasSubstr("is it the time of the exposure?")));
  EXPECT_THAT(LineOf(Draft(RowsWith("event_time", date)), "event_time"), Not(HasSubstr("?")));
  // One that is named as the exposure's comes before it.
  const auto both = [&](int i) { return StrCat(date(i), ",", 1764201600 + i); };
  const SchemaDraft draft = Draft(RowsWith("birth_date,ts", both));
  EXPECT_THAT(LineOf(draft, "ts"), AllOf(HasSubstr("time:"), Not(HasSubstr("?"))));
  EXPECT_TRUE(IsNamedAsExposureTime("eventTimestamp"));
  EXPECT_FALSE(IsNamedAsExposureTime("signup_ts"));
}

TEST_F(SchemaRemarksTest, AColumnOfEventsIsNoFeature) {
  const char* const events[] = {"view", "view", "click", "view", "buy"};
  const auto event = [&](int i) { return events[i % 5]; };
  std::string text = RowsWith("what", event);
  text.replace(0, 5, "shown");  // no label
  EXPECT_THAT(Draft(text).warnings,
              Contains(AllOf(HasSubstr("column 'what' says what happened (buy, click, view), which "
                                       "tells the label"),
                             HasSubstr("exclude it"), HasSubstr("join them"))));
  // What a campaign aims at is known before.
  const char* const goals[] = {"install", "lead", "sale", "click", "reach"};
  const auto goal = [&](int i) { return goals[i % 5]; };
  EXPECT_THAT(Draft(RowsWith("goal", goal)).warnings, Not(Contains(HasSubstr("happened"))));
}

TEST_F(SchemaRemarksTest, TheOnlyLabelMayBeNamedAsTheClick) {
  std::string text = "bought it,item\n";
  for (int i = 0; i < 200; ++i) text += StrCat(i % 9 == 0 ? 1 : 0, ",a", i % 7, "\n");
  EXPECT_THAT(Draft(text).warnings,
              Contains(HasSubstr("If 'bought it' is the only label, it is the click's: --click "
                                 "'bought it'")));
}

TEST_F(SchemaRemarksTest, TheJobNamesTheOptionThatMakesItsPart) {
  const auto ts = [](int i) { return StrCat(1764201600 + i); };
  EXPECT_THAT(Draft(RowsWith("ts", ts)).job, HasSubstr("has a --split-by-time that makes one."));
  EXPECT_THAT(Draft(RowsWith("shop", [](int i) { return StrCat("s", i % 3); })).job,
              HasSubstr("has a --split that makes one."));
}

// Two drafts in one folder train two logs.
TEST_F(SchemaRemarksTest, FoldersThatAreThereAreAnotherDrafts) {
  const std::string text = RowsWith("shop", [](int i) { return StrCat("s", i % 3); });
  const DraftOptions options = {.schema_name = "drafts/my shop.schema", .job_name = "shop.train"};
  const SchemaDraft first = Draft(text, options);
  EXPECT_THAT(first.import_command,
              AllOf(HasSubstr("--schema 'drafts/my shop.schema' "), HasSubstr(" --output log ")));
  EXPECT_THAT(first.job, AllOf(HasSubstr("data { log: \"log/train\" }"), HasSubstr("\"run/")));
  ASSERT_OK(files_->CreateDirectories("log/train"));
  const SchemaDraft second = Draft(text, options);
  EXPECT_THAT(second.import_command, HasSubstr(" --output 'my shop-log' "));
  EXPECT_THAT(second.job, AllOf(HasSubstr("data { log: \"my shop-log/train\" }"),
                                HasSubstr("chorus report 'my shop-run'"),
                                HasSubstr("\"my shop-run/metrics"), Not(HasSubstr("\"run/"))));
  EXPECT_EQ(FoldersOfDraft(*files_, "").log, "log");
  EXPECT_EQ(FoldersOfDraft(*files_, "a/.schema").run, ".schema-run");
}

}  // namespace
}  // namespace chorus::worker
