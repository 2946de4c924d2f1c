#include "worker/metrics/doubts.h"

#include <gtest/gtest.h>

#include <functional>

namespace chorus::worker::testing {
namespace {

// Of a model that nothing is wrong with.
TaskMetrics GoodTask() {
  TaskMetrics task;
  task.set_task("ctr");
  task.set_rows(10000);
  task.set_positives(1000);
  task.set_auc(0.7);
  task.set_normalized_entropy(0.9);
  task.set_pcoc(1.02);
  CalibrationBin* const bin = task.add_calibration();
  bin->set_rows(10000);
  bin->set_mean_prediction(0.1);
  return task;
}

std::vector<std::string> DoubtsWith(const std::function<void(TaskMetrics*)>& change,
                                    const TrainConfig& config = {}) {
  Evaluation evaluation;
  TaskMetrics task = GoodTask();
  change(&task);
  *evaluation.add_task() = task;
  std::vector<std::string> texts;
  for (const Doubt& doubt : DoubtsOf(evaluation, config)) texts.push_back(doubt.text);
  return texts;
}

TEST(DoubtsTest, AGoodModelRaisesNone) {
  EXPECT_EQ(DoubtsWith([](TaskMetrics*) {}), std::vector<std::string>());
}

TEST(DoubtsTest, EachMistakeIsOneLineWithItsRemedy) {
  const struct {
    std::function<void(TaskMetrics*)> change;
    std::string problem, remedy;
  } cases[] = {
      {[](TaskMetrics* t) { t->set_normalized_entropy(1.0); }, "no better than a constant",
       "BASE_RATE"},
      {[](TaskMetrics* t) { t->set_pcoc(2.1); }, "2.1 times the mean label", "model.start"},
      {[](TaskMetrics* t) { t->set_pcoc(0.4); }, "0.4 times the mean label", "model.start"},
      {[](TaskMetrics* t) { t->set_auc(1); }, "AUC 1:", "leave out"},
      {[](TaskMetrics* t) { t->set_auc(0.99994); }, "AUC 0.99994", "leave out"},
      {[](TaskMetrics* t) { t->set_normalized_entropy(0.003); }, "normalised entropy 0.003",
       "leave out"},
      {[](TaskMetrics* t) { t->set_normalized_entropy(882); }, "normalised entropy 882",
       "lower the learning rates"},
      {[](TaskMetrics* t) { t->set_auc(0.505); }, "of chance", "learning rates"},
      {[](TaskMetrics* t) { t->mutable_calibration(0)->set_mean_prediction(1e-9); },
       "every prediction is 0 or 1", "learning rates"},
      {[](TaskMetrics* t) {
         t->set_positives(0);
         t->clear_auc();
       },
       "all 10000 labels are 0", "label columns"},
      {[](TaskMetrics* t) {
         t->set_positives(10000);
         t->clear_auc();
       },
       "all 10000 labels are 1", "label columns"},
  };
  for (const auto& [change, problem, remedy] : cases) {
    const std::vector<std::string> doubts = DoubtsWith(change);
    ASSERT_EQ(doubts.size(), 1u) << problem;
    EXPECT_EQ(doubts[0].rfind("ctr: ", 0), 0u) << doubts[0];
    EXPECT_NE(doubts[0].find(problem), std::string::npos) << doubts[0];
    EXPECT_NE(doubts[0].find(remedy), std::string::npos) << doubts[0];
  }
}

TEST(DoubtsTest, NoRemedyIsOneThatTheRunHas) {
  const auto worse = [](TaskMetrics* t) { t->set_normalized_entropy(1.2); };
  const auto high = [](TaskMetrics* t) { t->set_pcoc(3); };
  TrainConfig config;
  config.mutable_data()->set_epochs(5);
  config.mutable_checkpoint()->set_best(CheckpointConfig::NONE);
  config.mutable_model()->set_start(ModelConfig::ZERO);
  EXPECT_NE(DoubtsWith(worse, config)[0].find("(fewer data.epochs, or checkpoint.best), else train "
                                              "for more steps (smaller step.grain_rows), or start"),
            std::string::npos);
  EXPECT_NE(DoubtsWith(high, config)[0].find("BASE_RATE"), std::string::npos);
  config.mutable_data()->set_epochs(1);
  config.mutable_checkpoint()->set_best(CheckpointConfig::CTR_AUC);
  config.mutable_model()->set_start(ModelConfig::BASE_RATE);
  for (const std::string had : {"data.epochs", "checkpoint.best", "BASE_RATE"}) {
    EXPECT_EQ(DoubtsWith(worse, config)[0].find(had), std::string::npos) << had;
    EXPECT_EQ(DoubtsWith(high, config)[0].find(had), std::string::npos) << had;
  }
  EXPECT_NE(DoubtsWith(worse, config)[0].find("lower learning rates"), std::string::npos);
}

TEST(DoubtsTest, ASignThatStaysIsSaidOnceAndAgainWhenItComesBack) {
  const Doubt slow{"ctr: no better than a constant", "ctr: normalised entropy 1.2"};
  const Doubt slower{"ctr: no better than a constant", "ctr: normalised entropy 1.3"};
  const Doubt high{"ctr: mean prediction too high", "ctr: 3 times"};
  SaidDoubts said;
  const auto news = [&](const std::vector<Doubt>& doubts) {
    std::vector<std::string> texts;
    for (const Doubt& doubt : said.News(doubts)) texts.push_back(doubt.text);
    return texts;
  };
  EXPECT_EQ(news({slow}), std::vector<std::string>{slow.text});
  EXPECT_EQ(news({slower}), std::vector<std::string>());
  EXPECT_EQ(news({slower, high}), std::vector<std::string>{high.text});
  EXPECT_EQ(news({}), std::vector<std::string>());
  EXPECT_EQ(news({slower}), std::vector<std::string>{slower.text});
}

TEST(DoubtsTest, AGoodModelIsNoLeak) {
  EXPECT_TRUE(DoubtsWith([](TaskMetrics* t) { t->set_auc(0.998); }).empty());
  EXPECT_TRUE(DoubtsWith([](TaskMetrics* t) { t->set_normalized_entropy(0.03); }).empty());
}

TEST(DoubtsTest, AModelThatExplodedIsNotAdvisedToLearnFaster) {
  const auto doubts = DoubtsWith([](TaskMetrics* t) {
    t->set_normalized_entropy(882);
    t->set_auc(0.5);
  });
  ASSERT_EQ(doubts.size(), 2u);
  for (const std::string& doubt : doubts) {
    EXPECT_NE(doubt.find("lower the learning rates"), std::string::npos) << doubt;
    EXPECT_EQ(doubt.find("more steps"), std::string::npos) << doubt;
    EXPECT_EQ(doubt.find("higher"), std::string::npos) << doubt;
  }
}

// 0.51 of 10 000 rows with 1000 clicks is one standard error (0.0096) away from chance.
TEST(DoubtsTest, AnAucJustOutsideItsErrorIsNoChance) {
  EXPECT_TRUE(DoubtsWith([](TaskMetrics* t) { t->set_auc(0.51); }).empty());
  EXPECT_FALSE(DoubtsWith([](TaskMetrics* t) { t->set_auc(0.509); }).empty());
}

TEST(DoubtsTest, ASlotOfMostlyUntrainedIdsIsNamedWithTheRemedy) {
  Evaluation evaluation;
  for (const auto& [name, unseen] : {std::pair("item", 51u), {"user", 50u}, {"empty", 0u}}) {
    SlotUse* const slot = evaluation.add_slot();
    slot->set_name(name);
    slot->set_ids(name == std::string("empty") ? 0 : 100);
    slot->set_unseen(unseen);
  }
  const std::vector<Doubt> doubts = DoubtsOf(evaluation, {});
  ASSERT_EQ(doubts.size(), 1u);
  EXPECT_NE(doubts[0].text.find("slot \"item\": 51 % of its 100 ids were never trained"),
            std::string::npos)
      << doubts[0].text;
  EXPECT_NE(doubts[0].text.find("41 or 41.0"), std::string::npos);
  EXPECT_TRUE(DoubtsOfTasks(evaluation, {}).empty());
}

TEST(DoubtsTest, ALossFarAboveTheFirstIsDoubtful) {
  EXPECT_EQ(DoubtOfLoss(1, 2.9), "");
  EXPECT_EQ(DoubtOfLoss(0, 9), "");
  EXPECT_NE(DoubtOfLoss(0.5, 1.5).find("model.clip_norm"), std::string::npos);
}

TEST(DoubtsTest, FewStepsAreDoubtful) {
  EXPECT_EQ(DoubtOfSteps(100), "");
  EXPECT_NE(DoubtOfSteps(1).find("only 1 step:"), std::string::npos);
  EXPECT_NE(DoubtOfSteps(99).find("step.grain_rows"), std::string::npos);
}

}  // namespace
}  // namespace chorus::worker::testing
