// Where logits start: at the base rate of what each head predicts.

#include "worker/objective/base_rate.h"

#include <cmath>

#include "tests/worker/objective/objective_testing.h"

namespace chorus::worker::testing {
namespace {

// 1000 exposures, 100 clicks, 20 conversions.
constexpr LabelCounts kLabels = {1000, 100, 20};

double Logistic(double z) { return 1 / (1 + std::exp(-z)); }

// [heads], as probabilities.
std::vector<double> StartOf(const std::string& method) {
  std::vector<double> rates;
  for (const double z : MakeMethod({method})->StartLogits(kLabels)) rates.push_back(Logistic(z));
  return rates;
}

void ExpectRates(const std::string& method, const std::vector<double>& expected) {
  SCOPED_TRACE(method);
  const std::vector<double> rates = StartOf(method);
  ASSERT_EQ(rates.size(), expected.size());
  for (size_t h = 0; h < rates.size(); ++h) EXPECT_NEAR(rates[h], expected[h], 0.006) << h;
}

TEST(BaseRateTest, EachHeadStartsAtTheMeanOfItsTarget) {
  for (const char* method : {"base={}", "two_task={}", "esmm={}", "esmm_ns={}", "escm2_ipw={}",
                             "multi_ipw={}", "unbias={}", "nise={}"}) {
    ExpectRates(method, {0.1, 0.2});
  }
  ExpectRates("chorus_cvr={}", {0.1, 0.2, 0.8});
  ExpectRates("dcmt={}", {0.1, 0.2, 0.8});
  ExpectRates("ddpo={}", {0.1, 0.2, 0.2});
  ExpectRates("division={}", {0.1, 0.02});
  ExpectRates("ukd={}", {0.1, 0.2, 0.2, 0.2, 0.1});
}

TEST(BaseRateTest, HeadsOfSamplesStartAtTheSamplesRate) {
  ExpectRates("aman={rho: 0.1}", {0.1, 20.0 / (100 + 90)});
  ExpectRates("oversampling={copies: 5}", {0.1, 100.0 / 180});
}

// The entropy of 0.2 is 0.5004.
TEST(BaseRateTest, ImputationStartsAtTheErrorOfAHeadThatKnowsTheBaseRateAlone) {
  ExpectRates("escm2_dr={}", {0.1, 0.2, 0.5004});
  ExpectRates("multi_dr={training: PSEUDO}", {0.1, 0.2, 0.2});
  const double d = MakeMethod({"escm2_dr={imputation: SOFTPLUS}"})->StartLogits(kLabels)[2];
  EXPECT_NEAR(std::log1p(std::exp(d)), 0.5004, 0.006);
}

TEST(BaseRateTest, LabelsOfOneValueGiveFiniteLogits) {
  for (const LabelCounts& labels :
       {LabelCounts{0, 0, 0}, LabelCounts{10, 0, 0}, LabelCounts{10, 10, 10}}) {
    for (const char* method : {"chorus_cvr={}", "escm2_dr={}", "aman={}", "oversampling={}"}) {
      for (const double z : MakeMethod({method})->StartLogits(labels)) {
        EXPECT_TRUE(std::isfinite(z)) << method;
      }
    }
  }
}

}  // namespace
}  // namespace chorus::worker::testing
