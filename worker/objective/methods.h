#pragma once
// One factory per method, which makes heads, terms and weights of the method's options. A new
// method needs a header with its row function, a factory here, a line in registry.cc and one in
// all_methods.h, and its options in ObjectiveConfig of common/config.proto.  seed: of the method's
// random draws. Thread safety: pure functions.

#include <memory>

#include "worker/objective/objective.h"

namespace chorus::worker {

std::unique_ptr<Objective> MakeBase(const BaseConfig& options);
std::unique_ptr<Objective> MakeTwoTask(const TwoTaskConfig& options);
std::unique_ptr<Objective> MakeAman(const AmanConfig& options, uint64_t seed);
std::unique_ptr<Objective> MakeOversampling(const OversamplingConfig& options);
std::unique_ptr<Objective> MakeUnbias(const UnbiasConfig& options, uint64_t seed);
std::unique_ptr<Objective> MakeDivision(const DivisionConfig& options);
std::unique_ptr<Objective> MakeEsmm(const EsmmConfig& options);
std::unique_ptr<Objective> MakeEsmmNs(const EsmmConfig& options);
std::unique_ptr<Objective> MakeEscm2Ipw(const Escm2IpwConfig& options);
std::unique_ptr<Objective> MakeMultiIpw(const MultiIpwConfig& options);
std::unique_ptr<Objective> MakeEscm2Dr(const Escm2DrConfig& options);
std::unique_ptr<Objective> MakeMultiDr(const MultiDrConfig& options);
std::unique_ptr<Objective> MakeUkd(const UkdConfig& options, uint64_t seed);
std::unique_ptr<Objective> MakeDcmt(const DcmtConfig& options);
std::unique_ptr<Objective> MakeDdpo(const DdpoConfig& options);
std::unique_ptr<Objective> MakeNise(const NiseConfig& options);
std::unique_ptr<Objective> MakeChorusCvr(const ChorusCvrConfig& options);
std::unique_ptr<Objective> MakeChorusCvrWithoutNdm(const ChorusCvrConfig& options);
std::unique_ptr<Objective> MakeChorusCvrWithoutSam(const ChorusCvrConfig& options);

// The space of the denominator of a sum over `space`: `space` itself, or with EXPOSURE all
// exposures.
inline Space SpaceOf(Space space, Norm norm) {
  return norm == EXPOSURE ? Space::kExposures : space;
}

}  // namespace chorus::worker
