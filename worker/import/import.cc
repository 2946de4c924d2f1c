#include "worker/import/import.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "common/log.h"
#include "common/output_folder.h"
#include "common/strings.h"
#include "worker/import/bad_rows.h"
#include "worker/import/block_builder.h"
#include "worker/import/column_plan.h"
#include "worker/import/delimited_row.h"
#include "worker/import/id_counts.h"
#include "worker/import/inputs.h"
#include "worker/import/label_doubt.h"
#include "worker/import/numeric_statistics.h"
#include "worker/import/row_inputs.h"
#include "worker/import/row_passes.h"
#include "worker/import/row_table.h"
#include "worker/import/text_rules.h"
#include "worker/import/waiting_blocks.h"
#include "worker/log/log_reader.h"

namespace chorus::worker {
namespace {

constexpr uint64_t kMostWaitingBytes = uint64_t{256} << 20;  // of blocks, in memory

// Calls what it was made of.
template <typename Call>
class EachRow final : public RowVisitor {
 public:
  explicit EachRow(const Call& call) : call_(call) {}
  Status Visit(const KeptRow& kept, uint32_t part) override {
    call_(kept, part);
    return Status::Ok();
  }

 private:
  const Call& call_;
};

// Puts rows into blocks, part by part.
class RowBlocks final : public RowVisitor {
 public:
  using Take = std::function<Status(uint32_t part, BlockBuilder& builder)>;
  // take: called when a block is full, and by Finish for the last one of each part.
  RowBlocks(std::vector<BlockBuilder> builders, uint64_t block_rows, Take take)
      : builders_(std::move(builders)), block_rows_(block_rows), take_(std::move(take)) {}

  Status Visit(const KeptRow& kept, uint32_t part) override {
    any_ = true;
    BlockBuilder& builder = builders_[part];
    builder.Hold(kept.row, kept.context, kept.context_serial);
    if (builder.rows() < block_rows_ && !builder.crowded()) return Status::Ok();
    return take_(part, builder);
  }
  void EndChunk() override {
    for (BlockBuilder& builder : builders_) builder.Flush();
  }
  Status Finish() {
    for (uint32_t part = 0; part < builders_.size(); ++part) {
      if (builders_[part].rows() > 0) RETURN_IF_ERROR(take_(part, builders_[part]));
    }
    return Status::Ok();
  }
  bool any() const { return any_; }  // whether there was a row

 private:
  std::vector<BlockBuilder> builders_;  // [parts]
  const uint64_t block_rows_;
  const Take take_;
  bool any_ = false;
};

// The rows of the part that means are learnt from, and then others that visit all.
class LearningRows final : public RowVisitor {
 public:
  LearningRows(const ColumnPlan& plan, uint32_t training_part, RowVisitor* then)
      : statistics_(plan), training_part_(training_part), then_(*then) {}
  Status Visit(const KeptRow& kept, uint32_t part) override {
    if (training_part_ == Split::kAllParts || part == training_part_) {
      statistics_.Add(kept.context, kept.row.exposure);
    }
    return then_.Visit(kept, part);
  }
  void EndChunk() override { then_.EndChunk(); }
  void Learn(LogSchema* schema) const { statistics_.Learn(schema); }

 private:
  NumericStatistics statistics_;
  const uint32_t training_part_;
  RowVisitor& then_;
};

class Import {
 public:
  Import(FileSystem& files, const ImportSchema& schema, const ImportOptions& options)
      : files_(files), schema_(schema), options_(options) {}

  // The list of bad rows is there also when they were too many, or something else went wrong; an
  // earlier one stays where this import has none to list.
  Result<ImportSummary> Run() {
    if (!options_.bad_rows.empty()) {
      ASSIGN_OR_RETURN(bad_rows_, BadRowList::Create(files_, options_.bad_rows));
    }
    Result<ImportSummary> summary = Make();
    if (summary.ok() || bad_rows_ == nullptr || bad_rows_->empty()) return summary;
    if (const Status listed = bad_rows_->Commit(); !listed.ok()) {
      LogWarning("the list of bad rows is not written: ", listed.message());
    }
    return summary;
  }

 private:
  Result<ImportSummary> Make() {
    RETURN_IF_ERROR(CheckOptions());
    ASSIGN_OR_RETURN(const auto folder, OutputFolder::Create(files_, options_.output, "importing"));
    const bool counts = !TakesEarlier() && AsksForCounts(schema_);
    const bool learns_once = !TakesEarlier() && !counts && NeedsStatistics(schema_);
    const bool several_passes = options_.split_contiguous || counts || LooksAhead(schema_);
    std::vector<TextInput> inputs = options_.given_inputs;
    if (inputs.empty()) {
      ASSIGN_OR_RETURN(inputs, MakeInputs(files_, options_.inputs, options_.standard_input,
                                          several_passes ? SpoolPath(folder->path()) : ""));
    }
    ASSIGN_OR_RETURN(inputs_,
                     PrepareRows(files_, schema_, std::move(inputs), CommonOptions(*folder)));
    ASSIGN_OR_RETURN(auto table, OpenTable());
    auto plan = PlanColumns(schema_, table->columns(),
                            {.split_by = options_.split_by,
                             .split_by_time = options_.split.time_column(),
                             .unlabelled = options_.unlabelled,
                             .types = table->types()});
    if (!plan.ok()) {
      return plan.status().Annotate(StrCat(options_.schema_name, " and ", inputs_.inputs[0].name));
    }
    plan_ = std::move(plan).value();
    log_schema_ = plan_.schema;
    passes_.emplace(schema_, options_, plan_, bad_rows_.get());
    if (options_.split_contiguous) {
      RETURN_IF_ERROR(passes_->CountRows(*table));
      ASSIGN_OR_RETURN(table, OpenTable());
    }
    if (TakesEarlier()) {
      RETURN_IF_ERROR(TakeEarlierStatistics(!table->types().empty()));
    }
    if (counts) {
      RETURN_IF_ERROR(Learn(std::move(table)));
      ASSIGN_OR_RETURN(table, OpenTable());
    }
    ASSIGN_OR_RETURN(ImportSummary summary, learns_once ? LearnAndWriteLog(*table, folder->path())
                                                        : WriteLog(*table, folder->path()));
    table.reset();
    inputs_ = {};  // ends the temporary file of common features
    if (several_passes) RETURN_IF_ERROR(RemoveSpool(files_, SpoolPath(folder->path())));
    if (bad_rows_ != nullptr) RETURN_IF_ERROR(bad_rows_->Commit());
    RETURN_IF_ERROR(folder->Commit());
    return summary;
  }

  Status CheckOptions() const {
    if (!options_.split.time_column().empty() &&
        (options_.split_contiguous || !options_.split_by.empty())) {
      return InvalidArgument("--split-by-time does not go with --split-by and --split-contiguous");
    }
    const bool splits = options_.split.parts() > 1 || !options_.split.name(0).empty();
    if (!splits && (options_.split_contiguous || !options_.split_by.empty())) {
      return InvalidArgument("--split-by and --split-contiguous need --split");
    }
    if (options_.split_contiguous && !options_.split_by.empty()) {
      return InvalidArgument(
          "--split-contiguous cuts by row number: it does not go with --split-by");
    }
    return Status::Ok();
  }

  CommonRowsOptions CommonOptions(const OutputFolder& folder) const {
    return {.memory_bytes = options_.memory_bytes,
            .spill_path = JoinPath(folder.path(), "common-features"),
            .threads = options_.threads,
            .max_bad_rows = options_.max_bad_rows,
            .bad_list = bad_rows_.get(),
            .bad_row_remedy = options_.bad_row_remedy,
            .progress = options_.progress};
  }

  Result<std::unique_ptr<RowTable>> OpenTable() {
    ASSIGN_OR_RETURN(auto table, inputs_.Open());
    if (!plan_.columns.empty() && table->columns() != plan_.columns) {
      return RowPasses::InputChanged();
    }
    return table;
  }

  bool TakesEarlier() const { return !options_.like.empty() || options_.like_schema != nullptr; }

  // typed: the inputs' columns are.
  Status TakeEarlierStatistics(bool typed) {
    if (options_.like_schema != nullptr) {
      // That its rules are the same, follow_import.cc says.
      return TakeStatistics(*options_.like_schema, plan_, &log_schema_)
          .Annotate("the log files that are there");
    }
    ASSIGN_OR_RETURN(const auto log, LogReader::Open(files_, {options_.like}));
    const std::string name = StrCat("--like ", options_.like);
    RETURN_IF_ERROR(TakeStatistics(log->schema(), plan_, &log_schema_).Annotate(name));
    return CheckSameRules(log_schema_, log->schema(), name, typed).Annotate(name);
  }

  // Counts of ids from all rows, and means and deviations from those of the training part.
  Status Learn(std::unique_ptr<RowTable> table) {
    IdCounts counts(plan_, options_.memory_bytes);
    const auto count = [&](const KeptRow& kept, uint32_t) {
      counts.Add(kept.context, kept.context_serial, kept.row.exposure);
    };
    EachRow counting(count);
    LearningRows rows(plan_, options_.split.training_part(), &counting);
    RETURN_IF_ERROR(passes_->Run(*table, "learnt from", rows));
    rows.Learn(&log_schema_);
    while (!counts.EndPass()) {
      LogInfo("the counts of min_count do not fit into --memory: one more pass over the inputs");
      ASSIGN_OR_RETURN(table, OpenTable());
      RETURN_IF_ERROR(passes_->Run(*table, "counted ids of", counting));
    }
    counts.Finish(&plan_);
    return Status::Ok();
  }

  std::vector<BlockBuilder> Builders(bool of_raw_numerics) const {
    std::vector<BlockBuilder> builders;
    for (uint32_t part = 0; part < options_.split.parts(); ++part) {
      builders.push_back(of_raw_numerics ? BlockBuilder::OfRawNumerics(plan_)
                                         : BlockBuilder(plan_, log_schema_));
    }
    return builders;
  }

  uint64_t BlockRows() const {
    return std::min<uint64_t>(schema_.block_rows(), schema_.file_rows());
  }

  std::unique_ptr<LogOutput> NewOutput(const std::string& folder) {
    std::vector<std::string> names;
    for (uint32_t part = 0; part < options_.split.parts(); ++part) {
      names.push_back(options_.split.name(part));
    }
    return LogOutput::Create(files_, folder, names, log_schema_, schema_.file_rows(),
                             options_.threads);
  }

  // Means and deviations are known.
  Result<ImportSummary> WriteLog(RowTable& table, const std::string& folder) {
    const auto output = NewOutput(folder);
    RowBlocks blocks(Builders(false), BlockRows(), [&](uint32_t part, BlockBuilder& builder) {
      return output->Add(part, builder.Take());
    });
    RETURN_IF_ERROR(passes_->Run(table, "imported", blocks));
    RETURN_IF_ERROR(blocks.Finish());
    return Finish(table, blocks.any(), output.get());
  }

  // Means and deviations are learnt from the rows that are written: blocks wait for them, so that
  // the inputs are read once.
  Result<ImportSummary> LearnAndWriteLog(RowTable& table, const std::string& folder) {
    const auto waiting =
        WaitingBlocks::Create(files_, plan_,
                              {.path = JoinPath(folder, "waiting-blocks"),
                               .memory_bytes = std::min(options_.memory_bytes, kMostWaitingBytes),
                               .threads = options_.threads});
    RowBlocks blocks(Builders(true), BlockRows(), [&](uint32_t part, BlockBuilder& builder) {
      RawNumerics raw;
      Batch batch = builder.TakeRaw(&raw);
      return waiting->Add(part, std::move(batch), std::move(raw));
    });
    LearningRows rows(plan_, options_.split.training_part(), &blocks);
    RETURN_IF_ERROR(passes_->Run(table, "imported", rows));
    RETURN_IF_ERROR(blocks.Finish());
    rows.Learn(&log_schema_);
    ImportSummary summary;
    {
      const auto output = NewOutput(folder);
      RETURN_IF_ERROR(waiting->GiveTo(output.get(), log_schema_));
      ASSIGN_OR_RETURN(summary, Finish(table, blocks.any(), output.get()));
    }
    RETURN_IF_ERROR(waiting->RemoveFile());
    return summary;
  }

  Result<ImportSummary> Finish(const RowTable& table, bool any_row, LogOutput* output) const {
    if (!any_row && options_.may_be_empty) return Summarise(table, {});
    Result<std::vector<PartSummary>> finished = output->Finish(options_.may_be_empty);
    if (finished.status().code() == Code::kInvalidArgument && plan_.split_by_time) {
      return InvalidArgument(StrCat(finished.status().message(), TimesOfSplit()));
    }
    ASSIGN_OR_RETURN(std::vector<PartSummary> parts, std::move(finished));
    return Summarise(table, std::move(parts));
  }

  // Why a part of a split by time may be empty: ": column 'ts' has times from ..."
  std::string TimesOfSplit() const {
    const std::string column = Shown(options_.split.time_column());
    if (passes_->counts().least_split_time > passes_->counts().most_split_time) {
      return StrCat(": column ", column, " has no times");
    }
    std::vector<std::string> cuts;
    for (const int64_t cut : options_.split.cuts()) cuts.push_back(StrCat(cut));
    return StrCat(": column ", column, " has times from ", passes_->counts().least_split_time,
                  " to ", passes_->counts().most_split_time, ", and --split-by-time cuts at ",
                  Join(cuts, " and "),
                  " (a cut has the column's own unit; dates are seconds since 1970)");
  }

  ImportSummary Summarise(const RowTable& table, std::vector<PartSummary> parts) const {
    ImportSummary summary;
    summary.rows = passes_->counts();
    summary.repeated_ids = passes_->repeated();
    summary.bad_common_rows = inputs_.bad_common_rows;
    summary.has_contexts = !plan_.context_columns.empty();
    summary.skipped = table.skipped();
    summary.skipped.repeated_headers += passes_->repeated_headers();
    summary.notes = passes_->notes();
    summary.left_out = plan_.left_out;
    for (const auto& [name, count] : passes_->unread().counts()) {
      summary.left_out.push_back(StrCat(Shown(name), " (", count, " times)"));
    }
    summary.has_click = log_schema_.has_click;
    summary.has_conversion = log_schema_.has_conversion;
    summary.parts = std::move(parts);
    TellDoubtOfLabels(summary);
    return summary;
  }

  void TellDoubtOfLabels(const ImportSummary& summary) const {
    const RowCounts& rows = summary.rows;
    ImportedLabels counts{.unclicked_conversions =
                              rows.dropped_unclicked_conversions + rows.kept_unclicked_conversions,
                          .has_click = summary.has_click,
                          .has_conversion = summary.has_conversion,
                          .goes_on = IsPortion()};
    for (const PartSummary& part : summary.parts) {
      counts.rows += part.rows;
      counts.clicks += part.clicks;
      counts.conversions += part.conversions;
    }
    const std::string doubt = DoubtOfLabels(schema_, counts);
    if (!doubt.empty()) LogWarning(doubt);
    if (options_.split.training_part() == Split::kAllParts) return;
    for (const PartSummary& part : summary.parts) {
      const std::string of_part = DoubtOfPart(
          part.name, {.rows = part.rows, .clicks = part.clicks, .conversions = part.conversions},
          counts);
      if (!of_part.empty()) LogWarning(of_part);
    }
  }

  // Of a text that goes on: what is not there yet may come.
  bool IsPortion() const { return options_.bad_rows_before.has_value(); }

  FileSystem& files_;
  const ImportSchema& schema_;
  const ImportOptions& options_;
  RowInputs inputs_;
  std::unique_ptr<BadRowList> bad_rows_;  // null: they are not listed
  ColumnPlan plan_;
  LogSchema log_schema_;             // plan_.schema and what was learnt
  std::optional<RowPasses> passes_;  // from when the columns are known
};

}  // namespace

Result<ImportSummary> ImportText(FileSystem& files, const ImportSchema& schema,
                                 const ImportOptions& options) {
  return Import(files, schema, options).Run();
}

}  // namespace chorus::worker
