#include "worker/import/common_rows.h"

#include <zstd.h>

#include <algorithm>
#include <atomic>
#include <utility>

#include "common/byte_order_mark.h"
#include "common/check.h"
#include "common/log.h"
#include "common/parallel_for.h"
#include "common/strings.h"
#include "worker/import/line_reader.h"

namespace chorus::worker {
namespace {

constexpr size_t kWaveBytes = size_t{8} << 20;  // of lines that are compressed at once
constexpr size_t kArenaBytes = size_t{16} << 20;

struct FreeCompression {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

std::string_view KeyOf(std::string_view line) { return line.substr(0, line.find(',')); }
uint64_t HashOf(std::string_view key) { return Checksum(key); }

// Where a line is.
struct StoredLine {
  uint64_t hash;  // of its key
  uint64_t offset;
  uint64_t line_number;
  uint32_t input;
  uint32_t stored_bytes;
  uint32_t line_bytes;
};

// A line on its way into the store.
struct Incoming {
  std::string line;
  uint64_t line_number;
  uint32_t input;
  std::string frame;
};

Status NoMemory() {
  return ResourceExhausted(
      "memory is used up while common features are packed or unpacked: end other programs, or take "
      "fewer threads");
}

class StoredRows final : public CommonRows {
 public:
  StoredRows(FileSystem& files, std::vector<std::string> input_names, CommonRowsOptions options)
      : files_(files),
        input_names_(std::move(input_names)),
        options_(std::move(options)),
        bad_rows_(options_.max_bad_rows, /*tell=*/true, options_.bad_list,
                  options_.bad_row_remedy) {}

  Status ReadAll(const std::vector<TextInput>& inputs) {
    for (uint32_t i = 0; i < inputs.size(); ++i) {
      RETURN_IF_ERROR(ReadInput(i, inputs[i]));
    }
    RETURN_IF_ERROR(EndWave());
    if (spill_writer_ != nullptr) {
      RETURN_IF_ERROR(spill_writer_->Close());
      ASSIGN_OR_RETURN(spill_, files_.OpenForRead(options_.spill_path));
    }
    if (options_.progress != nullptr) options_.progress->Clear();
    std::sort(entries_.begin(), entries_.end(), [](const StoredLine& a, const StoredLine& b) {
      return a.hash != b.hash ? a.hash < b.hash : a.offset < b.offset;
    });
    return RefuseDifferingTwins();
  }

  ~StoredRows() override {
    if (spill_writer_ == nullptr) return;
    spill_writer_.reset();
    spill_.reset();
    const Status removed = files_.Remove(options_.spill_path);
    if (removed.ok()) return;
    LogWarning("the temporary file of common features stays, remove it by hand: ",
               removed.message());
  }

  uint64_t rows() const override { return entries_.size(); }
  uint64_t bad_rows() const override { return bad_rows_.count(); }
  uint64_t stored_bytes() const override { return end_; }
  uint64_t spilled_bytes() const override { return end_ - in_memory_; }
  std::unique_ptr<Finder> NewFinder() const override;

  std::string PlaceOf(const StoredLine& entry) const {
    return StrCat(input_names_[entry.input], ":", entry.line_number);
  }
  const std::vector<StoredLine>& entries() const { return entries_; }

  // The frame of an entry: in memory, or read into *buffer.
  Result<std::string_view> FrameOf(const StoredLine& entry, std::string* buffer) const {
    if (entry.offset < in_memory_) {
      const std::string& arena = arenas_[ArenaOf(entry.offset)];
      return std::string_view(arena).substr(entry.offset - arena_begins_[ArenaOf(entry.offset)],
                                            entry.stored_bytes);
    }
    buffer->resize(entry.stored_bytes);
    RETURN_IF_ERROR(spill_->ReadAt(entry.offset - in_memory_,
                                   std::as_writable_bytes(std::span<char>(*buffer))));
    return std::string_view(*buffer);
  }

 private:
  Status ReadInput(uint32_t index, const TextInput& input) {
    auto source = input.open();
    if (!source.ok()) return source.status().Annotate(input.name);
    auto unpacked = NewUnpackingSource(std::move(source).value());
    if (!unpacked.ok()) return unpacked.status().Annotate(input.name);
    LineReader reader(std::move(unpacked).value());
    while (true) {
      std::string_view line;
      const auto got = reader.Next(&line);
      if (!got.ok()) return got.status().Annotate(input.name);
      if (!*got) return Status::Ok();
      if (reader.line_number() == 1) line = WithoutByteOrderMark(line);
      if (line.empty()) continue;
      if (const size_t end = line.find(','); end == 0 || end == std::string_view::npos) {
        RETURN_IF_ERROR(bad_rows_.Add(
            InvalidArgument(StrCat(input.name, ":", reader.line_number(), ": found ", Shown(line),
                                   ", expected common_feature_index,feature_num,feature_list"))));
        continue;
      }
      wave_.push_back({std::string(line), reader.line_number(), index, {}});
      wave_bytes_ += line.size();
      if (wave_bytes_ >= kWaveBytes) RETURN_IF_ERROR(EndWave());
    }
  }

  // Compresses the lines that wait, and stores them in their order.
  Status EndWave() {
    const uint64_t pieces = std::min<uint64_t>(wave_.size(), uint64_t{4} * options_.threads);
    std::atomic<bool> exhausted = false;
    ParallelFor(pieces, options_.threads, [&](uint64_t piece) {
      const std::unique_ptr<ZSTD_CCtx, FreeCompression> zstd(ZSTD_createCCtx());
      if (zstd == nullptr) {
        exhausted = true;
        return;
      }
      for (size_t i = wave_.size() * piece / pieces; i < wave_.size() * (piece + 1) / pieces; ++i) {
        Incoming& row = wave_[i];
        row.frame.resize(ZSTD_compressBound(row.line.size()));
        const size_t bytes =
            ZSTD_compressCCtx(zstd.get(), row.frame.data(), row.frame.size(), row.line.data(),
                              row.line.size(), /*compressionLevel=*/1);
        CHECK(!ZSTD_isError(bytes), ZSTD_getErrorName(bytes));
        row.frame.resize(bytes);
      }
    });
    if (exhausted) return NoMemory();
    for (const Incoming& row : wave_) RETURN_IF_ERROR(Store(row));
    wave_.clear();
    wave_bytes_ = 0;
    if (options_.progress != nullptr && options_.progress->Due()) {
      options_.progress->Show(StrCat("import: read ", entries_.size(), " rows of common features"));
    }
    return Status::Ok();
  }

  Status Store(const Incoming& row) {
    entries_.push_back({HashOf(KeyOf(row.line)), end_, row.line_number, row.input,
                        static_cast<uint32_t>(row.frame.size()),
                        static_cast<uint32_t>(row.line.size())});
    // The index grows by doubling, and is copied then.
    const uint64_t index_bytes = 3 * entries_.size() * sizeof(StoredLine);
    if (spill_writer_ == nullptr &&
        end_ + row.frame.size() + kArenaBytes + index_bytes > options_.memory_bytes) {
      RETURN_IF_ERROR(BeginSpill());
    }
    end_ += row.frame.size();
    if (spill_writer_ != nullptr) {
      return spill_writer_->Append(std::as_bytes(std::span<const char>(row.frame)));
    }
    if (arenas_.empty() || arenas_.back().size() + row.frame.size() > arenas_.back().capacity()) {
      arena_begins_.push_back(in_memory_);
      arenas_.emplace_back().reserve(std::max(kArenaBytes, row.frame.size()));
    }
    arenas_.back().append(row.frame);
    in_memory_ = end_;
    return Status::Ok();
  }

  Status BeginSpill() {
    if (options_.spill_path.empty()) {
      return ResourceExhausted(
          StrCat("common features take more than ", options_.memory_bytes,
                 " bytes of memory, and nothing is kept in a file here: make a log of "
                 "the text first (chorus import), which keeps the rest in one, "
                 "and use the log in place of the text"));
    }
    ASSIGN_OR_RETURN(spill_writer_, files_.Create(options_.spill_path));
    return Status::Ok();
  }

  size_t ArenaOf(uint64_t offset) const {
    const auto behind = std::upper_bound(arena_begins_.begin(), arena_begins_.end(), offset);
    return static_cast<size_t>(behind - arena_begins_.begin()) - 1;
  }

  Status RefuseDifferingTwins() const;

  FileSystem& files_;
  const std::vector<std::string> input_names_;
  const CommonRowsOptions options_;
  BadRows bad_rows_;
  std::vector<Incoming> wave_;
  size_t wave_bytes_ = 0;
  std::vector<StoredLine> entries_;     // by hash, once all are there
  std::vector<std::string> arenas_;     // frames, one behind the other
  std::vector<uint64_t> arena_begins_;  // [arenas_], offset of the first frame
  uint64_t end_ = 0;                    // offset behind the last frame
  uint64_t in_memory_ = 0;              // frames from this offset on are in the file
  std::unique_ptr<WritableFile> spill_writer_;
  std::unique_ptr<RandomAccessFile> spill_;
};

class StoredFinder final : public CommonRows::Finder {
 public:
  explicit StoredFinder(const StoredRows& rows) : rows_(rows) {}

  Result<std::string_view> Find(std::string_view key) override {
    const uint64_t hash = HashOf(key);
    const auto& entries = rows_.entries();
    auto at = std::lower_bound(entries.begin(), entries.end(), hash,
                               [](const StoredLine& entry, uint64_t h) { return entry.hash < h; });
    for (; at != entries.end() && at->hash == hash; ++at) {
      ASSIGN_OR_RETURN(const std::string_view line, Unpack(*at));
      if (KeyOf(line) != key) continue;
      found_ = &*at;
      return line;
    }
    return NotFound(StrCat("no row of common features has the key ", Shown(key)));
  }

  std::string Place() const override { return found_ == nullptr ? "" : rows_.PlaceOf(*found_); }

  Result<std::string_view> Unpack(const StoredLine& entry) {
    ASSIGN_OR_RETURN(const std::string_view frame, rows_.FrameOf(entry, &frame_));
    if (zstd_ == nullptr) return NoMemory();
    line_.resize(entry.line_bytes);
    const size_t bytes =
        ZSTD_decompressDCtx(zstd_.get(), line_.data(), line_.size(), frame.data(), frame.size());
    if (ZSTD_isError(bytes) || bytes != entry.line_bytes) {
      return DataLoss("the temporary file of common features is damaged");
    }
    return std::string_view(line_);
  }

 private:
  const StoredRows& rows_;
  const std::unique_ptr<ZSTD_DCtx, FreeCompression> zstd_{ZSTD_createDCtx()};
  const StoredLine* found_ = nullptr;
  std::string frame_, line_;
};

std::unique_ptr<CommonRows::Finder> StoredRows::NewFinder() const {
  return std::make_unique<StoredFinder>(*this);
}

Status StoredRows::RefuseDifferingTwins() const {
  StoredFinder first(*this), second(*this);
  for (size_t i = 0; i + 1 < entries_.size(); ++i) {
    for (size_t j = i + 1; j < entries_.size() && entries_[j].hash == entries_[i].hash; ++j) {
      ASSIGN_OR_RETURN(const std::string_view one, first.Unpack(entries_[i]));
      ASSIGN_OR_RETURN(const std::string_view other, second.Unpack(entries_[j]));
      if (KeyOf(one) != KeyOf(other) || one == other) continue;
      return InvalidArgument(StrCat(PlaceOf(entries_[j]), ": the key ", Shown(KeyOf(one)),
                                    " has other features at ", PlaceOf(entries_[i]),
                                    " (are files of train and test mixed?)"));
    }
  }
  return Status::Ok();
}

}  // namespace

Result<std::unique_ptr<CommonRows>> CommonRows::Read(FileSystem& files,
                                                     const std::vector<TextInput>& inputs,
                                                     const CommonRowsOptions& options) {
  std::vector<std::string> names;
  for (const TextInput& input : inputs) names.push_back(input.name);
  auto rows = std::make_unique<StoredRows>(files, std::move(names), options);
  RETURN_IF_ERROR(rows->ReadAll(inputs));
  return std::unique_ptr<CommonRows>(std::move(rows));
}

}  // namespace chorus::worker
