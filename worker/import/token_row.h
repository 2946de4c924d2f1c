#pragma once
// Rows of tokens: some cells first, then tokens "field:id:value" in any order, where a field comes
// as often as it has ids. The tokens of one field become one cell, in their order: "id:value
// id:value". The kind of text decides the separators. Thread safety: a TokenCutter belongs to one
// thread.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/config.pb.h"
#include "common/status.h"
#include "worker/import/row_cutter.h"

namespace chorus::worker {

struct TokenSyntax {
  char lead_delimiter = ',';   // ends each of the cells that come first
  char token_separator = ' ';  // between tokens
  char field_separator = ':';  // behind a token's field; '\0': all tokens are of one field
  char value_separator = ':';  // before a token's value; '\0': there are no values
  bool signed_labels = false;  // the first cell is a label, and -1 and +1 mean 0 and 1
};

// The columns of a text of tokens: the cells that come first, then the fields that slots name.
struct TokenColumns {
  TokenSyntax syntax;
  std::vector<std::string> lead;           // names of the first cells
  std::vector<std::string> names;          // of all columns: `lead`, then fields
  enum Part { kId, kIdAndValue, kValue };  // of a token
  struct Field {
    bool multi_valued = false;
    Part part = kId;  // the part that the field's cell has
  };
  std::vector<Field> fields;  // [names.size() - lead.size()]

  // lead: names of the first cells. Every other column that the schema names is a field; where it
  // is a number (numeric, time, weight), a token's value is the cell, if tokens have values. Errors
  // (kInvalidArgument): a wildcard, separators that are not the syntax's, other_columns_are_slots.
  static Result<TokenColumns> Make(const ImportSchema& schema, const TokenSyntax& syntax,
                                   std::vector<std::string> lead);

 private:
  Status Add(const std::string& column, Field field);
};

// Collects the tokens of a row into one cell per field.
class TokenCutter {
 public:
  // `columns` must outlive the cutter.
  explicit TokenCutter(const TokenColumns& columns);

  // Takes `cells` first cells off *line. Error: there are fewer; *line begins with a token
  // otherwise.
  Status TakeLead(size_t cells, std::string_view* line, std::vector<std::string_view>* out) const;
  // Forgets all fields, then reads tokens. expected: their number; kAnyNumber = any.
  static constexpr uint64_t kAnyNumber = ~uint64_t{0};
  Status ReadTokens(std::string_view tokens, uint64_t expected);
  // The cell of a field (an index into TokenColumns::fields); "" when the row has none. Valid until
  // the next ReadTokens, as long as the tokens' text is.
  std::string_view cell(size_t field) const { return cells_[field]; }

  UnreadFields TakeUnread() { return std::exchange(unread_, {}); }

 private:
  Status ReadToken(std::string_view token);
  // piece: the part of the token behind its field.
  Status AddToken(size_t field, std::string_view token, std::string_view piece);
  Status AddPiece(size_t field, std::string_view piece);
  size_t FieldOf(std::string_view name);  // kUnknown when no column has it, which is counted

  static constexpr size_t kUnknown = ~size_t{0};
  const TokenColumns& columns_;
  std::map<std::string_view, size_t> index_;  // of the names in columns_
  std::vector<uint64_t> packed_;              // [fields], short names as numbers, 0 = a long one
  size_t last_ = kUnknown;                    // tokens of one field often come in a row
  std::vector<std::string_view> cells_;       // [fields]
  std::vector<std::string> joined_;           // [fields], where a field has several pieces
  std::vector<size_t> touched_;               // fields that are not empty
  UnreadFields unread_;
};

// The format of text in which each line is such a row, as libsvm, libffm and slot text are.
class TokenFormat : public RowFormat {
 public:
  explicit TokenFormat(TokenColumns columns) : columns_(std::move(columns)) {}
  const std::vector<std::string>& columns() const override { return columns_.names; }
  std::unique_ptr<RowCutter> NewCutter() const override;

 private:
  const TokenColumns columns_;
};

}  // namespace chorus::worker
