// Drafts from lists: those of numbers, of which the lengths alone are of use, and lists that a
// person takes for labels.
#include <gmock/gmock.h>

#include "tests/worker/import/typed_import_testing.h"
#include "worker/import/inputs.h"
#include "worker/import/schema_draft.h"
#include "worker/import/text_sample.h"
#include "worker/import/typed_sample.h"

namespace chorus::worker {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class TypedListsTest : public TypedImportTest {
 protected:
  // Ids, two lists as long as theirs, and a list of another length.
  void WriteRecords(int rows) {
    std::string records;
    for (int i = 0; i < rows; ++i) {
      const auto length = static_cast<size_t>(i % 4);
      records += tfrecord::Record(
          tfrecord::Example({{"click", tfrecord::Integers({i % 5 == 0 ? 1 : 0})},
                             {"embedding", tfrecord::Floats(std::vector<float>(8, 0.25f))},
                             {"price", tfrecord::Floats({static_cast<float>(i % 91) + 0.25f})},
                             {"tags", tfrecord::Integers(std::vector<int64_t>(length, i % 9))},
                             {"tags_age", tfrecord::Floats(std::vector<float>(length, 1.5f))},
                             {"tags_values", tfrecord::Floats(std::vector<float>(length, 0.5f))}}));
    }
    Write("rows.tfrecord", records);
  }
  Result<TextSample> Sample(uint64_t most_bytes = kMostSampleBytes) {
    const auto inputs = MakeInputs(PosixFiles(), {Path("rows.tfrecord")}, 0, "");
    EXPECT_TRUE(inputs.ok()) << inputs.status().ToString();
    return TakeTypedSample(Content::kTfRecord, *inputs, 1000, most_bytes);
  }
  Result<SchemaDraft> Draft(DraftOptions options = {}) {
    options.inputs = {Path("rows.tfrecord")};
    return DraftSchema(PosixFiles(), options);
  }
};

TEST_F(TypedListsTest, NumbersOfListsHaveNoText) {
  WriteRecords(40);
  const auto sample = Sample();
  ASSERT_OK(sample.status());
  ASSERT_EQ(sample->columns[1], "embedding");
  ASSERT_EQ(sample->columns[3], "tags");
  for (size_t row = 0; row < sample->rows.size(); ++row) {
    EXPECT_EQ(sample->rows[row][1], "") << row;
    if (row == 7) {
      EXPECT_EQ(sample->rows[row][2], "7.25");
      EXPECT_EQ(sample->rows[row][3], "7|7|7");
    }
  }
  EXPECT_EQ(sample->types[1].most_values, 8u);
}

TEST_F(TypedListsTest, ASampleHasFewerRowsWhereTheseAreLong) {
  WriteRecords(400);
  constexpr uint64_t kMost = 100 * 6 * sizeof(std::string);
  const auto sample = Sample(kMost);
  ASSERT_OK(sample.status());
  EXPECT_GE(sample->bytes, kMost);
  EXPECT_LE(sample->rows.size(), 100u);
  EXPECT_GT(sample->rows.size(), 50u);
  EXPECT_FALSE(sample->whole);
  // Text is bounded in the same way.
  std::string text = "click,title\n";
  for (int i = 0; i < 100; ++i) text += StrCat(i % 2, ",", std::string(1000, 'x'), i, "\n");
  Write("rows.csv", text);
  const auto inputs = MakeInputs(PosixFiles(), {Path("rows.csv")}, 0, "");
  ASSERT_OK(inputs.status());
  const auto rows = TakeSample(*inputs, 1000, 20000);
  ASSERT_OK(rows.status());
  EXPECT_EQ(rows->rows.size(), 19u);
  EXPECT_FALSE(rows->whole);
}

TEST_F(TypedListsTest, OfSeveralListsOfValuesTheFirstOneIsTaken) {
  WriteRecords(300);
  const auto draft = Draft();
  ASSERT_OK(draft.status());
  EXPECT_THAT(
      draft->schema,
      AllOf(HasSubstr("slot { column: \"tags\" separator: \",\" value_column: \"tags_age\" }"),
            HasSubstr("exclude: \"tags_values\"")));
}

TEST_F(TypedListsTest, AListThatIsNamedAsALabelIsToldAsWhatItIs) {
  WriteRecords(300);
  const Status status = Draft({.click = "tags"}).status();
  EXPECT_EQ(
      status.message(),
      "--click: column 'tags' has up to 3 values in a row; expected a label, one 0 or 1 in each "
      "row");
}

}  // namespace
}  // namespace chorus::worker
