#include "worker/import/boolean_columns.h"

#include "worker/import/cell_text.h"
#include "worker/import/label_leak.h"

namespace chorus::worker {

BooleanColumns::BooleanColumns(const TextSample& sample, const std::vector<ColumnSample>& seen)
    : ones_(seen.size()) {
  for (uint32_t c = 0; c < seen.size(); ++c) {
    if (!seen[c].all_labels()) continue;
    Ones& ones = ones_[c];
    for (const auto& row : sample.rows) {
      ones.rows.push_back(LabelFromText(row[c]).value_or(0) == 1);
      ones.count += ones.rows.back() ? 1 : 0;
    }
    if (ones.count > 0 && ones.count < seen[c].filled()) columns_.push_back(c);
  }
}

bool BooleanColumns::IsNested(uint32_t inner, uint32_t outer) const {
  const Ones& in = ones_[inner];
  const Ones& out = ones_[outer];
  if (in.rows.empty() || out.rows.empty() || in.count >= out.count) return false;
  for (size_t row = 0; row < in.rows.size(); ++row) {
    if (in.rows[row] && !out.rows[row]) return false;
  }
  return IsNoChance(in.count, out.count, in.rows.size());
}

std::optional<uint32_t> BooleanColumns::InnerOf(uint32_t outer,
                                                const std::vector<bool>& may) const {
  std::optional<uint32_t> found;
  for (const uint32_t c : columns_) {
    if (!may[c] || !IsNested(c, outer)) continue;
    if (!found || ones_[c].count > ones_[*found].count) found = c;
  }
  return found;
}

std::optional<uint32_t> BooleanColumns::OuterOf(uint32_t inner,
                                                const std::vector<bool>& may) const {
  std::optional<uint32_t> found;
  for (const uint32_t c : columns_) {
    if (!may[c] || !IsNested(inner, c)) continue;
    if (!found || ones_[c].count > ones_[*found].count) found = c;
  }
  return found;
}

}  // namespace chorus::worker
