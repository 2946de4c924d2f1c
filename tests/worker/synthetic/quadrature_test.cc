#include "worker/synthetic/quadrature.h"

#include <gtest/gtest.h>

#include <cmath>

#include "common/random.h"

namespace chorus::worker {
namespace {

double Sigma(double x) { return 1 / (1 + std::exp(-x)); }

TEST(QuadratureTest, MeansOverTheConfounderMatchAMonteCarlo) {
  for (const double click : {-5.0, -2.0, 1.0}) {
    const double conversion = -3.0;
    const int n = 200000;
    double c = 0, v = 0, both = 0;
    for (int i = 0; i < n; ++i) {
      const double e = ToNormal(Random(1, RandomPurpose::kTest, i));
      c += Sigma(click + e);
      v += Sigma(conversion + e);
      both += Sigma(click + e) * Sigma(conversion + e);
    }
    const Marginals m = MarginaliseHidden(click, conversion, 1, 1);
    EXPECT_NEAR(m.p_c / (c / n), 1, 0.02);
    EXPECT_NEAR(m.p_v / (v / n), 1, 0.02);
    EXPECT_NEAR(m.p_v_given_c / (both / c), 1, 0.02);
    EXPECT_GT(m.p_v_given_c, m.p_v);
  }
}

TEST(QuadratureTest, AgreesWithAFineTrapezoidalSum) {
  for (const double gam : {0.3, 1.0, 2.0}) {
    double c = 0, total = 0;
    for (double e = -10; e <= 10; e += 0.001) {
      const double weight = std::exp(-e * e / 2);
      total += weight;
      c += weight * Sigma(-3 + gam * e);
    }
    EXPECT_NEAR(MarginaliseHidden(-3, 0, gam, 0).p_c, c / total, gam < 1.5 ? 1e-9 : 1e-4);
  }
}

TEST(QuadratureTest, WithoutACommonConfounderClicksTeachTheTruth) {
  for (const auto& [c, v] : {std::pair{0.0, 0.0}, {1.0, 0.0}, {0.0, 1.0}}) {
    const Marginals m = MarginaliseHidden(-3, -2, c, v);
    EXPECT_EQ(m.p_v_given_c, m.p_v);
  }
}

}  // namespace
}  // namespace chorus::worker
