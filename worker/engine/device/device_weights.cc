#include "worker/engine/device/device_weights.h"

#include <algorithm>
#include <vector>

namespace chorus::worker {

void DeviceWeights::TakeMemory(DeviceArena* arena) {
  statistics_ = {layout_.OfStage(last_stage_).end, layout_.size()};
  weights_ = arena->Take(layout_.size());
  for (float*& state : state_) state = arena->Take(layout_.size());
  gradient_ = arena->Take(layout_.size());
  table_ = arena->TakeOf<DeviceStatistic>(statistics_.size());
}

Status DeviceWeights::Open() {
  ASSIGN_OR_RETURN(std::byte* const host, device_->TakeHostMemory(size() * sizeof(float)));
  gradient_host_ = reinterpret_cast<float*>(host);
  std::vector<DeviceStatistic> table(static_cast<size_t>(statistics_.size()));
  for (const ParameterBlock& block : layout_.blocks()) {
    if (!block.statistic || !block.trainable || block.offset == block.count) continue;
    const DeviceStatistic moved = {static_cast<uint32_t>(block.count - statistics_.begin),
                                   block.stage, 1};
    std::fill_n(&table[static_cast<size_t>(block.offset - statistics_.begin)], block.cols, moved);
  }
  RETURN_IF_ERROR(device_->Upload(table.data(), table_, table.size() * sizeof(DeviceStatistic)));
  return device_->Synchronize();
}

Status DeviceWeights::Set(std::span<const float> weights) {
  RETURN_IF_ERROR(device_->Upload(weights.data(), weights_, weights.size_bytes()));
  RETURN_IF_ERROR(device_->UseWeights(weights_, layout_.size()));
  return device_->Synchronize();
}

Status DeviceWeights::SetState(size_t array, std::span<const float> values) {
  RETURN_IF_ERROR(device_->Upload(values.data(), state_[array], values.size_bytes()));
  return device_->Synchronize();
}

Status DeviceWeights::Get(std::span<float> weights) {
  RETURN_IF_ERROR(device_->Download(weights_, weights.data(), weights.size_bytes()));
  return device_->Synchronize();
}

Status DeviceWeights::GetState(size_t array, std::span<float> values) {
  RETURN_IF_ERROR(device_->Download(state_[array], values.data(), values.size_bytes()));
  return device_->Synchronize();
}

Status DeviceWeights::UploadGradient(ParameterRange range, std::span<const float> gradient) {
  float* const from = gradient_host_ + range.begin;
  std::copy_n(gradient.data() + range.begin, range.size(), from);
  return device_->Upload(from, gradient_ + range.begin,
                         static_cast<size_t>(range.size()) * sizeof(float));
}

Status DeviceWeights::Update(const DenseUpdate& update, std::span<const float> gradient) {
  // Not so from step to step: each waits for what servers need of it.
  if (gradient_in_flight_) RETURN_IF_ERROR(device_->Synchronize());
  gradient_in_flight_ = true;
  RETURN_IF_ERROR(UploadGradient(layout_.OfStage(update.stage), gradient));
  if (statistics_.size() > 0) RETURN_IF_ERROR(UploadGradient(statistics_, gradient));
  return UpdateOnDevice(update, gradient_);
}

Status DeviceWeights::UpdateOnDevice(const DenseUpdate& update, float* gradient) {
  const std::vector<ParameterRange> trained = layout_.PartsOfStage(update.stage, true);
  double clip_norm = clip_norm_;
  if (clip_norm > 0 && trained.size() > 1) {  // one norm for all parts
    const ParameterRange stage = layout_.OfStage(update.stage);
    const MatrixView<float> all = {gradient, 1, layout_.size(), layout_.size()};
    for (const ParameterRange& frozen : layout_.PartsOfStage(update.stage, false)) {
      device_->Fill(0.0f, all.Columns(frozen.begin, frozen.size()));
    }
    RETURN_IF_ERROR(device_->ClipGradient(clip_norm, stage.size(), gradient + stage.begin));
    clip_norm = 0;
  }
  for (const ParameterRange& part : trained) {
    float* const state[2] = {state_[0] + part.begin, state_[1] + part.begin};
    RETURN_IF_ERROR(device_->ApplyOptimizer(optimizer_, update.t, update.lr_factor, clip_norm,
                                            part.size(), gradient + part.begin,
                                            weights_ + part.begin, state));
  }
  RETURN_IF_ERROR(device_->UseWeights(weights_, layout_.size()));
  if (statistics_.size() == 0) return Status::Ok();
  return device_->MoveStatistics({table_, statistics_.size(), update.stage, momentum_},
                                 gradient + statistics_.begin, weights_ + statistics_.begin);
}

}  // namespace chorus::worker
