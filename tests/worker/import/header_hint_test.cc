// A text of another kind than the schema says is told with the format that reads it.
#include "worker/import/header_hint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace chorus::worker {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(HeaderHintTest, TokensAreToldWithTheirFormat) {
  EXPECT_THAT(HeaderHint("click", {"1 3:0.5 17:1"}), HasSubstr("format: LIBSVM in the schema"));
  EXPECT_THAT(HeaderHint("click", {"-1  3:0.5 17:1 "}), HasSubstr("format: LIBSVM in the schema"));
  EXPECT_THAT(HeaderHint("click", {"1 0:5:1 1:7:0.3"}), HasSubstr("format: LIBFFM in the schema"));
}

TEST(HeaderHintTest, SlotTextIsToldWithItsDelimiter) {
  EXPECT_THAT(HeaderHint("click", {"click:1 conv:0 user:5 item:7 item:8"}),
              HasSubstr("format: SLOT_TEXT and delimiter: \" \" in the schema"));
  EXPECT_THAT(HeaderHint("click", {"1 0 user:5 item:7"}),
              HasSubstr("format: SLOT_TEXT and delimiter: \" \" in the schema"));
  EXPECT_THAT(HeaderHint("click", {"1", "0", "5:77", "6:8"}),
              HasSubstr("format: SLOT_TEXT in the schema"));
}

TEST(HeaderHintTest, MultiSlotIsToldWithWhatIsRead) {
  EXPECT_THAT(HeaderHint("click", {"1 1 1 0 1 5 2 7 8"}),
              AllOf(HasSubstr("MultiSlot"), HasSubstr("format: SLOT_TEXT")));
  for (const char* other : {"1 0 5", "1 1 1", "3 1 2", "0 0 0", "1 a 1 b 1 c"}) {
    EXPECT_THAT(HeaderHint("click", {other}), Not(HasSubstr("MultiSlot"))) << other;
  }
}

TEST(HeaderHintTest, OrdinaryHeadersAreNoTokens) {
  EXPECT_EQ(HeaderHint("click", {"clicked", "ns:item"}), "; is 'clicked' meant?");
  EXPECT_EQ(HeaderHint("x", {"17"}), "");
  EXPECT_THAT(HeaderHint("click", {"click conv item"}), HasSubstr("is the delimiter \" \""));
  EXPECT_THAT(HeaderHint("click", {"when 10:30"}), Not(HasSubstr("format:")));
}

}  // namespace
}  // namespace chorus::worker
