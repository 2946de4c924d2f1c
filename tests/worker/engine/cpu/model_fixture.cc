#include "tests/worker/engine/cpu/model_fixture.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "common/check.h"
#include "tests/worker/engine/cpu/oracle.h"

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

Fixture::Fixture(const std::string& config_text, const MethodShape& method,
                 ComputeConfig::Precision precision, uint32_t grain_rows)
    : config(TestConfig(config_text, grain_rows)), shape(method) {
  backend = std::move(NewCpuBackend(ComputeConfig::NATIVE, precision)).value();
  model = std::move(Model::Make(config, TestSchema(), shape)).value();
  compute = GrainCompute::Create(config, model, shape, backend.get());
  for (size_t group = 0; group < shape.groups.size(); ++group) {
    for (const TableConfig& table : config.table()) dims.push_back(table.dim());
  }
  parameters = RandomFloats(model.parameters().size(), 5, 0.7f);
  for (const ParameterBlock& block : model.parameters().blocks()) {
    if (!block.statistic) continue;
    for (int64_t j = 0; j < block.cols; ++j) {
      parameters[static_cast<size_t>(block.offset + j)] = 0.5f + 0.1f * static_cast<float>(j % 4);
    }
  }
  const auto count = static_cast<int64_t>(parameters.size());
  CHECK(backend->UseWeights(parameters.data(), count).ok());
}

std::vector<float> Fixture::Factors(uint32_t rows) const {
  return RandomFloats(rows * static_cast<int64_t>(shape.heads.size()), 11, 1.0f);
}

Gradients Fixture::Run(const TestGrain& grain, Workspace* workspace) const {
  Gradients out;
  EXPECT_TRUE(compute->Forward(grain.input(), parameters, workspace).ok());
  const MatrixView<const float> logits = workspace->logits();
  out.logits.assign(logits.data, logits.data + logits.rows * logits.cols);
  const std::vector<float> factors = Factors(grain.batch.rows());
  std::copy(factors.begin(), factors.end(), workspace->dlogits().data);
  out.dense.assign(parameters.size(), 0.0f);
  for (const ParameterBlock& block : model.parameters().blocks()) {
    const MatrixView<float> values = block.In(std::span(out.dense));
    for (int64_t i = 0; i < values.rows; ++i) {
      std::fill_n(values.row(i), values.cols, std::numeric_limits<float>::quiet_NaN());
    }
  }
  EXPECT_TRUE(compute->Backward(grain.input(), parameters, workspace, out.dense, &out.sparse).ok());
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
  if (a.size() != b.size() || a.empty()) return a.size() == b.size();
  return std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
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

namespace {

// d Total / d variable by central differences.
double Difference(const Oracle& oracle, const TestGrain& grain, const Oracle::Variables& at,
                  const std::vector<double>& factors, double* variable) {
  constexpr double kStep = 1e-6;
  const double value = *variable;
  *variable = value + kStep;
  const double above = oracle.Total(grain, at, factors);
  *variable = value - kStep;
  const double below = oracle.Total(grain, at, factors);
  *variable = value;
  return (above - below) / (2 * kStep);
}

// Of value v of a table; 0 for keys that the grain lacks.
float GradientOf(const SparseGradient& sparse, uint32_t dim, size_t v) {
  const std::vector<uint32_t>& positions = sparse.positions;
  const auto found = std::find(positions.begin(), positions.end(), static_cast<uint32_t>(v / dim));
  if (found == positions.end()) return 0.0f;
  return sparse.gradients[static_cast<size_t>(found - positions.begin()) * dim + v % dim];
}

}  // namespace

void ExpectMatchesOracle(const Fixture& fixture, const TestGrain& grain) {
  const Gradients got = fixture.Run(grain);
  const Oracle oracle(fixture.config, fixture.model, fixture.shape);
  Oracle::Variables at = {Doubles(fixture.parameters), {}, {}};
  for (const auto& table : grain.embeddings) at.embeddings.push_back(Doubles(table));
  at.detached = at.embeddings;
  const std::vector<Head>& heads = fixture.shape.heads;
  const std::vector<double> factors = Doubles(fixture.Factors(grain.batch.rows()));
  std::vector<double> passed = factors;  // to the units below a head's logit
  for (size_t i = 0; i < passed.size(); ++i) passed[i] *= heads[i % heads.size()].pass_back;
  for (size_t i = 0; i < factors.size(); ++i) {
    const auto row = static_cast<uint32_t>(i / heads.size());
    EXPECT_NEAR(got.logits[i],
                oracle.Logit(grain, at, row, static_cast<uint32_t>(i % heads.size())), 2e-5);
  }
  for (const ParameterBlock& block : fixture.model.parameters().blocks()) {
    if (block.statistic) continue;
    const bool of_logit = block.name.find(".logit.") != std::string::npos;
    for (int64_t e = 0; e < block.rows * block.cols; ++e) {
      const auto p =
          static_cast<size_t>(block.offset + e / block.cols * block.stride + e % block.cols);
      ASSERT_NEAR(got.dense[p],
                  Difference(oracle, grain, at, of_logit ? factors : passed, &at.parameters[p]),
                  1e-4)
          << block.name << " element " << e;
    }
  }
  for (size_t t = 0; t < at.embeddings.size(); ++t) {
    const std::vector<uint32_t>& positions = got.sparse[t].positions;
    ASSERT_TRUE(std::is_sorted(positions.begin(), positions.end()));
    for (size_t v = 0; v < at.embeddings[t].size(); ++v) {
      ASSERT_NEAR(GradientOf(got.sparse[t], fixture.dims[t], v),
                  Difference(oracle, grain, at, passed, &at.embeddings[t][v]), 1e-4)
          << "table " << t << " value " << v;
    }
  }
}

}  // namespace chorus::worker
