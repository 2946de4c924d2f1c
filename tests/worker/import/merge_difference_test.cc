// Logs that cannot become one are told apart by the column that differs, and how it does.
#include <gmock/gmock.h>

#include "tests/worker/import/import_log_testing.h"
#include "worker/import/merge_logs.h"

namespace chorus::worker {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class MergeDifferenceTest : public ImportTest {
 protected:
  void ImportLog(const std::string& schema, const std::string& output, bool conversions = true) {
    Write(Table(20));
    ImportSchema parsed = MakeSchema(schema);
    if (!conversions) parsed.clear_conversion();
    const auto summary = ImportText(*files_, parsed, {.inputs = {"in.csv"}, .output = output});
    ASSERT_TRUE(summary.ok()) << summary.status().ToString();
  }
  std::string MergeError() {
    const auto merged = MergeLogs(*files_, {.logs = {"a", "b"}, .output = "both"});
    EXPECT_FALSE(merged.ok());
    return merged.status().message();
  }
};

TEST_F(MergeDifferenceTest, ALabelThatOneLogAloneHas) {
  ImportLog("slot { column: 'user' }", "a");
  ImportLog("slot { column: 'user' }", "b", false);
  EXPECT_THAT(MergeError(), AllOf(HasSubstr("b/part-00000.log"),
                                  HasSubstr("it has no conversions (conversion), unlike a/part-")));
}

TEST_F(MergeDifferenceTest, ColumnsThatOneLogAloneHas) {
  ImportLog("slot { column: 'user' } group: 'user'", "a");
  ImportLog("slot { column: 'user' } weight: 'price' time: 'price'", "b");
  EXPECT_THAT(MergeError(), HasSubstr("it has no groups (group), and has weights (weight), times "
                                      "(time), unlike a/part-"));
}

}  // namespace
}  // namespace chorus::worker
