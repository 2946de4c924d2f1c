#include "worker/log/same_slots.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>

namespace chorus::worker {
namespace {

LogSchema TrainedOn() {
  LogSchema schema;
  schema.slots = {{"item", "ids", false, false, false}, {"user", "users", true, true, true}};
  schema.numerics = {{"price", false, true, 2.0, 0.5}};
  return schema;
}

TEST(SameSlotsTest, OrderAndRowColumnsDoNotMatter) {
  LogSchema log = TrainedOn();
  std::swap(log.slots[0], log.slots[1]);
  log.has_weight = log.has_group = log.has_time = true;
  EXPECT_TRUE(CheckSameSlots(TrainedOn(), log).ok());
}

TEST(SameSlotsTest, WhatTheModelCannotReadIsRefused) {
  const struct {
    std::function<void(LogSchema*)> change;
    std::string problem;
  } cases[] = {
      {[](LogSchema* s) { s->slots[0].name = "thing"; }, "no slot \"item\""},
      {[](LogSchema* s) { s->slots[0].key_space = "things"; }, "of key space \"ids\""},
      {[](LogSchema* s) { s->slots[1].context = false; }, "on the context side"},
      {[](LogSchema* s) { s->slots.pop_back(); }, "no slot \"user\""},
      {[](LogSchema* s) {
         s->slots.push_back({"more", "ids", false, false, false});
       },
       "columns"},
      {[](LogSchema* s) { s->numerics[0].mean = 3; }, "normalised alike"},
      {[](LogSchema* s) { s->numerics.clear(); }, "columns differ"},
  };
  for (const auto& [change, problem] : cases) {
    LogSchema log = TrainedOn();
    change(&log);
    const Status status = CheckSameSlots(TrainedOn(), log);
    EXPECT_EQ(status.code(), Code::kFailedPrecondition) << problem;
    EXPECT_NE(status.message().find(problem), std::string::npos) << status.message();
  }
}

}  // namespace
}  // namespace chorus::worker
