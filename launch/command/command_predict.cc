// `chorus predict`: pCTR, pCVR and pCTCVR of every exposure of a log, or of every row of a text.

#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>
#include <string_view>

#include "common/config.h"
#include "common/file.h"
#include "common/output_file.h"
#include "launch/command/commands.h"
#include "launch/command/scoring.h"
#include "launch/job/mpi_world.h"
#include "worker/import/text_blocks.h"
#include "worker/import/text_rules.h"
#include "worker/train/predicted_parts.h"
#include "worker/train/predictor.h"
#include "worker/train/score_text.h"

namespace chorus::launch {
namespace {

bool IsFirst(const worker::Session& session) {
  return session.environment().collective->rank() == 0;
}

// The file that worker 0 writes; the others compute along, and have none.
class ScoreOutput {
 public:
  static Result<ScoreOutput> Open(const worker::Session& session, const std::string& path) {
    ScoreOutput output;
    if (!IsFirst(session)) return output;
    FileSystem& files = *session.environment().files;
    if (path != "-") RETURN_IF_ERROR(files.CreateDirectories(DirectoryOf(path)));
    ASSIGN_OR_RETURN(output.file_,
                     OutputFile::Replace(files, path, worker::kScoreTextHeader, "file of scores"));
    return output;
  }
  worker::TakeScoreText writer() {
    return [this](std::string_view text) { return file_->Append(text); };
  }
  Status Commit() { return file_ == nullptr ? Status::Ok() : file_->Commit(); }

 private:
  std::unique_ptr<OutputFile> file_;
};

Status PredictLog(worker::Session* session, const std::string& path) {
  ASSIGN_OR_RETURN(ScoreOutput output, ScoreOutput::Open(*session, path));
  RETURN_IF_ERROR(worker::Predict(session, output.writer()));
  return output.Commit();
}

// Scores the rows of a text; its schema is the given one or, when there is none, the model's.
Status PredictText(worker::Session* session, const PredictArguments& arguments,
                   const std::optional<ImportSchema>& schema) {
  std::unique_ptr<worker::TextBlocks> blocks;
  if (IsFirst(*session)) {
    worker::TextOptions options{
        .inputs = arguments.inputs,
        .max_bad_rows = arguments.max_bad_rows,
        .bad_row_remedy = " (--max-bad-rows N: up to N such rows have no score)"};
    if (schema.has_value()) {
      options.schema = *schema;
      options.schema_name = arguments.schema_file;
    } else {
      ASSIGN_OR_RETURN(options.schema, worker::TextRulesOf(session->schema()));
      options.schema_name = "the model's schema";
    }
    ASSIGN_OR_RETURN(blocks, worker::TextBlocks::Open(*session->environment().files, options,
                                                      session->schema()));
  }
  ASSIGN_OR_RETURN(ScoreOutput output, ScoreOutput::Open(*session, arguments.output));
  RETURN_IF_ERROR(worker::PredictRows(session, blocks.get(), output.writer()));
  RETURN_IF_ERROR(output.Commit());
  if (blocks != nullptr) std::fputs(blocks->Summary().c_str(), stderr);
  return Status::Ok();
}

Status RunPredictText(const PredictArguments& arguments) {
  if (MpiWorld::LaunchedAmongOthers() &&
      std::count(arguments.inputs.begin(), arguments.inputs.end(), "-") > 0) {
    return InvalidArgument(
        "--input -: under mpirun standard input reaches one rank, which may be a server; give a "
        "file, or run predict as one process");
  }
  std::optional<ImportSchema> schema;
  if (!arguments.schema_file.empty()) {
    RETURN_IF_ERROR(LoadConfig(arguments.schema_file, {}, &schema.emplace()));
  }
  return RunScoring(
      {.config = arguments.config,
       .checkpoint = arguments.checkpoint,
       .best = arguments.best,
       .needs_log = false},
      [&](worker::Session* session) { return PredictText(session, arguments, schema); });
}

}  // namespace

Status RunPredict(const PredictArguments& arguments) {
  if (!arguments.inputs.empty()) return RunPredictText(arguments);
  if (arguments.parts && arguments.output == "-") {
    return InvalidArgument("--parts writes a folder: give its name with --output");
  }
  return RunScoring(
      {arguments.config, arguments.checkpoint, arguments.best, LogOverrides(arguments.log)},
      [&](worker::Session* session) {
        return arguments.parts ? worker::PredictParts(session, arguments.output)
                               : PredictLog(session, arguments.output);
      });
}

}  // namespace chorus::launch
