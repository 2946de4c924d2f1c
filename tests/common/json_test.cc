// Messages as JSON: names, zeros, and texts that are none.

#include "common/json.h"

#include <gmock/gmock.h>

#include "common/report.pb.h"

namespace chorus {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

RunHead Head() {
  RunHead head;
  head.set_method("ESMM");
  head.add_test_log("a \"quoted\" path");
  return head;
}

TEST(Json, NamesAreThoseOfTheProto) {
  const Result<std::string> json = ToJson(Head());
  ASSERT_TRUE(json.ok()) << json.status().ToString();
  EXPECT_EQ(*json, R"({"method":"ESMM","test_log":["a \"quoted\" path"]})");
}

TEST(Json, ZerosStandThereWhereTheyAreValues) {
  EXPECT_THAT(*ToJson(Head()), Not(HasSubstr("exposures")));
  EXPECT_THAT(*ToJson(Head(), {.zeros = true}), HasSubstr(R"("exposures":"0")"));
}

TEST(Json, IsOneLineUnlessIndented) {
  EXPECT_THAT(*ToJson(Head()), Not(HasSubstr("\n")));
  EXPECT_THAT(*ToJson(Head(), {.indented = true}), HasSubstr("\n \"method\": \"ESMM\""));
}

TEST(Json, IsReadBack) {
  for (const JsonStyle style : {JsonStyle{}, JsonStyle{.zeros = true, .indented = true}}) {
    RunHead head;
    const Status read = FromJson(*ToJson(Head(), style), &head);
    ASSERT_TRUE(read.ok()) << read.ToString();
    EXPECT_EQ(head.SerializeAsString(), Head().SerializeAsString());
  }
}

TEST(Json, AnotherTextIsAnErrorOfOneLine) {
  RunHead head;
  for (const char* text : {"", "{\"method\":\n\"ES", "{\"no_such_field\": 1}", "ESMM"}) {
    const Status read = FromJson(text, &head);
    EXPECT_EQ(read.code(), Code::kInvalidArgument) << text;
    EXPECT_THAT(read.message(), Not(HasSubstr("\n"))) << text;
  }
}

}  // namespace
}  // namespace chorus
