#include "worker/log/folder_kind.h"

#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "common/strings.h"
#include "worker/log/format.h"

namespace chorus::worker {
namespace {

using Names = std::vector<std::string>;

bool HasFile(const Names& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// By its content, since programs' own logs of text end in .log, too.
bool IsLogFile(FileSystem& files, const std::string& path) {
  if (!path.ends_with(".log")) return false;
  const auto file = files.OpenForRead(path);
  uint64_t magic = 0;
  return file.ok() && (*file)->size() >= sizeof(magic) &&
         (*file)->ReadAt(0, std::as_writable_bytes(std::span(&magic, 1))).ok() &&
         magic == kHeadMagic;
}

bool HasLogs(FileSystem& files, const std::string& path, const Names& names) {
  return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
    return IsLogFile(files, JoinPath(path, name));
  });
}

bool HasCheckpoints(FileSystem&, const std::string&, const Names& names) {
  return HasFile(names, "MANIFEST") ||
         std::any_of(names.begin(), names.end(),
                     [](const std::string& name) { return name.starts_with("step-"); });
}

// The folders of `path` whose names `holds` accepts: "my/test, my/train".
template <typename Holds>
std::string FoldersWith(FileSystem& files, const std::string& path, const Names& names,
                        const Holds& holds) {
  constexpr size_t kMost = 20;  // looked at
  Names found;
  for (size_t i = 0; i < std::min(names.size(), kMost); ++i) {
    const std::string folder = JoinPath(path, names[i]);
    const auto inside = files.List(folder);
    if (inside.ok() && holds(files, folder, *inside)) found.push_back(folder);
  }
  return Join(found, ", ");
}

std::string WhatFilesSay(FileSystem& files, const std::string& path, const Names& names) {
  if (HasCheckpoints(files, path, names)) {
    return "; it is a checkpoint, which evaluate, predict and export take as --checkpoint";
  }
  if (HasFile(names, "manifest.json")) {
    return "; it is an exported model, which launch/predict_export.py and Python's Model.load "
           "score with; evaluate, predict and export take the checkpoint that it was made of";
  }
  if (HasFile(names, "compare.textproto")) {
    return "; it is a comparison: chorus compare --resume goes on with it, and "
           "runs/METHOD/seed-S-FOLD/checkpoint are its runs' checkpoints";
  }
  if (HasFile(names, "scale.jsonl") || HasFile(names, "calibration.json")) {
    return "; it is what chorus scale measured, which chorus scale --resume goes on with";
  }
  if (HasLogs(files, path, names)) {
    return "; it is a log, which train takes as data.log, evaluate and predict as --log";
  }
  return "";
}

}  // namespace

std::string WhatIsThere(FileSystem& files, const std::string& path) {
  const auto names = files.List(path);
  if (!names.ok()) {
    if (!IsLogFile(files, path)) return "";
    return "; it is a file of a log, which train takes as data.log, evaluate and predict as --log";
  }
  if (names->empty()) return "; it is empty";
  std::string what = WhatFilesSay(files, path, *names);
  if (!what.empty()) return what;
  const std::string logs = FoldersWith(files, path, *names, HasLogs);
  if (!logs.empty()) return StrCat("; there are logs in it: ", logs);
  const std::string checkpoints = FoldersWith(files, path, *names, HasCheckpoints);
  if (!checkpoints.empty()) return StrCat("; there are checkpoints in it: ", checkpoints);
  if (HasFile(*names, "metrics.jsonl")) {
    return "; it has the reports of a training run, which chorus report takes";
  }
  return "";
}

}  // namespace chorus::worker
