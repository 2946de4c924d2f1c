#pragma once
// Reads a binary log: an index of its blocks, and any block by number. The format is in README.md
// beside this file. Thread safety: after Open, ReadBlock may be called by many threads.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/file.h"
#include "common/status.h"
#include "worker/log/batch.h"
#include "worker/log/cell_rules.h"

namespace chorus::worker {

struct BlockInfo {
  uint32_t file = 0;    // index into LogReader::files()
  uint64_t offset = 0;  // bytes from the file's beginning
  uint64_t bytes = 0;
  uint32_t rows = 0;  // exposures
  uint32_t contexts = 0;
  uint32_t clicks = 0;                 // rows with click = 1
  uint32_t conversions = 0;            // rows with click = 1 and conversion = 1
  uint32_t unclicked_conversions = 0;  // rows with click = 0 and conversion = 1
};

// What came to a log after it was written (label_file.h). Whoever reads the log sees its labels as
// they are now, in blocks and in their counts.
struct LogLabels {
  std::vector<std::string> files;  // the label files, in the order in which they are merged
  uint64_t rows = 0;               // exposures whose labels they give
  // [files]: the fingerprint of the log with the files before each of them. In one folder these are
  // the fingerprints that the log had before each file came. Label files of several folders may
  // have come in another order; then the log had other fingerprints in between.
  std::vector<uint64_t> fingerprints;
};

class LogReader {
 public:
  virtual ~LogReader() = default;
  // Opens the files of one log, in order. A directory means its *.log files in the order of their
  // names. Reads heads and indices, no blocks. The columns of all files become those of `model`, or
  // of the first file, by name (column_map.h). Errors: kNotFound; kDataLoss, names the file and
  // what is wrong; kFailedPrecondition when a file's columns cannot become those, or it was imported
  // by other rules than the files before it.
  static Result<std::unique_ptr<LogReader>> Open(FileSystem& files,
                                                 const std::vector<std::string>& paths,
                                                 const LogSchema* model = nullptr);
  virtual const LogSchema& schema() const = 0;  // as blocks are given
  // Columns of some file that blocks leave out, since the model (or the first file) does not have
  // them.
  virtual const std::vector<std::string>& ignored_columns() const = 0;
  virtual const std::vector<std::string>& files() const = 0;
  virtual const std::vector<BlockInfo>& blocks() const = 0;
  // A fingerprint of the schema, of every block's checksum and of the labels that came later: equal
  // for two logs iff they hold the same blocks in the same order, however these are distributed
  // over files, and the same labels came to them.
  virtual uint64_t fingerprint() const = 0;
  virtual const LogLabels& labels() const;
  // The fingerprint that the log had before any labels came; it tells which exposures the log
  // holds.
  uint64_t first_fingerprint() const {
    return labels().fingerprints.empty() ? fingerprint() : labels().fingerprints.front();
  }
  // The number of a file's first block in blocks(); the blocks of a file follow each other.
  virtual uint32_t first_block(uint32_t /*file*/) const { return 0; }
  // False for a file without rows: its identity is that of any other such file.
  bool HoldsBlocks(uint32_t file) const;
  // How label files recognise a file of the log, whatever its name: a checksum of its columns and
  // blocks.
  virtual uint64_t identity(uint32_t /*file*/) const { return 0; }
  // What a person can compare: files, rows and fingerprint.
  std::string Description() const;
  // Decodes blocks()[index] into *out (its memory is reused), and gives it the labels that came
  // later. Error: kDataLoss, names file, block and column.
  virtual Status ReadBlock(uint32_t index, Batch* out) const = 0;
  // Files that were imported by other rules of text than the model's log, or than the first file
  // that knows its rules: then they differ in separators alone, since files of one log by other
  // rules are refused.
  virtual const std::vector<OtherRules>& other_rules() const;
};

}  // namespace chorus::worker
