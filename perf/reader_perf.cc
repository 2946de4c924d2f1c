// How fast does a log become steps? Reading and dedup (StepReader) by number of reader threads, and
// its parts alone: decoding blocks, gathering grains, numbering keys; the last against the same
// keys in a std::unordered_map, in the same run. Every number of threads must give the same steps.
// README.md gives the columns.
//   reader_perf [threads ...]      default 1 2

#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/checksum_stream.h"
#include "common/config.h"
#include "common/file.h"
#include "common/strings.h"
#include "perf/support/build_info.h"
#include "perf/support/random_log.h"
#include "perf/support/timing.h"
#include "worker/log/log_reader.h"
#include "worker/steps/sparse_lookup.h"
#include "worker/steps/step_reader.h"

namespace chorus::perf {
namespace {

using worker::Batch;

constexpr uint32_t kStepRows = 4096;
constexpr uint32_t kSteps = 64;
constexpr int kRepetitions = 5;
constexpr char kLogName[] = "random.log";

// A log and how it is read: all slots in one table, a step is one grain.
struct Job {
  std::unique_ptr<FileSystem> files = NewMemoryFiles();
  std::unique_ptr<worker::LogReader> log;
  std::unique_ptr<worker::Objective> objective;
  std::unique_ptr<worker::ReadingPlan> plan;
  worker::StepReaderOptions options;
};

Result<Job> MakeJob(RandomLogShape shape) {
  Job job;
  shape.rows = uint64_t{kSteps} * kStepRows;
  RETURN_IF_ERROR(WriteRandomLog(shape, *job.files, kLogName));
  ASSIGN_OR_RETURN(job.log, worker::LogReader::Open(*job.files, {kLogName}));
  ObjectiveConfig base;
  base.mutable_base();
  ASSIGN_OR_RETURN(job.objective, worker::MakeObjective(base, 1));
  const auto defaults = Defaults<DataConfig>();
  worker::ReadingOptions order;
  order.context_chunk = defaults.context_chunk();
  order.window_blocks = defaults.window_blocks();
  order.grain_rows = kStepRows;
  order.grains_per_step = 1;
  ASSIGN_OR_RETURN(job.plan, worker::ReadingPlan::Make(*job.log, order));
  for (const worker::SlotInfo& slot : job.log->schema().slots) {
    auto& reads = slot.context ? job.options.slot_reads.context : job.options.slot_reads.exposure;
    reads.push_back({static_cast<uint32_t>(reads.size()), 0});
  }
  job.options.grains = {0, 1};
  job.options.objective = job.objective.get();
  job.options.last_step = job.plan->total_steps();
  return job;
}

struct Reading {
  double seconds = 0;
  uint64_t keys = 0;
  uint64_t unique_keys = 0;
  uint64_t checksum = 0;  // of the keys that steps look up, in order
};

Result<Reading> ReadAll(const Job& job, uint32_t threads) {
  worker::StepReaderOptions options = job.options;
  options.threads = threads;
  Reading reading;
  ChecksumStream checksum;
  const double begin = Seconds();
  worker::StepReader reader(*job.plan, options);
  for (uint64_t step = 1; step <= options.last_step; ++step) {
    ASSIGN_OR_RETURN(std::unique_ptr<worker::StepBatch> batch, reader.Next());
    reading.unique_keys += batch->keys[0].keys.size();  // groups repeat them
    checksum.Add(std::as_bytes(std::span(batch->keys[0].keys)));
    checksum.Add(std::as_bytes(std::span(batch->positions[0].exposure[0])));
    reader.Recycle(std::move(batch));
  }
  reading.seconds = Seconds() - begin;
  reading.checksum = checksum.value();
  reading.keys = reader.keys_seen();
  return reading;
}

// The median run.
Result<Reading> MeasureReading(const Job& job, uint32_t threads) {
  std::vector<Reading> runs;
  for (int i = 0; i < kRepetitions; ++i) {
    ASSIGN_OR_RETURN(Reading run, ReadAll(job, threads));
    runs.push_back(run);
  }
  std::nth_element(runs.begin(), runs.begin() + kRepetitions / 2, runs.end(),
                   [](const Reading& a, const Reading& b) { return a.seconds < b.seconds; });
  return runs[kRepetitions / 2];
}

struct Parts {  // seconds
  double decode = 0;
  double gather = 0;  // of the steps' grains, with decoding of windows on the way
  double number = 0;
  double number_by_map = 0;
};

template <typename Visit>
void EachKey(const Batch& grain, const Visit& visit) {
  for (const auto* side : {&grain.contexts, &grain.exposures}) {
    for (const auto& slot : side->slots) {
      for (const Key key : slot.keys) visit(key);
    }
  }
}

Result<Parts> MeasureParts(const Job& job) {
  Parts parts;
  Status status;
  Batch block;
  parts.decode = BestSeconds(kRepetitions, [&] {
    for (uint32_t i = 0; i < job.log->blocks().size() && status.ok(); ++i) {
      status = job.log->ReadBlock(i, &block);
    }
  });
  std::vector<std::vector<Batch>> steps(job.options.last_step, std::vector<Batch>(1));
  const double with_decoding = BestSeconds(kRepetitions, [&] {
    const auto reader = job.plan->NewReader(job.options.grains);
    for (uint64_t step = 1; step <= steps.size() && status.ok(); ++step) {
      status = reader->Read(step, 0, steps[step - 1].data());
    }
  });
  RETURN_IF_ERROR(status);
  parts.gather = with_decoding - parts.decode;
  worker::SparseLookup lookup(job.options.slot_reads, 1, job.options.shards);
  std::vector<worker::TableKeys> keys;
  std::vector<worker::GrainPositions> positions;
  uint64_t unique = 0, unique_in_map = 0;
  parts.number = BestSeconds(kRepetitions, [&] {
    unique = 0;
    for (const auto& grains : steps) {
      lookup.Resolve(grains, &keys, &positions);
      unique += keys[0].keys.size();
    }
  });
  std::vector<uint32_t> numbers;
  parts.number_by_map = BestSeconds(kRepetitions, [&] {
    unique_in_map = 0;
    for (const auto& grains : steps) {
      std::unordered_map<Key, uint32_t> map;
      numbers.clear();
      EachKey(grains[0], [&](Key key) {
        numbers.push_back(map.try_emplace(key, static_cast<uint32_t>(map.size())).first->second);
      });
      unique_in_map += map.size();
    }
  });
  if (unique != unique_in_map)
    return Internal(StrCat(unique, " keys, ", unique_in_map, " in the map"));
  return parts;
}

Status MeasureLog(const char* name, const RandomLogShape& shape,
                  const std::vector<uint32_t>& threads) {
  ASSIGN_OR_RETURN(const Job job, MakeJob(shape));
  ASSIGN_OR_RETURN(const Parts parts, MeasureParts(job));
  ASSIGN_OR_RETURN(const Reading one, MeasureReading(job, 1));
  const auto keys = static_cast<double>(one.keys);
  const auto exposures = static_cast<double>(job.plan->counts().kept_rows);
  std::printf(
      "%s: %.0f keys a step, %.0f unique; ns a key: decode %.1f, gather %.1f, number %.1f "
      "(unordered_map %.1f: ratio %.2f)\n",
      name, keys / kSteps, static_cast<double>(one.unique_keys) / kSteps, parts.decode / keys * 1e9,
      parts.gather / keys * 1e9, parts.number / keys * 1e9, parts.number_by_map / keys * 1e9,
      parts.number_by_map / parts.number);
  for (const uint32_t count : threads) {
    ASSIGN_OR_RETURN(const Reading reading, MeasureReading(job, count));
    if (reading.checksum != one.checksum || reading.keys != one.keys) {
      return Internal(StrCat(count, " threads read other steps than one"));
    }
    std::printf(
        "{\"bench\":\"reader_perf\",\"log\":\"%s\",\"threads\":%u,\"exposures_per_s\":%.0f,"
        "\"ns_per_key\":%.1f,\"ratio_to_one_thread\":%.2f,%s}\n",
        name, count, exposures / reading.seconds, reading.seconds / keys * 1e9,
        one.seconds / reading.seconds, BuildInfoJson().c_str());
  }
  std::fflush(stdout);
  return Status::Ok();
}

Status Main(const std::vector<std::string>& arguments) {
  std::vector<uint32_t> threads;
  for (const std::string& text : arguments) {
    const std::optional<uint64_t> count = ParseUint64(text);
    if (!count || *count == 0 || *count > 1024) {
      return InvalidArgument(StrCat("\"", text, "\" is no number of threads"));
    }
    threads.push_back(static_cast<uint32_t>(*count));
  }
  if (threads.empty()) threads = {1, 2};
  RETURN_IF_ERROR(MeasureLog("one_hot", {}, threads));
  RandomLogShape context;
  context.exposure_slots = 10;
  context.context_slots = 20;
  context.tokens_per_slot = 10;
  context.rows_per_context = 40;
  RETURN_IF_ERROR(MeasureLog("context", context, threads));
  RandomLogShape multi_hot;
  multi_hot.exposure_slots = 0;
  for (int i = 0; i < 26; ++i) multi_hot.slots.push_back({.ids = 10000000, .tokens = 8});
  return MeasureLog("multi_hot", multi_hot, threads);
}

}  // namespace
}  // namespace chorus::perf

int main(int argc, char** argv) {
  const chorus::Status status = chorus::perf::Main({argv + 1, argv + argc});
  if (status.ok()) return 0;
  std::fprintf(stderr, "reader_perf: %s\n", status.ToString().c_str());
  return 1;
}
