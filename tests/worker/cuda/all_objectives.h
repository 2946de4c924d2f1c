#pragma once
// Every method, and the options that choose other row functions, as configurations of one line.
// Thread safety: pure functions.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "common/config.h"
#include "worker/objective/objective.h"

namespace chorus::worker::testing {

inline std::vector<std::string> AllObjectives() {
  std::vector<std::string> all = {"nise.nise_target=TOWER", "dcmt.snips=true",
                                  "ddpo.ddpo_literal=true", "unbias.sample=true"};
  const auto* methods = ObjectiveConfig::descriptor()->FindOneofByName("method");
  for (int i = 0; i < methods->field_count(); ++i) all.push_back(methods->field(i)->name() + "={}");
  return all;
}

inline std::unique_ptr<Objective> ObjectiveOf(const std::string& text) {
  ObjectiveConfig config;
  const Status status = LoadConfig("", {text}, &config);
  EXPECT_TRUE(status.ok()) << status.ToString();
  return std::move(MakeObjective(config, 5)).value();
}

}  // namespace chorus::worker::testing
