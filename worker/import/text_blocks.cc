#include "worker/import/text_blocks.h"

#include <algorithm>
#include <utility>

#include "common/log.h"
#include "common/strings.h"
#include "worker/import/bad_rows.h"
#include "worker/import/block_builder.h"
#include "worker/import/chunk_reader.h"
#include "worker/import/column_plan.h"
#include "worker/import/context_serials.h"
#include "worker/import/crossed_slots.h"
#include "worker/import/inputs.h"
#include "worker/import/row_inputs.h"
#include "worker/import/summary.h"
#include "worker/import/text_rules.h"
#include "worker/log/cell_rules.h"
#include "worker/log/column_map.h"

namespace chorus::worker {
namespace {

constexpr size_t kShownPlaces = 20;

class FileTextBlocks final : public TextBlocks {
 public:
  FileTextBlocks(const TextOptions& options, std::unique_ptr<RowTable> table, ColumnPlan plan,
                 const LogSchema& model)
      : block_rows_(std::min<uint64_t>(options.schema.block_rows(), options.schema.file_rows())),
        table_(std::move(table)),
        plan_(std::move(plan)),
        schema_(Normalised(model, plan_)),
        builder_(plan_, schema_),
        notes_(plan_.noted()),
        bad_rows_(options.max_bad_rows, /*tell=*/true, nullptr, options.bad_row_remedy) {}

  Status Begin(const LogSchema& model) {
    ASSIGN_OR_RETURN(map_, ColumnMap::Make(model, schema_));
    ASSIGN_OR_RETURN(reader_, ChunkReader::Create(*table_, plan_, /*threads=*/1));
    return Status::Ok();
  }

  Result<bool> Next(RowBlock* out) override {
    constexpr size_t kMostRows = size_t{1} << 16;  // of a block; bad rows alone may be many
    out->rows.clear();
    out->batch = Batch();
    while (!ended_ && !IsComplete() && out->rows.size() < kMostRows) {
      if (chunk_ == nullptr || next_ == chunk_->parsed.count) {
        RETURN_IF_ERROR(TakeChunk());
      } else {
        RETURN_IF_ERROR(AddRow(chunk_->parsed.rows[next_], &chunk_->parsed.shown[next_], out));
        ++next_;
      }
    }
    if (builder_.rows() > 0 && (ended_ || IsComplete())) {
      out->batch = builder_.Take();
      map_.Apply(&out->batch);
    }
    return !out->rows.empty() || out->batch.rows() > 0;
  }

  std::string Summary() const override {
    std::string out = SummaryLine("rows read", StrCat(rows_));
    SkippedText skipped = table_->skipped();
    skipped.repeated_headers += repeated_headers_;
    out += FormatSkipped(skipped);
    const uint64_t bad = bad_rows_.count();
    out += SummaryLine("rows without score",
                       bad == 0 ? "0"
                                : StrCat(bad, ", their scores are empty: ", Join(bad_places_, ", "),
                                         bad > bad_places_.size() ? ", ..." : ""));
    if (!map_.ignored().empty()) {
      out += SummaryLine("not in the model", Join(map_.ignored(), ", "));
    }
    out += FormatLeftOut(plan_.left_out);
    return out + FormatNotes(notes_.List(NotedNames(plan_)));
  }

 private:
  static LogSchema Normalised(const LogSchema& model, const ColumnPlan& plan) {
    LogSchema schema = plan.schema;
    TakeNormalisation(model, plan, &schema);
    return schema;
  }

  bool IsComplete() const { return builder_.rows() >= block_rows_ || builder_.crowded(); }

  // The next rows; none of them may be well formed, or there at all.
  Status TakeChunk() {
    builder_.Flush();
    if (chunk_ != nullptr) serials_.Pass(chunk_->parsed);
    ASSIGN_OR_RETURN(chunk_, reader_->Next());
    next_ = 0;
    ended_ = chunk_ == nullptr;
    if (ended_) return Status::Ok();
    first_serial_ = serials_.FirstOf(chunk_->parsed);
    notes_.Add(chunk_->parsed.notes);
    repeated_headers_ += chunk_->parsed.repeated_headers;
    return Status::Ok();
  }

  Status AddRow(ParsedChunk::Row& parsed, SourceRow* shown, RowBlock* out) {
    const uint64_t number = rows_++;
    if (!plan_.row_id.has_value()) parsed.parsed.row_id = number;
    SourceRow& row = out->rows.emplace_back(std::move(*shown));
    if (parsed.status.ok()) {
      row.id = plan_.row_id_text ? parsed.parsed.row_id_text : StrCat(parsed.parsed.row_id);
      builder_.Hold(parsed.parsed, chunk_->parsed.contexts[parsed.context],
                    first_serial_ + parsed.context);
      return Status::Ok();
    }
    row.has_exposure = false;
    if (!plan_.row_id.has_value()) row.id = StrCat(number);
    const std::string place = table_->PlaceOf(*chunk_->piece, parsed.place);
    if (bad_places_.size() < kShownPlaces) bad_places_.push_back(place);
    return bad_rows_.Add(Status(parsed.status).Annotate(place));
  }

  const uint64_t block_rows_;
  const std::unique_ptr<RowTable> table_;
  const ColumnPlan plan_;
  const LogSchema schema_;  // of the input's features, normalised as the model's
  ColumnMap map_;
  std::unique_ptr<ChunkReader> reader_;
  ReadChunk* chunk_ = nullptr;  // of reader_; null before the first and behind the last
  uint32_t next_ = 0;           // of its rows
  ContextSerials serials_;
  uint64_t first_serial_ = 0;  // of chunk_'s contexts
  BlockBuilder builder_;
  ColumnNotes notes_;
  uint64_t repeated_headers_ = 0;
  BadRows bad_rows_;
  std::vector<std::string> bad_places_;
  uint64_t rows_ = 0;
  bool ended_ = false;
};

// A schema beside the model's own may be meant to differ (another separator in another text), or
// not. Typed columns have no separators.
void TellDifferences(const LogSchema& text, bool typed, const LogSchema& model) {
  Result<RuleDifferences> differences = DifferingRules(text, model);
  if (!differences.ok() || differences->empty()) return;
  std::vector<std::string> lines = std::move(differences->made);
  if (!typed) {
    lines.insert(lines.end(), differences->written.begin(), differences->written.end());
  }
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
  ASSIGN_OR_RETURN(const RowInputs rows, PrepareRows(files, options.schema, std::move(paths),
                                                     {.max_bad_rows = options.max_bad_rows,
                                                      .bad_row_remedy = options.bad_row_remedy}));
  const std::vector<TextInput>& inputs = rows.inputs;
  ASSIGN_OR_RETURN(auto table, rows.Open());
  auto plan =
      PlanColumns(options.schema, table->columns(), {.scoring = true, .types = table->types()});
  if (!plan.ok()) {
    return plan.status().Annotate(StrCat(options.schema_name, " and ", inputs[0].name));
  }
  if (!options.schema.row_id().empty() && !plan->row_id.has_value()) {
    LogWarning(inputs[0].name, " has no column ", options.schema.row_id(),
               " (row_id): its rows are numbered from 0");
  }
  TellDifferences(plan->schema, !table->types().empty(), model);
  auto blocks =
      std::make_unique<FileTextBlocks>(options, std::move(table), *std::move(plan), model);
  RETURN_IF_ERROR(blocks->Begin(model).Annotate(
      StrCat(options.schema_name, " and ", inputs[0].name, ": against the model")));
  return std::unique_ptr<TextBlocks>(std::move(blocks));
}

}  // namespace chorus::worker
