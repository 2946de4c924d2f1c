#include "worker/train/predicted_parts.h"

#include <chrono>
#include <cstdio>
#include <memory>
#include <span>
#include <string_view>
#include <thread>
#include <vector>

#include "common/checksum_stream.h"
#include "common/file.h"
#include "common/json.h"
#include "common/output_folder.h"
#include "common/strings.h"
#include "worker/train/evaluator.h"
#include "worker/train/prediction.pb.h"
#include "worker/train/predictor.h"
#include "worker/train/score_text.h"
#include "worker/train/scorer.h"

namespace chorus::worker {
namespace {

std::string PartName(uint32_t worker) {
  char name[32];
  std::snprintf(name, sizeof(name), "part-%05u.tsv", worker);
  return name;
}

// One worker's file, and what the manifest says of it.
class PartFile {
 public:
  static Result<std::unique_ptr<PartFile>> Create(FileSystem& files, const std::string& folder,
                                                  uint32_t worker) {
    auto part = std::make_unique<PartFile>();
    part->described_.set_file(PartName(worker));
    ASSIGN_OR_RETURN(part->file_, files.Create(JoinPath(folder, part->described_.file())));
    return part;
  }
  Status Append(std::string_view text) {
    const auto bytes = std::as_bytes(std::span(text));
    checksum_.Add(bytes);
    described_.set_bytes(described_.bytes() + bytes.size());
    return file_->Append(bytes);
  }
  void AddRows(uint64_t rows) { described_.set_rows(described_.rows() + rows); }
  Result<PredictedPart> Finish() {
    RETURN_IF_ERROR(file_->Sync());
    RETURN_IF_ERROR(file_->Close());
    described_.set_xxh3(HexDigits(checksum_.value()));
    return described_;
  }

 private:
  std::unique_ptr<WritableFile> file_;
  ChecksumStream checksum_;
  PredictedPart described_;
};

// This worker's stretch of the log.
Result<PredictedPart> WritePart(Session* session, const std::string& folder) {
  const std::vector<std::string> log = EvaluationLogs::Of(session->config()).log;
  ASSIGN_OR_RETURN(const std::unique_ptr<Scorer> scorer,
                   Scorer::Create(session, log, KEEP_UNCLICKED, {.by_stretches = true}));
  Collective& collective = *session->environment().collective;
  ASSIGN_OR_RETURN(const std::unique_ptr<PartFile> part,
                   PartFile::Create(*session->environment().files, folder, collective.rank()));
  if (collective.rank() == 0) RETURN_IF_ERROR(part->Append(kScoreTextHeader));
  std::string lines;  // of a grain
  const auto grain_done = [&](const Batch& batch, MatrixView<const float> logits) {
    lines.clear();
    AppendScoreLines(scorer->schema(), batch, logits, session->objective(), &lines);
    part->AddRows(batch.rows());
    return part->Append(lines);
  };
  // Workers keep pace: whoever does not come any more is named within the deadline.
  const auto step_done = [&] { return collective.Barrier(); };
  SlotCounter counter(session->model().inputs);
  RETURN_IF_ERROR(scorer->Run(grain_done, step_done, &counter));
  RETURN_IF_ERROR(WarnOfUntrained(*session, counter));
  return part->Finish();
}

// The size of a file that another host has just written, which may take a moment to show here. "no
// file" when there is none.
std::string SizeSeen(FileSystem& files, const std::string& path, uint64_t expected) {
  constexpr std::chrono::milliseconds kPause(50);
  constexpr int kLooks = 100;
  std::string seen;
  for (int look = 0; look < kLooks; ++look) {
    if (look > 0) std::this_thread::sleep_for(kPause);
    const auto file = files.OpenForRead(path);
    seen = file.ok() ? StrCat((*file)->size()) : "no file";
    if (file.ok() && (*file)->size() == expected) break;
  }
  return seen;
}

// Worker 0: the folder is whole if it holds what the workers say that they have written.
Status WriteManifest(FileSystem& files, const std::string& folder,
                     const std::vector<std::string>& described) {
  PredictedParts manifest;
  for (const std::string& bytes : described) {
    PredictedPart& part = *manifest.add_part();
    if (!part.ParseFromString(bytes)) return Internal("the description of a part did not arrive");
    manifest.set_rows(manifest.rows() + part.rows());
    const std::string path = JoinPath(folder, part.file());
    const std::string seen = SizeSeen(files, path, part.bytes());
    if (seen != StrCat(part.bytes())) {
      return FailedPrecondition(StrCat(path, ": a worker has written ", part.bytes(),
                                       " bytes, and worker 0 finds ", seen,
                                       ": --output needs a folder that all hosts share"));
    }
  }
  ASSIGN_OR_RETURN(const std::string json, ToJson(manifest, {.zeros = true, .indented = true}));
  return ReplaceFile(files, JoinPath(folder, kPartsManifestName), json);
}

}  // namespace

Status PredictParts(Session* session, const std::string& output) {
  const WorkerEnvironment& environment = session->environment();
  std::unique_ptr<OutputFolder> folder;  // worker 0's
  std::string path;
  if (environment.collective->rank() == 0) {
    ASSIGN_OR_RETURN(folder, OutputFolder::Create(*environment.files, output, "predicting"));
    path = folder->path();
  }
  ASSIGN_OR_RETURN(path, environment.collective->Broadcast(path, 0));
  ASSIGN_OR_RETURN(const PredictedPart part, WritePart(session, path));
  ASSIGN_OR_RETURN(const std::vector<std::string> parts,
                   environment.collective->Gather(part.SerializeAsString(), 0));
  if (folder != nullptr) {
    RETURN_IF_ERROR(WriteManifest(*environment.files, path, parts));
    RETURN_IF_ERROR(folder->Commit());
  }
  return environment.collective->Barrier();  // no worker ends well before the folder is there
}

}  // namespace chorus::worker
