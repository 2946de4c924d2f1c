#pragma once
// A worker's part of a step with everything that a step can have, computed by the CPU's model and
// by a device. Thread safety: one thread.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/worker/engine/cpu/model_fixture.h"
#include "worker/engine/cpu/sparse_gradient.h"
#include "worker/engine/device/device_step.h"

namespace chorus::worker {

class EmbeddingRows final : public PulledRows {
 public:
  EmbeddingRows(const TestGrain& grain, const std::vector<uint32_t>& dims)
      : grain_(grain), dims_(dims) {}
  std::span<const float> RowsFrom(uint32_t table, uint32_t position) const override {
    return std::span(grain_.embeddings[table]).subspan(size_t{position} * dims_[table]);
  }

 private:
  const TestGrain& grain_;
  const std::vector<uint32_t> dims_;
};

struct Shape {
  uint32_t exposures;
  uint32_t contexts;
};

// A worker's part of a step, with everything that a step can have.
struct Case {
  std::vector<Shape> grains;
  uint32_t first_grain = 0;  // of the step
  uint32_t stage = 0;
  uint64_t step = 3;
};

struct NodeSum {
  TreeNode node;
  SparseGradient sum;
};

struct Sums {
  std::vector<float> logits;  // of all grains
  std::vector<double> partials;
  std::vector<double> terms;
  std::vector<float> dense;                  // [nodes, parameters]
  std::vector<std::vector<NodeSum>> sparse;  // [table instance][node]
};

class StepWorld {
 public:
  StepWorld(const std::string& objective, const std::string& config_text, const Case& setup,
            uint32_t grain_rows);

  const Objective& objective() const { return *objective_; }
  const std::vector<float>& parameters() const { return fixture_->parameters; }
  const std::vector<uint32_t>& dims() const { return fixture_->dims; }  // [table instances]
  GrainRange range() const {
    return {setup_.first_grain, setup_.first_grain + static_cast<uint32_t>(grains_.size())};
  }
  DeviceStepOptions options() const {
    return {&fixture_->config, &fixture_->model, objective_.get(), range(), size_t{1} << 20};
  }
  const StepBatch& batch() const { return batch_; }
  StepBatch& batch() { return batch_; }
  EmbeddingRows rows() const { return {grains_.front(), fixture_->dims}; }
  std::vector<double> Scales(const std::vector<double>& partials) const;
  Sums OnCpu() const;
  Sums OnDevice() const;
  Sums OnDevice(DeviceStep* step) const;
  Sums Read(const DeviceStep& step) const;  // of the step that it has computed; no partials

 private:
  void AddGrain(size_t g);

  const Case setup_;
  const LogSchema schema_ = TestSchema();
  std::unique_ptr<Objective> objective_;
  std::unique_ptr<Fixture> fixture_;
  std::vector<TestGrain> grains_;
  StepBatch batch_;
};

void ExpectCloseSums(const Sums& got, const Sums& expected);
bool SameSums(const Sums& a, const Sums& b);

}  // namespace chorus::worker
