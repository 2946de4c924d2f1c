// Who computes does not show in the result: canonical bytes and reports are equal for any threads,
// workers, servers, shards and transport, whatever the model, the optimizers, the objective and the
// reading order are.

#include <gtest/gtest.h>

#include "common/strings.h"
#include "tests/e2e/job_testing.h"
#include "tests/e2e/pairwise.h"
#include "worker/math/bf16_tiles.h"

namespace chorus::e2e {
namespace {

bool CpuMultipliesBf16() { return worker::Bf16KernelsFor(ComputeConfig::NATIVE) != nullptr; }

std::vector<std::string> Precisions() {
  if (!CpuMultipliesBf16()) return {""};
  return {"", "compute { precision: BF16 }"};
}

// What a job computes, one list a factor. Each text is merged into the job's configuration.
const std::vector<std::vector<std::string>>& Settings() {
  static const std::vector<std::vector<std::string>> settings = {
      {"objective { base {} }", "objective { esmm {} }", "objective { chorus_cvr {} }",
       "objective { chorus_cvr_wo_ndm { norm: EXPOSURE } }",
       "objective { chorus_cvr_wo_sam { detach: false } }",
       // Sampling, weight sums, a dynamic ratio, stages with a frozen net, dropout and reversal.
       "objective { aman { rho: 0.5 } }", "objective { dcmt { snips: true } }",
       "objective { nise {} }", "objective { unbias {} }", "objective { ukd { dropout: 0 } }"},
      {"", "step { pull_ahead: 1 }", "step { pull_ahead: 2 }"},
      {"table { name: 'a' dim: 4 optimizer { sgd { lr: 0.3 } } }",
       "table { name: 'a' dim: 4 optimizer { adagrad {} } }",
       "table { name: 'a' dim: 4 optimizer { rowwise_adagrad {} } }",
       "table { name: 'a' dim: 4 optimizer { adam { lr: 0.01 } } }",
       "table { name: 'a' dim: 4 optimizer { ftrl { l1: 0.001 l2: 0.1 } } }"},
      {"table { name: 'b' dim: 3 initializer { uniform {} } }",
       "table { name: 'b' dim: 3 clip_norm: 0.01 weight_decay: 0.02 }",
       "table { name: 'b' dim: 3 schedule { warmup_steps: 3 decay: COSINE } }"},
      {"model { optimizer { sgd { lr: 0.1 } } }", "model { optimizer { adagrad {} } }",
       "model { optimizer { adam {} } clip_norm: 0.05 }",
       "model { optimizer { adamw {} } schedule { warmup_steps: 2 decay: LINEAR } }"},
      {"model { tower { hidden: [16, 8] } }", "model { tower {} }",
       "model { shared_bottom { hidden: [12] } tower { hidden: [8] } }",
       "model { tower { head: 'cvr' hidden: [9, 5] } tower { hidden: [7] } }",
       "model { encoder { name: 'mix' mmoe { experts: 3 hidden: [8] } } tower { hidden: [6] } }",
       "model { encoder { name: 'mix' ple { levels: 2 hidden: [6] } } encoder { name: 'cross' "
       "cross { rank: 3 } } tower { hidden: [6] input: ['mix', 'cross'] wide: 'inputs' } }"},
      {"data { order: SHUFFLED }", "data { order: SEQUENTIAL unclicked_conversion: DROP }"},
      // 8 grains: the last step is short, most lanes of it empty; 4 grains of 32 rows; 1 grain.
      {"step { grain_rows: 16 grains_per_step: 8 }", "step { grain_rows: 32 grains_per_step: 4 }",
       "step { grain_rows: 50 grains_per_step: 1 }"},
      Precisions(),
  };
  return settings;
}

// Who computes it: number of levels of each factor.
const std::vector<uint32_t> kWorkers = {1, 2, 3, 4};
const std::vector<uint32_t> kServers = {1, 2, 3};
const std::vector<uint32_t> kThreads = {1, 2, 3};
const std::vector<uint32_t> kReaderThreads = {0, 3};
const std::vector<uint32_t> kServerThreads = {1, 2};
const std::vector<uint32_t> kShards = {1, 7, 64};

std::vector<uint32_t> Levels() {
  std::vector<uint32_t> levels;
  for (const auto& setting : Settings()) levels.push_back(static_cast<uint32_t>(setting.size()));
  levels.push_back(2);  // schema
  for (const auto* counts :
       {&kWorkers, &kServers, &kThreads, &kReaderThreads, &kServerThreads, &kShards}) {
    levels.push_back(static_cast<uint32_t>(counts->size()));
  }
  levels.push_back(3);  // transport: in process, TCP, TLS
  return levels;
}

const std::vector<Case>& Cases() {
  static const std::vector<Case> cases = PairwiseCases(Levels());
  return cases;
}

TEST(PairwiseTest, EveryTwoLevelsMeetInSomeCase) {
  std::set<LevelPair> covered;
  for (const Case& levels : Cases()) covered.merge(PairsOf(levels));
  EXPECT_EQ(covered, AllPairs(Levels()));
}

struct Job {
  TrainConfig config;
  const worker::LogSchema* schema;
  Layout layout;
};

Job JobOf(const Case& levels) {
  std::string text = "checkpoint { every_steps: 4 } evaluate { log: 'test' every_steps: 5 }";
  size_t factor = 0;
  for (const auto& setting : Settings()) text += setting[levels[factor++]] + "\n";
  Job job;
  const bool rich = levels[factor++] == 0;
  job.schema = rich ? &RichSchema() : &FlatSchema();
  if (rich)
    text +=
        "slot { name: 'history' table: 'b' pooling: WEIGHTED_MEAN } slot { name: 'tags' pooling: "
        "MEAN }";
  job.layout.workers = kWorkers[levels[factor++]];
  job.layout.servers = kServers[levels[factor++]];
  job.layout.threads = kThreads[levels[factor++]];
  const uint32_t reader_threads = kReaderThreads[levels[factor++]];
  job.layout.server_threads = kServerThreads[levels[factor++]];
  job.layout.shards = kShards[levels[factor++]];
  const uint32_t transport = levels[factor++];
  job.layout.tcp = transport > 0;
  if (transport == 2) job.layout.protection = Protection::kEncrypted;
  job.config = JobConfig(text);
  job.config.mutable_compute()->set_reader_threads(reader_threads);
  return job;
}

class LayoutTest : public testing::TestWithParam<size_t> {};

TEST_P(LayoutTest, TrainsTheSameBitsAsOneThreadOfOneProcess) {
  const Job job = JobOf(Cases()[GetParam()]);
  Outcome outcomes[2];
  for (int i = 0; i < 2; ++i) {
    const auto files = NewMemoryFiles();
    WriteJobLog(*files, "train", *job.schema, 500, 1);
    WriteJobLog(*files, "test", *job.schema, 150, 2);
    outcomes[i] = OutcomeOf(*files, job.config, i == 0 ? Layout() : job.layout);
  }
  EXPECT_GT(outcomes[0].state.size(), 1000u);
  EXPECT_TRUE(outcomes[1].state == outcomes[0].state) << "the models differ";
  EXPECT_EQ(outcomes[1].reports, outcomes[0].reports);
}

INSTANTIATE_TEST_SUITE_P(Pairwise, LayoutTest, testing::Range(size_t{0}, Cases().size()));

// Runs the same job on both layouts.
void ExpectEqualOutcomes(const TrainConfig& config, uint32_t exposures, const Layout& layout) {
  Outcome outcomes[2];
  for (int i = 0; i < 2; ++i) {
    const auto files = NewMemoryFiles();
    WriteJobLog(*files, "train", RichSchema(), exposures, 1);
    outcomes[i] = OutcomeOf(*files, config, i == 0 ? Layout() : layout);
  }
  EXPECT_TRUE(outcomes[1].state == outcomes[0].state) << "the models differ";
  EXPECT_EQ(outcomes[1].reports, outcomes[0].reports);
}

// Workers, servers and threads.
Layout SeveralOfAll() {
  Layout layout;
  layout.workers = 3;
  layout.servers = 2;
  layout.threads = 2;
  return layout;
}

TEST(LayoutsTest, WorkersWithoutGrainsChangeNothing) {
  Layout layout;
  layout.workers = 5;
  layout.servers = 2;
  ExpectEqualOutcomes(JobConfig("step { grains_per_step: 2 pull_ahead: 1 }"), 200, layout);
}

TEST(LayoutsTest, ServersWithoutShardsChangeNothing) {
  Layout layout;
  layout.workers = 2;
  layout.servers = 3;
  layout.shards = 2;
  ExpectEqualOutcomes(JobConfig(), 200, layout);
}

TEST(LayoutsTest, AttentionOverASequenceIsTheSameOnAnyLayout) {
  ExpectEqualOutcomes(
      JobConfig("step { pull_ahead: 1 } slot { name: 'history' table: 'b' pooling: SEQUENCE "
                "max_length: 4 } model { encoder { name: 'interest' target_attention { "
                "sequence: 'history' query: 'item' hidden: 5 } } "
                "tower { hidden: 6 input: ['inputs', 'interest'] } }"),
      300, SeveralOfAll());
}

// With running statistics, whose sums go along the tree too.
TEST(LayoutsTest, SelfAttentionAndActivationsAreTheSameOnAnyLayout) {
  ExpectEqualOutcomes(
      JobConfig("step { pull_ahead: 1 } slot { name: 'history' table: 'b' pooling: SEQUENCE "
                "max_length: 4 } model { encoder { name: 'self' self_attention { "
                "sequence: 'history' heads: 2 head_dim: 3 layers: 2 } } "
                "encoder { name: 'deep' input: ['inputs', 'self'] mlp { hidden: [6, 6] "
                "activation: DICE layer_norm: true residual: true dropout: 0.2 } } "
                "encoder { name: 'curve' input: 'deep' mlp { hidden: 5 activation: GELU } } "
                "tower { hidden: 6 input: ['curve', 'deep'] } }"),
      300, SeveralOfAll());
}

// Encoders of slots need tables of one dimension.
TEST(LayoutsTest, PairsAndGatesOfSlotsAreTheSameOnAnyLayout) {
  ExpectEqualOutcomes(
      JobConfig("step { pull_ahead: 1 } table { name: 'a' dim: 4 } table { name: 'b' dim: 4 } "
                "model { encoder { name: 'fm' bi_interaction { } } encoder { name: 'dots' "
                "slot_dots { } } encoder { name: 'gate' slot_gate { gate: SIGMOID } } "
                "tower { hidden: 6 input: ['gate', 'dots'] wide: ['inputs', 'fm'] } }"),
      300, SeveralOfAll());
}

TEST(LayoutsTest, ALogOfASingleExposureTrainsOnAnyLayout) {
  Layout layout;
  layout.workers = 3;
  layout.servers = 2;
  ExpectEqualOutcomes(JobConfig("step { pull_ahead: 2 }"), 1, layout);
}

TEST(LayoutsTest, ARunOfFewerStepsThanPullAheadWorks) {
  Layout layout;
  layout.workers = 2;
  layout.tcp = true;
  ExpectEqualOutcomes(JobConfig("step { pull_ahead: 2 } data { max_steps: 1 }"), 300, layout);
}

TEST(LayoutsTest, ClickedRowsAloneTrainTheSameOnAnyLayout) {
  Layout layout;
  layout.workers = 3;
  layout.threads = 2;
  ExpectEqualOutcomes(JobConfig("data { rows: CLICKED } objective { base {} }"), 400, layout);
}

TEST(LayoutsTest, FramesOfManyPartsChangeNothing) {
  Layout layout;
  layout.workers = 2;
  layout.servers = 2;
  layout.tcp = true;
  ExpectEqualOutcomes(JobConfig("cluster { max_part_kb: 1 }"), 300, layout);
}

TEST(LayoutsTest, AttentionDropoutAndWeightSumsTrainTheSameOnAnyLayout) {
  ExpectEqualOutcomes(JobConfig("objective { ddpo { ctm: true } } step { pull_ahead: 1 } "
                                "model { tower { hidden: [12, 6] dropout: 0.3 } "
                                "shared_bottom { hidden: [16] dropout: 0.2 } }"),
                      300, SeveralOfAll());
}

TEST(LayoutsTest, TablesOfTowersTransfersAndFrozenPartsTrainTheSameOnAnyLayout) {
  ExpectEqualOutcomes(
      JobConfig("objective { chorus_cvr {} } step { pull_ahead: 1 } "
                "slot { name: '*' embedding: SHARED_AND_OWN } "
                "slot { name: 'tags' embedding: OWN table: 'b' pooling: MEAN } "
                "slot { name: 'more' column: 'history' table: 'b' tower: ['ctr', 'cvr'] "
                "no_gradient: 'ctr' } "
                "model { batch_norm: true clip_norm: 0.1 optimizer { adamw {} } "
                "tower { hidden: [12, 6] } tower { head: 'uncvr' hidden: [8] trainable: false } "
                "shared_bottom { hidden: [16] } "
                "transfer { from: 'ctr' to: 'cvr' } } "
                "table { name: 'a' dim: 4 } table { name: 'b' dim: 3 } "
                "table { name: 'b-cvr' dim: 2 trainable: false }"),
      300, SeveralOfAll());
}

TEST(LayoutsTest, RunningStatisticsOfBatchNormAreTheSameOnAnyLayout) {
  Layout layout;
  layout.workers = 3;
  layout.threads = 2;
  ExpectEqualOutcomes(
      JobConfig("objective { unbias {} } step { pull_ahead: 1 } model { batch_norm: true "
                "tower { hidden: [12, 6] } shared_bottom { hidden: [16, 8] } }"),
      300, layout);
}

TEST(LayoutsTest, ProductsInBf16TrainTheSameOnAnyLayout) {
  if (!CpuMultipliesBf16()) GTEST_SKIP() << "this CPU has neither AMX nor AVX512-BF16";
  Layout layout;
  layout.workers = 3;
  layout.threads = 2;
  for (const char* const model : {"batch_norm: true shared_bottom { hidden: [16, 8] }", ""}) {
    ExpectEqualOutcomes(
        JobConfig(StrCat("compute { precision: BF16 } objective { unbias {} } model { ", model,
                         " tower { hidden: [40, 20] dropout: 0.3 } }")),
        400, layout);
  }
}

TEST(LayoutsTest, ARunThatEndsInItsFirstStageWorks) {
  Layout layout;
  layout.workers = 2;
  ExpectEqualOutcomes(JobConfig("objective { ukd {} } data { max_steps: 3 }"), 400, layout);
}

TEST(LayoutsTest, PullAheadAndSeedAreOfTheModelNotOfTheLayout) {
  std::set<std::string> states;
  for (const char* const text :
       {"", "step { pull_ahead: 1 }", "step { pull_ahead: 2 }", "seed: 8"}) {
    const auto files = NewMemoryFiles();
    WriteJobLog(*files, "train", RichSchema(), 400, 1);
    states.insert(OutcomeOf(*files, JobConfig(text), Layout()).state);
  }
  EXPECT_EQ(states.size(), 4u);
}

}  // namespace
}  // namespace chorus::e2e
