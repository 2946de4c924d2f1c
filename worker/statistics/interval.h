#pragma once
// 95 % intervals: Student's t, and Wilson's for a proportion.
// Thread safety: pure functions.

namespace chorus::worker {

struct Interval {
  double low = 0;
  double high = 0;
  bool Contains(double x) const { return low <= x && x <= high; }
};

// The 0.975 quantile of Student's t, to 1e-9, for any degrees of freedom, also fractional ones as
// Satterthwaite's are. REQUIRES: degrees_of_freedom >= 1; infinity gives the normal quantile.
double StudentQuantile975(double degrees_of_freedom);

// mean +- the quantile times the standard error.
Interval StudentInterval95(double mean, double standard_error, double degrees_of_freedom);

// Wilson (1927): the 95 % score interval of a proportion; [0, 1] for no trials.
// successes: in [0, trials].
Interval WilsonInterval95(double successes, double trials);

}  // namespace chorus::worker
