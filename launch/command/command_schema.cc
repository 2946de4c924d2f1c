// chorus schema: a draft of an import's schema, and of a job, from the rows themselves (worker/import).
#include <cstdio>
#include <memory>

#include "common/file.h"
#include "common/log.h"
#include "common/output_file.h"
#include "common/shell_word.h"
#include "common/strings.h"
#include "launch/command/commands.h"
#include "worker/import/schema_draft.h"

namespace chorus::launch {
namespace {

// Refuses a file that exists, since a person may have written it. Makes the folders that it is in.
Result<std::unique_ptr<OutputFile>> CreateNew(const std::string& path) {
  FileSystem& files = PosixFiles();
  if (path != "-") RETURN_IF_ERROR(files.CreateDirectories(DirectoryOf(path)));
  // The output is created first, so that nobody else makes the file between the check and the
  // writing.
  ASSIGN_OR_RETURN(auto out, OutputFile::Create(files, path));
  if (path != "-" && files.Exists(path)) {
    return FailedPrecondition(StrCat(path, " is there already: name a new file, or remove it"));
  }
  return out;
}

Status Write(OutputFile& out, const std::string& text) {
  RETURN_IF_ERROR(out.Append(text));
  return out.Commit();
}

// Prints what was written and what is to be done with it, on standard output unless the draft goes
// there.
void TellWhatNext(const SchemaArguments& arguments, const worker::SchemaDraft& draft) {
  if (arguments.output == "-") return;
  std::string text = StrCat("wrote ", arguments.output, ": ", draft.reads, "\n");
  if (!arguments.job.empty())
    text += StrCat("wrote ", arguments.job, ": a job that trains on it\n");
  text += StrCat("read through what it says of each column, then\n  ", draft.import_command, "\n");
  if (!arguments.job.empty()) {
    text += StrCat("  chorus train --config ", ShellWord(arguments.job), "\n");
  }
  std::fputs(text.c_str(), stdout);
}

}  // namespace

Status RunSchema(const SchemaArguments& arguments) {
  ASSIGN_OR_RETURN(
      const worker::SchemaDraft draft,
      worker::DraftSchema(PosixFiles(),
                          {.inputs = arguments.inputs,
                           .sample_rows = arguments.sample_rows,
                           .schema_name = arguments.output == "-" ? "" : arguments.output,
                           .job_name = arguments.job,
                           .click = arguments.click,
                           .conversion = arguments.conversion}));
  for (const std::string& warning : draft.warnings) LogWarning(warning);
  // Both are opened before either is written: if one cannot be opened, nothing of the other is
  // left.
  ASSIGN_OR_RETURN(const auto schema, CreateNew(arguments.output));
  std::unique_ptr<OutputFile> job;
  if (!arguments.job.empty()) {
    ASSIGN_OR_RETURN(job, CreateNew(arguments.job));
  }
  RETURN_IF_ERROR(Write(*schema, draft.schema));
  if (job != nullptr) RETURN_IF_ERROR(Write(*job, draft.job));
  TellWhatNext(arguments, draft);
  return Status::Ok();
}

}  // namespace chorus::launch
