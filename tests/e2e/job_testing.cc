#include "tests/e2e/job_testing.h"

#include <google/protobuf/text_format.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "common/config.h"
#include "common/strings.h"
#include "launch/command/canonical.h"
#include "tests/worker/log/log_testing.h"
#include "worker/log/log_reader.h"
#include "worker/log/manifest_schema.h"
#include "worker/metrics/score_file.h"
#include "worker/model/embeddings.h"
#include "worker/train/checkpoint_store.h"
#include "worker/train/evaluator.h"
#include "worker/train/predicted_parts.h"
#include "worker/train/predictor.h"

namespace chorus::e2e {
namespace {

constexpr char kBase[] = R"(
  seed: 7
  data { log: "train" epochs: 2 context_chunk: 4 window_blocks: 2
         unclicked_conversion: KEEP_UNCLICKED }
  step { grain_rows: 16 grains_per_step: 8 }
  slot { name: "item" table: "b" }
  cluster { deadline_seconds: 60 }
  checkpoint { directory: "ckpt" keep: 1000 }
  report { metrics: "metrics.jsonl" every_steps: 3 }
)";
constexpr char kTables[] = R"(table { name: "a" dim: 4 } table { name: "b" dim: 3 })";
constexpr char kTowers[] = "model { tower { hidden: [16, 8] } }";

void Merge(const std::string& text, TrainConfig* config) {
  CHECK(google::protobuf::TextFormat::MergeFromString(text, config), text);
}

// Row i of the result is row order[i] of `side`.
worker::FeatureColumns Gathered(const worker::FeatureColumns& side,
                                const std::vector<uint32_t>& order) {
  worker::FeatureColumns out;
  out.rows = static_cast<uint32_t>(order.size());
  for (const worker::SlotColumn& from : side.slots) {
    worker::SlotColumn to;
    to.offsets = {0};
    for (const uint32_t row : order) {
      for (uint32_t k = from.offsets[row]; k < from.offsets[row + 1]; ++k) {
        to.keys.push_back(from.keys[k]);
        if (!from.values.empty()) to.values.push_back(from.values[k]);
      }
      to.offsets.push_back(static_cast<uint32_t>(to.keys.size()));
    }
    out.slots.push_back(std::move(to));
  }
  for (const std::vector<float>& from : side.numerics) {
    std::vector<float> to;
    for (const uint32_t row : order) to.push_back(from[row]);
    out.numerics.push_back(std::move(to));
  }
  return out;
}

// A session with the checkpoint's state, as launch/command/scoring.cc makes it.
Result<std::unique_ptr<worker::Session>> Restored(const TrainConfig& config,
                                                  const worker::WorkerEnvironment& environment,
                                                  const std::string& checkpoint) {
  ASSIGN_OR_RETURN(const CheckpointManifest manifest,
                   worker::ReadManifest(*environment.files, checkpoint));
  ASSIGN_OR_RETURN(
      std::unique_ptr<worker::Session> session,
      worker::Session::Create(config, worker::SchemaOfManifest(manifest), environment));
  ASSIGN_OR_RETURN(const uint64_t step, session->Restore(checkpoint));
  EXPECT_EQ(step, manifest.step());
  RETURN_IF_ERROR(environment.collective->Barrier());
  return session;
}

}  // namespace

const worker::LogSchema& RichSchema() {
  static const worker::LogSchema schema = worker::testing::FullSchema();
  return schema;
}

const worker::LogSchema& FlatSchema() {
  static const worker::LogSchema schema = [] {
    worker::LogSchema flat;
    flat.slots = {{"item", "item", false, false, false}, {"tags", "tags", false, true, false}};
    return flat;
  }();
  return schema;
}

void WriteJobLog(FileSystem& files, const std::string& directory, const worker::LogSchema& schema,
                 uint32_t exposures, uint64_t seed) {
  CHECK(files.CreateDirectories(directory).ok());
  constexpr uint32_t kBlockRows[] = {40, 9, 64, 23, 1, 51};
  std::vector<worker::Batch> blocks;
  for (uint32_t first = 0; first < exposures;) {
    const uint32_t rows = std::min(exposures - first, kBlockRows[blocks.size() % 6]);
    blocks.push_back(worker::testing::MakeBatch(schema, rows, 5, first, seed));
    first += rows;
  }
  worker::testing::WriteLog(files, JoinPath(directory, "part-00000.log"), schema, blocks);
}

void WriteExpandedLog(FileSystem& files, const std::string& from, const std::string& to) {
  const auto reader = worker::LogReader::Open(files, {from});
  CHECK(reader.ok(), reader.status().message());
  std::vector<worker::Batch> blocks((*reader)->blocks().size());
  for (uint32_t b = 0; b < blocks.size(); ++b) {
    worker::Batch& block = blocks[b];
    CHECK((*reader)->ReadBlock(b, &block).ok());
    block.contexts = Gathered(block.contexts, block.context_of);
    for (uint32_t row = 0; row < block.rows(); ++row) block.context_of[row] = row;
  }
  worker::testing::WriteLog(files, JoinPath(to, "part-00000.log"), (*reader)->schema(), blocks);
}

TrainConfig JobConfig(const std::string& more) {
  TrainConfig config;
  Merge(kBase, &config);
  Merge(more, &config);
  if (config.table_size() == 0) Merge(kTables, &config);
  if (config.model().tower_size() == 0) Merge(kTowers, &config);
  const Status status = FinishTrainConfig("job", &config);
  CHECK(status.ok(), status.message());
  CHECK(worker::ExpandEmbeddings(&config).ok());
  return config;
}

TrainConfig With(TrainConfig config, const std::string& more) {
  Merge(more, &config);
  return config;
}

Status RunOn(FileSystem& files, TrainConfig config, const Layout& layout,
             const launch::WorkerMain& work) {
  config.mutable_compute()->set_threads(layout.threads);
  config.mutable_cluster()->set_server_threads(layout.server_threads);
  config.mutable_cluster()->set_shards(layout.shards);
  launch::LocalClusterOptions options;
  options.workers = layout.workers;
  options.servers = layout.servers;
  options.tcp = layout.tcp;
  options.protection = layout.protection;
  options.wrap_transport = layout.wrap_transport;
  options.open_device = layout.open_device;
  return launch::RunLocalCluster(config, options, files, work);
}

Trained TrainOn(FileSystem& files, const TrainConfig& config, const Layout& layout, bool resume) {
  Trained trained;
  trained.workers.resize(layout.workers);
  trained.status = RunOn(
      files, config, layout,
      [&](const TrainConfig& job, const worker::WorkerEnvironment& environment) -> Status {
        worker::TrainResult& out = trained.workers[environment.collective->rank()];
        ASSIGN_OR_RETURN(
            out, worker::Train(job, resume ? worker::Resume::kNewest : worker::Resume::kNothing,
                               environment));
        return Status::Ok();
      });
  return trained;
}

Outcome OutcomeOf(FileSystem& files, const TrainConfig& config, const Layout& layout, bool resume) {
  const Trained trained = TrainOn(files, config, layout, resume);
  EXPECT_TRUE(trained.status.ok()) << trained.status.ToString();
  if (!trained.status.ok()) return {};
  Outcome outcome;
  outcome.state = Canonical(files, trained.first().checkpoint);
  const std::string& reports = config.report().metrics();
  if (!reports.empty()) outcome.reports = TimelessReports(files, reports);
  return outcome;
}

std::string Canonical(FileSystem& files, const std::string& checkpoint) {
  std::string bytes;
  const Status status = launch::WriteCanonical(files, checkpoint, [&](std::string_view piece) {
    bytes += piece;
    return Status::Ok();
  });
  EXPECT_TRUE(status.ok()) << status.ToString();
  return bytes;
}

std::vector<Report> ReadReports(FileSystem& files, const std::string& path) {
  std::vector<Report> reports;
  const Result<std::string> text = ReadWholeFile(files, path);
  EXPECT_TRUE(text.ok()) << text.status().ToString();
  if (!text.ok()) return reports;
  for (const std::string& line : Split(*text, '\n')) {
    if (line.empty()) continue;
    EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(line, &reports.emplace_back()).ok())
        << line;
  }
  return reports;
}

std::string TimelessReports(FileSystem& files, const std::string& path) {
  std::string text;
  for (Report& report : ReadReports(files, path)) {
    report.clear_seconds();
    if (report.has_progress()) {
      report.mutable_progress()->clear_exposures_per_second();
      report.mutable_progress()->clear_seconds_left();
    }
    text += report.ShortDebugString() + "\n";
  }
  return text;
}

Result<Evaluation> EvaluateOn(FileSystem& files, const TrainConfig& config, const Layout& layout,
                              const std::string& checkpoint) {
  return EvaluateLogsOn(files, config, layout, checkpoint, worker::EvaluationLogs::Of(config));
}

Result<Evaluation> EvaluateLogsOn(FileSystem& files, const TrainConfig& config,
                                  const Layout& layout, const std::string& checkpoint,
                                  const worker::EvaluationLogs& logs) {
  std::optional<Evaluation> evaluation;
  RETURN_IF_ERROR(RunOn(
      files, config, layout,
      [&](const TrainConfig& job, const worker::WorkerEnvironment& environment) -> Status {
        ASSIGN_OR_RETURN(const auto session, Restored(job, environment, checkpoint));
        ASSIGN_OR_RETURN(const auto evaluator, worker::Evaluator::Create(session.get(), logs));
        ASSIGN_OR_RETURN(std::optional<Evaluation> mine, evaluator->Run());
        if (mine.has_value()) evaluation = std::move(mine);
        return Status::Ok();
      }));
  return *evaluation;
}

Result<std::string> PredictOn(FileSystem& files, const TrainConfig& config, const Layout& layout,
                              const std::string& checkpoint) {
  std::string text;
  RETURN_IF_ERROR(
      RunOn(files, config, layout,
            [&](const TrainConfig& job, const worker::WorkerEnvironment& environment) -> Status {
              ASSIGN_OR_RETURN(const auto session, Restored(job, environment, checkpoint));
              return worker::Predict(session.get(), [&](std::string_view piece) {
                text += piece;
                return Status::Ok();
              });
            }));
  return text;
}

Status PredictPartsOn(FileSystem& files, const TrainConfig& config, const Layout& layout,
                      const std::string& checkpoint, const std::string& output) {
  return RunOn(files, config, layout,
               [&](const TrainConfig& job, const worker::WorkerEnvironment& environment) -> Status {
                 ASSIGN_OR_RETURN(const auto session, Restored(job, environment, checkpoint));
                 return worker::PredictParts(session.get(), output);
               });
}

Result<std::string> PredictRowsOn(FileSystem& files, const TrainConfig& config,
                                  const Layout& layout, const std::string& checkpoint,
                                  const MakeRowSource& make_source) {
  std::string text;
  RETURN_IF_ERROR(
      RunOn(files, config, layout,
            [&](const TrainConfig& job, const worker::WorkerEnvironment& environment) -> Status {
              ASSIGN_OR_RETURN(const auto session, Restored(job, environment, checkpoint));
              std::unique_ptr<worker::RowSource> source;
              if (environment.collective->rank() == 0) {
                ASSIGN_OR_RETURN(source, make_source(session->schema()));
              }
              return worker::PredictRows(session.get(), source.get(), [&](std::string_view piece) {
                text += piece;
                return Status::Ok();
              });
            }));
  return text;
}

Result<worker::Scores> ScoresOn(FileSystem& files, const TrainConfig& config, const Layout& layout,
                                const std::string& checkpoint) {
  RETURN_IF_ERROR(RunOn(
      files, config, layout,
      [&](const TrainConfig& job, const worker::WorkerEnvironment& environment) -> Status {
        ASSIGN_OR_RETURN(const auto session, Restored(job, environment, checkpoint));
        return worker::WriteScores(session.get(), worker::EvaluationLogs::Of(job), "scores.bin")
            .status();
      }));
  return worker::LoadScores(files, "scores.bin");
}

void CopyCheckpoint(FileSystem& files, const std::string& from, uint64_t step,
                    const std::string& to) {
  const std::string source = worker::CheckpointFolder(from, step);
  const std::string target = worker::CheckpointFolder(to, step);
  ASSERT_TRUE(files.CreateDirectories(target).ok());
  const auto names = files.List(source);
  ASSERT_TRUE(names.ok()) << names.status().ToString();
  for (const std::string& name : *names) {
    const auto bytes = ReadWholeFile(files, JoinPath(source, name));
    ASSERT_TRUE(bytes.ok());
    ASSERT_TRUE(ReplaceFile(files, JoinPath(target, name), *bytes).ok());
  }
}

}  // namespace chorus::e2e
