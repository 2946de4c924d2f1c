// Records of TFRecord in which a feature has no values, or not those that others have: what is not
// there is never read from the records around it.
#include "tests/worker/import/typed_import_testing.h"

namespace chorus::worker {
namespace {

using tfrecord::Example;
using tfrecord::Floats;
using tfrecord::Integers;
using tfrecord::Record;

using MissingFeaturesTest = TypedImportTest;

TEST_F(MissingFeaturesTest, AFeatureWithoutValuesShowsNoneOfOtherRecords) {
  const std::string rules = R"(row_id: "id" group: "g" time: "t" weight: "w"
                               slot { column: "item" } numeric { column: "n" transform: NONE })";
  const auto record = [](const std::string& without) {
    tfrecord::NamedFeatures features = {{"click", Integers({1})}, {"sale", Integers({1})},
                                        {"id", Integers({11})},   {"w", Floats({0.5f})},
                                        {"g", Integers({12})},    {"t", Integers({13})},
                                        {"item", Integers({14})}, {"n", Floats({15})}};
    for (auto& [name, feature] : features) {
      if (name == without) feature = "";
    }
    return Record(Example(features));
  };
  for (const std::string name : {"click", "sale", "id", "w"}) {
    const std::string found = StrCat("a, record 1: column '", name, "': found '[]', expected ");
    for (const std::string& behind : {record(""), std::string()}) {
      Write("a", record("") + record(name) + behind);
      const std::string error = ErrorOf(rules, {"a"});
      EXPECT_EQ(error.substr(0, found.size()), found) << error;
    }
  }
  for (const std::string name : {"g", "t", "item", "n"}) {
    for (const std::string& behind : {record(""), std::string()}) {
      Write("a", record("") + record(name) + behind);
      std::filesystem::remove_all(Path("log"));
      const auto summary = Import(rules, {"a"}, "log");
      ASSERT_OK(summary.status());
      ASSERT_EQ(summary->notes.size(), 1u) << name;
      EXPECT_EQ(summary->notes[0].note, CellNote::kMissing);
      EXPECT_EQ(summary->notes[0].example, "'[]'") << name;
    }
  }
}

TEST_F(MissingFeaturesTest, TextsInPlaceOfValuesAreBadRowsAlsoWhereTheFirstRecordsLackTheFeature) {
  std::string records;
  for (int i = 0; i < 10000; ++i)
    records += Record(
        Example({{"click", Integers({0})}, {"sale", Integers({0})}, {"item", Integers({})}}));
  Write("a", records + Record(Example({{"click", Integers({0})},
                                       {"sale", Integers({0})},
                                       {"item", Integers({1, 2})},
                                       {"weights", tfrecord::Bytes({"0.5", "2"})}})));
  EXPECT_EQ(ErrorOf(R"(slot { column: "item" value_column: "weights" })", {"a"}),
            "a, record 10000: column 'weights': found '0.5', expected a number for each id");
}

}  // namespace
}  // namespace chorus::worker
