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

struct TowerKinds {
  std::vector<std::string> sharing;  // their group's tables with others
  std::vector<std::string> alone;    // in their group, whose tables are their own
};

TowerKinds KindsOf(const MethodShape& shape) {
  TowerKinds out;
  for (uint32_t group = 0; group < shape.groups.size(); ++group) {
    const std::vector<std::string> towers = TowerNamesOf(shape, group);
    std::vector<std::string>& kind = towers.size() > 1 ? out.sharing : out.alone;
    kind.insert(kind.end(), towers.begin(), towers.end());
  }
  return out;
}

// The slot itself beside those of single towers: with OWN only towers that get none of these keep
// it.
void AddShared(const SlotConfig& slot, bool only_own, const TowerKinds& towers,
               TrainConfig* config) {
  const bool for_some = only_own && !towers.sharing.empty();
  if (for_some && towers.alone.empty()) return;
  SlotConfig* const added = config->add_slot();
  *added = slot;
  if (!for_some) return;
  for (const std::string& tower : towers.alone) added->add_tower(tower);
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
  const TowerKinds towers = KindsOf(shape);
  google::protobuf::RepeatedPtrField<SlotConfig> slots;
  slots.Swap(config->mutable_slot());
  for (SlotConfig& slot : slots) {
    const SlotConfig::Embedding embedding = slot.embedding();
    slot.set_embedding(SlotConfig::SHARED);
    const bool own = embedding == SlotConfig::OWN || embedding == SlotConfig::SHARED_AND_OWN;
    AddShared(slot, embedding == SlotConfig::OWN, towers, config);
    if (!own) continue;
    for (const std::string& tower : towers.sharing) {
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
