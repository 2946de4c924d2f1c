#pragma once
// Means over the hidden confounder e ~ N(0, 1): the probabilities of an exposure given its
// features. Thread safety: pure functions.

namespace chorus::worker {

struct Marginals {
  double p_c = 0;          // E_e[p_click]
  double p_v = 0;          // E_e[p_conv_do]
  double p_v_given_c = 0;  // E_e[p_click p_conv_do] / p_c
};

// p_click = sigma(click + gam_c e), p_conv_do = sigma(conversion + gam_v e). Gauss-Hermite with 21
// nodes; without a common confounder (gam_c or gam_v is 0) p_v_given_c is p_v to the last bit.
Marginals MarginaliseHidden(double click, double conversion, double gam_c, double gam_v);

}  // namespace chorus::worker
