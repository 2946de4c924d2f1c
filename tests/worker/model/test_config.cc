#include "tests/worker/model/test_config.h"

#include <google/protobuf/text_format.h>

#include "common/check.h"

namespace chorus::worker {

LogSchema TestSchema() {
  LogSchema schema;
  schema.slots = {{"user", "user", true, false, false},
                  {"item", "item", false, false, false},
                  {"history", "item", true, true, true},
                  {"tags", "tags", false, true, false}};
  schema.numerics = {{"age", true}, {"price", false}};
  return schema;
}

TrainConfig TestConfig(const std::string& more, uint32_t grain_rows) {
  TrainConfig config;
  std::string text = R"(table { name: "default" dim: 3 } table { name: "small" dim: 2 })" + more;
  if (more.find("slot {") == std::string::npos) {
    text += R"(slot { name: "history" table: "small" pooling: WEIGHTED_MEAN }
               slot { name: "tags" table: "small" pooling: MEAN })";
  }
  CHECK(google::protobuf::TextFormat::ParseFromString(text, &config));
  if (config.model().tower_size() == 0) {
    TowerConfig* tower = config.mutable_model()->add_tower();
    tower->add_hidden(5);
    tower->add_hidden(4);
  }
  if (!config.model().has_optimizer()) config.mutable_model()->mutable_optimizer()->mutable_adam();
  config.mutable_step()->set_grain_rows(grain_rows);
  return config;
}

}  // namespace chorus::worker
