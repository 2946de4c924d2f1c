#pragma once
// Where each pulled row is, by table instance and position: what GrainInput reads. Memory is
// reused. Thread safety: none.

#include <vector>

#include "worker/servers/ps_client.h"

namespace chorus::worker {

class RowPointers {
 public:
  // `rows` must outlive the use of tables().
  void Point(const PulledRows& rows, const std::vector<TableKeys>& keys) {
    rows_.resize(keys.size());
    tables_.clear();
    for (uint32_t table = 0; table < keys.size(); ++table) {
      rows_[table].resize(keys[table].keys.size());
      for (uint32_t p = 0; p < rows_[table].size(); ++p) rows_[table][p] = rows.row(table, p);
      tables_.push_back(rows_[table].data());
    }
  }
  const float* const* const* tables() const { return tables_.data(); }

 private:
  std::vector<std::vector<const float*>> rows_;  // [table instance][position]
  std::vector<const float* const*> tables_;
};

}  // namespace chorus::worker
