// Evaluations and predictions of a small log restore those rows of a checkpoint that the log reads,
// and say what they would say with all of them.

#include <gtest/gtest.h>

#include <functional>

#include "tests/e2e/job_testing.h"
#include "tests/e2e/trained_testing.h"
#include "worker/log/manifest_schema.h"
#include "worker/metrics/metrics.h"
#include "worker/train/checkpoint_store.h"
#include "worker/train/evaluator.h"
#include "worker/train/log_keys.h"

namespace chorus::e2e {
namespace {

const std::vector<std::string> kFew = {"few"};

class RestoredRowsTest : public TrainedTest {
 protected:
  RestoredRowsTest()
      : TrainedTest(JobConfig("evaluate { log: 'few' } objective { chorus_cvr {} }"), 400, 230) {
    WriteJobLog(*files_, "few", RichSchema(), 9, 3);
  }
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(TrainedTest::SetUp());
    const auto manifest = worker::ReadManifest(*files_, checkpoint_);
    ASSERT_TRUE(manifest.ok());
    manifest_ = *manifest;
  }

  // Runs `work` on every worker, with the rows that `log` reads alone, if they are few.
  Status Run(const Layout& layout, const std::vector<std::string>& log,
             const std::function<Status(worker::Session*, bool few)>& work) {
    return RunOn(
        *files_, config_, layout,
        [&](const TrainConfig& job, const worker::WorkerEnvironment& environment) -> Status {
          ASSIGN_OR_RETURN(
              const auto session,
              worker::Session::Create(job, worker::SchemaOfManifest(manifest_), environment));
          ASSIGN_OR_RETURN(const auto keys, worker::FewKeysOfLog(session.get(), log, manifest_));
          RETURN_IF_ERROR(
              session->RestoreRows(checkpoint_, keys.has_value() ? &*keys : nullptr).status());
          RETURN_IF_ERROR(environment.collective->Barrier());
          return work(session.get(), keys.has_value());
        });
  }

  CheckpointManifest manifest_;
};

TEST_F(RestoredRowsTest, TheEvaluationOfASmallLogNeedsNoOthers) {
  const auto expected = EvaluateOn(*files_, config_, Layout(), checkpoint_);
  ASSERT_TRUE(expected.ok()) << expected.status().ToString();
  for (const Layout& layout : {Layout(), Layout{.workers = 3, .servers = 2, .shards = 5},
                               Layout{.workers = 2, .tcp = true}}) {
    const Status status = Run(layout, kFew, [&](worker::Session* session, bool few) -> Status {
      EXPECT_EQ(few, session->environment().collective->rank() == 0);
      ASSIGN_OR_RETURN(const auto evaluator,
                       worker::Evaluator::Create(session, worker::EvaluationLogs::Of(config_)));
      ASSIGN_OR_RETURN(const auto evaluation, evaluator->Run());
      if (evaluation.has_value()) {
        EXPECT_EQ(evaluation->SerializeAsString(), expected->SerializeAsString());
      }
      return Status::Ok();
    });
    ASSERT_TRUE(status.ok()) << status.ToString();
  }
}

// Rows that were left out read as if no training had made them.
TEST_F(RestoredRowsTest, ServersHaveTheRowsOfTheLogAlone) {
  worker::EvaluationLogs other = worker::EvaluationLogs::Of(config_);
  other.log = {"test"};
  const auto whole = EvaluateLogsOn(*files_, config_, Layout(), checkpoint_, other);
  ASSERT_TRUE(whole.ok()) << whole.status().ToString();
  uint64_t unseen = 0, unseen_of_all = 0;
  const Status status = Run(Layout(), kFew, [&](worker::Session* session, bool) -> Status {
    ASSIGN_OR_RETURN(const auto evaluator, worker::Evaluator::Create(session, other));
    ASSIGN_OR_RETURN(const auto evaluation, evaluator->Run());
    for (const SlotUse& slot : evaluation->slot()) unseen += slot.unseen();
    return Status::Ok();
  });
  ASSERT_TRUE(status.ok()) << status.ToString();
  for (const SlotUse& slot : whole->slot()) unseen_of_all += slot.unseen();
  EXPECT_GT(unseen, unseen_of_all + 50);
}

TEST_F(RestoredRowsTest, ALargeLogTakesEveryRow) {
  for (const uint32_t workers : {1u, 3u}) {
    const Status status = Run({.workers = workers}, {"test"}, [](worker::Session*, bool few) {
      EXPECT_FALSE(few);
      return Status::Ok();
    });
    ASSERT_TRUE(status.ok()) << status.ToString();
  }
}

TEST_F(RestoredRowsTest, ServersThatHaveSomeRowsRefuseToTrain) {
  const Status status = Run(Layout(), kFew, [&](worker::Session* session, bool few) -> Status {
    EXPECT_TRUE(few);
    worker::TableKeys none;
    none.shard_counts.assign(session->config().cluster().shards(), 0);
    const std::vector<worker::TableKeys> keys(session->tables().size(), none);
    const uint64_t step = manifest_.step() + 1;
    RETURN_IF_ERROR(session->client().Send(step, keys, nullptr, nullptr));
    return session->client().Wait(step).status();
  });
  EXPECT_EQ(status.code(), Code::kFailedPrecondition) << status.ToString();
  EXPECT_NE(status.message().find("not trained"), std::string::npos) << status.ToString();
}

}  // namespace
}  // namespace chorus::e2e
