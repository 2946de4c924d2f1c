#include "ps/shard_snapshot.h"

#include <algorithm>
#include <utility>

#include "ps/shard_file.h"

namespace chorus::ps {
namespace {

void AppendRow(const RowHeader& row, const RowLayout& layout, std::string* out) {
  AppendValue(out, row.key);
  AppendValue(out, row.count);
  AppendValue(out, row.last_step);
  out->append(reinterpret_cast<const char*>(row.weights()), layout.floats() * sizeof(float));
}

uint64_t FileRowBytes(const RowLayout& layout) { return 16 + 4 * uint64_t{layout.floats()}; }

}  // namespace

ShardSnapshot::ShardSnapshot(SnapshotPlan plan, const std::deque<Table>* tables)
    : plan_(std::move(plan)), tables_(*tables), states_(tables->size()) {
  for (size_t i = 0; i < states_.size(); ++i) states_[i].size = tables_[i].size();
}

void ShardSnapshot::CopyAside(uint32_t table, uint32_t index, RowHeader* row) {
  row->snapshot = plan_.id & 0x7fffffffu;  // once: the value before later updates is not the cut's
  TableState& state = states_[table];
  // Nothing is kept of a table that is written already, of a row that is younger than the snapshot,
  // or of a row that no file holds.
  if (table < table_ || index >= state.size || !row->saved()) return;
  const RowLayout& layout = tables_[table].type().layout;
  state.side_offsets.emplace(index, state.side.size());
  AppendRow(*row, layout, &state.side);
  side_bytes_ += FileRowBytes(layout);
}

bool ShardSnapshot::WriteSome(uint32_t max_rows, std::string* out) {
  if (!header_written_) AppendHeader(out);
  header_written_ = true;
  for (uint32_t budget = max_rows; table_ < tables_.size();) {
    if (!table_started_) StartTable(out);
    const Table& table = tables_[table_];
    const RowLayout& layout = table.type().layout;
    TableState& state = states_[table_];
    for (; next_ < order_.size(); ++next_) {
      if (budget-- == 0) return false;
      const uint32_t index = order_[next_].index;
      RowHeader* const row = table.row(index);
      if (row->snapshot == plan_.id) {  // changed since: the copy holds what it was
        out->append(state.side, state.side_offsets.at(index), FileRowBytes(layout));
      } else {
        AppendRow(*row, layout, out);
        row->snapshot = plan_.id & 0x7fffffffu;
      }
    }
    PadTo8(out, order_.size() * FileRowBytes(layout));
    rows_ += order_.size();
    side_bytes_ -= state.side.size();
    state = TableState();
    ++table_;
    table_started_ = false;
  }
  if (plan_.append_pending) plan_.append_pending(out);
  return true;
}

void ShardSnapshot::StartTable(std::string* out) {
  const Table& table = tables_[table_];
  const TableState& state = states_[table_];
  order_.clear();
  next_ = 0;
  for (uint32_t index = 0; index < state.size; ++index) {
    const RowHeader* const row = table.row(index);
    const bool changed = row->snapshot == plan_.id;
    if (changed ? state.side_offsets.contains(index) : row->saved())
      order_.push_back({row->key, index});
  }
  std::sort(order_.begin(), order_.end(),
            [](const OrderedRow& a, const OrderedRow& b) { return a.key < b.key; });
  const TableSpec& spec = table.type().spec;
  AppendValue(out, table.type().layout.dim);
  AppendValue(out, table.type().layout.state_floats);
  AppendValue(out, uint64_t{order_.size()});
  AppendValue(out, spec.name_hash);
  AppendValue(out, static_cast<uint32_t>(spec.name.size()));
  AppendValue(out, uint32_t{0});
  out->append(spec.name);
  PadTo8(out, spec.name.size());
  table_started_ = true;
}

void ShardSnapshot::AppendHeader(std::string* out) const {
  out->append(kShardFileMagic, 8);
  AppendValue(out, kShardFileVersion);
  AppendValue(out, plan_.shard);
  AppendValue(out, plan_.shards);
  AppendValue(out, static_cast<uint32_t>(tables_.size()));
  AppendValue(out, plan_.step);
  AppendValue(out, plan_.pending_steps);
  AppendValue(out, uint32_t{0});
}

}  // namespace chorus::ps
