// chorus schema: a draft of an import's schema, and of a job, from the text itself (worker/import).
#include <cstdio>

#include "common/file.h"
#include "common/log.h"
#include "common/output_file.h"
#include "common/strings.h"
#include "launch/command/commands.h"
#include "worker/import/schema_draft.h"

namespace chorus::launch {
namespace {

// A file that is there may hold what a person wrote.
Status WriteNew(const std::string& path, const std::string& text) {
  FileSystem& files = PosixFiles();
  // First, so that nobody else makes the file between the look and the writing.
  ASSIGN_OR_RETURN(const auto out, OutputFile::Create(files, path));
  if (path != "-" && files.Exists(path)) {
    return FailedPrecondition(StrCat(path, " is there already: name a new file, or remove it"));
  }
  RETURN_IF_ERROR(out->Append(text));
  return out->Commit();
}

}  // namespace

Status RunSchema(const SchemaArguments& arguments) {
  ASSIGN_OR_RETURN(
      const worker::SchemaDraft draft,
      worker::DraftSchema(PosixFiles(),
                          {.inputs = arguments.inputs,
                           .sample_rows = arguments.sample_rows,
                           .schema_name = arguments.output == "-" ? "" : arguments.output,
                           .job_name = arguments.job}));
  for (const std::string& warning : draft.warnings) LogWarning(warning);
  RETURN_IF_ERROR(WriteNew(arguments.output, draft.schema));
  return arguments.job.empty() ? Status::Ok() : WriteNew(arguments.job, draft.job);
}

}  // namespace chorus::launch
