#include "worker/log/label_file.h"

#include <cstdio>
#include <span>

#include "common/strings.h"
#include "worker/log/format.h"

namespace chorus::worker {
namespace {

constexpr uint64_t kLabelMagic = 0x4c424c5355524843;  // "CHRUSLBL"
constexpr uint32_t kLabelVersion = 1;

// Takes numbers from bytes that are not trusted: what is not there is 0, and says so at the end.
class Cursor {
 public:
  explicit Cursor(std::span<const std::byte> bytes) : rest_(bytes) {}

  template <typename T>
  T Take() {
    if (!Has(1, sizeof(T))) return T{};
    const T value = Load<T>(rest_.data());
    rest_ = rest_.subspan(sizeof(T));
    return value;
  }
  std::string TakeText(size_t bytes) {
    if (!Has(bytes, 1)) return "";
    const std::string text(reinterpret_cast<const char*>(rest_.data()), bytes);
    rest_ = rest_.subspan(bytes);
    return text;
  }
  // Whether `count` things of at least bytes_of_one bytes each can still come: a count is checked
  // by it before memory is allocated for it.
  bool Has(uint64_t count, size_t bytes_of_one) {
    if (count > rest_.size() / bytes_of_one) short_ = true;
    return !short_;
  }
  bool is_short() const { return short_; }
  size_t left() const { return rest_.size(); }

 private:
  std::span<const std::byte> rest_;
  bool short_ = false;
};

constexpr size_t kLabelledFileBytes = 16;   // identity, name_bytes, blocks
constexpr size_t kLabelledBlockBytes = 20;  // block, rows, clicks, conversions, unclicked ones

Result<LabelledBlock> TakeBlock(Cursor* from) {
  LabelledBlock block;
  block.block = from->Take<uint32_t>();
  const auto rows = from->Take<uint32_t>();
  block.clicks = from->Take<uint32_t>();
  block.conversions = from->Take<uint32_t>();
  block.unclicked_conversions = from->Take<uint32_t>();
  if (!from->Has(rows, sizeof(LabelChange))) return block;
  block.changes.resize(rows);
  for (LabelChange& change : block.changes) change = from->Take<uint32_t>();
  for (uint32_t i = 1; i < rows; ++i) {
    if (RowOf(block.changes[i - 1]) >= RowOf(block.changes[i])) {
      return DataLoss(StrCat("rows of block ", block.block, " do not rise"));
    }
  }
  return block;
}

Result<LabelledFile> TakeFile(Cursor* from) {
  LabelledFile file;
  file.identity = from->Take<uint64_t>();
  const auto name_bytes = from->Take<uint32_t>();
  const auto blocks = from->Take<uint32_t>();
  file.name = from->TakeText(name_bytes);
  if (!from->Has(blocks, kLabelledBlockBytes)) return file;
  for (uint32_t i = 0; i < blocks; ++i) {
    ASSIGN_OR_RETURN(LabelledBlock block, TakeBlock(from));
    if (!file.blocks.empty() && file.blocks.back().block >= block.block) {
      return DataLoss(StrCat("blocks of ", file.name, " do not rise"));
    }
    file.blocks.push_back(std::move(block));
  }
  return file;
}

Status ReadFolder(FileSystem& files, const std::string& folder, const std::string& name,
                  std::vector<NamedLabelFile>* out) {
  const std::string path = JoinPath(folder, name);
  ASSIGN_OR_RETURN(const std::string bytes, ReadWholeFile(files, path));
  Result<LabelFile> labels = DecodeLabelFile(BytesOf(bytes));
  if (!labels.ok()) return labels.status().Annotate(StrCat("labels ", path));
  const uint64_t before = out->empty() ? 0 : out->back().labels.checksum;
  if (labels->previous != before) {
    return DataLoss(StrCat("labels ", path, ": they follow on others than ",
                           out->empty() ? "none" : out->back().path,
                           ": a label file between them is gone or was replaced; bring it back, or "
                           "remove this one and all after it and import these labels again"));
  }
  out->push_back({path, *std::move(labels)});
  return Status::Ok();
}

}  // namespace

std::string EncodeLabelFile(const LabelFile& labels) {
  std::string out;
  Store<uint64_t>(&out, kLabelMagic);
  Store<uint32_t>(&out, kLabelVersion);
  Store<uint32_t>(&out, static_cast<uint32_t>(labels.files.size()));
  Store<uint64_t>(&out, labels.previous);
  for (const LabelledFile& file : labels.files) {
    Store<uint64_t>(&out, file.identity);
    Store<uint32_t>(&out, static_cast<uint32_t>(file.name.size()));
    Store<uint32_t>(&out, static_cast<uint32_t>(file.blocks.size()));
    out.append(file.name);
    for (const LabelledBlock& block : file.blocks) {
      Store<uint32_t>(&out, block.block);
      Store<uint32_t>(&out, static_cast<uint32_t>(block.changes.size()));
      Store<uint32_t>(&out, block.clicks);
      Store<uint32_t>(&out, block.conversions);
      Store<uint32_t>(&out, block.unclicked_conversions);
      for (const LabelChange change : block.changes) Store<uint32_t>(&out, change);
    }
  }
  Store<uint64_t>(&out, Checksum(out));
  return out;
}

Result<LabelFile> DecodeLabelFile(std::span<const std::byte> bytes) {
  constexpr size_t kFixedBytes = 24;
  if (bytes.size() < kFixedBytes + kChecksumBytes || Load<uint64_t>(bytes.data()) != kLabelMagic) {
    return DataLoss("this is no label file (too short, or the magic differs)");
  }
  LabelFile labels;
  const std::span<const std::byte> checked = bytes.first(bytes.size() - kChecksumBytes);
  labels.checksum = Load<uint64_t>(bytes.data() + checked.size());
  if (Checksum(checked) != labels.checksum) {
    return DataLoss("the checksum differs: the file is damaged or cut off");
  }
  Cursor from(checked.subspan(sizeof(kLabelMagic)));
  if (const auto version = from.Take<uint32_t>(); version != kLabelVersion) {
    return DataLoss(StrCat("label file version ", version, ", this program reads ", kLabelVersion));
  }
  const auto count = from.Take<uint32_t>();
  labels.previous = from.Take<uint64_t>();
  if (from.Has(count, kLabelledFileBytes)) {
    for (uint32_t i = 0; i < count; ++i) {
      ASSIGN_OR_RETURN(LabelledFile file, TakeFile(&from));
      labels.files.push_back(std::move(file));
    }
  }
  if (from.is_short() || from.left() > 0) {
    return DataLoss("its counts do not fit its size");
  }
  return labels;
}

Result<std::vector<NamedLabelFile>> ReadLabelFiles(FileSystem& files, const std::string& folder) {
  std::vector<NamedLabelFile> found;
  const Result<std::vector<std::string>> names = files.List(folder);
  if (names.status().code() == Code::kNotFound) return found;
  RETURN_IF_ERROR(names.status().Annotate(StrCat("looking for labels beside ", folder)));
  for (const std::string& name : *names) {
    if (name.ends_with(kLabelFileEnd)) RETURN_IF_ERROR(ReadFolder(files, folder, name, &found));
  }
  return found;
}

Result<std::string> NextLabelFileName(std::span<const NamedLabelFile> present) {
  const std::string last = present.empty() ? "" : BaseName(present.back().path);
  const auto name_of = [](uint32_t number) {
    char name[40];
    std::snprintf(name, sizeof(name), "labels-%05u%s", number, kLabelFileEnd);
    return std::string(name);
  };
  constexpr uint32_t kLast = 999999;  // no smaller number has a name behind its
  if (last >= name_of(kLast)) {
    ASSIGN_OR_RETURN(const std::string free, NextLabelFileName(present.first(present.size() - 1)));
    return FailedPrecondition(
        StrCat("labels ", present.back().path,
               ": label files are merged in the order of their names, and the name of a next one "
               "cannot come behind this; rename it to ",
               free));
  }
  auto number = static_cast<uint32_t>(present.size());
  while (name_of(number) <= last) ++number;
  return name_of(number);
}

}  // namespace chorus::worker
