#include "worker/import/merge_logs.h"

#include <algorithm>
#include <map>
#include <memory>

#include "common/config.pb.h"
#include "common/output_folder.h"
#include "common/strings.h"
#include "worker/import/block_joiner.h"
#include "worker/import/delimited_row.h"
#include "worker/import/summary.h"
#include "worker/log/log_reader.h"

namespace chorus::worker {
namespace {

// How a log was imported, as far as it knows.
struct ImportedAs {
  std::string log;
  bool is_known = false;
  ImportSchema schema = {};
};

Result<ImportedAs> HowImported(FileSystem& files, const std::string& path) {
  ASSIGN_OR_RETURN(const auto log, LogReader::Open(files, {path}));
  ImportedAs out{.log = path, .is_known = !log->schema().text.empty()};
  if (out.is_known && !out.schema.ParseFromString(log->schema().text)) {
    return DataLoss(StrCat("log ", path, ": the rules of its text do not parse"));
  }
  return out;
}

// What the features of a column depend on, besides what the log's own schema says. Columns and
// separators do not count: other inputs may hold the same ids.
std::string RulesOf(ColumnSlot slot) {
  slot.clear_column();
  slot.clear_value_column();
  slot.clear_separator();
  slot.clear_value_separator();
  if (slot.min_count() <= 1) slot.clear_min_count();
  return slot.ShortDebugString();
}

std::string RulesOf(ColumnCross cross) {
  if (cross.min_count() <= 1) cross.clear_min_count();
  return cross.ShortDebugString();
}

std::string RulesOf(ColumnNumeric numeric) {
  numeric.clear_column();
  return numeric.ShortDebugString();
}

template <typename Columns>
Status CompareRules(const char* kind, const Columns& first, const Columns& other,
                    const std::string& first_log, const std::string& other_log) {
  for (const auto& column : first) {
    const auto same = std::find_if(other.begin(), other.end(), [&](const auto& candidate) {
      return candidate.name() == column.name();
    });
    if (same == other.end() || RulesOf(*same) == RulesOf(column)) continue;
    return FailedPrecondition(StrCat(kind, " ", Shown(column.name()),
                                     " was made by other rules: in ", first_log, " {",
                                     RulesOf(column), "}, in ", other_log, " {", RulesOf(*same),
                                     "}; import one of them again by the other's schema"));
  }
  return Status::Ok();
}

// Rows of a log file that is there twice would count twice.
Status CheckOnce(const LogReader& log) {
  std::map<uint64_t, std::string> seen;  // files by what they hold
  for (uint32_t file = 0; file < log.files().size(); ++file) {
    const std::string& name = log.files()[file];
    const auto [other, is_new] = seen.emplace(log.identity(file), name);
    if (is_new || !log.HoldsBlocks(file)) continue;
    return InvalidArgument(
        StrCat(other->second == name ? name : StrCat(other->second, " and ", name),
               other->second == name ? " is named twice" : " hold the same rows",
               ": they would be in the merged log twice; leave one out"));
  }
  return Status::Ok();
}

class Merge {
 public:
  Merge(FileSystem& files, const MergeOptions& options) : files_(files), options_(options) {}

  Result<MergeSummary> Run() {
    RETURN_IF_ERROR(CheckRules());
    ASSIGN_OR_RETURN(const auto log, LogReader::Open(files_, options_.logs));
    RETURN_IF_ERROR(CheckOnce(*log));
    ASSIGN_OR_RETURN(const auto folder, OutputFolder::Create(files_, options_.output, "merging"));
    const auto output = LogOutput::Create(files_, folder->path(), {""}, log->schema(), FileRows(),
                                          options_.threads);
    BlockJoiner joiner(log->schema(), BlockRows(*log),
                       [&](Batch block) { return output->Add(0, std::move(block)); });
    const auto blocks = static_cast<uint32_t>(log->blocks().size());
    RepeatedIds ids;
    Batch block;
    for (uint32_t i = 0; i < blocks; ++i) {
      RETURN_IF_ERROR(log->ReadBlock(i, &block));
      RETURN_IF_ERROR(joiner.Add(block));
      for (const uint64_t id : block.row_id) ids.Add(id);
      if (options_.progress != nullptr) {
        options_.progress->ShowDone("merge: merged", i + 1, blocks, "blocks");
      }
    }
    RETURN_IF_ERROR(joiner.Finish());
    ASSIGN_OR_RETURN(const std::vector<PartSummary> parts, output->Finish());
    RETURN_IF_ERROR(folder->Commit());
    MergeSummary summary{.log = parts.front(), .files = log->files().size()};
    summary.labelled = log->labels().rows;
    summary.left_out = log->ignored_columns();
    summary.repeated_ids = ids.Counted();
    summary.numbered_rows = numbered_logs_ > 1;
    return summary;
  }

 private:
  Status CheckRules() {
    for (const std::string& path : options_.logs) {
      ASSIGN_OR_RETURN(const ImportedAs log, HowImported(files_, path));
      if (log.is_known && log.schema.row_id().empty()) ++numbered_logs_;
      if (!log.is_known) continue;
      if (!first_.is_known) {
        first_ = log;
        continue;
      }
      RETURN_IF_ERROR(
          CompareRules("slot", first_.schema.slot(), log.schema.slot(), first_.log, log.log));
      RETURN_IF_ERROR(
          CompareRules("cross", first_.schema.cross(), log.schema.cross(), first_.log, log.log));
      RETURN_IF_ERROR(CompareRules("numeric", first_.schema.numeric(), log.schema.numeric(),
                                   first_.log, log.log));
    }
    return Status::Ok();
  }

  // As the import made them; of other logs, as large as they are.
  uint64_t BlockRows(const LogReader& log) const {
    uint64_t rows = 1;
    if (first_.is_known && first_.schema.block_rows() > 0) {
      return std::min<uint64_t>(first_.schema.block_rows(), FileRows());
    }
    for (const BlockInfo& block : log.blocks()) rows = std::max<uint64_t>(rows, block.rows);
    return rows;
  }
  uint64_t FileRows() const {
    constexpr uint64_t kFileRows = uint64_t{1} << 24;
    return first_.is_known && first_.schema.file_rows() > 0 ? first_.schema.file_rows() : kFileRows;
  }

  FileSystem& files_;
  const MergeOptions& options_;
  ImportedAs first_;  // the first log that knows how it was imported
  uint64_t numbered_logs_ = 0;
};

}  // namespace

Result<MergeSummary> MergeLogs(FileSystem& files, const MergeOptions& options) {
  return Merge(files, options).Run();
}

std::string FormatMergeSummary(const MergeSummary& summary) {
  const PartSummary& log = summary.log;
  std::string out = SummaryLine("log files read", StrCat(summary.files));
  if (summary.labelled > 0) {
    out += SummaryLine("labels merged", StrCat(summary.labelled, " exposures"));
  }
  out += FormatLeftOut(summary.left_out);
  out += SummaryLine("rows written", StrCat(log.rows));
  out += SummaryLine("contexts", StrCat(log.contexts));
  out += SummaryLine("clicks", StrCat(log.clicks));
  out += SummaryLine("conversions", StrCat(log.conversions));
  out += SummaryLine("log files", StrCat(log.files, ", ", log.bytes, " bytes"));
  if (summary.repeated_ids.rows > 0) {
    out += SummaryLine("row ids", StrCat(summary.repeated_ids.Have(),
                                         " one that an earlier row has: was a part merged twice?"));
  }
  if (summary.numbered_rows) {
    out += SummaryLine("row ids",
                       "numbers that each import began at 0: logs share them, and labels "
                       "that come later cannot tell their rows apart");
  }
  return out;
}

}  // namespace chorus::worker
