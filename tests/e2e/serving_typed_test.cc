// A model that is trained on typed rows, whose lists have their values in a column of their own,
// scores rows that programs hold as `chorus predict` does.

#include "tests/e2e/serving_testing.h"
#include "tests/worker/import/tfrecord_testing.h"

namespace chorus::e2e {
namespace {

namespace tfrecord = worker::tfrecord;
using launch::InputColumn;

constexpr char kTypedSchema[] = R"(
    click: 'click' conversion: 'sale' missing_marker: '-1' block_rows: 37
    slot { column: 'user' context: true } slot { column: 'item' key_space: 'item' }
    slot { column: 'seen' value_column: 'weights' key_space: 'item' max_ids: 3 }
    numeric { column: 'price' missing: 2 })";

class TypedServingTest : public ServingTest {
 protected:
  void SetUp() override {
    ImportRecords("train", 0, kTrained, "");
    ImportRecords("test", kTrained - 150, kRows, "train");
  }

  static int64_t Item(int i) { return i % 9 == 0 ? -1 : 9007199254740990 + i % 13; }
  static double Price(int i) { return i % 7 == 0 ? -1 : i * 5 % 11; }

  void ImportRecords(const std::string& output, int first, int end, const std::string& like) {
    std::string records;
    for (int i = first; i < end; ++i) {
      std::vector<int64_t> seen;
      std::vector<float> weights;
      for (int k = 0; k < i % 5; ++k) {
        seen.push_back(Item(i + k));
        weights.push_back(static_cast<float>(k) + 0.5f);
      }
      records += tfrecord::Record(
          tfrecord::Example({{"click", tfrecord::Integers({i % 3 == 0 ? 1 : 0})},
                             {"sale", tfrecord::Integers({i % 6 == 0 ? 1 : 0})},
                             {"user", tfrecord::Integers({i / 4 % 17})},
                             {"item", tfrecord::Integers({Item(i)})},
                             {"seen", tfrecord::Integers(seen)},
                             {"weights", tfrecord::Floats(weights)},
                             {"price", tfrecord::Floats({static_cast<float>(Price(i))})}}));
    }
    ImportRows(*files_, CompleteSchema(kTypedSchema), records, output, like);
  }
};

TEST_F(TypedServingTest, ListsWithTheirValuesScoreAsPredictDoes) {
  const std::string job = "objective { esmm {} }";
  TrainAndExport(job);
  const ServedScores expected = ScoresOfPredict(job);
  const auto scorer = Load();
  ASSERT_NE(scorer, nullptr);
  std::vector<int64_t> users, items, seen, lists = {0};
  std::vector<float> factors;
  std::vector<double> prices;
  for (int i = kTrained - 150; i < kRows; ++i) {
    users.push_back(i / 4 % 17);
    items.push_back(Item(i));
    prices.push_back(Price(i));
    for (int k = 0; k < i % 5; ++k) {
      seen.push_back(Item(i + k));
      factors.push_back(static_cast<float>(k) + 0.5f);
    }
    lists.push_back(static_cast<int64_t>(seen.size()));
  }
  launch::InputColumns rows;
  rows.rows = static_cast<int64_t>(users.size());
  const auto add = [&](const char* name, InputColumn::Type type, const void* values) {
    InputColumn& column = rows.columns.emplace_back();
    column.name = name;
    column.type = type;
    column.elements = rows.rows;
    column.values = values;
  };
  add("user", InputColumn::Type::kInt64, users.data());
  add("item", InputColumn::Type::kInt64, items.data());
  add("price", InputColumn::Type::kFloat64, prices.data());
  add("seen", InputColumn::Type::kInt64, seen.data());
  rows.columns.back().elements = static_cast<int64_t>(seen.size());
  rows.columns.back().lists = lists.data();
  rows.columns.back().factors = factors.data();
  ExpectEqual(ScoresOf(*scorer, rows), expected, 1e-6);
  const std::set<double> different(expected.pctcvr.begin(), expected.pctcvr.end());
  EXPECT_GT(different.size(), 50u) << "a model that says the same of all rows";
}

}  // namespace
}  // namespace chorus::e2e
