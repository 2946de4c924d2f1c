#include "worker/import/label_rows.h"

#include <algorithm>
#include <optional>

#include "common/file.h"
#include "common/key.h"
#include "common/strings.h"
#include "worker/import/column_index.h"
#include "worker/import/delimited_row.h"

namespace chorus::worker {
namespace {

// Reads the cells of one row.
class LabelCells {
 public:
  static Result<LabelCells> Make(const std::vector<std::string>& columns,
                                 const ImportSchema& schema, bool texts) {
    if (schema.row_id().empty()) {
      return InvalidArgument(
          "labels find their rows by row id: the schema's row_id must name the column of the text "
          "that has them");
    }
    // A text of labels need not have the columns that the schema excludes from training.
    ASSIGN_OR_RETURN(ColumnIndex index,
                     ColumnIndex::Make(schema, /*excluded_may_lack=*/true, columns));
    LabelCells cells(columns, schema, texts);
    ASSIGN_OR_RETURN(cells.row_id_, index.Find("row_id", schema.row_id()));
    const auto find = [&](const std::string& name, std::optional<uint32_t>* out) -> Status {
      if (name.empty() || !index.Has(name)) return Status::Ok();
      ASSIGN_OR_RETURN(*out, index.Find("label", name));
      return Status::Ok();
    };
    RETURN_IF_ERROR(find(schema.click(), &cells.click_));
    RETURN_IF_ERROR(find(schema.conversion(), &cells.conversion_));
    if (cells.click_ || cells.conversion_) return cells;
    return InvalidArgument(
        StrCat("no column of labels: expected ", Shown(schema.click()),
               schema.conversion().empty() ? "" : StrCat(" or ", Shown(schema.conversion())),
               ", or both"));
  }

  Status Read(const std::vector<std::string_view>& cells, LabelRow* out) const {
    RETURN_IF_ERROR(ReadRowId(cells[row_id_], &out->identity));
    if (click_) RETURN_IF_ERROR(ReadLabel(*click_, cells[*click_], &out->click));
    return conversion_ ? ReadLabel(*conversion_, cells[*conversion_], &out->conversion)
                       : Status::Ok();
  }
  bool has_click() const { return click_.has_value(); }
  bool has_conversion() const { return conversion_.has_value(); }
  uint32_t row_id_column() const { return row_id_; }

 private:
  LabelCells(const std::vector<std::string>& columns, const ImportSchema& schema, bool texts)
      : columns_(columns), rules_(schema), texts_(texts) {}

  Status ReadRowId(std::string_view cell, RowIdentity* out) const {
    if (texts_) {
      *out = IdentityOfText(rules_.Read(cell, /*keep_markers=*/true).text);
      return Status::Ok();
    }
    auto id = ParseUint64(cell);
    if (!id) id = RowIdFromText(rules_.Read(cell).text);
    if (!id) return Malformed(row_id_, cell, "an integer in [0, 2^64), as the log's row ids are");
    *out = {*id, 0};
    return Status::Ok();
  }

  // An empty cell leaves the label as it is.
  Status ReadLabel(uint32_t column, std::string_view cell, int8_t* out) const {
    const CellRules::Cell read = rules_.Read(cell);
    *out = LabelRow::kAsItIs;
    if (read.missing) return Status::Ok();
    const std::optional<uint8_t> label = LabelFromText(read.text);
    if (!label) return Malformed(column, cell, ExpectedLabel(read.text));
    *out = static_cast<int8_t>(*label);
    return Status::Ok();
  }

  Status Malformed(uint32_t column, std::string_view found, std::string_view expected) const {
    return MalformedCell(columns_[column], found, expected);
  }

  std::vector<std::string> columns_;
  CellRules rules_;
  bool texts_;
  uint32_t row_id_ = 0;
  std::optional<uint32_t> click_, conversion_;
};

}  // namespace

RowIdentity IdentityOfText(std::string_view row_id) {
  return {IdFromText(row_id), Checksum(row_id)};
}

Result<LabelRows> LabelRows::Read(TextTable& table, const ImportSchema& schema, bool texts,
                                  uint64_t max_bad_rows, BadRowList* bad_list,
                                  std::string bad_row_remedy) {
  ASSIGN_OR_RETURN(const LabelCells cells, LabelCells::Make(table.columns(), schema, texts));
  LabelRows out;
  out.has_click_ = cells.has_click();
  out.has_conversion_ = cells.has_conversion();
  out.row_id_column_ = cells.row_id_column();
  BadRows bad(max_bad_rows, /*tell=*/true, bad_list, std::move(bad_row_remedy));
  while (true) {
    ASSIGN_OR_RETURN(const bool got, table.Next());
    if (!got) break;
    LabelRow row{.row = ++out.read_};
    Status status = table.malformed();
    if (status.ok()) status = cells.Read(table.cells(), &row);
    if (status.ok()) {
      out.rows_.push_back(row);
    } else {
      RETURN_IF_ERROR(bad.Add(status.Annotate(table.Place())));
    }
  }
  out.bad_ = bad.count();
  out.JoinRows();
  return out;
}

void LabelRows::JoinRows() {
  std::sort(rows_.begin(), rows_.end(), [](const LabelRow& a, const LabelRow& b) {
    return a.identity != b.identity ? a.identity < b.identity : a.row < b.row;
  });
  size_t joined = 0;
  for (const LabelRow& row : rows_) {
    if (joined == 0 || rows_[joined - 1].identity != row.identity) {
      rows_[joined++] = row;
      continue;
    }
    // Rows of one id are in the order of the text: later ones overwrite what they say.
    LabelRow& before = rows_[joined - 1];
    before.row = row.row;
    if (row.click != LabelRow::kAsItIs) before.click = row.click;
    if (row.conversion != LabelRow::kAsItIs) before.conversion = row.conversion;
  }
  rows_.resize(joined);
  rows_.shrink_to_fit();
}

const LabelRow* LabelRows::Find(const RowIdentity& identity) const {
  const auto found = std::lower_bound(
      rows_.begin(), rows_.end(), identity,
      [](const LabelRow& row, const RowIdentity& id) { return row.identity < id; });
  return found != rows_.end() && found->identity == identity ? &*found : nullptr;
}

}  // namespace chorus::worker
