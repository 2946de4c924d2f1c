#include "launch/command/canonical.h"

#include <vector>

#include "launch/command/checkpoint_rows.h"
#include "worker/train/checkpoint_store.h"

namespace chorus::launch {
namespace {

constexpr size_t kPieceBytes = size_t{1} << 20;

// Collects small values into larger pieces.
class Writer {
 public:
  explicit Writer(const std::function<Status(std::string_view)>& write) : write_(write) {}

  template <typename T>
  void Put(T value) {
    piece_.append(reinterpret_cast<const char*>(&value), sizeof(value));
  }
  template <typename T>
  void PutAll(const T* values, size_t count) {
    piece_.append(reinterpret_cast<const char*>(values), count * sizeof(T));
  }
  void PutText(std::string_view text) { piece_.append(text); }
  Status FlushIfLarge() { return piece_.size() < kPieceBytes ? Status::Ok() : Flush(); }
  Status Flush() {
    const Status status = write_(piece_);
    piece_.clear();
    return status;
  }

 private:
  const std::function<Status(std::string_view)>& write_;
  std::string piece_;
};

}  // namespace

Status WriteCanonical(FileSystem& files, const std::string& folder,
                      const std::function<Status(std::string_view bytes)>& write) {
  ASSIGN_OR_RETURN(const CheckpointManifest manifest, worker::ReadManifest(files, folder));
  RETURN_IF_ERROR(worker::VerifyFiles(files, folder, manifest));
  // All is open before anything is written: a checkpoint that is removed meanwhile is read to its end.
  ASSIGN_OR_RETURN(const auto rows, CheckpointRows::Open(files, folder, manifest));
  ASSIGN_OR_RETURN(const worker::DenseState dense, worker::ReadDenseState(files, folder, manifest));
  Writer writer(write);
  writer.PutText("CHORUS-CANONICAL 1\n");
  writer.Put(uint64_t{manifest.step()});
  for (uint32_t t = 0; t < rows->tables().size(); ++t) {
    const ps::ShardFileTable& table = rows->tables()[t];
    writer.PutText(table.name + "\n");
    writer.Put(table.rows);
    RETURN_IF_ERROR(rows->Visit(t, [&](const ps::ShardRow& row) {
      writer.Put(row.key);
      writer.Put(row.count);
      writer.Put(row.last_step);
      writer.PutAll(row.weights, table.dim);
      writer.PutAll(row.state, table.state_floats);
      return writer.FlushIfLarge();
    }));
  }
  ASSIGN_OR_RETURN(const std::vector<ps::PendingRows> pending, rows->Pending());
  for (const ps::PendingRows& step : pending) {
    writer.Put(step.step);
    for (const ps::PendingRows::TableRows& table : step.tables) {
      writer.Put(static_cast<uint64_t>(table.keys.size()));
      writer.PutAll(table.keys.data(), table.keys.size());
      writer.PutAll(table.weights.data(), table.weights.size());
    }
  }
  writer.PutText(worker::EncodeDenseState(dense));
  return writer.Flush();
}

}  // namespace chorus::launch
