#include "common/progress.h"

#include <unistd.h>

#include <string>

#include "common/strings.h"

namespace chorus {
namespace {
constexpr size_t kStatusBytes = 100;  // a wrapped line could not be overwritten
constexpr char kBackAndWipe[] = "\r\033[K";
}  // namespace

std::string ShortTime(double seconds) {
  const auto whole = static_cast<uint64_t>(seconds + 0.5);
  if (whole < 120) return StrCat(whole, " s");
  if (whole < 7200) return StrCat(whole / 60, " min ", whole % 60, " s");
  return StrCat(whole / 3600, " h ", whole % 3600 / 60, " min");
}

ProgressLine::ProgressLine(const ProgressOptions& options)
    : ProgressLine(options, stderr, isatty(fileno(stderr)) == 1) {}

ProgressLine::ProgressLine(const ProgressOptions& options, std::FILE* out, bool terminal)
    : out_(out),
      terminal_(terminal),
      interval_seconds_(terminal ? options.terminal_seconds : options.plain_seconds),
      start_(Clock::now()),
      last_shown_(start_) {}

ProgressLine::~ProgressLine() { Clear(); }

bool ProgressLine::Due() const {
  return std::chrono::duration<double>(Clock::now() - last_shown_).count() >= interval_seconds_;
}

void ProgressLine::Show(std::string_view text) {
  last_shown_ = Clock::now();
  const std::string line =
      terminal_ ? StrCat(kBackAndWipe, text.substr(0, kStatusBytes)) : StrCat(text, "\n");
  std::fwrite(line.data(), 1, line.size(), out_);
  std::fflush(out_);
  status_shown_ = terminal_;
}

void ProgressLine::ShowDone(std::string_view what, uint64_t done, uint64_t total,
                            std::string_view unit) {
  if (!Due()) return;
  const double rate = static_cast<double>(done) / elapsed_seconds();
  const std::string left =
      done == 0 ? "" : StrCat(", ", ShortTime(static_cast<double>(total - done) / rate), " left");
  Show(StrCat(what, ": ", done, " of ", total, " ", unit, ", ", static_cast<uint64_t>(rate), " ",
              unit, "/s", left));
}

void ProgressLine::Clear() {
  if (!status_shown_) return;
  std::fputs(kBackAndWipe, out_);
  std::fflush(out_);
  status_shown_ = false;
}

double ProgressLine::elapsed_seconds() const {
  return std::chrono::duration<double>(Clock::now() - start_).count();
}

}  // namespace chorus
