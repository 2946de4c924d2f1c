#include "worker/model/embeddings.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "common/strings.h"
#include "worker/model/tower_shape.h"
#include "worker/objective/objective.h"

namespace chorus::worker {
namespace {

// The towers that share their group's tables with others.
std::vector<std::string> TowersThatShare(const MethodShape& shape) {
  std::vector<std::string> out;
  for (uint32_t group = 0; group < shape.groups.size(); ++group) {
    const std::vector<std::string> towers = TowerNamesOf(shape, group);
    if (towers.size() > 1) out.insert(out.end(), towers.begin(), towers.end());
  }
  return out;
}

void AddOwnTable(const std::string& name, const std::string& like, TrainConfig* config) {
  const TableConfig* from = nullptr;
  for (const TableConfig& table : config->table()) {
    if (table.name() == name) return;  // with settings that the user wrote
    if (table.name() == like) from = &table;
  }
  if (from == nullptr) return;
  TableConfig own = *from;
  own.set_name(name);
  *config->add_table() = std::move(own);
}

}  // namespace

void ExpandEmbeddings(const MethodShape& shape, TrainConfig* config) {
  const std::vector<std::string> towers = TowersThatShare(shape);
  google::protobuf::RepeatedPtrField<SlotConfig> slots;
  slots.Swap(config->mutable_slot());
  for (SlotConfig& slot : slots) {
    const SlotConfig::Embedding embedding = slot.embedding();
    slot.set_embedding(SlotConfig::SHARED);
    const bool own = embedding == SlotConfig::OWN || embedding == SlotConfig::SHARED_AND_OWN;
    if (embedding != SlotConfig::OWN || towers.empty()) *config->add_slot() = slot;
    if (!own) continue;
    for (const std::string& tower : towers) {
      SlotConfig* const added = config->add_slot();
      *added = slot;
      added->set_name(StrCat(slot.name(), "-", tower));
      added->set_table(StrCat(slot.table(), "-", tower));
      added->set_column(slot.has_column() ? slot.column() : slot.name());
      added->add_tower(tower);
      AddOwnTable(added->table(), slot.table(), config);
    }
  }
}

Status ExpandEmbeddings(TrainConfig* config) {
  const auto is_short = [](const SlotConfig& slot) {
    return slot.embedding() > SlotConfig::SHARED;
  };
  if (std::none_of(config->slot().begin(), config->slot().end(), is_short)) return Status::Ok();
  ASSIGN_OR_RETURN(const auto objective, MakeObjective(config->objective(), config->seed()));
  ExpandEmbeddings(objective->shape(), config);
  return Status::Ok();
}

}  // namespace chorus::worker
