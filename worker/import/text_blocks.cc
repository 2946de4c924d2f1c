#include "worker/import/text_blocks.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "common/log.h"
#include "common/strings.h"
#include "worker/import/bad_rows.h"
#include "worker/import/block_builder.h"
#include "worker/import/column_plan.h"
#include "worker/import/inputs.h"
#include "worker/import/row_parser.h"
#include "worker/import/summary.h"
#include "worker/import/text_format.h"
#include "worker/import/text_rules.h"
#include "worker/import/text_table.h"
#include "worker/log/column_map.h"

namespace chorus::worker {
namespace {

constexpr size_t kShownPlaces = 20;

// The labels of a text, which need not be there.
class ShownLabels {
 public:
  ShownLabels() = default;
  ShownLabels(const ImportSchema& schema, const ColumnPlan& plan)
      : click_(Find(schema.click(), plan)), conversion_(Find(schema.conversion(), plan)) {}

  void Read(const std::vector<std::string_view>& cells, const CellRules& rules,
            SourceRow* row) const {
    if (click_.has_value()) row->click = TextOf(rules.Read(cells[*click_]));
    if (!conversion_.has_value()) return;
    const CellRules::Cell conversion = rules.Read(cells[*conversion_]);
    // As in an import, a row without click may have no conversion: it is 0.
    const bool none = conversion.missing && *row->click == '0';
    row->conversion = none ? "0" : TextOf(conversion);
  }

 private:
  static std::optional<uint32_t> Find(const std::string& name, const ColumnPlan& plan) {
    const auto at = std::find(plan.columns.begin(), plan.columns.end(), name);
    if (name.empty() || at == plan.columns.end()) return std::nullopt;
    return static_cast<uint32_t>(at - plan.columns.begin());
  }

  static const char* TextOf(const CellRules::Cell& cell) {
    const std::optional<uint8_t> label = cell.missing ? std::nullopt : LabelFromText(cell.text);
    return !label.has_value() ? "" : *label == 1 ? "1" : "0";
  }

  std::optional<uint32_t> click_, conversion_;
};

class FileTextBlocks final : public TextBlocks {
 public:
  FileTextBlocks(const TextOptions& options, std::unique_ptr<TextTable> table, ColumnPlan plan,
                 const LogSchema& model)
      : block_rows_(std::min<uint64_t>(options.schema.block_rows(), options.schema.file_rows())),
        table_(std::move(table)),
        plan_(std::move(plan)),
        schema_(Normalised(model, plan_)),
        labels_(options.schema, plan_),
        parser_(plan_),
        builder_(plan_, schema_),
        bad_rows_(options.max_bad_rows, /*tell=*/true) {}

  Status MatchColumns(const LogSchema& model) {
    ASSIGN_OR_RETURN(map_, ColumnMap::Make(model, schema_));
    return Status::Ok();
  }

  Result<bool> Next(RowBlock* out) override {
    constexpr size_t kMostRows = size_t{1} << 16;  // of a block; bad rows alone may be many
    out->rows.clear();
    out->batch = Batch();
    while (!ended_ && !IsComplete() && out->rows.size() < kMostRows) {
      ASSIGN_OR_RETURN(const bool got, table_->Next());
      ended_ = !got;
      if (got) RETURN_IF_ERROR(AddRow(out));
    }
    if (builder_.rows() > 0 && (ended_ || IsComplete())) {
      out->batch = builder_.Take();
      map_.Apply(&out->batch);
    }
    return !out->rows.empty() || out->batch.rows() > 0;
  }

  std::string Summary() const override {
    std::string out = SummaryLine("rows read", StrCat(rows_));
    out += FormatSkipped(table_->skipped());
    const uint64_t bad = bad_rows_.count();
    out += SummaryLine("rows without score",
                       bad == 0 ? "0"
                                : StrCat(bad, ", their scores are empty: ", Join(bad_places_, ", "),
                                         bad > bad_places_.size() ? ", ..." : ""));
    if (!map_.ignored().empty()) {
      out += SummaryLine("not in the model", Join(map_.ignored(), ", "));
    }
    out += FormatLeftOut(plan_.left_out);
    return out + FormatNotes(parser_.notes().List(plan_.columns));
  }

 private:
  static LogSchema Normalised(const LogSchema& model, const ColumnPlan& plan) {
    LogSchema schema = plan.schema;
    TakeNormalisation(model, plan, &schema);
    return schema;
  }

  bool IsComplete() const { return builder_.rows() >= block_rows_ || builder_.crowded(); }

  Status AddRow(RowBlock* out) {
    ++rows_;
    SourceRow& row = out->rows.emplace_back();
    Status status = table_->malformed();
    const bool has_cells = status.ok();
    if (has_cells) {
      labels_.Read(table_->cells(), plan_.rules, &row);
      status = parser_.Parse(table_->cells(), table_->row_number(), &parsed_);
    }
    if (parser_.notes().wants_place()) parser_.notes().SetPlace(table_->Place());
    if (status.ok()) {
      row.id = plan_.row_id_text ? parsed_.row_id_text : StrCat(parsed_.row_id);
      builder_.Add(parsed_);
      return Status::Ok();
    }
    row.has_exposure = false;
    row.id = IdOfBadRow(has_cells);
    const std::string place = table_->Place();
    if (bad_places_.size() < kShownPlaces) bad_places_.push_back(place);
    return bad_rows_.Add(status.Annotate(place));
  }

  // As it stands in the text, if it does.
  std::string IdOfBadRow(bool has_cells) const {
    if (!plan_.row_id.has_value()) return StrCat(table_->row_number());
    if (!has_cells) return "";
    const std::string_view cell = plan_.rules.Read(table_->cells()[*plan_.row_id], true).text;
    return cell.find('\t') == std::string_view::npos ? std::string(cell) : "";
  }

  const uint64_t block_rows_;
  const std::unique_ptr<TextTable> table_;
  const ColumnPlan plan_;
  const LogSchema schema_;  // of the text's features, normalised as the model's
  const ShownLabels labels_;
  ColumnMap map_;
  RowParser parser_;
  ParsedRow parsed_;
  BlockBuilder builder_;
  BadRows bad_rows_;
  std::vector<std::string> bad_places_;
  uint64_t rows_ = 0;
  bool ended_ = false;
};

// A schema beside the model's own may be meant to differ (another separator in another text), or
// not.
void TellDifferences(const LogSchema& text, const LogSchema& model) {
  const Result<ImportSchema> ours = TextRulesOf(text), theirs = TextRulesOf(model);
  if (!ours.ok() || !theirs.ok()) return;
  const std::vector<std::string> lines = DifferingRules(*ours, *theirs);
  if (lines.empty()) return;
  LogWarning("the schema reads text otherwise than the model's own does (schema | model): ",
             Join(lines, "; "));
}

}  // namespace

Result<std::unique_ptr<TextBlocks>> TextBlocks::Open(FileSystem& files, const TextOptions& options,
                                                     const LogSchema& model) {
  if (LooksAhead(options.schema) && std::count(options.inputs.begin(), options.inputs.end(), "-")) {
    return InvalidArgument("rows of this format are read twice: standard input cannot be");
  }
  ASSIGN_OR_RETURN(std::vector<TextInput> paths,
                   MakeInputs(files, options.inputs, options.standard_input, ""));
  ASSIGN_OR_RETURN(const RowsOfText text, PrepareText(files, options.schema, std::move(paths),
                                                      {.max_bad_rows = options.max_bad_rows}));
  const std::vector<TextInput>& inputs = text.inputs;
  ASSIGN_OR_RETURN(auto table, TextTable::Open(inputs, text.format));
  auto plan = PlanColumns(options.schema, table->columns(), {.scoring = true});
  if (!plan.ok()) {
    return plan.status().Annotate(StrCat(options.schema_name, " and ", inputs[0].name));
  }
  if (!options.schema.row_id().empty() && !plan->row_id.has_value()) {
    LogWarning(inputs[0].name, " has no column ", options.schema.row_id(),
               " (row_id): its rows are numbered from 0");
  }
  TellDifferences(plan->schema, model);
  auto blocks =
      std::make_unique<FileTextBlocks>(options, std::move(table), *std::move(plan), model);
  RETURN_IF_ERROR(blocks->MatchColumns(model).Annotate(
      StrCat(options.schema_name, " and ", inputs[0].name, ": against the model")));
  return std::unique_ptr<TextBlocks>(std::move(blocks));
}

}  // namespace chorus::worker
