#pragma once
// The progress of a long command: on a terminal one status line that is overwritten, elsewhere (a
// file, a pipe, a log) a plain line from time to time. It is for people: nothing may depend on it.
//   if (progress.Due()) progress.Show(StrCat(rows, " rows"));
// Thread safety: none; one thread shows progress. Whole log lines of other threads may come
// between.

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

namespace chorus {

// "45 s", "12 min 5 s", "3 h 20 min".
std::string ShortTime(double seconds);

struct ProgressOptions {
  double terminal_seconds = 0.2;  // the least time between two updates of the status line
  double plain_seconds = 10;      // the least time between two plain lines
};

class ProgressLine {
 public:
  // Shows on standard error, with a status line if that is a terminal.
  explicit ProgressLine(const ProgressOptions& options = {});
  // Shows on `out`, which must outlive the object.
  ProgressLine(const ProgressOptions& options, std::FILE* out, bool terminal);
  ~ProgressLine();  // Clear
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  // Whether it is time for the next Show. It only reads a clock: ask before a text is made.
  bool Due() const;
  void Show(std::string_view text);
  // Shows "what: 300 of 1200 rows, 100 rows/s, 9 s left" if it is time.
  void ShowDone(std::string_view what, uint64_t done, uint64_t total, std::string_view unit);
  // Wipes the status line, so that what is printed next begins on an empty line. Does nothing if
  // lines are plain.
  void Clear();
  double elapsed_seconds() const;  // since the object was made

 private:
  using Clock = std::chrono::steady_clock;

  std::FILE* out_;
  bool terminal_;
  double interval_seconds_;
  Clock::time_point start_;
  Clock::time_point last_shown_;
  bool status_shown_ = false;  // the cursor is behind a status line
};

}  // namespace chorus
