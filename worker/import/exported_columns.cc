#include <set>

#include "common/config.h"
#include "worker/import/cell_text.h"
#include "worker/import/export_log.h"

namespace chorus::worker {
namespace {

class Columns {
 public:
  Columns(const LogSchema& log, ImportSchema::Format format) : log_(log), format_(format) {}

  Result<ExportedColumns> Make() {
    ImportSchema& schema = out_.schema;
    schema.set_format(format_);
    schema.set_delimiter("\t");
    schema.set_header(true);
    schema.set_trim(false);
    schema.add_missing_marker("");  // the empty text alone
    schema.set_decimal_ids(ImportSchema::AS_TEXT);
    schema.set_unclicked_conversion(KEEP_UNCLICKED);
    if (ImportSchema text; !log_.text.empty() && text.ParseFromString(log_.text)) {
      if (text.block_rows() > 0) schema.set_block_rows(text.block_rows());
      if (text.file_rows() > 0) schema.set_file_rows(text.file_rows());
    }
    AddRoles();
    for (const SlotInfo& slot : log_.slots) AddSlot(slot);
    for (const NumericInfo& numeric : log_.numerics) AddNumeric(numeric);
    RETURN_IF_ERROR(CompleteConfig("the schema of an exported log", &schema));
    return std::move(out_);
  }

 private:
  void AddRoles() {
    ImportSchema& schema = out_.schema;
    schema.set_row_id(Role("row_id", true));
    schema.set_row_id_text(log_.has_row_id_text);
    schema.set_click(Role("click", log_.has_click));  // required; without it import is --unlabelled
    if (log_.has_conversion) schema.set_conversion(Role("conversion", true));
    if (log_.has_weight) schema.set_weight(Role("weight", true));
    if (log_.has_group) schema.set_group(Role("group", true));
    if (log_.has_time) schema.set_time(Role("time", true));
  }

  std::string Role(const char* name, bool is_there) {
    if (is_there) out_.header.emplace_back(name);
    return name;
  }

  // A name that a header can hold, as near to the feature's as can be.
  std::string AddFeature(const std::string& name) {
    std::string column(TrimBlanks(name));
    for (char& c : column) {
      if (c == '\t' || c == '\n' || c == '\r' || c == '\0') c = '_';
    }
    while (column.empty() || names_.contains(column)) column += '_';
    names_.insert(column);
    out_.header.push_back(column);
    return column;
  }

  void AddSlot(const SlotInfo& info) {
    ColumnSlot& slot = *out_.schema.add_slot();
    slot.set_column(AddFeature(info.name));
    slot.set_name(info.name);
    slot.set_key_space(info.key_space);
    slot.set_context(info.context);
    // Lists of numbers need no separators; a single id with its value is a text in all formats.
    const bool lists = format_ != ImportSchema::DELIMITED && info.multi_valued;
    if (info.multi_valued) slot.set_separator(",");
    if (info.has_values && !lists) slot.set_value_separator(":");
    if (info.has_values && lists) slot.set_value_column(AddFeature(info.name + "_values"));
  }

  void AddNumeric(const NumericInfo& info) {
    ColumnNumeric& numeric = *out_.schema.add_numeric();
    numeric.set_column(AddFeature(info.name));
    numeric.set_name(info.name);
    numeric.set_context(info.context);
    numeric.set_transform(ColumnNumeric::NONE);
  }

  const LogSchema& log_;
  const ImportSchema::Format format_;
  ExportedColumns out_;
  // Of columns; those of roles also where they are not there.
  std::set<std::string> names_ = {"row_id", "click", "conversion", "weight", "group", "time"};
};

}  // namespace

Result<ExportedColumns> ExportedColumnsOf(const LogSchema& log, ImportSchema::Format format) {
  return Columns(log, format).Make();
}

}  // namespace chorus::worker
