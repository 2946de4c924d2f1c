#include "launch/job/collect_trace.h"

#include <string>

#include "launch/job/clock_offsets.h"

namespace chorus::launch {

Result<CollectedTrace> CollectTrace(Communicator& all, const std::vector<Place>& places,
                                    const std::function<bool()>& give_up,
                                    const std::function<TracePart()>& own) {
  RETURN_IF_ERROR(all.BarrierUntil(give_up));
  CollectedTrace trace;
  ASSIGN_OR_RETURN(trace.clocks, MeasureClocks(all, places));
  ASSIGN_OR_RETURN(const std::vector<std::string> texts, all.Gather(own().SerializeAsString(), 0));
  if (all.rank() != 0) return trace;
  for (const std::string& text : texts) {
    if (!trace.parts.emplace_back().ParseFromString(text)) {
      return Internal("a rank's part of the trace did not arrive");
    }
  }
  return trace;
}

}  // namespace chorus::launch
