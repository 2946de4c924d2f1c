#include "tests/perf/modelled_jobs.h"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "common/strings.h"

namespace chorus::perf {

using namespace gpu;
namespace {

RandomLogShape PlainLog() {
  RandomLogShape log;
  log.rows = 600;
  log.exposure_slots = 3;
  log.ids_per_slot = 50;
  log.ctr = 0.3;
  return log;
}

RandomLogShape RichLog() {
  RandomLogShape log = PlainLog();
  log.slots = {{40, 1, true, false},  {5, 9, true, true},  {300, 3, true, false},
               {60, 1, false, false}, {7, 2, false, true}, {1000, 1, false, false}};
  log.rows_per_context = 7;
  log.numerics = 2;
  log.context_numerics = 1;
  log.weights = true;
  return log;
}

// The job's configuration over small sizes.
TrainConfig ConfigOf(const std::string& text) {
  TrainConfig config, more;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &more)) << text;
  config.mutable_data()->add_log("log");
  config.mutable_step()->set_grain_rows(48);
  config.mutable_step()->set_grains_per_step(4);
  config.mutable_compute()->mutable_cuda()->set_step_memory_mb(4);
  if (more.table_size() == 0) config.add_table()->set_dim(4);
  if (more.model().tower_size() == 0) {
    TowerConfig* const tower = config.mutable_model()->add_tower();
    tower->add_hidden(9);
    tower->add_hidden(5);
  }
  config.MergeFrom(more);
  const Status status = FinishTrainConfig("gpu_model_test", &config);
  EXPECT_TRUE(status.ok()) << status.ToString();
  return config;
}

}  // namespace

std::vector<Job> ModelledJobs() {
  std::vector<Job> jobs;
  const auto add = [&](const std::string& name, const std::string& config,
                       const RandomLogShape& log) -> Job& {
    return jobs.emplace_back(Job{name, config, log});
  };
  add("plain", "objective { esmm {} }", PlainLog());
  add("one grain", "objective { esmm {} } step { grains_per_step: 1 }", PlainLog()).grains = {0, 1};
  add("summed by the host", "objective { esmm {} } compute { cuda { collective: HOST } }",
      PlainLog())
      .workers = 2;
  add("summed in parts", "objective { base {} } model { shared_bottom { hidden: 6 } }", RichLog())
      .workers = 2;
  add("contexts", "objective { chorus_cvr {} }", RichLog());
  add("two tables", R"(objective { base {} } table { name: "a" dim: 5 } table { name: "b" dim: 3 }
      slot { name: "s1" table: "b" pooling: WEIGHTED_MEAN } slot { name: "s2" pooling: MEAN }
      slot { name: "s4" table: "b" } slot { name: "s0" ignore: true }
      slot { name: "n1" numeric: true })",
      RichLog());
  add("nodes", "objective { chorus_cvr {} } step { grains_per_step: 8 }", RichLog());
  jobs.back().grains = {1, 6};
  jobs.back().workers = 2;
  add("batch norm", "objective { two_task {} } model { batch_norm: true clip_norm: 1 }", RichLog());
  add("bottom",
      "objective { esmm {} } model { shared_bottom { hidden: 6 hidden: 5 dropout: 0.3 } "
      "batch_norm: true }",
      RichLog());
  add("dropout", "objective { escm2_dr {} } model { tower { hidden: [6, 5] dropout: 0.5 } }",
      RichLog());
  add("inputs", "objective { esmm {} } model { tower {} }", RichLog());
  add("bottom only", "objective { esmm {} } model { tower {} shared_bottom { hidden: 6 } }",
      PlainLog());
  add("transfer", "objective { ddpo {} } model { optimizer { sgd {} } }", RichLog());
  add("mixtures and crosses",
      "objective { esmm {} } model { encoder { name: 'mix' mmoe { experts: 3 hidden: 6 } } "
      "encoder { name: 'cross' cross { layers: 2 rank: 3 } } "
      "tower { hidden: 5 input: ['mix', 'cross'] } }",
      RichLog());
  add("pairs and gates of slots",
      "objective { esmm {} } model { encoder { name: 'fm' bi_interaction { } } "
      "encoder { name: 'dots' slot_dots { } } encoder { name: 'gate' slot_gate { gate: SIGMOID } } "
      "tower { hidden: 5 input: ['gate', 'dots'] wide: ['inputs', 'fm'] } }",
      RichLog());
  add("activations",
      "objective { esmm {} } model { encoder { name: 'a' mlp { hidden: [6, 6] activation: DICE "
      "layer_norm: true residual: true } } encoder { name: 'b' input: 'a' mlp { hidden: 5 "
      "activation: GELU } } encoder { name: 'c' input: 'contexts' mlp { hidden: 4 "
      "activation: PRELU dropout: 0.5 } } tower { hidden: 5 input: ['b', 'c'] } }",
      RichLog());
  add("sequences",
      "objective { esmm {} } slot { name: 's1' pooling: SEQUENCE max_length: 5 } model { "
      "encoder { name: 'interest' target_attention { sequence: 's1' query: 's3' hidden: 6 } } "
      "encoder { name: 'self' self_attention { sequence: 's1' layers: 2 } } "
      "encoder { name: 'last' sequence_pooling { sequence: 's1' pooling: LAST } } "
      "tower { hidden: 5 input: ['inputs', 'interest', 'self', 'last'] } }",
      RichLog());
  add("partials", "objective { dcmt { snips: true } } model { optimizer { adagrad {} } }",
      RichLog());
  add("16-bit products", "objective { chorus_cvr {} } compute { precision: BF16 }", RichLog());
  add("draws", "objective { oversampling {} }", RichLog());
  for (const uint32_t stage : {0u, 1u}) {
    add(StrCat("ukd stage ", stage), "objective { ukd {} }", RichLog()).stage = stage;
    add(StrCat("unbias stage ", stage), "objective { unbias { sample: true } }", RichLog()).stage =
        stage;
  }
  return jobs;
}

World MakeWorld(const Job& job) {
  World world;
  world.workers = job.workers;
  world.config = ConfigOf(job.config);
  const std::unique_ptr<FileSystem> files = NewMemoryFiles();
  const Status written = WriteRandomLog(job.log, *files, "log");
  EXPECT_TRUE(written.ok()) << written.ToString();
  Result<StepData> data = ReadStepData(world.config, *files, job.grains, 2, job.stage);
  EXPECT_TRUE(data.ok()) << data.status().ToString();
  world.data = std::move(data).value();
  return world;
}

World PlainWorld() { return MakeWorld(ModelledJobs().front()); }

}  // namespace chorus::perf
