#pragma once
// The warnings of a listener about connections that it refused: the first ones of every few seconds
// each have their line, the others are counted, and a line says how many they were. A flood of
// strangers cannot fill the disk.
// Thread safety: the thread of the timer.

#include <cstdint>
#include <memory>
#include <string>

#include "common/io_loop.h"
#include "common/status.h"

namespace chorus {

class RefusalLog {
 public:
  static constexpr uint64_t kLines = 5;  // of their own
  static constexpr double kEverySeconds = 10;

  // listener: "server 1", the beginning of each line.
  RefusalLog(std::string listener, std::unique_ptr<Timer> timer,
             double every_seconds = kEverySeconds)
      : listener_(std::move(listener)), timer_(std::move(timer)), every_seconds_(every_seconds) {}

  void Add(const std::string& peer, const Status& why);
  void Close();  // tells what is left to tell

 private:
  void TellRest();

  const std::string listener_;
  const std::unique_ptr<Timer> timer_;  // runs while any line was written in the present time
  const double every_seconds_;
  uint64_t refused_ = 0;  // in the present time
  std::string last_;      // of those that have no line
};

}  // namespace chorus
