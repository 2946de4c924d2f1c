#include "worker/model/trainable.h"

#include "common/strings.h"

namespace chorus::worker {

std::vector<std::string> FrozenParts(const TrainConfig& config) {
  std::vector<std::string> parts;
  const auto add = [&](const auto& part, const std::string& name) {
    if (!IsTrainable(part)) parts.push_back(name);
  };
  for (const TableConfig& table : config.table()) add(table, "table " + table.name());
  if (config.model().shared_bottom().hidden_size() > 0) {
    add(config.model().shared_bottom(), "model.shared_bottom");
  }
  for (const EncoderConfig& encoder : config.model().encoder()) {
    add(encoder, "model.encoder " + encoder.name());
  }
  for (const TowerConfig& tower : config.model().tower()) {
    add(tower, tower.head().empty() ? "model.tower" : "model.tower " + tower.head());
  }
  return parts;
}

std::string DoubtOfFrozen(const TrainConfig& config) {
  const std::vector<std::string> frozen = FrozenParts(config);
  if (frozen.empty()) return "";
  return StrCat("frozen parts keep their random initial values (", Join(frozen, ", "),
                "): name the model that they come from in warm_start.checkpoint, or leave ",
                "`trainable: false` out");
}

}  // namespace chorus::worker
