#pragma once
// The rows of a text that say which labels some exposures have: row ids, clicks and conversions,
// and nothing else. They are kept in memory, 32 bytes per row, whatever their text.
// Thread safety: none.

#include <cstdint>
#include <string_view>
#include <vector>

#include "common/config.pb.h"
#include "common/status.h"
#include "worker/import/bad_rows.h"
#include "worker/import/cell_text.h"
#include "worker/import/text_table.h"

namespace chorus::worker {

// A row id: the number or, where it is a text, the id that IdFromText makes of it and one more
// checksum.
struct RowIdentity {
  uint64_t id = 0;
  uint64_t check = 0;  // 0 for numbers
  friend auto operator<=>(const RowIdentity&, const RowIdentity&) = default;
};
RowIdentity IdentityOfText(std::string_view row_id);

struct LabelRow {
  static constexpr int8_t kAsItIs = -1;  // the text says nothing of this label
  RowIdentity identity = {};
  uint64_t row = 0;  // its number in the text, from 1
  int8_t click = kAsItIs;
  int8_t conversion = kAsItIs;
};

class LabelRows {
 public:
  // Reads all rows of `table`.  texts: row ids are texts.  max_bad_rows, bad_list, bad_row_remedy:
  // as BadRows takes them. Errors: kInvalidArgument, the table has no column of row ids, or none of
  // labels, or one malformed row too many; those of reading.
  static Result<LabelRows> Read(TextTable& table, const ImportSchema& schema, bool texts,
                                uint64_t max_bad_rows, BadRowList* bad_list,
                                std::string bad_row_remedy = {});

  // One row per id, in the order of ids. Where an id had several rows, the last one that says
  // something about a label counts for that label.
  const std::vector<LabelRow>& rows() const { return rows_; }
  // The row of an id, or null.
  const LabelRow* Find(const RowIdentity& identity) const;
  bool has_click() const { return has_click_; }            // the text has this column
  bool has_conversion() const { return has_conversion_; }  // and this
  uint32_t row_id_column() const { return row_id_column_; }
  uint64_t read() const { return read_; }
  uint64_t bad() const { return bad_; }
  // Rows whose id came before.
  uint64_t repeated() const { return read_ - bad_ - rows_.size(); }

 private:
  void JoinRows();

  std::vector<LabelRow> rows_;
  bool has_click_ = false;
  bool has_conversion_ = false;
  uint32_t row_id_column_ = 0;
  uint64_t read_ = 0;
  uint64_t bad_ = 0;
};

}  // namespace chorus::worker
