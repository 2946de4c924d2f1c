#pragma once
// The changes between two exports of one run, so that a server need not fetch all rows again. Their
// files are described at ExportDelta in common/export.proto. Thread safety: one thread per output.

#include <string>

#include "common/file.h"
#include "common/status.h"
#include "launch/serving/row_form.h"

namespace chorus::launch {

// Checks, before a later export with rows of the form `later` is made, that it can be written as
// changes to `base`. Errors: those of ReadExportManifest; kFailedPrecondition when the forms
// differ.
Status CheckDeltaBase(FileSystem& files, const std::string& base, RowForm later);

// Writes to the new folder `output` the changes that turn the export `base` into the export `full`,
// a later one of the same model. Errors: those of ReadExportManifest and ExportArrays;
// kFailedPrecondition when the two are of different models.
Status WriteDelta(FileSystem& files, const std::string& base, const std::string& full,
                  const std::string& output);

// Writes to the new folder `output` the export that WriteDelta had as `full`, byte for byte.
// Errors: kFailedPrecondition when `delta` was made for another export than `base`; kDataLoss when
// a file of either is damaged, or the outcome is not the later export.
Status ApplyDelta(FileSystem& files, const std::string& base, const std::string& delta,
                  const std::string& output);

}  // namespace chorus::launch
