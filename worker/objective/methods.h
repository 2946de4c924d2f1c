#pragma once
// One factory a method: its heads, terms and weights from its options. To add a method: a header
// with its row function, a factory here, a line in registry.cc, and its options in config.proto's
// ObjectiveConfig. Thread safety: pure functions.

#include <memory>

#include "worker/objective.h"

namespace chorus::worker {

std::unique_ptr<Objective> MakeBase(const BaseConfig& options);
std::unique_ptr<Objective> MakeEsmm(const EsmmConfig& options);
std::unique_ptr<Objective> MakeChorusCvr(const ChorusCvrConfig& options);
std::unique_ptr<Objective> MakeChorusCvrWithoutNdm(const ChorusCvrConfig& options);
std::unique_ptr<Objective> MakeChorusCvrWithoutSam(const ChorusCvrConfig& options);

}  // namespace chorus::worker
