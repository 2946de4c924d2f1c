#include "launch/command/checkpoint_rows.h"

#include <algorithm>
#include <utility>

#include "common/strings.h"

namespace chorus::launch {
namespace {

// Appends `from` to `into`; sorted afterwards by SortByKey.
void Append(const ps::PendingRows::TableRows& from, ps::PendingRows::TableRows* into) {
  into->keys.insert(into->keys.end(), from.keys.begin(), from.keys.end());
  into->weights.insert(into->weights.end(), from.weights.begin(), from.weights.end());
}

void SortByKey(uint32_t dim, ps::PendingRows::TableRows* rows) {
  std::vector<size_t> order(rows->keys.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(),
            [&](size_t a, size_t b) { return rows->keys[a] < rows->keys[b]; });
  ps::PendingRows::TableRows sorted;
  for (const size_t i : order) {
    sorted.keys.push_back(rows->keys[i]);
    const float* const row = &rows->weights[i * dim];
    sorted.weights.insert(sorted.weights.end(), row, row + dim);
  }
  *rows = std::move(sorted);
}

}  // namespace

Result<std::unique_ptr<CheckpointRows>> CheckpointRows::Open(FileSystem& files,
                                                             const std::string& folder,
                                                             const CheckpointManifest& manifest) {
  auto rows = std::make_unique<CheckpointRows>();
  for (uint32_t shard = 0; shard < manifest.shards(); ++shard) {
    const std::string path = JoinPath(folder, ps::ShardFileName(shard));
    ASSIGN_OR_RETURN(std::unique_ptr<ps::ShardFile> file, ps::ShardFile::Open(files, path));
    if (file->step() != manifest.step() || file->shard() != shard ||
        file->shards() != manifest.shards() ||
        file->tables().size() != static_cast<size_t>(manifest.table_size())) {
      return DataLoss(StrCat(path, ": is shard ", file->shard(), " of ", file->shards(),
                             " of step ", file->step(), ", expected shard ", shard, " of ",
                             manifest.shards(), " of step ", manifest.step()));
    }
    if (rows->tables_.empty()) {
      rows->tables_ = file->tables();
    } else {
      for (size_t t = 0; t < rows->tables_.size(); ++t) {
        if (file->tables()[t].dim != rows->tables_[t].dim ||
            file->tables()[t].state_floats != rows->tables_[t].state_floats) {
          return DataLoss(path + ": its tables have another shape than shard 0's");
        }
        rows->tables_[t].rows += file->tables()[t].rows;
      }
    }
    rows->shards_.push_back(std::move(file));
  }
  return rows;
}

Status CheckpointRows::Visit(uint32_t table,
                             const std::function<Status(const ps::ShardRow&)>& visit) const {
  std::vector<ps::ShardFile::Cursor> cursors;
  std::vector<ps::ShardRow> heads(shards_.size());
  // A heap of shards by the key of their next row.
  const auto later = [&](size_t a, size_t b) { return heads[a].key > heads[b].key; };
  std::vector<size_t> heap;
  for (size_t s = 0; s < shards_.size(); ++s) {
    cursors.push_back(shards_[s]->Rows(table));
    if (cursors[s].Next(&heads[s])) heap.push_back(s);
    RETURN_IF_ERROR(cursors[s].status());
  }
  std::make_heap(heap.begin(), heap.end(), later);
  while (!heap.empty()) {
    std::pop_heap(heap.begin(), heap.end(), later);
    const size_t shard = heap.back();
    RETURN_IF_ERROR(visit(heads[shard]));
    if (cursors[shard].Next(&heads[shard])) {
      std::push_heap(heap.begin(), heap.end(), later);
    } else {
      RETURN_IF_ERROR(cursors[shard].status());
      heap.pop_back();
    }
  }
  return Status::Ok();
}

Result<std::vector<ps::PendingRows>> CheckpointRows::Pending() const {
  std::vector<ps::PendingRows> merged;
  for (const auto& shard : shards_) {
    merged.resize(std::max<size_t>(merged.size(), shard->pending_steps()));
    for (uint32_t i = 0; i < shard->pending_steps(); ++i) {
      ASSIGN_OR_RETURN(const ps::PendingRows part, shard->ReadPending(i));
      merged[i].step = part.step;
      merged[i].tables.resize(tables_.size());
      for (size_t t = 0; t < tables_.size(); ++t) Append(part.tables[t], &merged[i].tables[t]);
    }
  }
  for (ps::PendingRows& step : merged) {
    for (size_t t = 0; t < tables_.size(); ++t) SortByKey(tables_[t].dim, &step.tables[t]);
  }
  return merged;
}

}  // namespace chorus::launch
