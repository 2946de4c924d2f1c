// `chorus inspect` of a checkpoint: what it is, whether it is whole, and its canonical bytes.

#include <cstdio>
#include <memory>
#include <string>

#include "common/config.h"
#include "common/file.h"
#include "common/output_file.h"
#include "common/progress.h"
#include "common/strings.h"
#include "launch/command/canonical.h"
#include "launch/command/checkpoint_rows.h"
#include "launch/command/chosen_checkpoint.h"
#include "launch/command/command_inspect.h"
#include "launch/command/describe_network.h"
#include "worker/train/checkpoint_store.h"

namespace chorus::launch {
namespace {

constexpr uint64_t kRowsBetweenLooks = 4096;  // at the clock, for progress

Status WriteCanonicalTo(FileSystem& files, const std::string& folder, const std::string& path) {
  ASSIGN_OR_RETURN(const std::unique_ptr<OutputFile> out,
                   OutputFile::Replace(files, path, "CHORUS-CANONICAL 1\n", "canonical state"));
  const auto write = [&](std::string_view bytes) { return out->Append(bytes); };
  RETURN_IF_ERROR(WriteCanonical(files, folder, write));
  return out->Commit();
}

void PrintSummary(const std::string& folder, const CheckpointManifest& manifest,
                  const CheckpointRows& rows, const worker::DenseState& dense) {
  uint64_t bytes = 0;
  for (const CheckpointFile& file : manifest.file()) bytes += file.bytes();
  std::printf("checkpoint  %s\nstep        %llu of %llu planned\nfiles       %d, %llu bytes\n",
              folder.c_str(), static_cast<unsigned long long>(manifest.step()),
              static_cast<unsigned long long>(manifest.planned_steps()), manifest.file_size(),
              static_cast<unsigned long long>(bytes));
  std::printf("shards      %u\n", manifest.shards());
  for (const ps::ShardFileTable& table : rows.tables()) {
    std::printf("table       %s: %llu rows of %u floats, %u of optimizer state\n",
                table.name.c_str(), static_cast<unsigned long long>(table.rows), table.dim,
                table.state_floats);
  }
  for (const worker::NamedArray& array : dense.arrays) {
    std::printf("dense       %s [%llu, %llu]\n", array.name.c_str(),
                static_cast<unsigned long long>(array.rows),
                static_cast<unsigned long long>(array.cols));
  }
}

// Every file against the manifest, every shard file against itself. Returns what to tell of it.
Result<std::string> Verify(FileSystem& files, const std::string& folder,
                           const CheckpointManifest& manifest, const CheckpointRows& rows) {
  ProgressLine progress;
  progress.Show("verifying: checksums of all files");
  RETURN_IF_ERROR(worker::VerifyFiles(files, folder, manifest));
  uint64_t count = 0, total = 0;
  for (const ps::ShardFileTable& table : rows.tables()) total += table.rows;
  for (uint32_t t = 0; t < rows.tables().size(); ++t) {
    RETURN_IF_ERROR(rows.Visit(t, [&](const ps::ShardRow&) {
      if (++count % kRowsBetweenLooks == 0) progress.ShowDone("verifying", count, total, "rows");
      return Status::Ok();
    }));
  }
  progress.Clear();
  return StrCat("verified: ", manifest.file_size(), " files and ", count, " rows are whole\n");
}

}  // namespace

Status InspectCheckpoint(const InspectArguments& arguments) {
  FileSystem& files = PosixFiles();
  const std::string& folder = arguments.path;
  ASSIGN_OR_RETURN(const CheckpointManifest manifest, worker::ReadManifest(files, folder));
  if (!arguments.canonical.empty()) {
    return WriteCanonicalTo(files, folder, arguments.canonical).Annotate(folder);
  }
  ASSIGN_OR_RETURN(const auto rows, CheckpointRows::Open(files, folder, manifest));
  ASSIGN_OR_RETURN(const worker::DenseState dense, worker::ReadDenseState(files, folder, manifest));
  ASSIGN_OR_RETURN(const std::string network, DescribeNetwork(manifest));
  const Result<std::string> verified =
      arguments.verify ? Verify(files, folder, manifest, *rows) : std::string();
  // The summary is that of the checkpoint which is read in its place.
  if (!verified.ok() && IsGone(files, folder)) return verified.status();
  PrintSummary(folder, manifest, *rows, dense);
  std::fputs(network.c_str(), stdout);
  if (verified.ok()) std::fputs(verified->c_str(), stdout);
  return verified.status();
}

}  // namespace chorus::launch
