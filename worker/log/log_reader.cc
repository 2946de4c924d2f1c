#include "worker/log/log_reader.h"

#include <algorithm>
#include <cstdio>
#include <span>
#include <string_view>
#include <utility>

#include "common/check.h"
#include "common/strings.h"
#include "worker/log/block.h"
#include "worker/log/column_map.h"
#include "worker/log/file_rules.h"
#include "worker/log/folder_kind.h"
#include "worker/log/format.h"
#include "worker/log/label_overlay.h"
#include "worker/log/labels.h"

namespace chorus::worker {
namespace {

using Bytes = std::vector<std::byte>;

Result<Bytes> ReadRange(const RandomAccessFile& file, uint64_t offset, uint64_t size) {
  if (offset > file.size() || size > file.size() - offset) {
    return DataLoss(
        StrCat("bytes ", offset, " .. ", offset + size, " expected, the file has ", file.size()));
  }
  Bytes bytes(size);
  RETURN_IF_ERROR(file.ReadAt(offset, bytes));
  return bytes;
}

struct Head {
  LogSchema schema;
  uint64_t bytes = 0;  // where the first block begins
  uint64_t checksum = 0;
};

// What a file is that begins so and may well be mistaken for a log; "" where that is not known.
std::string WhatElseBegins(std::span<const std::byte> prefix) {
  const std::string_view begin(reinterpret_cast<const char*>(prefix.data()), prefix.size());
  const auto is_letter = [](char c) {
    return static_cast<unsigned char>(c) >= ' ' || c == '\t' || c == '\n' || c == '\r';
  };
  constexpr std::string_view kGzip = "\x1f\x8b", kZstd = "\x28\xb5\x2f\xfd", kParquet = "PAR1";
  const bool rows = begin.starts_with(kGzip) || begin.starts_with(kZstd) ||
                    begin.starts_with(kParquet) ||
                    std::all_of(begin.begin(), begin.end(), is_letter);
  return rows ? "; of a text or table, chorus import makes one (predict --input scores text)" : "";
}

Result<Head> ReadHead(const RandomAccessFile& file) {
  ASSIGN_OR_RETURN(const Bytes prefix, ReadRange(file, 0, kHeadPrefixBytes));
  if (Load<uint64_t>(prefix.data()) != kHeadMagic) {
    return DataLoss(StrCat("this is no Chorus log (the magic differs)", WhatElseBegins(prefix)));
  }
  const uint32_t version = Load<uint32_t>(prefix.data() + 8);
  if (version < 1 || version > kFormatVersion) {
    return DataLoss(
        StrCat("log format version ", version, ", this program reads 1 to ", kFormatVersion));
  }
  const uint32_t schema_bytes = Load<uint32_t>(prefix.data() + 12);
  if (schema_bytes > kMaxSchemaBytes) {
    return DataLoss(StrCat("a schema of ", schema_bytes, " bytes, allowed ", kMaxSchemaBytes));
  }
  Head head;
  head.bytes = kHeadPrefixBytes + schema_bytes + kChecksumBytes;
  ASSIGN_OR_RETURN(const Bytes bytes, ReadRange(file, 0, head.bytes));
  const std::span<const std::byte> checked = std::span(bytes).first(head.bytes - kChecksumBytes);
  head.checksum = Load<uint64_t>(bytes.data() + checked.size());
  if (Checksum(checked) != head.checksum) return DataLoss("the checksum of the schema differs");
  ASSIGN_OR_RETURN(head.schema, DecodeSchema(checked.subspan(kHeadPrefixBytes)));
  if (FormatVersionOf(head.schema) > version) {
    return DataLoss(StrCat("a log of format version ", version, " says what only version ",
                           FormatVersionOf(head.schema), " can hold"));
  }
  return head;
}

struct Index {
  std::vector<BlockInfo> blocks;
  std::vector<uint64_t> checksums;  // of the blocks' headers
  uint64_t checksum = 0;            // of the index
};

Status CheckEntry(const BlockInfo& block) {
  const uint64_t labelled = uint64_t{block.clicks} + block.unclicked_conversions;
  if (block.rows == 0 || block.rows > kMaxBlockRows || block.contexts == 0 ||
      block.contexts > block.rows || labelled > block.rows || block.conversions > block.clicks) {
    return DataLoss(StrCat("impossible counts: rows ", block.rows, ", contexts ", block.contexts,
                           ", clicks ", block.clicks, ", conversions ", block.conversions,
                           ", unclicked conversions ", block.unclicked_conversions));
  }
  return Status::Ok();
}

// Reads the index, which the tail at the end of the file leads to. Entries store the sizes of
// blocks and no offsets: blocks follow each other between the head and the index, and fill that
// space exactly.
Result<Index> ReadIndex(const RandomAccessFile& file, uint32_t file_number, uint64_t head_bytes) {
  if (file.size() < head_bytes + kTailBytes) return DataLoss("the file ends before its index");
  const uint64_t tail_at = file.size() - kTailBytes;
  ASSIGN_OR_RETURN(const Bytes tail, ReadRange(file, tail_at, kTailBytes));
  if (Load<uint64_t>(tail.data() + 16) != kTailMagic) {
    return DataLoss("the file does not end as a log does: it is truncated or was not finished");
  }
  const uint64_t count = Load<uint64_t>(tail.data());
  if (count > (tail_at - head_bytes) / kIndexEntryBytes) {
    return DataLoss(StrCat("an index of ", count, " blocks does not fit into the file"));
  }
  const uint64_t index_at = tail_at - count * kIndexEntryBytes;
  ASSIGN_OR_RETURN(const Bytes bytes, ReadRange(file, index_at, count * kIndexEntryBytes + 8));
  if (Checksum(bytes) != Load<uint64_t>(tail.data() + 8)) {
    return DataLoss("the checksum of the index differs");
  }
  Index index;
  index.checksum = Load<uint64_t>(tail.data() + 8);
  uint64_t offset = head_bytes;
  for (uint64_t i = 0; i < count; ++i) {
    const std::byte* entry = bytes.data() + i * kIndexEntryBytes;
    const BlockInfo block = {file_number,
                             offset,
                             Load<uint64_t>(entry),
                             Load<uint32_t>(entry + 8),
                             Load<uint32_t>(entry + 12),
                             Load<uint32_t>(entry + 16),
                             Load<uint32_t>(entry + 20),
                             Load<uint32_t>(entry + 24)};
    RETURN_IF_ERROR(CheckEntry(block).Annotate(StrCat("index entry ", i)));
    if (block.bytes > index_at - offset) {
      return DataLoss(StrCat("block ", i, " of ", block.bytes, " bytes passes the index"));
    }
    offset += block.bytes;
    index.blocks.push_back(block);
    index.checksums.push_back(Load<uint64_t>(entry + 28));
  }
  if (offset != index_at) {
    return DataLoss(StrCat(index_at - offset, " bytes between the last block and the index"));
  }
  return index;
}

// The *.log files of a directory in the order of their names, or the path itself if it is a file.
Result<std::vector<std::string>> ExpandPath(FileSystem& files, const std::string& path) {
  const Result<std::vector<std::string>> names = files.List(path);
  if (!names.ok()) return std::vector<std::string>{path};
  std::vector<std::string> paths;
  for (const std::string& name : names.value()) {
    if (name.ends_with(".log")) paths.push_back(JoinPath(path, name));
  }
  if (paths.empty()) {
    return NotFound(StrCat("directory ", path, " holds no *.log file", WhatIsThere(files, path)));
  }
  return paths;
}

Status CompareCounts(const BlockInfo& expected, const Batch& batch) {
  const BatchLabels labels = CountBatchLabels(batch);
  if (batch.rows() != expected.rows || batch.contexts.rows != expected.contexts ||
      labels.clicks != expected.clicks || labels.conversions != expected.conversions ||
      labels.unclicked_conversions != expected.unclicked_conversions) {
    return DataLoss("rows, contexts or label counts differ from the index");
  }
  return Status::Ok();
}

class FileLogReader final : public LogReader {
 public:
  explicit FileLogReader(const LogSchema* model) : as_model_(model != nullptr) {
    if (as_model_) schema_ = *model;
  }

  Status Add(FileSystem& files, const std::string& path) {
    ASSIGN_OR_RETURN(std::unique_ptr<RandomAccessFile> file, files.OpenForRead(path));
    ASSIGN_OR_RETURN(const Head head, ReadHead(*file));
    RETURN_IF_ERROR(AddColumns(head.schema, path));
    const auto number = static_cast<uint32_t>(paths_.size());
    ASSIGN_OR_RETURN(const Index index, ReadIndex(*file, number, head.bytes));
    places_.push_back({.path = path,
                       .identity = Mix(Mix(head.checksum) + index.checksum),
                       .first_block = static_cast<uint32_t>(blocks_.size()),
                       .blocks = static_cast<uint32_t>(index.blocks.size())});
    heads_.push_back(head.checksum);
    blocks_.insert(blocks_.end(), index.blocks.begin(), index.blocks.end());
    checksums_.insert(checksums_.end(), index.checksums.begin(), index.checksums.end());
    paths_.push_back(path);
    files_.push_back(std::move(file));
    return Status::Ok();
  }

  // After the last file: what came to them later.
  Status AddLabels(FileSystem& files) {
    std::vector<uint64_t> states = checksums_;  // [block], of the block with its labels
    std::vector<std::string> folders;
    for (const std::string& path : paths_) {
      const std::string folder = DirectoryOf(path);
      if (std::find(folders.begin(), folders.end(), folder) != folders.end()) continue;
      folders.push_back(folder);
      ASSIGN_OR_RETURN(const auto found, ReadLabelFiles(files, folder));
      for (const NamedLabelFile& file : found) {
        labels_.files.push_back(file.path);
        labels_.fingerprints.push_back(FingerprintOf(states));
        RETURN_IF_ERROR(overlay_.Add(file.labels, folder, places_, &blocks_, &states)
                            .Annotate(StrCat("labels ", file.path)));
      }
    }
    labels_.rows = overlay_.rows();
    fingerprint_ = FingerprintOf(states);
    return Status::Ok();
  }

  const LogSchema& schema() const override { return schema_; }
  const std::vector<std::string>& ignored_columns() const override { return ignored_; }
  const std::vector<OtherRules>& other_rules() const override { return rules_.others(); }
  const std::vector<std::string>& files() const override { return paths_; }
  const std::vector<BlockInfo>& blocks() const override { return blocks_; }
  uint64_t fingerprint() const override { return fingerprint_; }
  const LogLabels& labels() const override { return labels_; }
  uint32_t first_block(uint32_t file) const override { return places_[file].first_block; }
  uint64_t identity(uint32_t file) const override { return places_[file].identity; }

  Status ReadBlock(uint32_t index, Batch* out) const override {
    CHECK(index < blocks_.size(), "block ", index, " of ", blocks_.size());
    const uint32_t file = blocks_[index].file;
    const Status status = ReadAndDecode(index, out);
    if (status.ok()) return status;
    return status.Annotate(
        StrCat("reading ", paths_[file], ": block ", index - places_[file].first_block));
  }

 private:
  Status ReadAndDecode(uint32_t index, Batch* out) const {
    const BlockInfo& block = blocks_[index];
    const auto buffer = std::make_unique_for_overwrite<std::byte[]>(block.bytes);
    const std::span<std::byte> bytes(buffer.get(), block.bytes);
    RETURN_IF_ERROR(files_[block.file]->ReadAt(block.offset, bytes));
    RETURN_IF_ERROR(DecodeBlock(stored_[block.file], bytes, out));
    // A block whose own checksums are right may still be another one than the index was made for.
    if (BlockChecksum(bytes) != checksums_[index]) {
      return DataLoss("the block's checksum differs from the index");
    }
    if (out->rows() != block.rows) {  // which labels were checked against
      return DataLoss(StrCat(out->rows(), " rows, the index has ", block.rows));
    }
    overlay_.Apply(index, out);
    RETURN_IF_ERROR(CompareCounts(block, *out));
    columns_[block.file].Apply(out);
    return Status::Ok();
  }

  // Mixed one after the other: the order of the blocks counts, and the files' borders do not.
  uint64_t FingerprintOf(const std::vector<uint64_t>& block_states) const {
    uint64_t fingerprint = Mix(heads_.front());
    for (size_t file = 0; file < places_.size(); ++file) {
      if (heads_[file] != heads_.front()) fingerprint = Mix(fingerprint + heads_[file]);
      for (uint32_t i = 0; i < places_[file].blocks; ++i) {
        fingerprint = Mix(fingerprint + block_states[places_[file].first_block + i]);
      }
    }
    return fingerprint;
  }

  // "it has no conversions (conversion in the import's schema), unlike".  REQUIRES: it differs.
  std::string DifferenceOfShape(const LogSchema& stored) const {
    std::vector<std::string> lacks, has_besides;
    const auto compare = [&](bool has, bool wanted, const char* what) {
      if (wanted && !has) lacks.push_back(what);
      if (has && !wanted) has_besides.push_back(what);
    };
    compare(stored.has_click, schema_.has_click, "clicks (click)");
    compare(stored.has_conversion, schema_.has_conversion, "conversions (conversion)");
    compare(stored.has_weight, schema_.has_weight, "weights (weight)");
    compare(stored.has_group, schema_.has_group, "groups (group)");
    compare(stored.has_time, schema_.has_time, "times (time)");
    compare(stored.has_row_id_text, schema_.has_row_id_text,
            "row ids that are texts (row_id_text)");
    std::string out = lacks.empty() ? "" : StrCat("it has no ", Join(lacks, ", no "));
    if (!has_besides.empty()) {
      out += StrCat(lacks.empty() ? "it has " : ", and has ", Join(has_besides, ", "));
    }
    return out + ", unlike";
  }

  // Of the next file. Rows of one log have one shape: each has a weight (group, time), or none has.
  Status AddColumns(const LogSchema& stored, const std::string& path) {
    if (paths_.empty()) {
      if (!as_model_) schema_ = stored;
      schema_.has_weight = stored.has_weight;
      schema_.has_group = stored.has_group;
      schema_.has_time = stored.has_time;
      schema_.has_click = stored.has_click;
      schema_.has_conversion = stored.has_conversion;
      schema_.has_row_id_text = stored.has_row_id_text;
    } else if (stored.has_weight != schema_.has_weight || stored.has_group != schema_.has_group ||
               stored.has_time != schema_.has_time || stored.has_click != schema_.has_click ||
               stored.has_conversion != schema_.has_conversion ||
               stored.has_row_id_text != schema_.has_row_id_text) {
      return FailedPrecondition(StrCat(DifferenceOfShape(stored), " ", paths_[0],
                                       ": all files of a log have them, or none has"));
    }
    RETURN_IF_ERROR(rules_.Add(path, stored, as_model_ ? &schema_ : nullptr));
    Result<ColumnMap> map = ColumnMap::Make(schema_, stored);
    if (!map.ok()) {
      return map.status().Annotate(as_model_ ? "against the model"
                                             : StrCat("against ", paths_.front()));
    }
    for (const std::string& name : map->ignored()) {
      if (std::find(ignored_.begin(), ignored_.end(), name) == ignored_.end()) {
        ignored_.push_back(name);
      }
    }
    stored_.push_back(stored);
    columns_.push_back(*std::move(map));
    return Status::Ok();
  }

  const bool as_model_;
  LogSchema schema_;                // as blocks are given
  std::vector<LogSchema> stored_;   // [file], as blocks are stored
  std::vector<ColumnMap> columns_;  // [file], from one to the other
  std::vector<std::string> ignored_;
  FileRules rules_;
  std::vector<std::string> paths_;
  std::vector<std::unique_ptr<RandomAccessFile>> files_;
  std::vector<LogFilePlace> places_;  // [file]
  std::vector<uint64_t> heads_;       // [file], checksums of schemas
  std::vector<BlockInfo> blocks_;     // counts are those of the labels of today
  std::vector<uint64_t> checksums_;   // [block], as they were written
  LabelOverlay overlay_;
  LogLabels labels_;
  uint64_t fingerprint_ = 0;
};

}  // namespace

const LogLabels& LogReader::labels() const {
  static const LogLabels none;
  return none;
}

const std::vector<OtherRules>& LogReader::other_rules() const {
  static const std::vector<OtherRules> none;
  return none;
}

bool LogReader::HoldsBlocks(uint32_t file) const {
  const size_t end = file + 1 < files().size() ? first_block(file + 1) : blocks().size();
  return first_block(file) < end;
}

std::string LogReader::Description() const {
  uint64_t rows = 0;
  for (const BlockInfo& block : blocks()) rows += block.rows;
  char fingerprint_text[20];
  std::snprintf(fingerprint_text, sizeof(fingerprint_text), "%016llx",
                static_cast<unsigned long long>(fingerprint()));
  return StrCat(files().size(), files().size() == 1 ? " file" : " files", ", ", rows,
                " exposures, fingerprint ", fingerprint_text);
}

Result<std::unique_ptr<LogReader>> LogReader::Open(FileSystem& files,
                                                   const std::vector<std::string>& paths,
                                                   const LogSchema* model) {
  if (paths.empty()) return InvalidArgument("a log needs at least one file");
  auto reader = std::make_unique<FileLogReader>(model);
  for (const std::string& path : paths) {
    ASSIGN_OR_RETURN(const std::vector<std::string> expanded, ExpandPath(files, path));
    for (const std::string& file : expanded) {
      RETURN_IF_ERROR(reader->Add(files, file).Annotate(StrCat("log ", file)));
    }
  }
  RETURN_IF_ERROR(reader->AddLabels(files));
  return std::unique_ptr<LogReader>(std::move(reader));
}

}  // namespace chorus::worker
