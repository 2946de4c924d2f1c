// Loads a shard's rows from a checkpoint.

#include <algorithm>
#include <cstring>
#include <utility>

#include "common/strings.h"
#include "ps/shard.h"
#include "ps/wanted_keys.h"

namespace chorus::ps {

Status Shard::Load(const ShardFile& file, const wire::RestoreMeta& restore) {
  const bool resume = restore.mode() == wire::RestoreMeta::RESUME;
  std::vector<int> file_tables;  // [table]: its number in the file, -1 if it is new
  for (uint32_t t = 0; t < tables_.size(); ++t) {
    const TableSpec& spec = tables_[t].type().spec;
    const auto& there = file.tables();
    const auto found = std::find_if(there.begin(), there.end(), [&](const ShardFileTable& table) {
      return table.name_hash == spec.name_hash;
    });
    file_tables.push_back(found == there.end() ? -1 : static_cast<int>(found - there.begin()));
    if (found == there.end()) {
      if (resume) return FailedPrecondition(StrCat("the checkpoint has no table ", spec.name));
      continue;
    }
    RETURN_IF_ERROR(LoadRows(file, static_cast<uint32_t>(file_tables.back()), t, restore));
  }
  if (!resume) return Status::Ok();
  if (file.pending_steps() != shape_.job.pull_ahead()) {
    return FailedPrecondition(StrCat("the checkpoint was written with pull_ahead ",
                                     file.pending_steps(), ", this run has ",
                                     shape_.job.pull_ahead()));
  }
  return restore.has_only() ? Status::Ok() : LoadPending(file, file_tables);
}

Status Shard::LoadRows(const ShardFile& file, uint32_t file_table, uint32_t t,
                       const wire::RestoreMeta& restore) {
  const wire::RestoreMeta::Mode mode = restore.mode();
  Table& table = tables_[t];
  const TableType& type = table.type();
  const ShardFileTable& header = file.tables()[file_table];
  const bool reset = mode == wire::RestoreMeta::WARM_START_RESET;
  // A new run keeps what fits, and says what does not (worker/train/warm_fit.h).
  if (header.dim != type.layout.dim && mode != wire::RestoreMeta::RESUME) return Status::Ok();
  if (header.dim != type.layout.dim ||
      (!reset && header.state_floats != type.layout.state_floats)) {
    return FailedPrecondition(StrCat("table ", header.name, " of the checkpoint has dimension ",
                                     header.dim, " and ", header.state_floats,
                                     " floats of optimizer state, this job ", type.layout.dim,
                                     " and ", type.layout.state_floats));
  }
  ShardFile::Cursor rows = file.Rows(file_table);
  WantedKeys wanted(restore.has_only() ? &restore.only() : nullptr, type.spec.name_hash);
  ShardRow from;
  while (rows.Next(&from)) {
    if (!wanted.Has(from.key) || !Owns(from.key)) continue;
    RowHeader* const row = table.FindOrCreate(from.key);
    if (row == nullptr) {
      return ResourceExhausted(StrCat("table ", header.name, ": no memory for a restored row"));
    }
    row->kept = 1;
    row->count = reset ? 0 : from.count;
    row->last_step = mode == wire::RestoreMeta::RESUME ? from.last_step : 0;
    float* const weights = row->weights();
    std::memcpy(weights, from.weights, header.dim * sizeof(float));
    if (reset) {
      type.InitializeState(weights);
    } else {
      std::memcpy(weights + header.dim, from.state, header.state_floats * sizeof(float));
    }
  }
  return rows.status();
}

Status Shard::LoadPending(const ShardFile& file, const std::vector<int>& file_tables) {
  for (uint32_t i = 0; i < file.pending_steps(); ++i) {
    ASSIGN_OR_RETURN(const PendingRows from, file.ReadPending(i));
    auto& into = pending_[from.step];
    into.resize(tables_.size());
    for (size_t t = 0; t < tables_.size(); ++t) {
      const PendingRows::TableRows& rows = from.tables[static_cast<size_t>(file_tables[t])];
      // A checkpoint of another cut has this shard's keys in several files, each in order: they
      // are merged one by one, so that UsePending can search.
      PendingRows::TableRows merged;
      const auto append = [&](const PendingRows::TableRows& source, size_t at) {
        merged.keys.push_back(source.keys[at]);
        const auto weights = source.weights.begin() + static_cast<ptrdiff_t>(at * shape_.dims[t]);
        merged.weights.insert(merged.weights.end(), weights, weights + shape_.dims[t]);
      };
      size_t old = 0;
      for (size_t at = 0; at < rows.keys.size(); ++at) {
        if (!Owns(rows.keys[at])) continue;
        for (; old < into[t].keys.size() && into[t].keys[old] < rows.keys[at]; ++old)
          append(into[t], old);
        append(rows, at);
      }
      for (; old < into[t].keys.size(); ++old) append(into[t], old);
      into[t] = std::move(merged);
    }
  }
  return Status::Ok();
}

}  // namespace chorus::ps
