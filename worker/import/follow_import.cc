#include "worker/import/follow_import.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "common/log.h"
#include "common/strings.h"
#include "common/write_lock.h"
#include "worker/import/follow_folder.h"
#include "worker/import/follow_portions.h"
#include "worker/import/id_counts.h"
#include "worker/import/text_format.h"
#include "worker/log/format.h"
#include "worker/log/log_reader.h"

namespace chorus::worker {
namespace {

class Follower {
 public:
  Follower(FileSystem& files, const ImportSchema& schema, const FollowOptions& options)
      : files_(files),
        schema_(schema),
        options_(options),
        input_(options.import.inputs.empty() ? kFollowedInput : options.import.inputs[0]),
        output_(WithoutSlash(options.import.output)) {}

  Result<FollowSummary> Run() {
    RETURN_IF_ERROR(Check());
    RETURN_IF_ERROR(files_.CreateDirectories(output_));
    ASSIGN_OR_RETURN(const auto lock, LockFolder(files_, output_, kWriterEndSeconds));
    ASSIGN_OR_RETURN(position_, ReadFollowPosition(files_, output_));
    RETURN_IF_ERROR(FinishSealing(files_, output_, position_));
    RETURN_IF_ERROR(CheckInput());
    ASSIGN_OR_RETURN(const auto source, OpenSource());
    while (true) {
      ASSIGN_OR_RETURN(Portion portion, source->Next(position_));
      summary_.stopped = portion.stopped;
      const bool over = portion.inputs.empty();
      if (!over) RETURN_IF_ERROR(Seal(std::move(portion)));
      if (over || summary_.stopped) break;
    }
    summary_.all_rows = position_.rows();
    summary_.all_files = position_.next_file();
    return summary_;
  }

 private:
  Status Check() const {
    const ImportOptions& import = options_.import;
    if (import.inputs.size() > 1) {
      return InvalidArgument(
          "--follow: one input, - or a file that grows or a directory in which files appear");
    }
    if (import.split.parts() > 1 || !import.split.name(0).empty()) {
      return InvalidArgument("--split needs all rows and does not go with --follow");
    }
    if (AsksForCounts(schema_) && import.like.empty()) {
      return InvalidArgument(StrCat(import.schema_name, ": slot.min_count counts ids in all rows, ",
                                    "which --follow has not: leave it out, or give a log by "
                                    "--like, with which nothing is counted"));
    }
    if (schema_.format() == ImportSchema::ALI_CCP) {
      return InvalidArgument(StrCat(import.schema_name, ": format ALI_CCP needs all common ",
                                    "features at first, and --follow has not"));
    }
    return Status::Ok();
  }

  bool IsFolder() const { return input_ != kFollowedInput && files_.List(input_).ok(); }

  // An output is one input's, and goes on where that can be read again.
  Status CheckInput() {
    if (position_.input().empty()) position_.set_input(input_);
    if (position_.input() != input_) {
      return FailedPrecondition(StrCat(output_, " follows ", position_.input(), ", not ", input_,
                                       ": choose a folder of its own"));
    }
    if (input_ == kFollowedInput) {
      position_.clear_offset();
      position_.clear_lines();
      if (position_.rows() > 0) {
        LogWarning("standard input cannot be read again: this import adds what comes now to ",
                   output_, ", and does not know whether rows before it were lost or come twice");
      }
    }
    return Status::Ok();
  }

  Result<std::unique_ptr<PortionSource>> OpenSource() {
    if (IsFolder()) {
      return FollowFolder(files_, options_);
    }
    if (LooksAhead(schema_)) {
      return InvalidArgument(StrCat(
          options_.import.schema_name, ": format ", ImportSchema::Format_Name(schema_.format()),
          " is read from whole files: follow a directory in which they appear"));
    }
    return FollowText(files_, schema_, options_, position_);
  }

  // Its rows become log files: first whole ones aside, then the position that counts them, then
  // their names.
  Status Seal(Portion portion) {
    ImportOptions import = options_.import;
    std::optional<LogSchema> schema;
    if (!position_.schema().empty()) {
      ASSIGN_OR_RETURN(schema, DecodeSchema(std::as_bytes(std::span(position_.schema()))));
      import.like_schema = &*schema;
      import.like.clear();
    }
    import.output = SealingFolder(output_, position_.next_file());
    import.given_inputs = std::move(portion.inputs);
    import.first_row = position_.rows();
    import.may_be_empty = true;
    import.bad_rows_before = position_.bad_rows();
    ASSIGN_OR_RETURN(const ImportSummary made, ImportText(files_, schema_, import));
    FollowPosition after = std::move(portion.after);
    after.set_rows(position_.rows() + made.rows.read);
    after.set_bad_rows(position_.bad_rows() + made.rows.bad);
    const uint64_t count = made.parts.empty() ? 0 : made.parts[0].files;
    after.set_sealing(count);
    after.set_next_file(position_.next_file() + count);
    if (count > 0) RETURN_IF_ERROR(TakeSchema(import.output, &after));
    RETURN_IF_ERROR(WriteFollowPosition(files_, output_, after));
    position_ = std::move(after);
    RETURN_IF_ERROR(FinishSealing(files_, output_, position_));
    Count(made);
    return Status::Ok();
  }

  // The columns and statistics of the first file are those of all.
  Status TakeSchema(const std::string& folder, FollowPosition* position) const {
    ASSIGN_OR_RETURN(const auto log, LogReader::Open(files_, {folder}));
    const std::string schema = EncodeSchema(log->schema());
    if (!position->schema().empty() && position->schema() != schema) {
      return FailedPrecondition(StrCat(options_.import.schema_name,
                                       " makes other columns than the ", "log files that ", output_,
                                       " has: choose a new folder"));
    }
    if (position->schema().empty() && options_.import.like.empty() && HasStandardised()) {
      LogInfo("means and deviations of numbers are those of the first ", position->rows(),
              " rows, for all that come (--like LOG takes a log's)");
    }
    position->set_schema(schema);
    return Status::Ok();
  }

  bool HasStandardised() const { return NeedsStatistics(schema_); }

  void Count(const ImportSummary& made) {
    summary_.rows.read += made.rows.read;
    summary_.rows.bad += made.rows.bad;
    summary_.rows.dropped_unclicked_conversions += made.rows.dropped_unclicked_conversions;
    summary_.rows.kept_unclicked_conversions += made.rows.kept_unclicked_conversions;
    for (const PartSummary& part : made.parts) {
      summary_.files += part.files;
      summary_.log_rows += part.rows;
      summary_.clicks += part.clicks;
      summary_.conversions += part.conversions;
      LogInfo("sealed ", part.files, part.files == 1 ? " file" : " files", ", ", part.rows,
              " rows; in ", output_, " now: ", position_.next_file(), " files of ",
              position_.rows(), " rows");
    }
  }

  FileSystem& files_;
  const ImportSchema& schema_;
  const FollowOptions& options_;
  const std::string input_;
  const std::string output_;
  FollowPosition position_;
  FollowSummary summary_;
};

}  // namespace

Result<FollowSummary> FollowImport(FileSystem& files, const ImportSchema& schema,
                                   const FollowOptions& options) {
  FollowOptions named = options;
  if (named.import.inputs.empty()) named.import.inputs = {kFollowedInput};
  return Follower(files, schema, named).Run();
}

std::string FormatFollowed(const FollowSummary& summary) {
  return StrCat("rows read: ", summary.rows.read, ", ", summary.rows.bad, " of them bad, ",
                summary.rows.dropped_unclicked_conversions,
                " conversions without a click dropped\nlog files: ", summary.files, ", of ",
                summary.log_rows, " exposures, ", summary.clicks, " clicks, ", summary.conversions,
                " conversions\nin all, with earlier imports into this folder: ", summary.all_files,
                " files, ", summary.all_rows, " rows read\n");
}

}  // namespace chorus::worker
