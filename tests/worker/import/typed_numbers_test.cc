// A number of a typed column says what its text says: markers of missing values, integers of 2^53
// and more, decimals.
#include "tests/worker/import/typed_import_testing.h"
#include "worker/import/number_rules.h"

namespace chorus::worker {
namespace {

TEST(TextOfDouble, IsWhatPythonWrites) {
  const std::pair<double, const char*> texts[] = {{0, "0.0"},
                                                  {-41, "-41.0"},
                                                  {0.25, "0.25"},
                                                  {100000, "100000.0"},
                                                  {0.0001, "0.0001"},
                                                  {0.00001, "1e-05"},
                                                  {123456789.125, "123456789.125"},
                                                  {1e15, "1000000000000000.0"},
                                                  {9007199254740994, "9007199254740994.0"},
                                                  {1e16, "1e+16"},
                                                  {-1.5e300, "-1.5e+300"},
                                                  {5e-324, "5e-324"}};
  for (const auto& [number, text] : texts) EXPECT_EQ(TextOfDouble(number), text);
}

// The rules of texts are the oracle.
TEST(NumberRules, ANumberIsAMarkerWhereItsTextIs) {
  for (const char* decimals : {"AS_INTEGER", "AS_TEXT"}) {
    const CellRules rules(MakeSchema(
        StrCat("slot { column: 'item' } decimal_ids: ", decimals,
               " missing_marker: ['NULL', '-1', '-2.0', '7.5', '07', '0.0001', '100000.0', "
               "'18446744073709551615']")));
    const NumberRules numbers(rules);
    int markers = 0;
    for (const int64_t x : {-1, -2, -3, 0, 7, 18, 100000}) {
      EXPECT_EQ(numbers.IsMarker(x), rules.Read(StrCat(x)).missing) << decimals << " " << x;
      markers += numbers.IsMarker(x) ? 1 : 0;
    }
    for (const uint64_t x : {UINT64_MAX, UINT64_MAX - 1, uint64_t{7}}) {
      EXPECT_EQ(numbers.IsMarker(x), rules.Read(StrCat(x)).missing) << decimals << " " << x;
    }
    for (const double x : {-1.0, -2.0, -3.0, 7.5, 7.0, 0.0, 0.0001, 0.001, 1e5, 1e6, 1e300}) {
      EXPECT_EQ(numbers.IsMarker(x), rules.Read(TextOfDouble(x)).missing) << decimals << " " << x;
      markers += numbers.IsMarker(x) ? 1 : 0;
    }
    EXPECT_EQ(markers, std::string(decimals) == "AS_TEXT" ? 5 : 8);
  }
}

class TypedNumbersTest : public TypedImportTest {
 protected:
  void ExpectTheBytesOfText(const std::string& rules, const std::string& name) {
    std::filesystem::remove_all(Path("of-text"));
    std::filesystem::remove_all(Path("of-columns"));
    ASSERT_OK(Import(rules, {"table.txt"}, "of-text").status());
    ASSERT_OK(Import(rules, {name}, "of-columns").status());
    EXPECT_TRUE(BytesOf("of-text") == BytesOf("of-columns")) << name;
  }
};

constexpr char kMarked[] = R"(delimiter: "\t" missing_marker: "-1" missing_marker: "-999.5"
    slot { column: "item" } slot { column: "kept" keep_markers: true }
    numeric { column: "age" missing: 3 } block_rows: 64)";

TEST_F(TypedNumbersTest, MarkersAreMissingInEveryKindOfNumber) {
  const CellTable table = {{"click", "sale", "item", "kept", "age"},
                           {"1", "1", "7", "-1", "20"},
                           {"0", "-1", "-1", "4", "-1"},
                           {"0", "0", "", "5", ""}};
  const auto kinds = [](const std::string& arrow) {
    return std::vector<TestedColumn>{{"click", "int8", 'i'},
                                     {"sale", arrow, 'i'},
                                     {"item", arrow, 'i'},
                                     {"kept", arrow, 'i'},
                                     {"age", arrow, 'i'}};
  };
  Write("table.txt", AsText(table));
  Write("a.tfrecord", AsRecords(table, kinds(""), 1, table.size()));
  ExpectTheBytesOfText(kMarked, "a.tfrecord");
  for (const std::string arrow : {"int64", "int16", "double", "decimal", "decimal20"}) {
    SKIP_WITHOUT_ARROW(WriteColumns(table, kinds(arrow), "a.parquet"));
    ExpectTheBytesOfText(kMarked, "a.parquet");
  }
}

constexpr char kExact[] = R"(delimiter: "\t" row_id: "id" block_rows: 64
    slot { column: "user" context: true } slot { column: "item" })";

TEST_F(TypedNumbersTest, DecimalsWithoutFractionsAreIntegersToTheirLastDigit) {
  const CellTable table = {
      {"click", "sale", "id", "user", "item"},
      {"1", "1", "18446744073709551615", "9007199254740992", "12345678901234567890"},
      {"0", "0", "18446744073709551614", "9007199254740993", "-9223372036854775808"},
      {"0", "0", "9007199254740993", "9007199254740993", "12345678901234567891"}};
  const auto kinds = [](const std::string& arrow) {
    return std::vector<TestedColumn>{{"click", "int8", 'i'},
                                     {"sale", "int8", 'i'},
                                     {"id", arrow, 'i'},
                                     {"user", arrow, 'i'},
                                     {"item", arrow, 'i'}};
  };
  for (const std::string arrow : {"decimal20", "decimal30"}) {
    SKIP_WITHOUT_ARROW(WriteColumns(table, kinds(arrow), "a.parquet"));
    ExpectTheBytesOfText(kExact, "a.parquet");
  }
  CellTable wide = table;
  wide[2][4] = "18446744073709551616";
  ASSERT_EQ(WriteColumns(wide, kinds("decimal20"), "a.parquet"), "");
  EXPECT_EQ(ErrorOf(kExact, {"a.parquet"}),
            "a.parquet, row 1: column 'item': found '1.8446744073709552e+19', expected an id: an "
            "integer, or a float with an integral value (fractions are numeric) of 64 bits");
}

TEST_F(TypedNumbersTest, FloatsThatStandForSeveralIntegersAreNoIds) {
  const CellTable table = {{"click", "sale", "id", "user", "item"},
                           {"1", "1", "1", "9007199254740991", "3"},
                           {"0", "0", "2", "9007199254740992", "3"}};
  std::vector<TestedColumn> kinds = {{"click", "int8", 'i'},
                                     {"sale", "int8", 'i'},
                                     {"id", "int64", 'i'},
                                     {"user", "double", 'i'},
                                     {"item", "int64", 'i'}};
  SKIP_WITHOUT_ARROW(WriteColumns(table, kinds, "a.parquet"));
  const std::string expected =
      "expected an id that its number tells apart: give integers, or texts";
  EXPECT_EQ(ErrorOf(kExact, {"a.parquet"}),
            "a.parquet, row 1: column 'user': found '9007199254740992.0', " + expected);
  CellTable ids = {{"click", "sale", "id", "user", "item"},
                   {"1", "1", "1e16", "1", "3"},
                   {"0", "0", "2", "1", "3"}};
  kinds[2].arrow = "double";
  ASSERT_EQ(WriteColumns(ids, kinds, "a.parquet"), "");
  EXPECT_NE(ErrorOf(kExact, {"a.parquet"}).find("row 0: column 'id': found '1e+16', " + expected),
            std::string::npos);
  const std::string as_text = std::string(kExact) + " row_id_text: true";
  ids[1][2] = "12345678901";  // more digits than messages have
  ASSERT_EQ(WriteColumns(ids, kinds, "a.parquet"), "");
  ExpectTheBytesOfText(as_text, "a.parquet");
}

}  // namespace
}  // namespace chorus::worker
