#pragma once
// One shard as it was after a step, written out little by little while updates go on: a row that is
// about to change and is not written yet is copied aside first. Rows that are created after the
// start are not part of it.
// Thread safety: none; the shard's owner thread makes every call.

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/key.h"
#include "ps/table.h"

namespace chorus::ps {

struct SnapshotPlan {
  // The mark of rows that this snapshot has already. It differs from the id of every other snapshot
  // that a row may remember.
  uint32_t id = 0;
  uint64_t step = 0;
  uint32_t shard = 0;
  uint32_t shards = 0;
  uint32_t pending_steps = 0;
  // Appends the `pending` parts of the file (shard_file.h) for this shard.
  std::function<void(std::string* out)> append_pending;
};

class ShardSnapshot {
 public:
  ShardSnapshot(SnapshotPlan plan, const std::deque<Table>* tables);

  // Call before each update of a row.
  void BeforeUpdate(uint32_t table, uint32_t index, RowHeader* row) {
    if (row->snapshot != plan_.id) CopyAside(table, index, row);
  }
  uint64_t side_bytes() const { return side_bytes_; }  // of rows copied aside

  // Appends the next bytes of the file to *out, at most max_rows rows. True when everything but the
  // checksum has been appended.
  bool WriteSome(uint32_t max_rows, std::string* out);
  uint64_t rows() const { return rows_; }  // appended so far, of tables that are complete
  uint64_t step() const { return plan_.step; }
  uint32_t shard() const { return plan_.shard; }

 private:
  struct TableState {
    uint32_t size = 0;                                  // rows at the start
    std::unordered_map<uint32_t, size_t> side_offsets;  // row index -> offset in `side`
    std::string side;                                   // rows as the file has them
  };
  struct OrderedRow {
    Key key;
    uint32_t index;
  };

  void CopyAside(uint32_t table, uint32_t index, RowHeader* row);
  void StartTable(std::string* out);  // sorts its rows and writes its header
  void AppendHeader(std::string* out) const;

  const SnapshotPlan plan_;
  const std::deque<Table>& tables_;
  std::vector<TableState> states_;
  uint64_t side_bytes_ = 0;
  uint64_t rows_ = 0;

  // What is written next: row `next_` of `order_`, in table `table_`.
  bool header_written_ = false;
  size_t table_ = 0;
  bool table_started_ = false;
  std::vector<OrderedRow> order_;
  size_t next_ = 0;
};

// Building blocks of shard files.
template <typename T>
void AppendValue(std::string* out, T value) {
  out->append(reinterpret_cast<const char*>(&value), sizeof(value));
}
inline void PadTo8(std::string* out, uint64_t bytes) { out->append((8 - bytes % 8) % 8, '\0'); }

}  // namespace chorus::ps
