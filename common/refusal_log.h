#pragma once
// The warnings of a listener about connections that it refused. In every period of some seconds the
// first ones have a line each; the others are counted, and one line says how many there were. So a
// flood of strangers cannot fill the disk.
// Thread safety: the thread of the timer.

#include <cstdint>
#include <memory>
#include <string>

#include "common/io_loop.h"
#include "common/status.h"

namespace chorus {

class RefusalLog {
 public:
  static constexpr uint64_t kLines = 5;  // refusals with a line each, per period
  static constexpr double kEverySeconds = 10;

  // listener: "server 1", the beginning of each line.
  RefusalLog(std::string listener, std::unique_ptr<Timer> timer,
             double every_seconds = kEverySeconds)
      : listener_(std::move(listener)), timer_(std::move(timer)), every_seconds_(every_seconds) {}

  void Add(const std::string& peer, const Status& why);
  void Close();  // writes the line of those that were only counted

 private:
  void TellRest();

  const std::string listener_;
  const std::unique_ptr<Timer> timer_;  // runs while a period is open
  const double every_seconds_;
  uint64_t refused_ = 0;  // in this period
  std::string last_;      // the last one without a line
};

}  // namespace chorus
