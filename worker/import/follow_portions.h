#pragma once
// The inputs of an import that follows them, portion by portion: each becomes log files of its own.
// Thread safety: one thread.

#include <memory>
#include <string>
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
  std::vector<TextInput> inputs;  // none: there is nothing yet
  FollowedSource after;           // the position behind the inputs
  bool moved = false;             // without inputs: `after` is to be written, and Poll called again
  bool grew = false;              // something new was seen, a portion or not
  bool over = false;              // nothing more will come
};

// What a source is asked for.
enum class Ask {
  kFullPortions,  // portions that are full, or have waited long enough
  kAllThatIsThere,
  kLastPortion,  // what is complete already: a signal ends the import
};

class PortionSource {
 public:
  virtual ~PortionSource() = default;
  // Looks, without a wait for anything new; brokers get at most some seconds to answer a question.
  // position: that of what is sealed.
  virtual Result<Portion> Poll(const FollowedSource& position, Ask ask) = 0;
  // Waits for something new, for `seconds` at most; a source that cannot tell sleeps.
  virtual Status Wait(double seconds) = 0;
  // Tells, at the end of an import, what is there and was not read.
  virtual void TellRest() const {}
};

// Lines of standard input, or of a file that grows, from the position on. Error: the file is not
// what it was. `options` outlive the portions.
Result<std::unique_ptr<PortionSource>> FollowText(FileSystem& files, const ImportSchema& schema,
                                                  const FollowOptions& options,
                                                  const FollowedSource& position);

}  // namespace chorus::worker
