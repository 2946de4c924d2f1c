#include "worker/import/token_row.h"

#include <algorithm>

#include "common/strings.h"
#include "worker/import/delimited_row.h"
#include "worker/import/wildcard.h"

namespace chorus::worker {
namespace {

std::string TextOf(char separator) {
  return separator == '\0' ? std::string() : std::string(1, separator);
}

std::string_view LabelOf(std::string_view cell) {
  return cell == "-1" ? "0" : cell == "+1" ? "1" : cell;
}

// separator and value_separator of a slot are the syntax's own, or "".
Status CheckSeparators(const ColumnSlot& slot, const TokenSyntax& syntax) {
  const auto check = [&](const char* field, const std::string& found, char own) {
    if (found.empty() || found == TextOf(own)) return Status::Ok();
    return InvalidArgument(StrCat(
        "slot ", Shown(slot.column()), ": ", field, " is ", Shown(found), ", and in this format ",
        own == '\0' ? std::string("there is none")
                    : StrCat("it is ", Shown(TextOf(own)), ", or nothing")));
  };
  RETURN_IF_ERROR(check("separator", slot.separator(), syntax.token_separator));
  return check("value_separator", slot.value_separator(), syntax.value_separator);
}

// A name of 1 to 7 bytes as a number that no other such name has; 0 for longer ones.
uint64_t Packed(std::string_view name) {
  if (name.empty() || name.size() > 7) return 0;
  uint64_t packed = name.size();
  for (const char c : name) packed = packed << 8 | static_cast<unsigned char>(c);
  return packed;
}

class TokenRowCutter : public RowCutter {
 public:
  explicit TokenRowCutter(const TokenColumns& columns) : columns_(columns), tokens_(columns) {}

  Status Split(std::string_view line) override {
    cells_.clear();
    if (const size_t nul = line.find('\0'); nul != std::string_view::npos) {
      return InvalidArgument(StrCat("found a NUL byte at byte ", nul + 1, ", expected text"));
    }
    RETURN_IF_ERROR(tokens_.TakeLead(columns_.lead.size(), &line, &cells_));
    if (columns_.syntax.signed_labels) cells_[0] = LabelOf(cells_[0]);
    RETURN_IF_ERROR(tokens_.ReadTokens(line, TokenCutter::kAnyNumber));
    for (size_t field = 0; field < columns_.fields.size(); ++field) {
      cells_.push_back(tokens_.cell(field));
    }
    return Status::Ok();
  }
  const std::vector<std::string_view>& cells() const override { return cells_; }
  UnreadFields TakeUnread() override { return tokens_.TakeUnread(); }

 private:
  const TokenColumns& columns_;
  TokenCutter tokens_;
  std::vector<std::string_view> cells_;
};

}  // namespace

Result<TokenColumns> TokenColumns::Make(const ImportSchema& schema, const TokenSyntax& syntax,
                                        std::vector<std::string> lead) {
  if (schema.other_columns_are_slots()) {
    return InvalidArgument(
        "other_columns_are_slots: the fields of this format are not known before all rows are "
        "read; name each in a slot");
  }
  TokenColumns columns;
  columns.syntax = syntax;
  columns.names = lead;
  columns.lead = std::move(lead);
  // A number is the value of its token, whatever the id before it, where tokens have values.
  const Field number = {false, syntax.value_separator == '\0' ? kId : kValue};
  for (const ColumnSlot& slot : schema.slot()) {
    RETURN_IF_ERROR(CheckSeparators(slot, syntax));
    const bool has_values = !slot.value_separator().empty();
    RETURN_IF_ERROR(columns.Add(
        slot.column(),
        {!slot.separator().empty(), has_values ? TokenColumns::kIdAndValue : TokenColumns::kId}));
  }
  for (const ColumnNumeric& numeric : schema.numeric()) {
    RETURN_IF_ERROR(columns.Add(numeric.column(), number));
  }
  for (const std::string& column : {schema.time(), schema.weight()}) {
    if (!column.empty()) RETURN_IF_ERROR(columns.Add(column, number));
  }
  for (const std::string& column :
       {schema.click(), schema.conversion(), schema.row_id(), schema.group()}) {
    if (!column.empty()) RETURN_IF_ERROR(columns.Add(column, {}));
  }
  return columns;
}

Status TokenColumns::Add(const std::string& column, Field field) {
  if (HasWildcard(column)) {
    return InvalidArgument(StrCat("column ", Shown(column),
                                  ": the fields of this format are not known before all rows are "
                                  "read; name each in an entry of its own"));
  }
  // A column in two entries is for PlanColumns to refuse, unless there is no one cell for both.
  const auto known = std::find(names.begin(), names.end(), column);
  if (known != names.end()) {
    const auto at = static_cast<size_t>(known - names.begin());
    if (at < lead.size() || fields[at - lead.size()].part == field.part) return Status::Ok();
    return InvalidArgument(StrCat("column ", Shown(column),
                                  ": two entries take different parts of its tokens (ids, "
                                  "id",
                                  Readable(TextOf(syntax.value_separator)),
                                  "value, or a number's values); name it in one of them"));
  }
  names.push_back(column);
  fields.push_back(field);
  return Status::Ok();
}

TokenCutter::TokenCutter(const TokenColumns& columns)
    : columns_(columns), cells_(columns.fields.size()), joined_(columns.fields.size()) {
  for (size_t i = 0; i < columns.fields.size(); ++i) {
    const std::string& name = columns.names[columns.lead.size() + i];
    index_.emplace(name, i);
    packed_.push_back(Packed(name));
  }
}

Status TokenCutter::TakeLead(size_t cells, std::string_view* line,
                             std::vector<std::string_view>* out) const {
  for (size_t i = 0; i < cells; ++i) {
    const size_t end = line->find(columns_.syntax.lead_delimiter);
    // The last cell may end the line: the row has no tokens.
    if (end == std::string_view::npos && (i + 1 < cells || line->empty())) {
      return InvalidArgument(StrCat("found ", out->size(), " cells and then ", Shown(*line),
                                    ", expected ", cells, " cells and then tokens"));
    }
    out->push_back(line->substr(0, end));
    line->remove_prefix(end == std::string_view::npos ? line->size() : end + 1);
  }
  return Status::Ok();
}

Status TokenCutter::ReadTokens(std::string_view tokens, uint64_t expected) {
  for (const size_t field : touched_) cells_[field] = {};
  touched_.clear();
  uint64_t count = 0;
  while (!tokens.empty()) {
    const size_t end = tokens.find(columns_.syntax.token_separator);
    const std::string_view token = tokens.substr(0, end);
    tokens.remove_prefix(end == std::string_view::npos ? tokens.size() : end + 1);
    // Blanks may come twice, and at the line's end.
    if (token.empty() && columns_.syntax.token_separator == ' ') continue;
    ++count;
    const Status read = ReadToken(token);
    if (!read.ok()) return read.Annotate(StrCat("token ", count));
  }
  if (expected != kAnyNumber && count != expected) {
    return InvalidArgument(
        StrCat("found ", count, " tokens, expected ", expected, ", as the cell before them says"));
  }
  for (const size_t field : touched_) {
    if (!joined_[field].empty()) cells_[field] = joined_[field];
  }
  return Status::Ok();
}

Status TokenCutter::ReadToken(std::string_view token) {
  const TokenSyntax& syntax = columns_.syntax;
  std::string_view piece = token;
  size_t field = 0;
  if (syntax.field_separator != '\0') {
    const size_t end = token.find(syntax.field_separator);
    if (end == std::string_view::npos || end == 0) {
      return InvalidArgument(
          StrCat("found ", Shown(token), ", expected field",
                 Readable(TextOf(syntax.field_separator)), "id",
                 syntax.value_separator == '\0'
                     ? ""
                     : StrCat(Readable(TextOf(syntax.value_separator)), "value")));
    }
    field = FieldOf(token.substr(0, end));
    piece.remove_prefix(end + 1);
  }
  if (field == kUnknown || columns_.fields.empty()) return Status::Ok();
  return AddToken(field, token, piece);
}

Status TokenCutter::AddToken(size_t field, std::string_view token, std::string_view piece) {
  const char separator = columns_.syntax.value_separator;
  const TokenColumns::Part part = columns_.fields[field].part;
  const size_t end = separator == '\0' ? std::string_view::npos : piece.rfind(separator);
  if (part == TokenColumns::kValue) {
    if (end == std::string_view::npos || end + 1 == piece.size()) {
      const std::string& name = columns_.names[columns_.lead.size() + field];
      return InvalidArgument(StrCat("found ", Shown(token), ", which has no value, and column ",
                                    Shown(name), " is a number: expected id",
                                    Readable(TextOf(separator)), "value"));
    }
    return AddPiece(field, piece.substr(end + 1));
  }
  if (part == TokenColumns::kId) piece = piece.substr(0, end);
  if (piece.empty()) {
    return InvalidArgument(StrCat("found ", Shown(token), ", which has no id"));
  }
  return AddPiece(field, piece);
}

Status TokenCutter::AddPiece(size_t field, std::string_view piece) {
  std::string_view& cell = cells_[field];
  if (cell.empty()) {
    cell = piece;
    joined_[field].clear();
    touched_.push_back(field);
    return Status::Ok();
  }
  if (!columns_.fields[field].multi_valued) {
    const std::string& name = columns_.names[columns_.lead.size() + field];
    return InvalidArgument(StrCat("field ", Shown(name),
                                  " comes a second time, and its slot has no separator, so that "
                                  "it takes one id"));
  }
  std::string& joined = joined_[field];
  if (joined.empty()) joined = cell;
  joined += columns_.syntax.token_separator;
  joined += piece;
  return Status::Ok();
}

size_t TokenCutter::FieldOf(std::string_view name) {
  // Nearly all names are short, and there are few: comparing numbers costs least.
  if (const uint64_t packed = Packed(name); packed != 0) {
    if (last_ != kUnknown && packed_[last_] == packed) return last_;
    const auto found = std::find(packed_.begin(), packed_.end(), packed);
    if (found != packed_.end()) {
      last_ = static_cast<size_t>(found - packed_.begin());
      return last_;
    }
  }
  const auto at = index_.find(name);
  if (at == index_.end()) {
    unread_.Count(name);
    return kUnknown;
  }
  last_ = at->second;
  return last_;
}

std::unique_ptr<RowCutter> TokenFormat::NewCutter() const {
  return std::make_unique<TokenRowCutter>(columns_);
}

}  // namespace chorus::worker
