#pragma once
// Small jobs for tests of the whole system: logs with every odd shape, a model of two tables, and
// runs of any layout inside this process (launch/job/local_cluster.h) on a file system in memory.
// Thread safety: the test's thread.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/config.pb.h"
#include "common/file.h"
#include "common/report.pb.h"
#include "common/status.h"
#include "launch/job/local_cluster.h"
#include "worker/log/batch.h"
#include "worker/log/row_source.h"
#include "worker/metrics/scores.h"
#include "worker/train/evaluator.h"
#include "worker/train/session.h"
#include "worker/train/trainer.h"

namespace chorus::e2e {

// What computes a job; nothing here may change a result.
struct Layout {
  uint32_t workers = 1;
  uint32_t servers = 1;
  uint32_t threads = 1;  // of a worker
  uint32_t server_threads = 1;
  uint32_t shards = 7;
  bool tcp = false;
  Protection protection = Protection::kEncryptedBetweenHosts;
  std::function<std::unique_ptr<Transport>(std::unique_ptr<Transport>)> wrap_transport = nullptr;
  worker::OpenDevice open_device = nullptr;
};

// Context and exposure slots, one-hot and multi-valued, with values; numerics, weights.
const worker::LogSchema& RichSchema();
// Exposure slots only.
const worker::LogSchema& FlatSchema();

// Writes log `directory`: exposures in blocks of uneven sizes, some smaller than a grain.
void WriteJobLog(FileSystem& files, const std::string& directory, const worker::LogSchema& schema,
                 uint32_t exposures, uint64_t seed);
// The same exposures in the same blocks, each with a context of its own.
void WriteExpandedLog(FileSystem& files, const std::string& from, const std::string& to);

// A job on log "train" that keeps its checkpoints in "ckpt" and writes "metrics.jsonl"; `more` in
// text format is merged into it. Unless `more` says otherwise: tables a and b, slot "item" in b,
// towers 16-8.
TrainConfig JobConfig(const std::string& more = "");
// Text format merged into a finished configuration.
TrainConfig With(TrainConfig config, const std::string& more);

// Runs `work` on all workers of the layout.
Status RunOn(FileSystem& files, TrainConfig config, const Layout& layout,
             const launch::WorkerMain& work);

struct Trained {
  Status status;
  std::vector<worker::TrainResult> workers;  // by rank
  const worker::TrainResult& first() const { return workers.front(); }
};
Trained TrainOn(FileSystem& files, const TrainConfig& config, const Layout& layout,
                bool resume = false);

// What a training run leaves behind, free of layout and time: the canonical bytes of its last
// checkpoint and the lines of metrics.jsonl without seconds. Fails the test when the run fails.
struct Outcome {
  std::string state;
  std::string reports;
};
Outcome OutcomeOf(FileSystem& files, const TrainConfig& config, const Layout& layout,
                  bool resume = false);

std::string Canonical(FileSystem& files, const std::string& checkpoint);
std::vector<Report> ReadReports(FileSystem& files, const std::string& path);
std::string TimelessReports(FileSystem& files, const std::string& path);

// `chorus evaluate` and `chorus predict` of a checkpoint on another layout.
Result<Evaluation> EvaluateOn(FileSystem& files, const TrainConfig& config, const Layout& layout,
                              const std::string& checkpoint);
// An evaluation of other logs than the configuration's.
Result<Evaluation> EvaluateLogsOn(FileSystem& files, const TrainConfig& config,
                                  const Layout& layout, const std::string& checkpoint,
                                  const worker::EvaluationLogs& logs);
Result<std::string> PredictOn(FileSystem& files, const TrainConfig& config, const Layout& layout,
                              const std::string& checkpoint);
// `chorus predict --parts` into folder `output`.
Status PredictPartsOn(FileSystem& files, const TrainConfig& config, const Layout& layout,
                      const std::string& checkpoint, const std::string& output);
// The same for rows. make_source: makes rows with the model's columns; it is called on worker 0.
using MakeRowSource =
    std::function<Result<std::unique_ptr<worker::RowSource>>(const worker::LogSchema& model)>;
Result<std::string> PredictRowsOn(FileSystem& files, const TrainConfig& config,
                                  const Layout& layout, const std::string& checkpoint,
                                  const MakeRowSource& make_source);
// The score file of evaluate.log, read back.
Result<worker::Scores> ScoresOn(FileSystem& files, const TrainConfig& config, const Layout& layout,
                                const std::string& checkpoint);

// Makes checkpoint `step` of directory `from` the only one of directory `to`.
void CopyCheckpoint(FileSystem& files, const std::string& from, uint64_t step,
                    const std::string& to);

}  // namespace chorus::e2e
