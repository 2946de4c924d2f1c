#include <algorithm>
#include <set>

#include "common/check.h"
#include "common/config.h"
#include "common/config_internal.h"
#include "common/strings.h"

namespace chorus {
namespace {

using internal::FieldError;
using internal::Origins;

// Names become parts of file names and of addresses in --set.
bool IsTableName(std::string_view name) {
  return !name.empty() && name.find_first_not_of(
                              "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                              "0123456789_-") == std::string_view::npos;
}

Status CheckTables(const TrainConfig& config, const Origins& origins,
                   std::set<std::string>* names) {
  for (int i = 0; i < config.table_size(); ++i) {
    const std::string& name = config.table(i).name();
    const std::string path = StrCat("table.", i, ".name");
    if (!IsTableName(name)) {
      return FieldError(origins.Of(path), path,
                        StrCat("\"", name, "\"; allowed: letters, digits, '_' and '-'"));
    }
    if (!names->insert(name).second) {
      return FieldError(
          origins.Of(path), path,
          StrCat("\"", name, "\" is the name of an earlier table; allowed: a name of its own"));
    }
  }
  return Status::Ok();
}

// Checks the towers that a slot names as its readers.
Status CheckReaders(const SlotConfig& slot, const std::string& path, const Origins& origins) {
  const auto& towers = slot.tower();
  const auto& without = slot.no_gradient();
  const auto error = [&](const std::string& field, const std::string& problem) {
    return FieldError(origins.Of(path + field), path + field, problem);
  };
  for (auto tower = towers.begin(); tower != towers.end(); ++tower) {
    if (std::find(towers.begin(), tower, *tower) == tower) continue;
    return error(".tower", StrCat("\"", *tower, "\" is written twice; allowed: once"));
  }
  for (const std::string& name : without) {
    if (std::find(towers.begin(), towers.end(), name) != towers.end()) continue;
    return error(".no_gradient", StrCat("\"", name, "\" is none of this slot's towers; allowed: ",
                                        "names that stand in `tower` too"));
  }
  const bool own = slot.embedding() > SlotConfig::SHARED;
  if (own && !towers.empty()) {
    return error(".embedding",
                 "makes slots for every tower, and `tower` names some: write one of them");
  }
  const bool pooled = slot.pooling() != SlotConfig::SEQUENCE && !slot.numeric() && !slot.ignore();
  if (!pooled && (own || !towers.empty())) {
    return error(own ? ".embedding" : ".tower",
                 "needs a pooled slot; this one is a SEQUENCE, numeric or ignored");
  }
  if (slot.numeric() && slot.has_column()) {
    return error(".column", "is for slots of ids; a numeric column is read under its name");
  }
  const bool any = (slot.has_column() ? slot.column() : slot.name()) == "*";
  if (any && (slot.numeric() || slot.name().find('*') == std::string::npos)) {
    return error(".name",
                 "a slot with column \"*\" needs \"*\" in its name, which stands for each "
                 "column's name");
  }
  return Status::Ok();
}

// Checks the slots and completes each with its table.
Status FinishSlots(const Origins& origins, const std::set<std::string>& tables,
                   TrainConfig* config) {
  std::set<std::string> names;
  for (int i = 0; i < config->slot_size(); ++i) {
    SlotConfig* slot = config->mutable_slot(i);
    const std::string path = StrCat("slot.", i);
    if (!names.insert(slot->name()).second) {
      return FieldError(
          origins.Of(path + ".name"), path + ".name",
          StrCat("\"", slot->name(), "\" is the name of an earlier slot; allowed: once"));
    }
    if (!slot->has_table()) slot->set_table(config->table(0).name());
    if (!tables.contains(slot->table())) {
      return FieldError(origins.Of(path + ".table"), path + ".table",
                        StrCat("\"", slot->table(), "\" is not a table; allowed: ",
                               Join({tables.begin(), tables.end()}, ", ")));
    }
    RETURN_IF_ERROR(CheckReaders(*slot, path, origins));
  }
  return Status::Ok();
}

Status CheckTowers(const TrainConfig& config, const Origins& origins) {
  std::set<std::string> heads;
  for (int i = 0; i < config.model().tower_size(); ++i) {
    const std::string path = StrCat("model.tower.", i, ".head");
    if (heads.insert(config.model().tower(i).head()).second) continue;
    return FieldError(origins.Of(path), path,
                      "an earlier tower is of the same head; allowed: one tower "
                      "a head, and one without a head for all others");
  }
  return Status::Ok();
}

Status CheckLogs(const TrainConfig& config, const Origins& origins) {
  const auto not_empty = [&](const auto& logs, const std::string& path) -> Status {
    for (int i = 0; i < logs.size(); ++i) {
      if (std::find(logs.begin(), logs.begin() + i, logs.Get(i)) != logs.begin() + i) {
        const std::string again = StrCat(path, ".", i);
        return FieldError(origins.Of(again), again,
                          StrCat("\"", logs.Get(i), "\" is named before; allowed: once"));
      }
      if (!logs.Get(i).empty()) continue;
      const std::string at = StrCat(path, ".", i);
      return FieldError(origins.Of(at), at, "\"\" is no log; allowed: a file or a directory");
    }
    return Status::Ok();
  };
  RETURN_IF_ERROR(not_empty(config.data().log(), "data.log"));
  return not_empty(config.evaluate().log(), "evaluate.log");
}

// The end of a decaying rate is not known where more of the log may always come.
Status CheckFollowed(const TrainConfig& config, const Origins& origins) {
  if (config.data().follow_seconds() <= 0) return Status::Ok();
  const auto ends_with_run = [](const ScheduleConfig& schedule) {
    return schedule.decay() != ScheduleConfig::CONSTANT && schedule.decay_steps() == 0;
  };
  std::vector<std::string> schedules;
  if (ends_with_run(config.model().schedule())) schedules.push_back("model.schedule");
  for (int i = 0; i < config.table_size(); ++i) {
    if (ends_with_run(config.table(i).schedule())) {
      schedules.push_back(StrCat("table.", i, ".schedule"));
    }
  }
  if (!schedules.empty()) {
    const std::string path = schedules.front() + ".decay";
    return FieldError(origins.Of(path), path,
                      StrCat("decays until the last step, and data.follow_seconds knows none; "
                             "allowed: CONSTANT, or a decay with ",
                             schedules.front(), ".decay_steps"));
  }
  if (config.data().epochs() == 1) return Status::Ok();
  return FieldError(origins.Of("data.epochs"), "data.epochs",
                    StrCat(config.data().epochs(),
                           " epochs of a log that grows "
                           "(data.follow_seconds); allowed: 1, since each file is trained once"));
}

// Checks that the schema's ranges cannot express. Periods without a path are fine: a file may leave
// paths to --set.
Status CheckRules(const TrainConfig& config, const Origins& origins) {
  const struct {
    bool wrong;
    const char* path;
    const char* problem;
  } rules[] = {
      {config.evaluate().log_size() == 0 && !config.evaluate().oracle().empty(), "evaluate.oracle",
       "is of no use without evaluate.log, the log that it belongs to"},
      {config.checkpoint().best() != CheckpointConfig::NONE && config.evaluate().every_steps() == 0,
       "checkpoint.best", "needs evaluations to choose from: set evaluate.every_steps"},
      {config.checkpoint().best() == CheckpointConfig::NONE && config.checkpoint().patience() > 0,
       "checkpoint.patience", "needs a metric to wait for: set checkpoint.best"},
      {config.step().mode() == StepConfig::ASYNC, "step.mode",
       "ASYNC is not available yet; allowed: SYNC"},
      {config.compute().precision() == ComputeConfig::TF32 &&
           config.compute().backend() == ComputeConfig::CPU,
       "compute.precision", "TF32 is for GPUs, and compute.backend is CPU; allowed: FP32, BF16"},
      {uint64_t{config.cluster().max_part_kb()} > uint64_t{config.cluster().max_frame_mb()} * 1024,
       "cluster.max_part_kb", "a part may not be larger than a frame (cluster.max_frame_mb)"},
  };
  for (const auto& rule : rules) {
    if (rule.wrong) return FieldError(origins.Of(rule.path), rule.path, rule.problem);
  }
  return Status::Ok();
}

Status Finish(const Origins& origins, TrainConfig* config) {
  internal::FillWhatIsEmpty(config);
  internal::FillDefaults(config);
  RETURN_IF_ERROR(internal::CheckAllowed(*config, "", origins));
  internal::DropIdleLengths(config);
  std::set<std::string> tables;
  RETURN_IF_ERROR(CheckTables(*config, origins, &tables));
  RETURN_IF_ERROR(FinishSlots(origins, tables, config));
  RETURN_IF_ERROR(CheckTowers(*config, origins));
  RETURN_IF_ERROR(CheckLogs(*config, origins));
  RETURN_IF_ERROR(CheckFollowed(*config, origins));
  return CheckRules(*config, origins);
}

// True if some tower trains the slot's rows, as far as the slot's own settings go.
bool IsTrained(const SlotConfig& slot) {
  if (slot.numeric() || slot.ignore()) return false;
  const auto& without = slot.no_gradient();
  const auto trains = [&](const std::string& tower) {
    return std::find(without.begin(), without.end(), tower) == without.end();
  };
  return slot.tower_size() == 0 || std::any_of(slot.tower().begin(), slot.tower().end(), trains);
}

// True if a slot, or a column that no slot names, may train the table.
bool HasTrainer(const TrainConfig& config, const std::string& table) {
  bool rest = table == config.table(0).name();  // columns without a slot have the first table
  for (const SlotConfig& slot : config.slot()) {
    const bool own = slot.embedding() > SlotConfig::SHARED && table.starts_with(slot.table() + "-");
    if (IsTrained(slot) && (own || slot.table() == table)) return true;
    if ((slot.has_column() ? slot.column() : slot.name()) == "*") rest = false;
  }
  return rest;
}

// Rows that nobody trains keep their random initial values, unless a warm start brings others.
// `config` is complete.
Status CheckTrainers(const TrainConfig& config, const Origins& origins) {
  for (int i = 0; i < config.slot_size(); ++i) {
    const SlotConfig& slot = config.slot(i);
    const bool pooled = slot.pooling() != SlotConfig::SEQUENCE && !slot.numeric() && !slot.ignore();
    if (!pooled || IsTrained(slot) || HasTrainer(config, slot.table())) continue;
    const bool frozen =
        std::any_of(config.table().begin(), config.table().end(), [&](const TableConfig& table) {
          return table.name() == slot.table() && !table.trainable();
        });
    if (frozen) continue;
    const std::string path = StrCat("slot.", i, ".no_gradient");
    return FieldError(
        origins.Of(path), path,
        StrCat("names all towers of slot \"", slot.name(), "\", and nothing else trains table \"",
               slot.table(),
               "\": leave a tower out, or write trainable: false in that table, which "
               "then stays as warm_start brings it"));
  }
  return Status::Ok();
}

}  // namespace

namespace internal {

Status CheckLengths(const TrainConfig& config, const std::string& path, const Origins& origins) {
  for (int i = 0; i < config.slot_size(); ++i) {
    const SlotConfig& slot = config.slot(i);
    if (!slot.has_max_length() || slot.pooling() == SlotConfig::SEQUENCE) continue;
    const std::string field = Under(path, StrCat("slot.", i, ".max_length"));
    return FieldError(
        origins.Of(field), field,
        StrCat("slot \"", slot.name(), "\" is no sequence, all of whose ids count; ",
               "allowed: with pooling: SEQUENCE (import keeps fewer ids by max_ids)"));
  }
  return Status::Ok();
}

void DropIdleLengths(TrainConfig* config) {
  for (SlotConfig& slot : *config->mutable_slot()) {
    if (slot.pooling() != SlotConfig::SEQUENCE) slot.clear_max_length();
  }
}

}  // namespace internal

Result<TrainConfig> LoadTrainConfig(const std::string& path, const std::vector<std::string>& sets,
                                    const FillUnwritten& fill) {
  TrainConfig config;
  Origins origins(path.empty() ? "configuration" : path);
  RETURN_IF_ERROR(internal::ReadConfig(path, sets, &config, &origins));
  RETURN_IF_ERROR(internal::CheckLengths(config, "", origins));
  if (fill) RETURN_IF_ERROR(fill(&config));
  RETURN_IF_ERROR(Finish(origins, &config));
  RETURN_IF_ERROR(CheckTrainers(config, origins));
  return config;
}

double StartDeadline(const Result<TrainConfig>& own) {
  if (own.ok() && own->cluster().deadline_seconds() > 0) return own->cluster().deadline_seconds();
  const Result<TrainConfig> defaults = LoadTrainConfig("", {});
  CHECK(defaults.ok(), "the defaults of a job: ", defaults.status().ToString());
  return defaults->cluster().deadline_seconds();
}

Status FinishTrainConfig(const std::string& where, TrainConfig* config) {
  return Finish(Origins(where), config);
}

}  // namespace chorus
