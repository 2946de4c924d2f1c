#include "worker/import/row_passes.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "common/check.h"
#include "common/log.h"
#include "common/progress.h"
#include "common/proto_enum.h"
#include "common/strings.h"
#include "worker/import/context_serials.h"
#include "worker/import/crossed_slots.h"
#include "worker/import/feature_doubts.h"
#include "worker/import/import_doubts.h"
#include "worker/import/numeric_outliers.h"
#include "worker/import/row_parser.h"

namespace chorus::worker {
namespace {
constexpr uint64_t kRowsBetweenLooks = 4096;  // at the clock, for progress
}  // namespace

// What a pass over the rows knows of the ones before.
struct RowPasses::Pass {
  Pass(const ImportOptions& options, bool is_first, BadRowList* bad_list, const ColumnPlan& plan)
      : first(is_first),
        bad_rows(options.max_bad_rows, is_first, is_first ? bad_list : nullptr,
                 options.bad_row_remedy, options.bad_rows_before),
        notes(plan.noted()),
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

Status RowPasses::InputChanged() {
  return FailedPrecondition("the input changed while it was read a second time");
}

Status RowPasses::CountRows(RowTable& table) {
  ASSIGN_OR_RETURN(counted_rows_,
                   table.CountRows([this](uint64_t rows) { ShowProgress("counted", rows); }));
  return Status::Ok();
}

Status RowPasses::Run(RowTable& table, std::string_view verb, RowVisitor& visitor) {
  ASSIGN_OR_RETURN(const auto reader, ChunkReader::Create(table, plan_, options_.threads));
  Pass pass(options_, /*is_first=*/!counts_.has_value(), bad_list_, plan_);
  while (true) {
    ASSIGN_OR_RETURN(ReadChunk* const chunk, reader->Next());
    if (chunk == nullptr) break;
    RETURN_IF_ERROR(VisitChunk(table, verb, *chunk, &pass, visitor));
  }
  if (options_.progress != nullptr) options_.progress->Clear();
  if (counts_ && *counts_ != pass.counts) return InputChanged();
  counts_ = pass.counts;
  for (const std::string& line : pass.outliers.Describe()) LogWarning(line);
  notes_ = pass.notes.List(NotedNames(plan_));
  if (pass.first) TellDoubts(&pass);
  repeated_headers_ = pass.repeated_headers;
  unread_ = std::move(pass.unread);
  return Status::Ok();
}

Status RowPasses::VisitChunk(const RowTable& table, std::string_view verb, ReadChunk& chunk,
                             Pass* pass, RowVisitor& visitor) {
  ParsedChunk& parsed = chunk.parsed;
  pass->notes.Add(parsed.notes);
  pass->unread.Add(parsed.unread);
  pass->repeated_headers += parsed.repeated_headers;
  const uint64_t first_serial = pass->serials.FirstOf(parsed);
  for (uint32_t i = 0; i < parsed.count; ++i) {
    ParsedChunk::Row& row = parsed.rows[i];
    if (!plan_.row_id) {
      row.parsed.row_id = options_.first_row + pass->counts.read;  // its number from 0
    }
    ShowProgress(verb, ++pass->counts.read);
    RETURN_IF_ERROR(VisitRow(table, chunk, row, first_serial, pass, visitor));
  }
  pass->serials.Pass(parsed);
  visitor.EndChunk();
  return Status::Ok();
}

Status RowPasses::VisitRow(const RowTable& table, const ReadChunk& chunk,
                           const ParsedChunk::Row& row, uint64_t first_serial, Pass* pass,
                           RowVisitor& visitor) {
  const auto place = [&] { return table.PlaceOf(*chunk.piece, row.place); };
  if (!row.status.ok()) {
    ++pass->counts.bad;
    return pass->bad_rows.Add(Status(row.status).Annotate(place()));
  }
  const uint64_t row_number = options_.first_row + pass->counts.read - 1;
  if (row.parsed.conversion > row.parsed.click) {
    ASSIGN_OR_RETURN(const bool keep, KeepUnclickedConversion(table, chunk, row, &pass->counts));
    if (!keep) return Status::Ok();
  }
  const ParsedSide& context = chunk.parsed.contexts[row.context];
  if (pass->first) {
    pass->outliers.Add(context, row.parsed.exposure, place);
    pass->features.Add(context, row.parsed.exposure);
    const bool repeated = plan_.row_id && pass->repeated.Add(row.parsed.row_id);
    if (repeated && pass->first_repeated.empty()) pass->first_repeated = place();
  }
  uint32_t part = 0;
  if (options_.split.parts() > 1) {
    ASSIGN_OR_RETURN(part, PartOf(row.parsed, row_number, &pass->counts));
  }
  return visitor.Visit(KeptRow{row.parsed, context, first_serial + row.context}, part);
}

Result<bool> RowPasses::KeepUnclickedConversion(const RowTable& table, const ReadChunk& chunk,
                                                const ParsedChunk::Row& row,
                                                RowCounts* counts) const {
  switch (schema_.unclicked_conversion()) {
    case REJECT:
      return InvalidArgument(
          StrCat(table.PlaceOf(*chunk.piece, row.place),
                 ": a conversion without a click, and unclicked_conversion is REJECT"));
    case KEEP_UNCLICKED:
      ++counts->kept_unclicked_conversions;
      return true;
    case DROP:
    case UNCLICKED_CONVERSION_UNSPECIFIED:
      ++counts->dropped_unclicked_conversions;
      return false;
    case NO_VALUE_OF(UnclickedConversion):
      break;
  }
  CHECK(false, "no policy: ", schema_.unclicked_conversion());
}

// REQUIRES: there are several.
Result<uint32_t> RowPasses::PartOf(const ParsedRow& row, uint64_t row_number,
                                   RowCounts* counts) const {
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

// What the first pass has seen that is hardly meant.
void RowPasses::TellDoubts(Pass* pass) {
  repeated_ = pass->repeated.Counted(std::move(pass->first_repeated));
  const std::string repeated = DoubtOfRepeatedIds(schema_, repeated_);
  if (!repeated.empty()) LogWarning(repeated);
  for (const std::string& line : DoubtsOfCells(notes_)) LogWarning(line);
  if (options_.bad_rows_before.has_value()) return;  // of a text that goes on: more may come
  // Where means come from another log, a column may well be constant in this one.
  const bool constants = options_.like.empty() && options_.like_schema == nullptr;
  for (const std::string& line : pass->features.Describe(constants)) LogWarning(line);
}

void RowPasses::ShowProgress(std::string_view verb, uint64_t rows) const {
  if (rows % kRowsBetweenLooks != 0 || options_.progress == nullptr) return;
  if (!options_.progress->Due()) return;
  const double seconds = options_.progress->elapsed_seconds();
  options_.progress->Show(StrCat("import: ", verb, " ", rows, " rows, ",
                                 static_cast<uint64_t>(static_cast<double>(rows) / seconds),
                                 " rows/s"));
}

}  // namespace chorus::worker
