// Splits of an import into parts, and the normalisation that one part gives to all.

#include <cmath>
#include <map>
#include <set>

#include "tests/worker/import/import_log_testing.h"

namespace chorus::worker {
namespace {

TEST_F(ImportTest, NormalisesByTheTrainingPartAlone) {
  Write(Table(200));
  const std::string schema =
      "slot { column: 'user' } numeric { column: 'price' }"
      "numeric { column: 'price' name: 'log' transform: LOG_STANDARD }"
      "numeric { column: 'price' name: 'raw' transform: NONE }";
  ASSERT_OK(Import(schema, WithSplit("test:0.3,train:0.7")).status());
  LogSchema learnt;
  const auto blocks = ReadLog(*files_, "out/train", &learnt);
  double sum = 0;
  double log_sum = 0;
  for (const uint64_t i : blocks[0].row_id) {
    sum += static_cast<double>(i);
    log_sum += std::log1p(static_cast<double>(i));
  }
  const auto n = static_cast<double>(blocks[0].rows());
  double squares = 0;
  for (const uint64_t i : blocks[0].row_id)
    squares += std::pow(static_cast<double>(i) - sum / n, 2);
  EXPECT_NEAR(learnt.numerics[0].mean, sum / n, 1e-9);
  EXPECT_NEAR(learnt.numerics[0].stddev, std::sqrt(squares / n), 1e-9);
  EXPECT_NEAR(learnt.numerics[1].mean, log_sum / n, 1e-9);
  EXPECT_TRUE(learnt.numerics[1].log_transform);
  EXPECT_EQ(learnt.numerics[2].mean, 0);
  EXPECT_EQ(learnt.numerics[2].stddev, 1);
  LogSchema of_test;
  const auto test_blocks = ReadLog(*files_, "out/test", &of_test);
  EXPECT_EQ(of_test, learnt);
  const double x = static_cast<double>(test_blocks[0].row_id[0]);
  EXPECT_FLOAT_EQ(test_blocks[0].exposures.numerics[0][0],
                  static_cast<float>((x - learnt.numerics[0].mean) / learnt.numerics[0].stddev));
  EXPECT_EQ(test_blocks[0].exposures.numerics[2][0], static_cast<float>(x));
}

TEST_F(ImportTest, TakesTheNormalisationOfAnEarlierLog) {
  const std::string schema =
      "slot { column: 'user' } numeric { column: 'price' }"
      "numeric { column: 'price' name: 'raw' transform: NONE }";
  Write(Table(200));
  ASSERT_OK(Import(schema, {.output = "monday"}).status());
  Write(Table(50, 1000));
  ASSERT_OK(Import(schema, {.output = "tuesday", .like = "monday"}).status());
  LogSchema monday, tuesday;
  ReadLog(*files_, "monday", &monday);
  const auto blocks = ReadLog(*files_, "tuesday", &tuesday);
  EXPECT_EQ(tuesday, monday);
  EXPECT_FLOAT_EQ(blocks[0].exposures.numerics[0][0],
                  static_cast<float>((1000 - monday.numerics[0].mean) / monday.numerics[0].stddev));
  EXPECT_EQ(blocks[0].exposures.numerics[1][0], 1000.0f);
}

TEST_F(ImportTest, TheNormalisationOfAnEarlierLogIsTakenByName) {
  Write(Table(200));
  ASSERT_OK(Import("slot { column: 'user' } numeric { column: 'price' } "
                   "numeric { column: 'price' name: 'again' transform: NONE }",
                   {.output = "monday"})
                .status());
  ASSERT_OK(Import("slot { column: 'user' name: 'more' } "
                   "numeric { column: 'price' name: 'again' transform: NONE } "
                   "numeric { column: 'price' }",
                   {.output = "tuesday", .like = "monday"})
                .status());
  LogSchema monday, tuesday;
  ReadLog(*files_, "monday", &monday);
  ReadLog(*files_, "tuesday", &tuesday);
  EXPECT_EQ(tuesday.numerics[1], monday.numerics[0]);
  EXPECT_EQ(tuesday.numerics[0], monday.numerics[1]);
  EXPECT_EQ(ErrorOf("slot { column: 'user' } numeric { column: 'price' } "
                    "numeric { column: 'price' name: 'again' transform: NONE } "
                    "numeric { column: 'price' name: 'new' }",
                    {.like = "monday"}),
            "--like monday: it has no numeric 'new', whose mean and deviation the schema asks for");
}

TEST_F(ImportTest, AnEarlierLogOfOtherFeaturesIsRefused) {
  Write(Table(20));
  ASSERT_OK(
      Import("slot { column: 'user' } numeric { column: 'price' }", {.output = "monday"}).status());
  const ImportOptions like = {.like = "monday"};
  EXPECT_EQ(ErrorOf("slot { column: 'user' context: true } numeric { column: 'price' }", like),
            "--like monday: its slot 'user' is of another kind in the schema");
  EXPECT_EQ(ErrorOf("slot { column: 'user' } numeric { column: 'price' transform: NONE }", like),
            "--like monday: its numeric 'price' is standardised, the schema's transform is NONE");
}

TEST_F(ImportTest, EmptyAndConstantNumbersStayFinite) {
  Write("click,sale,a,b\n1,0,,3\n0,0,,3\n");
  ASSERT_OK(Import("numeric { column: 'a' missing: -2 } numeric { column: 'b' }").status());
  LogSchema schema;
  const auto blocks = ReadLog(*files_, "out", &schema);
  EXPECT_EQ(blocks[0].exposures.numerics[0], (std::vector<float>{-2, -2}));
  EXPECT_EQ(blocks[0].exposures.numerics[1], (std::vector<float>{0, 0}));
  EXPECT_EQ(schema.numerics[1].stddev, 1);
}

TEST_F(ImportTest, SplitsIntoDisjointPartsThatCoverAllRows) {
  Write(Table(500));
  ASSERT_OK(Import(kPlain, WithSplit("folds:3")).status());
  std::set<uint64_t> all;
  size_t rows = 0;
  for (const char* fold : {"out/fold-0", "out/fold-1", "out/fold-2"}) {
    const auto ids = RowIds(*files_, fold);
    EXPECT_NEAR(static_cast<double>(ids.size()), 167, 45);
    EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end()));
    all.insert(ids.begin(), ids.end());
    rows += ids.size();
  }
  EXPECT_EQ(rows, 500u);
  EXPECT_EQ(all.size(), 500u);
}

TEST_F(ImportTest, SplitByAColumnKeepsItsRowsTogether) {
  Write(Table(500));
  ASSERT_OK(Import(kPlain, WithSplit("train:0.5,test:0.5", "user")).status());
  std::map<uint64_t, std::set<std::string>> parts_of_user;
  for (const char* part : {"train", "test"}) {
    for (const uint64_t id : RowIds(*files_, StrCat("out/", part)))
      parts_of_user[id / 10].insert(part);
  }
  EXPECT_EQ(parts_of_user.size(), 50u);
  for (const auto& [user, parts] : parts_of_user) EXPECT_EQ(parts.size(), 1u) << user;
}

TEST_F(ImportTest, ContiguousSplitCutsByRowNumber) {
  Write(Table(10));
  ASSERT_OK(Import(kPlain, WithSplit("train:0.8,test:0.2", "", true)).status());
  EXPECT_EQ(RowIds(*files_, "out/train"), (std::vector<uint64_t>{0, 1, 2, 3, 4, 5, 6, 7}));
  EXPECT_EQ(RowIds(*files_, "out/test"), (std::vector<uint64_t>{8, 9}));
}

TEST_F(ImportTest, RefusesSplitOptionsThatDoNotGoTogether) {
  Write(Table(10));
  EXPECT_EQ(ErrorOf(kPlain, {.split_by = "user"}),
            "--split-by and --split-contiguous need --split");
  EXPECT_EQ(ErrorOf(kPlain, WithSplit("folds:2", "user", true)),
            "--split-contiguous cuts by row number: it does not go with --split-by");
  Write(Table(1));
  EXPECT_EQ(ErrorOf(kPlain, WithSplit("train:0.999999,test:0.000001")),
            "no row falls into part 'test'");
}

TEST_F(ImportTest, AnEmptyPartOfASplitByTimeTellsTheTimesThatThereAre) {
  Write("click,sale,item,ms\n1,0,1,1763251200000\n0,0,2,1763337600000\n");
  ImportOptions options;
  options.split = Split::ParseTimes("ms:2025-11-16").value();
  EXPECT_EQ(ErrorOf("slot { column: 'item' }", options).substr(0, 131),
            "no row falls into part 'train': column 'ms' has times from 1763251200000 to "
            "1763337600000, and --split-by-time cuts at 1763251200 (");
}

}  // namespace
}  // namespace chorus::worker
