#include "worker/import/import.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "common/log.h"
#include "common/output_folder.h"
#include "common/strings.h"
#include "worker/import/bad_rows.h"
#include "worker/import/block_builder.h"
#include "worker/import/chunk_reader.h"
#include "worker/import/column_plan.h"
#include "worker/import/context_serials.h"
#include "worker/import/delimited_row.h"
#include "worker/import/feature_doubts.h"
#include "worker/import/id_counts.h"
#include "worker/import/import_doubts.h"
#include "worker/import/inputs.h"
#include "worker/import/label_doubt.h"
#include "worker/import/numeric_outliers.h"
#include "worker/import/numeric_statistics.h"
#include "worker/import/row_inputs.h"
#include "worker/import/row_parser.h"
#include "worker/import/row_table.h"
#include "worker/log/log_reader.h"

namespace chorus::worker {
namespace {

constexpr uint64_t kRowsBetweenLooks = 4096;  // at the clock, for progress

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
    const bool learns = !TakesEarlier() && (NeedsStatistics(schema_) || AsksForCounts(schema_));
    const bool several_passes = options_.split_contiguous || learns || LooksAhead(schema_);
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
    if (options_.split_contiguous) {
      RETURN_IF_ERROR(CountRows(*table));
      ASSIGN_OR_RETURN(table, OpenTable());
    }
    if (TakesEarlier()) RETURN_IF_ERROR(TakeEarlierStatistics());
    if (learns) {
      RETURN_IF_ERROR(Learn(std::move(table)));
      ASSIGN_OR_RETURN(table, OpenTable());
    }
    ASSIGN_OR_RETURN(ImportSummary summary, WriteLog(*table, folder->path()));
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
    if (!plan_.columns.empty() && table->columns() != plan_.columns) return InputChanged();
    return table;
  }

  static Status InputChanged() {
    return FailedPrecondition("the input changed while it was read a second time");
  }

  Status CountRows(RowTable& table) {
    ASSIGN_OR_RETURN(counted_rows_,
                     table.CountRows([this](uint64_t rows) { ShowProgress("counted", rows); }));
    return Status::Ok();
  }

  bool TakesEarlier() const { return !options_.like.empty() || options_.like_schema != nullptr; }

  Status TakeEarlierStatistics() {
    if (options_.like_schema != nullptr) {
      return TakeStatistics(*options_.like_schema, plan_, &log_schema_)
          .Annotate("the log files that are there");
    }
    ASSIGN_OR_RETURN(const auto log, LogReader::Open(files_, {options_.like}));
    return TakeStatistics(log->schema(), plan_, &log_schema_)
        .Annotate(StrCat("--like ", options_.like));
  }

  // Means and deviations from the training part, and counts of ids from all.
  Status Learn(std::unique_ptr<RowTable> table) {
    NumericStatistics statistics(plan_);
    IdCounts counts(plan_, options_.memory_bytes);
    const uint32_t training = options_.split.training_part();
    RETURN_IF_ERROR(ForEachRow(*table, "learnt from", [&](const KeptRow& kept, uint32_t part) {
      if (training == Split::kAllParts || part == training) {
        statistics.Add(kept.context, kept.row.exposure);
      }
      counts.Add(kept.context, kept.context_serial, kept.row.exposure);
      return Status::Ok();
    }));
    statistics.Learn(&log_schema_);
    while (!counts.EndPass()) {
      LogInfo("the counts of min_count do not fit into --memory: one more pass over the inputs");
      ASSIGN_OR_RETURN(table, OpenTable());
      RETURN_IF_ERROR(ForEachRow(*table, "counted ids of", [&](const KeptRow& kept, uint32_t) {
        counts.Add(kept.context, kept.context_serial, kept.row.exposure);
        return Status::Ok();
      }));
    }
    counts.Finish(&plan_);
    return Status::Ok();
  }

  Result<ImportSummary> WriteLog(RowTable& table, const std::string& folder) {
    std::vector<std::string> names;
    std::vector<BlockBuilder> builders;
    for (uint32_t part = 0; part < options_.split.parts(); ++part) {
      names.push_back(options_.split.name(part));
      builders.emplace_back(plan_, log_schema_);
    }
    const auto output = LogOutput::Create(files_, folder, names, log_schema_, schema_.file_rows(),
                                          options_.threads);
    const uint64_t block_rows = std::min<uint64_t>(schema_.block_rows(), schema_.file_rows());
    bool any = !options_.may_be_empty;
    RETURN_IF_ERROR(ForEachRow(table, "imported", [&](const KeptRow& kept, uint32_t part) {
      any = true;
      BlockBuilder& builder = builders[part];
      builder.Add(kept.row, kept.context, kept.context_serial);
      if (builder.rows() < block_rows && !builder.crowded()) return Status::Ok();
      return output->Add(part, builder.Take());
    }));
    for (uint32_t part = 0; part < builders.size(); ++part) {
      if (builders[part].rows() > 0) RETURN_IF_ERROR(output->Add(part, builders[part].Take()));
    }
    if (!any) return Summarise(table, {});
    Result<std::vector<PartSummary>> finished = output->Finish();
    if (finished.status().code() == Code::kInvalidArgument && plan_.split_by_time) {
      return InvalidArgument(StrCat(finished.status().message(), TimesOfSplit()));
    }
    ASSIGN_OR_RETURN(std::vector<PartSummary> parts, std::move(finished));
    return Summarise(table, std::move(parts));
  }

  // Why a part of a split by time may be empty: ": column 'ts' has times from ..."
  std::string TimesOfSplit() const {
    const std::string column = Shown(options_.split.time_column());
    if (counts_->least_split_time > counts_->most_split_time) {
      return StrCat(": column ", column, " has no times");
    }
    std::vector<std::string> cuts;
    for (const int64_t cut : options_.split.cuts()) cuts.push_back(StrCat(cut));
    return StrCat(": column ", column, " has times from ", counts_->least_split_time, " to ",
                  counts_->most_split_time, ", and --split-by-time cuts at ", Join(cuts, " and "),
                  " (a cut has the column's own unit; dates are seconds since 1970)");
  }

  ImportSummary Summarise(const RowTable& table, std::vector<PartSummary> parts) const {
    ImportSummary summary;
    summary.rows = *counts_;
    summary.repeated_ids = repeated_;
    summary.bad_common_rows = inputs_.bad_common_rows;
    summary.has_contexts = !plan_.context_columns.empty();
    summary.skipped = table.skipped();
    summary.skipped.repeated_headers += repeated_headers_;
    summary.notes = notes_;
    summary.left_out = plan_.left_out;
    for (const auto& [name, count] : unread_.counts()) {
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
  }

  // Calls visit(row, part) for every row that is kept. Counts, and checks that every pass counts
  // the same.
  template <typename Visit>
  Status ForEachRow(RowTable& table, std::string_view verb, const Visit& visit) {
    ASSIGN_OR_RETURN(const auto reader, ChunkReader::Create(table, plan_, options_.threads));
    Pass pass(options_, /*first=*/!counts_.has_value(), bad_rows_.get(), plan_);
    while (true) {
      ASSIGN_OR_RETURN(ReadChunk* const chunk, reader->Next());
      if (chunk == nullptr) break;
      ParsedChunk& parsed = chunk->parsed;
      pass.notes.Add(parsed.notes);
      pass.unread.Add(parsed.unread);
      pass.repeated_headers += parsed.repeated_headers;
      const uint64_t first_serial = pass.serials.FirstOf(parsed);
      for (uint32_t i = 0; i < parsed.count; ++i) {
        ParsedChunk::Row& row = parsed.rows[i];
        if (!plan_.row_id) {
          row.parsed.row_id = options_.first_row + pass.counts.read;  // its number from 0
        }
        ShowProgress(verb, ++pass.counts.read);
        RETURN_IF_ERROR(VisitRow(table, *chunk, row, first_serial, &pass, visit));
      }
      pass.serials.Pass(parsed);
    }
    if (options_.progress != nullptr) options_.progress->Clear();
    if (counts_ && *counts_ != pass.counts) return InputChanged();
    counts_ = pass.counts;
    for (const std::string& line : pass.outliers.Describe()) LogWarning(line);
    notes_ = pass.notes.List(plan_.columns);
    if (pass.first) TellDoubts(pass);
    repeated_headers_ = pass.repeated_headers;
    unread_ = std::move(pass.unread);
    return Status::Ok();
  }

  // Of a text that goes on: what is not there yet may come.
  bool IsPortion() const { return options_.bad_rows_before.has_value(); }

  // What a pass over the rows knows of the ones before.
  struct Pass {
    Pass(const ImportOptions& options, bool is_first, BadRowList* bad_list, const ColumnPlan& plan)
        : first(is_first),
          bad_rows(options.max_bad_rows, is_first, is_first ? bad_list : nullptr,
                   options.bad_row_remedy, options.bad_rows_before),
          notes(static_cast<uint32_t>(plan.columns.size())),
          outliers(plan),
          features(plan) {}
    const bool first;
    RowCounts counts;
    BadRows bad_rows;
    ColumnNotes notes;
    NumericOutliers outliers;
    FeatureDoubts features;
    RepeatedIds repeated;
    std::string first_repeated;  // its place
    UnreadFields unread;
    uint64_t repeated_headers = 0;
    ContextSerials serials;
  };
  struct KeptRow {
    const ParsedRow& row;
    const ParsedSide& context;
    uint64_t context_serial;
  };

  // What the first pass has seen that is hardly meant.
  void TellDoubts(Pass& pass) {
    repeated_ = pass.repeated.Counted(std::move(pass.first_repeated));
    const std::string repeated = DoubtOfRepeatedIds(schema_, repeated_);
    if (!repeated.empty()) LogWarning(repeated);
    for (const std::string& line : DoubtsOfCells(notes_)) LogWarning(line);
    if (IsPortion()) return;
    for (const std::string& line : pass.features.Describe(/*constants=*/!TakesEarlier())) {
      LogWarning(line);
    }
  }

  template <typename Visit>
  Status VisitRow(const RowTable& table, const ReadChunk& chunk, const ParsedChunk::Row& row,
                  uint64_t first_serial, Pass* pass, const Visit& visit) {
    const auto place = [&] { return table.PlaceOf(*chunk.piece, row.place); };
    if (!row.status.ok()) {
      ++pass->counts.bad;
      return pass->bad_rows.Add(Status(row.status).Annotate(place()));
    }
    const uint64_t row_number = pass->counts.read - 1;
    if (row.parsed.conversion > row.parsed.click) {
      ASSIGN_OR_RETURN(const bool keep, KeepUnclickedConversion(place, &pass->counts));
      if (!keep) return Status::Ok();
    }
    const ParsedSide& context = chunk.parsed.contexts[row.context];
    if (pass->first) {
      pass->outliers.Add(context, row.parsed.exposure, place);
      pass->features.Add(context, row.parsed.exposure);
      const bool repeated = plan_.row_id && pass->repeated.Add(row.parsed.row_id);
      if (repeated && pass->first_repeated.empty()) pass->first_repeated = place();
    }
    ASSIGN_OR_RETURN(const uint32_t part, PartOf(row.parsed, row_number, &pass->counts));
    return visit(
        KeptRow{row.parsed, chunk.parsed.contexts[row.context], first_serial + row.context}, part);
  }

  template <typename Place>
  Result<bool> KeepUnclickedConversion(const Place& place, RowCounts* counts) const {
    switch (schema_.unclicked_conversion()) {
      case REJECT:
        return InvalidArgument(
            StrCat(place(), ": a conversion without a click, and unclicked_conversion is REJECT"));
      case KEEP_UNCLICKED:
        ++counts->kept_unclicked_conversions;
        return true;
      default:
        ++counts->dropped_unclicked_conversions;
        return false;
    }
  }

  Result<uint32_t> PartOf(const ParsedRow& row, uint64_t row_number, RowCounts* counts) const {
    if (options_.split.parts() == 1) return 0u;
    if (plan_.split_by_time) {
      if (row.split_time == kNoTime) {
        ++counts->without_split_time;
      } else {
        counts->least_split_time = std::min(counts->least_split_time, row.split_time);
        counts->most_split_time = std::max(counts->most_split_time, row.split_time);
      }
      return options_.split.PartOfTime(row.split_time);
    }
    if (!options_.split_contiguous) {
      return options_.split.PartOf(options_.split_seed, plan_.split_by ? row.split_id : row_number);
    }
    if (row_number >= counted_rows_) return InputChanged();
    return options_.split.PartOfRange(row_number, counted_rows_);
  }

  void ShowProgress(std::string_view verb, uint64_t rows) const {
    if (rows % kRowsBetweenLooks != 0 || options_.progress == nullptr) return;
    if (!options_.progress->Due()) return;
    const double seconds = options_.progress->elapsed_seconds();
    options_.progress->Show(StrCat("import: ", verb, " ", rows, " rows, ",
                                   static_cast<uint64_t>(static_cast<double>(rows) / seconds),
                                   " rows/s"));
  }

  FileSystem& files_;
  const ImportSchema& schema_;
  const ImportOptions& options_;
  RowInputs inputs_;
  std::unique_ptr<BadRowList> bad_rows_;  // null: they are not listed
  ColumnPlan plan_;
  LogSchema log_schema_;             // plan_.schema and what was learnt
  uint64_t counted_rows_ = 0;        // by CountRows
  std::optional<RowCounts> counts_;  // of the first pass that parsed rows
  RepeatedRows repeated_;            // the same
  // Of the last pass that parsed rows.
  std::vector<ColumnNote> notes_;
  uint64_t repeated_headers_ = 0;
  UnreadFields unread_;
};

}  // namespace

Result<ImportSummary> ImportText(FileSystem& files, const ImportSchema& schema,
                                 const ImportOptions& options) {
  return Import(files, schema, options).Run();
}

}  // namespace chorus::worker
