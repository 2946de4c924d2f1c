#pragma once
// Where the commands that a draft shows write what they make. Thread safety: pure function of the
// files.

#include <string>

#include "common/file.h"

namespace chorus::worker {

struct DraftFolders {
  std::string log;  // of the import
  std::string run;  // of the training: checkpoints and metrics
};

// "log" and "run". Where one of them is there already, which another draft may have made, they are
// named after the schema: "shop-log" and "shop-run" of "configs/shop.schema". schema_name: "" where
// it has none, and the names are "log" and "run" whatever is there.
DraftFolders FoldersOfDraft(FileSystem& files, const std::string& schema_name);

}  // namespace chorus::worker
