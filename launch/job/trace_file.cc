#include "launch/job/trace_file.h"

#include <algorithm>
#include <cstdio>
#include <limits>

#include "common/json_text.h"
#include "common/strings.h"

namespace chorus::launch {
namespace {

// Nanoseconds as microseconds.
std::string Microseconds(int64_t ns) {
  char text[40];
  std::snprintf(text, sizeof(text), "%.3f", static_cast<double>(ns) / 1e3);
  return text;
}

// Names a process or a thread, or gives its place in the order of these.
std::string MetaEvent(const char* what, uint32_t rank, int thread, const std::string& arguments) {
  return StrCat(",\n{\"ph\":\"M\",\"name\":\"", what, "\",\"pid\":", rank, ",\"tid\":", thread,
                ",\"args\":{", arguments, "}}");
}

std::string SpanEvent(const TracePart& part, int thread, int span, int64_t origin_ns) {
  const TraceThreadPart& of = part.thread(thread);
  std::string event =
      StrCat(",\n{\"ph\":\"X\",\"name\":", QuotedJson(part.text(static_cast<int>(of.name(span)))),
             ",\"pid\":", part.rank(), ",\"tid\":", thread,
             ",\"ts\":", Microseconds(of.begin_ns(span) - origin_ns),
             ",\"dur\":", Microseconds(of.duration_ns(span)));
  const std::string& counted = part.text(static_cast<int>(of.of(span)));
  if (!counted.empty()) {
    event += StrCat(",\"args\":{", QuotedJson(counted), ":", of.number(span), "}");
  }
  return event + "}";
}

// The beginning of the first span on rank 0's clock.
int64_t OriginOf(const std::vector<TracePart>& parts, const std::vector<ClockOffset>& clocks) {
  int64_t origin = std::numeric_limits<int64_t>::max();
  for (size_t rank = 0; rank < parts.size(); ++rank) {
    for (const TraceThreadPart& thread : parts[rank].thread()) {
      for (const int64_t begin : thread.begin_ns()) {
        origin = std::min(origin, begin - clocks[rank].ns);
      }
    }
  }
  return origin == std::numeric_limits<int64_t>::max() ? 0 : origin;
}

std::string HeadOf(const std::vector<ClockOffset>& clocks) {
  std::string errors;
  for (const ClockOffset& clock : clocks) {
    errors += StrCat(errors.empty() ? "" : ",", Microseconds(clock.error_ns));
  }
  return StrCat(kTraceBegin, "\"otherData\":{\"program\":\"chorus\",\"clock_error_us\":[", errors,
                "]},\n\"traceEvents\":[\n{\"ph\":\"M\",\"name\":\"trace\",\"pid\":0,\"tid\":0,",
                "\"args\":{}}");
}

uint64_t SpansOf(const std::vector<TracePart>& parts, uint64_t* dropped) {
  uint64_t spans = 0;
  for (const TracePart& part : parts) {
    *dropped += part.without_track();
    for (const TraceThreadPart& thread : part.thread()) {
      spans += static_cast<uint64_t>(thread.begin_ns_size());
      *dropped += thread.dropped();
    }
  }
  return spans;
}

}  // namespace

Status AppendTrace(const std::vector<TracePart>& parts, const std::vector<ClockOffset>& clocks,
                   OutputFile* out) {
  const int64_t origin = OriginOf(parts, clocks);
  RETURN_IF_ERROR(out->Append(HeadOf(clocks)));
  for (size_t rank = 0; rank < parts.size(); ++rank) {
    const TracePart& part = parts[rank];
    const std::string name = StrCat(part.role(), " (rank ", part.rank(), " on ", part.node(), ")");
    RETURN_IF_ERROR(out->Append(
        MetaEvent("process_name", part.rank(), 0, "\"name\":" + QuotedJson(name)) +
        MetaEvent("process_sort_index", part.rank(), 0, StrCat("\"sort_index\":", part.rank()))));
    for (int t = 0; t < part.thread_size(); ++t) {
      const TraceThreadPart& thread = part.thread(t);
      std::string events =
          MetaEvent("thread_name", part.rank(), t, "\"name\":" + QuotedJson(thread.thread())) +
          MetaEvent("thread_sort_index", part.rank(), t, StrCat("\"sort_index\":", t));
      for (int span = 0; span < thread.begin_ns_size(); ++span) {
        events += SpanEvent(part, t, span, origin + clocks[rank].ns);
      }
      RETURN_IF_ERROR(out->Append(events));
    }
  }
  return out->Append("\n]}\n");
}

std::string TraceSummary(const std::vector<TracePart>& parts,
                         const std::vector<ClockOffset>& clocks) {
  uint64_t dropped = 0;
  const uint64_t spans = SpansOf(parts, &dropped);
  uint64_t steps = 0;
  int64_t error_ns = 0;
  for (size_t rank = 0; rank < parts.size(); ++rank) {
    steps = std::max(steps, parts[rank].steps());
    error_ns = std::max(error_ns, clocks[rank].error_ns);
  }
  std::string text = StrCat(steps, steps == 1 ? " step of " : " steps of ", parts.size(),
                            parts.size() == 1 ? " rank, " : " ranks, ", spans, " spans");
  if (error_ns > 0) text += StrCat("; clocks agree within ", Microseconds(error_ns), " us");
  if (dropped > 0) {
    text += StrCat("; ", dropped, " spans did not fit and are left out (trace fewer steps)");
  }
  return text;
}

}  // namespace chorus::launch
