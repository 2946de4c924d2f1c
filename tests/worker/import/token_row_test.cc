// libsvm, libffm and slot text as an import reads them.
#include <gtest/gtest.h>

#include "tests/worker/import/import_log_testing.h"

namespace chorus::worker {
namespace {

class TokenRowTest : public ::testing::Test {
 protected:
  Result<ImportSummary> Import(const std::string& schema, const std::string& text) {
    WriteFile(*files_, "in.txt", text);
    ImportSchema parsed;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(schema, &parsed));
    chorus::internal::FillDefaults(&parsed);
    return ImportText(*files_, parsed, {.inputs = {"in.txt"}, .output = "out"});
  }
  Batch Block() { return ReadLog(*files_, "out").at(0); }

  std::unique_ptr<FileSystem> files_ = NewMemoryFiles();
};

Key TokenKey(const char* space, uint64_t id) { return MakeKey(SpaceSeed(space), id); }

TEST_F(TokenRowTest, ReadsLibsvm) {
  ASSERT_OK(Import("format: LIBSVM click: 'label' "
                   "slot { column: 'features' separator: ' ' value_separator: ':' }",
                   "+1 3:0.5 10:2\n-1\n0 7:1 \n")
                .status());
  const Batch batch = Block();
  EXPECT_EQ(batch.click, (std::vector<uint8_t>{1, 0, 0}));
  const SlotColumn& slot = batch.exposures.slots[0];
  EXPECT_EQ(slot.offsets, (std::vector<uint32_t>{0, 2, 2, 3}));
  EXPECT_EQ(slot.keys, (std::vector<Key>{TokenKey("features", 3), TokenKey("features", 10),
                                         TokenKey("features", 7)}));
  EXPECT_EQ(slot.values, (std::vector<float>{0.5, 2, 1}));
}

TEST_F(TokenRowTest, LibsvmHasOneColumnOfIds) {
  EXPECT_EQ(
      Import("format: LIBSVM click: 'label' slot { column: 'user' }", "1 3:1\n").status().message(),
      "slot 'user': in format LIBSVM there is one column of ids, 'features'");
  for (const char* role : {"conversion", "row_id", "group", "time", "weight"}) {
    EXPECT_EQ(Import(StrCat("format: LIBSVM click: 'label' ", role,
                            ": 'user' slot { column: 'features' separator: ' ' }"),
                     "1 3:1\n")
                  .status()
                  .message(),
              StrCat(role,
                     " 'user': in format LIBSVM there are two columns, 'label' and "
                     "'features'; name one of them, or leave ",
                     role, " out"));
  }
}

TEST_F(TokenRowTest, ReadsLibffm) {
  ASSERT_OK(Import("format: LIBFFM click: 'label' slot { column: '0' } "
                   "slot { column: '1' separator: ' ' value_separator: ':' }",
                   "1 0:5:1 1:3:0.5 1:4:2\n0 1:9:1\n")
                .status());
  const Batch batch = Block();
  EXPECT_EQ(batch.exposures.slots[0].keys, (std::vector<Key>{TokenKey("0", 5)}));
  EXPECT_EQ(batch.exposures.slots[1].offsets, (std::vector<uint32_t>{0, 2, 3}));
  EXPECT_EQ(batch.exposures.slots[1].values, (std::vector<float>{0.5, 2, 1}));
}

// The ids of these tokens are no numbers that anything could read in place of the values.
TEST_F(TokenRowTest, NumbersAreTheValuesOfTheirTokens) {
  const std::string schema =
      "format: LIBFFM click: 'label' time: '8' weight: '7' slot { column: '0' } "
      "numeric { column: '9' transform: NONE } ";
  ASSERT_OK(Import(schema, "1 0:5:1 9:31:2.5 8:41:1700 7:51:0.25\n0 0:6:1 7:52:1\n").status());
  const Batch batch = Block();
  EXPECT_EQ(batch.exposures.slots[0].keys, (std::vector<Key>{TokenKey("0", 5), TokenKey("0", 6)}));
  EXPECT_EQ(batch.exposures.numerics[0], (std::vector<float>{2.5, 0}));
  EXPECT_EQ(batch.time, (std::vector<int64_t>{1700, 0}));
  EXPECT_EQ(batch.weight, (std::vector<float>{0.25, 1}));
  ASSERT_OK(files_->RemoveRecursively("out"));
  const std::string error = ", which has no value, and column '9' is a number: expected id:value";
  EXPECT_EQ(Import(schema, "1 0:5:1 9:31\n").status().message(),
            "in.txt:1: token 2: found '9:31'" + error);
  EXPECT_EQ(Import(schema, "1 0:5:1 9:31:\n").status().message(),
            "in.txt:1: token 2: found '9:31:'" + error);
  EXPECT_EQ(
      Import(schema + "slot { column: '9' name: 'id' }", "1 9:31:2.5\n").status().message(),
      "column '9': two entries take different parts of its tokens (ids, id:value, or a number's "
      "values); name it in one of them");
}

TEST_F(TokenRowTest, NumbersOfSlotTextStandBehindTheirField) {
  ASSERT_OK(Import("format: SLOT_TEXT click: '0' weight: 'w' slot { column: '101' } "
                   "numeric { column: 'price' transform: NONE }",
                   "1,101:7,price:2.5,w:0.5\n")
                .status());
  EXPECT_EQ(Block().exposures.numerics[0], (std::vector<float>{2.5}));
  EXPECT_EQ(Block().weight, (std::vector<float>{0.5}));
}

TEST_F(TokenRowTest, ReadsSlotTextWithLeadingCells) {
  ASSERT_OK(Import("format: SLOT_TEXT row_id: '0' click: '1' conversion: '2' "
                   "slot { column: '101' context: true } slot { column: '205' separator: ',' }",
                   "17,1,1,101:7,205:1,205:2\n18,0,0,205:3,101:7\n")
                .status());
  const Batch batch = Block();
  EXPECT_EQ(batch.row_id, (std::vector<uint64_t>{17, 18}));
  EXPECT_EQ(batch.conversion, (std::vector<uint8_t>{1, 0}));
  EXPECT_EQ(batch.context_of, (std::vector<uint32_t>{0, 0}));
  EXPECT_EQ(batch.exposures.slots[0].offsets, (std::vector<uint32_t>{0, 2, 3}));
}

TEST_F(TokenRowTest, FieldsOfSlotTextAreNotTakenForLeadingCells) {
  const std::string labels = "format: SLOT_TEXT row_id: '0' click: '1' group: '3' ";
  const std::string reason =
      ": in format SLOT_TEXT group '3' makes 0 to 3 names of the cells that come first, and field "
      "2 cannot be told from cell 2; number the fields from 4 on, or take group from a field with "
      "a name that is no number";
  EXPECT_EQ(Import(labels + "slot { column: '2' }", "1,0,2:7,3:1\n").status().message(),
            "slot '2'" + reason);
  EXPECT_EQ(Import(labels + "numeric { column: '2' }", "1,0,2:7,3:1\n").status().message(),
            "numeric '2'" + reason);
  ASSERT_OK(Import(labels + "slot { column: '4' }", "1,0,x,9,4:7\n").status());
  EXPECT_EQ(Block().exposures.slots[0].keys, (std::vector<Key>{TokenKey("4", 7)}));
}

TEST_F(TokenRowTest, LabelsOfSlotTextMayBeFieldsToo) {
  ASSERT_OK(Import("format: SLOT_TEXT delimiter: ' ' click: 'click' slot { column: '1' }",
                   "click:1 1:5\n1:6 click:0\n")
                .status());
  EXPECT_EQ(Block().click, (std::vector<uint8_t>{1, 0}));
}

TEST_F(TokenRowTest, SaysWhichTokenIsWrong) {
  EXPECT_EQ(Import("format: SLOT_TEXT delimiter: ' ' click: 'click' slot { column: '1' }",
                   "click:1 1:5\n1:6 word\n")
                .status()
                .message(),
            "in.txt:2: token 2: found 'word', expected field:id");
  EXPECT_EQ(
      Import("format: LIBFFM click: 'label' slot { column: '1' value_separator: ':' }", "1 1:6\n")
          .status()
          .message(),
      "in.txt:1: column '1': found '6', expected id:weight with a finite weight");
  EXPECT_EQ(
      Import("format: LIBFFM click: 'label' slot { column: '1' }", "1 1:\n").status().message(),
      "in.txt:1: token 1: found '1:', which has no id");
}

}  // namespace
}  // namespace chorus::worker
