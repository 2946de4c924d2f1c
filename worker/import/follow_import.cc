#include "worker/import/follow_import.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "common/log.h"
#include "common/strings.h"
#include "common/uri.h"
#include "common/write_lock.h"
#include "worker/import/column_plan.h"
#include "worker/import/follow_portions.h"
#include "worker/import/follow_position.h"
#include "worker/import/followed_inputs.h"
#include "worker/import/id_counts.h"
#include "worker/import/kafka_address.h"
#include "worker/log/format.h"
#include "worker/log/log_reader.h"

namespace chorus::worker {
namespace {

constexpr double kMostWait = 0.2;  // between two looks at inputs and `stop`

double SecondsPassed(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

class Follower {
 public:
  Follower(FileSystem& files, const ImportSchema& schema, const FollowOptions& options)
      : files_(files),
        schema_(schema),
        options_(options),
        output_(WithoutSlash(options.import.output)),
        inputs_(files, schema, options) {}

  Result<FollowSummary> Run() {
    RETURN_IF_ERROR(Check());
    RETURN_IF_ERROR(files_.CreateDirectories(output_));
    ASSIGN_OR_RETURN(const auto lock, LockFolder(files_, output_, kWriterEndSeconds));
    ASSIGN_OR_RETURN(position_, ReadFollowPosition(files_, output_));
    RETURN_IF_ERROR(FinishSealing(files_, output_, position_));
    RETURN_IF_ERROR(TakeInputs());
    RETURN_IF_ERROR(TakeSplit());
    for (const FollowedSource& source : position_.sources()) {
      ASSIGN_OR_RETURN(sources_.emplace_back(), inputs_.Open(source));
    }
    over_.resize(sources_.size());
    RETURN_IF_ERROR(Follow());
    for (const auto& source : sources_) source->TellRest();
    summary_.all_rows = position_.rows();
    summary_.all_files = position_.next_file();
    return summary_;
  }

 private:
  using Clock = std::chrono::steady_clock;

  Status Check() const {
    const ImportOptions& import = options_.import;
    if (import.split_contiguous) {
      return InvalidArgument("--split-contiguous needs all rows and does not go with --follow");
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

  // An output goes on with the inputs that it has, where these can be read again, and may get
  // further ones.
  Status TakeInputs() {
    ASSIGN_OR_RETURN(const std::vector<std::string> inputs, inputs_.Names());
    for (const FollowedSource& source : position_.sources()) {
      if (std::count(inputs.begin(), inputs.end(), source.name()) > 0) continue;
      return FailedPrecondition(StrCat(output_, " follows ", source.name(), ", not ",
                                       Join(inputs, " and "), ": choose a folder of its own"));
    }
    for (const std::string& input : inputs) {
      FollowedSource* const source = SourceOf(input);
      if (input != kFollowedInput) continue;
      source->clear_offset();
      source->clear_lines();
      if (position_.rows() > 0) {
        LogWarning("standard input cannot be read again: this import adds what comes now to ",
                   output_, ", and does not know whether rows before it were lost or come twice");
      }
    }
    return Status::Ok();
  }

  FollowedSource* SourceOf(const std::string& input) {
    for (FollowedSource& source : *position_.mutable_sources()) {
      if (source.name() == input) return &source;
    }
    FollowedSource* const source = position_.add_sources();
    source->set_name(input);
    return source;
  }

  // The parts of an output stay what they are.
  Status TakeSplit() {
    const ImportOptions& import = options_.import;
    std::string text = import.split.text();
    if (!import.split_by.empty()) text += StrCat(" by ", import.split_by);
    if (!text.empty() && import.split.time_column().empty()) {
      text += StrCat(" seed ", import.split_seed);
    }
    const bool has_files = position_.next_file() > 0;
    if (has_files && position_.split() != text) {
      const auto shown = [](const std::string& split) { return split.empty() ? "none" : split; };
      return FailedPrecondition(StrCat("the split of ", output_, " is ", shown(position_.split()),
                                       ", not ", shown(text), ": choose a folder of its own"));
    }
    if (has_files) return Status::Ok();
    position_.set_split(text);
    position_.clear_parts();
    for (uint32_t part = 0; !text.empty() && part < import.split.parts(); ++part) {
      position_.add_parts()->set_name(import.split.name(part));
    }
    return Status::Ok();
  }

  // Until the inputs are over, or idle for long enough, or `stop` says so. An input is idle when
  // nothing came for idle_seconds and nothing is there: what came while log files were made counts.
  Status Follow() {
    Clock::time_point last_news = Clock::now();
    while (true) {
      const bool stops = options_.stop();
      const bool idles =
          options_.idle_seconds > 0 && SecondsPassed(last_news) >= options_.idle_seconds;
      ASSIGN_OR_RETURN(const Round round, PollAll(stops   ? Ask::kLastPortion
                                                  : idles ? Ask::kAllThatIsThere
                                                          : Ask::kFullPortions));
      if (round.grew) last_news = Clock::now();
      summary_.stopped = stops;
      if (stops || round.over || (idles && !round.grew && !round.sealed)) return Status::Ok();
      if (round.sealed) continue;
      double wait = std::min(kMostWait, std::max(options_.seal_seconds / 2, 0.001));
      if (options_.idle_seconds > 0) {
        wait = std::min(wait, options_.idle_seconds - SecondsPassed(last_news));
      }
      if (wait > 0) RETURN_IF_ERROR(Wait(wait));
    }
  }

  struct Round {
    bool grew = false;
    bool sealed = false;
    bool over = true;  // of all inputs
  };

  // Every input gives one portion at most, so that none waits for another one.
  Result<Round> PollAll(Ask ask) {
    Round round;
    for (size_t i = 0; i < sources_.size(); ++i) {
      if (over_[i]) continue;
      const auto source = static_cast<int>(i);
      ASSIGN_OR_RETURN(Portion portion, sources_[i]->Poll(position_.sources(source), ask));
      while (portion.moved) {
        *position_.mutable_sources(source) = std::move(portion.after);
        RETURN_IF_ERROR(WriteFollowPosition(files_, output_, position_));
        round.grew = true;
        if (options_.stop()) ask = Ask::kLastPortion;  // positions may move for long
        ASSIGN_OR_RETURN(portion, sources_[i]->Poll(position_.sources(source), ask));
      }
      round.grew |= portion.grew;
      over_[i] = portion.over;
      round.over &= portion.over;
      if (portion.inputs.empty()) continue;
      RETURN_IF_ERROR(Seal(source, std::move(portion)));
      round.sealed = true;
    }
    return round;
  }

  // The one input that can tell when something comes is asked to; others are looked at in turn.
  Status Wait(double seconds) {
    PortionSource* waits = nullptr;
    for (size_t i = 0; i < sources_.size(); ++i) {
      if (over_[i]) continue;  // it would not wait
      waits = sources_[i].get();
      if (position_.sources(static_cast<int>(i)).name() == kFollowedInput) break;
    }
    return waits == nullptr ? Status::Ok() : waits->Wait(seconds);
  }

  // Its rows become log files: first whole ones aside, then the position that counts them, then
  // their names.
  Status Seal(int source, Portion portion) {
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
    FollowPosition after = position_;
    *after.mutable_sources(source) = std::move(portion.after);
    after.set_rows(position_.rows() + made.rows.read);
    after.set_bad_rows(position_.bad_rows() + made.rows.bad);
    RETURN_IF_ERROR(CountFiles(made, import.output, &after));
    RETURN_IF_ERROR(WriteFollowPosition(files_, output_, after));
    position_ = std::move(after);
    RETURN_IF_ERROR(FinishSealing(files_, output_, position_));
    Count(made);
    return Status::Ok();
  }

  // The files that an import has made in `folder`.
  Status CountFiles(const ImportSummary& made, const std::string& folder,
                    FollowPosition* after) const {
    uint64_t files = 0;
    for (FollowedPart& part : *after->mutable_parts()) part.set_sealing(0);
    for (size_t i = 0; i < made.parts.size(); ++i) {
      const PartSummary& summary = made.parts[i];
      if (summary.files == 0) continue;
      if (files == 0) {
        RETURN_IF_ERROR(TakeSchema(summary.name.empty() ? folder : JoinPath(folder, summary.name),
                                   made.parts[options_.import.split.training_part()].rows, after));
      }
      files += summary.files;
      if (after->parts().empty()) continue;
      FollowedPart* const part = after->mutable_parts(static_cast<int>(i));
      part->set_sealing(summary.files);
      part->set_next_file(part->next_file() + summary.files);
    }
    after->set_sealing(files);
    after->set_next_file(after->next_file() + files);
    return Status::Ok();
  }

  // The columns and statistics of the first file are those of all.
  Status TakeSchema(const std::string& folder, uint64_t learnt_rows,
                    FollowPosition* position) const {
    ASSIGN_OR_RETURN(const auto log, LogReader::Open(files_, {folder}));
    const std::string schema = EncodeSchema(log->schema());
    if (!position->schema().empty() && position->schema() != schema) {
      return FailedPrecondition(StrCat(options_.import.schema_name,
                                       " makes other columns than the ", "log files that ", output_,
                                       " has: choose a new folder"));
    }
    if (position->schema().empty() && options_.import.like.empty() && HasStandardised()) {
      TellMeans(learnt_rows);
    }
    position->set_schema(schema);
    return Status::Ok();
  }

  static void TellMeans(uint64_t learnt_rows) {
    constexpr uint64_t kFewestForMeans = 2;  // one row has no deviation
    if (learnt_rows < kFewestForMeans) {
      LogWarning(
          "means and deviations of numbers were to be learnt from the first log file, whose ",
          "training part has ", learnt_rows == 0 ? "no row" : "one row", ": numbers of all ",
          "that comes are hardly standardised. Begin anew with --like LOG, which takes a ",
          "log's, or with longer --seal-seconds");
      return;
    }
    LogInfo("means and deviations of numbers are those of the first ", learnt_rows,
            " rows, for all that come (--like LOG takes a log's)");
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
      if (part.files == 0) continue;
      LogInfo("sealed ", part.files, part.files == 1 ? " file" : " files", ", ", part.rows, " rows",
              part.name.empty() ? "" : " of ", part.name, "; in ", output_,
              " now: ", position_.next_file(), " files of ", position_.rows(), " rows");
    }
  }

  FileSystem& files_;
  const ImportSchema& schema_;
  const FollowOptions& options_;
  const std::string output_;
  FollowedInputs inputs_;
  FollowPosition position_;
  std::vector<std::unique_ptr<PortionSource>> sources_;  // [position_.sources]
  std::vector<bool> over_;                               // [sources_] nothing more comes
  FollowSummary summary_;
};

}  // namespace

Result<FollowSummary> FollowImport(FileSystem& files, const ImportSchema& schema,
                                   const FollowOptions& options) {
  FollowOptions named = options;
  if (named.import.inputs.empty()) named.import.inputs = {kFollowedInput};
  for (const std::string& input : named.import.inputs) {
    if (!IsUri(input) || IsKafkaAddress(input)) continue;
    return InvalidArgument(StrCat(ShownUri(input),
                                  ": what comes is followed in local files and folders and in "
                                  "topics of Kafka, and not in other systems: import it without "
                                  "--follow, or copy it"));
  }
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
