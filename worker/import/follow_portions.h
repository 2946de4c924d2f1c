#pragma once
// The input of an import that follows it, portion by portion: each becomes log files of its own.
// Thread safety: one thread.

#include <memory>
#include <vector>

#include "common/config.pb.h"
#include "common/file.h"
#include "common/status.h"
#include "worker/import/follow_import.h"
#include "worker/import/follow_position.h"
#include "worker/import/text_table.h"

namespace chorus::worker {

inline constexpr char kFollowedInput[] = "-";  // standard input

// What becomes log files next: the inputs of one import, and the position behind them.
struct Portion {
  std::vector<TextInput> inputs;  // none: there is nothing more
  FollowPosition after;           // as far as the input is concerned
  bool stopped = false;
};

class PortionSource {
 public:
  virtual ~PortionSource() = default;
  // position: of what is sealed.
  virtual Result<Portion> Next(const FollowPosition& position) = 0;
};

// Lines of standard input, or of a file that grows, from the position on. Error: the file is not
// what it was. `options` outlive the portions.
Result<std::unique_ptr<PortionSource>> FollowText(FileSystem& files, const ImportSchema& schema,
                                                  const FollowOptions& options,
                                                  const FollowPosition& position);

}  // namespace chorus::worker
