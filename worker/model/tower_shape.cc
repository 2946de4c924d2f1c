#include "worker/model/tower_shape.h"

#include <algorithm>

#include "common/check.h"
#include "worker/model/trainable.h"

namespace chorus::worker {
namespace {

template <typename Towers>
auto Find(Towers* towers, const std::string& name) {
  return std::find_if(towers->begin(), towers->end(),
                      [&](const TowerShape& tower) { return tower.name == name; });
}

Result<TowerShape> TowerShapeOf(const ModelConfig& config, const std::string& name) {
  if (config.tower_size() == 0) return TowerShape{name, {360, 200, 80}, 0, {}, {}, {}, true};
  const TowerConfig* found = nullptr;
  for (const TowerConfig& tower : config.tower()) {
    if (tower.head() == name || (tower.head().empty() && found == nullptr)) found = &tower;
  }
  if (found == nullptr) {
    return InvalidArgument(StrCat("model.tower: head \"", name,
                                  "\" has no tower; one without a head serves all others"));
  }
  return TowerShape{name,
                    Widths(found->hidden().begin(), found->hidden().end()),
                    found->dropout(),
                    {},
                    found->input(),
                    found->wide(),
                    IsTrainable(*found)};
}

Status CheckHeadDropout(const TowerShape& tower, const std::vector<Head>& heads,
                        const ModelConfig& config) {
  const bool bottom =
      config.shared_bottom().hidden_size() > 0 && config.encoder_size() == 0 && tower.input.empty();
  if (!tower.hidden.empty() || bottom) return Status::Ok();
  for (const uint32_t h : tower.heads) {
    if (heads[h].dropout == 0) continue;
    return InvalidArgument(StrCat("model.tower: head \"", heads[h].name,
                                  "\" drops units of its tower's last hidden layer, and tower \"",
                                  tower.name, "\" has none"));
  }
  return Status::Ok();
}

}  // namespace

std::string TowerOf(const Head& head) { return head.tower.empty() ? head.name : head.tower; }

std::vector<std::string> TowerNamesOf(const MethodShape& shape, uint32_t group) {
  std::vector<std::string> names;
  for (const Head& head : shape.heads) {
    const bool known = std::find(names.begin(), names.end(), TowerOf(head)) != names.end();
    if (head.group == group && !known) names.push_back(TowerOf(head));
  }
  return names;
}

Status CheckTowerNames(const ModelConfig& config, const std::vector<Head>& heads) {
  std::vector<std::string> known, seen;
  for (const Head& head : heads) {
    if (std::find(known.begin(), known.end(), TowerOf(head)) == known.end()) {
      known.push_back(TowerOf(head));
    }
  }
  for (const TowerConfig& tower : config.tower()) {
    const std::string& name = tower.head();
    if (std::find(seen.begin(), seen.end(), name) != seen.end()) {
      return InvalidArgument(name.empty()
                                 ? "model.tower: two towers without a head"
                                 : StrCat("model.tower: two towers of head \"", name, "\""));
    }
    seen.push_back(name);
    if (!name.empty() && std::find(known.begin(), known.end(), name) == known.end()) {
      return InvalidArgument(StrCat("model.tower: the objective has no tower \"", name,
                                    "\"; it has [", Join(known, ", "), "]"));
    }
  }
  return Status::Ok();
}

Result<std::vector<TowerShape>> TowersOf(const ModelConfig& config, const MethodShape& shape,
                                         uint32_t group) {
  std::vector<TowerShape> towers;
  for (uint32_t h = 0; h < shape.heads.size(); ++h) {
    const Head& head = shape.heads[h];
    CHECK(head.group < shape.groups.size(), "head ", head.name);
    auto tower = Find(&towers, TowerOf(head));
    if (head.group != group) {
      CHECK(tower == towers.end(), "tower ", TowerOf(head), " in two groups");
      continue;
    }
    if (tower == towers.end()) {
      ASSIGN_OR_RETURN(TowerShape added, TowerShapeOf(config, TowerOf(head)));
      tower = towers.insert(towers.end(), std::move(added));
    }
    tower->heads.push_back(h);
  }
  for (const TowerShape& tower : towers) {
    RETURN_IF_ERROR(CheckHeadDropout(tower, shape.heads, config));
  }
  return towers;
}

}  // namespace chorus::worker
