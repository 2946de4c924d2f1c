#include "worker/import/ali_ccp_rows.h"

#include <algorithm>
#include <utility>

#include "common/strings.h"
#include "worker/import/delimited_row.h"
#include "worker/import/line_reader.h"
#include "worker/import/token_row.h"

namespace chorus::worker {
namespace {

constexpr TokenSyntax kSyntax = {.lead_delimiter = ',',
                                 .token_separator = '\x01',
                                 .field_separator = '\x02',
                                 .value_separator = '\x03'};
constexpr size_t kSkeletonLead = 5;  // with feature_num
constexpr size_t kCommonLead = 2;
constexpr size_t kKeyCell = 3;  // of the skeleton's cells

// The first cells of a line, the last of which counts its features, and then the features.
Status ReadLine(TokenCutter& tokens, size_t lead, std::string_view line,
                std::vector<std::string_view>* cells) {
  cells->clear();
  if (const size_t nul = line.find('\0'); nul != std::string_view::npos) {
    return InvalidArgument(StrCat("found a NUL byte at byte ", nul + 1, ", expected text"));
  }
  RETURN_IF_ERROR(tokens.TakeLead(lead, &line, cells));
  const auto count = ParseUint64(cells->back());
  if (!count) {
    return InvalidArgument(StrCat("column 'feature_num': found ", Shown(cells->back()),
                                  ", expected the number of features"));
  }
  return tokens.ReadTokens(line, *count).Annotate("column 'feature_list'");
}

class AliCcpCutter final : public RowCutter {
 public:
  AliCcpCutter(const TokenColumns& columns, const CommonRows& common)
      : columns_(columns),
        finder_(common.NewFinder()),
        skeleton_(columns),
        common_(columns),
        both_(columns.fields.size()) {}

  Status Split(std::string_view line) override {
    RETURN_IF_ERROR(ReadLine(skeleton_, kSkeletonLead, line, &cells_));
    RETURN_IF_ERROR(GoToCommon(cells_[kKeyCell]));
    cells_.pop_back();  // feature_num
    for (size_t field = 0; field < columns_.fields.size(); ++field) {
      std::string_view cell = skeleton_.cell(field);
      if (const std::string_view shared = common_.cell(field); !shared.empty()) {
        if (!cell.empty()) RETURN_IF_ERROR(Join(field, shared, &cell));
        if (cell.empty()) cell = shared;
      }
      cells_.push_back(cell);
    }
    return Status::Ok();
  }
  const std::vector<std::string_view>& cells() const override { return cells_; }
  // Consecutive rows of one key have their common features counted once.
  void BeginChunk() override { has_key_ = false; }
  UnreadFields TakeUnread() override {
    UnreadFields unread = skeleton_.TakeUnread();
    unread.Add(common_.TakeUnread());
    return unread;
  }

 private:
  // Reads the line of a key, unless it is the one that was read last.
  Status GoToCommon(std::string_view key) {
    if (has_key_ && key == key_) return common_status_;
    has_key_ = true;
    key_ = key;
    common_status_ = ReadCommon();
    return common_status_;
  }

  Status ReadCommon() {
    const auto line = finder_->Find(key_);
    if (!line.ok()) return line.status().Annotate("column 'common_feature_index'");
    return ReadLine(common_, kCommonLead, *line, &common_cells_).Annotate(finder_->Place());
  }

  // A field that both lines have: the common ids come first.
  Status Join(size_t field, std::string_view shared, std::string_view* cell) {
    if (!columns_.fields[field].multi_valued) {
      return InvalidArgument(StrCat("field ", Shown(columns_.names[columns_.lead.size() + field]),
                                    " is among the common features, and in the row again; its "
                                    "slot has no separator, so that it takes one id"));
    }
    both_[field] = StrCat(shared, kSyntax.token_separator, *cell);
    *cell = both_[field];
    return Status::Ok();
  }

  const TokenColumns& columns_;
  const std::unique_ptr<CommonRows::Finder> finder_;
  TokenCutter skeleton_, common_;
  bool has_key_ = false;
  std::string key_;       // of common_
  Status common_status_;  // of reading it
  std::vector<std::string_view> cells_, common_cells_;
  std::vector<std::string> both_;  // [fields]
};

class AliCcpFormat final : public RowFormat {
 public:
  AliCcpFormat(TokenColumns columns, std::shared_ptr<const CommonRows> common)
      : columns_(std::move(columns)), common_(std::move(common)) {}
  const std::vector<std::string>& columns() const override { return columns_.names; }
  std::unique_ptr<RowCutter> NewCutter() const override {
    return std::make_unique<AliCcpCutter>(columns_, *common_);
  }

 private:
  const TokenColumns columns_;
  const std::shared_ptr<const CommonRows> common_;
};

// The first line of an input that is not blank; false when there is none.
Result<bool> FirstLine(const TextInput& input, std::string* out) {
  ASSIGN_OR_RETURN(auto source, input.open());
  ASSIGN_OR_RETURN(auto unpacked, NewUnpackingSource(std::move(source)));
  LineReader reader(std::move(unpacked));
  std::string_view line;
  while (true) {
    ASSIGN_OR_RETURN(const bool got, reader.Next(&line));
    if (!got) return false;
    if (line.empty()) continue;
    *out = line;
    return true;
  }
}

}  // namespace

Result<AliCcpInputs> SortAliCcpInputs(const std::vector<TextInput>& inputs) {
  AliCcpInputs sorted;
  for (const TextInput& input : inputs) {
    std::string line;
    const auto got = FirstLine(input, &line);
    if (!got.ok()) return got.status().Annotate(input.name);
    if (!*got) continue;
    const auto commas = static_cast<size_t>(std::count(line.begin(), line.end(), ','));
    if (commas == kSkeletonLead) {
      sorted.skeletons.push_back(input);
    } else if (commas == kCommonLead) {
      sorted.commons.push_back(input);
    } else {
      return InvalidArgument(
          StrCat(input.name, ": found ", commas + 1,
                 " cells in the first line, expected 6 (a sample "
                 "skeleton) or 3 (common features), as format ALI_CCP has them"));
    }
  }
  if (!sorted.skeletons.empty() && !sorted.commons.empty()) return sorted;
  return InvalidArgument(StrCat(inputs[0].name, inputs.size() > 1 ? " and the other inputs" : "",
                                ": ",
                                sorted.skeletons.empty() ? "no sample skeleton (lines of 6 cells)"
                                                         : "no common features (lines of 3 cells)",
                                " among them; format ALI_CCP takes both, in any order"));
}

Result<std::shared_ptr<const RowFormat>> NewAliCcpFormat(const ImportSchema& schema,
                                                         std::shared_ptr<const CommonRows> common) {
  ASSIGN_OR_RETURN(TokenColumns columns, TokenColumns::Make(schema, kSyntax,
                                                            {"sample_id", "click", "conversion",
                                                             "common_feature_index"}));
  return std::shared_ptr<const RowFormat>(
      std::make_shared<AliCcpFormat>(std::move(columns), std::move(common)));
}

}  // namespace chorus::worker
