#pragma once
// What changed between two exports of one run, so that a server need not fetch all rows again.
// Files: ExportDelta in common/export.proto. Thread safety: one thread an output.

#include <string>

#include "common/file.h"
#include "common/status.h"
#include "launch/serving/row_form.h"

namespace chorus::launch {

// Whether a later export with rows of `later` can be told as changes of `base`, as far as is known
// before it is made. Errors: see ReadExportManifest; kFailedPrecondition, the forms differ.
Status CheckDeltaBase(FileSystem& files, const std::string& base, RowForm later);

// Writes what turns the export `base` into the export `full`, a later one of the same model, to the
// new folder `output`. Errors: see ReadExportManifest and ExportArrays; kFailedPrecondition, the
// two are of different models.
Status WriteDelta(FileSystem& files, const std::string& base, const std::string& full,
                  const std::string& output);

// Writes the export that WriteDelta had as `full`, byte for byte, to the new folder `output`.
// Errors: kFailedPrecondition, `delta` was made for another export than `base`; kDataLoss, a file
// of either is damaged, or the outcome is not the later export.
Status ApplyDelta(FileSystem& files, const std::string& base, const std::string& delta,
                  const std::string& output);

}  // namespace chorus::launch
