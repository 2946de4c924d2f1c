#include "tests/compute/model_fixture.h"

#include <algorithm>
#include <cstring>
#include <limits>

namespace chorus::worker {
namespace {

std::vector<double> Doubles(const std::vector<float>& values) {
  return {values.begin(), values.end()};
}

}  // namespace

MethodShape ShapeOf(const std::vector<Head>& heads, const std::vector<std::string>& groups) {
  MethodShape shape;
  for (const std::string& group : groups) shape.groups.push_back({group});
  shape.heads = heads;
  return shape;
}

MethodShape ThreeHeads() { return ShapeOf({{"ctr", 0}, {"cvr", 0}, {"uncvr", 0}}); }

Fixture::Fixture(const std::string& config_text, const MethodShape& method)
    : config(TestConfig(config_text)), shape(method) {
  backend = std::move(NewCpuBackend(ComputeConfig::NATIVE)).value();
  model = std::move(Model::Create(config, TestSchema(), shape, backend.get())).value();
  for (size_t group = 0; group < shape.groups.size(); ++group) {
    for (const TableConfig& table : config.table()) dims.push_back(table.dim());
  }
  parameters = RandomFloats(model->parameters().size(), 5, 0.7f);
}

std::vector<float> Fixture::Factors(uint32_t rows) const {
  return RandomFloats(rows * static_cast<int64_t>(shape.heads.size()), 11, 1.0f);
}

Gradients Fixture::Run(const TestGrain& grain, Workspace* workspace) const {
  Gradients out;
  EXPECT_TRUE(model->Forward(grain.input(), parameters, workspace).ok());
  const MatrixView<const float> logits = workspace->logits();
  out.logits.assign(logits.data, logits.data + logits.rows * logits.cols);
  const std::vector<float> factors = Factors(grain.batch.rows());
  std::copy(factors.begin(), factors.end(), workspace->dlogits().data);
  out.dense.assign(parameters.size(), std::numeric_limits<float>::quiet_NaN());
  EXPECT_TRUE(model->Backward(grain.input(), parameters, workspace, out.dense, &out.sparse).ok());
  return out;
}

std::map<std::string, std::vector<float>> ByBlock(const ParameterLayout& layout,
                                                  const std::vector<float>& flat) {
  std::map<std::string, std::vector<float>> values;
  for (const ParameterBlock& block : layout.blocks()) {
    const MatrixView<const float> matrix = block.In(std::span<const float>(flat));
    for (int64_t i = 0; i < block.rows; ++i) {
      values[block.name].insert(values[block.name].end(), matrix.row(i),
                                matrix.row(i) + matrix.cols);
    }
  }
  return values;
}

bool SameBits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

void ExpectSameBits(const Gradients& a, const Gradients& b) {
  EXPECT_TRUE(SameBits(a.logits, b.logits));
  EXPECT_TRUE(SameBits(a.dense, b.dense));
  ASSERT_EQ(a.sparse.size(), b.sparse.size());
  for (size_t t = 0; t < a.sparse.size(); ++t) {
    EXPECT_EQ(a.sparse[t].positions, b.sparse[t].positions);
    EXPECT_TRUE(SameBits(a.sparse[t].gradients, b.sparse[t].gradients));
  }
}

void ExpectMatchesOracle(const Fixture& fixture, const TestGrain& grain) {
  const Gradients got = fixture.Run(grain);
  const Oracle oracle(fixture.config, *fixture.model, fixture.shape);
  std::vector<double> parameters = Doubles(fixture.parameters);
  std::vector<std::vector<double>> embeddings;
  for (const auto& table : grain.embeddings) embeddings.push_back(Doubles(table));
  const std::vector<double> factors = Doubles(fixture.Factors(grain.batch.rows()));
  const auto heads = static_cast<uint32_t>(fixture.shape.heads.size());
  for (uint32_t i = 0; i < grain.batch.rows(); ++i) {
    for (uint32_t h = 0; h < heads; ++h) {
      EXPECT_NEAR(got.logits[i * heads + h], oracle.Logit(grain, parameters, embeddings, i, h),
                  2e-5);
    }
  }
  const auto difference = [&](double& variable) {
    constexpr double kStep = 1e-6;
    const double at = variable;
    variable = at + kStep;
    const double above = oracle.Total(grain, parameters, embeddings, factors);
    variable = at - kStep;
    const double below = oracle.Total(grain, parameters, embeddings, factors);
    variable = at;
    return (above - below) / (2 * kStep);
  };
  for (size_t p = 0; p < parameters.size(); ++p) {
    ASSERT_NEAR(got.dense[p], difference(parameters[p]), 1e-4) << "parameter " << p;
  }
  for (size_t t = 0; t < embeddings.size(); ++t) {
    const std::vector<uint32_t>& positions = got.sparse[t].positions;
    ASSERT_TRUE(std::is_sorted(positions.begin(), positions.end()));
    for (size_t v = 0; v < embeddings[t].size(); ++v) {
      const auto found =
          std::find(positions.begin(), positions.end(), static_cast<uint32_t>(v / fixture.dims[t]));
      const size_t rank = static_cast<size_t>(found - positions.begin());
      const float gradient =
          found == positions.end()
              ? 0.0f
              : got.sparse[t].gradients[rank * fixture.dims[t] + v % fixture.dims[t]];
      ASSERT_NEAR(gradient, difference(embeddings[t][v]), 1e-4) << "table " << t << " value " << v;
    }
  }
}

}  // namespace chorus::worker
