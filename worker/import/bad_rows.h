#pragma once
// The policy about malformed rows of a text: up to a number of them are skipped, the first ones are
// told as warnings, all of them in a file if one is asked for, and one more ends the work. Thread
// safety: none.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "common/file.h"
#include "common/output_file.h"
#include "common/status.h"

namespace chorus::worker {

// How a list begins; a file that begins otherwise is somebody else's, and stays.
inline constexpr std::string_view kBadRowListHead = "# rows that were left out: place, reason\n";

// The file of all of them.
class BadRowList {
 public:
  // `files` must outlive the list. Error: what OutputFile::Replace gives.
  static Result<std::unique_ptr<BadRowList>> Create(FileSystem& files, const std::string& path);
  Status Add(std::string_view line);
  bool empty() const { return lines_ == 0; }
  // Gives the file its name; a list that never gets it leaves an earlier file alone. Only the first
  // call does something.
  Status Commit();

 private:
  explicit BadRowList(std::unique_ptr<OutputFile> file) : file_(std::move(file)) {}

  const std::unique_ptr<OutputFile> file_;
  uint64_t lines_ = 0;
  bool committed_ = false;
};

class BadRows {
 public:
  // most: how many malformed rows are skipped. tell: whether warnings are made; a second pass over
  // a text makes none. list: null, or gets a line for each row. remedy: ends the error of the first
  // row where none is allowed: " (OPTION passes over such rows)". before: the malformed rows that
  // earlier calls found in a text that is followed (import --follow), which count, too.
  BadRows(uint64_t most, bool tell, BadRowList* list = nullptr, std::string remedy = {},
          std::optional<uint64_t> before = std::nullopt)
      : most_(most), tell_(tell), list_(list), remedy_(std::move(remedy)), before_(before) {}

  // why: what is wrong with the row, and where it is.  Error: that of the first row too many.
  Status Add(const Status& why);
  uint64_t count() const { return count_; }  // of this call

 private:
  uint64_t most_;
  bool tell_;
  BadRowList* list_;
  std::string remedy_;
  std::optional<uint64_t> before_;
  uint64_t count_ = 0;
};

}  // namespace chorus::worker
