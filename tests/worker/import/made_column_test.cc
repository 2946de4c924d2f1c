// Columns that the program makes, read back as any other.
#include "worker/columns/made_column.h"

#include <gtest/gtest.h>

#include "worker/columns/column.h"

namespace chorus::worker {
namespace {

// Its bytes have more than 31 bits where a block is large.
TEST(MadeColumnTest, TextsAndListsEndAtOffsetsOf64Bits) {
  MadeColumn text("a", MadeColumn::Type::kText);
  text.AddText("ab");
  text.AddText("");
  text.AddText("cde");
  MadeColumn list("b", MadeColumn::Type::kInt64, MadeColumn::Shape::kList);
  list.Add(int64_t{7});
  list.Add(int64_t{8});
  list.EndRow();
  list.EndRow();
  ArrowSchema schema = {};
  ArrowArray array = {};
  text.Describe(&schema);
  text.View(&array);
  EXPECT_STREQ(schema.format, "U");
  const ValueColumn texts = ValueColumn::Of(schema, array);
  EXPECT_EQ(texts.Text(0), "ab");
  EXPECT_EQ(texts.Text(1), "");
  EXPECT_EQ(texts.Text(2), "cde");
  list.Describe(&schema);
  list.View(&array);
  EXPECT_STREQ(schema.format, "+L");
  const ValueColumn lists = ValueColumn::Of(schema, array);
  EXPECT_EQ(lists.List(0).size(), 2);
  EXPECT_EQ(lists.elements().Integer(lists.List(0).begin + 1), 8);
  EXPECT_EQ(lists.List(1).size(), 0);
}

}  // namespace
}  // namespace chorus::worker
