#include "common/json_text.h"

#include <gtest/gtest.h>

#include <string>

#include "common/json.h"
#include "common/report.pb.h"

namespace chorus {
namespace {

TEST(JsonText, ATextIsQuotedSoThatItIsReadBack) {
  EXPECT_EQ(QuotedJson(""), "\"\"");
  const std::string odd("a \"b\" \\c\n\x01\0 \xc3\xa4", 14);
  EXPECT_EQ(QuotedJson(odd), "\"a \\\"b\\\" \\\\c\\u000a\\u0001\\u0000 \xc3\xa4\"");
  RunHead head;
  ASSERT_TRUE(FromJson("{\"method\":" + QuotedJson(odd) + "}", &head).ok());
  EXPECT_EQ(head.method(), odd);
}

}  // namespace
}  // namespace chorus
