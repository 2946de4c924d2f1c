#include "worker/train/warm_start.h"

#include <algorithm>
#include <string>
#include <vector>

#include "common/log.h"
#include "common/strings.h"
#include "worker/log/cell_rules.h"
#include "worker/log/manifest_schema.h"
#include "worker/model/trainable.h"
#include "worker/train/checkpoint_store.h"

namespace chorus::worker {
namespace {

template <typename Optimizer>
std::string KindOf(const Optimizer& optimizer) {
  const auto* const field = optimizer.GetReflection()->GetOneofFieldDescriptor(
      optimizer, optimizer.GetDescriptor()->FindOneofByName("kind"));
  return field == nullptr ? "none" : std::string(field->name());
}

// Whether the state that the checkpoint's optimizers left means the same to ours.
Status CheckOptimizers(const TrainConfig& there, const TrainConfig& here) {
  std::vector<std::string> differing;
  const auto compare = [&](const std::string& field, const auto& old_one, const auto& new_one) {
    if (KindOf(old_one) == KindOf(new_one)) return;
    differing.push_back(StrCat(field, ": ", KindOf(old_one), " | ", KindOf(new_one)));
  };
  compare("model.optimizer", there.model().optimizer(), here.model().optimizer());
  for (const TableConfig& table : here.table()) {
    const auto old = std::find_if(there.table().begin(), there.table().end(),
                                  [&](const auto& t) { return t.name() == table.name(); });
    if (old == there.table().end()) continue;
    compare(StrCat("table ", table.name(), ": optimizer"), old->optimizer(), table.optimizer());
  }
  if (differing.empty()) return Status::Ok();
  return FailedPrecondition(
      StrCat("has the state of other optimizers (there | here): ", Join(differing, "; "),
             "; set warm_start.reset_optimizer to keep its weights alone"));
}

// A number that was scaled otherwise would be read as another number.
Status CheckNumerics(const LogSchema& there, const LogSchema& here) {
  for (const NumericInfo& numeric : here.numerics) {
    const auto old = std::find_if(there.numerics.begin(), there.numerics.end(),
                                  [&](const NumericInfo& n) { return n.name == numeric.name; });
    const bool same =
        old == there.numerics.end() || (old->log_transform == numeric.log_transform &&
                                        old->mean == numeric.mean && old->stddev == numeric.stddev);
    if (same) continue;
    return FailedPrecondition(StrCat("the numeric column ", numeric.name,
                                     " is normalised otherwise in data.log than where this model "
                                     "was trained: import it with --like the earlier log"));
  }
  return Status::Ok();
}

// What the embeddings and weights of a column stand for is what its cells became.
Status TellRulesThere(const LogSchema& there, const LogSchema& here) {
  OtherRules other{.file = "data.log"};
  ASSIGN_OR_RETURN(other.differences, DifferingRules(here, there));
  for (const std::string& doubt : DoubtsOf(other, "the model")) LogWarning("warm start: ", doubt);
  return Status::Ok();
}

Result<std::string> FindModel(Session* session) {
  FileSystem& files = *session->environment().files;
  const WarmStartConfig& config = session->config().warm_start();
  ASSIGN_OR_RETURN(const std::string folder, ChooseCheckpoint(files, config.checkpoint(), false));
  ASSIGN_OR_RETURN(const CheckpointManifest manifest, ReadManifest(files, folder));
  const LogSchema there = SchemaOfManifest(manifest);
  RETURN_IF_ERROR(CheckNumerics(there, session->schema()).Annotate(folder));
  RETURN_IF_ERROR(TellRulesThere(there, session->schema()).Annotate(folder));
  if (!config.reset_optimizer()) {
    RETURN_IF_ERROR(CheckOptimizers(manifest.config(), session->config()).Annotate(folder));
  }
  return folder;
}

// What begins anew, and is frozen as it is then.
std::vector<std::string> FrozenAnew(const WarmFit& fit, const TrainConfig& config,
                                    const ParameterLayout& parameters) {
  std::vector<std::string> frozen;
  const auto add = [&](const std::string& name) {
    const bool anew = std::any_of(
        fit.begin_new.begin(), fit.begin_new.end(),
        [&](const std::string& entry) { return entry == name || entry.starts_with(name + " ("); });
    if (anew) frozen.push_back(name);
  };
  for (const ParameterBlock& block : parameters.blocks()) {
    if (!block.trainable) add("weight/" + block.name);
  }
  for (const TableConfig& table : config.table()) {
    if (!IsTrainable(table)) add("table " + table.name());
  }
  return frozen;
}

void Tell(const std::string& folder, const WarmFit& fit, const Session& session) {
  LogInfo("warm start from ", folder, ": ", fit.taken.size(), " of ", fit.state.arrays.size(),
          " dense arrays taken whole",
          fit.partly.empty() ? "" : StrCat(", in part: ", Join(fit.partly, ", ")));
  if (!fit.begin_new.empty()) {
    LogWarning("warm start: these begin anew, since the checkpoint has nothing that fits: ",
               Join(fit.begin_new, ", "));
  }
  const std::vector<std::string> frozen =
      FrozenAnew(fit, session.config(), session.model().parameters());
  if (!frozen.empty()) {
    LogWarning("warm start: frozen parts keep their random initial values: ", Join(frozen, ", "),
               "; name a checkpoint that has them, or leave `trainable: false` out");
  }
  if (!fit.moved.empty()) {
    LogInfo("warm start: these are taken on their new side: ", Join(fit.moved, ", "));
  }
  if (!fit.left.empty()) {
    LogWarning("warm start: the model has no place for these of the checkpoint: ",
               Join(fit.left, ", "));
  }
}

}  // namespace

Status WarmStart(Session* session) {
  Collective& collective = *session->environment().collective;
  std::string folder;
  if (collective.rank() == 0) {
    const Result<std::string> found = FindModel(session);
    if (!found.ok()) return found.status().Annotate("warm_start.checkpoint");
    folder = *found;
  }
  ASSIGN_OR_RETURN(folder, collective.Broadcast(folder, 0));
  ASSIGN_OR_RETURN(const WarmFit fit,
                   session->WarmStart(folder, session->config().warm_start().reset_optimizer()));
  if (collective.rank() == 0) Tell(folder, fit, *session);
  return Status::Ok();
}

}  // namespace chorus::worker
