// An export that this process loads scores rows as `chorus predict` does: by every method, through
// every layer, from text, and from several threads at once.

#include <thread>

#include "common/config.pb.h"
#include "launch/serving/served_model.h"
#include "tests/e2e/serving_testing.h"

namespace chorus::e2e {
namespace {

class ScorerTest : public ServingTest {
 protected:
  void ExpectScoresOfPredict(const std::string& job) {
    SCOPED_TRACE(job);
    TrainAndExport(job);
    const ServedScores expected = ScoresOfPredict(job);
    const int first = kTrained - 150;
    ASSERT_EQ(expected.pctr.size(), static_cast<size_t>(kRows - first));
    const std::set<double> different(expected.pctcvr.begin(), expected.pctcvr.end());
    EXPECT_GT(different.size(), 50u) << "a model that says the same of all rows";
    const auto scorer = Load();
    ASSERT_NE(scorer, nullptr);
    ExpectEqual(ScoresOf(*scorer, AllColumns(first, kRows).columns()), expected, 1e-6);
  }
};

TEST_F(ScorerTest, EveryMethodScoresAsPredictDoes) {
  const google::protobuf::Descriptor* const methods = ObjectiveConfig::descriptor();
  ASSERT_GE(methods->field_count(), 19);
  for (int m = 0; m < methods->field_count(); ++m) {
    ExpectScoresOfPredict(StrCat("objective { ", methods->field(m)->name(), " {} }"));
  }
}

TEST_F(ScorerTest, OptionsOfAMethodsPredictionAreHeeded) {
  ExpectScoresOfPredict("objective { aman { correct: true } }");
  ExpectScoresOfPredict("objective { oversampling { correct: false copies: 7 } }");
  ExpectScoresOfPredict("objective { division { cap: true } }");
  ExpectScoresOfPredict("objective { ukd { average_heads: true } }");
}

constexpr const char* kModels[] = {
    "model { tower {} }",
    "model { shared_bottom { hidden: [7, 5] } tower { hidden: [6] } batch_norm: true }",
    "model { tower { head: 'cvr' hidden: [9, 5] } tower { hidden: [7] } }",
    "model { encoder { name: 'deep' mlp { hidden: [6] dropout: 0.2 } } tower { hidden: [4] } }",
    "model { encoder { name: 'mix' mmoe { experts: 3 hidden: [8] } } tower { hidden: [6] } }",
    "model { encoder { name: 'mix' ple { levels: 2 shared_experts: 1 experts: 2 hidden: [6] } } "
    "encoder { name: 'cross' cross { rank: 3 } } encoder { name: 'full' cross { layers: 1 } } "
    "tower { hidden: [6] input: ['mix', 'cross', 'full'] wide: 'inputs' } }",
    "model { encoder { name: 'fm' bi_interaction { } } encoder { name: 'dots' slot_dots { } } "
    "tower { hidden: 5 input: ['inputs', 'dots'] wide: ['inputs', 'fm'] } }",
    "model { encoder { name: 'a' mlp { hidden: [6, 6] activation: DICE layer_norm: true residual: "
    "true } } encoder { name: 'b' input: 'a' mlp { hidden: 5 activation: GELU } } encoder { name: "
    "'c' input: 'b' mlp { hidden: 4 activation: PRELU } } encoder { name: 'd' input: 'contexts' "
    "mlp { hidden: 4 layer_norm: true } } tower { hidden: 5 input: ['c', 'd'] } }",
    "model { encoder { name: 'relu' slot_gate { } } encoder { name: 'sigmoid' slot_gate { gate: "
    "SIGMOID reduction: 1 } } tower { hidden: 5 input: ['relu', 'sigmoid'] } }",
    "slot { name: 'history' pooling: SEQUENCE max_length: 3 } slot { name: 'tags' pooling: "
    "SEQUENCE max_length: 4 } model { encoder { name: 'self' self_attention { sequence: 'history' "
    "heads: 2 head_dim: 3 layers: 2 } } encoder { name: 'tags_mean' sequence_pooling { sequence: "
    "'tags' } } encoder { name: 'newest' sequence_pooling { sequence: 'tags' pooling: LAST } } "
    "tower { hidden: 6 input: ['inputs', 'self', 'tags_mean', 'newest'] } }",
    "slot { name: 'history' pooling: SEQUENCE max_length: 3 } model { encoder { name: 'interest' "
    "target_attention { sequence: 'history' query: 'item' hidden: 5 } } tower { hidden: 6 input: "
    "['inputs', 'interest'] } }",
    "slot { name: 'history' pooling: SEQUENCE max_length: 3 } slot { name: 'bag' column: 'history' "
    "tower: ['ctr', 'cvr'] no_gradient: 'ctr' pooling: WEIGHTED_MEAN } slot { name: '*' embedding: "
    "SHARED_AND_OWN } model { encoder { name: 'newest' sequence_pooling { sequence: 'history' "
    "pooling: LAST } } tower { hidden: [5, 4] input: ['inputs', 'newest'] } transfer { from: 'cvr' "
    "to: 'ctr' layer: 2 } }",
    "slot { name: 'tags' ignore: true } slot { name: 'age' numeric: true ignore: true } model { "
    "tower { hidden: 4 } }",
};

TEST_F(ScorerTest, EveryLayerComputesAsPredictDoes) {
  for (const char* model : kModels) {
    ExpectScoresOfPredict(StrCat("objective { esmm {} } ", model));
  }
  ExpectScoresOfPredict(StrCat("objective { base {} } ", kModels[1]));
}

// A head whose logit no prediction depends on costs nothing to serve.
TEST_F(ScorerTest, TowersThatPredictionsDoNotNeedAreLeftOut) {
  const auto served = [&](const std::string& method) {
    TrainAndExport(StrCat("objective { ", method, " } model { tower { hidden: [8, 4] } }"));
    const auto model = launch::LoadModel(*files_, "model");
    EXPECT_TRUE(model.ok()) << model.status().ToString();
    std::vector<std::string> heads;
    for (const worker::Head& head : (*model)->network.shape.heads) heads.push_back(head.name);
    return Join(heads, " ");
  };
  EXPECT_EQ(served("esmm {}"), "ctr cvr");
  EXPECT_EQ(served("chorus_cvr {}"), "ctr cvr") << "not that of un-clicked exposures";
  EXPECT_EQ(served("escm2_dr {}"), "ctr cvr") << "not that of imputed errors";
  EXPECT_EQ(served("ukd {}").find("teacher"), std::string::npos) << served("ukd {}");
  EXPECT_NE(served("ddpo {}"), "ctr cvr") << "its towers attend to each other";
}

TEST_F(ScorerTest, AModelWithoutRulesOfTextReadsEveryTextAsItIs) {
  WriteJobLog(*files_, "train", RichSchema(), 400, 1);
  WriteJobLog(*files_, "test", RichSchema(), 130, 2);
  TrainAndExport("objective { esmm {} }");
  const auto scorer = Load();
  ASSERT_NE(scorer, nullptr);
  ASSERT_GT(scorer->features().size(), 4u);
  TextColumns rows(0, 3, {});
  for (const launch::FeatureInfo& feature : scorer->features()) {
    const char* const id = feature.has_values ? "4:0.5,NULL:2" : "NULL";
    rows.Add(feature.name, {feature.is_numeric ? "0.5" : id, "1", feature.is_numeric ? "" : "7"});
  }
  ServedScores scores(3);
  const Status status = scorer->Score(rows.columns(), scores.spans());
  EXPECT_FALSE(status.ok()) << "nobody knows what stands for a missing number, or a factor";
}

TEST_F(ScorerTest, ThreadsShareAScorer) {
  TrainAndExport("objective { chorus_cvr {} }");
  const auto scorer = Load();
  ASSERT_NE(scorer, nullptr);
  const TextColumns rows = AllColumns(0, kRows);
  const ServedScores expected = ScoresOf(*scorer, rows.columns());
  std::vector<ServedScores> found(4, ServedScores(kRows));
  std::vector<std::thread> threads;
  for (ServedScores& scores : found) {
    threads.emplace_back([&] {
      for (int i = 0; i < 5; ++i) {
        EXPECT_TRUE(scorer->Score(rows.columns(), scores.spans()).ok());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const ServedScores& scores : found) ExpectEqual(scores, expected, 0);
}

}  // namespace
}  // namespace chorus::e2e
