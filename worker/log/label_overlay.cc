#include "worker/log/label_overlay.h"

#include <span>

#include "common/key.h"
#include "common/strings.h"

namespace chorus::worker {
namespace {

// Both rise by row; where both have a row, that of `later` stays.
std::vector<LabelChange> MergeChanges(const std::vector<LabelChange>& earlier,
                                      const std::vector<LabelChange>& later) {
  std::vector<LabelChange> merged;
  merged.reserve(earlier.size() + later.size());
  auto from = earlier.begin();
  for (const LabelChange change : later) {
    while (from != earlier.end() && RowOf(*from) < RowOf(change)) merged.push_back(*from++);
    if (from != earlier.end() && RowOf(*from) == RowOf(change)) ++from;
    merged.push_back(change);
  }
  merged.insert(merged.end(), from, earlier.end());
  return merged;
}

uint64_t ChecksumOf(const std::vector<LabelChange>& changes) {
  return Checksum(std::as_bytes(std::span(changes)));
}

}  // namespace

Status LabelOverlay::Add(const LabelFile& labels, const std::string& folder,
                         const std::vector<LogFilePlace>& logs, std::vector<BlockInfo>* blocks,
                         std::vector<uint64_t>* states) {
  for (const LabelledFile& file : labels.files) {
    const LogFilePlace* namesake = nullptr;
    bool found = false;
    for (const LogFilePlace& log : logs) {
      if (DirectoryOf(log.path) != folder) continue;
      if (BaseName(log.path) == file.name) namesake = &log;
      if (log.identity != file.identity) continue;
      found = true;
      for (const LabelledBlock& block : file.blocks) {
        RETURN_IF_ERROR(AddBlock(block, log, blocks, states)
                            .Annotate(StrCat(log.path, ": block ", block.block)));
      }
    }
    if (found || namesake == nullptr) continue;
    return FailedPrecondition(StrCat("they were made for another file than ", namesake->path,
                                     " is now: remove the *.labels files of ", folder,
                                     " and import the labels again"));
  }
  return Status::Ok();
}

Status LabelOverlay::AddBlock(const LabelledBlock& labels, const LogFilePlace& log,
                              std::vector<BlockInfo>* blocks, std::vector<uint64_t>* states) {
  if (labels.block >= log.blocks) {
    return DataLoss(StrCat("the log file has ", log.blocks, " blocks"));
  }
  const uint32_t index = log.first_block + labels.block;
  BlockInfo& block = (*blocks)[index];
  const uint64_t labelled = uint64_t{labels.clicks} + labels.unclicked_conversions;
  if (labels.changes.empty() || RowOf(labels.changes.back()) >= block.rows ||
      labelled > block.rows || labels.conversions > labels.clicks) {
    return DataLoss(StrCat("impossible labels: ", labels.changes.size(), " of ", block.rows,
                           " rows, clicks ", labels.clicks, ", conversions ", labels.conversions,
                           ", unclicked conversions ", labels.unclicked_conversions));
  }
  block.clicks = labels.clicks;
  block.conversions = labels.conversions;
  block.unclicked_conversions = labels.unclicked_conversions;
  std::vector<LabelChange>& changes = changes_[index];
  changes = MergeChanges(changes, labels.changes);
  (*states)[index] = Mix((*states)[index] + ChecksumOf(labels.changes));
  return Status::Ok();
}

void LabelOverlay::Apply(uint32_t index, Batch* batch) const {
  if (changes_.empty()) return;
  const auto found = changes_.find(index);
  if (found == changes_.end()) return;
  for (const LabelChange change : found->second) {
    batch->click[RowOf(change)] = ClickOf(change);
    batch->conversion[RowOf(change)] = ConversionOf(change);
  }
}

uint64_t LabelOverlay::rows() const {
  uint64_t rows = 0;
  for (const auto& [block, changes] : changes_) rows += changes.size();
  return rows;
}

}  // namespace chorus::worker
