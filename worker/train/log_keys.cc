#include "worker/train/log_keys.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "common/strings.h"
#include "worker/train/scorer.h"

namespace chorus::worker {
namespace {

// What a restore request carries at most: 32 MB for each server.
constexpr uint64_t kMaxKeys = 1 << 22;

uint64_t RowsOf(const CheckpointManifest& manifest) {
  uint64_t rows = 0;
  for (const CheckpointFile& file : manifest.file()) rows += file.rows();
  return rows;
}

void SortUnique(std::vector<Key>* keys) {
  std::sort(keys->begin(), keys->end());
  keys->erase(std::unique(keys->begin(), keys->end()), keys->end());
}

uint64_t CountOf(const KeysOfTables& tables) {
  uint64_t count = 0;
  for (const std::vector<Key>& keys : tables) count += keys.size();
  return count;
}

// Unique keys of steps, in memory of about as many.
class KeyCollector {
 public:
  void Add(const StepBatch& step) {
    tables_.resize(std::max(tables_.size(), step.keys.size()));
    for (size_t t = 0; t < step.keys.size(); ++t) {
      tables_[t].insert(tables_[t].end(), step.keys[t].keys.begin(), step.keys[t].keys.end());
    }
    if (CountOf(tables_) < sort_at_) return;
    const KeysOfTables& unique = Unique();
    sort_at_ = std::max(sort_at_, 2 * CountOf(unique));
  }
  const KeysOfTables& Unique() {
    for (std::vector<Key>& keys : tables_) SortUnique(&keys);
    return tables_;
  }

 private:
  KeysOfTables tables_;
  uint64_t sort_at_ = 1 << 20;
};

// For each table a count and the keys.
std::string Encode(const KeysOfTables& tables) {
  std::string out;
  for (const std::vector<Key>& keys : tables) {
    const uint64_t count = keys.size();
    out.append(reinterpret_cast<const char*>(&count), sizeof(count));
    out.append(reinterpret_cast<const char*>(keys.data()), count * sizeof(Key));
  }
  return out;
}

Status AppendDecoded(std::string_view bytes, KeysOfTables* tables) {
  for (size_t t = 0; !bytes.empty(); ++t) {
    uint64_t count = 0;
    if (bytes.size() < sizeof(count)) return Internal("keys of another worker: too short");
    std::memcpy(&count, bytes.data(), sizeof(count));
    bytes.remove_prefix(sizeof(count));
    if (count > bytes.size() / sizeof(Key)) return Internal("keys of another worker: too short");
    if (tables->size() <= t) tables->resize(t + 1);
    std::vector<Key>& keys = (*tables)[t];
    const size_t before = keys.size();
    keys.resize(before + count);
    if (count > 0) std::memcpy(keys.data() + before, bytes.data(), count * sizeof(Key));
    bytes.remove_prefix(count * sizeof(Key));
  }
  return Status::Ok();
}

}  // namespace

Result<std::optional<KeysOfTables>> FewKeysOfLog(Session* session,
                                                 const std::vector<std::string>& log,
                                                 const CheckpointManifest& manifest) {
  ASSIGN_OR_RETURN(
      const std::unique_ptr<Scorer> scorer,
      Scorer::Create(session, log, KEEP_UNCLICKED, {.is_first_look = true, .by_stretches = true}));
  // Each exposure reads a key of every slot, most of which others read, too.
  const uint64_t reads = scorer->counts().kept_rows * session->schema().slots.size();
  if (reads > RowsOf(manifest)) return std::optional<KeysOfTables>();
  KeyCollector collector;
  Collective& collective = *session->environment().collective;
  RETURN_IF_ERROR(scorer->Read([&](const StepBatch& step) { collector.Add(step); },
                               [&] { return collective.Barrier(); }));
  ASSIGN_OR_RETURN(const std::vector<std::string> parts,
                   collective.Gather(Encode(collector.Unique()), 0));
  if (collective.rank() > 0) return std::optional<KeysOfTables>();
  KeysOfTables all(session->tables().size());
  for (const std::string& part : parts) RETURN_IF_ERROR(AppendDecoded(part, &all));
  for (std::vector<Key>& keys : all) SortUnique(&keys);
  if (CountOf(all) > kMaxKeys) return std::optional<KeysOfTables>();
  return std::optional<KeysOfTables>(std::move(all));
}

}  // namespace chorus::worker
