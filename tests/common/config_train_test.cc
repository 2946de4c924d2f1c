#include <gmock/gmock.h>

#include "common/optimizer_config.h"
#include "tests/common/config_testing.h"

namespace chorus {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

using ConfigTrain = testing::ConfigTest;

TEST_F(ConfigTrain, AnEmptyJobHasEveryDefault) {
  const auto config = Load("");
  ASSERT_TRUE(config.ok()) << config.status().ToString();
  EXPECT_EQ(config->seed(), 1u);
  EXPECT_EQ(config->step().grain_rows(), 512u);
  EXPECT_EQ(config->step().grains_per_step(), 8u);
  EXPECT_EQ(config->step().mode(), StepConfig::SYNC);
  EXPECT_EQ(config->data().unclicked_conversion(), DROP);
  ASSERT_EQ(config->table_size(), 1);
  EXPECT_EQ(config->table(0).name(), "default");
  EXPECT_EQ(config->table(0).optimizer().adagrad().lr(), 0.02);
  EXPECT_EQ(config->table(0).initializer().normal().stddev(), 0.01);
  EXPECT_EQ(config->table(0).schedule().decay(), ScheduleConfig::CONSTANT);
  ASSERT_EQ(config->model().tower_size(), 1);
  EXPECT_THAT(config->model().tower(0).hidden(), ElementsAre(360, 200, 80));
  EXPECT_EQ(config->model().optimizer().adam().beta2(), 0.999);
  EXPECT_TRUE(config->model().has_shared_bottom());
  EXPECT_EQ(config->objective().esmm().w_ctcvr(), 1);
  EXPECT_EQ(config->cluster().shards(), 64u);
  EXPECT_THAT(config->evaluate().k(), ElementsAre(1, 5, 10));
  EXPECT_TRUE(config->checkpoint().has_directory());
  EXPECT_TRUE(config->has_warm_start());
}

TEST_F(ConfigTrain, AMessageWithNothingInItIsAsOneThatIsNotWritten) {
  const auto empty =
      Load("table { optimizer { } initializer { } } model { optimizer { } } objective { }");
  ASSERT_TRUE(empty.ok()) << empty.status().ToString();
  EXPECT_THAT(DifferingFields(*empty, *Load(""), {}), ::testing::IsEmpty());
}

TEST_F(ConfigTrain, AnOptimizerHasTheDefaultsOfTheJobsThatNameIt) {
  DenseOptimizerConfig config;
  config.mutable_adamw()->set_lr(0.5);
  const OptimizerParameters written = ParametersOf(config);
  const auto job = Load("model { optimizer { adamw { lr: 0.5 } } }");
  ASSERT_TRUE(job.ok()) << job.status().ToString();
  const OptimizerParameters complete = ParametersOf(job->model().optimizer());
  EXPECT_EQ(written.lr, 0.5);
  EXPECT_GT(written.weight_decay, 0);
  EXPECT_EQ(written.beta1, complete.beta1);
  EXPECT_EQ(written.beta2, complete.beta2);
  EXPECT_EQ(written.eps, complete.eps);
  EXPECT_EQ(written.weight_decay, complete.weight_decay);
}

TEST_F(ConfigTrain, ALengthIsForSequences) {
  const std::string no_sequence =
      "slot.0.max_length: slot \"tags\" is no sequence, all of whose ids count; allowed: with "
      "pooling: SEQUENCE (import keeps fewer ids by max_ids)";
  EXPECT_EQ(ErrorOf("slot {\n name: 'tags'\n max_length: 20\n}"),
            "job.textproto:3: " + no_sequence);
  EXPECT_THAT(ErrorOf("slot { name: 'tags' max_length: 50 }"), HasSubstr(no_sequence));
  EXPECT_THAT(ErrorOf("slot { name: 'tags' max_length: 20 pooling: MEAN }"),
              HasSubstr(no_sequence));
  EXPECT_THAT(ErrorOf("slot { name: 'tags' }", {"slot.tags.max_length=20"}),
              HasSubstr(no_sequence));
  EXPECT_THAT(ErrorOf("slot { name: 'tags' max_length: 50 pooling: MEAN }"),
              HasSubstr(no_sequence));
  EXPECT_EQ(ErrorOf("slot { name: 'tags' max_length: 20 pooling: SEQUENCE }"), "no error");
}

// Older builds saved a length in every slot, and let users write any.
TEST_F(ConfigTrain, ALengthWithoutASequenceInASavedJobIsNoError) {
  TrainConfig saved = *Load(
      "slot { name: 'tags' pooling: MEAN } "
      "slot { name: 'seen' pooling: SEQUENCE max_length: 7 }");
  const TrainConfig now = saved;
  EXPECT_FALSE(now.slot(0).has_max_length());
  saved.mutable_slot(0)->set_max_length(20);
  ASSERT_TRUE(FinishTrainConfig("checkpoint", &saved).ok());
  EXPECT_THAT(DifferingFields(saved, now, {}), ::testing::IsEmpty());
  EXPECT_EQ(saved.slot(1).max_length(), 7u);
}

// As jobs in checkpoints are, and what --print-config shows.
TEST_F(ConfigTrain, ACompleteJobWithASlotIsAJob) {
  const auto config = Load("slot { name: 'tags' pooling: MEAN } slot { name: 'x' }");
  ASSERT_TRUE(config.ok()) << config.status().ToString();
  const auto printed = Load(PrintConfig(*config));
  ASSERT_TRUE(printed.ok()) << printed.status().ToString();
  EXPECT_EQ(printed->SerializeAsString(), config->SerializeAsString());
  TrainConfig again = *config;
  EXPECT_TRUE(FinishTrainConfig("checkpoint", &again).ok());
}

TEST_F(ConfigTrain, WrittenValuesAreKeptEvenWhenZero) {
  const auto config = Load("seed: 0 objective { chorus_cvr { w_ctr: 0 detach: false } }");
  ASSERT_TRUE(config.ok());
  EXPECT_EQ(config->seed(), 0u);
  EXPECT_EQ(config->objective().chorus_cvr().w_ctr(), 0);
  EXPECT_FALSE(config->objective().chorus_cvr().detach());
  EXPECT_TRUE(config->objective().chorus_cvr().ipw());
}

TEST_F(ConfigTrain, AnOracleWithoutItsLogIsRefused) {
  EXPECT_THAT(ErrorOf("evaluate {\n oracle: \"o\" }"),
              StartsWith("job.textproto:2: evaluate.oracle: "));
  EXPECT_TRUE(Load("evaluate { oracle: \"o\" log: \"l\" }").ok());
}

TEST_F(ConfigTrain, APrecisionThatOnlyGpusHaveIsRefusedOnTheCpu) {
  EXPECT_THAT(ErrorOf("compute {\n precision: TF32 backend: CPU }"),
              StartsWith("job.textproto:2: compute.precision: TF32 is for GPUs"));
  EXPECT_TRUE(Load("compute { precision: TF32 }").ok());
  EXPECT_TRUE(Load("compute { precision: BF16 backend: CPU }").ok());
}

TEST_F(ConfigTrain, NumbersThatOverflowLaterAreRefused) {
  for (const char* set :
       {"cluster.server_memory_mb=18446744073709551615", "table.initializer.normal.stddev=1e30",
        "table.initializer.constant.value=-1e30"}) {
    EXPECT_THAT(ErrorOf("", {set}), HasSubstr("out of range")) << set;
  }
}

TEST_F(ConfigTrain, ATowerOfItsOwnIsNotJoinedByTheDefault) {
  const auto config = Load("model { tower { head: \"ctr\" hidden: [4] } }");
  ASSERT_TRUE(config.ok());
  EXPECT_EQ(config->model().tower_size(), 1);
}

TEST_F(ConfigTrain, SlotsGetTheFirstTable) {
  const auto config = Load(
      "table { name: \"a\" } table { name: \"b\" } slot { name: \"1\" }"
      "slot { name: \"2\" table: \"b\" }");
  ASSERT_TRUE(config.ok());
  EXPECT_EQ(config->slot(0).table(), "a");
  EXPECT_EQ(config->slot(1).table(), "b");
  EXPECT_EQ(config->slot(1).pooling(), SlotConfig::SUM);
}

TEST_F(ConfigTrain, NamesMustBeUniqueAndKnown) {
  EXPECT_THAT(ErrorOf("table { name: \"a\" }\ntable { name: \"a\" }"),
              StartsWith("job.textproto:2: table.1.name: \"a\" is the name of an earlier table"));
  EXPECT_THAT(ErrorOf("table { }\ntable { }"), HasSubstr("\"default\" is the name of an earlier"));
  EXPECT_THAT(ErrorOf("slot { name: \"1\" }\nslot { name: \"1\" }"),
              StartsWith("job.textproto:2: slot.1.name: \"1\" is the name of an earlier slot"));
  EXPECT_THAT(ErrorOf("table { name: \"a\" }\nslot { name: \"1\" table: \"b\" }"),
              StartsWith("job.textproto:2: slot.0.table: \"b\" is not a table; allowed: a"));
  EXPECT_THAT(ErrorOf("model { tower { } tower { } }"), HasSubstr("model.tower.1.head: "));
}

TEST_F(ConfigTrain, WhoReadsASlotIsChecked) {
  EXPECT_TRUE(Load("slot { name: \"1\" tower: [\"ctr\", \"cvr\"] no_gradient: \"cvr\" }"
                   "slot { name: \"2\" column: \"1\" } slot { name: \"*\" embedding: OWN }")
                  .ok());
  EXPECT_THAT(ErrorOf("slot { name: \"1\" tower: [\"ctr\", \"ctr\"] }"),
              HasSubstr("slot.0.tower: \"ctr\" is written twice; allowed: once"));
  EXPECT_THAT(ErrorOf("slot { name: \"1\" tower: \"ctr\" no_gradient: \"cvr\" }"),
              HasSubstr("slot.0.no_gradient: \"cvr\" is none of this slot's towers"));
  EXPECT_THAT(ErrorOf("slot { name: \"1\" tower: \"ctr\" embedding: OWN }"),
              HasSubstr("slot.0.embedding: makes slots for every tower"));
  EXPECT_THAT(
      ErrorOf("slot { name: \"1\" pooling: SEQUENCE tower: \"ctr\" }"),
      HasSubstr("slot.0.tower: needs a pooled slot; this one is a SEQUENCE, numeric or ignored"));
  EXPECT_THAT(ErrorOf("slot { name: \"1\" numeric: true embedding: OWN }"),
              HasSubstr("slot.0.embedding: needs a pooled slot"));
  EXPECT_THAT(ErrorOf("slot { name: \"1\" numeric: true column: \"2\" }"),
              HasSubstr("slot.0.column: is for slots of ids"));
  EXPECT_THAT(ErrorOf("slot { name: \"rest\" column: \"*\" }"),
              HasSubstr("slot.0.name: a slot with column \"*\" needs \"*\" in its name"));
}

TEST_F(ConfigTrain, ATableThatNobodyTrainsIsFrozenOrRefused) {
  const std::string tables = "table { name: \"a\" } table { name: \"b\" } ";
  const std::string slot = "slot { name: \"1\" table: \"b\" tower: \"ctr\" no_gradient: \"ctr\" } ";
  EXPECT_THAT(
      ErrorOf(tables + slot),
      HasSubstr("slot.0.no_gradient: names all towers of slot \"1\", and nothing else trains "
                "table \"b\": leave a tower out, or write trainable: false"));
  EXPECT_EQ(ErrorOf("table { name: \"a\" } table { name: \"b\" trainable: false } " + slot),
            "no error");
  EXPECT_EQ(ErrorOf(tables + slot + "slot { name: \"2\" table: \"b\" }"), "no error");
  EXPECT_EQ(ErrorOf("slot { name: \"1\" tower: \"ctr\" no_gradient: \"ctr\" }"), "no error");
  EXPECT_THAT(ErrorOf("slot { name: \"*\" tower: \"ctr\" no_gradient: \"ctr\" }"),
              HasSubstr("slot.0.no_gradient"));
}

TEST_F(ConfigTrain, TableNamesArePlain) {
  for (const char* name : {"a@b", "a/b", "a.b", ""}) {
    EXPECT_THAT(ErrorOf(std::string("table { name: \"") + name + "\" }"),
                HasSubstr("table.0.name: "))
        << name;
  }
}

TEST_F(ConfigTrain, AsyncIsRefusedForNow) {
  EXPECT_EQ(ErrorOf("step {\n mode: ASYNC }"),
            "job.textproto:2: step.mode: ASYNC is not available yet; allowed: SYNC");
}

TEST_F(ConfigTrain, APartFitsIntoAFrame) {
  EXPECT_THAT(ErrorOf("cluster { max_part_kb: 1025 max_frame_mb: 1 }"),
              HasSubstr("cluster.max_part_kb: "));
  EXPECT_TRUE(Load("cluster { max_part_kb: 1024 max_frame_mb: 1 }").ok());
}

TEST_F(ConfigTrain, LogsAreNotEmptyNames) {
  EXPECT_THAT(ErrorOf("data { log: \"a\" log: \"\" }"), HasSubstr("data.log.1: \"\" is no log"));
  EXPECT_THAT(ErrorOf("evaluate {\n log: \"\" }"), StartsWith("job.textproto:2: evaluate.log.0: "));
}

TEST_F(ConfigTrain, PathsMayBeLeftToTheCommandLine) {
  const std::string job = "checkpoint { every_steps: 5 } evaluate { every_steps: 5 }";
  EXPECT_TRUE(Load(job).ok());
  EXPECT_EQ(Load(job, {"checkpoint.directory=d"})->checkpoint().every_steps(), 5u);
}

TEST_F(ConfigTrain, FinishingAJobInMemoryIsTheSameAsLoadingIt) {
  TrainConfig config;
  config.mutable_step()->set_grain_rows(4);
  ASSERT_TRUE(FinishTrainConfig("test", &config).ok());
  EXPECT_TRUE(DifferingFields(config, *Load("step { grain_rows: 4 }"), {}).empty());
  config.mutable_step()->set_grain_rows(0);
  EXPECT_THAT(FinishTrainConfig("test", &config).message(), StartsWith("test: step.grain_rows: 0"));
}

}  // namespace
}  // namespace chorus
