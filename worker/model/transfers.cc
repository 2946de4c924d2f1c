#include "worker/model/transfers.h"

#include <algorithm>
#include <utility>

#include "common/check.h"
#include "common/strings.h"

namespace chorus::worker {
namespace {

size_t IndexOf(const std::vector<TowerShape>& towers, const std::string& name) {
  const auto tower = std::find_if(towers.begin(), towers.end(),
                                  [&](const TowerShape& shape) { return shape.name == name; });
  return static_cast<size_t>(tower - towers.begin());
}

// field: in messages, for its number of hidden layers.
Status CheckLayer(const TowerShape& tower, uint32_t layer, const std::string& field) {
  if (tower.hidden.size() >= layer) return Status::Ok();
  return InvalidArgument(StrCat(field, ": hidden layer ", layer, " of tower \"", tower.name,
                                "\" takes part in the transfer, but model.tower gives it ",
                                tower.hidden.size()));
}

Result<TowerTransfer> MakeTransfer(const std::vector<std::string>& from, const std::string& to,
                                   uint32_t layer, const std::string& field,
                                   const std::vector<TowerShape>& towers) {
  TowerTransfer out;
  out.to = IndexOf(towers, to);
  out.layer = layer - 1;
  for (const std::string& name : from) out.from.push_back(IndexOf(towers, name));
  std::vector<size_t> all = {out.to};
  all.insert(all.end(), out.from.begin(), out.from.end());
  for (const size_t tower : all) {
    CHECK(tower < towers.size() && layer >= 1, field);
    RETURN_IF_ERROR(CheckLayer(towers[tower], layer, field));
  }
  return out;
}

std::string NameOfHead(const MethodShape& shape, uint32_t head) {
  return TowerOf(shape.heads[head]);
}

// Each after those whose receivers give to it at its layer. Those of earlier layers come first.
Status Sort(const std::vector<TowerShape>& towers, std::vector<TowerTransfer>* transfers) {
  std::stable_sort(transfers->begin(), transfers->end(),
                   [](const auto& a, const auto& b) { return a.layer < b.layer; });
  std::vector<TowerTransfer> sorted;
  std::vector<TowerTransfer> open = std::move(*transfers);
  while (!open.empty()) {
    const auto waits = [&](const TowerTransfer& transfer) {
      return std::any_of(open.begin(), open.end(), [&](const TowerTransfer& other) {
        const auto& from = transfer.from;
        return other.layer == transfer.layer &&
               std::find(from.begin(), from.end(), other.to) != from.end();
      });
    };
    const size_t layer = open[0].layer;
    const auto next = std::find_if(open.begin(), open.end(), [&](const TowerTransfer& transfer) {
      return transfer.layer == layer && !waits(transfer);
    });
    if (next == open.end()) {
      return InvalidArgument(StrCat("model.transfer: tower \"", towers[open[0].to].name,
                                    "\" waits for itself in a circle of transfers at layer ",
                                    layer + 1, ": leave one of them out, or move it to another"));
    }
    sorted.push_back(std::move(*next));
    open.erase(next);
  }
  *transfers = std::move(sorted);
  return Status::Ok();
}

}  // namespace

Result<std::vector<TowerTransfer>> TransfersOf(const ModelConfig& config, const MethodShape& shape,
                                               uint32_t group,
                                               const std::vector<TowerShape>& towers) {
  std::vector<TowerTransfer> transfers;
  for (const Transfer& transfer : shape.transfers) {
    if (shape.heads[transfer.to].group != group) continue;
    std::vector<std::string> from;
    for (const uint32_t head : transfer.from) from.push_back(NameOfHead(shape, head));
    ASSIGN_OR_RETURN(TowerTransfer made,
                     MakeTransfer(from, NameOfHead(shape, transfer.to), transfer.layer,
                                  "objective.ddpo.ctm_layer", towers));
    transfers.push_back(std::move(made));
  }
  for (const TransferConfig& transfer : config.transfer()) {
    if (IndexOf(towers, transfer.to()) == towers.size()) continue;  // of another group
    const std::string field = StrCat("model.transfer to \"", transfer.to(), "\"");
    const std::vector<std::string> from(transfer.from().begin(), transfer.from().end());
    const uint32_t layer = transfer.has_layer() ? transfer.layer() : 1;
    ASSIGN_OR_RETURN(TowerTransfer made,
                     MakeTransfer(from, transfer.to(), layer, field + ".layer", towers));
    for (const TowerTransfer& other : transfers) {
      if (other.to != made.to) continue;
      return InvalidArgument(field +
                             ": the tower receives already, from the method itself or from "
                             "another transfer; name all givers in one `from`");
    }
    transfers.push_back(std::move(made));
  }
  RETURN_IF_ERROR(Sort(towers, &transfers));
  return transfers;
}

Status CheckTransferNames(const ModelConfig& config, const MethodShape& shape) {
  std::vector<std::vector<std::string>> groups;
  std::vector<std::string> known;
  for (uint32_t group = 0; group < shape.groups.size(); ++group) {
    groups.push_back(TowerNamesOf(shape, group));
    known.insert(known.end(), groups.back().begin(), groups.back().end());
  }
  const auto has = [](const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  for (const TransferConfig& transfer : config.transfer()) {
    const std::string field = StrCat("model.transfer to \"", transfer.to(), "\"");
    std::vector<std::string> named(transfer.from().begin(), transfer.from().end());
    if (named.empty()) return InvalidArgument(field + ": `from` names no tower that gives");
    for (auto name = named.begin(); name != named.end(); ++name) {
      if (*name == transfer.to()) {
        return InvalidArgument(field + ": a tower does not give to itself");
      }
      if (std::find(named.begin(), name, *name) == name) continue;
      return InvalidArgument(StrCat(field, ": tower \"", *name, "\" gives twice"));
    }
    named.push_back(transfer.to());
    for (const std::string& name : named) {
      if (has(known, name)) continue;
      return InvalidArgument(StrCat(field, ": the objective has no tower \"", name, "\"; it has [",
                                    Join(known, ", "), "]"));
    }
    const bool together = std::any_of(groups.begin(), groups.end(), [&](const auto& group) {
      return std::all_of(named.begin(), named.end(),
                         [&](const std::string& name) { return has(group, name); });
    });
    if (together) continue;
    return InvalidArgument(StrCat(field, ": towers [", Join(named, ", "), "] are of two groups, ",
                                  "which share nothing in this method; transfers are inside one"));
  }
  return Status::Ok();
}

}  // namespace chorus::worker
