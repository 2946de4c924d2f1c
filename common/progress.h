#pragma once
// What a long command shows while it works: on a terminal one status line that is overwritten,
// elsewhere (a file, a pipe, a batch system's log) a plain line every so often. Only for people:
// nothing may depend on it.
//   if (progress.Due()) progress.Show(StrCat(rows, " rows"));
// Thread safety: none; one thread shows progress. Log lines of other threads may interleave by
// whole lines.

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

namespace chorus {

// "45 s", "12 min 5 s", "3 h 20 min".
std::string ShortTime(double seconds);

struct ProgressOptions {
  double terminal_seconds = 0.2;  // at least so long between two updates of the status line
  double plain_seconds = 10;      // and so long between two plain lines
};

class ProgressLine {
 public:
  // On standard error, as a terminal if it is one.
  explicit ProgressLine(const ProgressOptions& options = {});
  // On `out`, which must outlive the object (tests).
  ProgressLine(const ProgressOptions& options, std::FILE* out, bool terminal);
  ~ProgressLine();  // Clear
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  // Whether it is time for the next Show. Cheap (reads a clock), so that texts are made only when
  // shown.
  bool Due() const;
  void Show(std::string_view text);
  // "what: 300 of 1200 rows, 100 rows/s, 9.0 s left", when it is due.
  void ShowDone(std::string_view what, uint64_t done, uint64_t total, std::string_view unit);
  // Wipes the status line, so that what is printed next stands on a clean one. Nothing where lines
  // are plain.
  void Clear();
  double elapsed_seconds() const;  // since the object was made

 private:
  using Clock = std::chrono::steady_clock;

  std::FILE* out_;
  bool terminal_;
  double interval_seconds_;
  Clock::time_point start_;
  Clock::time_point last_shown_;
  bool status_shown_ = false;  // the cursor stands behind a status line
};

}  // namespace chorus
