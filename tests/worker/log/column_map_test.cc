#include "worker/log/column_map.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>

#include "common/config.pb.h"
#include "common/file.h"
#include "tests/worker/log/log_testing.h"
#include "worker/log/log_reader.h"

namespace chorus::worker::testing {
namespace {

LogSchema TrainedOn() {
  LogSchema schema;
  schema.slots = {{"item", "ids", false, false, false}, {"user", "users", true, true, true}};
  schema.numerics = {{"price", false, true, 2.0, 0.5}};
  return schema;
}

TEST(ColumnMapTest, TheSameColumnsInTheSameOrderStayWhereTheyAre) {
  LogSchema log = TrainedOn();
  log.has_weight = log.has_group = log.has_time = true;
  const auto map = ColumnMap::Make(TrainedOn(), log);
  ASSERT_TRUE(map.ok());
  EXPECT_TRUE(map->is_identity());
}

TEST(ColumnMapTest, ColumnsThatTheModelLacksAreIgnoredAndNamed) {
  LogSchema log = TrainedOn();
  log.slots.insert(log.slots.begin(), {"more", "ids", false, false, false});
  log.numerics.push_back({"age", true});
  const auto map = ColumnMap::Make(TrainedOn(), log);
  ASSERT_TRUE(map.ok()) << map.status().ToString();
  EXPECT_EQ(map->ignored(), (std::vector<std::string>{"more", "age"}));
}

TEST(ColumnMapTest, WhatTheModelCannotReadIsRefusedWithBothSides) {
  const struct {
    std::function<void(LogSchema*)> change;
    std::vector<std::string> problems;
  } cases[] = {
      {[](LogSchema* s) { s->slots[0].name = "thing"; }, {"\"item\" is missing"}},
      {[](LogSchema* s) { s->slots[0].key_space = "things"; },
       {"\"item\"", "key space \"things\"", "key space \"ids\""}},
      {[](LogSchema* s) { s->slots[1].context = false; },
       {"\"user\"", "exposure side", "context side"}},
      {[](LogSchema* s) { s->slots[1].has_values = false; },
       {"\"user\"", "without values", "with values"}},
      {[](LogSchema* s) { s->slots[1].multi_valued = false; }, {"one-hot", "multi-valued"}},
      {[](LogSchema* s) { s->numerics[0].mean = 3; }, {"\"price\"", "mean 3", "mean 2", "--like"}},
      {[](LogSchema* s) {
         s->slots.push_back({"price", "price", false, false, false});
         s->numerics.clear();
       },
       {"\"price\" is a one-hot slot", "wanted is a numeric column"}},
      {[](LogSchema* s) { s->numerics.clear(); }, {"\"price\" is missing"}},
  };
  for (const auto& [change, problems] : cases) {
    LogSchema log = TrainedOn();
    change(&log);
    const Status status = ColumnMap::Make(TrainedOn(), log).status();
    EXPECT_EQ(status.code(), Code::kFailedPrecondition);
    for (const std::string& problem : problems) {
      EXPECT_NE(status.message().find(problem), std::string::npos)
          << problem << " in: " << status.message();
    }
  }
}

LogSchema Reversed(LogSchema schema) {
  std::reverse(schema.slots.begin(), schema.slots.end());
  std::reverse(schema.numerics.begin(), schema.numerics.end());
  return schema;
}

Batch Reversed(Batch batch) {
  for (FeatureColumns* side : {&batch.contexts, &batch.exposures}) {
    std::reverse(side->slots.begin(), side->slots.end());
    std::reverse(side->numerics.begin(), side->numerics.end());
  }
  return batch;
}

TEST(ColumnMapTest, ABatchOfOtherOrderBecomesTheSame) {
  const Batch batch = MakeBatch(FullSchema(), 50, 4, 0);
  Batch again = Reversed(batch);
  EXPECT_FALSE(SameBatch(again, batch));
  const auto map = ColumnMap::Make(FullSchema(), Reversed(FullSchema()));
  ASSERT_TRUE(map.ok()) << map.status().ToString();
  map->Apply(&again);
  EXPECT_TRUE(SameBatch(again, batch));
}

TEST(ColumnMapTest, FilesOfOneLogMayHaveTheirColumnsInAnyOrder) {
  const auto files = NewMemoryFiles();
  const std::vector<Batch> blocks = {MakeBatch(FullSchema(), 30, 4, 0),
                                     MakeBatch(FullSchema(), 9, 2, 30)};
  LogSchema second = Reversed(FullSchema());
  second.slots.push_back({"more", "more", false, false, false});
  Batch with_more = Reversed(blocks[1]);
  with_more.exposures.slots.push_back(with_more.exposures.slots.front());
  with_more.exposures.slots.back().values.clear();
  WriteLog(*files, "d/a.log", FullSchema(), {blocks[0]});
  WriteLog(*files, "d/b.log", second, {with_more});
  const auto log = LogReader::Open(*files, {"d"});
  ASSERT_TRUE(log.ok()) << log.status().ToString();
  EXPECT_EQ((*log)->ignored_columns(), std::vector<std::string>{"more"});
  for (uint32_t i = 0; i < 2; ++i) {
    Batch again;
    ASSERT_TRUE((*log)->ReadBlock(i, &again).ok());
    EXPECT_TRUE(SameBatch(again, blocks[i])) << i;
  }
  const LogSchema model = Reversed(FullSchema());
  const auto as_model = LogReader::Open(*files, {"d/a.log"}, &model);
  ASSERT_TRUE(as_model.ok()) << as_model.status().ToString();
  Batch again;
  ASSERT_TRUE((*as_model)->ReadBlock(0, &again).ok());
  EXPECT_TRUE(SameBatch(again, Reversed(blocks[0])));
}

TEST(ColumnMapTest, FilesWhoseTextsWereReadByOtherRulesAreNoOneLog) {
  const auto files = NewMemoryFiles();
  const auto write = [&](const std::string& path, ImportSchema::DecimalIds decimal_ids,
                         const std::string& delimiter) {
    ImportSchema text;
    text.set_decimal_ids(decimal_ids);
    text.set_delimiter(delimiter);
    text.add_missing_marker("NA");
    LogSchema schema = FullSchema();
    schema.text = text.SerializeAsString();
    WriteLog(*files, path, schema, {MakeBatch(FullSchema(), 10, 4, 0)});
  };
  write("a.log", ImportSchema::AS_INTEGER, ",");
  write("b.log", ImportSchema::AS_TEXT, ",");
  write("c.log", ImportSchema::AS_INTEGER, "\t");
  WriteLog(*files, "unknown.log", FullSchema(), {MakeBatch(FullSchema(), 10, 4, 0)});
  const Status refused = LogReader::Open(*files, {"a.log", "b.log"}).status();
  EXPECT_EQ(refused.code(), Code::kFailedPrecondition);
  EXPECT_NE(refused.message().find("b.log"), std::string::npos) << refused.message();
  EXPECT_NE(refused.message().find("decimal_ids: AS_TEXT | AS_INTEGER"), std::string::npos);
  EXPECT_NE(refused.message().find("than that of a.log"), std::string::npos);
  EXPECT_TRUE(LogReader::Open(*files, {"a.log", "c.log", "unknown.log"}).ok());
}

}  // namespace
}  // namespace chorus::worker::testing
