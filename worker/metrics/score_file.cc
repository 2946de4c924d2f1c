#include "worker/metrics/score_file.h"

#include <cstring>

#include "common/check.h"
#include "common/checksum_stream.h"
#include "common/strings.h"

namespace chorus::worker {
namespace {

constexpr char kScoresMagic[8] = {'C', 'H', 'S', 'C', 'O', 'R', 'E', 'S'};
constexpr uint32_t kVersion = 1;
constexpr uint32_t kGroups = 1;
constexpr uint32_t kOracle = 2;
constexpr uint32_t kWeights = 4;

struct Header {
  char magic[8];
  uint32_t version;
  uint32_t columns;
  uint64_t rows;
  uint64_t columns_checksum;
  uint8_t zeros[24];
  uint64_t checksum;
};
static_assert(sizeof(Header) == 64);

// f(column) for each column that the file holds, in the file's order. S: Scores or const Scores.
template <typename S, typename F>
void ForEachColumn(S& scores, F f) {
  f(scores.row_id);
  if (scores.has_group) f(scores.group);
  f(scores.click);
  f(scores.conversion);
  f(scores.ctr_logit);
  f(scores.cvr_logit);
  f(scores.log_cvr);
  if (scores.has_oracle) f(scores.p_conv_do);
  if (scores.has_oracle) f(scores.p_v);
  if (scores.has_weight) f(scores.weight);
}

uint64_t RowBytes(uint32_t columns) {
  return 8 + 1 + 1 + 3 * 8 + ((columns & kGroups) != 0 ? 8 : 0) +
         ((columns & kOracle) != 0 ? 2 * 4 : 0) + ((columns & kWeights) != 0 ? 4 : 0);
}

uint64_t HeaderChecksum(const Header& header) {
  const auto bytes = std::as_bytes(std::span<const Header>(&header, 1));
  return Checksum(bytes.first(sizeof(Header) - sizeof(header.checksum)));
}

Header HeaderOf(const Scores& scores) {
  Header header = {};
  memcpy(header.magic, kScoresMagic, sizeof(kScoresMagic));
  header.version = kVersion;
  header.columns = (scores.has_group ? kGroups : 0) | (scores.has_oracle ? kOracle : 0) |
                   (scores.has_weight ? kWeights : 0);
  header.rows = scores.rows();
  ChecksumStream checksum;
  ForEachColumn(scores, [&](const auto& column) {
    CHECK(column.size() == scores.rows(), "column of ", column.size(), " rows=", scores.rows());
    checksum.Add(std::as_bytes(std::span(column)));
  });
  header.columns_checksum = checksum.value();
  header.checksum = HeaderChecksum(header);
  return header;
}

// bytes: of the whole file.
Status CheckHeader(const Header& header, uint64_t bytes) {
  if (memcmp(header.magic, kScoresMagic, sizeof(kScoresMagic)) != 0)
    return DataLoss("not a score file");
  if (header.checksum != HeaderChecksum(header)) return DataLoss("header checksum differs");
  if (header.version != kVersion || header.columns > (kGroups | kOracle | kWeights)) {
    return DataLoss(
        StrCat("score file of version ", header.version, ", this program reads ", kVersion));
  }
  const uint64_t row_bytes = RowBytes(header.columns);
  if (header.rows > bytes || sizeof(Header) + header.rows * row_bytes != bytes) {
    return DataLoss(StrCat("has ", bytes, " bytes, its header promises ", header.rows, " rows of ",
                           row_bytes, " after ", sizeof(Header)));
  }
  return Status::Ok();
}

// read(offset, out) fills `out` or fails; bytes: all there are.
template <typename Read>
Result<Scores> ParseScores(uint64_t bytes, const Read& read) {
  if (bytes < sizeof(Header)) return DataLoss("shorter than a score file's header");
  Header header;
  RETURN_IF_ERROR(read(0, std::as_writable_bytes(std::span<Header>(&header, 1))));
  RETURN_IF_ERROR(CheckHeader(header, bytes));
  Scores scores;
  scores.has_group = (header.columns & kGroups) != 0;
  scores.has_oracle = (header.columns & kOracle) != 0;
  scores.has_weight = (header.columns & kWeights) != 0;
  Status status;
  uint64_t offset = sizeof(Header);
  ChecksumStream checksum;
  ForEachColumn(scores, [&](auto& column) {
    column.resize(header.rows);
    const auto out = std::as_writable_bytes(std::span(column));
    if (status.ok()) status = read(offset, out);
    checksum.Add(out);
    offset += out.size();
  });
  RETURN_IF_ERROR(status);
  if (checksum.value() != header.columns_checksum)
    return DataLoss("checksum of the columns differs");
  return scores;
}

Status WriteAndSync(FileSystem& files, const std::string& path, const Scores& scores) {
  ASSIGN_OR_RETURN(const std::unique_ptr<WritableFile> file, files.Create(path));
  const Header header = HeaderOf(scores);
  Status status = file->Append(std::as_bytes(std::span<const Header>(&header, 1)));
  ForEachColumn(scores, [&](const auto& column) {
    if (status.ok()) status = file->Append(std::as_bytes(std::span(column)));
  });
  RETURN_IF_ERROR(status);
  RETURN_IF_ERROR(file->Sync());
  return file->Close();
}

}  // namespace

Status SaveScores(FileSystem& files, const std::string& path, const Scores& scores) {
  const std::string temporary = StrCat(path, ".tmp");
  Status status = WriteAndSync(files, temporary, scores);
  if (status.ok()) status = files.Rename(temporary, path);
  if (!status.ok() && files.Exists(temporary)) {
    (void)files.Remove(temporary);  // the first error is the one worth telling
  }
  return status.Annotate(StrCat("writing scores to ", path));
}

Result<Scores> LoadScores(FileSystem& files, const std::string& path) {
  ASSIGN_OR_RETURN(const std::unique_ptr<RandomAccessFile> file, files.OpenForRead(path));
  Result<Scores> scores = ParseScores(file->size(), [&](uint64_t offset, std::span<std::byte> out) {
    return file->ReadAt(offset, out);
  });
  if (!scores.ok()) return scores.status().Annotate(path);
  return scores;
}

std::string EncodeScores(const Scores& scores) {
  const Header header = HeaderOf(scores);
  std::string out(reinterpret_cast<const char*>(&header), sizeof(header));
  out.reserve(sizeof(header) + scores.rows() * RowBytes(header.columns));
  ForEachColumn(scores, [&](const auto& column) {
    const auto bytes = std::as_bytes(std::span(column));
    out.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  });
  return out;
}

Result<Scores> DecodeScores(std::string_view bytes) {
  return ParseScores(bytes.size(), [&](uint64_t offset, std::span<std::byte> out) {
    if (!out.empty()) memcpy(out.data(), bytes.data() + offset, out.size());
    return Status::Ok();
  });
}

void AppendScores(const Scores& from, Scores* to) {
  if (to->rows() == 0) {
    to->has_group = from.has_group;
    to->has_oracle = from.has_oracle;
    to->has_weight = from.has_weight;
  }
  CHECK(from.has_group == to->has_group && from.has_oracle == to->has_oracle &&
            from.has_weight == to->has_weight,
        "score columns differ");
  const auto append = [](const auto& source, auto* target) {
    target->insert(target->end(), source.begin(), source.end());
  };
  append(from.row_id, &to->row_id);
  append(from.group, &to->group);
  append(from.click, &to->click);
  append(from.conversion, &to->conversion);
  append(from.ctr_logit, &to->ctr_logit);
  append(from.cvr_logit, &to->cvr_logit);
  append(from.log_cvr, &to->log_cvr);
  append(from.p_conv_do, &to->p_conv_do);
  append(from.p_v, &to->p_v);
  append(from.weight, &to->weight);
}

}  // namespace chorus::worker
