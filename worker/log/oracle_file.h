#pragma once
// The oracle file of a generated log: the probabilities from which the labels of each exposure were
// drawn, by row id. Only evaluation reads it, never training. Little-endian:
//   header   64 bytes: "CHORACLE", u32 version = 2, u32 columns = 5, u64 rows, u32 section rows,
//            28 bytes of zero, u64 XXH3-64 of the 56 bytes before
//   section* `section rows` rows, fewer in the last one: per row f32 p_click, p_conv_do, p_v, p_c,
//            p_{v|c}; then u64 XXH3-64 of the section's rows. Row id i is row i % section rows of
//            section i / section rows.
//   trailer  16 bytes: u64 fingerprint of the log (LogReader::fingerprint), u64 XXH3-64 of it

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/file.h"
#include "common/status.h"
#include "worker/log/oracle_row.h"

namespace chorus::worker {

// Thread safety: one thread at a time (a look-up keeps the section it read).
class OracleFile {
 public:
  // Errors: kNotFound; kDataLoss when the header or the size does not hold.
  static Result<OracleFile> Open(FileSystem& files, const std::string& path);
  uint64_t rows() const { return rows_; }
  uint64_t log_fingerprint() const { return log_fingerprint_; }  // of the log that it belongs to
  // Errors: kInvalidArgument for a row id that the file does not have; kDataLoss when its section
  // is damaged.
  Result<OracleRow> Lookup(uint64_t row_id);

 private:
  OracleFile() = default;
  Status ReadSection(uint64_t section);

  std::string path_;
  std::unique_ptr<RandomAccessFile> file_;
  uint64_t rows_ = 0;
  uint64_t log_fingerprint_ = 0;
  uint32_t section_rows_ = 0;
  uint64_t section_ = ~uint64_t{0};  // in section_data_
  std::vector<OracleRow> section_data_;
};

// Writes an oracle file of a known number of rows; it appears under its name when Finish succeeds.
// Thread safety: one thread.
class OracleWriter {
 public:
  static Result<std::unique_ptr<OracleWriter>> Create(FileSystem& files, const std::string& path,
                                                      uint64_t rows);
  Status Add(std::span<const OracleRow> rows);  // the next ones, in order
  // log_fingerprint: LogReader::fingerprint of the log. REQUIRES: the number of rows added is the
  // one that Create was given.
  Status Finish(uint64_t log_fingerprint);

 private:
  OracleWriter(FileSystem& files, const std::string& path, uint64_t rows);
  Status FlushSection();

  FileSystem& files_;
  std::string path_;
  std::unique_ptr<WritableFile> file_;
  uint64_t rows_;
  uint64_t added_ = 0;
  std::vector<OracleRow> section_;
};

}  // namespace chorus::worker
