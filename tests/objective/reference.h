#pragma once
// The methods written a second time, straight from the papers' equations with libm in long double:
// the oracle of values and, by differences of it, of gradients. What a stop-gradient holds fast is
// an argument of its own.

#include <cmath>
#include <map>
#include <string>

#include "common/config.pb.h"

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

// Losses by term of one exposure. z: live logits by head; held: the logits that stop-gradients see.
using Logits = std::map<std::string, Real>;
using Losses = std::map<std::string, Real>;

inline Losses BaseLosses(bool o, bool r, const Logits& z) {
  Losses losses = {{"ctr", Ce(z.at("ctr"), o)}};
  losses["cvr"] = o ? Ce(z.at("cvr"), r) : 0;
  return losses;
}

inline Losses EsmmLosses(bool o, bool r, const Logits& z) {
  return {{"ctr", Ce(z.at("ctr"), o)}, {"ctcvr", Cep(z.at("ctr"), z.at("cvr"), o && r)}};
}

inline Losses ChorusLosses(const ChorusCvrConfig& options, bool o, bool r, const Logits& z,
                           const Logits& held) {
  const Real a = z.at("ctr"), b = z.at("cvr"), u = z.at("uncvr");
  const Real propensity = Sigma(options.detach() ? held.at("ctr") : a);
  const Real w = std::min(1 / propensity, 1 / Real(options.eps()));
  const Real v = std::min(1 / (1 - propensity), 1 / Real(options.eps_un()));
  const Real w_observed = options.ipw() ? w : 1;
  const Real from_u = 1 - Sigma(held.at("uncvr")), from_b = 1 - Sigma(held.at("cvr"));
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

}  // namespace chorus::worker::reference
