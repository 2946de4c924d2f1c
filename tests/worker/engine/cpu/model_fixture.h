#pragma once
// A model of the test world with random parameters, and its comparison with the slow one.

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/worker/engine/cpu/world.h"

namespace chorus::worker {

MethodShape ShapeOf(const std::vector<Head>& heads,
                    const std::vector<std::string>& groups = {"main"});
MethodShape ThreeHeads();  // ctr, cvr, uncvr in one group

struct Gradients {
  std::vector<float> logits;
  std::vector<float> dense;
  std::vector<SparseGradient> sparse;
};

class Fixture {
 public:
  explicit Fixture(const std::string& config_text, const MethodShape& method = ThreeHeads(),
                   ComputeConfig::Precision precision = ComputeConfig::FP32,
                   uint32_t grain_rows = 16);

  TestGrain Grain(uint64_t seed, uint32_t exposures, uint32_t contexts) const {
    return MakeGrain(model, dims, seed, exposures, contexts);
  }
  // What Run takes for d loss / d logit.
  std::vector<float> Factors(uint32_t rows) const;
  Gradients Run(const TestGrain& grain, Workspace* workspace) const;
  Gradients Run(const TestGrain& grain) const { return Run(grain, compute->NewWorkspace().get()); }

  TrainConfig config;
  MethodShape shape;
  std::vector<uint32_t> dims;  // [table instances]
  std::unique_ptr<Backend> backend;
  Model model;
  std::unique_ptr<GrainCompute> compute;
  // Every block random, biases and logits too; statistics as if some steps had been trained. The
  // backend knows of them; a test that changes them tells it again, if the backend rounds.
  std::vector<float> parameters;
};

// A flat array's values by block name, row by row.
std::map<std::string, std::vector<float>> ByBlock(const ParameterLayout& layout,
                                                  const std::vector<float>& flat);
bool SameBits(const std::vector<float>& a, const std::vector<float>& b);
void ExpectSameBits(const Gradients& a, const Gradients& b);

// Logits against the oracle; every gradient against its central differences. Float sums of a
// hundred terms of size one err by about 1e-6; the differences' own error is 1e-9.
void ExpectMatchesOracle(const Fixture& fixture, const TestGrain& grain);

}  // namespace chorus::worker
