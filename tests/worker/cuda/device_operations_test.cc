// What a device computes beside layers and embeddings (worker/device/device.h), against the CPU's
// functions and double loops: losses, sums over grains, the dense optimizer.

#include <google/protobuf/text_format.h>

#include <cmath>

#include "common/optimizer_config.h"
#include "tests/worker/cuda/all_objectives.h"
#include "tests/worker/cuda/both_backends.h"
#include "worker/model/dense_optimizer.h"

namespace chorus::worker::testing {
namespace {

class DeviceOperationsTest : public DeviceTest {};

// Labels and logits of n rows, here and on a device.
struct Rows {
  std::vector<uint8_t> click, conversion;
  std::vector<float> weight, logits;
  std::vector<double> wide;  // the same logits
  Rows(int64_t n, int64_t heads) : logits(RandomFloats(n * heads, 4, 3.0f)) {
    for (int64_t i = 0; i < n; ++i) {
      click.push_back(Draw(1, i, 3) != 0);
      conversion.push_back(Draw(2, i, 2) != 0);
      weight.push_back(static_cast<float>(Draw(3, i, 4)) * 0.5f);  // 0 too
    }
    wide.assign(logits.begin(), logits.end());
  }
  RowLabels labels() const {
    return {click.data(), conversion.data(), weight.data(), static_cast<int64_t>(click.size())};
  }
  DeviceLabels On(DeviceArrays* arrays, const Objective& objective, uint32_t stage) const {
    const RowDraws draws = objective.DrawsOf(labels());
    return {stage,
            arrays->Put(click),
            arrays->Put(conversion),
            arrays->Put(weight),
            draws.copies.empty() ? nullptr : arrays->Put(draws.copies),
            draws.draw.empty() ? nullptr : arrays->Put(draws.draw),
            static_cast<int64_t>(click.size())};
  }
};

// Losses and logits' gradients of one stage. The CPU sums in the same order of rows within a block
// of them; in double the row function is another instance of the same formula.
void ExpectLosses(Device* device, DeviceArrays* arrays, const Objective& objective, uint32_t stage,
                  int64_t n) {
  const auto heads = static_cast<int64_t>(objective.heads().size());
  const size_t terms = objective.terms().size(), partials = objective.partials(stage);
  const Rows rows(n, heads);
  const DeviceLabels labels = rows.On(arrays, objective, stage);
  const MatrixView<const float> logits(rows.logits.data(), n, heads);
  const MatrixView<const double> wide(rows.wide.data(), n, heads);
  const MatrixView<const float> uploaded(arrays->Put(rows.logits), n, heads);
  std::vector<double> scales, on_cpu(terms), in_double(terms), sums(partials), wide_sums(partials);
  for (size_t k = 0; k < terms; ++k) scales.push_back(0.1 * static_cast<double>(k + 1));
  double* const scales_on_device = arrays->Put(std::vector<double>(terms, NAN));
  ASSERT_TRUE(device->Put(scales, scales_on_device).ok());
  if (partials > 0) {
    objective.AddPartials(stage, rows.labels(), logits, sums.data());
    objective.AddPartials(stage, rows.labels(), wide, wide_sums.data());
    double* const out = arrays->Put(std::vector<double>(partials, NAN));
    ASSERT_TRUE(device->Partials(labels, uploaded, out).ok());
    const std::vector<double> got = arrays->Get(out, partials);
    for (size_t k = 0; k < partials; ++k) {
      EXPECT_NEAR(got[k], sums[k], 1e-9 * (1 + std::abs(sums[k])));
      EXPECT_NEAR(got[k], wide_sums[k], 1e-4 * (1 + std::abs(wide_sums[k])));
    }
  }
  std::vector<float> dlogits(rows.logits.size());
  std::vector<double> wide_dlogits(rows.logits.size());
  objective.Evaluate(stage, rows.labels(), logits, scales, {dlogits.data(), n, heads},
                     on_cpu.data());
  objective.Evaluate(stage, rows.labels(), wide, scales, {wide_dlogits.data(), n, heads},
                     in_double.data());
  const int64_t padded = n + 3;
  float* const back = arrays->Put(std::vector<float>(static_cast<size_t>(padded * heads), NAN));
  double* const term_sums = arrays->Put(std::vector<double>(terms, NAN));
  const Status status =
      device->Evaluate(labels, scales_on_device, uploaded, {back, padded, heads}, term_sums);
  ASSERT_TRUE(status.ok()) << status.ToString();
  const std::vector<double> got = arrays->Get(term_sums, terms);
  for (size_t k = 0; k < terms; ++k) {
    EXPECT_NEAR(got[k], on_cpu[k], 1e-9 * (1 + std::abs(on_cpu[k]))) << "term " << k;
    EXPECT_NEAR(got[k], in_double[k], 1e-4 * (1 + std::abs(in_double[k]))) << "term " << k;
  }
  const std::vector<float> gradient = arrays->Get(back, static_cast<size_t>(padded * heads));
  for (size_t i = 0; i < gradient.size(); ++i) {
    ASSERT_EQ(gradient[i], i < dlogits.size() ? dlogits[i] : 0.0f) << i;
    if (i < dlogits.size()) {
      ASSERT_NEAR(gradient[i], wide_dlogits[i], 1e-4 * (1 + std::abs(wide_dlogits[i]))) << i;
    }
  }
}

TEST_F(DeviceOperationsTest, LossesOfEveryMethodInEveryStage) {
  for (const std::string& name : AllObjectives()) {
    const std::unique_ptr<Objective> objective = ObjectiveOf(name);
    ASSERT_TRUE(device_->SetMethod(objective->method()).ok());
    for (uint32_t stage = 0; stage < objective->shape().stages(); ++stage) {
      for (const int64_t rows : kOddRows) {
        SCOPED_TRACE(StrCat(name, " stage ", stage, ", ", rows, " rows"));
        ExpectLosses(device_.get(), &arrays_, *objective, stage, rows);
      }
    }
  }
}

TEST_F(DeviceOperationsTest, GrainsSumAlongTheTree) {
  for (const int64_t grains : {1, 2, 8}) {
    for (const int64_t n : kOddRows) {
      std::vector<float> values = RandomFloats(grains * n, 6, 1.0f);
      float* const on_device = arrays_.Put(values);
      ASSERT_TRUE(device_->SumGrains({on_device, grains, n}).ok());
      std::vector<TreeNode> leaves;
      for (uint32_t g = 0; g < grains; ++g) leaves.push_back({g, 1});
      ReduceAlongTree(leaves, static_cast<uint32_t>(grains), [&](uint32_t into, uint32_t from) {
        for (int64_t i = 0; i < n; ++i) values[into * n + i] += values[from * n + i];
      });
      values.resize(static_cast<size_t>(n));
      EXPECT_EQ(arrays_.Get(on_device, values.size()), values) << grains << " x " << n;
    }
  }
}

TEST_F(DeviceOperationsTest, NonFiniteValuesAreFlaggedByColumn) {
  for (const float bad : {INFINITY, -INFINITY, NAN}) {
    for (const size_t at : {size_t{0}, size_t{7}, size_t{33 * 5 - 1}}) {
      std::vector<float> values(33 * 5, 1e38f);
      values[at] = bad;
      float* const on_device = arrays_.Put(values);
      uint32_t* const flags = arrays_.Put(std::vector<uint32_t>(3));
      const uint32_t* const flag_of = arrays_.Put(std::vector<uint32_t>{0, 1, 1, 2, 2});
      ASSERT_TRUE(device_->FlagNonFinite({on_device, 33, 5}, flag_of, flags).ok());
      std::vector<uint32_t> want(3);
      want[std::vector<uint32_t>{0, 1, 1, 2, 2}[at % 5]] = 1;
      EXPECT_EQ(arrays_.Get(flags, 3), want) << bad << " at " << at;
      uint32_t* const one = arrays_.Put(std::vector<uint32_t>(1));
      ASSERT_TRUE(device_->FlagNonFinite({on_device, 33, 5}, nullptr, one).ok());
      EXPECT_EQ(arrays_.Get(one, 1), std::vector<uint32_t>{1});
    }
  }
}

// As the CPU's own (tests/worker/model/dense_optimizer_test.cc holds it against double loops).
TEST_F(DeviceOperationsTest, OptimizersMoveWeightsAsTheCpuDoes) {
  for (const char* text : {"sgd { lr: 0.5 }", "adagrad { lr: 0.1 initial_accumulator: 0.2 }",
                           "adam { lr: 0.01 }", "adamw { lr: 0.01 weight_decay: 0.3 }"}) {
    for (const double clip_norm : {0.0, 1e-3, 1e6}) {
      for (const int64_t n : kOddRows) {
        SCOPED_TRACE(StrCat(text, " clip ", clip_norm, ", ", n));
        DenseOptimizerConfig config;
        ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &config));
        const auto cpu = DenseOptimizer::Create(config, clip_norm, n);
        std::vector<float> weights = RandomFloats(n, 1, 1.0f);
        float* const on_device = arrays_.Put(weights);
        float* state[2] = {};
        for (size_t s = 0; s < cpu->state().size(); ++s)
          state[s] = arrays_.Put(cpu->state()[s].values);
        for (uint64_t t = 1; t <= 2; ++t) {
          std::vector<float> gradient = RandomFloats(n, 10 + t, 1.0f);
          float* const copied = arrays_.Put(gradient);
          cpu->Apply(t, 0.5f, 0, gradient, weights);
          ASSERT_TRUE(device_
                          ->ApplyOptimizer(ParametersOf(config), t, 0.5f, clip_norm, n, copied,
                                           on_device, {state[0], state[1]})
                          .ok());
          // The squares of a norm add up in another order.
          ExpectClose(arrays_.Get(on_device, weights.size()), weights, clip_norm > 0 ? 1e-6 : 0.0);
        }
      }
    }
  }
}

TEST_F(DeviceOperationsTest, GradientsAreClippedAsTheCpuDoes) {
  for (const int64_t n : kOddRows) {
    for (const double clip_norm : {1e-3, 1e6}) {
      SCOPED_TRACE(StrCat("clip ", clip_norm, ", ", n));
      std::vector<float> gradient = RandomFloats(n, 3, 1.0f);
      double squares = 0;
      for (const float g : gradient) squares += static_cast<double>(g) * g;
      float* const on_device = arrays_.Put(gradient);
      const double factor = std::min(1.0, clip_norm / std::max(std::sqrt(squares), 1e-30));
      for (float& g : gradient) g = static_cast<float>(g * factor);
      ASSERT_TRUE(device_->ClipGradient(clip_norm, n, on_device).ok());
      ExpectClose(arrays_.Get(on_device, gradient.size()), gradient, 1e-6);
    }
  }
}

}  // namespace
}  // namespace chorus::worker::testing
