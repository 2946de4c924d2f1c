#include "worker/import/text_format.h"

#include <utility>

#include "common/check.h"
#include "common/proto_enum.h"
#include "common/strings.h"
#include "worker/import/ali_ccp_rows.h"
#include "worker/import/column_plan.h"
#include "worker/import/delimited_row.h"
#include "worker/import/token_row.h"

namespace chorus::worker {
namespace {

constexpr char kLabel[] = "label";        // the first cell of libsvm and libffm
constexpr char kFeatures[] = "features";  // the one field of libsvm's tokens

// A column that the schema names, and the field that names it.
struct NamedColumn {
  const char* field;
  std::string column;
};

// Of those that are no features.
std::vector<NamedColumn> NamedRoles(const ImportSchema& schema) {
  const NamedColumn all[] = {{"click", schema.click()},   {"conversion", schema.conversion()},
                             {"row_id", schema.row_id()}, {"group", schema.group()},
                             {"time", schema.time()},     {"weight", schema.weight()}};
  std::vector<NamedColumn> named;
  for (const NamedColumn& role : all) {
    if (!role.column.empty()) named.push_back(role);
  }
  return named;
}

std::vector<NamedColumn> NamedFeatures(const ImportSchema& schema) {
  std::vector<NamedColumn> named;
  for (const ColumnSlot& slot : schema.slot()) named.push_back({"slot", slot.column()});
  for (const ColumnNumeric& number : schema.numeric())
    named.push_back({"numeric", number.column()});
  return named;
}

Result<std::shared_ptr<const RowFormat>> NewTokenFormat(const ImportSchema& schema,
                                                        const TokenSyntax& syntax,
                                                        std::vector<std::string> lead) {
  ASSIGN_OR_RETURN(TokenColumns columns, TokenColumns::Make(schema, syntax, std::move(lead)));
  return std::shared_ptr<const RowFormat>(std::make_shared<TokenFormat>(std::move(columns)));
}

Result<std::shared_ptr<const RowFormat>> NewLibsvmFormat(const ImportSchema& schema) {
  for (const ColumnSlot& slot : schema.slot()) {
    if (slot.column() == kFeatures) continue;
    return InvalidArgument(StrCat("slot ", Shown(slot.column()),
                                  ": in format LIBSVM there is one "
                                  "column of ids, '",
                                  kFeatures, "'"));
  }
  std::vector<NamedColumn> others = NamedFeatures(schema);
  for (const NamedColumn& role : NamedRoles(schema)) others.push_back(role);
  for (const NamedColumn& other : others) {
    if (other.column == kLabel || other.column == kFeatures) continue;
    return InvalidArgument(StrCat(
        other.field, " ", Shown(other.column), ": in format LIBSVM there are two columns, '",
        kLabel, "' and '", kFeatures, "'; name one of them, or leave ", other.field, " out"));
  }
  return NewTokenFormat(
      schema, {.lead_delimiter = ' ', .field_separator = '\0', .signed_labels = true}, {kLabel});
}

// First cells are named by their number: as many as the schema's largest number asks for. Error: a
// feature has such a name too, which may as well be meant to be a field's.
Result<std::vector<std::string>> NumberedCells(const ImportSchema& schema) {
  constexpr uint64_t kMostCells = 64;
  uint64_t cells = 0;
  NamedColumn last = {};
  for (const NamedColumn& role : NamedRoles(schema)) {
    const auto number = ParseUint64(role.column);
    if (!number || *number >= kMostCells || *number < cells) continue;
    cells = *number + 1;
    last = role;
  }
  for (const NamedColumn& feature : NamedFeatures(schema)) {
    const auto number = ParseUint64(feature.column);
    if (!number || *number >= cells || feature.column != StrCat(*number)) continue;
    return InvalidArgument(StrCat(
        feature.field, " ", Shown(feature.column), ": in format SLOT_TEXT ", last.field, " ",
        Shown(last.column), " makes 0 to ", cells - 1, " names of the cells that come first, and ",
        "field ", *number, " cannot be told from cell ", *number, "; number the fields from ",
        cells, " on, or take ", last.field, " from a field with a name that is no number"));
  }
  std::vector<std::string> names;
  for (uint64_t i = 0; i < cells; ++i) names.push_back(StrCat(i));
  return names;
}

Result<RowsOfText> PrepareAliCcp(FileSystem& files, const ImportSchema& schema,
                                 const std::vector<TextInput>& inputs,
                                 const CommonRowsOptions& options) {
  ASSIGN_OR_RETURN(AliCcpInputs sorted, SortAliCcpInputs(inputs));
  RowsOfText rows;
  // First of all with no common features: a schema that does not fit is told before they are read.
  RETURN_IF_ERROR(NewAliCcpFormat(schema, nullptr).status());
  ASSIGN_OR_RETURN(std::shared_ptr<const CommonRows> common,
                   CommonRows::Read(files, sorted.commons, options));
  rows.bad_common_rows = common->bad_rows();
  ASSIGN_OR_RETURN(rows.format.rows, NewAliCcpFormat(schema, std::move(common)));
  rows.inputs = std::move(sorted.skeletons);
  return rows;
}

}  // namespace

bool LooksAhead(const ImportSchema& schema) {
  return schema.format() == ImportSchema::ALI_CCP || IsTypedFormat(schema.format());
}

std::vector<std::string> NamedColumns(const ImportSchema& schema) {
  std::vector<std::string> names;
  for (const NamedColumn& role : NamedRoles(schema)) names.push_back(role.column);
  for (const NamedColumn& feature : NamedFeatures(schema)) names.push_back(feature.column);
  for (const ColumnSlot& slot : schema.slot()) {
    if (!slot.value_column().empty()) names.push_back(slot.value_column());
  }
  return names;
}

Result<RowsOfText> PrepareText(FileSystem& files, const ImportSchema& schema,
                               std::vector<TextInput> inputs, const CommonRowsOptions& common) {
  RowsOfText rows;
  rows.inputs = std::move(inputs);
  ASSIGN_OR_RETURN(rows.format.delimiter, DelimiterOf(schema));
  ASSIGN_OR_RETURN(rows.format.escape, EscapeOf(schema));
  rows.format.header = schema.header();
  switch (schema.format()) {
    case ImportSchema::ALI_CCP:
      return PrepareAliCcp(files, schema, rows.inputs, common);
    case ImportSchema::LIBSVM: {
      ASSIGN_OR_RETURN(rows.format.rows, NewLibsvmFormat(schema));
      return rows;
    }
    case ImportSchema::LIBFFM: {
      ASSIGN_OR_RETURN(
          rows.format.rows,
          NewTokenFormat(schema, {.lead_delimiter = ' ', .signed_labels = true}, {kLabel}));
      return rows;
    }
    case ImportSchema::SLOT_TEXT: {
      const char delimiter = rows.format.delimiter;
      ASSIGN_OR_RETURN(std::vector<std::string> lead, NumberedCells(schema));
      ASSIGN_OR_RETURN(rows.format.rows, NewTokenFormat(schema,
                                                        {.lead_delimiter = delimiter,
                                                         .token_separator = delimiter,
                                                         .value_separator = '\0'},
                                                        std::move(lead)));
      return rows;
    }
    case ImportSchema::DELIMITED:  // TextTable's own
    case ImportSchema::FORMAT_UNSPECIFIED:
      return rows;
    case ImportSchema::PARQUET:
    case ImportSchema::ORC:
    case ImportSchema::TFRECORD:
    case NO_VALUE_OF(ImportSchema_Format_ImportSchema_Format):
      break;
  }
  CHECK(false, "no format of text: ", schema.format());
}

}  // namespace chorus::worker
