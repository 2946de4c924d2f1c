#pragma once
// The methods written a second time, straight from the papers' equations with libm in long double:
// the oracle of values and, by differences of it, of gradients. Values behind a stop-gradient are
// arguments of their own.

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "common/config.pb.h"
#include "common/random.h"

namespace chorus::worker::reference {

using Real = long double;

inline Real Sigma(Real z) { return 1 / (1 + std::exp(-z)); }
inline Real CrossEntropyOf(Real p, Real q, Real y) {
  return -y * std::log(p) - (1 - y) * std::log(q);
}
inline Real Ce(Real z, Real y) { return CrossEntropyOf(Sigma(z), Sigma(-z), y); }
inline Real Cep(Real a, Real b, Real y) {
  const Real p = Sigma(a) * Sigma(b);
  return CrossEntropyOf(p, 1 - p, y);
}
inline Real Kl(Real z, Real q) {
  const Real p = Sigma(z);
  return p * std::log(p / Sigma(q)) + (1 - p) * std::log((1 - p) / (1 - Sigma(q)));
}

using Logits = std::map<std::string, Real>;
using Losses = std::map<std::string, Real>;

// One exposure. z: live logits by head; held: the logits that stop-gradients see.
struct Row {
  uint32_t stage;
  uint64_t id;
  bool o;
  bool r;
  Logits z;
  Logits held;
};
constexpr uint64_t kSeed = 1;
inline double DrawOf(const Row& row) {
  return ToUniform(Random(kSeed, RandomPurpose::kSampling, row.id));
}

template <typename Options>
Real InverseCtr(const Options& options, const Row& row) {
  const Logits& seen = options.detach() ? row.held : row.z;
  return std::min(1 / Sigma(seen.at("ctr")), 1 / Real(options.eps()));
}
template <typename Options>
Real InverseUnclicked(const Options& options, const Row& row) {
  const Logits& seen = options.detach() ? row.held : row.z;
  return std::min(1 / (1 - Sigma(seen.at("ctr"))), 1 / Real(options.eps_un()));
}

inline Losses BaseLosses(const Row& row) {
  return {{"ctr", Ce(row.z.at("ctr"), row.o)}, {"cvr", row.o ? Ce(row.z.at("cvr"), row.r) : 0}};
}

inline Losses AmanLosses(const AmanConfig& options, const Row& row) {
  const bool sampled = row.o || DrawOf(row) < options.rho();
  return {{"ctr", Ce(row.z.at("ctr"), row.o)},
          {"cvr", sampled ? Ce(row.z.at("cvr"), row.o && row.r) : 0}};
}

inline Losses OversamplingLosses(const OversamplingConfig& options, const Row& row) {
  Losses losses = BaseLosses(row);
  if (row.o && row.r) losses["cvr"] *= options.copies();
  return losses;
}

inline Real UnbiasWeight(const UnbiasConfig& options, const Row& row) {
  const Real p = std::max(Sigma(row.held.at("ctr")), Real(options.eps()));
  return options.sample() ? DrawOf(row) < options.eps() / p : 1 / p;
}
inline Losses UnbiasLosses(const UnbiasConfig& options, const Row& row) {
  if (row.stage == 0) return {{"ctr", Ce(row.z.at("ctr"), row.o)}};
  return {{"cvr", row.o ? UnbiasWeight(options, row) * Ce(row.z.at("cvr"), row.r) : 0}};
}

inline Losses DivisionLosses(const Row& row) {
  return {{"ctr", Ce(row.z.at("ctr"), row.o)}, {"ctcvr", Ce(row.z.at("ctcvr"), row.o && row.r)}};
}

inline Losses EsmmLosses(const Row& row) {
  const Real a = row.z.at("ctr");
  return {{"ctr", Ce(a, row.o)}, {"ctcvr", Cep(a, row.z.at("cvr"), row.o && row.r)}};
}

template <typename Options>
Losses IpwLosses(const Options& options, const Row& row) {
  Losses losses = EsmmLosses(row);
  losses["cvr"] = row.o ? InverseCtr(options, row) * Ce(row.z.at("cvr"), row.r) : 0;
  return losses;
}

template <typename Options>
Losses DrLosses(const Options& options, const Row& row) {
  Losses losses = EsmmLosses(row);
  const Real ow = row.o ? InverseCtr(options, row) : 0;
  const auto delta = [&](const Logits& z) { return Ce(z.at("cvr"), row.r); };
  const auto imputed = [&](const Logits& b, const Logits& d) {
    const Real logit = d.at("imputation");
    if (options.training() == DoublyRobust::PSEUDO) return Ce(b.at("cvr"), Sigma(logit));
    return options.imputation() == DoublyRobust::SOFTPLUS ? std::log(1 + std::exp(logit))
                                                          : Sigma(logit);
  };
  const bool joint = options.training() == DoublyRobust::JOINT;
  const Real to_cvr = imputed(row.z, joint ? row.z : row.held);
  losses["error"] = to_cvr + ow * (delta(row.z) - to_cvr);
  const Logits& b = joint ? row.z : row.held;
  const Real e = delta(b) - imputed(b, row.z);
  losses["imputation"] = ow * e * e;
  return losses;
}

inline Losses UkdLosses(const UkdConfig& options, const Row& row) {
  const Logits& z = row.z;
  if (row.stage == 0) {
    return {{"teacher", row.o ? Ce(z.at("teacher"), row.r) : 0},
            {"domain", Ce(z.at("domain"), row.o)}};
  }
  const Real b = z.at("cvr"), b2 = z.at("cvr2"), label = Sigma(row.held.at("teacher"));
  const Logits& seen = options.detach_weight() ? row.held : z;
  const auto weight = [&](const char* head, const char* other) {
    return std::exp(-Real(options.divergence()) * Kl(seen.at(head), seen.at(other)));
  };
  const bool distilled =
      !row.o && (options.unclicked_rate() == 1 || DrawOf(row) < options.unclicked_rate());
  return {{"ctr", Ce(z.at("ctr"), row.o)},
          {"cvr", row.o ? Ce(b, row.r) : 0},
          {"cvr2", row.o ? Ce(b2, row.r) : 0},
          {"distill", distilled ? weight("cvr", "cvr2") * Ce(b, label) : 0},
          {"distill2", distilled ? weight("cvr2", "cvr") * Ce(b2, label) : 0},
          {"regularizer", distilled ? Kl(b, b2) + Kl(b2, b) : 0}};
}

inline Losses DcmtLosses(const DcmtConfig& options, const Row& row) {
  Losses losses = IpwLosses(options, row);
  const Real f = row.z.at("counterfactual");
  losses["counterfactual"] = row.o ? 0 : InverseUnclicked(options, row) * Ce(f, 1);
  losses["regularizer"] = std::abs(1 - (Sigma(row.z.at("cvr")) + Sigma(f)));
  return losses;
}

inline Losses DdpoLosses(const DdpoConfig& options, const Row& row) {
  Losses losses = EsmmLosses(row);
  const Real b = row.z.at("cvr"), soft = Sigma(row.held.at("conversion"));
  const Real label = options.calibrated() ? Real(row.r) : std::max(soft, Real(row.r));
  losses["conversion"] = row.o ? Ce(row.z.at("conversion"), row.r) : 0;
  losses["cvr"] = row.o ? InverseCtr(options, row) * Ce(b, label) : 0;
  losses["pseudo"] = row.o ? 0 : InverseUnclicked(options, row) * Ce(b, soft);
  return losses;
}

inline Losses NiseLosses(const NiseConfig& options, const Row& row) {
  const Real b = row.z.at("cvr");
  Losses losses = {{"ctr", Ce(row.z.at("ctr"), row.o)}};
  if (options.nise_target() != NiseConfig::TOWER) {
    losses["cvr"] = Ce(b, row.o ? Real(row.r) : Sigma(b));
    return losses;
  }
  losses["cvr"] = Ce(b, row.o ? Real(row.r) : Sigma(row.held.at("conversion")));
  losses["conversion"] = row.o ? Ce(row.z.at("conversion"), row.r) : 0;
  return losses;
}

inline Losses ChorusLosses(const ChorusCvrConfig& options, const Row& row) {
  const bool o = row.o, r = row.r;
  const Real a = row.z.at("ctr"), b = row.z.at("cvr"), u = row.z.at("uncvr");
  const Real w = InverseCtr(options, row), v = InverseUnclicked(options, row);
  const Real w_observed = options.ipw() ? w : 1;
  const Real from_u = 1 - Sigma(row.held.at("uncvr")), from_b = 1 - Sigma(row.held.at("cvr"));
  return {{"ctr", Ce(a, o)},
          {"ctcvr", Cep(a, b, o && r)},
          {"cvr", o ? w_observed * Ce(b, r) : 0},
          {"ctuncvr", Cep(a, u, o && !r)},
          {"uncvr", o ? w_observed * Ce(u, !r) : 0},
          {"align1", o ? w * Ce(b, from_u) : 0},
          {"align2", o ? w * Ce(u, from_b) : 0},
          {"align3", o ? 0 : v * Ce(b, from_u)},
          {"align4", o ? 0 : v * Ce(u, from_b)}};
}

// Losses by term; at least those of the row's stage.
inline Losses LossesOf(const ObjectiveConfig& config, const Row& row) {
  switch (config.method_case()) {
    case ObjectiveConfig::kBase:
    case ObjectiveConfig::kTwoTask:
      return BaseLosses(row);
    case ObjectiveConfig::kAman:
      return AmanLosses(config.aman(), row);
    case ObjectiveConfig::kOversampling:
      return OversamplingLosses(config.oversampling(), row);
    case ObjectiveConfig::kUnbias:
      return UnbiasLosses(config.unbias(), row);
    case ObjectiveConfig::kDivision:
      return DivisionLosses(row);
    case ObjectiveConfig::kEsmmNs:
    case ObjectiveConfig::kEsmm:
      return EsmmLosses(row);
    case ObjectiveConfig::kEscm2Ipw:
      return IpwLosses(config.escm2_ipw(), row);
    case ObjectiveConfig::kMultiIpw:
      return IpwLosses(config.multi_ipw(), row);
    case ObjectiveConfig::kEscm2Dr:
      return DrLosses(config.escm2_dr(), row);
    case ObjectiveConfig::kMultiDr:
      return DrLosses(config.multi_dr(), row);
    case ObjectiveConfig::kUkd:
      return UkdLosses(config.ukd(), row);
    case ObjectiveConfig::kDcmt:
      return DcmtLosses(config.dcmt(), row);
    case ObjectiveConfig::kDdpo:
      return DdpoLosses(config.ddpo(), row);
    case ObjectiveConfig::kNise:
      return NiseLosses(config.nise(), row);
    case ObjectiveConfig::kChorusCvr:
      return ChorusLosses(config.chorus_cvr(), row);
    case ObjectiveConfig::kChorusCvrWoNdm:
      return ChorusLosses(config.chorus_cvr_wo_ndm(), row);
    case ObjectiveConfig::kChorusCvrWoSam:
      return ChorusLosses(config.chorus_cvr_wo_sam(), row);
    case ObjectiveConfig::METHOD_NOT_SET:
      break;
  }
  return {};
}

// A row's part of the sums that need logits.
inline std::vector<Real> PartialsOf(const ObjectiveConfig& config, const Row& row) {
  const auto weights = [&](const auto& options) -> std::vector<Real> {
    if (row.o) return {InverseCtr(options, row), 0};
    return {0, InverseUnclicked(options, row)};
  };
  if (config.has_unbias() && row.stage == 1) {
    return {row.o ? UnbiasWeight(config.unbias(), row) : 0};
  }
  if (config.has_dcmt() && config.dcmt().snips()) return weights(config.dcmt());
  if (config.has_ddpo()) {
    std::vector<Real> sums = weights(config.ddpo());
    if (config.ddpo().ddpo_literal()) sums.push_back(1);
    return sums;
  }
  if (config.has_nise()) {
    const Losses losses = NiseLosses(config.nise(), row);
    return {losses.at("ctr"), losses.at("cvr")};
  }
  return {};
}

}  // namespace chorus::worker::reference
